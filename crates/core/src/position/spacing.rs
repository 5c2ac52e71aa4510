//! A stop that is wanted nearer to the price than the venue takes it rests at the nearest place that loosens nothing;
//! Backstop watches the wanted one (F-C20).
//!
//! The wanted place stays in [`Tranche::stop`]: every rule, the backup and the documents speak of it. What is asked of the
//! venue instead stands here, and only as long as it differs. How far is far enough is `exits/spacing`.

use super::guarantee::{Guarantee, is_offered};
use super::scene::Scene;
use super::{Ctx, Live, Out, Position, Tranche};
use crate::exits::arm::toward_market;
use crate::exits::spacing::{learned, nearest, wide_grid};
use crate::exits::stop_loss::StopLevel;
use crate::exits::trailing_stop::{PAUSE, smallest_move};
use crate::orders::{Change, Leg, OpenOrder, OrderState, Wanted};
use backstop_model::{
    Epoch, ExitPlan, LeastDistance, OrderKind, OutOfRange, Points, PositionSide, Price, Series, Severity, Span,
    Timestamp, TrancheId,
};
use serde::{Deserialize, Serialize};

/// So long a refusal as too near widens the distance: rules change with the market, and so do prices under way. Each time
/// that the wanted place is refused once more after that, it counts twice as long.
const REMEMBERED: Span = Span::from_secs(60);
/// So often it is doubled: to about an hour.
const MOST_DOUBLED: u8 = 6;

/// Where the stop of a tranche rests instead, and what is known of the venue's patience.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Spacing {
    /// Where it is asked for, looser than wanted; none while it may rest where it is wanted.
    pub at: Option<Price>,
    /// When the venue was last asked for such a place: the next one comes a while later.
    pub asked_at: Option<Timestamp>,
    /// What a refusal as too near has taught: the venue wants at least so much, in points of price.
    pub learned: Option<Points>,
    /// When that was.
    pub refused_at: Option<Timestamp>,
    /// When a move of a resting stop was refused that was smaller than is worth while: none as small is asked for a while.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step_refused_at: Option<Timestamp>,
    /// How often it was forgotten in vain.
    #[serde(default)]
    pub in_vain: u8,
    /// A guaranteed stop is wanted, and could be had only by loosening the ordinary one that rests: it waits.
    #[serde(default)]
    pub ordinary: bool,
    /// People know.
    pub told: bool,
    /// People know that the guarantee waits.
    #[serde(default)]
    pub told_ordinary: bool,
}

impl Spacing {
    /// The distance that a refusal has taught, as long as it counts.
    #[must_use]
    pub fn remembered(&self, now: Timestamp) -> Option<Points> {
        self.learned.filter(|_| self.forgets_at().is_some_and(|at| now < at))
    }

    /// When that distance counts no more.
    fn forgets_at(&self) -> Option<Timestamp> {
        let counts = REMEMBERED.times(1 << self.in_vain.min(MOST_DOUBLED));
        Some(self.refused_at?.plus(counts))
    }

    /// When the stop may rest at another place, whatever the price does.
    pub(super) fn looks_at(&self, now: Timestamp) -> Option<Timestamp> {
        let moves_at = self.asked_at.map(|asked_at| asked_at.plus(PAUSE));
        let all = self.at.map(|_| [moves_at, self.forgets_at(), self.steps_again_at()]);
        all.into_iter().flatten().flatten().filter(|at| *at > now).min()
    }

    /// When a small move may be asked for again.
    fn steps_again_at(&self) -> Option<Timestamp> {
        self.step_refused_at.map(|at| at.plus(REMEMBERED))
    }

    /// The venue wants at least so much.
    fn learn(&mut self, least: Points, now: Timestamp) {
        if self.learned.is_some() && self.remembered(now).is_none() {
            self.in_vain = self.in_vain.saturating_add(1).min(MOST_DOUBLED);
        }
        self.learned = self.learned.max(Some(least));
        self.refused_at = Some(now);
    }
}

impl Live {
    /// The venue is being asked for a stop at a place.
    pub(crate) fn note_stop_asked(&mut self, at: Price, now: Timestamp) {
        let spaced = |tranche: &&mut Tranche| tranche.spacing().at == Some(at);
        let note = |tranche: &mut Tranche| tranche.note_spacing(Spacing { asked_at: Some(now), ..tranche.spacing() });
        self.tranches.iter_mut().filter(spaced).for_each(note);
    }
}

impl Tranche {
    /// Where the stop rests instead, and what is known of the venue's patience.
    #[must_use]
    pub fn spacing(&self) -> Spacing {
        self.aside.spacing.get().unwrap_or_default()
    }

