//! What the numbers of a preview assume, in words.

use super::*;

fn assumed(guaranteed: Guaranteed, premium: &str) -> Vec<String> {
    let (mut spec, mut plan) = (spec(), plan());
    spec.guaranteed = Some(GuaranteedTerms { least_distance: None, premium: premium.parse().unwrap() });
    plan.stop_loss.guaranteed = guaranteed;
    let (plan, instrument) = (ExitPlan::try_from(plan).unwrap(), Instrument::try_from(spec).unwrap());
    let capability = Capability { guaranteed_stops: true, ..capability() };
    let (entry, quantity, volatility) = (price("50000"), "0.1".parse().unwrap(), Volatility::default());
    let (plan, instrument, capability, volatility) = (&plan, &instrument, &capability, &volatility);
    let (side, costs) = (PositionSide::Long, AssumedCosts::NONE);
    preview(&Case { plan, instrument, capability, side, entry, quantity, volatility, costs }).unwrap().assumptions
}

#[test]
fn the_premium_of_a_guaranteed_stop_is_told_where_there_is_one() {
    let fees = "fees 0% resting, 0% taking; the entry takes; no spread, slippage or funding, because none is given";
    let premium = "a premium of 1 for the guaranteed stop, paid at once";
    let leverage = "leverage 10, maintenance margin 0.5%, isolated margin";
    assert_eq!(assumed(Guaranteed::Prefer, "10"), [fees, premium, leverage]);
    assert_eq!(assumed(Guaranteed::Prefer, "0"), [fees, leverage], "free of charge");
    assert_eq!(assumed(Guaranteed::Never, "10"), [fees, leverage], "not wanted");
}
