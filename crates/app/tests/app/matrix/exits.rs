//! Every exit, as a story: the plan, what happens, and how it ends. Prices are those of a long from 100; a short sees them
//! mirrored.

use backstop_model::{Adopt, ExitReason};

/// One thing that happens.
#[derive(Clone, Copy, Debug)]
pub enum Act {
    /// The venue deleverages all of it.
    Adl,
    /// The operator moves the stop to break-even.
    BreakEven,
    /// The operator closes.
    Close,
    /// The time of day at which the plan closes comes now.
    DayEnds,
    /// Somebody opens, or adds, at the venue.
    Enter(&'static str),
    /// The operator opens through Backstop.
    EnterThrough(&'static str),
    /// Somebody closes at the venue and opens as much on the other side.
    Flip,
    /// The market goes there and stands.
    Go(&'static str),
    /// The venue liquidates.
    Liquidate,
    /// The operator closes a share, in percent.
    Part(&'static str),
    /// Somebody closes a part at the venue.
    Reduce(&'static str),
    /// The venue refuses the next order that protects.
    RefuseOnce,
    /// So many seconds pass.
    Stand(i64),
    /// From now on the book gives everything in parts.
    ThinBook,
    /// The week's last session ends in ten minutes, where the instrument says when.
    WeekEnds,
}

/// One exit.
pub struct Exit {
    pub name: &'static str,
    pub plan: &'static str,
    pub adopt: Adopt,
    /// Nearest a level may stand to the price, where the venue has such a rule.
    pub min_distance: Option<&'static str>,
    /// What the configuration says of the instrument where every deal is a position.
    pub instrument: Option<&'static str>,
    /// Whether entries through Backstop are made in one part for each level, where every deal is a position.
    pub split: bool,
    pub acts: &'static [Act],
    /// What positions may be closed for at last.
    pub reasons: &'static [ExitReason],
    /// Whether people are alarmed.
    pub alarms: bool,
    /// What the engine does where a venue does not, for the guide.
    pub instead: &'static str,
}

const fn exit(name: &'static str, plan: &'static str, acts: &'static [Act], reasons: &'static [ExitReason]) -> Exit {
    let (min_distance, instrument) = (None, None);
    Exit {
        name,
        plan,
        adopt: Adopt::Plan,
        min_distance,
        instrument,
        split: false,
        acts,
        reasons,
        alarms: false,
        instead: "",
    }
}

impl Exit {
    const fn instead(self, instead: &'static str) -> Self {
        Self { instead, ..self }
    }
}

const fn alarming(exit: Exit) -> Exit {
    Exit { alarms: true, ..exit }
}

use Act::{
    Adl, BreakEven, Close, DayEnds, Enter, EnterThrough, Flip, Go, Liquidate, Part, Reduce, RefuseOnce, Stand,
    ThinBook, WeekEnds,
};
use ExitReason::{
    BreakevenStop, EndOfDay, External, InstantTakeProfit, LadderStop, Liquidation, Manual, StopLoss, TakeProfit,
    TimeLimit, TrailingStop,
};

const STOP: &str = "stop_loss: { at: 2%, trigger: last }
    take_profits: [{ at: 9%, close: 100% }]";
const BRACKET: &str = "stop_loss: { at: 2%, trigger: last }
    take_profits: [{ at: 3%, close: 100% }]";
const MARKET_TARGET: &str = "stop_loss: { at: 2%, trigger: last }
    take_profits: [{ at: 3%, close: 100% }]
    target_order: market";
const LADDER: &str = "stop_loss: { at: 2%, trigger: last }
    take_profits: [{ at: 1%, close: 40% }, { at: 2%, close: 30% }, { at: 3%, close: 30% }]
    stop_ladder: previous_target
    breakeven: plain";
const TIGHT_LADDER: &str = "stop_loss: { at: 2%, trigger: last }
    take_profits: [{ at: 1%, close: 50% }, { at: 4%, close: 50% }]
    stop_ladder: { percent_below_trigger: 0.1% }
    breakeven: plain";

macro_rules! runner {
    ($by:literal) => {
        concat!(
            "stop_loss: { at: 2%, trigger: last }
    take_profits: [{ at: 1%, close: 50% }]
    rest: trail
    stop_ladder: breakeven
    breakeven: plain
    trailing: { activation: 1.5%, distance: 1%, trigger: last, by: ",
            $by,
            " }"
        )
    };
}

const TRAIL: &[Act] = &[Enter("1"), Go("101.2"), Go("102"), Go("103"), Go("101.5")];
const GUARANTEED: &str = "stop_loss: { at: 2%, trigger: bid_ask, guaranteed: prefer }
    take_profits: [{ at: 9%, close: 100% }]";
const GUARANTEED_LADDER: &str = "stop_loss: { at: 2%, trigger: bid_ask, guaranteed: prefer }
    take_profits: [{ at: 1%, close: 40% }, { at: 9%, close: 60% }]
    stop_ladder: breakeven";
const TOO_CLOSE: &[Act] = &[Enter("1"), Go("101.05"), Go("102"), Stand(10), Go("100.5")];
const SOFT: &str = "stop_loss: { at: 2%, trigger: last }
    soft_stop: { at: 1%, patience: 5s }
    take_profits: [{ at: 9%, close: 100% }]";
const SLICED: &str = "stop_loss: { at: 2%, trigger: last }
    time_limit: 1m
    close_slices: 4
    take_profits: [{ at: 9%, close: 100% }]";
const TRANCHES: &str = "stop_loss: { at: 2%, trigger: last }
    take_profits: [{ at: 3%, close: 100% }]
    tranches: per_fill
    merge: never";
const LOSING: &str = "stop_loss: { at: 3%, trigger: last }
    take_profits: [{ at: 3%, close: 100% }]
    tranches: { new_when_loss: 1%, max: 3 }
    merge: never";

const NO_AMEND: &str = "Where a stop cannot be moved in place, the tighter one is placed first, for the quantity, and the older one then cancelled; the stop for the whole position stays.";
const EARLIER: &str = "Where one target rests, it is the last; the engine takes the earlier ones when their price has stood for 250 ms. Where a stop cannot be moved, the tighter one is placed first and the older then cancelled.";
const WATCHED: &str =
    "Backstop's own decision everywhere: targets are freed first, then a market order; the stop stays until flat.";

/// All of them, in the order of the guide.
pub const EXITS: &[Exit] = &[
    exit("fixed stop", STOP, &[Enter("0.9"), Go("99"), Go("97.5")], &[StopLoss])
        .instead("The engine closes only when the venue stays silent although the stop's own price is through it."),
    exit("bracket: the target", BRACKET, &[Enter("0.9"), Go("102"), Go("103.5")], &[TakeProfit])
        .instead("Nowhere an order of the venue's: the engine cancels what is left over."),
    exit("bracket: the stop", BRACKET, &[Enter("0.9"), Go("102"), Go("97.5")], &[StopLoss])
        .instead("The same; where both are levels of the deal the venue takes the other away itself."),
    exit("target as a market order", MARKET_TARGET, &[Enter("0.9"), Go("102"), Go("103.5")], &[TakeProfit])
        .instead("Where one level of the deal is the target, it fills at its level."),
    exit("ladder of three to the end", LADDER, &[Enter("1"), Go("101.2"), Go("102.2"), Go("103.2")], &[TakeProfit])
        .instead(EARLIER),
    exit("ladder, then the stop", LADDER, &[Enter("1"), Go("101.2"), Go("102.2"), Go("100.5")], &[LadderStop])
        .instead(EARLIER),
    Exit {
        instrument: Some("min_stop_distance: 0.3 pt"),
        ..exit("ladder move too close to the price", TIGHT_LADDER, TOO_CLOSE, &[LadderStop])
    }
    .instead("Where the venue wants a distance, the stop rests at the nearest place it takes, never looser; the engine watches the wanted one."),
    Exit {
        min_distance: Some("0.3"),
        ..exit("the same, the distance unknown", TIGHT_LADDER, TOO_CLOSE, &[LadderStop])
    }
    .instead("Refused where the venue wants a distance: tried twice as far away, never looser; the old stop stays, the engine watches the wanted one."),
    Exit {
        instrument: Some("min_stop_distance: 2%"),
        ..exit(
            "stop and target too close to the price",
            "stop_loss: { at: 1%, trigger: bid_ask }\n    take_profits: [{ at: 1%, close: 100% }]",
            &[Enter("1"), Go("100.2"), Go("99.5"), Go("98.9")],
            &[StopLoss],
        )
    }
    .instead("The stop rests at the distance and the engine closes at the wanted place; the target rests when the price has gone."),
    Exit {
        instrument: Some("min_stop_distance: 2%"),
        ..exit(
            "trail closer than the venue takes a stop",
            "stop_loss: { at: 3%, trigger: last }\n    rest: trail\n    trailing: { activation: 2%, distance: 1%, by: amend }",
            TRAIL,
            &[TrailingStop],
        )
    }
    .instead("The stop follows at the distance; the engine watches the trail and closes there."),
    Exit {
        instrument: Some("guaranteed_stop: { min_distance: 1 pt, premium: 0.2 pt }"),
        ..exit("guaranteed stop", GUARANTEED, &[Enter("0.9"), Go("99"), Go("95")], &[StopLoss])
    }
    .instead("Where the venue sells none, an ordinary stop; the premium is a fee of the position."),
    Exit {
        instrument: Some("guaranteed_stop: { min_distance: 1 pt, premium: 0.2 pt }"),
        ..exit(
            "guaranteed stop, moved after levels",
            GUARANTEED_LADDER,
            &[Enter("1"), Go("101.2"), Go("103"), Go("99")],
            &[BreakevenStop],
        )
    }
    .instead("Every move says both levels of the deal and that the stop is a guaranteed one."),
    exit("trail by the venue", runner!("venue"), TRAIL, &[TrailingStop])
        .instead("Where there is no trailing order for a share of the price, Backstop moves the stop itself."),
    exit("trail by amending", runner!("amend"), TRAIL, &[TrailingStop]).instead(NO_AMEND),
    exit("trail by the engine", runner!("engine"), TRAIL, &[TrailingStop])
        .instead("The engine watches the price and closes at market; the hard stop rests."),
    exit(
        "instant take profit",
        "stop_loss: { at: 2%, trigger: last }
    take_profits: [{ at: 1%, close: 50% }, { at: 3%, close: 50% }]",
        &[ThinBook, Enter("1"), Go("101.2"), Go("103.2")],
        &[InstantTakeProfit, TakeProfit],
    )
    .instead("What a resting target has not filled while the price stands beyond it is taken: that order is cancelled, then a limit for now or never, then a market order."),
    exit(
        "tranches for each entry",
        TRANCHES,
        &[Enter("0.5"), Go("99"), Enter("0.5"), Go("102.5"), Go("103.5")],
        &[TakeProfit],
    )
    .instead("Where the venue keeps one position, the tranches are the engine's; where each entry is a deal, each has its own levels. Where sized stops share the position with targets, the engine takes those of a tranche with a stop of its own."),
    exit(
        "tranches for each entry, then their stops",
        TRANCHES,
        &[Enter("0.5"), Go("101"), Enter("0.5"), Go("98.9"), Go("97.5")],
        &[StopLoss],
    )
    .instead("The outermost stop is for the whole position, a tighter one for its tranche."),
    exit("tranches when losing", LOSING, &[Enter("0.5"), Go("98.5"), Enter("0.5"), Go("102"), Go("103.5")], &[TakeProfit])
        .instead("As for each entry."),
    exit("break-even by a click", BRACKET, &[Enter("1"), Go("101.5"), BreakEven, Stand(2), Go("99.5")], &[BreakevenStop])
        .instead(NO_AMEND),
    exit("a part closed by a click", BRACKET, &[Enter("1"), Go("101"), Part("50"), Stand(3), Go("103.5")], &[TakeProfit])
        .instead("Targets shrink first, then the part goes at market."),
    exit("closed by a click", BRACKET, &[Enter("1"), Go("101"), Close, Stand(3)], &[Manual]).instead(WATCHED),
    exit(
        "time limit",
        "stop_loss: { at: 2%, trigger: last }\n    time_limit: 1m\n    take_profits: [{ at: 9%, close: 100% }]",
        &[Enter("1"), Go("101"), Stand(60)],
        &[TimeLimit],
    )
    .instead(WATCHED),
    exit("closed in slices", SLICED, &[Enter("1"), Go("101"), Stand(75)], &[TimeLimit])
        .instead("The engine sends one part after the other; stops are never sliced."),
    exit(
        "end of the day",
        "stop_loss: { at: 2%, trigger: last }\n    close_at: \"21:55 UTC\"\n    take_profits: [{ at: 9%, close: 100% }]",
        &[Enter("1"), Go("101"), DayEnds, Stand(5)],
        &[EndOfDay],
    )
    .instead(WATCHED),
    Exit {
        instrument: Some("week_ends: \"Fri 22:00 Europe/London\""),
        ..exit(
            "before the weekend: closed",
            "stop_loss: { at: 2%, trigger: last }\n    weekend: close\n    take_profits: [{ at: 9%, close: 100% }]",
            &[Enter("1"), Go("101"), WeekEnds, Stand(5), Go("97.5")],
            &[EndOfDay, StopLoss],
        )
    }
    .instead("Where no market shuts over the weekend nothing is done."),
    Exit {
        instrument: Some("{ week_ends: \"Fri 22:00 Europe/London\", guaranteed_stop: { min_distance: 1 pt, premium: 0.2 pt } }"),
        ..exit(
            "before the weekend: guaranteed",
            "stop_loss: { at: 2%, trigger: last }\n    weekend: guarantee\n    take_profits: [{ at: 9%, close: 100% }]",
            &[Enter("1"), Go("101"), WeekEnds, Stand(5), Go("90")],
            &[StopLoss],
        )
    }
    .instead("The stop that rests becomes a guaranteed one in place; where no market shuts over the weekend nothing is done."),
    exit("soft stop", SOFT, &[Enter("1"), Go("98.8"), Stand(8)], &[StopLoss])
        .instead("The engine watches it while the hard stop rests."),
    alarming(exit("liquidation", STOP, &[Enter("1"), Go("99"), Liquidate, Stand(3)], &[Liquidation]))
        .instead("Booked as what it was; what still rests is cancelled, people are told."),
    alarming(exit("auto-deleveraging", STOP, &[Enter("1"), Go("99"), Adl, Stand(3)], &[ExitReason::Adl]))
        .instead("The same."),
    exit("reduced by hand", BRACKET, &[Enter("1"), Go("101"), Reduce("0.4"), Stand(5), Go("103.5")], &[TakeProfit])
        .instead("Targets shrink with the position; the stop already follows it."),
    exit("increased by hand", BRACKET, &[Enter("1"), Go("101"), Enter("0.5"), Stand(5), Go("97.5")], &[StopLoss])
        .instead("The stop for the whole position covers the rest at once; where each entry is a deal, the new one gets levels of its own."),
    exit("flipped by hand", BRACKET, &[Enter("1"), Go("101"), Flip, Stand(5), Go("103.5")], &[External, StopLoss])
        .instead("The other side is a new position with a stop of its own at once."),
    Exit {
        adopt: Adopt::Propose,
        ..exit("entered through Backstop", BRACKET, &[EnterThrough("1"), Stand(2), Go("102"), Go("103.5")], &[TakeProfit])
    }
    .instead("The entry is sent once, with its stop where it can bring one; else the stop goes in as soon as the position is visible, and the entry is closed again when it cannot."),
    Exit {
        adopt: Adopt::Propose,
        split: true,
        ..exit(
            "entered through Backstop in parts",
            LADDER,
            &[EnterThrough("1"), Stand(2), Go("101.2"), Go("102.2"), Go("103.2")],
            &[TakeProfit],
        )
    }
    .instead("Where every deal is a position, one deal for each level may be asked for (`split_entries`): every level then rests as the limit of its own deal."),
    Exit {
        adopt: Adopt::Propose,
        split: true,
        ..exit(
            "entered in parts, then the stop",
            LADDER,
            &[EnterThrough("1"), Stand(2), Go("101.2"), Go("102.2"), Go("100.5")],
            &[LadderStop, TakeProfit],
        )
    }
    .instead("The stop of every deal that is left moves when the price has been at a level."),
    Exit { adopt: Adopt::HardStop, ..exit("opened by others", STOP, &[Enter("1"), Stand(15), Go("99"), Go("93")], &[StopLoss]) }
        .instead("A hard stop after ten seconds, nothing else."),
    alarming(exit("the first stop refused", BRACKET, &[RefuseOnce, Enter("1"), Stand(5), Go("97.5")], &[StopLoss]))
        .instead("A stop for the quantity is tried at once, the one for the whole position again later; where the deal's stop is the only one there is, that one is asked for again, and the engine watches the price meanwhile."),
];
