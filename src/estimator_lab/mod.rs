//! The estimator lab measures how good each [estimator](crate::estimators) of the structure gradient is on a network with frozen weights and
//! scores.
//!
//! A [`Lab`] has a copy of a run's network. Its mini-batches, in turn, are those of the run's next step and of the steps before it, at most [`BATCHES`]; it
//! has only the next one if all masks are enumerated, so that the true gradient is exact. One batch is not enough for a large network: its own gradient
//! is a part of the loss that no other batch has, where the weights are stationary for all of them together. The lab draws pairs of masks m, m′ ~ Bernoulli(s).
//! The GPU computes only their losses L = L(w, m) and L′ = L(w, m′). The CPU draws the same masks again, bit for bit, and computes every
//! estimator at every α in f64 from the same pairs. Each estimator's file has its formula, its mean and its bound. Below, h = s(1−s).
//!
//! # The true gradient
//!
//! E L is linear in each s, so ∂E L/∂s = D with D = E[L | m = 1] − E[L | m = 0], and the true gradient at α is h^α D. The policy gradients have
//! that mean: E (m − s) L = h D, and L′ is independent of m. `ste` does not: a derivative at m = 0 or 1 differs from L(1) − L(0)
//! unless the loss is linear in m. D is computed from [all masks](Truth) if at most [`MOST_ENUMERATED`] units are undecided, otherwise from
//! masks drawn for it, with a standard error.
//!
//! # What no method estimates its gradient by
//!
//! Three more [rules](Rule) are measured: two-sided with the run's own control variate, if the run keeps running effects, and the two sparse
//! derivatives, from one forward and one backward pass through the kept units.
//!
//! # The bound on the variance
//!
//! With |L − L′| ≤ Δ and L ≤ Λ the variance of g is at most ½ Δ² h^(2α−1) two-sided, Δ² h^(2α−1) one-sided and Λ² h^(2α−1) plain.
//!
//! As h → 0 this is at most Δ² for α ≥ ½ and grows like h^(2α−1) for smaller α: like 1/h at α = 0. That is the paper's theorem on bounded
//! variance (arXiv 2111.05685, section 4; stated there for α ∈ [½, 1)). At α = 1 the variance is bounded too, but the signal h D vanishes
//! with h. Two samples are better than one because Δ is smaller than Λ: the part of the loss that all masks share cancels. Here Δ and Λ are
//! the largest |L − L′| and L of the drawn pairs, so the bound is for the losses that occurred, not for all possible ones. It bounds the
//! variance, not an estimate of it from few pairs, which may exceed it by chance. For `ste` there is no bound.
//!
//! # The run does not change
//!
//! The copy has its own engine. Its draws have counters from 2³¹ on, which no step of a run has, in four ranges, so that the pairs, the masks
//! of the long-run true gradient, those of `ste` and those of the sparse derivatives are independent. Batch normalisation uses each mask's batch statistics, as in
//! training. A group without a drawn unit keeps one, as in training: L is the loss under that rule, a function of m, and the estimators
//! use m. Units whose score is 0 or 1 are decided: they have no gradient and are left out everywhere.

mod drawn;
mod report;
mod rule;
mod table;
mod truth;

use bytemuck::Zeroable;

use crate::engine::Engine;
use crate::estimators::is_undecided;
use crate::mask;
use crate::model::Model;
use crate::random::{Stream, draw};
use crate::shared::{Sample, State, Step, effects};
use crate::trainer::{TrainError, Trainer};

use drawn::Drawn;
use rule::Draws;

pub use report::{Bin, Report, Row, Summary, Unit, Verdict, bin_of};
pub use rule::Rule;
pub use table::{COLUMNS, Cell, SCORES, TableRow, table};
pub use truth::{Enumeration, LongRun, Truth};

/// The exponents that are compared.
pub const ALPHAS: [f64; 5] = [0.0, 0.25, 0.5, 0.75, 1.0];
/// Edges of the bins of s; the lower edge belongs to the bin.
pub const EDGES: [f64; 7] = [0.0, 0.01, 0.1, 0.5, 0.9, 0.99, 1.0];
/// Most undecided units for which all masks are computed: 16,384 masks.
pub const MOST_ENUMERATED: usize = 14;
/// Most mini-batches of a lab.
pub const BATCHES: u32 = 32;
/// Most pairs of a lab. Its memory does not grow with them.
pub const MOST_PAIRS: u32 = 1 << 27;
/// Pairs that are stored: an angle to the true gradient can only be computed once that is known, and its estimate improves with every draw.
pub const MOST_STORED: u32 = 2048;

