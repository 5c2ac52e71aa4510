//! Random plans, prices, hands and faults against the toy venue: what holds for every plan, and what never happens.
//!
//! One run drives the engine, a second one that looks at every tick, and keeps the record a journal would keep. The
//! laws are checked after every step; each test adds the question that is its own.

mod coarser;
mod drawn;
mod foretold;
mod laws;
mod run;

use crate::builders::{self, account, key, plan_from, price};
use crate::venue::{Held, Toy};
use backstop_core::Engine;
use backstop_model::plan::{OnInvalid, TakeProfit, TakeProfits};
use backstop_model::{Distance, Event, Fill, Money, OrderKind, PositionSide, Quantity, Ratio, Stamped, Timestamp};
use drawn::case;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use run::Run;

fn config() -> ProptestConfig {
    let usual = ProptestConfig::default();
    // At least a thousand; `PROPTEST_CASES` may ask for more.
    ProptestConfig { cases: usual.cases.max(1000), failure_persistence: None, ..usual }
}

proptest! {
    #![proptest_config(config())]

    /// The ten properties of product.md §2.2, and I1 to I7, at a venue that makes no trouble.
    #[test]
    fn every_law_holds_at_a_calm_venue(case in case(0)) {
        Run::new(case).go();
    }

    /// `backstop check` tells the truth: the engine does what the preview foretells.
    #[test]
    fn what_a_preview_foretells_happens(case in case(0)) {
        foretold::walk(case);
    }

    /// The same with requests and replies lost, refusals, duplicates and events out of order.
    #[test]
    fn every_law_holds_at_a_troubled_venue(case in case(40)) {
        Run::new(case).go();
    }

    /// Properties 5 and 7: whatever levels are written, a plan that is accepted closes a whole, or less where the rest is trailed, at
    /// strictly ascending levels.
    #[test]
    fn an_accepted_plan_ascends_and_closes_a_whole(
        written in prop::collection::vec((1_u32..40, 0_u32..700), 1..6),
        whole in any::<bool>(),
        trails in any::<bool>(),
        falls_back in any::<bool>(),
    ) {
        let written = if whole { made_whole(written) } else { written };
        let on_invalid = if falls_back { OnInvalid::Fallback } else { OnInvalid::Refuse };
        let per_mille = |share: u32| builders::percent(&format!("{}.{}", share / 10, share % 10));
        let level = |(at, share): &(u32, u32)| TakeProfit::new(Distance::Percent(per_mille(*at)), per_mille(*share));
        let made = TakeProfits::new(written.iter().map(level).collect(), trails, on_invalid, None);
        let ascends = written.windows(2).all(|pair| pair[0].0 < pair[1].0);
        let sum: u32 = written.iter().map(|(_, share)| share).sum();
        let meant = (990..=1005).contains(&sum) || (trails && sum < 1000) || (falls_back && sum > 0);
        prop_assert_eq!(made.is_ok(), if ascends { meant } else { falls_back }, "{:?}", made);
        let Ok((levels, told)) = made else { return Ok(()) };
        let at = |level: &TakeProfit| match level.at { Distance::Percent(at) => at, other => panic!("{other:?}") };
        prop_assert!(levels.windows(2).all(|pair| at(&pair[0]) < at(&pair[1])));
        let exact = if !ascends || !trails || sum >= 1000 { Ratio::ONE } else { per_mille(sum) };
        prop_assert_eq!((levels.sum(), told.is_empty()), (Ok(exact), ascends && (sum == 1000 || (trails && sum < 1000))));
    }

    /// F-B02, I24: repeated and reordered executions give the same position.
    #[test]
    fn the_order_and_repetition_of_executions_do_not_matter(
        parts in prop::collection::vec((any::<bool>(), 1_u32..20), 1..12),
        order in any::<prop::sample::Index>(),
        shuffle in prop::collection::vec(any::<prop::sample::Index>(), 24),
    ) {
        let fills = executions(&parts);
        let straight = position_after(fills.clone());
        let mut mixed: Vec<Fill> = fills[1..].to_vec();
        mixed.extend(fills[order.index(fills.len())..].to_vec());
        for (at, with) in shuffle.iter().enumerate() {
            let count = mixed.len();
            mixed.swap(at % count, with.index(count));
        }
        mixed.insert(0, fills[0].clone());
        prop_assert_eq!(position_after(mixed), straight);
    }

    /// I20: the recorded events alone lead to the same state, and to the same commands on the way.
    #[test]
    fn the_record_replays_to_the_same_state(case in case(30)) {
        let run = Run::new(case).go();
        let side = run.case.side;
        let (mut live, mut again) = (Engine::new(), Engine::new());
        for stamped in &run.events {
            let step = live.handle(stamped);
            if step.changed {
                let replayed = again.replay(stamped, &step.market);
                prop_assert_eq!(&replayed.commands, &step.commands, "at {:?}", stamped);
                prop_assert_eq!(again.position(key(side)), live.position(key(side)), "after {:?}", stamped);
            }
        }
        prop_assert_eq!(again.fingerprint(), run.engine.fingerprint());
    }

    /// A checkpoint in the middle continues as if nothing had happened.
    #[test]
    fn a_checkpoint_continues_identically(case in case(30), at in any::<prop::sample::Index>()) {
        let run = Run::new(case).go();
        let cut = at.index(run.events.len());
        let mut engine = Engine::new();
        for stamped in &run.events[..cut] {
            engine.handle(stamped);
        }
        let saved = serde_json::to_string(&engine).unwrap();
        let mut restored: Engine = serde_json::from_str(&saved).unwrap();
        prop_assert_eq!(restored.next_deadline(), engine.next_deadline());
        for stamped in &run.events[cut..] {
            let (mut again, mut live) = (restored.handle(stamped), engine.handle(stamped));
            // A look too many changes nothing, and a step without one has no word on the next deadline.
            (again.deadline, live.deadline) = (restored.next_deadline(), engine.next_deadline());
            prop_assert_eq!(again, live, "after a cut at {}: {:?}", cut, stamped);
        }
        prop_assert_eq!(restored.fingerprint(), engine.fingerprint());
    }
}

