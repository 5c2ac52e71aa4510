//! Every line of the real recordings is read as its README says.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use super::shared::recording;
use backstop_app::recorded::{BarReader, Decimals, FrameReader, Kind, survey};

#[test]
fn every_recorded_binance_frame_is_read_but_the_snapshot_between_them() {
    let Some(path) = recording("frames/binance-usdm-btcusdt-20240808.gz") else { return };
    let found = survey(&path, None).unwrap();
    assert_eq!((found.kind, found.symbol.as_str()), (Kind::Frames, "BTCUSDT"));
    assert_eq!((found.tally.lines, found.tally.skipped), (93_954, 1), "{:?}", found.tally.named);
    assert_eq!(found.tally.named[0].line, 55);
    assert!(found.tally.named[0].why.starts_with("no stream wrapper"), "{:?}", found.tally.named);
    assert!(!found.tally.is_too_much());
    assert_eq!(found.decimals, Decimals { price: 1, quantity: Some(3) });
    assert_eq!(found.series, [true, false, true, true]);
    assert_eq!(found.last.since(found.first).as_millis() / 1000, 344);
}

#[test]
fn recorded_binance_prices_come_from_trades_and_book_tickers() {
    let Some(path) = recording("frames/binance-usdm-btcusdt-20240808.gz") else { return };
    let mut reader = FrameReader::open(&path, None).unwrap();
    let (mut trades, mut books, mut silent) = (0, 0, 0);
    while let Some(frame) = reader.next_frame().unwrap() {
        match (frame.prices.last, frame.prices.bid) {
            (Some(_), _) => trades += 1,
            (None, Some(_)) => books += 1,
            (None, None) => silent += 1,
        }
    }
    assert_eq!((trades, books, silent), (21_313, 66_089, 6_551));
}

#[test]
fn every_recorded_hyperliquid_frame_is_read() {
    let Some(path) = recording("frames/hyperliquid-btc-20250126.gz") else { return };
    let found = survey(&path, None).unwrap();
    assert_eq!((found.symbol.as_str(), found.tally.lines, found.tally.skipped), ("BTC", 55, 0), "{:?}", found.tally);
}

#[test]
fn every_recorded_bar_is_read() {
    for (name, symbol, rows, price) in [
        ("klines/BTCUSDT-5m-20250403-20250702.csv.gz", "BTCUSDT", 25_920, 1),
        ("klines/SOLUSDT-5m-20250403-20250702.csv.gz", "SOLUSDT", 25_920, 2),
        ("klines/ADAUSDT-1m-20250530-20250629.csv.gz", "ADAUSDT", 43_200, 4),
        ("klines/BTCUSDT-1m-20230301-20230321.csv.gz", "BTCUSDT", 30_240, 2),
    ] {
        let Some(path) = recording(name) else { continue };
        let mut reader = BarReader::open(&path, None).unwrap();
        let mut count = 0;
        while reader.next_bar().unwrap().is_some() {
            count += 1;
        }
        let tally = reader.tally();
        assert_eq!((count, tally.lines, tally.skipped), (rows, rows, 0), "{name}: {:?}", tally.named);
        assert_eq!((reader.symbol().as_str(), reader.decimals().price), (symbol, price), "{name}");
    }
}
