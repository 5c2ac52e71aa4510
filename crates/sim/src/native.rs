//! What a venue offers of its own accord, read off its habits, for a translator to build its own capability from.
//!
//! It says what the simulator plays, in the simulator's words; what a client makes of it is left to the client.

use crate::habits::{
    Amending, BoundSum, ClientIds, FlashClose, Habits, HedgeWords, NativeTrailing, RequestWindow, SecondWhole, Waiver,
    WholePosition,
};
use backstop_model::PositionMode;
use serde::{Deserialize, Serialize};

/// What is native at a venue.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Native {
    /// What can be amended in place.
    pub amending: Amending,
    /// Whether sized orders bound to a position share its quantity.
    pub bound_sum: BoundSum,
    /// How long a client id is taken, and whether closing has one at all.
    pub client_ids: ClientIds,
    /// Whether a position can be closed without naming a quantity.
    pub flash: FlashClose,
    /// How a hedge account's orders say which side they belong to.
    pub hedge: HedgeWords,
    /// Most orders that wait for a price.
    pub most_conditional: usize,
    /// Until when after its time stamp a request can take effect.
    pub request_window: RequestWindow,
    /// What becomes of a second whole-position exit of one kind and direction.
    pub second_whole: SecondWhole,
    /// Where a stop and a target stand.
    pub stops: StopPlace,
    /// The venue's own trailing stop.
    pub trailing: NativeTrailing,
    /// For which exits the smallest notional is waived, in a market that waives it for exits.
    pub waiver: Waiver,
    /// How a whole-position exit is placed.
    pub whole: WholePosition,
}

/// Where the stop and the target of a position stand.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum StopPlace {
    /// One of each as levels of the deal, changed together by one request.
    Attached,
    /// As orders of their own.
    Orders,
}

/// What keeps an exit from growing or turning a position.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Reduction {
    /// It names the deal it closes.
    ByDeal,
    /// Its reduce-only flag.
    ByFlag,
    /// The position's side that it names.
    BySide,
}

impl Native {
    /// What these habits offer.
    #[must_use]
    pub fn of(habits: &Habits) -> Self {
        Self {
            amending: habits.amending,
            bound_sum: habits.exits.bound_sum,
            client_ids: habits.requests.client_ids,
            flash: habits.exits.flash,
            hedge: habits.requests.hedge,
            most_conditional: habits.max_conditional,
            request_window: habits.requests.window,
            second_whole: habits.exits.second_whole,
            stops: if habits.deals.is_some() { StopPlace::Attached } else { StopPlace::Orders },
            trailing: habits.exits.trailing,
            waiver: habits.exits.waiver,
            whole: habits.exits.whole,
        }
    }

    /// What keeps an exit of an account in this mode from doing more than closing.
    #[must_use]
    pub const fn reduction(mode: PositionMode) -> Reduction {
        match mode {
            PositionMode::Hedge => Reduction::BySide,
            PositionMode::OneWay => Reduction::ByFlag,
            PositionMode::PerDeal => Reduction::ByDeal,
        }
    }

    /// Whether an exit of a quantity says, in this mode, what the smallest notional is waived for. Whether a market waives it at
    /// all is said by its rules.
    #[must_use]
    pub const fn waives_sized_exits(&self, mode: PositionMode) -> bool {
        match (self.waiver, Self::reduction(mode)) {
            (Waiver::Closing, _) | (Waiver::Flagged, Reduction::ByFlag) => true,
            (Waiver::Flagged, Reduction::ByDeal | Reduction::BySide) => false,
        }
    }

    /// Whether a resting or attached stop can be moved in place.
    #[must_use]
    pub fn amends_stops(&self) -> bool {
        self.amending == Amending::Everything
    }

    /// Whether an exit can rest in the book. Where stops are levels of a deal nothing that closes can
    /// (venues/ig.md §0 fact 6).
    #[must_use]
    pub fn closes_can_rest(&self) -> bool {
        self.stops == StopPlace::Orders
    }

    /// Whether the venue keeps positions in this mode.
    #[must_use]
    pub fn keeps(&self, mode: PositionMode) -> bool {
        match mode {
            PositionMode::Hedge | PositionMode::OneWay => self.stops == StopPlace::Orders,
            PositionMode::PerDeal => self.stops == StopPlace::Attached,
        }
    }
}
