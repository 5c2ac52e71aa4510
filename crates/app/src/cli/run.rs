//! `backstop run`: the engine with the accounts of a configuration. The loop is `runtime`'s, the market `run`'s.

use super::{Failure, Outcome};
use crate::config::Config;
use crate::demo::Feed;
use crate::recorded::{Decimals, OpenSpec};
use crate::run::memory::{self, Memory};
use crate::run::{ByHand, PaperMarket, RunCast};
use crate::web::{Bind, TokenFile, router};
use backstop_model::{
    Event, Instrument, InstrumentId, Name, Notice, Price, Severity, SnapshotCause, Span, Symbol, Timestamp,
};
use backstop_runtime::{Clock, Cycle, Ended, Executor, Input, Lease, Live, SnapshotSchedule, Tell};
use backstop_store::StoreError;
use backstop_venues::paper::{LedgerFile, PaperVenue, REQUEST_VALIDITY};
use clap::Args;
use serde_json::json;
use std::path::PathBuf;
use std::str::FromStr;
use tokio::signal::unix::{SignalKind, signal};

/// Runs the engine with the accounts of the configuration on the paper venue and serves the local API.
#[derive(Args, Debug)]
pub struct Run {
    /// The configuration; the built-in plan on one paper account when absent.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The journal; the venue's ledger and the token's hash lie beside it.
    #[arg(long, value_name = "FILE", default_value = "backstop.db")]
    store: PathBuf,
    /// Where the API listens: loopback only.
    #[arg(long, default_value = "127.0.0.1:8787")]
    bind: Bind,
    /// Seed of the generated market.
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// A position opened by hand at the paper venue: "TIME SYMBOL long|short QTY".
    #[arg(long, value_name = "SPEC")]
    open: Vec<OpenSpec>,
    /// One JSON object a line instead of text.
    #[arg(long)]
    json: bool,
}

/// The generated market's symbols, their first price and decimals, when the configuration names none.
const MARKETS: [(&str, &str, u8, u8); 4] =
    [("BTCUSDT", "50000", 1, 3), ("ETHUSDT", "2500", 2, 3), ("SOLUSDT", "150", 2, 1), ("ADAUSDT", "0.8", 4, 0)];

impl Run {
    /// Runs until it is told to stop.
    pub fn run(&self) -> Result<Outcome, Failure> {
        let config = self.config.as_ref().map_or_else(Config::built_in, |path| Config::load(path))?;
        config.warnings.iter().for_each(|warning| eprintln!("warning: {warning}"));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(Failure::said)?;
        runtime.block_on(self.serve(&config))
    }

    fn say(&self, object: serde_json::Value, text: &str) {
        if self.json {
            println!("{object}");
        } else {
            println!("{text}");
        }
    }

    fn tell(&self) -> Tell {
        if self.json { Box::new(tell_json) } else { Box::new(tell) }
    }

    async fn serve(&self, config: &Config) -> Result<Outcome, Failure> {
        let cast = RunCast::new(config, instruments(config)?).map_err(Failure::said)?;
        let memory = memory::open(&self.store)?;
        let (token, shown) = TokenFile::open(&self.store.with_extension("token")).map_err(Failure::said)?;
        let listener = tokio::net::TcpListener::bind(self.bind.0).await;
        let listener = listener.map_err(|why| {
            Failure::said(format!("{}: the API cannot listen there: {why}; give another --bind", self.bind.0))
        })?;
        let address = Bind(listener.local_addr().map_err(Failure::said)?);
        if let Some(shown) = shown {
            self.say(json!({ "token": shown }), &format!("token (shown once, keep it): {shown}"));
        }
        self.say(json!({ "api": format!("http://{}", address.0) }), &format!("API on http://{}", address.0));
        let (live, handle, first) = self.live(&cast, memory)?;
        let routes = router(handle.clone(), address, token);
        let ended = handle.inbox.clone();
        tokio::spawn(async move {
            wait_for_the_end().await;
            // A loop that has ended already needs no telling.
            let _ = ended.send(Input::Stop).await;
        });
        let server = tokio::spawn(async move { axum::serve(listener, routes).await });
        let ended = live.run(first).await;
        server.abort();
        self.say(json!({ "ended": true }), "ended; orders stay at the venue");
        Ok(match ended {
            Ended::Asked => Outcome::Good,
            Ended::LeaseLost => Outcome::ProblemFound,
        })
    }

