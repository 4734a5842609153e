//! The one binary of all packages. The zig linker binds it to symbols of an old glibc, so that it runs on distributions of
//! the last decade. It is not static: glibc loads its modules for names and users at run time.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fmt, fs};

use super::TARGET;
use super::tools::Tools;
use crate::process::{Failure, failed, output, root, run, target_directory};

/// The oldest glibc on which the binary runs: that of RHEL 7, and of the wheels called manylinux2014.
const OLDEST_GLIBC: &str = "2.17";

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct GlibcVersion {
    pub(super) major: u32,
    pub(super) minor: u32,
}

impl fmt::Display for GlibcVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// Builds the binary, with the list of its dependencies inside (`cargo audit bin` reads it).
pub(super) fn build(tools: &Tools) -> Result<PathBuf, Failure> {
    let target = format!("{TARGET}.{OLDEST_GLIBC}");
    let mut cargo = tools.cargo()?;
    let names = neutral_names()?;
    let flags = |option| names.iter().map(move |(path, name)| format!("{option}={}={name}", path.display()));
    // Cargo splits these at a character that no path has.
    cargo.env("CARGO_ENCODED_RUSTFLAGS", flags("--remap-path-prefix").collect::<Vec<_>>().join("\x1f"));
    // The C of SQLite, zstd and aws-lc.
    cargo.env("CFLAGS_x86_64_unknown_linux_gnu", flags("-ffile-prefix-map").collect::<Vec<_>>().join(" "));
    cargo.args([
        "auditable",
        "zigbuild",
        "--locked",
        "--profile",
        "dist",
        "--bin",
        "krosyn-audit",
        "--target",
    ]);
    run(cargo.arg(target))?;
    Ok(target_directory().join(TARGET).join("dist/krosyn-audit"))
}

/// Directories of this machine, with the names that they get in the messages of panics. Otherwise the binary would tell who
/// built it and where, and would differ on each machine. Of two that match, the later one wins.
fn neutral_names() -> Result<[(PathBuf, &'static str); 3], Failure> {
    let sysroot = output(Command::new("rustc").current_dir(root()).args(["--print", "sysroot"]))?;
    let sysroot = PathBuf::from(String::from_utf8_lossy(&sysroot).trim());
    let cargo_home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let cargo_home = cargo_home.or_else(|| Some(env::home_dir()?.join(".cargo")));
    let cargo_home = cargo_home.ok_or("there is no home directory: set CARGO_HOME")?;
    Ok([(root(), "/krosyn-audit"), (cargo_home, "/cargo"), (sysroot, "/rust")])
}

/// Whether the list of crates is in the binary: it was built for a release.
pub(super) fn has_crate_list(binary: &Path) -> Result<bool, Failure> {
    let content = fs::read(binary).map_err(failed("read", binary))?;
    Ok(find(&content, b".dep-v0\0").is_some())
}

/// The version that the binary prints.
pub(super) fn version(binary: &Path) -> Result<String, Failure> {
    let printed = output(Command::new(binary).arg("--version"))?;
    let printed = String::from_utf8_lossy(&printed).into_owned();
    let version = printed.trim().strip_prefix("krosyn-audit ").and_then(|rest| rest.split(' ').next());
    version.map(str::to_owned).ok_or_else(|| format!("{}: unknown version {printed:?}", binary.display()))
}

/// The newest version of glibc's symbols that the binary uses.
pub(super) fn glibc_version(binary: &Path) -> Result<GlibcVersion, Failure> {
    let content = fs::read(binary).map_err(failed("read", binary))?;
    newest_symbol_version(&content).ok_or_else(|| format!("{} does not use glibc", binary.display()))
}

/// Whether the binary loads the library that unwinds panics, which zig links statically.
pub(super) fn needs_libgcc(binary: &Path) -> Result<bool, Failure> {
    let content = fs::read(binary).map_err(failed("read", binary))?;
    Ok(find(&content, b"libgcc_s.so.1\0").is_some())
}

/// The newest `GLIBC_N.N` among the version names of a binary's symbols.
fn newest_symbol_version(mut content: &[u8]) -> Option<GlibcVersion> {
    const PREFIX: &[u8] = b"GLIBC_";
    let mut newest = None;
    while let Some(at) = find(content, PREFIX) {
        content = &content[at + PREFIX.len()..];
        let end = content.iter().position(|byte| *byte == 0).unwrap_or(content.len());
        let version = std::str::from_utf8(&content[..end]).ok().and_then(parse_version);
        newest = newest.max(version);
    }
    newest
}

fn parse_version(text: &str) -> Option<GlibcVersion> {
    let mut numbers = text.split('.').map(str::parse::<u32>);
    Some(GlibcVersion { major: numbers.next()?.ok()?, minor: numbers.next()?.ok()? })
}

fn find(content: &[u8], word: &[u8]) -> Option<usize> {
    content.windows(word.len()).position(|window| window == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_symbol_version_is_found() {
        let version = |major, minor| Some(GlibcVersion { major, minor });
        assert_eq!(newest_symbol_version(b"\0GLIBC_2.2.5\0GLIBC_2.17\0GLIBC_2.9\0"), version(2, 17));
        assert_eq!(newest_symbol_version(b"GLIBC_PRIVATE\0GLIBC_2.4"), version(2, 4));
        assert_eq!(newest_symbol_version(b"no symbols"), None);
    }
}
