//! One life as data: where it is lived, under which plan, and everything that happens in it.
//!
//! Nothing is drawn here and nothing is played. Times are milliseconds since the life began, prices are ticks and
//! quantities are steps, so that a part of a life can be left out without moving the rest.

use super::readings::{Least, Reading};
use super::trap::Trap;
use backstop_model::plan::ExitPlanSpec;
use backstop_model::{Adopt, PositionMode, PositionSide, Series};
use backstop_sim::faults::Scope;
use backstop_sim::{Fault, Profile};

/// Whose habits the venue has.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum VenueKind {
    /// venues/aster.md.
    Aster,
    /// venues/binance.md.
    Binance,
    /// venues/bitget.md, classic accounts.
    BitgetClassic,
    /// venues/bitget.md, unified accounts.
    BitgetUnified,
    /// venues/ig.md.
    Ig,
}

impl VenueKind {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Aster, Self::Binance, Self::BitgetClassic, Self::BitgetUnified, Self::Ig];

    /// The simulator's profile.
    #[must_use]
    pub fn profile(self) -> Profile {
        match self {
            Self::Aster => Profile::aster(),
            Self::Binance => Profile::binance(),
            Self::BitgetClassic => Profile::bitget_classic(),
            Self::BitgetUnified => Profile::bitget_unified(),
            Self::Ig => Profile::ig(),
        }
    }
}

/// The market's grid: one of a few real ones.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Grid {
    /// The price increment, as written.
    pub tick: &'static str,
    /// The quantity increment, as written.
    pub step: &'static str,
    /// The smallest order, in steps.
    pub min_steps: u32,
    /// The smallest order, in the quote currency.
    pub min_notional: &'static str,
    /// The smallest position that is opened, in steps.
    pub least_steps: u32,
    /// The first price, in ticks.
    pub start: u32,
}

/// A knob of the venue or of the network, turned for a stretch of time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Trouble {
    /// Which knob.
    pub fault: Fault,
    /// What exactly, where a knob can mean several things.
    pub what: What,
    /// Chances in a million.
    pub per_million: u32,
    /// From when to before when, in milliseconds of the life.
    pub window: (i64, i64),
    /// Which requests.
    pub scope: Scope,
}

/// What a refusal, an error or a late execution says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum What {
    /// Nothing more to say.
    Plain,
    /// 503, "Unknown error": executed or not (F-A03).
    Unsure503,
    /// 503, "Service Unavailable." (F-A04).
    Unavailable503,
    /// 503, "Internal error" (F-A04).
    Internal503,
    /// A 5xx nobody has described (F-A04).
    Strange502,
    /// 429 (F-I01).
    Limited429,
    /// 418 (F-I02).
    Banned418,
    /// 403 of a web firewall (F-I03).
    Blocked403,
    /// 200 with HTML in it (F-A18).
    Garbled200,
    /// -1008 (F-A05).
    Throttled,
    /// -4120 and its like (F-A20).
    Unsupported,
    /// -2019 (F-F06).
    Margin,
    /// -2015 (F-D10).
    LockedOut,
    /// -1015 (F-G07).
    TooMany,
    /// -1007 (F-A06).
    TimedOut,
    /// A code of Bitget's that says nothing of the outcome (F-A14).
    Broken,
    /// -4116 (F-A11).
    Duplicate,
    /// 451 (F-I05).
    Illegal451,
    /// ATTACHED_ORDER_LEVEL_ERROR (F-C20).
    LevelTooNear,
    /// CR_SPACING (F-C20).
    LevelsCrowd,
    /// -2022 (F-C04).
    ReduceOnly,
    /// -4130 and its like (F-C15).
    StopExists,
    /// -4045 (F-C13).
    TooManyStops,
}

