//! The client order id of an entry: a pure function of account, instrument, side and the operator's own name for it.
//!
//! It has the layout of our other ids (`client_id.rs`) with the leg `e`, so it is recognised as ours when the journal is
//! lost, and the same request has the same id on every machine. It names no position's incarnation: it is what begins one.
//! Where it is one part of an entry made in several, it also says which level of the plan that part is for.

use super::client_id::{
    CHECK_BITS, CHECK_DIGITS, LENGTH, PREFIX, REVISION_DIGITS, SCOPE_DIGITS, Scope, body, digest_bits, digits,
    is_proven, push_digits,
};
use backstop_model::{ClientOrderId, PositionSide, RequestId};
use sha3::{Digest, Sha3_256};

/// The leg's letter.
const LEG: char = 'e';
/// Digits of a level.
const LEVEL_DIGITS: usize = 1;
/// Digits in the place of epoch and tranche.
const HEAD_DIGITS: usize = 6;
/// Bits in the place of the revision.
const TAIL_BITS: u32 = 15;
/// Bits that are left of a request.
const MARK_BITS: u32 = 45;

/// What an entry's id names.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct EntryName {
    /// Account and instrument.
    pub scope: Scope,
    /// Side of the position it opens.
    pub side: PositionSide,
    /// The first 45 bits of the digest of the request's name.
    pub mark: u64,
    /// The level it is the part for, counted from 1, and one more than there are for what is trailed; 0 for a whole entry.
    pub level: u8,
}

impl EntryName {
    /// The name of the entry that a request asks for.
    #[must_use]
    pub fn of(scope: Scope, side: PositionSide, request: &RequestId) -> Self {
        let digest = Sha3_256::digest(request.as_str().as_bytes());
        let head = digest.iter().take(8).fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
        Self { scope, side, mark: head >> (64 - MARK_BITS), level: 0 }
    }

    /// The same for the part of it that a level has.
    #[must_use]
    pub const fn of_level(self, level: u8) -> Self {
        Self { level, ..self }
    }

    /// Whether it is what a request is called there, whichever part of it.
    #[must_use]
    pub fn is_of(&self, scope: Scope, side: PositionSide, request: &RequestId) -> bool {
        *self == Self::of(scope, side, request).of_level(self.level)
    }

    /// The id.
    #[must_use]
    pub fn id(&self) -> ClientOrderId {
        let mut text = String::with_capacity(LENGTH);
        text.push_str(PREFIX);
        push_digits(&mut text, self.scope.0, SCOPE_DIGITS);
        text.push(match self.side {
            PositionSide::Long => 'l',
            PositionSide::Short => 's',
        });
        let part = |bits: u64| u32::try_from(bits).expect("a mark has 45 bits, and a part of it at most 30");
        push_digits(&mut text, part(self.mark >> TAIL_BITS), HEAD_DIGITS);
        text.push(LEG);
        push_digits(&mut text, u32::from(self.level), LEVEL_DIGITS);
        push_digits(&mut text, part(self.mark & ((1 << TAIL_BITS) - 1)), REVISION_DIGITS);
        let check = digest_bits(&text, CHECK_BITS);
        push_digits(&mut text, check, CHECK_DIGITS);
        ClientOrderId::new(&text).expect("24 characters of base 32 are an id")
    }

    /// Reads an id; nothing when it is not provably an entry of ours.
    #[must_use]
    pub fn read(id: &ClientOrderId) -> Option<Self> {
        let (scope, rest) = body(id)?.split_at(SCOPE_DIGITS);
        let (side, rest) = rest.split_at(1);
        let (head, rest) = rest.split_at(HEAD_DIGITS);
        let (level, tail) = rest.strip_prefix(LEG)?.split_at(LEVEL_DIGITS);
        let side = match side {
            "l" => PositionSide::Long,
            "s" => PositionSide::Short,
            _ => return None,
        };
        let mark = (u64::from(digits(head)?) << TAIL_BITS) | u64::from(digits(tail)?);
        let level = u8::try_from(digits(level)?).ok()?;
        is_proven(id).then_some(Self { scope: Scope(digits(scope)?), side, mark, level })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::super::Named;
    use super::*;

    fn name(request: &str, side: PositionSide) -> EntryName {
        EntryName::of(Scope(0x2abc_def1), side, &RequestId::new(request).unwrap())
    }

    #[test]
    fn an_id_is_a_pure_function_of_the_request_and_reads_back() {
        for request in ["r1", "alert-2026-11-21T10:00:00Z", "x"] {
            for side in [PositionSide::Long, PositionSide::Short] {
                let name = name(request, side);
                assert_eq!(EntryName::read(&name.id()), Some(name));
                assert_eq!(name.id().as_str().len(), 24);
                let part = name.of_level(31);
                assert_eq!(EntryName::read(&part.id()), Some(part));
                assert!(part.is_of(part.scope, side, &RequestId::new(request).unwrap()));
            }
        }
        assert_ne!(name("r1", PositionSide::Long).id(), name("r2", PositionSide::Long).id());
        assert_ne!(name("r1", PositionSide::Long).id(), name("r1", PositionSide::Short).id());
    }

    #[test]
    fn an_entry_is_never_taken_for_an_exit() {
        let entry = name("r1", PositionSide::Long).id();
        assert_eq!(Named::read(&entry), None);
        assert_eq!(EntryName::read(&ClientOrderId::new("bs0000000000000000000000").unwrap()), None);
    }
}
