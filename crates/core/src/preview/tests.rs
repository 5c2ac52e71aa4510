//! The worked example of product.md §2.2, and what people are warned of.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod assumptions;
mod ladder;
mod unused;

use super::*;
use crate::tests::instrument_spec;
use backstop_model::plan::{
    OnInvalid, Rest, Slices, StopLadder, StopLoss, TakeProfit, TakeProfits, TargetOrder, TrailDistance, TrailingStop,
    Tranches,
};
use backstop_model::{
    Distance, ExitPlanSpec, FlaggedExits, GuaranteedTerms, InstrumentSpec, LeastDistance, LimitTargets, Name,
    RestingTargets, SizedStops, Span, TrailingLimits, TriggerSource,
};

fn price(text: &str) -> Price {
    text.parse().unwrap()
}

fn percent(text: &str) -> Ratio {
    Ratio::percent(text).unwrap()
}

fn spec() -> InstrumentSpec {
    InstrumentSpec { leverage: Some(10.try_into().unwrap()), maintenance_margin: percent("0.5"), ..instrument_spec() }
}

fn plan() -> ExitPlanSpec {
    let level = |at, close| TakeProfit::new(Distance::Percent(percent(at)), percent(close));
    let levels = vec![level("3", "40"), level("5", "30"), level("8", "30")];
    ExitPlanSpec {
        take_profits: TakeProfits::new(levels, false, OnInvalid::Refuse, None).unwrap().0,
        stop_ladder: StopLadder::PreviousTarget,
        breakeven: BreakEven::Plain,
        instant_take_profit: false,
        ..ExitPlanSpec::new(
            Name::new("swing").unwrap(),
            StopLoss::new(Distance::Percent(percent("2")), TriggerSource::Mark),
        )
    }
}

fn shown(plan: ExitPlanSpec, spec: InstrumentSpec, side: PositionSide) -> Preview {
    let (plan, instrument) = (ExitPlan::try_from(plan).unwrap(), Instrument::try_from(spec).unwrap());
    let (capability, entry, quantity) = (capability(), price("50000"), "0.1".parse().unwrap());
    let volatility = &Volatility::default();
    let costs = AssumedCosts::NONE;
    let (plan, instrument, capability) = (&plan, &instrument, &capability);
    preview(&Case { plan, instrument, capability, side, entry, quantity, volatility, costs }).unwrap()
}

fn capability() -> Capability {
    Capability {
        native_trailing: Some(TrailingLimits {
            smallest: percent("0.1"),
            largest: percent("20"),
            step: percent("0.1"),
        }),
        amend_stop: false,
        reduce_only: true,
        whole_stop: false,
        flagged_exits: FlaggedExits::Every,
        guaranteed_stops: false,
        only_trigger: None,
        entry_stop: false,
        sized_stops: SizedStops::Beside,
        limit_targets: LimitTargets::InBook,
        resting_targets: RestingTargets::Every,
        request_validity: Span::from_secs(3),
    }
}

fn lines(preview: &Preview) -> Vec<String> {
    let line = |row: &Row| {
        let stop = row.stop_after.map_or_else(|| "-".to_owned(), |stop| stop.to_string());
        format!(
            "{} {} closes {} leaves {} stop {stop} realised {} worst {} net {}",
            row.event, row.price, row.closes, row.remaining, row.realised, row.worst_gross, row.worst_net
        )
    };
    preview.rows.iter().map(line).collect()
}

#[test]
fn the_worked_example_of_the_specification() {
    let shown = shown(plan(), spec(), PositionSide::Long);
    let expected = [
        "entry 50000 closes 0 leaves 0.1 stop 49000 realised 0 worst -100 net -100",
        "TP1 51500 closes 0.04 leaves 0.06 stop 50000 realised 60 worst 60 net 60",
        "TP2 52500 closes 0.03 leaves 0.03 stop 51500 realised 135 worst 180 net 180",
        "TP3 54000 closes 0.03 leaves 0 stop - realised 255 worst 255 net 255",
    ];
    assert_eq!(lines(&shown), expected);
    assert_eq!(shown.liquidation, Some(price("45250")));
    assert_eq!(shown.stop_on_the_way.unwrap().to_string(), "21.052631579");
    assert_eq!(shown.warnings, Vec::<String>::new());
}

