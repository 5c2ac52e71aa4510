//! Hyperliquid's `l2Book` and `trades` frames, for recordings only: there is no such venue to trade on here.

use super::decimals::Decimals;
use backstop_model::{ParseUnitError, Price, Prices, Quantity, Symbol};
use backstop_venues::binance::LARGEST_FRAME;
use serde::Deserialize;
use serde_json::value::RawValue;

/// How every frame of this form begins.
pub(super) const BEGINNING: &[u8] = b"{\"channel\"";

/// Why a frame is not used.
#[derive(Debug, thiserror::Error)]
pub(super) enum BadFrame {
    #[error("frame of {0} bytes; at most 4 MiB are read")]
    TooLarge(usize),
    #[error("not a market frame: {0}")]
    Json(#[from] serde_json::Error),
    #[error("{0:?} is not a symbol")]
    Symbol(String),
    #[error("{0}")]
    Number(#[from] ParseUnitError),
    #[error("the frame is about no or several coins")]
    Coins,
    #[error("crossed book: bid {bid} is not below ask {ask}")]
    Crossed { bid: Price, ask: Price },
}

#[derive(Deserialize)]
struct Frame<'a> {
    channel: &'a str,
    #[serde(borrow)]
    data: &'a RawValue,
}

#[derive(Deserialize)]
struct Book<'a> {
    coin: &'a str,
    #[serde(borrow)]
    levels: (Vec<Level<'a>>, Vec<Level<'a>>),
}

#[derive(Deserialize)]
struct Level<'a> {
    px: &'a str,
    sz: &'a str,
}

#[derive(Deserialize)]
struct Trade<'a> {
    coin: &'a str,
    px: &'a str,
    sz: &'a str,
}

/// The coin, its prices, and how finely they are given. Of several trades the last one is the price.
pub(super) fn decode(frame: &[u8]) -> Result<(Symbol, Prices, Decimals), BadFrame> {
    if frame.len() > LARGEST_FRAME {
        return Err(BadFrame::TooLarge(frame.len()));
    }
    let frame: Frame = serde_json::from_slice(frame)?;
    match frame.channel {
        "l2Book" => book(&serde_json::from_str(frame.data.get())?),
        "trades" => trades(&serde_json::from_str::<Vec<Trade>>(frame.data.get())?),
        _ => Err(BadFrame::Coins),
    }
}

fn book(book: &Book) -> Result<(Symbol, Prices, Decimals), BadFrame> {
    let mut seen = Decimals::default();
    let mut best = |levels: &[Level]| levels.first().map(|level| read(level.px, level.sz, &mut seen)).transpose();
    let (bid, ask) = (best(&book.levels.0)?, best(&book.levels.1)?);
    let mut prices = Prices::default();
    if let (Some(bid), Some(ask)) = (bid, ask) {
        if bid >= ask {
            return Err(BadFrame::Crossed { bid, ask });
        }
        prices = Prices { bid: Some(bid), ask: Some(ask), ..prices };
    }
    Ok((symbol(book.coin)?, prices, seen))
}

fn trades(trades: &[Trade]) -> Result<(Symbol, Prices, Decimals), BadFrame> {
    let last = trades.last().ok_or(BadFrame::Coins)?;
    if trades.iter().any(|trade| trade.coin != last.coin) {
        return Err(BadFrame::Coins);
    }
    let mut seen = Decimals::default();
    let mut prices = Prices::default();
    for trade in trades {
        prices.last = Some(read(trade.px, trade.sz, &mut seen)?);
    }
    Ok((symbol(last.coin)?, prices, seen))
}

fn read(px: &str, sz: &str, seen: &mut Decimals) -> Result<Price, BadFrame> {
    let price = px.parse()?;
    let _: Quantity = sz.parse()?;
    *seen = seen.joined(Decimals { price: Decimals::of(px).unwrap_or(0), quantity: Decimals::of(sz) });
    Ok(price)
}

fn symbol(coin: &str) -> Result<Symbol, BadFrame> {
    Symbol::new(coin).map_err(|_| BadFrame::Symbol(coin.chars().take(40).collect()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use super::*;

    #[test]
    fn a_book_gives_bid_and_ask_and_trades_the_last_price() {
        let book = br#"{"channel":"l2Book","data":{"coin":"BTC","levels":[[{"n":5,"px":"105055.0","sz":"3.03622"}],[{"n":1,"px":"105056.0","sz":"1"}]],"time":1}}"#;
        let (symbol, prices, seen) = decode(book).unwrap();
        assert_eq!((symbol.as_str(), prices.bid.unwrap().to_string()), ("BTC", "105055".to_owned()));
        assert_eq!(seen, Decimals { price: 0, quantity: Some(5) });
        let trades =
            br#"{"channel":"trades","data":[{"coin":"BTC","px":"1.5","sz":"2"},{"coin":"BTC","px":"1.6","sz":"2"}]}"#;
        assert_eq!(decode(trades).unwrap().1.last.unwrap().to_string(), "1.6");
    }

    #[test]
    fn malformed_frames_are_refused() {
        for bad in [
            r#"{"channel":"trades","data":[]}"#,
            r#"{"channel":"trades","data":[{"coin":"BTC","px":"0","sz":"2"}]}"#,
            r#"{"channel":"trades","data":[{"coin":"BTC","px":"1","sz":"2"},{"coin":"ETH","px":"1","sz":"2"}]}"#,
            r#"{"channel":"l2Book","data":{"coin":"BTC","levels":[[{"px":"2","sz":"1"}],[{"px":"2","sz":"1"}]]}}"#,
            r#"{"channel":"pong"}"#,
            r#"{"channel":"#,
        ] {
            assert!(decode(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
