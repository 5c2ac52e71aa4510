//! How a venue tells its prices: in one word, or last, mark and book one after the other.
//!
//! Real streams do the latter (venues/binance.md, venues/bitget.md): several prices of one instant, each of which may be the one that
//! something waits for, and none of which may change what the one before has decided (I20). It has dice of its own and is drawn last:
//! all other lives stay what they were.

use super::life::Life;
use backstop_model::Prices;
use backstop_sim::dice::Dice;

/// One life in so many has them in parts.
const OFTEN: u32 = 8;

/// Maybe prices are told in parts.
pub fn draw(seed: u64, life: &mut Life) {
    life.in_parts = Dice::new(seed, 0xFEED).below(OFTEN) == 0;
}

/// What is told of prices, in the order it is told.
pub fn words(life: &Life, prices: Prices) -> impl Iterator<Item = Prices> {
    let Prices { last, mark, bid, ask } = prices;
    let nothing = Prices::default();
    let parts = [Prices { last, ..nothing }, Prices { mark, ..nothing }, Prices { bid, ask, ..nothing }];
    let (parts, whole) = if life.in_parts { (parts, None) } else { ([nothing; 3], Some(prices)) };
    parts.into_iter().filter(|part| *part != Prices::default()).chain(whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storm::draw::{Choice, draw};

    #[test]
    fn parts_of_a_price_are_all_of_it() {
        let mut life = draw(1, Choice::default());
        let at = |text: &str| Some(text.parse().expect("it is a price"));
        let prices = Prices { last: at("100"), mark: None, bid: at("99"), ask: at("101") };
        life.in_parts = false;
        assert_eq!(words(&life, prices).collect::<Vec<_>>(), [prices]);
        life.in_parts = true;
        let (last, book) = (Prices { last: at("100"), ..Prices::default() }, Prices { last: None, ..prices });
        assert_eq!(words(&life, prices).collect::<Vec<_>>(), [last, book]);
    }

    #[test]
    fn prices_come_in_parts_in_some_lives() {
        let parts = (1..=1_200).filter(|seed| draw(*seed, Choice::default()).in_parts).count();
        assert!((80..230).contains(&parts), "{parts}");
    }
}