#[test]
fn the_short_mirror_and_its_fees() {
    let mut costs = spec();
    (costs.maker_fee, costs.taker_fee) = (percent("0.02"), percent("0.05"));
    let shown = shown(plan(), costs, PositionSide::Short);
    let expected = [
        "entry 50000 closes 0 leaves 0.1 stop 51000 realised 0 worst -100 net -105.05",
        "TP1 48500 closes 0.04 leaves 0.06 stop 50000 realised 60 worst 60 net 55.612",
        "TP2 47500 closes 0.03 leaves 0.03 stop 48500 realised 135 worst 180 net 176.0995",
        "TP3 46000 closes 0.03 leaves 0 stop - realised 255 worst 255 net 251.551",
    ];
    assert_eq!(lines(&shown), expected);
    assert_eq!(shown.net_break_even, Some(price("49949.9")));
    assert_eq!(shown.liquidation, Some(price("54750")));
}

#[test]
fn a_stop_near_the_liquidation_is_warned_of() {
    let mut leveraged = spec();
    leveraged.leverage = Some(40.try_into().unwrap());
    let shown = shown(plan(), leveraged, PositionSide::Long);
    assert_eq!(
        shown.warnings,
        [
            "stop 49000 lies 100.0 % of the way to liquidation at 49000, more than 70 %: the plan is not armed; the farthest place is 49300: lower the leverage or tighten the stop"
        ]
    );
}

#[test]
fn levels_below_the_minimum_and_trails_that_lose_are_warned_of() {
    let mut small = spec();
    small.min_quantity = "0.035".parse().unwrap();
    let mut risky = plan();
    risky.trailing = Some(TrailingStop {
        activation: Some(Distance::Percent(percent("2.5"))),
        distance: TrailDistance::Percent(percent("3")),
        by: TrailedBy::Amend,
        trigger: TriggerSource::Last,
        trigger_is_usual: false,
        follow: false,
    });
    risky.allow_loss = true;
    let shown = shown(risky, small, PositionSide::Long);
    assert_eq!(
        shown.warnings,
        [
            "TP2 skipped: quantity 0.03 below minimum 0.035, its share goes to TP3",
            "activation 2.5% with distance 3% can close 0.6% below entry: active from 51250 the trail is at 49712.5"
        ]
    );
}

#[test]
fn without_a_leverage_nothing_is_said_of_liquidation() {
    let mut unknown = spec();
    unknown.leverage = None;
    let shown = shown(plan(), unknown, PositionSide::Long);
    assert_eq!((shown.liquidation, shown.stop_on_the_way), (None, None));
}

/// Product.md §2.2: after the last level nothing remains. For a short the minimum grows on the way, because the same
/// notional needs more of a cheaper thing.
#[test]
fn what_the_last_level_of_a_short_cannot_close_the_one_before_closes() {
    let mut costly = spec();
    costly.min_notional = "100".parse().unwrap();
    let mut halves = plan();
    let level = |at, close| TakeProfit::new(Distance::Percent(percent(at)), percent(close));
    halves.take_profits =
        TakeProfits::new(vec![level("1", "50"), level("5", "50")], false, OnInvalid::Refuse, None).unwrap().0;
    let (plan, instrument) = (ExitPlan::try_from(halves).unwrap(), Instrument::try_from(costly).unwrap());
    let (capability, side) = (capability(), PositionSide::Short);
    let (entry, quantity) = (price("51000"), "0.004".parse().unwrap());
    let case = Case {
        plan: &plan,
        instrument: &instrument,
        capability: &capability,
        side,
        entry,
        quantity,
        volatility: &Volatility::default(),
        costs: AssumedCosts::NONE,
    };
    let shown = preview(&case).unwrap();
    assert_eq!(
        lines(&shown)[1..],
        [
            "TP1 50490 closes 0.004 leaves 0 stop - realised 2.04 worst 2.04 net 2.04",
            "TP2 48450 closes 0 leaves 0 stop - realised 2.04 worst 2.04 net 2.04",
        ]
    );
    assert_eq!(shown.warnings[0], "TP2 skipped: quantity 0.002 below minimum 0.003, its share goes to TP1");
}

