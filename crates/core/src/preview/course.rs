//! The way of a position whose price goes from the entry to the last step without turning: what each step closes, and
//! where stop and trail are after it. The rules are `exits/`; the order among them is that of a position's turn.

use super::ground::Ground;
use super::{Deed, Row};
use crate::exits::arm::Behind;
use crate::exits::ladder::{Level, LevelState, Move, stop_after};
use crate::exits::stop_loss::{Basis, Verdict, judge};
use crate::exits::trailing_stop::smallest_move;
use backstop_model::plan::{BreakEven, StopLadder, TrailDistance, TrailedBy};
use backstop_model::{Money, OutOfRange, Price, Quantity, Ratio};

/// The steps, and what came of the parts of the plan.
#[derive(Default)]
pub(super) struct Course {
    pub rows: Vec<Row>,
    /// Whether the ladder had anything to say while something was open.
    pub ladder_asked: bool,
    /// Whether it moved the stop, or will when the price has passed the place.
    pub ladder_moved: bool,
    /// Steps at which break-even lay beyond the price, and where it lay.
    pub waited: Vec<(String, Price, Price)>,
    /// What came of `breakeven_at`.
    pub break_even: Option<Fate>,
    /// Where the trail began, if it did.
    pub trail: Option<Start>,
    /// Levels whose own trail was no nearer than the one before.
    pub no_nearer: Vec<u8>,
}

/// What came of a move that waits for a price.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Fate {
    /// Everything was closed before.
    Never,
    /// It moved the stop when the price was there, or as soon as it could.
    Moved,
    /// The price was there and the stop stood at least as near already: here.
    Useless(Price),
}

/// Where a trail begins, and with what.
pub(super) struct Start {
    /// The best price there.
    pub from: Price,
    /// Where the stop stood before.
    pub standing: Price,
    /// How far behind it stays.
    pub behind: Behind,
    /// The same as it is written.
    pub distance: TrailDistance,
    /// The level that has brought it, if one has.
    pub level: Option<u8>,
}

/// Walks the way; `told` is what the ladder says of levels that are too small.
pub(super) fn course(ground: &Ground, told: &[String]) -> Result<Course, OutOfRange> {
    let mut walk = Walk::new(ground)?;
    walk.enter()?;
    for (price, step) in steps(ground) {
        match step {
            Step::Level(level) => walk.level(level, told)?,
            Step::BreakEven => walk.break_even(price)?,
            Step::Trail => walk.trail(price)?,
        }
    }
    Ok(walk.course)
}

/// What a price may bring.
#[derive(Clone, Copy)]
enum Step<'a> {
    Level(&'a Level),
    BreakEven,
    Trail,
}

impl Step<'_> {
    /// At one price: what the tick brings in the order of a turn, then what the fill that follows it brings.
    fn order(&self) -> u8 {
        match self {
            Self::Level(level) if level.due().is_zero() => 0,
            Self::BreakEven => 1,
            Self::Trail => 2,
            Self::Level(_) => 3,
        }
    }
}

/// Every step beyond the entry, nearest first.
fn steps<'a>(ground: &Ground<'a>) -> Vec<(Price, Step<'a>)> {
    let ahead = |at: Option<Price>| at.filter(|at| !ground.is_passed(*at));
    let mut steps: Vec<(Price, Step)> = ground.levels.iter().map(|level| (level.price, Step::Level(level))).collect();
    steps.extend(ahead(ground.armed.breakeven_at).map(|at| (at, Step::BreakEven)));
    steps.extend(ahead(ground.armed.activation).map(|at| (at, Step::Trail)));
    steps.sort_by_key(|(price, step)| (ground.case.side.gain(ground.case.entry, *price), step.order()));
    steps
}

/// A place of the stop and why it is there.
#[derive(Clone)]
struct Place {
    price: Price,
    basis: Basis,
    because: String,
}

struct Walk<'a> {
    ground: &'a Ground<'a>,
    stop: Place,
    waits: Option<Place>,
    behind: Option<(Behind, TrailDistance)>,
    trails: bool,
    trail_level: Option<Price>,
    remaining: Quantity,
    due: Quantity,
    realised: Money,
    fees: Money,
    other_costs: Money,
    course: Course,
}

