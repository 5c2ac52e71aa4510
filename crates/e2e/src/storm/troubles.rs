//! The menu of faults: each line is one way things go wrong, with its ids in the catalogue (faults.md) and how it is
//! brought about.
//!
//! A line turns a knob of the simulated venue for a while, or lets something happen at an instant. Whether it really
//! struck is counted where it strikes.

use super::draw::{between, one_of};
use super::life::{
    Act, Chase, DiskTrouble, Edit, EnginesTrouble, Garble, Hand, Incident, Life, Trouble, VenueKind, What, Wish,
};
use backstop_model::Series;
use backstop_sim::Fault;
use backstop_sim::dice::Dice;
use backstop_sim::faults::Scope;

/// How one line of the menu is brought about.
#[derive(Clone, Copy)]
enum Way {
    /// A knob by chance, for some of the time.
    Knob(Fault, What, Scope),
    /// A knob with certainty, for a stretch.
    Stretch(Fault, What, Scope),
    /// Something at an instant.
    Act(fn(&mut Dice, &Life) -> Act),
    /// Something about the place.
    Place(fn(&mut Dice, &mut Life)),
}

impl Way {
    const fn fault(self) -> Option<Fault> {
        match self {
            Self::Act(_) | Self::Place(_) => None,
            Self::Knob(fault, ..) | Self::Stretch(fault, ..) => Some(fault),
        }
    }
}

/// One line.
struct Line {
    ids: &'static [&'static str],
    way: Way,
    venues: &'static [VenueKind],
}

const IG: &[VenueKind] = &[VenueKind::Ig];
const BITGET: &[VenueKind] = &[VenueKind::BitgetClassic, VenueKind::BitgetUnified];

/// Venues that keep conditional orders as orders.
const ORDERS: &[VenueKind] =
    &[VenueKind::Aster, VenueKind::Binance, VenueKind::BitgetClassic, VenueKind::BitgetUnified];

const fn knob(ids: &'static [&'static str], fault: Fault) -> Line {
    says(ids, fault, What::Plain, Scope::All)
}

const fn says(ids: &'static [&'static str], fault: Fault, what: What, scope: Scope) -> Line {
    Line { ids, way: Way::Knob(fault, what, scope), venues: &VenueKind::ALL }
}

const fn stretch(ids: &'static [&'static str], fault: Fault, what: What, scope: Scope) -> Line {
    Line { ids, way: Way::Stretch(fault, what, scope), venues: &VenueKind::ALL }
}

const fn act(ids: &'static [&'static str], act: fn(&mut Dice, &Life) -> Act) -> Line {
    Line { ids, way: Way::Act(act), venues: &VenueKind::ALL }
}

const fn place(ids: &'static [&'static str], make: fn(&mut Dice, &mut Life)) -> Line {
    Line { ids, way: Way::Place(make), venues: &VenueKind::ALL }
}

/// A line that only these venues know.
const fn only(venues: &'static [VenueKind], line: Line) -> Line {
    Line { venues, ..line }
}