/// The drawn cases get to where the rarer rules are: otherwise the laws would hold for want of anything to break them.
#[test]
fn venues_trail_and_close_and_both_sides_are_open_at_once() {
    let mut runner = TestRunner::deterministic();
    let (mut trailed, mut both) = (0, 0);
    for _ in 0..600 {
        let run = Run::new(case(20).new_tree(&mut runner).unwrap().current()).go();
        let trails = |held: &Held| matches!(held.order.kind, OrderKind::TrailingStop { .. }) && !held.filled.is_zero();
        trailed += usize::from(run.toys.iter().any(|toy| toy.orders.values().any(trails)));
        both += usize::from(run.laws.both_open);
    }
    assert!(trailed >= 10 && both >= 50, "{trailed} trails of venues have closed, {both} times both sides were open");
}

/// Levels whose shares are a whole, or nearly: the last one takes what is missing, up to a point.
fn made_whole(mut levels: Vec<(u32, u32)>) -> Vec<(u32, u32)> {
    let last = levels.len() - 1;
    let others: u32 = levels[..last].iter().map(|(_, share)| share).sum();
    levels[last].1 = 1000_u32.saturating_sub(others) + levels[last].1 % 20;
    levels
}

/// A first entry that is larger than everything that closes, then entries and reductions by hand.
fn executions(parts: &[(bool, u32)]) -> Vec<Fill> {
    let mut toy = Toy::new(PositionSide::Long, Timestamp::EPOCH, vec![200], 0, builders::quantity("0.001"));
    let thousandths = |count: u32| builders::quantity(&format!("0.{count:03}"));
    toy.by_hand(true, price("50000"), thousandths(500));
    for (opens, count) in parts {
        toy.by_hand(*opens, price("50100"), thousandths(*count));
    }
    let fills = toy.outbox.into_iter().map(|event| match event {
        Event::Fill(fill) => fill,
        other => panic!("{other:?}"),
    });
    fills.collect()
}

fn position_after(fills: Vec<Fill>) -> (Quantity, Quantity, Money) {
    let (plan, _) = plan_from("stop 20%; tp 30%").unwrap();
    let mut engine = Engine::new();
    let defined = builders::definitions(&account(), &builders::instrument_from(""), &plan);
    let events = defined.into_iter().chain(fills.into_iter().map(Event::Fill));
    for (sequence, event) in (1..).zip(events) {
        engine.handle(&Stamped { sequence, at: Timestamp::EPOCH, event });
    }
    let live = engine.position(key(PositionSide::Long)).unwrap().live.as_ref().unwrap();
    let tranche = &live.tranches[0];
    assert_eq!(tranche.closed().plus(tranche.remaining).unwrap(), tranche.original);
    (tranche.original, tranche.remaining, tranche.cost)
}

