//! Every class of refusal for a move of a stop that rests: long and short, a stop for a quantity, one for the whole position, the
//! level of a deal, guaranteed or not. The old stop rests unless the venue says otherwise, and what follows is what the guide says
//! (`docs/guide/refusals.md`, "When only a move is refused").

use crate::world::World;

/// A stop, where it stands and where it is to go.
#[derive(Clone, Copy)]
struct Form {
    account: &'static str,
    leg: &'static str,
    /// What the plan says of the stop.
    stop: &'static str,
    short: bool,
    deal: bool,
}

const SIZED: Form = Form { account: "amend", leg: "stop", stop: "stop 2%", short: false, deal: false };
const WHOLE: Form = Form { account: "whole-stop amend", leg: "whole-stop", ..SIZED };
const DEAL: Form = Form {
    account: "per-deal amend only-whole-stop last-target",
    leg: "whole-stop",
    stop: "stop 2% bid_ask",
    deal: true,
    short: false,
};
const GUARANTEED: Form =
    Form { account: "guaranteed per-deal amend only-whole-stop last-target", stop: "stop 2% bid_ask prefer", ..DEAL };

const OLD: [&str; 2] = ["49000", "51000"];
const NEW: &str = "50000";

impl Form {
    fn name(self) -> String {
        let (side, deal) = (if self.short { "/short" } else { "" }, if self.deal { "/deal:7" } else { "" });
        format!("{}#1{side}{deal}", self.leg)
    }

    fn of(self) -> String {
        let side = if self.short { "short" } else { "long" };
        if self.deal { format!("{side} deal 7") } else { side.to_owned() }
    }

    fn old(self) -> &'static str {
        OLD[usize::from(self.short)]
    }

    fn is_guaranteed(self) -> bool {
        self.account.starts_with("guaranteed")
    }

    /// The move as it is asked for.
    fn asked(self, at: &str) -> String {
        format!("amend {}: to {at} for 0.1{}", self.name(), if self.is_guaranteed() { ", guaranteed" } else { "" })
    }

    /// A position whose stop rests, and is on its way to break-even.
    fn moving(self) -> World {
        let mut world = World::new();
        let plan = format!("plan {}; breakeven-at 1%; tp 5% close 50%; tp 8% close 50%", self.stop);
        let side = if self.short { "short" } else { "long" };
        let enter = format!("enter {side} 0.1 @ 50000 of {}", self.of());
        let premium = if self.is_guaranteed() { "instrument premium 8 400" } else { "instrument" };
        for line in [&format!("account {}", self.account), premium, &plan, "tick 50000", &enter, "answers off"] {
            world.line(line);
        }
        let told = world.line(if self.short { "tick 49400" } else { "tick 50600" });
        assert!(told.contains(&self.asked(NEW)), "{} {}: {told:?}", self.account, self.of());
        world
    }

    fn shown(self, world: &mut World) -> String {
        world.line(&format!("show {}", self.of())).pop().unwrap()
    }
}

fn forms() -> Vec<Form> {
    let short = |form: Form| Form { short: true, ..form };
    [SIZED, WHOLE, DEAL, GUARANTEED].into_iter().flat_map(|form| [form, short(form)]).collect()
}

/// What is told of the n-th refusal in a row and in the pause after it, and how the position reads then.
fn refused(form: Form, reason: &str) -> Vec<(Vec<String>, Vec<String>, String)> {
    let mut world = form.moving();
    let step = |number: u32| {
        let told = world.line(&format!("refuse amend {} {reason} \"no\"", form.name()));
        let shown = form.shown(&mut world);
        (told, world.line(&format!("after {} ms", 100 << number)), shown)
    };
    (1..=3).map(step).collect()
}

fn is_market(line: &str) -> bool {
    line.starts_with("place") && line.ends_with(" market")
}

#[test]
fn the_old_stop_rests_and_the_same_move_is_asked_for_again() {
    let classes = [
        "duplicate_id",
        "filter",
        "locked_out",
        "maintenance",
        "margin",
        "other",
        "reduce_only",
        "throttled",
        "too_far",
        "too_many_orders",
        "unsupported",
        "wrong_mode",
    ];
    for form in forms() {
        for reason in classes {
            for (told, after, shown) in refused(form, reason) {
                let cell = format!("{} {} {reason}:\n{told:?}\n{after:?}", form.account, form.of());
                assert_eq!(shown, format!("protected, venue stop {}", form.old()), "{cell}");
                assert!(after.contains(&form.asked(NEW)), "{cell}");
                assert!(!told.iter().chain(&after).any(|line| is_market(line) || line.starts_with("cancel")), "{cell}");
            }
        }
    }
}

