//! Masks and scores.

use crate::estimators::{Estimator, Observed, Reads};
use crate::mask::{self, Bits};
use crate::projection::threshold_of_free;
use crate::random::{Stream, draw};
use crate::schedule::{BETA1, BETA2};
use crate::shared::{ABSENT, MOST_GROUPS, Mode, halted, part};

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
                    drawn[0][i] = mask::decides_for(score);
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
pub fn unite<F: Real>(memory: &mut Memory<F>, z: usize) {
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
    for unit in 0..units {
        let (s, bits, free) = (memory.scores[unit].wide(), Bits(memory.units[unit]), memory.pins[unit] == 0);
        if [part::LEARN, part::GRADIENT].contains(&now) {
            let [mask, probe] = mask::split(bits.drawn()).map(|drawn| f64::from(u8::from(drawn)));
            let (loss, probe_loss) = (state.loss.into(), state.probe_loss.into());
            let observed = Observed { score: s, mask, probe, loss, probe_loss, derivative: memory.d_scores[unit].wide() };
            let g = match estimator.reads() {
                _ if !free => 0.0,
                Reads::Losses => estimator.gradient(params.alpha.into(), &observed),
                // d_gate wrote the derivative; no preconditioner is applied.
                Reads::Derivative => estimator.gradient(0.0, &observed),
            };
            memory.d_scores[unit] = F::of(g);
        }
        if free && [part::LEARN, part::STEP].contains(&now) {
            let g = memory.d_scores[unit].wide();
            let mut step = g;
            if params.optimizer == 0 {
                let first = BETA1 * memory.moments[2 * unit].wide() + (1.0 - BETA1) * g;
                let second = BETA2 * memory.moments[2 * unit + 1].wide() + (1.0 - BETA2) * g * g;
                memory.moments[2 * unit] = F::of(first);
                memory.moments[2 * unit + 1] = F::of(second);
                step = first / f64::from(state.first_correction) / ((second / f64::from(state.second_correction)).sqrt() + 1e-8);
            }
            memory.scores[unit] = F::of(s - f64::from(state.scores_rate) * step);
        }
    }
    let mut threshold = 0.0;
    if [part::LEARN, part::PROJECT].contains(&now) && units > 0 {
        let scores: Vec<f64> = memory.scores[..units].iter().map(|score| score.wide()).collect();
        threshold = threshold_of_free(&scores, |unit| memory.pins[unit] == 0, state.budget.into());
        for (s, _) in memory.scores[..units].iter_mut().zip(&memory.pins).filter(|(_, pin)| **pin == 0) {
            *s = F::of((s.wide() - threshold).clamp(0.0, 1.0));
        }
    }
    // The record is that of the step before if this one overflowed.
    if [part::REST, part::LEARN, part::PROJECT].contains(&now) && state.halted & halted::OVERFLOWED == 0 {
        // `units` is 0 in a halted run, so the sum in its record is 0.
        let record = &mut memory.records[state.slot as usize];
        record.sum_scores = memory.scores[..units].iter().map(|score| score.wide()).sum::<f64>() as f32;
        record.threshold = threshold as f32;
    }
}
