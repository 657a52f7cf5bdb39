//! Pins units on or off during a run, and measures the effect of one unit on the loss.

use crate::config::{Config, ConfigError};
use crate::mask::{self, Bits};
use crate::model::Model;
use crate::pins::Pins;
use crate::projection::threshold_of_free;

use super::{Boxed, TrainError, Trainer, UnitCostError};

/// The scores on the device after a step, with the pins at that time and the scores that pinned units had before.
#[derive(Debug)]
pub(super) struct Base {
    pub(super) step: u32,
    scores: Vec<f32>,
    pins: Pins,
    unpinned: Vec<f32>,
}

/// The difference of the loss with a unit on and off, everything else as in m.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UnitCost {
    /// Mean over batches of the loss with the unit on less that with it off.
    pub difference: f64,
    /// Its standard error.
    pub error: f64,
    /// Mean losses with it on and off.
    pub on: f64,
    pub off: f64,
    pub batches: u32,
}

/// The pins of an experiment, checked against its network.
///
/// # Errors
/// A method without scores, or what [`Pins::read`] and [`Pins::check`] refuse.
pub fn pins_of(config: &Config, whole: &Model) -> Result<Pins, ConfigError> {
    let pins = Pins::read(&config.pins)?;
    if !pins.is_empty() && !config.method.facts().learns_scores {
        return Err(ConfigError::PinsWithoutScores { method: config.method });
    }
    pins.check(whole, config.keep_ratio)?;
    Ok(pins)
}

/// Lowers the free scores among `scores` (`[U]` of `model`, whose units have these numbers in the whole network) until they fit under the rest of the
/// budget.
pub(super) fn lower_to_budget(pins: &Pins, model: &Model, scores: &mut [f32], numbers: &[u32], budget: f64) {
    let is_free = |unit: usize| pins.score(numbers[unit]).is_none();
    let widened = |values: &[f32]| values.iter().map(|&value| value.into()).collect::<Vec<f64>>();
    let prices = widened(&model.prices());
    let threshold = threshold_of_free(&widened(scores), &prices, is_free, budget);
    for unit in (0..scores.len()).filter(|&unit| is_free(unit)) {
        scores[unit] = (f64::from(scores[unit]) - threshold * prices[unit]).clamp(0.0, 1.0) as f32;
    }
}

