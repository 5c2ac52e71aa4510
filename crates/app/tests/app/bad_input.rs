//! Bad input: a clear error that names the culprit and exit code 2; bad lines inside good input are counted and named.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use super::binary::{backstop, code, last_line, run, said};
use flate2::{Compression, write::GzEncoder};
use std::fs;
use std::io::Write;
use std::path::Path;
use tempfile::tempdir;

const PLAN: &str = "plans:\n  p:\n    stop_loss: { at: 2% }\n    take_profits:\n      - { at: 3%, close: 40% }\n      - { at: 5%, close: 60% }\n";

/// Checks a changed plan and expects the error to name the culprit.
fn refused_config(from: &str, to: &str, culprit: &str) {
    let folder = tempdir().unwrap();
    let text = PLAN.replace(from, to);
    assert_ne!(text, PLAN, "the change changes something");
    fs::write(folder.path().join("c.yaml"), &text).unwrap();
    for line in ["check c.yaml", "demo --speed max --config c.yaml"] {
        let output = run(folder.path(), line, &[]);
        assert_eq!(code(&output), 2, "{line}: {}", said(&output));
        let said = said(&output);
        assert!(said.contains("c.yaml:") && said.contains('^') && said.contains(culprit), "{line}: {said}");
    }
}

#[test]
fn a_bad_configuration_shows_file_line_and_caret() {
    refused_config("stop_loss:", "stop_lose:", "stop_lose");
    refused_config("at: 3%", "at: 0.03", "unit");
    refused_config("close: 60%", "close: 80%", "120 %");
    refused_config("at: 5%", "at: 2%", "ascending");
    refused_config("at: 2% }", "at: -2% }", "stop_loss");
}

fn bars(rows: &[&str]) -> String {
    let mut text = String::from("timestamp,open,high,low,close,volume\n");
    rows.iter().for_each(|row| text.push_str(&format!("{row}\n")));
    text
}

/// A quiet market of `count` minutes.
fn quiet(count: i64) -> Vec<String> {
    (0..count).map(|minute| format!("{},100,101,99,100,1", 1_700_000_000 + minute * 60)).collect()
}

fn demo(folder: &Path, file: &str, more: &[&str]) -> std::process::Output {
    backstop(folder).args(["demo", "--klines", file, "--speed", "max", "--json"]).args(more).output().unwrap()
}

#[test]
fn a_wrong_opening_names_its_part() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("BTCUSDT-1m.csv"), bars(&["1700000000,100,101,99,100,1"])).unwrap();
    for (open, culprit) in [
        ("1700000000000 BTCUSDT long -1", "QTY"),
        ("1700000000000 BTCUSDT sideways 1", "SIDE"),
        ("1700000000000 DOGEUSDT long 1", "unknown symbol DOGEUSDT"),
        ("1700000000000 BTCUSDT long 1 nosuchplan", "no plan nosuchplan"),
    ] {
        let output = demo(folder.path(), "BTCUSDT-1m.csv", &["--open", open]);
        assert_eq!(code(&output), 2, "{open}");
        assert!(said(&output).contains(culprit), "{open}: {}", said(&output));
    }
}

#[test]
fn a_csv_without_prices_says_which_columns_there_are() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("BTCUSDT.csv"), "time,open,high,volume\n1700000000,1,2,3\n").unwrap();
    let output = demo(folder.path(), "BTCUSDT.csv", &[]);
    assert_eq!(code(&output), 2);
    assert!(said(&output).contains("low") && said(&output).contains("volume"), "{}", said(&output));
}

#[test]
fn prices_that_are_no_numbers_are_unusable_when_nothing_else_is_there() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("BTCUSDT.csv"), bars(&["1700000000,NaN,NaN,NaN,NaN,1"])).unwrap();
    let output = demo(folder.path(), "BTCUSDT.csv", &[]);
    assert_eq!(code(&output), 2, "{}", said(&output));
    assert!(said(&output).contains("BTCUSDT.csv"));
}

