//! How requests are written, told apart, timed and answered.

use backstop_model::Span;
use serde::{Deserialize, Serialize};

/// Until when after its time stamp a request can take effect.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub enum RequestWindow {
    /// As long as the request itself says (`valid_for`; venues/binance.md §2, `recvWindow`).
    #[default]
    AsSent,
    /// So long, whatever the request says. Bitget's is unverified (venues/bitget.md §2).
    Fixed(Span),
    /// Its time stamp is a nonce in microseconds: within so much of the venue's clock either way, never used before, and
    /// not below the smallest of so many remembered ones (-4225; venues/aster.md §2.3).
    Nonce {
        /// How far from the venue's clock.
        within: Span,
        /// How many are remembered for each account.
        remembered: usize,
    },
    /// Requests carry no time, as at IG: nothing bounds when a late one takes effect.
    Unbounded,
}

/// How long a client id is taken.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub enum ClientIds {
    /// A reference names an opening alone; closing has none (venues/ig.md §4.4).
    OpeningsOnly,
    /// While its order is open (venues/binance.md §0 fact 11, venues/bitget.md §13 for v3).
    #[default]
    UniqueAmongOpen,
    /// For ever: the cautious reading of Bitget's v2, whose window is not documented (venues/bitget.md §13).
    UniqueForever,
}

/// The signs a client id may hold besides letters and digits.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub enum Marks {
    /// `_` and `-`.
    Dashes,
    /// `.`, `:`, `/`, `_` and `-`.
    #[default]
    DotsAndSlashes,
    /// `-`, `+`, `_` and `#`.
    PlusAndHash,
}

impl Marks {
    /// Whether a byte may stand in a client id.
    #[must_use]
    pub fn allow(self, byte: u8) -> bool {
        let marks: &[u8] = match self {
            Self::Dashes => b"_-",
            Self::DotsAndSlashes => b".:/_-",
            Self::PlusAndHash => b"-+_#",
        };
        byte.is_ascii_alphanumeric() || marks.contains(&byte)
    }
}

/// What a client id looks like.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct IdForm {
    /// The longest, in bytes.
    pub longest: usize,
    /// The signs it may hold.
    pub marks: Marks,
}

impl Default for IdForm {
    /// `^[.A-Z:/a-z0-9_-]{1,36}$` (venues/binance.md §15).
    fn default() -> Self {
        Self { longest: 36, marks: Marks::DotsAndSlashes }
    }
}

impl IdForm {
    /// Whether a text is a client id.
    #[must_use]
    pub fn fits(self, id: &str) -> bool {
        (1..=self.longest).contains(&id.len()) && id.bytes().all(|byte| self.marks.allow(byte))
    }
}

/// How long a query still finds an order that is over (F-A09).
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct FoundFor {
    /// One that ended without an execution.
    pub unfilled: Span,
    /// Any other.
    pub filled: Span,
}

impl FoundFor {
    /// So many days.
    #[must_use]
    pub const fn days(unfilled: i64, filled: i64) -> Self {
        Self { unfilled: Span::from_secs(unfilled * 86_400), filled: Span::from_secs(filled * 86_400) }
    }
}

impl Default for FoundFor {
    /// 3 days and 90 (venues/binance.md §7, `GET /order`).
    fn default() -> Self {
        Self::days(3, 90)
    }
}

/// How a hedge account's orders say which side they belong to.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub enum HedgeWords {
    /// By the position's side; buy and sell mean what they say.
    #[default]
    PositionSide,
    /// By open or close (`Ask::PlaceHedged`); buy and sell name the position, so that a long is closed by a "buy"
    /// (venues/bitget.md §6.1).
    TradeSide,
}

/// What becomes of an order in the words of the other position mode. Bitget's answer is unverified (venues/bitget.md
/// §15).
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub enum SideMismatch {
    /// On a hedge account an order without open or close opens in its own direction; on a one-way account open and close
    /// are ignored.
    Overlooked,
    /// It is refused (-4061, 40774).
    #[default]
    Refused,
}

/// Whose numbers refusals carry.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub enum Numbers {
    /// Binance's, negative; Aster's are the same (venues/binance.md §17, venues/aster.md §12).
    #[default]
    Binance,
    /// Bitget's classic ones since their clean-up of October 2025 (venues/bitget.md §0 fact 8, §12).
    Bitget,
    /// Those before it, of which one was still seen afterwards.
    BitgetBefore,
    /// Bitget's unified ones.
    BitgetUnified,
    /// IG has none: the HTTP status, and its error code as the text (venues/ig.md §10.1).
    Http,
}

/// Whether a change of leverage or position mode is told to the stream.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub enum ModeChange {
    /// Both are (venues/aster.md §0 fact 8).
    #[default]
    Pushed,
    /// Only the leverage is; a changed mode shows in refusals (venues/binance.md §10.6).
    Silent,
}

/// The habits of requests.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub struct RequestHabits {
    /// Until when they can take effect.
    pub window: RequestWindow,
    /// How long a client id is taken.
    pub client_ids: ClientIds,
    /// What a client id looks like.
    pub id_form: IdForm,
    /// How hedge orders name their side.
    pub hedge: HedgeWords,
    /// What becomes of the other mode's words.
    pub side_mismatch: SideMismatch,
    /// Whose numbers refusals carry.
    pub numbers: Numbers,
    /// How long a query finds what is over.
    #[serde(skip_serializing_if = "crate::sparse::is_default")]
    pub found_for: FoundFor,
    /// How much longer than the network events take to the stream.
    pub events_late_by: Span,
    /// Whether changes of the account's settings are told.
    pub mode_change: ModeChange,
}
