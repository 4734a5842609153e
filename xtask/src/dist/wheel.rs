//! The wheel for PyPI. hatchling packs the built binary as a script; maturin would compile a second binary.

use super::Dist;
use super::tree::{copy, set_mode};
use crate::process::{Failure, root, run};

pub(super) fn build(dist: &Dist) -> Result<(), Failure> {
    let directory = dist.work.join("wheel");
    copy(&root().join("packaging/pypi"), &directory, true)?;
    for file in ["README.md", "LICENSE-APACHE", "LICENSE-MIT"] {
        copy(&root().join(file), &directory.join(file), false)?;
    }
    copy(&dist.binary, &directory.join("krosyn-audit"), false)?;
    set_mode(&directory.join("krosyn-audit"), 0o755)?;
    let mut build = dist.tools.python();
    build
        .current_dir(&directory)
        .env("VERSION", &dist.version)
        .env("PLATFORM", format!("manylinux_{}_{}_x86_64", dist.glibc.major, dist.glibc.minor))
        .env("SOURCE_DATE_EPOCH", &dist.epoch)
        .args(["-m", "hatchling", "build", "--target", "wheel", "--directory"]);
    run(build.arg(&dist.packages))
}
