//! Every error shows the file, the line, and a caret under the culprit.

use super::*;

/// Reads `text`, in which `«culprit»` marks what the caret must stand under, and gives the problem's message and help.
fn shown(marked: &str) -> (String, String) {
    let text = marked.replace(['«', '»'], "");
    let wrong = Config::parse(&text, "backstop.yaml").expect_err(marked);
    let line = marked.lines().position(|line| line.contains('«')).unwrap_or_else(|| panic!("no mark in {marked}"));
    let culprit_line = marked.lines().nth(line).unwrap();
    let column = culprit_line.chars().position(|letter| letter == '«').unwrap();
    let length = culprit_line.chars().position(|letter| letter == '»').unwrap() - column - 1;
    let problem = &wrong.problems()[0];
    let (line, column) = (line + 1, column + 1);
    assert_eq!(problem.at, Some(Place { line, column, length: length.max(1) }), "{marked}\n{}", wrong.plain());
    let plain = wrong.plain();
    assert!(plain.starts_with(&format!("backstop.yaml:{line}:{column}: error: ")), "{plain}");
    let carets = plain.lines().nth(3).unwrap();
    let margin = line.to_string().len() + 3;
    assert_eq!(carets.find('^').unwrap(), margin + column - 1, "{plain}");
    assert!(plain.contains("  help: "), "{plain}");
    (problem.message.clone(), problem.help.clone())
}

/// The same, for one plan whose lines are `lines`.
fn shown_in_plan(lines: &str) -> (String, String) {
    let lines: String = lines.lines().map(|line| format!("    {line}\n")).collect();
    shown(&format!("plans:\n  p:\n{lines}"))
}

const STOP: &str = "stop_loss: { at: 2% }";
const LEVELS: &str = "take_profits: [{ at: 3%, close: 100% }]";

#[test]
fn a_report_is_the_line_the_caret_and_the_next_step() {
    let text = "plans:\n  p:\n    stop_loss: { at: 2 }\n";
    let wrong = Config::parse(text, "backstop.yaml").unwrap_err();
    let expected = "\
backstop.yaml:3:22: error: stop_loss `2` has no unit
  |
3 |     stop_loss: { at: 2 }
  |                      ^
  help: write `2%` (percent), `2% margin` (return on margin), `2 pt` (points of price), `2 atr` (average true ranges), or \"@ 2\" (a price)
";
    assert_eq!(wrong.plain(), expected);
    let drawn = wrong.drawn();
    for part in ["stop_loss `2` has no unit", "backstop.yaml:3:22", "stop_loss: { at: 2 }", "here", "help: "] {
        assert!(drawn.contains(part), "{part} is missing in\n{drawn}");
    }
    assert!(wrong.to_string().starts_with("backstop.yaml:3:22: stop_loss `2` has no unit; write"), "{wrong}");
}

#[test]
fn bare_numbers_get_a_caret() {
    let cases = [
        format!("stop_loss: {{ at: «3» }}\n{LEVELS}"),
        format!("{STOP}\ntake_profits:\n  - {{ at: 3%, close: 50% }}\n  - {{ at: «0.05», close: 50% }}"),
        format!("{STOP}\ntake_profits: [{{ at: 3%, close: «40» }}]"),
        format!("{STOP}\n{LEVELS}\ntrailing: {{ activation: «5», distance: 2% }}"),
        format!("{STOP}\n{LEVELS}\ntrailing: {{ distance: «\"3.00\"» }}"),
        format!("{STOP}\n{LEVELS}\nsingle_take_profit: «8»"),
        format!("{STOP}\n{LEVELS}\ntime_limit: «3»"),
        format!("{STOP}\n{LEVELS}\nstop_ladder: {{ percent_below_high: «1» }}"),
    ];
    for case in cases {
        let (message, _) = shown_in_plan(&case);
        assert!(message.ends_with("has no unit"), "{message}");
    }
    assert!(shown("accounts: { a: { max_daily_loss: «3» } }").0.ends_with("has no unit"));
    assert!(shown("accounts: { a: { on_unprotectable: «0%» } }").0.contains("would wait until"));
    assert!(shown("accounts: { a: { on_unprotectable: «50%» } }").0.ends_with("is out of range"));
    assert!(shown("accounts: { a: { on_unprotectable: «never» } }").1.contains("`keep_trying`"));
    assert!(shown("instruments: { X: { maker_fee: «0.02» } }").0.ends_with("has no unit"));
}