/// Everything that can go wrong here, in the order of the catalogue.
const MENU: &[Line] = &[
    knob(&["F-A01"], Fault::DropRequest),
    knob(&["F-A02"], Fault::DropResponse),
    says(&["F-A03"], Fault::Http, What::Unsure503, Scope::All),
    says(&["F-A04"], Fault::Http, What::Unavailable503, Scope::All),
    says(&["F-A04"], Fault::Http, What::Internal503, Scope::All),
    says(&["F-A04"], Fault::Http, What::Strange502, Scope::All),
    stretch(&["F-A05"], Fault::Reject, What::Throttled, Scope::Conditional),
    says(&["F-A05"], Fault::Reject, What::Throttled, Scope::All),
    says(&["F-A06"], Fault::LateExecution, What::TimedOut, Scope::All),
    says(&["F-A07"], Fault::LateExecution, What::Unsure503, Scope::All),
    knob(&["F-A08", "F-E15", "F-E16"], Fault::StaleRead),
    knob(&["F-A09"], Fault::ForgetOrder),
    act(&["F-A09"], |dice, _| Act::Away { days: if dice.below(16) == 0 { 91 } else { 4 } }),
    knob(&["F-A10"], Fault::DuplicateResponse),
    says(&["F-A11"], Fault::Reject, What::Duplicate, Scope::Conditional),
    only(BITGET, says(&["F-A14"], Fault::Reject, What::Broken, Scope::All)),
    only(IG, knob(&["F-A15"], Fault::DealReject)),
    says(&["F-A18"], Fault::Http, What::Garbled200, Scope::All),
    stretch(&["F-A20"], Fault::Reject, What::Unsupported, Scope::Conditional),
    knob(&["F-B01"], Fault::EventDrop),
    knob(&["F-B02"], Fault::EventDuplicate),
    knob(&["F-B03"], Fault::EventReorder),
    knob(&["F-B04", "F-A19"], Fault::Delay),
    knob(&["F-B04", "F-B06"], Fault::EventDelay),
    knob(&["F-B07", "F-B08"], Fault::PartialFill),
    knob(&["F-B09"], Fault::MarketRest),
    act(&["F-B10"], |_, _| Act::Garble(Garble::Status)),
    act(&["F-B11"], |_, _| Act::Garble(Garble::Fee)),
    act(&["F-B16"], |dice, _| Act::Garble(Garble::Late { ms: between(dice, 2_000, 60_000) })),
    only(ORDERS, act(&["F-B16"], |_, _| Act::Withhold)),
    act(&["F-C01"], |dice, life| {
        let (up, down) = (whipped(dice, life, 1), whipped(dice, life, -1));
        if dice.below(2) == 0 { Act::Whip { first: up, second: down } } else { Act::Whip { first: down, second: up } }
    }),
    act(&["F-C02"], |_, _| Act::Chase(Chase::Moves)),
    act(&["F-C03"], |_, _| Act::Chase(Chase::Stops)),
    says(&["F-C04"], Fault::Reject, What::ReduceOnly, Scope::Regular),
    // The level of a deal goes with it, or by somebody's hand (F-D05).
    only(ORDERS, knob(&["F-C06"], Fault::CancelBySystem)),
    only(ORDERS, knob(&["F-C07"], Fault::TriggerReject)),
    only(ORDERS, knob(&["F-C11"], Fault::TriggerStuck)),
    says(&["F-C13"], Fault::Reject, What::TooManyStops, Scope::Conditional),
    only(ORDERS, says(&["F-C15"], Fault::Reject, What::StopExists, Scope::Conditional)),
    act(&["F-C17", "F-C18"], jump),
    only(IG, says(&["F-C20"], Fault::DealReject, What::LevelTooNear, Scope::All)),
    act(&["F-D01", "F-C14"], |_, _| Act::Hand(Hand::Close)),
    act(&["F-D02", "F-B15"], |dice, _| Act::Hand(Hand::Reduce { steps: 1 + dice.below(60) })),
    act(&["F-D03"], |dice, life| Act::Hand(Hand::Open { steps: life.grid.least_steps + dice.below(60) })),
    act(&["F-D04"], |_, _| Act::Hand(Hand::Flip)),
    act(&["F-D05"], |_, _| Act::Hand(Hand::CancelStop)),
    act(&["F-D05"], |dice, life| Act::Hand(Hand::MoveStop { ticks: moved(dice, life) })),
    only(ORDERS, act(&["F-D06"], |_, _| Act::Venue(Incident::CancelAll))),
    act(&["F-D08"], |dice, _| Act::Hand(Hand::Leverage(one_of(dice, &[2, 5, 20])))),
    only(
        ORDERS,
        act(&["F-D09"], |dice, _| {
            Act::Hand(Hand::Margin { percent: i32::try_from(between(dice, -60, 60)).unwrap_or(10) })
        }),
    ),
    says(&["F-D10"], Fault::Reject, What::LockedOut, Scope::All),
    knob(&["F-D11"], Fault::OnlyReduce),
    stretch(&["F-E01"], Fault::SilentStall, What::Plain, Scope::All),
    act(&["F-F01"], |_, _| Act::Venue(Incident::Liquidate)),
    act(&["F-F02"], |dice, _| Act::Venue(Incident::Adl { steps: 1 + dice.below(60) })),
    act(&["F-F03"], |_, _| Act::Venue(Incident::Settle)),
    act(&["F-F04", "F-B12"], |dice, _| Act::Funding { longs_pay: dice.below(2) == 0 }),
    act(&["F-F05"], |_, _| Act::Venue(Incident::MarginCall)),
    says(&["F-F06"], Fault::Reject, What::Margin, Scope::Conditional),
    only(ORDERS, act(&["F-F08"], |dice, _| Act::Venue(Incident::Annul { nth: dice.below(4) }))),
    act(&["F-G02"], |_, _| Act::Coarser),
    act(&["F-G02"], |_, _| Act::CoarserUnsaid),
    place(&["F-G04"], smaller_orders),
    act(&["F-G05"], |dice, _| Act::Thin { steps: 1 + dice.below(100) }),
    says(&["F-G07"], Fault::Reject, What::TooMany, Scope::All),
    act(&["F-H01"], misprint),
    act(&["F-H02"], |dice, _| Act::Missing { series: one_of(dice, &Series::ALL), ms: between(dice, 500, 20_000) }),
    act(&["F-H03"], |dice, _| Act::Crossed { ms: between(dice, 100, 4_000) }),
    act(&["F-H04"], |dice, _| Act::FeedCut { ms: between(dice, 1_000, 15_000) }),
    act(&["F-H05", "F-C10"], |dice, life| Act::MarkAway {
        ticks: moved(dice, life) * 4,
        ms: between(dice, 500, 20_000),
    }),
    act(&["F-H06", "F-H08"], |dice, life| {
        let ticks = i64::from(life.grid.start);
        Act::Frozen { ms: between(dice, 1_000, 60_000), ticks: ticks + ticks * between(dice, -1_000, 1_000) / 10_000 }
    }),
    act(&["F-H07"], |_, _| Act::OtherMarket),
    act(&["F-H09"], |dice, _| Act::Flood { count: 50 + dice.below(250) }),
    says(&["F-I01"], Fault::Http, What::Limited429, Scope::All),
    stretch(&["F-I02"], Fault::Http, What::Banned418, Scope::All),
    stretch(&["F-I03"], Fault::Http, What::Blocked403, Scope::All),
    stretch(&["F-I04", "F-C19"], Fault::Maintenance, What::Plain, Scope::All),
    stretch(&["F-I05"], Fault::Http, What::Illegal451, Scope::All),
    stretch(&["F-I06"], Fault::Reject, What::Throttled, Scope::Regular),
    stretch(&["F-I06"], Fault::Reject, What::Throttled, Scope::Cancels),
    stretch(&["F-I06"], Fault::Http, What::Unavailable503, Scope::Reads),
    act(&["F-J03", "F-K02"], |dice, _| Act::Freeze { ms: between(dice, 300, 20_000) }),
    act(&["F-K01", "F-K06"], |_, _| Act::Engines(EnginesTrouble::Second)),
    act(&["F-K02", "F-K03"], |dice, _| Act::Engines(EnginesTrouble::Stall { ms: between(dice, 300, 20_000) })),
    act(&["F-K04"], |dice, _| Act::Engines(EnginesTrouble::Down { ms: between(dice, 1_000, 25_000) })),
    act(&["F-K02"], |dice, _| Act::Engines(EnginesTrouble::Skew { ms: between(dice, -1_000, 1_000) })),
    only(ORDERS, act(&["F-K05"], |dice, _| Act::Stranger { steps: 1 + dice.below(60) })),
    act(&["F-M01", "F-M03", "F-M14", "F-B05"], |dice, _| Act::Kill {
        after: dice.below(60),
        down: between(dice, 20, 5_000),
    }),
    act(&["F-M04", "F-M06", "F-M08"], |_, _| Act::Disk(DiskTrouble::Fails)),
    act(&["F-M05"], |_, _| Act::Disk(DiskTrouble::Full)),
    act(&["F-M07"], |_, _| Act::Disk(DiskTrouble::Rots)),
    act(&["F-M09", "F-M13"], |dice, _| Act::Disk(DiskTrouble::Forgets { records: 1 + dice.below(30) })),
    act(&["F-M10"], |dice, _| {
        Act::Disk(DiskTrouble::Slow { sync: between(dice, 50, 800), ms: between(dice, 1_000, 10_000) })
    }),
    act(&["F-M18"], |dice, _| Act::Terminate { down: between(dice, 200, 5_000) }),
];

