//! Stops, targets and trails: when they fire, in which order, at which price.

use crate::desk::{desk, desk_with, limit, price, rules, stop, target, trail, wish};
use backstop_model::{OrderSide, PositionMode, Prices, TriggerSource};
use backstop_sim::{Amending, Kind, Physics, Setup, Slippage, Status};

#[test]
fn a_stop_fires_at_its_trigger_and_fills_at_the_gapped_price() {
    for (quote, expected) in [("95.01", None), ("95", Some("stop 1@95")), ("90", Some("stop 1@90"))] {
        let mut desk = desk();
        desk.buy("1");
        desk.exit("stop", "1", stop("95")).unwrap();
        desk.quote(quote);
        assert_eq!(desk.fills().get(1).map(String::as_str), expected, "quote {quote}");
    }
}

#[test]
fn a_shorts_stop_and_target_are_mirrored() {
    for (quote, expected) in [("105", "stop 1@105"), ("94", "target 1@94")] {
        let mut desk = desk();
        desk.sell("1");
        desk.place(wish("stop", OrderSide::Buy, "1", stop("105"), true)).unwrap();
        desk.place(wish("target", OrderSide::Buy, "1", target("95"), true)).unwrap();
        desk.quote(quote);
        assert_eq!(desk.fills().last().unwrap(), expected);
        assert_eq!(desk.open(), "-0");
    }
}

#[test]
fn a_triggered_order_lives_on_under_the_same_client_id() {
    let mut desk = desk();
    desk.buy("1");
    let placed = desk.exit("stop", "1", stop("95")).unwrap();
    desk.quote("95");
    assert_eq!(desk.heard("stop"), [Status::New, Status::Triggered, Status::Filled]);
    let order = desk.query("stop").unwrap();
    assert_eq!(order.order_id, placed.order_id);
    assert!(order.child_id.is_some_and(|child| child != order.order_id));
    assert_eq!(desk.venue.ledger().fills()[1].engine_id, order.child_id.unwrap());
}

#[test]
fn a_condition_that_is_true_already_is_refused() {
    let mut desk = desk();
    desk.buy("1");
    for (kind, expected) in [
        (stop("100"), Err(-2021)),
        (stop("100.01"), Err(-2021)),
        (target("100"), Err(-2021)),
        (target("99"), Err(-2021)),
        (trail(Some("100"), "1"), Err(-2021)),
        (stop("99.99"), Ok(())),
        (target("100.01"), Ok(())),
        (trail(Some("100.01"), "1"), Ok(())),
        (trail(None, "1"), Ok(())),
    ] {
        let id = format!("{}", desk.now);
        assert_eq!(desk.exit(&id, "1", kind).map(|_| ()), expected, "{kind:?}");
    }
}

#[test]
fn each_order_watches_its_own_series() {
    let sources = [("last", TriggerSource::Last), ("mark", TriggerSource::Mark), ("bid", TriggerSource::BidAsk)];
    for moved in ["last", "mark", "bid"] {
        let mut desk = desk();
        desk.buy("3");
        for (name, source) in sources {
            desk.exit(name, "1", Kind::StopMarket { trigger: price("95"), source }).unwrap();
        }
        let low = Some(price("95"));
        let quote = match moved {
            "last" => Prices { last: low, ..Prices::default() },
            "mark" => Prices { mark: low, ..Prices::default() },
            _ => Prices { bid: low, ..Prices::default() },
        };
        desk.quote_all(quote);
        for (name, _) in sources {
            let expected = if name == moved { Status::Filled } else { Status::New };
            assert_eq!(desk.status(name), expected, "{name} when {moved} moved");
        }
    }
}

#[test]
fn on_one_point_stops_go_before_targets_nearer_before_farther_older_before_younger() {
    let mut desk = desk();
    desk.buy("10");
    // A target on the mark and stops on the last price can come true on one point.
    let mark_target = Kind::TakeProfitMarket { trigger: price("110"), source: TriggerSource::Mark };
    desk.exit("target", "1", mark_target).unwrap();
    desk.exit("far", "1", stop("90")).unwrap();
    desk.exit("near", "1", stop("95")).unwrap();
    desk.exit("near-younger", "1", stop("95")).unwrap();
    desk.quote_all(Prices { last: Some(price("89")), mark: Some(price("111")), bid: Some(price("89")), ask: None });
    let order: Vec<String> = desk.fills().iter().skip(1).map(|fill| fill.replace(" 1@89", "")).collect();
    assert_eq!(order, ["near", "near-younger", "far", "target"]);
}

