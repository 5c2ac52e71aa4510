//! Profit, fees and funding of the store against the exchange's own books, to the last digit (I11).
//!
//! Many positions, each at an exchange of its own: funding of both signs, orders that fill in parts, further entries that
//! make tranches. The sums are taken by two programs that share no arithmetic but that of decimals.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use backstop_app::config::Config;
use backstop_app::demo::{Cast, Feed, Opening, Script, World};
use backstop_app::paper::{account_opening, exchange_rules, generated_markets, instrument};
use backstop_model::{ExitPlan, Instrument, Money, PositionSide, Ratio, Span, Timestamp};
use backstop_runtime::{Cycle, Executor, SnapshotSchedule};
use backstop_sim::{Exchange, Fault, Faults, Funding, Knob, Physics, Setup};
use backstop_store::{ReadOnly, SqliteJournal};
use backstop_venues::paper::PaperVenue;
use std::path::Path;
use std::sync::Arc;
use tempfile::tempdir;

const PLAN: &str = "plans:
  p:
    stop_loss: { at: 1.2%, trigger: last }
    take_profits: [{ at: 0.3%, close: 30% }, { at: 0.7%, close: 30% }]
    rest: trail
    trailing: { activation: 0.5%, distance: 0.4%, by: amend, trigger: last }
    stop_ladder: breakeven
    breakeven: net
  q:
    stop_loss: { at: 1.2%, trigger: last }
    take_profits: [{ at: 0.3%, close: 30% }, { at: 0.7%, close: 30% }]
    rest: trail
    trailing: { activation: 0.5%, distance: 0.4%, by: amend, trigger: last }
    stop_ladder: breakeven
    breakeven: net
    tranches: per_fill
";

/// Plan `p` holds everything in one tranche; under `q` every entry is a tranche of its own.
fn plan(config: &Config, name: &str) -> Arc<ExitPlan> {
    Arc::clone(config.plans.values().find(|plan| plan.name.as_str() == name).unwrap())
}

fn exchange(instrument: &Instrument, account: &str, seed: u64, rate: &str, physics: Physics) -> Exchange {
    let faults = Faults::none(seed).with(Fault::PartialFill, Knob::per_million(500_000));
    let mut exchange = Exchange::new(Setup { physics, faults, ..Setup::new(seed) });
    let mut rules = exchange_rules(instrument);
    rules.funding = Some(Funding { interval: Span::from_secs(180), rate: Ratio::percent(rate).unwrap() });
    exchange.list(instrument.symbol.as_str(), rules).unwrap();
    exchange.open_account(account, account_opening(instrument.leverage)).unwrap();
    exchange
}

/// Four positions on one market, played to their end; every one is entered three times.
fn play(store: &Path, seed: u64, physics: &Physics) -> World {
    let config = Config::parse(PLAN, "p").unwrap();
    let market = generated_markets()[usize::try_from(seed % 3).unwrap()];
    let instrument = instrument(&config, market.symbol, market.decimals).unwrap();
    let at = Timestamp::from_millis(1_767_225_600_000).unwrap();
    let of = |side, name| {
        let quantity = if market.symbol.as_str() == "BTCUSDT" { "0.037" } else { "1.7" };
        Opening {
            at,
            instrument: instrument.clone(),
            side,
            quantity: quantity.parse().unwrap(),
            plan: plan(&config, name),
            script: Script::default(),
        }
    };
    use PositionSide::{Long, Short};
    let openings = vec![of(Long, "p"), of(Short, "p"), of(Long, "q"), of(Short, "q")];
    let mut cast = Cast::new(openings, seed, false, None, at).unwrap();
    for (player, rate) in cast.players.iter_mut().zip(["0.0137", "0.0137", "-0.0291", "-0.0291"]) {
        let id = player.opening.instrument.id;
        let exchange = exchange(&player.opening.instrument, player.account.name.as_str(), seed, rate, physics.clone());
        player.venue = PaperVenue::new(exchange, None, at);
        player.venue.name_account(player.account.id, player.account.name);
        player.venue.name_instrument(id, market.symbol);
    }
    let journal = SqliteJournal::open_with_ballast(store, 0).unwrap();
    let cycle = Cycle::new(Default::default(), 0, Executor::default(), SnapshotSchedule::new(Span::from_secs(60)));
    let mut world = World::new(cast, cycle, Box::new(journal), at, vec![]).unwrap();
    let mut feed = Feed::generated(&[(market.symbol, market.first_price, instrument.tick)], seed, at);
    let mut more = [at.plus(Span::from_secs(20)), at.plus(Span::from_secs(40))].into_iter().peekable();
    while !world.is_over() {
        let moment = feed.next_moment().unwrap().unwrap();
        assert!(moment.at < at.plus(Span::from_secs(86_400)), "seed {seed}: it ends within a day");
        world.play(&moment).unwrap();
        if more.next_if(|due| moment.at >= *due).is_some() {
            for player in &mut world.cast.players {
                let Opening { instrument, side, quantity, .. } = player.opening.clone();
                player.venue.open_by_hand(moment.at, player.account.id, instrument.id, side, quantity).unwrap();
            }
        }
    }
    assert_eq!(world.violations(), [] as [&str; 0], "seed {seed}");
    world
}

/// Profit before costs, fees and funding of one account, by the store.
fn by_the_store(store: &Path, account: &str) -> [Money; 3] {
    let mut sums = [Money::ZERO; 3];
    let trades = ReadOnly::open(store).unwrap().trades().unwrap();
    for trade in trades.iter().filter(|trade| trade.account == account) {
        let document = &trade.document;
        let profits = document.partial_exits.iter().map(|exit| exit.profit);
        let profit = profits.fold(Money::ZERO, |sum, profit| sum.plus(profit).unwrap());
        let net = profit.minus(document.fees).unwrap().plus(document.funding).unwrap();
        assert_eq!(net, document.realized_pnl);
        for (sum, amount) in sums.iter_mut().zip([profit, document.fees, document.funding]) {
            *sum = sum.plus(amount).unwrap();
        }
    }
    sums
}

#[test]
fn profit_fees_and_funding_of_many_positions_are_those_of_the_exchange_to_the_last_digit() {
    let folder = tempdir().unwrap();
    let (mut paid, mut received, mut parts, mut tranches) = (0, 0, 0, 0);
    for seed in 1..=9 {
        let store = folder.path().join(format!("s{seed}.db"));
        let physics = if seed % 2 == 0 { Physics::exact() } else { Physics::default() };
        let world = play(&store, seed, &physics);
        for player in &world.cast.players {
            let (name, ledger) = (player.account.name.as_str(), player.venue.exchange().ledger());
            let theirs = [ledger.realised(name).unwrap(), ledger.fees(name).unwrap(), ledger.funding_of(name).unwrap()];
            assert_eq!(by_the_store(&store, name), theirs, "seed {seed}, {name}: profit, fees, funding");
            paid += u32::from(theirs[2] < Money::ZERO);
            received += u32::from(theirs[2] > Money::ZERO);
            parts += player.venue.exchange().faults().struck(Fault::PartialFill);
        }
        let trades = ReadOnly::open(&store).unwrap().trades().unwrap();
        tranches += trades.iter().filter(|trade| trade.document.tranche > 1).count();
    }
    assert!(paid >= 5 && received >= 5 && parts > 20 && tranches > 5, "{paid} {received} {parts} {tranches}");
}
