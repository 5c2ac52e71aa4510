//! Appends per second: 64 steps in one sync against one by one (shared figures: one durable commit costs about 200 µs,
//! 64 in one sync hardly more).

use backstop_model::{Event, Timestamp};
use backstop_store::{Journal, Record, SqliteJournal, Step};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

fn step(sequence: u64) -> Step {
    let record = Record {
        sequence,
        at: Timestamp::EPOCH,
        event: Event::Wake,
        market: Vec::new(),
        commands: Vec::new(),
        notices: Vec::new(),
        fingerprint: None,
    };
    Step { record, reads: Vec::new() }
}

fn appends(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("append");
    group.sample_size(20);
    for together in [1_u64, 64] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut journal = SqliteJournal::open(&folder.path().join("s.db")).expect("a fresh store");
        let mut sequence = 0;
        group.throughput(Throughput::Elements(together));
        group.bench_function(format!("{together} in one sync"), |bencher| {
            bencher.iter(|| {
                let steps: Vec<Step> = (1..=together).map(|next| step(sequence + next)).collect();
                sequence += together;
                journal.append(&steps).expect("the disk has room");
            });
        });
    }
    group.finish();
}

criterion_group!(benches, appends);
criterion_main!(benches);
