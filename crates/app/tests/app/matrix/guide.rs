//! The guide's table of what each venue does itself and what the engine does instead, written from what was seen.

use super::exits::Exit;
use super::stage::{ME, Stage};
use super::{columns, is_ours};
use backstop_model::{PositionMode, Ratio, RestingTargets, SizedStops};
use backstop_sim::{Amount, Cause, Kind, Order, Term};
use backstop_venues::paper::capability;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

const PLACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/guide/venues.md");

/// What was seen of one cell.
#[derive(Debug, Default, Eq, PartialEq)]
pub struct Seen {
    rests: BTreeSet<Rests>,
    by: BTreeSet<&'static str>,
    amended: bool,
}

impl Seen {
    /// What rests now.
    pub fn look(&mut self, stage: &Stage) {
        let ledger = stage.venue.exchange().ledger();
        for order in ledger.open_orders(ME).filter(|order| order.place.client_id.starts_with("bs")) {
            self.rests.insert(resting(order));
        }
        for deal in ledger.open_deals(ME) {
            self.rests.extend(deal.levels.stop.map(|_| Rests::DealStop));
            self.rests.extend(deal.levels.limit.map(|_| Rests::DealLimit));
        }
    }

    /// Who closed, and whether a stop was moved in place.
    pub fn end(&mut self, stage: &Stage) {
        let ledger = stage.venue.exchange().ledger();
        for fill in ledger.fills_of(ME) {
            let order = ledger.order(fill.order_id).unwrap();
            if order.closes {
                self.by.extend(closer(order, is_ours(fill)));
            }
        }
        let amended = |order: &Order| order.history.iter().any(|change| change.cause == Some(Cause::Amended));
        let moved = ledger.deals().any(|deal| {
            let stops: BTreeSet<_> = deal.history.iter().filter_map(|change| Some(change.levels.stop?.level)).collect();
            stops.len() > 1
        });
        self.amended = moved || ledger.orders().any(amended);
    }

    fn words(&self) -> String {
        let mut words: Vec<&str> = self.by.iter().copied().collect();
        if words.is_empty() {
            words.push("the venue");
        }
        if self.amended {
            words.push("amend");
        }
        let rests: Vec<&str> = self.rests.iter().map(|rests| rests.word()).collect();
        format!("{}: {}", words.join(" + "), rests.join(", "))
    }
}

/// What rests, in the order it is told.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Rests {
    WholeStop,
    DealStop,
    Stop,
    Trail,
    Limit,
    LimitPlan,
    DealLimit,
    MarketTarget,
}

impl Rests {
    const fn word(self) -> &'static str {
        match self {
            Self::WholeStop => "whole stop",
            Self::DealStop => "deal's stop",
            Self::Stop => "sized stop",
            Self::Trail => "trail",
            Self::Limit => "limits",
            Self::LimitPlan => "limit plans",
            Self::DealLimit => "deal's limit",
            Self::MarketTarget => "market target",
        }
    }
}

const fn resting(order: &Order) -> Rests {
    match (order.place.kind, order.place.amount) {
        (Kind::StopMarket { .. }, Amount::ClosePosition) => Rests::WholeStop,
        (Kind::StopMarket { .. }, Amount::Exact(_)) => Rests::Stop,
        (Kind::TakeProfitLimit { .. }, _) => Rests::LimitPlan,
        (Kind::TakeProfitMarket { .. }, _) => Rests::MarketTarget,
        (Kind::Limit { .. } | Kind::Market, _) => Rests::Limit,
        (Kind::Trailing { .. }, _) => Rests::Trail,
    }
}

/// Who brought a closing about; nobody of ours when a person or the venue did.
fn closer(order: &Order, ours: bool) -> Option<&'static str> {
    if order.place.client_id.starts_with("level-") {
        return Some("native");
    }
    if order.place.client_id.starts_with("VENUE") {
        return Some("engine");
    }
    match order.place.kind {
        _ if !ours => None,
        Kind::Market | Kind::Limit { term: Term::Ioc, .. } => Some("engine"),
        Kind::Limit { .. }
        | Kind::StopMarket { .. }
        | Kind::TakeProfitLimit { .. }
        | Kind::TakeProfitMarket { .. }
        | Kind::Trailing { .. } => Some("native"),
    }
}

type Row = (&'static Exit, Vec<(String, PositionMode, Seen)>);

/// Compares the guide with what was seen; `BLESS` writes it.
pub fn compare(rows: &[Row]) {
    let written = page(rows);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(PLACE, &written).unwrap();
    }
    let kept = std::fs::read_to_string(PLACE).unwrap_or_default();
    assert!(kept == written, "docs/guide/venues.md tells something else than was seen; BLESS=1 rewrites it");
}

