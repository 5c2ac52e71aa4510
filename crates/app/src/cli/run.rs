//! `backstop run`: the engine with the accounts of a configuration. The loop is `runtime`'s, the market `run`'s.

use super::{Failure, Outcome, output, unknown};
use crate::calendar::TzCalendar;
use crate::config::Config;
use crate::demo::Feed;
use crate::paper::{GeneratedMarket, generated_markets, instrument};
use crate::recorded::OpenSpec;
use crate::records::{TapeWriter, tape_of};
use crate::run::memory::{self, Memory};
use crate::run::{Beside, ByHand, Numbers, PaperMarket, Reread, RunCast, Told, Witness, past};
use crate::web::{Bind, Counts, Previews, Reloads, TokenFile, Wishes, router};
use axum::Router;
use backstop_core::Engine;
use backstop_model::{Account, Event, Instrument, Notice, Price, Severity, SnapshotCause, Span, Symbol, Timestamp};
use backstop_runtime::{Clock, Cycle, Drills, Ended, Executor, Handle, Input, Lease, Live, SnapshotSchedule, Tell};
use backstop_store::StoreError;
use backstop_venues::paper::{LedgerFile, PaperVenue, REQUEST_VALIDITY};
use clap::Args;
use serde_json::json;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

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
    /// How many times faster than the clock the generated market runs, at most 1000.
    #[arg(long, value_name = "TIMES", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    speed: u32,
    /// A position opened by hand at the paper venue: "TIME [ACCOUNT:]SYMBOL long|short QTY"; on the first account unless
    /// one is named. It counts only on the first start of a store.
    #[arg(long, value_name = "SPEC")]
    open: Vec<OpenSpec>,
    /// A CSV file to which every closed trade is appended; what is missing in it is appended at the start.
    #[arg(long, value_name = "FILE")]
    trade_log: Option<PathBuf>,
    /// One JSON object a line instead of text.
    #[arg(long)]
    json: bool,
}

impl Run {
    /// Runs until it is told to stop.
    pub fn run(&self) -> Result<Outcome, Failure> {
        let config = self.config.as_ref().map_or_else(Config::built_in, |path| Config::load(path))?;
        config.warnings.iter().for_each(output::warning);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(Failure::said)?;
        runtime.block_on(self.serve(&config))
    }

    fn say(&self, object: serde_json::Value, text: &str) {
        if self.json {
            output::line_if_read(object);
        } else {
            output::line_if_read(text);
        }
    }

    fn tell(&self, cast: &RunCast) -> Tell {
        let told = Told::with(&cast.names());
        if self.json {
            Box::new(move |at, notice| output::line_if_read(told.object(at, notice)))
        } else {
            Box::new(move |_at, notice| tell(notice.severity, &told.line(notice)))
        }
    }

