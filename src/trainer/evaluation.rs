//! Evaluates a run's network on rows that it is not training on, and selects the final mask.

use std::ops::Range;

use crate::config::Config;
use crate::engine::{DataBuffers, Engine, MASKS};
use crate::mask::{self, Decision};
use crate::random::{Stream, draw};
use crate::schedule::plain;
use crate::shared::{MISSING, Mode, Params, effects, part};

use super::construction::params_of;
use super::{Boxed, Cost, TrainError, Trainer};

/// Accuracy and loss under the decided mask and under one sampled mask.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Evaluation {
    pub images: u32,
    /// Mean cross-entropy under the decided mask.
    pub loss: f64,
    /// Accuracy under the decided mask.
    pub decided: f64,
    pub sampled_loss: f64,
    pub sampled: f64,
}

impl Trainer {
    /// Loss and accuracy on `count` of the rows in `rows`, evenly spread, under the decided mask and one sampled mask. The two masks are equal if
    /// every unit is decided. The run is not changed. After each submit, `progress` gets the number of evaluated images and the total.
    ///
    /// # Errors
    /// The run diverged before, or the device is lost.
    pub async fn evaluate_rows(
        &mut self,
        rows: Range<u32>,
        count: u32,
        mut progress: impl FnMut(u32, u32),
    ) -> Result<Evaluation, TrainError> {
        self.evaluations += 1;
        Ok(self.evaluate_draw(rows, count, self.evaluations, &mut progress).await?.0)
    }

    /// The decided mask of the scores on the device, as an evaluation decides it.
    async fn decision(&self) -> Result<Decision, TrainError> {
        let scores: Vec<f32> = self.engine.read_first(&self.engine.buffers.scores, u64::from(self.model.units()) * 4).await?;
        Ok(Decision::new(&self.model, &scores, self.decided_budget()))
    }

