//! Translators between venues and Backstop's words: wire protocol on one side, `model` on the other.

pub mod binance;
