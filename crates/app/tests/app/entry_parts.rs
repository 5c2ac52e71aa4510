//! Entries made in one deal for each level: described before and after, and whole again when the journal is lost.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use super::binary::{code, last_line, run, said};
use super::engine::start_alone;
use super::matrix::stage::{ACCOUNT, MARKET, Setting, Stage};
use backstop_model::{Adopt, EntryRequest, Event, PositionKey, PositionMode, PositionSide, Quantity, RequestId};
use backstop_sim::{Profile, Slot};
use serde_json::Value;
use tempfile::tempdir;

const SPLIT: &str = "accounts: { main: { venue: ig, plan: p, split_entries: true, fire_drill: false } }
plans:
  p:
    stop_loss: { at: 20%, trigger: bid_ask }
    take_profits: [{ at: 30%, close: 40% }, { at: 40%, close: 35% }, { at: 50%, close: 25% }]
instruments:
  BTCUSDT: { leverage: 2 }
";

fn sum(parts: &Value) -> Quantity {
    let parts = parts.as_array().unwrap().iter();
    let quantities = parts.map(|part| part["quantity"].as_str().unwrap().parse::<Quantity>().unwrap());
    quantities.fold(Quantity::ZERO, |sum, more| sum.plus(more).unwrap())
}

fn words(parts: &Value, key: &str) -> Vec<String> {
    parts.as_array().unwrap().iter().map(|part| part[key].as_str().unwrap_or("-").to_owned()).collect()
}

#[test]
fn check_says_every_part_its_level_and_its_stop_and_they_sum_exactly() {
    let folder = tempdir().unwrap();
    std::fs::write(folder.path().join("c.yaml"), SPLIT).unwrap();
    let line = "check c.yaml --symbol BTCUSDT --entry 50000 --quantity 0.101";
    let checked = last_line(&run(folder.path(), &format!("{line} --json"), &[]));
    let parts = &checked["plans"][0]["parts"];
    assert_eq!(sum(parts), "0.101".parse().unwrap());
    assert_eq!(words(parts, "quantity"), ["0.04", "0.035", "0.026"]);
    assert_eq!(words(parts, "target"), ["65000", "70000", "75000"]);
    assert_eq!(words(parts, "stop"), ["40000"; 3]);
    assert_eq!(words(parts, "closes"), ["TP1", "TP2", "TP3"]);
    let text = String::from_utf8(run(folder.path(), line, &[]).stdout).unwrap();
    assert!(text.contains("part 2: 0.035, closed by TP2 at 70000, stop 40000\n"), "{text}");
    std::fs::write(folder.path().join("c.yaml"), SPLIT.replace("split_entries: true", "split_entries: false")).unwrap();
    let checked = last_line(&run(folder.path(), &format!("{line} --json"), &[]));
    assert!(checked["plans"][0]["parts"].is_null(), "one deal is no parts");
}

#[test]
fn open_and_the_list_of_entries_show_one_entry_with_all_its_parts() {
    let folder = tempdir().unwrap();
    std::fs::write(folder.path().join("c.yaml"), SPLIT).unwrap();
    let engine = start_alone(folder.path(), &["--config", "c.yaml"]);
    engine.wait_until_read();
    let opened = loop {
        let output = engine.ask("open BTCUSDT long 0.101 --id a");
        if !String::from_utf8_lossy(&output.stdout).contains("no price is known yet") {
            break output;
        }
        std::thread::yield_now();
    };
    assert_eq!(code(&opened), 0, "{} {}", said(&opened), last_line(&opened));
    let entry = last_line(&opened);
    assert_eq!(
        (&entry["state"], &entry["quantity"], &entry["filled"]),
        (&"filled".into(), &"0.101".into(), &"0.101".into())
    );
    assert_eq!(words(&entry["parts"], "id"), ["a", "a.2", "a.3"]);
    assert_eq!(words(&entry["parts"], "state"), ["filled"; 3]);
    let levels = ["TP1 30% from entry", "TP2 40% from entry", "TP3 50% from entry"];
    assert_eq!(
        (words(&entry["parts"], "closes"), sum(&entry["parts"])),
        (levels.map(str::to_owned).to_vec(), "0.101".parse().unwrap())
    );
    assert_eq!(last_line(&engine.ask("open BTCUSDT long 0.101 --id a")), entry, "a repeat shows the same");
}

#[test]
fn without_the_journal_each_deal_follows_its_own_level() {
    let (profile, mode, side) = (Profile::ig(), PositionMode::PerDeal, PositionSide::Long);
    let adopt = Adopt::Propose;
    let mut stage = Stage::new(Setting { profile, mode, side, plan: SPLIT, adopt, min_distance: None, exact: false });
    let (request, quantity) = (RequestId::new("one").unwrap(), "1".parse().unwrap());
    let position = PositionKey::new(ACCOUNT, MARKET, side);
    stage.tell(Event::Enter(EntryRequest { request, position, quantity, limit: None, plan: None }));
    stage.lose_journal();
    stage.stand(20);
    let limit = |slot: Slot| match slot {
        Slot::Deal(origin) => stage.venue.exchange().ledger().deal(origin).and_then(|deal| deal.levels.limit),
        Slot::Both | Slot::Long | Slot::Short => None,
    };
    let mut shown: Vec<String> = stage
        .slots()
        .into_iter()
        .map(|(slot, _, quantity)| format!("{} {quantity}", limit(slot).map_or("none".to_owned(), |at| at.to_string())))
        .collect();
    shown.sort();
    assert_eq!(shown, ["130.02 0.4", "140.02 0.35", "150.02 0.25"], "{:?}", stage.told);
    assert!(stage.broken.is_empty(), "{:?}", stage.broken);
}
