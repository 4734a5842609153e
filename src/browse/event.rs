//! The events that change the state, and the effects that the state requests.

use ratatui::crossterm::event::{KeyEvent, MouseEvent};
use ratatui::layout::Size;

use crate::browse::content::DocumentContent;
use crate::browse::window::{LoadedPage, PageAnchor};
use crate::model::entry::Entry;
use crate::model::facets::Facets;
use crate::model::filter::{Filter, Resource};
use crate::model::hold::ActiveHold;
use crate::model::page::{Order, Position};
use crate::model::timestamp::Timestamp;

/// The number of an effect. Its result carries the same number, so that a result that is no longer wanted is dropped.
pub(crate) type EffectId = u64;

/// An event: input, a result of an effect, or the passing of time.
#[derive(Debug)]
pub(crate) enum ScreenEvent {
    Key(KeyEvent),
    Mouse(MouseEvent),
    /// Text that the terminal pasted.
    Paste(String),
    Resize(Size),
    /// The result of an effect, or why it failed.
    Done(EffectId, Result<EffectResult, String>),
    /// The time of an [`Effect::Wait`] is over.
    Elapsed(EffectId),
    /// The current time, from which relative times are counted.
    Now(Timestamp),
}

#[derive(Debug)]
pub(crate) enum EffectResult {
    Page(LoadedPage),
    Facets(Facets),
    /// The holds that the token may see.
    Holds(Vec<ActiveHold>),
    Content(Box<DocumentContent>),
    /// A time that was looked up.
    Time(Timestamp),
    /// A message about what was written.
    Exported(String),
}

/// A page to load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LoadRequest {
    pub(crate) filter: Filter,
    pub(crate) order: Order,
    pub(crate) anchor: PageAnchor,
    /// Leaves out entries with a higher id.
    pub(crate) as_of: Option<u64>,
}

/// A document that is computed from entries of the server.
#[derive(Debug, Clone)]
pub(crate) enum Reading {
    Blame(Resource),
    State(Resource, Position),
    Difference(Resource, [Position; 2]),
    Revert(Box<Entry>),
}

impl Reading {
    /// The title while it loads.
    pub(crate) fn title(&self) -> String {
        match self {
            Self::Blame(resource) => format!("Blame of {resource}"),
            Self::State(resource, _) => format!("State of {resource}"),
            Self::Difference(resource, _) => format!("Difference of {resource}"),
            Self::Revert(entry) => format!("Revert plan of entry {}", entry.id),
        }
    }
}

/// The entries of an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ExportSource {
    Matching(Box<Filter>, Order),
    Marked(Vec<u64>),
}

/// How long to wait before an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delay {
    /// Until typing pauses.
    Typing,
    /// Until the next look for new entries.
    Follow,
}

/// Work for the caller of [`crate::browse::state::Browser::update`].
#[derive(Debug)]
pub(crate) enum Effect {
    Load(EffectId, Box<LoadRequest>),
    CountFacets(EffectId, Box<Filter>),
    ReadHolds(EffectId),
    Read(EffectId, Reading),
    /// Looks up the time of an entry.
    TimeOf(EffectId, u64),
    Export(EffectId, String, ExportSource),
    Copy(String),
    Wait(EffectId, Delay),
    Suspend,
    /// Draws the whole screen again: another program may have written on it.
    Redraw,
    /// Ends the command as Ctrl-C does.
    Interrupt,
    Quit,
}
