//! The parts of an entry through Backstop, where each level has a deal of its own: a line for each, and what of it rests.

use backstop_core::preview::PartPreview;

/// Nothing for an entry that stays whole.
pub(super) fn in_words(parts: &[PartPreview]) -> String {
    if parts.is_empty() {
        return String::new();
    }
    let mut text = format!(
        "\n\nentered through Backstop it is made in {} deals, each with a stop of its own (what is said above of one deal holds for a position that others open):",
        parts.len()
    );
    for part in parts {
        let level = part.target.map_or_else(String::new, |target| format!(" at {target}"));
        let (number, quantity, closes, stop) = (part.part, part.quantity, &part.closes, part.stop);
        text.push_str(&format!("\n  part {number}: {quantity}, closed by {closes}{level}, stop {stop}"));
        part.rests_at_venue.iter().for_each(|line| text.push_str(&format!("\n    at the venue: {line}")));
        part.done_by_backstop.iter().for_each(|line| text.push_str(&format!("\n    by Backstop: {line}")));
    }
    text
}
