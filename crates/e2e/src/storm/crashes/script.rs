//! The lives of a cell: what brings its command about, and where the process dies over it.

use super::{Cell, Kind, Place};
use crate::storm::life::{Act, Grid, Hand, Life, VenueKind, Wish};
use crate::storm::trap::{Aim, Fate, Point, Reach, Trap};
use backstop_model::plan::{
    Distance, ExitPlanSpec, OnInvalid, Rest, StopLoss, TakeProfit, TakeProfits, TrailDistance, TrailedBy, TrailingStop,
};
use backstop_model::{Adopt, Name, PositionMode, PositionSide, Ratio, Span, TriggerSource};

/// A market of 50,000.0 in tenths.
const GRID: Grid =
    Grid { tick: "0.1", step: "0.001", min_steps: 1, min_notional: "0", least_steps: 1, start: START as u32 };
const START: i64 = 500_000;
/// What is opened, in steps.
const OPENED: u32 = 40;
/// How long the process is down, in milliseconds.
const DOWN: i64 = 2_000;
/// How long it is down after its recovery has died.
const DOWN_AGAIN: i64 = 700;

/// One way to play a cell.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Variant {
    /// Which command the process dies over; a replacement has two.
    pub aim: Aim,
    /// Whether what was written and not synced survives.
    pub kept: bool,
    /// At which point of the recovery it dies once more.
    pub again: Option<Point>,
    /// And whether of that something survives.
    pub kept_again: bool,
}

/// Why a cell is not there, or the ways to play it.
///
/// # Errors
/// The reason.
pub fn variants(cell: Cell) -> Result<Vec<Variant>, &'static str> {
    if let Some(why) = absent(cell) {
        return Err(why);
    }
    let first = match cell.place {
        Place::At(point) => point,
        Place::Recovery => Point::MidSend,
    };
    let again: Vec<Option<Point>> = match cell.place {
        Place::At(_) => std::iter::once(None).chain(Point::ALL.map(Some)).collect(),
        Place::Recovery => Point::ALL.map(Some).to_vec(),
    };
    let both = |unsure: bool| if unsure { vec![true, false] } else { vec![true] };
    let mut variants = Vec::new();
    for aim in aims(cell) {
        for kept in both(first.may_be_lost()) {
            for again in &again {
                let each = both(again.is_some_and(Point::may_be_lost));
                variants.extend(each.into_iter().map(|kept_again| Variant { aim, kept, again: *again, kept_again }));
            }
        }
    }
    Ok(variants)
}

/// Where stops can be moved in place, nothing replaces one.
fn amends(venue: VenueKind) -> bool {
    venue.profile().native().amends_stops()
}

/// Why a cell cannot exist.
fn absent(cell: Cell) -> Option<&'static str> {
    match cell.kind {
        Kind::AmendStop if !amends(cell.venue) => Some("this venue moves no stop in place: it is replaced"),
        Kind::MarketExit if cell.fate == Fate::Open && cell.reach != Reach::Lost => {
            Some("a market order that arrives does not stay open")
        }
        Kind::Replace if cell.venue == VenueKind::Ig => {
            Some("a deal has one stop and one target, which are moved in place and fit whatever is left of it")
        }
        Kind::AmendStop | Kind::Cancel | Kind::MarketExit | Kind::PlaceStop | Kind::PlaceTarget | Kind::Replace => None,
    }
}

fn aims(cell: Cell) -> Vec<Aim> {
    match cell.kind {
        Kind::PlaceStop => vec![Aim::PlaceStop],
        Kind::AmendStop => vec![Aim::AmendStop],
        Kind::Cancel => vec![Aim::CancelTarget],
        Kind::PlaceTarget => vec![Aim::PlaceTarget],
        Kind::MarketExit => vec![Aim::MarketExit],
        Kind::Replace if amends(cell.venue) => vec![Aim::CancelTarget, Aim::NextTarget],
        Kind::Replace => vec![Aim::NextStop, Aim::CancelStop],
    }
}

/// The life of one way to play a cell.
#[must_use]
pub fn life(cell: Cell, variant: Variant) -> Life {
    let mode = if cell.venue == VenueKind::Ig { PositionMode::PerDeal } else { PositionMode::OneWay };
    let (acts, length, touch) = acts(cell, variant.aim);
    Life {
        seed: cell.number(),
        venue: cell.venue,
        readings: Vec::new(),
        least: None,
        least_move: None,
        mode,
        side: PositionSide::Long,
        grid: GRID,
        value_per_point: None,
        in_parts: false,
        most_steps: None,
        adopt: Adopt::Plan,
        plan: plan(cell),
        troubles: Vec::new(),
        acts,
        traps: traps(cell, variant, touch),
        length,
    }
}

