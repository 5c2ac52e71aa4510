//! Every cell of the table of refused stops with every choice there is: the owner's step is what is done.

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

/// What comes of the n-th refusal in a row, and of the pause after it, when the owner has chosen `step` for it.
fn outcome(reason: RefusalReason, step: RefusalStep, nth: usize) -> String {
    let mut world = World::new();
    let mut cell = vec!["again"; nth];
    cell[nth - 1] = step.word();
    world.line(&format!("account on-refusal {}={}", word(reason), cell.join(",")));
    for line in
        ["answers off", "plan stop 2%; tp 3% close 50%; tp 5% close 50%", "tick 50000", "enter long 0.1 @ 50000"]
    {
        world.line(line);
    }
    let mut told = Vec::new();
    for number in 1..=nth {
        told = world.line(&format!("refuse stop#{number} {} \"no\"", word(reason)));
        // What is below the minimum stays so: from the third refusal on it is asked for once a minute.
        let dust = reason == RefusalReason::BelowMinimum && number >= 3;
        told.extend(world.line(&format!("after {} ms", if dust { 60_000 } else { 100 << number })));
    }
    told.join("\n")
}

#[test]
fn every_choice_in_every_cell_is_what_is_done() {
    for reason in CLASSES {
        for step in RefusalStep::choices(reason) {
            for nth in (1..=3).filter(|nth| *nth > 1 || !step.closes()) {
                let told = outcome(reason, *step, nth);
                let next = format!("place stop#{}: sell 0.1 stop", nth + 1);
                let expected = match step {
                    RefusalStep::Again => format!("{next} 49000 on mark"),
                    RefusalStep::Close => "place close#1: sell 0.1 market".to_owned(),
                    RefusalStep::Farther | RefusalStep::Nearer => unreachable!("it is nobody's choice: {reason:?}"),
                    RefusalStep::MakeRoom => "TP2 gives up its place until a stop works".to_owned(),
                    RefusalStep::OtherTrigger => format!("{next} 49000 on last"),
                    RefusalStep::Reduce => "place part#1: sell 0.05 market".to_owned(),
                    RefusalStep::Reprice => format!("{next} 49024.5 on mark"),
                };
                assert!(told.contains(&expected), "{reason:?} {step:?}, refusal {nth}:\n{told}");
                let closes = told.lines().any(|line| line.starts_with("place") && line.ends_with(" market"));
                assert_eq!(closes, step.closes(), "{reason:?} {step:?}, refusal {nth}:\n{told}");
            }
        }
    }
}
