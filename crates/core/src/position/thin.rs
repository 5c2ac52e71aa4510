//! A position that is larger than what rests in the book near the price: its own stop would move the market (F-G05). People are
//! told once, and again when it has grown; nothing is sent for it, and no stop is moved.

use super::{Ctx, Out, Position};
use backstop_model::{Depth, Quantity, Severity};

impl Position {
    /// The venue has said how deep the book is.
    pub(crate) fn hear_depth(&mut self, depth: &Depth, ctx: Ctx, out: &mut Out) {
        let (key, open) = (self.key, self.quantity());
        let takes = depth.takes(key.side);
        let Some(live) = self.live.as_mut().filter(|_| !open.is_zero() && !ctx.leaves_alone()) else { return };
        let told = live.aside.told_thin.get().unwrap_or(Quantity::ZERO);
        if open <= takes || open <= told {
            return;
        }
        live.aside.told_thin.put(Some(open));
        let text = format!(
            "{} {}: {open} is open, and {takes} rests within one percent of the price: its stop would move the market and fill far beyond its price; make the position smaller",
            ctx.instrument.symbol, key.side
        );
        out.tell(Severity::Alarm, key, text);
    }
}
