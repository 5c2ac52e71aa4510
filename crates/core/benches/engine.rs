//! What a tick costs that changes nothing, with 10, 1,000 and 10,000 positions on one symbol, against a scan over as many
//! bounds; what a deciding event costs; how many bytes an open position takes.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "criterion's macros write undocumented functions and measure in f64; benches panic, look at clocks and at /proc"
)]

use backstop_core::Engine;
use backstop_core::orders::Leg;
use backstop_core::position::{Live, Position, Tranche};
use backstop_model::plan::{
    OnInvalid, Rest, StopLadder, StopLoss, TakeProfit, TakeProfits, TrailDistance, TrailingStop,
};
use backstop_model::{
    Account, AccountId, Adopt, Answer, Asked, Capability, Command, Distance, Event, ExitPlan, ExitPlanSpec, Fee, Fill,
    FillCause, FillId, Instrument, InstrumentId, InstrumentSpec, Limits, Liquidity, Money, Name, OrderSide, Outcome,
    Permit, PlanId, PositionMode, Price, Prices, Ratio, Span, Stamped, Symbol, Tick, Timestamp, TrailedBy,
    TriggerSource, VenueOrderId,
};
use criterion::{BatchSize, BenchmarkId, Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

const SIZES: [u32; 3] = [10, 1_000, 10_000];

fn price(text: &str) -> Price {
    text.parse().unwrap()
}

fn percent(text: &str) -> Ratio {
    Ratio::percent(text).unwrap()
}

fn account(number: u32) -> Account {
    Account {
        id: AccountId(number),
        name: Name::new(&format!("account-{number}")).unwrap(),
        venue: Name::new("bench").unwrap(),
        position_mode: PositionMode::OneWay,
        plan: Some(PlanId(0)),
        adopt: Adopt::Plan,
        hard_stop: None,
        split_entries: false,
        capability: Capability {
            native_trailing: None,
            amend_stop: true,
            reduce_only: true,
            whole_stop: false,
            flagged_exits: backstop_model::FlaggedExits::Every,
            guaranteed_stops: false,
            only_trigger: None,
            entry_stop: false,
            sized_stops: backstop_model::SizedStops::Beside,
            limit_targets: backstop_model::LimitTargets::InBook,
            resting_targets: backstop_model::RestingTargets::Every,
            request_validity: Span::from_secs(3),
        },
        currency: Name::new("USDT").unwrap(),
        limits: Limits::default(),
        refusals: Default::default(),
        permit: Permit::All,
    }
}

fn instrument(number: u32) -> Instrument {
    let spec = InstrumentSpec {
        id: InstrumentId(number),
        venue: Name::new("bench").unwrap(),
        symbol: Symbol::new(&format!("S{number}USDT")).unwrap(),
        tick: price("0.1"),
        step: "0.001".parse().unwrap(),
        min_quantity: "0.001".parse().unwrap(),
        max_quantity: None,
        max_market_quantity: None,
        min_notional: Money::ZERO,
        min_notional_waived_for_exits: false,
        maker_fee: percent("0.02"),
        taker_fee: percent("0.05"),
        leverage: Some(10.try_into().unwrap()),
        maintenance_margin: percent("0.5"),
        least_distance: None,
        guaranteed: None,
        week_ends: None,
        value_per_point: backstop_model::Ratio::ONE,
        hours: None,
        currency: Name::new("USDT").unwrap(),
    };
    Instrument::try_from(spec).unwrap()
}

/// Three levels and a trail: the plan that keeps an engine busiest.
fn plan() -> ExitPlan {
    let level = |at, close| TakeProfit::new(Distance::Percent(percent(at)), percent(close));
    let levels = vec![level("3", "40"), level("5", "30"), level("8", "20")];
    let (take_profits, _) = TakeProfits::new(levels, true, OnInvalid::Refuse, None).unwrap();
    let spec = ExitPlanSpec {
        take_profits,
        rest: Rest::Trail,
        trailing: Some(TrailingStop {
            activation: Some(Distance::Percent(percent("2.5"))),
            distance: TrailDistance::Percent(percent("1")),
            by: TrailedBy::Amend,
            trigger: TriggerSource::Last,
            trigger_is_usual: false,
            follow: false,
        }),
        stop_ladder: StopLadder::PreviousTarget,
        ..ExitPlanSpec::new(
            Name::new("swing").unwrap(),
            StopLoss::new(Distance::Percent(percent("2")), TriggerSource::Mark),
        )
    };
    ExitPlan::try_from(spec).unwrap()
}

struct Bench {
    engine: Engine,
    sequence: u64,
    at: Timestamp,
}

impl Bench {
    /// So many accounts with one long each, entries a little apart, every stop and target accepted.
    fn with(positions: u32) -> Self {
        let mut bench = Self { engine: Engine::new(), sequence: 0, at: Timestamp::EPOCH };
        bench.handle(Event::DefineInstrument(Box::new(instrument(0))));
        bench.handle(Event::DefinePlan { id: PlanId(0), plan: Arc::new(plan()) });
        bench.handle(tick("50000"));
        for number in 0..positions {
            bench.handle(Event::DefineAccount(Box::new(account(number))));
            bench.settle(entry(number));
        }
        bench.at = bench.at.plus(Span::from_secs(5));
        bench.handle(tick("50000.1"));
        bench
    }

    fn handle(&mut self, event: Event) -> Vec<Command> {
        self.sequence += 1;
        self.engine.handle(&Stamped { sequence: self.sequence, at: self.at, event }).commands
    }

    /// Hands in an event and accepts everything that comes of it.
    fn settle(&mut self, event: Event) {
        let mut waiting = vec![event];
        while let Some(event) = waiting.pop() {
            for command in self.handle(event) {
                let asked = match command {
                    Command::Place(_) => Asked::Place,
                    Command::Amend { .. } => Asked::Amend,
                    Command::Cancel { .. } => Asked::Cancel,
                    Command::Lookup { .. } | Command::Snapshot { .. } => continue,
                };
                let (id, account) = (command.order().unwrap(), command.account());
                let outcome = Outcome::Accepted(VenueOrderId::new("v").unwrap());
                let (instrument, sent_at) = (command.instrument().unwrap(), self.at);
                waiting.push(Event::Answer(Answer { account, instrument, id, asked, outcome, sent_at }));
            }
        }
    }
}

/// 10,000 open positions on 500 symbols in one process (product.md §9): memory, and events per second on a random walk of
/// all symbols, with every command accepted.
fn many(_: &mut Criterion) {
    const SYMBOLS: u32 = 500;
    const POSITIONS: u32 = 10_000;
    const TICKS: u32 = 1_000_000;
    let before = resident();
    let mut bench = Bench { engine: Engine::new(), sequence: 0, at: Timestamp::EPOCH };
    bench.handle(Event::DefinePlan { id: PlanId(0), plan: Arc::new(plan()) });
    for symbol in 0..SYMBOLS {
        bench.handle(Event::DefineInstrument(Box::new(instrument(symbol))));
        bench.handle(tick_of(symbol, 500_000));
    }
    for number in 0..POSITIONS {
        bench.handle(Event::DefineAccount(Box::new(account(number))));
        let Event::Fill(mut fill) = entry(number) else { unreachable!("an entry is a fill") };
        fill.instrument = InstrumentId(number % SYMBOLS);
        bench.settle(Event::Fill(fill));
    }
    let open = bench.engine.positions().count();
    println!(
        "many: {} bytes resident per open position with its orders, {open} open",
        (resident() - before) / u64::from(POSITIONS)
    );
    let mut prices = vec![500_000_i64; SYMBOLS as usize];
    let (mut state, began, first) = (7_u64, std::time::Instant::now(), bench.sequence);
    for turn in 0..TICKS {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let symbol = u32::try_from((state >> 33) % u64::from(SYMBOLS)).unwrap();
        let step = i64::try_from((state >> 20) % 601).unwrap() - 300;
        let price = &mut prices[symbol as usize];
        *price += step;
        bench.at = Timestamp::EPOCH.plus(Span::from_millis(i64::from(turn) / 50));
        let now = *price;
        bench.settle(tick_of(symbol, now));
    }
    let seconds = began.elapsed().as_secs_f64();
    let events = bench.sequence - first;
    println!(
        "many: {TICKS} ticks on {SYMBOLS} symbols, {events} events with the answers, {:.0} events a second, {} still open",
        f64::from(u32::try_from(events).unwrap()) / seconds,
        bench.engine.positions().count()
    );
}

fn tick_of(symbol: u32, tenths: i64) -> Event {
    let at = price(&format!("{}.{}", tenths / 10, tenths % 10));
    Event::Tick(Tick { instrument: InstrumentId(symbol), prices: Prices::all(at), confirmed: true })
}

/// Resident memory of this process, bytes; 0 where the system does not say.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split_whitespace().nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0) * 4_096
}

