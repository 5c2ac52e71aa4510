//! Quantities that reads have shown before their executions: how many of them are remembered.

use crate::play::run;
use std::fmt::Write;

#[test]
fn sixteen_quantities_that_only_reads_have_shown_wait_for_their_executions() {
    let mut script = String::from("plan stop 2%; tp 3%\ntick 50000\nenter long 1 @ 50000\n");
    for left in (1..=17).map(|gone| 100 - gone) {
        // Two reads that agree, with a second between them.
        write!(script, "after 2 s\nsnapshot long 0.{left}\nafter 1100 ms\nsnapshot long 0.{left}\n").unwrap();
    }
    // As many executions come late; what explains none of those that are remembered is booked beside them.
    script.push_str(&"by-hand sell 0.01 @ 50020 ago 60000\n".repeat(17));
    let told = run(&script);
    let (believed, proven) =
        (told.matches("so the venue is believed").count(), told.matches("it takes the place of").count());
    assert_eq!((believed, proven), (17, 16), "{told}");
}
