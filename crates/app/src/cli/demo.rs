//! `backstop demo`: the command line of it, and the market, openings and pace that follow from it. Playing is `demo`'s.

use super::progress::Progress;
use super::{Failure, Outcome, output, unknown};
use crate::calendar::TzCalendar;
use crate::config::{AccountConfig, Config};
use crate::demo::{Cast, Feed, Kept, Opening, Summary, View, World, of_one_plan, program, worth};
use crate::doors;
use crate::paper::{self, GeneratedMarket, Seat, generated_markets};
use crate::recorded::{OpenSpec, Survey, Tally, survey_watched};
use crate::records::{TapeWriter, tape_of};
use backstop_model::PositionSide::{Long, Short};
use backstop_model::{ExitPlan, Instrument, Name, Price, SnapshotCause, Span, Symbol, Timestamp};
use backstop_runtime::{Cycle, Executor, SnapshotSchedule, recover};
use backstop_store::{Journal, MemoryJournal, ReadOnly, SqliteJournal, Stored};
use clap::Args;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Shows the main job with nothing configured: a market is replayed or generated, positions are opened, protected,
/// scaled out, laddered, trailed and closed on the paper venue.
#[derive(Args, Debug)]
pub struct Demo {
    /// Recorded Binance combined-stream lines, plain or gzip.
    #[arg(long, value_name = "FILE", conflicts_with = "klines")]
    frames: Option<PathBuf>,
    /// Bars as CSV, columns found by name; plain, gzip or zip.
    #[arg(long, value_name = "FILE")]
    klines: Option<PathBuf>,
    /// Seed of the generated market and of the venue.
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// Market seconds per second, or `max`.
    #[arg(long, value_name = "N|max")]
    speed: Option<Speed>,
    /// Configuration with plans and instruments.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// A position to open: "TIME [ACCOUNT:]SYMBOL long|short QTY [PLAN]", TIME as RFC 3339 or epoch milliseconds; without
    /// PLAN the account's plan, without ACCOUNT the first one's.
    #[arg(long, value_name = "SPEC")]
    open: Vec<OpenSpec>,
    /// Keep the journal in this file, and go on from it when started again.
    #[arg(long, value_name = "FILE")]
    store: Option<PathBuf>,
    /// The symbol of a recording, when neither its name nor its lines say it.
    #[arg(long)]
    symbol: Option<Symbolic>,
    /// One JSON object as the last line, and nothing else on standard output.
    #[arg(long)]
    json: bool,
}

/// A symbol on the command line.
#[derive(Clone, Copy, Debug)]
struct Symbolic(Symbol);

impl FromStr for Symbolic {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Symbol::new(text).map(Self).map_err(|wrong| wrong.to_string())
    }
}

/// How fast the market is played.
#[derive(Clone, Copy, Debug)]
enum Speed {
    /// As fast as it goes.
    Max,
    /// So many market seconds per second.
    Times(f64),
}

impl FromStr for Speed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "max" {
            return Ok(Self::Max);
        }
        match text.parse::<f64>() {
            Ok(times) if times.is_finite() && times > 0.0 => Ok(Self::Times(times)),
            _ => Err("a number greater than zero or `max` is needed".to_owned()),
        }
    }
}

/// A generated market is played for at most so long.
const GENERATED_MINUTES: i64 = 120;
/// Where generated time begins: 2026-01-01T00:00:00Z, or when the markets open after it.
const GENERATED_FROM: Timestamp = Timestamp::from_nanos(1_767_225_600_000_000_000);

impl Demo {
    /// Plays it.
    pub fn run(&self) -> Result<Outcome, Failure> {
        let config = self.config.as_ref().map_or_else(Config::built_in, |path| Config::load(path))?;
        let market = self.market(&config)?;
        let openings = self.openings(&config, &market)?;
        let mut feed = self.feed(&market, &openings)?;
        let mut world = self.world(openings, &market)?;
        let mut view = View::new(self.json);
        let tape = self.store.as_deref().filter(|_| config.tape).map(|store| tape(&tape_of(store))).transpose()?;
        let tally = self.play(&mut world, &mut feed, &market, &mut view, tape)?;
        let summary = Summary::new(&world, &tally);
        if self.json {
            output::line(serde_json::to_string(&summary).map_err(Failure::said)?)?;
        } else {
            output::write(&summary.text())?;
        }
        let problem = !summary.violations.is_empty() || tally.is_too_much();
        Ok(if problem { Outcome::ProblemFound } else { Outcome::Good })
    }

