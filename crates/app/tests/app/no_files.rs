//! What stands where a file belongs: a FIFO, a folder, a device, a link, a text of another program. Nothing of it blocks the start, nothing of it is
//! touched, and people are told what it is and what to do.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use super::binary::{code, run, said};
use super::engine::start_with;
use std::fs;
use std::os::unix::fs::{FileTypeExt, symlink};
use std::path::Path;
use std::process::Command;
use tempfile::{TempDir, tempdir};

const KEEP: [&str; 4] = ["--config", "c.yaml", "--trade-log", "log.csv"];

/// A folder with a configuration that keeps a state file.
fn room() -> TempDir {
    let folder = tempdir().unwrap();
    let config = "instruments:\n  BTCUSDT: { tick: 0.1, step: 0.001, state_file: btc.json }\n";
    fs::write(folder.path().join("c.yaml"), config).unwrap();
    folder
}

fn fifo(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

type Make = fn(&Path);

/// Something of each kind that is no file, and what it is called.
fn each_kind() -> [(Make, &'static str); 3] {
    [
        (fifo, "FIFO"),
        (|path| fs::create_dir(path).unwrap(), "folder"),
        (|path| symlink("/dev/zero", path).unwrap(), "device"),
    ]
}

#[test]
fn what_is_no_file_in_the_place_of_the_store_or_of_what_it_needs_is_refused_by_name() {
    for (make, what) in each_kind() {
        for name in ["s.db", "s.db.lock", "s.token", "s.venue", "s.venue.candles"] {
            let folder = room();
            make(&folder.path().join(name));
            let ended = run(folder.path(), "run --store s.db --bind 127.0.0.1:0 --config c.yaml", &[]);
            let told = said(&ended);
            assert_eq!(code(&ended), 2, "{what} {name}: {told}");
            // A link is named as what it leads to.
            let named = told.contains(name) || told.contains("/dev/zero");
            assert!(named && told.contains("no file") && told.contains("move it away"), "{name}: {told}");
        }
        for line in
            ["positions --store s.db", "trades --store s.db", "replay --store s.db", "demo --speed max --store s.db"]
        {
            let folder = room();
            make(&folder.path().join("s.db"));
            let ended = run(folder.path(), line, &[]);
            assert_eq!(code(&ended), 2, "{what} {line}: {}", said(&ended));
            assert!(said(&ended).contains(what), "{what} {line}: {}", said(&ended));
        }
    }
}

#[test]
fn what_is_no_file_in_the_place_of_what_is_only_kept_beside_is_told_and_the_engine_protects() {
    // R9: an engine does not stay down for a file beside it.
    for (name, told) in [
        ("btc.json", "state file btc.json of BTCUSDT: it is no state file"),
        ("btc.json.new", "btc.json.new is in the way and no file; move it away"),
        ("log.csv", "the trade log log.csv cannot be"),
        ("s.tape", "the tape s.tape is not kept: s.tape is a FIFO and no file; move it away"),
        ("s.witness", "the witness beside the store cannot be written: s.witness is a FIFO and no file"),
        ("s.db.ballast", "no room for the reserve"),
    ] {
        let folder = room();
        let path = folder.path().join(name);
        fifo(&path);
        let mut engine = start_with(folder.path(), &KEEP);
        engine.wait_until_protected(1);
        engine.wait_for_alarm(told);
        assert_eq!(engine.end_cleanly(), 0, "{name}");
        assert!(fs::metadata(&path).unwrap().file_type().is_fifo(), "{name} is not touched");
    }
}

#[test]
fn a_hostile_state_file_is_told_in_words_and_nothing_of_it_is_lost() {
    let right = r#"{"deal_id":"web-1","entry_price":"50000","entry_time":1,"tp_level":null,"sl_level":null,"highest_bid":null,"trailing_active":false,"status":"open"}"#;
    let texts: Vec<Vec<u8>> = vec![
        Vec::new(),
        vec![0; 200_000],
        vec![0xff, 0xfe, 0x80],
        b"[".repeat(100_000),
        b"{\"my\": \"notes\"}".to_vec(),
        right.replace("\"50000\"", "50000").into_bytes(),
        right.replace("\"50000\"", "\"-1\"").into_bytes(),
        right.replace("\"50000\"", "\"1e999999999\"").into_bytes(),
        right.replace(":1,", ":99999999999999999999,").into_bytes(),
        right.replace("\"open\"", "\"asleep\"").into_bytes(),
        right.replace("web-1", &"w".repeat(100_000)).into_bytes(),
    ];
    let folder = room();
    for (number, text) in texts.iter().enumerate() {
        let path = folder.path().join("btc.json");
        fs::write(&path, text).unwrap();
        let keeper = backstop_runtime::StateFileKeeper::start(
            [("BTCUSDT".to_owned(), path.clone())].into(),
            &[],
            Box::new(|told| assert!(told.contains("is not touched; move it away") && told.len() < 500, "{told}")),
        );
        drop(keeper);
        assert!(fs::read(&path).unwrap() == *text, "number {number} is not touched");
    }
}

#[test]
fn a_state_file_of_another_deal_is_named_without_what_would_play_with_a_terminal() {
    let folder = room();
    let path = folder.path().join("btc.json");
    let name = format!("\\u001b[2Jweb\\n{}", "x".repeat(500));
    fs::write(&path, format!(r#"{{"deal_id":"{name}","entry_price":"1","entry_time":1,"tp_level":null,"sl_level":null,"highest_bid":null,"trailing_active":false,"status":"open"}}"#)).unwrap();
    let mut engine = start_with(folder.path(), &KEEP);
    engine.wait_for_alarm("it says that \\u{1b}[2Jweb\\nxxx");
    engine.wait_until_protected(1);
    assert_eq!(engine.end_cleanly(), 0);
    assert!(fs::read_to_string(&path).unwrap().contains("\"status\": \"open\""));
}

#[test]
fn a_state_file_behind_a_link_is_written_and_deleted_where_the_link_leads_to() {
    let folder = room();
    fs::create_dir(folder.path().join("shared")).unwrap();
    symlink("shared/real.json", folder.path().join("btc.json")).unwrap();
    let real = folder.path().join("shared/real.json");
    let mut engine = start_with(folder.path(), &KEEP);
    engine.wait_until_protected(1);
    while !real.exists() {
        std::thread::yield_now();
    }
    engine.ask("close main-BTCUSDT-long-1");
    engine.wait_until_protected(0);
    assert_eq!(engine.end_cleanly(), 0);
    assert!(!real.exists() && fs::symlink_metadata(folder.path().join("btc.json")).unwrap().is_symlink());
}

#[test]
fn a_state_file_that_cannot_be_written_is_told_and_the_position_is_protected() {
    for file in ["/proc/btc.json", "missing/btc.json", "c.yaml/btc.json", "circle"] {
        let folder = room();
        symlink("circle", folder.path().join("circle")).unwrap();
        let config = format!("instruments:\n  BTCUSDT: {{ tick: 0.1, step: 0.001, state_file: {file} }}\n");
        fs::write(folder.path().join("c.yaml"), config).unwrap();
        let mut engine = start_with(folder.path(), &KEEP);
        engine.wait_until_protected(1);
        engine.wait_for_alarm(&format!("state file {file} of BTCUSDT: it "));
        assert_eq!(engine.end_cleanly(), 0, "{file}");
    }
}
