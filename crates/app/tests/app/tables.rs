//! Bars as other programs write them: the same market in many tables is played the same way.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use super::binary::{backstop, code, last_line, said};
use std::fs;
use std::path::Path;
use std::process::Output;
use tempfile::tempdir;

const HEADER: [&str; 6] = ["timestamp", "open", "high", "low", "close", "volume"];

/// A quiet market of 300 minutes, cell by cell.
fn market() -> Vec<[String; 6]> {
    let bar = |minute: i64| {
        let time = (1_700_000_000 + minute * 60).to_string();
        [time.as_str(), "100.5", "101", "99.5", "100", "7.25"].map(str::to_owned)
    };
    (0..300).map(bar).collect()
}

fn table(header: Option<&[&str]>, separator: &str, end: &str, quote: &str) -> String {
    let mut text = String::new();
    let mut row = |cells: &[&str]| {
        let cells: Vec<String> = cells.iter().map(|cell| format!("{quote}{cell}{quote}")).collect();
        text.push_str(&cells.join(separator));
        text.push_str(end);
    };
    header.into_iter().for_each(&mut row);
    market().iter().for_each(|cells| row(&cells.each_ref().map(String::as_str)));
    text
}

fn play(folder: &Path, text: &[u8]) -> Output {
    fs::write(folder.join("BTCUSDT-1m.csv"), text).unwrap();
    backstop(folder).args(["demo", "--klines", "BTCUSDT-1m.csv", "--speed", "max", "--json"]).output().unwrap()
}

#[test]
fn separators_line_ends_quotes_and_marks_change_nothing() {
    let folder = tempdir().unwrap();
    let header = Some(&HEADER[..]);
    let plain = play(folder.path(), table(header, ",", "\n", "").as_bytes());
    assert_eq!((code(&plain), last_line(&plain)["skipped"].as_u64()), (0, Some(0)), "{}", said(&plain));
    for text in [
        table(header, ";", "\r\n", ""),
        table(header, "\t", "\n", ""),
        table(header, ",", "\n", "\""),
        table(header, ", ", "\n", "\""),
        format!("\u{feff}{}", table(header, ",", "\r\n", "\"")),
        format!("{}\r\n\n   \n,,,,,\n\n", table(header, ",", "\n", "")),
        table(Some(&["Open time", "Open", "High", "Low", "Close", "Volume"]), ",", "\n", ""),
        table(None, ",", "\n", ""),
        table(None, ";", "\r\n", "\""),
    ] {
        let output = play(folder.path(), text.as_bytes());
        let beginning: String = text.chars().take(80).collect();
        assert_eq!(code(&output), 0, "{beginning:?}: {}", said(&output));
        assert_eq!(output.stdout, plain.stdout, "{beginning:?}");
    }
}

#[test]
fn the_exchanges_dump_of_twelve_columns_is_played_without_a_header() {
    let folder = tempdir().unwrap();
    let text: String = market()
        .iter()
        .map(|[time, open, high, low, close, volume]| {
            format!("{time}000,{open},{high},{low},{close},{volume},{time}999,725.0,31,3.5,350.0,0\n")
        })
        .collect();
    let output = play(folder.path(), text.as_bytes());
    assert_eq!((code(&output), last_line(&output)["frames"].as_u64()), (0, Some(300)), "{}", said(&output));
}

#[test]
fn tables_that_are_none_say_what_to_do() {
    let folder = tempdir().unwrap();
    for (text, expected) in [
        ("id,name\n1,x\n".as_bytes(), "rename them in the first line"),
        (b"1700000000,100\n", "add a first line that names the columns"),
        (b"time,\"open,high,low,close\n1700000000,1,2,1,2\n", "a quote is opened and not closed"),
        (b"\xff\xfet\0i\0m\0e\0\n\0", "save it as CSV in UTF-8"),
        (b"time,open,high,low,close\n", "bars (CSV) are needed"),
        (b"\n\r\n\n", "bars (CSV) are needed"),
        (b"time;open;high;low;close\n1700000000;1,5;2,5;1,5;2,5\n", "line 2: open: "),
    ] {
        let output = play(folder.path(), text);
        let shown = String::from_utf8_lossy(text);
        assert_eq!(code(&output), 2, "{shown:?}");
        assert!(
            said(&output).contains("BTCUSDT-1m.csv: ") && said(&output).contains(expected),
            "{shown:?}: {}",
            said(&output)
        );
    }
}

#[test]
fn a_bar_of_ten_megabytes_and_an_open_quote_spoil_their_own_lines_only() {
    let folder = tempdir().unwrap();
    let mut text = table(Some(&HEADER), ",", "\n", "");
    text.push_str("1700090000,\"100,101,99,100,1\n");
    text.push_str(&format!("1700090060,100,101,99,100,{}\n", "1".repeat(10 * 1024 * 1024)));
    text.push_str("1700090120,100,101,99,100,1\n");
    let output = play(folder.path(), text.as_bytes());
    let result = last_line(&output);
    assert_eq!((result["frames"].as_u64(), result["skipped"].as_u64()), (Some(303), Some(2)), "{}", said(&output));
    let line = "demo --klines BTCUSDT-1m.csv --speed max";
    let told = backstop(folder.path()).args(line.split_whitespace()).output().unwrap();
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(told.contains("skipped line 302: a quote is opened"), "{told}");
    assert!(told.contains("skipped line 303: line of 10485786 bytes"), "{told}");
}