    fn market(&self, config: &Config) -> Result<Market, Failure> {
        let Some(file) = self.frames.as_ref().or(self.klines.as_ref()) else {
            return generated(config);
        };
        let symbol = self.symbol.map(|symbol| symbol.0);
        let mut progress = Progress::new("lines looked through:", None, self.json);
        let survey = survey_watched(file, symbol, |lines| progress.reached(lines))?;
        drop(progress);
        let instrument = paper::instrument(config, survey.symbol, survey.decimals).map_err(Failure::said)?;
        Ok(Market::Recorded { survey: Box::new(survey), instrument: Box::new(instrument) })
    }

    fn openings(&self, config: &Config, market: &Market) -> Result<Vec<Opening>, Failure> {
        if self.open.is_empty() {
            return self.default_openings(config, market);
        }
        let opening = |spec: &OpenSpec| {
            let instrument = market.instrument(spec.symbol)?;
            let account = account(config, spec.account)?;
            let name = spec.plan.or_else(|| account.plan_for(spec.symbol)).ok_or_else(|| {
                let (account, symbol) = (account.name, spec.symbol);
                Failure::said(format!(
                    "--open {symbol}: account {account} has no plan for it; name one after the quantity"
                ))
            })?;
            Ok(Opening::new(spec, instrument, plan(config, name)?).seated(Seat::of(account)))
        };
        self.open.iter().map(opening).collect()
    }

    /// What is opened when nobody says what: a long and a short on a recording, different plans on a generated market.
    fn default_openings(&self, config: &Config, market: &Market) -> Result<Vec<Opening>, Failure> {
        match market {
            Market::Recorded { instrument, .. } => {
                let name = config.accounts.first().and_then(|account| account.plan_for(instrument.symbol));
                let name = name
                    .or_else(|| config.plans.keys().next().copied())
                    .ok_or_else(|| Failure::said("the configuration has no plan"))?;
                let first = self.feed(market, &[])?.first_price()?;
                let price = first.ok_or_else(|| Failure::said("the recording holds no price"))?;
                let plan = plan(config, name)?;
                let on = ((**instrument).clone(), price);
                let seat = seat(config);
                let open =
                    |side| Ok(worth(market.start(), &on, side, &plan).map_err(Failure::said)?.seated(seat.clone()));
                [Long, Short].into_iter().map(open).collect()
            }
            Market::Generated { markets, .. } => {
                let own = self.config.as_ref().and_then(|_| own_plan(config));
                let played = match own {
                    Some(plan) => of_one_plan(markets, market.start(), &plan)
                        .map(|played| played.into_iter().map(|opening| opening.seated(seat(config))).collect()),
                    None => program(markets, market.start()),
                };
                played.map_err(Failure::said)
            }
        }
    }

    fn feed(&self, market: &Market, openings: &[Opening]) -> Result<Feed, Failure> {
        let file = self.frames.as_deref().or(self.klines.as_deref());
        match (market, file) {
            (Market::Recorded { survey, .. }, Some(file)) if self.frames.is_some() => Ok(Feed::frames(file, survey)?),
            (Market::Recorded { survey, instrument }, Some(file)) => Ok(Feed::bars(file, survey, instrument.tick)?),
            (Market::Recorded { .. }, None) => Err(Failure::said("a recorded market needs its file")),
            (Market::Generated { markets, from }, _) => {
                let played = markets.iter().filter(|(instrument, _)| {
                    openings.iter().any(|opening| opening.instrument.symbol == instrument.symbol)
                });
                let walks: Vec<_> =
                    played.map(|(instrument, start)| (instrument.symbol, *start, instrument.tick)).collect();
                Ok(Feed::generated(&walks, self.seed, *from))
            }
        }
    }

