//! The programs that build packages, each in a pinned version: from PyPI as packaging/requirements.txt says, and from
//! crates.io. Those of Debian (umoci, minisign, tar, gzip) must be installed.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{Failure, cargo, root, run, target_directory};

/// Programs from crates.io, with their versions. Only a release needs them: they take minutes to compile.
const FROM_CRATES_IO: [(&str, &str); 2] = [("cargo-auditable", "0.7.7"), ("cargo-cyclonedx", "0.5.9")];

pub(super) struct Tools {
    /// A Python environment.
    venv: PathBuf,
    /// The root of `cargo install`.
    crates: PathBuf,
}

impl Tools {
    /// Installs missing programs below `target`.
    pub(super) fn install(is_release: bool) -> Result<Self, Failure> {
        let directory = target_directory().join("packages-tools");
        let tools = Self { venv: directory.join("venv"), crates: directory.join("crates") };
        if !tools.venv.exists() {
            run(Command::new("python3").args(["-m", "venv"]).arg(&tools.venv))?;
        }
        let mut pip = tools.python();
        pip.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--require-hashes",
            "-r",
        ]);
        run(pip.arg(root().join("packaging/requirements.txt")))?;
        if is_release {
            for (name, version) in FROM_CRATES_IO {
                let mut install = cargo();
                install.args(["install", "--quiet", "--locked", "--version", version, name, "--root"]);
                run(install.arg(&tools.crates))?;
            }
        }
        Ok(tools)
    }

    /// The interpreter of the Python environment.
    pub(super) fn python(&self) -> Command {
        Command::new(self.venv.join("bin/python"))
    }

    /// A program of the Python environment.
    pub(super) fn pypi_tool(&self, name: &str) -> Command {
        Command::new(self.venv.join("bin").join(name))
    }

    /// Cargo, which finds the installed subcommands and the zig compiler.
    pub(super) fn cargo(&self) -> Result<Command, Failure> {
        let mut command = cargo();
        command.env("PATH", self.search_path()?);
        Ok(command)
    }

    fn search_path(&self) -> Result<std::ffi::OsString, Failure> {
        let own = [self.venv.join("bin"), self.crates.join("bin")];
        let inherited = env::var_os("PATH").unwrap_or_default();
        let all = own.into_iter().chain(env::split_paths(&inherited));
        env::join_paths(all).map_err(|error| format!("cannot extend the search path: {error}"))
    }
}

/// Fails with the name of the Debian package if a program is missing.
pub(super) fn require(program: &str, package: &str) -> Result<(), Failure> {
    let inherited = env::var_os("PATH").unwrap_or_default();
    let is_installed =
        env::split_paths(&inherited).any(|directory: PathBuf| Path::is_file(&directory.join(program)));
    if is_installed { Ok(()) } else { Err(format!("{program} is missing: apt-get install {package}")) }
}
