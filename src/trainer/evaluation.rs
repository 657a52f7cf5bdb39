//! How well a run's network does on rows that it is not training on, and the choice of the mask that it ends with.

use std::ops::Range;

use crate::config::Config;
use crate::engine::{DataBuffers, Engine, MASKS};
use crate::mask;
use crate::random::{Stream, draw};
use crate::schedule::plain;
use crate::shared::{MISSING, Mode, Params};

use super::construction::params_of;
use super::{Boxed, Cost, TrainError, Trainer};

/// Accuracy and loss under the decided mask and under one sampled mask.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Evaluation {
    pub images: u32,
    /// Mean cross-entropy under the decided mask.
    pub loss: f64,
    /// Share classified rightly under the decided mask.
    pub decided: f64,
    pub sampled_loss: f64,
    pub sampled: f64,
}

impl Trainer {
    /// Loss and accuracy of `count` of the rows in `rows`, evenly spread, under the decided mask and one sampled mask, which are one where
    /// every score is a decision. The run is not touched. `progress` is told after each submit how many of the images are done, of how many.
    ///
    /// # Errors
    /// The run diverged before, or the device is gone.
    pub async fn evaluate_rows(
        &mut self,
        rows: Range<u32>,
        count: u32,
        mut progress: impl FnMut(u32, u32),
    ) -> Result<Evaluation, TrainError> {
        self.evaluations += 1;
        Ok(self.evaluate_draw(rows, count, self.evaluations, &mut progress).await?.0)
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
        self.engine.params = Params { mode: Mode::Evaluate as u32, draw, masks, ..training };
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

    /// Accuracy on the test rows, or on `most` of them spread over all, with `progress` as in [`Trainer::evaluate_rows`].
    ///
    /// # Errors
    /// The run diverged before, or the device is gone.
    pub async fn evaluate(&mut self, most: u32, progress: impl FnMut(u32, u32)) -> Result<Evaluation, TrainError> {
        self.evaluate_rows(self.data.train_rows..self.data.train_rows + self.data.test_rows, most, progress).await
    }

    /// Ends the search: draws `select_masks` masks, keeps the one with the least loss on `rows` training rows, and freezes the scores to
    /// it (the authors' code draws 10). What follows trains its weights alone. `progress` is told as in [`Trainer::evaluate_rows`], of the
    /// images under all masks.
    ///
    /// # Errors
    /// The run diverged before, or the device is gone.
    pub async fn select_mask(&mut self, rows: u32, mut progress: impl FnMut(u32, u32)) -> Result<Evaluation, TrainError> {
        self.finish_step().await?;
        self.settle_pins().await?;
        let scores: Vec<f32> = self.engine.look().await?.scores;
        let (all, masks) = (0..self.data.train_rows, self.config.select_masks);
        // Draws of their own, never those of the evaluations along the way.
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
        mask::close_no_group(&self.model, &scores, &mut kept);
        self.engine.write(&self.engine.buffers.scores, &mask::certain(&kept));
        self.freeze();
        self.cost = self.cost + Cost { structure: cost.forward, near_dense: cost.near_dense, ..Cost::default() };
        Ok(evaluation)
    }

    /// From here on the scores rest and one mask is forwarded.
    pub(super) fn freeze(&mut self) {
        self.selected = true;
        // Nothing is settled from the scores of before any more.
        self.base = None;
        self.engine.params.learn_scores = 0;
        self.engine.params.masks = 1;
        self.engine.write_params();
    }

    /// An engine for evaluations of other images, at most `rows` at a time: the network as it is on the device, with room for two masks and for
    /// rows of its own. [`Trainer::bring_up_to_date`] fills it.
    ///
    /// # Errors
    /// The device cannot hold it.
    pub fn evaluator(&self, rows: u32, batch_size: u32) -> Result<Engine, TrainError> {
        let data = DataBuffers::new(&self.engine.machine, rows, self.data.inputs, true)?;
        let config = Config { batch_size, ..self.config.clone() };
        let params = params_of(&config, &self.model, &self.data);
        let params = Params { mode: Mode::Evaluate as u32, masks: MASKS, learn_scores: 0, ..params };
        let engine = Engine::new(&self.engine.machine, &self.model, params, MASKS, &data)?;
        engine.write(&engine.buffers.numbers, &self.numbers);
        Ok(engine)
    }

    /// Brings the weights, scores, running statistics and centres of this run, as they stand, to an evaluator of its network.
    pub fn bring_up_to_date(&self, evaluator: &Engine) {
        let (from, to) = (&self.engine.buffers, &evaluator.buffers);
        for (from, to) in
            [(&from.weights, &to.weights), (&from.scores, &to.scores), (&from.running, &to.running), (&from.shifts, &to.shifts)]
        {
            evaluator.copy(from, to);
        }
    }
}
