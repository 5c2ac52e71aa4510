//! Orders, and orders bound to a position: Binance, Aster, Bitget.

use super::*;
use backstop_model::OrderStatus;
use backstop_sim::habits::ChildIds;

const MODES: [PositionMode; 2] = [PositionMode::OneWay, PositionMode::Hedge];

fn order_profiles() -> [Profile; 4] {
    [Profile::binance(), Profile::aster(), Profile::bitget_classic(), Profile::bitget_unified()]
}

#[test]
fn a_stop_for_the_whole_position_rests_and_closes_all_of_it_at_every_profile_in_both_modes() {
    for profile in order_profiles() {
        for mode in MODES {
            let mut desk = at_venue_of(profile.clone(), mode);
            desk.open(PositionSide::Long, "1");
            let told = desk.ask(&desk.order("whole", None, stop("98")));
            assert!(is_accepted(&told, "whole", Asked::Place), "{} {mode:?}: {told:?}", profile.name);
            let resting = desk.snapshot().orders;
            assert_eq!((resting[0].id, resting[0].quantity), (Some(id("whole")), None), "{}", profile.name);
            desk.open(PositionSide::Long, "0.5");
            let told = desk.go("97");
            let made: Vec<_> = fills(&told).iter().map(|fill| (fill.order, fill.quantity)).collect();
            assert_eq!(made, [(Some(id("whole")), quantity("1.5"))], "{} {mode:?}", profile.name);
            assert_eq!(desk.snapshot().positions.iter().filter(|of| !of.quantity.is_zero()).count(), 0);
        }
    }
}

#[test]
fn a_market_exit_closes_what_it_names_and_never_opens_at_every_profile_in_both_modes() {
    for profile in order_profiles() {
        for mode in MODES {
            let mut desk = at_venue_of(profile.clone(), mode);
            desk.open(PositionSide::Long, "1");
            let told = desk.ask(&desk.order("part", Some("0.4"), OrderKind::Market));
            assert_eq!(fills(&told)[0].quantity, quantity("0.4"), "{} {mode:?}", profile.name);
            let told = desk.ask(&desk.order("rest", Some("0.6"), OrderKind::Market));
            assert_eq!(fills(&told)[0].order, Some(id("rest")), "{} {mode:?}", profile.name);
            let told = desk.ask(&desk.order("once-more", Some("0.6"), OrderKind::Market));
            assert!(fills(&told).is_empty(), "{} {mode:?}", profile.name);
            assert_eq!(refused(&told, "once-more", Asked::Place), Some(RefusalReason::ReduceOnly), "{}", profile.name);
        }
    }
}

#[test]
fn an_entry_opens_under_its_own_id_at_every_profile_in_both_modes() {
    for profile in order_profiles() {
        for mode in MODES {
            let mut desk = at_venue_of(profile.clone(), mode);
            let told = desk.ask(&desk.entry("entry", "1", OrderKind::Market));
            assert!(is_accepted(&told, "entry", Asked::Place), "{} {mode:?}: {told:?}", profile.name);
            assert_eq!((fills(&told)[0].order, fills(&told)[0].side), (Some(id("entry")), OrderSide::Buy));
            let told = desk.ask(&desk.entry("resting", "1", target("99")));
            assert!(is_accepted(&told, "resting", Asked::Place) && fills(&told).is_empty(), "{}", profile.name);
        }
    }
}

#[test]
fn the_execution_of_a_child_with_a_client_id_of_the_venues_is_the_orders() {
    for mode in MODES {
        let mut profile = Profile::binance();
        profile.habits.conditionals.child_ids = ChildIds::OfVenue;
        let mut desk = at_venue_of(profile, mode);
        desk.open(PositionSide::Long, "1");
        desk.ask(&desk.order("stop", Some("1"), stop("98")));
        let told = desk.go("97.5");
        assert_eq!(fills(&told)[0].order, Some(id("stop")));
        // The same by a question, and in a full read.
        let told = desk.ask(&desk.lookup("stop"));
        let Some(Event::Lookup(answer)) = told.first() else { panic!("{told:?}") };
        assert_eq!((answer.fills.len(), answer.found.as_ref().unwrap().status.clone()), (1, OrderStatus::Filled));
        assert_eq!(desk.snapshot().fills.last().unwrap().order, Some(id("stop")));
    }
}

