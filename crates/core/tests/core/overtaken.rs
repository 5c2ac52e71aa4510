//! Commands that waited, and are wrong by the time they would leave.

use crate::builders::{
    ACCOUNT, BTC, account_from, definitions, fill, instrument_from, plan_from, price, quantity, tick,
};
use crate::builders::{account, key};
use backstop_core::Engine;
use backstop_core::orders::Named;
use backstop_model::{
    Account, Answer, Asked, ClientOrderId, Command, Event, NewOrder, OrderKind, OrderQuantity, OrderReport, OrderSide,
    OrderStatus, Outcome, PositionSide, Prices, Quantity, Stamped, Timestamp, Trigger, VenueOrderId,
};

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis).unwrap()
}

fn hear(engine: &mut Engine, sequence: u64, event: Event) -> Vec<Command> {
    hear_at(engine, sequence, 1_000, event)
}

fn hear_at(engine: &mut Engine, sequence: u64, millis: i64, event: Event) -> Vec<Command> {
    engine.handle(&Stamped { sequence, at: at(millis), event }).commands
}

/// An engine that has just opened 0.1 at 50000.3, and the stop it asks for.
fn opened(account: &Account, plan: &str) -> (Engine, NewOrder) {
    let (mut engine, plan) = (Engine::new(), plan_from(plan).unwrap().0);
    let opened = fill("f1", None, OrderSide::Buy, price("50000.3"), quantity("0.1"));
    let mut events: Vec<Event> = definitions(account, &instrument_from(""), &plan).into_iter().collect();
    events.extend([tick(Prices::all(price("50000.3")), true), Event::Fill(opened)]);
    let sent: Vec<Command> = (1..).zip(events).flat_map(|(at, event)| hear(&mut engine, at, event)).collect();
    let stop = placed(&sent).expect("a stop is placed");
    (engine, stop)
}

fn placed(commands: &[Command]) -> Option<NewOrder> {
    commands.iter().find_map(|command| if let Command::Place(order) = command { Some(*order) } else { None })
}

fn accepted(order: &NewOrder) -> Event {
    Event::Answer(Answer {
        account: ACCOUNT,
        instrument: BTC,
        id: order.id,
        asked: Asked::Place,
        outcome: Outcome::Accepted(VenueOrderId::new("7").unwrap()),
        sent_at: at(1_000),
    })
}

/// The venue says that this rests, under that id.
fn rests(order: &NewOrder, id: ClientOrderId) -> Event {
    let OrderQuantity::Exact(quantity) = order.quantity else { panic!("{order:?} is for everything") };
    let (trigger, limit) = match order.kind {
        OrderKind::Limit { price, .. } => (None, Some(price)),
        OrderKind::StopMarket(trigger) => (Some(trigger), None),
        other => panic!("{other:?} does not rest here"),
    };
    Event::Order(OrderReport {
        account: ACCOUNT,
        instrument: BTC,
        id: Some(id),
        venue_id: VenueOrderId::new("8").unwrap(),
        deal: None,
        side: order.side,
        status: OrderStatus::Working,
        quantity: Some(quantity),
        filled: Quantity::ZERO,
        trigger,
        limit,
        at: at(900),
    })
}

#[test]
fn an_order_that_waited_while_the_grid_became_another_one_is_taken_back() {
    let (mut engine, stop) = opened(&account(), "stop 2%; tp 3%");
    let cancel = |id| Command::Cancel { account: ACCOUNT, instrument: BTC, id, deal: None };
    assert!(!engine.takes_back(&Command::Place(stop)));
    hear(&mut engine, 90, Event::DefineInstrument(Box::new(instrument_from("tick 5"))));
    assert!(engine.takes_back(&Command::Place(stop)), "49000.3 is no price any more");
    assert!(!engine.takes_back(&cancel(stop.id)));
    assert!(engine.position(key(PositionSide::Long)).is_some());
}

#[test]
fn a_move_that_waited_while_the_stop_was_to_go_nearer_is_taken_back_and_the_newer_one_is_not() {
    // I3, F-A07: the older move would put the stop back where it is not to stand any more.
    let plan = "stop 2%; rest trail; trail activation 1% distance 1% by amend; allow-loss";
    let (mut engine, stop) = opened(&account_from("amend"), plan);
    hear(&mut engine, 90, accepted(&stop));
    let older = hear_at(&mut engine, 91, 1_000, tick(Prices::all(price("51000")), true));
    assert!(matches!(older[..], [Command::Amend { .. }]), "{older:?}");
    assert!(!engine.takes_back(&older[0]));
    // Nobody has answered it for so long that another one is asked for.
    let newer = hear_at(&mut engine, 92, 3_000, tick(Prices::all(price("52000")), true));
    assert!(matches!(newer[..], [Command::Amend { .. }]), "{newer:?}");
    assert!(engine.takes_back(&older[0]), "{older:?}");
    assert!(!engine.takes_back(&newer[0]));
}

#[test]
fn a_move_that_waited_while_the_stop_was_seen_where_it_was_to_go_is_taken_back() {
    // I3: it may have been asked for twice; what follows from there is decided anew, and an older move would undo it.
    let (mut engine, stop) = opened(&account_from("amend"), "stop 2%; tp 3%");
    hear(&mut engine, 90, accepted(&stop));
    hear(&mut engine, 91, tick(Prices::all(price("51000")), true));
    let moved = hear(&mut engine, 92, Event::BreakEven { position: key(PositionSide::Long) });
    let Some(Command::Amend { trigger, .. }) = moved.first() else { panic!("{moved:?}") };
    assert!(!engine.takes_back(&moved[0]));
    let there = NewOrder { kind: OrderKind::StopMarket(Trigger { ..*trigger }), ..stop };
    let Event::Order(told) = rests(&there, stop.id) else { panic!("an order is told") };
    hear(&mut engine, 93, Event::Order(OrderReport { at: at(1_000), ..told }));
    assert!(engine.takes_back(&moved[0]));
}

