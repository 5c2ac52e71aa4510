//! What a preview foretells is what the engine does: a price walks the way that the preview describes, and after each
//! step the stop and what remains are where its row has them.

use super::drawn::Case;
use super::run::Run;
use backstop_core::exits::trailing_stop::Phase;
use backstop_core::preview::{self, AssumedCosts, Preview, Row};
use backstop_core::volatility::Volatility;
use backstop_model::{Price, Prices, Quantity, Span, TrailedBy};

impl Run {
    /// The preview of this run's plan for its entry.
    fn foretell(&self, entry: Price, quantity: Quantity) -> Preview {
        let (plan, instrument, capability) = (&self.plan, &self.instrument, &self.account.capability);
        let side = self.case.side;
        let (volatility, costs) = (&Volatility::default(), AssumedCosts::NONE);
        let case = preview::Case { plan, instrument, capability, side, entry, quantity, volatility, costs };
        preview::preview(&case).unwrap_or_else(|wrong| panic!("{}: {wrong}", self.case.plan))
    }

    /// Stands at a price until everything that belongs there has happened.
    fn stand_at(&mut self, price: Price) {
        for _ in 0..24 {
            self.move_to(Prices::all(price), true);
            self.deliver();
            self.pass(Span::from_secs(3));
        }
    }

    /// Of two steps at one price either may come first: they lead to the same place, for one reason or the other.
    fn compare(&self, row: &Row, is_alone: bool) {
        let name = format!("{} at {} of {} {:?}", row.event, row.price, self.case.plan, self.case.side);
        let position = self.engine.position(crate::builders::key(self.case.side)).expect("it was opened");
        let live = position.live.as_ref();
        assert_eq!(live.map_or(Quantity::ZERO, |live| live.remaining()), row.remaining, "what remains after {name}");
        let Some(tranche) = live.and_then(|live| live.open().next()) else { return };
        assert_eq!(tranche.stop.map(|stop| stop.price), row.stop_after, "the stop after {name}");
        if is_alone {
            let reason = tranche.stop.map(|stop| stop.basis.reason());
            assert_eq!(reason, row.stop_reason, "why the stop is there after {name}");
        }
        if let (Some(foretold), Some(trail)) = (row.trail_after, tranche.trail) {
            let Phase::Active { level, .. } = trail.phase else { panic!("the trail is not active after {name}") };
            if trail.by != TrailedBy::Venue {
                return assert_eq!(level, Some(foretold), "the trail after {name}");
            }
            let toy = self.toy(self.case.side);
            let Some(there) = toy.trail_level() else {
                // One that had to be placed anew, too close to its activation, waits a little farther out (product.md §2.3).
                let waits = toy.trail_waits_for().is_some_and(|at| self.case.side.is_better(at, row.price));
                return assert!(waits, "no trail rests after {name}");
            };
            // The venue's own keeps to no grid of prices.
            let off = there.above(foretold).absolute().unwrap();
            assert!(
                off <= self.instrument.tick.as_points(),
                "the venue's trail is at {there}, not {foretold}, after {name}"
            );
        }
    }
}

/// Plays what the preview of a case foretells. Costs are left out, because the toy's fees are its own; so are time
/// limits, because the price stands still for a while at each step.
pub fn walk(mut case: Case) {
    case.plan = case.plan.replace("; time-limit 60s", "");
    if case.instrument.contains("taker") {
        case.instrument = "";
    }
    case.actions.clear();
    let mut run = Run::new(case);
    let entry = run.price(run.case.entry);
    let quantity = run.quantity(run.case.quantity).max(run.instrument.min_quantity);
    let foretold = run.foretell(entry, quantity);
    run.move_to(Prices::all(entry), true);
    run.deliver();
    let side = run.case.side;
    run.toy_mut(side).by_hand(true, entry, quantity);
    run.deliver();
    for (index, row) in foretold.rows.iter().enumerate() {
        let is_last_there = foretold.rows.get(index + 1).is_none_or(|next| next.price != row.price);
        if is_last_there {
            run.stand_at(row.price);
            let is_alone = foretold.rows.iter().filter(|other| other.price == row.price).count() == 1;
            run.compare(row, is_alone);
        }
    }
}
