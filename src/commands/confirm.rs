//! Asks the user to type a text before something is lost.

use crate::commands::Context;
use crate::error::Failure;
use crate::exit;
use crate::render::sanitize::sanitize;

/// What is confirmed.
pub(super) struct Confirmation<'a> {
    /// What the user types. White space does not count: `1 024` is 1024.
    pub(super) expected: &'a str,
    /// Why, behind `Type … to`.
    pub(super) purpose: &'a str,
    /// What `--yes` does without a prompt.
    pub(super) action: &'a str,
    /// What is true otherwise, such as `nothing was deleted`.
    pub(super) unchanged: &'a str,
}

impl Confirmation<'_> {
    /// Asks. Without a terminal this is refused.
    pub(super) async fn ask(self, context: &Context) -> Result<(), Failure> {
        let Self { expected, purpose, action, unchanged } = self;
        let Some(prompts) = context.terminal.prompts() else {
            let message = format!("confirmation needed, but this is not a terminal: {unchanged}");
            let hint = format!("add --yes to {action} without a prompt");
            return Err(Failure::new(exit::REFUSED, message).hint(hint));
        };
        let typed = prompts.line(&format!("Type {} to {purpose}", sanitize(expected))).await?;
        let visible = |text: &str| text.split_whitespace().collect::<String>();
        if visible(&typed) == visible(expected) {
            return Ok(());
        }
        Err(Failure::new(exit::REFUSED, format!("not confirmed: {unchanged}")))
    }
}
