//! `cargo xtask dist`: builds the packages of a release from one binary. Other programs do the work; docs/install.md lists
//! the packages, and CONTRIBUTING.md says how to cut a release.

mod archives;
mod binary;
mod image;
mod libraries;
mod release;
mod system_packages;
mod tools;
mod tree;
mod wheel;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use crate::process::{Failure, empty_directory, output, root, target_directory};

/// The platform of the packages.
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// One run of the task.
struct Dist {
    version: String,
    /// The time of the commit, in seconds since 1970: the time of every packaged file, so that a second build is the same.
    epoch: String,
    /// The binary of all packages.
    binary: PathBuf,
    /// The glibc that the binary needs, such as 2.17.
    glibc: binary::GlibcVersion,
    /// Whether the binary needs libgcc_s.so.1.
    needs_libgcc: bool,
    /// The directory of the packages.
    packages: PathBuf,
    /// The directory of everything that is only needed to build them.
    work: PathBuf,
    tools: tools::Tools,
}

/// What the command line asks for.
#[derive(Default)]
struct Options {
    binary: Option<PathBuf>,
    sign: Option<PathBuf>,
}

impl Options {
    fn parse(words: &[String]) -> Result<Self, Failure> {
        let mut options = Self::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let slot = match word.as_str() {
                "--binary" => &mut options.binary,
                "--sign" => &mut options.sign,
                _ => return Err(format!("unknown option of dist: {word}")),
            };
            let path = words.next().ok_or_else(|| format!("{word} needs a file"))?;
            let path = std::path::absolute(path).map_err(|error| format!("{word} {path}: {error}"))?;
            if !path.is_file() {
                return Err(format!("{word} {}: there is no such file", path.display()));
            }
            *slot = Some(path);
        }
        Ok(options)
    }
}

pub(crate) fn run(words: &[String]) -> Result<(), Failure> {
    let start = Instant::now();
    let options = Options::parse(words)?;
    let (packages, work) = (target_directory().join("packages"), target_directory().join("packages-work"));
    empty_directory(&packages)?;
    empty_directory(&work)?;
    let is_release = match &options.binary {
        Some(file) => binary::has_crate_list(file)?,
        None => true,
    };
    let tools = tools::Tools::install(is_release)?;
    let binary = match options.binary {
        Some(file) => file,
        None => binary::build(&tools)?,
    };
    let dist = Dist {
        version: version(&binary)?,
        epoch: commit_time()?,
        glibc: binary::glibc_version(&binary)?,
        needs_libgcc: binary::needs_libgcc(&binary)?,
        binary,
        packages,
        work,
        tools,
    };
    tree::fill(&dist)?;
    system_packages::build(&dist)?;
    archives::build_tarball(&dist)?;
    archives::build_source(&dist)?;
    wheel::build(&dist)?;
    image::build(&dist)?;
    if is_release {
        release::build_sbom(&dist)?;
    }
    release::write_sums(&dist, options.sign.as_deref())?;
    release::print_summary(&dist, start.elapsed())
}

/// The version of the binary, which must be that of the source.
fn version(binary: &Path) -> Result<String, Failure> {
    let manifest =
        fs::read_to_string(root().join("Cargo.toml")).map_err(|error| format!("Cargo.toml: {error}"))?;
    let line = manifest.lines().find_map(|line| line.strip_prefix("version = "));
    let expected = line.unwrap_or_default().trim_matches('"');
    match binary::version(binary)? {
        version if version == expected => Ok(version),
        other => Err(format!("{} has version {other}, and Cargo.toml {expected}", binary.display())),
    }
}

/// The time of the last commit, in seconds since 1970.
fn commit_time() -> Result<String, Failure> {
    let mut git = Command::new("git");
    let time = output(git.current_dir(root()).args(["log", "-1", "--format=%ct"]))?;
    Ok(String::from_utf8_lossy(&time).trim().to_owned())
}