    fn world(&self, openings: Vec<Opening>, market: &Market) -> Result<World, Failure> {
        let journal: Box<dyn Journal> = match &self.store {
            Some(path) => Box::new(SqliteJournal::open(path)?),
            None => Box::new(MemoryJournal::forgetful()),
        };
        let recovered = recover(journal.load()?);
        recovered.warnings.iter().for_each(output::warning);
        let known_until = recovered.known_until;
        let store = self.store.as_deref();
        let cast = Cast::new(openings, self.seed, market.is_exact(), store, known_until).map_err(Failure::said)?;
        // A recording runs through days in seconds: the venue is read often enough, not every ten seconds.
        let mut snapshots = SnapshotSchedule::new(Span::from_secs(if market.is_exact() { 86_400 } else { 60 }));
        let start = recovered.at.max(market.start());
        for player in &cast.players {
            snapshots.start(player.account.id, start, SnapshotCause::Start);
        }
        let cycle = Cycle::new(recovered.engine, recovered.sequence, Executor::default(), snapshots)
            .with_calendar(Box::new(TzCalendar));
        let mut world = World::new(cast, cycle, journal, start, recovered.doubts).map_err(Failure::said)?;
        world.remember(self.known_documents(&world)?);
        Ok(world)
    }

    /// Positions that were closed before this start.
    fn known_documents(&self, world: &World) -> Result<Vec<Kept>, Failure> {
        let Some(path) = &self.store else { return Ok(Vec::new()) };
        let store = ReadOnly::open(path)?;
        let stored = store.trades()?.into_iter().chain(store.open_positions()?);
        let key_of = |account: &str| {
            world
                .cast
                .players
                .iter()
                .find(|player| player.account.name.as_str() == account)
                .map(crate::demo::Player::key)
        };
        let kept = |stored: Stored| {
            Some(Kept { key: key_of(&stored.account)?, document: stored.document, course: stored.course })
        };
        Ok(stored.filter_map(kept).collect())
    }

    fn play(
        &self,
        world: &mut World,
        feed: &mut Feed,
        market: &Market,
        view: &mut View,
        mut tape: Option<TapeWriter>,
    ) -> Result<Tally, Failure> {
        let lines = market.lines();
        // The cards on a terminal say how far it is; two would draw over each other.
        let mut progress = Progress::new("played", lines, view.is_live() || lines.is_none() || self.json);
        let skip = world.cast.cursor;
        while feed.given() < skip && feed.next_moment()?.is_some() {
            progress.reached(feed.lines());
        }
        let mut pace = Pace::new(self.speed.unwrap_or_else(|| market.usual_speed(view.is_live())));
        let until = market.start().plus(Span::from_secs(GENERATED_MINUTES * 60));
        let mut noted = Instant::now();
        while let Some(moment) = feed.next_moment()? {
            if !market.is_recorded() && (world.is_over() || moment.at > until) {
                break;
            }
            pace.wait_for(moment.at, || view.show(world)).map_err(output::not_written)?;
            let played = world.play(&moment).map_err(Failure::said)?;
            if let Some(tape) = tape.as_mut().filter(|_| played) {
                tape.note(&moment);
            }
            if self.store.is_some() && noted.elapsed() > Duration::from_millis(200) {
                if let Some(tape) = &mut tape {
                    tape.flush();
                }
                world.note_cursor(feed.given()).map_err(Failure::said)?;
                noted = Instant::now();
            }
            progress.reached(feed.lines());
            view.reached(lines.map(|lines| feed.lines().saturating_mul(100) / lines.max(1)));
            view.show(world).map_err(output::not_written)?;
        }
        drop(progress);
        world.run_until(world.now().plus(Span::from_secs(5))).map_err(Failure::said)?;
        if self.store.is_some() {
            world.note_cursor(feed.given()).map_err(Failure::said)?;
        }
        world.end().map_err(Failure::said)?;
        view.show(world).map_err(output::not_written)?;
        view.finish();
        Ok(feed.tally())
    }
}

/// The price tape beside the store.
fn tape(path: &Path) -> Result<TapeWriter, Failure> {
    TapeWriter::open(path).map_err(|why| {
        Failure::said(format!("the tape {} cannot be written: {why}; check permissions and free space", path.display()))
    })
}

/// Keeps market time and real time together.
struct Pace {
    speed: Speed,
    began: Option<(Instant, Timestamp)>,
}

impl Pace {
    const fn new(speed: Speed) -> Self {
        Self { speed, began: None }
    }

