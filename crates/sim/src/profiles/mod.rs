//! One profile for each venue: its habits, written from its page in `venues/`.
//!
//! A profile is a value and nothing more. The exchange never asks for its name, so a venue that behaves otherwise than
//! its page believes is played by changing one habit.
//!
//! ```
//! use backstop_sim::habits::OmittedLevel;
//! use backstop_sim::{Exchange, Profile, Setup, StopPlace};
//!
//! let mut profile = Profile::ig();
//! assert_eq!(profile.native().stops, StopPlace::Attached);
//! // The page cannot say whether a level that is not named stays: here it does.
//! if let Some(deals) = &mut profile.habits.deals {
//!     deals.omitted_level = OmittedLevel::Kept;
//! }
//! let venue = Exchange::new(Setup::of(profile, 7));
//! assert!(!venue.native().closes_can_rest());
//! ```

mod aster;
mod binance;
mod bitget_classic;
mod bitget_unified;
mod ig;

use crate::exchange::Setup;
use crate::habits::Habits;
use crate::native::Native;
use crate::physics::Delay;
use backstop_model::Ratio;
use serde::{Deserialize, Serialize};

/// How one venue behaves.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Profile {
    /// What tests and reports call it; nothing is decided by it.
    pub name: String,
    /// What it offers and how it treats its clients.
    pub habits: Habits,
    /// From a condition coming true to the market order it brings.
    pub trigger: Delay,
}

/// What the venue keeps of a liquidation beside the taker fee: 1.25 % of the notional, the `liquidationFee` of Binance's
/// and Aster's example (venues/binance.md §5, venues/aster.md §4). Bitget's page names no rate; it is played with the same.
fn liquidation_fee() -> Option<Ratio> {
    Some(Ratio::percent("1.25").expect("a constant of this file is a percentage"))
}

impl Profile {
    /// Aster's V3 interface.
    #[must_use]
    pub fn aster() -> Self {
        aster::profile()
    }

    /// Binance's USDⓈ-M futures.
    #[must_use]
    pub fn binance() -> Self {
        binance::profile()
    }

    /// A classic Bitget account (v2).
    #[must_use]
    pub fn bitget_classic() -> Self {
        bitget_classic::profile()
    }

    /// A unified Bitget account (v3).
    #[must_use]
    pub fn bitget_unified() -> Self {
        bitget_unified::profile()
    }

    /// An IG account, of contracts for difference or spread bets.
    #[must_use]
    pub fn ig() -> Self {
        ig::profile()
    }

    /// All of them, by name.
    #[must_use]
    pub fn all() -> [Self; 5] {
        [Self::aster(), Self::binance(), Self::bitget_classic(), Self::bitget_unified(), Self::ig()]
    }

    /// What is native there.
    #[must_use]
    pub fn native(&self) -> Native {
        Native::of(&self.habits)
    }
}

impl Setup {
    /// The venue of a profile, with the pessimistic physics and no faults.
    #[must_use]
    pub fn of(profile: Profile, seed: u64) -> Self {
        let mut setup = Self { habits: profile.habits, ..Self::new(seed) };
        setup.physics.latency.trigger = profile.trigger;
        setup
    }

    /// The same without slippage, network latency and trigger delay: for tests. The delays that are habits stay.
    #[must_use]
    pub fn exactly(profile: Profile, seed: u64) -> Self {
        Self { habits: profile.habits, ..Self::exact(seed) }
    }
}