#[test]
fn what_is_no_price_is_named_and_not_armed() {
    let far = |at| {
        let mut plan = plan();
        let level = TakeProfit::new(Distance::Percent(percent(at)), Ratio::ONE);
        plan.take_profits = TakeProfits::new(vec![level], false, OnInvalid::Refuse, None).unwrap().0;
        let (plan, instrument) = (ExitPlan::try_from(plan).unwrap(), Instrument::try_from(spec()).unwrap());
        let (capability, side) = (capability(), PositionSide::Short);
        let (entry, quantity) = (price("50000"), "0.1".parse().unwrap());
        preview(&Case {
            plan: &plan,
            instrument: &instrument,
            capability: &capability,
            side,
            entry,
            quantity,
            volatility: &Volatility::default(),
            costs: AssumedCosts::NONE,
        })
    };
    let wrong = far("1000").unwrap_err().to_string();
    assert_eq!(
        wrong,
        "level 1 at 1000% lies at no price for the entry 50000: prices are greater than zero; make it nearer"
    );
    assert!(far("99").is_ok());
}

#[test]
fn where_one_target_can_rest_the_others_are_backstops() {
    let (plan, instrument) = (ExitPlan::try_from(plan()).unwrap(), Instrument::try_from(spec()).unwrap());
    let one = Capability { resting_targets: RestingTargets::Last, whole_stop: true, ..capability() };
    let (side, entry, quantity) = (PositionSide::Long, price("50000"), "0.1".parse().unwrap());
    let case = Case {
        plan: &plan,
        instrument: &instrument,
        capability: &one,
        side,
        entry,
        quantity,
        volatility: &Volatility::default(),
        costs: AssumedCosts::NONE,
    };
    let shown = preview(&case).unwrap();
    assert_eq!(
        shown.rests_at_venue,
        [
            "the stop: a stop-market order over the whole position that watches the mark price",
            "TP3: limit that closes whatever is left"
        ]
    );
    assert_eq!(shown.done_by_backstop[0], "TP1, TP2: watched, and closed when the price is there");
}

#[test]
fn the_ladder_says_what_becomes_of_the_stop_that_rests() {
    let ladder = ExitPlanSpec { stop_ladder: StopLadder::PreviousTarget, ..plan() };
    let (plan, instrument) = (ExitPlan::try_from(ladder).unwrap(), Instrument::try_from(spec()).unwrap());
    let how = |amend_stop: bool, whole_stop: bool| {
        let capability = Capability { amend_stop, whole_stop, ..capability() };
        let (side, entry, quantity) = (PositionSide::Long, price("50000"), "0.1".parse().unwrap());
        let (plan, instrument, capability, volatility) = (&plan, &instrument, &capability, &Volatility::default());
        let costs = AssumedCosts::NONE;
        let shown = preview(&Case { plan, instrument, capability, side, entry, quantity, volatility, costs }).unwrap();
        let line = shown.done_by_backstop.into_iter().find(|line| line.starts_with("the ladder: ")).unwrap();
        line.strip_prefix("the ladder: moves the stop when a level is completely filled, ").unwrap().to_owned()
    };
    assert_eq!(how(false, false), "by placing the new one before the old is cancelled");
    assert_eq!(how(false, true), "by placing the new one beside that for the whole position, which stays");
    assert_eq!((how(true, false), how(true, true)), ("in place".to_owned(), "in place".to_owned()));
}

#[test]
fn a_target_that_backstop_takes_itself_pays_as_one_that_takes() {
    let plan = ExitPlan::try_from(plan()).unwrap();
    let costly = InstrumentSpec { maker_fee: percent("0.02"), taker_fee: percent("0.05"), ..spec() };
    let instrument = Instrument::try_from(costly).unwrap();
    let fees_of_the_first = |resting_targets: RestingTargets| {
        let capability = Capability { resting_targets, whole_stop: true, ..capability() };
        let (side, entry, quantity) = (PositionSide::Long, price("50000"), "0.1".parse().unwrap());
        let (plan, instrument, capability, volatility) = (&plan, &instrument, &capability, &Volatility::default());
        let costs = AssumedCosts::NONE;
        let case = Case { plan, instrument, capability, side, entry, quantity, volatility, costs };
        let shown = preview(&case).unwrap();
        shown.rows.iter().find(|row| row.event == "TP1").unwrap().fees
    };
    // 0.03 % of 0.04 at 51,500.
    let more = fees_of_the_first(RestingTargets::Last).minus(fees_of_the_first(RestingTargets::Every)).unwrap();
    assert_eq!(more, "0.618".parse().unwrap());
}

