//! Units that a person holds on or off: their scores are fixed at 1 or 0 while the others train under the rest of the budget.

use crate::model::Model;

/// Why units cannot be pinned.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PinError {
    #[error("pins must be units with on or off, as in 12on,40off, not \"{pin}\"")]
    NoPin { pin: String },
    #[error("pins names unit {unit} twice")]
    Twice { unit: u32 },
    /// `units`: how many gated units the network has.
    #[error("pins names unit {unit}, but {model} has gated units 0 to {} only", units.saturating_sub(1))]
    NoSuchUnit { unit: u32, units: u32, model: String },
    /// `allowed`: how many units the budget allows.
    #[error(
        "{on} units are pinned on, but a keep_ratio of {keep_ratio} allows {allowed} of {units}: remove some pins, or raise keep_ratio"
    )]
    OverBudget { on: usize, keep_ratio: f64, allowed: u32, units: u32 },
    /// With prices. `price`: of the units that are pinned on.
    #[error(
        "the units that are pinned on count {price:.1} in the budget, but a keep_ratio of {keep_ratio} allows {budget:.1}: remove some pins, or raise keep_ratio"
    )]
    OverPrice { price: f64, keep_ratio: f64, budget: f32 },
    #[error("every unit of {group} is pinned off: a layer must keep one")]
    GroupOff { group: String },
}

/// Which units are pinned, by their numbers among all gated units of the whole network: `true` on, `false` off.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pins(Vec<(u32, bool)>);

impl Pins {
    /// Reads the setting `pins`: `12on,40off`.
    ///
    /// # Errors
    /// Text that is no such list, or a unit named twice.
    pub fn read(text: &str) -> Result<Self, PinError> {
        let mut pins: Vec<(u32, bool)> = Vec::new();
        for pin in text.split(',').filter(|pin| !pin.is_empty()) {
            let (unit, on) = match (pin.strip_suffix("on"), pin.strip_suffix("off")) {
                (Some(unit), _) => (unit, true),
                (None, Some(unit)) => (unit, false),
                (None, None) => ("", false),
            };
            let unit = unit.parse().map_err(|_| PinError::NoPin { pin: pin.to_owned() })?;
            if pins.iter().any(|(other, _)| *other == unit) {
                return Err(PinError::Twice { unit });
            }
            pins.push((unit, on));
        }
        Ok(Self(pins))
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The score that a unit is pinned to, if it is.
    #[must_use]
    pub fn score(&self, unit: u32) -> Option<f32> {
        self.0.iter().find(|(other, _)| *other == unit).map(|(_, on)| f32::from(u8::from(*on)))
    }

    /// The units that are pinned on.
    pub fn units_on(&self) -> impl Iterator<Item = u32> + '_ {
        self.0.iter().filter(|(_, on)| *on).map(|&(unit, _)| unit)
    }

    /// The pins for which `holds` is true of the unit's number and its pinned score.
    #[must_use]
    pub fn only(&self, holds: impl Fn(u32, f32) -> bool) -> Self {
        Self(self.0.iter().copied().filter(|&(unit, on)| holds(unit, f32::from(u8::from(on)))).collect())
    }

    /// Checks that the network has these units, that the budget allows those that are on, and that no group is off entirely.
    ///
    /// # Errors
    /// The first contradiction.
    pub fn check(&self, model: &Model, keep_ratio: f64) -> Result<(), PinError> {
        let units = model.units();
        if let Some(&(unit, _)) = self.0.iter().find(|(unit, _)| *unit >= units) {
            return Err(PinError::NoSuchUnit { unit, units, model: model.name.clone() });
        }
        let on = self.units_on().count();
        let budget = (keep_ratio * f64::from(units)) as f32;
        let prices = model.prices();
        let price: f64 = self.units_on().map(|unit| f64::from(prices[unit as usize])).sum();
        if price as f32 > budget {
            let counts_units = prices.iter().all(|&price| price == 1.0);
            return Err(if counts_units {
                PinError::OverBudget { on, keep_ratio, allowed: budget as u32, units }
            } else {
                PinError::OverPrice { price, keep_ratio, budget }
            });
        }
        let is_off = |unit: u32| self.score(unit) == Some(0.0);
        match model.gated().find(|group| (group.first_unit..group.first_unit + group.size).all(is_off)) {
            Some(group) => Err(PinError::GroupOff { group: group.name.clone() }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Image;
    use proptest::prelude::*;

    /// Inputs 12, hidden 20 and 8, all gated.
    fn network() -> Model {
        Model::new("mlp-20-8", Image::flat(12), 3, true).unwrap()
    }

    #[test]
    fn pins_are_read_and_bad_ones_are_refused_with_an_explanation() {
        let pins = Pins::read("12on,40off").unwrap();
        assert_eq!([12, 40, 13].map(|unit| pins.score(unit)), [Some(1.0), Some(0.0), None]);
        assert!(Pins::read("").unwrap().is_empty());
        for (text, words) in [("12", "as in 12on"), ("on", "as in 12on"), ("-1on", "as in 12on"), ("3on,3off", "twice"), ("12ON", "as in")]
        {
            let message = Pins::read(text).unwrap_err().to_string();
            assert!(message.contains(words), "{text}: {message}");
        }
    }

    #[test]
    fn unknown_units_and_more_units_than_the_budget_allows_are_refused() {
        let model = network();
        let check = |text: &str, keep_ratio: f64| Pins::read(text).unwrap().check(&model, keep_ratio);
        check("0on,39off", 0.1).unwrap();
        assert!(check("40on", 1.0).unwrap_err().to_string().contains("0 to 39"));
        check("1on,2on,3on,4on", 0.1).unwrap();
        assert!(check("1on,2on,3on,4on,5on", 0.1).unwrap_err().to_string().contains("allows 4 of 40"));
        let all: Vec<String> = (32..40).map(|unit| format!("{unit}off")).collect();
        assert!(check(&all.join(","), 1.0).unwrap_err().to_string().contains("hidden 2"));
        check(&all[1..].join(","), 1.0).unwrap();
    }

    #[test]
    fn with_prices_the_budget_allows_fewer_dear_units_and_more_cheap_ones() {
        let priced = network().with_prices(0.2);
        let on =
            |units: std::ops::Range<u32>| Pins::read(&units.map(|unit| format!("{unit}on")).collect::<Vec<String>>().join(",")).unwrap();
        for group in priced.gated() {
            let most = ((8.0 / group.price) as u32).min(group.size);
            on(group.first_unit..group.first_unit + most).check(&priced, 0.2).unwrap();
            if most < group.size {
                let message = on(group.first_unit..group.first_unit + most + 1).check(&priced, 0.2).unwrap_err().to_string();
                assert!(message.contains("allows 8.0"), "{message}");
            }
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".{0,40}") {
            drop(Pins::read(&text));
        }
    }
}
