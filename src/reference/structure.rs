//! Masks and scores.

use crate::estimators::{Estimator, Observed, Reads};
use crate::mask::{self, Bits};
use crate::projection::{rise_of_free, threshold_of_free};
use crate::random::{Stream, draw};
use crate::schedule::{BETA1, BETA2};
use crate::shared::{ABSENT, Group, Layer, MOST_GROUPS, Mode, Work, effects, halted, part, terms};

use super::{Memory, Real};

/// m ~ Bernoulli(s) and m′ ~ Bernoulli(s), or the decided mask and a sampled one, and the lists of kept units of both, without those of unions. Lists
/// end at the group's capacity; the state says if one did.
pub fn sample<F: Real>(memory: &mut Memory<F>) {
    let params = memory.params;
    for g in 0..params.group_count as usize {
        let group = params.groups[g];
        if group.united == 1 {
            continue;
        }
        let units = group.first_unit as usize..(group.first_unit + group.size) as usize;
        let mut drawn = [vec![true; group.size as usize], vec![true; group.size as usize]];
        if group.gated == 1 {
            for (i, unit) in units.clone().enumerate() {
                let score = memory.scores[unit].wide() as f32;
                let sampled = |stream, counter| draw(params.seed, stream, counter, memory.numbers[unit], score);
                if params.mode == Mode::Evaluate as u32 {
                    drawn[0][i] = mask::Decision { score: params.decided_score, units: params.decided_units }.keeps(unit, score);
                    drawn[1][i] = sampled(Stream::Evaluation, params.draw);
                } else {
                    let step = memory.schedule[memory.state.next as usize].step;
                    drawn[0][i] = sampled(Stream::Mask, step);
                    drawn[1][i] = sampled(Stream::Probe, step);
                }
                memory.units[unit] = Bits::of_drawn(mask::pair(drawn[0][i], drawn[1][i])).0;
            }
        }
        for (z, drawn) in drawn.iter().enumerate() {
            let mut kept: Vec<u32> = (0..group.size).filter(|&i| drawn[i as usize]).collect();
            if kept.is_empty() {
                let unit = mask::first_highest(&memory.scores, units.clone());
                kept.push(unit as u32 - group.first_unit);
                memory.units[unit] = Bits(memory.units[unit]).kept_by(z).0;
            }
            if kept.len() > group.capacity as usize {
                kept.truncate(group.capacity as usize);
                memory.state.halted |= halted::OVERFLOWED;
            }
            memory.keep(z, g, &kept);
        }
    }
}

/// Lists every unit of the gated groups, whatever was drawn.
pub fn list_all<F: Real>(memory: &mut Memory<F>) {
    let params = memory.params;
    for g in (0..params.group_count as usize).filter(|&g| params.groups[g].gated == 1) {
        let all: Vec<u32> = (0..memory.group(g).size).collect();
        (0..2).for_each(|z| memory.keep(z, g, &all));
    }
}

/// The list of units that the sum of two branches keeps, and the rows of both from which each of its rows comes.
pub fn unite<F: Real>(memory: &mut Memory<F>, _: &Work, z: usize) {
    for g in 0..memory.params.group_count as usize {
        let group = memory.params.groups[g];
        if group.united == 0 {
            continue;
        }
        let parents = [group.first_group as usize, group.second_group as usize];
        let origins: Vec<[u32; 2]> = (0..group.size as usize)
            .map(|unit| {
                let source = memory.sources[group.first_row as usize + unit];
                std::array::from_fn(|side| {
                    let place = memory.list(z, parents[side]).iter().position(|&kept| kept == source[side]);
                    place.map_or(ABSENT, |place| place as u32)
                })
            })
            .collect();
        let kept: Vec<u32> = (0..group.size).filter(|&unit| origins[unit as usize] != [ABSENT; 2]).collect();
        let first = memory.list_start(z, g);
        for (row, &unit) in kept.iter().enumerate() {
            memory.joins[first + row] = origins[unit as usize];
        }
        memory.keep(z, g, &kept);
    }
}