#[test]
fn a_part_of_a_stop_goes_only_when_the_others_stand_as_near() {
    // I3, F-G04: the move of the other part had been refused three times when less was open.
    use drawn::Action::*;
    let m = |basis_points| Move { basis_points, lag: 0, spread: 0, sure: true };
    let case = drawn::Case { side: PositionSide::Long, account: "amend no-reduce-only hedge", instrument: "max 0.15 market-max 0.06 min 0.02",
        plan: "stop 2.3% bid_ask; tp 0.6% close 27%; tp 1.8% close 36%; tp 4.3% close 18%; tp 4.8% close 9%; ladder targets_behind 2; rest; trail activation 1% distance 1% by venue; allow-loss; breakeven-at 0.4%".to_owned(),
        entry: 417008, quantity: 211,
        actions: vec![(0, m(172)), (0, m(6)), (2000, m(101)), (0, Reduce(37)), (750, m(-60)), (250, m(93)), (0, m(64)), (1843, m(87)), (1134, m(92)), (23, m(-103)), (0, Move { basis_points: -27, lag: 0, spread: 1, sure: true }), (0, Enter { thousandths: 75, limit: None }), (0, Add(46)), (0, m(-52)), (0, m(93)), (0, m(66)), (0, m(73)), (500, Pause(false))],
        fates: vec![108,74,219,148,40,108,108,0,40,0,3,68,182,71,148,111,3,3,3,219,108,40,185,40,222,0,40], trouble: 40 };
    Run::new(case).go();
}

#[test]
fn a_slice_of_a_part_leaves_with_the_price_that_makes_room_for_it() {
    // I20: a slice is as large as its worth allows; a price at which it fits beside the targets that are on their way out is no quiet one.
    use drawn::Action::*;
    let m = |basis_points| Move { basis_points, lag: 0, spread: 0, sure: true };
    let case = drawn::Case { side: PositionSide::Long, account: "hedge", instrument: "maker 0.02% taker 0.05%",
        plan: "stop 0.6% mark; tp 0.5% close 25%; tp 1.0% close 25%; tp 1.5% close 25%; tp 2.0% close 25%; ladder none; instant; slices 2 most 3000".to_owned(),
        entry: 466625, quantity: 82, actions: vec![(0, m(0)), (200, m(46)), (0, Add(77)), (0, ClosePart(80)), (0, m(-1))],
        fates: vec![0,0,40,0,0,160,40,0,40,0,0,33,40,0,0,40,0,0,40,0,0,40,0,0,0,40,0,40,0,40,0,0,0,40], trouble: 40 };
    Run::new(case).go();
}

#[test]
fn a_level_that_cannot_be_taken_yet_hides_no_other_one() {
    // §2.4: two levels are passed, the first of them waits for an order that nobody knows of; the second has its 250 ms all the same.
    use drawn::Action::*;
    let m = |basis_points| Move { basis_points, lag: 0, spread: 0, sure: true };
    let case = drawn::Case { side: PositionSide::Long, account: "whole-stop", instrument: "",
        plan: "stop 1.2% last; tp 0.5% close 50%; tp 1.0% close 50%; ladder none; trail activation 2% distance 1.5% by amend on mark; allow-loss; slices 3".to_owned(),
        entry: 100000, quantity: 2,
        actions: vec![(0, Add(4)), (102, Enter { thousandths: 7, limit: Some(0) }), (186, Coarser), (212, m(-1)), (0, m(219)), (1001, m(0)), (56, Add(3)), (194, m(0))],
        fates: vec![182, 10, 40, 182, 43, 182, 55, 0, 23, 0, 0, 40, 3, 40, 219, 188, 40, 0, 219, 40, 0, 40, 219, 159, 3, 0, 3, 40, 0, 23, 40, 0, 0], trouble: 40 };
    Run::new(case).go();
}

#[test]
fn a_close_in_doubt_is_asked_for_once_in_a_moment_however_much_has_to_go() {
    // I36: the price is through everything, and each answer comes in the instant of its question.
    use drawn::Action::*;
    let m = |basis_points| Move { basis_points, lag: 0, spread: 0, sure: true };
    let case = drawn::Case { side: PositionSide::Short, account: "", instrument: "",
        plan: "stop 3.2% mark; tp 0.5% close 33%; tp 1.0% close 33%; ladder none; rest; trail distance 2% by engine; allow-loss; tranches loss 0.4% max 3".to_owned(),
        entry: 100000, quantity: 52,
        actions: vec![(0, m(109)), (0, m(0)), (0, m(91)), (0, MarkOnly { basis_points: 0 }), (2391, Add(1)), (110, m(200))],
        fates: vec![0,0,0,99,0,187,0,0,40,0,0,0,3,0,0,0], trouble: 40 };
    Run::new(case).go();
}
