//! The worked example of product.md §2.2, and what people are warned of.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use super::*;
use backstop_model::plan::{OnInvalid, StopLadder, StopLoss, TakeProfit, TakeProfits, TrailDistance, TrailingStop};
use backstop_model::{Distance, ExitPlanSpec, InstrumentId, InstrumentSpec, Name, Symbol, TrailedBy, TriggerSource};

fn price(text: &str) -> Price {
    text.parse().unwrap()
}

fn percent(text: &str) -> Ratio {
    Ratio::percent(text).unwrap()
}

fn spec() -> InstrumentSpec {
    InstrumentSpec {
        id: InstrumentId(0),
        venue: Name::new("toy").unwrap(),
        symbol: Symbol::new("BTCUSDT").unwrap(),
        tick: price("0.1"),
        step: "0.001".parse().unwrap(),
        min_quantity: "0.001".parse().unwrap(),
        max_quantity: None,
        min_notional: Money::ZERO,
        min_notional_waived_for_exits: false,
        maker_fee: Ratio::ZERO,
        taker_fee: Ratio::ZERO,
        leverage: Some(10.try_into().unwrap()),
        maintenance_margin: percent("0.5"),
        currency: Name::new("USDT").unwrap(),
    }
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
    preview(&plan, &instrument, side, price("50000"), "0.1".parse().unwrap()).unwrap()
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
    assert_eq!(shown.net_break_even, price("49949.9"));
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
            "stop 49000 lies 100.0 % of the way to liquidation at 49000, more than 70 %: the plan is not armed; lower the leverage or tighten the stop"
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
        follow: false,
    });
    risky.allow_loss = true;
    let shown = shown(risky, small, PositionSide::Long);
    assert_eq!(
        shown.warnings,
        [
            "TP2 skipped: quantity 0.03 below minimum 0.035",
            "active from 51250 the trail can close at 49712.5, 0.6 % beyond the entry: a loss"
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