/// What is drawn apart from the menu (`switching`, `corners`, `contracts`, `crowds`, `reloading`); how prices are told (`feeds`) is no fault.
const APART: &[Line] = &[
    only(IG, says(&["F-C20"], Fault::DealReject, What::LevelsCrowd, Scope::All)),
    only(ORDERS, act(&["F-D07"], |_, _| Act::Hand(Hand::Mode))),
    only(IG, act(&["F-F03"], |_, _| Act::Venue(Incident::Expire))),
    only(BITGET, act(&["F-F03"], |_, _| Act::LimitOpen { ms: 1 })),
    place(&["F-G06"], |_, life| life.value_per_point = Some("10")),
    act(&["F-I07"], |_, _| Act::Crowd { others: 250, ms: 1 }),
    act(&["F-M15"], |_, _| Act::Reload(Edit::Nearer)),
];

/// Lines that need another one to show: what became of the records is found at the next start.
const STARTS_AGAIN: [&str; 2] = ["F-M07", "F-M09"];

/// Every id of the menu, once.
#[must_use]
pub fn ids() -> Vec<&'static str> {
    let mut ids: Vec<&str> = MENU.iter().chain(APART).flat_map(|line| line.ids).copied().collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// Whether two ids can strike in one life: at a venue that knows both, and not through one knob, which a life turns once.
