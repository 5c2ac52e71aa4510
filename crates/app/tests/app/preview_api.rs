//! `POST /api/v1/preview` over real HTTP: the same object as `backstop check --json`, behind the same door.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use super::binary::{last_line, run};
use super::engine::{Engine, start_with};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use tempfile::tempdir;

const CONFIG: &str = "accounts: { main: { venue: paper, mode: paper, plan: one, adopt: plan } }
plans:
  one: { stop_loss: { at: 5% }, take_profits: [{ at: 20%, close: 100% }] }
  thirds: { stop_loss: { at: 2% }, take_profits: [{ at: 3%, close: 33% }, { at: 5%, close: 33% }, { at: 8%, close: 33% }] }
  breathing: { stop_loss: { at: 2 atr }, take_profits: [{ at: 2 R, close: 100% }] }
  late: { stop_loss: { at: 9% }, take_profits: [{ at: 20%, close: 100% }] }
instruments:
  BTCUSDT: { tick: 0.1, step: 0.001 }
";

/// Status and body of a question.
fn ask(engine: &Engine, token: Option<&str>, body: &str) -> (u16, Value) {
    let authorization = token.map_or_else(String::new, |token| format!("Authorization: Bearer {token}\r\n"));
    let (host, length) = (&engine.address, body.len());
    let request = format!(
        "POST /api/v1/preview HTTP/1.1\r\nHost: {host}\r\n{authorization}Content-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    let mut stream = TcpStream::connect(host).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), serde_json::from_str(body).unwrap())
}

/// Nothing in it is left to what the engine sees of its market.
fn question(plan: &str) -> Value {
    let (entry, quantity, atr, spread, slippage) = ("50000", "0.1", "250", "0", "0");
    json!({ "plan": plan, "symbol": "BTCUSDT", "side": "short", "entry": entry, "quantity": quantity, "atr": atr, "spread": spread, "slippage": slippage })
}

#[test]
fn a_preview_is_what_check_prints() {
    let folder = tempdir().unwrap();
    std::fs::write(folder.path().join("c.yaml"), CONFIG).unwrap();
    let engine = start_with(folder.path(), &["--config", "c.yaml"]);
    let token = Some(engine.token.as_str());
    let line = "check c.yaml --symbol BTCUSDT --side short --entry 50000 --quantity 0.1 --atr 250 --json";
    let checked = last_line(&run(folder.path(), line, &[]));
    for expected in checked["plans"].as_array().unwrap() {
        let plan = expected["plan"]["name"].as_str().unwrap();
        let (status, shown) = ask(&engine, token, &question(plan).to_string());
        assert_eq!((status, &shown), (200, expected), "{plan}");
    }
    let (_, thirds) = ask(&engine, token, &question("thirds").to_string());
    assert_eq!(thirds["told"][0], "Scaled TP percentages normalized from 99% to 100%");
    let (_, late) = ask(&engine, token, &question("late").to_string());
    assert_eq!((&late["armed"], &late["stand_in_stop"]), (&json!(false), &json!("53000")));
    let (_, warm) = ask(&engine, token, &question("breathing").to_string());
    assert_eq!((&warm["armed"], &warm["preview"]["stop"]), (&json!(true), &json!("50500")));
    let mut costly = question("one");
    (costly["spread"], costly["slippage"], costly["funding"]) = (json!("10"), json!("0.01%"), json!("0.03%"));
    let (_, costly) = ask(&engine, token, &costly.to_string());
    let line = format!("{line} --spread 10 --slippage 0.01% --funding 0.03%");
    let checked = last_line(&run(folder.path(), &line, &[]));
    assert!(checked["plans"].as_array().unwrap().contains(&costly), "{costly}");
    assert_eq!(costly["preview"]["break_even_parts"]["funding"], "1.5");
}

#[test]
fn what_is_not_said_of_costs_is_what_the_engine_sees_of_the_market() {
    let folder = tempdir().unwrap();
    std::fs::write(folder.path().join("c.yaml"), CONFIG).unwrap();
    let engine = start_with(folder.path(), &["--config", "c.yaml"]);
    let mut asked = question("one");
    asked.as_object_mut().unwrap().remove("spread");
    let spread_of = || {
        let (status, shown) = ask(&engine, Some(engine.token.as_str()), &asked.to_string());
        assert_eq!(status, 200, "{shown}");
        let spread: f64 = shown["entry"]["costs"]["spread"].as_str().unwrap().parse().unwrap();
        (spread, shown)
    };
    // Before the market's first price there is none.
    let (spread, shown) = std::iter::repeat_with(spread_of).find(|(spread, _)| *spread > 0.0).unwrap();
    let half: f64 = shown["preview"]["break_even_parts"]["half_spread"].as_str().unwrap().parse().unwrap();
    assert!((half - spread / 2.0 * 0.1).abs() < 1e-9, "{shown}");
}

#[test]
fn a_question_that_cannot_be_answered_names_the_culprit() {
    let folder = tempdir().unwrap();
    std::fs::write(folder.path().join("c.yaml"), CONFIG).unwrap();
    let engine = start_with(folder.path(), &["--config", "c.yaml"]);
    let token = Some(engine.token.as_str());
    assert_eq!(ask(&engine, None, &question("one").to_string()).0, 401);
    assert_eq!(ask(&engine, Some("guess"), &question("one").to_string()).0, 401);
    for (key, value, status, named) in [
        ("plan", json!("two"), 404, "plan: there is none of that name; the configuration has breathing, late, one"),
        ("symbol", json!("XAUUSD"), 404, "symbol: the engine does not trade it; it trades BTCUSDT"),
        ("side", json!("up"), 422, "side"),
        ("entry", json!("-1"), 422, "entry: \"-1\" is not a price"),
        ("entry", json!(50000), 422, "entry"),
        ("quantity", json!("0"), 422, "quantity: nothing is entered"),
        ("quantity", json!("much"), 422, "quantity: \"much\" is not a quantity"),
        ("atr", json!("-5"), 422, "atr: \"-5\" is no average true range"),
        ("atr", json!({"5m": "40"}), 422, "atr: no plan measures an average true range; leave 5m out"),
        ("spread", json!("-1"), 422, "spread: it is below zero"),
        ("slippage", json!("far"), 422, "slippage: \"far\" is not"),
        ("funding", json!("1 %%"), 422, "funding: "),
        ("leverage", json!("20"), 422, "leverage"),
    ] {
        let mut asked = question("one");
        asked[key] = value.clone();
        let (answered, body) = ask(&engine, token, &asked.to_string());
        let why = body["error"].as_str().unwrap();
        assert_eq!(answered, status, "{key} {value}: {why}");
        assert!(why.contains(named), "{key} {value}: {why}");
    }
    let (status, body) = ask(&engine, token, "{ plan");
    assert!(status == 400 && body["error"].is_string(), "{status} {body}");
    assert_eq!(ask(&engine, token, &"x".repeat(70_000)).0, 413);
}

#[test]
fn a_market_that_has_just_begun_has_a_past_in_which_averages_of_hours_are_measured() {
    let folder = tempdir().unwrap();
    std::fs::write(folder.path().join("c.yaml"), CONFIG).unwrap();
    let engine = start_with(folder.path(), &["--config", "c.yaml"]);
    let mut asked = question("breathing");
    asked.as_object_mut().unwrap().remove("atr");
    let answers = std::iter::repeat_with(|| ask(&engine, Some(engine.token.as_str()), &asked.to_string()).1);
    let measured = answers.take(2_000).find_map(|shown| shown["entry"]["atr"].as_object().cloned()).unwrap();
    assert_eq!(measured.keys().collect::<Vec<_>>(), ["14, 1h"]);
}