/// Counters of the draws. No step of a run has such a counter, and the distances between the four are larger than any number of draws.
const FIRST_PAIR: u32 = 1 << 31;
const FIRST_LONG_RUN: u32 = FIRST_PAIR + (1 << 29);
const FIRST_STE: u32 = FIRST_PAIR + (1 << 30);
const FIRST_KEPT: u32 = FIRST_STE + (1 << 29);
/// Pairs of the long-run estimate of the true gradient for each measured pair, so that its own error is small.
const LONG_RUN_PAIRS: u32 = 2;
/// Pairs for each mask at which the derivatives of every unit are computed: the dense backward pass costs more, and derivatives vary little. Of the
/// masks with derivatives of their kept units there is one for each pair, and as few are stored.
const PAIRS_A_DERIVATIVE: u32 = 4;

/// A frozen network and the samples drawn from it.
#[derive(Debug)]
pub struct Lab {
    model: Model,
    engine: Engine,
    /// The copy with gates, for `ste`, if it is measured.
    gates: Option<Engine>,
    step: u32,
    /// `[batches, B]`
    images: Vec<Sample>,
    /// `[U]`
    scores: Vec<f32>,
    /// `[U]` numbers of the units in the whole network, which are the counters of their draws.
    numbers: Vec<u32>,
    /// `[F]` the undecided units.
    free: Vec<usize>,
    drawn: Drawn,
}

impl Lab {
    /// Copies the current network. The run may continue: it does not affect the lab. With `derivatives`, the rules that read derivatives are measured
    /// too, which takes a second copy and backward passes, dense ones among them.
    ///
    /// # Errors
    /// Every unit is decided, the next batch has not arrived, or the device is lost or cannot hold the copies.
    pub async fn new(run: &mut Trainer, derivatives: bool) -> Result<Self, TrainError> {
        if !run.has_next_batch() {
            return Err(TrainError::BatchIsMissing { step: run.step() });
        }
        let mut scores: Vec<f32> = run.engine().read(&run.engine().buffers.scores).await?;
        scores.truncate(run.model.units() as usize);
        let free: Vec<usize> = (0..scores.len()).filter(|&unit| is_undecided(scores[unit])).collect();
        if free.is_empty() {
            return Err(TrainError::EveryUnitIsDecided);
        }
        let (model, engine) = run.copy(false)?;
        let gates = if derivatives { Some(run.copy(true)?.1) } else { None };
        let step = run.step();
        let (batches, truth) = if free.len() <= MOST_ENUMERATED {
            (1, Truth::Enumerated(Enumeration::new(free.len())))
        } else {
            let batches = BATCHES.min(step + 1);
            (batches, Truth::LongRun(LongRun::new(free.len(), batches as usize)))
        };
        let control = if run.engine().params.effects == effects::NONE {
            None
        } else {
            let state: Vec<[f32; 4]> = run.engine().read(&run.engine().buffers.score_state).await?;
            Some(free.iter().map(|&unit| f64::from(state[unit][2])).collect())
        };
        Ok(Self {
            model,
            engine,
            gates,
            step,
            images: (0..batches).flat_map(|back| run.batch(step - back)).collect(),
            numbers: run.numbers().to_vec(),
            drawn: Drawn::new(free.iter().map(|&unit| f64::from(scores[unit])).collect(), control, run.config.batch_size, truth),
            scores,
            free,
        })
    }

    /// Steps that the run had done.
    #[must_use]
    pub fn step(&self) -> u32 {
        self.step
    }

    /// Pairs drawn so far.
    #[must_use]
    pub fn pairs(&self) -> u32 {
        self.drawn.pairs_drawn()
    }

    /// `[F]` the undecided units, in the order of every list of units here.
    #[must_use]
    pub fn free(&self) -> &[usize] {
        &self.free
    }

    /// The copy, for checks.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    #[must_use]
    pub fn truth(&self) -> &Truth {
        &self.drawn.truth
    }

