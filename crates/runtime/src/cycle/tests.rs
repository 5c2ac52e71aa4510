//! Persist, then send (R1), and what becomes of what may not be sent.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use super::*;
use backstop_model::plan::{BreakEven, OnInvalid, StopLoss, TakeProfit, TakeProfits};
use backstop_model::{
    Account, Adopt, Capability, Distance, ExitPlan, ExitPlanSpec, Fee, Fill, FillCause, FillId, Instrument,
    InstrumentId, InstrumentSpec, Limits, Liquidity, Money, Name, OrderReport, OrderSide, OrderStatus, Permit, PlanId,
    PositionKey, PositionMode, PositionReport, PositionSide, Prices, Quantity, Ratio, Snapshot, SnapshotCause, Span,
    Symbol, Tick, TriggerSource, VenueOrderId,
};
use std::sync::Arc;

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn percent(text: &str) -> Ratio {
    Ratio::percent(text).unwrap()
}

/// A plan of two per cent, an account, an instrument, a price.
pub(crate) fn definitions() -> Vec<Event> {
    let capability = Capability {
        native_trailing: None,
        amend_stop: false,
        reduce_only: true,
        whole_stop: false,
        flagged_exits: backstop_model::FlaggedExits::Every,
        guaranteed_stops: false,
        only_trigger: None,
        entry_stop: false,
        sized_stops: backstop_model::SizedStops::Beside,
        limit_targets: backstop_model::LimitTargets::InBook,
        resting_targets: backstop_model::RestingTargets::Every,
        request_validity: Span::from_secs(3),
    };
    let account = Account {
        split_entries: false,
        id: AccountId(0),
        name: name("main"),
        venue: name("toy"),
        position_mode: PositionMode::OneWay,
        plan: Some(PlanId(0)),
        adopt: Adopt::Plan,
        hard_stop: None,
        capability,
        currency: name("USDT"),
        limits: Limits::default(),
        refusals: Default::default(),
        permit: Permit::All,
    };
    let level = TakeProfit::new(Distance::Percent(percent("3")), Ratio::ONE);
    let plan = ExitPlanSpec {
        take_profits: TakeProfits::new(vec![level], false, OnInvalid::Refuse, None).unwrap().0,
        breakeven: BreakEven::Plain,
        instant_take_profit: false,
        ..ExitPlanSpec::new(name("plan"), StopLoss::new(Distance::Percent(percent("2")), TriggerSource::Mark))
    };
    vec![
        Event::DefinePlan { id: PlanId(0), plan: Arc::new(ExitPlan::try_from(plan).unwrap()) },
        Event::DefineAccount(Box::new(account)),
        Event::DefineInstrument(Box::new(Instrument::try_from(instrument_spec()).unwrap())),
        Event::Tick(Tick {
            instrument: InstrumentId(0),
            prices: Prices::all("50000".parse().unwrap()),
            confirmed: true,
        }),
    ]
}

/// BTCUSDT without fees and minimums.
pub(crate) fn instrument_spec() -> InstrumentSpec {
    let name = |text: &str| Name::new(text).unwrap();
    InstrumentSpec {
        id: InstrumentId(0),
        venue: name("toy"),
        symbol: Symbol::new("BTCUSDT").unwrap(),
        tick: "0.1".parse().unwrap(),
        step: "0.001".parse().unwrap(),
        min_quantity: "0.001".parse().unwrap(),
        max_quantity: None,
        max_market_quantity: None,
        min_notional: Money::ZERO,
        min_notional_waived_for_exits: false,
        maker_fee: Ratio::ZERO,
        taker_fee: Ratio::ZERO,
        leverage: None,
        maintenance_margin: Ratio::ZERO,
        least_distance: None,
        guaranteed: None,
        week_ends: None,
        value_per_point: backstop_model::Ratio::ONE,
        hours: None,
        currency: name("USDT"),
    }
}

fn entry() -> Event {
    by_hand("f1", OrderSide::Buy)
}

fn by_hand(id: &str, side: OrderSide) -> Event {
    Event::Fill(Fill {
        id: FillId::new(id).unwrap(),
        account: AccountId(0),
        instrument: InstrumentId(0),
        order: None,
        venue_order: VenueOrderId::new("web-1").unwrap(),
        side,
        position_side: None,
        deal: None,
        price: "50000".parse().unwrap(),
        quantity: "0.1".parse().unwrap(),
        fee: Fee::Known(Money::ZERO),
        liquidity: Liquidity::Taker,
        cause: FillCause::Order,
        at: Timestamp::EPOCH,
    })
}

