//! Where the values of the maps and the gradients at them lie. What is not needed at the same time may share a buffer.
//!
//! The time of a step is counted in operations: n of them forward, the loss, and the same n backward. A map's values are needed from the operation
//! that writes them to the backward pass of the first one that reads them; a gradient is needed from the backward pass of the last operation that
//! reads its map to that of the one that wrote it; with the exact Fisher information, the values of a gated map are needed as long. The pass under m′ runs
//! before the one under m and uses the same places, or, side by side, has its values behind those of m.
//!
//! WebGPU does not allow a kernel to read and to write one buffer, even in different parts. Values of which one is read where the other is written
//! are therefore in different buffers.

use super::{Model, Op};

/// Floats of an image between two places of a buffer: with four images, the 256 bytes at whose multiples a binding may begin.
const STEP: u64 = 16;

/// The place of a map or a gradient. Both numbers count the floats of one image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    pub buffer: usize,
    pub first: u64,
    pub floats: u64,
}

/// A buffer of maps and gradients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedBuffer {
    /// As in "... take 3 MiB".
    pub name: String,
    /// For one image.
    pub floats: u64,
    /// Whether it has the logits, which are stored for each mask.
    pub is_logits: bool,
}

/// The places of all maps and gradients of a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    pub buffers: Vec<SharedBuffer>,
    /// Of each map in a forward pass.
    pub forward: Vec<Place>,
    /// Of each map in the backward pass.
    pub backward: Vec<Place>,
    /// Of each map the floats of an image between its values under m and those under m′ in the forward passes, 0 if they have one place.
    pub apart: Vec<u64>,
    /// Floats between the packed weights of m and those of m′, 0 if they have one place.
    pub packed_apart: u64,
    /// Of the gradient at each map; `None` for inputs that need none.
    pub gradients: Vec<Option<Place>>,
}

/// What may share a buffer.
struct Value {
    floats: u64,
    /// The first and the last operation that need it.
    life: [usize; 2],
    map: usize,
    role: Role,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Forward,
    Backward,
    Gradient,
}

impl Model {
    /// Whether the values of a map are computed again for the backward pass, from the values before its normalisation. That takes little work, and
    /// in the meantime another map has their place.
    #[must_use]
    pub fn is_recomputed(&self, map: usize) -> bool {
        self.normalisation_of(map).is_some_and(|op| self.saves_memory && self.normalisation_of(self.ops[op].input()).is_none())
    }

    /// The operation that writes this map, if it normalises a map and adds no shortcut.
    fn normalisation_of(&self, map: usize) -> Option<usize> {
        self.ops.iter().position(|op| matches!(*op, Op::Normalise { layer: Some(_), output, shortcut: None, .. } if output == map))
    }

    /// The operations that read a map, in order.
    fn readers(&self, map: usize) -> impl DoubleEndedIterator<Item = usize> {
        self.ops.iter().enumerate().filter(move |(_, op)| op.input() == map || op.shortcut() == Some(map)).map(|(index, _)| index)
    }

    /// The maps that are computed again just before the backward pass of operation `op`, which is the first to read them there: with each the
    /// operation that writes it.
    #[must_use]
    pub fn recomputed_before(&self, op: usize) -> Vec<usize> {
        let read = [Some(self.ops[op].input()), self.ops[op].shortcut()].into_iter().flatten();
        read.filter(|&map| self.is_recomputed(map) && self.readers(map).next_back() == Some(op))
            .filter_map(|map| self.normalisation_of(map))
            .collect()
    }

    /// Floats of an image between the values of a map under m and those under m′, 0 if they have one place. Inputs without scores are the same under
    /// both. The logits of m′ are always kept.
    fn floats_apart(&self, map: usize) -> u64 {
        let has_two = map == self.logits() || self.is_side_by_side() && (map > 0 || self.groups[self.maps[0].group].gated);
        if has_two { self.map_floats(&self.maps[map]) } else { 0 }
    }

