//! Runs programs, cargo first.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

/// Why a task failed.
pub(crate) type Failure = String;

/// Builds the debug binary.
pub(crate) fn build() -> Result<PathBuf, Failure> {
    run(cargo().args(["build", "--locked", "--quiet"]))?;
    Ok(target_directory().join("debug").join(format!("krosyn-audit{}", env::consts::EXE_SUFFIX)))
}

pub(crate) fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// Runs a program, which prints to the terminal.
pub(crate) fn run(command: &mut Command) -> Result<(), Failure> {
    let line = printed(command);
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{line}: {status}")),
        Err(error) => Err(format!("cannot run {line}: {error}")),
    }
}

/// Runs a program and returns what it prints to stdout.
pub(crate) fn output(command: &mut Command) -> Result<Vec<u8>, Failure> {
    let line = printed(command);
    match command.stderr(Stdio::inherit()).output() {
        Ok(output) if output.status.success() => Ok(output.stdout),
        Ok(output) => Err(format!("{line}: {}", output.status)),
        Err(error) => Err(format!("cannot run {line}: {error}")),
    }
}

/// Prints a command before it runs, and returns it as one line.
fn printed(command: &Command) -> String {
    let words: Vec<_> = std::iter::once(command.get_program()).chain(command.get_args()).collect();
    let line = words.join(OsStr::new(" ")).to_string_lossy().into_owned();
    eprintln!("$ {line}");
    line
}

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the repository").to_owned()
}

pub(crate) fn target_directory() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// A failure that names the file and the operation.
pub(crate) fn failed<E: std::fmt::Display>(doing: &str, path: &Path) -> impl FnOnce(E) -> Failure {
    let path = path.display().to_string();
    let doing = doing.to_owned();
    move |error| format!("cannot {doing} {path}: {error}")
}

/// Creates a directory without content.
pub(crate) fn empty_directory(path: &Path) -> Result<(), Failure> {
    if path.exists() {
        fs::remove_dir_all(path).map_err(failed("empty", path))?;
    }
    fs::create_dir_all(path).map_err(failed("create", path))
}

/// Writes a file, and creates its directory.
pub(crate) fn write(path: &Path, text: impl AsRef<[u8]>) -> Result<(), Failure> {
    let directory = path.parent().unwrap_or(path);
    fs::create_dir_all(directory).map_err(failed("create", directory))?;
    fs::write(path, text).map_err(failed("write", path))
}