    pub(super) fn note_spacing(&mut self, spacing: Spacing) {
        if spacing != self.spacing() {
            self.aside.spacing.put(Some(spacing).filter(|spacing| *spacing != Spacing::default()));
        }
    }

    /// The stop as it is asked of the venue.
    #[must_use]
    pub fn resting_stop(&self) -> Option<StopLevel> {
        self.stop.map(|stop| StopLevel { price: self.spacing().at.unwrap_or(stop.price), ..stop })
    }
}

/// Takes note that the venue has refused a place as too near to the price.
pub(super) fn note_refusal(tranche: &mut Tranche, asked: Option<Price>, scene: &Scene) {
    let (ctx, side) = (scene.ctx, scene.side());
    // Without a price the venue is the judge, and the pauses after refusals grow.
    let (Some(asked), Some(price)) = (asked, ctx.board.price(Series::executable(side))) else { return };
    if let Ok(least) = learned(asked, price, ctx.instrument.tick) {
        let mut spacing = tranche.spacing();
        spacing.learn(least, ctx.now);
        tranche.note_spacing(spacing);
    }
}

/// Takes note that the venue has refused a move as small as that. Some venues have no word of their own for it (venues/ig.md
/// §6, `minStepDistance`), so nothing is learned of how near a stop may stand.
pub(super) fn note_step_refused(tranche: &mut Tranche, scene: &Scene) {
    tranche.note_spacing(Spacing { step_refused_at: Some(scene.ctx.now), ..tranche.spacing() });
}

impl Position {
    /// A target so near to the price that the venue would not take it is not asked for: it rests when the price has gone,
    /// or is taken when it comes. One that rests already stays.
    pub(super) fn waits_for_distance(&self, want: &Wanted, ctx: Ctx) -> bool {
        let level = match (want.leg, want.kind) {
            (Leg::Target(_), OrderKind::Limit { price, .. }) => price,
            (Leg::Target(_), OrderKind::TakeProfitMarket(trigger)) => trigger.price,
            _ => return false,
        };
        is_within_distance(level, self.key.side, ctx) && !rests(want.tranche, want.leg, &self.orders, self.epoch)
    }
}

/// Whether a level lies nearer to the price it would close at than the venue takes one.
pub(super) fn is_within_distance(level: Price, side: PositionSide, ctx: Ctx) -> bool {
    let (Some(least), Some(price)) = (ctx.instrument.least_distance, ctx.board.price(Series::executable(side))) else {
        return false;
    };
    let gap = level.above(price).absolute();
    gap.is_ok_and(|gap| least.at(price).is_ok_and(|least| gap < least))
}

/// From which price on a stop wanted there could have to rest farther out, or a little before; none without a rule.
pub(super) fn spaced_from(tranche: &Tranche, wanted: Price, side: PositionSide, ctx: Ctx) -> Option<Price> {
    let rules = [ctx.instrument.least_distance, for_guaranteed(ctx)].into_iter().flatten();
    let prices = [Some(wanted), ctx.board.price(Series::executable(side))];
    let known = rules.flat_map(|least| prices.into_iter().flatten().filter_map(move |price| least.at(price).ok()));
    let least = known.chain(tranche.spacing().learned).max()?;
    let farthest = match side {
        PositionSide::Long => wanted.plus(least).and_then(|at| at.plus(ctx.instrument.tick.as_points())),
        PositionSide::Short => wanted.minus(least).and_then(|at| at.minus(ctx.instrument.tick.as_points())),
    };
    farthest.ok()
}

/// Whether a leg has an order that may still execute.
pub(super) fn rests(tranche: TrancheId, leg: Leg, orders: &[OpenOrder], epoch: Epoch) -> bool {
    let its = |order: &&OpenOrder| order.tranche == tranche && order.leg == leg && order.epoch == epoch;
    orders.iter().filter(its).any(OpenOrder::is_live)
}