#[test]
fn an_expired_shell_of_a_triggered_order_is_told_as_triggered() {
    let mut desk = at_venue_of(Profile::aster(), PositionMode::OneWay);
    desk.open(PositionSide::Long, "1");
    desk.ask(&desk.order("stop", Some("1"), stop("98")));
    let told = desk.go("97");
    let statuses: Vec<_> = reports(&told).iter().map(|report| report.status.clone()).collect();
    assert_eq!(statuses, [OrderStatus::Triggered, OrderStatus::Working, OrderStatus::Filled]);
    // A real expiry is one: the whole-position stop goes with its position.
    desk.open(PositionSide::Long, "1");
    desk.ask(&desk.order("whole", None, stop("95")));
    let told = desk.ask(&desk.order("close", Some("1"), OrderKind::Market));
    assert!(reports(&told).iter().any(|of| of.id == Some(id("whole")) && of.status == OrderStatus::Expired));
}

#[test]
fn requests_of_one_instant_have_time_stamps_of_their_own_where_they_are_nonces() {
    let mut desk = at_venue_of(Profile::aster(), PositionMode::OneWay);
    desk.open(PositionSide::Long, "1");
    let (one, two) = (desk.order("one", Some("0.5"), stop("98")), desk.order("two", Some("0.5"), stop("97")));
    desk.send(&one);
    desk.send(&two);
    let told = desk.wait(1_000);
    assert!(is_accepted(&told, "one", Asked::Place) && is_accepted(&told, "two", Asked::Place), "{told:?}");
}

#[test]
fn a_stop_refused_because_its_position_cannot_be_seen_yet_is_told_as_not_now() {
    for profile in [Profile::bitget_classic(), Profile::bitget_unified()] {
        let mut desk = at_venue_of(profile, PositionMode::OneWay);
        desk.venue.open_by_hand(desk.now, ACCOUNT, MARKET, PositionSide::Long, quantity("1")).unwrap();
        desk.wait(10);
        let order = desk.order("early", None, stop("98"));
        desk.send(&order);
        assert_eq!(refused(&desk.wait(10), "early", Asked::Place), Some(RefusalReason::Throttled));
        // Later the same word means what it says: the bound orders would hold more than there is.
        desk.wait(2_000);
        desk.ask(&desk.order("sized", Some("1"), stop("98")));
        let told = desk.ask(&desk.order("too-much", Some("1"), stop("97")));
        assert_eq!(refused(&told, "too-much", Asked::Place), Some(RefusalReason::ReduceOnly));
    }
}

#[test]
fn an_order_accepted_without_an_id_is_asked_for() {
    let mut desk = at_venue_of(Profile::bitget_classic(), PositionMode::OneWay);
    desk.open(PositionSide::Long, "1");
    // What may only make rests in the book, on Bitget too, and there the oldest make way (venues/bitget.md §6.2).
    let making = |at: &str| limit(price(at), TimeInForce::PostOnly);
    desk.ask(&desk.order("first", Some("1"), making("103")));
    let told = desk.ask(&desk.order("second", Some("0.5"), making("104")));
    assert!(is_accepted(&told, "second", Asked::Place), "{told:?}");
    assert!(reports(&told).iter().any(|of| of.id == Some(id("first")) && of.status == OrderStatus::Expired));
}

#[test]
fn an_amend_that_would_change_nothing_is_done_already() {
    for profile in [Profile::bitget_classic(), Profile::bitget_unified()] {
        let mut desk = at_venue_of(profile, PositionMode::Hedge);
        desk.open(PositionSide::Long, "1");
        desk.ask(&desk.order("whole", None, stop("98")));
        let to = |at: &str| Command::Amend {
            account: ACCOUNT,
            instrument: MARKET,
            id: id("whole"),
            deal: None,
            trigger: Trigger::new(price(at), TriggerSource::Last),
            quantity: quantity("1"),
        };
        assert!(is_accepted(&desk.ask(&to("99")), "whole", Asked::Amend));
        assert!(is_accepted(&desk.ask(&to("99")), "whole", Asked::Amend));
        assert_eq!(desk.snapshot().orders[0].trigger.unwrap().price, price("99"));
        assert_eq!(refused(&desk.ask(&to("101")), "whole", Asked::Amend), Some(RefusalReason::WouldTrigger));
    }
}

