//! Bars in every spelling, and bars that make no sense.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use super::*;
use crate::recorded::{Kind, survey};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write as _;
use std::path::PathBuf;
use tempfile::TempDir;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

const HEADER: &str = "timestamp,open,high,low,close,volume\n";

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

fn read_file(name: &str, bytes: &[u8]) -> (Vec<RecordedBar>, Tally, Decimals) {
    let recording = recording(name, bytes);
    let mut reader = BarReader::open(&recording.path, None).unwrap();
    let bars = std::iter::from_fn(|| reader.next_bar().unwrap()).collect();
    (bars, reader.tally().clone(), reader.decimals())
}

fn read(text: &str) -> (Vec<RecordedBar>, Tally, Decimals) {
    read_file("BTCUSDT-5m.csv", text.as_bytes())
}

fn refused(text: &str) -> String {
    let recording = recording("BTCUSDT-5m.csv", text.as_bytes());
    BarReader::open(&recording.path, None).err().unwrap().to_string()
}

fn zipped(method: CompressionMethod, files: &[(&str, &str)]) -> Vec<u8> {
    let mut packer = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, text) in files {
        packer.start_file(*name, SimpleFileOptions::default().compression_method(method)).unwrap();
        packer.write_all(text.as_bytes()).unwrap();
    }
    packer.finish().unwrap().into_inner()
}

#[test]
fn columns_are_found_by_name_in_any_order_and_case() {
    let (bars, tally, seen) = read("Volume,Close,LOW,High,Open,Open_Time\n317.956,2,1,3,1.50,1743699900000\n");
    let price = |text: &str| text.parse::<Price>().unwrap();
    let bar = bars[0];
    assert_eq!((bar.open, bar.high, bar.low, bar.close), (price("1.5"), price("3"), price("1"), price("2")));
    assert_eq!((bar.line, bar.open_time.as_millis()), (2, 1_743_699_900_000));
    assert_eq!((tally.lines, tally.skipped, seen), (1, 0, Decimals { price: 1, quantity: Some(3) }));
}

#[test]
fn time_may_be_written_in_many_ways() {
    for name in ["timestamp", "open_time", "time", "date", "TIMESTAMP"] {
        for time in [
            "2025-04-03 17:05:00+00:00",
            "2025-04-03T17:05:00Z",
            "2025-04-03 17:05:00",
            "1743699900",
            "1743699900000000",
        ] {
            let (bars, _, _) = read(&format!("{name},open,high,low,close\n{time},1,1,1,1\n"));
            assert_eq!(bars[0].open_time.as_millis(), 1_743_699_900_000, "{name} {time}");
        }
    }
}

#[test]
fn the_exchanges_dumps_have_no_header() {
    let row = "1743699900000,81794.8,81998.1,81785.2,81804.9,317.956,1743700199999,26043046.9,7121,160.1,13114316.9,0";
    let (bars, tally, seen) = read(&format!("{row}\n"));
    assert_eq!((bars.len(), bars[0].line, tally.lines), (1, 1, 1));
    assert_eq!((bars[0].close.to_string().as_str(), seen), ("81804.9", Decimals { price: 1, quantity: Some(3) }));
    let said = refused("1743699900000,81794.8\n");
    assert!(said.contains("the first line has no names, and `1743699900000`, `81794.8` is not time, open"), "{said}");
    for row in
        ["\"1743699900000\",\"1\",\"2\",\"1\",\"2\"", "2025-04-03 17:05:00;1;2;1;2", "1743699900\t1\t2\t1\t2\t\t7"]
    {
        assert_eq!(read(&format!("{row}\r\n\r\n")).0.len(), 1, "{row}");
    }
}

#[test]
fn other_separators_quotes_and_marks_are_understood() {
    for text in [
        "timestamp;open;high;low;close\n1743699900;1;2;1;2\n",
        "timestamp\topen\thigh\tlow\tclose\r\n1743699900\t1\t2\t1\t2\r\n",
        "\u{feff}\"timestamp\", \"open\",\"high\",\"low\",\"close\"\n\"1743699900\",\"1\",\"2\",\"1\",\"2\"\n",
    ] {
        assert_eq!(read(text).0.len(), 1, "{text:?}");
    }
}