/// -4164: a hedge account's exits cannot say that they only reduce (venues/binance.md §17, venues/aster.md §12).
#[test]
fn a_minimum_that_is_waived_for_flagged_exits_counts_where_none_can_be_flagged() {
    let waived =
        InstrumentSpec { min_notional: "1900".parse().unwrap(), min_notional_waived_for_exits: true, ..spec() };
    let (plan, instrument) = (ExitPlan::try_from(plan()).unwrap(), Instrument::try_from(waived).unwrap());
    let hedge = Capability { flagged_exits: FlaggedExits::Whole, whole_stop: true, ..capability() };
    let of = |capability: &Capability, quantity: &str| {
        let (side, entry, quantity) = (PositionSide::Long, price("50000"), quantity.parse().unwrap());
        let (plan, instrument, volatility, costs) = (&plan, &instrument, &Volatility::default(), AssumedCosts::NONE);
        preview(&Case { plan, instrument, capability, side, entry, quantity, volatility, costs }).unwrap().warnings
    };
    assert!(of(&capability(), "0.1").is_empty());
    let without_effect = "min_notional_waived has no effect: in this position mode no exit can be marked reduce-only, and the venue wants 1900 of each but the stop for the whole position";
    assert_eq!(
        of(&hedge, "0.1"),
        ["TP2 skipped: quantity 0.03 below minimum 0.037, its share goes to TP3", without_effect]
    );
    assert!(of(&hedge, "0.03").contains(&"quantity 0.03 is below the smallest order, 0.038 at the entry: the venue may refuse every exit but the stop for the whole position, which stays where it is placed first".to_owned()));
}

#[test]
fn where_there_is_one_stop_and_no_more_the_tighter_ones_are_watched() {
    let plan = ExitPlan::try_from(ExitPlanSpec { tranches: Tranches::PerFill, ..plan() }).unwrap();
    let instrument = Instrument::try_from(spec()).unwrap();
    let one = Capability { sized_stops: SizedStops::Absent, whole_stop: true, ..capability() };
    let case = Case {
        plan: &plan,
        instrument: &instrument,
        capability: &one,
        side: PositionSide::Long,
        entry: price("50000"),
        quantity: "0.1".parse().unwrap(),
        volatility: &Volatility::default(),
        costs: AssumedCosts::NONE,
    };
    let watched = preview(&case).unwrap().done_by_backstop;
    let told = "every further entry gets levels and a stop of its own; of those that share one stop at the venue the outermost rests, the tighter ones are watched; back in profit they become one";
    assert!(watched.iter().any(|line| line == told), "{watched:#?}");
}

#[test]
fn where_targets_wait_outside_the_book_they_are_said_to_and_pay_as_takers() {
    let (plan, costly) = (
        ExitPlan::try_from(plan()).unwrap(),
        InstrumentSpec { maker_fee: percent("0.02"), taker_fee: percent("0.05"), ..spec() },
    );
    let instrument = Instrument::try_from(costly).unwrap();
    let shown = |capability: &Capability| {
        preview(&Case {
            plan: &plan,
            instrument: &instrument,
            capability,
            side: PositionSide::Long,
            entry: price("50000"),
            quantity: "0.1".parse().unwrap(),
            volatility: &Volatility::default(),
            costs: AssumedCosts::NONE,
        })
        .unwrap()
    };
    let in_book = shown(&capability());
    let triggered = shown(&Capability { limit_targets: LimitTargets::Triggered, ..capability() });
    let line =
        "TP1, TP2, TP3: limit that only reduces, triggered at the target: until then it keeps nothing from the stop";
    assert_eq!(triggered.rests_at_venue[1], line);
    assert_eq!(in_book.rests_at_venue[1], "TP1, TP2, TP3: reduce-only limit");
    assert_ne!(triggered.rows, in_book.rows, "the fees of targets differ");
}

