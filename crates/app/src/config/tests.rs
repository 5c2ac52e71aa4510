//! What a file becomes, and what its owner is shown when it cannot be used.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use super::*;
use backstop_model::plan::{BreakEven, Guaranteed, Rest, StopLadder, TrailDistance, TrailedBy};
use backstop_model::{
    Distance, Instrument, InstrumentId, LeastDistance, Money, OnUnprotectable, PositionMode, Price, Quantity, Ratio,
    RefusalReason, RefusalStep, Span, TriggerSource,
};

use backstop_sim as sim;

mod carets;

/// The example of product.md §2, word for word.
const EXAMPLE: &str = "\
accounts:
  main:
    venue: binance          # binance | aster | bitget | ig | paper
    mode: paper             # observe | paper | live
    plan: swing
    adopt: hard_stop        # propose | hard_stop | plan
    max_daily_loss: 3%      # of equity: alert and no new entries; `flatten: true` to close as well
plans:
  swing:
    stop_loss: { at: 2%, trigger: mark }
    take_profits:
      - { at: 3%, close: 40% }
      - { at: 5%, close: 30% }
    rest: trail                      # the last 30% runs
    trailing: { activation: 5%, distance: 2%, by: venue }          # venue | amend | engine
    stop_ladder: previous_target     # none | breakeven | previous_target | { targets_behind: 2 } | { percent_below_trigger: 1% } | { percent_below_high: 1% }
    breakeven: net                   # net | plain
    target_order: limit              # limit | post_only | market
    instant_take_profit: true
    time_limit: 3d
    close_at: \"21:55 Europe/Berlin\"
instruments:                         # optional: overrides and paper/backtest instruments
  BTCUSDT: { tick: 0.1, step: 0.001, min_quantity: 0.001, min_notional: 100, maker_fee: 0.02%, taker_fee: 0.05%, leverage: 10 }
";

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn symbol(text: &str) -> Symbol {
    Symbol::new(text).unwrap()
}

fn percent(text: &str) -> Ratio {
    Ratio::percent(text).unwrap()
}

/// A plan with `more` lines below a stop of 2 % and one level at 3 %.
fn plan_with(more: &str) -> String {
    let lines: String = more.lines().map(|line| format!("    {line}\n")).collect();
    format!("plans:\n  p:\n    stop_loss: {{ at: 2% }}\n    take_profits: [{{ at: 3%, close: 100% }}]\n{lines}")
}

fn read(text: &str) -> Config {
    Config::parse(text, "backstop.yaml").unwrap_or_else(|wrong| panic!("{}", wrong.plain()))
}

fn plan_of(more: &str) -> Arc<ExitPlan> {
    Arc::clone(read(&plan_with(more)).plan(name("p")).unwrap())
}

#[test]
fn the_example_of_the_specification_is_read_as_a_whole() {
    let config = read(EXAMPLE);
    let [main] = config.accounts.as_slice() else { panic!("{:?}", config.accounts) };
    assert_eq!(
        (main.name, main.venue, main.mode, main.adopt),
        (name("main"), Venue::Binance, Mode::Paper, Adopt::HardStop)
    );
    assert_eq!((main.plan, main.max_daily_loss, main.flatten), (Some(name("swing")), Some(percent("3")), false));
    let plan = config.plan(name("swing")).unwrap();
    assert_eq!((plan.stop_loss.at, plan.stop_loss.trigger), (Distance::Percent(percent("2")), TriggerSource::Mark));
    let levels: Vec<_> = plan.take_profits.iter().map(|level| (level.at, level.close)).collect();
    let level = |at, close| (Distance::Percent(percent(at)), percent(close));
    assert_eq!(levels, [level("3", "40"), level("5", "30")]);
    let trail = plan.trailing.unwrap();
    assert_eq!((plan.rest, trail.by, trail.trigger), (Rest::Trail, TrailedBy::Venue, TriggerSource::Last));
    assert_eq!(
        (trail.activation, trail.distance),
        (Some(Distance::Percent(percent("5"))), TrailDistance::Percent(percent("2")))
    );
    assert_eq!((plan.stop_ladder, plan.breakeven), (StopLadder::PreviousTarget, BreakEven::Net));
    assert_eq!(plan.time_limit, Some(Span::from_secs(3 * 86_400)));
    let close_at = plan.close_at.clone().unwrap();
    assert_eq!((close_at.minute, close_at.zone.as_str()), (21 * 60 + 55, "Europe/Berlin"));
    let overrides = config.overrides(symbol("BTCUSDT"));
    assert_eq!(overrides.tick, Some("0.1".parse::<Price>().unwrap()));
    assert_eq!((overrides.maker_fee, overrides.taker_fee), (Some(percent("0.02")), Some(percent("0.05"))));
}

