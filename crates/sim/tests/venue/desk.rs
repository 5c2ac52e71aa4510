//! A desk at the simulated venue: builders and short words, so that each test reads as its story.

use backstop_model::{
    Leverage, OrderSide, PositionMode, PositionSide, Price, Prices, Quantity, Ratio, Span, Timestamp, TriggerSource,
};
use backstop_sim::{
    Amend, Amount, Answer, Ask, Body, Delivery, Exchange, Kind, Opening, OrderView, Place, Profile, Protect, Reply,
    Request, Rules, Setup, Slot, Status, StreamEvent, Term,
};

pub const SYMBOL: &str = "BTCUSDT";
pub const ME: &str = "main";

pub fn price(text: &str) -> Price {
    text.parse().unwrap()
}

pub fn quantity(text: &str) -> Quantity {
    text.parse().unwrap()
}

pub fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis).unwrap()
}

pub fn rules() -> Rules {
    Rules::on_grid(price("0.01"), quantity("0.001"))
}

pub fn opening(mode: PositionMode) -> Opening {
    Opening { mode, leverage: Leverage::try_from(10).unwrap(), balance: "100000".parse().unwrap() }
}

/// A venue with one market at 100 and one account; time goes on by a millisecond with every call.
pub struct Desk {
    pub venue: Exchange,
    pub now: i64,
    pub told: Vec<Delivery>,
    pub mode: PositionMode,
}

pub fn desk() -> Desk {
    desk_with(Setup::exact(1), PositionMode::OneWay, rules())
}

pub fn desk_with(setup: Setup, mode: PositionMode, rules: Rules) -> Desk {
    let mut venue = Exchange::new(setup);
    venue.list(SYMBOL, rules).unwrap();
    venue.open_account(ME, opening(mode)).unwrap();
    let mut desk = Desk { venue, now: 0, told: Vec::new(), mode };
    desk.quote("100");
    desk
}

/// A desk at the venue of a profile, without slippage and network.
pub fn desk_of(profile: Profile, mode: PositionMode) -> Desk {
    desk_with(Setup::exactly(profile, 1), mode, rules())
}

/// An order to be placed; the position side is filled in on hedge accounts from side and `closes`.
pub struct Wish {
    pub client_id: String,
    pub side: OrderSide,
    pub amount: Amount,
    pub kind: Kind,
    pub closes: bool,
}

pub fn wish(client_id: &str, side: OrderSide, amount: &str, kind: Kind, closes: bool) -> Wish {
    let amount = if amount == "all" { Amount::ClosePosition } else { Amount::Exact(quantity(amount)) };
    Wish { client_id: client_id.to_owned(), side, amount, kind, closes }
}

pub fn limit(at: &str) -> Kind {
    Kind::Limit { price: price(at), term: Term::Gtc }
}

pub fn stop(at: &str) -> Kind {
    Kind::StopMarket { trigger: price(at), source: TriggerSource::Last }
}

pub fn target(at: &str) -> Kind {
    Kind::TakeProfitMarket { trigger: price(at), source: TriggerSource::Last }
}

pub fn trail(activation: Option<&str>, percent: &str) -> Kind {
    let callback = Ratio::percent(percent).unwrap();
    Kind::Trailing { activation: activation.map(price), callback, source: TriggerSource::Last }
}

impl Desk {
    pub fn clock(&mut self) -> Timestamp {
        self.now += 1;
        at(self.now)
    }

    pub fn quote(&mut self, at: &str) {
        self.quote_all(Prices::all(price(at)));
    }

    pub fn quote_all(&mut self, prices: Prices) {
        let now = self.clock();
        self.venue.quote(now, SYMBOL, prices).unwrap();
        self.collect(now);
    }

    fn collect(&mut self, now: Timestamp) -> Vec<Delivery> {
        let arrived = self.venue.advance(now);
        self.told.extend(arrived.iter().cloned());
        arrived
    }

    /// Waits so many milliseconds.
    pub fn wait(&mut self, millis: i64) -> Vec<Delivery> {
        self.now += millis;
        self.collect(at(self.now))
    }

    /// Sends and does not wait.
    pub fn send(&mut self, ask: Ask) {
        let now = self.clock();
        self.venue.request(now, ME, Request { sent_at: now, valid_for: Span::from_secs(3), ask });
    }

    /// Sends, and gives back the answer that came at once.
    pub fn ask(&mut self, ask: Ask) -> Reply {
        self.send(ask);
        let arrived = self.collect(at(self.now));
        let mut replies = arrived.into_iter().filter_map(|delivery| match delivery.body {
            Body::Response { reply, .. } => Some(reply),
            Body::Stream(_) => None,
        });
        replies.next_back().expect("an answer")
    }