impl<F: Real> Memory<F> {
    /// Makes `kept` the list of group `g` under mask `z`.
    fn keep(&mut self, z: usize, g: usize, kept: &[u32]) {
        let (first, size) = (self.list_start(z, g), self.group(g).size as usize);
        self.counts[z * MOST_GROUPS + g] = kept.len() as u32;
        self.lists[first..first + kept.len()].copy_from_slice(kept);
        self.rows[first..first + size].fill(ABSENT);
        for (row, &unit) in kept.iter().enumerate() {
            self.rows[first + unit as usize] = row as u32;
        }
    }
}

/// The norm of the weights' gradient and the factor that reduces it to `clip_norm`.
fn clip_gradient<F: Real>(memory: &mut Memory<F>) {
    if memory.state.halted != 0 {
        return;
    }
    let square: f64 = memory.squares.iter().map(|square| square.wide()).sum();
    let norm = square.sqrt();
    let clip_norm = f64::from(memory.params.clip_norm);
    memory.state.clip_scale = if clip_norm > 0.0 && norm > clip_norm { (clip_norm / norm) as f32 } else { 1.0 };
    memory.records[memory.state.slot as usize].gradient_norm = norm as f32;
    if !(square as f32).is_finite() {
        memory.state.halted = halted::DIVERGED;
    }
}

/// The clip of the weights' gradient; then the structure gradient (`estimators`), the optimiser's step and the projection, or only one part of these.
pub fn update_scores<F: Real>(memory: &mut Memory<F>) {
    let now = memory.params.learn_scores;
    if [part::REST, part::LEARN, part::CLIP].contains(&now) {
        clip_gradient(memory);
    }
    let (params, state) = (memory.params, memory.state);
    let units = if state.halted != 0 { 0 } else { params.units as usize };
    let estimator = Estimator::of_id(params.estimator).expect("the parameters of a network name an estimator");
    let estimates = [part::LEARN, part::GRADIENT].contains(&now);
    let (explained, mean_effect) = if estimates { over_all_units(memory, estimator, units) } else { (0.0, 0.0) };
    for unit in 0..units {
        let (s, bits, free) = (memory.scores[unit].wide(), Bits(memory.units[unit]), memory.pins[unit].wide() > 0.0);
        if estimates {
            let [mask, probe] = mask::split(bits.drawn()).map(|drawn| f64::from(u8::from(drawn)));
            let (loss, probe_loss) = (state.loss.into(), state.probe_loss.into());
            let effect = if params.effects == effects::NONE { 0.0 } else { memory.score_state[unit][2].wide() };
            let derivative = memory.d_scores[unit].wide();
            let observed = Observed { score: s, mask, probe, loss, probe_loss, derivative, effect, explained, mean_effect };
            let g = match estimator.reads() {
                _ if !free => 0.0,
                Reads::Losses | Reads::Effects => estimator.gradient(params.alpha.into(), &observed),
                // d_gate wrote the derivative; no preconditioner is applied.
                Reads::Derivative => estimator.gradient(0.0, &observed),
            };
            memory.d_scores[unit] = F::of(g);
        }
        if free && [part::LEARN, part::STEP].contains(&now) {
            let g = memory.d_scores[unit].wide();
            let mut step = g;
            if params.optimizer == 0 {
                let first = BETA1 * memory.score_state[unit][0].wide() + (1.0 - BETA1) * g;
                let second = BETA2 * memory.score_state[unit][1].wide() + (1.0 - BETA2) * g * g;
                memory.score_state[unit][0] = F::of(first);
                memory.score_state[unit][1] = F::of(second);
                step = first / f64::from(state.first_correction) / ((second / f64::from(state.second_correction)).sqrt() + 1e-8);
            }
            memory.scores[unit] = F::of(s - f64::from(state.scores_rate) * step);
        }
    }
    let prices: Vec<f64> = memory.pins[..units].iter().map(|pin| pin.wide().abs()).collect();
    let mut threshold = 0.0;
    if [part::LEARN, part::PROJECT].contains(&now) && units > 0 {
        let scores: Vec<f64> = memory.scores[..units].iter().map(|score| score.wide()).collect();
        let is_free = |unit: usize| memory.pins[unit].wide() > 0.0;
        threshold = threshold_of_free(&scores, &prices, is_free, state.budget.into());
        if threshold == 0.0 && params.fill_budget == 1 {
            threshold = -rise_of_free(&scores, &prices, is_free, state.budget.into(), params.highest_rise.into());
        }
        for (s, price) in memory.scores[..units].iter_mut().zip(&memory.pins).filter(|(_, pin)| pin.wide() > 0.0) {
            let moved = if threshold < 0.0 && s.wide() <= 0.0 { 0.0 } else { threshold * price.wide() };
            *s = F::of((s.wide() - moved).clamp(0.0, 1.0));
        }
    }
    // The record is that of the step before if this one overflowed.
    if [part::REST, part::LEARN, part::PROJECT].contains(&now) && state.halted & halted::OVERFLOWED == 0 {
        // `units` is 0 in a halted run, so the sum in its record is 0.
        let record = &mut memory.records[state.slot as usize];
        record.sum_scores = memory.scores[..units].iter().zip(&prices).map(|(score, price)| price * score.wide()).sum::<f64>() as f32;
        record.threshold = threshold as f32;
    }
}