#[test]
fn a_truncated_gzip_says_how_far_it_could_be_read() {
    let folder = tempdir().unwrap();
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    for row in quiet(5_000) {
        writeln!(packed, "{row}").unwrap();
    }
    let whole = packed.finish().unwrap();
    fs::write(folder.path().join("BTCUSDT-1m.csv.gz"), &whole[..whole.len() / 2]).unwrap();
    let output = demo(folder.path(), "BTCUSDT-1m.csv.gz", &[]);
    assert_eq!(code(&output), 2);
    assert!(said(&output).contains("damaged after line"), "{}", said(&output));
}

#[test]
fn a_bad_bar_inside_good_ones_is_counted_and_more_than_one_percent_is_a_problem() {
    let folder = tempdir().unwrap();
    let mut rows = quiet(300);
    rows[10] = "1700000600,100,98,99,100,1".to_owned();
    let text: Vec<&str> = rows.iter().map(String::as_str).collect();
    fs::write(folder.path().join("BTCUSDT.csv"), bars(&text)).unwrap();
    let output = demo(folder.path(), "BTCUSDT.csv", &[]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    assert_eq!(last_line(&output)["skipped"], 1);
    let text: Vec<&str> = rows[..50].iter().map(String::as_str).collect();
    fs::write(folder.path().join("BTCUSDT.csv"), bars(&text)).unwrap();
    assert_eq!(code(&demo(folder.path(), "BTCUSDT.csv", &[])), 1);
}

#[test]
fn a_frame_that_is_no_json_and_a_huge_line_are_counted_and_named() {
    let folder = tempdir().unwrap();
    let mut text = String::new();
    for index in 0..300_i64 {
        let book = r#"{"stream":"btcusdt@bookTicker","data":{"e":"bookTicker","u":1,"s":"BTCUSDT","b":"100.0","B":"1","a":"100.1","A":"1","T":1,"E":1}}"#;
        text.push_str(&format!("{} {book}\n", 1_700_000_000_000_000_000 + index * 1_000_000));
    }
    text.push_str("1700000001000000000 not json\n");
    text.push_str(&format!("1700000001000000001 {{\"pad\":\"{}\"}}\n", "x".repeat(10 * 1024 * 1024)));
    fs::write(folder.path().join("x-btcusdt-1.txt"), &text).unwrap();
    let output = backstop(folder.path())
        .args(["demo", "--frames", "x-btcusdt-1.txt", "--speed", "max", "--json"])
        .output()
        .unwrap();
    assert_eq!(code(&output), 0, "{}", said(&output));
    let result = last_line(&output);
    assert_eq!((result["frames"].as_u64(), result["skipped"].as_u64()), (Some(302), Some(2)));
}

#[test]
fn a_store_that_is_not_ours_is_left_untouched() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("s.db");
    fs::write(&path, b"my diary, not a database").unwrap();
    let output = run(folder.path(), "demo --speed max --json --store s.db", &[]);
    assert_eq!(code(&output), 2);
    assert!(said(&output).contains("not a Backstop store"), "{}", said(&output));
    assert_eq!(fs::read(&path).unwrap(), b"my diary, not a database");
}

#[test]
fn a_store_from_a_newer_version_is_refused() {
    let folder = tempdir().unwrap();
    assert_eq!(code(&run(folder.path(), "demo --speed max --json --store s.db", &[])), 0);
    // The form of the tables stands at offset 60 of an SQLite file, big-endian.
    let path = folder.path().join("s.db");
    let mut bytes = fs::read(&path).unwrap();
    bytes[60..64].copy_from_slice(&99_u32.to_be_bytes());
    fs::write(&path, bytes).unwrap();
    for line in ["demo --speed max --json --store s.db", "trades --store s.db"] {
        let output = run(folder.path(), line, &[]);
        assert_eq!(code(&output), 2, "{line}");
        assert!(said(&output).contains("newer Backstop"), "{line}: {}", said(&output));
    }
}
