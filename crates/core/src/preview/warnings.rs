//! What a trader would regret, in words: each is said only where it is true for this entry, and a sane plan has none.
//!
//! One file for each part of a plan; what the file can be refused for is the configuration's and the model's.

mod stop;
mod targets;
mod trail;
mod unused;

use super::Way;
use super::course::Course;
use super::ground::Ground;
use backstop_model::{Money, OutOfRange};

/// All of them, in the order of a plan.
pub(super) fn warnings(
    ground: &Ground,
    course: &Course,
    way: &Way,
    told: &[String],
) -> Result<Vec<String>, OutOfRange> {
    let mut warnings = stop::warnings(ground, way)?;
    warnings.extend(targets::too_small(ground, told));
    warnings.extend(targets::warnings(ground)?);
    warnings.extend(stop::break_even(ground, course));
    warnings.extend(trail::warnings(ground, course)?);
    warnings.extend(stop::trail_too_near(ground));
    warnings.extend(unused::warnings(ground, course));
    Ok(warnings)
}

/// What spread, slippage and funding add to fees, where they are assumed.
fn in_words(other_costs: Money) -> String {
    if other_costs > Money::ZERO { format!(" and {other_costs} of other costs") } else { String::new() }
}
