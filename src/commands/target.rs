//! Chooses the server or store of a command: from a flag, the environment, the profile or the last `login`, else the default
//! store in the platform's data directory. Opens nothing and sends no request.

use std::fmt;

use crate::args::connection::{ConnectionArgs, ServerAddress};
use crate::client::server_name;
use crate::commands::Context;
use crate::config::Origin;
use crate::error::Failure;
use crate::store;

/// A server or store, and where this setting comes from.
pub(super) struct Target {
    pub(super) address: ServerAddress,
    pub(super) origin: Origin,
}

/// The name in messages, without a store's password.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.address {
            ServerAddress::Remote(base) => f.write_str(server_name(base)),
            ServerAddress::Store(url) => f.write_str(&store::without_password(url)),
            ServerAddress::Demo => f.write_str("demo:"),
        }
    }
}

pub(super) fn resolve_target(context: &Context, args: &ConnectionArgs) -> Result<Target, Failure> {
    let (settings, variable) = (&context.settings, context.environment.server.as_ref());
    if context.demo {
        return match args.server {
            Some(_) => Err(Failure::usage("--demo and --server cannot be used together")),
            None => Ok(Target { address: ServerAddress::Demo, origin: Origin::Flag("--demo") }),
        };
    }
    let named = |text: &str, insecure_http, origin| {
        let address = ServerAddress::parse(text, insecure_http).map_err(|error| match &origin {
            Origin::Flag(_) => Failure::usage(error),
            origin => Failure::usage(format!("{origin}: {error}")),
        });
        let address = match address? {
            ServerAddress::Store(url) => ServerAddress::Store(expand_home(context, &url)?),
            other => other,
        };
        Ok(Target { address, origin })
    };
    if let Some(text) = &args.server {
        return named(text, args.insecure_http, Origin::Flag("--server"));
    }
    let profile = &settings.profile;
    if let (Some(text), Some(other), Origin::Flag(_)) = (variable, &profile.server, &settings.origin)
        && !is_same(context, text, other)
    {
        // The variable would take precedence, but the user has typed a profile that names another server.
        let message = format!(
            "--profile {} uses {}, but KROSYN_AUDIT_SERVER is {}",
            settings.name,
            store::without_password(other),
            store::without_password(text)
        );
        return Err(Failure::usage(message).hint("unset KROSYN_AUDIT_SERVER, or choose one with --server"));
    }
    if let Some(text) = variable {
        return named(text, args.insecure_http, Origin::Variable("KROSYN_AUDIT_SERVER"));
    }
    if let Some(text) = &profile.server {
        let insecure_http = args.insecure_http || profile.insecure_http;
        return named(text, insecure_http, Origin::Profile(settings.name.clone()));
    }
    match settings.saved_login(&context.environment)?.server {
        Some(text) => named(&text, args.insecure_http, Origin::Login),
        None => {
            Ok(Target { address: ServerAddress::Store(default_store(context)?), origin: Origin::Default })
        }
    }
}

/// Whether two settings name the same server or store.
fn is_same(context: &Context, one: &str, other: &str) -> bool {
    let path = |text: &str| {
        let url = expand_home(context, text).ok()?;
        std::path::absolute(url.strip_prefix("sqlite:")?).ok()
    };
    one == other || path(one).is_some_and(|one| path(other) == Some(one))
}

/// A store's URL with `~` expanded, which shells do not do after `sqlite:`.
pub(super) fn expand_home(context: &Context, url: &str) -> Result<String, Failure> {
    let Some(below) = url.strip_prefix("sqlite:~") else { return Ok(url.to_owned()) };
    if !below.is_empty() && !below.starts_with('/') {
        let message = format!("{url}: the home directory of another user cannot be expanded");
        return Err(
            Failure::usage(message).hint("write the full path, or sqlite:./~… for a file of that name")
        );
    }
    let home = context.environment.home.as_ref();
    let home =
        home.ok_or_else(|| Failure::usage(format!("cannot expand ~ in {url}: no home directory is set")))?;
    Ok(format!("sqlite:{}{below}", home.display()))
}

/// The URL of the store in the platform's data directory.
pub(super) fn default_store(context: &Context) -> Result<String, Failure> {
    let path = context.environment.default_store();
    let path = path.ok_or_else(|| {
        Failure::usage("no home directory is set for the default store: give --server sqlite:PATH")
    })?;
    Ok(format!("sqlite:{}", path.display()))
}