#[test]
fn tables_as_programs_write_them_are_understood() {
    for text in [
        // pandas with its index, by tabs: the first cell of the header is empty.
        "\ttimestamp\topen\thigh\tlow\tclose\n0\t1743699900\t1\t2\t1\t2\n",
        // A spreadsheet fills lines up to the widest and ends with empty ones.
        "timestamp;open;high;low;close;;\r\n1743699900;1;2;1;2;;\r\n;;;;;;\r\n\r\n   \r\n",
        // Names in words, and the end of the file without the end of its line.
        "Open Time,Open,High,Low,Close,Close Time\n1743699900,1,2,1,2,1743700199",
        "Datetime,Open,High,Low,Close,Adj Close\n2025-04-03 17:05:00+00:00,1,2,1,2,3\n",
    ] {
        let (bars, tally, _) = read(text);
        assert_eq!((bars.len(), tally.lines, tally.skipped), (1, 1, 0), "{text:?}: {:?}", tally.named);
        assert_eq!(bars[0].close.to_string(), "2", "{text:?}");
    }
}

#[test]
fn what_is_ambiguous_is_not_guessed() {
    for (row, expected) in [
        ("1743700200;1,5;2,5;1,5;2,5", "not a price"),
        ("1743700200;\"1,234.5\";2;1;2", "not a price"),
        ("1743700200;\"1;2;1;2", "a quote is opened and not closed"),
        ("timestamp;open;high;low;close", "is not a time"),
    ] {
        let (bars, tally, _) =
            read(&format!("time;open;high;low;close\n1743699900;1;2;1;2\n{row}\n1743700500;1;2;1;2\n"));
        assert_eq!((bars.len(), tally.skipped, tally.named[0].line), (2, 1, 3), "{row}");
        assert!(tally.named[0].why.contains(expected), "{row}: {}", tally.named[0].why);
    }
}

#[test]
fn utf_16_is_named_and_not_taken_for_columns() {
    for mark in [[0xff, 0xfe], [0xfe, 0xff]] {
        let spread = recording("BTCUSDT.csv", &[&mark, b"t\0i\0m\0e\0\n\0".as_slice()].concat());
        let said = BarReader::open(&spread.path, None).err().unwrap().to_string();
        assert!(said.contains("save it as CSV in UTF-8"), "{said}");
    }
}

#[test]
fn a_table_without_prices_names_its_columns() {
    let said = refused("id,name,amount\n1,x,2\n");
    assert!(said.contains("no column for `time`, `open`, `high`, `low`, `close`"), "{said}");
    assert!(said.contains("the columns are `id`, `name`, `amount`"), "{said}");
    assert!(refused("timestamp,open,high,low\n").contains("no column for `close`"));
    assert!(refused("").contains("no usable line"));
}

#[test]
fn bars_that_make_no_sense_are_named_and_skipped() {
    let good = "2025-04-03 17:05:00+00:00,2,3,1,2,5\n";
    for (bad, expected) in [
        ("2025-04-03 17:10:00+00:00,2,1,3,2,5", "do not make a bar"),
        ("2025-04-03 17:10:00+00:00,4,3,1,2,5", "do not make a bar"),
        ("2025-04-03 17:10:00+00:00,2,3,1,0.5,5", "do not make a bar"),
        ("2025-04-03 17:10:00+00:00,NaN,3,1,2,5", "open: "),
        ("2025-04-03 17:10:00+00:00,2,3,0,2,5", "low: "),
        ("2025-04-03 17:10:00+00:00,2,3,-1,2,5", "low: "),
        ("2025-04-03 17:10:00+00:00,2,,1,2,5", "high is missing"),
        ("2025-04-03 17:10:00+00:00,2,3", "low is missing"),
        ("someday,2,3,1,2,5", "is not a time"),
        (",2,3,1,2,5", "time is missing"),
        ("2025-04-03 17:00:00+00:00,2,3,1,2,5", "time runs backwards"),
        ("2025-04-03 17:05:00+00:00,2,3,1,2,5", "there twice"),
        ("\u{0}\u{1}", "is not a time"),
    ] {
        let (bars, tally, _) = read(&format!("{HEADER}{good}{bad}\n2025-04-03 17:15:00+00:00,2,3,1,2,5\n"));
        assert_eq!((bars.len(), tally.lines, tally.skipped, tally.named[0].line), (2, 3, 1, 3), "{bad}");
        assert!(tally.named[0].why.contains(expected), "{bad}: {}", tally.named[0].why);
    }
}

