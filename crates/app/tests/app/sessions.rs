//! Sessions that end while positions are open: closed ten minutes before, on an ordinary day, on a half-day, and when the
//! clocks have changed since the session before; and a market that is shut.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use super::matrix::stage::{ACCOUNT, MARKET, SYMBOL, Setting, Stage};
use backstop_app::config::Config;
use backstop_app::demo::Feed;
use backstop_app::paper::{generated_markets, instrument};
use backstop_app::run::{Numbers, PaperMarket, RunCast};
use backstop_model::{Adopt, Event, ExitReason, PositionMode, PositionSide, Span, Symbol, Timestamp};
use backstop_sim::{Profile, Session};
use backstop_venues::Venue;
use backstop_venues::paper::PaperVenue;

/// London, with its half-day and its holidays at Christmas 2026.
const HOURS: &str =
    "{ zone: Europe/London, week: [Mon-Fri 08:00-22:00], days: [2026-12-24 08:00-14:00, 2026-12-25 shut] }";

fn plan(rule: &str) -> String {
    format!(
        "plans:\n  p:\n    stop_loss: {{ at: 2%, trigger: last }}\n    {rule}\n    take_profits: [{{ at: 9%, close: 100% }}]\ninstruments:\n  {SYMBOL}: {{ leverage: 2, hours: {HOURS} }}\n"
    )
}

fn stage(start: &str, rule: &str) -> Stage {
    let (profile, mode, side) = (Profile::ig(), PositionMode::PerDeal, PositionSide::Long);
    let plan = plan(rule);
    Stage::at(start, Setting { profile, mode, side, plan: &plan, adopt: Adopt::Plan, min_distance: None, exact: true })
}

/// When the position that was opened last was closed, and why.
fn closed(stage: &Stage) -> Option<(String, ExitReason)> {
    let last = stage.documents.values().max_by_key(|document| document.entry_time)?;
    let at = jiff::Timestamp::from_millisecond(last.exit_time?).unwrap();
    Some((at.strftime("%F %H:%M:%S").to_string(), last.exit_reason?))
}

/// A position is opened at the first instant, and is gone after the second and not before.
fn is_closed_at(stage: &mut Stage, before: &str, then: &str) {
    stage.go_to("100");
    stage.enter("1");
    stage.wait_until(before);
    stage.go_to("100");
    assert_eq!((stage.slots().len(), closed(stage)), (1, None), "{before}");
    stage.wait_until(then);
    assert!(stage.slots().is_empty(), "{then}");
}

fn end_of_day(at: &str) -> Option<(String, ExitReason)> {
    Some((at.to_owned(), ExitReason::EndOfDay))
}

#[test]
fn a_position_held_over_the_night_of_the_change_is_closed_at_the_same_time_of_day() {
    let plan = "plans:\n  p:\n    stop_loss: { at: 2%, trigger: last }\n    close_at: \"21:55 Europe/Berlin\"\n    take_profits: [{ at: 9%, close: 100% }]\n";
    let cases = [
        ("2026-03-28T21:30:00Z", "2026-03-29T19:54:50Z", "2026-03-29T19:56:00Z", "2026-03-29 19:55:00"),
        ("2026-10-24T20:30:00Z", "2026-10-25T20:54:50Z", "2026-10-25T20:56:00Z", "2026-10-25 20:55:00"),
    ];
    for (start, before, then, at) in cases {
        let (profile, mode, side) = (Profile::binance(), PositionMode::OneWay, PositionSide::Long);
        let setting = Setting { profile, mode, side, plan, adopt: Adopt::Plan, min_distance: None, exact: true };
        let mut stage = Stage::at(start, setting);
        is_closed_at(&mut stage, before, then);
        assert_eq!(closed(&stage), end_of_day(at));
        let (differences, [again, lived]) = stage.again();
        assert_eq!((differences, again), (Vec::<String>::new(), lived));
    }
}

