//! How many kept units of each group the buffers have room for.
//!
//! Maps, their gradients, packed weights and the gradients of weights contain kept units only. Their buffers are as large as a draw of the masks may
//! need: a group whose units are kept independently keeps Σs on average, with variance Σs(1−s). The capacity is [`MARGIN`] standard deviations more.
//! A draw that needs still more is an overflow: `shaders/sample.wgsl` notices it, and the engine repeats the step with larger buffers. The masks and
//! the losses of a run do not depend on the capacities.

use super::{Model, Passes};

/// Standard deviations above the mean: about one draw of a group in 20,000 is larger.
const MARGIN: f64 = 4.0;
/// As many standard deviations of room are needed before a draw; with less, the capacity is raised first.
const LEAST: f64 = 3.0;
/// Capacities are lowered if the buffers then take at most this share of their memory.
const WORTHWHILE: f64 = 0.9;
/// Most bytes, at the capacities of the groups, for the values and packed weights of a second pass beside the first ([`Passes::BySize`]).
const SECOND_PASS: u64 = 4 << 20;

impl Model {
    /// The capacity of each group for draws from `scores` (`[U]`).
    #[must_use]
    pub fn capacities(&self, scores: &[f32]) -> Vec<u32> {
        self.kept_at_most(scores, MARGIN)
    }

    /// Mean of the kept units of each group and so many standard deviations, in fours, at most all.
    fn kept_at_most(&self, scores: &[f32], deviations: f64) -> Vec<u32> {
        let most = |group: &super::Group| {
            if !group.gated {
                return group.size;
            }
            let (mut mean, mut variance) = (0.0, 0.0);
            for score in scores[group.units()].iter().map(|&score| f64::from(score)) {
                mean += score;
                variance += score * (1.0 - score);
            }
            // Kernels write four rows at a time.
            ((mean + deviations * variance.max(0.0).sqrt()).ceil().max(1.0) as u32).next_multiple_of(4).min(group.size)
        };
        self.groups.iter().map(most).collect()
    }

    /// The network with these capacities. A union has room for all units of both of its branches. Groups without scores, and all groups of a network
    /// with gates, which computes every unit, have room for all of theirs.
    #[must_use]
    pub fn with_capacities(&self, capacities: &[u32]) -> Self {
        let mut model = self.clone();
        let computes_all = self.is_gated();
        for (index, &capacity) in capacities.iter().enumerate() {
            let group = &model.groups[index];
            let most = match group.union_of {
                Some([a, b]) => model.groups[a].capacity + model.groups[b].capacity,
                None if group.gated && !computes_all => capacity.max(1),
                None => group.size,
            };
            model.groups[index].capacity = most.min(group.size);
        }
        model.lay_out();
        model
    }

    /// The network for steps of `forwards` forward passes over `batch_size` images.
    #[must_use]
    pub fn with_passes(self, forwards: u32, batch_size: u32) -> Self {
        let passes = if forwards == 2 { Passes::BySize { images: batch_size } } else { Passes::InTurn };
        Self { passes, ..self }
    }

    /// Whether a dispatch of a forward pass computes both masks.
    #[must_use]
    pub fn is_side_by_side(&self) -> bool {
        match self.passes {
            Passes::InTurn => false,
            Passes::SideBySide => true,
            Passes::BySize { images } => {
                let values: u64 = self.maps.iter().map(|map| self.map_floats(map)).sum();
                4 * (u64::from(self.packed()) + u64::from(images) * values) <= SECOND_PASS
            }
        }
    }

    /// The network as a sparse method trains it, with room for draws that keep each gated unit with probability `keep_ratio`.
    #[must_use]
    pub fn drawn_at(&self, keep_ratio: f64) -> Self {
        let model = Self { saves_memory: true, ..self.clone() };
        model.with_capacities(&model.capacities(&vec![keep_ratio as f32; self.units() as usize]))
    }

    /// The network with other capacities, if those of this one do not suit draws from `scores`: a group has too little room, or the buffers would
    /// take clearly less memory in batches of `batch_size` images.
    #[must_use]
    pub fn refitted(&self, scores: &[f32], batch_size: u32) -> Option<Self> {
        let fitted = self.fitted(scores)?;
        let needed = self.kept_at_most(scores, LEAST);
        let is_short = self.gated_capacities().zip(&needed).any(|(now, &needed)| now.is_some_and(|now| now < needed));
        let is_smaller = || fitted.scaled_bytes(batch_size) as f64 <= WORTHWHILE * self.scaled_bytes(batch_size) as f64;
        (is_short || is_smaller()).then_some(fitted)
    }

    /// The network with the capacities for draws from `scores`, if its own are others.
    #[must_use]
    pub fn fitted(&self, scores: &[f32]) -> Option<Self> {
        let capacities = self.capacities(scores);
        let is_fitted = self.gated_capacities().zip(&capacities).all(|(now, &fitting)| now.is_none_or(|now| now == fitting));
        (!is_fitted).then(|| self.with_capacities(&capacities))
    }

    /// The network with room for a draw that keeps `kept[group]` units.
    #[must_use]
    pub fn grown(&self, kept: &[u32]) -> Self {
        let capacities: Vec<u32> = self
            .groups
            .iter()
            .zip(kept)
            .map(|(group, kept)| if *kept > group.capacity { kept.next_multiple_of(4) } else { group.capacity })
            .collect();
        self.with_capacities(&capacities)
    }

    /// Of each group its capacity, where it follows from scores.
    fn gated_capacities(&self) -> impl Iterator<Item = Option<u32>> {
        let computes_all = self.is_gated();
        self.groups.iter().map(move |group| (group.gated && !computes_all).then_some(group.capacity))
    }

    /// How many passes have their own values and packed weights.
    pub(super) fn sets(&self) -> u64 {
        if self.is_side_by_side() { 2 } else { 1 }
    }

    /// Bytes of what depends on the capacities, if nothing shared a buffer: it decides after every submit, and where things lie takes long to find.
    fn scaled_bytes(&self, batch_size: u32) -> u64 {
        let sets = self.sets();
        let of_map = |(index, map)| sets * self.map_floats(map) + self.gradient_floats_of(index);
        let image_floats: u64 = self.maps.iter().enumerate().map(of_map).sum();
        4 * (self.packed_floats() + u64::from(self.gradient_floats()) + u64::from(batch_size) * image_floats)
    }
}