#[test]
fn an_account_says_how_its_venue_keeps_positions() {
    let account = |text: &str| read(&format!("accounts: {{ a: {{ {text} }} }}")).accounts.remove(0);
    for (text, mode, kind) in [
        ("venue: binance", PositionMode::OneWay, AccountKind::Classic),
        ("venue: aster, position_mode: hedge", PositionMode::Hedge, AccountKind::Classic),
        ("venue: bitget, account_kind: unified", PositionMode::OneWay, AccountKind::Unified),
        ("venue: bitget, account_kind: classic, position_mode: one_way", PositionMode::OneWay, AccountKind::Classic),
        ("venue: ig", PositionMode::PerDeal, AccountKind::Classic),
        ("venue: paper, position_mode: hedge", PositionMode::Hedge, AccountKind::Classic),
    ] {
        let account = account(text);
        assert_eq!((account.position_mode, account.account_kind), (mode, kind), "{text}");
    }
}

#[test]
fn what_becomes_of_positions_without_a_plan_is_told_as_it_is() {
    let told = |account: &str| {
        let plan = "{ stop_loss: { at: 2% }, take_profits: [{ at: 3%, close: 100% }] }";
        let text = format!("accounts:\n  main: {{ {account} }}\nplans:\n  a: {plan}\n  b: {plan}\n");
        read(&text).warnings.iter().map(|warning| warning.text.clone()).collect::<Vec<_>>().join("; ")
    };
    assert_eq!(told("plan: a"), "");
    assert_eq!(told("plans: { BTCUSDT: a }, symbols: [BTCUSDT]"), "");
    for (account, said) in [
        ("mode: paper", "it has no plan: what others open there gets a hard stop and nothing else"),
        ("adopt: plan", "it has no plan: what others open there gets a hard stop at once and nothing else"),
        ("adopt: propose", "it has no plan: what others open there is shown, and nothing is placed"),
        ("plans: { BTCUSDT: a }", "it has no plan for other symbols: what others open there gets a hard stop"),
        ("plans: { BTCUSDT: a }, symbols: [BTCUSDT, ETHUSDT]", "it has no plan for other symbols: what others"),
    ] {
        assert!(told(account).contains(said), "{account}: {}", told(account));
    }
}

#[test]
fn what_this_version_does_not_do_is_told() {
    let told: Vec<String> = read(EXAMPLE).warnings.iter().map(ToString::to_string).collect();
    let expected = [
        "account main: binance is played on paper: a simulated exchange with its rules and a generated market; nothing is sent to binance, its prices are not read",
    ];
    assert_eq!(told, expected);
}

#[test]
fn json_is_read_by_the_same_parser() {
    let json = r#"{"accounts":{"main":{"venue":"paper","plan":"p"}},
        "plans":{"p":{"stop_loss":{"at":"2%"},"take_profits":[{"at":"3%","close":"100%"}],"stop_ladder":{"targets_behind":2}}},
        "instruments":{"BTCUSDT":{"tick":0.10,"step":"0.001","leverage":20,"min_notional_waived":true}}}"#;
    let config = read(json);
    assert_eq!(config.plan(name("p")).unwrap().stop_ladder, StopLadder::TargetsBehind(2));
    let overrides = config.overrides(symbol("BTCUSDT"));
    assert!(overrides.min_notional_waived);
    assert_eq!(overrides.leverage.unwrap().to_string(), "20");
}

