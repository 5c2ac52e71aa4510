//! Every exit × every venue profile × every way of keeping positions, each played to its end in the simulated exchange with
//! exact physics, long and short; and what was seen on the way, as the guide's table.
//!
//! `BLESS=1 cargo test -p backstop-app --test app matrix` writes `docs/guide/venues.md` anew; the difference is what has
//! changed. `MATRIX_TRACE=1` tells what is said between engine and venue.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests may panic, and BLESS is asked for from outside"
)]
#![allow(clippy::print_stderr, reason = "a trace is asked for from outside")]

mod exits;
mod guide;
pub mod stage;

use backstop_model::plan::{CloseAt, Weekday};
use backstop_model::{
    EntryRequest, Event, ExitReason, Money, PositionKey, PositionMode, PositionSide, Ratio, RequestId, Span,
};
use backstop_sim::{Fault, Faults, Fill, HandAction, Knob, Profile, faults::Scope};
use exits::{Act, EXITS, Exit};
use guide::Seen;
use stage::{ACCOUNT, MARKET, ME, SYMBOL, Setting, Stage};

/// The profiles with the modes each keeps.
fn columns() -> Vec<(Profile, PositionMode)> {
    let modes = [PositionMode::OneWay, PositionMode::Hedge, PositionMode::PerDeal];
    let all =
        [Profile::binance(), Profile::aster(), Profile::bitget_classic(), Profile::bitget_unified(), Profile::ig()];
    let kept = |profile: &Profile| modes.into_iter().filter(|mode| profile.native().keeps(*mode)).collect::<Vec<_>>();
    all.into_iter().flat_map(|profile| kept(&profile).into_iter().map(move |mode| (profile.clone(), mode))).collect()
}

fn act(stage: &mut Stage, act: Act) {
    let (symbol, side) = (SYMBOL.to_owned(), stage.side);
    match act {
        Act::Enter(quantity) => stage.enter(quantity),
        Act::EnterThrough(quantity) => {
            let (request, quantity) = (RequestId::new("one").unwrap(), quantity.parse().unwrap());
            let position = PositionKey::new(ACCOUNT, MARKET, side);
            stage.tell(Event::Enter(EntryRequest { request, position, quantity, limit: None, plan: None }));
        }
        Act::Go(price) => stage.go_to(price),
        Act::Stand(seconds) => stage.stand(seconds),
        Act::Flip => stage.by_hand(HandAction::Flip { symbol, side }),
        Act::Reduce(quantity) => {
            stage.by_hand(HandAction::Reduce { symbol, side, quantity: quantity.parse().unwrap() })
        }
        Act::BreakEven => each(stage, |position| Event::BreakEven { position }),
        Act::Close => each(stage, |position| Event::Close { position }),
        Act::Part(percent) => {
            let share = Ratio::percent(percent).unwrap();
            each(stage, |position| Event::ClosePart { position, share });
        }
        Act::DayEnds => {
            let (close_at, at) = (stage.close_at(), stage.now);
            stage.tell(Event::NextClose { close_at, at });
        }
        Act::WeekEnds => {
            let zone = "Europe/London".to_owned();
            let close_at = CloseAt { minute: 1320, zone, weekday: Some(Weekday::Friday) };
            let at = stage.now.plus(Span::from_secs(600));
            stage.tell(Event::NextClose { close_at, at });
        }
        Act::Liquidate => befall(stage, |stage, slot, _| {
            let now = stage.now;
            stage.venue.exchange_mut().liquidate(now, ME, SYMBOL, slot);
        }),
        Act::Adl => befall(stage, |stage, slot, quantity| {
            let now = stage.now;
            stage.venue.exchange_mut().adl(now, ME, SYMBOL, slot, quantity);
        }),
        Act::ThinBook => {
            let faults = stage.venue.exchange_mut().faults_mut();
            faults.set(Fault::PartialFill, Knob::per_million(1_000_000));
        }
        Act::RefuseOnce => {
            let faults = stage.venue.exchange_mut().faults_mut();
            faults.refusal = backstop_sim::refusal::BELOW_BAND.refused();
            faults.set(Fault::Reject, Knob::times(1).only(Scope::Conditional));
        }
    }
}

