//! Flags for appearance (colour, zone, pager) and for output (format, columns, file).

use std::path::{Path, PathBuf};

use chrono_tz::Tz;
use clap::{Args, ValueEnum};

use crate::model::time::{self, TimeContext};
use crate::render::event::EventFormat;
use crate::render::style::{Style, Theme};
use crate::terminal::{ColorWhen, Terminal};

/// Global flags, accepted before and after every command.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Appearance")]
pub(crate) struct AppearanceArgs {
    /// When to use colour: auto, always, never (auto follows NO_COLOR, CLICOLOR_FORCE and TERM=dumb)
    #[arg(long, value_name = "WHEN", global = true, default_value = "auto", hide_possible_values = true)]
    pub color: ColorWhen,

    /// Colour theme: default (red and green), colorblind (orange and blue), mono (no hue)
    #[arg(long, value_name = "THEME", global = true, default_value = "default", hide_possible_values = true)]
    pub theme: Theme,

    /// Use only ASCII characters
    #[arg(long, global = true)]
    pub ascii: bool,

    /// Time zone for times you type and times shown: an IANA name or utc (default: local zone)
    #[arg(long, value_name = "ZONE", global = true, value_parser = zone)]
    pub tz: Option<Tz>,

    /// How to show times: absolute, relative
    #[arg(long, value_name = "HOW", global = true, default_value = "absolute", hide_possible_values = true)]
    pub time: TimeDisplay,

    /// Do not use a pager for output taller than the screen ($KROSYN_AUDIT_PAGER, $PAGER, less)
    #[arg(long, global = true)]
    pub no_pager: bool,

    /// Print only errors and the requested data
    #[arg(short, long, global = true, overrides_with = "quiet")]
    pub quiet: bool,

    /// Print details: the server used and its responses; for status, also where each setting comes from
    #[arg(short, long, global = true, conflicts_with = "quiet", overrides_with = "verbose")]
    pub verbose: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum TimeDisplay {
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
    /// The style of rendered text on this terminal.
    pub(crate) fn style(&self, terminal: &Terminal, time: TimeContext, truncate: bool) -> Style {
        let (width, color) = (terminal.width, terminal.colors_stdout());
        let (ascii, relative) = (self.ascii, self.time == TimeDisplay::Relative);
        Style { width, color, theme: self.theme, ascii, truncate, relative, time }
    }
}

/// An output format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A table for people, cut to the terminal's width.
    Table,
    /// A table with more columns.
    Wide,
    /// One JSON document, which states whether it is complete.
    Json,
    /// One JSON object per line.
    Jsonl,
    /// Comma-separated, with a header.
    Csv,
    /// Tab-separated without a header: fixed columns, full values, times in UTC.
    Tsv,
    /// One event per line, as JSON of the Open Cybersecurity Schema Framework.
    Ocsf,
    /// One event per line, in ArcSight Common Event Format.
    Cef,
    /// One event per line, as JSON of the Elastic Common Schema.
    Ecs,
    /// One event per line, in QRadar Log Event Extended Format.
    Leef,
}

impl Format {
    /// Whether the output is JSON.
    #[must_use]
    pub(crate) const fn is_json(self) -> bool {
        matches!(self, Self::Json | Self::Jsonl | Self::Ocsf | Self::Ecs)
    }

    /// Whether columns can be chosen. The other formats write whole entries.
    #[must_use]
    pub(crate) const fn has_columns(self) -> bool {
        matches!(self, Self::Table | Self::Wide | Self::Csv | Self::Tsv)
    }

    /// The form of the events, if this is a format for SIEMs.
    #[must_use]
    pub(crate) const fn event(self) -> Option<EventFormat> {
        match self {
            Self::Ocsf => Some(EventFormat::Ocsf),
            Self::Cef => Some(EventFormat::Cef),
            Self::Ecs => Some(EventFormat::Ecs),
            Self::Leef => Some(EventFormat::Leef),
            Self::Table | Self::Wide | Self::Json | Self::Jsonl | Self::Csv | Self::Tsv => None,
        }
    }
}

/// How entries are written, and where to. `history`, `list` and `export` share these flags.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputArgs {
    /// Output format: table, wide, json, jsonl, csv, tsv, or events for a SIEM: ocsf, cef, ecs, leef (default: table on a terminal, tsv in a pipe)
    #[arg(long, value_name = "FORMAT", hide_possible_values = true)]
    pub format: Option<Format>,

    /// Columns: a,b replaces the default list, +a adds a column, -b removes one; "help" prints all columns
    #[arg(long, value_name = "COLUMNS", allow_hyphen_values = true)]
    pub columns: Option<String>,

    /// Write to this file instead of stdout; it appears when complete. Names ending in .gz or .zst are compressed
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Replace an existing file
    #[arg(long)]
    pub force: bool,

    /// Do not truncate long cells
    #[arg(long)]
    pub no_trunc: bool,
}

impl OutputArgs {
    /// The file to write; none for stdout, which `-o -` names too.
    pub(crate) fn file(&self) -> Option<&Path> {
        self.output.as_deref().filter(|path| path.as_os_str() != "-")
    }

    /// Whether errors are also printed as JSON.
    pub(crate) fn is_json(&self) -> bool {
        self.format.is_some_and(Format::is_json)
    }
}

/// Options of the CSV dialect.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct CsvArgs {
    /// Do not escape CSV cells that a spreadsheet would run as a formula
    #[arg(long)]
    pub no_formula_guard: bool,

    /// Start CSV with a byte order mark, which some spreadsheets need to detect UTF-8
    #[arg(long)]
    pub bom: bool,
}
