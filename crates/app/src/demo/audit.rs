//! The promises, checked from outside while the demonstration runs: against what was said before, and at the end
//! against the venue's own ledger, never against the engine's opinion alone.

use super::cast::Cast;
use backstop_core::{Engine, PositionRead};
use backstop_model::{PositionSide, Price, Quantity};
use backstop_sim::PositionView;
use std::collections::BTreeMap;

/// What has been seen so far.
#[derive(Default)]
pub struct Audit {
    stops: BTreeMap<(String, u8), Price>,
    violations: Vec<String>,
}

impl Audit {
    /// Looks at one position after a step.
    pub fn look(&mut self, read: &PositionRead) {
        let document = &read.document;
        let id = &document.position_id;
        let closed = document.partial_exits.iter().try_fold(Quantity::ZERO, |sum, exit| sum.plus(exit.quantity_closed));
        let whole = closed.and_then(|closed| closed.plus(document.current_quantity));
        if whole != Ok(document.original_quantity) {
            self.violations.push(format!("{id}: closed and remaining do not make {} (I1)", document.original_quantity));
        }
        if let Some(stop) = document.current_stop_loss {
            let last = self.stops.insert((id.clone(), document.tranche), stop);
            if let Some(last) = last.filter(|last| document.side.is_better(*last, stop)) {
                self.violations.push(format!("{id}: the stop was loosened from {last} to {stop} (I3)"));
            }
        }
        if !document.tp_levels_hit.is_sorted() {
            self.violations.push(format!("{id}: levels hit out of order {:?}", document.tp_levels_hit));
        }
    }

    /// Looks at the venues when all is done: same quantities, every open position under a working stop.
    pub fn close(&mut self, cast: &Cast, engine: &Engine) {
        for player in &cast.players {
            let account = player.account.name;
            let Some(view) = player.venue.exchange().view(account.as_str(), player.venue.exchange().now()) else {
                continue;
            };
            let key = player.key();
            let open = view.positions.iter().filter(|position| position.side == key.side);
            let theirs = sum(open.clone().map(|position| position.quantity));
            let ours = engine.positions().filter(|position| position.key.of_deal(None) == key);
            let ours = sum(ours.map(backstop_core::position::Position::quantity));
            if ours != theirs {
                self.violations.push(format!("{account}: the venue has {theirs}, the engine {ours} (I38)"));
            }
            if view.positions.iter().any(|position| position.side != key.side && !position.quantity.is_zero()) {
                self.violations.push(format!("{account}: the position was flipped (I1)"));
            }
            let stops = view.orders.iter().filter_map(|order| covers(order, key.side, theirs));
            let stopped =
                |position: &&PositionView| position.deal.as_ref().is_some_and(|deal| deal.levels.stop.is_some());
            let covered = sum(stops.chain(open.filter(stopped).map(|position| position.quantity)));
            if covered < theirs {
                self.violations.push(format!("{account}: {theirs} is open without a working stop (I25)"));
            }
        }
    }

    /// What was broken.
    #[must_use]
    pub fn violations(&self) -> &[String] {
        &self.violations
    }
}

fn sum(quantities: impl Iterator<Item = Quantity>) -> Quantity {
    quantities.fold(Quantity::ZERO, |sum, one| sum.plus(one).unwrap_or(sum))
}

/// What of a position a stop is for; each tranche may have its own.
fn covers(order: &backstop_sim::OrderView, side: PositionSide, quantity: Quantity) -> Option<Quantity> {
    let is_stop = matches!(order.kind, backstop_sim::Kind::StopMarket { .. });
    (is_stop && order.side == side.closing()).then(|| order.quantity.unwrap_or(quantity))
}
