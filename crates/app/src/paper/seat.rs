//! Where an account sits on paper: which exchange is played for it, in which words it is spoken to, how its positions are
//! kept. The one place in the program where a venue's name of the configuration becomes a profile of the simulator.

use super::venue::{account_opening, capability, venue_name};
use crate::config::{AccountConfig, AccountKind, Venue};
use backstop_model::{Capability, Leverage, Name, PositionMode};
use backstop_sim::{Opening, Profile, Setup};
use backstop_venues::paper;

/// An account's place at a simulated exchange.
#[derive(Clone, Debug, PartialEq)]
pub struct Seat {
    /// The venue's name.
    pub venue: Name,
    /// How positions are kept.
    pub mode: PositionMode,
    /// Whose habits are played; none for the paper venue of its own.
    profile: Option<Profile>,
}

impl Seat {
    /// The paper venue without any venue's habits.
    #[must_use]
    pub fn plain() -> Self {
        Self { venue: venue_name(), mode: PositionMode::OneWay, profile: None }
    }

    /// The seat of an account of the configuration.
    #[must_use]
    pub fn of(account: &AccountConfig) -> Self {
        let profile = match (account.venue, account.account_kind) {
            (Venue::Aster, _) => Profile::aster(),
            (Venue::Binance, _) => Profile::binance(),
            (Venue::Bitget, AccountKind::Classic) => Profile::bitget_classic(),
            (Venue::Bitget, AccountKind::Unified) => Profile::bitget_unified(),
            (Venue::Ig, _) => Profile::ig(),
            (Venue::Paper, _) => return Self { mode: account.position_mode, ..Self::plain() },
        };
        let venue = Name::new(account.venue.word()).expect("a word of the configuration is a name");
        Self { venue, mode: account.position_mode, profile: Some(profile) }
    }

    /// One seat for each kind of exchange that can be played: where ledgers are looked for.
    #[must_use]
    pub fn kinds() -> Vec<Self> {
        let venue = |venue: Venue| Name::new(venue.word()).expect("a word of the configuration is a name");
        let seat = |at, profile: Profile| {
            let modes = [PositionMode::OneWay, PositionMode::PerDeal];
            let kept = modes.into_iter().find(|mode| profile.native().keeps(*mode));
            Self { venue: venue(at), mode: kept.unwrap_or(PositionMode::OneWay), profile: Some(profile) }
        };
        vec![
            Self::plain(),
            seat(Venue::Aster, Profile::aster()),
            seat(Venue::Binance, Profile::binance()),
            seat(Venue::Bitget, Profile::bitget_classic()),
            seat(Venue::Bitget, Profile::bitget_unified()),
            seat(Venue::Ig, Profile::ig()),
        ]
    }

    /// What the core may ask for there.
    #[must_use]
    pub fn capability(&self) -> Capability {
        self.profile.as_ref().map_or_else(capability, |profile| paper::capability(&profile.native(), self.mode))
    }

    /// A fresh exchange of this kind; `exact` without slippage and network.
    #[must_use]
    pub fn setup(&self, seed: u64, exact: bool) -> Setup {
        match (&self.profile, exact) {
            (None, false) => Setup::new(seed),
            (None, true) => Setup::exact(seed),
            (Some(profile), false) => Setup::of(profile.clone(), seed),
            (Some(profile), true) => Setup::exactly(profile.clone(), seed),
        }
    }

    /// How the account is opened there.
    #[must_use]
    pub fn opening(&self, leverage: Option<Leverage>) -> Opening {
        Opening { mode: self.mode, ..account_opening(leverage) }
    }

    /// What the exchange's ledger file ends in. Accounts with the same one share an exchange.
    #[must_use]
    pub fn extension(&self) -> String {
        self.profile.as_ref().map_or_else(|| "venue".to_owned(), |profile| format!("venue-{}", profile.name))
    }
}
