//! The tarball of the program, the archive of its source (the crate), and the Homebrew formula that names the latter.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::tree::{copy, normalize};
use super::{Dist, TARGET};
use crate::process::{Failure, cargo, failed, output, root, run, target_directory, write};

/// Builds a tarball for `tar --strip-components 1 -C /usr/local`, without services.
pub(super) fn build_tarball(dist: &Dist) -> Result<(), Failure> {
    let name = format!("krosyn-audit-{}-{TARGET}", dist.version);
    let directory = dist.work.join("tarball").join(&name);
    fs::create_dir_all(&directory).map_err(failed("create", &directory))?;
    let usr = dist.tree().join("usr");
    run(Command::new("cp").arg("-a").args([usr.join("bin"), usr.join("share")]).arg(&directory))?;
    let zsh = directory.join("share/zsh/site-functions/_krosyn-audit");
    copy(&root().join("completions/_krosyn-audit"), &zsh, false)?;
    let (units, etc) =
        (directory.join("share/doc/krosyn-audit/systemd"), directory.join("share/doc/krosyn-audit/etc"));
    copy(&root().join("packaging/systemd"), &units, true)?;
    copy(&root().join("packaging/sysusers"), &units, true)?;
    copy(&root().join("packaging/etc"), &etc, true)?;
    for license in ["LICENSE-APACHE", "LICENSE-MIT"] {
        let target = directory.join("share/doc/krosyn-audit").join(license);
        copy(&root().join(license), &target, false)?;
    }
    normalize(dist, &directory)?;
    let archive = dist.packages.join(format!("{name}.tar.gz"));
    let mut tar = reproducible_tar(dist);
    tar.arg("--directory").arg(dist.work.join("tarball")).args([
        "--use-compress-program",
        "gzip -9n",
        "--create",
    ]);
    run(tar.arg("--file").arg(archive).arg(name))
}

/// GNU tar with the same order, owner and times on each run.
pub(super) fn reproducible_tar(dist: &Dist) -> Command {
    let mut tar = Command::new("tar");
    tar.args(["--sort=name", "--format=gnu", "--owner=0", "--group=0", "--numeric-owner"]);
    tar.arg(format!("--mtime=@{}", dist.epoch));
    tar
}

/// Packs the crate, and writes the formula that builds it.
pub(super) fn build_source(dist: &Dist) -> Result<(), Failure> {
    // `cargo publish` compiles the packed crate, which takes minutes. Quiet, because cargo warns of each test and benchmark
    // that Cargo.toml leaves out on purpose.
    run(cargo().args(["package", "--quiet", "--locked", "--no-verify", "--allow-dirty"]))?;
    let name = format!("krosyn-audit-{}.crate", dist.version);
    let archive = dist.packages.join(&name);
    copy(&target_directory().join("package").join(&name), &archive, false)?;
    let template = root().join("packaging/homebrew/krosyn-audit.rb");
    let text = fs::read_to_string(&template).map_err(failed("read", &template))?;
    let text = text.replace("@VERSION@", &dist.version).replace("@SHA256@", &sha256(&archive)?);
    write(&dist.packages.join("krosyn-audit.rb"), text)
}

fn sha256(path: &Path) -> Result<String, Failure> {
    let printed = output(Command::new("sha256sum").arg(path))?;
    let printed = String::from_utf8_lossy(&printed);
    printed.split(' ').next().map(str::to_owned).ok_or_else(|| "sha256sum printed nothing".to_owned())
}