impl<'a> Walk<'a> {
    fn new(ground: &'a Ground<'a>) -> Result<Self, OutOfRange> {
        let (case, armed) = (ground.case, ground.armed);
        let because = format!("stop_loss {}", case.plan.stop_loss.at);
        let due = ground.levels.iter().try_fold(Quantity::ZERO, |sum, level| sum.plus(level.due()))?;
        let course = Course { break_even: armed.breakeven_at.map(|_| Fate::Never), ..Course::default() };
        Ok(Self {
            ground,
            stop: Place { price: armed.stop, basis: Basis::Initial, because },
            waits: None,
            behind: armed.trail.zip(case.plan.trailing.map(|trailing| trailing.distance)),
            trails: false,
            trail_level: None,
            remaining: case.quantity,
            due,
            realised: Money::ZERO,
            fees: ground.entry_fee(case.quantity)?.plus(ground.premium(case.quantity)?)?,
            // Funding is taken for paid: nobody knows when each part of it falls due.
            other_costs: case.costs.funding(),
            course,
        })
    }

    /// The entry itself; what waits for a price that is passed already is there from the start.
    fn enter(&mut self) -> Result<(), OutOfRange> {
        let (entry, armed) = (self.ground.case.entry, self.ground.armed);
        if armed.breakeven_at.is_some_and(|at| self.ground.is_passed(at)) {
            self.ask_break_even("entry", entry)?;
        }
        if self.behind.is_some() && armed.activation.is_none_or(|at| self.ground.is_passed(at)) {
            self.activate(entry, None);
        }
        self.follow(entry)?;
        self.row("entry".to_owned(), Deed::Entry, entry, Quantity::ZERO, None)
    }

    fn level(&mut self, level: &Level, told: &[String]) -> Result<(), OutOfRange> {
        let name = format!("TP{}", level.number);
        if self.remaining.is_zero() || level.state == LevelState::Moot {
            return self.row(name, Deed::Moot, level.price, Quantity::ZERO, None);
        }
        let closes = level.due().min(self.remaining);
        if !closes.is_zero() {
            // The tick comes before the fill.
            self.follow(level.price)?;
        }
        self.remaining = self.remaining.minus(closes)?;
        self.due = self.due.saturating_minus(closes);
        self.realised = self.realised.plus(self.ground.profit(level.price, closes)?)?;
        self.fees = self.fees.plus(self.ground.target_fee(level, closes)?)?;
        self.other_costs = self.other_costs.plus(self.ground.target_cost(closes)?)?;
        self.climb(level, &name)?;
        self.tighten(level)?;
        self.follow(level.price)?;
        let too_small = told.iter().any(|text| text.starts_with(&format!("{name} skipped")));
        let deed = match closes.is_zero() {
            false => Deed::Closes,
            true if too_small => Deed::Skipped,
            true => Deed::MovesStop,
        };
        let note = self.note(level, closes)?;
        self.row(name, deed, level.price, closes, note)
    }

    fn break_even(&mut self, price: Price) -> Result<(), OutOfRange> {
        if self.remaining.is_zero() {
            return Ok(());
        }
        self.ask_break_even("break-even", price)?;
        self.follow(price)?;
        self.row("break-even".to_owned(), Deed::BreakEven, price, Quantity::ZERO, None)
    }

    fn trail(&mut self, price: Price) -> Result<(), OutOfRange> {
        if self.remaining.is_zero() {
            return Ok(());
        }
        let by_level = self.trails;
        self.activate(price, None);
        self.follow(price)?;
        let note = by_level.then(|| "a level has brought the trail already".to_owned());
        self.row("trail".to_owned(), Deed::Trails, price, Quantity::ZERO, note)
    }

    fn activate(&mut self, from: Price, level: Option<u8>) {
        let (false, Some((behind, distance))) = (self.trails, self.behind) else { return };
        self.trails = true;
        self.course.trail = Some(Start { from, standing: self.stop.price, behind, distance, level });
    }

