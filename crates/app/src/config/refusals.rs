//! What the owner wants done about refused stops, and what is nonsense or unsafe there.

use super::amounts;
use super::located::Located;
use super::problem::Problem;
use super::wire::{Account, Percent, Unprotectable};
use backstop_model::{OnUnprotectable, Ratio, Refusals};

/// The choices of one account.
pub(super) fn refusals(written: &Account) -> Result<Refusals, Problem> {
    let on_unprotectable = written.on_unprotectable.as_ref().map(on_unprotectable).transpose()?;
    Ok(Refusals { on_unprotectable: on_unprotectable.unwrap_or_default() })
}

fn on_unprotectable(written: &Located<Unprotectable>) -> Result<OnUnprotectable, Problem> {
    const HELP: &str = "write `close`, `keep_trying`, or how near the stop the price has to be: `0.5%`";
    match written.value.0.trim() {
        "close" => Ok(OnUnprotectable::Close),
        "keep_trying" => Ok(OnUnprotectable::KeepTrying),
        text if text.ends_with('%') => {
            let percent = written.with(Percent(text.to_owned()));
            let share = amounts::percent(&percent, "on_unprotectable", 0, 10)?;
            if share <= Ratio::ZERO {
                let message = "on_unprotectable `0%` would wait until the price is at the stop".to_owned();
                return Err(Problem::new(written.at, message, "write `keep_trying` to wait, or a share like `0.5%`"));
            }
            Ok(OnUnprotectable::CloseWithin(share))
        }
        text => Err(amounts::not_a(written.at, text, "way to go on without a stop", HELP)),
    }
}
