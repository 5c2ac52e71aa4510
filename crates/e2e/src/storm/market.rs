//! The market of a life: one price that moves, and what is wrong with what is said of it.

use super::stage::Stage;
use backstop_model::{Price, Prices, Series, Span, Timestamp};

/// The market says its price at least this often.
const HEARTBEAT: Span = Span::from_secs(1);

/// The prices as they are.
#[derive(Clone, Copy)]
pub struct Market {
    /// The last price, in ticks.
    pub ticks: i64,
    /// Mark less last, in ticks.
    pub lag: i64,
    /// Half the spread, in ticks.
    pub spread: i64,
    /// Where the last price alone is, until then.
    pub misprint: Option<(i64, Timestamp)>,
    /// Where the mark alone is, until then.
    pub mark_away: Option<(i64, Timestamp)>,
    /// Bid is above ask until then.
    pub crossed_until: Timestamp,
    /// Nothing reaches the engine until then.
    pub cut_until: Timestamp,
    /// Which price is missing in what reaches the engine, until then.
    pub missing: Option<(Series, Timestamp)>,
    /// When it last said something.
    pub said_at: Timestamp,
}

impl Market {
    /// A market that is whole.
    #[must_use]
    pub const fn at(ticks: i64) -> Self {
        let never = Timestamp::EPOCH;
        let (misprint, mark_away, missing) = (None, None, None);
        let (crossed_until, cut_until, said_at) = (never, never, never);
        Self { ticks, lag: 0, spread: 1, misprint, mark_away, crossed_until, cut_until, missing, said_at }
    }

    /// When it has something to say: regularly, and when something that was wrong is right again.
    #[must_use]
    pub fn next_due(&self, now: Timestamp) -> Timestamp {
        let ends = [self.misprint, self.mark_away].into_iter().flatten().map(|(_, until)| until);
        let ends = ends.chain([self.crossed_until, self.cut_until]).filter(|until| *until > self.said_at);
        let next = ends.chain([self.said_at.plus(HEARTBEAT)]).min();
        next.unwrap_or(now)
    }

    /// What reaches the engine of what it says: only the feed is crossed and lacks a price, never the venue's own book.
    #[must_use]
    pub fn fed(&self, now: Timestamp, prices: Prices) -> Prices {
        let crossed = self.crossed_until > now;
        let mut fed = if crossed { Prices { bid: prices.ask, ask: prices.bid, ..prices } } else { prices };
        match self.missing.filter(|(_, until)| *until > now) {
            Some((Series::Ask, _)) => fed.ask = None,
            Some((Series::Bid, _)) => fed.bid = None,
            Some((Series::Last, _)) => fed.last = None,
            Some((Series::Mark, _)) => fed.mark = None,
            None => {}
        }
        fed
    }

    /// What it says now.
    pub fn prices(&mut self, now: Timestamp, stage: &Stage) -> Prices {
        self.misprint = self.misprint.filter(|(_, until)| *until > now);
        self.mark_away = self.mark_away.filter(|(_, until)| *until > now);
        let last = self.misprint.map_or(self.ticks, |(ticks, _)| ticks);
        let lag = self.mark_away.map_or(self.lag, |(lag, _)| lag);
        let spread = self.spread;
        Prices {
            last: Some(stage.price(last)),
            mark: Some(stage.price(self.ticks + lag)),
            bid: Some(stage.price(self.ticks - spread)),
            ask: Some(stage.price(self.ticks + spread)),
        }
    }
}

/// Prices on one line.
pub struct Shown(pub Prices);

impl std::fmt::Display for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let show = |price: Option<Price>| price.map_or_else(|| "-".to_owned(), |price| price.to_string());
        let Prices { last, mark, bid, ask } = self.0;
        write!(f, "last {} mark {} bid {} ask {}", show(last), show(mark), show(bid), show(ask))
    }
}
