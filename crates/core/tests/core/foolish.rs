//! Plans that nobody in their right mind writes, for entries that no market has: a preview explains them or says why it
//! cannot. It never panics, no stop in it ever loosens, and what closes and what remains are what was entered.

use crate::builders::{account_from, instrument_from, plan_from, quantity};
use backstop_core::preview::{AssumedCosts, Case, Preview, preview};
use backstop_core::volatility::Volatility;
use backstop_model::{Money, Points, PositionSide, Price, Quantity};
use proptest::prelude::*;

fn config() -> ProptestConfig {
    let usual = ProptestConfig::default();
    ProptestConfig { cases: usual.cases.max(5000), failure_persistence: None, ..usual }
}

/// A number from a crumb to far beyond everything.
fn number() -> impl Strategy<Value = String> {
    (0_u32..8, 1_u32..1000).prop_map(|(power, digits)| match power {
        0 => format!("0.000{digits}"),
        1..4 => format!("0.{digits}"),
        4..7 => digits.to_string(),
        _ => format!("{digits}000"),
    })
}

/// A distance in any unit.
fn far() -> impl Strategy<Value = String> {
    let unit = prop_oneof![4 => Just("%"), 2 => Just(" pt"), 1 => Just(" margin"), 1 => Just("@"), 1 => Just(" R"), 1 => Just(" atr")];
    (number(), unit)
        .prop_map(|(number, unit)| if unit == "@" { format!("@ {number}") } else { format!("{number}{unit}") })
}

/// A distance behind a best price.
fn behind() -> impl Strategy<Value = String> {
    let unit = prop_oneof![3 => Just("%"), 2 => Just(" pt"), 1 => Just(" R"), 1 => Just(" atr")];
    (number(), unit).prop_map(|(number, unit)| format!("{number}{unit}"))
}

/// Words that may or may not be a plan.
fn words() -> impl Strategy<Value = String> {
    let ascending = prop::collection::vec(1_u32..400, 0..5).prop_map(|steps| {
        let tenths = steps.iter().scan(0, |at, step| Some(std::mem::replace(at, *at + step) + step));
        tenths.map(|tenths| format!("{}.{}%", tenths / 10, tenths % 10)).collect()
    });
    let levels = prop_oneof![3 => ascending, 1 => prop::collection::vec(far(), 0..4)];
    let trail = prop_oneof![
        Just(String::new()),
        (far(), behind())
            .prop_map(|(from, behind)| format!("; rest; trail activation {from} distance {behind} by amend")),
        behind().prop_map(|behind| format!("; rest; trail distance {behind} by venue")),
        (far(), behind()).prop_map(|(from, behind)| format!("; trail activation {from} distance {behind} by engine")),
    ];
    let ladder = prop_oneof![
        Just("none"),
        Just("breakeven"),
        Just("previous_target"),
        Just("targets_behind 2"),
        Just("percent_below_trigger 50%"),
        Just("percent_below_high 0.01%"),
    ];
    let more = prop_oneof![
        3 => Just(String::new()),
        1 => far().prop_map(|at| format!("; breakeven-at {at}; breakeven net")),
        1 => far().prop_map(|at| format!("; single {at}")),
        1 => far().prop_map(|at| format!("; soft {at} for 5s; slices 100")),
        1 => Just("; tranches loss 3% max 1; no-fallback".to_owned()),
    ];
    let warm = prop_oneof![Just(""), Just(" until-warm 2%"), Just(" until-warm 90%")];
    let stop = prop_oneof![2 => (1_u32..90).prop_map(|tenths| format!("0.{tenths}%")), 1 => far()];
    (stop, warm, levels, ladder, trail, more).prop_map(|(stop, warm, levels, ladder, trail, more)| {
        let count = levels.len().max(1);
        let shares = (1..).map(|number| if number == count { 100 - 100 / count * (count - 1) } else { 100 / count });
        let levels: String = levels.iter().zip(shares).map(|(at, share)| format!("; tp {at} close {share}%")).collect();
        format!("stop {stop} mark{warm}{levels}; ladder {ladder}{trail}{more}; allow-loss; on-invalid-fallback")
    })
}

fn shown(
    words: &str,
    instrument: &str,
    side: PositionSide,
    entry: Price,
    quantity: Quantity,
    (atr, cost): (Option<Points>, &str),
) -> Option<Preview> {
    let (plan, _) = plan_from(words).ok()?;
    let (instrument, account) = (instrument_from(instrument), account_from("native 0.1%..20%"));
    let capability = &account.capability;
    let costs = AssumedCosts::new(cost.parse().unwrap(), cost.parse().unwrap(), cost.parse().unwrap()).unwrap();
    let known = atr.map(|points| plan.atrs().map(move |spec| (spec, points)));
    let volatility = &Volatility::assumed(known.into_iter().flatten());
    let case = Case { plan: &plan, instrument: &instrument, capability, side, entry, quantity, volatility, costs };
    match preview(&case) {
        Ok(shown) => Some(shown),
        Err(why) => {
            assert!(!why.to_string().contains("out of range"), "{words}: {why} does not name the culprit");
            None
        }
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn every_foolish_plan_is_explained_or_refused_by_name(
        words in words(),
        instrument in prop_oneof![
            Just("maker 0.02% taker 0.05%"),
            Just("tick 0.00001 step 1 min 1 notional 5 taker 0.1%"),
            Just("leverage 125 notional 100"),
            Just("leverage 1000 min 10"),
            Just("unlevered tick 25 step 0.5 min 0.5"),
        ],
        is_long in any::<bool>(),
        entry in prop_oneof![Just("0.00002"), Just("0.8"), Just("102.5"), Just("50000"), Just("98765432.1")],
        many in prop_oneof![Just("0.001"), Just("0.0004"), Just("1"), Just("37"), Just("1000000")],
        atr in prop_oneof![Just(None), Just(Some("0.001")), Just(Some("150")), Just(Some("99999999"))],
        cost in prop_oneof![3 => Just("0"), 1 => Just("0.01"), 1 => Just("30"), 1 => Just("987654321")],
    ) {
        let side = if is_long { PositionSide::Long } else { PositionSide::Short };
        let (entry, whole) = (entry.parse().unwrap(), quantity(many));
        let atr = atr.map(|points| points.parse().unwrap());
        let Some(shown) = shown(&words, instrument, side, entry, whole, (atr, cost)) else { return Ok(()) };
        let mut closed = Quantity::ZERO;
        let mut stop = shown.stop;
        for row in &shown.rows {
            closed = closed.plus(row.closes).unwrap();
            prop_assert_eq!(closed.plus(row.remaining).unwrap(), whole, "{}: {}", words, row.event);
            if let Some(after) = row.stop_after {
                prop_assert!(!side.is_better(stop, after), "{}: the stop loosens at {}", words, row.event);
                prop_assert!(side.is_better(row.price, after) || row.event == "entry", "{}: {} is beyond its stop", words, row.event);
                stop = after;
            }
            prop_assert!(row.worst_net <= row.worst_gross, "{}: fees are costs", words);
        }
        prop_assert!(shown.rows[0].worst_gross <= Money::ZERO, "{}: an entry locks nothing in", words);
    }
}
