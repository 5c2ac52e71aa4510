//! What is told of positions while they live, and the accounts at the end: I1, I10, I11, I20, I30.

use super::{Found, State, open_slots};
use crate::storm::process::Process;
use crate::storm::stage::{MARKET, ME};
use backstop_core::{Engine, PositionRead};
use backstop_model::{Event, Funding, Money, Prices, Quantity, Ratio, Rounding, Stamped, Tick};
use backstop_runtime::recover;
use backstop_sim::Status;
use backstop_store::Loaded;
use backstop_venues::paper::PaperVenue;

/// The engine shows a position: what was closed and what remains make the whole.
pub fn read(read: &PositionRead, found: &mut Found) {
    let document = &read.document;
    let id = &document.position_id;
    let closed = document.partial_exits.iter().map(|exit| exit.quantity_closed);
    let closed = closed.fold(Quantity::ZERO, |sum, one| sum.plus(one).unwrap_or(sum));
    if closed.plus(document.current_quantity) != Ok(document.original_quantity) {
        found.push(("I1", format!("{id}: closed and remaining do not make {}", document.original_quantity)));
    }
    let profits = document.partial_exits.iter().try_fold(Money::ZERO, |sum, exit| sum.plus(exit.profit));
    let realised = profits.and_then(|sum| sum.minus(document.fees)).and_then(|sum| sum.plus(document.funding));
    if realised != Ok(document.realized_pnl) {
        let (told, fees, funding) = (document.realized_pnl, document.fees, document.funding);
        let text =
            format!("{id}: {told} is realised, {profits:?} less fees of {fees} with funding of {funding} is not that");
        found.push(("I11", text));
    }
}

/// When everything has been closed: nothing is left, and the books agree.
pub fn at_the_end(venue: &PaperVenue, process: &Process, state: &State, found: &mut Found) {
    let ledger = venue.exchange().ledger();
    let open: Vec<_> = open_slots(venue).collect();
    // What is below the venue's minimum nobody can close there (F-G03).
    let dust = |quantity: &Quantity| state.is_dust(*quantity, venue);
    if open.iter().any(|(.., quantity)| !dust(quantity)) && !state.settled {
        found.push(("I38", format!("it does not end: {open:?} is open")));
    }
    if open.is_empty()
        && let Some(left) =
            ledger.open_orders(ME).find(|order| order.status == Status::New && super::is_ours(&order.place.client_id))
    {
        found.push(("I30", format!("{} is left at the end", left.place.client_id)));
    }
    if !state.journal_lost {
        // Where a net position was turned round while executions were on their way late, what closed and what opened is
        // told apart by a later read, with the venue's average. Of dust that stays, the exchange reckons another average.
        if !state.turned && open.is_empty() {
            books(venue, process, found);
        }
        replays(process, found);
    }
}

/// I10, I11: profit before costs, and fees, are the exchange's to the last digit.
fn books(venue: &PaperVenue, process: &Process, found: &mut Found) {
    let mut ours = [Money::ZERO; 2];
    let add = |sum: Money, one: Money| sum.plus(one).unwrap_or(sum);
    for document in process.disk.documents().values() {
        ours[0] = document.partial_exits.iter().fold(ours[0], |sum, exit| add(sum, exit.profit));
        ours[1] = add(ours[1], document.fees);
    }
    let ledger = venue.exchange().ledger();
    let theirs = [ledger.realised(ME), ledger.fees(ME)].map(|sum| sum.unwrap_or(Money::ZERO));
    let value = process.disk.documents().values().find_map(|document| document.value_per_point);
    let in_points = |off: Money| off.in_points(value.unwrap_or(Ratio::ONE), Rounding::Nearest).unwrap_or(off);
    let near =
        ours.iter().zip(theirs).all(|(ours, theirs)| ours.minus(theirs).is_ok_and(|off| is_rounding(in_points(off))));
    if !near {
        let [[our_profit, our_fees], [profit, fees]] = [ours, theirs];
        let text = format!("profit {our_profit} and fees {our_fees} are told, {profit} and {fees} are the exchange's");
        found.push(("I11", text));
    }
}

/// I20: the journal from its beginning gives the engine that lives.
fn replays(process: &Process, found: &mut Found) {
    let (Some(engine), Some(loaded)) = (process.engine(), process.disk.load()) else { return };
    looks_twice(&loaded, found);
    payments(&loaded, process, found);
    let recovered = recover(loaded);
    found.extend(recovered.warnings.into_iter().map(|warning| ("I20", warning)));
    if recovered.engine.fingerprint() != engine.fingerprint() {
        found.push(("I20", "the journal, replayed, gives another engine".to_owned()));
    }
}

/// I11: each payment that has been heard of stands in the records, once; but where people are told of one that it is in none.
fn payments(loaded: &Loaded, process: &Process, found: &mut Found) {
    let mut heard: Vec<&Funding> = Vec::new();
    for record in &loaded.tail {
        if let Event::Funding(payment) = &record.event
            && !heard.contains(&payment)
        {
            heard.push(payment);
        }
    }
    let add = |sum: Money, one: Money| sum.plus(one).unwrap_or(sum);
    let paid = heard.iter().fold(Money::ZERO, |sum, payment| add(sum, payment.amount));
    let booked = process.disk.documents().values().fold(Money::ZERO, |sum, document| add(sum, document.funding));
    if paid != booked && !tells_of_one_in_no_record(loaded) {
        found.push(("I11", format!("funding of {booked} is in the records, {paid} was heard of")));
    }
}

fn tells_of_one_in_no_record(loaded: &Loaded) -> bool {
    let mut engine = Engine::new();
    loaded.tail.iter().any(|record| {
        let stamped = Stamped { sequence: record.sequence, at: record.at, event: record.event.clone() };
        let step = engine.replay(&stamped, &record.market);
        step.notices.iter().any(|notice| notice.text.contains("is in no record"))
    })
}

/// I20: every position looks twice at each instant of the journal, and nothing is sent for the second look: in a replay more of them
/// look than did. What is told in parts at one instant, or is due then as well, is waited for.
fn looks_twice(loaded: &Loaded, found: &mut Found) {
    let mut engine = Engine::new().exhaustive();
    let next = loaded.tail.iter().skip(1).map(|record| Some(record.at)).chain([None]);
    for (record, next) in loaded.tail.iter().zip(next) {
        let stamped = |event| Stamped { sequence: record.sequence, at: record.at, event };
        let first = engine.replay(&stamped(record.event.clone()), &record.market);
        if next == Some(record.at) || first.deadline.is_some_and(|(due, _)| due <= record.at) {
            continue;
        }
        let nothing = Tick { instrument: MARKET, prices: Prices::default(), confirmed: false };
        let step = engine.handle(&stamped(Event::Tick(nothing)));
        if !step.commands.is_empty() {
            let (number, what) = (record.sequence, (step.commands, step.notices));
            let text = format!("a second look at what record {number} was decided on sends {what:?}");
            found.push(("I20", text));
            return;
        }
    }
}

/// A position taken over with the average a read showed carries that read's rounding, in its twelfth decimal; it is points that are
/// rounded, whatever one is worth.
fn is_rounding(off: Money) -> bool {
    let most: Money = "0.000000001".parse().expect("a constant of this file is money");
    off <= most && off.negated().is_ok_and(|off| off <= most)
}
