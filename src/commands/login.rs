//! `login`, `logout` and `status`: store, drop and show the credentials and the server.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;

use crate::args::connection::{ConnectionArgs, ServerAddress};
use crate::client::{Client, server_name};
use crate::commands::connect::{Need, connect};
use crate::commands::target::resolve_target;
use crate::commands::{Context, token_source};
use crate::config::Origin;
use crate::config::credentials::Credentials;
use crate::error::Failure;
use crate::exit;
use crate::model::time::format::full;
use crate::secret::Token;
use crate::terminal::file::{FileError, NewFile, sync_directory_of};

/// Sign in to a server: try a token and keep it
///
/// The token is asked for without being shown, or read from --token-file (- is stdin). It is tried before it is kept, in
/// a file readable by you alone. The server becomes the one that is meant when nothing names another. With --profile all
/// that holds for this profile alone, which need not be in config.toml.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  krosyn-audit login --server https://audit.krosyn.example\n  pass show krosyn | krosyn-audit login --server https://audit.krosyn.example --token-file -"
)]
pub(crate) struct LoginArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// Forget a server's token
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  krosyn-audit logout\n  krosyn-audit logout --profile work")]
pub(crate) struct LogoutArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// Show where commands talk to, and as whom
///
/// With -v also each setting and who says so: a flag, a variable, a profile of config.toml, login, or nobody.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  krosyn-audit status -v\n  krosyn-audit status --profile work")]
pub(crate) struct StatusArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
}

fn credentials_path(context: &Context) -> Result<PathBuf, Failure> {
    let path = context.environment.credentials();
    path.ok_or_else(|| {
        Failure::usage("there is no home directory to keep a token in")
            .hint("give it by --token-file or KROSYN_AUDIT_TOKEN")
    })
}

impl LoginArgs {
    /// Signs in.
    ///
    /// # Errors
    /// [`Failure`]; then nothing is kept.
    pub(crate) async fn run(self, context: &mut Context) -> Result<u8, Failure> {
        let path = credentials_path(context)?;
        let target = resolve_target(context, &self.connection)?;
        let ServerAddress::Remote(base) = target.address else {
            return Err(Failure::usage("which server? A local store and the demo need no token")
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
                return Err(Failure::usage("nobody can be asked for the token")
                    .hint("--token-file - reads it from stdin"));
            }
        };
        let client = Client::new(base, token.clone())?;
        let whoami = client.whoami().await?;
        let profile = &context.settings;
        let kept = credentials.profiles.entry(profile.name.clone()).or_default();
        kept.server = Some(client.server().to_owned());
        kept.tokens.insert(client.server().to_owned(), token.expose().to_owned());
        keep(&credentials, &path)?;
        let scopes: Vec<_> = whoami.scopes.iter().map(|scope| scope.as_str()).collect();
        let signed_in = format!(
            "signed in to {} as {:?} of {}, who may {}; the token is in {}{}",
            client.server(),
            whoami.token,
            whoami.organization,
            scopes.join(", "),
            path.display(),
            if profile.origin == Origin::Default {
                String::new()
            } else {
                format!(", profile {}", profile.name)
            },
        );
        let server = profile.profile.server.as_ref().filter(|_| !matches!(target.origin, Origin::Profile(_)));
        let outranked = [
            server.map(|server| format!("config.toml says that profile {} talks to {server}", profile.name)),
            profile.profile.token_command.as_ref().filter(|_| server.is_none()).map(|_| {
                format!(
                    "config.toml has a token_command for profile {}, which outranks this token",
                    profile.name
                )
            }),
        ];
        context.terminal.status(&signed_in);
        outranked.iter().flatten().for_each(|note| context.terminal.warn(note));
        Ok(exit::DONE)
    }
}

impl LogoutArgs {
    /// Signs out.
    pub(crate) fn run(self, context: &mut Context) -> Result<u8, Failure> {
        let path = credentials_path(context)?;
        let mut credentials = Credentials::read(&path)?;
        let mut kept = credentials.profiles.remove(&context.settings.name).unwrap_or_default();
        let server = match resolve_target(context, &self.connection)?.address {
            ServerAddress::Remote(base) => Some(server_name(&base).to_owned()),
            ServerAddress::Store(_) | ServerAddress::Demo => kept.server.clone(),
        };
        let Some(server) = server.filter(|server| kept.tokens.remove(server).is_some()) else {
            return Err(Failure::new(exit::NOT_FOUND, "no token is kept for it: nothing to forget"));
        };
        kept.server = kept.server.filter(|last| *last != server);
        if !kept.tokens.is_empty() {
            credentials.profiles.insert(context.settings.name.clone(), kept);
        }
        keep(&credentials, &path)?;
        context.terminal.status(&format!(
            "forgot the token for {server}; it stays in force until an operator revokes it"
        ));
        Ok(exit::DONE)
    }
}

