//! The client order id of an entry: a pure function of account, instrument, side and the operator's own name for it.
//!
//! It has the layout of our other ids (`client_id.rs`) with the leg `e`, so it is recognised as ours when the journal is
//! lost, and the same request has the same id on every machine. It names no position's incarnation: it is what begins one.

use super::client_id::{
    CHECK_DIGITS, LENGTH, PREFIX, REVISION_DIGITS, SCOPE_DIGITS, Scope, digest_bits, digits, proven, push_digits,
};
use backstop_model::{ClientOrderId, PositionSide, RequestId};
use sha3::{Digest, Sha3_256};

/// The leg's letter and its unused digit.
const LEG: &str = "e0";
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
}

impl EntryName {
    /// The name of the entry that a request asks for.
    #[must_use]
    pub fn of(scope: Scope, side: PositionSide, request: &RequestId) -> Self {
        let digest = Sha3_256::digest(request.as_str().as_bytes());
        let head = digest.iter().take(8).fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
        Self { scope, side, mark: head >> (64 - MARK_BITS) }
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
        text.push_str(LEG);
        push_digits(&mut text, part(self.mark & ((1 << TAIL_BITS) - 1)), REVISION_DIGITS);
        let check = digest_bits(&text, 20);
        push_digits(&mut text, check, CHECK_DIGITS);
        ClientOrderId::new(&text).expect("24 characters of base 32 are an id")
    }

    /// Reads an id; nothing when it is not provably an entry of ours.
    #[must_use]
    pub fn read(id: &ClientOrderId) -> Option<Self> {
        let (scope, rest) = proven(id)?.split_at(SCOPE_DIGITS);
        let (side, rest) = rest.split_at(1);
        let (head, rest) = rest.split_at(HEAD_DIGITS);
        let tail = rest.strip_prefix(LEG)?;
        let side = match side {
            "l" => PositionSide::Long,
            "s" => PositionSide::Short,
            _ => return None,
        };
        let mark = (u64::from(digits(head)?) << TAIL_BITS) | u64::from(digits(tail)?);
        Some(Self { scope: Scope(digits(scope)?), side, mark })
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