#[test]
fn unknown_keys_get_a_caret_and_a_guess() {
    let (message, help) = shown_in_plan(&format!("{STOP}\n«take_profit»: []"));
    assert_eq!(message, "unknown key `take_profit`");
    assert!(help.starts_with("did you mean `take_profits`? known here: stop_loss, take_profits, rest"), "{help}");
    shown("«account»: {}");
    shown("accounts:\n  main: { «venu»: paper }");
    shown("instruments:\n  BTCUSDT: { «tik»: 0.1 }");
    shown_in_plan("stop_loss: { at: 2%, «triger»: mark }");
}

#[test]
fn a_comma_that_cuts_an_average_true_range_in_two_is_named_with_the_quotes_it_needs() {
    for marked in ["stop_loss: { at: 1.5 atr(14, «5m)» }", "stop_loss: { at: 1.5 atr(14, «5m)», follow: true }"] {
        let (message, help) = shown_in_plan(marked);
        assert_eq!(message, "the comma before `5m)` ends the value");
        assert_eq!(help, "between braces a value with a comma needs quotes, for example \"1.5 atr(14, 5m)\"");
    }
    let quoted = "plans: { p: { stop_loss: { at: \"1.5 atr(14, 5m)\" }, take_profits: [{ at: 3%, close: 100% }] } }";
    assert!(Config::parse(quoted, "x").is_ok());
}

#[test]
fn secrets_are_refused_and_never_shown() {
    for key in ["api_key", "secret", "apiSecret", "password", "bot_token"] {
        let marked = format!("accounts:\n  main:\n    «{key}»: AKIA123456\n");
        let (message, _) = shown(&marked);
        assert_eq!(message, format!("`{key}` does not belong in a configuration file"));
        let wrong = Config::parse(&marked.replace(['«', '»'], ""), "x").unwrap_err();
        for text in [wrong.plain(), wrong.drawn(), wrong.to_string(), format!("{wrong:?}")] {
            assert!(!text.contains("AKIA"), "{text}");
        }
    }
    let block = "accounts:\n  main:\n    secret: |\n      AKIA1\n\n      AKIA2\n    venu: paper\n";
    let wrong = Config::parse(block, "x").unwrap_err();
    assert!(!wrong.drawn().contains("AKIA") && !format!("{wrong:?}").contains("AKIA"), "{}", wrong.drawn());
    let wrong = Config::parse("accounts: { main: { \"secret\": \"AKIA123456\", venue: papr } }", "x").unwrap_err();
    assert!(!wrong.plain().contains("AKIA"), "{}", wrong.plain());
}

#[test]
fn wrong_words_get_the_right_ones() {
    let (message, help) = shown_in_plan(&format!("{STOP}\n{LEVELS}\nrest: «trial»"));
    assert_eq!(
        (message.as_str(), help.as_str()),
        ("`trial` is not known here", "did you mean `trail`? choose one of: close, trail")
    );
    shown_in_plan("stop_loss: { at: 2%, trigger: «index» }");
    shown_in_plan(&format!("{STOP}\n{LEVELS}\nstop_ladder: «previous»"));
    shown_in_plan(&format!("{STOP}\n{LEVELS}\nstop_ladder: {{ «levels_behind»: 2 }}"));
    shown_in_plan(&format!("{STOP}\n{LEVELS}\ninstant_take_profit: «yes»"));
    shown("accounts: { a: { venue: «kraken» } }");
    shown("accounts: { a: { mode: «paper-live» } }");
}

