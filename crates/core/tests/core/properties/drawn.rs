//! What a run is drawn from: a plan, an account, an instrument, and what happens.

use backstop_model::PositionSide;
use proptest::prelude::*;

/// What is drawn.
#[derive(Clone, Debug)]
pub struct Case {
    pub side: PositionSide,
    pub account: &'static str,
    pub instrument: &'static str,
    pub plan: String,
    /// In ticks of 0.1.
    pub entry: i64,
    /// In thousandths.
    pub quantity: u32,
    pub actions: Vec<(u16, Action)>,
    pub fates: Vec<u8>,
    pub trouble: u8,
}

/// What happens, some milliseconds after what happened before.
#[derive(Clone, Copy, Debug)]
pub enum Action {
    /// Prices move by so many basis points; the mark lags behind by so many ticks, the spread is so wide. One that is not
    /// sure may be a misprint (F-H01).
    Move { basis_points: i16, lag: i16, spread: u8, sure: bool },
    /// The venue's history: two candles that reach so many basis points up and down.
    Candles { up: u8, down: u8, mark: bool },
    /// Only the mark moves.
    MarkOnly { basis_points: i16 },
    /// Somebody adds, in thousandths.
    Add(u8),
    /// Somebody reduces.
    Reduce(u8),
    /// The operator enters, in thousandths; a limit lies so many basis points below the price for a long.
    Enter { thousandths: u8, limit: Option<u8> },
    /// The operator asks for the last entry once more.
    EnterAgain,
    /// The operator takes the last entry back.
    TakeBack,
    /// The operator closes.
    Close,
    /// The operator moves the stop to break-even.
    BreakEven,
    /// The operator closes a share, in percent.
    ClosePart(u8),
    /// The operator pauses, or lets it go on.
    Pause(bool),
    /// The loop is late: a price is heard before the deadlines that have come meanwhile (F-J03).
    Late { basis_points: i16 },
    /// From now on hands act on the other side, where the account keeps both.
    Switch,
    /// The regular look.
    Snapshot,
    /// The price grid gets coarser.
    Coarser,
    /// Nothing but time.
    Wait,
}

fn sure() -> impl Strategy<Value = bool> {
    prop_oneof![3 => Just(true), 1 => Just(false)]
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        20 => (-120_i16..140, -30_i16..30, 0_u8..20, sure())
            .prop_map(|(basis_points, lag, spread, sure)| Action::Move { basis_points, lag, spread, sure }),
        4 => (-500_i16..500, -30_i16..30, 0_u8..20, sure())
            .prop_map(|(basis_points, lag, spread, sure)| Action::Move { basis_points, lag, spread, sure }),
        3 => (-200_i16..200).prop_map(|basis_points| Action::MarkOnly { basis_points }),
        1 => (0_u8..200, 0_u8..200, any::<bool>()).prop_map(|(up, down, mark)| Action::Candles { up, down, mark }),
        2 => (1_u8..100).prop_map(Action::Add),
        1 => (1_u8..100).prop_map(Action::Reduce),
        1 => (1_u8..100, prop_oneof![Just(None), (0_u8..60).prop_map(Some)])
            .prop_map(|(thousandths, limit)| Action::Enter { thousandths, limit }),
        2 => Just(Action::Switch),
        1 => Just(Action::EnterAgain),
        1 => Just(Action::TakeBack),
        1 => Just(Action::Snapshot),
        1 => Just(Action::BreakEven),
        1 => (1_u8..=100).prop_map(Action::ClosePart),
        1 => any::<bool>().prop_map(Action::Pause),
        1 => Just(Action::Coarser),
        3 => Just(Action::Wait),
        2 => (-30_i16..30).prop_map(|basis_points| Action::Late { basis_points }),
    ]
}