#[must_use]
pub fn can_meet(one: &str, other: &str) -> bool {
    let pairs = lines_of(one).flat_map(|a| lines_of(other).map(move |b| (a, b)));
    pairs.into_iter().any(|(a, b)| {
        let same_line = std::ptr::eq(a, b);
        let one_knob = a.way.fault().is_some() && a.way.fault() == b.way.fault();
        a.venues.iter().any(|venue| b.venues.contains(venue)) && (same_line || !one_knob)
    })
}

fn lines_of(id: &str) -> impl Iterator<Item = &'static Line> {
    MENU.iter().chain(APART).filter(move |line| line.ids.contains(&id))
}

/// What striking knob and words mean in the catalogue.
#[must_use]
pub fn ids_of(trouble: &Trouble) -> &'static [&'static str] {
    let same = |way: Way| match way {
        Way::Knob(fault, what, scope) | Way::Stretch(fault, what, scope) => {
            (fault, what, scope) == (trouble.fault, trouble.what, trouble.scope)
        }
        Way::Act(_) | Way::Place(_) => false,
    };
    MENU.iter().chain(APART).find(|line| same(line.way)).map_or(&[], |line| line.ids)
}

/// One more thing goes wrong in this life. A knob that is turned already stays as it is: two meanings of one knob cannot
/// be told apart.
pub fn draw(dice: &mut Dice, life: &mut Life) {
    let count = u32::try_from(MENU.len()).unwrap_or(u32::MAX);
    let line = &MENU[dice.below(count) as usize];
    let from = between(dice, 0, life.length * 3 / 4);
    let (fault, what, scope, per_million, window) = match line.way {
        Way::Place(make) => return make(dice, life),
        Way::Act(_) if !line.venues.contains(&life.venue) => return,
        Way::Act(make) => {
            let act = make(dice, life);
            life.acts.push((between(dice, 1_500, life.length), act));
            follow(dice, life, act, from);
            if matches!(act, Act::Engines(_)) && dice.below(4) > 0 {
                // Most of it only shows when somebody else waits.
                life.acts.push((between(dice, 0, 3_000), Act::Engines(EnginesTrouble::Second)));
            }
            if STARTS_AGAIN.contains(&line.ids[0]) {
                let after = dice.below(20);
                life.acts.push((between(dice, from.max(2_000), life.length), Act::Kill { after, down: 500 }));
            }
            return;
        }
        Way::Knob(fault, what, scope) => {
            let chance = one_of(dice, &[20_000, 60_000, 150_000, 400_000]);
            (fault, what, scope, chance, (from, from + between(dice, 3_000, life.length)))
        }
        Way::Stretch(fault, what, scope) => (fault, what, scope, 1_000_000, (from, from + between(dice, 500, 25_000))),
    };
    let taken = |other: &Trouble| other.fault == fault;
    if !life.troubles.iter().any(taken) && line.venues.contains(&life.venue) {
        life.troubles.push(Trouble { fault, what, per_million, window, scope });
    }
}

