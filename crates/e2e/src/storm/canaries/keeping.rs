//! Bugs of what is kept: the disk, the lease, and that the same life is lived alike.

use super::{Canary, Notes, Scene};
use backstop_model::{Command, Span, Timestamp};
use backstop_store::{LeaseAnswer, Record};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::SystemTime;

/// In the order of what they break.
pub const CANARIES: &[Canary] = &[
    Canary::new("I17", "no-is-yes", "whoever had the lease takes every answer for a yes").leases(no_is_yes),
    Canary::new("I17", "lease-for-an-hour", "the end of the lease is taken to be an hour away").leases(for_an_hour),
    Canary::new("I17", "lease-before-queue", "the lease is looked at before queueing, not before sending")
        .leaves(queued),
    Canary::new("I18", "send-before-sync", "what has been handed to the disk is taken for durable").hastens(),
    Canary::new("I20", "questions-not-written", "questions are left out of records").writes(questions_not_written),
    Canary::new("I20", "prices-not-written", "records do not say which prices they rest on").writes(prices_not_written),
    Canary::new("I20", "whole-seconds", "records say when something happened to the second").writes(whole_seconds),
    Canary::new("I21", "skipped-fsync", "what was said to be durable is lost with the process").tampers(no_fsync),
    Canary::new("I21", "hole-in-the-journal", "a crash loses a record and keeps the ones after it").tampers(hole),
    Canary::new("I21", "believes-what-was-lost", "a record that was never durable is there after a crash")
        .tampers(believed),
    Canary::new("I22", "order-by-hash", "what leaves waits by a hash that differs from run to run").leaves(by_hash),
    Canary::new("I22", "wall-clock", "what leaves waits by the computer's clock").leaves(by_wall_clock),
];

fn no_is_yes(now: Timestamp, epoch: Option<u64>, answer: LeaseAnswer) -> (Timestamp, LeaseAnswer) {
    let kept = epoch.map(|epoch| LeaseAnswer::Granted { epoch, taken_over: false });
    (now, kept.unwrap_or(answer))
}

fn for_an_hour(now: Timestamp, epoch: Option<u64>, answer: LeaseAnswer) -> (Timestamp, LeaseAnswer) {
    // Whoever has it already; the first time it is asked for as it should be.
    let more = if epoch.is_some() { Span::from_secs(3_600) } else { Span::ZERO };
    (now.plus(more), answer)
}

fn queued(notes: &mut Notes, scene: &Scene, command: Command) -> Vec<Command> {
    // A process that stands still with a full queue empties it when it goes on.
    notes.keep(scene.now.plus(Span::from_secs(6)), command);
    Vec::new()
}

fn questions_not_written(record: &mut Record) {
    record.commands.retain(|command| !matches!(command, Command::Lookup { .. } | Command::Snapshot { .. }));
}

fn prices_not_written(record: &mut Record) {
    record.market.clear();
}

fn whole_seconds(record: &mut Record) {
    let second = Span::from_secs(1).as_nanos();
    record.at = Timestamp::from_nanos(record.at.as_nanos() / second * second);
}

fn no_fsync(records: &mut Vec<Record>) {
    records.truncate(records.len().saturating_sub(3));
}

fn believed(records: &mut Vec<Record>) {
    let never = records.last().cloned().map(|last| Record { sequence: last.sequence + 1, ..last });
    records.extend(never);
}

fn hole(records: &mut Vec<Record>) {
    if records.len() > 5 {
        records.remove(records.len() - 3);
    }
}

fn delayed(notes: &mut Notes, scene: &Scene, command: Command, by: u64) -> Vec<Command> {
    let millis = i64::try_from(by % 5).unwrap_or(0);
    if millis == 0 {
        return vec![command];
    }
    notes.keep(scene.now.plus(Span::from_millis(millis)), command);
    Vec::new()
}

fn by_hash(notes: &mut Notes, scene: &Scene, command: Command) -> Vec<Command> {
    let number = RandomState::new().build_hasher().finish();
    delayed(notes, scene, command, number)
}

fn by_wall_clock(notes: &mut Notes, scene: &Scene, command: Command) -> Vec<Command> {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    delayed(notes, scene, command, u64::from(since.subsec_nanos()))
}