#[test]
fn a_native_trail_and_a_market_target_are_bound_to_the_position_on_bitget() {
    let mut desk = at_venue_of(Profile::bitget_classic(), PositionMode::Hedge);
    desk.open(PositionSide::Long, "1");
    let source = TriggerSource::Last;
    let trail = OrderKind::TrailingStop { activation: Some(price("101")), distance: "0.02".parse().unwrap(), source };
    desk.ask(&desk.order("trail", Some("0.5"), trail));
    let market_target = OrderKind::TakeProfitMarket(Trigger::new(price("103"), source));
    desk.ask(&desk.order("target", Some("0.5"), market_target));
    desk.ask(&desk.order("whole", None, stop("98")));
    let bound =
        desk.venue.exchange().ledger().open_orders("main").filter(|of| of.bound == sim::order::Bound::ToPosition);
    assert_eq!(bound.count(), 3);
    // With everything closed they all go.
    desk.go("104");
    desk.go("101.5");
    assert_eq!(desk.venue.exchange().ledger().open_orders("main").count(), 0);
}

/// F-G02: the rules are asked for like anything else, and come with everything else that was told of the market.
#[test]
fn the_rules_of_a_market_are_told_again_as_they_are_now_where_the_engine_was_told_of_it() {
    let mut desk = at_venue_of(Profile::binance(), PositionMode::OneWay);
    let question = RulesQuestion { account: ACCOUNT, instrument: MARKET };
    desk.venue.ask_rules(desk.now, question);
    assert_eq!(desk.wait(1_000), [], "nobody has described it");
    desk.venue.describe(described());
    let coarse = Rules { min_quantity: quantity("0.01"), ..Rules::on_grid(price("0.1"), quantity("0.01")) };
    desk.venue.exchange_mut().change_rules("BTCUSDT", coarse).unwrap();
    desk.venue.ask_rules(desk.now, question);
    let told = desk.wait(1_000);
    let [Event::DefineInstrument(told)] = &told[..] else { panic!("{told:?}") };
    assert_eq!((told.tick, told.step, told.min_quantity), (price("0.1"), quantity("0.01"), quantity("0.01")));
    assert_eq!(told.taker_fee, described().taker_fee);
}

fn described() -> Instrument {
    let spec = backstop_model::InstrumentSpec {
        id: MARKET,
        venue: Name::new("paper").unwrap(),
        symbol: Symbol::new("BTCUSDT").unwrap(),
        tick: price("0.01"),
        step: quantity("0.001"),
        min_quantity: quantity("0.001"),
        max_quantity: None,
        max_market_quantity: None,
        min_notional: "0".parse().unwrap(),
        min_notional_waived_for_exits: true,
        maker_fee: backstop_model::Ratio::ZERO,
        taker_fee: backstop_model::Ratio::percent("0.05").unwrap(),
        leverage: None,
        maintenance_margin: backstop_model::Ratio::ZERO,
        least_distance: None,
        guaranteed: None,
        week_ends: None,
        value_per_point: backstop_model::Ratio::ONE,
        hours: None,
        currency: Name::new("USDT").unwrap(),
    };
    Instrument::try_from(spec).unwrap()
}

