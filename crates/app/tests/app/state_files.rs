//! State files: written at the opening, deleted at the close, never touched by a move of the stop.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use super::engine::{start_again_with, start_with};
use backstop_app::config::Config;
use backstop_app::demo::{Cast, Feed, Opening, Script, World};
use backstop_app::paper::{generated_markets, instrument};
use backstop_model::{PositionSide, Price, Span, Timestamp};
use backstop_runtime::state_files::Wish;
use backstop_runtime::{Cycle, Executor, Followed, Follower, SnapshotSchedule, StateFiles};
use backstop_store::{MemoryJournal, ReadUpdate};
use std::collections::BTreeSet;
use std::fs;
use std::sync::{Arc, Mutex};
use tempfile::tempdir;

const TRAILED: &str = "plans:
  trailed:
    stop_loss: { at: 1.5%, trigger: last }
    rest: trail
    trailing: { distance: 0.4%, by: amend, trigger: last }
    allow_loss: true
";

#[derive(Default)]
struct Counts {
    writes: u32,
    deletes: u32,
    stops: BTreeSet<Price>,
}

struct Counting {
    files: StateFiles,
    counts: Arc<Mutex<Counts>>,
}

impl Follower for Counting {
    fn follow(&mut self, reads: &[ReadUpdate]) {
        let mut counts = self.counts.lock().unwrap();
        for read in reads {
            counts.stops.extend(read.document.current_stop_loss);
            match self.files.hear(read) {
                Some((_, Wish::Write(_))) => counts.writes += 1,
                Some((_, Wish::Delete)) => counts.deletes += 1,
                None => {}
            }
        }
    }
}

#[test]
fn a_demonstration_with_many_moves_of_the_stop_writes_once_and_deletes_once() {
    let config = Config::parse(TRAILED, "trailed").unwrap();
    let market = generated_markets()[0];
    let instrument = instrument(&config, market.symbol, market.decimals).unwrap();
    let plan = config.plans.values().find(|plan| plan.name.as_str() == "trailed").unwrap().clone();
    let mut moves = 0;
    for seed in 1..=6 {
        let counts: Arc<Mutex<Counts>> = Arc::default();
        let files = StateFiles::of([market.symbol.to_string()]);
        let counting = Counting { files, counts: Arc::clone(&counts) };
        let journal = Followed::new(Box::new(MemoryJournal::new()), vec![Box::new(counting)]);
        let (at, side, quantity) = (Timestamp::EPOCH, PositionSide::Long, "0.05".parse().unwrap());
        let opening = Opening {
            at,
            instrument: instrument.clone(),
            side,
            quantity,
            plan: plan.clone(),
            script: Script::default(),
        };
        let cast = Cast::new(vec![opening], seed, false, None, at).unwrap();
        let cycle = Cycle::new(Default::default(), 0, Executor::default(), SnapshotSchedule::new(Span::from_secs(60)));
        let mut world = World::new(cast, cycle, Box::new(journal), at, vec![]).unwrap();
        let mut feed = Feed::generated(&[(market.symbol, market.first_price, instrument.tick)], seed, at);
        while !world.is_over() {
            let moment = feed.next_moment().unwrap().unwrap();
            assert!(moment.at < at.plus(Span::from_secs(86_400)), "seed {seed}: it ends within a day");
            world.play(&moment).unwrap();
        }
        let counts = counts.lock().unwrap();
        assert_eq!((counts.writes, counts.deletes), (1, 1), "seed {seed}");
        moves += counts.stops.len() - 1;
    }
    assert!(moves > 20, "{moves} moves prove little");
}

#[test]
fn an_engine_keeps_the_file_of_a_market_as_long_as_a_position_is_open_there() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("btc.json");
    fs::write(
        folder.path().join("c.yaml"),
        "instruments:\n  BTCUSDT: { tick: 0.1, step: 0.001, state_file: btc.json }\n",
    )
    .unwrap();
    let keep = ["--config", "c.yaml"];
    let mut engine = start_with(folder.path(), &keep);
    let token = engine.token.clone();
    engine.wait_until_protected(1);
    while !path.exists() {
        std::thread::yield_now();
    }
    let state: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    assert_eq!((&state["status"], &state["trailing_active"]), (&"open".into(), &false.into()), "{state}");
    assert!(state["sl_level"].is_string() && state["deal_id"].is_string(), "{state}");
    engine.end_at_once();
    // Somebody has lost it meanwhile: it is told and written again.
    fs::remove_file(&path).unwrap();
    let mut engine = start_again_with(folder.path(), &token, &keep);
    engine.wait_for_alarm("state file btc.json of BTCUSDT: there is none");
    engine.wait_until_protected(1);
    assert!(path.exists());
    engine.ask("close main-BTCUSDT-long-1");
    engine.wait_until_protected(0);
    assert_eq!(engine.end_cleanly(), 0);
    assert!(!path.exists());
}

#[test]
fn two_markets_cannot_have_the_same_file() {
    let text = "plans: { p: { stop_loss: { at: 2% }, take_profits: [{ at: 3%, close: 100% }] } }
instruments:
  A: { state_file: x.json }
  B: { state_file: x.json }
";
    let said = Config::parse(text, "c.yaml").unwrap_err().report();
    assert!(said.contains("A has the same state_file"), "{said}");
}