    pub fn place_ask(&self, wish: Wish) -> Ask {
        let position =
            if wish.closes == (wish.side == OrderSide::Sell) { PositionSide::Long } else { PositionSide::Short };
        let hedge = self.mode == PositionMode::Hedge;
        let whole = wish.amount == Amount::ClosePosition;
        Ask::Place(Place {
            client_id: wish.client_id,
            symbol: SYMBOL.to_owned(),
            side: wish.side,
            position_side: hedge.then_some(position),
            amount: wish.amount,
            kind: wish.kind,
            reduce_only: wish.closes && !hedge && !whole,
        })
    }

    /// Places and is told the order as it stands, or the code of the refusal.
    pub fn place(&mut self, wish: Wish) -> Result<OrderView, i32> {
        let ask = self.place_ask(wish);
        order_or_code(self.ask(ask))
    }

    pub fn buy(&mut self, amount: &str) {
        let id = format!("buy-{}", self.now);
        self.place(wish(&id, OrderSide::Buy, amount, Kind::Market, false)).unwrap();
    }

    pub fn sell(&mut self, amount: &str) {
        let id = format!("sell-{}", self.now);
        self.place(wish(&id, OrderSide::Sell, amount, Kind::Market, false)).unwrap();
    }

    pub fn exit(&mut self, id: &str, amount: &str, kind: Kind) -> Result<OrderView, i32> {
        self.place(wish(id, OrderSide::Sell, amount, kind, true))
    }

    /// Places an exit bound to the long and is told the order as it stands, or the code of the refusal.
    pub fn protect(&mut self, id: &str, amount: &str, kind: Kind) -> Result<OrderView, i32> {
        order_or_code(self.ask(self.protect_ask(id, PositionSide::Long, amount, kind)))
    }

    pub fn protect_ask(&self, id: &str, holds: PositionSide, amount: &str, kind: Kind) -> Ask {
        let Wish { client_id, amount, kind, .. } = wish(id, holds.closing(), amount, kind, true);
        Ask::Protect(Protect { client_id, symbol: SYMBOL.to_owned(), holds, amount, kind })
    }

    pub fn cancel(&mut self, id: &str) -> Result<OrderView, i32> {
        order_or_code(self.ask(Ask::Cancel { client_id: id.to_owned() }))
    }

    pub fn query(&mut self, id: &str) -> Result<OrderView, i32> {
        order_or_code(self.ask(Ask::Query { client_id: id.to_owned() }))
    }

    pub fn amend_trigger(&mut self, id: &str, trigger: &str) -> Result<OrderView, i32> {
        let amend = Amend { client_id: id.to_owned(), price: None, trigger: Some(price(trigger)), quantity: None };
        order_or_code(self.ask(Ask::Amend(amend)))
    }

    pub fn amend_price(&mut self, id: &str, to: &str) -> Result<OrderView, i32> {
        let amend = Amend { client_id: id.to_owned(), price: Some(price(to)), trigger: None, quantity: None };
        order_or_code(self.ask(Ask::Amend(amend)))
    }

    /// The open quantity: signed text, "-0.5" for a short.
    pub fn open(&self) -> String {
        let holding = self.venue.ledger().holding(ME, SYMBOL, Slot::Both);
        match holding.side {
            PositionSide::Long => holding.quantity.to_string(),
            PositionSide::Short => format!("-{}", holding.quantity),
        }
    }

    pub fn status(&self, id: &str) -> Status {
        self.venue.ledger().orders_of(ME, id).next_back().expect("an order").status
    }

    /// Client id and price of every execution, oldest first.
    pub fn fills(&self) -> Vec<String> {
        let fills = self.venue.ledger().fills().iter();
        fills.map(|fill| format!("{} {}@{}", fill.client_id, fill.quantity, fill.price)).collect()
    }

    /// The statuses that the stream has told of an order, in the order of arrival.
    pub fn heard(&self, id: &str) -> Vec<Status> {
        let events = self.told.iter().filter_map(|delivery| match &delivery.body {
            Body::Stream(StreamEvent::OrderUpdate { order, .. }) if order.client_id == id => Some(order.status),
            Body::Stream(_) | Body::Response { .. } => None,
        });
        events.collect()
    }
}

pub fn order_or_code(reply: Reply) -> Result<OrderView, i32> {
    match reply {
        Reply::Result(Answer::Order(order)) => Ok(*order),
        Reply::Refused(refused) => Err(refused.code),
        other => panic!("neither order nor refusal: {other:?}"),
    }
}
