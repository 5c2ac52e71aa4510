//! The day of 10 to 11 October 2025 as lives that were not drawn (faults.md F-A05, F-H01, F-H05).
//!
//! What is taken from reports of that day: an order service that refused for 106 minutes, also orders that only reduce; a
//! coin at about 3 whose last price was 0.001 for 8 milliseconds; an index that was wrong for 39 minutes, and with it the
//! mark. Here they fall into the same two hours. Stops are refused with -1008, everything else that trades with "Service
//! Unavailable."; the account can be read, and the feed goes on.

use super::life::{Act, Grid, Hand, Life, Trouble, VenueKind, What};
use backstop_model::plan::{Distance, ExitPlanSpec, OnInvalid, StopLoss, TakeProfit, TakeProfits};
use backstop_model::{Adopt, Name, PositionMode, PositionSide, Ratio, TriggerSource};
use backstop_sim::Fault;
use backstop_sim::faults::Scope;

const MINUTE: i64 = 60_000;
/// From when to when the order service refuses, in milliseconds of the life.
pub const REFUSES: (i64, i64) = (MINUTE, 107 * MINUTE);
/// When the last price is 0.001, or 5.999 for a short.
pub const PRINT_AT: i64 = 20 * MINUTE;
/// For how long.
pub const PRINT_LASTS: i64 = 8;
/// From when to when the index is wrong.
pub const INDEX_IS_WRONG: (i64, i64) = (30 * MINUTE, 69 * MINUTE);
/// When the price really passes the stop, where it does.
pub const PRICE_PASSES_AT: i64 = 80 * MINUTE;
/// A price of 3 in ticks of 0.001.
const START: u32 = 3_000;
/// By so much the wrong index is beyond a stop 4 % away, and the price when it passes it.
const BEYOND: i64 = 150;

/// What becomes of one position on that day.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Chapter {
    /// Opened while no stop is taken, and the price stays: it waits for its stop.
    Waits,
    /// Opened while no stop is taken, and the price really passes where it should be.
    Passes,
    /// Under a stop on the last price since before; the index is wrong.
    RestsOnLast,
    /// Under a stop on the mark since before; the last price is 0.001 for a moment.
    RestsOnMark,
}

impl Chapter {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Waits, Self::Passes, Self::RestsOnLast, Self::RestsOnMark];

    /// When the position is opened by hand, in milliseconds of the life.
    #[must_use]
    pub const fn opened_at(self) -> i64 {
        match self {
            Self::Waits | Self::Passes => 5 * MINUTE,
            Self::RestsOnLast | Self::RestsOnMark => 5_000,
        }
    }

    const fn trigger(self) -> TriggerSource {
        match self {
            Self::Waits | Self::Passes | Self::RestsOnLast => TriggerSource::Last,
            Self::RestsOnMark => TriggerSource::Mark,
        }
    }

    /// What happens to prices. A stop that rests is executed by the venue on the price its owner has chosen, right or
    /// wrong; so each kind meets what is wrong with the other price.
    fn prices(self, side: PositionSide) -> Vec<(i64, Act)> {
        let worse = if side == PositionSide::Long { -BEYOND } else { BEYOND };
        // For a short its mirror image: what was low that day would only have filled its target.
        let printed = if side == PositionSide::Long { 1 } else { 2 * i64::from(START) - 1 };
        let print = (PRINT_AT, Act::Misprint { ticks: printed, ms: PRINT_LASTS });
        let (from, until) = INDEX_IS_WRONG;
        let index = (from, Act::MarkAway { ticks: worse, ms: until - from });
        let passes = (PRICE_PASSES_AT, market(i64::from(START) + worse));
        match self {
            Self::Waits => vec![print, index],
            Self::Passes => vec![print, index, passes],
            Self::RestsOnLast => vec![index],
            Self::RestsOnMark => vec![print],
        }
    }
}

const fn market(ticks: i64) -> Act {
    Act::Market { ticks, lag: 0, spread: 1 }
}

/// One position's day.
#[must_use]
pub fn life(chapter: Chapter, venue: VenueKind, side: PositionSide) -> Life {
    let mut acts = vec![(0, market(i64::from(START))), (chapter.opened_at(), Act::Hand(Hand::Open { steps: 500 }))];
    acts.extend(chapter.prices(side));
    acts.sort_by_key(|(at, _)| *at);
    let refuses = |fault, what, scope| Trouble { fault, what, per_million: 1_000_000, window: REFUSES, scope };
    Life {
        traps: Vec::new(),
        seed: 20_251_010,
        venue,
        readings: Vec::new(),
        least: None,
        least_move: None,
        mode: PositionMode::OneWay,
        side,
        grid: Grid { tick: "0.001", step: "0.1", min_steps: 1, min_notional: "5", least_steps: 20, start: START },
        value_per_point: None,
        in_parts: false,
        most_steps: None,
        adopt: Adopt::Plan,
        plan: plan(chapter.trigger()),
        troubles: vec![
            refuses(Fault::Reject, What::Throttled, Scope::Conditional),
            refuses(Fault::Http, What::Unavailable503, Scope::Regular),
        ],
        acts,
        length: REFUSES.1 + MINUTE,
    }
}

fn plan(trigger: TriggerSource) -> ExitPlanSpec {
    let percent = |text: &str| Ratio::percent(text).expect("a constant of this file is a percentage");
    let name = Name::new("october").expect("a constant of this file is a name");
    let mut plan = ExitPlanSpec::new(name, StopLoss::new(Distance::Percent(percent("4")), trigger));
    let level = TakeProfit::new(Distance::Percent(percent("20")), percent("100"));
    let levels = TakeProfits::new(vec![level], false, OnInvalid::Refuse, None);
    plan.take_profits = levels.expect("one level of everything is valid").0;
    plan
}