#[test]
fn syntax_errors_get_a_caret() {
    shown("plans:\n  p:\n    stop_loss: { at: 2%\n    take_profits«:» [");
    shown("accounts:\n\t«a»: {}");
    shown("plans:\n  p:\n    stop_loss: { at: 2% }\n   «r»est: trail");
    let (_, help) = shown("plans: { p: { stop_loss: { at: «@» 102.50 } } }");
    assert!(help.contains("\"@ 102.50\""), "{help}");
    shown("plans: «[»]");
    shown("accounts: «3»");
    shown("plans: { p: { take_profits: «3%» } }");
}

#[test]
fn duplicate_keys_get_a_caret() {
    let (message, _) = shown_in_plan("stop_loss: { at: 2% }\n«stop_loss»: { at: 3% }");
    assert_eq!(message, "`stop_loss` stands here twice");
    shown_in_plan("stop_loss: { at: 2%, «at»: 3% }");
    shown("plans:\n  p: {}\n  «p»: {}");
    shown("{\"accounts\": {}, «\"accounts\"»: {}}");
}

#[test]
fn levels_that_do_not_fit_get_a_caret() {
    let (message, _) =
        shown_in_plan(&format!("{STOP}\ntake_profits:\n  - {{ at: 5%, close: 50% }}\n  - {{ at: «3%», close: 50% }}"));
    assert!(message.starts_with("profit levels must be in ascending order: level 2 at 3%"), "{message}");
    let (message, help) =
        shown_in_plan(&format!("{STOP}\ntake_profits: [{{ at: 3%, close: 60% }}, {{ at: 5%, close: «60%» }}]"));
    assert_eq!(message, "the levels close 120 % in all; make it 100 %, or less with `rest: trail`");
    assert!(help.contains("on_invalid: fallback"), "{help}");
    shown_in_plan(&format!("{STOP}\ntake_profits: [{{ at: 3%, close: «140%» }}]"));
    shown_in_plan(&format!("{STOP}\ntake_profits: [{{ at: 3%, close: «-40%» }}]"));
    shown_in_plan(&format!("{STOP}\ntake_profits: [«{{» at: 3% }}]"));
    shown_in_plan(&format!("{STOP}\ntake_profits: [«{{» close: 40% }}]"));
}

#[test]
fn trails_that_do_not_work_get_a_caret() {
    let (message, help) = shown_in_plan(&format!("{STOP}\n{LEVELS}\ntrailing: {{ activation: 2.5%, distance: «3%» }}"));
    assert!(message.starts_with("activation 2.5% with distance 3% can close 0.6 % below entry"), "{message}");
    assert!(help.contains("allow_loss: true"), "{help}");
    shown_in_plan(&format!("{STOP}\n{LEVELS}\ntrailing: {{ distance: «0%» }}"));
    shown_in_plan(&format!("{STOP}\n{LEVELS}\ntrailing: {{ distance: «-2%» }}"));
    shown_in_plan(&format!("{STOP}\n{LEVELS}\ntrailing: {{ distance: «100%» }}"));
    shown_in_plan(&format!("{STOP}\n{LEVELS}\ntrailing: {{ distance: «5% margin» }}"));
    shown_in_plan(&format!("{STOP}\n{LEVELS}\ntrailing: {{ distance: «.nan» }}"));
    shown_in_plan(&format!("{STOP}\n{LEVELS}\ntrailing: «{{» activation: 5% }}"));
    shown_in_plan(&format!("{STOP}\nrest: «trail»\ntake_profits: [{{ at: 3%, close: 40% }}]"));
}

#[test]
fn stops_that_are_none_get_a_caret() {
    shown_in_plan(&format!("stop_loss: {{ at: «2 R» }}\n{LEVELS}"));
    shown_in_plan(&format!("stop_loss: {{ at: «100%» }}\n{LEVELS}"));
    shown_in_plan(&format!("stop_loss: «{{» trigger: mark }}\n{LEVELS}"));
    shown(&format!("plans:\n  «p»:\n    {LEVELS}"));
    shown(&format!("plans:\n  «p»:\n    {STOP}"));
}

#[test]
fn what_this_version_cannot_do_is_said_with_a_caret() {
    for venue in ["binance", "aster", "bitget", "ig", "paper"] {
        let (message, help) = shown(&format!("accounts: {{ a: {{ venue: {venue}, mode: «live» }} }}"));
        assert_eq!(message, "mode `live` is not available: this version plays every venue on paper");
        assert!(help.contains("mode: observe"), "{help}");
    }
}

