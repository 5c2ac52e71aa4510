//! What a venue offers and how it treats its clients' exits: the differences between venues that the simulator can
//! play, each with the one it plays by default.

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
    /// Whether orders that open need margin.
    pub margin_check: bool,
    /// Most open conditional orders of one account (-4045).
    pub max_conditional: usize,
}

impl Default for Habits {
    /// Binance's, without liquidation.
    fn default() -> Self {
        Self {
            amending: Amending::LimitsOnly,
            crowding: Crowding::Refuse,
            conditionals_expire_when_flat: false,
            liquidation: false,
            margin_check: true,
            max_conditional: 200,
        }
    }
}
