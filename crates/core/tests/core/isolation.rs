//! R10: decisions for one symbol are untouched by a storm of errors on another, and the record of both is decided again
//! alike (I20).

use crate::builders::{ACCOUNT, BTC, account, definitions, fill, instrument_spec, key, plan_from, price, quantity};
use backstop_core::Engine;
use backstop_core::orders::Named;
use backstop_model::{
    Answer, Asked, Command, Event, Instrument, InstrumentId, OrderReport, OrderSide, OrderStatus, Outcome, PositionKey,
    PositionSide, Prices, Quantity, Refusal, RefusalReason, Span, Stamped, Symbol, Tick, Timestamp, UnknownCause,
    VenueOrderId,
};
use proptest::prelude::*;

const ETH: InstrumentId = InstrumentId(1);

/// One event of the quiet symbol, or of the stormy one.
#[derive(Clone, Copy, Debug)]
enum Happens {
    Quiet(i64),
    Storm(u8, u32),
}

fn happens() -> impl Strategy<Value = Happens> {
    prop_oneof![
        1 => (-120_i64..140).prop_map(Happens::Quiet),
        2 => (any::<u8>(), 1_u32..1_000_000).prop_map(|(kind, number)| Happens::Storm(kind, number)),
    ]
}

struct Desk {
    engine: Engine,
    /// Decides the record again.
    again: Engine,
    sequence: u64,
    /// Commands for the quiet symbol, with the time they were asked for.
    quiet: Vec<(Timestamp, Command)>,
    /// Ids of the stormy one.
    storm: Vec<backstop_model::ClientOrderId>,
}

impl Desk {
    fn new() -> Self {
        let (plan, _) = plan_from("stop 2%; tp 1% close 50%; tp 2% close 50%; instant").unwrap();
        let (engine, again) = (Engine::new(), Engine::new());
        let mut desk = Self { engine, again, sequence: 0, quiet: Vec::new(), storm: Vec::new() };
        let mut other = instrument_spec();
        (other.id, other.symbol) = (ETH, Symbol::new("ETHUSDT").unwrap());
        let btc = Instrument::try_from(instrument_spec()).unwrap();
        for event in definitions(&account(), &btc, &plan) {
            desk.hand_in(Timestamp::EPOCH, event);
        }
        desk.hand_in(Timestamp::EPOCH, Event::DefineInstrument(Box::new(Instrument::try_from(other).unwrap())));
        desk
    }

    fn hand_in(&mut self, at: Timestamp, event: Event) {
        let mut waiting = vec![event];
        while let Some(event) = waiting.pop() {
            self.sequence += 1;
            let stamped = Stamped { sequence: self.sequence, at, event };
            let step = self.engine.handle(&stamped);
            if step.changed {
                let replayed = self.again.replay(&stamped, &step.market);
                assert_eq!(replayed.commands, step.commands, "I20: at {stamped:?}");
            }
            for command in step.commands {
                if command.instrument() == Some(ETH) {
                    self.storm.extend(command.order());
                    continue;
                }
                // A surprise on the stormy symbol asks for the whole account: that is no decision about the quiet one.
                if matches!(command, Command::Snapshot { .. }) {
                    continue;
                }
                self.quiet.push((at, command));
                let asked = match command {
                    Command::Place(_) => Asked::Place,
                    Command::Amend { .. } => Asked::Amend,
                    Command::Cancel { .. } => Asked::Cancel,
                    Command::Lookup { .. } | Command::Snapshot { .. } => continue,
                };
                let outcome = Outcome::Accepted(VenueOrderId::new("v").unwrap());
                let id = command.order().unwrap();
                waiting.push(Event::Answer(Answer {
                    account: ACCOUNT,
                    instrument: BTC,
                    id,
                    asked,
                    outcome,
                    sent_at: at,
                }));
            }
        }
    }

    fn quiet_tick(&mut self, at: Timestamp, tenths: i64) {
        let prices = Prices::all(price(&format!("{}.{}", tenths / 10, tenths % 10)));
        self.hand_in(at, Event::Tick(Tick { instrument: BTC, prices, confirmed: true }));
    }

