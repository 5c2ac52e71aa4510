//! The local API from the first day: loopback only (S1), a token that is kept as a hash (S2), nothing without it (S3).
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use super::binary::{code, last_line, run, said};
use super::engine::{Engine, start, start_alone, start_with};
use std::io::{Read, Write};
use std::net::TcpStream;
use tempfile::tempdir;

/// The status line of a raw request.
fn raw(engine: &Engine, request: &str) -> String {
    let mut stream = TcpStream::connect(&engine.address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.lines().next().unwrap_or_default().to_owned()
}

fn get(engine: &Engine, path: &str, host: &str, token: Option<&str>) -> String {
    let authorization = token.map_or_else(String::new, |token| format!("Authorization: Bearer {token}\r\n"));
    raw(engine, &format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n{authorization}Connection: close\r\n\r\n"))
}

#[test]
fn only_the_token_opens_the_door_and_only_under_the_machines_own_name() {
    let folder = tempdir().unwrap();
    let engine = start(folder.path());
    let token = Some(engine.token.as_str());
    let own = engine.address.as_str();
    assert!(get(&engine, "/healthz", own, None).contains("200"));
    for path in ["/api/v1/health", "/api/v1/positions", "/", "/nosuch", "/api/v1/positions/x/close"] {
        assert!(get(&engine, path, own, None).contains("401"), "{path}");
        assert!(get(&engine, path, own, Some("guess")).contains("401"), "{path}");
    }
    assert!(get(&engine, "/api/v1/health", own, token).contains("200"));
    for host in ["evil.example:80", "127.0.0.1", "127.0.0.1.evil.example:80", "LOCALHOST"] {
        assert!(get(&engine, "/api/v1/health", host, token).contains("421"), "{host}");
    }
    let kept = std::fs::read_to_string(folder.path().join("s.token")).unwrap();
    assert!(!kept.contains(&engine.token));
}

/// Where the token stands in what was said and written: names of answers and files, in their order (I15).
fn places_of(token: &str, answers: &[(String, Vec<u8>)], folder: &std::path::Path) -> Vec<String> {
    let holds = |bytes: &[u8]| bytes.windows(token.len()).any(|window| window == token.as_bytes());
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    let files: Vec<_> = files.collect();
    assert!(files.len() >= 5, "{files:?}");
    let mut files: Vec<_> = files.iter().filter(|file| holds(&std::fs::read(file).unwrap())).collect();
    files.sort();
    let files = files.into_iter().map(|file| file.file_name().unwrap().to_string_lossy().into_owned());
    answers.iter().filter(|(_, bytes)| holds(bytes)).map(|(name, _)| name.clone()).chain(files).collect()
}

/// What an engine answers to these lines and requests, and then where its token stands.
fn leaks(lines: &dyn Fn(&str) -> Vec<String>) -> Vec<String> {
    let folder = tempdir().unwrap();
    let mut engine = start(folder.path());
    engine.wait_until_protected(1);
    let token = engine.token.clone();
    let mut answers = Vec::new();
    for line in lines(&token) {
        // An engine that has just started says so, until it has read its accounts.
        let mut answer = engine.ask(&line);
        while said(&answer).contains("ask again in a moment") {
            answer = engine.ask(&line);
        }
        answers.push((line.replace(&token, "TOKEN"), [answer.stdout, answer.stderr].concat()));
    }
    for (method, path, body) in
        [("GET", "/nosuch", ""), ("POST", "/api/v1/entries", "{"), ("PUT", "/api/v1/health", "x")]
    {
        answers.push((format!("{method} {path}"), engine.api(method, path, body).stdout));
    }
    engine.end_at_once();
    answers.push(("what it says itself".to_owned(), engine.heard().as_bytes().to_vec()));
    places_of(&token, &answers, folder.path())
}

#[test]
fn the_token_stands_in_no_file_no_answer_and_no_line_but_the_one_that_shows_it() {
    // I15: of the one secret there is today.
    let lines = ["health", "positions", "open ETHUSDT long 0.1 --id one", "open NOPE long 1", "close nosuch"];
    assert_eq!(leaks(&|_| lines.map(str::to_owned).to_vec()), Vec::<String>::new());
}

#[test]
fn a_token_that_gets_into_an_answer_or_into_the_journal_is_found_there() {
    // The check of I15 fires: somebody takes the token for the name of an entry, or for the name of a market.
    let written = leaks(&|token| vec![format!("open ETHUSDT long 0.1 --id {token}")]);
    assert!(written.iter().any(|place| place.starts_with("s.db")), "{written:?}");
    let answered = leaks(&|token| vec![format!("open {token} long 1")]);
    assert_eq!(answered, ["open TOKEN long 1"]);
}

#[test]
fn a_position_is_protected_shown_and_closed_through_the_api() {
    let folder = tempdir().unwrap();
    let mut engine = start(folder.path());
    let ask = |line: &str| engine.ask(line);
    engine.wait_until_protected(1);
    let positions = last_line(&ask("positions"));
    assert_eq!(positions[0]["position_id"], "main-BTCUSDT-long-1");
    let closing = ask("close main-BTCUSDT-long-1");
    assert_eq!(code(&closing), 0, "{}", said(&closing));
    engine.wait_until_protected(0);
    let unknown = ask("close main-BTCUSDT-long-9");
    assert_eq!(code(&unknown), 2);
    assert!(said(&unknown).contains("no open position"), "{}", said(&unknown));
    assert_eq!(engine.end_cleanly(), 0);
    let trades = last_line(&run(folder.path(), "trades --json --store s.db", &[]));
    assert_eq!(trades[0]["exit_reason"], "manual");
}

#[test]
fn a_close_whose_part_is_not_understood_is_refused_and_closes_nothing() {
    let folder = tempdir().unwrap();
    let engine = start(folder.path());
    engine.wait_until_protected(1);
    let close = |kind: &str, body: &str| {
        let head = format!("Host: {}\r\nAuthorization: Bearer {}\r\n{kind}", engine.address, engine.token);
        let length = body.len();
        let path = "/api/v1/positions/main-BTCUSDT-long-1/close";
        let head = format!("POST {path} HTTP/1.1\r\n{head}Content-Length: {length}\r\nConnection: close\r\n\r\n");
        raw(&engine, &format!("{head}{body}"))
    };
    // A client that does not name the kind of what it sends means what it says all the same.
    for (body, answer) in [(r#"{"Part":"40%"}"#, "422"), (r#"{"part":"40%""#, "400"), (r#"{"part":"400%"}"#, "400")] {
        let said = close("", body);
        assert!(said.contains(answer), "{body}: {said}");
    }
    let open = last_line(&engine.ask("positions"))[0].clone();
    assert_eq!(open["current_quantity"], open["original_quantity"]);
    assert!(close("Content-Type: text/plain\r\n", r#"{"part":"40%"}"#).contains("202"));
    engine.wait_until_protected(1);
}

#[test]
fn a_wish_that_comes_to_nothing_is_told_to_whoever_asked() {
    let folder = tempdir().unwrap();
    std::fs::write(
        folder.path().join("c.yaml"),
        "accounts: { main: { venue: binance, position_mode: hedge, plan: one, adopt: plan } }\n\
         plans:\n  one: { stop_loss: { at: 5% }, take_profits: [{ at: 20%, close: 100% }] }\n  \
         far: { stop_loss: { at: 9% }, take_profits: [{ at: 30%, close: 100% }] }\n",
    )
    .unwrap();
    let opened = ["--open", "0 BTCUSDT long 0.05", "--open", "0 BTCUSDT short 0.05"];
    let mut engine = start_alone(folder.path(), &[&["--config", "c.yaml"][..], &opened[..]].concat());
    engine.wait_until_protected(2);
    let asked = |line: &str| {
        let output = engine.ask(line);
        let told = last_line(&output)["told"].as_array().cloned().unwrap_or_default();
        (code(&output), told.first().map(|told| told["text"].as_str().unwrap().to_owned()).unwrap_or_default())
    };
    let (ended, told) = asked("close main-BTCUSDT-long-1 --part 0.01%");
    assert_eq!(
        (ended, told.as_str()),
        (1, "BTCUSDT long: nothing closed: 0.01% of 0.05 is 0, below the venue's minimum 0.001")
    );
    let (ended, told) = asked("plan main-BTCUSDT-long-1 far");
    assert!(ended == 1 && told.contains("plan far is not armed: stop "), "{ended} {told}");
    let (ended, told) = asked("close main-BTCUSDT-short-1 --part 40%");
    assert_eq!((ended, told.as_str()), (0, "BTCUSDT short: closing 0.02 by hand, 0.03 goes on under its plan"));
    let output = engine.ask("close BTCUSDT");
    let several = "several positions are open on BTCUSDT; name one of main-BTCUSDT-long-1, main-BTCUSDT-short-1";
    assert!(code(&output) == 2 && said(&output).contains(several), "{}", said(&output));
    assert_eq!(engine.end_cleanly(), 0);
}

#[test]
fn a_position_is_paused_moved_to_break_even_given_another_plan_and_closed_in_parts() {
    let folder = tempdir().unwrap();
    std::fs::write(
        folder.path().join("c.yaml"),
        "accounts: { main: { venue: paper, mode: paper, plan: one, adopt: plan } }\n\
         plans:\n  one: { stop_loss: { at: 5% }, take_profits: [{ at: 20%, close: 100% }] }\n  \
         two: { stop_loss: { at: 4% }, take_profits: [{ at: 30%, close: 100% }] }\n",
    )
    .unwrap();
    let mut engine = start_with(folder.path(), &["--config", "c.yaml"]);
    engine.wait_until_protected(1);
    let id = "main-BTCUSDT-long-1";
    let document = || last_line(&engine.ask("positions"))[0].clone();
    let until = |holds: &dyn Fn(&serde_json::Value) -> bool| {
        while !holds(&document()) {
            std::thread::yield_now();
        }
    };
    let done = |line: &str| {
        let output = engine.ask(line);
        assert_eq!(code(&output), 0, "{line}: {}", said(&output));
        last_line(&output)
    };
    assert_eq!(done(&format!("pause {id}"))["paused"], true);
    assert_eq!(done(&format!("resume {id}"))["paused"], false);
    done(&format!("plan {id} two"));
    until(&|document| document["plan"] == "two");
    done(&format!("close {id} --part 40%"));
    until(&|document| document["current_quantity"] == "0.03");
    done(&format!("breakeven {id}"));
    let wrong = engine.ask(&format!("plan {id} three"));
    assert_eq!(code(&wrong), 2);
    assert!(said(&wrong).contains("the configuration has one, swing, two"), "{}", said(&wrong));
    for part in ["0%", "101%", "40", "-5%", "x"] {
        let wrong = engine.ask(&format!("close {id} --part={part}"));
        assert_eq!(code(&wrong), 2, "{part}");
        assert!(said(&wrong).contains("write a share above 0%"), "{}", said(&wrong));
    }
    assert_eq!(code(&engine.ask("breakeven nobody")), 2);
    assert_eq!(done("close --all")["closing"], 1);
    engine.wait_until_protected(0);
    assert_eq!(engine.end_cleanly(), 0);
    let trades = last_line(&run(folder.path(), "trades --json --store s.db", &[]));
    let exits = trades[0]["partial_exits"].as_array().unwrap();
    assert!(exits.iter().all(|exit| exit["reason"] == "manual"), "{exits:?}");
}

#[test]
fn it_listens_on_the_machine_itself_only() {
    let folder = tempdir().unwrap();
    let output = run(folder.path(), "run --store s.db --bind 0.0.0.0:8787", &[]);
    assert_eq!(code(&output), 2);
    assert!(said(&output).contains("on the machine itself only"), "{}", said(&output));
}
