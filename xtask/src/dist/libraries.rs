//! The shared libraries of the image: the binary names its loader and libraries, and they are found by name in the extracted
//! packages of a distribution, wherever it has them.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::tree::{copy, set_mode};
use crate::process::{Failure, failed, output};

/// Modules that glibc loads by name when it looks up users and hosts. New versions have some of them built in.
const LOADED_AT_RUN_TIME: [&str; 3] = ["libnss_files.so.2", "libnss_dns.so.2", "libresolv.so.2"];

/// What an ELF file asks of its system.
#[derive(Debug, Default, PartialEq, Eq)]
struct Needs {
    /// The path of the loader, which only programs have.
    loader: Option<PathBuf>,
    /// Names of libraries.
    libraries: Vec<String>,
}

/// Copies the loader and the libraries of a binary, and those that they need themselves, from `packages` to `target`. The
/// loader goes where the binary expects it, and each library to the place that the packages have it at.
pub(super) fn copy_needed(binary: &Path, packages: &Path, target: &Path) -> Result<(), Failure> {
    let mut files = Vec::new();
    list_files(packages, &mut files)?;
    let find = |name: &OsStr| files.iter().find(|path| path.file_name() == Some(name));

    let needs = needs_of(binary)?;
    let loader = needs.loader.ok_or_else(|| format!("{} names no loader", binary.display()))?;
    let found = find(loader.file_name().unwrap_or_default());
    let placed = target.join(loader.strip_prefix("/").unwrap_or(&loader));
    copy(found.ok_or_else(|| missing(&loader.to_string_lossy(), binary))?, &placed, false)?;
    set_mode(&placed, 0o755)?;

    let at_run_time = LOADED_AT_RUN_TIME.iter().filter(|name| find(name.as_ref()).is_some());
    let names = needs.libraries.into_iter().chain(at_run_time.map(|&name| name.to_owned()));
    let mut wanted: Vec<_> = names.map(|name| (name, binary)).collect();
    while let Some((name, user)) = wanted.pop() {
        let found = find(name.as_ref()).ok_or_else(|| missing(&name, user))?;
        let placed = target.join(found.strip_prefix(packages).unwrap_or(found));
        if !placed.exists() {
            copy(found, &placed, false)?;
            wanted.extend(needs_of(found)?.libraries.into_iter().map(|name| (name, found.as_path())));
        }
    }
    Ok(())
}

fn missing(name: &str, user: &Path) -> Failure {
    format!("{} needs {name}, which the downloaded packages of the image do not have", user.display())
}

fn needs_of(file: &Path) -> Result<Needs, Failure> {
    let printed = output(
        Command::new("readelf")
            .env("LC_ALL", "C")
            .args(["--wide", "--program-headers", "--dynamic"])
            .arg(file),
    )?;
    Ok(parse(&String::from_utf8_lossy(&printed)))
}

/// Reads lines of readelf such as `[Requesting program interpreter: PATH]` and `(NEEDED) Shared library: [NAME]`.
fn parse(printed: &str) -> Needs {
    let after = |line: &str, label: &str| {
        let rest = line.split_once(label)?.1;
        Some(rest.trim().trim_matches(['[', ']']).to_owned())
    };
    Needs {
        loader: printed.lines().find_map(|line| after(line, "program interpreter:")).map(PathBuf::from),
        libraries: printed
            .lines()
            .filter_map(|line| after(line, "(NEEDED)"))
            .filter_map(|rest| after(&rest, "["))
            .collect(),
    }
}

/// Lists files below a directory. An absolute link is none: it would lead out of the packages.
fn list_files(directory: &Path, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    for entry in fs::read_dir(directory).map_err(failed("read", directory))? {
        let path = entry.map_err(failed("read", directory))?.path();
        match fs::read_link(&path) {
            Err(_) if path.is_dir() => list_files(&path, files)?,
            Ok(link) if link.is_absolute() => {}
            _ => files.push(path),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loader_and_the_libraries_are_read_from_readelf() {
        let printed = "  INTERP 0x000318 0x1c 0x1c R 0x1\n      [Requesting program interpreter: /lib64/ld-linux-x86-64.so.2]\n\
                       \x20 0x0000000000000001 (NEEDED)             Shared library: [libm.so.6]\n\
                       \x20 0x0000000000000001 (NEEDED)             Shared library: [libc.so.6]\n\
                       \x20 0x000000000000000c (INIT)               0x1000\n";
        let libraries = vec!["libm.so.6".to_owned(), "libc.so.6".to_owned()];
        assert_eq!(parse(printed), Needs { loader: Some("/lib64/ld-linux-x86-64.so.2".into()), libraries });
    }
}
