//! The screens of `browse`: a plain state, `update(event) → effects`, and views that draw the state into a buffer.
//!
//! It must not do I/O: `commands::browse` reads keys, runs the effects and returns their results as events.

pub(crate) mod change_set;
pub(crate) mod content;
pub(crate) mod copy;
pub(crate) mod document;
pub(crate) mod event;
pub(crate) mod facet_filter;
pub(crate) mod form;
pub mod frame;
mod input;
pub(crate) mod keys;
pub(crate) mod layout;
pub(crate) mod line_input;
pub(crate) mod list;
mod list_keys;
mod mouse;
mod results;
pub(crate) mod screen_command;
pub(crate) mod state;
mod unknown_key;
pub(crate) mod view;
pub(crate) mod window;

#[cfg(test)]
mod tests;
