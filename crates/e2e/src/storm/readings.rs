//! What a venue's page cannot say: other readings of it than the one that its profile plays.
//!
//! The pages mark answers as *unverified*, or as seen both ways; the engine survives either. Half of the lives play every
//! profile as it is, the others one to three readings that differ, and some lives at IG a least distance of levels. The
//! dice are their own, so that all else of a life is as it was. The engine is told nothing of a reading: no adapter can
//! know. What cannot show in a life is left out: opening conditional orders that need margin at placing (venues/aster.md
//! §5.3), a stop's type and its premium (venues/ig.md §4.3, §10), for no plan of the storm asks for guaranteed stops.

use super::draw::{between, one_of};
use super::life::{Life, VenueKind};
use super::switching;
use backstop_model::{LeastDistance, PositionMode, Price, Ratio, Rounding, Span};
use backstop_sim::dice::Dice;
use backstop_sim::habits::{
    AmendReference, ChildIds, ClientIds, ConfirmTold, DealHabits, EvictionAnswer, Habits, HedgedExits, LevelHit,
    MassCancel, Numbers, OmittedLevel, Oversize, PartialClose, RepeatedReference, SecondWhole, SideMismatch,
    TriggerTold, Unseen, WhenFlat,
};

use VenueKind::{Aster, Binance, BitgetClassic, BitgetUnified, Ig};

const BITGET: &[VenueKind] = &[BitgetClassic, BitgetUnified];
const BITGET_V2: &[VenueKind] = &[BitgetClassic];
const IG: &[VenueKind] = &[Ig];

/// Most readings of one life.
const MOST: i64 = 3;
/// A position is seen by what is bound to it so much later; "1–3 retries typical", two seconds were enough.
pub const SEEN_AFTER: Span = Span::from_secs(2);
/// Clients ask five times, a second apart, for a confirm that is not there yet.
const READABLE_AFTER: Span = Span::from_secs(4);
/// A confirm is forgotten soon: how long it can be read nobody knows.
const READABLE_FOR: Span = Span::from_secs(5);

/// Another reading of a page than the profile's.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Reading {
    /// IG confirms a change of levels under a reference of its own.
    AmendConfirmedAlone,
    /// Orders bound to a position outlive it.
    BoundOrdersStay,
    /// A triggered order executes under an id of the venue's.
    ChildHasOwnId,
    /// IG confirms before it tells the update.
    ConfirmedFirst,
    /// A confirm is found by asking only seconds later.
    ConfirmFoundLate,
    /// A confirm is not found for long.
    ConfirmForgotten,
    /// What older exits had to go for is answered with its id.
    EvictionWithId,
    /// The execution is told before the trigger that brought it.
    FillBeforeTrigger,
    /// A close of a hedge account that exceeds what resting ones leave is refused.
    HedgedInsufficient,
    /// A client id is free when its order is over.
    IdsFreed,
    /// A level that was struck is confirmed too.
    LevelHitConfirmed,
    /// Cancelling everything spares what waits for a price.
    MassCancelSpares,
    /// Words of the other position mode are carried out.
    ModeOverlooked,
    /// A second NEW when a conditional order triggers, and nothing of its shell.
    NewAgain,
    /// Refusals carry the codes that should be gone.
    NumbersBefore,
    /// A level that is not named stays.
    OmittedLevelKept,
    /// A market exit larger than the position is refused.
    OversizeRefused,
    /// A deal goes on under its own id after a part was closed.
    PartKeepsId,
    /// Free plan orders go with the position.
    PlansGo,
    /// A position is seen late by what is to be bound to it.
    PositionSeenLate,
    /// A reference used before is refused.
    ReferenceRefused,
    /// A second stop for the whole position stands beside the first.
    SecondStopStands,
    /// A second stop for the whole position takes the first one's place.
    SecondStopReplaces,
    /// Of a position that is not seen yet it is said that there is none.
    UnseenIsNone,
}

/// One reading: which, where a page leaves it open, and what the venue does then.
struct Line {
    reading: Reading,
    venues: &'static [VenueKind],
    play: fn(&mut Habits),
}

const fn line(reading: Reading, venues: &'static [VenueKind], play: fn(&mut Habits)) -> Line {
    Line { reading, venues, play }
}

