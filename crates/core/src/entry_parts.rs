//! An entry that is made in several parts, one deal for each level (product.md §2.7): which parts it has, what they are
//! called, and which of them belong together. What a part becomes is `position/entering.rs`.

use crate::engine::Engine;
use crate::entries::{MOST, reference};
use crate::exits::{arm, ladder, parts};
use crate::orders::{EntryOrder, EntryPart};
use crate::position::Ctx;
use backstop_model::{
    AccountId, EntryRequest, ExitPlan, PositionKey, PositionMode, RequestId, RestingTargets, Timestamp,
};
use std::sync::Arc;

/// An entry to be sent, or one part of it.
pub(crate) struct PartRequest {
    /// What is asked for.
    pub asked: EntryRequest,
    /// The plan its position gets.
    pub plan: Arc<ExitPlan>,
    /// Which part it is, where there are several.
    pub part: Option<EntryPart>,
}

impl Engine {
    /// All parts of the entry that was asked for under this name, the first one first; the entry itself where it is whole.
    #[must_use]
    pub fn parts_of_entry(&self, account: AccountId, request: &RequestId) -> Vec<(PositionKey, &EntryOrder)> {
        let Some((key, first)) = self.entry(account, request) else { return Vec::new() };
        let Some(part) = first.part.filter(|part| part.number == 1) else { return vec![(key, first)] };
        let names = (2..=part.count).filter_map(|number| part_name(request, number));
        let others = names.filter_map(|name| self.entry(account, &name));
        let others = others.filter(|(of, other)| *of == key && other.part.is_some());
        std::iter::once((key, first)).chain(others).collect()
    }

    /// What is sent for an entry: one request for each level where the account wants that, else itself. The first part has
    /// the operator's own name.
    pub(crate) fn parts_of(&self, asked: &EntryRequest, plan: &Arc<ExitPlan>, now: Timestamp) -> Vec<PartRequest> {
        let whole = || vec![PartRequest { asked: *asked, plan: Arc::clone(plan), part: None }];
        self.split(asked, plan, now).unwrap_or_else(whole)
    }

    fn split(&self, asked: &EntryRequest, plan: &Arc<ExitPlan>, now: Timestamp) -> Option<Vec<PartRequest>> {
        let ctx = self.ctx(asked.position, now)?;
        if !splits(ctx) {
            return None;
        }
        let price = reference(asked, ctx).ok()?;
        let armed = arm::arm(plan, ctx.instrument, ctx.volatility, asked.position.side, price).ok()?;
        let (levels, _) = ladder::levels(plan, &armed, ctx.instrument, &ctx.account.capability, asked.quantity).ok()?;
        let parts = parts::parts(plan, &levels, asked.quantity)?;
        let under_way = self
            .position(asked.position)
            .map_or(0, |position| position.entries.iter().filter(|entry| entry.is_live()).count());
        if under_way + parts.len() > MOST {
            return None;
        }
        let count = u8::try_from(parts.len()).ok()?;
        let named = |(number, made): (u8, parts::Part)| {
            let request = part_name(&asked.request, number)?;
            let is_free = number == 1 || self.entry(asked.account(), &request).is_none();
            let part = EntryPart { number, count, level: made.level, whole: asked.quantity };
            is_free.then_some(PartRequest {
                asked: EntryRequest { request, quantity: made.quantity, ..*asked },
                plan: made.plan,
                part: Some(part),
            })
        };
        (1..).zip(parts).map(named).collect()
    }
}

fn splits(ctx: Ctx) -> bool {
    let account = ctx.account;
    let each = account.position_mode == PositionMode::PerDeal;
    account.split_entries && each && account.capability.resting_targets == RestingTargets::Last
}

/// What a part of an entry is called: the first as the entry itself. None where the name becomes too long.
fn part_name(request: &RequestId, number: u8) -> Option<RequestId> {
    if number == 1 { Some(*request) } else { RequestId::new(&format!("{request}.{number}")).ok() }
}
