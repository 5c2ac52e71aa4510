//! Moves of the stop that were considered and not made: the trail's, and those that the ladder still waits with.
//!
//! The rules are asked again, with the core's own functions, on the prices of the record.

use super::{Decision, Scene};
use backstop_core::exits::stop_loss::{Basis, StopLevel, Verdict, judge};
use backstop_core::exits::trailing_stop::{Phase, Trail, smallest_move};
use backstop_core::position::{Ctx, Tranche};
use backstop_model::plan::{ExitPlan, TrailedBy};
use backstop_model::{PositionKey, PositionSide, Price, Series};

/// What one open position could have done with its stops at this record and did not.
pub(super) fn considered(scene: &Scene, key: PositionKey) -> Vec<Decision> {
    let (Some(position), Some(ctx)) = (scene.after.position(key), scene.after.ctx(key, scene.record.at)) else {
        return Vec::new();
    };
    let Some((live, plan)) = position.live.as_ref().and_then(|live| Some((live, live.plan.as_ref()?))) else {
        return Vec::new();
    };
    let before = scene.before.position(key).filter(|before| before.epoch == position.epoch);
    let mut decisions = Vec::new();
    for tranche in live.open().filter(|tranche| tranche.closing.is_none()) {
        let was = before.and_then(|before| before.live.as_ref()?.tranche(tranche.id)).and_then(|tranche| tranche.stop);
        let Some(stop) = tranche.stop.filter(|stop| was == Some(*stop)) else { continue };
        let look = Look { side: key.side, ctx, plan, tranche, stop };
        let not_made = [tranche.aside.proposal.get().and_then(|proposal| look.ladder(proposal)), look.trail()];
        let not_made: Vec<(String, String)> = not_made.into_iter().flatten().collect();
        if !not_made.is_empty() {
            let name = if tranche.id.0 > 1 { format!(" of tranche {}", tranche.id.0) } else { String::new() };
            let decided = format!("leave the stop{name} at {}", stop.price);
            let because = "nothing asks for a tighter one that may go there now".to_owned();
            let decision = Decision { decided, because, ..Decision::default() };
            decisions.push(not_made.into_iter().fold(decision, |decision, (instead, why)| decision.or(instead, why)));
        }
    }
    decisions
}

/// One tranche and what it is looked at with.
struct Look<'a> {
    side: PositionSide,
    ctx: Ctx<'a>,
    plan: &'a ExitPlan,
    tranche: &'a Tranche,
    stop: StopLevel,
}

impl Look<'_> {
    fn best(&self, series: Series) -> Option<Price> {
        let range = self.ctx.board.range_since(series, self.tranche.window)?;
        Some(match self.side {
            PositionSide::Long => range.high,
            PositionSide::Short => range.low,
        })
    }

    fn judged(&self, place: StopLevel) -> Verdict {
        let source = self.plan.stop_loss.trigger.series(self.side);
        let best = place.hit_since(self.best(source));
        judge(self.side, self.stop.price, place.price, self.ctx.board.price(source), best)
    }

    fn ladder(&self, proposal: StopLevel) -> Option<(String, String)> {
        let instead = format!("move the stop to {} ({})", proposal.price, proposal.basis.reason());
        Some((instead, verdict(self.judged(proposal))?.to_owned()))
    }

    fn trail(&self) -> Option<(String, String)> {
        let (trail, trailing) = (self.tranche.trail?, self.plan.trailing?);
        let best = self.best(trailing.trigger.series(self.side))?;
        let Phase::Active { level, moved_at } = trail.phase else {
            let activation = trail.activation?;
            let why = format!("it is active from {activation}, the best price so far is {best}");
            return Some(("let the trail follow".to_owned(), why));
        };
        let candidate = trail.behind.stop(self.side, best, self.ctx.instrument.tick).ok()?;
        let instead = format!("move the stop to {candidate}, behind the best price {best}");
        if trail.by == TrailedBy::Venue {
            return Some((instead, "the venue's own trailing order follows; the hard stop stays behind it".to_owned()));
        }
        if moved_at == Some(self.ctx.now) {
            return None;
        }
        let standing = level.map_or(self.stop.price, |level| self.side.better(level, self.stop.price));
        Some((instead, self.why_not(trail, candidate, standing, best)?))
    }

    fn why_not(&self, trail: Trail, candidate: Price, standing: Price, best: Price) -> Option<String> {
        if !self.side.is_better(candidate, standing) {
            return Some(format!("it is no tighter than {standing}"));
        }
        let smallest = smallest_move(best, self.ctx.instrument.tick, self.ctx.board.spread()).ok()?;
        let distance = candidate.above(standing).absolute().ok()?;
        if distance < smallest {
            return Some(format!("{distance} pt is less than the smallest move, {smallest} pt"));
        }
        if let Some(until) = self.tranche.trail_not_before.filter(|until| self.ctx.now < *until) {
            return Some(format!(
                "the last move is less than a second ago; {} ms to go",
                until.since(self.ctx.now).as_millis()
            ));
        }
        match trail.by {
            TrailedBy::Amend => {
                verdict(self.judged(StopLevel { price: candidate, basis: Basis::Trail })).map(str::to_owned)
            }
            TrailedBy::Engine => Some("the engine watches this level itself; the hard stop stays".to_owned()),
            TrailedBy::Venue => None,
        }
    }
}

/// Why a place for the stop is not taken.
const fn verdict(verdict: Verdict) -> Option<&'static str> {
    match verdict {
        Verdict::Take => None,
        Verdict::Hit => Some("its own price has already come back through it: that is a stop hit"),
        Verdict::NotYet => Some("its own price has never been beyond it; it is looked at again on the next price"),
        Verdict::Useless => Some("it is no tighter than the stop that stands"),
    }
}
