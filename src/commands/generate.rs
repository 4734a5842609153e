//! `completions` and `man`: shell completions and manual pages, made of the command tree. The same files stand in
//! `completions/` and `man/`; a test compares them.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Command};
use clap_complete::Shell;

use crate::commands::Context;
use crate::error::Failure;
use crate::exit;

/// Print or write shell completions
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  krosyn-audit completions bash > /etc/bash_completion.d/krosyn-audit\n  krosyn-audit completions --dir completions"
)]
pub struct CompletionsArgs {
    /// The shell: bash, elvish, fish, powershell, zsh
    #[arg(value_name = "SHELL", required_unless_present = "dir", hide_possible_values = true)]
    shell: Option<Shell>,

    /// Write those of all shells to this directory
    #[arg(long, value_name = "DIR", conflicts_with = "shell")]
    dir: Option<PathBuf>,
}

/// Print or write manual pages
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  krosyn-audit man list | man -l -\n  krosyn-audit man --dir man")]
pub struct ManArgs {
    /// The command (default: the overview)
    #[arg(value_name = "COMMAND", conflicts_with = "dir")]
    command: Option<String>,

    /// Write all pages to this directory
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

impl CompletionsArgs {
    /// Prints or writes.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn run(self, context: &mut Context, mut tree: Command) -> Result<u8, Failure> {
        let mut text = |shell: Shell| {
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut tree, "krosyn-audit", &mut text);
            text
        };
        if let Some(shell) = self.shell {
            context.terminal.data().write_all(&text(shell))?;
        }
        for shell in self.dir.iter().flat_map(|_| SHELLS) {
            let name = clap_complete::Generator::file_name(shell, "krosyn-audit");
            write(self.dir.as_deref(), &name, &text(*shell))?;
        }
        Ok(exit::DONE)
    }
}

const SHELLS: &[Shell] = &[Shell::Bash, Shell::Elvish, Shell::Fish, Shell::PowerShell, Shell::Zsh];

impl ManArgs {
    /// Prints or writes.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn run(self, context: &mut Context, mut tree: Command) -> Result<u8, Failure> {
        tree.build();
        let pages = pages(&tree, "krosyn-audit")?;
        let wanted = self
            .command
            .map_or_else(|| "krosyn-audit".to_owned(), |command| format!("krosyn-audit-{command}"));
        match &self.dir {
            Some(dir) => {
                pages.iter().try_for_each(|(name, text)| write(Some(dir), &format!("{name}.1"), text))?
            }
            None => match pages.iter().find(|(name, _)| *name == wanted) {
                Some((_, text)) => context.terminal.data().write_all(text)?,
                None => {
                    return Err(Failure::usage(format!("there is no page {wanted}"))
                        .hint("krosyn-audit --help lists the commands"));
                }
            },
        }
        Ok(exit::DONE)
    }
}

/// The page of a command and those of its subcommands.
fn pages(command: &Command, name: &str) -> io::Result<Vec<(String, Vec<u8>)>> {
    let mut text = Vec::new();
    clap_mangen::Man::new(command.clone()).title(name.to_uppercase()).render(&mut text)?;
    let mut all = vec![(name.to_owned(), text)];
    for subcommand in command.get_subcommands().filter(|it| it.get_name() != "help") {
        all.extend(pages(subcommand, &format!("{name}-{}", subcommand.get_name()))?);
    }
    Ok(all)
}

fn write(dir: Option<&Path>, name: &str, text: &[u8]) -> Result<(), Failure> {
    let Some(dir) = dir else { return Ok(()) };
    let path = dir.join(name);
    let write = || {
        std::fs::create_dir_all(dir)?;
        std::fs::File::create(&path)?.write_all(text)
    };
    write().map_err(|error| Failure::file(&path, "write", &error))
}