impl StatusArgs {
    /// Shows.
    pub(crate) async fn run(self, context: &mut Context) -> Result<u8, Failure> {
        let target = resolve_target(context, &self.connection)?;
        if context.appearance.verbose {
            self.tell_settings(context)?;
        }
        writeln!(context.terminal.data(), "server        {target} ({})", target.origin)?;
        context.terminal.flush()?;
        let connection = connect(context, &self.connection, Need::Existing).await?;
        let whoami = connection.client.whoami().await?;
        let retention = connection.client.retention().await;
        let scopes: Vec<_> = whoami.scopes.iter().map(|scope| scope.as_str()).collect();
        let given_by = match &connection.token_origin {
            Some(origin) if context.appearance.verbose => format!(" ({origin})"),
            _ => String::new(),
        };
        let out = context.terminal.data();
        writeln!(out, "organization  {}, {} plan", whoami.organization, whoami.plan)?;
        writeln!(out, "token         {}, may {}{given_by}", whoami.token, scopes.join(", "))?;
        if let Some(end) = whoami.expires_at {
            writeln!(out, "expires       {}", full(end, &context.time))?;
        }
        // A token that only records may not ask what is kept.
        if let Ok(kept) = retention {
            writeln!(
                out,
                "entries       {}, of which {} have expired",
                kept.counts.expired + kept.counts.kept,
                kept.counts.expired
            )?;
        }
        context.terminal.flush()?;
        Ok(exit::DONE)
    }

    /// Each setting, and who says so.
    fn tell_settings(&self, context: &mut Context) -> Result<(), Failure> {
        let there = |path: Option<PathBuf>| match path {
            None => "no home directory".to_owned(),
            Some(path) if path.exists() => path.display().to_string(),
            Some(path) => format!("{} (not there)", path.display()),
        };
        let (environment, settings) = (&context.environment, &context.settings);
        let mut lines = vec![
            ("config.toml", there(environment.config_file())),
            ("credentials", there(environment.credentials())),
            ("profile", format!("{} ({})", settings.name, settings.origin)),
        ];
        for setting in &context.settled {
            lines.push((setting.key, format!("{} ({})", setting.value, setting.origin)));
        }
        for (key, value) in lines {
            writeln!(context.terminal.data(), "{key:<13} {value}")?;
        }
        Ok(())
    }
}

/// Writes the credentials, whole or not at all, and durably; the directory is made when it is not there.
fn keep(credentials: &Credentials, path: &Path) -> Result<(), Failure> {
    let elsewhere = "set XDG_CONFIG_HOME to a directory of this user, or give the token by --token-file or KROSYN_AUDIT_TOKEN";
    let failed = |error: io::Error| Failure::file(path, "write", &error).hint(elsewhere);
    let refused = |error: FileError| match error {
        FileError::Write { cause, .. } => failed(cause),
        error => error.into(),
    };
    if let Some(directory) = path.parent() {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        // The name of a directory that was just made has to last as well.
        builder.create(directory).and_then(|()| sync_directory_of(directory)).map_err(failed)?;
    }
    let text = credentials.to_text().map_err(io::Error::from).map_err(failed)?;
    let mut file = NewFile::create(path, true).map_err(refused)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    file.finish().map_err(refused)
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::terminal::file::part_path;

    #[test]
    fn what_is_kept_is_the_owners_alone_and_read_back() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("made/credentials.json");
        let mode = |path: &Path| std::fs::metadata(path).expect("there").permissions().mode() & 0o777;
        keep(&Credentials::default(), &path).expect("kept");
        assert_eq!((mode(path.parent().expect("a directory")), mode(&path)), (0o700, 0o600));
        let part = part_path(&path);
        std::fs::write(&part, "left over").expect("written");
        std::fs::set_permissions(&part, std::fs::Permissions::from_mode(0o644)).expect("set");
        keep(&Credentials::default(), &path).expect("kept over what was left");
        assert_eq!(mode(&path), 0o600);
        assert!(Credentials::read(&path).expect("read").profiles.is_empty() && !part.exists());
        let failure = keep(&Credentials::default(), Path::new("/dev/null/x/credentials.json"));
        assert!(failure.expect_err("no directory").hints[0].contains("XDG_CONFIG_HOME"));
    }
}
