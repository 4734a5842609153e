//! Asks before entries are lost.

use crate::commands::Context;
use crate::error::Failure;
use crate::exit;

/// Asks the user to type a text. Without a terminal this is refused.
pub(super) async fn confirm(
    context: &mut Context,
    expected: &str,
    purpose: &str,
    unchanged: &str,
) -> Result<(), Failure> {
    let Some(prompts) = context.terminal.prompts() else {
        let message = format!("confirmation needed, but this is not a terminal: {unchanged}");
        return Err(Failure::new(exit::REFUSED, message).hint("add --yes to do it without a prompt"));
    };
    let typed = prompts.line(&format!("Type {expected} to {purpose}")).await?;
    if typed.trim() == expected {
        return Ok(());
    }
    Err(Failure::new(exit::REFUSED, format!("not confirmed: {unchanged}")))
}
