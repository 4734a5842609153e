//! What belongs to all packages: the bill of materials, the sums and their signature.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::tools::require;
use super::tree::files_of;
use super::{Dist, TARGET};
use crate::process::{Failure, failed, output, root, run, write};

/// Writes the crates of the binary as a CycloneDX bill of materials.
pub(super) fn build_sbom(dist: &Dist) -> Result<(), Failure> {
    let name = format!("krosyn-audit-{}.cdx", dist.version);
    let mut cargo = dist.tools.cargo()?;
    cargo.env("SOURCE_DATE_EPOCH", &dist.epoch);
    cargo.args(["cyclonedx", "--format", "json", "--spec-version", "1.5", "--target", TARGET]);
    run(cargo.args(["--no-build-deps", "--override-filename", &name]))?;
    // It writes one file beside each Cargo.toml of the workspace.
    let file = format!("{name}.json");
    let written = root().join(&file);
    let text = fs::read_to_string(&written).map_err(failed("read", &written))?;
    // It identifies the packages of the workspace by their paths.
    let text = text.replace(&format!("file://{}", root().display()), "file:///krosyn-audit");
    write(&dist.packages.join(&file), text)?;
    for directory in [root(), root().join("xtask")] {
        let _ = fs::remove_file(directory.join(&file));
    }
    Ok(())
}

/// Writes `SHA256SUMS` over all packages, and signs it.
pub(super) fn write_sums(dist: &Dist, key: Option<&Path>) -> Result<(), Failure> {
    let files = files_of(&dist.packages)?;
    let names = files.iter().filter_map(|file| file.file_name());
    let sums = output(Command::new("sha256sum").current_dir(&dist.packages).args(names))?;
    let path = dist.packages.join("SHA256SUMS");
    write(&path, sums)?;
    let Some(key) = key else { return Ok(()) };
    require("minisign", "minisign")?;
    let comment = format!("krosyn-audit {}", dist.version);
    run(Command::new("minisign").args(["-S", "-t", &comment, "-s"]).arg(key).arg("-m").arg(path))
}

/// Prints the packages with their sizes.
pub(super) fn print_summary(dist: &Dist, elapsed: Duration) -> Result<(), Failure> {
    println!(
        "krosyn-audit {} for glibc {} and later, built in {} s:",
        dist.version,
        dist.glibc,
        elapsed.as_secs()
    );
    run(Command::new("ls").args(["-l", "--human-readable", "--no-group"]).arg(&dist.packages))
}