#[test]
fn a_word_that_a_venue_does_not_have_is_said_with_a_caret() {
    shown("accounts: { a: { venue: bitget, account_kind: «uta» } }");
    shown("accounts: { a: { venue: binance, position_mode: «both» } }");
    let (message, help) = shown("accounts: { a: { venue: ig, position_mode: «hedge» } }");
    assert_eq!(message, "ig keeps a position for each deal; it has no `position_mode`");
    assert_eq!(help, "leave `position_mode` out");
    let (message, _) = shown("accounts: { a: { venue: aster, account_kind: «unified» } }");
    assert_eq!(message, "aster has no kinds of accounts; only bitget has");
}

#[test]
fn what_tranches_slices_and_soft_stops_cannot_be_is_said_with_a_caret() {
    let cases = [
        ("tranches: «{» new_when_loss: 3%, max: 3 }", "a new one at a loss of 3%, but the stop closes at 2%"),
        ("tranches: «{» max: 3 }", "tranches does not say at which loss a new one is opened"),
        ("tranches: «{» new_when_loss: 1%, max: 40 }", "tranches: 40 at once; make it 1 to 16"),
        ("close_slices: «101»", "close_slices 101: make it 1 to 100"),
        ("soft_stop: «{» at: 2.5%, patience: 30s }", "soft_stop 2.5% does not lie nearer than stop_loss 2%"),
        ("soft_stop: «{» at: 1% }", "soft_stop needs to say where, and how long"),
    ];
    for (written, says) in cases {
        let (message, help) = shown_in_plan(&format!("{STOP}\n{LEVELS}\n{written}"));
        assert!(message.contains(says), "{written}: {message}");
        assert!(!help.is_empty(), "{written}");
    }
    let level = "take_profits: [{ at: «3%», close: 100%, trail: 1% }]";
    let (message, _) = shown_in_plan(&format!("{STOP}\n{level}"));
    assert!(message.contains("level 1 says `trail`"), "{message}");
}

#[test]
fn plans_that_do_not_exist_get_a_caret_and_the_names_there_are() {
    let (message, help) = shown("accounts: { a: { plan: «swng» } }");
    assert_eq!(
        (message.as_str(), help.as_str()),
        ("there is no plan `swng`", "write it below `plans`, or choose one of: swing")
    );
    shown("accounts: { a: { plans: { BTCUSDT: «x» } } }");
}

#[test]
fn a_plan_that_is_wrong_is_told_of_once_and_not_again_by_who_uses_it() {
    let text = "plans: { p: { stop_loss: { at: 0% }, take_profits: [{ at: 3%, close: 100% }] } }\n\
                accounts: { a: { plan: p }, b: { plans: { BTCUSDT: p } }, c: { plan: q } }";
    let told = Config::parse(text, "backstop.yaml").unwrap_err().plain();
    assert!(told.contains("there is no plan `q`"), "{told}");
    assert!(!told.contains("there is no plan `p`"), "{told}");
}