    /// `[U]` m and m′ of pair `index`; and L and L′, if they were computed and stored.
    #[must_use]
    pub fn pair(&self, index: u32) -> ([Vec<bool>; 2], Option<[f64; 2]>) {
        let mask = |stream| (0..self.scores.len()).map(|unit| self.is_drawn(stream, FIRST_PAIR + index, unit)).collect();
        ([mask(Stream::Mask), mask(Stream::Probe)], self.drawn.pairs.losses.get(index as usize).copied())
    }

    /// Draws `pairs` more pairs and the masks that belong to them: for the derivatives, and for the true gradient. Each submit has at most `pairs` steps, and
    /// at most 64, so that a page that draws few stays responsive.
    ///
    /// # Errors
    /// A loss that is not finite, or the device is lost.
    pub async fn draw(&mut self, pairs: u32) -> Result<(), TrainError> {
        let pairs = pairs.min(MOST_PAIRS - self.pairs());
        self.enumerate(4 * pairs).await?;
        let (end, batches) = (self.pairs() + pairs, self.batches());
        while let Truth::LongRun(found) = &self.drawn.truth
            && found.masks() < u64::from(2 * LONG_RUN_PAIRS) * u64::from(end)
        {
            let first = (found.masks() / 2) as u32;
            let count = self.engine.steps_a_submit().min(pairs).min(LONG_RUN_PAIRS * end - first);
            let losses = self.losses_of(FIRST_LONG_RUN, first, count).await?;
            for (counter, losses) in (FIRST_LONG_RUN + first..).zip(losses) {
                for (stream, loss) in [Stream::Mask, Stream::Probe].into_iter().zip(losses) {
                    let mask: Vec<bool> = self.free.iter().map(|&unit| self.is_drawn(stream, counter, unit)).collect();
                    if let Truth::LongRun(found) = &mut self.drawn.truth {
                        found.add(((counter - FIRST_LONG_RUN) % batches) as usize, loss, &mask);
                    }
                }
            }
        }
        while self.pairs() < end {
            let (first, count) = (self.pairs(), self.engine.steps_a_submit().min(end - self.pairs()));
            let losses = self.losses_of(FIRST_PAIR, first, count).await?;
            for (counter, losses) in (FIRST_PAIR + first..).zip(losses) {
                let is_drawn = |stream, unit| self.is_drawn(stream, counter, unit);
                let pair = |&unit: &usize| mask::pair(is_drawn(Stream::Mask, unit), is_drawn(Stream::Probe, unit));
                let pairs: Vec<u8> = self.free.iter().map(pair).collect();
                self.drawn.add_pair(losses, &pairs);
            }
        }
        if self.gates.is_some() {
            self.differentiate(Draws::Gates, FIRST_STE, end.div_ceil(PAIRS_A_DERIVATIVE), pairs).await?;
            self.differentiate(Draws::Kept, FIRST_KEPT, end, pairs).await?;
        }
        Ok(())
    }

    /// Draws masks with derivatives until there are `wanted`, at most `pairs` of them a submit.
    async fn differentiate(&mut self, draws: Draws, origin: u32, wanted: u32, pairs: u32) -> Result<(), TrainError> {
        while self.drawn.masks_differentiated(draws) < wanted {
            let first = self.drawn.masks_differentiated(draws);
            let most = self.engine.steps_a_submit().min(self.gates.as_ref().map_or(u32::MAX, Engine::steps_a_submit));
            let count = most.min(pairs).min(wanted - first);
            let (steps, images) = (schedule(origin + first, count), self.images_of(first, count));
            let engine = match &mut self.gates {
                Some(gates) if draws == Draws::Gates => gates,
                _ => &mut self.engine,
            };
            let masks = std::mem::replace(&mut engine.params.masks, 1);
            engine.write_params();
            let found = match draws {
                Draws::Kept => engine.d_masks(&steps, &images).await,
                Draws::Gates | Draws::Pairs => engine.gates(&steps, &images).await,
            };
            engine.params.masks = masks;
            engine.write_params();
            let (state, found) = found?;
            check(&state)?;
            for (counter, row) in (origin + first..).zip(found.chunks_exact(self.scores.len())) {
                // The buffer has an earlier value of a unit that this mask does not keep.
                let is_read = |unit| draws == Draws::Gates || self.is_drawn(Stream::Mask, counter, unit);
                let derivatives: Vec<f32> = self.free.iter().map(|&unit| if is_read(unit) { row[unit] } else { 0.0 }).collect();
                self.drawn.add_derivatives(draws, &derivatives);
            }
        }
        Ok(())
    }