    /// Floats of an image for a map in the forward passes.
    fn forward_floats(&self, map: usize) -> u64 {
        self.map_floats(&self.maps[map]) + self.floats_apart(map)
    }

    /// Floats of the gradient at a map for one image: kernels write four rows at a time.
    pub(super) fn gradient_floats_of(&self, map: usize) -> u64 {
        u64::from(self.groups[self.maps[map].group].capacity.next_multiple_of(4)) * u64::from(self.maps[map].pixels())
    }
}

impl Places {
    #[must_use]
    pub fn of(model: &Model) -> Self {
        let logits = model.logits();
        let mut places = Self {
            buffers: Vec::new(),
            forward: vec![Place::default(); model.maps.len()],
            backward: vec![Place::default(); model.maps.len()],
            apart: (0..model.maps.len()).map(|map| model.floats_apart(map)).collect(),
            gradients: vec![None; model.maps.len()],
            packed_apart: model.packed_floats() - u64::from(model.packed()),
        };
        // The inputs are read until the last kernel of the backward pass. The logits of m′ are needed after the pass under m.
        for map in (0..model.maps.len()).filter(|&map| !model.saves_memory || map == 0 || map == logits) {
            let floats = if map == logits { model.map_floats(&model.maps[map]) } else { model.forward_floats(map) };
            let own = Place { buffer: places.buffers.len(), first: 0, floats };
            (places.forward[map], places.backward[map]) = (own, own);
            let name = format!("the values of {}", model.groups[model.maps[map].group].name);
            places.buffers.push(SharedBuffer { name, floats, is_logits: map == logits });
        }
        let values = values(model);
        let apart = apart(model, &values);
        let by = |rank: &dyn Fn(&Value) -> u64| {
            let mut order: Vec<usize> = (0..values.len()).collect();
            order.sort_by_key(|&index| std::cmp::Reverse(rank(&values[index])));
            pack(&values, &apart, &order)
        };
        let length = |value: &Value| (value.life[1] - value.life[0] + 1) as u64;
        // No order is the best one for all networks.
        let found = [by(&|value| value.floats * length(value)), by(&length), by(&|value| u64::MAX - value.life[0] as u64)];
        let packed = found.iter().min_by_key(|packed| packed.buffers.iter().sum::<u64>()).expect("there are three");
        let own = places.buffers.len();
        for (buffer, &floats) in packed.buffers.iter().enumerate() {
            let here = || values.iter().zip(&packed.places).filter(|(_, place)| place.0 == buffer).map(|(value, _)| value);
            let largest = here().max_by_key(|value| value.floats).expect("every buffer has a value");
            let group = &model.groups[model.maps[largest.map].group].name;
            let name = if here().all(|value| value.role == Role::Gradient) {
                "the gradients at a layer's values".to_owned()
            } else {
                format!("the values of {group} and what shares their buffer")
            };
            places.buffers.push(SharedBuffer { name, floats, is_logits: false });
        }
        for (value, &(buffer, first)) in values.iter().zip(&packed.places) {
            let place = Place { buffer: own + buffer, first, floats: value.floats };
            match value.role {
                Role::Forward => {
                    places.forward[value.map] = place;
                    if !model.is_recomputed(value.map) {
                        places.backward[value.map] = place;
                    }
                }
                Role::Backward => places.backward[value.map] = place,
                Role::Gradient => places.gradients[value.map] = Some(place),
            }
        }
        places
    }
}