impl Trainer {
    /// Applies the pins of the configuration on the device, if they changed. Pinned units get score 1 or 0, a unit whose pin was removed gets back
    /// its earlier score, and the other scores are lowered to fit the budget of the last step.
    pub(super) fn apply_pins(&mut self) -> Boxed<'_, ()> {
        Box::pin(async { if self.step_through.is_some() || self.pins_applied { Ok(()) } else { self.pin().await } })
    }

    async fn pin(&mut self) -> Result<(), TrainError> {
        let wanted = Pins::read(&self.config.pins).map_err(ConfigError::from)?;
        let base = if let Some(base) = self.base.take().filter(|base| base.step == self.step) {
            base
        } else {
            let mut scores: Vec<f32> = self.engine.read(&self.engine.buffers.scores).await?;
            scores.truncate(self.numbers.len());
            Base { step: self.step, scores, pins: self.pins.clone(), unpinned: self.unpinned.clone() }
        };
        let mut scores = base.scores.clone();
        self.unpinned.clone_from(&base.unpinned);
        for (score, number) in scores.iter_mut().zip(&self.numbers) {
            match (base.pins.score(*number), wanted.score(*number)) {
                (held, Some(pinned)) => {
                    if held.is_none() {
                        self.unpinned[*number as usize] = *score;
                    }
                    *score = pinned;
                }
                (Some(_), None) => *score = self.unpinned[*number as usize],
                (None, None) => {}
            }
        }
        // The budget of the last step under the current settings: the settings may have changed since.
        let budget = self.step_now(self.step.saturating_sub(1)).budget;
        // With its own pins, the last step's scores are projected already.
        if wanted != base.pins {
            lower_to_budget(&wanted, &self.model, &mut scores, &self.numbers, budget.into());
        }
        (self.pins, self.base) = (wanted, Some(base));
        self.engine.fit(&scores)?;
        self.engine.write(&self.engine.buffers.scores, &scores);
        self.write_pins();
        self.pins_applied = true;
        Ok(())
    }

    /// Tells the device the price of each unit, and which scores are fixed.
    pub(super) fn write_pins(&self) {
        let signed = |(&number, price): (&u32, f32)| if self.pins.score(number).is_some() { -price } else { price };
        let pins: Vec<f32> = self.numbers.iter().zip(self.model.prices()).map(signed).collect();
        self.engine.write(&self.engine.buffers.pins, &pins);
    }

    /// The effect of `unit` (of the whole network) on the loss over up to `batches` batches, the next ones whose rows are loaded: the loss with it on
    /// less that with it off, everything else as in the m of the last step (before the first, as in the decided mask). The run is not changed.
    ///
    /// # Errors
    /// No such unit, a dropped unit, or the only kept unit of its group; fewer than two batches; a loss that is not finite; the device is lost.
    pub async fn unit_cost(&mut self, unit: u32, batches: u32) -> Result<UnitCost, TrainError> {
        self.finish_step().await?;
        self.check_finite()?;
        self.apply_pins().await?;
        if unit >= self.whole.units() {
            return Err(UnitCostError::NoSuchUnit { unit }.into());
        }
        let place = self.numbers.iter().position(|&number| number == unit).ok_or(UnitCostError::WasDropped { unit })?;
        let found = self.engine.look().await?;
        let kept: Vec<bool> = match &self.last {
            Some((_, bits)) => {
                let is_kept = |&number: &u32| mask::split(Bits(bits[number as usize]).kept())[0];
                self.numbers.iter().map(is_kept).collect()
            }
            None => mask::decided(&self.model, &found.scores, self.decided_budget()),
        };
        if mask::is_alone(&self.model, &kept, place) {
            return Err(UnitCostError::LastOfItsLayer { unit }.into());
        }
        let has_rows = |step: &u32| self.order.rows_needed(*step) <= self.rows_ready;
        let mut mask = mask::certain(&kept);
        let steps: Vec<u32> = (self.step..self.step + batches).chain(0..batches).filter(has_rows).take(batches as usize).collect();
        if steps.len() < 2 {
            return Err(UnitCostError::BatchesAreMissing.into());
        }
        let training = self.engine.params;
        self.engine.params.masks = 1;
        self.engine.write_params();
        let mut losses = Vec::new();
        let most = (self.engine.steps_a_submit().min(self.batches_a_submit.max(2)) / 2).max(1);
        let mut failed = None;
        for steps in steps.chunks(most as usize) {
            let (mut scores, mut schedule, mut images) = (Vec::new(), Vec::new(), Vec::new());
            for &step in steps {
                for on in [1.0, 0.0] {
                    mask[place] = on;
                    scores.extend_from_slice(&mask);
                    schedule.push(self.step_now(step));
                    images.extend(self.batch(step));
                }
            }
            match Box::pin(self.engine.losses_under(&scores, &schedule, &images)).await {
                Ok(outcome) => {
                    losses.extend(outcome.records.chunks_exact(2).map(|pair| [f64::from(pair[0].loss), f64::from(pair[1].loss)]));
                }
                Err(error) => {
                    failed = Some(error);
                    break;
                }
            }
        }
        // A loss that is not finite here must not end the run.
        self.engine.params = training;
        self.engine.write_params();
        self.engine.write(&self.engine.buffers.state, &[found.state]);
        self.engine.write(&self.engine.buffers.scores, &found.scores);
        if let Some(error) = failed {
            return Err(error.into());
        }
        if losses.iter().flatten().any(|loss| !loss.is_finite()) {
            return Err(UnitCostError::LossIsNotFinite.into());
        }
        let count = losses.len() as f64;
        let mean = |of: &dyn Fn(&[f64; 2]) -> f64| losses.iter().map(of).sum::<f64>() / count;
        let difference = mean(&|[on, off]| on - off);
        let variance = mean(&|[on, off]| (on - off - difference).powi(2)) * count / (count - 1.0);
        Ok(UnitCost {
            difference,
            error: (variance / count).sqrt(),
            on: mean(&|pair| pair[0]),
            off: mean(&|pair| pair[1]),
            batches: losses.len() as u32,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Image;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn only_free_scores_are_lowered(
            scores in prop::collection::vec(0.0f32..=1.0, 40),
            on in 0u32..40,
            budget in 3.0f64..40.0,
            is_priced: bool,
        ) {
            let model = Model::new("mlp-20-8", Image::flat(12), 3, true).unwrap();
            let model = if is_priced { model.with_prices(0.3) } else { model };
            let sum = |scores: &[f32]| scores.iter().zip(model.prices()).map(|(&s, price)| f64::from(s) * f64::from(price)).sum::<f64>();
            let pins = Pins::read(&format!("{on}on")).unwrap();
            let mut left = scores.clone();
            left[on as usize] = 1.0;
            let before = sum(&left);
            lower_to_budget(&pins, &model, &mut left, &(0..40).collect::<Vec<_>>(), budget);
            let sum = sum(&left);
            prop_assert_eq!(left[on as usize], 1.0);
            prop_assert!(sum <= budget + 1e-5);
            // No more is taken than is needed.
            prop_assert!((sum - before.min(budget)).abs() < 1e-5);
        }
    }
}