    fn evaluate_draw<'a>(
        &'a mut self,
        rows: Range<u32>,
        count: u32,
        draw: u32,
        progress: &'a mut dyn FnMut(u32, u32),
    ) -> Boxed<'a, (Evaluation, Cost)> {
        Box::pin(self.evaluate_under(rows, count, draw, progress))
    }

    async fn evaluate_under(
        &mut self,
        rows: Range<u32>,
        count: u32,
        draw: u32,
        progress: &mut dyn FnMut(u32, u32),
    ) -> Result<(Evaluation, Cost), TrainError> {
        self.finish_step().await?;
        let batch = self.config.batch_size;
        let span = rows.end - rows.start;
        let count = count.min(span);
        let training = self.engine.params;
        let masks = self.engine.masks;
        let Decision { score: decided_score, units: decided_units } = self.decision().await?;
        self.engine.params = Params { mode: Mode::Evaluate as u32, draw, masks, decided_score, decided_units, ..training };
        self.engine.write_params();
        let (mut sum, mut cost) = (Evaluation { images: count, ..Evaluation::default() }, Cost::default());
        let batches = count.div_ceil(batch);
        let mut result = Ok(());
        let most = self.engine.steps_a_submit().min(self.batches_a_submit);
        for first in (0..batches).step_by(most as usize) {
            result = self.check_going().await;
            if result.is_err() {
                break;
            }
            let now = (batches - first).min(most);
            let spread = |index: u32| (u64::from(index) * u64::from(span) / u64::from(count)) as u32;
            let row = |index: u32| if index < count { rows.start + spread(index) } else { MISSING };
            let images = plain((first * batch..(first + now) * batch).map(row));
            match self.engine.evaluate(now, &images).await {
                Ok(outcome) => {
                    for record in &outcome.records {
                        cost = cost + self.forward_of(record);
                        let sampled = if masks == 2 { (record.probe_loss, record.probe_correct) } else { (record.loss, record.correct) };
                        sum.loss += f64::from(record.loss) * f64::from(batch) / f64::from(count);
                        sum.sampled_loss += f64::from(sampled.0) * f64::from(batch) / f64::from(count);
                        sum.decided += f64::from(record.correct) / f64::from(count);
                        sum.sampled += f64::from(sampled.1) / f64::from(count);
                    }
                    progress(((first + now) * batch).min(count), count);
                }
                Err(error) => {
                    result = Err(error.into());
                    break;
                }
            }
        }
        self.engine.params = training;
        self.engine.write_params();
        result?;
        Ok((sum, cost))
    }

    /// Accuracy on the test rows, or on `most` of them evenly spread, with `progress` as in [`Trainer::evaluate_rows`].
    ///
    /// # Errors
    /// The run diverged before, or the device is lost.
    pub async fn evaluate(&mut self, most: u32, progress: impl FnMut(u32, u32)) -> Result<Evaluation, TrainError> {
        self.evaluate_rows(self.data.train_rows..self.data.train_rows + self.data.test_rows, most, progress).await
    }

    /// Ends the search: draws `select_masks` masks, selects the one with the least loss on `rows` training rows, and freezes the scores to it (the
    /// authors' code draws 10). From then on only weights train. `progress` is called as in [`Trainer::evaluate_rows`], with the images under all
    /// masks.
    ///
    /// # Errors
    /// The run diverged before, or the device is lost.
    pub async fn select_mask(&mut self, rows: u32, mut progress: impl FnMut(u32, u32)) -> Result<Evaluation, TrainError> {
        self.finish_step().await?;
        self.apply_pins().await?;
        let scores: Vec<f32> = self.engine.look().await?.scores;
        // Scores that are a mask draw that mask.
        let is_mask = self.engine.params.learn_scores == part::REST;
        let (all, masks) = (0..self.data.train_rows, if is_mask { 1 } else { self.config.select_masks });
        // These draws must differ from those of the evaluations during the run.
        let mut chosen = u32::MAX;
        let (mut evaluation, mut cost) = self.evaluate_draw(all.clone(), rows, chosen, &mut |done, of| progress(done, masks * of)).await?;
        for index in 1..masks {
            let candidate = u32::MAX - index;
            let (next, spent) =
                self.evaluate_draw(all.clone(), rows, candidate, &mut |done, of| progress(index * of + done, masks * of)).await?;
            cost = cost + spent;
            if next.sampled_loss < evaluation.sampled_loss {
                (chosen, evaluation) = (candidate, next);
            }
        }
        let units = self.numbers.iter().zip(&scores);
        let mut kept: Vec<bool> =
            units.map(|(&number, &score)| draw(self.config.seed, Stream::Evaluation, chosen, number, score)).collect();
        mask::keep_one_of_each_group(&self.model, &scores, &mut kept);
        let chosen = mask::certain(&kept);
        self.engine.fit(&chosen)?;
        self.engine.write(&self.engine.buffers.scores, &chosen);
        self.freeze();
        self.cost = self.cost + Cost { structure: cost.forward, near_dense: cost.near_dense, ..Cost::default() };
        Ok(evaluation)
    }

    /// From here on the scores are not trained and one mask is forwarded.
    pub(super) fn freeze(&mut self) {
        self.selected = true;
        // Pins no longer change scores.
        self.base = None;
        self.rest_scores();
    }

    /// From here on the scores, which are a mask, are not trained, and one mask is forwarded.
    pub(super) fn rest_scores(&mut self) {
        let (learn_scores, masks, effects) = (part::REST, 1, effects::NONE);
        self.engine.params = Params { masks, learn_scores, effects, ..self.engine.params };
        self.engine.write_params();
    }

    /// An engine that evaluates other images, at most `rows` at a time: the network on the device, with buffers for two masks and for its own rows.
    /// [`Trainer::update_evaluator`] fills it.
    ///
    /// # Errors
    /// The device cannot hold it.
    pub fn evaluator(&self, rows: u32, batch_size: u32) -> Result<Engine, TrainError> {
        let data = DataBuffers::new(&self.engine.machine, rows, self.data.inputs, true)?;
        let config = Config { batch_size, ..self.config.clone() };
        let network = self.engine.network();
        let params = params_of(&config, network, &self.data);
        let params = Params { mode: Mode::Evaluate as u32, masks: MASKS, learn_scores: 0, ..params };
        let engine = Engine::new(&self.engine.machine, network, params, MASKS, &data, self.engine.variants)?;
        engine.write(&engine.buffers.numbers, &self.numbers);
        Ok(engine)
    }

    /// Copies the current weights, scores, running statistics and means of this run to an evaluator of its network, with its decided mask.
    ///
    /// # Errors
    /// The device is lost.
    pub async fn update_evaluator(&self, evaluator: &mut Engine) -> Result<(), TrainError> {
        let (from, to) = (&self.engine.buffers, &evaluator.buffers);
        for (from, to) in
            [(&from.weights, &to.weights), (&from.scores, &to.scores), (&from.running, &to.running), (&from.shifts, &to.shifts)]
        {
            evaluator.copy(from, to);
        }
        let Decision { score, units } = self.decision().await?;
        (evaluator.params.decided_score, evaluator.params.decided_units) = (score, units);
        evaluator.write_params();
        Ok(())
    }
}
