//! Which token opens a server: of `--token-file`, else of the environment, else of the profile's `token_command`, else the
//! one that `login` kept. None goes to another server than the one it was made for, as far as can be told.

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

/// How long a token command may take: somebody may have to find a key and touch it.
const COMMAND_TIME_LIMIT: Duration = Duration::from_secs(60);
/// The most that is read where a token should be.
const MAX_TOKEN_BYTES: u64 = 4096;

/// Finds the token for the server at `base`, and tells who gave it.
pub(super) async fn token(
    context: &Context,
    args: &ConnectionArgs,
    base: &Url,
) -> Result<(Token, Origin), Failure> {
    let settings = &context.settings;
    if let Some(path) = &args.token_file {
        return Ok((from_file(path).await?, Origin::Flag("--token-file")));
    }
    let elsewhere = context.environment.server.as_deref().filter(|server| !is(server, base));
    if let Some(token) = context.environment.token.as_ref().filter(|_| elsewhere.is_none()) {
        let token = read(token.expose_secret(), "KROSYN_AUDIT_TOKEN")?;
        return Ok((token, Origin::Variable("KROSYN_AUDIT_TOKEN")));
    }
    let command = settings.profile.token_command.as_ref();
    let of_this_server = settings.profile.server.as_deref().is_some_and(|server| is(server, base));
    if let Some(command) = command.filter(|_| of_this_server) {
        let token = from_command(command, context.terminal.prompts().is_some(), COMMAND_TIME_LIMIT).await;
        let token = token.map_err(|fault| {
            Failure::new(exit::NOT_ALLOWED, format!("token_command of profile {}: {fault}", settings.name))
        });
        return Ok((token?, Origin::Profile(settings.name.clone())));
    }
    if let Some(token) = settings.saved_login(&context.environment)?.tokens.get(server_name(base)) {
        return Ok((read(token, "the token that login kept")?, Origin::Login));
    }
    let message = match (elsewhere, &context.environment.token) {
        (Some(server), Some(_)) => format!(
            "no token for {}: KROSYN_AUDIT_TOKEN is for {server}, which KROSYN_AUDIT_SERVER names",
            server_name(base)
        ),
        _ => format!("no token for {}", server_name(base)),
    };
    let login = format!("krosyn-audit login --server {}", server_name(base));
    Err(Failure::new(exit::NOT_ALLOWED, message)
        .hint("an operator makes one with `krosyn-audit token create`")
        .hint(format!("sign in with `{login}`, or give the token by --token-file or in KROSYN_AUDIT_TOKEN")))
}

/// Whether a setting names the server at `base`.
fn is(setting: &str, base: &Url) -> bool {
    matches!(ServerAddress::parse(setting, true), Ok(ServerAddress::Remote(url)) if server_name(&url) == server_name(base))
}

fn read(text: &str, origin: &str) -> Result<Token, Failure> {
    Token::read(text).map_err(|error| Failure::usage(format!("{origin}: {error}")))
}

/// Reads a token from a file that nobody else can read, or from stdin.
pub(super) async fn from_file(path: &Path) -> Result<Token, Failure> {
    let unreadable = |error| Failure::file(path, "read the token from", &error);
    if path.as_os_str() == "-" {
        return read(&read_stdin(MAX_TOKEN_BYTES).await.map_err(unreadable)?, "stdin");
    }
    refuse_readable_by_others(path)?;
    read(&std::fs::read_to_string(path).map_err(unreadable)?, &path.display().to_string())
}

/// Why a command gave no token. What it printed is not repeated.
#[derive(Debug, thiserror::Error)]
enum CommandFault {
    #[error("cannot run {0:?}: {1}")]
    Start(String, std::io::Error),
    #[error("it ended with {0}; run it by hand to see why (its output may hold a token and is not repeated)")]
    Ended(std::process::ExitStatus),
    #[error("it printed nothing that can be a token, which is one line of visible ASCII characters")]
    NoToken,
    #[error("it had not ended after {0:?}")]
    TimeLimit(Duration),
}

/// Runs a command and reads the token it prints. No shell stands between: what `config.toml` lists is what runs, so that no
/// character in it means something else. It may ask the person at the terminal, if there is one, on stdin and stderr. Otherwise
/// it finds its stdin empty, and what it says on stderr goes nowhere: it may be the token, and end in the log of a job. Dropped, or at the limit, it is killed.
async fn from_command(words: &[String], interactive: bool, limit: Duration) -> Result<Token, CommandFault> {
    let Some((program, args)) = words.split_first() else { return Err(CommandFault::NoToken) };
    let start = |error| CommandFault::Start(program.clone(), error);
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
            // Text that is not UTF-8 is no token; that the command failed is the better thing to say.
            drop(stdout.take(MAX_TOKEN_BYTES).read_to_string(&mut text).await);
        }
        Ok((child.wait().await.map_err(start)?, text))
    };
    let ended = tokio::time::timeout(limit, work).await.map_err(|_| CommandFault::TimeLimit(limit))?;
    let (status, text) = ended?;
    match Token::read(&text) {
        _ if !status.success() => Err(CommandFault::Ended(status)),
        token => token.map_err(|_| CommandFault::NoToken),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    async fn run(words: &[&str]) -> Result<String, String> {
        let words: Vec<_> = words.iter().map(|word| (*word).to_owned()).collect();
        let token = from_command(&words, false, Duration::from_secs(20)).await;
        token.map(|token| token.expose().to_owned()).map_err(|fault| fault.to_string())
    }

    #[tokio::test]
    async fn a_command_prints_the_token() {
        assert_eq!(run(&["printf", "kra_a\\n"]).await.as_deref(), Ok("kra_a"));
        // No shell: the dollar and the semicolon are characters.
        assert_eq!(run(&["echo", "$HOME;x"]).await.as_deref(), Ok("$HOME;x"));
        assert_eq!(run(&["sh", "-c", "cat; echo kra_b"]).await.as_deref(), Ok("kra_b"), "stdin is empty");
    }

    #[tokio::test]
    async fn a_command_that_gives_none_says_why_without_repeating_it() {
        for words in [
            &["true"][..],
            &["printf", "two hush\\n"],
            &["printf", "hush\\nhush\\n"],
            &["printf", "hush\\377"],
        ] {
            let said = run(words).await.expect_err("no token");
            assert!(said.contains("one line of visible ASCII") && !said.contains("hush"), "{said}");
        }
        let said = run(&["sh", "-c", "echo hush; exit 3"]).await.expect_err("failed");
        assert!(said.contains("exit status: 3") && !said.contains("hush"), "{said}");
        let said = run(&["no-such-program-anywhere"]).await.expect_err("missing");
        assert!(said.starts_with("cannot run \"no-such-program-anywhere\": "), "{said}");
        // It prints for ever, and is stopped where a token ends.
        assert!(run(&["yes"]).await.is_err());
    }

    #[tokio::test]
    async fn a_command_is_not_waited_for_for_ever() {
        let words = ["tail", "-f", "/dev/null"].map(str::to_owned);
        let fault = from_command(&words, false, Duration::from_millis(50)).await.expect_err("too long");
        assert_eq!(fault.to_string(), "it had not ended after 50ms");
    }
}
