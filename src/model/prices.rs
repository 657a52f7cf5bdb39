//! What each gated unit counts in the budget: its price.

use super::{Group, Model};

impl Model {
    /// The network with prices by multiply-adds. The price of a unit is in proportion to what the multiply-adds of a forward pass grow by with it where
    /// every other gated unit is kept with probability `keep_ratio`: the rows and columns of weights between the unit and the units that are expected
    /// in the groups beside its own. All units of a group have the same price. The mean over all gated units is 1, so that the sum of all prices is U.
    ///
    /// The expected multiply-adds are linear in the share of each group. A budget of these prices bounds their tangent at the state in which every
    /// score is `keep_ratio`, and that state uses up the budget.
    #[must_use]
    pub fn with_prices(&self, keep_ratio: f64) -> Self {
        let mut model = self.clone();
        // The only group has the mean.
        if self.gated().count() == 1 {
            return model;
        }
        let work = |own: &Group, share: f64| {
            let shares = self.shares(|group| if group.first_unit == own.first_unit { share } else { keep_ratio });
            let expected: Vec<f64> = self.groups.iter().zip(shares).map(|(group, share)| f64::from(group.size) * share).collect();
            self.work(&expected).0
        };
        let grows: Vec<f64> = self.gated().map(|group| (work(group, 1.0) - work(group, 0.0)) / f64::from(group.size)).collect();
        let sum: f64 = self.gated().zip(&grows).map(|(group, grows)| grows * f64::from(group.size)).sum();
        let mean = sum / f64::from(self.units());
        for (group, grows) in model.groups.iter_mut().filter(|group| group.gated).zip(grows) {
            // Rounded down: the sum of all prices is at most U, so that a budget of U allows every unit.
            let (price, nearest) = (grows / mean, (grows / mean) as f32);
            group.price = if f64::from(nearest) > price { nearest.next_down() } else { nearest };
        }
        model
    }

    /// `[U]` the price of each gated unit.
    #[must_use]
    pub fn prices(&self) -> Vec<f32> {
        self.gated().flat_map(|group| std::iter::repeat_n(group.price, group.size as usize)).collect()
    }

    /// The price of so many units of each gated group.
    #[must_use]
    pub fn price_of(&self, counts: impl IntoIterator<Item = u32>) -> f64 {
        self.gated().zip(counts).map(|(group, count)| f64::from(count) * f64::from(group.price)).sum()
    }

    /// The least v for which s + v · price is at least 1 for every s from 0 on, in floats. It is 1 if every price is 1.
    pub(super) fn highest_rise(&self) -> f32 {
        let least = self.gated().map(|group| group.price).fold(f32::INFINITY, f32::min);
        let mut rise = 1.0 / least;
        while rise * least < 1.0 {
            rise = rise.next_up();
        }
        rise
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Image;

    const PICTURE: Image = Image { channels: 3, height: 32, width: 32 };

    fn networks() -> Vec<Model> {
        let of = |name: &str, image: Image, gate_inputs| Model::new(name, image, 10, gate_inputs).unwrap();
        vec![
            of("mlp-512-256", Image::flat(784), true),
            of("mlp-64-48-32", Image::flat(100), false),
            of("cnn-32-64-128", PICTURE, false),
            of("cnn-8-6", PICTURE, true),
            of("vgg16", PICTURE, false),
            of("resnet20", PICTURE, false),
            of("wrn-10-2", PICTURE, false),
        ]
    }

    /// Multiply-adds of a forward pass that keeps these shares of the gated groups.
    fn forward(model: &Model, shares: &[f64]) -> f64 {
        let place = |group: &Group| model.gated().position(|gated| gated.first_unit == group.first_unit).unwrap();
        let shares = model.shares(|group| shares[place(group)]);
        let expected: Vec<f64> = model.groups.iter().zip(shares).map(|(group, share)| f64::from(group.size) * share).collect();
        model.work(&expected).0
    }

    #[test]
    fn a_price_is_the_difference_of_multiply_adds_that_a_unit_makes() {
        for model in networks() {
            for keep in [0.1, 0.5, 1.0] {
                let priced = model.with_prices(keep);
                let uniform = vec![keep; model.gated().count()];
                // One unit more of each group in turn, from the uniform state.
                let differences: Vec<f64> = model
                    .gated()
                    .enumerate()
                    .map(|(index, group)| {
                        let mut more = uniform.clone();
                        more[index] += 1.0 / f64::from(group.size);
                        forward(&model, &more) - forward(&model, &uniform)
                    })
                    .collect();
                let sum: f64 = model.gated().zip(&differences).map(|(group, difference)| difference * f64::from(group.size)).sum();
                for (group, difference) in priced.gated().zip(&differences) {
                    let expected = difference * f64::from(model.units()) / sum;
                    let error = (f64::from(group.price) / expected - 1.0).abs();
                    assert!(error < 1e-6, "{}, keep {keep}, {}: {} instead of {expected}", model.name, group.name, group.price);
                }
            }
        }
    }

    #[test]
    fn prices_of_a_small_network_are_those_of_its_rows_and_columns() {
        // Inputs 8 and hidden 4 gated; at keep 0.5 there are 4 inputs, 2 hidden units and 3 classes. An input has 2 weights in use; a hidden unit 4, a
        // bias and 3 that read it.
        let priced = Model::new("mlp-4", Image::flat(8), 3, true).unwrap().with_prices(0.5);
        let mean = (8.0 * 2.0 + 4.0 * 8.0) / 12.0;
        let found: Vec<f32> = priced.gated().map(|group| group.price).collect();
        assert_eq!(found, [(2.0 / mean) as f32, (8.0 / mean) as f32]);
        assert_eq!((priced.prices().len(), priced.price_of([2, 1])), (12, 3.0));
        assert_eq!(priced.highest_rise(), 2.0);
    }

    #[test]
    fn all_prices_together_are_the_units_and_a_budget_of_all_units_allows_all() {
        for model in networks() {
            let units = f64::from(model.units());
            assert!(model.prices().iter().all(|&price| price == 1.0) && model.highest_rise() == 1.0, "{}", model.name);
            for keep in [0.01, 0.2, 1.0] {
                let priced = model.with_prices(keep);
                let sum = priced.price_of(priced.gated().map(|group| group.size));
                assert!(sum <= units && sum > units * (1.0 - 1e-6), "{}: {sum} of {units}", model.name);
                let rise = priced.highest_rise();
                assert!(priced.prices().iter().all(|price| price * rise >= 1.0));
                println!("{}, keep {keep}: {:?}", model.name, priced.gated().map(|group| group.price).collect::<Vec<f32>>());
            }
        }
        let alone = Model::new("mlp-9", Image::flat(5), 3, false).unwrap();
        assert_eq!(alone.with_prices(0.3), alone, "units of one group differ in nothing");
    }

    #[test]
    fn prices_stay_when_units_are_dropped() {
        let priced = Model::new("cnn-8-6", PICTURE, 10, true).unwrap().with_prices(0.3);
        let kept: Vec<bool> = (0..priced.units()).map(|unit| unit % 3 == 0).collect();
        let (left, _) = priced.compacted(&kept);
        let each = |model: &Model| model.gated().map(|group| group.price).collect::<Vec<f32>>();
        assert!(left.units() < priced.units());
        assert_eq!(each(&left), each(&priced));
        assert_eq!(each(&priced.with_gates()), each(&priced));
    }
}