#[test]
fn an_average_true_range_that_is_given_takes_the_place_of_the_plans_percent() {
    let atr = |multiple: &str| {
        let interval = Span::from_secs(300);
        Distance::Atr(backstop_model::plan::AtrSpec { multiple: multiple.parse().unwrap(), period: 14, interval })
    };
    let mut breathing = plan();
    breathing.stop_loss.at = atr("2");
    breathing.stop_loss.until_warm = Some(Distance::Percent(percent("3")));
    let (plan, instrument) = (ExitPlan::try_from(breathing).unwrap(), Instrument::try_from(spec()).unwrap());
    let (capability, side) = (capability(), PositionSide::Long);
    let (entry, quantity) = (price("50000"), "0.1".parse().unwrap());
    let of = |average: Option<&str>| {
        let known = average.map(|points| plan.atrs().map(move |spec| (spec, points.parse().unwrap())));
        let volatility = &Volatility::assumed(known.into_iter().flatten());
        let (plan, instrument, capability, costs) = (&plan, &instrument, &capability, AssumedCosts::NONE);
        preview(&Case { plan, instrument, capability, side, entry, quantity, volatility, costs }).unwrap().stop
    };
    assert_eq!((of(None), of(Some("150"))), (price("48500"), price("49700")));
}

#[test]
fn a_stop_and_a_trail_nearer_than_the_venue_takes_one_are_told_with_the_place_where_they_rest() {
    let mut near = spec();
    near.least_distance = Some(LeastDistance::Share(percent("3")));
    let trailing = TrailingStop {
        activation: Some(Distance::Percent(percent("4"))),
        distance: TrailDistance::Points("500".parse().unwrap()),
        by: TrailedBy::Amend,
        trigger: TriggerSource::Last,
        trigger_is_usual: false,
        follow: false,
    };
    let trailed = ExitPlanSpec { trailing: Some(trailing), rest: Rest::Trail, ..plan() };
    let told =
        shown(ExitPlanSpec { take_profits: TakeProfits::default(), ..trailed }, near.clone(), PositionSide::Short);
    let expected = [
        "stop 51000 lies nearer to the price than the venue takes one (3%): it rests at 51500 first, Backstop watches 51000 and closes there",
        "the trail is nearer to the price than the venue takes a stop (3%): the stop rests that far behind, Backstop watches the trail and closes there",
    ];
    assert_eq!(
        told.warnings.iter().filter(|text| text.contains("venue takes")).collect::<Vec<_>>(),
        expected.iter().collect::<Vec<_>>()
    );
    near.least_distance = Some(LeastDistance::Points("1000".parse().unwrap()));
    assert!(shown(plan(), near, PositionSide::Long).warnings.is_empty(), "exactly as far is far enough");
}

#[test]
fn a_guaranteed_stop_has_a_premium_that_counts_and_is_told_where_there_is_none() {
    let (mut sold, mut wanted) = (spec(), plan());
    let premium = "10".parse().unwrap();
    sold.guaranteed = Some(GuaranteedTerms { least_distance: None, premium });
    wanted.stop_loss.guaranteed = Guaranteed::Prefer;
    let told = shown(wanted.clone(), sold.clone(), PositionSide::Long);
    let text = "guaranteed has no effect: no guaranteed stop can be had here, the stop is an ordinary one";
    assert_eq!(told.warnings, [text]);
    let (plan, instrument) = (ExitPlan::try_from(wanted.clone()).unwrap(), Instrument::try_from(sold).unwrap());
    let capability = Capability { guaranteed_stops: true, ..capability() };
    let (side, entry, quantity) = (PositionSide::Long, price("50000"), "0.1".parse().unwrap());
    let case = Case {
        plan: &plan,
        instrument: &instrument,
        capability: &capability,
        side,
        entry,
        quantity,
        volatility: &Volatility::default(),
        costs: AssumedCosts::NONE,
    };
    let with = preview(&case).unwrap();
    assert_eq!(
        (with.rows[0].fees.to_string(), with.rows[0].worst_net.to_string()),
        ("1".to_owned(), "-101".to_owned())
    );
    assert_eq!(with.net_break_even, Some(price("50010.1")));
    assert!(with.rests_at_venue[0].contains("a guaranteed stop over 0.1"), "{:?}", with.rests_at_venue);
    wanted.stop_loss.guaranteed = Guaranteed::Require;
    let required = ExitPlan::try_from(wanted).unwrap();
    let elsewhere = Capability { guaranteed_stops: false, ..capability.clone() };
    assert_eq!(preview(&Case { plan: &required, capability: &elsewhere, ..case }), Err(NotArmable::NoGuarantee));
}

