//! Whatever is asked and wherever the market goes, the books balance.

use crate::desk::{Desk, ME, SYMBOL, desk_with, limit, rules, stop, target, trail, wish};
use backstop_model::{Money, OrderSide, PositionMode, PositionSide, Quantity, Ratio};
use backstop_sim::{Crowding, Fault, Faults, HandAction, Kind, Knob, Order, Rules, Setup, Slot, Status};
use proptest::prelude::*;

/// One thing that happens.
#[derive(Clone, Debug)]
enum Deed {
    Cancel(u8),
    Flip(PositionSide),
    Place { sell: bool, quantity: u16, kind: u8, offset: i16, closes: bool },
    Quote(u16),
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        1 => any::<u8>().prop_map(Deed::Cancel),
        1 => any::<bool>().prop_map(|long| Deed::Flip(if long { PositionSide::Long } else { PositionSide::Short })),
        6 => (any::<bool>(), 1..3_000_u16, 0..6_u8, -300..300_i16, any::<bool>())
            .prop_map(|(sell, quantity, kind, offset, closes)| Deed::Place { sell, quantity, kind, offset, closes }),
        6 => (9_000..11_000_u16).prop_map(Deed::Quote),
    ]
}

/// 10000 hundredths are 100.
fn cents(hundredths: i32) -> String {
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

fn thousandths(count: u16) -> String {
    format!("{}.{:03}", count / 1_000, count % 1_000)
}

fn play(desk: &mut Desk, deeds: &[Deed]) {
    let mut last = 10_000_i32;
    for (number, deed) in deeds.iter().enumerate() {
        match deed {
            Deed::Cancel(which) => {
                let _refused_or_not = desk.cancel(&format!("o-{}", usize::from(*which) % deeds.len()));
            }
            Deed::Flip(side) => {
                let now = desk.clock();
                let flip = HandAction::Flip { symbol: SYMBOL.into(), side: *side };
                let _refused_or_not = desk.venue.by_hand(now, ME, flip);
            }
            Deed::Quote(hundredths) => {
                last = i32::from(*hundredths);
                desk.quote(&cents(last));
            }
            Deed::Place { sell, quantity, kind, offset, closes } => {
                let level = cents(last + i32::from(*offset));
                let (side, amount) = (if *sell { OrderSide::Sell } else { OrderSide::Buy }, thousandths(*quantity));
                let (kind, amount) = match kind {
                    0 => (Kind::Market, amount),
                    1 => (limit(&level), amount),
                    2 => (stop(&level), amount),
                    3 => (target(&level), amount),
                    4 => (trail(None, "0.5"), amount),
                    _ => (stop(&level), "all".to_owned()),
                };
                let closes = *closes || amount == "all";
                let _refused_or_not = desk.place(wish(&format!("o-{number}"), side, &amount, kind, closes));
            }
        }
    }
}

fn stage(seed: u64, mode: PositionMode) -> Desk {
    let faults = Faults::none(seed)
        .with(Fault::PartialFill, Knob::per_million(400_000))
        .with(Fault::MarketRest, Knob::per_million(100_000))
        .with(Fault::TriggerReject, Knob::per_million(100_000));
    let fees =
        Rules { maker_fee: Ratio::percent("0.02").unwrap(), taker_fee: Ratio::percent("0.05").unwrap(), ..rules() };
    let mut setup = Setup { faults, ..Setup::exact(seed) };
    setup.habits.crowding = [Crowding::Allow, Crowding::ExpireOldest, Crowding::Refuse][(seed % 3) as usize];
    setup.habits.liquidation = seed.is_multiple_of(2);
    desk_with(setup, mode, fees)
}

/// Σ of fills is the position; Σ of cash is realised profit and cost; the wallet is the sum of all of it.
fn assert_balanced(desk: &Desk) {
    let ledger = desk.venue.ledger();
    let account = ledger.account(ME).unwrap();
    let mut wallet: Money = "100000".parse().unwrap();
    for ((symbol, slot), position) in &account.positions {
        let executed = |side| ledger.executed(ME, symbol, *slot, side).unwrap();
        let (bought, sold) = (executed(OrderSide::Buy), executed(OrderSide::Sell));
        let (held, side) = (position.holding.quantity, position.holding.side);
        let (more, less) = if side == PositionSide::Long { (bought, sold) } else { (sold, bought) };
        assert_eq!(less.plus(held), Ok(more), "{slot}");
        let mut cash = Money::ZERO;
        for fill in ledger.fills_of(ME).filter(|fill| fill.symbol == *symbol && fill.slot == *slot) {
            let notional = fill.price.notional(fill.quantity).unwrap();
            cash = if fill.side == OrderSide::Sell { cash.plus(notional) } else { cash.minus(notional) }.unwrap();
        }
        let cost = position.holding.cost;
        let tied = if side == PositionSide::Long { cost } else { cost.negated().unwrap() };
        assert_eq!(cash.plus(tied), Ok(position.realised), "{slot}");
        assert!(!position.holding.is_flat() || cost == Money::ZERO);
        wallet = wallet.plus(position.realised).unwrap().minus(position.fees).unwrap();
    }
    assert_eq!(wallet, account.balance);
}

fn assert_order_sound(desk: &Desk, order: &Order) {
    let fills = desk.venue.ledger().fills().iter().filter(|fill| fill.order_id == order.id);
    let sum = fills.clone().try_fold(Quantity::ZERO, |sum, fill| sum.plus(fill.quantity)).unwrap();
    assert_eq!(sum, order.executed, "{}", order.place.client_id);
    assert!(order.quantity.is_none_or(|quantity| order.executed <= quantity));
    if order.status == Status::Filled {
        assert_eq!(order.quantity, Some(order.executed));
    }
    assert_eq!(fills.count(), order.parts as usize);
}

/// An order that only closes never grew or flipped a position.
fn assert_exits_only_reduce(desk: &Desk) {
    let ledger = desk.venue.ledger();
    let mut held = std::collections::BTreeMap::<Slot, i128>::new();
    for fill in ledger.fills() {
        let signed = fill.quantity.mantissa() * if fill.side == OrderSide::Buy { 1 } else { -1 };
        let before = held.entry(fill.slot).or_default();
        let after = *before + signed;
        if ledger.order(fill.order_id).unwrap().closes {
            let shrinks = after.abs() < before.abs() && after * *before >= 0;
            assert!(shrinks, "{} took {before} to {after}", fill.client_id);
        }
        *before = after;
    }
}

/// Unless the venue lets them, resting exits together fit into the position.
fn assert_exits_fit(desk: &Desk) {
    let ledger = desk.venue.ledger();
    for slot in [Slot::Both, Slot::Long, Slot::Short] {
        for side in [OrderSide::Buy, OrderSide::Sell] {
            let room = ledger.holding(ME, SYMBOL, slot).reducible_by(side);
            let resting = ledger.open_orders(ME).filter(|order| {
                order.closes && order.slot == slot && order.place.side == side && order.limit().is_some()
            });
            let sum = resting.filter_map(Order::remaining).try_fold(Quantity::ZERO, Quantity::plus).unwrap();
            assert!(sum <= room, "{slot} {side}: {sum} rest against {room}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_books_balance(seed in any::<u64>(), hedge in any::<bool>(), deeds in prop::collection::vec(deed(), 1..60)) {
        let mut desk = stage(seed, if hedge { PositionMode::Hedge } else { PositionMode::OneWay });
        play(&mut desk, &deeds);
        assert_balanced(&desk);
        assert_exits_only_reduce(&desk);
        if !seed.is_multiple_of(3) {
            assert_exits_fit(&desk);
        }
        for order in desk.venue.ledger().orders() {
            assert_order_sound(&desk, order);
        }
    }
}
