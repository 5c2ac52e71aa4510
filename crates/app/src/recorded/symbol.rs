//! Which instrument a file is about, by its name: `BTCUSDT-5m-2025.csv.gz`, `binance-usdm-btcusdt-20240808.gz`.

use backstop_model::Symbol;
use std::path::Path;

/// What the names of quoted instruments end with.
const QUOTES: [&str; 9] = ["fdusd", "usdt", "usdc", "busd", "usd", "eur", "gbp", "btc", "eth"];

/// The symbol a file is named after: a first part in capitals, else a part that ends with a known currency.
#[must_use]
pub fn symbol_of_file(path: &Path) -> Option<Symbol> {
    let name = path.file_name()?.to_str()?;
    let parts: Vec<&str> = name.split(['-', '_', '.', ' ']).collect();
    let first = parts.first().filter(|part| parts.len() > 1 && is_in_capitals(part));
    let quoted = || parts.iter().find(|part| ends_with_quote(part));
    Symbol::new(&first.or_else(quoted)?.to_ascii_uppercase()).ok()
}

fn is_in_capitals(part: &str) -> bool {
    let capitals = part.bytes().filter(u8::is_ascii_uppercase).count();
    (3..=20).contains(&part.len())
        && capitals >= 2
        && part.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

fn ends_with_quote(part: &str) -> bool {
    let part = part.to_ascii_lowercase();
    let letters = part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    letters && QUOTES.iter().any(|quote| part.len() > quote.len() + 1 && part.ends_with(quote))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_says_the_symbol() {
        for (name, symbol) in [
            ("BTCUSDT-5m-20250403-20250702.csv.gz", Some("BTCUSDT")),
            ("/x/y/binance-usdm-btcusdt-20240808.gz", Some("BTCUSDT")),
            ("1000PEPEUSDT-1m.csv", Some("1000PEPEUSDT")),
            ("ethusdc_1m.csv", Some("ETHUSDC")),
            ("US500-1m.csv", Some("US500")),
            ("hyperliquid-btc-20250126.gz", None),
            ("bars.csv", None),
            ("README.md", Some("README")),
            ("recording", None),
        ] {
            let found = symbol_of_file(Path::new(name));
            assert_eq!(found.map(|symbol| symbol.to_string()).as_deref(), symbol, "{name}");
        }
    }
}