/// By venue, with the section that leaves it open.
const LINES: &[Line] = &[
    // venues/binance.md §8.4 ("inferred, unverified"), venues/bitget.md §6.5 (v3 as v2).
    line(Reading::ChildHasOwnId, &[Binance, BitgetClassic, BitgetUnified], |habits| {
        habits.conditionals.child_ids = ChildIds::OfVenue;
    }),
    // venues/binance.md §8.4: the two streams are not ordered.
    line(Reading::FillBeforeTrigger, &[Binance], |habits| habits.conditionals.told = TriggerTold::AfterFill),
    // venues/binance.md §7, venues/aster.md §0 fact 5.
    line(Reading::MassCancelSpares, &[Aster, Binance], |habits| {
        habits.conditionals.mass_cancel = MassCancel::RegularOnly;
    }),
    // venues/binance.md §7.1, venues/bitget.md §6.2.
    line(Reading::OversizeRefused, &[Binance, BitgetClassic, BitgetUnified], |habits| {
        habits.exits.oversize = Oversize::Refused;
    }),
    // venues/aster.md §5.3.
    line(Reading::NewAgain, &[Aster], |habits| habits.conditionals.told = TriggerTold::NewAgain),
    // venues/aster.md §5.4: -4130 is not in Aster's list.
    line(Reading::SecondStopStands, &[Aster], |habits| habits.exits.second_whole = SecondWhole::Coexists),
    // venues/bitget.md §8.2; v3 says that there is one (§14).
    line(Reading::SecondStopReplaces, BITGET_V2, |habits| habits.exits.second_whole = SecondWhole::Replaces),
    // venues/bitget.md §6.2: the page says both.
    line(Reading::HedgedInsufficient, BITGET, |habits| habits.exits.hedged = HedgedExits::Insufficient),
    // venues/bitget.md §6.2: the answer "may" carry no id.
    line(Reading::EvictionWithId, BITGET, |habits| habits.exits.evicted = EvictionAnswer::WithId),
    // venues/bitget.md §7: whether the venue cancels what survives is unverified.
    line(Reading::PlansGo, BITGET, |habits| habits.conditionals_expire_when_flat = true),
    // venues/bitget.md §8.4.
    line(Reading::BoundOrdersStay, BITGET, |habits| habits.exits.bound_when_flat = WhenFlat::Stay),
    // venues/bitget.md §12: 22002 has been seen as well as 43023, and two seconds of waiting.
    line(Reading::UnseenIsNone, BITGET, |habits| habits.exits.unseen = Unseen::NoPosition),
    line(Reading::PositionSeenLate, BITGET, |habits| habits.exits.visible_after = SEEN_AFTER),
    // venues/bitget.md §12, §0 fact 8: one of the old codes was still seen.
    line(Reading::NumbersBefore, BITGET_V2, |habits| habits.requests.numbers = Numbers::BitgetBefore),
    // venues/bitget.md §13: how long an id is taken is not documented for v2.
    line(Reading::IdsFreed, BITGET_V2, |habits| habits.requests.client_ids = ClientIds::UniqueAmongOpen),
    // venues/bitget.md §15.
    line(Reading::ModeOverlooked, BITGET, |habits| habits.requests.side_mismatch = SideMismatch::Overlooked),
    // venues/ig.md §0 fact 7, §4.3.
    line(Reading::OmittedLevelKept, IG, |habits| deals(habits).omitted_level = OmittedLevel::Kept),
    // venues/ig.md §7.1: reported both ways.
    line(Reading::PartKeepsId, IG, |habits| deals(habits).partial_close = PartialClose::KeepsId),
    // venues/ig.md §4.2.
    line(Reading::ReferenceRefused, IG, |habits| deals(habits).repeated_reference = RepeatedReference::Refused),
    // venues/ig.md §7.1: the capture's time stamps have it one way, its lines the other (§11).
    line(Reading::ConfirmedFirst, IG, |habits| deals(habits).confirm_told = ConfirmTold::BeforeUpdate),
    // venues/ig.md §7.1.
    line(Reading::LevelHitConfirmed, IG, |habits| deals(habits).level_hit = LevelHit::Confirmed),
    // venues/ig.md §4.3.
    line(Reading::AmendConfirmedAlone, IG, |habits| deals(habits).amend_reference = AmendReference::Fresh),
    // venues/ig.md §4.5.
    line(Reading::ConfirmFoundLate, IG, |habits| deals(habits).readable_after = READABLE_AFTER),
    line(Reading::ConfirmForgotten, IG, |habits| deals(habits).readable_for = Some(READABLE_FOR)),
];

fn deals(habits: &mut Habits) -> &mut DealHabits {
    habits.deals.as_mut().expect("only readings of a venue of deals speak of them")
}

impl Reading {
    /// All of them, in the order of the venues' pages.
    pub fn all() -> impl Iterator<Item = Self> {
        LINES.iter().map(|line| line.reading)
    }

    /// The venue does so.
    pub fn play(self, habits: &mut Habits) {
        LINES.iter().filter(|line| line.reading == self).for_each(|line| (line.play)(habits));
    }

