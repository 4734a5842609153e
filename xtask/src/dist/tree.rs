//! The installed files: each package has this tree.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Dist;
use crate::process::{Failure, failed, output, root, run, write};

/// Files of the repository and where they go. A source that ends with a slash stands for all files of the directory.
const FILES: [(&str, &str); 11] = [
    ("completions/krosyn-audit.bash", "usr/share/bash-completion/completions/krosyn-audit"),
    ("completions/krosyn-audit.fish", "usr/share/fish/vendor_completions.d/krosyn-audit.fish"),
    ("packaging/systemd/", "usr/lib/systemd/system/"),
    ("packaging/sysusers/", "usr/lib/sysusers.d/"),
    ("packaging/etc/", "etc/krosyn-audit/"),
    ("packaging/examples/", "usr/share/doc/krosyn-audit/examples/"),
    ("docs/alerts.yml", "usr/share/doc/krosyn-audit/examples/alerts.yml"),
    ("docs/grafana.json", "usr/share/doc/krosyn-audit/examples/grafana.json"),
    ("README.md", "usr/share/doc/krosyn-audit/README.md"),
    ("SECURITY.md", "usr/share/doc/krosyn-audit/SECURITY.md"),
    ("EVIDENCE.md", "usr/share/doc/krosyn-audit/EVIDENCE.md"),
];

/// The pages of `docs` to install.
const PAGES: [&str; 6] =
    ["formats.md", "install.md", "integrity.md", "operations.md", "scaling.md", "stability.md"];

/// Copies and compresses everything that packages install into `root` of the work directory.
pub(super) fn fill(dist: &Dist) -> Result<(), Failure> {
    let tree = dist.tree();
    for (source, target) in FILES {
        copy(&root().join(source), &tree.join(target), source.ends_with('/'))?;
    }
    for page in PAGES {
        let target = tree.join("usr/share/doc/krosyn-audit/docs").join(page);
        copy(&root().join("docs").join(page), &target, false)?;
    }
    let binary = tree.join("usr/bin/krosyn-audit");
    copy(&dist.binary, &binary, false)?;
    set_mode(&binary, 0o755)?;
    copy(&root().join("man"), &tree.join("usr/share/man/man1"), true)?;
    run(Command::new("gzip").args(["-9", "--no-name", "--recursive"]).arg(tree.join("usr/share/man")))?;
    write_changelogs(dist)?;
    normalize(dist, &tree)
}

/// The changelog of the program, and the one that Debian requires of each package.
fn write_changelogs(dist: &Dist) -> Result<(), Failure> {
    let changelog = dist.tree().join("usr/share/doc/krosyn-audit/changelog");
    copy(&root().join("CHANGELOG.md"), &changelog, false)?;
    let mut date = Command::new("date");
    let date = output(date.args(["--utc", "--rfc-email", "--date"]).arg(format!("@{}", dist.epoch)))?;
    let text = format!(
        "krosyn-audit ({}-1) stable; urgency=medium\n\n  * New version: see changelog.gz.\n\n -- The krosyn-audit authors <packages@krosyn.example>  {}\n",
        dist.version,
        String::from_utf8_lossy(&date).trim()
    );
    let debian = dist.work.join("changelog.Debian");
    write(&debian, text)?;
    run(Command::new("gzip").args(["-9", "--no-name"]).args([changelog, debian]))
}

/// Copies a file, or all files of a directory, with mode 0644.
pub(super) fn copy(source: &Path, target: &Path, is_directory: bool) -> Result<(), Failure> {
    if is_directory {
        for file in files_of(source)? {
            copy(&file, &target.join(file.file_name().unwrap_or_default()), false)?;
        }
        return Ok(());
    }
    let directory = target.parent().unwrap_or(target);
    fs::create_dir_all(directory).map_err(failed("create", directory))?;
    fs::copy(source, target).map_err(failed("copy", source))?;
    set_mode(target, 0o644)
}

/// Takes the builder's umask out of the modes below a directory, and the current time out of its files.
pub(super) fn normalize(dist: &Dist, directory: &Path) -> Result<(), Failure> {
    run(Command::new("chmod").args(["--recursive", "u=rwX,go=rX"]).arg(directory))?;
    let touch = ["-exec", "touch", "--no-dereference", "--date"];
    run(Command::new("find").arg(directory).args(touch).arg(format!("@{}", dist.epoch)).args(["{}", "+"]))
}

pub(super) fn set_mode(path: &Path, mode: u32) -> Result<(), Failure> {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).map_err(failed("change", path))
}

/// The files of a directory, in order.
pub(super) fn files_of(directory: &Path) -> Result<Vec<PathBuf>, Failure> {
    let entries = fs::read_dir(directory).map_err(failed("read", directory))?;
    let mut files: Vec<_> =
        entries.flatten().map(|entry| entry.path()).filter(|path| path.is_file()).collect();
    files.sort();
    if files.is_empty() { Err(format!("{} has no files", directory.display())) } else { Ok(files) }
}

impl Dist {
    /// The directory that stands for `/` of an installation.
    pub(super) fn tree(&self) -> PathBuf {
        self.work.join("root")
    }
}
