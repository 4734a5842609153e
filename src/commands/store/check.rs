//! `store check`: reads a whole SQLite store and reports its schema and any damage. It changes nothing.

use std::path::Path;

use crate::commands::Context;
use crate::commands::connect::{self, OpenMode};
use crate::commands::store::digest::digest;
use crate::commands::target;
use crate::error::Failure;
use crate::model::words::Log;
use crate::terminal::progress::Progress;
use crate::{exit, store};

/// Fails with exit code 7 when something is damaged.
pub(super) async fn check(context: &mut Context, url: Option<String>) -> Result<u8, Failure> {
    let url = url.map_or_else(|| target::default_store(context), Ok)?;
    let url = target::expand_home(context, &url)?;
    let Some(path) = url.strip_prefix("sqlite:").map(Path::new) else {
        return Err(Failure::usage("store check reads SQLite files: PostgreSQL has its own tools")
            .hint("pg_amcheck compares tables with indexes; data checksums find damaged pages"));
    };
    if !path.exists() {
        return Err(Failure::new(exit::NOT_FOUND, format!("there is no store at {}", path.display())));
    }
    let damaged = |failure: Failure| match failure.exit {
        exit::INTEGRITY => {
            failure.hint("restore a backup, or copy the intact entries: krosyn-audit store copy")
        }
        _ => failure,
    };
    let progress = Progress::start(&context.terminal, "entries read");
    let checked = store::check_file(&url).await.map_err(|error| damaged(error.into()))?;
    let mut lines = vec!["pages\tok".to_owned()];
    let mut found = "no damage found; changes by others are found by: krosyn-audit verify --server";
    if checked.schema < checked.known {
        lines.push(format!(
            "schema\t{}, older than {}: the next server or command of this version upgrades it",
            checked.schema, checked.known
        ));
        lines.push("entries\tnot checked".to_owned());
        found = "no damaged page found; the entries can be checked after the upgrade, by the same command";
    } else {
        lines.push(format!("schema\t{}, current", checked.schema));
        // Reading an entry compares it with its checksum.
        let store = connect::open(context, &url, OpenMode::Existing).await?;
        for organization in store.organizations().await? {
            for log in Log::ALL {
                let (org, bound) = (organization.log(*log), u64::MAX >> 24);
                let (entries, _) = digest(&store, org, bound).await.map_err(damaged)?;
                progress.add(entries);
                lines.push(format!("{}, {}\t{entries} entries ok", organization.slug, log.label()));
            }
        }
    }
    drop(progress);
    for line in lines {
        writeln!(context.terminal.data(), "{line}")?;
    }
    context.terminal.flush()?;
    context.terminal.status(found);
    Ok(exit::DONE)
}