    /// The ladder's move, judged as live.
    fn climb(&mut self, level: &Level, name: &str) -> Result<(), OutOfRange> {
        let (case, levels) = (self.ground.case, self.ground.levels);
        if self.remaining.is_zero() {
            return Ok(());
        }
        let best = Some(level.price);
        let Some(wish) = stop_after(level.number, case.plan, levels, case.side, best, case.instrument.tick)? else {
            return Ok(());
        };
        self.course.ladder_asked = true;
        let place = match wish {
            Move::BreakEven => self.break_even_place(name, level.price)?,
            Move::To(price) => {
                let because = self.rung(level.number);
                Place { price, basis: Basis::Ladder, because }
            }
        };
        self.course.ladder_moved |= case.side.is_better(place.price, self.stop.price);
        self.settle(place, level.price);
        Ok(())
    }

    /// What the ladder's place is called.
    fn rung(&self, number: u8) -> String {
        let below = self.ground.below();
        match self.ground.case.plan.stop_ladder {
            StopLadder::PercentBelowHigh(share) => format!("{}% {below} the best price", share.in_percent()),
            StopLadder::PercentBelowTrigger(share) => format!("{}% {below} TP{number}", share.in_percent()),
            StopLadder::TargetsBehind(count) => format!("TP{}'s price", number.saturating_sub(count)),
            StopLadder::Breakeven | StopLadder::None | StopLadder::PreviousTarget => {
                format!("TP{}'s price", number.saturating_sub(1))
            }
        }
    }

    fn ask_break_even(&mut self, name: &str, price: Price) -> Result<(), OutOfRange> {
        let (place, before) = (self.break_even_place(name, price)?, self.stop.price);
        let moves = self.ground.case.side.is_better(place.price, before);
        self.course.break_even = Some(if moves { Fate::Moved } else { Fate::Useless(before) });
        self.settle(place, price);
        Ok(())
    }

    fn break_even_place(&mut self, name: &str, price: Price) -> Result<Place, OutOfRange> {
        let kind = self.ground.case.plan.breakeven;
        let because = match kind {
            BreakEven::Net => "net break-even",
            BreakEven::Plain => "break-even, the entry",
        };
        let at = self.ground.break_even(kind, self.remaining)?;
        let side = self.ground.case.side;
        if side.is_better(at, self.stop.price) && !side.is_better(price, at) {
            self.course.waited.push((name.to_owned(), price, at));
        }
        Ok(Place { price: at, basis: Basis::BreakEven, because: because.to_owned() })
    }

    /// Makes a move, or keeps it until the price has passed it; with one price there is no way back through it.
    fn settle(&mut self, place: Place, now: Price) {
        let side = self.ground.case.side;
        match judge(side, self.stop.price, place.price, Some(now), Some(now)) {
            Verdict::Take => self.stop = place,
            Verdict::NotYet | Verdict::Hit => {
                if self.waits.as_ref().is_none_or(|waits| side.is_better(place.price, waits.price)) {
                    self.waits = Some(place);
                }
            }
            Verdict::Useless => {}
        }
    }

    /// A level may bring the trail nearer; one that waits is active from there.
    fn tighten(&mut self, level: &Level) -> Result<(), OutOfRange> {
        let (case, index) = (self.ground.case, usize::from(level.number.saturating_sub(1)));
        let nearer = self.ground.armed.level_trails.get(index).copied().flatten();
        let said = case.plan.take_profits.get(index).and_then(|level| level.trail);
        let (Some(nearer), Some(said), Some((behind, _))) = (nearer, said, self.behind) else { return Ok(()) };
        if self.remaining.is_zero() {
            return Ok(());
        }
        let at = |behind: Behind| behind.stop(case.side, level.price, case.instrument.tick);
        if case.side.is_better(at(nearer)?, at(behind)?) {
            self.behind = Some((nearer, said));
        } else {
            self.course.no_nearer.push(level.number);
        }
        self.activate(level.price, Some(level.number));
        Ok(())
    }

