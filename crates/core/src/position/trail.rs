//! The trail as a rule: it is activated by the best price and moves the stop after it, or watches its level itself when
//! nobody else can (product.md §2.3).

use super::turn::{DWELL, believed, extreme};
use super::{Ctx, Out, Position};
use crate::exits::stop_loss::{Basis, StopLevel, Verdict, judge};
use crate::exits::trailing_stop::{PAUSE, Phase, Trail, smallest_move};
use backstop_model::plan::TrailedBy;
use backstop_model::{ExitReason, OutOfRange, PositionSide, Price, Series, Severity};

impl Position {
    /// The trail: activation, then the stop after the best price.
    pub(super) fn follow_price(&mut self, ctx: Ctx, out: &mut Out) -> Result<(), OutOfRange> {
        let (key, side) = (self.key, self.key.side);
        let Some(live) = &mut self.live else { return Ok(()) };
        let (Some(mut trail), Some(plan), None) = (live.tranche.trail, live.plan.clone(), live.closing) else {
            return Ok(());
        };
        let Some(trailing) = plan.trailing else { return Ok(()) };
        let series = trailing.trigger.series(side);
        let Some(best) = extreme(side, ctx, series, live.tranche.window) else { return Ok(()) };
        if trail.phase == Phase::Waiting {
            if !trail.is_reached(side, best) {
                return Ok(());
            }
            trail.phase = Phase::Active { level: None, moved_at: None };
            live.tranche.trail = Some(trail);
            out.tell(
                Severity::Note,
                key,
                format!("{} {side}: trailing is active, best price {best}", ctx.instrument.symbol),
            );
        }
        if trail.by == TrailedBy::Venue {
            return Ok(());
        }
        self.move_trail(trail, best, ctx)?;
        self.watch_trail_level(series, ctx, out);
        Ok(())
    }

    /// The price is through the level of a trail that the engine watches: believed at once with a second witness, else
    /// after a moment (F-H01).
    fn watch_trail_level(&mut self, series: Series, ctx: Ctx, out: &mut Out) {
        let (key, side) = (self.key, self.key.side);
        let Some(live) = &mut self.live else { return };
        let Some(trail) = live.tranche.trail.as_mut().filter(|trail| trail.by == TrailedBy::Engine) else { return };
        let (Phase::Active { level: Some(level), .. }, Some(now)) = (trail.phase, ctx.board.price(series)) else {
            return;
        };
        if !side.hit(now, level) {
            trail.passed = None;
            return;
        }
        let since = *trail.passed.get_or_insert(ctx.now);
        let believed = believed(side, level, series, ctx) || ctx.now.since(since) >= DWELL;
        if believed && live.closing.is_none() && ctx.board.fresh(series, ctx.now).is_some() {
            let symbol = ctx.instrument.symbol;
            let text = format!("{symbol} {side}: price {now} is through the trail at {level}; closing at market");
            out.tell(Severity::Note, key, text);
            live.close(ExitReason::TrailingStop, ctx.now);
        }
    }

    fn move_trail(&mut self, mut trail: Trail, best: Price, ctx: Ctx) -> Result<(), OutOfRange> {
        let side = self.key.side;
        let Some(live) = &mut self.live else { return Ok(()) };
        let Phase::Active { level, .. } = trail.phase else { return Ok(()) };
        let Some(stop) = live.tranche.stop else { return Ok(()) };
        if live.tranche.trail_not_before.is_some_and(|not_before| ctx.now < not_before) {
            return Ok(());
        }
        let standing = level.map_or(stop.price, |level| side.better(level, stop.price));
        let candidate = trail.behind.stop(side, best, ctx.instrument.tick)?;
        if !moves_enough(side, standing, candidate, best, ctx, false)? {
            return Ok(());
        }
        live.tranche.trail_not_before = Some(ctx.now.plus(PAUSE));
        if !moves_enough(side, standing, candidate, best, ctx, true)? {
            return Ok(());
        }
        if trail.by == TrailedBy::Amend {
            let source = live.plan.as_ref().map(|plan| plan.stop_loss.trigger.series(side));
            let now = source.and_then(|source| ctx.board.price(source));
            let stop_best = source.and_then(|source| extreme(side, ctx, source, live.tranche.window));
            match judge(side, stop.price, candidate, now, stop_best) {
                Verdict::Take => live.tranche.stop = Some(StopLevel { price: candidate, basis: Basis::Trail }),
                Verdict::Hit => live.close(ExitReason::TrailingStop, ctx.now),
                Verdict::NotYet | Verdict::Useless => return Ok(()),
            }
        }
        trail.phase = Phase::Active { level: Some(candidate), moved_at: Some(ctx.now) };
        live.tranche.trail = Some(trail);
        Ok(())
    }
}

fn moves_enough(
    side: PositionSide,
    standing: Price,
    candidate: Price,
    best: Price,
    ctx: Ctx,
    with_spread: bool,
) -> Result<bool, OutOfRange> {
    if !side.is_better(candidate, standing) {
        return Ok(false);
    }
    let spread = ctx.board.spread().filter(|_| with_spread);
    Ok(candidate.above(standing).absolute()? >= smallest_move(best, ctx.instrument.tick, spread)?)
}
