//! `login`, `logout` and `status`: save, remove and show credentials and the server.

use std::io;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::api::account::Whoami;
use crate::api::prune::RetentionAnswer;
use crate::args::connection::{ConnectionArgs, ServerAddress};
use crate::client::{Client, server_name};
use crate::commands::connect::{OpenMode, connect_with_origin};
use crate::commands::target::resolve_target;
use crate::commands::witness::Witness;
use crate::commands::{Context, private_file, token_source};
use crate::config::Origin;
use crate::config::credentials::Credentials;
use crate::error::Failure;
use crate::exit;
use crate::model::integrity::verify::Seen;
use crate::model::time::Age;
use crate::model::time::format::{full, relative};
use crate::model::words::Log;
use crate::model::words::Scope;
use crate::render::filter_summary::counted;
use crate::secret::Token;

/// Sign in to a server: check a token and save it
///
/// Asks for the token without showing it, or reads it from --token-file (- is stdin). The token is checked and then saved in
/// a file that only you can read. The server becomes the default server. With --profile, token and server are saved for that
/// profile only; it does not have to be in config.toml.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  krosyn-audit login --server https://audit.krosyn.example\n  pass show krosyn | krosyn-audit login --server https://audit.krosyn.example --token-file -"
)]
#[command(mut_arg("org", |org| org.hide(true)))]
pub(crate) struct LoginArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// Remove the saved token of a server
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  krosyn-audit logout\n  krosyn-audit logout --profile work")]
#[command(mut_arg("token_file", |file| file.hide(true)), mut_arg("org", |org| org.hide(true)))]
pub(crate) struct LogoutArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// Show the server in use, the organization and the token
///
/// With -v, also show each setting and where it comes from: a flag, a variable, a profile of config.toml, login, or the
/// default.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  krosyn-audit status -v\n  krosyn-audit status --demo --max-age 30d")]
pub(crate) struct StatusArgs {
    /// Exit with code 10 if the newest entry is older than this, or there is none
    #[arg(long, value_name = "AGE")]
    max_age: Option<Age>,

    #[command(flatten)]
    connection: ConnectionArgs,
}

fn credentials_path(context: &Context) -> Result<PathBuf, Failure> {
    let path = context.environment.credentials();
    path.ok_or_else(|| {
        Failure::usage("no home directory is set to save a token in")
            .hint("give the token with --token-file or KROSYN_AUDIT_TOKEN")
    })
}

impl LoginArgs {
    /// Saves nothing when it fails.
    pub(crate) async fn run(self, context: &mut Context) -> Result<u8, Failure> {
        let path = credentials_path(context)?;
        let target = resolve_target(context, &self.connection)?;
        let ServerAddress::Remote(base) = target.address else {
            return Err(Failure::usage("no server given: only a remote server needs a token")
                .hint("krosyn-audit login --server https://…"));
        };
        let mut credentials = Credentials::read(&path)?;
        let token = match (&self.connection.token_file, context.terminal.prompts()) {
            (Some(file), _) => token_source::from_file(file).await?,
            (None, Some(prompts)) => {
                let text = prompts.secret(&format!("Token for {}", server_name(&base))).await?;
                Token::read(&text).map_err(|error| Failure::usage(error.to_string()))?
            }
            (None, None) => {
                return Err(Failure::usage("cannot ask for the token: this is not a terminal")
                    .hint("--token-file - reads the token from stdin"));
            }
        };
        let client = Client::new(base, token.clone())?;
        let whoami = client.whoami().await?;
        let profile = &context.settings;
        let saved = credentials.profiles.entry(profile.name.clone()).or_default();
        saved.server = Some(client.server().to_owned());
        saved.tokens.insert(client.server().to_owned(), token.expose().to_owned());
        save(&credentials, &path)?;
        let of_profile = match profile.origin {
            Origin::Default => String::new(),
            _ => format!(", profile {}", profile.name),
        };
        let signed_in = format!(
            "signed in to {} with token {:?} of {} (scopes: {}); saved in {}{of_profile}",
            client.server(),
            whoami.token,
            whoami.organization,
            joined(&whoami.scopes),
            path.display(),
        );
        let server = profile.profile.server.as_ref().filter(|_| !matches!(target.origin, Origin::Profile(_)));
        let overrides = [
            server.map(|server| format!("in config.toml, profile {} uses {server}", profile.name)),
            profile.profile.token_command.as_ref().filter(|_| server.is_none()).map(|_| {
                format!(
                    "config.toml has a token_command for profile {}, which overrides this token",
                    profile.name
                )
            }),
        ];
        context.terminal.status(&signed_in);
        overrides.iter().flatten().for_each(|note| context.terminal.warn(note));
        Ok(exit::DONE)
    }
}