fn plan() -> impl Strategy<Value = String> {
    let on = prop_oneof![Just("mark"), Just("last"), Just("bid_ask"), Just("bid_ask prefer"), Just("last prefer")];
    let stop = (5_u32..50, on);
    let levels = prop::collection::vec((5_u32..40, 1_u32..5), 1..5);
    let ladder = prop_oneof![
        Just("none"),
        Just("breakeven"),
        Just("previous_target"),
        Just("targets_behind 2"),
        Just("percent_below_trigger 1%"),
        Just("percent_below_high 1%"),
    ];
    let rest = prop_oneof![
        3 => Just(""),
        1 => Just("; rest; trail activation 3% distance 1% by amend; allow-loss"),
        1 => Just("; rest; trail distance 2% by engine; allow-loss"),
        1 => Just("; trail activation 2% distance 1.5% by amend on mark; allow-loss"),
        2 => Just("; rest; trail activation 1% distance 1% by venue; allow-loss"),
        1 => Just("; rest; trail distance 2% by venue on mark; allow-loss"),
    ];
    let more = prop_oneof![
        4 => Just(""),
        4 => Just("; instant"),
        1 => Just("; time-limit 60s"),
        1 => Just("; breakeven net"),
        1 => Just("; breakeven-at 0.4%"),
        1 => Just("; soft 0.4% for 5s"),
        1 => Just("; slices 3"),
        1 => Just("; instant; slices 2 most 3000")
    ];
    let tranches = prop_oneof![
        4 => Just(""),
        1 => Just("; tranches loss 0.4% max 3"),
        1 => Just("; tranches loss 0.4% max 3; merge never"),
        1 => Just("; tranches per-fill")
    ];
    (stop, levels, ladder, rest, more, tranches).prop_map(|((stop, on), levels, ladder, rest, more, tranches)| {
        let whole: u32 = levels.iter().map(|(_, weight)| weight).sum::<u32>() + u32::from(rest.contains("rest"));
        let mut text = format!("stop {}.{}% {on}", stop / 10, stop % 10);
        let (mut at, mut left) = (0, 100);
        for (index, (step, weight)) in levels.iter().enumerate() {
            at += step;
            let last = index + 1 == levels.len() && !rest.contains("rest");
            let share = if last { left } else { weight * 100 / whole };
            left -= share;
            text += &format!("; tp {}.{}% close {share}%", at / 10, at % 10);
        }
        format!("{text}; ladder {ladder}{rest}{more}{tranches}")
    })
}

/// Random cases with so much trouble, of 256.
pub fn case(trouble: u8) -> impl Strategy<Value = Case> {
    let side = prop_oneof![Just(PositionSide::Long), Just(PositionSide::Short)];
    let account = prop_oneof![
        4 => Just(""),
        4 => Just("amend"),
        4 => Just("amend no-reduce-only hedge"),
        4 => Just("hedge"),
        2 => Just("whole-stop hedge native 0.1%..5%"),
        3 => Just("whole-stop hedge flags-whole"),
        2 => Just("amend last-target guaranteed hedge"),
        1 => Just("hedge daily-loss 2% flatten"),
        4 => Just("native 0.1%..5%"),
        2 => Just("amend native 0.1%..1.5%"),
        2 => Just("whole-stop amend shared native 0.5%..10%"),
        1 => Just("whole-stop amend shared"),
        4 => Just("whole-stop"),
        4 => Just("whole-stop amend"),
        2 => Just("whole-stop amend entry-stop"),
        1 => Just("unprotectable close"),
        1 => Just("on-refusal throttled=again,reduce,close"),
        4 => Just("amend last-target"),
        2 => Just("only-whole-stop amend last-target guaranteed"),
        1 => Just("only-whole-stop amend"),
        1 => Just("amend guaranteed"),
        1 => Just("daily-loss 3%"),
        1 => Just("daily-loss 2% flatten"),
        1 => Just("whole-stop daily-loss 2% flatten")
    ];
    let instrument = prop_oneof![
        Just(""),
        Just("min 0.02"),
        Just("notional 1000"),
        Just("notional 1500 waived"),
        Just("tick 2.5 step 0.01 min 0.01"),
        Just("maker 0.02% taker 0.05%"),
        Just("distance 0.5%"),
        Just("distance 120"),
        Just("distance 0.3% premium 2 0.6%"),
        Just("max 0.1"),
        Just("max 0.15 market-max 0.06 min 0.02"),
    ];
    let what = (side, account, instrument, plan(), 100_000_i64..600_000, 1_u32..300);
    let actions = prop::collection::vec((prop_oneof![0_u16..300, 0_u16..5000], action()), 5..40);
    let close = prop_oneof![3 => Just(None), 1 => (0_usize..40).prop_map(Some)];
    (what, actions, close, prop::collection::vec(any::<u8>(), 16..64)).prop_map(
        move |((side, account, instrument, plan, entry, quantity), mut actions, close, fates)| {
            if let Some(at) = close.filter(|at| *at < actions.len()) {
                actions[at].1 = Action::Close;
            }
            Case { side, account, instrument, plan, entry, quantity, actions, fates, trouble }
        },
    )
}
