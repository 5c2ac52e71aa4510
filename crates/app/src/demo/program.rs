//! What is played on a generated market when nobody says what: each position shows something else that Backstop does.

use super::cast::Opening;
use super::script::{Act, Later, Script, When};
use crate::config::Config;
use backstop_model::PositionSide::{self, Long, Short};
use backstop_model::plan::{ExitPlan, StopLoss};
use backstop_model::{Adopt, Distance, Instrument, Name, Price, Quantity, Ratio, Span, Timestamp, TriggerSource};
use std::sync::Arc;

/// What a position is worth at least.
const WORTH: &str = "1000";

const PLANS: [(&str, &str); 5] = [
    (include_str!("../../../../examples/scaled-long.yaml"), "scaled-long"),
    (include_str!("../../../../examples/scaled-short.yaml"), "scaled-short"),
    (include_str!("../../../../examples/native-trailing.yaml"), "native-trailing"),
    (include_str!("../../../../examples/amend-trailing.yaml"), "amend-trailing"),
    (include_str!("../../../../examples/tranches.yaml"), "averaging"),
];

/// One position for each of the first four plans on a market of its own; then a position in tranches, one that is opened
/// behind Backstop's back, and one whose stop the venue refuses.
///
/// # Errors
/// What of the built-in plans and markets does not fit together.
pub fn program(markets: &[(Instrument, Price)], at: Timestamp) -> Result<Vec<Opening>, String> {
    let plans = PLANS.iter().map(|(text, name)| plan(text, name)).collect::<Result<Vec<_>, _>>()?;
    let mut played = Vec::new();
    for ((market, plan), side) in markets.iter().zip(&plans).zip([Long, Short, Long, Long]) {
        played.push(worth(at, market, side, plan)?);
    }
    let [_, eth, sol, ada, ..] = markets else { return Ok(played) };
    played.push(in_tranches(at, ada, &plans[4])?);
    played.push(of_a_stranger(at, eth, &plans[0])?);
    played.push(refused(at, sol, &plans[0])?);
    Ok(played)
}

/// The same plan on every market: the user's own.
///
/// # Errors
/// A quantity out of range.
pub fn of_one_plan(
    markets: &[(Instrument, Price)],
    at: Timestamp,
    plan: &Arc<ExitPlan>,
) -> Result<Vec<Opening>, String> {
    markets.iter().zip([Long, Short, Long, Long]).map(|(market, side)| worth(at, market, side, plan)).collect()
}

/// A position worth about a thousand.
///
/// # Errors
/// A quantity out of range.
pub fn worth(
    at: Timestamp,
    (instrument, price): &(Instrument, Price),
    side: PositionSide,
    plan: &Arc<ExitPlan>,
) -> Result<Opening, String> {
    let quantity = about(instrument, *price)?;
    Ok(Opening { at, instrument: instrument.clone(), side, quantity, plan: plan.clone(), script: Script::default() })
}

/// Bought again on the way down: each entry has levels and a stop of its own.
fn in_tranches(at: Timestamp, market: &(Instrument, Price), plan: &Arc<ExitPlan>) -> Result<Opening, String> {
    let quantity = about(&market.0, market.1)?;
    let again = |percent| Ok(Later { when: When::Losing(share(percent)?), what: Act::Add(quantity) });
    let later = ["2.2", "4.4"].into_iter().map(again).collect::<Result<_, String>>()?;
    Ok(Opening { script: Script { later, ..Script::default() }, ..worth(at, market, Long, plan)? })
}

/// Opened at the venue by somebody, without a stop; closed by the same hands later, if its stop has not been quicker.
fn of_a_stranger(at: Timestamp, market: &(Instrument, Price), plan: &Arc<ExitPlan>) -> Result<Opening, String> {
    let at = at.plus(Span::from_secs(30));
    let hard_stop = Some(StopLoss::new(Distance::Percent(share("2")?), TriggerSource::Mark));
    let later = vec![Later { when: When::After(Span::from_secs(20 * 60)), what: Act::Close }];
    let script = Script { adopt: Adopt::HardStop, hard_stop, later, ..Script::default() };
    Ok(Opening { script, ..worth(at, market, Long, plan)? })
}

/// The venue says no to the first stops.
fn refused(at: Timestamp, market: &(Instrument, Price), plan: &Arc<ExitPlan>) -> Result<Opening, String> {
    Ok(Opening { script: Script { refused_stops: 2, ..Script::default() }, ..worth(at, market, Long, plan)? })
}

fn about(instrument: &Instrument, price: Price) -> Result<Quantity, String> {
    let worth = WORTH.parse().map_err(|wrong| format!("{wrong}"))?;
    Quantity::worth_at_least(worth, price, instrument.step).map_err(|wrong| wrong.to_string())
}

fn share(percent: &str) -> Result<Ratio, String> {
    Ratio::percent(percent).map_err(|wrong| wrong.to_string())
}

fn plan(text: &str, name: &str) -> Result<Arc<ExitPlan>, String> {
    let config = Config::parse(text, name).map_err(|wrong| wrong.to_string())?;
    let name = Name::new(name).map_err(|wrong| wrong.to_string())?;
    config.plan(name).cloned().ok_or_else(|| format!("the example has no plan {name}"))
}