    /// Computes the losses of up to `most` of the masks that are left to enumerate. Returns how many are left.
    ///
    /// # Errors
    /// A loss that is not finite, or the device is lost.
    pub async fn enumerate(&mut self, most: u32) -> Result<u32, TrainError> {
        let Truth::Enumerated(found) = &self.drawn.truth else { return Ok(0) };
        let (first, left) = (found.done(), found.left());
        let count = left.min(most);
        if count == 0 {
            return Ok(left);
        }
        self.engine.params.masks = 1;
        self.engine.write_params();
        let losses = self.losses_of_masks(first, count).await;
        self.engine.params.masks = 2;
        self.engine.write_params();
        self.engine.write(&self.engine.buffers.scores, &self.scores);
        if let Truth::Enumerated(found) = &mut self.drawn.truth {
            found.extend(losses?);
        }
        Ok(left - count)
    }

    /// The results so far; `None` before the true gradient is known and two pairs were drawn.
    #[must_use]
    pub fn report(&self) -> Option<Report> {
        self.drawn.report(self.step, self.batches(), self.scores.len())
    }

    /// `[F]` the results for each undecided unit; `None` before there is a report, or if this rule is not in it.
    #[must_use]
    pub fn units(&self, rule: Rule, alpha: f64) -> Option<Vec<Unit>> {
        self.drawn.units(rule, alpha)
    }

    fn is_drawn(&self, stream: Stream, counter: u32, unit: usize) -> bool {
        draw(self.engine.params.seed, stream, counter, self.numbers[unit], self.scores[unit])
    }

    /// Mini-batches, which the draws use in turn.
    #[must_use]
    pub fn batches(&self) -> u32 {
        self.images.len() as u32 / self.engine.params.batch_size
    }

    /// `[count, B]` the images of draws from number `first` of their kind on.
    fn images_of(&self, first: u32, count: u32) -> Vec<Sample> {
        let size = self.engine.params.batch_size as usize;
        (first..first + count).flat_map(|draw| &self.images[(draw % self.batches()) as usize * size..][..size]).copied().collect()
    }

    /// L and L′ of the draws from number `first` on; their counters begin with `origin`.
    async fn losses_of(&mut self, origin: u32, first: u32, count: u32) -> Result<Vec<[f64; 2]>, TrainError> {
        let images = self.images_of(first, count);
        let outcome = self.engine.losses(&schedule(origin + first, count), &images).await?;
        check(&outcome.state)?;
        Ok(outcome.records.iter().map(|record| [record.loss.into(), record.probe_loss.into()]).collect())
    }

    /// L of the masks from number `first` on: bit i of a mask's number is undecided unit i.
    async fn losses_of_masks(&mut self, first: u32, count: u32) -> Result<Vec<f64>, TrainError> {
        let mut losses = Vec::with_capacity(count as usize);
        while losses.len() < count as usize {
            let first = first + losses.len() as u32;
            let now = self.engine.steps_a_submit().min(count - losses.len() as u32);
            let masks: Vec<f32> = (first..first + now).flat_map(|number| self.mask(number)).collect();
            let outcome = self.engine.losses_under(&masks, &schedule(FIRST_PAIR, now), &self.images_of(0, 1).repeat(now as usize)).await?;
            check(&outcome.state)?;
            losses.extend(outcome.records.iter().map(|record| f64::from(record.loss)));
        }
        Ok(losses)
    }

    /// `[U]` which units mask `number` keeps: a group without one keeps the unit with the highest score.
    fn mask(&self, number: u32) -> Vec<f32> {
        let mut kept: Vec<bool> = self.scores.iter().map(|&score| score >= 1.0).collect();
        for (index, &unit) in self.free.iter().enumerate() {
            kept[unit] = number >> index & 1 == 1;
        }
        mask::keep_one_of_each_group(&self.model, &self.scores, &mut kept);
        mask::certain(&kept)
    }
}

/// Steps that differ only in their counters.
fn schedule(first: u32, count: u32) -> Vec<Step> {
    (first..first + count).map(|step| Step { step, ..Step::zeroed() }).collect()
}

fn check(state: &State) -> Result<(), TrainError> {
    if state.halted != 0 {
        return Err(TrainError::FrozenNetworkDiverged);
    }
    Ok(())
}