#[test]
fn a_plan_that_says_little_gets_the_documented_rest() {
    let plan = plan_of("");
    assert_eq!(
        (plan.stop_loss.trigger, plan.rest, plan.stop_ladder),
        (TriggerSource::Mark, Rest::Close, StopLadder::None)
    );
    assert_eq!((plan.breakeven, plan.trailing.is_none()), (BreakEven::Net, true));
    assert!(plan.instant_take_profit && plan.fallback_to_single && !plan.allow_loss);
}

#[test]
fn the_stop_ladder_has_six_forms() {
    let forms = [
        ("none", StopLadder::None),
        ("breakeven", StopLadder::Breakeven),
        ("previous_target", StopLadder::PreviousTarget),
        ("{ targets_behind: 2 }", StopLadder::TargetsBehind(2)),
        ("{ percent_below_trigger: 1% }", StopLadder::PercentBelowTrigger(percent("1"))),
        ("{ percent_below_high: 1.5% }", StopLadder::PercentBelowHigh(percent("1.5"))),
    ];
    for (written, meant) in forms {
        assert_eq!(plan_of(&format!("stop_ladder: {written}")).stop_ladder, meant, "{written}");
    }
}

#[test]
fn a_trail_alone_is_a_way_out() {
    let config = read("plans: { p: { stop_loss: { at: 100 pt }, trailing: { activation: 25 pt, distance: 10 pt } } }");
    let plan = config.plan(name("p")).unwrap();
    assert_eq!((plan.rest, plan.trailing.unwrap().by), (Rest::Trail, TrailedBy::Amend));
}

#[test]
fn a_trail_in_points_is_amended_whatever_is_asked_and_that_is_said() {
    let config = read(&plan_with("trailing: { activation: 25 pt, distance: 10 pt, by: venue }"));
    assert_eq!(config.plan(name("p")).unwrap().trailing.unwrap().by, TrailedBy::Amend);
    assert_eq!(
        config.warnings[0].to_string(),
        "plan p: no venue trails by `10 pt`: the stop is amended instead (`by: amend`)"
    );
}

#[test]
fn shares_that_are_nearly_a_whole_are_normalised_and_that_is_said() {
    let levels = "[{ at: 3%, close: 33% }, { at: 5%, close: 33% }, { at: 8%, close: 33% }]";
    let config = read(&format!("plans: {{ p: {{ stop_loss: {{ at: 2% }}, take_profits: {levels} }} }}"));
    assert_eq!(config.warnings[0].to_string(), "plan p: Scaled TP percentages normalized from 99% to 100%");
}

#[test]
fn levels_out_of_order_may_fall_back_to_one() {
    let text = "plans:\n  p:\n    stop_loss: { at: 2% }\n    on_invalid: fallback\n    single_take_profit: 4%\n    take_profits: \
                [{ at: 5%, close: 50% }, { at: 3%, close: 50% }]\n";
    let config = read(text);
    assert_eq!(config.warnings[0].text, "Scaled TP disabled: profit levels must be in ascending order");
    assert_eq!(config.plan(name("p")).unwrap().take_profits.len(), 1);
}

#[test]
fn numbers_never_pass_through_binary_floating_point() {
    let config = read(&plan_with("").replace("2%", "2.1000000001%"));
    let at = config.plan(name("p")).unwrap().stop_loss.at;
    assert_eq!(at, Distance::Percent("0.021000000001".parse().unwrap()));
    let config =
        read("instruments: { X: { tick: 0.100000000001, min_notional: 12345678901234567.123456789012345678 } }");
    let overrides = config.overrides(symbol("X"));
    assert_eq!(overrides.tick.unwrap().to_string(), "0.100000000001");
    assert_eq!(overrides.min_notional.unwrap(), "12345678901234567.123456789012345678".parse::<Money>().unwrap());
}