    /// In words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::AmendConfirmedAlone => "a change of levels is confirmed under its own reference",
            Self::BoundOrdersStay => "bound orders outlive their position",
            Self::ChildHasOwnId => "a triggered order executes under the venue's id",
            Self::ConfirmedFirst => "a confirm comes before its update",
            Self::ConfirmFoundLate => "a confirm is found seconds later",
            Self::ConfirmForgotten => "a confirm is forgotten soon",
            Self::EvictionWithId => "an eviction is answered with an id",
            Self::FillBeforeTrigger => "an execution is told before its trigger",
            Self::HedgedInsufficient => "a hedged close beside resting ones is refused",
            Self::IdsFreed => "a client id is free again",
            Self::LevelHitConfirmed => "a struck level is confirmed",
            Self::MassCancelSpares => "cancelling everything spares conditional orders",
            Self::ModeOverlooked => "words of the other mode are carried out",
            Self::NewAgain => "a trigger is a second NEW",
            Self::NumbersBefore => "refusals carry old codes",
            Self::OmittedLevelKept => "a level not named stays",
            Self::OversizeRefused => "an exit larger than the position is refused",
            Self::PartKeepsId => "a deal keeps its id after a part",
            Self::PlansGo => "plan orders go with the position",
            Self::PositionSeenLate => "a position is seen two seconds later",
            Self::ReferenceRefused => "a reference used before is refused",
            Self::SecondStopStands => "a second whole stop stands beside the first",
            Self::SecondStopReplaces => "a second whole stop replaces the first",
            Self::UnseenIsNone => "an unseen position is none",
        }
    }

    /// Whether it can show in a life.
    fn fits(self, life: &Life) -> bool {
        match self {
            Self::HedgedInsufficient => life.mode == PositionMode::Hedge || switching::is_tried(life),
            Self::ModeOverlooked => switching::is_tried(life),
            _ => true,
        }
    }
}

/// How near levels may stand at IG (venues/ig.md §6).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Least {
    /// As the venue has it.
    pub distance: LeastDistance,
    /// Whether the engine was told; else it learns it from refusals, for the rules change in volatile hours.
    pub told: bool,
}

/// What a life's venue does that its page leaves open.
pub fn draw(seed: u64, life: &mut Life) {
    let dice = &mut Dice::new(seed, 0x9A6E);
    let mut open: Vec<Reading> = of(life.venue).filter(|reading| reading.fits(life)).collect();
    // What is left open of a switch shows in few lives: half of those play it.
    let overlooked = open.iter().position(|reading| *reading == Reading::ModeOverlooked).map(|at| open.remove(at));
    life.readings.extend(overlooked.filter(|_| dice.below(2) == 0));
    if dice.below(2) == 0 {
        for _ in 0..between(dice, 1, MOST).min(i64::try_from(open.len()).unwrap_or(MOST)) {
            let at = dice.below(u32::try_from(open.len()).unwrap_or(u32::MAX));
            life.readings.push(open.remove(at as usize));
        }
    }
    life.readings.sort_unstable();
    if life.venue == Ig && dice.below(4) == 0 {
        life.least = Some(least(dice, life));
    }
}

/// A share of the price as for shares, or points as for an index: up to half a percent.
fn least(dice: &mut Dice, life: &Life) -> Least {
    let basis_points = one_of(dice, &[1, 5, 10, 25, 50]);
    let tick: Price = life.grid.tick.parse().expect("a constant of this folder is a price");
    let distance = if dice.below(2) == 0 {
        let share = Ratio::whole(basis_points).over(Ratio::whole(10_000), Rounding::Nearest);
        LeastDistance::Share(share.expect("basis points are a share"))
    } else {
        let ticks = Ratio::whole((life.grid.start * basis_points).div_ceil(10_000));
        let points = tick.times(ticks, Rounding::Nearest).expect("a part of a price of this folder is one");
        LeastDistance::Points(points.as_points())
    };
    Least { distance, told: dice.below(3) > 0 }
}

/// What a venue's page leaves open.
fn of(venue: VenueKind) -> impl Iterator<Item = Reading> {
    LINES.iter().filter(move |line| line.venues.contains(&venue)).map(|line| line.reading)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storm::draw::{Choice, draw};
    use backstop_venues::paper::capability;
    use std::collections::BTreeSet;

    #[test]
    fn half_of_the_lives_play_the_profile_as_it_is_and_every_reading_is_played() {
        let lives: Vec<Life> = (1..=4_000).map(|seed| draw(seed, Choice::default())).collect();
        let plain = lives.iter().filter(|life| life.readings.is_empty()).count();
        assert!((1_800..=2_200).contains(&plain), "{plain}");
        assert!(lives.iter().all(|life| life.readings.len() <= MOST as usize + 1));
        let played: BTreeSet<Reading> = lives.iter().flat_map(|life| life.readings.iter().copied()).collect();
        assert_eq!(played, Reading::all().collect());
        let least = |told| lives.iter().filter_map(|life| life.least).filter(|least| least.told == told).count();
        assert!(least(true) > 50 && least(false) > 20, "{} {}", least(true), least(false));
    }

    #[test]
    fn no_adapter_could_know_a_reading() {
        for reading in Reading::all() {
            for venue in LINES.iter().filter(|line| line.reading == reading).flat_map(|line| line.venues) {
                let (plain, mut other) = (venue.profile(), venue.profile());
                reading.play(&mut other.habits);
                assert_ne!(plain, other, "{reading:?} is what {venue:?} does anyway");
                for mode in [PositionMode::OneWay, PositionMode::Hedge, PositionMode::PerDeal] {
                    assert_eq!(capability(&plain.native(), mode), capability(&other.native(), mode), "{reading:?}");
                }
            }
        }
    }

    #[test]
    fn each_has_its_own_words() {
        let words: BTreeSet<&str> = Reading::all().map(Reading::words).collect();
        assert_eq!(words.len(), LINES.len());
    }
}