/// Chooses the place that is asked of the venue, and whether it can be a guaranteed one there. `attached` is where a stop stands that
/// came with the entry and is not known as an order yet.
///
/// # Errors
/// [`OutOfRange`] when a number leaves its range.
pub(super) fn keep_distance(
    tranche: &mut Tranche,
    attached: Option<Price>,
    scene: &Scene,
    out: &mut Out,
) -> Result<(), OutOfRange> {
    let (Some(stop), None, false) = (tranche.stop, tranche.closing, tranche.is_closed()) else { return Ok(()) };
    let before = tranche.spacing();
    let step = before.steps_again_at().filter(|at| scene.ctx.now < *at);
    let stays = step.and_then(|_| within_a_step(tranche, stop.price, scene));
    let (place, ordinary) =
        stays.map_or_else(|| choose(tranche, stop.price, scene), |at| Ok((Some(at), before.ordinary)))?;
    // Never looser than the one that came with the entry, which stands.
    let place = place.map(|place| attached.map_or(place, |attached| scene.side().better(place, attached)));
    let place = place.map(|place| as_put(tranche, place, ordinary, scene)).transpose()?;
    let place = place.filter(|place| *place != stop.price);
    let tells_ordinary = ordinary && !before.told_ordinary;
    let tells = place.filter(|place| stays.is_none() && !before.told && scene.side().is_better(stop.price, *place));
    tranche.note_spacing(Spacing {
        at: place,
        ordinary,
        told_ordinary: before.told_ordinary || tells_ordinary,
        told: before.told || tells.is_some(),
        ..before
    });
    if tells_ordinary {
        let text = "the price is too near for a guaranteed stop: the ordinary one stays until it has gone";
        let severity = if tranche.aside.weekend.is_some() { Severity::Alarm } else { Severity::Warning };
        scene.tell(severity, tranche.id, text, out);
    }
    if let Some(place) = tells {
        let text = format!(
            "the venue takes no stop as near to the price as {}: it rests at {place}, Backstop watches {} and closes there",
            stop.price, stop.price
        );
        scene.tell(Severity::Warning, tranche.id, &text, out);
    }
    Ok(())
}

/// A place that is off the grid by now, and that no order asks for any more: as it was put on the grid where it has been (F-G02).
/// Otherwise a move that nobody has answered would bring the old place back with every look.
fn as_put(tranche: &Tranche, place: Price, ordinary: bool, scene: &Scene) -> Result<Price, OutOfRange> {
    let tick = scene.ctx.instrument.tick;
    let asked = (place, tranche.guarantee == Guarantee::Wanted && !ordinary);
    let mut orders = scene.protecting(tranche.id).filter(|order| !order.is_lost());
    if place.is_on_tick(tick) || orders.any(|order| asked_at(order) == Some(asked)) {
        return Ok(place);
    }
    let put = toward_market(scene.side(), place, tick)?;
    let places = [tranche.spacing().at, tranche.stop.map(|stop| stop.price)];
    Ok(if places.contains(&Some(put)) { put } else { place })
}

/// Where the stop rests, confirmed, when a place is nearer than that by less than is worth while.
pub(super) fn within_a_step(tranche: &Tranche, wanted: Price, scene: &Scene) -> Option<Price> {
    let (side, tick) = (scene.side(), scene.ctx.instrument.tick);
    let same = |order: &&OpenOrder| match order.kind {
        OrderKind::StopMarket(trigger) => order.stands() && trigger.guaranteed == tranche.is_guaranteed(),
        _ => false,
    };
    let standing = scene.protecting(tranche.id).filter(same).filter_map(OpenOrder::stop_price);
    let at = standing.reduce(|one, other| side.better(one, other))?;
    let by = wanted.above(at).absolute().ok()?;
    (side.is_better(wanted, at) && by < smallest_move(wanted, tick, None).ok()?).then_some(at)
}

/// The place where it differs from the wanted one, and whether a wanted guarantee waits.
fn choose(tranche: &Tranche, wanted: Price, scene: &Scene) -> Result<(Option<Price>, bool), OutOfRange> {
    let (side, instrument) = (scene.side(), scene.ctx.instrument);
    let usual = instrument.least_distance;
    let resting = placed(tranche, scene);
    let place = resting.map(|(at, _)| at);
    if tranche.guarantee != Guarantee::Wanted {
        return Ok((instead(tranche, wanted, place, usual, scene)?, false));
    }
    let own = for_guaranteed(scene.ctx);
    let Some((at, false)) = resting else { return Ok((instead(tranche, wanted, place, own, scene)?, false)) };
    // An ordinary one rests: the guaranteed one takes its place where that loosens nothing.
    let tightest = side.better(wanted, at);
    let nearest = nearest_now(tranche, own, scene)?.unwrap_or(tightest);
    let upgraded = if side.is_better(tightest, nearest) { nearest } else { tightest };
    if side.is_better(at, upgraded) || tranche.is_stop_held(scene.ctx.now) {
        return Ok((instead(tranche, wanted, place, usual, scene)?, true));
    }
    Ok((Some(upgraded).filter(|place| *place != wanted), false))
}

/// How far from the price a guaranteed stop has to be; none without a rule.
fn for_guaranteed(ctx: Ctx) -> Option<LeastDistance> {
    ctx.instrument.guaranteed.and_then(|terms| terms.least_distance).or(ctx.instrument.least_distance)
}