/// A cycle that has taken these in, and the answers that came with them.
struct Bench {
    cycle: Cycle,
}

impl Bench {
    fn new() -> Self {
        Self { cycle: Cycle::new(Engine::new(), 0, Executor::default(), SnapshotSchedule::new(Span::from_secs(10))) }
    }

    /// One whose account has yet to be read: the stop has left, and the target waits for that.
    fn unread() -> Self {
        let mut bench = Self::new();
        bench.cycle.snapshots.start(AccountId(0), Timestamp::EPOCH, SnapshotCause::Start);
        bench.take(definitions());
        bench.take([entry()]);
        bench.settle();
        assert_eq!(bench.leaves(), ["stop"]);
        bench.settle();
        bench
    }

    fn take(&mut self, events: impl IntoIterator<Item = Event>) {
        for event in events {
            self.cycle.take(Timestamp::EPOCH, event);
        }
    }

    /// Everything that has been decided is durable.
    fn settle(&mut self) {
        self.cycle.durable(self.cycle.sequence());
    }

    /// Everything that leaves now, accepted at once; what the cycle itself has to say is taken in.
    fn leaves(&mut self) -> Vec<String> {
        let mut left = Vec::new();
        loop {
            let overdue = self.cycle.overdue(Timestamp::EPOCH);
            let Some(command) = self.cycle.next_request(Timestamp::EPOCH) else {
                if overdue.is_empty() {
                    return left;
                }
                self.take(overdue);
                continue;
            };
            self.take(overdue);
            if let Command::Place(order) = command {
                left.push(Named::read(&order.id).unwrap().leg.to_string());
                let outcome = Outcome::Accepted(VenueOrderId::new(order.id.as_str()).unwrap());
                self.take([Event::Answer(Answer {
                    account: order.account,
                    instrument: order.instrument,
                    id: order.id,
                    asked: backstop_model::Asked::Place,
                    outcome,
                    sent_at: Timestamp::EPOCH,
                })]);
            }
        }
    }
}

#[test]
fn nothing_leaves_before_it_is_durable() {
    let mut bench = Bench::new();
    bench.take(definitions());
    bench.take([entry()]);
    assert!(bench.leaves().is_empty());
    let last = bench.cycle.sequence();
    bench.cycle.durable(last - 1);
    assert!(bench.leaves().is_empty(), "the definitions are durable, the entry is not");
    bench.cycle.durable(last);
    assert_eq!(bench.leaves(), ["stop"]);
    bench.cycle.durable(bench.cycle.sequence());
    assert_eq!(bench.leaves(), ["TP1"]);
}

#[test]
fn without_a_journal_the_stop_leaves_at_once_and_targets_are_not_believed_to_be_on_their_way() {
    // R1's exception, R9.
    let mut bench = Bench::new();
    bench.take(definitions());
    bench.cycle.journal_failed();
    bench.take([entry()]);
    assert_eq!(bench.leaves(), ["stop"]);
    let key = PositionKey::new(AccountId(0), InstrumentId(0), PositionSide::Long);
    assert_eq!(bench.cycle.engine().position(key).unwrap().orders.len(), 1, "the stop and nothing else");
}

#[test]
fn a_journal_that_fails_takes_back_the_targets_that_were_waiting_for_it_and_a_close_covers_everything() {
    let mut bench = Bench::new();
    bench.take(definitions());
    bench.take([entry()]);
    bench.cycle.durable(bench.cycle.sequence());
    assert_eq!(bench.leaves(), ["stop"]);
    // The target has been decided and is not durable yet.
    bench.cycle.journal_failed();
    assert!(bench.leaves().is_empty());
    let key = PositionKey::new(AccountId(0), InstrumentId(0), PositionSide::Long);
    bench.take([Event::Close { position: key }]);
    assert_eq!(bench.leaves(), ["close"]);
}

