//! Finds the token for a server: from `--token-file`, else the environment, else the profile's `token_command`, else `login`.
//! A token is only sent to the server that it is configured for.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use secrecy::ExposeSecret as _;
use tokio::io::AsyncReadExt as _;
use url::Url;
use zeroize::Zeroizing;

use crate::args::connection::{ConnectionArgs, ServerAddress};
use crate::client::server_name;
use crate::commands::Context;
use crate::config::Origin;
use crate::config::credentials::refuse_readable_by_others;
use crate::error::Failure;
use crate::exit;
use crate::secret::Token;
use crate::terminal::read_stdin;

/// Time limit of a token command. The user may have to find a hardware key and touch it.
const COMMAND_TIME_LIMIT: Duration = Duration::from_secs(60);
const MAX_TOKEN_BYTES: u64 = 4096;

/// Finds the token for the server at `base`, and where it comes from.
pub(super) async fn token(
    context: &Context,
    args: &ConnectionArgs,
    base: &Url,
) -> Result<(Token, Origin), Failure> {
    let settings = &context.settings;
    if let Some(path) = &args.token_file {
        return Ok((from_file(path).await?, Origin::Flag("--token-file")));
    }
    let other_server = context.environment.server.as_deref().filter(|server| !names_server(server, base));
    if let Some(token) = context.environment.token.as_ref().filter(|_| other_server.is_none()) {
        let token = read(token.expose_secret(), "KROSYN_AUDIT_TOKEN")?;
        return Ok((token, Origin::Variable("KROSYN_AUDIT_TOKEN")));
    }
    let command = settings.profile.token_command.as_ref();
    let is_this_server = settings.profile.server.as_deref().is_some_and(|server| names_server(server, base));
    if let Some(command) = command.filter(|_| is_this_server) {
        let token = from_command(command, context.terminal.prompts().is_some(), COMMAND_TIME_LIMIT).await;
        let token = token.map_err(|error| {
            Failure::new(exit::NOT_ALLOWED, format!("token_command of profile {}: {error}", settings.name))
        });
        return Ok((token?, Origin::Profile(settings.name.clone())));
    }
    if let Some(token) = settings.saved_login(&context.environment)?.tokens.get(server_name(base)) {
        return Ok((read(token, "the token that login saved")?, Origin::Login));
    }
    let message = match (other_server, &context.environment.token) {
        (Some(server), Some(_)) => format!(
            "no token for {}: KROSYN_AUDIT_TOKEN belongs to {server} (KROSYN_AUDIT_SERVER)",
            server_name(base)
        ),
        _ => format!("no token for {}", server_name(base)),
    };
    let login = format!("krosyn-audit login --server {}", server_name(base));
    Err(Failure::new(exit::NOT_ALLOWED, message)
        .hint("an operator creates one with `krosyn-audit token create`")
        .hint(format!("sign in with `{login}`, or give the token with --token-file or KROSYN_AUDIT_TOKEN")))
}

/// Whether a setting names the server at `base`.
fn names_server(setting: &str, base: &Url) -> bool {
    matches!(ServerAddress::parse(setting, true), Ok(ServerAddress::Remote(url)) if server_name(&url) == server_name(base))
}

fn read(text: &str, origin: &str) -> Result<Token, Failure> {
    Token::read(text).map_err(|error| Failure::usage(format!("{origin}: {error}")))
}

/// Reads a token from stdin, or from a file that only its owner can read.
pub(super) async fn from_file(path: &Path) -> Result<Token, Failure> {
    let unreadable = |error| Failure::file(path, "read the token from", &error);
    if path.as_os_str() == "-" {
        return read(&read_stdin(MAX_TOKEN_BYTES).await.map_err(unreadable)?, "stdin");
    }
    refuse_readable_by_others(path)?;
    read(&std::fs::read_to_string(path).map_err(unreadable)?, &path.display().to_string())
}

