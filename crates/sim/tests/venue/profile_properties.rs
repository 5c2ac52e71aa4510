//! Whatever is asked of whatever venue: the books balance, exits only close, and saving changes nothing.
//!
//! The same deeds are played at every profile, in every position mode it keeps, each said in the venue's own words.

use crate::dealer::{closing, dealing, opening as deal_opening, points};
use crate::desk::{Desk, ME, SYMBOL, desk_with, limit, price, rules, stop, target, trail, wish};
use backstop_model::{Money, OrderSide, PositionMode, PositionSide, Quantity, Ratio, Span};
use backstop_sim::habits::HedgeWords;
use backstop_sim::{
    Ask, CloseTarget, DealAsk, Exchange, Fault, Faults, HandAction, Kind, Knob, LevelAsk, OpenDeal, Order, Place,
    Profile, Rules, SetLevels, Setup, Slot, StopAsk, StopGuard, StopLevel, TradeSide, TrailingStops,
};
use proptest::prelude::*;

/// One thing that happens. The numbers mean what each venue makes of them.
#[derive(Clone, Debug)]
enum Deed {
    Cancel(u8),
    Flash(bool),
    Flip(PositionSide),
    Order { sell: bool, quantity: u16, kind: u8, offset: i16, closes: bool },
    Protect { short: bool, quantity: u16, kind: u8, offset: i16 },
    Quote(u16),
    Wait(u16),
}

fn side() -> impl Strategy<Value = PositionSide> {
    any::<bool>().prop_map(|long| if long { PositionSide::Long } else { PositionSide::Short })
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        1 => any::<u8>().prop_map(Deed::Cancel),
        1 => any::<bool>().prop_map(Deed::Flash),
        1 => side().prop_map(Deed::Flip),
        6 => (any::<bool>(), 1..3_000_u16, 0..6_u8, -300..300_i16, any::<bool>())
            .prop_map(|(sell, quantity, kind, offset, closes)| Deed::Order { sell, quantity, kind, offset, closes }),
        3 => (any::<bool>(), 1..3_000_u16, 0..6_u8, -300..300_i16)
            .prop_map(|(short, quantity, kind, offset)| Deed::Protect { short, quantity, kind, offset }),
        6 => (9_000..11_000_u16).prop_map(Deed::Quote),
        1 => (0..2_000_u16).prop_map(Deed::Wait),
    ]
}

