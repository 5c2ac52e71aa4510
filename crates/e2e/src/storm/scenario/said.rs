//! Events in the words of the scenario runner, to the letter: every id and every time.

use super::{order_of, outcome};
use crate::storm::stage;
use backstop_model::plan::ExitPlanSpec;
use backstop_model::{
    Answer, Asked, Candle, ClientOrderId, Command, DealId, EntryRequest, Event, Fee, Fill, FillCause, Funding,
    Liquidity, Lookup, OrderReport, OrderStatus, Outcome, Permit, PositionKey, PositionReport, PositionSide, Prices,
    Series, Snapshot, Span, Timestamp, UnknownCause,
};
use std::collections::BTreeMap;
use std::fmt::{Debug, Display};

/// What orders are about, where their ids alone do not say it.
#[derive(Debug, Default)]
pub struct Names {
    deals: BTreeMap<ClientOrderId, DealId>,
}

/// Seconds since the life began, as exact as they are.
pub fn time(at: Timestamp) -> String {
    let nanos = at.since(stage::start()).as_nanos();
    let (sign, nanos) = (if nanos < 0 { "-" } else { "" }, nanos.unsigned_abs());
    let text = format!("{sign}{}.{:09}", nanos / 1_000_000_000, nanos % 1_000_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

impl Names {
    /// Notes which deal an order is about.
    pub fn learn(&mut self, command: &Command) {
        if let Some((id, Some(deal))) = order_of(command) {
            self.deals.insert(id, deal);
        }
    }

    /// One line.
    pub fn words(&self, event: &Event) -> String {
        match event {
            Event::Answer(answer) => self.answer(answer),
            Event::BreakEven { position } => format!("break-even {}", whose(position, "")),
            Event::CancelEntry { request, .. } => format!("take-back {request}"),
            Event::Candles { interval, candles, history, .. } => bars(*interval, candles, *history),
            Event::Close { position } => format!("close {}", whose(position, "")),
            Event::ClosePart { position, share } => {
                format!("close {}", whose(position, &format!(" {}%", share.in_percent())))
            }
            Event::DefineAccount(account) => {
                let most = account.limits.max_notional.map_or_else(|| "none".to_owned(), |most| most.to_string());
                format!("now-account max-notional {most}")
            }
            Event::DefinePlan { plan, .. } => {
                format!("now-plan {}", super::place::plan(&ExitPlanSpec::from((**plan).clone())))
            }
            Event::DefineInstrument(instrument) => {
                format!("now-instrument {}", super::place::instrument(instrument))
            }
            Event::Depth(depth) => format!("depth {} bid {} asked", depth.bids, depth.asks),
            Event::Enter(asked) => enter(asked),
            Event::Fill(fill) => format!("execution {}", self.fill(fill)),
            Event::Funding(funding) => paid(funding),
            Event::Lookup(lookup) => self.lookup(lookup),
            Event::MarginCall(call) => {
                let open = call.positions.iter().map(|key| format!(" {}", key.side));
                format!("margin-call{}", open.collect::<String>())
            }
            Event::Mode(told) => {
                let flags = if told.capability.flagged_exits.is_every() { "" } else { " flags-whole" };
                format!("mode {}{flags}", told.mode.word())
            }
            Event::Order(report) => format!("order {}", self.order(report)),
            Event::Pause { position, paused } => {
                format!("{} {}", if *paused { "pause" } else { "resume" }, whose(position, ""))
            }
            Event::Permit { permit, .. } => format!("permit {}", permitted(*permit)),
            Event::Position(report) => format!("holds {}", holds(report)),
            Event::Snapshot(snapshot) => self.snapshot(snapshot),
            Event::Annulled(annulled) => {
                format!("annulled-fill {} ; at {}", self.fill(&annulled.fill), time(annulled.at))
            }
            Event::Tick(tick) => {
                format!("tick{}{}", prices(&tick.prices), if tick.confirmed { "" } else { " unconfirmed" })
            }
            Event::Wake => "wake".to_owned(),
            // Nothing in a life does these; the runner refuses the line, so that nobody takes it for played.
            Event::AssignPlan { .. }
            | Event::Drill { .. }
            | Event::NextClose { .. }
            | Event::SessionEnds { .. }
            | Event::SymbolPlan { .. } => format!("not-in-words {event:?}"),
        }
    }

    /// One of ours by its label, a stranger's as it is, `-` for none.
    fn id(&self, id: Option<&ClientOrderId>) -> String {
        let Some(id) = id else { return "-".to_owned() };
        let deal = self.deals.get(id).map_or_else(String::new, |deal| format!("/deal:{deal}"));
        outcome::label(id).map_or_else(|| id.to_string(), |label| format!("{label}{deal}"))
    }

    fn answer(&self, answer: &Answer) -> String {
        let asked = match answer.asked {
            Asked::Amend => "amend",
            Asked::Cancel => "cancel",
            Asked::Place => "place",
        };
        let (outcome, text) = match &answer.outcome {
            Outcome::Accepted(id) => (format!("accepted {id}"), String::new()),
            Outcome::Refused(why) => (format!("refused {}", snake(&why.reason)), format!(" \"{}\"", why.text)),
            Outcome::Unknown(UnknownCause::ConnectionLost) => ("unknown connection_lost".to_owned(), String::new()),
            Outcome::Unknown(UnknownCause::TimedOut) => ("unknown timed_out".to_owned(), String::new()),
            Outcome::Unknown(UnknownCause::Unreadable) => ("unknown unreadable".to_owned(), String::new()),
            Outcome::Unknown(UnknownCause::VenueUnsure) => ("unknown venue_unsure".to_owned(), String::new()),
        };
        format!("answer {asked} {} {outcome} sent {}{text}", self.id(Some(&answer.id)), time(answer.sent_at))
    }

    fn order(&self, report: &OrderReport) -> String {
        let status = match &report.status {
            OrderStatus::Other(word) => format!("other:{word}"),
            known => snake(known),
        };
        let trigger = report.trigger.map_or_else(String::new, |trigger| {
            let kept = if trigger.guaranteed { " guaranteed" } else { "" };
            format!(" trigger {} {}{kept}", trigger.price, trigger.source.word())
        });
        format!(
            "{} as {} {} {status}{} executed {}{trigger}{}{} at {}",
            self.id(report.id.as_ref()),
            report.venue_id,
            report.side,
            maybe(" for ", report.quantity),
            report.filled,
            maybe(" limit ", report.limit),
            maybe(" deal ", report.deal),
            time(report.at)
        )
    }

    fn fill(&self, fill: &Fill) -> String {
        let fee = match fill.fee {
            Fee::Known(money) => money.to_string(),
            Fee::Unknown => "unknown".to_owned(),
        };
        let liquidity = match fill.liquidity {
            Liquidity::Maker => "maker",
            Liquidity::Taker => "taker",
        };
        let cause = match fill.cause {
            FillCause::Adl => "adl",
            FillCause::Liquidation => "liquidation",
            FillCause::Order => "order",
            FillCause::Settlement => "settlement",
        };
        format!(
            "{} of {} as {} {} {} @ {} fee {fee} {liquidity} {cause}{}{} at {}",
            fill.id,
            self.id(fill.order.as_ref()),
            fill.venue_order,
            fill.side,
            fill.quantity,
            fill.price,
            maybe(" side ", fill.position_side),
            maybe(" deal ", fill.deal),
            time(fill.at)
        )
    }

    fn lookup(&self, lookup: &Lookup) -> String {
        let head = format!("found {} at {}", self.id(Some(&lookup.id)), time(lookup.server_time));
        let found = lookup.found.iter().map(|report| format!("order {}", self.order(report)));
        let fills = lookup.fills.iter().map(|fill| format!("execution {}", self.fill(fill)));
        [head].into_iter().chain(found).chain(fills).collect::<Vec<_>>().join("; ")
    }

    fn snapshot(&self, read: &Snapshot) -> String {
        let head = format!("everything at {}{}", time(read.server_time), maybe(" balance ", read.balance));
        let positions = read.positions.iter().map(|report| format!("holds {}", holds(report)));
        let orders = read.orders.iter().map(|report| format!("order {}", self.order(report)));
        let fills = read.fills.iter().map(|fill| format!("execution {}", self.fill(fill)));
        [head].into_iter().chain(positions).chain(orders).chain(fills).collect::<Vec<_>>().join("; ")
    }
}

fn holds(report: &PositionReport) -> String {
    format!(
        "{} {}{}{}{}{} at {}",
        report.key.side,
        report.quantity,
        maybe(" @ ", report.entry_price),
        maybe(" liquidation ", report.liquidation_price),
        maybe(" premium ", report.premium),
        maybe(" deal ", report.key.deal),
        time(report.at)
    )
}

fn whose(key: &PositionKey, more: &str) -> String {
    format!("{}{more}{}", key.side, maybe(" deal ", key.deal))
}

fn enter(asked: &EntryRequest) -> String {
    let plan = asked.plan.map(|plan| plan.0);
    let side: PositionSide = asked.position.side;
    format!(
        "open {} {side} {}{}{}",
        asked.request,
        asked.quantity,
        maybe(" limit ", asked.limit),
        maybe(" plan ", plan)
    )
}

fn paid(funding: &Funding) -> String {
    let (side, deal) = (maybe(" side ", funding.position_side), maybe(" deal ", funding.deal));
    format!("paid {}{side}{deal} at {}", funding.amount, time(funding.at))
}

fn bars(interval: Span, candles: &[Candle], history: Option<Series>) -> String {
    let head = format!("candles-of {} {}", interval.as_millis() / 1_000, history.map_or("made", Series::word));
    let bar = |bar: &Candle| format!("{} {} {} {}", time(bar.opened_at), bar.high, bar.low, bar.close);
    [head].into_iter().chain(candles.iter().map(bar)).collect::<Vec<_>>().join("; ")
}

fn prices(prices: &Prices) -> String {
    let series = Series::ALL.into_iter().filter_map(|series| Some((series.word(), prices.of(series)?)));
    series.map(|(word, price)| format!(" {word} {price}")).collect()
}

const fn permitted(permit: Permit) -> &'static str {
    match permit {
        Permit::All => "all",
        Permit::Observe => "observe",
        Permit::ProtectOnly => "protect-only",
    }
}

/// What is absent is not said.
fn maybe<T: Display>(word: &str, value: Option<T>) -> String {
    value.map_or_else(String::new, |value| format!("{word}{value}"))
}

/// `NotFound` as `not_found`.
fn snake(name: &impl Debug) -> String {
    let mut text = String::new();
    for letter in format!("{name:?}").chars() {
        if letter.is_ascii_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.push(letter.to_ascii_lowercase());
    }
    text
}
