//! `completions` and `man`: shell completions and manual pages, generated from the command tree. A test compares them with
//! the files in `completions/` and `man/`.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Command};
use clap_complete::Shell;

use crate::commands::Context;
use crate::commands::complete::script;
use crate::error::Failure;
use crate::exit;

/// Print or write shell completions
///
/// The script calls krosyn-audit for completions. It also completes values: keywords, columns, profiles, and
/// from the server's data users, resources, fields and ids.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  krosyn-audit completions bash > /etc/bash_completion.d/krosyn-audit\n  krosyn-audit completions --dir completions"
)]
pub(crate) struct CompletionsArgs {
    /// The shell: bash, elvish, fish, powershell, zsh
    #[arg(value_name = "SHELL", required_unless_present = "dir", hide_possible_values = true)]
    shell: Option<Shell>,

    /// Write the scripts for all shells to this directory
    #[arg(long, value_name = "DIR", conflicts_with = "shell")]
    dir: Option<PathBuf>,
}

/// Print or write manual pages
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  krosyn-audit man list | man -l -\n  krosyn-audit man --dir man")]
pub(crate) struct ManArgs {
    /// The command, such as list or org create (default: the overview)
    #[arg(value_name = "COMMAND", conflicts_with = "dir")]
    command: Vec<String>,

    /// Write all pages to this directory
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

impl CompletionsArgs {
    pub(crate) fn run(self, context: &mut Context) -> Result<u8, Failure> {
        if let Some(shell) = self.shell {
            context.terminal.data().write_all(&script(&shell.to_string())?)?;
        }
        for shell in self.dir.iter().flat_map(|_| SHELLS) {
            let name = clap_complete::Generator::file_name(shell, "krosyn-audit");
            write(self.dir.as_deref(), &name, &script(&shell.to_string())?)?;
        }
        Ok(exit::DONE)
    }
}

const SHELLS: &[Shell] = &[Shell::Bash, Shell::Elvish, Shell::Fish, Shell::PowerShell, Shell::Zsh];

impl ManArgs {
    pub(crate) fn run(self, context: &mut Context, mut tree: Command) -> Result<u8, Failure> {
        tree.build();
        let pages = pages(&tree, "krosyn-audit")?;
        let words = std::iter::once("krosyn-audit".to_owned()).chain(self.command);
        let name = words.collect::<Vec<_>>().join("-");
        match &self.dir {
            Some(dir) => {
                pages.iter().try_for_each(|(name, text)| write(Some(dir), &format!("{name}.1"), text))?
            }
            None => match pages.iter().find(|(page, _)| *page == name) {
                Some((_, text)) => context.terminal.data().write_all(text)?,
                None => {
                    return Err(Failure::usage(format!("there is no manual page {name}"))
                        .hint("krosyn-audit --help lists the commands"));
                }
            },
        }
        Ok(exit::DONE)
    }
}

/// The pages of a command and its subcommands.
fn pages(command: &Command, name: &str) -> io::Result<Vec<(String, Vec<u8>)>> {
    let mut all = vec![(name.to_owned(), page(command, name)?)];
    for subcommand in command.get_subcommands().filter(|it| it.get_name() != "help") {
        all.extend(pages(subcommand, &format!("{name}-{}", subcommand.get_name()))?);
    }
    Ok(all)
}

fn page(command: &Command, name: &str) -> io::Result<Vec<u8>> {
    let man = clap_mangen::Man::new(command.clone())
        .title(name.to_uppercase())
        .source(concat!("krosyn-audit ", env!("CARGO_PKG_VERSION")))
        .manual("Krosyn audit log");
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    let usage = command.clone().render_usage().to_string();
    write!(page, ".SH SYNOPSIS\n.nf\n{}\n.fi\n", escaped(usage.trim_start_matches("Usage: ")))?;
    man.render_description_section(&mut page)?;
    page.extend_from_slice(options(command, &man)?.as_bytes());
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    // The text after the help: each paragraph becomes a section named by its first words, with its lines unchanged.
    let after = command.get_after_long_help().or_else(|| command.get_after_help());
    for paragraph in after.map(ToString::to_string).unwrap_or_default().split("\n\n") {
        let (heading, text) = paragraph.split_once(':').unwrap_or(("Notes", paragraph));
        write!(page, ".SH {}\n.nf\n", heading.to_uppercase())?;
        for line in text.strip_prefix([' ', '\n']).unwrap_or(text).lines() {
            writeln!(page, "\\&{}", escaped(line))?;
        }
        page.extend_from_slice(b".fi\n");
    }
    Ok(page)
}

/// The options. A page has headings in capitals, so the sentence in the heading of the filters becomes a text below it.
fn options(command: &Command, man: &clap_mangen::Man) -> io::Result<String> {
    let mut text = Vec::new();
    man.render_options_section(&mut text)?;
    let text = String::from_utf8_lossy(&text);
    let mut headings = command.get_arguments().filter_map(clap::Arg::get_help_heading);
    Ok(match headings.find_map(|heading| Some((heading, heading.split_once(" (")?))) {
        None => text.into_owned(),
        Some((heading, (name, rules))) => {
            let rules = escaped(rules.trim_end_matches(')')).replace('^', "\\(ha").replace('\'', "\\(aq");
            let below = format!(".SH {}\nRules: {rules}.", name.to_uppercase());
            text.replace(&format!(".SH \"{}\"", heading.to_uppercase()), &below)
        }
    })
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\e").replace('-', "\\-")
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