#[test]
fn spread_slippage_and_funding_count_in_net_break_even_and_in_every_net_result() {
    let mut net = plan();
    (net.breakeven, net.stop_ladder) = (BreakEven::Net, StopLadder::Breakeven);
    let (resting, instrument) = (ExitPlan::try_from(net.clone()).unwrap(), Instrument::try_from(spec()).unwrap());
    net.target_order = backstop_model::plan::TargetOrder::Market;
    let taking = ExitPlan::try_from(net).unwrap();
    let of = |plan: &ExitPlan, side| {
        let (volatility, capability) = (&Volatility::default(), &capability());
        let costs = AssumedCosts::new("10".parse().unwrap(), "5".parse().unwrap(), "3".parse().unwrap()).unwrap();
        let (entry, quantity, instrument) = (price("50000"), "0.1".parse().unwrap(), &instrument);
        preview(&Case { plan, instrument, capability, side, entry, quantity, volatility, costs }).unwrap()
    };
    // For a unit: half of 10, 5, and 3 over 0.1, and a tick.
    let long = of(&resting, PositionSide::Long);
    assert_eq!(long.net_break_even, Some(price("50040.1")));
    assert_eq!(of(&resting, PositionSide::Short).net_break_even, Some(price("49959.9")));
    // At the entry all of it would be stopped out: 100, 1 for spread and slippage, 3 of funding.
    let costs: Vec<(String, String)> =
        long.rows.iter().map(|row| (row.other_costs.to_string(), row.worst_net.to_string())).collect();
    // After TP1 the stop is at break-even of the rest: nothing but the tick is gained on it.
    let text =
        |costs: &[(&str, &str)]| costs.iter().map(|(c, n)| ((*c).to_owned(), (*n).to_owned())).collect::<Vec<_>>();
    assert_eq!(costs, text(&[("4", "-104"), ("3.6", "58.806"), ("3.3", "132.903"), ("3", "252")]));
    // Targets that go to market pay for spread and slippage as well.
    let taken = of(&taking, PositionSide::Long);
    assert_eq!(taken.rows[3].other_costs.to_string(), "4");
    assert_eq!(taken.rows[3].worst_net.to_string(), "251");
    let parts = long.break_even_parts.unwrap();
    let parts = [parts.entry_fee, parts.exit_fee, parts.half_spread, parts.slippage, parts.funding, parts.tick];
    assert_eq!(parts.map(|part| part.to_string()), ["0", "0", "0.5", "0.5", "3", "0.01"]);
    assert!(AssumedCosts::new("0".parse().unwrap(), "0".parse().unwrap(), "-1".parse().unwrap()).is_err());
}

#[test]
fn more_than_one_order_may_be_for_is_told_with_the_parts_it_is_closed_in() {
    let mut small = spec();
    small.max_quantity = Some("0.04".parse().unwrap());
    let told = shown(plan(), small.clone(), PositionSide::Long);
    assert_eq!(
        told.rests_at_venue[0],
        "the stop: 3 stop-market orders over 0.1 in all that watch the mark price: the venue takes 0.04 in one at most"
    );
    let parts = "closing in parts: market exits 0.04 at a time; the parts of the stop rest all at once";
    assert_eq!(told.done_by_backstop.iter().find(|text| text.contains("in parts")).unwrap(), parts);
    small.max_market_quantity = Some("0.02".parse().unwrap());
    let at_market = ExitPlanSpec { target_order: TargetOrder::Market, ..plan() };
    let told = shown(at_market, small, PositionSide::Long);
    let parts = "closing in parts: TP1 0.02 at a time, TP2 0.02 at a time, TP3 0.02 at a time, market exits 0.02 at a time; the parts of the stop rest all at once";
    assert_eq!(told.done_by_backstop.iter().find(|text| text.contains("in parts")).unwrap(), parts);
}

#[test]
fn parts_that_are_to_be_worth_less_than_the_smallest_order_are_told() {
    let most = |text: &str| {
        let slices = Slices { max_notional: Some(text.parse().unwrap()), ..Slices::default() };
        let shown = shown(ExitPlanSpec { slices, ..plan() }, spec(), PositionSide::Long);
        shown.warnings.into_iter().find(|text| text.starts_with("max_slice_notional"))
    };
    assert_eq!(most("50"), None);
    let told = "max_slice_notional 49.9 cannot be kept: the smallest order, 0.001, is worth 50 here";
    assert_eq!(most("49.9").as_deref(), Some(told));
}