#[test]
fn an_order_whose_id_another_one_has_had_by_now_is_taken_back() {
    // F-M13, I5: a journal that lost its end takes an id for unused, and the venue shows what rests under it.
    let (mut engine, stop) = opened(&account(), "stop 2%; tp 3%");
    assert!(!engine.takes_back(&Command::Place(stop)));
    hear(&mut engine, 90, rests(&stop, stop.id));
    assert!(engine.takes_back(&Command::Place(stop)));
}

#[test]
fn a_target_that_has_not_left_is_the_double_of_one_that_rests_for_its_leg() {
    // F-M13, I2: the lost end of the journal had sent the same target once more, under the next id.
    let (mut engine, stop) = opened(&account(), "stop 2%; tp 3%");
    let target = placed(&hear(&mut engine, 90, accepted(&stop))).expect("the target is placed");
    assert!(!engine.takes_back(&Command::Place(target)));
    let named = Named::read(&target.id).expect("it is ours");
    let next = Named { revision: named.revision + 1, ..named };
    hear(&mut engine, 91, rests(&target, next.id()));
    assert!(engine.takes_back(&Command::Place(target)));
}

#[test]
fn the_cancel_of_a_stop_is_taken_back_when_what_stood_in_its_place_has_gone() {
    // I7: the stop at break-even works, the one before is to go, and before its cancel leaves the newer one is gone.
    let (mut engine, stop) = opened(&account(), "stop 2%; tp 3%");
    hear(&mut engine, 90, accepted(&stop));
    hear(&mut engine, 91, tick(Prices::all(price("51000")), true));
    let moved = hear(&mut engine, 92, Event::BreakEven { position: key(PositionSide::Long) });
    let nearer = placed(&moved).expect("the nearer stop is placed");
    let Event::Order(works) = rests(&nearer, nearer.id) else { panic!("an order is told") };
    let works = OrderReport { venue_id: VenueOrderId::new("9").unwrap(), ..works };
    let cancel = hear(&mut engine, 93, Event::Order(works.clone()));
    assert!(matches!(cancel[..], [Command::Cancel { id, .. }] if id == stop.id), "{cancel:?}");
    assert!(!engine.takes_back(&cancel[0]));
    hear(&mut engine, 94, Event::Order(OrderReport { status: OrderStatus::Canceled, at: at(1_000), ..works }));
    assert!(engine.takes_back(&cancel[0]));
}

#[test]
fn the_cancel_of_a_stop_that_is_over_by_now_is_taken_back() {
    // I9: it waited for the venue to take requests again.
    let (mut engine, stop) = opened(&account(), "stop 2%; tp 3%");
    let cancel = Command::Cancel { account: ACCOUNT, instrument: BTC, id: stop.id, deal: None };
    assert!(!engine.takes_back(&cancel));
    let Event::Order(report) = rests(&stop, stop.id) else { panic!("it is told of as an order") };
    let over = OrderReport { status: OrderStatus::Expired, at: at(1_100), ..report };
    hear(&mut engine, 5, Event::Order(over));
    assert!(engine.takes_back(&cancel));
}

#[test]
fn the_cancel_of_a_stop_that_a_larger_one_stands_for_goes_out_though_more_is_open_by_now() {
    // I7: the smaller one protects nothing that the larger one does not.
    let (mut engine, stop) = opened(&account(), "stop 2%; tp 3%");
    let more = |id| Event::Fill(fill(id, None, OrderSide::Buy, price("50000.3"), quantity("0.1")));
    hear(&mut engine, 90, accepted(&stop));
    let larger = placed(&hear(&mut engine, 91, more("f2"))).expect("the larger stop is placed");
    let Event::Order(works) = rests(&larger, larger.id) else { panic!("an order is told") };
    let works = OrderReport { venue_id: VenueOrderId::new("9").unwrap(), ..works };
    let cancels = hear(&mut engine, 92, Event::Order(works));
    let cancel = Command::Cancel { account: ACCOUNT, instrument: BTC, id: stop.id, deal: None };
    assert!(cancels.contains(&cancel), "{cancels:?}");
    hear(&mut engine, 93, more("f3"));
    assert!(!engine.takes_back(&cancel));
}

#[test]
fn the_cancel_of_the_only_stop_for_the_whole_position_is_taken_back_when_more_is_open_than_the_others_cover() {
    // I7: what was added makes the outermost stop lie farther out, and stops of each tranche stand for all of it.
    let (mut engine, whole) = opened(
        &account_from("whole-stop"),
        "stop 2%; rest trail; tranches per-fill; trail activation 9% distance 1% by amend",
    );
    assert_eq!(whole.quantity, OrderQuantity::WholePosition);
    let more = |id, at| Event::Fill(fill(id, None, OrderSide::Buy, price(at), quantity("0.1")));
    let mut all = hear(&mut engine, 90, accepted(&whole));
    all.extend(hear(&mut engine, 91, more("f2", "49500")));
    let own: Vec<NewOrder> = all.iter().filter_map(|command| placed(std::slice::from_ref(command))).collect();
    let cancels: Vec<_> = (92..).zip(&own).flat_map(|(at, stop)| hear(&mut engine, at, accepted(stop))).collect();
    let cancel = Command::Cancel { account: ACCOUNT, instrument: BTC, id: whole.id, deal: None };
    assert!(cancels.contains(&cancel), "{cancels:?}");
    assert!(!engine.takes_back(&cancel));
    hear(&mut engine, 99, more("f3", "49500"));
    assert!(engine.takes_back(&cancel));
}