#[test]
fn a_symbols_plan_is_closer_than_the_accounts() {
    let text =
        "accounts: { a: { plan: swing, plans: { ETHUSDT: p }, symbols: [BTCUSDT, ETHUSDT], max_notional: 5000 } }\n";
    let config = read(&format!("{text}{}", plan_with("")));
    let account = &config.accounts[0];
    assert_eq!(account.plan_for(symbol("ETHUSDT")), Some(name("p")));
    assert_eq!(account.plan_for(symbol("BTCUSDT")), Some(name("swing")));
    assert!(account.covers(symbol("BTCUSDT")) && !account.covers(symbol("SOLUSDT")));
    assert_eq!(account.max_notional, Some("5000".parse().unwrap()));
}

#[test]
fn without_configuration_there_is_a_paper_account_with_the_built_in_plan() {
    let built_in = Config::built_in().unwrap();
    assert_eq!((built_in.warnings.len(), built_in.accounts.len()), (0, 1));
    assert_eq!(built_in.accounts[0].plan_for(symbol("BTCUSDT")), Some(name("swing")));
    assert_eq!(built_in.plan(name("swing")).unwrap().close_at, None);
    assert_eq!(read("").accounts, built_in.accounts);
    assert_eq!(read(&plan_with("")).accounts[0].plan, Some(name("p")));
}

#[test]
fn several_plans_without_an_account_are_pointed_out() {
    let config = read(&format!(
        "{}  q:\n    stop_loss: {{ at: 1% }}\n    take_profits: [{{ at: 1%, close: 100% }}]\n",
        plan_with("")
    ));
    assert_eq!(config.accounts[0].plan, None);
    assert!(config.warnings[0].text.starts_with("no account says which plan"), "{:?}", config.warnings);
}

#[test]
fn an_instrument_is_what_is_said_then_what_was_seen_then_what_is_usual() {
    let config = read("instruments: { BTCUSDT: { step: 0.01, taker_fee: 0.04% } }");
    let seen = crate::recorded::Decimals { price: 1, quantity: Some(3) };
    let spec = config.overrides(symbol("BTCUSDT")).spec(InstrumentId(7), name("paper"), symbol("BTCUSDT"), seen);
    assert_eq!((spec.tick.to_string(), spec.step.to_string()), ("0.1".to_owned(), "0.01".to_owned()));
    assert_eq!(spec.min_quantity, "0.01".parse::<Quantity>().unwrap());
    assert_eq!((spec.taker_fee, spec.maker_fee), (percent("0.04"), percent("0.02")));
    assert_eq!((spec.leverage.unwrap().to_string(), spec.maintenance_margin), ("10".to_owned(), percent("0.4")));
    assert_eq!((spec.currency, spec.min_notional), (name("USDT"), Money::ZERO));
    assert_eq!(spec.least_distance, None);
    assert!(Instrument::try_from(spec).is_ok());
}

#[test]
fn a_least_distance_is_in_points_or_percent_and_the_paper_venue_keeps_it() {
    for (written, least, kept) in [
        ("2 pt", LeastDistance::Points("2".parse().unwrap()), sim::Distance::InPoints("2".parse().unwrap())),
        ("0.1%", LeastDistance::Share(percent("0.1")), sim::Distance::OfPrice(percent("0.1"))),
    ] {
        let config = read(&format!("instruments: {{ BTCUSDT: {{ min_stop_distance: {written} }} }}"));
        let made = crate::paper::instrument(&config, symbol("BTCUSDT"), crate::recorded::Decimals::default()).unwrap();
        assert_eq!(made.least_distance, Some(least));
        assert_eq!(crate::paper::exchange_rules(&made).dealing.map(|dealing| dealing.min_distance), Some(kept));
    }
    let made = crate::paper::instrument(&read("{}"), symbol("BTCUSDT"), crate::recorded::Decimals::default()).unwrap();
    assert_eq!(crate::paper::exchange_rules(&made).dealing, None);
}

