//! Accounts of every venue in one engine: each is played by an exchange with that venue's rules, in the mode that is
//! written, and each position opened by hand is protected there.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use super::binary::{code, last_line, run, said};
use super::engine::{start_again_with, start_alone};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;

const CONFIG: &str = "accounts:
  p: { venue: paper, mode: paper, adopt: plan, plan: wide }
  bin: { venue: binance, mode: paper, adopt: plan, plan: wide }
  bin2: { venue: binance, mode: paper, position_mode: hedge, adopt: plan, plan: wide }
  ast: { venue: aster, position_mode: hedge, adopt: plan, plan: wide }
  bit: { venue: bitget, adopt: plan, plan: wide }
  bit2: { venue: bitget, position_mode: hedge, adopt: plan, plan: wide }
  uta: { venue: bitget, account_kind: unified, position_mode: hedge, adopt: plan, plan: wide }
  deals: { venue: ig, adopt: plan, plan: wide }
plans:
  wide:
    stop_loss: { at: 50%, trigger: last }
    take_profits: [{ at: 60%, close: 50% }, { at: 80%, close: 50% }]
    allow_loss: true
instruments:
  BTCUSDT: { leverage: 1 }
";
const NAMES: [&str; 8] = ["ast", "bin", "bin2", "bit", "bit2", "deals", "p", "uta"];

fn stops(engine: &super::engine::Engine) -> BTreeMap<String, Value> {
    let shown = last_line(&engine.ask("positions"));
    let rows = shown.as_array().unwrap().clone();
    rows.into_iter().map(|row| (row["position_id"].as_str().unwrap().to_owned(), row)).collect()
}

#[test]
fn every_venue_is_played_side_by_side_and_goes_on_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("c.yaml"), CONFIG).unwrap();
    let mut more = vec!["--config".to_owned(), "c.yaml".to_owned()];
    for name in NAMES {
        more.extend(["--open".to_owned(), format!("0 {name}:BTCUSDT long 0.05")]);
    }
    let more: Vec<&str> = more.iter().map(String::as_str).collect();
    let mut engine = start_alone(folder.path(), &more);
    engine.wait_until_protected(8);
    let before = stops(&engine);
    let of: Vec<&str> = before.keys().map(|id| id.split('-').next().unwrap()).collect();
    assert_eq!(of, NAMES);
    let token = engine.token.clone();
    assert_eq!(engine.end_cleanly(), 0);
    for file in ["s.venue", "s.venue-binance", "s.venue-bitget-classic", "s.venue-bitget-unified", "s.venue-ig"] {
        assert!(folder.path().join(file).is_file(), "{file}");
    }
    let mut engine = start_again_with(folder.path(), &token, &["--config", "c.yaml"]);
    engine.wait_until_read();
    engine.wait_until_protected(8);
    assert_eq!(stops(&engine).keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
    // Nothing runs any more: everything is closed at all of them all the same.
    assert_eq!(engine.end_cleanly(), 0);
    let output =
        run(folder.path(), "close --all --store s.db --json", &["--api", "http://127.0.0.1:1", "--token", &token]);
    let report = last_line(&output);
    assert_eq!((code(&output), &report["flat"]), (0, &Value::from(true)), "{}", said(&output));
    assert_eq!(report["closed"].as_array().map(Vec::len), Some(8), "{report}");
}

#[test]
fn the_demonstration_keeps_its_promises_at_every_venue_in_every_mode() {
    let seats = [
        "venue: binance",
        "venue: binance, position_mode: hedge",
        "venue: aster",
        "venue: aster, position_mode: hedge",
        "venue: bitget",
        "venue: bitget, position_mode: hedge",
        "venue: bitget, account_kind: unified",
        "venue: bitget, account_kind: unified, position_mode: hedge",
        "venue: ig",
    ];
    let plan = "plans:
  p:
    stop_loss: { at: 1.2%, trigger: last }
    take_profits: [{ at: 0.6%, close: 30% }, { at: 1.2%, close: 30% }]
    rest: trail
    trailing: { activation: 1.5%, distance: 1%, by: venue, trigger: last }
    stop_ladder: breakeven
";
    let folder = tempfile::tempdir().unwrap();
    for seat in seats {
        let config = format!("accounts:\n  main: {{ {seat}, plan: p, adopt: plan }}\n{plan}");
        fs::write(folder.path().join("c.yaml"), config).unwrap();
        for seed in ["1", "2"] {
            let output = run(folder.path(), "demo --config c.yaml --speed max", &["--seed", seed]);
            assert_eq!(code(&output), 0, "{seat}, seed {seed}: {}", said(&output));
        }
    }
}
