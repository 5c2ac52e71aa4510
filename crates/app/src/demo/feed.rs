//! Where the market of a demonstration comes from: recorded frames, recorded bars, or a seeded generator.
//!
//! A feed gives moments. A moment has one or more points per position side: a bar is four points, the worst case for
//! that side first; a frame is one.

use crate::recorded::{BarReader, FrameReader, Survey, Tally, Unusable};
use backstop_model::{PositionSide, Price, Prices, Series, Symbol, Timestamp};
use backstop_sim::{Bar, Climate, Generator, path};
use std::path::Path;

/// Prices of one symbol at one instant.
#[derive(Clone, Debug, PartialEq)]
pub struct Moment {
    /// When.
    pub at: Timestamp,
    /// Whose.
    pub symbol: Symbol,
    /// The points for a long, in order.
    pub long: Vec<Prices>,
    /// The points for a short, in order.
    pub short: Vec<Prices>,
    /// The price went from point to point without leaving anything out, as inside a bar.
    pub continuous: bool,
}

impl Moment {
    /// The points for a position on `side`.
    #[must_use]
    pub fn points(&self, side: PositionSide) -> &[Prices] {
        match side {
            PositionSide::Long => &self.long,
            PositionSide::Short => &self.short,
        }
    }
}

enum Source {
    Bars { reader: Box<BarReader>, tick: Price },
    Frames { reader: FrameReader, series: [bool; 4] },
    Generated(Vec<Walk>),
}

struct Walk {
    symbol: Symbol,
    generator: Generator,
    next: Option<(Timestamp, Prices)>,
}

/// A market to be played.
pub struct Feed {
    source: Source,
    given: u64,
}

impl Feed {
    /// Recorded bars.
    ///
    /// # Errors
    /// [`Unusable`] when the file cannot be opened.
    pub fn bars(file: &Path, survey: &Survey, tick: Price) -> Result<Self, Unusable> {
        let reader = Box::new(BarReader::open(file, Some(survey.symbol))?);
        Ok(Self { source: Source::Bars { reader, tick }, given: 0 })
    }

    /// Recorded frames.
    ///
    /// # Errors
    /// [`Unusable`] when the file cannot be opened.
    pub fn frames(file: &Path, survey: &Survey) -> Result<Self, Unusable> {
        let reader = FrameReader::open(file, Some(survey.symbol))?;
        Ok(Self { source: Source::Frames { reader, series: survey.series }, given: 0 })
    }

    /// A generated market of several symbols, each from its own seed.
    #[must_use]
    pub fn generated(markets: &[(Symbol, Price, Price)], seed: u64, from: Timestamp) -> Self {
        let walk = |(index, (symbol, start, tick)): (u64, &(Symbol, Price, Price))| {
            let climate = Climate::lively(*start, *tick);
            let generator = Generator::new(seed.wrapping_mul(1_000).wrapping_add(index), from, climate).ok()?;
            Some(Walk { symbol: *symbol, generator, next: None })
        };
        let walks = (0..).zip(markets).filter_map(walk).collect();
        Self { source: Source::Generated(walks), given: 0 }
    }

    /// The first price of a recording, from a feed of its own.
    ///
    /// # Errors
    /// [`Unusable`] when the recording cannot be read.
    pub fn first_price(mut self) -> Result<Option<Price>, Unusable> {
        while let Some(moment) = self.next_moment()? {
            let price = moment.long.first().and_then(|prices| prices.last.or(prices.ask));
            if price.is_some() {
                return Ok(price);
            }
        }
        Ok(None)
    }

    /// How many moments have been given.
    #[must_use]
    pub const fn given(&self) -> u64 {
        self.given
    }

    /// The next moment; none at the end of a recording. A generated market has no end.
    ///
    /// # Errors
    /// [`Unusable`] when the recording cannot be read any further.
    pub fn next_moment(&mut self) -> Result<Option<Moment>, Unusable> {
        let moment = match &mut self.source {
            Source::Bars { reader, tick } => next_bar(reader, *tick)?,
            Source::Frames { reader, series } => next_frame(reader, series)?,
            Source::Generated(walks) => next_step(walks),
        };
        self.given += u64::from(moment.is_some());
        Ok(moment)
    }

    /// How many lines of a recording have been read, or points generated.
    #[must_use]
    pub fn lines(&self) -> u64 {
        match &self.source {
            Source::Bars { reader, .. } => reader.tally().lines,
            Source::Frames { reader, .. } => reader.tally().lines,
            Source::Generated(_) => self.given,
        }
    }

    /// Lines read and skipped so far.
    #[must_use]
    pub fn tally(&self) -> Tally {
        match &self.source {
            Source::Bars { reader, .. } => reader.tally().clone(),
            Source::Frames { reader, .. } => reader.tally().clone(),
            Source::Generated(_) => Tally { lines: self.given, ..Tally::default() },
        }
    }
}

fn next_bar(reader: &mut BarReader, tick: Price) -> Result<Option<Moment>, Unusable> {
    loop {
        let Some(bar) = reader.next_bar()? else { return Ok(None) };
        // The reader has refused bars that make no sense; what is left out here does not fit the grid at all.
        let Ok(made) = Bar::new(bar.open_time, bar.open, bar.high, bar.low, bar.close) else { continue };
        let points =
            |side| path(&made, Some(side), tick).map(|points| points.iter().map(|point| point.prices()).collect());
        let (Ok(long), Ok(short)) = (points(PositionSide::Long), points(PositionSide::Short)) else { continue };
        return Ok(Some(Moment { at: bar.open_time, symbol: reader.symbol(), long, short, continuous: true }));
    }
}

fn next_frame(reader: &mut FrameReader, series: &[bool; 4]) -> Result<Option<Moment>, Unusable> {
    let Some(frame) = reader.next_frame()? else { return Ok(None) };
    let prices = completed(frame.prices, series);
    let points = if prices == Prices::default() { Vec::new() } else { vec![prices] };
    Ok(Some(Moment {
        at: frame.received,
        symbol: frame.symbol,
        long: points.clone(),
        short: points,
        continuous: false,
    }))
}

/// A series that the whole recording lacks equals `last` (product.md §5).
fn completed(prices: Prices, series: &[bool; 4]) -> Prices {
    let fill = |own: Option<Price>, of: Series| if series[of.index()] { own } else { own.or(prices.last) };
    Prices {
        last: prices.last,
        mark: fill(prices.mark, Series::Mark),
        bid: fill(prices.bid, Series::Bid),
        ask: fill(prices.ask, Series::Ask),
    }
}

fn next_step(walks: &mut [Walk]) -> Option<Moment> {
    for walk in walks.iter_mut().filter(|walk| walk.next.is_none()) {
        let point = walk.generator.next_point();
        walk.next = Some((point.at, point.prices));
    }
    let walk = walks.iter_mut().min_by_key(|walk| walk.next.map(|(at, _)| at))?;
    let (at, prices) = walk.next.take()?;
    Some(Moment { at, symbol: walk.symbol, long: vec![prices], short: vec![prices], continuous: false })
}
