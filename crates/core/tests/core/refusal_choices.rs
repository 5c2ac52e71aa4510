//! Every cell of the table of refused stops with every choice there is, long and short, netted and hedged, and
//! where the stop for the whole position is the only one: the owner's step is
//! what is done.

use crate::world::World;
use backstop_model::{RefusalReason, RefusalStep};

const CLASSES: [RefusalReason; 8] = [
    RefusalReason::BelowMinimum,
    RefusalReason::Filter,
    RefusalReason::Margin,
    RefusalReason::Other,
    RefusalReason::ReduceOnly,
    RefusalReason::Throttled,
    RefusalReason::TooManyOrders,
    RefusalReason::Unsupported,
];

fn word(reason: RefusalReason) -> String {
    serde_json::to_string(&reason).unwrap().replace('"', "")
}

/// An account, which stop is refused there, a side, and what differs: how its orders are named, which side closes, the stop, and a
/// little nearer.
#[derive(Clone, Copy)]
struct Form {
    account: &'static str,
    leg: &'static str,
    quantity: &'static str,
    side: &'static str,
    name: &'static str,
    closes: &'static str,
    stop: &'static str,
    nearer: &'static str,
}

const LONG: Form = Form {
    account: "one-way",
    leg: "stop",
    quantity: "0.1",
    side: "long",
    name: "",
    closes: "sell",
    stop: "49000",
    nearer: "49024.5",
};
const SHORT: Form = Form { side: "short", name: "/short", closes: "buy", stop: "51000", nearer: "50974.5", ..LONG };

impl Form {
    const fn hedged(self) -> Self {
        Self { account: "hedge", ..self }
    }

    /// At a venue where the stop for the whole position is the only one.
    const fn only_whole(self) -> Self {
        Self { account: "amend only-whole-stop", leg: "whole-stop", quantity: "whole position", ..self }
    }
}

/// What comes of the n-th refusal in a row, and of the pause after it, when the owner has chosen `step` for it.
fn outcome(form: &Form, reason: RefusalReason, step: RefusalStep, nth: usize) -> String {
    let mut world = World::new();
    let mut cell = vec!["again"; nth];
    cell[nth - 1] = step.word();
    world.line(&format!("account {} on-refusal {}={}", form.account, word(reason), cell.join(",")));
    let enter = format!("enter {0} 0.1 @ 50000 of {0}", form.side);
    for line in ["answers off", "plan stop 2%; tp 3% close 50%; tp 5% close 50%", "tick 50000", &enter] {
        world.line(line);
    }
    let mut told = Vec::new();
    for number in 1..=nth {
        told = world.line(&format!("refuse {}#{number}{} {} \"no\"", form.leg, form.name, word(reason)));
        // What is below the minimum stays so: from the third refusal on it is asked for once a minute.
        let dust = reason == RefusalReason::BelowMinimum && number >= 3;
        told.extend(world.line(&format!("after {} ms", if dust { 60_000 } else { 100 << number })));
    }
    told.join("\n")
}

/// What is done in one cell, and nothing else is closed.
fn check(form: &Form, reason: RefusalReason, step: RefusalStep, nth: usize) {
    let told = outcome(form, reason, step, nth);
    let Form { leg, quantity, name, closes, stop, nearer, .. } = form;
    let next = format!("place {leg}#{}{name}: {closes} {quantity} stop", nth + 1);
    let expected = match step {
        RefusalStep::Again => format!("{next} {stop} on mark"),
        RefusalStep::Close => format!("place close#1{name}: {closes} 0.1 market"),
        RefusalStep::Farther | RefusalStep::Nearer => unreachable!("it is nobody's choice: {reason:?}"),
        RefusalStep::MakeRoom => "TP2 gives up its place until a stop works".to_owned(),
        RefusalStep::OtherTrigger => format!("{next} {stop} on last"),
        RefusalStep::Reduce => format!("place part#1{name}: {closes} 0.05 market"),
        RefusalStep::Reprice => format!("{next} {nearer} on mark"),
    };
    let cell = format!("{} {} {reason:?} {step:?}, refusal {nth}:\n{told}", form.account, form.side);
    assert!(told.contains(&expected), "{cell}");
    let closed = told.lines().any(|line| line.starts_with("place") && line.ends_with(" market"));
    assert_eq!(closed, step.closes(), "{cell}");
}

#[test]
fn every_choice_in_every_cell_is_what_is_done() {
    for form in [LONG, SHORT, LONG.hedged(), SHORT.hedged(), LONG.only_whole(), SHORT.only_whole()] {
        for reason in CLASSES {
            for step in RefusalStep::choices(reason) {
                for nth in (1..=3).filter(|nth| *nth > 1 || !step.closes()) {
                    check(&form, reason, *step, nth);
                }
            }
        }
    }
}
