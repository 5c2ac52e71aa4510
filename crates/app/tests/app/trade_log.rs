//! The trade log: exact rows, the header once, no row lost and none doubled, whatever breaks off.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use super::binary::{code, run, said};
use super::engine::{start_again_with, start_with};
use backstop_model::{Money, Points, PositionSide, Price, Quantity};
use backstop_store::{ReadOnly, Stored};
use std::fs;
use std::path::Path;
use tempfile::{TempDir, tempdir};

const HEADER: &str =
    "entry_time,entry_price,exit_time,exit_price,exit_reason,tp_pts,sl_pts,pnl_pts,pnl_usdt,symbol,side,quantity,fees";

const PLAN: &str = "plans:
  p:
    stop_loss: { at: 2%, trigger: last }
    take_profits:
      - { at: 3%, close: 40% }
      - { at: 5%, close: 30% }
      - { at: 8%, close: 30% }
    stop_ladder: previous_target
    breakeven: plain
instruments:
  BTCUSDT: { tick: 0.1, step: 0.001, maker_fee: 0%, taker_fee: 0.05% }
";

/// A store with the closed positions of a generated market.
fn played(seed: u32) -> TempDir {
    let folder = tempdir().unwrap();
    run(folder.path(), &format!("demo --speed max --json --store s.db --seed {seed}"), &[]);
    folder
}

fn printed(folder: &Path) -> String {
    String::from_utf8(run(folder, "trades --csv --store s.db", &[]).stdout).unwrap()
}

fn stored(folder: &Path) -> Vec<Stored> {
    ReadOnly::open(&folder.join("s.db")).unwrap().trades().unwrap()
}

#[test]
fn the_worked_example_of_the_specification_is_three_rows() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("p.yaml"), PLAN).unwrap();
    let bars = "time,open,high,low,close
1700000000,50000,50000,50000,50000
1700000060,50000,51500,50000,51500
1700000120,51500,52500,51500,52500
1700000180,52500,52500,51000,51000
";
    fs::write(folder.path().join("BTCUSDT.csv"), bars).unwrap();
    let line = "demo --json --speed max --config p.yaml --klines BTCUSDT.csv --store s.db";
    let output = run(folder.path(), line, &["--open", "1700000000000 BTCUSDT long 0.1 p"]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    // Fees: 2.5 at the entry and 0.75... at the stop, shared by quantity.
    let expected = [
        HEADER,
        "2023-11-14T22:13:20.000Z,50000,2023-11-14T22:14:20.000Z,51500,take_profit,1500,1000,1500,60,BTCUSDT,long,0.04,1.309",
        "2023-11-14T22:13:20.000Z,50000,2023-11-14T22:15:20.000Z,52500,take_profit,2500,1000,2500,75,BTCUSDT,long,0.03,0.98175",
        "2023-11-14T22:13:20.000Z,50000,2023-11-14T22:16:20.000Z,51500,ladder_stop,4000,1000,1500,45,BTCUSDT,long,0.03,0.98175",
        "",
    ];
    assert_eq!(printed(folder.path()), expected.join("\n"));
}

#[test]
fn rows_add_up_to_their_trade_and_points_are_exit_less_entry() {
    for seed in 1..=5 {
        let folder = played(seed);
        let text = printed(folder.path());
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        assert_eq!(reader.headers().unwrap().iter().collect::<Vec<_>>().join(","), HEADER);
        let mut rows = reader.records().map(Result::unwrap);
        for Stored { document, .. } in stored(folder.path()) {
            let (mut pnl, mut fees, mut closed) = (Money::ZERO, Money::ZERO, Quantity::ZERO);
            for exit in &document.partial_exits {
                let row = rows.next().unwrap();
                let (entry, exited): (Price, Price) = (row[1].parse().unwrap(), row[3].parse().unwrap());
                let points: Points = row[7].parse().unwrap();
                assert_eq!(points, document.side.gain(entry, exited));
                assert_eq!(&row[4], exit.reason.word());
                assert_eq!(
                    (&row[9], &row[10] == "long"),
                    (document.symbol.as_str(), document.side == PositionSide::Long)
                );
                pnl = pnl.plus(row[8].parse().unwrap()).unwrap();
                fees = fees.plus(row[12].parse().unwrap()).unwrap();
                closed = closed.plus(row[11].parse().unwrap()).unwrap();
            }
            assert_eq!((fees, closed), (document.fees, document.original_quantity));
            assert_eq!(pnl.minus(fees).unwrap().plus(document.funding).unwrap(), document.realized_pnl);
        }
        assert!(rows.next().is_none());
    }
}

#[test]
fn whatever_a_crash_leaves_of_it_the_next_writing_completes_it() {
    let folder = played(3);
    let path = folder.path().join("log.csv");
    let whole = printed(folder.path());
    let write = || {
        let output = run(folder.path(), "trades --store s.db --csv log.csv", &[]);
        assert_eq!(code(&output), 0, "{}", said(&output));
        fs::read_to_string(&path).unwrap()
    };
    let sorted = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort_unstable();
        lines
    };
    for kept in (0..=whole.len()).step_by(7).chain([whole.len()]) {
        fs::write(&path, &whole[..kept]).unwrap();
        let text = write();
        assert_eq!(text, whole, "{kept} bytes were left");
        assert_eq!(write(), whole, "{kept} bytes were left, the second time");
    }
    // Rows that are missing in the middle come last; nothing that is there is touched.
    let without: Vec<&str> =
        whole.split_inclusive('\n').enumerate().filter(|(line, _)| *line != 2).map(|(_, line)| line).collect();
    fs::write(&path, without.concat()).unwrap();
    let text = write();
    assert!(text.starts_with(&without.concat()));
    assert_eq!(sorted(&text), sorted(&whole));
}

#[test]
fn a_file_with_other_columns_is_left_alone() {
    let folder = played(3);
    let path = folder.path().join("log.csv");
    for text in ["id,name\n1,x\n", "my notes", "pnl_usdt\n", "\u{0}\n"] {
        fs::write(&path, text).unwrap();
        let output = run(folder.path(), "trades --store s.db --csv log.csv", &[]);
        assert_eq!(code(&output), 2);
        assert!(said(&output).contains("move it away"), "{}", said(&output));
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
}

#[test]
fn an_engine_appends_each_trade_once_also_after_it_was_killed() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("log.csv");
    let log = || fs::read_to_string(&path).unwrap_or_default();
    let keep = ["--trade-log", "log.csv"];
    let mut engine = start_with(folder.path(), &keep);
    let token = engine.token.clone();
    engine.wait_until_protected(1);
    assert_eq!(log(), format!("{HEADER}\n"));
    engine.ask("close main-BTCUSDT-long-1");
    while log().lines().count() < 2 {
        std::thread::yield_now();
    }
    engine.end_at_once();
    assert_eq!(log(), printed(folder.path()));
    // The row is lost with the machine's memory: the next start appends it again, and the one after that does not.
    fs::write(&path, format!("{HEADER}\n2026")).unwrap();
    for _ in 0..2 {
        let mut engine = start_again_with(folder.path(), &token, &keep);
        engine.wait_until_protected(0);
        assert_eq!(engine.end_cleanly(), 0);
        assert_eq!(log(), printed(folder.path()));
    }
}