#[test]
fn the_paper_venue_reckons_with_the_value_of_a_point_that_is_written() {
    // F-G06.
    let config = read("instruments: { BTCUSDT: { value_per_point: 12.5 } }");
    let made = crate::paper::instrument(&config, symbol("BTCUSDT"), crate::recorded::Decimals::default()).unwrap();
    let value: Ratio = "12.5".parse().unwrap();
    let kept = crate::paper::exchange_rules(&made).dealing.map(|dealing| dealing.value_per_point);
    assert_eq!((made.value_per_point, kept), (value, Some(value)));
}

#[test]
fn every_example_is_valid_and_without_warnings() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "yaml") {
            let config = Config::load(&path).unwrap_or_else(|wrong| panic!("{}", wrong.plain()));
            assert_eq!(config.warnings, [], "{}", path.display());
            assert!(config.accounts[0].plan.is_some(), "{}", path.display());
            count += 1;
        }
    }
    assert!(count >= 8, "{count} examples");
}

#[test]
fn a_byte_order_mark_and_foreign_line_ends_do_no_harm() {
    assert!(Config::parse(&format!("\u{feff}{}", plan_with("").replace('\n', "\r\n")), "x").is_ok());
}

#[test]
fn the_schema_describes_every_section() {
    let schema = schema();
    for section in ["accounts", "plans", "instruments"] {
        assert!(schema["properties"][section].is_object(), "{section} is missing in {schema:#}");
    }
    assert_eq!(schema["additionalProperties"], false);
    assert_eq!(schema["$defs"]["StopLoss"]["additionalProperties"], false);
    assert!(schema["$defs"]["Distance"]["pattern"].is_string());
}

#[test]
fn an_account_says_what_is_done_when_a_stop_is_refused_or_none_can_be_had() {
    let with = |lines: &str| format!("accounts:\n  main:\n    {lines}\n");
    let chosen = |lines: &str| read(&with(lines)).accounts[0].refusals.on_unprotectable;
    assert_eq!(chosen("adopt: plan"), OnUnprotectable::CloseWithin(percent("0.5")));
    assert_eq!(chosen("on_unprotectable: 1.5%"), OnUnprotectable::CloseWithin(percent("1.5")));
    assert_eq!(chosen("on_unprotectable: close"), OnUnprotectable::Close);
    assert_eq!(chosen("on_unprotectable: keep_trying"), OnUnprotectable::KeepTrying);
    let config = read(&with("on_refusal: { filter: [reprice, close], throttled: [again, again, reduce] }"));
    let (refusals, [again, reduce]) = (&config.accounts[0].refusals, [RefusalStep::Again, RefusalStep::Reduce]);
    assert_eq!(refusals.chosen(RefusalReason::Throttled), Some([again, again, reduce]));
    let [reprice, close] = [RefusalStep::Reprice, RefusalStep::Close];
    assert_eq!(refusals.chosen(RefusalReason::Filter), Some([reprice, close, close]));
    assert_eq!(refusals.chosen(RefusalReason::Other), None);
}

#[test]
fn an_account_has_a_stop_for_what_others_open_and_may_go_without_fire_drills() {
    let with = |key: &str| format!("accounts:\n  a:\n    {key}\n{}", plan_with(""));
    let config = read(&with("hard_stop: { at: 25 pt, trigger: last }\n    fire_drill: false"));
    let stop = config.accounts[0].hard_stop.unwrap();
    assert_eq!((stop.at.to_string().as_str(), stop.trigger.word()), ("25 pt", "last"));
    let guaranteed = read(&with("venue: ig\n    hard_stop: { at: 25 pt, guaranteed: require }"));
    assert_eq!(guaranteed.accounts[0].hard_stop.unwrap().guaranteed, Guaranteed::Require);
    assert!(!config.accounts[0].fire_drill);
    assert!(read(&with("adopt: plan")).accounts[0].fire_drill);
    for (wrong, said) in
        [("{ at: \"@ 100\" }", "is of one position only"), ("{ trigger: last }", "hard_stop does not say where")]
    {
        let told = Config::parse(&with(&format!("hard_stop: {wrong}")), "b.yaml").unwrap_err().plain();
        assert!(told.contains(said) && told.contains("b.yaml:3"), "{told}");
    }
}
