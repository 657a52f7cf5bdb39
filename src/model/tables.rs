//! The tables that describe a network to the kernels, as in `shaders/shared/structs.wgsl`.

use bytemuck::Zeroable;

use crate::shared::{ABSENT, Group, Layer, Params, terms};

use super::{Model, Op, SPLIT_FLOATS};

impl Model {
    /// The fields of [`Params`] that follow from the network.
    #[must_use]
    pub fn params(&self, batch_size: u32) -> Params {
        let mut params = Params {
            group_count: self.groups.len() as u32,
            layer_count: self.layers.len() as u32,
            units: self.units(),
            rows: self.rows(),
            statistics: self.statistics(),
            channels: self.image.channels,
            height: self.image.height,
            width: self.image.width,
            batch_size,
            batch_stride: batch_size.next_multiple_of(4),
            masks: 2,
            scale: 1.0 / 255.0,
            highest_rise: self.highest_rise(),
            exact_information: self.exact_information.into(),
            ..Params::zeroed()
        };
        self.write_tables(&mut params);
        params
    }

    /// Writes the fields that depend on the capacities of the groups, with the tables that have them.
    pub fn write_tables(&self, params: &mut Params) {
        params.packed = self.packed();
        for (index, (slot, group)) in params.groups.iter_mut().zip(&self.groups).enumerate() {
            let [first_group, second_group] = group.union_of.unwrap_or_default().map(|group| group as u32);
            *slot = Group {
                size: group.size,
                gated: group.gated.into(),
                first_unit: group.first_unit,
                first_row: group.first_row,
                united: group.union_of.is_some().into(),
                first_group,
                second_group,
                mask_terms: self.mask_terms(index).map_or(terms::NONE, |(layer, kind)| layer as u32 * 4 + kind),
                capacity: group.capacity,
                ..Group::default()
            };
        }
        for (slot, layer) in params.layers.iter_mut().zip(&self.layers) {
            *slot = Layer {
                taps: layer.taps,
                extra: layer.extra.rows(),
                group_in: layer.groups[0] as u32,
                group_out: layer.groups[1] as u32,
                inputs: layer.inputs,
                outputs: layer.outputs,
                first_weight: layer.first_weight,
                first_packed: layer.first_packed,
                first_gradient: layer.first_gradient,
                split: SPLIT_FLOATS,
                pixels: layer.pixels,
                first_statistic: layer.first_statistic,
            };
        }
    }

    /// The layer whose weights give dL/dm of the units of group `g`, and which of its weights: one of [`terms`]. `None` if the group is not gated.
    ///
    /// Relu and pooling are positively homogeneous, so that Σ w dL/dw over the weights that read a unit equals the sum over those that make it, with
    /// its bias. After a normalisation scale and shift make the unit.
    fn mask_terms(&self, g: usize) -> Option<(usize, u32)> {
        if !self.groups[g].gated {
            return None;
        }
        let of = |kind: u32, is_it: &dyn Fn(&super::Layer) -> bool| Some((self.layers.iter().position(is_it)?, kind));
        let makes = |layer: &super::Layer| layer.groups[1] == g;
        // The last one, if a depthwise convolution comes between two normalisations.
        let scale = self.layers.iter().rposition(|layer| makes(layer) && layer.is_normalised());
        scale
            .map(|layer| (layer, terms::SCALE))
            .or_else(|| of(terms::READING, &|layer| layer.taps > 0 && layer.groups[0] == g))
            .or_else(|| of(terms::OWN, &|layer| makes(layer)))
    }

    /// Whether the kernel `information` runs in the backward pass of operation `op`: it makes the values that the masks of a gated group multiply.
    #[must_use]
    pub fn gives_information(&self, op: usize) -> bool {
        let is_gated = |map: usize| self.groups[self.maps[map].group].gated;
        let normalises = |map: usize| move |op: &Op| matches!(*op, Op::Normalise { layer: Some(_), input, .. } if input == map);
        self.exact_information
            && match self.ops[op] {
                Op::Convolve { output, .. } => is_gated(output) && !self.ops.iter().any(normalises(output)),
                Op::Normalise { layer, input, output, .. } => is_gated(input) && layer.is_some() && !self.is_passed_on(output),
                Op::Depthwise { .. } | Op::Pool { .. } | Op::Gate { .. } => false,
            }
    }

    /// Whether the backward pass goes on to the inputs, whose masks need it.
    #[must_use]
    pub fn needs_input_gradient(&self) -> bool {
        self.exact_information && self.groups[0].gated
    }

    /// Multiply-adds of a step for dL/dm of the units that it keeps, `kept[g]` of group `g`. They do not depend on the batch.
    #[must_use]
    pub fn mask_multiply_adds(&self, kept: &[u32]) -> u64 {
        let count = |(g, &units): (usize, &u32)| {
            let Some((layer, kind)) = self.mask_terms(g) else { return 0 };
            let super::Layer { taps, extra, groups: [from, to], .. } = self.layers[layer];
            let terms = match kind {
                terms::READING => taps * kept[to],
                terms::OWN => taps * kept[from] + extra.rows(),
                _ => extra.rows(),
            };
            u64::from(units) * u64::from(terms)
        };
        kept.iter().enumerate().map(count).sum()
    }

    /// `[R]` for each unit of a union, its number in each of its two groups, or [`ABSENT`].
    #[must_use]
    pub fn sources(&self) -> Vec<[u32; 2]> {
        let mut sources = vec![[ABSENT; 2]; self.rows() as usize];
        for group in &self.groups {
            for (slot, source) in sources[group.first_row as usize..].iter_mut().zip(&group.sources) {
                *slot = source.map(|unit| unit.unwrap_or(ABSENT));
            }
        }
        sources
    }
}
