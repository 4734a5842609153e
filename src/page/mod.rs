//! The views of the page for browsers: model values in, markup out. A view reads no store, no request and no clock.
//!
//! All text of the log passes [`text::shown`], as in the terminal, before it is escaped for HTML.

pub(crate) mod changes;
pub(crate) mod entry;
pub(crate) mod filters;
pub(crate) mod list;
pub(crate) mod message;
pub(crate) mod resource;
pub(crate) mod retention;
pub(crate) mod shell;
pub(crate) mod sign_in;
pub(crate) mod text;

/// The style sheet.
pub(crate) const CSS: &str = include_str!("page.css");
/// The script. Everything but its conveniences works without it.
pub(crate) const JS: &str = include_str!("page.js");

#[cfg(test)]
mod tests {
    #[test]
    fn the_script_is_at_most_8_kb() {
        assert!(super::JS.len() <= 8 * 1024, "{} bytes", super::JS.len());
    }
}
