//! Every cell of the table of refused stops with every choice there is, long and short, netted, hedged and deal by deal, and
//! where the stop for the whole position is the only one: the owner's step is what is done. Where there is no choice, the table's is.

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
    /// What an execution says of whose it is.
    of: &'static str,
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
    of: "long",
    name: "",
    closes: "sell",
    stop: "49000",
    nearer: "49024.5",
};
const SHORT: Form =
    Form { side: "short", of: "short", name: "/short", closes: "buy", stop: "51000", nearer: "50974.5", ..LONG };

impl Form {
    const fn hedged(self) -> Self {
        Self { account: "hedge", ..self }
    }

    /// At a venue where the stop for the whole position is the only one.
    const fn only_whole(self) -> Self {
        Self { account: "amend only-whole-stop", leg: "whole-stop", quantity: "whole position", ..self }
    }

    /// The same where both sides are positions of their own.
    const fn only_whole_hedged(self) -> Self {
        Self { account: "hedge amend only-whole-stop", ..self.only_whole() }
    }

    /// Where every deal is a position, with one stop and one limit.
    const fn of_deal(self, of: &'static str, name: &'static str) -> Self {
        Self { account: "per-deal amend only-whole-stop last-target", of, name, ..self.only_whole() }
    }
}

/// What comes of the n-th refusal in a row, and of the pause after it, when the owner has chosen `step` for it.
fn outcome(form: &Form, reason: RefusalReason, step: RefusalStep, nth: usize) -> String {
    let mut world = World::new();
    let mut cell = vec!["again"; nth];
    cell[nth - 1] = step.word();
    world.line(&format!("account {} on-refusal {}={}", form.account, word(reason), cell.join(",")));
    let enter = format!("enter {} 0.1 @ 50000 of {}", form.side, form.of);
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

fn forms() -> [Form; 10] {
    let deals = [LONG.of_deal("long deal 7", "/deal:7"), SHORT.of_deal("short deal 7", "/short/deal:7")];
    let netted = [LONG, SHORT, LONG.only_whole(), SHORT.only_whole()];
    let hedged = [LONG.hedged(), SHORT.hedged(), LONG.only_whole_hedged(), SHORT.only_whole_hedged()];
    let mut forms = netted.into_iter().chain(hedged).chain(deals);
    std::array::from_fn(|_| forms.next().unwrap())
}

#[test]
fn every_choice_in_every_cell_is_what_is_done() {
    for form in forms() {
        for reason in CLASSES {
            for step in RefusalStep::choices(reason) {
                for nth in (1..=3).filter(|nth| *nth > 1 || !step.closes()) {
                    check(&form, reason, *step, nth);
                }
            }
        }
    }
}

/// What comes of so many refusals in a row where the owner has chosen nothing, and of the pause after the last one.
fn usual(form: &Form, reason: &str, times: usize) -> String {
    let mut world = World::new();
    world.line(&format!("account {}", form.account));
    let enter = format!("enter {} 0.1 @ 50000 of {}", form.side, form.of);
    for line in ["answers off", "plan stop 2%; tp 3% close 50%; tp 5% close 50%", "tick 50000", &enter] {
        world.line(line);
    }
    let mut told = Vec::new();
    for number in 1..=times {
        told = world.line(&format!("refuse {}#{number}{} {reason} \"no\"", form.leg, form.name));
        told.extend(world.line(&format!("after {} ms", 100 << number)));
    }
    told.join("\n")
}

#[test]
fn where_there_is_no_choice_the_table_is_what_is_done() {
    for form in forms() {
        let Form { leg, quantity, name, closes, .. } = form;
        let short = form.side == "short";
        let next =
            |number: usize, at: &str| format!("place {leg}#{number}{name}: {closes} {quantity} stop {at} on mark");
        for reason in ["locked_out", "maintenance", "not_found", "not_sent", "wrong_mode"] {
            for times in 1..=3 {
                let told = usual(&form, reason, times);
                let closed = told.contains(" market");
                assert!(
                    told.contains(&next(times + 1, form.stop)) && !closed,
                    "{} {reason} {times}:\n{told}",
                    form.name
                );
            }
        }
        // Twice as far away from the price each time, and a quarter of the way nearer.
        let farther = if short { ["52000", "54000", "58000"] } else { ["48000", "46000", "42000"] };
        let nearer = if short { ["50750", "50562.5", "50421.8"] } else { ["49250", "49437.5", "49578.2"] };
        for (reason, places) in [("too_near", farther), ("too_far", nearer)] {
            for (times, at) in (1..).zip(places) {
                let told = usual(&form, reason, times);
                assert!(told.contains(&next(times + 1, at)), "{} {reason} {times}:\n{told}", form.name);
            }
        }
        let told = usual(&form, "would_trigger", 1);
        assert!(told.contains(&format!("place close#1{name}: {closes} 0.1 market")), "{told}");
        // There is one already: it is asked for, and nothing is sent beside it.
        let told = usual(&form, "duplicate_id", 1);
        assert!(!told.contains("place"), "{told}");
    }
}
