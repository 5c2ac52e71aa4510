//! What a script's engine hears, to the letter: answers, reports, executions and full reads with every id and every time.
//!
//! Scripts that were written down from a life of the storm need that (`crates/e2e/src/storm/scenario`). People write less,
//! and `world` fills in the rest.

use super::World;
use crate::builders::{ACCOUNT, BTC, key, money, price, quantity, side, source};
use backstop_model::{
    Annulled, Answer, Asked, Candle, Capability, ClientOrderId, DealId, Depth, Event, Fee, Fill, FillCause, FillId,
    Funding, Liquidity, Lookup, MarginCall, ModeReport, OrderReport, OrderSide, OrderStatus, Outcome, PositionKey,
    PositionReport, Refusal, Series, Snapshot, Span, Timestamp, Trigger, UnknownCause, VenueOrderId,
};

/// `long`, `long 50%`, `long deal 7`: a position, and what else was said.
pub fn whose(words: &str) -> (PositionKey, Option<&str>) {
    let (words, deal) = words.split_once(" deal ").map_or((words, None), |(words, deal)| (words, Some(deal)));
    let (which, rest) = words.split_once(' ').map_or((words, None), |(which, rest)| (which, Some(rest)));
    (key(side(which)).of_deal(deal.map(|deal| DealId::new(deal).unwrap())), rest)
}

/// The words of one thing: some by their place, some after a word that says what they are.
struct Said<'w>(Vec<&'w str>);

impl<'w> Said<'w> {
    fn of(words: &'w str) -> Self {
        Self(words.split_whitespace().collect())
    }

    fn place(&self, place: usize) -> &'w str {
        self.0.get(place).copied().unwrap_or_else(|| panic!("too few words: {:?}", self.0))
    }

    fn after(&self, word: &str) -> Option<&'w str> {
        self.0.iter().position(|other| *other == word).map(|at| self.place(at + 1))
    }

    fn deal(&self) -> Option<DealId> {
        self.after("deal").map(|deal| DealId::new(deal).unwrap())
    }
}

impl World {
    /// Hears what the line says. False when its first word is none of these.
    pub(super) fn hears(&mut self, head: &str, words: &str) -> bool {
        let event = match head {
            "answer" => Event::Answer(self.answer_of(words)),
            "candles-of" => self.candles_of(words),
            "depth" => self.depth(words),
            "everything" => Event::Snapshot(self.everything(words)),
            "execution" => Event::Fill(self.execution_of(words)),
            "found" => Event::Lookup(self.found(words)),
            "holds" => Event::Position(self.holds(words)),
            "margin-call" => self.margin_call(words),
            "mode" => self.mode(words),
            "order" => Event::Order(self.order_of(words)),
            "paid" => Event::Funding(self.paid(words)),
            "annulled-fill" => self.annulled_fill(words),
            "wake" => Event::Wake,
            _ => return false,
        };
        self.handle(event);
        true
    }

    /// `hedge`, `hedge flags-whole`: the venue keeps the account's positions so now, and can tell these exits from other orders.
    fn mode(&self, words: &str) -> Event {
        let told = crate::builders::account_from(words);
        let flagged_exits = told.capability.flagged_exits;
        let capability = Capability { flagged_exits, ..self.account.capability.clone() };
        let report = ModeReport { account: ACCOUNT, mode: told.position_mode, capability };
        Event::Mode(Box::new(report))
    }

    /// `3.412`: so many seconds after the beginning.
    pub(super) fn instant(&self, word: &str) -> Timestamp {
        let (sign, digits) = word.strip_prefix('-').map_or((1, word), |digits| (-1, digits));
        let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
        let nanos = whole.parse::<i64>().unwrap() * 1_000_000_000 + format!("{part:0<9}").parse::<i64>().unwrap();
        self.start.plus(Span::from_nanos(sign * nanos))
    }

    fn when(&self, said: &Said, word: &str) -> Timestamp {
        self.instant(said.after(word).unwrap_or_else(|| panic!("{:?} says no time after {word}", said.0)))
    }

    /// One of ours by its name, a stranger's as it is, `-` for none.
    fn order_id(&self, word: &str) -> Option<ClientOrderId> {
        match self.book.get(word) {
            Some(booked) => Some(booked.order.id),
            None if word == "-" => None,
            None => Some(ClientOrderId::new(word).unwrap()),
        }
    }