#[test]
fn a_target_that_waits_for_the_first_read_is_taken_back_when_the_journal_fails() {
    // I18, R9: it was recorded, but what becomes of it could not be.
    let mut bench = Bench::unread();
    assert!(bench.leaves().is_empty(), "the target waits");
    bench.cycle.journal_failed();
    assert!(bench.leaves().is_empty());
    let key = PositionKey::new(AccountId(0), InstrumentId(0), PositionSide::Long);
    assert_eq!(bench.cycle.engine().position(key).unwrap().orders.len(), 1, "the stop, and no target under way");
}

#[test]
fn a_target_that_waits_for_the_first_read_does_not_leave_under_an_id_that_it_shows() {
    // I5: what a journal without its end takes for unused rests at the venue.
    for is_there in [false, true] {
        let mut bench = Bench::unread();
        let key = PositionKey::new(AccountId(0), InstrumentId(0), PositionSide::Long);
        let orders = &bench.cycle.engine().position(key).unwrap().orders;
        let target = orders.iter().find(|order| order.leg == Leg::Target(1)).unwrap();
        let resting = OrderReport {
            account: AccountId(0),
            instrument: InstrumentId(0),
            id: Some(target.id),
            venue_id: VenueOrderId::new("7").unwrap(),
            deal: None,
            side: OrderSide::Sell,
            status: OrderStatus::Working,
            quantity: Some(target.quantity),
            filled: Quantity::ZERO,
            trigger: None,
            limit: Some("51500".parse().unwrap()),
            at: Timestamp::EPOCH,
        };
        let open = PositionReport {
            key,
            quantity: "0.1".parse().unwrap(),
            entry_price: Some("50000".parse().unwrap()),
            liquidation_price: None,
            premium: None,
            at: Timestamp::EPOCH,
        };
        let (account, server_time) = (AccountId(0), Timestamp::EPOCH);
        let orders = if is_there { vec![resting] } else { vec![] };
        let read = Snapshot { account, positions: vec![open], orders, fills: vec![], server_time, balance: None };
        bench.take([Event::Snapshot(read)]);
        bench.settle();
        assert_eq!(bench.leaves().contains(&"TP1".to_owned()), !is_there);
    }
}

#[test]
fn a_lease_taken_over_wakes_its_engine_when_it_may_be_acted_under() {
    // F-K02: the displaced engine's requests may still take effect until then.
    let mut bench = Bench::new();
    bench.cycle = bench.cycle.under(Lease::new(Span::from_secs(3)));
    let granted = backstop_store::LeaseAnswer::Granted { epoch: 2, taken_over: true };
    bench.cycle.lease().unwrap().heard(Timestamp::EPOCH, &granted);
    let acts_from = bench.cycle.lease().unwrap().acts_from().unwrap();
    // Renewed a second before: the next question about it comes a second after.
    bench.cycle.lease().unwrap().heard(acts_from.plus(Span::from_secs(-1)), &granted);
    assert!(bench.cycle.lease().unwrap().due_at().unwrap() > acts_from);
    assert_eq!(bench.cycle.next_wake(), Some(acts_from));
}

#[test]
fn a_cancel_that_has_not_left_is_taken_back_when_the_stop_is_needed_again() {
    // I7: flat, and open again before the cancel of the old stop has left.
    let mut bench = Bench::new();
    bench.take(definitions());
    bench.take([entry()]);
    bench.settle();
    assert_eq!(bench.leaves(), ["stop"]);
    bench.settle();
    assert_eq!(bench.leaves(), ["TP1"]);
    bench.take([by_hand("f2", OrderSide::Sell), by_hand("f3", OrderSide::Buy)]);
    bench.settle();
    let key = PositionKey::new(AccountId(0), InstrumentId(0), PositionSide::Long);
    let back = bench.cycle.next_request(Timestamp::EPOCH).unwrap();
    assert!(matches!(back, Command::Place(_)), "the new stop leaves, the cancel of the old one does not: {back:?}");
    let said = bench.cycle.overdue(Timestamp::EPOCH);
    bench.take(said);
    let orders = &bench.cycle.engine().position(key).unwrap().orders;
    let old = orders.iter().find(|order| order.leg == backstop_core::orders::Leg::Stop && order.stands());
    assert!(old.is_some(), "it is known to rest: {orders:?}");
}

