//! What one multiplication, division and rounding of the units costs.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "criterion's macros write undocumented functions; benches may panic"
)]

use backstop_model::{Money, Price, Quantity, Ratio, Rounding};
use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use std::time::Duration;

fn units(criterion: &mut Criterion) {
    let price: Price = "61234.5".parse().unwrap();
    let quantity: Quantity = "0.123456".parse().unwrap();
    let (money, ratio): (Money, Ratio) = ("7559.766432".parse().unwrap(), "1.03".parse().unwrap());
    let tick: Price = "0.1".parse().unwrap();
    let mut group = criterion.benchmark_group("units");
    group.bench_function("price x quantity", |b| b.iter(|| black_box(price).notional(black_box(quantity))));
    group.bench_function("price x ratio", |b| b.iter(|| black_box(price).times(black_box(ratio), Rounding::Down)));
    group.bench_function("money / quantity", |b| b.iter(|| black_box(money).per(black_box(quantity), Rounding::Down)));
    group.bench_function("floor to tick", |b| b.iter(|| black_box(price).floor_to_tick(black_box(tick))));
    group.bench_function("compare", |b| b.iter(|| black_box(price) > black_box(tick)));
    group.finish();
}

fn short() -> Criterion {
    Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(500))
}

criterion_group!(name = benches; config = short(); targets = units);
criterion_main!(benches);