    /// `place stop#1 accepted 17 sent 3.4`, `cancel TP1#1 refused not_found sent 3.4 "no such order"`,
    /// `amend stop#1 unknown timed_out sent 3.4`.
    fn answer_of(&self, words: &str) -> Answer {
        let (words, text) = words.split_once(" \"").unwrap_or((words, ""));
        let said = Said::of(words);
        let asked = match said.place(0) {
            "place" => Asked::Place,
            "amend" => Asked::Amend,
            _ => Asked::Cancel,
        };
        let outcome = match (said.place(2), said.place(3)) {
            ("accepted", id) => Outcome::Accepted(VenueOrderId::new(id).unwrap()),
            ("refused", reason) => {
                let reason = serde_json::from_str(&format!("{reason:?}")).unwrap();
                Outcome::Refused(Refusal::new(reason, text.strip_suffix('"').unwrap_or(text)))
            }
            (_, "connection_lost") => Outcome::Unknown(UnknownCause::ConnectionLost),
            (_, "unreadable") => Outcome::Unknown(UnknownCause::Unreadable),
            (_, "venue_unsure") => Outcome::Unknown(UnknownCause::VenueUnsure),
            (_, _) => Outcome::Unknown(UnknownCause::TimedOut),
        };
        let id = self.order_id(said.place(1)).unwrap();
        Answer { account: ACCOUNT, instrument: BTC, id, asked, outcome, sent_at: self.when(&said, "sent") }
    }

    /// `stop#1 as 17 sell working for 0.1 executed 0 trigger 49000 mark at 3.4`; `limit 51500`, `guaranteed` and `deal 7`
    /// where they apply.
    fn order_of(&self, words: &str) -> OrderReport {
        let said = Said::of(words);
        let guaranteed = said.0.contains(&"guaranteed");
        let trigger = said
            .0
            .iter()
            .position(|word| *word == "trigger")
            .map(|at| Trigger { guaranteed, ..Trigger::new(price(said.place(at + 1)), source(said.place(at + 2))) });
        OrderReport {
            account: ACCOUNT,
            instrument: BTC,
            id: self.order_id(said.place(0)),
            venue_id: VenueOrderId::new(said.place(2)).unwrap(),
            deal: said.deal(),
            side: order_side(said.place(3)),
            status: status(said.place(4)),
            quantity: said.after("for").map(quantity),
            filled: said.after("executed").map(quantity).unwrap(),
            trigger,
            limit: said.after("limit").map(price),
            at: self.when(&said, "at"),
        }
    }

    /// `f1 of TP1#1 as 17 sell 0.04 @ 51500 fee 1.2 taker order at 3.4`; `side long` and `deal 7` where they apply.
    fn execution_of(&self, words: &str) -> Fill {
        let said = Said::of(words);
        Fill {
            account: ACCOUNT,
            instrument: BTC,
            id: FillId::new(said.place(0)).unwrap(),
            order: self.order_id(said.place(2)),
            venue_order: VenueOrderId::new(said.place(4)).unwrap(),
            side: order_side(said.place(5)),
            position_side: said.after("side").map(side),
            deal: said.deal(),
            price: price(said.place(8)),
            quantity: quantity(said.place(6)),
            fee: if said.place(10) == "unknown" { Fee::Unknown } else { Fee::Known(money(said.place(10))) },
            liquidity: if said.place(11) == "maker" { Liquidity::Maker } else { Liquidity::Taker },
            cause: cause(said.place(12)),
            at: self.when(&said, "at"),
        }
    }

    /// `long 0.05 @ 50000 liquidation 45000 at 3.4`; `premium 0.8` and `deal 7` where they apply.
    fn holds(&self, words: &str) -> PositionReport {
        let said = Said::of(words);
        PositionReport {
            key: key(side(said.place(0))).of_deal(said.deal()),
            quantity: quantity(said.place(1)),
            entry_price: said.after("@").map(price),
            liquidation_price: said.after("liquidation").map(price),
            premium: said.after("premium").map(money),
            at: self.when(&said, "at"),
        }
    }