/// A cycle whose venue moves stops in place, with 0.1 open under a stop at 49000 and the price at 51000.
fn at_a_venue_that_moves_stops() -> Bench {
    let mut bench = Bench::new();
    bench.take(definitions().into_iter().map(|event| match event {
        Event::DefineAccount(mut account) => {
            account.capability.amend_stop = true;
            Event::DefineAccount(account)
        }
        other => other,
    }));
    bench.take([entry()]);
    bench.settle();
    assert_eq!(bench.leaves(), ["stop"]);
    let prices = Prices::all("51000".parse().unwrap());
    bench.take([Event::Tick(Tick { instrument: InstrumentId(0), prices, confirmed: true })]);
    bench
}

#[test]
fn a_move_that_goes_elsewhere_by_now_does_not_leave_and_the_newer_one_is_not_forgotten() {
    // I3, F-A07: the older move is taken back, and nobody hears that it was: an answer would be taken for the newer one's,
    // which would then be asked for twice.
    let mut bench = at_a_venue_that_moves_stops();
    let key = PositionKey::new(AccountId(0), InstrumentId(0), PositionSide::Long);
    let stands = |bench: &Bench| {
        let orders = &bench.cycle.engine().position(key).unwrap().orders;
        orders.iter().find(|order| order.leg == Leg::Stop).unwrap().state
    };
    let later = Timestamp::from_millis(600).unwrap();
    let moves = |bench: &mut Bench| {
        let left = std::iter::from_fn(|| bench.cycle.next_request(later));
        left.filter(|command| matches!(command, Command::Amend { .. })).count()
    };
    bench.take([by_hand("f2", OrderSide::Buy)]);
    bench.settle();
    let older = stands(&bench);
    // It waits, and meanwhile something else is decided, which is not durable yet.
    bench.cycle.take(later, Event::BreakEven { position: key });
    let newer = stands(&bench);
    assert_ne!(older, newer, "{newer:?}");
    assert_eq!(moves(&mut bench), 0);
    for said in bench.cycle.overdue(later) {
        assert!(!matches!(&said, Event::Answer(answer) if answer.asked == backstop_model::Asked::Amend), "{said:?}");
        bench.cycle.take(later, said);
    }
    assert_eq!(stands(&bench), newer);
    bench.settle();
    assert_eq!(moves(&mut bench), 1);
}

#[test]
fn without_its_lease_nothing_leaves_and_with_it_everything_is_decided_anew() {
    // F-K01, F-K02, F-K04: a command that has waited for its lease may be wrong by now.
    let mut bench = Bench::new();
    bench.cycle = bench.cycle.under(Lease::new(Span::from_secs(3)));
    bench.take(definitions());
    bench.take([entry()]);
    bench.cycle.durable(bench.cycle.sequence());
    assert!(bench.leaves().is_empty());
    bench.cycle.durable(bench.cycle.sequence());
    assert!(bench.leaves().is_empty());
    assert_eq!(bench.cycle.engine().permitted(AccountId(0)), Permit::Observe);
    let granted = backstop_store::LeaseAnswer::Granted { epoch: 1, taken_over: false };
    bench.cycle.lease().unwrap().heard(Timestamp::EPOCH, &granted);
    assert!(bench.leaves().is_empty(), "what was decided then is not sent now");
    assert_eq!(bench.cycle.engine().permitted(AccountId(0)), Permit::All);
    bench.cycle.durable(bench.cycle.sequence());
    assert_eq!(bench.leaves(), ["stop"]);
}

#[test]
fn after_a_loss_of_records_the_account_is_read_as_soon_as_nothing_can_arrive_any_more() {
    // F-M13, I5: the ordinary read would come ten seconds later, and a new entry with it.
    let mut bench = Bench::new();
    bench.cycle = bench.cycle.awaiting_arrivals();
    bench.cycle.snapshots.start(AccountId(0), Timestamp::EPOCH, SnapshotCause::Start);
    bench.take(definitions());
    let by = bench.cycle.arrivals.all_by(AccountId(0), bench.cycle.engine()).unwrap();
    let (positions, orders, fills) = (vec![], vec![], vec![]);
    let server_time = Timestamp::EPOCH;
    bench.take([Event::Snapshot(Snapshot {
        account: AccountId(0),
        positions,
        orders,
        fills,
        server_time,
        balance: None,
    })]);
    assert_eq!(bench.cycle.snapshots.next_due(), Some(by.plus(Span::from_millis(1))));
}
