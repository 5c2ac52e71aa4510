//! Binance's market-stream JSON, names verbatim (venues/binance.md §11). Texts are borrowed from the frame.
//!
//! Every documented field is declared, the unused ones as ignored, so that a key that comes twice is noticed (F-P07).
//! Fields that are not declared are new and ignored.

use serde::de::{self, DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::fmt;

type Unused = Option<IgnoredAny>;

/// What a combined stream wraps every event in.
pub struct Combined<'a> {
    pub stream: &'a str,
    pub data: Event<'a>,
}

/// An event, read as what its stream's name says.
pub enum Event<'a> {
    AggTrade(AggTrade<'a>),
    BookTicker(BookTicker<'a>),
    Depth(Depth<'a>),
    MarkPrice(MarkPrice<'a>),
    Other(Other),
    Trade(Trade<'a>),
}

#[derive(Deserialize)]
#[expect(non_snake_case, reason = "the venue's names")]
pub struct BookTicker<'a> {
    #[serde(rename = "e")]
    _e: Unused,
    #[serde(rename = "u")]
    _u: Unused,
    pub E: i64,
    #[serde(rename = "T")]
    _T: Unused,
    pub s: &'a str,
    #[serde(rename = "ps")]
    _ps: Unused,
    pub b: &'a str,
    pub B: &'a str,
    pub a: &'a str,
    pub A: &'a str,
    #[serde(rename = "st")]
    _st: Unused,
}

#[derive(Deserialize)]
#[expect(non_snake_case, reason = "the venue's names")]
pub struct Trade<'a> {
    #[serde(rename = "e")]
    _e: Unused,
    pub E: i64,
    #[serde(rename = "T")]
    _T: Unused,
    pub s: &'a str,
    #[serde(rename = "t")]
    _t: Unused,
    pub p: &'a str,
    pub q: &'a str,
    /// Absent in `aggTrade`. `MARKET`, or how the position changed hands without a market: `INSURANCE_FUND`, `NA`.
    pub X: Option<&'a str>,
    #[serde(rename = "m")]
    _m: Unused,
    #[serde(rename = "st")]
    _st: Unused,
}

#[derive(Deserialize)]
#[expect(non_snake_case, reason = "the venue's names")]
pub struct AggTrade<'a> {
    #[serde(rename = "e")]
    _e: Unused,
    pub E: i64,
    pub s: &'a str,
    #[serde(rename = "a")]
    _a: Unused,
    pub p: &'a str,
    pub q: &'a str,
    #[serde(rename = "nq")]
    _nq: Unused,
    #[serde(rename = "f")]
    _f: Unused,
    #[serde(rename = "l")]
    _l: Unused,
    #[serde(rename = "T")]
    _T: Unused,
    #[serde(rename = "m")]
    _m: Unused,
    #[serde(rename = "st")]
    _st: Unused,
}

#[derive(Deserialize)]
#[expect(non_snake_case, reason = "the venue's names")]
pub struct MarkPrice<'a> {
    #[serde(rename = "e")]
    _e: Unused,
    pub E: i64,
    pub s: &'a str,
    pub p: &'a str,
    #[serde(rename = "ap")]
    _ap: Unused,
    #[serde(rename = "i")]
    _i: Unused,
    #[serde(rename = "P")]
    _P: Unused,
    #[serde(rename = "r")]
    _r: Unused,
    #[serde(rename = "T")]
    _T: Unused,
    #[serde(rename = "st")]
    _st: Unused,
}

#[derive(Deserialize)]
#[expect(non_snake_case, reason = "the venue's names")]
pub struct Depth<'a> {
    #[serde(rename = "e")]
    _e: Unused,
    pub E: i64,
    #[serde(rename = "T")]
    _T: Unused,
    pub s: &'a str,
    #[serde(rename = "U")]
    _U: Unused,
    #[serde(rename = "u")]
    _u: Unused,
    #[serde(rename = "pu")]
    _pu: Unused,
    #[serde(rename = "b")]
    _b: Levels,
    #[serde(rename = "a")]
    _a: Levels,
    #[serde(rename = "ps")]
    _ps: Unused,
    #[serde(rename = "st")]
    _st: Unused,
}

/// Any other event: nothing of it is used.
pub type Other = IgnoredAny;

impl<'de> Deserialize<'de> for Combined<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(Wrapper)
    }
}

/// The venue sends `stream` first, so that the event can be read at once; the other order is held back and read after.
struct Wrapper;

impl<'de> Visitor<'de> for Wrapper {
    type Value = Combined<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a frame of a combined stream")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut stream: Option<&str> = None;
        let mut event = None;
        let mut held: Option<&RawValue> = None;
        while let Some(key) = map.next_key::<&str>()? {
            match key {
                "stream" if stream.is_some() => return Err(de::Error::duplicate_field("stream")),
                "stream" => stream = Some(map.next_value()?),
                "data" if event.is_some() || held.is_some() => return Err(de::Error::duplicate_field("data")),
                "data" => match stream {
                    Some(stream) => event = Some(map.next_value_seed(Named(stream))?),
                    None => held = Some(map.next_value()?),
                },
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        let stream = stream.ok_or_else(|| de::Error::missing_field("stream"))?;
        if let Some(held) = held {
            event = Some(Named(stream).deserialize(held).map_err(de::Error::custom)?);
        }
        event.map(|data| Combined { stream, data }).ok_or_else(|| de::Error::missing_field("data"))
    }
}

/// The name of a stream, which says what its events are: `btcusdt@markPrice@1s`.
struct Named<'n>(&'n str);

impl<'de> DeserializeSeed<'de> for Named<'_> {
    type Value = Event<'de>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        match self.0.split('@').nth(1).unwrap_or("") {
            "aggTrade" => Deserialize::deserialize(from).map(Event::AggTrade),
            "bookTicker" => Deserialize::deserialize(from).map(Event::BookTicker),
            "markPrice" => Deserialize::deserialize(from).map(Event::MarkPrice),
            "trade" => Deserialize::deserialize(from).map(Event::Trade),
            depth if depth.starts_with("depth") => Deserialize::deserialize(from).map(Event::Depth),
            _ => Deserialize::deserialize(from).map(Event::Other),
        }
    }
}

/// Price levels `["price","quantity"]`, looked at but not kept.
pub struct Levels;

impl<'de> Deserialize<'de> for Levels {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct All;

        impl<'de> Visitor<'de> for All {
            type Value = Levels;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of price levels")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Levels, A::Error> {
                while list.next_element::<(&str, &str)>()?.is_some() {}
                Ok(Levels)
            }
        }

        from.deserialize_seq(All)
    }
}
