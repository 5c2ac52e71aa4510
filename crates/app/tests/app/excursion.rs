//! How far the price went for and against a trade: to be worked out by hand, the same after a restart and a replay.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use super::binary::{code, last_line, run, said};
use backstop_core::Engine;
use backstop_model::{Course, Points, PositionDocument, Stamped};
use backstop_store::ReadOnly;
use serde_json::json;
use std::collections::BTreeMap;
use std::fs;
use tempfile::tempdir;

const PLAN: &str = "plans:
  p:
    stop_loss: { at: 5%, trigger: last }
    take_profits:
      - { at: 10%, close: 100% }
";

#[test]
fn it_is_measured_from_the_entry_on_the_original_quantity() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("p.yaml"), PLAN).unwrap();
    let bars =
        "time,open,high,low,close\n1700000000,100.00,104.00,98.00,103.00\n1700000060,103.00,103.50,90.00,91.00\n";
    fs::write(folder.path().join("BTCUSDT.csv"), bars).unwrap();
    let line = "demo --json --speed max --config p.yaml --klines BTCUSDT.csv --store s.db";
    let specs = ["--open", "1700000000000 BTCUSDT long 2 p", "--open", "1700000000000 BTCUSDT short 3 p"];
    let output = run(folder.path(), line, &specs);
    assert_eq!(code(&output), 0, "{}", said(&output));
    let trades = last_line(&run(folder.path(), "trades --json --store s.db", &[]));
    let [long, short] = [&trades[0], &trades[1]];
    // The long was stopped at 95: that the bar went on to 90 is not its business any more.
    assert_eq!(long["side"], "long");
    let expected =
        json!({"best_price": "104", "worst_price": "95", "mfe_pts": "4", "mae_pts": "-5", "mfe": "8", "mae": "-10"});
    assert_eq!(long["excursion"], expected);
    let expected =
        json!({"best_price": "90", "worst_price": "104", "mfe_pts": "10", "mae_pts": "-4", "mfe": "30", "mae": "-12"});
    assert_eq!(short["excursion"], expected);
    let told = run(folder.path(), "trades --store s.db", &[]);
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(told.contains("best 104 (4 pt, 8 USDT), worst 95 (-5 pt, -10 USDT)"), "{told}");
}

#[test]
fn every_exit_lies_within_it_and_a_replay_finds_the_same() {
    let folder = tempdir().unwrap();
    for seed in 1..=5 {
        let store = format!("s{seed}.db");
        run(folder.path(), &format!("demo --speed max --json --store {store} --seed {seed}"), &[]);
        let reader = ReadOnly::open(&folder.path().join(&store)).unwrap();
        let trades = reader.trades().unwrap();
        let mut engine = Engine::new();
        let mut courses: BTreeMap<(String, u8), (bool, Course)> = BTreeMap::new();
        for record in reader.records().unwrap() {
            let stamped = Stamped { sequence: record.sequence, at: record.at, event: record.event };
            for read in engine.replay(&stamped, &record.market).positions {
                let name = (read.document.position_id, read.document.tranche);
                let open = read.document.exit_time.is_none();
                if courses.get(&name).is_none_or(|(is_open, _)| *is_open) {
                    courses.insert(name, (open, read.course));
                }
            }
        }
        for trade in &trades {
            let course = trade.course.as_ref().unwrap();
            let name = (trade.document.position_id.clone(), trade.document.tranche);
            assert_eq!(courses[&name], (false, course.clone()), "seed {seed}");
            prove(&trade.document, course);
        }
    }
}

fn prove(document: &PositionDocument, course: &Course) {
    let excursion = course.excursion(document).unwrap();
    assert!(excursion.mfe_pts >= Points::ZERO && excursion.mae_pts <= Points::ZERO, "{excursion:?}");
    for exit in &document.partial_exits {
        let gain = document.side.gain(document.entry_price, exit.exit_price);
        assert!(gain <= excursion.mfe_pts && gain >= excursion.mae_pts, "{excursion:?}: {exit:?}");
    }
}