/// Why a token command failed. Its output is never quoted.
#[derive(Debug, thiserror::Error)]
enum TokenCommandError {
    #[error("cannot run {0:?}: {1}")]
    Start(String, std::io::Error),
    #[error(
        "it ended with {0}; run it yourself to see why (its output is hidden because it may contain a token)"
    )]
    Ended(std::process::ExitStatus),
    #[error("it did not print a token: expected one line of visible ASCII characters")]
    NoToken,
    #[error("it did not finish within {0:?}")]
    TimeLimit(Duration),
}

/// Runs a command and reads the token it prints. It is run without a shell, so that no character in `config.toml` has a
/// special meaning. On a terminal it may prompt on stdin and stderr. Otherwise stdin is empty, and stderr is discarded: it
/// might contain the token and end in the log of a job. The command is killed at the time limit, or when the future is
/// dropped.
async fn from_command(
    words: &[String],
    interactive: bool,
    limit: Duration,
) -> Result<Token, TokenCommandError> {
    let Some((program, args)) = words.split_first() else { return Err(TokenCommandError::NoToken) };
    let start = |error| TokenCommandError::Start(program.clone(), error);
    let mut child = tokio::process::Command::new(program)
        .args(args)
        .stdin(if interactive { Stdio::inherit() } else { Stdio::null() })
        .stdout(Stdio::piped())
        .stderr(if interactive { Stdio::inherit() } else { Stdio::null() })
        .kill_on_drop(true)
        .spawn()
        .map_err(start)?;
    let stdout = child.stdout.take();
    let work = async {
        let mut text = Zeroizing::new(String::new());
        if let Some(stdout) = stdout {
            // Ignore text that is not UTF-8: the exit status of the command is checked first.
            drop(stdout.take(MAX_TOKEN_BYTES).read_to_string(&mut text).await);
        }
        Ok((child.wait().await.map_err(start)?, text))
    };
    let ended = tokio::time::timeout(limit, work).await.map_err(|_| TokenCommandError::TimeLimit(limit))?;
    let (status, text) = ended?;
    match Token::read(&text) {
        _ if !status.success() => Err(TokenCommandError::Ended(status)),
        token => token.map_err(|_| TokenCommandError::NoToken),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn run(words: &[&str]) -> Result<String, String> {
        let words: Vec<_> = words.iter().map(|word| (*word).to_owned()).collect();
        let token = from_command(&words, false, Duration::from_secs(20)).await;
        token.map(|token| token.expose().to_owned()).map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn a_command_prints_the_token() {
        assert_eq!(run(&["printf", "kra_a\\n"]).await.as_deref(), Ok("kra_a"));
        // No shell: the dollar and the semicolon are characters.
        assert_eq!(run(&["echo", "$HOME;x"]).await.as_deref(), Ok("$HOME;x"));
        assert_eq!(run(&["sh", "-c", "cat; echo kra_b"]).await.as_deref(), Ok("kra_b"), "stdin is empty");
    }

    #[tokio::test]
    async fn a_failed_command_is_explained_without_its_output() {
        for words in [
            &["true"][..],
            &["printf", "two hush\\n"],
            &["printf", "hush\\nhush\\n"],
            &["printf", "hush\\377"],
        ] {
            let message = run(words).await.expect_err("no token");
            assert!(message.contains("one line of visible ASCII") && !message.contains("hush"), "{message}");
        }
        let message = run(&["sh", "-c", "echo hush; exit 3"]).await.expect_err("failed");
        assert!(message.contains("exit status: 3") && !message.contains("hush"), "{message}");
        let message = run(&["no-such-program-anywhere"]).await.expect_err("missing");
        assert!(message.starts_with("cannot run \"no-such-program-anywhere\": "), "{message}");
        // This command prints endlessly and is stopped at the longest token.
        assert!(run(&["yes"]).await.is_err());
    }

    #[tokio::test]
    async fn a_command_is_stopped_at_the_time_limit() {
        let words = ["tail", "-f", "/dev/null"].map(str::to_owned);
        let error = from_command(&words, false, Duration::from_millis(50)).await.expect_err("too long");
        assert_eq!(error.to_string(), "it did not finish within 50ms");
    }
}