/// Something that happens at an instant.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Act {
    /// The market goes to so many ticks; the mark is so many ticks off, the spread that wide on either side.
    Market {
        /// Last price.
        ticks: i64,
        /// Mark less last.
        lag: i64,
        /// Half the spread.
        spread: i64,
    },
    /// The whole market jumps, over whatever waits in between (F-C17, F-C18).
    Gap {
        /// Where to.
        ticks: i64,
    },
    /// The last price alone is somewhere else for a moment (F-H01).
    Misprint {
        /// Where.
        ticks: i64,
        /// For how long, in milliseconds.
        ms: i64,
    },
    /// The mark alone is somewhere else for a while (F-H05).
    MarkAway {
        /// Mark less last.
        ticks: i64,
        /// For how long, in milliseconds.
        ms: i64,
    },
    /// Bid above ask for a while (F-H03).
    Crossed {
        /// For how long, in milliseconds.
        ms: i64,
    },
    /// No price reaches the engine (F-H04).
    FeedCut {
        /// For how long, in milliseconds.
        ms: i64,
    },
    /// Somebody acts at the venue's own screen.
    Hand(Hand),
    /// The operator asks for something.
    Wish(Wish),
    /// The operator edits the configuration and has it read again (F-M15).
    Reload(Edit),
    /// The same beside two engines, each of which has a file of its own.
    ReloadOf(Edit, Files),
    /// The venue does something of its own accord.
    Venue(Incident),
    /// The process dies after so many of its steps, and is started again.
    Kill {
        /// Steps of the process from here on: each thing it does is one.
        after: u32,
        /// How long it is down, in milliseconds.
        down: i64,
    },
    /// The process is stopped and goes on (F-J03, F-K02).
    Freeze {
        /// For how long, in milliseconds.
        ms: i64,
    },
    /// The disk does something (section M).
    Disk(DiskTrouble),
    /// Something happens to the lease, or to the engines that want it (section K).
    Engines(EnginesTrouble),
    /// The venue keeps the next closing back: quantities tell of it, no list and no stream does (F-B16).
    Withhold,
    /// It tells what it has kept back.
    TellWithheld,
    /// The process is told to end: what it has decided is written, then it ends, and is started again (F-M18).
    Terminate {
        /// How long it is down, in milliseconds.
        down: i64,
    },
    /// Process and market are silent for days; the venue forgets orders meanwhile (F-A09).
    Away {
        /// How many.
        days: i64,
    },
    /// The market touches two prices and is back, all in one instant (F-C01).
    Whip {
        /// The first.
        first: i64,
        /// The second.
        second: i64,
    },
    /// The market reaches a stop while something about it is on its way (F-C02, F-C03).
    Chase(Chase),
    /// The next word of the venue that fits reaches the engine in another way.
    Garble(Garble),
    /// Funding is paid every few seconds from now on (F-F04, F-B12).
    Funding {
        /// By longs.
        longs_pay: bool,
    },
    /// The price grid is announced to become ten times as coarse, and does (F-G02).
    Coarser,
    /// It does.
    CoarserNow,
    /// The price grid becomes ten times as coarse, and nobody is told (F-G02).
    CoarserUnsaid,
    /// One price is missing in what reaches the engine (F-H02).
    Missing {
        /// Which.
        series: Series,
        /// For how long, in milliseconds.
        ms: i64,
    },
    /// The venue stands still, and goes on at another price (F-H06, F-H08).
    Frozen {
        /// For how long, in milliseconds.
        ms: i64,
        /// The price it goes on at, in ticks.
        ticks: i64,
    },
    /// The market takes closings only for a while (venues/bitget.md §4, F-F03).
    LimitOpen {
        /// For how long, in milliseconds.
        ms: i64,
    },
    /// It takes what opens again.
    OpensAgain,
    /// So little rests in the book near the price from now on (F-G05).
    Thin {
        /// How much.
        steps: u32,
    },
    /// Others on the same address use up so many requests of every window (F-I07).
    Crowd {
        /// How many.
        others: u32,
        /// For how long, in milliseconds.
        ms: i64,
    },
    /// It goes on.
    Thaw {
        /// At this price, in ticks.
        ticks: i64,
    },
    /// Words about a market that nobody has defined (F-H07).
    OtherMarket,
    /// So many prices in one instant (F-H09).
    Flood {
        /// How many.
        count: u32,
    },
    /// Somebody else rests an order that closes, under an id of his own (F-K05).
    Stranger {
        /// How much.
        steps: u32,
    },
}

/// What the market waits for before it reaches a stop.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Chase {
    /// A stop that is moved or replaced: the old one triggers (F-C02).
    Moves,
    /// A new stop: the price is through it when it arrives (F-C03).
    Stops,
}

/// What becomes of a word on its way.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Garble {
    /// The status of an order is a word that nobody knows (F-B10).
    Status,
    /// An execution without its fee (F-B11).
    Fee,
    /// An execution that comes so much later, in milliseconds (F-B16).
    Late {
        /// How much.
        ms: i64,
    },
}

/// What somebody does by hand.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Hand {
    /// Opens a position, or adds to one (F-D03).
    Open {
        /// How much.
        steps: u32,
    },
    /// Reduces (F-D02).
    Reduce {
        /// How much.
        steps: u32,
    },
    /// Closes (F-D01).
    Close,
    /// Turns the position round (F-D04).
    Flip,
    /// Cancels one of our stops (F-D05).
    CancelStop,
    /// Moves one of our stops by so many ticks, up or down (F-D05).
    MoveStop {
        /// By how many.
        ticks: i64,
    },
    /// Switches between hedge and one-way; refused while anything is open (F-D07).
    Mode,
    /// Another leverage (F-D08).
    Leverage(u16),
    /// Margin added, or taken out where negative, in percent of what the position was entered with (F-D09).
    Margin {
        /// How much.
        percent: i32,
    },
}