fn each(stage: &mut Stage, event: impl Fn(PositionKey) -> Event) {
    stage.keys().into_iter().for_each(|key| stage.tell(event(key)));
}

fn befall(stage: &mut Stage, mut what: impl FnMut(&mut Stage, backstop_sim::Slot, backstop_model::Quantity)) {
    for (slot, _, quantity) in stage.slots() {
        what(stage, slot, quantity);
    }
}

fn configuration(exit: &Exit, mode: PositionMode) -> String {
    let (plan, each) = (exit.plan, mode == PositionMode::PerDeal);
    let instrument = exit.instrument.filter(|_| each);
    let split = "accounts:\n  main: { venue: ig, plan: p, split_entries: true }\n";
    let accounts = if exit.split && each { split } else { "" };
    let instruments = instrument.map_or_else(String::new, |said| format!("instruments:\n  {SYMBOL}:\n    {said}\n"));
    format!("plans:\n  p:\n    {plan}\n{instruments}{accounts}")
}

/// One cell: one exit at one venue in one mode, on one side. Gives what was seen, and what was wrong.
fn play(exit: &Exit, profile: &Profile, mode: PositionMode, side: PositionSide, exact: bool) -> (Seen, Vec<String>) {
    let plan = configuration(exit, mode);
    let min_distance = exit.min_distance.filter(|_| mode == PositionMode::PerDeal);
    let (profile, adopt) = (profile.clone(), exit.adopt);
    let mut stage = Stage::new(Setting { profile, mode, side, plan: &plan, adopt, min_distance, exact });
    let mut seen = Seen::default();
    for step in exit.acts {
        act(&mut stage, *step);
        seen.look(&stage);
    }
    stage.stand(20);
    seen.end(&stage);
    let mut wrong: Vec<String> = stage.broken.iter().cloned().collect();
    if !stage.is_over() {
        wrong.push(format!("it is not over: {}", stage.left()));
    }
    if stage.over_closed() {
        wrong.push("more was closed than opened".to_owned());
    }
    wrong.extend(wrong_reasons(exit, &stage));
    wrong.extend(wrong_books(&stage));
    if !exit.alarms && !stage.alarms.is_empty() {
        wrong.push(format!("people were alarmed: {}", stage.alarms.join(" | ")));
    }
    (seen, wrong)
}

fn wrong_reasons(exit: &Exit, stage: &Stage) -> Option<String> {
    let reasons: Vec<Option<ExitReason>> = stage.documents.values().map(|document| document.exit_reason).collect();
    let fits = |reason: &Option<ExitReason>| reason.is_some_and(|reason| exit.reasons.contains(&reason));
    let all = !reasons.is_empty() && reasons.iter().all(fits);
    (!all).then(|| format!("closed for {reasons:?}, expected {:?}", exit.reasons))
}

/// Profit before costs, and fees, against the exchange's own books.
fn wrong_books(stage: &Stage) -> Option<String> {
    let mut ours = [Money::ZERO; 2];
    for document in stage.documents.values() {
        let profits = document.partial_exits.iter().map(|exit| exit.profit);
        let profit = profits.fold(Money::ZERO, |sum, profit| sum.plus(profit).unwrap());
        ours = [ours[0].plus(profit).unwrap(), ours[1].plus(document.fees).unwrap()];
    }
    let ledger = stage.venue.exchange().ledger();
    let theirs = [ledger.realised(ME).unwrap(), ledger.fees(ME).unwrap()];
    (ours != theirs).then(|| format!("profit and fees {ours:?}, by the exchange {theirs:?}"))
}

/// Whether a client order id is the engine's.
fn is_ours(fill: &Fill) -> bool {
    fill.client_id.starts_with("bs")
}