    async fn serve(&self, config: &Config) -> Result<Outcome, Failure> {
        // Before anybody can see that it runs: who ends it then ends it cleanly.
        let mut end = End::listen()?;
        // What is wrong with the command line is said before the store is touched.
        self.by_hand(&cast_of(config, &Engine::new())?)?;
        let memory = memory::open(&self.store)?;
        let mut cast = cast_of(config, &memory.recovered.engine)?;
        for left in cast.leave_out(&memory.recovered.engine) {
            (self.tell(&cast))(Clock::start().now(), &alarm(left));
        }
        let by_hand = self.by_hand(&cast)?;
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
        let memory = self.with_files_beside(config, &cast, memory)?;
        let (live, handle, first) = self.live(config, &cast, by_hand, memory)?;
        let routes = self.routes(config, cast, &handle, (address, token));
        let ended = handle.inbox.clone();
        tokio::spawn(async move {
            end.comes().await;
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

    fn routes(&self, config: &Config, cast: RunCast, handle: &Handle, (address, token): (Bind, TokenFile)) -> Router {
        let (counts, seen) = watch::channel(Arc::new(Counts { config: config.clone(), names: cast.names() }));
        let wishes = Wishes::new(handle.clone(), seen.clone());
        let previews = Previews::new(seen, cast.instruments(), handle.clone());
        let source = Reread::new(self.config.as_deref(), config, cast, instruments);
        router(wishes, previews, Reloads::new(Box::new(source), counts, handle.clone()), address, token)
    }

    /// Without a journal nothing is recorded, so nothing is kept beside it either.
    fn with_files_beside(&self, config: &Config, cast: &RunCast, memory: Memory) -> Result<Memory, Failure> {
        if memory.lost.is_some() {
            return Ok(memory);
        }
        let currencies = cast.instruments().iter().map(|instrument| instrument.currency.to_string()).collect();
        let beside = Beside::new(config, self.trade_log.as_ref(), currencies);
        let journal = beside.follow(memory.journal, &self.store, output::warning)?;
        Ok(Memory { journal, ..memory })
    }

    fn live(
        &self,
        config: &Config,
        cast: &RunCast,
        mut by_hand: Vec<ByHand>,
        memory: Memory,
    ) -> Result<(Live, backstop_runtime::Handle, Vec<Event>), Failure> {
        let clock = Clock::start();
        let Memory { journal, recovered, lease, lost } = memory;
        recovered.warnings.iter().for_each(output::warning);
        let now = clock.now();
        let (mut venues, cursor) = self.venues(cast, recovered.known_until)?;
        for known in recovered.engine.accounts() {
            let same =
                |account: &&Account| (account.id, account.name, account.venue) == (known.id, known.name, known.venue);
            let is_same = cast.accounts().iter().any(|account| same(&account));
            for venue in venues.iter_mut().filter(|venue| is_same && venue.knows(known.id)) {
                venue.remember_mode(known.id, known.position_mode);
            }
        }
        if cursor == 0 && !venues.iter().any(PaperVenue::has_past) {
            for (number, instrument) in (0..).zip(cast.instruments()) {
                let seed = self.seed.wrapping_mul(1_000).wrapping_add(number);
                past::tell(&mut venues, (instrument, first_price(instrument.symbol)), seed, (now, self.speed));
            }
        }
        if cursor > 0 && !by_hand.is_empty() {
            output::warning("--open counts only on the first start of a store; nothing is opened by hand now");
            by_hand.clear();
        }
        let market = PaperMarket::new(venues, self.feed(cast, cursor)?, cast.instruments().to_vec(), by_hand, now)
            .taped(self.tape(config))
            .faster(self.speed);
        let mut snapshots = SnapshotSchedule::new(Span::from_secs(10));
        cast.accounts().iter().for_each(|account| snapshots.start(account.id, now, SnapshotCause::Start));
        let may_miss = lost.is_none() && self.doubts_the_end(recovered.sequence, now);
        let mut cycle = Cycle::new(recovered.engine, recovered.sequence, Executor::default(), snapshots)
            .with_calendar(Box::new(TzCalendar))
            .with_drills(Drills::at(cast.drills(), now));
        if may_miss {
            cycle = cycle.awaiting_arrivals();
        }
        if let Some(why) = lost {
            (self.tell(cast))(now, &without_journal(&why));
            cycle.journal_failed();
        }
        if lease.is_some() {
            cycle = cycle.under(Lease::new(REQUEST_VALIDITY));
        }
        let (mut live, handle) = Live::new(cycle, Box::new(market), journal, clock, self.tell(cast));
        if let Some(lease) = lease {
            live = live.kept_by(Box::new(lease));
        }
        let mut first = cast.events();
        first.extend(recovered.doubts);
        Ok((live, handle, first))
    }

    /// Whether the journal may have lost its end since the last start; then new entries wait for a moment.
    fn doubts_the_end(&self, sequence: u64, now: Timestamp) -> bool {
        let (doubts, written) = Witness::beside(&self.store).doubts(sequence, now.as_millis());
        if let Err(why) = written {
            output::warning(format_args!(
                "the witness beside the store cannot be written: {why}; new entries wait at the next start"
            ));
        }
        doubts
    }

    /// The exchanges that are played, each with its ledger beside the store, and how far the market was played.
    fn venues(&self, cast: &RunCast, known_until: Timestamp) -> Result<(Vec<PaperVenue>, u64), Failure> {
        let (mut venues, mut cursor) = (Vec::new(), 0);
        for table in cast.tables() {
            let ledger = LedgerFile::at(&self.store.with_extension(table.seat.extension()));
            let (was, played) = ledger.read().map_err(Failure::said)?.unzip();
            cursor = cursor.max(played.unwrap_or(0));
            let exchange = cast.seated(&table, was, self.seed).map_err(Failure::said)?;
            let mut venue = PaperVenue::new(exchange, Some(ledger), known_until);
            table.accounts.iter().for_each(|(id, name)| venue.name_account(*id, *name));
            cast.instruments().iter().for_each(|instrument| venue.name_instrument(instrument.id, instrument.symbol));
            venues.push(venue);
        }
        Ok((venues, cursor))
    }

    /// The price tape beside the store. Without it only `replay --what-if` has less to say.
    fn tape(&self, config: &Config) -> Option<TapeWriter> {
        let path = tape_of(&self.store);
        let opened = config.tape.then(|| TapeWriter::open(&path))?;
        opened.map_err(|why| output::warning(format_args!("the tape {} is not kept: {why}", path.display()))).ok()
    }

    fn feed(&self, cast: &RunCast, cursor: u64) -> Result<Feed, Failure> {
        let market = |known: &Instrument| (known.symbol, first_price(known.symbol), known.tick);
        let markets: Vec<_> = cast.instruments().iter().map(market).collect();
        let mut feed = Feed::generated(&markets, self.seed, Timestamp::EPOCH);
        while feed.given() < cursor && feed.next_moment()?.is_some() {}
        Ok(feed)
    }

    fn by_hand(&self, cast: &RunCast) -> Result<Vec<ByHand>, Failure> {
        let hand = |spec: &OpenSpec| {
            if let Some(plan) = spec.plan {
                let why = "the account's plan applies; leave the word out, or set `plans` for the symbol in the configuration";
                return Err(Failure::said(format!("--open: plan {plan}: {why}")));
            }
            let named = cast.accounts().iter().find(|account| spec.account.is_none_or(|name| account.name == name));
            let account = named.ok_or_else(|| match spec.account {
                Some(name) => unknown::account(name, cast.accounts().iter().map(|account| account.name)),
                None => Failure::said("--open: the configuration has no account; add one below `accounts`"),
            })?;
            let known = cast.instruments().iter().find(|instrument| instrument.symbol == spec.symbol);
            let symbols = cast.instruments().iter().map(|instrument| instrument.symbol);
            let instrument = known.ok_or_else(|| unknown::symbol(spec.symbol, symbols))?.id;
            let OpenSpec { at, side, quantity, .. } = *spec;
            Ok(ByHand { at, account: account.id, instrument, side, quantity })
        };
        self.open.iter().map(hand).collect()
    }
}

/// Where a generated market begins.
fn first_price(symbol: Symbol) -> Price {
    let known = generated_markets().into_iter().find(|market| market.symbol == symbol);
    known.unwrap_or_else(|| GeneratedMarket::of_configuration(symbol)).first_price
}

/// Who takes part, under the numbers that an engine which goes on has given them.
fn cast_of(config: &Config, engine: &Engine) -> Result<RunCast, Failure> {
    let open = engine.positions().filter(|position| !position.quantity().is_zero());
    let open = open.filter_map(|position| engine.instrument(position.key.instrument)).cloned();
    let instruments = instruments(config, &open.collect::<Vec<_>>()).map_err(Failure::said)?;
    RunCast::new(config, instruments, Numbers::of(engine)).map_err(Failure::said)
}

/// Those of the generated market, those that only the configuration names, and as they are those that are needed although it
/// does not name them any more.
fn instruments(config: &Config, needed: &[Instrument]) -> Result<Vec<Instrument>, String> {
    let mut markets = generated_markets();
    let is_new = |symbol: &&Symbol| !markets.iter().any(|market| market.symbol == **symbol);
    let own: Vec<Symbol> = config.instruments.keys().filter(is_new).copied().collect();
    markets.extend(own.into_iter().map(GeneratedMarket::of_configuration));
    let make = |market: &GeneratedMarket| instrument(config, market.symbol, market.decimals);
    let mut instruments: Vec<Instrument> = markets.iter().map(make).collect::<Result<_, _>>()?;
    for known in needed {
        if instruments.iter().all(|named| named.symbol != known.symbol) {
            instruments.push(known.clone());
        }
    }
    Ok(instruments)
}

/// What people are told when an engine starts without its store (R9).
fn without_journal(why: &StoreError) -> Notice {
    let text = format!(
        "{why}. Going on without a journal: stops are kept and placed and positions can be closed; no targets, no trails, nothing is recorded. Put it right and start again, or start with a new --store: orders of ours are recognised at the venue"
    );
    alarm(text)
}

const fn alarm(text: String) -> Notice {
    Notice { severity: Severity::Alarm, position: None, text }
}

/// A notice for people: alarms on standard error.
fn tell(severity: Severity, line: &str) {
    match severity {
        Severity::Note => output::line_if_read(line),
        Severity::Warning => output::line_if_read(format_args!("WARNING {line}")),
        Severity::Alarm => output::error(format_args!("ALARM {line}")),
    }
}

/// SIGTERM or Ctrl-C, heard from the moment this is made.
struct End {
    terminate: Signal,
    interrupt: Signal,
}

impl End {
    fn listen() -> Result<Self, Failure> {
        let hear = |kind| {
            signal(kind)
                .map_err(|why| Failure::said(format!("signals cannot be heard: {why}; is the system out of memory?")))
        };
        Ok(Self { terminate: hear(SignalKind::terminate())?, interrupt: hear(SignalKind::interrupt())? })
    }

    async fn comes(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