/// Whose file is written anew, where there are two engines.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Files {
    /// That of the one that acts, and it reads it again.
    Acting,
    /// Both, and whoever runs reads it again.
    Both,
    /// That of the other one: it has it when it takes over, or reads it again where it does not know yet that it was taken over from.
    Other,
}

/// What is written otherwise.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Edit {
    /// The stops of the plan twice as far, and larger positions.
    Farther,
    /// Half as far, and larger positions.
    Nearer,
    /// The account is only to be observed: while something is open that needs a word, which nobody gives.
    Observed,
    /// The account is at another venue: that needs a start.
    Elsewhere,
}

/// What the operator asks for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Wish {
    /// An entry through Backstop.
    Enter {
        /// How much.
        steps: u32,
    },
    /// The same request once more.
    EnterAgain,
    /// Break-even.
    BreakEven,
    /// Close everything.
    Close,
    /// Close a share, in percent.
    Part(u8),
    /// Pause, or go on.
    Pause(bool),
}

/// What the venue does of its own accord.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Incident {
    /// Takes a part of the position (F-F02).
    Adl {
        /// How much.
        steps: u32,
    },
    /// Annuls one of the newest executions, counted from the last one (F-F08).
    Annul {
        /// Which.
        nth: u32,
    },
    /// Cancels every order (F-D06).
    CancelAll,
    /// The contract ends (F-F03).
    Expire,
    /// Liquidates (F-F01).
    Liquidate,
    /// Warns that the margin is nearly used up (F-F05).
    MarginCall,
    /// Settles the market (F-F03).
    Settle,
}

/// What the disk does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DiskTrouble {
    /// The next sync fails: input/output error, read-only, locked for too long (F-M04, F-M06, F-M08).
    Fails,
    /// The next write finds no room (F-M05).
    Full,
    /// Writes take so long, in milliseconds, for so long (F-M10).
    Slow {
        /// One sync.
        sync: i64,
        /// For how long.
        ms: i64,
    },
    /// A record has rotted: the journal cannot be read at the next start (F-M07).
    Rots,
    /// So many durable records are gone at the next start: a backup was restored, a database has lost its tail (F-M09, F-M13).
    Forgets {
        /// How many.
        records: u32,
    },
}

/// What happens to the lease, or to the engines that want it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum EnginesTrouble {
    /// Nobody reaches the lease's store for a while (F-K04).
    Down {
        /// For how long, in milliseconds.
        ms: i64,
    },
    /// A second engine over the same journal is started, and waits (F-K01, F-K06).
    Second,
    /// The process's clock is so far from the store's.
    Skew {
        /// How far, in milliseconds; the lease seems to last longer by it.
        ms: i64,
    },
    /// The process stops between its look at the lease and the wire (F-K02, F-K03).
    Stall {
        /// For how long, in milliseconds.
        ms: i64,
    },
}

/// One life.
#[derive(Clone, Debug, PartialEq)]
pub struct Life {
    /// Where its chances come from.
    pub seed: u64,
    /// Whose habits the venue has.
    pub venue: VenueKind,
    /// What of these it does otherwise, where its page cannot say.
    pub readings: Vec<Reading>,
    /// How near levels of a deal may stand, where that is limited.
    pub least: Option<Least>,
    /// By how many ticks a level of a deal has to be moved, where that is limited.
    pub least_move: Option<u32>,
    /// How positions are kept.
    pub mode: PositionMode,
    /// The side that is opened.
    pub side: PositionSide,
    /// The market.
    pub grid: Grid,
    /// What a whole unit of price brings a unit of quantity, as written, where that is not 1 (F-G06).
    pub value_per_point: Option<&'static str>,
    /// Last, mark and book are told one after the other in the same instant, not in one word.
    pub in_parts: bool,
    /// The largest order, in steps (F-G04).
    pub most_steps: Option<u32>,
    /// Whether the plan may be for entries of others as well.
    pub adopt: Adopt,
    /// The plan.
    pub plan: ExitPlanSpec,
    /// What is wrong with venue and network.
    pub troubles: Vec<Trouble>,
    /// What happens, by time.
    pub acts: Vec<(i64, Act)>,
    /// Where the process dies, one after the other.
    pub traps: Vec<Trap>,
    /// When everything is healed, in milliseconds.
    pub length: i64,
}

impl Life {
    /// How the venue behaves. What the engine is told of it is the plain profile's.
    #[must_use]
    pub fn profile(&self) -> Profile {
        let mut profile = self.venue.profile();
        self.readings.iter().for_each(|reading| reading.play(&mut profile.habits));
        profile
    }
}
