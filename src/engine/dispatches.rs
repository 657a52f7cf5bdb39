//! The dispatches of a step: its lines with the buffers of a network.

#[cfg(feature = "gpu")]
use crate::device::{Binding, Bound, Buffer, Kernel, entry};
use crate::device::{Machine, Variants};
#[cfg(feature = "gpu")]
use crate::model;
use crate::model::{Model, Places};
use crate::shared::{Work, effects};

use super::buffers::Buffers;
#[cfg(feature = "gpu")]
use super::step::Operands;
use super::step::{Line, StepPlan};

/// A line with this network's buffers.
#[derive(Clone, Debug)]
pub struct Dispatch {
    pub line: Line,
    /// The arguments of its reference.
    pub work: Work,
    /// Its buffers, on a GPU.
    #[cfg(feature = "gpu")]
    binding: Option<Binding>,
    /// How many masks it computes.
    pub masks: u32,
}

impl Dispatch {
    /// Kernel with its buffers, workgroups and masks.
    #[cfg(feature = "gpu")]
    pub(super) fn parts(&self) -> (&Binding, u32, u32) {
        (self.binding.as_ref().expect("a GPU has one for each dispatch"), self.line.workgroups, self.masks)
    }
}

/// The lists of dispatches of a network.
#[derive(Debug, Default)]
pub struct Steps {
    one_mask: Vec<Dispatch>,
    /// Empty if there are buffers for one mask only.
    two_masks: Vec<Dispatch>,
}

impl Steps {
    pub(super) fn new(machine: &Machine, model: &Model, plan: &StepPlan, masks: u32, buffers: &Buffers, variants: Variants) -> Self {
        let places = Places::of(model);
        let with_masks = |masks: u32| {
            let lines = plan.lines.iter().filter(|line| line.mask() < masks);
            lines.map(|line| dispatch(machine, plan.images, &places, buffers, line, masks, variants)).collect()
        };
        Self { one_mask: with_masks(1), two_masks: if masks == 2 { with_masks(2) } else { Vec::new() } }
    }

    /// The dispatches of a step of so many masks. Without running estimates of effects (`Params::effects`) nothing reads dL/dm.
    pub(super) fn training(&self, masks: u32, estimates: u32) -> Vec<&Dispatch> {
        let list = if masks == 1 { &self.one_mask } else { &self.two_masks };
        assert!(!list.is_empty(), "the network has buffers for one mask");
        list.iter().filter(|dispatch| estimates != effects::NONE || !dispatch.line.is_of_effects()).collect()
    }

    /// Only sampling, the forward passes and the losses.
    pub(super) fn losses(&self, masks: u32) -> Vec<&Dispatch> {
        let all = self.training(masks, effects::NONE);
        let losses = all.iter().position(|dispatch| dispatch.line.name == "loss");
        all.into_iter().take(losses.map_or(0, |index| index + 1)).collect()
    }

    /// The dispatches of one mask that give dL/dm of the units that it keeps, without a step.
    pub(super) fn d_masks(&self, estimates: u32) -> Vec<&Dispatch> {
        const STEPS: [&str; 3] = ["update_scores", "update_weights", "update_statistics"];
        self.training(1, estimates).into_iter().filter(|dispatch| !STEPS.contains(&dispatch.line.name)).collect()
    }

    /// The dispatches of one mask and of the backward pass to the units, without gradients of weights or a step.
    pub(super) fn gates(&self) -> Vec<&Dispatch> {
        const OF_WEIGHTS: [&str; 5] = ["d_weights", "sum_gradients", "update_scores", "update_weights", "update_statistics"];
        self.training(1, effects::NONE).into_iter().filter(|dispatch| !OF_WEIGHTS.contains(&dispatch.line.name)).collect()
    }
}

/// What a line binds to a name in the table of kernels; maps have so many columns of images.
#[cfg(feature = "gpu")]
fn bound<'a>(images: u32, places: &Places, buffers: &'a Buffers, line: &Line, name: &str) -> Bound<'a> {
    let whole = |buffer: &'a Buffer| Bound { buffer, first: 0, bytes: buffer.size() };
    let part = |place: model::Place| {
        let buffer = &buffers.values[place.buffer];
        let bytes = |floats: u64| floats * u64::from(images) * 4;
        // The logits of both masks fill their buffer.
        let is_whole = places.buffers[place.buffer].is_logits;
        if is_whole { whole(buffer) } else { Bound { buffer, first: bytes(place.first), bytes: bytes(place.floats) } }
    };
    let map = |index: usize| part(line.place(places, index));
    let gradient = |index: usize| part(places.gradients[index].expect("a kernel binds gradients that the step computes"));
    let Operands { input, output, shortcut } = line.operands;
    match name {
        "input" => map(input),
        "output" => map(output),
        // Without a shortcut nothing is read, but a binding is needed. A buffer that the kernel writes cannot be used.
        "shortcut" if shortcut == output => map(input),
        "shortcut" => map(shortcut),
        // Nothing is written at the inputs, but a binding is needed: a buffer that the same kernel does not read.
        "d_input" if places.gradients[input].is_none() => whole(&buffers.d_weights),
        "d_input" => gradient(input),
        "d_output" => gradient(output),
        "d_shortcut" => gradient(shortcut),
        _ => whole(buffers.get(name).expect("the table names buffers of the network")),
    }
}

#[cfg_attr(not(feature = "gpu"), expect(unused_variables, reason = "the CPU engine finds its buffers by their names"))]
fn dispatch(machine: &Machine, images: u32, places: &Places, buffers: &Buffers, line: &Line, masks: u32, variants: Variants) -> Dispatch {
    let work = line.work(places, images);
    Dispatch {
        line: line.clone(),
        work,
        #[cfg(feature = "gpu")]
        binding: {
            let names = entry(line.name).1.buffers;
            let bound: Vec<Bound<'_>> = names.iter().map(|name| bound(images, places, buffers, line, name)).collect();
            machine.bind(Kernel::new(line.name, variants), &bound, line.operation.is_some().then_some(bytemuck::bytes_of(&work.operation)))
        },
        masks: if line.per_mask { masks } else { 1 },
    }
}