#[test]
fn a_position_is_closed_ten_minutes_before_a_session_ends_also_on_a_half_day_and_after_the_clocks_have_changed() {
    // The plan's own time of day is later than every end of a session here.
    let rule = "close_at: \"23:30 Europe/London\"";
    let cases = [
        ("2026-12-23T20:00:00Z", "2026-12-23T21:49:50Z", "2026-12-23T21:51:00Z", "2026-12-23 21:50:00"),
        ("2026-12-24T12:00:00Z", "2026-12-24T13:49:50Z", "2026-12-24T13:51:00Z", "2026-12-24 13:50:00"),
    ];
    for (start, before, then, at) in cases {
        let mut stage = stage(start, rule);
        is_closed_at(&mut stage, before, then);
        assert_eq!(closed(&stage), end_of_day(at));
        assert!(stage.broken.is_empty() && stage.is_over(), "{:?} {}", stage.broken, stage.left());
    }
    // Friday by winter time, Monday by summer time, in one life.
    let mut stage = stage("2026-03-27T21:30:00Z", rule);
    is_closed_at(&mut stage, "2026-03-27T21:49:50Z", "2026-03-27T21:51:00Z");
    assert_eq!(closed(&stage), end_of_day("2026-03-27 21:50:00"));
    stage.wait_until("2026-03-30T20:30:00Z");
    is_closed_at(&mut stage, "2026-03-30T20:49:50Z", "2026-03-30T20:51:00Z");
    assert_eq!(closed(&stage), end_of_day("2026-03-30 20:50:00"));
    assert!(stage.told.iter().filter(|told| told.contains("the end of the session: closing at market")).count() == 2);
    // Decided again from the journal, it comes out the same (I20).
    let (differences, [again, lived]) = stage.again();
    assert_eq!((differences, again), (Vec::<String>::new(), lived));
}

#[test]
fn before_the_weekend_a_position_is_closed_also_one_that_was_opened_within_the_last_ten_minutes() {
    // Thursday the 24th of December is the last session of its week, and a short one.
    let mut stage = stage("2026-12-23T21:30:00Z", "weekend: close");
    stage.go_to("100");
    stage.enter("1");
    stage.wait_until("2026-12-24T13:49:50Z");
    stage.go_to("100");
    assert_eq!(stage.slots().len(), 1, "{:?}", stage.told);
    stage.wait_until("2026-12-24T13:51:00Z");
    assert_eq!(closed(&stage), end_of_day("2026-12-24 13:50:00"));
    stage.wait_until("2026-12-24T13:55:00Z");
    stage.go_to("100");
    stage.enter("1");
    stage.go_to("100");
    assert!(stage.is_over(), "{}", stage.left());
    let told = "opened less than ten minutes before the end of the week: closing at market";
    assert!(stage.told.iter().any(|text| text.ends_with(told)), "{:?}", stage.told);
    let (differences, [again, lived]) = stage.again();
    assert_eq!((differences, again), (Vec::<String>::new(), lived));
}

#[test]
fn a_market_is_shut_at_the_exchanges_and_has_no_prices_until_it_opens() {
    let config = format!("accounts: {{ main: {{ venue: ig }} }}\n{}", plan("weekend: hold"));
    let config = Config::parse(&config, "c.yaml").unwrap();
    let known = generated_markets().into_iter().find(|market| market.symbol == Symbol::new(SYMBOL).unwrap()).unwrap();
    let cast =
        RunCast::new(&config, vec![instrument(&config, known.symbol, known.decimals).unwrap()], Numbers::default())
            .unwrap();
    let table = &cast.tables()[0];
    let mut venue = PaperVenue::new(cast.seated(table, None, 7).unwrap(), None, Timestamp::EPOCH);
    venue.name_account(ACCOUNT, table.accounts[0].1);
    venue.name_instrument(MARKET, known.symbol);
    let feed = Feed::generated(&[(known.symbol, known.first_price, cast.instruments()[0].tick)], 7, Timestamp::EPOCH);
    let start: jiff::Timestamp = "2026-12-24T13:59:50Z".parse().unwrap();
    let start = Timestamp::from_millis(start.as_millisecond()).unwrap();
    let mut market = PaperMarket::new(vec![venue], feed, cast.instruments().to_vec(), Vec::new(), start);
    let mut ticks = |seconds: std::ops::Range<i64>| {
        let mut told = 0;
        for second in seconds {
            let events = market.poll(start.plus(Span::from_secs(second))).unwrap();
            told += events.iter().filter(|event| matches!(event, Event::Tick(_))).count();
        }
        (told, market.session(MARKET))
    };
    let open = ticks(0..10);
    assert!(open.0 > 5 && open.1 == Some(Session::Trading), "{open:?}");
    assert_eq!(ticks(10..40), (0, Some(Session::Closed)));
    // Monday morning.
    let monday = 3 * 86_400 + 18 * 3_600 + 10;
    assert_eq!(ticks(monday - 2..monday - 1).1, Some(Session::Closed));
    let open = ticks(monday..monday + 10);
    assert!(open.0 > 5 && open.1 == Some(Session::Trading), "{open:?}");
}

