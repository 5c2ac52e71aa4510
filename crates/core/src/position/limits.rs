//! What the owner has limited an account to, seen from one of its positions: symbols that are not touched, and how large a
//! position others may open before people are told.

use super::{Ctx, Out, Position};
use backstop_model::{Money, OutOfRange, Severity};

impl Ctx<'_> {
    /// The account is limited to other symbols: the position is shown, and nothing is sent for it.
    pub(crate) fn leaves_alone(&self) -> bool {
        !self.account.limits.cover(self.instrument.symbol)
    }
}

impl Position {
    /// Says once that a position is larger than the owner wants any to be. It is looked after all the same.
    ///
    /// # Errors
    /// [`OutOfRange`] when a number leaves its range.
    pub(super) fn watch_worth(&mut self, ctx: Ctx, out: &mut Out) -> Result<(), OutOfRange> {
        let key = self.key;
        let (Some(most), Some(live)) = (ctx.account.limits.max_notional, &mut self.live) else { return Ok(()) };
        let worth = live.open().try_fold(Money::ZERO, |sum, tranche| sum.plus(tranche.cost_left))?;
        let worth = worth.valued(ctx.instrument.value_per_point)?;
        let is_too_large = worth > most;
        if is_too_large && !live.told_worth {
            let text = format!(
                "{} {}: worth {worth}, more than max_notional {most}; it is protected all the same, nothing is added to it",
                ctx.instrument.symbol, key.side
            );
            out.tell(Severity::Warning, key, text);
        }
        live.told_worth = is_too_large;
        Ok(())
    }
}
