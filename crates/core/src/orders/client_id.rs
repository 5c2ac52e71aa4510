//! Our client order ids: pure functions of what they name (R2).
//!
//! The same intent has the same id after a restart and from another instance, so a double send becomes a duplicate at
//! the venue. Prefix and checksum tell our orders from others' even when the journal is lost. Layout, 24 characters of
//! Crockford's base 32 in lower case, which every venue accepts (venues/binance.md §15, IG: `[A-Za-z0-9_-]`, 30):
//!
//! ```text
//! bs | scope 6 | side 1 | epoch 5 | tranche 1 | leg 2 | revision 3 | checksum 4
//! ```
//!
//! Exits are named here. An entry has the leg `e` with the level it is the part for, and, in place of epoch, tranche and
//! revision, what its request is worth in 45 bits: see [`EntryName`](super::EntryName).

use super::Leg;
use backstop_model::{Account, ClientOrderId, DealId, Epoch, Instrument, PositionSide, TrancheId};
use serde::{Deserialize, Serialize};
use sha3::{Digest, Sha3_256};

pub(super) const PREFIX: &str = "bs";
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
pub(super) const SCOPE_DIGITS: usize = 6;
pub(super) const EPOCH_DIGITS: usize = 5;
pub(super) const REVISION_DIGITS: usize = 3;
pub(super) const CHECK_DIGITS: usize = 4;
pub(super) const CHECK_BITS: u32 = 20;
pub(super) const LENGTH: usize = 24;

/// Account and instrument in thirty bits: the same on every machine, because it is made of names and not of numbers.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Scope(pub(super) u32);

impl Scope {
    /// The scope of one account and instrument, and of one deal where the venue keeps a position for each.
    #[must_use]
    pub fn of(account: &Account, instrument: &Instrument, deal: Option<DealId>) -> Self {
        Self::named(account.venue.as_str(), account.name.as_str(), instrument.symbol.as_str(), deal)
    }

    /// The same from the names alone, where nobody has numbered anything.
    #[must_use]
    pub fn named(venue: &str, account: &str, symbol: &str, deal: Option<DealId>) -> Self {
        let deal = deal.map_or_else(String::new, |deal| {
            format!(
                "
{deal}"
            )
        });
        Self(digest_bits(
            &format!(
                "{venue}
{account}
{symbol}{deal}"
            ),
            30,
        ))
    }
}

/// What one of our ids names.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Named {
    /// Account and instrument.
    pub scope: Scope,
    /// Side of the position.
    pub side: PositionSide,
    /// Incarnation of the position.
    pub epoch: Epoch,
    /// Tranche.
    pub tranche: TrancheId,
    /// Leg.
    pub leg: Leg,
    /// Which order of that leg; counts up only after proof that the one before is over (R4).
    pub revision: u16,
}

impl Named {
    /// The id.
    ///
    /// Numbers beyond their field wrap there; the checksum covers what is written, so the id stays ours. An epoch takes
    /// 33 million positions on one instrument to wrap, a revision 32,768 orders of one leg.
    #[must_use]
    pub fn id(&self) -> ClientOrderId {
        let mut text = String::with_capacity(LENGTH);
        text.push_str(PREFIX);
        push_digits(&mut text, self.scope.0, SCOPE_DIGITS);
        text.push(match self.side {
            PositionSide::Long => 'l',
            PositionSide::Short => 's',
        });
        push_digits(&mut text, self.epoch.0, EPOCH_DIGITS);
        push_digits(&mut text, u32::from(self.tranche.0), 1);
        let (letter, level) = match self.leg {
            Leg::WholeStop => ('w', 0),
            Leg::Stop => ('s', 0),
            Leg::StopPart(number) => ('s', number),
            Leg::Trail => ('r', 0),
            Leg::Close => ('c', 0),
            Leg::Drill => ('d', 0),
            Leg::Part => ('p', 0),
            Leg::Target(level) => ('t', level),
            Leg::Instant(level) => ('n', level),
        };
        text.push(letter);
        push_digits(&mut text, u32::from(level), 1);
        push_digits(&mut text, u32::from(self.revision), REVISION_DIGITS);
        let check = digest_bits(&text, CHECK_BITS);
        push_digits(&mut text, check, CHECK_DIGITS);
        ClientOrderId::new(&text).expect("24 characters of base 32 are an id")
    }

    /// Reads an id; nothing when it is not provably ours. Orders that are not are never touched (I12).
    #[must_use]
    pub fn read(id: &ClientOrderId) -> Option<Self> {
        Self::known(id).filter(|_| is_proven(id))
    }