/// 10000 hundredths are 100.
fn cents(hundredths: i32) -> String {
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

fn thousandths(count: u16) -> String {
    format!("{}.{:03}", count / 1_000, count % 1_000)
}

/// A venue to play at, and how the deeds are said there.
struct Stage {
    desk: Desk,
    mode: PositionMode,
    words: HedgeWords,
    last: i32,
}

fn stage(profile: Profile, mode: PositionMode, seed: u64) -> Stage {
    let words = profile.habits.requests.hedge;
    let mut faults = Faults::none(seed)
        .with(Fault::PartialFill, Knob::per_million(300_000))
        .with(Fault::MarketRest, Knob::per_million(80_000))
        .with(Fault::TriggerReject, Knob::per_million(80_000))
        .with(Fault::DealReject, Knob::per_million(80_000))
        .with(Fault::Adl, Knob::per_million(20_000))
        .with(Fault::Liquidation, Knob::per_million(10_000))
        .with(Fault::FiltersChange, Knob::per_million(10_000))
        .with(Fault::MarketClosed, Knob::per_million(20_000))
        .with(Fault::EventReorder, Knob::per_million(50_000));
    faults.incidents.closed_for = Span::from_millis(30);
    let fees = Rules {
        maker_fee: Ratio::percent("0.02").unwrap(),
        taker_fee: Ratio::percent("0.05").unwrap(),
        dealing: (mode == PositionMode::PerDeal).then(dealing),
        ..rules()
    };
    let mut setup = Setup { faults, ..Setup::exactly(profile, seed) };
    setup.habits.exits.visible_after = Span::from_millis(2);
    setup.habits.liquidation = seed.is_multiple_of(2);
    let mut desk = desk_with(setup, mode, fees);
    let now = desk.clock();
    if mode == PositionMode::PerDeal {
        desk.venue.by_hand(now, ME, HandAction::PreferTrailing(TrailingStops::Enabled)).unwrap();
    }
    Stage { desk, mode, words, last: 10_000 }
}

impl Stage {
    fn play(&mut self, number: usize, deed: &Deed) {
        match deed {
            Deed::Cancel(which) => self.send(Ask::Cancel { client_id: format!("o-{}", usize::from(*which) % 60) }),
            Deed::Flash(long) => {
                let side = long.then_some(PositionSide::Long);
                self.send(Ask::FlashClose { symbol: SYMBOL.into(), side });
            }
            Deed::Flip(side) => {
                let now = self.desk.clock();
                let flip = HandAction::Flip { symbol: SYMBOL.into(), side: *side };
                let _refused_or_not = self.desk.venue.by_hand(now, ME, flip);
            }
            Deed::Order { .. } | Deed::Protect { .. } if self.mode == PositionMode::PerDeal => self.deal(number, deed),
            Deed::Order { sell, quantity, kind, offset, closes } => {
                let side = if *sell { OrderSide::Sell } else { OrderSide::Buy };
                let kind = self.kind(*kind, *offset);
                let ask = self.order(&format!("o-{number}"), side, &thousandths(*quantity), kind, *closes);
                self.send(ask);
            }
            Deed::Protect { short, quantity, kind, offset } => {
                let holds = if *short { PositionSide::Short } else { PositionSide::Long };
                let amount = if kind % 2 == 0 { "all".to_owned() } else { thousandths(*quantity) };
                let kind = self.kind(2 + kind % 3, *offset);
                let ask = self.desk.protect_ask(&format!("o-{number}"), holds, &amount, kind);
                self.send(ask);
            }
            Deed::Quote(hundredths) => {
                self.last = i32::from(*hundredths);
                self.desk.quote(&cents(self.last));
            }
            Deed::Wait(millis) => {
                self.desk.wait(i64::from(*millis));
            }
        }
    }

    fn send(&mut self, ask: Ask) {
        self.desk.send(ask);
        self.desk.wait(25);
    }

    fn kind(&self, kind: u8, offset: i16) -> Kind {
        let level = cents(self.last + i32::from(offset));
        match kind {
            0 => Kind::Market,
            1 => limit(&level),
            2 => stop(&level),
            3 => target(&level),
            _ => trail(None, "1.5"),
        }
    }

    /// An order in the venue's own words.
    fn order(&self, id: &str, side: OrderSide, amount: &str, kind: Kind, closes: bool) -> Ask {
        let Ask::Place(place) = self.desk.place_ask(wish(id, side, amount, kind, closes)) else {
            panic!("an order");
        };
        match (self.words, place.position_side) {
            (HedgeWords::TradeSide, Some(position)) => {
                let trade = if closes { TradeSide::Close } else { TradeSide::Open };
                let place = Place { side: position.opening(), position_side: None, ..place };
                Ask::PlaceHedged { place, trade }
            }
            (HedgeWords::PositionSide, _) | (HedgeWords::TradeSide, None) => Ask::Place(place),
        }
    }

    /// The same deeds as deals: open, close, or change the levels of the oldest deal.
    fn deal(&mut self, number: usize, deed: &Deed) {
        let oldest = self.desk.venue.ledger().open_deals(ME).next().map(|deal| (deal.id, deal.side));
        let ask = match (deed, oldest) {
            (Deed::Order { sell, quantity, kind, offset, closes: false }, _) => {
                let side = if *sell { OrderSide::Sell } else { OrderSide::Buy };
                DealAsk::Open(self.opening(&format!("o-{number}"), side, *quantity, *kind, *offset))
            }
            (Deed::Order { sell, quantity, kind, .. }, Some((id, side))) => {
                let mut close = closing(id, side.closing(), &thousandths(*quantity));
                if kind % 3 == 0 {
                    close.target = CloseTarget::Epic(SYMBOL.into());
                    close.side = if *sell { OrderSide::Sell } else { OrderSide::Buy };
                }
                DealAsk::Close(close)
            }
            (Deed::Protect { kind, offset, .. }, Some((deal, side))) => {
                let away = i32::from(offset.unsigned_abs());
                let (below, above) = (cents(self.last - away), cents(self.last + away));
                let (level, limit) = if side == PositionSide::Long { (below, above) } else { (above, below) };
                let guard = match kind % 3 {
                    0 => StopGuard::Normal,
                    1 => StopGuard::Guaranteed,
                    _ => StopGuard::Trailing { distance: points("3"), increment: points("0.5") },
                };
                let stop = Some(StopLevel { level: price(&level), guard });
                DealAsk::Levels(SetLevels { deal, stop, limit: (kind % 2 == 0).then(|| price(&limit)) })
            }
            (_, _) => return,
        };
        self.send(Ask::Deal(ask));
    }

    fn opening(&self, reference: &str, side: OrderSide, amount: u16, kind: u8, offset: i16) -> OpenDeal {
        let plain = deal_opening(reference, side, &thousandths(amount));
        let away = || LevelAsk::Distance(points(&cents(i32::from(offset.unsigned_abs()))));
        match kind {
            0 => OpenDeal { force_open: false, ..plain },
            1 => OpenDeal { stop: Some(StopAsk::Guaranteed(away())), ..plain },
            2 => OpenDeal { stop: Some(StopAsk::Normal(away())), limit: Some(away()), ..plain },
            3 => {
                let stop = StopAsk::Trailing { distance: points("2.5"), increment: points("0.5") };
                OpenDeal { stop: Some(stop), ..plain }
            }
            _ => plain,
        }
    }

    /// Saves the venue and goes on with what is read back.
    fn reload(&mut self) {
        let saved = serde_json::to_string(&self.desk.venue).unwrap();
        self.desk.venue = serde_json::from_str::<Exchange>(&saved).unwrap();
    }

    fn bytes(&self) -> (String, String) {
        let told = serde_json::to_string(&self.desk.told).unwrap();
        (told, serde_json::to_string(&self.desk.venue).unwrap())
    }
}

fn signed(side: PositionSide, quantity: Quantity) -> i128 {
    match side {
        PositionSide::Long => quantity.mantissa(),
        PositionSide::Short => -quantity.mantissa(),
    }
}

fn bought(side: OrderSide, quantity: Quantity) -> i128 {
    signed(PositionSide::opened_by(side), quantity)
}

/// Every position is the sum of its executions, and the wallet is deposit + profit − fees.
fn assert_balanced(desk: &Desk) {
    let ledger = desk.venue.ledger();
    let account = ledger.account(ME).unwrap();
    let mut wallet: Money = "100000".parse().unwrap();
    for ((symbol, slot), position) in &account.positions {
        let fills = ledger.fills().iter().filter(|fill| fill.symbol == *symbol && fill.slot == *slot);
        let sum: i128 = fills.clone().map(|fill| bought(fill.side, fill.quantity)).sum();
        let holding = position.holding;
        assert_eq!(sum, signed(holding.side, holding.quantity), "{slot}");
        assert_eq!(holding.is_flat(), holding.cost == Money::ZERO, "{slot}");
        let realised = fills.clone().try_fold(Money::ZERO, |sum, fill| sum.plus(fill.realised)).unwrap();
        assert_eq!(realised, position.realised, "{slot}");
        wallet = wallet.plus(position.realised).unwrap().minus(position.fees).unwrap();
    }
    assert_eq!(wallet, account.balance);
}

/// An order that only closes never grew or flipped a position, whatever the venue lets rest beside it.
fn assert_exits_only_close(desk: &Desk) {
    let ledger = desk.venue.ledger();
    let mut held = std::collections::BTreeMap::<Slot, i128>::new();
    for fill in ledger.fills() {
        let before = held.entry(fill.slot).or_default();
        let after = *before + bought(fill.side, fill.quantity);
        if ledger.order(fill.order_id).unwrap().closes {
            assert!(after.abs() < before.abs() && after * *before >= 0, "{} took {before} to {after}", fill.client_id);
        }
        *before = after;
    }
}

/// Resting exits together fit into the position: no profile lets them crowd.
fn assert_exits_fit(desk: &Desk) {
    let ledger = desk.venue.ledger();
    for slot in [Slot::Both, Slot::Long, Slot::Short] {
        for side in [OrderSide::Buy, OrderSide::Sell] {
            let room = ledger.holding(ME, SYMBOL, slot).reducible_by(side);
            let on = |order: &&Order| order.closes && order.slot == slot && order.place.side == side;
            let resting = ledger.open_orders(ME).filter(on).filter(|order| order.limit().is_some());
            let sum = resting.filter_map(Order::remaining).try_fold(Quantity::ZERO, Quantity::plus).unwrap();
            assert!(sum <= room, "{slot} {side}: {sum} rest against {room}");
        }
    }
}

/// Open deals are what is open, each in its slot; a deal that is gone has no position and a closing level.
fn assert_deals_sound(desk: &Desk) {
    let ledger = desk.venue.ledger();
    let open: Vec<u64> = ledger.open_deals(ME).map(|deal| deal.origin).collect();
    for deal in ledger.deals() {
        let holding = ledger.holding(ME, SYMBOL, Slot::Deal(deal.origin));
        let is_open = open.contains(&deal.origin);
        assert_eq!(holding.is_flat(), !is_open, "deal {}", deal.origin);
        assert_eq!(deal.closed_at.is_some(), !is_open, "deal {}", deal.origin);
        assert!(!is_open || holding.side == deal.side, "deal {} turned", deal.origin);
    }
    let view = desk.venue.view(ME, desk.venue.now()).unwrap();
    let shown = view.positions.iter().filter(|position| position.deal.is_some()).count();
    assert_eq!(shown, open.len());
}

fn modes_of(profile: &Profile) -> Vec<PositionMode> {
    let all = [PositionMode::Hedge, PositionMode::OneWay, PositionMode::PerDeal];
    all.into_iter().filter(|mode| profile.native().keeps(*mode)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_books_balance_and_exits_only_close_at_every_venue(
        seed in any::<u64>(),
        deeds in prop::collection::vec(deed(), 1..60),
    ) {
        for profile in Profile::all() {
            for mode in modes_of(&profile) {
                let mut stage = stage(profile.clone(), mode, seed);
                for (number, deed) in deeds.iter().enumerate() {
                    stage.play(number, deed);
                    assert_exits_fit(&stage.desk);
                }
                assert_balanced(&stage.desk);
                assert_exits_only_close(&stage.desk);
                assert_deals_sound(&stage.desk);
            }
        }
    }

    #[test]
    fn one_seed_gives_one_course_however_often_the_venue_is_saved(
        seed in any::<u64>(),
        deeds in prop::collection::vec(deed(), 1..30),
        every in 1..5_usize,
    ) {
        for profile in Profile::all() {
            for mode in modes_of(&profile) {
                let mut never = stage(profile.clone(), mode, seed);
                let mut again = stage(profile.clone(), mode, seed);
                let mut often = stage(profile.clone(), mode, seed);
                for (number, deed) in deeds.iter().enumerate() {
                    never.play(number, deed);
                    again.play(number, deed);
                    often.play(number, deed);
                    if number % every == 0 {
                        often.reload();
                    }
                }
                prop_assert_eq!(never.bytes(), again.bytes(), "{}: two runs differ", &profile.name);
                prop_assert_eq!(never.bytes(), often.bytes(), "{}: saving changed the course", &profile.name);
            }
        }
    }
}

/// The deeds above do reach what they are about: at every venue something is opened, closed and protected.
#[test]
fn the_deeds_reach_every_part_of_every_venue() {
    for profile in Profile::all() {
        for mode in modes_of(&profile) {
            let mut stage = stage(profile.clone(), mode, 3);
            for number in 0..900_usize {
                let spread = u16::try_from(number * 37 % 1_000).unwrap();
                let offset = i16::try_from(number * 53 % 600).unwrap() - 300;
                let turn = number / 3;
                let kind = u8::try_from(turn % 6).unwrap();
                let (sell, closes) = (turn % 5 < 2, turn % 7 < 3);
                let deed = match number % 3 {
                    0 => Deed::Order { sell, quantity: 500 + spread, kind, offset, closes },
                    1 => Deed::Protect { short: sell, quantity: 100, kind, offset },
                    _ => Deed::Quote(9_700 + spread % 600),
                };
                stage.play(number, &deed);
            }
            let ledger = stage.desk.venue.ledger();
            let closing = ledger.fills().iter().filter(|fill| ledger.order(fill.order_id).unwrap().closes).count();
            let opening = ledger.fills().len() - closing;
            assert!(opening > 10 && closing > 10, "{} {mode:?}: {opening} opened, {closing} closed", profile.name);
        }
    }
}