impl LogoutArgs {
    pub(crate) fn run(self, context: &mut Context) -> Result<u8, Failure> {
        let path = credentials_path(context)?;
        let mut credentials = Credentials::read(&path)?;
        let mut saved = credentials.profiles.remove(&context.settings.name).unwrap_or_default();
        let server = match resolve_target(context, &self.connection)?.address {
            ServerAddress::Remote(base) => Some(server_name(&base).to_owned()),
            ServerAddress::Store(_) | ServerAddress::Demo => saved.server.clone(),
        };
        let Some(server) = server.filter(|server| saved.tokens.remove(server).is_some()) else {
            return Err(Failure::new(exit::NOT_FOUND, "no token is saved for this server"));
        };
        saved.server = saved.server.filter(|last| *last != server);
        if !saved.tokens.is_empty() {
            credentials.profiles.insert(context.settings.name.clone(), saved);
        }
        save(&credentials, &path)?;
        context
            .terminal
            .status(&format!("removed the token for {server}; it stays valid until an operator revokes it"));
        Ok(exit::DONE)
    }
}

impl StatusArgs {
    pub(crate) async fn run(self, context: &mut Context) -> Result<u8, Failure> {
        let target = resolve_target(context, &self.connection)?;
        if context.appearance.verbose {
            print_settings(context)?;
        }
        writeln!(context.terminal.data(), "server        {target} ({})", target.origin)?;
        context.terminal.flush()?;
        let (client, token_origin) =
            connect_with_origin(context, &self.connection, OpenMode::Existing).await?;
        let whoami = client.whoami().await?;
        let retention = client.retention().await;
        let token_origin = token_origin.filter(|_| context.appearance.verbose);
        let token_origin = token_origin.map_or(String::new(), |origin| format!(" ({origin})"));
        let out = context.terminal.data();
        writeln!(out, "organization  {}, {} plan", whoami.organization, whoami.plan)?;
        writeln!(out, "token         {}, may {}{token_origin}", whoami.token, joined(&whoami.scopes))?;
        if let Some(end) = whoami.expires_at {
            writeln!(out, "expires       {}", full(end, &context.time))?;
        }
        // A token that may only record cannot read the retention.
        if let Ok(retention) = &retention {
            let counts = retention.counts;
            let held = match counts.held {
                0 => String::new(),
                held => format!(" and {held} are held"),
            };
            let all = counts.expired + counts.kept;
            writeln!(out, "entries       {all}, of which {} have expired{held}", counts.expired)?;
        }
        print_witness(context, &target.to_string(), &whoami)?;
        let is_silent = match self.max_age {
            Some(max_age) => is_silent(context, max_age, &retention?)?,
            None => false,
        };
        context.terminal.flush()?;
        Ok(if is_silent { exit::MATCHED } else { exit::DONE })
    }
}

/// Prints the time of the newest entry, and returns whether it is older than `max_age` by the server's clock.
fn is_silent(context: &mut Context, max_age: Age, retention: &RetentionAnswer) -> Result<bool, Failure> {
    let Some(newest) = retention.newest else {
        context.terminal.warn("the log is empty");
        return Ok(true);
    };
    let age = relative(newest, retention.now);
    writeln!(context.terminal.data(), "newest        {}, {age}", full(newest, &context.time))?;
    let is_silent = newest < max_age.before(retention.now);
    if is_silent {
        context.terminal.warn(&format!("the log went silent: its newest entry is older than {max_age}"));
    }
    Ok(is_silent)
}