#[test]
fn a_stop_for_a_quantity_takes_the_new_place_where_the_one_for_the_whole_cannot_go_there() {
    for form in [WHOLE, Form { short: true, ..WHOLE }] {
        let closes = if form.short { "stop#1/short: buy" } else { "stop#1: sell" };
        for reason in ["filter", "maintenance", "other", "throttled"] {
            let told = refused(form, reason);
            let placed = format!("place {closes} 0.1 stop {NEW} on mark");
            assert!(told[0].0.contains(&placed), "{reason}: {told:?}");
            let more = |line: &String| line.starts_with("place");
            assert!(!told[1..].iter().any(|(told, after, _)| told.iter().chain(after).any(more)), "once: {told:?}");
        }
    }
}

#[test]
fn what_is_too_little_for_a_move_waits_for_half_a_minute_from_the_third_on_and_the_old_stop_rests() {
    for form in forms() {
        let told = refused(form, "below_minimum");
        // Where a stop for the quantity is asked for beside it, that is the one that is too little.
        let waits = form.leg == SIZED.leg || form.deal;
        for (number, (_, after, shown)) in told.iter().enumerate() {
            assert_eq!(*shown, format!("protected, venue stop {}", form.old()), "{told:?}");
            assert_eq!(after.contains(&form.asked(NEW)), number < 2 || !waits, "{} {told:?}", form.account);
        }
    }
}

#[test]
fn a_move_that_never_left_is_asked_for_again_at_once_and_counts_as_no_refusal() {
    for form in forms() {
        for (told, _, shown) in refused(form, "not_sent") {
            assert_eq!((told, shown), (vec![form.asked(NEW)], format!("protected, venue stop {}", form.old())));
        }
    }
}

#[test]
fn a_stop_that_the_venue_does_not_know_counts_for_nothing_and_is_asked_for_and_placed_anew_when_it_is_gone() {
    for form in forms() {
        let mut world = form.moving();
        let told = world.line(&format!("refuse amend {} not_found \"no\"", form.name()));
        assert!(told.contains(&format!("look up {}", form.name())), "{told:?}");
        assert_eq!(form.shown(&mut world), "UNPROTECTED, venue stop -", "{told:?}");
        let mut said = told;
        for _ in 0..6 {
            said.extend(world.line(&format!("lookup {} not found", form.name())));
            said.extend(world.line("after 1 s"));
        }
        let anew = |line: &String| line.starts_with("place") && line.contains("stop#") && line.contains(NEW);
        assert!(said.iter().any(anew), "{} {}: {said:?}", form.account, form.of());
        assert!(!said.iter().any(|line| is_market(line)), "{said:?}");
    }
}

#[test]
fn a_place_that_is_too_near_is_asked_for_farther_from_the_price_and_never_looser_than_what_rests() {
    for form in forms() {
        let told = refused(form, "too_near");
        // Twice as far from the price as it was asked for.
        let farther = if form.short { "50600" } else { "49400" };
        assert!(told[0].1.contains(&form.asked(farther)), "{} {told:?}", form.account);
        for (said, after, shown) in &told {
            assert_eq!(*shown, format!("protected, venue stop {}", form.old()), "{told:?}");
            let asked = said.iter().chain(after).filter(|line| line.starts_with("amend"));
            let places: Vec<u32> = asked.map(|line| line.split(' ').nth(3).unwrap().parse().unwrap()).collect();
            let old: u32 = form.old().parse().unwrap();
            assert!(places.iter().all(|at| if form.short { *at < old } else { *at > old }), "{told:?}");
        }
    }
}

#[test]
fn a_place_that_the_venue_says_the_price_is_through_closes_at_market_and_the_old_stop_stays_until_it_is_flat() {
    for form in forms() {
        let mut world = form.moving();
        let mut said = world.line(&format!("refuse amend {} would_trigger \"no\"", form.name()));
        if form.leg == WHOLE.leg && !form.deal {
            // A stop for the quantity is asked for there first: the other one still stands.
            let beside = if form.short { "stop#1/short" } else { "stop#1" };
            assert!(said.iter().any(|line| line.starts_with(&format!("place {beside}:"))), "{said:?}");
            said.extend(world.line(&format!("refuse {beside} would_trigger \"no\"")));
        }
        assert!(said.iter().any(|line| line.contains("closing at market")), "{said:?}");
        said.extend(world.line("after 1 s"));
        assert!(said.iter().any(|line| is_market(line)), "{} {}: {said:?}", form.account, form.of());
        assert_eq!(form.shown(&mut world), format!("protected, venue stop {}", form.old()), "{said:?}");
        assert!(!said.contains(&format!("cancel {}", form.name())), "{said:?}");
    }
}