fn traps(cell: Cell, variant: Variant, touch: i64) -> Vec<Trap> {
    let point = match cell.place {
        Place::At(point) => point,
        Place::Recovery => Point::MidSend,
    };
    let (reach, fate) = (Some(cell.reach), cell.fate);
    let first = Trap { aim: variant.aim, point, kept: variant.kept, down: DOWN, reach, fate, touch };
    let again = |point: Point| {
        let (aim, kept, fate) = (Aim::Anything, variant.kept_again, Fate::Open);
        Trap { aim, point, kept, down: DOWN_AGAIN, reach: None, fate, touch: 0 }
    };
    // A cell of the recovery dies there once, and its second crash is in the recovery from that.
    let times = if cell.place == Place::Recovery { 2 } else { 1 };
    std::iter::once(first).chain(variant.again.into_iter().flat_map(|point| vec![again(point); times])).collect()
}

/// What happens, until when, and where the price has to be for the order in question to execute.
fn acts(cell: Cell, aim: Aim) -> (Vec<(i64, Act)>, i64, i64) {
    let market =
        |at: i64, permille: i64| (at, Act::Market { ticks: START * (1_000 + permille) / 1_000, lag: 0, spread: 1 });
    let level = |permille: i64| START * (1_000 + permille) / 1_000;
    // A position that is not visible yet takes no stop and no target that is bound to it: here the first one is to be taken.
    let unseen = cell.venue.profile().habits.exits.visible_after > Span::ZERO;
    let opens = |at: i64, steps| {
        let waits = unseen.then_some((at + 1, Act::Freeze { ms: 400 }));
        std::iter::once((at, Act::Hand(Hand::Open { steps }))).chain(waits)
    };
    let mut acts = vec![market(0, 0)];
    acts.extend(opens(1_000, OPENED));
    let touch = match cell.kind {
        Kind::PlaceStop => level(-25),
        Kind::PlaceTarget => level(32),
        Kind::MarketExit => {
            acts.push((5_000, Act::Wish(Wish::Close)));
            0
        }
        Kind::AmendStop => {
            acts.extend([market(4_000, 15), market(7_000, 25)]);
            level(8)
        }
        Kind::Replace if !amends(cell.venue) => {
            acts.extend([market(4_000, 15), market(7_000, 25), market(11_000, 29)]);
            if aim == Aim::NextStop { level(10) } else { level(8) }
        }
        Kind::Cancel if cell.venue == VenueKind::Ig => {
            // The target of a deal makes way for its closing.
            acts.push((5_000, Act::Wish(Wish::Close)));
            level(32)
        }
        Kind::Cancel | Kind::Replace => {
            // Somebody adds to the position: the levels follow its price and its quantity.
            acts.push(market(4_500, 4));
            acts.extend(opens(5_000, OPENED / 4));
            level(33)
        }
    };
    (acts, 26_000, touch)
}

/// A stop two percent away and one level at three, so that nothing else is under way beside its order; where the stop is to move, a trail of one percent.
fn plan(cell: Cell) -> ExitPlanSpec {
    let percent = |text: &str| Distance::Percent(ratio(text));
    let name = Name::new("crash").expect("a constant of this file is a name");
    let mut plan = ExitPlanSpec::new(name, StopLoss::new(percent("2"), trigger(cell.venue)));
    let moves = cell.kind == Kind::AmendStop || (cell.kind == Kind::Replace && !amends(cell.venue));
    plan.rest = Rest::Close;
    let levels = vec![TakeProfit::new(percent("3"), ratio("100"))];
    let made = TakeProfits::new(levels, false, OnInvalid::Refuse, None);
    plan.take_profits = made.expect("one level that closes everything is levels").0;
    if moves {
        plan.trailing = Some(TrailingStop {
            activation: None,
            distance: TrailDistance::Percent(ratio("1")),
            by: TrailedBy::Amend,
            trigger: trigger(cell.venue),
            trigger_is_usual: false,
            follow: false,
        });
        plan.allow_loss = true;
    }
    plan
}

/// Levels of a deal watch the price it would close at, and nothing else.
fn trigger(venue: VenueKind) -> TriggerSource {
    if venue == VenueKind::Ig { TriggerSource::BidAsk } else { TriggerSource::Last }
}

fn ratio(percent: &str) -> Ratio {
    Ratio::percent(percent).expect("a constant of this file is a percentage")
}