/// What belongs to an act: what is kept back is told, and some of it happens a day later.
fn follow(dice: &mut Dice, life: &mut Life, act: Act, from: i64) {
    if act == Act::Withhold {
        life.acts.push((between(dice, from.max(2_000), life.length), Act::TellWithheld));
    }
    let is_corrected = matches!(act, Act::Withhold | Act::Venue(Incident::Annul { .. }));
    if is_corrected && dice.below(4) == 0 {
        life.acts.push((between(dice, from.max(2_000), life.length), Act::Away { days: 2 }));
    }
}

fn moved(dice: &mut Dice, life: &Life) -> i64 {
    let ticks = i64::from(life.grid.start);
    (ticks * between(dice, -150, 150) / 10_000).max(-ticks / 2)
}

/// A gap of some percent: everything between is jumped over.
fn jump(dice: &mut Dice, life: &Life) -> Act {
    let ticks = i64::from(life.grid.start);
    Act::Gap { ticks: ticks + ticks * between(dice, -900, 900) / 10_000 }
}

/// So far up or down that targets and stops are touched.
fn whipped(dice: &mut Dice, life: &Life, sign: i64) -> i64 {
    let ticks = i64::from(life.grid.start);
    ticks + sign * ticks * between(dice, 50, 900) / 10_000
}

/// No order may be larger than the position that is opened first, and the position gets larger.
fn smaller_orders(dice: &mut Dice, life: &mut Life) {
    let opens = |act: &Act| match act {
        Act::Hand(Hand::Open { steps }) | Act::Wish(Wish::Enter { steps }) => Some(*steps),
        _ => None,
    };
    let Some((at, steps)) = life.acts.iter().filter_map(|(at, act)| Some((*at, opens(act)?))).min() else { return };
    // Two of the smallest at least: with less there are amounts that no orders make.
    life.most_steps = Some(steps.max(2 * life.grid.min_steps));
    life.acts.push((between(dice, at, life.length), Act::Hand(Hand::Open { steps })));
}

/// Acts that wait for their moment, which may never come, that the venue may refuse or find nothing for, or that nobody is there for:
/// they count when they have happened, the others when their time has come.
#[must_use]
pub const fn waits(act: &Act) -> bool {
    match act {
        Act::Away { .. }
        | Act::CoarserNow
        | Act::Crossed { .. }
        | Act::Crowd { .. }
        | Act::FeedCut { .. }
        | Act::Flood { .. }
        | Act::Frozen { .. }
        | Act::Gap { .. }
        | Act::MarkAway { .. }
        | Act::Market { .. }
        | Act::Misprint { .. }
        | Act::Missing { .. }
        | Act::OpensAgain
        | Act::TellWithheld
        | Act::Thaw { .. }
        | Act::Thin { .. }
        | Act::Whip { .. }
        | Act::Wish(_) => false,
        Act::Chase(_)
        | Act::Coarser
        | Act::CoarserUnsaid
        | Act::Disk(_)
        | Act::Engines(_)
        | Act::Freeze { .. }
        | Act::Funding { .. }
        | Act::Garble(_)
        | Act::Hand(_)
        | Act::Kill { .. }
        | Act::LimitOpen { .. }
        | Act::OtherMarket
        | Act::Reload(_)
        | Act::ReloadOf(..)
        | Act::Stranger { .. }
        | Act::Terminate { .. }
        | Act::Venue(_)
        | Act::Withhold => true,
    }
}

/// What a life's place means in the catalogue.
#[must_use]
pub const fn ids_of_place(life: &Life) -> &'static [&'static str] {
    match (life.most_steps.is_some(), life.value_per_point.is_some()) {
        (true, true) => &["F-G04", "F-G06"],
        (true, false) => &["F-G04"],
        (false, true) => &["F-G06"],
        (false, false) => &[],
    }
}

