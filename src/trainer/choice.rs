//! Choosing masks by ranking units, and the copy of the network that this needs.

use crate::engine::{Engine, MASKS};
use crate::estimators::Estimator;
use crate::methods::{Criterion, Evidence, method};
use crate::model::Model;
use crate::shared::{Mode, Params, Step, effects, part};

use super::construction::params_of;
use super::cost::over_half;
use super::memory::{COPY_MASKS, copied_model};
use super::{Cost, TrainError, Trainer};

impl Trainer {
    /// Whether the method chooses its mask before the next step and has not done so yet.
    pub(super) fn is_choice_due(&self) -> bool {
        method(self.config.method).chooses_before(&self.config.plan(), self.step, self.steps) && self.chosen_at != Some(self.step)
    }

    /// Chooses the mask if the method does so before the next step and has not done so yet. [`Trainer::advance`] calls it; a caller that wants to
    /// time it calls it before.
    ///
    /// # Errors
    /// The device is lost or cannot hold the copy that this needs.
    pub async fn choose(&mut self) -> Result<(), TrainError> {
        if !self.is_choice_due() {
            return Ok(());
        }
        let (step, plan) = (self.step, self.config.plan());
        let (facts, method) = (self.config.method.facts(), method(self.config.method));
        let mut scores: Vec<f32> = self.engine.read(&self.engine.buffers.scores).await?;
        scores.truncate(self.model.units() as usize);
        if facts.learns_scores {
            // Pinned units stay as they are.
            let pinned = self.numbers.iter().map(|&number| self.pins.score(number));
            scores.iter_mut().zip(pinned).filter_map(|(score, pin)| Some((score, pin?))).for_each(|(score, pin)| *score = 3.0 * pin - 1.0);
        }
        // What the method does not rank units by is not read.
        let (mut norms, mut effects, mut gradients) = (Vec::new(), Vec::new(), Vec::new());
        if matches!(facts.ranks_by, Some(Criterion::Norms | Criterion::Gradients)) {
            norms = unit_norms(&self.model, &self.engine.read(&self.engine.buffers.weights).await?);
        }
        if facts.ranks_by == Some(Criterion::Effects) {
            let states: Vec<[f32; 4]> = self.engine.read_first(&self.engine.buffers.score_state, 16 * scores.len() as u64).await?;
            effects = states.iter().map(|state| state[2].into()).collect();
        }
        if facts.ranks_by == Some(Criterion::Gradients) {
            gradients = self.mask_gradients().await?;
        }
        // The mask is used until the next choice, so the budget is that of the last step before it.
        let next = (step + 1..self.steps).find(|&next| method.chooses_before(&plan, next, self.steps)).unwrap_or(self.steps);
        let budget = if facts.starts_whole {
            self.step_now(next - 1).budget
        } else {
            (self.config.keep_ratio * f64::from(self.whole.units())) as f32
        };
        let evidence = Evidence {
            plan: &plan,
            model: &self.model,
            step,
            steps: self.steps,
            budget: budget.into(),
            scores: &scores,
            norms: &norms,
            effects: &effects,
            gradients: &gradients,
        };
        let chosen = method.choose(&evidence);
        self.engine.fit(&chosen)?;
        self.engine.write(&self.engine.buffers.scores, &chosen);
        self.chosen_at = Some(step);
        if facts.learns_scores {
            // A pin that is removed later leaves its unit as the mask has it.
            for (&number, &score) in self.numbers.iter().zip(&chosen) {
                self.unpinned[number as usize] = score;
            }
            self.base = None;
            self.rest_scores();
        }
        Ok(())
    }