#[test]
fn a_bad_volume_is_no_reason_to_skip() {
    assert_eq!(read(&format!("{HEADER}1743699900,2,3,1,2,\n1743700200,2,3,1,2,nan\n")).0.len(), 2);
}

#[test]
fn gzip_and_zip_are_recognised_by_their_first_bytes() {
    let text = format!("{HEADER}1743699900,2,3,1,2,5\n1743700200,2,3,1,2,5\n");
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(text.as_bytes()).unwrap();
    assert_eq!(read_file("BTCUSDT-5m.csv", &packer.finish().unwrap()).0.len(), 2);
    for method in [CompressionMethod::Deflated, CompressionMethod::Stored] {
        let packed = zipped(method, &[("README.txt", "no"), ("BTCUSDT-5m.CSV", &text)]);
        assert_eq!(read_file("BTCUSDT-5m.zip", &packed).0.len(), 2, "{method}");
    }
}

#[test]
fn an_archive_without_a_table_names_what_it_holds() {
    let packed = recording("BTCUSDT.zip", &zipped(CompressionMethod::Stored, &[("a.txt", "x"), ("b.json", "{}")]));
    let said = survey(&packed.path, None).unwrap_err().to_string();
    assert!(said.contains("no .csv file, but `a.txt`, `b.json`"), "{said}");
}

#[test]
fn truncated_and_damaged_archives_are_noticed() {
    let rows: String = (0..5000).map(|row| format!("{},2,3,1,2,5.{row}\n", 1_743_699_900 + row * 300)).collect();
    let packed = zipped(CompressionMethod::Deflated, &[("a.csv", &format!("{HEADER}{rows}"))]);
    let cut = recording("BTCUSDT.zip", &packed[..packed.len() / 2]);
    assert!(matches!(survey(&cut.path, None), Err(Unusable::Damaged { .. })));
    let mut stored = zipped(CompressionMethod::Stored, &[("a.csv", &format!("{HEADER}{rows}"))]);
    let place = stored.windows(3).position(|bytes| bytes == b",5.").unwrap();
    stored[place + 1] = b'6';
    let damaged = recording("BTCUSDT.zip", &stored);
    let said = survey(&damaged.path, None).unwrap_err().to_string();
    assert!(said.contains("checksum"), "{said}");
}

#[test]
fn the_symbol_is_asked_for_or_named_by_the_file() {
    let text = format!("{HEADER}1743699900,2,3,1,2,5\n");
    let unnamed = recording("bars.csv", text.as_bytes());
    let said = BarReader::open(&unnamed.path, None).err().unwrap().to_string();
    assert!(said.contains("add --symbol"), "{said}");
    let asked = Symbol::new("ETHUSDT").unwrap();
    assert_eq!(BarReader::open(&unnamed.path, Some(asked)).unwrap().symbol(), asked);
}

#[test]
fn a_survey_of_bars_says_their_time_and_grid() {
    let text = format!("{HEADER}1743699900,2,3.25,1,2,5.5\n1743700200,2,3,1,2,5\n");
    let named = recording("SOLUSDT-5m.csv", text.as_bytes());
    let found = survey(&named.path, None).unwrap();
    assert_eq!((found.kind, found.symbol.as_str()), (Kind::Bars, "SOLUSDT"));
    assert_eq!((found.decimals, found.series), (Decimals { price: 2, quantity: Some(1) }, [true, false, false, false]));
    assert_eq!(found.last.since(found.first).as_millis(), 300_000);
}
