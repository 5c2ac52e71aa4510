//! The trail: activation, then a stop that follows the best price (product.md §2.3).
//!
//! This file says where the trail is and when it may move; the best price itself comes from the board, so that ticks
//! that cannot move anything need not be looked at.

use super::arm::Behind;
use backstop_model::plan::TrailedBy;
use backstop_model::{
    Instrument, OrderKind, OutOfRange, Points, PositionSide, Price, Quantity, Ratio, Rounding, Span, Timestamp,
    TrailingLimits,
};
use serde::{Deserialize, Serialize};

/// A trailing move is worth at least this share of the price (product.md §2, defaults): 0.05 %.
const SMALLEST_SHARE: u32 = 5;
/// Trailing moves are at least this far apart.
pub const PAUSE: Span = Span::from_millis(1000);
/// And this far where each one is a new order: no leg places more than twenty in a minute (I36).
const PAUSE_OF_REPLACING: Span = Span::from_millis(3500);

/// How far apart trailing moves are, where a resting stop can be moved in place or has to be replaced.
#[must_use]
pub const fn pause(by: TrailedBy, moves_in_place: bool) -> Span {
    match by {
        TrailedBy::Amend if !moves_in_place => PAUSE_OF_REPLACING,
        TrailedBy::Amend | TrailedBy::Engine | TrailedBy::Venue => PAUSE,
    }
}

/// Where a trail is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Phase {
    /// The activation price has not been reached.
    Waiting,
    /// It follows. `level` is where the stop belongs since the last move; none before the first.
    Active {
        /// The trail's own level.
        level: Option<Price>,
        /// When it last moved.
        moved_at: Option<Timestamp>,
    },
}

/// The trail of one tranche.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Trail {
    /// From where; none when at once.
    pub activation: Option<Price>,
    /// How far behind.
    pub behind: Behind,
    /// Who trails now: starts as the plan says and only falls back, from the venue to amending to the engine.
    pub by: TrailedBy,
    /// Definite refusals of the native order, or of moves, so far.
    pub refusals: u8,
    /// When the native order was first tried.
    pub tried_at: Option<Timestamp>,
    /// The price has been through the level that the engine watches, since then.
    pub passed: Option<Timestamp>,
    /// Where it is.
    pub phase: Phase,
}

impl Trail {
    /// One trail for two that are active, at the nearer of their levels; else the one that is active, or this one.
    #[must_use]
    pub fn joined(self, other: Self, side: PositionSide) -> Self {
        match (self.phase, other.phase) {
            (Phase::Waiting, Phase::Active { .. }) => other,
            (Phase::Active { level, moved_at }, Phase::Active { level: theirs, .. }) => {
                let level = level.into_iter().chain(theirs).reduce(|one, other| side.better(one, other));
                Self { phase: Phase::Active { level, moved_at }, ..self }
            }
            (_, Phase::Waiting) => self,
        }
    }

    /// Whether the best price has reached the activation price.
    #[must_use]
    pub fn is_reached(&self, side: PositionSide, best: Price) -> bool {
        self.activation.is_none_or(|activation| side.reached(best, activation))
    }
}

/// The smallest worthwhile move at `price`: one tick, 0.05 %, or the spread, whichever is most.
///
/// # Errors
/// [`OutOfRange`] when it does not fit.
pub fn smallest_move(price: Price, tick: Price, spread: Option<Points>) -> Result<Points, OutOfRange> {
    let hundredths = Ratio::whole(10_000);
    let share = Ratio::whole(SMALLEST_SHARE).over(hundredths, Rounding::Down)?;
    let by_share = price.share(share, Rounding::Down)?;
    Ok(tick.as_points().max(by_share).max(spread.unwrap_or(Points::ZERO)))
}

/// The first step of the fall-back chain: a native order that cannot be, moved by us instead.
#[must_use]
pub const fn fall_back(by: TrailedBy) -> TrailedBy {
    match by {
        TrailedBy::Venue => TrailedBy::Amend,
        TrailedBy::Amend | TrailedBy::Engine => TrailedBy::Engine,
    }
}

/// Why the venue's own trailing order cannot trail what the levels leave over; nothing when it can.
#[must_use]
pub fn why_not_native(
    behind: Behind,
    limits: Option<TrailingLimits>,
    runner: Quantity,
    instrument: &Instrument,
) -> Option<String> {
    let largest = instrument.largest_order(OrderKind::Market).filter(|largest| runner > *largest);
    let Some(limits) = limits else { return Some("the venue has no native trailing order".to_owned()) };
    match behind {
        Behind::Points(_) => Some("a native trail takes percent only".to_owned()),
        Behind::Share(share) if share > limits.largest => {
            Some(format!("the venue trails by {}% at most", limits.largest.in_percent()))
        }
        Behind::Share(share) if share < limits.smallest => {
            Some(format!("the venue trails by {}% at least", limits.smallest.in_percent()))
        }
        Behind::Share(_) if runner.is_zero() => Some("the levels leave nothing over for a native trail".to_owned()),
        Behind::Share(_) => largest.map(|largest| format!("the venue takes {largest} in one order at most")),
    }
}
