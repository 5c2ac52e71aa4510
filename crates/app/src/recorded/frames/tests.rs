//! Frames with each defect, and packings of every kind.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use super::*;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write as _;
use std::path::PathBuf;
use tempfile::TempDir;

const TIME: u64 = 1_723_161_255_088_169_167;

fn trade(after: u64, price: &str) -> String {
    let event =
        format!(r#"{{"e":"trade","E":1,"T":1,"s":"BTCUSDT","t":1,"p":"{price}","q":"0.006","X":"MARKET","m":false}}"#);
    format!("{} {{\"stream\":\"btcusdt@trade\",\"data\":{event}}}\n", TIME + after)
}

fn book(after: u64, bid: &str, ask: &str) -> String {
    let event = format!(
        r#"{{"e":"bookTicker","u":1,"s":"BTCUSDT","b":"{bid}","B":"2.507","a":"{ask}","A":"2.51","T":1,"E":1}}"#
    );
    format!("{} {{\"stream\":\"btcusdt@bookTicker\",\"data\":{event}}}\n", TIME + after)
}

struct Recording {
    _folder: TempDir,
    path: PathBuf,
}

fn recording(name: &str, bytes: &[u8]) -> Recording {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    Recording { _folder: folder, path }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

fn read_all(reader: &mut FrameReader) -> Vec<RecordedFrame> {
    std::iter::from_fn(|| reader.next_frame().unwrap()).collect()
}

fn read(bytes: &[u8]) -> (Vec<RecordedFrame>, Tally) {
    let recording = recording("frames.txt", bytes);
    let mut reader = FrameReader::open(&recording.path, None).unwrap();
    let frames = read_all(&mut reader);
    (frames, reader.tally().clone())
}

/// The reason why the second of three lines is skipped.
fn skipped(line: &str) -> String {
    let (frames, tally) = read(format!("{}{line}\n{}", trade(0, "1.5"), trade(9, "1.6")).as_bytes());
    assert_eq!((frames.len(), tally.lines, tally.skipped, tally.named[0].line), (2, 3, 1, 2), "{line}");
    tally.named[0].why.clone()
}

#[test]
fn frames_become_prices_at_their_receive_time() {
    let (frames, tally) = read(format!("{}\n{}", trade(0, "1.5"), book(7, "1.4", "1.6")).as_bytes());
    assert_eq!((tally.lines, tally.skipped), (2, 0));
    assert_eq!(frames[0].prices, Prices { last: Some("1.5".parse().unwrap()), ..Prices::default() });
    assert_eq!((frames[0].line, frames[1].line, frames[1].symbol.as_str()), (1, 3, "BTCUSDT"));
    assert_eq!(frames[1].received.as_nanos(), i64::try_from(TIME + 7).unwrap());
    assert!(frames[1].prices.bid.is_some() && frames[1].prices.ask.is_some() && frames[1].prices.last.is_none());
}

#[test]
fn a_depth_frame_counts_and_gives_no_price() {
    let event = r#"{"e":"depthUpdate","E":1,"T":1,"s":"BTCUSDT","U":1,"u":2,"pu":0,"b":[["1","2"]],"a":[]}"#;
    let (frames, tally) = read(format!("{TIME} {{\"stream\":\"btcusdt@depth@0ms\",\"data\":{event}}}\n").as_bytes());
    assert_eq!((frames[0].prices, tally.lines, tally.skipped), (Prices::default(), 1, 0));
}

#[test]
fn every_defect_is_named_with_its_line() {
    let time = TIME + 1;
    let cases = [
        ("not json at all".to_owned(), "receive time"),
        ("{}".to_owned(), "no space"),
        (format!("{time} {{\"stream\":"), "not a market frame"),
        (format!("{time} {{\"lastUpdateId\":1,\"bids\":[],\"asks\":[]}}"), "no stream wrapper"),
        (trade(1, "NaN").trim().to_owned(), "field p"),
        (trade(1, "0").trim().to_owned(), "greater than zero"),
        (trade(1, "-1.5").trim().to_owned(), "greater than zero"),
        (book(1, "1.6", "1.5").trim().to_owned(), "crossed book"),
        (trade(1, "1").replace(r#""p":"1""#, r#""p":"1","p":"2""#).trim().to_owned(), "duplicate field"),
        (trade(1, "1").replace("BTCUSDT", "ETHUSDT").replace("btcusdt", "ethusdt").trim().to_owned(), "another symbol"),
        (format!("{time} \u{0}"), "not a market frame"),
        ("-5 {}".to_owned(), "receive time"),
    ];
    for (line, expected) in cases {
        let why = skipped(&line);
        assert!(why.contains(expected), "{line}: {why}");
    }
}

#[test]
fn time_that_runs_backwards_is_skipped() {
    let (frames, tally) = read(format!("{}{}{}", trade(5, "1"), trade(4, "2"), trade(5, "3")).as_bytes());
    assert_eq!((frames.len(), tally.skipped), (2, 1));
    assert!(tally.named[0].why.contains("backwards"));
}

#[test]
fn bytes_that_are_no_text_are_skipped() {
    let mut bytes = trade(0, "1").into_bytes();
    bytes.extend_from_slice(b"1723161255088169167 {\"stream\":\"\xff\xfe\"}\n");
    let (frames, tally) = read(&bytes);
    assert_eq!((frames.len(), tally.skipped), (1, 1));
}

#[test]
fn a_line_of_ten_megabytes_is_passed_over_without_being_held() {
    let long = format!("{} {}", TIME, "x".repeat(10_000_000));
    assert_eq!(skipped(&long), format!("line of {} bytes; at most 4 MiB are read", long.len()));
    let recording = recording("frames.txt", format!("{long}\n{}", trade(0, "1")).as_bytes());
    let mut lines = Lines::open(&recording.path).unwrap();
    assert!(matches!(lines.next().unwrap(), Some((1, Line::TooLong(_)))));
}

#[test]
fn the_symbol_is_asked_for_then_named_by_the_file_then_by_the_first_frame() {
    let text = trade(0, "1") + &trade(1, "1").replace("BTCUSDT", "ETHUSDT").replace("btcusdt", "ethusdt");
    let named = recording("x-ethusdt-1.txt", text.as_bytes());
    let mut reader = FrameReader::open(&named.path, None).unwrap();
    assert_eq!(read_all(&mut reader)[0].symbol.as_str(), "ETHUSDT");
    let asked = Symbol::new("BTCUSDT").unwrap();
    let mut reader = FrameReader::open(&named.path, Some(asked)).unwrap();
    assert_eq!((read_all(&mut reader)[0].symbol, reader.tally().skipped), (asked, 1));
    let plain = recording("frames.txt", text.as_bytes());
    let mut reader = FrameReader::open(&plain.path, None).unwrap();
    read_all(&mut reader);
    assert_eq!(reader.symbol(), Some(asked));
}

#[test]
fn decimals_are_those_seen() {
    let named = recording("frames.txt", (trade(0, "61800.30") + &book(1, "61800.25", "61800.30")).as_bytes());
    let mut reader = FrameReader::open(&named.path, None).unwrap();
    read_all(&mut reader);
    assert_eq!(reader.decimals(), Decimals { price: 2, quantity: Some(3) });
}

#[test]
fn gzip_is_recognised_by_its_first_bytes() {
    let packed = recording("frames", &gzip(format!("{}{}", trade(0, "1"), trade(1, "2")).as_bytes()));
    let mut reader = FrameReader::open(&packed.path, None).unwrap();
    assert_eq!(read_all(&mut reader).len(), 2);
    let twice = [gzip(trade(0, "1").as_bytes()), gzip(trade(1, "2").as_bytes())].concat();
    let mut reader = FrameReader::open(&recording("frames", &twice).path, None).unwrap();
    assert_eq!(read_all(&mut reader).len(), 2);
}

#[test]
fn a_truncated_gzip_says_how_far_it_could_be_read() {
    let text: String = (0..2000).map(|after| trade(after, "1.5")).collect();
    let packed = gzip(text.as_bytes());
    let cut = recording("frames.gz", &packed[..packed.len() / 2]);
    let mut reader = FrameReader::open(&cut.path, None).unwrap();
    let mut count = 0;
    let wrong = loop {
        match reader.next_frame() {
            Ok(Some(_)) => count += 1,
            Ok(None) => panic!("the end was not noticed after {count} frames"),
            Err(wrong) => break wrong,
        }
    };
    assert!(matches!(wrong, Unusable::Damaged { lines, bytes, .. } if lines == count && bytes > 0), "{wrong}");
    let said = wrong.to_string();
    assert!(said.contains("frames.gz: damaged after line") && said.contains("ends too early"), "{said}");
}

#[test]
fn a_damaged_gzip_is_noticed() {
    let text: String = (0..2000).map(|after| trade(after, "1.5")).collect();
    let mut packed = gzip(text.as_bytes());
    let middle = packed.len() / 2;
    packed[middle..middle + 8].fill(0xff);
    let damaged = recording("frames.gz", &packed);
    let mut reader = FrameReader::open(&damaged.path, None).unwrap();
    while let Ok(frame) = reader.next_frame() {
        assert!(frame.is_some(), "damage was not noticed");
    }
}

#[test]
fn a_decompression_bomb_is_one_line_that_is_too_long() {
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    let zeros = vec![b'0'; 1 << 20];
    (0..64).for_each(|_| packer.write_all(&zeros).unwrap());
    let bomb = packer.finish().unwrap();
    assert!(bomb.len() < 200_000);
    let packed = recording("frames.gz", &bomb);
    let mut reader = FrameReader::open(&packed.path, None).unwrap();
    assert_eq!(reader.next_frame().unwrap(), None);
    assert_eq!((reader.tally().lines, reader.tally().skipped), (1, 1));
}

#[test]
fn a_file_that_is_not_there_or_a_folder_is_unusable() {
    let folder = tempfile::tempdir().unwrap();
    for path in [folder.path().join("nothing"), folder.path().to_owned()] {
        let wrong = FrameReader::open(&path, None).err().unwrap();
        assert!(wrong.to_string().contains("cannot be read"), "{wrong}");
    }
}

#[test]
fn a_survey_says_what_a_recording_holds() {
    use crate::recorded::{Kind, survey};
    let text = trade(0, "61800.30") + "garbage\n" + &book(9, "61800.2", "61800.3");
    let named = recording("frames.txt", text.as_bytes());
    let found = survey(&named.path, None).unwrap();
    assert_eq!((found.kind, found.symbol.as_str()), (Kind::Frames, "BTCUSDT"));
    assert_eq!(found.last.since(found.first).as_nanos(), 9);
    assert_eq!((found.series, found.tally.skipped), ([true, false, true, true], 1));
    let nothing = recording("frames.txt", format!("{TIME} {{}}\n").as_bytes());
    let wrong = survey(&nothing.path, None).unwrap_err().to_string();
    assert!(wrong.contains("no usable line (line 1: no stream wrapper"), "{wrong}");
}