/// Of the first `units` units: Σ c (m − m′), or Σ c (m − s) for an estimator without m′; and the mean of |effect| over those that m keeps.
fn over_all_units<F: Real>(memory: &Memory<F>, estimator: Estimator, units: usize) -> (f64, f64) {
    let (mut explained, mut size, mut kept) = (0.0, 0.0, 0.0);
    for unit in 0..units {
        let (bits, effect) = (Bits(memory.units[unit]), memory.score_state[unit][2].wide());
        let number = |is_set: bool| f64::from(u8::from(is_set));
        let [mask, probe] = mask::split(bits.drawn()).map(number);
        let other = if estimator.definition().reads_probe { probe } else { memory.scores[unit].wide() };
        explained += effect * (mask - other);
        let is_kept = number(mask::split(bits.kept())[0]);
        size += is_kept * effect.abs();
        kept += is_kept;
    }
    let explained = if memory.params.effects == effects::CONTROL { explained } else { 0.0 };
    (explained, size / kept.max(1.0))
}

/// G = dL/dm of each unit that m keeps, and the running estimate of its effect: see `shaders/d_masks.wgsl`.
pub fn d_masks<F: Real>(memory: &mut Memory<F>) {
    let params = memory.params;
    for g in 0..params.group_count as usize {
        let Group { mask_terms, first_unit, .. } = params.groups[g];
        let (l, kind) = ((mask_terms / 4) as usize, mask_terms % 4);
        if kind == terms::NONE {
            continue;
        }
        let Layer { taps, extra, group_in, group_out, first_packed, first_gradient, .. } = params.layers[l];
        let (kept_in, kept_out) = (memory.kept(0, group_in as usize), memory.kept(0, group_out as usize));
        let columns = kept_out.next_multiple_of(4);
        let taps = taps as usize;
        for r in 0..memory.kept(0, g) {
            let places: Vec<usize> = match kind {
                terms::READING => (0..taps).flat_map(|tap| (0..kept_out).map(move |o| (tap * kept_in + r) * columns + o)).collect(),
                terms::OWN => (0..taps * kept_in + extra as usize).map(|row| row * columns + r).collect(),
                _ => (0..2).map(|row| (taps * kept_in + row) * columns + r).collect(),
            };
            let term = |at: usize| {
                memory.packed_weights[first_packed as usize + at].wide() * memory.d_weights[first_gradient as usize + at].wide()
            };
            let derivative: f64 = places.into_iter().map(term).sum();
            let unit = (first_unit + memory.list(0, g)[r]) as usize;
            memory.update_effect(unit, derivative);
        }
    }
}

impl<F: Real> Memory<F> {
    fn update_effect(&mut self, unit: usize, derivative: f64) {
        self.d_masks[unit] = F::of(derivative);
        let information = if self.params.exact_information == 1 {
            self.information[unit].wide()
        } else {
            f64::from(self.params.batch_size) * derivative * derivative
        };
        let half_information = 0.5 * information;
        if self.state.halted != 0 || !(derivative as f32).is_finite() || !(half_information as f32).is_finite() {
            return;
        }
        let rate = f64::from(self.params.effect_rate);
        let [first, second, effect, count] = self.score_state[unit].map(Real::wide);
        let count = count + 1.0;
        let effect = if self.params.effects == effects::FISHER {
            effect + rate.max(1.0 / count) * (-half_information - effect)
        } else {
            effect + rate * (derivative - half_information - effect)
        };
        self.score_state[unit] = [first, second, effect, count].map(F::of);
    }
}