#[test]
fn instruments_that_make_no_sense_get_a_caret() {
    for culprit in [
        "min_quantity: «-1»",
        "tick: «0»",
        "tick: «-0.1»",
        "tick: «1e-3»",
        "step: «0»",
        "step: «.nan»",
        "maker_fee: «60%»",
        "min_quantity: 2, max_quantity: «1»",
        "min_notional: «-5»",
        "value_per_point: «0»",
        "value_per_point: «-10»",
        "leverage: «0»",
        "leverage: «1.5»",
        "leverage: «5000»",
        "min_quantity: «\"1,5\"»",
        "min_notional_waived: «1»",
        "tick: «0.0000000000001»",
        "min_stop_distance: «2»",
        "min_stop_distance: «0 pt»",
        "min_stop_distance: «2 R»",
        "min_stop_distance: «1.5 atr»",
        "guaranteed_stop: { premium: «0.8» }",
        "guaranteed_stop: { premium: «0.1%» }",
        "guaranteed_stop: { min_distance: «1 R» }",
        "guaranteed_stop: { «fee»: 1 pt }",
        "week_ends: «\"22:00 Europe/London\"»",
        "week_ends: «\"Fry 22:00 Europe/London\"»",
        "week_ends: «\"Fri 22:00 Europe/Londn\"»",
        "week_ends: «Fri»",
        "hours: { zone: «Europe/Londn», week: [Mon-Fri 08:00-22:00] }",
        "hours: { zone: «UTC», week: [] }",
        "hours: { zone: UTC, week: [«08:00-22:00»] }",
        "hours: { zone: UTC, week: [«Mo-Fri 08:00-22:00»] }",
        "hours: { zone: UTC, week: [«Mon-Fri 08:00-25:00»] }",
        "hours: { zone: UTC, week: [«Mon-Fri 08:00»] }",
        "hours: { zone: UTC, week: [Mon 08:00-22:00], days: [«2026-02-30 shut»] }",
        "hours: { zone: UTC, week: [Mon 08:00-22:00], days: [«2026-12-24 closed»] }",
    ] {
        shown(&format!("instruments:\n  BTCUSDT: {{ {culprit} }}"));
    }
    shown("instruments: { «BTC USDT»: {} }");
}

#[test]
fn a_guaranteed_stop_is_refused_where_there_is_none() {
    let plan = format!("plans:\n  p:\n    stop_loss: {{ at: 2%, guaranteed: require }}\n    {LEVELS}\n");
    for venue in ["paper", "binance", "aster", "bitget"] {
        let (message, _) = shown(&format!("{plan}accounts:\n  a: {{ venue: {venue}, plan: «p» }}\n"));
        assert_eq!(message, format!("plan `p` requires a guaranteed stop, and {venue} has none"));
    }
    shown(&format!("{plan}accounts:\n  a: {{ venue: binance, plans: {{ BTCUSDT: «p» }} }}\n"));
    assert!(Config::parse(&format!("{plan}accounts:\n  a: {{ venue: ig, plan: p }}\n"), "x").is_ok());
    shown_in_plan(&format!("stop_loss: {{ at: 2%, guaranteed: «always» }}\n{LEVELS}"));
    shown("accounts: { a: { hard_stop: { at: 2%, guaranteed: «prefer» } } }");
    shown("accounts: { a: { venue: binance, split_entries: «true» } }");
}

#[test]
fn names_and_times_that_cannot_be_get_a_caret() {
    shown(&format!("plans:\n  «my plan»:\n    {STOP}\n    {LEVELS}"));
    shown("accounts: { «größe»: {} }");
    shown_in_plan(&format!("{STOP}\n{LEVELS}\nclose_at: «\"21:55 Europe/Berln\"»"));
    shown_in_plan(&format!("{STOP}\n{LEVELS}\nclose_at: «\"25:00 UTC\"»"));
    shown_in_plan(&format!("{STOP}\n{LEVELS}\ntime_limit: «1 month»"));
    shown_in_plan(&format!("{STOP}\n{LEVELS}\nstop_ladder: {{ targets_behind: «0» }}"));
    shown_in_plan(&format!("{STOP}\n{LEVELS}\nstop_ladder: {{ percent_below_high: «100%» }}"));
    shown_in_plan(&format!("{STOP}\n{LEVELS}\nuntil_warm: «0%»"));
    shown_in_plan(&format!("{STOP}\n{LEVELS}\nuntil_warm: «-3%»"));
    shown_in_plan(&format!("{STOP}\n{LEVELS}\nbreakeven_at: «0%»"));
    shown_in_plan(&format!("{STOP}\n{LEVELS}\nmax_slice_notional: «0»"));
}

#[test]
fn limits_of_an_account_that_would_let_nothing_through_are_shown() {
    let limited = |lines: &str| shown(&format!("accounts:\n  a: {{ {lines} }}\n")).0;
    assert_eq!(limited("max_daily_loss: «0%», flatten: true"), "max_daily_loss `0%` would be reached by the first fee");
    assert_eq!(limited("max_notional: «0»"), "max_notional `0` would let nothing through");
    assert_eq!(shown("accounts: { «a»: { symbols: [] } }").0, "account `a`: symbols is empty");
    assert!(limited("hard_stop: «{» at: 100% }").ends_with("a stop 100 % away or more protects nothing"));
}

