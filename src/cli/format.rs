//! Formats numbers for people.

use serde_json::{Value, json};

use lacuna::model::Bytes;

/// Bytes by purpose, and their sum.
pub(super) fn bytes_json(bytes: Bytes) -> Value {
    json!({"weights": bytes.weights, "activations": bytes.activations, "optimiser": bytes.optimiser, "total": bytes.total()})
}

/// 36479194 as 36,479,194.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let first = (digits.len() - 1) % 3 + 1;
    let (head, tail) = digits.split_at(first);
    let tail = tail.as_bytes().chunks(3).flat_map(|three| [",", str::from_utf8(three).expect("digits are ASCII")]);
    std::iter::once(head).chain(tail).collect()
}

/// Bytes with a unit, to about three digits.
pub(super) fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    let mut amount = bytes as f64 / 1024.0;
    let mut unit = 0;
    while amount >= 999.5 && unit + 1 < UNITS.len() {
        amount /= 1024.0;
        unit += 1;
    }
    let digits = usize::from(amount < 9.95);
    format!("{amount:.digits$} {}", UNITS[unit])
}

/// 1234567 as `1.23 M`: multiply-adds in a table.
pub(super) fn large(value: f64) -> String {
    let (scaled, unit) = match value {
        _ if value >= 1e12 => (value / 1e12, " T"),
        _ if value >= 1e9 => (value / 1e9, " G"),
        _ if value >= 1e6 => (value / 1e6, " M"),
        _ if value >= 1e3 => (value / 1e3, " k"),
        _ => (value, ""),
    };
    let digits = if scaled >= 100.0 || unit.is_empty() { 0 } else { 2 - usize::from(scaled >= 10.0) };
    format!("{scaled:.digits$}{unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_sizes_are_readable() {
        for (number, words) in [(0, "0"), (7, "7"), (999, "999"), (1000, "1,000"), (36_479_194, "36,479,194"), (100_000, "100,000")] {
            assert_eq!(grouped(number), words);
        }
        let mib = 1 << 20;
        for (bytes, words) in [(0, "0.0 KiB"), (5 * 1024, "5.0 KiB"), (12 * 1024, "12 KiB"), (mib, "1.0 MiB"), (mib * 999, "999 MiB")] {
            assert_eq!(size(bytes), words);
        }
        assert_eq!((size(mib * 1000), size(mib * 1024 * 12), size(u64::MAX)), ("1.0 GiB".into(), "12 GiB".into(), "16777216 TiB".into()));
    }

    #[test]
    fn multiply_adds_keep_three_digits() {
        assert_eq!(
            [0.0, 999.0, 1234.0, 12_345.0, 123_456.0, 5.6e11, 1e12].map(large).join(", "),
            "0, 999, 1.23 k, 12.3 k, 123 k, 560 G, 1.00 T"
        );
    }
}
