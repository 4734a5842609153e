//! The OCI image: the binary, its libraries and the certificates of authorities, without a shell or a package manager. umoci writes
//! it, so that no container engine is needed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::archives::reproducible_tar;
use super::tools::require;
use super::tree::{copy, files_of, normalize, set_mode};
use super::{Dist, libraries};
use crate::process::{Failure, empty_directory, failed, output, root, run, write};

/// The account of the server, which has no name outside of the image.
const USER: &str = "65532";
const STATE: &str = "var/lib/krosyn-audit";

pub(super) fn build(dist: &Dist) -> Result<(), Failure> {
    require("umoci", "umoci")?;
    require("apt-get", "apt")?;
    require("dpkg-deb", "dpkg")?;
    require("readelf", "binutils")?;
    let work = dist.work.join("image");
    let base = fill_base(dist, &work)?;
    let program = work.join("program");
    copy(&dist.binary, &program.join("usr/bin/krosyn-audit"), false)?;
    set_mode(&program.join("usr/bin/krosyn-audit"), 0o755)?;
    normalize(dist, &program)?;
    make_directory(&program.join(STATE), 0o700)?;
    let layers = [work.join("base.tar"), work.join("program.tar")];
    pack(dist, &base, &["."], &layers[0])?;
    pack(dist, &program, &["usr"], &layers[1])?;
    let mut append = Command::new("tar");
    append.args(["--append", "--format=gnu", "--numeric-owner", "--owner", USER, "--group", USER]);
    append.arg(format!("--mtime=@{}", dist.epoch)).arg("--file").arg(&layers[1]);
    run(append.arg("--directory").arg(&program).arg(STATE))?;
    write_image(dist, &work.join("layout"), &layers)
}

/// Fills a directory with what the binary needs from a distribution, and returns it.
fn fill_base(dist: &Dist, work: &Path) -> Result<PathBuf, Failure> {
    let (debian, base) = (work.join("debian"), work.join("base"));
    empty_directory(&debian)?;
    let mut wanted = vec!["libc6:amd64", "ca-certificates"];
    wanted.extend(dist.needs_libgcc.then_some("libgcc-s1:amd64"));
    run(Command::new("apt-get")
        .current_dir(&debian)
        .args(["--quiet=2", "-o", "APT::Sandbox::User=root", "download"])
        .args(&wanted))?;
    let extracted = debian.join("root");
    for package in files_of(&debian)? {
        run(Command::new("dpkg-deb").arg("--extract").arg(&package).arg(&extracted))?;
        record_package(&package, &extracted, &base)?;
    }
    libraries::copy_needed(&dist.binary, &extracted, &base)?;
    let mut authorities = Vec::new();
    for file in files_of(&extracted.join("usr/share/ca-certificates/mozilla"))? {
        authorities.extend(fs::read(&file).map_err(failed("read", &file))?);
    }
    write(&base.join("etc/ssl/certs/ca-certificates.crt"), authorities)?;
    copy(&root().join("packaging/oci/etc"), &base.join("etc"), true)?;
    normalize(dist, &base)?;
    make_directory(&base.join("tmp"), 0o1777)?;
    Ok(base)
}

/// Copies the licence of a Debian package, and its control data to where scanners for vulnerabilities read them.
fn record_package(package: &Path, extracted: &Path, base: &Path) -> Result<(), Failure> {
    let field = |name: &[&str]| output(Command::new("dpkg-deb").arg("--field").arg(package).args(name));
    let name = String::from_utf8_lossy(&field(&["Package"])?).trim().to_owned();
    write(&base.join("var/lib/dpkg/status.d").join(&name), field(&[])?)?;
    let licence = Path::new("usr/share/doc").join(name).join("copyright");
    // A package may have a link to the documents of another one.
    if extracted.join(&licence).is_file() {
        copy(&extracted.join(&licence), &base.join(&licence), false)?;
    }
    Ok(())
}

fn make_directory(path: &Path, mode: u32) -> Result<(), Failure> {
    fs::create_dir_all(path).map_err(failed("create", path))?;
    set_mode(path, mode)
}

fn pack(dist: &Dist, directory: &Path, paths: &[&str], layer: &Path) -> Result<(), Failure> {
    let mut tar = reproducible_tar(dist);
    run(tar.arg("--create").arg("--file").arg(layer).arg("--directory").arg(directory).args(paths))
}

/// Writes the layers and the configuration as an image layout, and packs the layout into one file.
fn write_image(dist: &Dist, layout: &Path, layers: &[PathBuf]) -> Result<(), Failure> {
    let created = output(
        Command::new("date").args(["--utc", "+%Y-%m-%dT%H:%M:%SZ", "--date"]).arg(format!("@{}", dist.epoch)),
    )?;
    let created = String::from_utf8_lossy(&created).trim().to_owned();
    let image = format!("{}:{}", layout.display(), dist.version);
    run(Command::new("umoci").args(["init", "--layout"]).arg(layout))?;
    run(Command::new("umoci").args(["new", "--image", &image]))?;
    for layer in layers {
        let mut add = Command::new("umoci");
        add.args(["raw", "add-layer", "--image", &image, "--history.created", &created]);
        run(add.arg(layer))?;
    }
    let mut config = Command::new("umoci");
    config.args(["config", "--image", &image, "--created", &created, "--history.created", &created]);
    let user = format!("{USER}:{USER}");
    let state = format!("/{STATE}");
    let version = format!("org.opencontainers.image.version={}", dist.version);
    let settings = [
        ("--architecture", "amd64"),
        ("--os", "linux"),
        ("--config.user", &user),
        ("--config.entrypoint", "/usr/bin/krosyn-audit"),
        ("--config.cmd", "--help"),
        ("--config.workingdir", &state),
        ("--config.volume", &state),
        ("--config.exposedports", "7744/tcp"),
        ("--config.env", "HOME=/var/lib/krosyn-audit"),
        // The default store is then audit.db in the volume.
        ("--config.env", "XDG_DATA_HOME=/var/lib"),
        ("--config.label", "org.opencontainers.image.title=krosyn-audit"),
        ("--config.label", "org.opencontainers.image.source=https://github.com/krosyn/krosyn-audit"),
        ("--config.label", "org.opencontainers.image.licenses=MIT OR Apache-2.0"),
        ("--config.label", &version),
    ];
    run(config.args(settings.iter().flat_map(|(name, value)| [*name, *value])))?;
    run(Command::new("umoci").args(["gc", "--layout"]).arg(layout))?;
    normalize(dist, layout)?;
    let archive = dist.packages.join(format!("krosyn-audit-{}-oci.tar", dist.version));
    pack(dist, layout, &["."], &archive)
}
