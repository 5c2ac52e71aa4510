//! What the owner wants done about refused stops, and what is nonsense or unsafe there.

use super::amounts;
use super::located::Located;
use super::problem::Problem;
use super::wire::{self, Account, OnRefusal, Percent, Steps, Unprotectable};
use backstop_model::{NoChoice, OnUnprotectable, Ratio, RefusalReason, RefusalStep, Refusals};

/// The choices of one account.
pub(super) fn refusals(written: &Account) -> Result<Refusals, Problem> {
    let on_unprotectable = written.on_unprotectable.as_ref().map(on_unprotectable).transpose()?;
    let mut refusals = Refusals::default();
    refusals.on_unprotectable = on_unprotectable.unwrap_or_default();
    for (reason, steps) in written.on_refusal.iter().flat_map(chosen) {
        choose(&mut refusals, reason, steps)?;
    }
    Ok(refusals)
}

/// What is written, by class.
fn chosen(written: &OnRefusal) -> impl Iterator<Item = (RefusalReason, &Steps)> {
    let classes = [
        (RefusalReason::BelowMinimum, &written.below_minimum),
        (RefusalReason::Filter, &written.filter),
        (RefusalReason::Margin, &written.margin),
        (RefusalReason::Other, &written.other),
        (RefusalReason::ReduceOnly, &written.reduce_only),
        (RefusalReason::Throttled, &written.throttled),
        (RefusalReason::TooManyOrders, &written.too_many_orders),
        (RefusalReason::Unsupported, &written.unsupported),
    ];
    classes.into_iter().filter_map(|(reason, steps)| Some((reason, steps.as_ref()?)))
}

fn choose(refusals: &mut Refusals, reason: RefusalReason, written: &Steps) -> Result<(), Problem> {
    let steps: Vec<RefusalStep> = written.value.iter().map(|written| step(written.value)).collect();
    let Err(why) = refusals.choose(reason, &steps) else { return Ok(()) };
    let at = match why {
        NoChoice::Count => None,
        NoChoice::Helpless(culprit) | NoChoice::TooSoon(culprit) => {
            written.value.iter().find(|written| step(written.value) == culprit).map(|written| written.at)
        }
    };
    let words: Vec<&str> = RefusalStep::choices(reason).iter().map(|step| step.word()).collect();
    let help = format!("choose among: {}; `close` and `reduce` from the second on", words.join(", "));
    Err(Problem::new(at.unwrap_or(written.at), why.to_string(), help))
}

const fn step(written: wire::RefusalStep) -> RefusalStep {
    match written {
        wire::RefusalStep::Again => RefusalStep::Again,
        wire::RefusalStep::Close => RefusalStep::Close,
        wire::RefusalStep::MakeRoom => RefusalStep::MakeRoom,
        wire::RefusalStep::OtherTrigger => RefusalStep::OtherTrigger,
        wire::RefusalStep::Reduce => RefusalStep::Reduce,
        wire::RefusalStep::Reprice => RefusalStep::Reprice,
    }
}

fn on_unprotectable(written: &Located<Unprotectable>) -> Result<OnUnprotectable, Problem> {
    const HELP: &str = "write `close`, `keep_trying`, or how near the stop the price has to be: `0.5%`";
    match written.value.0.trim() {
        "close" => Ok(OnUnprotectable::Close),
        "keep_trying" => Ok(OnUnprotectable::KeepTrying),
        text if text.ends_with('%') => {
            let percent = written.with(Percent(text.to_owned()));
            let share = amounts::percent(&percent, "on_unprotectable", 0, 10)?;
            if share <= Ratio::ZERO {
                let message = "on_unprotectable `0%` would wait until the price is at the stop".to_owned();
                return Err(Problem::new(written.at, message, "write `keep_trying` to wait, or a share like `0.5%`"));
            }
            Ok(OnUnprotectable::CloseWithin(share))
        }
        text => Err(amounts::not_a(written.at, text, "way to go on without a stop", HELP)),
    }
}