    /// `[U]` dL/dm of every unit under the current mask, on the next step's batch: a dense forward and backward pass of a copy of the network that
    /// computes every unit. The run is not changed; the work counts as structure.
    ///
    /// # Errors
    /// The device is lost or cannot hold the copy.
    pub async fn mask_gradients(&mut self) -> Result<Vec<f64>, TrainError> {
        if self.dense_copy.is_none() {
            self.dense_copy = Some(self.copy(true)?);
        }
        let images = self.batch(self.step);
        let schedule = [Step { learning_rate: 0.0, scores_rate: 0.0, ..self.step_now(self.step) }];
        let Some((model, engine)) = &mut self.dense_copy else { unreachable!("it was just made") };
        for (from, to) in [(&self.engine.buffers.weights, &engine.buffers.weights), (&self.engine.buffers.scores, &engine.buffers.scores)] {
            engine.copy(from, to);
        }
        engine.train(&schedule, &images).await?;
        let gradients: Vec<f32> = engine.read(&engine.buffers.d_scores).await?;
        let (asked, batch) = (model.multiply_adds(&model.sizes(), None).total(), u64::from(self.config.batch_size));
        let dense = self.whole.multiply_adds(&self.whole.sizes(), None).total();
        let cost = Cost { structure: asked * batch, near_dense: over_half(asked, dense) * batch, ..Cost::default() };
        self.cost = self.cost + cost;
        Ok(gradients[..model.units() as usize].iter().map(|&gradient| f64::from(gradient)).collect())
    }

    /// A copy of the current network on its own engine, with this run's weights, scores and data. Work on the copy does not change the run. It draws
    /// two masks a step; with `gates` it draws one and computes every unit. Velocity, moments and running statistics start as in a new run.
    ///
    /// # Errors
    /// The device cannot hold the copy.
    pub fn copy(&self, gates: bool) -> Result<(Model, Engine), TrainError> {
        let model = if gates { copied_model(&self.model) } else { self.engine.network().clone() };
        let params = Params {
            mode: Mode::Train as u32,
            learn_scores: part::REST,
            // Only the estimator lab reads effects of a copy.
            effects: if gates { effects::NONE } else { effects::FISHER },
            ..params_of(&self.config, &model, &self.data)
        };
        let params =
            if gates { Params { estimator: Estimator::Ste.id(), masks: COPY_MASKS, ..params } } else { Params { masks: MASKS, ..params } };
        let engine = Engine::new(&self.engine.machine, &model, params, params.masks, &self.data_buffers, self.engine.variants)?;
        engine.write(&engine.buffers.numbers, &self.numbers);
        engine.write(&engine.buffers.pins, &model.prices());
        for (from, to) in [(&self.engine.buffers.weights, &engine.buffers.weights), (&self.engine.buffers.scores, &engine.buffers.scores)] {
            engine.copy(from, to);
        }
        Ok((model, engine))
    }
}

/// `[U]` root mean square of the changes of the weights that lead to each gated unit; of an input, of those that lead away from it.
pub(super) fn unit_changes(model: &Model, old: &[f32], new: &[f32]) -> Vec<f32> {
    let moved: Vec<f32> = old.iter().zip(new).map(|(old, new)| new - old).collect();
    unit_norms(model, &moved).into_iter().map(|norm| norm as f32).collect()
}

/// `[U]` root mean square of the weights that lead to each gated unit; of an input, of those that lead away from it.
fn unit_norms(model: &Model, weights: &[f32]) -> Vec<f64> {
    let mut sums = vec![(0.0, 0u32); model.units() as usize];
    for layer in &model.layers {
        let [from, to] = layer.groups;
        for row in 0..layer.kernel_rows() {
            for output in 0..layer.outputs {
                let weight = f64::from(weights[(layer.first_weight + row * layer.outputs + output) as usize]);
                let mut add = |unit: u32| {
                    let (sum, count) = &mut sums[unit as usize];
                    *sum += weight * weight;
                    *count += 1;
                };
                if model.groups[to].gated {
                    add(model.groups[to].first_unit + output);
                }
                if from == 0 && model.groups[0].gated {
                    add(row % layer.inputs);
                }
            }
        }
    }
    sums.into_iter().map(|(sum, count)| (sum / f64::from(count.max(1))).sqrt()).collect()
}