    fn storm(&mut self, at: Timestamp, kind: u8, number: u32) {
        let id = self.storm.get(number as usize % self.storm.len().max(1)).copied();
        let answer = |id, asked, outcome| {
            Event::Answer(Answer { account: ACCOUNT, instrument: ETH, id, asked, outcome, sent_at: at })
        };
        let refused = |reason| Outcome::Refused(Refusal::new(reason, "no"));
        let event = match (kind % 10, id) {
            (0, Some(id)) => answer(id, Asked::Place, refused(RefusalReason::Throttled)),
            (1, Some(id)) => answer(id, Asked::Place, refused(RefusalReason::ReduceOnly)),
            (2, Some(id)) => answer(id, Asked::Place, Outcome::Unknown(UnknownCause::TimedOut)),
            (3, Some(id)) => answer(id, Asked::Cancel, refused(RefusalReason::NotFound)),
            (4, Some(id)) => Event::Order(OrderReport {
                account: ACCOUNT,
                instrument: ETH,
                id: Some(id),
                venue_id: VenueOrderId::new("odd").unwrap(),
                deal: None,
                side: Named::read(&id).map_or(OrderSide::Sell, |named| named.side.closing()),
                status: [OrderStatus::Other("WHAT".to_owned()), OrderStatus::Rejected, OrderStatus::Expired]
                    [number as usize % 3]
                    .clone(),
                quantity: None,
                filled: Quantity::ZERO,
                trigger: None,
                limit: None,
                at,
            }),
            (5 | 6, _) => {
                let side = if number.is_multiple_of(2) { OrderSide::Buy } else { OrderSide::Sell };
                let mut made = fill(&format!("storm-{number}"), None, side, price("3000"), quantity("0.5"));
                (made.instrument, made.at) = (ETH, at);
                Event::Fill(made)
            }
            (7, _) => Event::Close { position: PositionKey::new(ACCOUNT, ETH, PositionSide::Long) },
            (8, _) => Event::Wake,
            _ => {
                let prices = Prices::all(price(&format!("{}.1", 1 + number / 10)));
                Event::Tick(Tick { instrument: ETH, prices, confirmed: number.is_multiple_of(3) })
            }
        };
        self.hand_in(at, event);
    }

    /// Wakes at every deadline before `until`.
    fn wake_until(&mut self, until: Timestamp) {
        for _ in 0..2_000 {
            let Some((at, _)) = self.engine.next_deadline().filter(|(at, _)| *at <= until) else { return };
            self.hand_in(at, Event::Wake);
        }
    }
}

/// The commands for the quiet symbol, with the storm or without it.
fn played(events: &[Happens], with_storm: bool) -> Vec<(Timestamp, Command)> {
    let mut desk = Desk::new();
    let mut now = Timestamp::EPOCH.plus(Span::from_secs(1));
    let mut last = 500_000;
    desk.quiet_tick(now, last);
    let mut entry = fill("entry", None, OrderSide::Buy, price("50000"), quantity("0.1"));
    entry.at = now;
    desk.hand_in(now, Event::Fill(entry));
    for happens in events {
        let next = now.plus(Span::from_millis(70));
        desk.wake_until(next);
        now = next;
        match happens {
            Happens::Quiet(basis_points) => {
                last = (last + last * basis_points / 10_000).max(10_000);
                desk.quiet_tick(now, last);
            }
            Happens::Storm(kind, number) if with_storm => desk.storm(now, *kind, *number),
            Happens::Storm(..) => {}
        }
    }
    assert!(desk.engine.position(key(PositionSide::Long)).is_some());
    assert_eq!(desk.again.fingerprint(), desk.engine.fingerprint(), "I20");
    desk.quiet
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_storm_of_errors_on_one_symbol_changes_no_decision_on_another(
        events in prop::collection::vec(happens(), 20..120),
    ) {
        prop_assert_eq!(played(&events, true), played(&events, false));
    }
}