fn tick(at: &str) -> Event {
    Event::Tick(Tick { instrument: InstrumentId(0), prices: Prices::all(price(at)), confirmed: true })
}

fn entry(number: u32) -> Event {
    let at = format!("{}.{}", 49_900 + number / 100, number % 10);
    fill(number, "entry", None, OrderSide::Buy, &at, "0.1")
}

fn fill(
    number: u32,
    id: &str,
    order: Option<backstop_model::ClientOrderId>,
    side: OrderSide,
    at: &str,
    quantity: &str,
) -> Event {
    Event::Fill(Fill {
        account: AccountId(number),
        instrument: InstrumentId(0),
        id: FillId::new(&format!("{id}-{number}")).unwrap(),
        order,
        venue_order: VenueOrderId::new("v").unwrap(),
        side,
        position_side: None,
        deal: None,
        price: price(at),
        quantity: quantity.parse().unwrap(),
        fee: Fee::Known(Money::ZERO),
        liquidity: Liquidity::Maker,
        cause: FillCause::Order,
        at: Timestamp::EPOCH,
    })
}

fn quiet_ticks(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("quiet tick");
    for size in SIZES {
        let mut bench = Bench::with(size);
        let stamped = Stamped { sequence: 0, at: bench.at, event: tick("50000.1") };
        group.bench_with_input(BenchmarkId::new("engine", size), &size, |b, _| {
            b.iter(|| black_box(bench.engine.handle(black_box(&stamped))));
        });
        let bounds: Vec<(Price, Price)> = (0..size).map(|_| (price("49000"), price("51500"))).collect();
        let now = price("50000.1");
        group.bench_with_input(BenchmarkId::new("linear scan over bounds", size), &size, |b, _| {
            b.iter(|| black_box(&bounds).iter().filter(|(low, high)| now <= *low || now >= *high).count());
        });
    }
    group.finish();
}