/// Where an entry that may fill at `fills_at` brings its stop: where it is wanted, or the nearest place that the venue takes. It
/// is an ordinary one, so that no entry is lost for want of a guarantee, but far enough out for a guaranteed one to take its
/// place at once. None when there is no such place.
pub(crate) fn carried_place(
    wanted: Price,
    fills_at: Price,
    plan: &ExitPlan,
    side: PositionSide,
    ctx: Ctx,
) -> Option<Price> {
    let guaranteed = plan.stop_loss.guaranteed.is_wanted() && is_offered(ctx);
    let known = if guaranteed { for_guaranteed(ctx) } else { ctx.instrument.least_distance };
    let Some(least) = known else { return Some(wanted) };
    // The worse one for the side that closes.
    let closes_at = ctx.board.price(Series::executable(side)).unwrap_or(fills_at);
    let price = side.other().better(fills_at, closes_at);
    let nearest = nearest(side, price, least.at(price).ok()?, ctx.instrument.tick)?;
    Some(side.other().better(wanted, nearest))
}

/// The place nearest to the market that the venue takes now; none without a price or a rule.
fn nearest_now(tranche: &Tranche, known: Option<LeastDistance>, scene: &Scene) -> Result<Option<Price>, OutOfRange> {
    let (side, ctx) = (scene.side(), scene.ctx);
    let learned = tranche.spacing().remembered(ctx.now);
    let Some(price) = ctx.board.price(Series::executable(side)) else { return Ok(None) };
    if known.is_none() && learned.is_none() {
        return Ok(None);
    }
    let known = known.map_or(Ok(Points::ZERO), |least| least.at(price))?;
    let tick = ctx.instrument.tick;
    let grid = learned.map_or(tick, |learned| wide_grid(tick, learned));
    Ok(nearest(side, price, known.max(learned.unwrap_or(Points::ZERO)), grid))
}

/// The looser place a stop has to rest at now; none when it may rest, or rests already, where it is wanted.
fn instead(
    tranche: &Tranche,
    wanted: Price,
    resting: Option<Price>,
    known: Option<LeastDistance>,
    scene: &Scene,
) -> Result<Option<Price>, OutOfRange> {
    let (side, ctx, spacing) = (scene.side(), scene.ctx, tranche.spacing());
    let has_rule = known.is_some() || spacing.remembered(ctx.now).is_some();
    if !has_rule || resting.is_some_and(|at| !side.is_better(wanted, at)) {
        return Ok(None);
    }
    // Without a price the venue is the judge.
    let Some(price) = ctx.board.price(Series::executable(side)) else { return Ok(spacing.at) };
    let Some(nearest) = nearest_now(tranche, known, scene)? else { return Ok(resting.or(spacing.at)) };
    if !side.is_better(wanted, nearest) {
        return Ok(None);
    }
    let Some(resting) = resting else {
        // The price is through it and nothing rests: the venue says so, and everything is closed (F-C03).
        return Ok(Some(nearest).filter(|_| !side.hit(price, wanted)));
    };
    let early = spacing.asked_at.is_some_and(|at| ctx.now < at.plus(PAUSE));
    if early || !side.is_better(nearest, resting) || tranche.is_stop_held(ctx.now) {
        return Ok(Some(resting));
    }
    let worth = nearest.above(resting).absolute()? >= smallest_move(price, ctx.instrument.tick, None)?;
    Ok(Some(if worth { nearest } else { resting }))
}

/// Where the tightest stop stands that protects the tranche, or is on its way to stand, and whether it is guaranteed.
fn placed(tranche: &Tranche, scene: &Scene) -> Option<(Price, bool)> {
    let side = scene.side();
    // Never looser than where an unanswered amend may have put it (I3).
    let tightest = |order: &OpenOrder| match (asked_at(order), order.maybe_at) {
        (Some((at, guaranteed)), Some(maybe)) => Some((side.better(at, maybe), guaranteed)),
        (at, maybe) => at.or(maybe.map(|maybe| (maybe, false))),
    };
    let tighter = |a: (Price, bool), b: (Price, bool)| if side.is_better(b.0, a.0) { b } else { a };
    // One that a read has not found holds no place: should it stand after all, it is the nearer one.
    scene.protecting(tranche.id).filter(|order| !order.is_lost()).filter_map(tightest).reduce(tighter)
}

/// Where a stop stands, or is on its way to stand, and whether it is guaranteed there; none of one that goes.
fn asked_at(order: &OpenOrder) -> Option<(Price, bool)> {
    match (order.state, order.kind) {
        (OrderState::Working { change: Some(Change::Amending { price, guaranteed, .. }) }, _) => {
            Some((price, guaranteed))
        }
        (OrderState::Working { change: Some(Change::Cancelling { .. }) } | OrderState::Over { .. }, _) => None,
        (_, OrderKind::StopMarket(trigger)) => Some((trigger.price, trigger.guaranteed)),
        _ => None,
    }
}
