//! How the answer looks and where it goes.

use std::path::PathBuf;

use chrono_tz::Tz;
use clap::{Args, ValueEnum};

use crate::model::time::{self, TimeContext};
use crate::render::style::{Style, Theme};
use crate::terminal::{ColourWhen, Terminal};

/// How everything looks. These flags stand before or behind any command.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Appearance")]
pub(crate) struct AppearanceArgs {
    /// When to paint: auto, always, never (NO_COLOR, CLICOLOR_FORCE and TERM=dumb are heeded)
    #[arg(long, value_name = "WHEN", global = true, default_value = "auto", hide_possible_values = true)]
    pub color: ColourWhen,

    /// With which colours: default (red and green), colorblind (orange and blue), mono
    #[arg(long, value_name = "THEME", global = true, default_value = "default", hide_possible_values = true)]
    pub theme: ThemeWord,

    /// Write ASCII alone
    #[arg(long, global = true)]
    pub ascii: bool,

    /// The zone for times without one, and for times shown: an IANA name or utc (default: local)
    #[arg(long, value_name = "ZONE", global = true, value_parser = zone)]
    pub tz: Option<Tz>,

    /// How times are shown: absolute, relative
    #[arg(long, value_name = "HOW", global = true, default_value = "absolute", hide_possible_values = true)]
    pub time: TimeWord,

    /// Print what is taller than the screen, without a pager ($KROSYN_AUDIT_PAGER, $PAGER, less)
    #[arg(long, global = true)]
    pub no_pager: bool,

    /// Say nothing but errors
    #[arg(short, long, global = true)]
    pub quiet: bool,

    /// Say more: which server is asked and how it answers; in status, who says what each setting is
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    pub verbose: bool,
}

/// A theme's name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ThemeWord {
    /// Red and green.
    #[default]
    Default,
    /// Orange and blue.
    Colorblind,
    /// No hue.
    Mono,
}

/// How times are shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum TimeWord {
    /// As dates.
    #[default]
    Absolute,
    /// As ages.
    Relative,
}

fn zone(text: &str) -> Result<Tz, String> {
    time::zone(text).map_err(|error| error.to_string())
}

impl AppearanceArgs {
    /// How rendered text is to look on this terminal.
    pub(crate) fn look(&self, terminal: &Terminal, time: TimeContext, truncate: bool) -> Style {
        let theme = match self.theme {
            ThemeWord::Default => Theme::Default,
            ThemeWord::Colorblind => Theme::Colorblind,
            ThemeWord::Mono => Theme::Mono,
        };
        let (width, colour) = (terminal.width, terminal.colours_stdout());
        Style {
            width,
            colour,
            theme,
            ascii: self.ascii,
            truncate,
            relative: self.time == TimeWord::Relative,
            time,
        }
    }
}

/// A form of output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people: cut to the terminal's width.
    Table,
    /// The same with more columns.
    Wide,
    /// One JSON document that says whether it is complete.
    Json,
    /// One JSON object a line.
    Jsonl,
    /// Comma-separated, with a header.
    Csv,
    /// Tab-separated: fixed columns, no header, full values, UTC.
    Tsv,
}

impl Format {
    /// Whether errors are also told as JSON.
    #[must_use]
    pub(crate) const fn is_json(self) -> bool {
        matches!(self, Self::Json | Self::Jsonl)
    }
}

/// How a list of entries is written.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct ListOutputArgs {
    /// table, wide, json, jsonl, csv or tsv (default: table on a terminal, tsv in a pipe)
    #[arg(long, value_name = "FORMAT", hide_possible_values = true)]
    pub format: Option<Format>,

    /// Which columns: a,b or +a or -b; help lists them
    #[arg(long, value_name = "COLUMNS", allow_hyphen_values = true)]
    pub columns: Option<String>,

    /// Write to this file, which appears when it is whole; .gz and .zst compress
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Replace a file that is already there
    #[arg(long)]
    pub force: bool,

    /// Cut nothing
    #[arg(long)]
    pub no_trunc: bool,

    /// Leave cells that a spreadsheet would compute as they are
    #[arg(long)]
    pub no_formula_guard: bool,

    /// Begin CSV with a byte order mark, as some spreadsheets want it
    #[arg(long)]
    pub bom: bool,

    /// Whether each changed field has a row of its own, as `export --explode` asks.
    #[arg(skip)]
    pub explode: bool,

    /// The most characters of a cell, as `export --max-cell` asks.
    #[arg(skip)]
    pub max_cell: Option<usize>,
}