#[test]
fn every_exit_runs_to_its_end_at_every_venue_in_every_mode() {
    let mut failed = Vec::new();
    let mut rows = Vec::new();
    for exit in EXITS {
        let mut cells = Vec::new();
        for (profile, mode) in columns() {
            for side in [PositionSide::Long, PositionSide::Short] {
                let cell = format!("{} × {} × {mode:?}, {side}", exit.name, profile.name);
                if std::env::var("MATRIX_ONLY").is_ok_and(|only| !cell.contains(&only)) {
                    continue;
                }
                let (seen, wrong) = play(exit, &profile, mode, side, true);
                failed.extend(wrong.into_iter().map(|wrong| format!("{cell}: {wrong}")));
                if side == PositionSide::Long {
                    cells.push((profile.name.clone(), mode, seen));
                }
            }
        }
        rows.push((exit, cells));
    }
    assert!(failed.is_empty(), "{} cells:\n{}", failed.len(), failed.join("\n"));
    guide::compare(&rows);
}

#[test]
fn every_exit_ends_as_well_with_the_delays_and_the_slippage_of_a_slow_venue() {
    let mut failed = Vec::new();
    for exit in EXITS {
        for (profile, mode) in columns() {
            for side in [PositionSide::Long, PositionSide::Short] {
                let cell = format!("{} × {} × {mode:?}, {side}", exit.name, profile.name);
                if std::env::var("MATRIX_ONLY").is_ok_and(|only| !cell.contains(&only)) {
                    continue;
                }
                let (_, wrong) = play(exit, &profile, mode, side, false);
                failed.extend(wrong.into_iter().map(|wrong| format!("{cell}: {wrong}")));
            }
        }
    }
    assert!(failed.is_empty(), "{} cells:\n{}", failed.len(), failed.join("\n"));
}

/// One cell with answers lost and events lost, doubled, late and out of order; then the venue answers again, and prices go
/// through every stop and target there can be. Gives what was wrong.
fn play_in_a_storm(exit: &Exit, profile: Profile, mode: PositionMode, seed: u64) -> Vec<String> {
    let plan = configuration(exit, mode);
    let (side, adopt) = (PositionSide::Long, exit.adopt);
    let setting = Setting { profile, mode, side, plan: &plan, adopt, min_distance: None, exact: false };
    let mut stage = Stage::new(setting);
    // While the venue does not answer, nobody can promise three seconds.
    stage.grace = Span::from_secs(60);
    let mut faults = Faults::none(seed);
    for fault in LOSSES {
        faults.set(fault, Knob::per_million(60_000));
    }
    *stage.venue.exchange_mut().faults_mut() = faults;
    exit.acts.iter().for_each(|step| act(&mut stage, *step));
    stage.stand(20);
    *stage.venue.exchange_mut().faults_mut() = Faults::none(seed);
    stage.stand(60);
    for price in ["90", "115"] {
        stage.go_to(price);
        stage.stand(60);
    }
    let mut wrong: Vec<String> = stage.broken.iter().cloned().collect();
    wrong.extend((!stage.is_over()).then(|| format!("it is not over: {}", stage.left())));
    wrong.extend(stage.over_closed().then(|| "more was closed than opened".to_owned()));
    wrong.extend(wrong_books(&stage));
    wrong
}

const LOSSES: [Fault; 8] = [
    Fault::DropRequest,
    Fault::DropResponse,
    Fault::EventDelay,
    Fault::EventDrop,
    Fault::EventDuplicate,
    Fault::EventReorder,
    Fault::LateExecution,
    Fault::PartialFill,
];

#[test]
fn every_exit_ends_flat_with_the_exchanges_books_when_answers_and_events_are_lost() {
    let mut failed = Vec::new();
    for seed in 0..2 {
        for exit in EXITS {
            for (profile, mode) in columns() {
                let cell = format!("{} × {} × {mode:?}, seed {seed}", exit.name, profile.name);
                let wrong = play_in_a_storm(exit, profile, mode, seed);
                failed.extend(wrong.into_iter().map(|wrong| format!("{cell}: {wrong}")));
            }
        }
    }
    assert!(failed.is_empty(), "{} cells:\n{}", failed.len(), failed.join("\n"));
}