    /// Waits until a market time has come; `meanwhile` runs while there is time.
    fn wait_for(&mut self, at: Timestamp, mut meanwhile: impl FnMut() -> io::Result<()>) -> io::Result<()> {
        let Speed::Times(times) = self.speed else { return Ok(()) };
        let (began, from) = *self.began.get_or_insert((Instant::now(), at));
        #[allow(clippy::cast_precision_loss, reason = "a pause for people, not a price")]
        let seconds = (at.since(from).as_nanos().max(0) as f64) / 1e9 / times;
        // Slower than any clock can count is as slow as it gets.
        let wanted = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
        while let Some(left) = wanted.checked_sub(began.elapsed()).filter(|left| !left.is_zero()) {
            meanwhile()?;
            std::thread::sleep(left.min(Duration::from_millis(50)));
        }
        Ok(())
    }
}

/// What is played.
enum Market {
    Generated { markets: Vec<(Instrument, Price)>, from: Timestamp },
    Recorded { survey: Box<Survey>, instrument: Box<Instrument> },
}

impl Market {
    const fn is_recorded(&self) -> bool {
        matches!(self, Self::Recorded { .. })
    }

    /// Recordings are replayed without latency and slippage of our making; a generated market has the pessimistic ones.
    const fn is_exact(&self) -> bool {
        self.is_recorded()
    }

    fn start(&self) -> Timestamp {
        match self {
            Self::Generated { from, .. } => *from,
            Self::Recorded { survey, .. } => survey.first,
        }
    }

    /// How many lines there are to be played; none of a generated market, which ends when its positions are closed.
    fn lines(&self) -> Option<u64> {
        match self {
            Self::Generated { .. } => None,
            Self::Recorded { survey, .. } => Some(survey.tally.lines),
        }
    }

    fn usual_speed(&self, watched: bool) -> Speed {
        match self {
            _ if !watched => Speed::Max,
            Self::Generated { .. } => Speed::Times(60.0),
            Self::Recorded { survey, .. } => {
                #[allow(clippy::cast_precision_loss, reason = "a pause for people, not a price")]
                let seconds = survey.last.since(survey.first).as_millis() as f64 / 1e3;
                Speed::Times((seconds / 60.0).max(1.0))
            }
        }
    }

    fn instrument(&self, symbol: Symbol) -> Result<Instrument, Failure> {
        let known: Vec<&Instrument> = match self {
            Self::Generated { markets, .. } => markets.iter().map(|(instrument, _)| instrument).collect(),
            Self::Recorded { instrument, .. } => vec![instrument],
        };
        let found = known.iter().find(|instrument| instrument.symbol == symbol);
        let symbols = known.iter().map(|instrument| instrument.symbol);
        found.map(|instrument| (*instrument).clone()).ok_or_else(|| unknown::symbol(symbol, symbols))
    }
}

/// Where the first account sits.
fn seat(config: &Config) -> Seat {
    config.accounts.first().map_or_else(Seat::plain, Seat::of)
}

/// The plan of the first account, when the configuration is the user's own.
fn own_plan(config: &Config) -> Option<Arc<ExitPlan>> {
    config.plan(config.accounts.first()?.plan?).cloned()
}

fn plan(config: &Config, name: Name) -> Result<Arc<ExitPlan>, Failure> {
    config.plan(name).cloned().ok_or_else(|| unknown::plan(name, config.plans.keys().copied()))
}

/// The account that is named, else the first.
fn account(config: &Config, name: Option<Name>) -> Result<&AccountConfig, Failure> {
    let Some(name) = name else {
        let missing = "the configuration has no account; add one below `accounts`";
        return config.accounts.first().ok_or_else(|| Failure::said(missing));
    };
    let known = config.accounts.iter().map(|account| account.name);
    config.accounts.iter().find(|account| account.name == name).ok_or_else(|| unknown::account(name, known))
}

/// A generated market, which begins when all of its instruments trade.
fn generated(config: &Config) -> Result<Market, Failure> {
    let market = |market: GeneratedMarket| {
        Ok((paper::instrument(config, market.symbol, market.decimals).map_err(Failure::said)?, market.first_price))
    };
    let markets = generated_markets().into_iter().map(market).collect::<Result<Vec<_>, Failure>>()?;
    let mut from = GENERATED_FROM;
    // Each turn goes on to where another one opens; hours that never overlap are played one after the other.
    for _ in 0..=markets.len() {
        for (instrument, _) in &markets {
            let opens = doors::first_open(instrument, from).ok_or_else(|| {
                let symbol = instrument.symbol;
                Failure::said(format!(
                    "instruments: {symbol}: hours: no session is held for two weeks; add one to `week`"
                ))
            })?;
            from = opens;
        }
    }
    Ok(Market::Generated { markets, from })
}