/// venues/bitget.md §8.1: a target with a limit is a `profit_plan` that becomes a limit order when its price is there. To the
/// engine it is one from the beginning, under the same id, until it has executed or been cancelled.
#[test]
fn a_limit_target_is_a_limit_order_to_the_engine_before_and_after_its_trigger() {
    for profile in [Profile::bitget_classic(), Profile::bitget_unified()] {
        for mode in MODES {
            for child_ids in [ChildIds::Inherited, ChildIds::OfVenue] {
                let mut profile = profile.clone();
                profile.habits.conditionals.child_ids = child_ids;
                let mut desk = at_venue_of(profile, mode);
                desk.open(PositionSide::Long, "1");
                desk.ask(&desk.order("whole", None, stop("98")));
                desk.ask(&desk.order("tp", Some("0.6"), target("103")));
                let resting = |desk: &mut Desktop| {
                    let orders = desk.snapshot().orders;
                    let target = orders.into_iter().find(|of| of.id == Some(id("tp"))).unwrap();
                    (target.status, target.limit, target.trigger)
                };
                let as_asked = (OrderStatus::Working, Some(price("103")), None);
                assert_eq!(resting(&mut desk), as_asked);
                // The last trade is there and nobody buys at that price; then the price goes away, and comes back.
                let at = |text: &str| Some(price(text));
                let touched = Prices { last: at("103"), mark: at("103"), bid: at("102.9"), ask: at("103.1") };
                desk.venue.quote(desk.now, MARKET, touched);
                let told = desk.wait(1_000);
                assert!(reports(&told).iter().all(|of| of.status == OrderStatus::Working), "{told:?}");
                assert_eq!(resting(&mut desk), as_asked);
                desk.go("101");
                let fills: Vec<_> = fills(&desk.go("103.5")).iter().map(|of| (of.order, of.quantity)).collect();
                assert_eq!(fills, [(Some(id("tp")), quantity("0.6"))], "{mode:?} {child_ids:?}");
            }
        }
    }
}

/// venues/bitget.md §7, §12: what has triggered is cancelled as the order in the book, under whatever name it has there; while it
/// is just triggering the answer is "not now", for it can be in a moment.
#[test]
fn a_limit_target_is_cancelled_before_while_and_after_it_triggers() {
    for child_ids in [ChildIds::Inherited, ChildIds::OfVenue] {
        let mut setup = Setup::exactly(Profile::bitget_classic(), 1);
        setup.habits.conditionals.child_ids = child_ids;
        setup.physics.latency.trigger = sim::physics::Delay::millis(20, 20);
        let mut desk = around(exchange_with(setup, PositionMode::Hedge), None, PositionMode::Hedge);
        desk.open(PositionSide::Long, "1");
        let cancel = |name: &str| Command::Cancel { account: ACCOUNT, instrument: MARKET, id: id(name), deal: None };
        desk.ask(&desk.order("early", Some("0.5"), target("103")));
        assert!(is_accepted(&desk.ask(&cancel("early")), "early", Asked::Cancel));
        desk.ask(&desk.order("tp", Some("0.5"), target("103")));
        let at = |text: &str| Some(price(text));
        let touched = Prices { last: at("103"), mark: at("103"), bid: at("102.9"), ask: at("103.1") };
        desk.venue.quote(desk.now, MARKET, touched);
        desk.send(&cancel("tp"));
        assert_eq!(refused(&desk.wait(5), "tp", Asked::Cancel), Some(RefusalReason::Throttled), "{child_ids:?}");
        desk.wait(1_000);
        let told = desk.ask(&cancel("tp"));
        assert!(is_accepted(&told, "tp", Asked::Cancel), "{child_ids:?}: {told:?}");
        assert!(reports(&told).iter().any(|of| of.id == Some(id("tp")) && of.status == OrderStatus::Canceled));
        desk.wait(1_000);
        assert_eq!(refused(&desk.ask(&cancel("tp")), "tp", Asked::Cancel), Some(RefusalReason::NotFound));
    }
}

#[test]
fn answers_say_how_much_of_the_budget_is_used_up_while_others_share_it_and_one_too_many_is_refused() {
    // F-I07.
    let mut desk = at_venue_of(Profile::binance(), PositionMode::OneWay);
    desk.open(PositionSide::Long, "1");
    desk.ask(&desk.order("alone", None, stop("98")));
    assert_eq!(desk.venue.usage(), vec![], "alone there is nothing to say");
    let far = desk.now.plus(Span::from_secs(3_600));
    desk.venue.exchange_mut().crowd(250, far);
    desk.ask(&desk.order("beside", Some("0.1"), target("105")));
    let told = desk.venue.usage();
    assert!(told.len() == 1 && (251..260).contains(&told[0].used), "{told:?}");
    desk.venue.exchange_mut().crowd(300, far);
    let told = desk.ask(&desk.order("too-many", Some("0.1"), target("106")));
    assert_eq!(refused(&told, "too-many", Asked::Place), Some(RefusalReason::Throttled));
    assert_eq!(desk.venue.exchange().refused_for_traffic(), 1);
}