    fn live(&self, cast: &RunCast, memory: Memory) -> Result<(Live, backstop_runtime::Handle, Vec<Event>), Failure> {
        let clock = Clock::start();
        let Memory { journal, recovered, lease, lost } = memory;
        recovered.warnings.iter().for_each(|warning| eprintln!("warning: {warning}"));
        let now = clock.now();
        let ledger = LedgerFile::at(&self.store.with_extension("venue"));
        let (exchange, cursor) = match ledger.read().map_err(Failure::said)? {
            Some(found) => found,
            None => (cast.exchange(self.seed).map_err(Failure::said)?, 0),
        };
        let known_until = recovered.at.plus(Span::from_secs(-3600));
        let mut venue = PaperVenue::new(exchange, Some(ledger), known_until);
        cast.accounts.iter().for_each(|account| venue.name_account(account.id, account.name));
        cast.instruments.iter().for_each(|instrument| venue.name_instrument(instrument.id, instrument.symbol));
        let by_hand = if cursor == 0 { self.by_hand(cast)? } else { Vec::new() };
        let market = PaperMarket::new(venue, self.feed(cast, cursor)?, cast.instruments.clone(), by_hand, now);
        let mut snapshots = SnapshotSchedule::new(Span::from_secs(10));
        cast.accounts.iter().for_each(|account| snapshots.start(account.id, now, SnapshotCause::Start));
        let mut cycle = Cycle::new(recovered.engine, recovered.sequence, Executor::default(), snapshots);
        if let Some(why) = lost {
            (self.tell())(now, &without_journal(&why));
            cycle.journal_failed();
        }
        if lease.is_some() {
            cycle = cycle.under(Lease::new(REQUEST_VALIDITY));
        }
        let (mut live, handle) = Live::new(cycle, Box::new(market), journal, clock, self.tell());
        if let Some(lease) = lease {
            live = live.kept_by(Box::new(lease));
        }
        let mut first = cast.definitions();
        first.extend(recovered.doubts);
        Ok((live, handle, first))
    }

    fn feed(&self, cast: &RunCast, cursor: u64) -> Result<Feed, Failure> {
        let start = |instrument: &Instrument| {
            let usual = MARKETS.iter().find(|(symbol, ..)| *symbol == instrument.symbol.as_str());
            Price::from_str(usual.map_or("100", |(_, start, ..)| start)).map_err(Failure::said)
        };
        let markets: Result<Vec<_>, Failure> = cast
            .instruments
            .iter()
            .map(|instrument| Ok((instrument.symbol, start(instrument)?, instrument.tick)))
            .collect();
        let mut feed = Feed::generated(&markets?, self.seed, Timestamp::EPOCH);
        while feed.given() < cursor && feed.next_moment()?.is_some() {}
        Ok(feed)
    }

    fn by_hand(&self, cast: &RunCast) -> Result<Vec<ByHand>, Failure> {
        let account = cast.accounts.first().ok_or_else(|| Failure::said("the configuration has no account"))?;
        let hand = |spec: &OpenSpec| {
            if let Some(plan) = spec.plan {
                let why = "the account's plan applies; leave the word out, or set `plans` for the symbol in the configuration";
                return Err(Failure::said(format!("--open: plan {plan}: {why}")));
            }
            let instrument = cast.instruments.iter().find(|instrument| instrument.symbol == spec.symbol);
            let instrument =
                instrument.ok_or_else(|| Failure::said(format!("--open: unknown symbol {}", spec.symbol)))?;
            Ok(ByHand {
                at: spec.at,
                account: account.id,
                instrument: instrument.id,
                side: spec.side,
                quantity: spec.quantity,
            })
        };
        self.open.iter().map(hand).collect()
    }
}

fn instruments(config: &Config) -> Result<Vec<Instrument>, Failure> {
    let venue = Name::new("paper").map_err(Failure::said)?;
    let usual = MARKETS.iter().map(|(symbol, _, price, quantity)| {
        Ok((Symbol::new(symbol).map_err(Failure::said)?, Decimals { price: *price, quantity: Some(*quantity) }))
    });
    let mut known = usual.collect::<Result<Vec<_>, Failure>>()?;
    for symbol in
        config.instruments.keys().filter(|symbol| !MARKETS.iter().any(|(known, ..)| *known == symbol.as_str()))
    {
        known.push((*symbol, Decimals { price: 2, quantity: Some(3) }));
    }
    let make = |(symbol, seen)| {
        Instrument::try_from(config.overrides(symbol).spec(InstrumentId(0), venue, symbol, seen)).map_err(Failure::said)
    };
    known.into_iter().map(make).collect()
}

/// What people are told when an engine starts without its store (R9).
fn without_journal(why: &StoreError) -> Notice {
    let text = format!(
        "{why}. Going on without a journal: stops are kept and placed and positions can be closed; no targets, no trails, nothing is recorded. Put it right and start again, or start with a new --store: orders of ours are recognised at the venue"
    );
    Notice { severity: Severity::Alarm, position: None, text }
}

/// A notice for people: alarms on standard error.
fn tell(_at: Timestamp, notice: &Notice) {
    match notice.severity {
        Severity::Note => println!("{}", notice.text),
        Severity::Warning => println!("WARNING {}", notice.text),
        Severity::Alarm => eprintln!("ALARM {}", notice.text),
    }
}

/// A notice for programs.
fn tell_json(at: Timestamp, notice: &Notice) {
    println!("{}", json!({ "at": at.as_millis(), "severity": notice.severity, "text": notice.text }));
}

/// SIGTERM or Ctrl-C.
async fn wait_for_the_end() {
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}