#[test]
fn everything_that_is_wrong_is_shown_at_once() {
    let text =
        "accounts: { a: { plan: nope } }\nplans:\n  p:\n    stop_loss: { at: 2 }\ninstruments: { X: { tick: 0 } }\n";
    let wrong = Config::parse(text, "backstop.yaml").unwrap_err();
    let lines: Vec<_> = wrong.problems().iter().map(|problem| problem.at.unwrap().line).collect();
    assert_eq!(lines, [1, 4, 5]);
    assert!(wrong.to_string().ends_with("(and 2 more)"), "{wrong}");
}

#[test]
fn letters_of_several_bytes_do_not_move_the_caret() {
    shown("# größer – “better”\nplans: { p: { «größe»: 3 } } # ∞");
}

#[test]
fn a_very_long_line_is_shown_around_the_culprit() {
    let text = format!("plans: {{ p: {{ stop_loss: {{ at: 2% }}, {}take_profit: [] }} }}", " ".repeat(5000));
    let plain = Config::parse(&text, "x").unwrap_err().plain();
    let lines: Vec<&str> = plain.lines().collect();
    let caret = lines[3].find('^').unwrap();
    assert!(lines[2][caret..].starts_with("take_profit:") && plain.len() < 900, "{plain}");
}

#[test]
fn nothing_in_a_file_steers_the_terminal() {
    let wrong = Config::parse("plans: { \"\\e[31mred\": { stop: 1 } }\n# \u{9b}31m\n", "x").unwrap_err();
    assert!(!wrong.plain().contains(['\u{1b}', '\u{9b}']), "{:?}", wrong.plain());
    let wrong = Config::parse("{ \"\\e[31mred\": 1 }", "x").unwrap_err();
    assert!(!wrong.plain().contains('\u{1b}') && !wrong.to_string().contains('\u{1b}'), "{:?}", wrong.plain());
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let missing = Config::load(Path::new("/nowhere/backstop.yaml")).unwrap_err();
    assert!(missing.plain().starts_with("/nowhere/backstop.yaml: error: cannot be read"), "{}", missing.plain());
    assert!(missing.drawn().contains("cannot be read"));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.yaml");
    std::fs::write(&path, [0xff, 0xfe, 0x00]).unwrap();
    assert!(Config::load(&path).unwrap_err().plain().contains("is not UTF-8"));
    std::fs::write(&path, vec![b'#'; 1024 * 1024 + 1]).unwrap();
    assert!(Config::load(&path).unwrap_err().plain().contains("larger than 1 MiB"));
}

#[test]
fn unsafe_and_helpless_answers_to_refused_stops_get_a_caret() {
    let told = |lines: &str| shown(&format!("accounts:\n  a:\n    on_refusal: {lines}\n"));
    let (message, help) = told("{ throttled: [again, «reprice»] }");
    assert_eq!(message, "`reprice` is no answer to this refusal");
    assert_eq!(help, "choose among: again, reduce, close; `close` and `reduce` from the second on");
    assert!(told("{ filter: [«close»] }").0.contains("after a single refusal"));
    assert!(told("{ margin: [«reduce», again] }").0.contains("after a single refusal"));
    assert!(told("{ other: «[»again, again, again, close] }").0.contains("one to three steps"));
    assert!(told("{ filter: «[»] }").0.contains("one to three steps"));
    // What is through the stop is always closed, and what cannot be helped is tried again.
    for class in [
        "would_trigger",
        "duplicate_id",
        "locked_out",
        "maintenance",
        "not_found",
        "not_sent",
        "too_far",
        "too_near",
        "wrong_mode",
    ] {
        let (message, _) = told(&format!("{{ «{class}»: [again] }}"));
        assert!(message.contains(class), "{message}");
    }
    assert!(told("{ filter: [again, «never»] }").0.contains("never"));
}