    /// Reads an id of an order in our own books: it was proven, or made here, when the order came there.
    #[must_use]
    pub(crate) fn known(id: &ClientOrderId) -> Option<Self> {
        let mut rest = body(id)?;
        let mut take = |count: usize| {
            let (head, tail) = rest.split_at(count);
            rest = tail;
            head
        };
        let scope = Scope(digits(take(SCOPE_DIGITS))?);
        let side = match take(1) {
            "l" => PositionSide::Long,
            "s" => PositionSide::Short,
            _ => return None,
        };
        let epoch = Epoch(digits(take(EPOCH_DIGITS))?);
        let tranche = TrancheId(u8::try_from(digits(take(1))?).ok()?);
        let letter = take(1);
        let level = u8::try_from(digits(take(1))?).ok()?;
        let leg = match letter {
            "w" => Leg::WholeStop,
            "s" => Leg::stop_part(level),
            "r" => Leg::Trail,
            "c" => Leg::Close,
            "d" => Leg::Drill,
            "p" => Leg::Part,
            "t" => Leg::Target(level),
            "n" => Leg::Instant(level),
            _ => return None,
        };
        let revision = u16::try_from(digits(take(REVISION_DIGITS))?).ok()?;
        Some(Self { scope, side, epoch, tranche, leg, revision })
    }
}

/// What stands between the prefix and the checksum of what looks like an id of ours. Whether it is one the checksum proves;
/// that costs a digest, so it comes last.
pub(super) fn body(id: &ClientOrderId) -> Option<&str> {
    let text = id.as_str();
    (text.len() == LENGTH && text.starts_with(PREFIX)).then(|| &text[PREFIX.len()..LENGTH - CHECK_DIGITS])
}

/// Whether the checksum of what looks like an id of ours is right.
pub(super) fn is_proven(id: &ClientOrderId) -> bool {
    let (named, check) = id.as_str().split_at(LENGTH - CHECK_DIGITS);
    digits(check) == Some(digest_bits(named, CHECK_BITS))
}

pub(super) fn push_digits(text: &mut String, number: u32, count: usize) {
    for place in (0..count).rev() {
        let digit = (number >> (5 * place)) & 31;
        text.push(char::from(ALPHABET[digit as usize]));
    }
}

pub(super) fn digits(text: &str) -> Option<u32> {
    text.bytes().try_fold(0u32, |number, byte| {
        let digit = ALPHABET.iter().position(|&known| known == byte)?;
        Some((number << 5) | u32::try_from(digit).ok()?)
    })
}

/// The first bits of the SHA3-256 of a text.
pub(super) fn digest_bits(text: &str, bits: u32) -> u32 {
    let digest = Sha3_256::digest(text.as_bytes());
    let head = u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]);
    head >> (32 - bits)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;

    fn named(leg: Leg, revision: u16) -> Named {
        Named {
            scope: Scope(0x2abc_def1 & 0x3fff_ffff),
            side: PositionSide::Short,
            epoch: Epoch(77),
            tranche: TrancheId::FIRST,
            leg,
            revision,
        }
    }

    #[test]
    fn an_id_is_a_pure_function_of_what_it_names_and_reads_back() {
        for leg in [
            Leg::Drill,
            Leg::WholeStop,
            Leg::Stop,
            Leg::StopPart(1),
            Leg::StopPart(31),
            Leg::Trail,
            Leg::Close,
            Leg::Part,
            Leg::Target(1),
            Leg::Target(31),
            Leg::Instant(7),
        ] {
            for revision in [1, 2, 999, 32_767] {
                let named = named(leg, revision);
                assert_eq!(named.id(), named.id());
                assert_eq!(Named::read(&named.id()), Some(named));
                assert!(named.id().as_str().len() <= 30);
            }
        }
    }

    #[test]
    fn different_intents_have_different_ids() {
        assert_ne!(named(Leg::Stop, 1).id(), named(Leg::Stop, 2).id());
        assert_ne!(named(Leg::Target(1), 1).id(), named(Leg::Target(2), 1).id());
    }

    #[test]
    fn a_strangers_id_is_not_ours_even_with_our_prefix() {
        let ours = named(Leg::Stop, 1).id();
        let forged = ours.as_str().replace("00001", "00002");
        for text in ["x1-7f3a-sl-3", "bs", "bs0000000000000000000000", "autoclose-123", &forged] {
            let id = ClientOrderId::new(text).unwrap();
            if id != ours {
                assert_eq!(Named::read(&id), None, "{text}");
            }
        }
    }
}