    /// What waited, then the trail, at a new best price.
    fn follow(&mut self, best: Price) -> Result<(), OutOfRange> {
        let (side, tick) = (self.ground.case.side, self.ground.case.instrument.tick);
        if let Some(place) = self.waits.take() {
            self.settle(place, best);
        }
        let (true, Some((behind, distance))) = (self.trails, self.behind) else { return Ok(()) };
        let candidate = self.ground.on_venue_steps(behind).stop(side, best, tick)?;
        let standing = self.trail_level.map_or(self.stop.price, |level| side.better(level, self.stop.price));
        let worth = side.gain(standing, candidate) >= smallest_move(best, tick, self.ground.spread())?;
        if !worth || !side.is_better(best, candidate) {
            return Ok(());
        }
        match self.ground.trailed_by() {
            Some(TrailedBy::Amend) => {
                let because = format!("trail {distance} behind {best}");
                self.stop = Place { price: candidate, basis: Basis::Trail, because };
            }
            Some(TrailedBy::Engine | TrailedBy::Venue) => self.trail_level = Some(candidate),
            None => {}
        }
        Ok(())
    }

    /// What is to be known of a level's quantity.
    fn note(&self, level: &Level, closes: Quantity) -> Result<Option<String>, OutOfRange> {
        let case = self.ground.case;
        let number = usize::from(level.number);
        let share = case.plan.take_profits.get(number.saturating_sub(1)).map_or(Ratio::ZERO, |level| level.close);
        if closes.is_zero() || !self.remaining.is_zero() || number == case.plan.take_profits.len() {
            return Ok(None);
        }
        let asked = case.quantity.share(share, backstop_model::Rounding::Down)?;
        Ok((closes > asked).then(|| "closes all that is left: the rest would be below the minimum".to_owned()))
    }

    /// The result if the stop, or the trail before it, is hit next: gross, and the fees of it.
    fn worst(&self) -> Result<(Money, Money), OutOfRange> {
        let (ground, side) = (self.ground, self.ground.case.side);
        let trailed = match (self.trail_level, ground.trailed_by()) {
            (Some(level), Some(TrailedBy::Venue)) if side.is_better(level, self.stop.price) => {
                Some((level, self.remaining.saturating_minus(self.due)))
            }
            (Some(level), Some(TrailedBy::Engine)) if side.is_better(level, self.stop.price) => {
                Some((level, self.remaining))
            }
            _ => None,
        };
        let (level, part) = trailed.unwrap_or((self.stop.price, Quantity::ZERO));
        let rest = self.remaining.minus(part)?;
        let gross = ground.profit(level, part)?.plus(ground.profit(self.stop.price, rest)?)?;
        let fees = ground.stop_fee(level, part)?.plus(ground.stop_fee(self.stop.price, rest)?)?;
        Ok((gross, fees))
    }

    fn row(
        &mut self,
        event: String,
        deed: Deed,
        price: Price,
        closes: Quantity,
        note: Option<String>,
    ) -> Result<(), OutOfRange> {
        let (ground, is_open) = (self.ground, !self.remaining.is_zero());
        let (gross, exit_fees) = self.worst()?;
        let worst_gross = self.realised.plus(gross)?;
        let other_costs = self.other_costs.plus(ground.market_cost(self.remaining)?)?;
        let move_percent = ground.move_percent(price)?;
        let leverage = ground.case.instrument.leverage.map(backstop_model::Leverage::as_ratio);
        let on_margin = |times: Ratio| move_percent.times(times, backstop_model::Rounding::Nearest);
        let outside = self.trail_level.filter(|level| ground.case.side.is_better(*level, self.stop.price));
        self.course.rows.push(Row {
            event,
            deed,
            price,
            move_percent,
            margin_percent: leverage.map(on_margin).transpose()?,
            risk_multiple: ground.risk_multiple(price)?,
            closes,
            remaining: self.remaining,
            stop_after: is_open.then_some(self.stop.price),
            stop_reason: is_open.then_some(self.stop.basis.reason()),
            stop_because: is_open.then(|| self.stop.because.clone()),
            trail_after: outside.filter(|_| is_open),
            realised: self.realised,
            fees: self.fees,
            worst_gross,
            other_costs,
            worst_net: worst_gross.minus(self.fees)?.minus(exit_fees)?.minus(other_costs)?,
            note,
        });
        Ok(())
    }
}
