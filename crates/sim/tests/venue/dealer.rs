//! A dealer at the IG desk: asks about deals, waits for the verdict, and reads what was told of them.

use crate::desk::{Desk, ME, SYMBOL, desk_with, price, quantity, rules};
use backstop_model::{OrderSide, Points, PositionMode, Price, Ratio};
use backstop_sim::{
    Accepted, Answer, Ask, Body, CloseDeal, CloseTarget, Confirm, DealAsk, DealHabits, DealOrder, DealStatus,
    DealUpdate, Dealing, Distance, Fulfilment, GuaranteedStops, LevelAsk, OpenDeal, Profile, Reason, Reply, Rules,
    SetLevels, Setup, StopAsk, StopGuard, StopLevel, StreamEvent, TrailingPreference, Verdict,
};

pub fn ratio(text: &str) -> Ratio {
    text.parse().unwrap()
}

pub fn points(text: &str) -> Points {
    text.parse().unwrap()
}

/// One point is one unit of price and worth 25; levels stay 2 points away, guaranteed stops 5, nothing beyond 75 %.
pub fn dealing() -> Dealing {
    Dealing {
        min_distance: Distance::InPoints(ratio("2")),
        min_guaranteed_distance: Distance::InPoints(ratio("5")),
        max_distance: Distance::OfPrice(ratio("0.75")),
        trailing: TrailingPreference::Available { least_increment: ratio("0.5") },
        guaranteed: GuaranteedStops::Available { premium: ratio("0.8") },
        ..Dealing::in_whole_points(ratio("25"))
    }
}

pub fn ig() -> Desk {
    ig_with(|_| {})
}

pub fn ig_with(change: impl FnOnce(&mut DealHabits)) -> Desk {
    let mut profile = Profile::ig();
    change(profile.habits.deals.as_mut().unwrap());
    let rules = Rules { dealing: Some(dealing()), ..rules() };
    desk_with(Setup::exactly(profile, 1), PositionMode::PerDeal, rules)
}

/// An opening at market under a reference, forced open, without levels.
pub fn opening(reference: &str, side: OrderSide, amount: &str) -> OpenDeal {
    OpenDeal {
        reference: Some(reference.to_owned()),
        symbol: SYMBOL.to_owned(),
        side,
        quantity: quantity(amount),
        order: DealOrder::Market,
        fulfilment: Fulfilment::FillOrKill,
        force_open: true,
        stop: None,
        limit: None,
    }
}

/// A closing at market of one deal.
pub fn closing(deal: u64, side: OrderSide, amount: &str) -> CloseDeal {
    CloseDeal {
        target: CloseTarget::Deal(deal),
        side,
        quantity: quantity(amount),
        order: DealOrder::Market,
        fulfilment: Fulfilment::FillOrKill,
    }
}

pub fn normal(level: &str) -> StopLevel {
    StopLevel { level: price(level), guard: StopGuard::Normal }
}

pub fn at_level(level: &str) -> StopAsk {
    StopAsk::Normal(LevelAsk::Level(price(level)))
}

impl Desk {
    /// Sends a request about a deal and gives back the reference under which it was received, or the refusal.
    pub fn receive(&mut self, ask: DealAsk) -> Result<String, String> {
        match self.ask(Ask::Deal(ask)) {
            Reply::Result(Answer::Received { reference }) => Ok(reference),
            Reply::Refused(refused) => Err(format!("{} {}", refused.code, refused.text)),
            other => panic!("neither received nor refused: {other:?}"),
        }
    }

    /// Sends a request about a deal and waits for its verdict.
    pub fn deal(&mut self, ask: DealAsk) -> Result<Accepted, Reason> {
        let reference = self.receive(ask).unwrap();
        self.wait(50);
        match self.confirms().into_iter().rev().find(|confirm| confirm.reference == reference).unwrap().verdict {
            Verdict::Accepted(accepted) => Ok(*accepted),
            Verdict::Rejected(reason) => Err(reason),
        }
    }

    /// Opens a deal that has to be accepted, and gives back its id.
    pub fn opened(&mut self, open: OpenDeal) -> u64 {
        self.deal(DealAsk::Open(open)).unwrap().deal
    }

    /// Opens a long of 1 with a stop and a limit.
    pub fn long_between(&mut self, stop: &str, limit: &str) -> u64 {
        let limit = Some(LevelAsk::Level(price(limit)));
        self.opened(OpenDeal { stop: Some(at_level(stop)), limit, ..opening("long", OrderSide::Buy, "1") })
    }

    pub fn set_levels(&mut self, deal: u64, stop: Option<StopLevel>, limit: Option<&str>) -> Result<Accepted, Reason> {
        self.deal(DealAsk::Levels(SetLevels { deal, stop, limit: limit.map(price) }))
    }

    /// Every confirm that the stream has told, oldest first.
    pub fn confirms(&self) -> Vec<Confirm> {
        let told = self.told.iter().filter_map(|told| match &told.body {
            Body::Stream(StreamEvent::Confirm(confirm)) => Some((**confirm).clone()),
            Body::Stream(_) | Body::Response { .. } => None,
        });
        told.collect()
    }

    /// Every update of a deal that the stream has told, oldest first.
    pub fn updates(&self) -> Vec<DealUpdate> {
        let told = self.told.iter().filter_map(|told| match &told.body {
            Body::Stream(StreamEvent::DealUpdate(update)) => Some((**update).clone()),
            Body::Stream(_) | Body::Response { .. } => None,
        });
        told.collect()
    }

    /// Status, level and quantity of the newest update.
    pub fn last_update(&self) -> (DealStatus, Option<Price>, String) {
        let update = self.updates().pop().expect("an update");
        (update.status, update.level, update.quantity.to_string())
    }

    /// Id, side and quantity of every open deal, oldest first: "2 long 1".
    pub fn deals(&self) -> Vec<String> {
        let view = self.venue.view(ME, self.venue.now()).unwrap();
        let deals = view.positions.into_iter().map(|position| {
            let deal = position.deal.expect("a deal");
            format!("{} {} {}", deal.id, position.side, position.quantity)
        });
        deals.collect()
    }
}