fn deciding_events(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("deciding event");
    for size in [10, 10_000] {
        let bench = Bench::with(size);
        let target = bench.engine.positions().next().unwrap();
        let leg = Leg::Target(1);
        let id = target.orders.iter().find(|order| order.leg == leg).unwrap().id;
        let hit =
            Stamped { sequence: 0, at: bench.at, event: fill(0, "hit", Some(id), OrderSide::Sell, "51500", "0.04") };
        group.bench_function(BenchmarkId::new("target fill", size), |b| {
            b.iter_batched_ref(
                || bench.engine.clone(),
                |engine| black_box(engine.handle(&hit)),
                BatchSize::PerIteration,
            );
        });
        trail_move(&mut group, size);
    }
    group.finish();
}

/// One position of many trails: the others have entries too far above for their activation.
fn trail_move(group: &mut criterion::BenchmarkGroup<'_, criterion::measurement::WallTime>, size: u32) {
    let mut bench = Bench::with(size - 1);
    bench.handle(Event::DefineAccount(Box::new(account(size))));
    bench.settle(fill(size, "low", None, OrderSide::Buy, "48000", "0.1"));
    bench.settle(tick("50000.2"));
    bench.at = bench.at.plus(Span::from_secs(2));
    bench.settle(Event::Wake);
    let moved = Stamped { sequence: 0, at: bench.at, event: tick("50100") };
    assert!(!bench.engine.clone().handle(&moved).commands.is_empty(), "the trail moves");
    group.bench_function(BenchmarkId::new("trail move", size), |b| {
        b.iter_batched_ref(|| bench.engine.clone(), |engine| black_box(engine.handle(&moved)), BatchSize::PerIteration);
    });
}

/// Bytes per open position, with its orders and without, as they are written down and as they lie in memory.
fn sizes(_: &mut Criterion) {
    let bench = Bench::with(1_000);
    let whole = serde_json::to_string(&bench.engine).unwrap().len();
    let position = bench.engine.positions().next().unwrap();
    let orders = position.orders.len() * size_of::<backstop_core::orders::OpenOrder>();
    println!("size: {} bytes of checkpoint per open position (JSON, 4 orders)", whole / 1_000);
    println!("size: {} bytes in memory per open position beyond its orders", beyond_orders(position));
    println!("size: {orders} bytes for its {} orders", position.orders.len());
}

/// All that an open position of [`Bench::with`] holds: itself, what is open, its tranches with their levels, the revisions of
/// their legs and the name of the order that opened them, and the execution that it knows. Nothing else of it is there.
fn beyond_orders(position: &Position) -> usize {
    let live = position.live.as_ref().unwrap();
    let of_tranche = |tranche: &Tranche| {
        let name = tranche.main_order.as_ref().map_or(0, |name| name.len());
        let revisions = tranche.revisions.iter().count() * size_of::<(Leg, u16)>();
        assert!(tranche.exits.is_empty() && tranche.retries.is_empty() && *tranche.aside == Default::default());
        size_of::<Tranche>() + size_of_val(&*tranche.levels) + revisions + name
    };
    let tranches: usize = live.tranches.iter().map(of_tranche).sum();
    size_of::<Position>() + size_of::<Live>() + tranches + size_of::<FillId>()
}

fn short() -> Criterion {
    Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(600))
}

criterion_group!(name = benches; config = short(); targets = many, quiet_ticks, deciding_events, sizes);
criterion_main!(benches);