fn page(rows: &[Row]) -> String {
    let mut page = HEAD.to_owned();
    offers(&mut page);
    page.push_str(LEGEND);
    page.push_str("| exit | Binance | Aster | Bitget classic | Bitget unified | IG | what the engine does instead, or besides |\n");
    page.push_str("|---|---|---|---|---|---|---|\n");
    for (exit, cells) in rows {
        write!(page, "| {} |", exit.name).unwrap();
        for profile in ["binance", "aster", "bitget-classic", "bitget-unified", "ig"] {
            let mut said: BTreeMap<String, Vec<&str>> = BTreeMap::new();
            for (_, mode, seen) in cells.iter().filter(|cell| cell.0 == profile) {
                said.entry(seen.words()).or_default().push(word(*mode));
            }
            let parts: Vec<String> = match said.len() {
                1 => said.into_keys().collect(),
                _ => said.into_iter().map(|(words, modes)| format!("{}: {words}", modes.join(", "))).collect(),
            };
            write!(page, " {} |", parts.join("<br>")).unwrap();
        }
        writeln!(page, " {} |", exit.instead).unwrap();
    }
    page
}

/// What each account is told to offer, as the core asks it.
fn offers(page: &mut String) {
    page.push_str("| profile | positions | native trail | stop moved in place | stop for the whole position | stops for a quantity | entry brings its stop | targets that rest | smallest notional waived for exits¹ | a request can take effect for |\n");
    page.push_str("|---|---|---|---|---|---|---|---|---|\n");
    for (profile, mode) in columns() {
        let offered = capability(&profile.native(), mode);
        let percent = |ratio: Ratio| ratio.in_percent().to_string();
        let trail =
            offered.native_trailing.map(|of| format!("{} % to {} %", percent(of.smallest), percent(of.largest)));
        let yes = |is: bool| if is { "yes" } else { "no" };
        let targets = match offered.resting_targets {
            RestingTargets::Every => "every level",
            RestingTargets::Last => "the last one",
        };
        let (trail, seconds) = (trail.unwrap_or_else(|| "no".to_owned()), offered.request_validity.as_millis() / 1_000);
        let (amends, whole) = (yes(offered.amend_stop), yes(offered.whole_stop));
        let entry = yes(offered.entry_stop);
        let sized = match offered.sized_stops {
            SizedStops::Absent => "no",
            SizedStops::Beside => "yes",
            SizedStops::Shared => "beside targets and trail, together the position",
        };
        let waived = if offered.flagged_exits.is_every() { "every one" } else { "the stop for the whole position" };
        writeln!(
            page,
            "| {} | {} | {trail} | {amends} | {whole} | {sized} | {entry} | {targets} | {waived} | {seconds} s |",
            profile.name,
            word(mode)
        )
        .unwrap();
    }
    page.push('\n');
}

const fn word(mode: PositionMode) -> &'static str {
    match mode {
        PositionMode::Hedge => "hedge",
        PositionMode::OneWay => "one-way",
        PositionMode::PerDeal => "per deal",
    }
}

const HEAD: &str = "# Exits at each venue

What each venue does itself, and what Backstop does instead. Written by the test that plays every exit at every simulated venue, in every way of keeping
positions it has, long and short, to the end (`crates/app/tests/app/matrix.rs`); not edited by hand.

An account says where it is held and how positions are kept there; with `mode: paper` an exchange with these rules is played for it:

```yaml
accounts:
  perps: { venue: binance, mode: paper, position_mode: hedge, plan: swing }      # one_way when left out
  uta: { venue: bitget, account_kind: unified, mode: paper, plan: swing }        # classic when left out
  deals: { venue: ig, mode: paper, plan: swing }                                 # a position for each deal
```

When the mode is switched at the venue's own screen, which venues allow only while nothing is open, Backstop learns it from the venue, says so, and words its orders
accordingly ([what a venue refuses](refusals.md)). It never switches it itself.

## What each account offers

";

const LEGEND: &str = "¹ Where the instrument says `min_notional_waived`. Binance and Aster waive it for orders that say reduce-only, which a hedge account's cannot.

* At IG a deal's stop closes whatever is left of the deal, and watches the price the deal would close at, whatever `trigger` says. A trailing stop of IG's is
  not used: it would take the place of the hard stop, and its distance is in points.
* At Bitget sized stops, targets and a trail are for no more than the position together. A tranche that needs a stop for its quantity has that first, and Backstop takes its targets then.
* Closing a position without naming a quantity (Bitget's flash close) is never used: it carries no client id.
* No document says how small a trail Bitget takes, how long a request can take effect at Bitget, or whether anything bounds that at IG: 1 %, 30 s and 10 s are
  the careful readings, and Backstop asks before it sends again.

## What was seen

`native`: closed by what rested at the venue. `engine`: closed by an order that Backstop sent then. `amend`: a stop was moved in place. `the venue`: closed by the
venue or by hand. After the colon: what rested on the way. `whole stop`: a stop for whatever the position is when it triggers (Bitget: `pos_loss`, a full `tpsl`).
`sized stop`: a stop for a quantity. `limit plans`: targets that wait outside the book, bound to the position, and become limit orders when their price is there (Bitget: `profit_plan`
with an `executePrice`, a partial `tpsl` with a limit price; [why](../decisions/0019-targets-as-profit-plans.md)). Where one-way and hedge differ, both are told.

";
