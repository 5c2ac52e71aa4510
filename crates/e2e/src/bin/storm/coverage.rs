//! What a run of lives has tried: each fault, each pair of faults, and what must be reached sometimes.

use backstop_e2e::storm::Tally;
use backstop_e2e::storm::sometimes::ELSEWHERE;

/// Lives after which every fault must have struck, and everything that must be reached sometimes.
const ENOUGH: u64 = 100_000;
/// Pairs named on one line.
const PER_LINE: usize = 8;

/// Prints it. True when something was missed, over lives enough; a pair that never met is named and is no failure.
pub fn misses(tally: &Tally) -> bool {
    let enough = tally.lives >= ENOUGH;
    let rows = tally.rows();
    rows.iter().for_each(|(id, hits)| println!("{id}  {hits}"));
    let mut never: Vec<&str> = rows.iter().filter(|(_, hits)| *hits == 0).map(|(id, _)| *id).collect();
    println!("\nsometimes, in so many lives:");
    for (one, lives) in tally.sometimes() {
        println!("  {lives:>8}  {}", one.words());
        never.extend((lives == 0).then(|| one.words()));
    }
    ELSEWHERE.iter().for_each(|(what, who)| println!("         -  {what}: {who}"));
    println!("\nother answers than the profile's, in so many lives:");
    for (words, lives) in tally.readings() {
        println!("  {lives:>8}  {words}");
        never.extend((lives == 0).then_some(words));
    }
    pairs(tally, enough);
    if enough && !never.is_empty() {
        println!("never in {} lives: {}", tally.lives, never.join(", "));
    }
    enough && !never.is_empty()
}

fn pairs(tally: &Tally, enough: bool) {
    let pairs = tally.pairs();
    let missed: Vec<String> =
        pairs.iter().filter(|(_, lives)| *lives == 0).map(|((one, other), _)| format!("{one}+{other}")).collect();
    println!("\npairs of faults in one life: {} of {} possible", pairs.len() - missed.len(), pairs.len());
    if enough {
        missed.chunks(PER_LINE).for_each(|line| println!("  never: {}", line.join(" ")));
    }
}