    /// `at 3.4 balance 10000; holds …; order …; execution …`.
    fn everything(&self, words: &str) -> Snapshot {
        let mut parts = words.split("; ");
        let head = Said::of(parts.next().unwrap());
        let server_time = self.when(&head, "at");
        let balance = head.after("balance").map(money);
        let (positions, orders, fills) = (Vec::new(), Vec::new(), Vec::new());
        let mut read = Snapshot { account: ACCOUNT, positions, orders, fills, server_time, balance };
        for (what, words) in parts.filter_map(|part| part.split_once(' ')) {
            match what {
                "holds" => read.positions.push(self.holds(words)),
                "order" => read.orders.push(self.order_of(words)),
                _ => read.fills.push(self.execution_of(words)),
            }
        }
        read
    }

    /// `stop#1 at 3.4; order …; execution …`: without an order it was not found.
    fn found(&self, words: &str) -> Lookup {
        let mut parts = words.split("; ");
        let head = Said::of(parts.next().unwrap());
        let (id, server_time) = (self.order_id(head.place(0)).unwrap(), self.when(&head, "at"));
        let mut answer = Lookup { account: ACCOUNT, instrument: BTC, id, found: None, fills: Vec::new(), server_time };
        for (what, words) in parts.filter_map(|part| part.split_once(' ')) {
            match what {
                "order" => answer.found = Some(self.order_of(words)),
                _ => answer.fills.push(self.execution_of(words)),
            }
        }
        answer
    }

    /// `f1 of … at 3.4 ; at 5.1`: an execution, and when it was annulled.
    fn annulled_fill(&self, words: &str) -> Event {
        let (fill, at) = words.split_once(" ; at ").unwrap();
        Event::Annulled(Box::new(Annulled { fill: self.execution_of(fill), at: self.instant(at) }))
    }

    /// `0.05 bid 0.2 asked`: what rests near the price.
    fn depth(&self, words: &str) -> Event {
        let said = Said::of(words);
        let (bids, asks) = (quantity(said.place(0)), quantity(said.place(2)));
        Event::Depth(Depth { instrument: BTC, bids, asks, at: self.now })
    }

    /// `long`: what the venue says is open.
    fn margin_call(&self, words: &str) -> Event {
        let positions = words.split_whitespace().map(|which| key(side(which))).collect();
        Event::MarginCall(MarginCall { account: ACCOUNT, positions, at: self.now })
    }

    /// `-0.3 at 3.4`; `side long` and `deal 7` where they apply.
    fn paid(&self, words: &str) -> Funding {
        let said = Said::of(words);
        Funding {
            account: ACCOUNT,
            instrument: BTC,
            position_side: said.after("side").map(side),
            deal: said.deal(),
            amount: money(said.place(0)),
            at: self.when(&said, "at"),
        }
    }

    /// `60 last; 0 50100 50000 50050; …`: bars of so many seconds of the venue's history, or of our own making; each
    /// with its opening time, high, low and close.
    fn candles_of(&self, words: &str) -> Event {
        let mut parts = words.split("; ");
        let (interval, series) = parts.next().unwrap().split_once(' ').unwrap();
        let candle = |words: &str| {
            let said = Said::of(words);
            let (opened_at, high) = (self.instant(said.place(0)), price(said.place(1)));
            Candle { opened_at, high, low: price(said.place(2)), close: price(said.place(3)) }
        };
        Event::Candles {
            instrument: BTC,
            interval: Span::from_secs(interval.parse().unwrap()),
            candles: parts.map(candle).collect(),
            history: Series::ALL.into_iter().find(|known| known.word() == series),
        }
    }
}

fn order_side(word: &str) -> OrderSide {
    if word == "buy" { OrderSide::Buy } else { OrderSide::Sell }
}

fn status(word: &str) -> OrderStatus {
    match word {
        "canceled" => OrderStatus::Canceled,
        "expired" => OrderStatus::Expired,
        "filled" => OrderStatus::Filled,
        "rejected" => OrderStatus::Rejected,
        "triggered" => OrderStatus::Triggered,
        "working" => OrderStatus::Working,
        other => OrderStatus::Other(other.trim_start_matches("other:").to_owned()),
    }
}

fn cause(word: &str) -> FillCause {
    match word {
        "adl" => FillCause::Adl,
        "liquidation" => FillCause::Liquidation,
        "settlement" => FillCause::Settlement,
        _ => FillCause::Order,
    }
}
