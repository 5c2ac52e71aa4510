//! Frames as the venue sends them, and frames it never should.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use super::*;

fn wrapped(stream: &str, event: &str) -> String {
    format!(r#"{{"stream":"{stream}","data":{event}}}"#)
}

fn book(bid: &str, ask: &str) -> String {
    let event = format!(
        r#"{{"e":"bookTicker","u":5123107839020,"s":"BTCUSDT","b":{bid},"B":"2.507","a":{ask},"A":"2.510","T":1723161256313,"E":1723161256313}}"#
    );
    wrapped("btcusdt@bookTicker", &event)
}

fn trade_at(price: &str) -> String {
    let event = format!(
        r#"{{"e":"trade","E":1723161256322,"T":1723161256322,"s":"BTCUSDT","t":5266583935,"p":{price},"q":"0.006","X":"MARKET","m":false}}"#
    );
    wrapped("btcusdt@trade", &event)
}

fn read(frame: &str) -> Decoded {
    decode(frame.as_bytes()).unwrap_or_else(|wrong| panic!("{wrong}: {frame}"))
}

fn refused(frame: &str) -> String {
    decode(frame.as_bytes()).expect_err(frame).to_string()
}

fn some(text: &str) -> Option<Price> {
    Some(text.parse().unwrap())
}

#[test]
fn a_book_ticker_gives_bid_and_ask() {
    let decoded = read(&book("\"61800.20\"", "\"61800.30\""));
    assert_eq!((decoded.symbol.as_str(), decoded.time_ms), ("BTCUSDT", Some(1_723_161_256_313)));
    let prices = Prices { bid: some("61800.2"), ask: some("61800.3"), ..Prices::default() };
    assert_eq!((decoded.prices, decoded.precision), (prices, Precision { price: Some(1), quantity: Some(3) }));
}

#[test]
fn trades_give_the_last_price() {
    assert_eq!(read(&trade_at("\"61800.30\"")).prices, Prices { last: some("61800.3"), ..Prices::default() });
    let event = r#"{"e":"aggTrade","E":123456789,"s":"BTCUSDT","a":5933014,"p":"0.001","q":"100","nq":"100","f":100,"l":105,"T":123456785,"m":true,"st":1}"#;
    let decoded = read(&wrapped("btcusdt@aggTrade", event));
    assert_eq!(decoded.prices.last, some("0.001"));
    assert_eq!(decoded.precision, Precision { price: Some(3), quantity: Some(0) });
}

#[test]
fn what_changed_hands_without_a_market_gives_no_price() {
    for kind in ["NA", "INSURANCE_FUND"] {
        assert_eq!(read(&trade_at("\"0\"").replace("MARKET", kind)).prices, Prices::default());
    }
}

#[test]
fn a_mark_price_gives_the_mark_and_says_nothing_about_the_tick() {
    let event = r#"{"e":"markPriceUpdate","E":1562305380000,"s":"BTCUSDT","p":"11794.15000001","ap":"11794.15","i":"11784.62","P":"11784.25","r":"0.00038167","T":1562306400000,"st":1}"#;
    let decoded = read(&wrapped("btcusdt@markPrice@1s", event));
    assert_eq!(decoded.prices, Prices { mark: some("11794.15000001"), ..Prices::default() });
    assert_eq!(decoded.precision, Precision::default());
}

#[test]
fn depth_and_unknown_streams_are_frames_without_prices() {
    let event = r#"{"e":"depthUpdate","E":1,"T":1,"s":"BTCUSDT","U":1,"u":2,"pu":0,"b":[["58710.20","0.014"]],"a":[]}"#;
    for stream in ["btcusdt@depth@0ms", "btcusdt@depth20@100ms", "btcusdt@depth"] {
        assert_eq!(read(&wrapped(stream, event)).prices, Prices::default(), "{stream}");
    }
    let decoded = read(&wrapped("btcusdt@somethingNew", r#"{"E":5,"deep":{"x":[1]}}"#));
    assert_eq!((decoded.symbol.as_str(), decoded.prices), ("BTCUSDT", Prices::default()));
}

#[test]
fn prices_that_are_none_are_refused() {
    for bad in [
        "\"0\"",
        "\"0.00\"",
        "\"-1\"",
        "\"-0\"",
        "\"NaN\"",
        "\"Infinity\"",
        "\"\"",
        "\"1e400\"",
        "\" 1\"",
        "\"1,5\"",
        "null",
        "1.5",
        "{}",
        "[\"1\"]",
    ] {
        refused(&trade_at(bad));
        refused(&book(bad, "\"61800.30\""));
        refused(&book("\"61800.20\"", bad));
    }
    let long = format!("\"{}\"", "9".repeat(400));
    assert!(refused(&trade_at(&long)).contains("longer than 64"), "{}", refused(&trade_at(&long)));
    assert!(refused(&trade_at("\"9223372036854775808999999999999999\"")).contains("too large"));
}

#[test]
fn a_crossed_or_locked_book_is_refused() {
    assert!(refused(&book("\"61800.30\"", "\"61800.20\"")).contains("crossed book: bid 61800.3"));
    refused(&book("\"61800.30\"", "\"61800.30\""));
}

#[test]
fn quantities_are_numbers() {
    refused(&book("\"1\"", "\"2\"").replace("\"2.507\"", "\"NaN\""));
    refused(&book("\"1\"", "\"2\"").replace("\"2.507\"", "\"\""));
}

#[test]
fn the_wrapper_may_come_the_other_way_round() {
    let frame = trade_at("\"1\"");
    let event = frame.split_once(r#""data":"#).unwrap().1.strip_suffix('}').unwrap();
    assert_eq!(read(&format!(r#"{{"data":{event},"new":[],"stream":"btcusdt@trade"}}"#)), read(&frame));
    refused(&format!(r#"{{"data":{event},"stream":"btcusdt@bookTicker"}}"#));
}

#[test]
fn duplicate_keys_are_refused() {
    let twice = [
        trade_at("\"1\"").replace(r#""p":"1""#, r#""p":"1","p":"2""#),
        trade_at("\"1\"").replace(r#""t":5266583935"#, r#""t":1,"t":2"#),
        trade_at("\"1\"").replace(r#"{"stream""#, r#"{"stream":"ethusdt@trade","stream""#),
    ];
    for frame in twice {
        assert!(refused(&frame).contains("duplicate field"), "{}", refused(&frame));
    }
}

#[test]
fn missing_fields_are_refused_and_new_ones_ignored() {
    refused(&trade_at("\"1\"").replace(r#""p":"1","#, ""));
    refused(&trade_at("\"1\"").replace(r#""s":"BTCUSDT","#, ""));
    read(&trade_at("\"1\"").replace(r#""m":false"#, r#""m":false,"new":{"p":"7"}"#));
}

#[test]
fn answers_and_snapshots_have_no_wrapper() {
    let no_wrapper = "no stream wrapper: not a frame of a combined stream";
    assert_eq!(refused(r#"{"result":null,"id":1}"#), no_wrapper);
    assert_eq!(refused(r#"{"lastUpdateId":1,"E":1,"T":1,"bids":[["1","2"]],"asks":[]}"#), no_wrapper);
}

#[test]
fn an_event_of_another_symbol_than_its_stream_is_refused() {
    assert!(refused(&trade_at("\"1\"").replace("btcusdt@", "ethusdt@")).contains("carries an event of \"BTCUSDT\""));
    refused(&wrapped("!markPrice@arr", "[]"));
    refused(&wrapped("nothing", "{}"));
    refused(&wrapped("@trade", "{}"));
}

#[test]
fn deep_large_and_broken_frames_are_refused() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let event = format!(r#"{{"E":1,"s":"BTCUSDT","p":"1","q":"1","x":{deep}}}"#);
    assert_eq!(refused(&wrapped("btcusdt@trade", &event)), "nested deeper than 64 levels");
    assert!(refused(&" ".repeat(LARGEST_FRAME + 1)).contains("at most 4 MiB"));
    for broken in ["", "{", "null", "[]", "\u{feff}{}", "{\"stream\":\"a@trade\",\"data\":{}} x", "NaN"] {
        refused(broken);
    }
    assert!(decode(b"{\"stream\":\"\xff@trade\",\"data\":{}}").is_err());
    assert!(decode(b"\0").is_err());
}

#[test]
fn many_brackets_side_by_side_are_not_deep() {
    let levels = vec![r#"["1","2"]"#; 1000].join(",");
    let event = format!(r#"{{"E":1,"s":"BTCUSDT","b":[{levels}],"a":[["[{{\"","1"]]}}"#);
    assert!(refused(&wrapped("btcusdt@depth", &event)).contains("borrowed"), "escapes are not the venue's way");
    read(&wrapped("btcusdt@depth", &event.replace("\\\"", "")));
}

#[test]
fn a_time_before_1970_is_no_time() {
    assert_eq!(read(&trade_at("\"1\"").replace(r#""E":1723161256322"#, r#""E":-5"#)).time_ms, None);
}

#[test]
fn decimals_count_what_carries_meaning() {
    for (text, count) in
        [("61800.20", Some(1)), ("100", Some(0)), ("0.000", Some(0)), ("1.005", Some(3)), ("120", Some(0))]
    {
        assert_eq!(decimals(text), count, "{text}");
    }
    for bad in ["", ".", "1.", ".5", "1.2.3", "-1", "x"] {
        assert_eq!(decimals(bad), None, "{bad:?}");
    }
}