/// Prints the key that signs checkpoints, and the last one that `verify --server` has seen here.
fn print_witness(context: &mut Context, server: &str, whoami: &Whoami) -> Result<(), Failure> {
    let told = whoami.verifier_key.as_deref().and_then(|key| key.parse().ok());
    let witness = Witness::find(context, server, &whoami.organization, told.as_ref())?;
    let pinned = witness.as_ref().and_then(|witness| witness.key(Log::Audit)).map(|key| key.to_string());
    let time = context.time;
    let out = context.terminal.data();
    match (&whoami.verifier_key, &pinned) {
        (Some(key), Some(pinned)) if key == pinned => writeln!(out, "key           {key} (pinned)")?,
        (Some(key), None) => writeln!(out, "key           {key}")?,
        (key, Some(pinned)) => {
            writeln!(out, "key           {} (not the pinned one)", key.as_deref().unwrap_or("none"))?;
            writeln!(out, "pinned key    {pinned}")?;
        }
        (None, None) => {}
    }
    let last = witness
        .as_ref()
        .and_then(|witness| Some((witness.seen(Log::Audit).ok()??, witness.last(Log::Audit)?)));
    if let Some((Seen { size, .. }, last)) = last {
        let entries = counted(size, "entry", "entries");
        writeln!(out, "checkpoint    {entries}, verified {}", full(last.seen_at, &time))?;
    }
    Ok(())
}

fn joined(scopes: &[Scope]) -> String {
    scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(", ")
}

/// Prints each setting and where it comes from.
fn print_settings(context: &mut Context) -> Result<(), Failure> {
    let location = |path: Option<PathBuf>| match path {
        None => "no home directory".to_owned(),
        Some(path) if path.exists() => path.display().to_string(),
        Some(path) => format!("{} (does not exist)", path.display()),
    };
    let (environment, settings) = (&context.environment, &context.settings);
    let config_file = match settings.is_of_machine {
        true => environment.machine_config_file.clone(),
        false => environment.config_file(),
    };
    let mut lines = vec![
        ("config.toml", location(config_file)),
        ("credentials", location(environment.credentials())),
        ("profile", format!("{} ({})", settings.name, settings.origin)),
    ];
    for setting in &context.resolved {
        lines.push((setting.key, format!("{} ({})", setting.value, setting.origin)));
    }
    for (key, value) in lines {
        writeln!(context.terminal.data(), "{key:<13} {value}")?;
    }
    Ok(())
}

/// Saves the credentials durably and all at once; creates the directory if needed.
fn save(credentials: &Credentials, path: &Path) -> Result<(), Failure> {
    let hint = "set XDG_CONFIG_HOME to a directory you can write to, or give the token with --token-file or KROSYN_AUDIT_TOKEN";
    let text = credentials.to_text().map_err(io::Error::from);
    private_file::save(path, &text.map_err(|error| Failure::file(path, "write", &error))?, hint)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::terminal::file::part_path;

    #[test]
    fn saved_credentials_are_private_and_read_back() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("new/credentials.json");
        let mode = |path: &Path| std::fs::metadata(path).expect("there").permissions().mode() & 0o777;
        save(&Credentials::default(), &path).expect("saved");
        assert_eq!((mode(path.parent().expect("a directory")), mode(&path)), (0o700, 0o600));
        let part = part_path(&path);
        std::fs::write(&part, "left over").expect("written");
        std::fs::set_permissions(&part, std::fs::Permissions::from_mode(0o644)).expect("set");
        save(&Credentials::default(), &path).expect("saved over a left-over file");
        assert_eq!(mode(&path), 0o600);
        assert!(Credentials::read(&path).expect("read").profiles.is_empty() && !part.exists());
        let failure = save(&Credentials::default(), Path::new("/dev/null/x/credentials.json"));
        assert!(failure.expect_err("no directory").hints[0].contains("XDG_CONFIG_HOME"));
    }
}