/// A demonstration of bars of a minute: when each opens, and at what price it stands.
fn demonstrated(folder: &std::path::Path, rule: &str, bars: &[(&str, &str)]) -> serde_json::Value {
    let millis = |at: &str| at.parse::<jiff::Timestamp>().unwrap().as_millisecond();
    let line = |(at, price): &(&str, &str)| format!("{},{price},{price},{price},{price},1\n", millis(at));
    let lines: String = bars.iter().map(line).collect();
    let file = format!("{SYMBOL}-1m.csv");
    std::fs::write(folder.join(&file), format!("open_time,open,high,low,close,volume\n{lines}")).unwrap();
    std::fs::write(folder.join("c.yaml"), format!("accounts: {{ main: {{ venue: ig, plan: p }} }}\n{}", plan(rule)))
        .unwrap();
    let open = format!("{} {SYMBOL} long 1", millis(bars[0].0));
    let line = ["demo", "--json", "--config", "c.yaml", "--klines", &file, "--open", &open];
    let output =
        std::process::Command::new(env!("CARGO_BIN_EXE_backstop")).current_dir(folder).args(line).output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_str(told.lines().last().unwrap()).unwrap()
}

#[test]
fn a_demonstration_passes_over_what_its_market_was_shut_for_and_a_gap_fills_where_it_opens() {
    let folder = tempfile::tempdir().unwrap();
    let bars = [
        ("2026-12-24T13:00:00Z", "100"),
        ("2026-12-24T13:59:00Z", "101"),
        // Shut: neither stop nor target sees these.
        ("2026-12-24T14:00:00Z", "90"),
        ("2026-12-26T12:00:00Z", "150"),
        ("2026-12-28T08:00:00Z", "97"),
        ("2026-12-28T08:01:00Z", "97"),
    ];
    let shown = demonstrated(folder.path(), "weekend: hold", &bars);
    assert_eq!((&shown["shut"], shown["violations"].as_array().unwrap().len()), (&serde_json::json!(2), 0), "{shown}");
    let exit = &shown["trades"][0]["partial_exits"][0];
    assert_eq!(
        (&exit["exit_price"], &exit["reason"]),
        (&serde_json::json!("97"), &serde_json::json!("stop_loss")),
        "{shown}"
    );
}

#[test]
fn a_demonstration_closes_before_its_market_shuts_and_deals_at_no_price_after_that() {
    let folder = tempfile::tempdir().unwrap();
    let bars = [
        ("2026-12-24T13:00:00Z", "100"),
        ("2026-12-24T13:49:00Z", "101"),
        ("2026-12-24T14:30:00Z", "90"),
        ("2026-12-28T08:00:00Z", "97"),
    ];
    // The price of 13:49 has no age in a bar: the close ten minutes before the end finds it.
    let shown = demonstrated(folder.path(), "close_at: \"23:30 Europe/London\"", &bars);
    let trade = &shown["trades"][0];
    assert_eq!(trade["partial_exits"][0]["exit_price"], "101", "{shown}");
    assert_eq!(shown["shut"], 1);
}

#[test]
fn a_generated_demonstration_begins_when_its_market_opens() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("c.yaml"), plan("weekend: hold")).unwrap();
    let line = ["demo", "--json", "--config", "c.yaml"];
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_backstop"))
        .current_dir(folder.path())
        .args(line)
        .output()
        .unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    let shown: serde_json::Value = serde_json::from_str(told.lines().last().unwrap()).unwrap();
    let entries = shown["trades"].as_array().unwrap().iter().chain(shown["open"].as_array().unwrap());
    // 1 January 2026 is a Thursday.
    let from = "2026-01-01T08:00:00Z".parse::<jiff::Timestamp>().unwrap().as_millisecond();
    assert!(entries.clone().count() > 0, "{shown}");
    entries.for_each(|entry| assert!(entry["entry_time"].as_i64().unwrap() >= from, "{entry}"));
    let never = plan("weekend: hold").replace("week: [Mon-Fri 08:00-22:00]", "week: []");
    std::fs::write(folder.path().join("c.yaml"), never).unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_backstop"))
        .current_dir(folder.path())
        .args(line)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
}