#[test]
fn a_jump_through_a_ladder_fills_every_level_in_order_at_its_own_price() {
    let mut desk = desk();
    desk.buy("1");
    for (id, level, amount) in [("tp3", "108", "0.3"), ("tp1", "103", "0.4"), ("tp2", "105", "0.3")] {
        desk.exit(id, amount, limit(level)).unwrap();
    }
    desk.quote("109");
    assert_eq!(desk.fills()[1..], ["tp1 0.4@103", "tp2 0.3@105", "tp3 0.3@108"]);
}

#[test]
fn a_native_trail_follows_from_its_activation_and_stops_out_at_99_91() {
    let mut desk = desk();
    desk.buy("1");
    desk.exit("trail", "1", trail(Some("102.50"), "3")).unwrap();
    for quote in ["102.49", "98", "102.50", "103", "99.92"] {
        desk.quote(quote);
        assert_eq!(desk.status("trail"), Status::New, "at {quote}");
    }
    desk.quote("99.91");
    assert_eq!(desk.fills()[1], "trail 1@99.91");
    // One more New tells that it has become active.
    assert_eq!(desk.heard("trail"), [Status::New, Status::New, Status::Triggered, Status::Filled]);
}

#[test]
fn a_shorts_trail_stops_out_at_99_91_from_97() {
    let mut desk = desk();
    desk.sell("1");
    desk.place(wish("trail", OrderSide::Buy, "1", trail(Some("97.50"), "3"), true)).unwrap();
    for quote in ["97.50", "97", "99.90", "99.91"] {
        desk.quote(quote);
    }
    assert_eq!(desk.fills()[1], "trail 1@99.91");
}

#[test]
fn a_callback_outside_of_its_range_is_refused() {
    let mut desk = desk();
    desk.buy("1");
    for (percent, expected) in [("0.09", Err(-1130)), ("0.1", Ok(())), ("20", Ok(())), ("20.1", Err(-1130))] {
        let id = format!("{}", desk.now);
        assert_eq!(desk.exit(&id, "1", trail(None, percent)).map(|_| ()), expected, "{percent} %");
    }
}

#[test]
fn slippage_makes_triggered_orders_worse_than_market_orders() {
    let slippage = Slippage { market_ticks: 1, trigger_ticks: 3 };
    let setup = Setup { physics: Physics { slippage, ..Physics::exact() }, ..Setup::new(1) };
    let mut desk = desk_with(setup, PositionMode::OneWay, rules());
    desk.buy("1");
    desk.exit("stop", "1", stop("95")).unwrap();
    desk.quote("95");
    assert_eq!(desk.fills()[0].split('@').nth(1), Some("100.01"));
    assert_eq!(desk.fills()[1], "stop 1@94.97");
}

#[test]
fn conditional_orders_cannot_be_amended_unless_the_venue_can() {
    let mut desk = desk();
    desk.buy("1");
    desk.exit("stop", "1", stop("95")).unwrap();
    assert_eq!(desk.amend_trigger("stop", "96"), Err(-1020));

    let mut setup = Setup::exact(1);
    setup.habits.amending = Amending::Everything;
    let mut desk = desk_with(setup, PositionMode::OneWay, rules());
    desk.buy("1");
    desk.exit("stop", "1", stop("95")).unwrap();
    assert_eq!(desk.amend_trigger("stop", "101"), Err(-2021));
    assert_eq!(desk.amend_trigger("stop", "96").unwrap().kind.trigger(), Some(price("96")));
    desk.quote("96");
    assert_eq!(desk.status("stop"), Status::Filled);
    assert_eq!(desk.amend_trigger("stop", "97"), Err(-2011));
}
