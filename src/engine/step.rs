//! One training step as one visible list of dispatches, built once.
//!
//! Grids are those of the dense case: the kernels read the kept counts and surplus workgroups leave at once. (Indirect dispatch
//! costs a validation dispatch and barriers each in every WebGPU implementation.)

use crate::gpu::{Entry, Kernels};
use crate::model::padded_rows;
use crate::shared::Params;

use super::Machine;
use super::buffers::Buffers;
use super::grids::{d_weights_grid, grid, most_workgroups, striding_grid, tile_quads, tiles};

/// What a stretch of dispatches is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    Sample,
    Pack,
    Forward,
    Scores,
    Backward,
    Weights,
}

impl Phase {
    /// In a step's order.
    pub const ALL: [Self; 6] = [Self::Sample, Self::Pack, Self::Forward, Self::Scores, Self::Backward, Self::Weights];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sample => "sample",
            Self::Pack => "pack",
            Self::Forward => "forward",
            Self::Scores => "scores",
            Self::Backward => "backward",
            Self::Weights => "weights",
        }
    }
}

/// One kernel on this network's buffers.
#[derive(Clone, Debug)]
pub struct Dispatch {
    pub name: &'static str,
    pub phase: Phase,
    /// Which layer, for the kernels that run once a layer.
    pub layer: Option<u32>,
    bindings: wgpu::BindGroup,
    layer_bindings: Option<wgpu::BindGroup>,
    /// Workgroups along x, y and z.
    grid: [u32; 3],
    /// Whether z counts the masks.
    per_mask: bool,
}

impl Dispatch {
    pub(super) fn encode(&self, kernels: &Kernels, pass: &mut wgpu::ComputePass<'_>) {
        let (_, pipeline) = kernels.get(self.name).expect("dispatches are made from the table");
        pass.set_pipeline(pipeline);
        pass.set_bind_group(0, &self.bindings, &[]);
        if let Some(layer) = &self.layer_bindings {
            pass.set_bind_group(1, layer, &[]);
        }
        let [x, y, z] = self.grid;
        pass.dispatch_workgroups(x, y, z);
    }

    /// How many masks it computes: z of its grid.
    #[must_use]
    pub fn masks(&self) -> u32 {
        self.grid[2]
    }

    fn with_masks(&self, masks: u32) -> Self {
        let mut dispatch = self.clone();
        if self.per_mask {
            dispatch.grid[2] = masks;
        }
        dispatch
    }
}

/// The lists of dispatches of a network.
#[derive(Debug)]
pub struct Steps {
    one_mask: Vec<Dispatch>,
    two_masks: Vec<Dispatch>,
}

impl Steps {
    pub(super) fn new(machine: &Machine, params: &Params, buffers: &Buffers) -> Self {
        let device = &machine.gpu.device;
        let layers = params.group_count - 1;
        let images = params.batch_stride / 4;
        let quads = |group: u32| padded_rows(params.groups[group as usize].size) / 4;
        let all_quads = params.packed / 4;
        let most = most_workgroups(machine);
        let tiled = |name: &str, group: u32| grid(tiles((quads(group), images), tile_quads(name, machine.gpu.adapter.software)));

        let dispatch = |name: &str, phase: Phase, layer: Option<u32>, grid: [u32; 3], per_mask: bool| {
            let (entry, pipeline): (&Entry, _) = machine.kernels.get(name).expect("the step names kernels of the table");
            let entries: Vec<_> = entry
                .buffers
                .iter()
                .zip(0..)
                .map(|(name, binding)| wgpu::BindGroupEntry {
                    binding,
                    resource: buffers.get(name).expect("the table names buffers of the network").as_entire_binding(),
                })
                .collect();
            let layout = pipeline.get_bind_group_layout(0);
            let bindings =
                device.create_bind_group(&wgpu::BindGroupDescriptor { label: Some(entry.name), layout: &layout, entries: &entries });
            let layer_bindings = layer.map(|layer| {
                let buffer = device.create_buffer(&wgpu::BufferDescriptor {
                    label: Some("layer_index"),
                    size: 16,
                    usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
                    mapped_at_creation: false,
                });
                machine.gpu.queue.write_buffer(&buffer, 0, bytemuck::cast_slice(&[layer, 0, 0, 0]));
                let layout = pipeline.get_bind_group_layout(1);
                let entries = [wgpu::BindGroupEntry { binding: 0, resource: buffer.as_entire_binding() }];
                device.create_bind_group(&wgpu::BindGroupDescriptor { label: Some(entry.name), layout: &layout, entries: &entries })
            });
            Dispatch { name: entry.name, phase, layer, bindings, layer_bindings, grid, per_mask }
        };

        let gated_inputs = params.groups[0].gated == 1;
        let mut list = vec![
            dispatch("sample", Phase::Sample, None, [params.group_count, 1, 1], false),
            dispatch("pack_weights", Phase::Pack, None, striding_grid(all_quads, most), true),
            dispatch("gather_inputs", Phase::Pack, None, grid(padded_rows(params.groups[0].size) * images), gated_inputs),
        ];
        for layer in 0..layers {
            list.push(dispatch("forward", Phase::Forward, Some(layer), tiled("forward", layer + 1), true));
        }
        list.push(dispatch("loss", Phase::Scores, None, [1, 1, 1], false));
        for layer in (1..layers).rev() {
            list.push(dispatch("d_activations", Phase::Backward, Some(layer), tiled("d_activations", layer), false));
        }
        list.push(dispatch("d_weights", Phase::Backward, None, d_weights_grid(machine, params), false));
        list.push(dispatch("clip_gradient", Phase::Weights, None, [1, 1, 1], false));
        // The scores need no backward pass; they wait for it all the same, so that a gradient that is not finite halts the run whole.
        list.push(dispatch("update_scores", Phase::Scores, None, [1, 1, 1], false));
        list.push(dispatch("update_weights", Phase::Weights, None, striding_grid(all_quads, most), false));

        let with_masks = |masks: u32| list.iter().map(|dispatch| dispatch.with_masks(masks)).collect();
        Self { one_mask: with_masks(1), two_masks: with_masks(2) }
    }

    pub(super) fn training(&self, masks: u32) -> Vec<&Dispatch> {
        if masks == 1 { self.one_mask.iter().collect() } else { self.two_masks.iter().collect() }
    }

    /// Sampling, the forwards and the losses, for the decided mask and a sampled one.
    pub(super) fn evaluation(&self) -> Vec<&Dispatch> {
        let losses = self.two_masks.iter().position(|dispatch| dispatch.name == "loss");
        self.two_masks.iter().take(losses.map_or(0, |index| index + 1)).collect()
    }
}