/// The values that have no buffer of their own.
fn values(model: &Model) -> Vec<Value> {
    let end = model.ops.len();
    let backward = |op: usize| 2 * end - op;
    let mut values = Vec::new();
    if model.needs_input_gradient() {
        let last = model.readers(0).next_back().map_or(end, backward);
        values.push(Value { floats: model.gradient_floats_of(0), life: [last, 2 * end + 1], map: 0, role: Role::Gradient });
    }
    for (writer, op) in model.ops.iter().enumerate() {
        let map = op.output();
        let (first, last) = (model.readers(map).next(), model.readers(map).next_back());
        let gradient = [last.map_or(end, backward), backward(writer)];
        values.push(Value { floats: model.gradient_floats_of(map), life: gradient, map, role: Role::Gradient });
        let (Some(first), Some(last), true) = (first, last, model.saves_memory) else { continue };
        let floats = model.forward_floats(map);
        let mut add = |floats, life, role| values.push(Value { floats, life, map, role });
        if model.is_recomputed(map) {
            add(floats, [writer, last], Role::Forward);
            add(model.map_floats(&model.maps[map]), [backward(last), backward(first)], Role::Backward);
        } else {
            let until = if model.gives_information(writer) { writer } else { first };
            add(floats, [writer, backward(until)], Role::Forward);
        }
    }
    values
}

/// For each value those that are read where it is written, or the other way round.
fn apart(model: &Model, values: &[Value]) -> Vec<Vec<usize>> {
    let place = |map: usize, role: Role| values.iter().position(|value| value.map == map && value.role == role);
    let forward = |map| place(map, Role::Forward);
    let backward = |map| if model.is_recomputed(map) { place(map, Role::Backward) } else { forward(map) };
    let gradient = |map| place(map, Role::Gradient);
    let mut apart = vec![Vec::new(); values.len()];
    let mut add = |a: Option<usize>, b: Option<usize>| {
        if let (Some(a), Some(b)) = (a, b) {
            apart[a].push(b);
            apart[b].push(a);
        }
    };
    for op in &model.ops {
        let output = op.output();
        for map in [Some(op.input()), op.shortcut()].into_iter().flatten() {
            add(forward(output), forward(map));
            add(gradient(map), backward(map));
            add(gradient(map), gradient(output));
            if model.is_recomputed(output) {
                add(backward(output), backward(map));
            }
        }
    }
    apart
}

/// Values in buffers.
struct Packed {
    /// Floats of each buffer.
    buffers: Vec<u64>,
    /// Of each value its buffer, and the first float in it.
    places: Vec<(usize, u64)>,
}

/// Places the values in this order, each where it makes the buffers least larger, and of several such places in the smallest gap. No buffer is larger
/// than the largest value, so that a device that can hold each of the values can hold the buffers.
fn pack(values: &[Value], apart: &[Vec<usize>], order: &[usize]) -> Packed {
    let most = values.iter().map(|value| value.floats).max().unwrap_or(0);
    let mut packed = Packed { buffers: Vec::new(), places: vec![(usize::MAX, 0); values.len()] };
    let mut members: Vec<Vec<usize>> = Vec::new();
    for &index in order {
        let Value { floats, life: [from, until], .. } = values[index];
        // Growth, gap, buffer and first float of the best place.
        let mut best = (floats, 0, members.len(), 0);
        for (buffer, members) in members.iter().enumerate() {
            if apart[index].iter().any(|&other| packed.places[other].0 == buffer) {
                continue;
            }
            let size = packed.buffers[buffer];
            let is_alive = |&&other: &&usize| values[other].life[0] <= until && from <= values[other].life[1];
            let mut taken: Vec<[u64; 2]> = members
                .iter()
                .filter(is_alive)
                .map(|&other| [packed.places[other].1, packed.places[other].1 + values[other].floats])
                .collect();
            taken.sort_unstable();
            taken.push([size, size]);
            let mut at = 0;
            for [begin, end] in taken {
                if at + floats <= begin {
                    best = best.min((0, begin - at - floats, buffer, at));
                }
                if begin < size {
                    at = at.max(end.next_multiple_of(STEP));
                }
            }
            if at + floats > size && at + floats <= most {
                best = best.min((at + floats - size, 0, buffer, at));
            }
        }
        let (growth, _, buffer, first) = best;
        if buffer == members.len() {
            members.push(Vec::new());
            packed.buffers.push(0);
        }
        packed.buffers[buffer] += growth;
        members[buffer].push(index);
        packed.places[index] = (buffer, first);
    }
    packed
}