fn misprint(dice: &mut Dice, life: &Life) -> Act {
    let ticks = i64::from(life.grid.start);
    let far = one_of(dice, &[1, ticks / 2, ticks * 97 / 100, ticks * 103 / 100, ticks * 2]);
    Act::Misprint { ticks: far.max(1), ms: one_of(dice, &[1, 8, 100, 400, 2_000]) }
}

/// What an act means in the catalogue; nothing for ordinary ones.
#[must_use]
pub const fn ids_of_act(act: &Act) -> &'static [&'static str] {
    match act {
        Act::CoarserNow
        | Act::Market { .. }
        | Act::OpensAgain
        | Act::TellWithheld
        | Act::Thaw { .. }
        | Act::Wish(_) => &[],
        Act::Gap { .. } => &["F-C17", "F-C18"],
        Act::Reload(_) | Act::ReloadOf(..) => &["F-M15"],
        Act::Misprint { .. } => &["F-H01"],
        Act::MarkAway { .. } => &["F-H05", "F-C10"],
        Act::Crossed { .. } => &["F-H03"],
        Act::FeedCut { .. } => &["F-H04"],
        Act::Hand(hand) => match hand {
            Hand::Open { .. } => &["F-D03"],
            Hand::Reduce { .. } => &["F-D02", "F-B15"],
            Hand::Close => &["F-D01", "F-C14"],
            Hand::Flip => &["F-D04"],
            Hand::CancelStop | Hand::MoveStop { .. } => &["F-D05"],
            Hand::Leverage(_) => &["F-D08"],
            Hand::Mode => &["F-D07"],
            Hand::Margin { .. } => &["F-D09"],
        },
        Act::Venue(incident) => match incident {
            Incident::Adl { .. } => &["F-F02"],
            Incident::Annul { .. } => &["F-F08"],
            Incident::CancelAll => &["F-D06"],
            Incident::MarginCall => &["F-F05"],
            Incident::Liquidate => &["F-F01"],
            Incident::Expire | Incident::Settle => &["F-F03"],
        },
        Act::Engines(trouble) => match trouble {
            EnginesTrouble::Down { .. } => &["F-K04"],
            EnginesTrouble::Second => &["F-K01", "F-K06"],
            EnginesTrouble::Skew { .. } => &["F-K02"],
            EnginesTrouble::Stall { .. } => &["F-K02", "F-K03"],
        },
        Act::Crowd { .. } => &["F-I07"],
        Act::Away { .. } => &["F-A09"],
        Act::Chase(Chase::Moves) => &["F-C02"],
        Act::Chase(Chase::Stops) => &["F-C03"],
        Act::Coarser | Act::CoarserUnsaid => &["F-G02"],
        Act::Flood { .. } => &["F-H09"],
        Act::Frozen { .. } => &["F-H06", "F-H08"],
        Act::Funding { .. } => &["F-F04", "F-B12"],
        Act::Garble(Garble::Fee) => &["F-B11"],
        Act::Garble(Garble::Late { .. }) => &["F-B16"],
        Act::Garble(Garble::Status) => &["F-B10"],
        Act::LimitOpen { .. } => &["F-F03"],
        Act::Missing { .. } => &["F-H02"],
        Act::OtherMarket => &["F-H07"],
        Act::Stranger { .. } => &["F-K05"],
        Act::Terminate { .. } => &["F-M18"],
        Act::Thin { .. } => &["F-G05"],
        Act::Whip { .. } => &["F-C01"],
        Act::Withhold => &["F-B16"],
        Act::Kill { .. } => &["F-M01", "F-M03", "F-M14", "F-B05"],
        Act::Freeze { .. } => &["F-J03", "F-K02"],
        Act::Disk(DiskTrouble::Fails) => &["F-M04", "F-M06", "F-M08"],
        Act::Disk(DiskTrouble::Forgets { .. }) => &["F-M09", "F-M13"],
        Act::Disk(DiskTrouble::Full) => &["F-M05"],
        Act::Disk(DiskTrouble::Rots) => &["F-M07"],
        Act::Disk(DiskTrouble::Slow { .. }) => &["F-M10"],
    }
}
