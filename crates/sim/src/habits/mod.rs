//! What a venue offers and how it treats its clients' exits: the differences between venues that the simulator can
//! play, each with the one it plays by default.
//!
//! The exchange asks these and never a venue's name. `profiles` fills them in, one venue a file; where a venue's page
//! says *unverified*, both answers stand here and tests play both. The groups that came later are left out of a saved
//! venue while they are as by default, so that such a venue reads and writes as it always did.

pub mod conditionals;
pub mod deals;
pub mod exits;
pub mod requests;

pub use conditionals::{
    ChildIds, ConditionalCount, ConditionalHabits, ConditionalHome, ConditionalMargin, MassCancel, PassedTrigger,
    TriggerTold,
};
pub use deals::{
    AmendReference, ConfirmTold, DealHabits, LevelHit, LevelStep, OmittedLevel, PartialClose, PremiumDue,
    RepeatedReference, RiskSpacing, StopChange,
};
pub use exits::{
    BoundSum, EvictionAnswer, ExitHabits, FlashClose, HedgedExits, NativeTrailing, Oversize, SecondWhole, Unseen,
    Waiver, WhenFlat, WholePosition,
};
pub use requests::{
    ClientIds, FoundFor, HedgeWords, IdForm, Marks, ModeChange, Numbers, RequestHabits, RequestWindow, SideMismatch,
};

use crate::sparse::is_default;
use backstop_model::Ratio;
use serde::{Deserialize, Serialize};

/// What can be amended in place.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Amending {
    /// Limit and waiting conditional orders, as on Bitget and IG.
    Everything,
    /// Limit orders only, as on Binance (venues/binance.md §0 fact 3).
    LimitsOnly,
    /// Nothing.
    Nothing,
}

/// What happens when resting reduce-only limits together would exceed the position.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Crowding {
    /// All may rest; each is cut to the position when it fills.
    Allow,
    /// The oldest ones expire to make room, as on Bitget (F-A13).
    ExpireOldest,
    /// The new one is refused with -2022 (F-C04).
    Refuse,
}

/// The venue's habits.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Habits {
    /// What can be amended in place; the rest is refused as unsupported (-1020).
    pub amending: Amending,
    /// How crowded exits are treated.
    pub crowding: Crowding,
    /// Whether conditional orders with a quantity of their own expire with the position. On Binance only whole-position
    /// orders do; the others stay as orphans and may hit the next position (F-C14).
    pub conditionals_expire_when_flat: bool,
    /// Whether positions are liquidated at the simple isolated price.
    pub liquidation: bool,
    /// What the venue takes of a liquidation's notional for itself, beside the taker fee (`liquidationFee`,
    /// venues/binance.md §5, venues/aster.md §4); absent where it takes nothing.
    #[serde(default, skip_serializing_if = "is_default")]
    pub liquidation_fee: Option<Ratio>,
    /// Whether orders that open need margin.
    pub margin_check: bool,
    /// Most open conditional orders of one account (-4045); what is counted together stands in `conditionals`.
    pub max_conditional: usize,
    /// How orders that wait for a price live and are told of.
    #[serde(default, skip_serializing_if = "is_default")]
    pub conditionals: ConditionalHabits,
    /// What may be used to leave a position, and what becomes of it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub exits: ExitHabits,
    /// How requests are written, counted, timed and answered.
    #[serde(default, skip_serializing_if = "is_default")]
    pub requests: RequestHabits,
    /// How deals are treated, at a venue that keeps a position for each deal; elsewhere absent.
    #[serde(default, skip_serializing_if = "is_default")]
    pub deals: Option<DealHabits>,
}

impl Default for Habits {
    /// Binance's, without liquidation.
    fn default() -> Self {
        Self {
            amending: Amending::LimitsOnly,
            crowding: Crowding::Refuse,
            conditionals_expire_when_flat: false,
            liquidation: false,
            liquidation_fee: None,
            margin_check: true,
            max_conditional: 200,
            conditionals: ConditionalHabits::default(),
            exits: ExitHabits::default(),
            requests: RequestHabits::default(),
            deals: None,
        }
    }
}
