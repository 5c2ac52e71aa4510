//! Prices as they arrive: last, mark, bid and ask are separate series and never stand in for each other silently.

use crate::{InstrumentId, PositionSide, Price, Timestamp};
use serde::{Deserialize, Serialize};

/// A bar that has ended.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Candle {
    /// When it began.
    pub opened_at: Timestamp,
    /// Its highest price.
    pub high: Price,
    /// Its lowest price.
    pub low: Price,
    /// Its last price.
    pub close: Price,
}

/// One series of prices.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub enum Series {
    /// What the last trade was done at.
    Last,
    /// The venue's fair price.
    Mark,
    /// The best price somebody buys at.
    Bid,
    /// The best price somebody sells at.
    Ask,
}

impl Series {
    /// All series, in the order of the tables that hold one entry each.
    pub const ALL: [Self; 4] = [Self::Last, Self::Mark, Self::Bid, Self::Ask];

    /// The place in such a table.
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The word people are told.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Last => "last",
            Self::Mark => "mark",
            Self::Bid => "bid",
            Self::Ask => "ask",
        }
    }

    /// The series at which a position on `side` could be closed at once: a long sells at the bid.
    #[must_use]
    pub const fn executable(side: PositionSide) -> Self {
        match side {
            PositionSide::Long => Self::Bid,
            PositionSide::Short => Self::Ask,
        }
    }
}

/// Which price a trigger watches.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TriggerSource {
    /// The side a position would be closed at: bid for a long, ask for a short.
    BidAsk,
    /// The last trade.
    Last,
    /// The mark price.
    Mark,
}

impl TriggerSource {
    /// The series watched for a position on `side`.
    #[must_use]
    pub const fn series(self, side: PositionSide) -> Series {
        match self {
            Self::BidAsk => Series::executable(side),
            Self::Last => Series::Last,
            Self::Mark => Series::Mark,
        }
    }

    /// The word of the configuration.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::BidAsk => "bid_ask",
            Self::Last => "last",
            Self::Mark => "mark",
        }
    }
}

/// One value for each series that is known.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Prices {
    /// Last trade.
    pub last: Option<Price>,
    /// Mark price.
    pub mark: Option<Price>,
    /// Best bid.
    pub bid: Option<Price>,
    /// Best ask.
    pub ask: Option<Price>,
}

impl Prices {
    /// All four series at one price: for bars, and for tests.
    #[must_use]
    pub const fn all(price: Price) -> Self {
        Self { last: Some(price), mark: Some(price), bid: Some(price), ask: Some(price) }
    }

    /// The value of one series.
    #[must_use]
    pub const fn of(&self, series: Series) -> Option<Price> {
        match series {
            Series::Last => self.last,
            Series::Mark => self.mark,
            Series::Bid => self.bid,
            Series::Ask => self.ask,
        }
    }
}

/// New prices of one instrument. Only what changed needs to be there; what is absent stays as it was.
///
/// Bid and ask come together: a book that is locked or crossed is dropped at the door (F-H03).
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Tick {
    /// Whose prices.
    pub instrument: InstrumentId,
    /// The new values.
    pub prices: Prices,
    /// Known to be no misprint: replayed prices are (product.md §5); live ones need a second source or a dwell (F-H01).
    pub confirmed: bool,
}

/// The highest and lowest value that a series has had over some window.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Range {
    /// The highest.
    pub high: Price,
    /// The lowest.
    pub low: Price,
}

impl Range {
    /// A single point.
    #[must_use]
    pub const fn point(price: Price) -> Self {
        Self { high: price, low: price }
    }

    /// The range that also holds `other`.
    #[must_use]
    pub fn joined(self, other: Self) -> Self {
        Self { high: self.high.max(other.high), low: self.low.min(other.low) }
    }
}

/// The state of one series when a decision was made: value, when it came, and where it has been since the last
/// decision on that instrument. A recorded event carries these, so that replay needs no tape.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct SeriesView {
    /// The newest value.
    pub price: Price,
    /// When it came.
    pub at: Timestamp,
    /// Whether it is known to be no misprint.
    pub confirmed: bool,
    /// Where the series has been since the last recorded event of the instrument.
    pub range: Range,
}

/// The prices one event was decided on: one entry for each series of [`Series::ALL`].
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct MarketView {
    /// By [`Series::index`].
    pub series: [Option<SeriesView>; 4],
}
