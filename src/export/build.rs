//! The network of a run file: its operations, with the weights between the units that it has.

use crate::mask;
use crate::model::{Extra, Layer, Model, Op};
use crate::run_file::RunFile;
use crate::trainer::{Centring, Checkpoint};

use super::{ExportError, Extent, Network, Node, Operation, Value};

/// A saved network on its way out: the network on the device, and which of its units the decided mask keeps.
pub(super) struct Saved {
    /// The network that the settings name.
    pub(super) whole: Model,
    /// The network that was trained, which lacks dropped units.
    pub(super) device: Model,
    /// For each group, the units of the whole network that the device's has.
    remaining: Vec<Vec<u32>>,
    /// `[H]` numbers of the device's units in the whole network.
    pub(super) numbers: Vec<u32>,
    /// `[H]` the decided mask.
    pub(super) kept: Vec<bool>,
    pub(super) weights: Vec<f32>,
    /// Pairs of running mean and variance.
    pub(super) running: Vec<f32>,
}

impl Saved {
    pub(super) fn of(file: &RunFile) -> Result<Self, ExportError> {
        let state = file.state.as_ref().ok_or(ExportError::Recording)?;
        let whole = file.model()?;
        let on: Vec<bool> = (0..whole.units()).map(|unit| state.numbers.binary_search(&unit).is_ok()).collect();
        let (device, remaining) = whole.compacted(&on);
        let of_device = |values: &[f32]| state.numbers.iter().map(|&number| values[number as usize]).collect::<Vec<f32>>();
        let mut kept: Vec<bool> = state.numbers.iter().map(|&number| file.decided[number as usize]).collect();
        // A group whose scores are all 0 keeps a unit that the device has.
        mask::keep_one_of_each_group(&device, &of_device(&file.scores), &mut kept);
        let lengths = Checkpoint::lengths(&device);
        let first = lengths[0] + lengths[1];
        Ok(Self {
            weights: state.tensors[first..][..lengths[2]].to_vec(),
            running: state.tensors[first + lengths[2] + lengths[3]..].to_vec(),
            numbers: state.numbers.clone(),
            whole,
            device,
            remaining,
            kept,
        })
    }

    /// For each group, which units of the whole network the decided mask keeps.
    fn present(&self) -> Vec<Vec<bool>> {
        let mut decided = vec![false; self.whole.units() as usize];
        for (&number, &kept) in self.numbers.iter().zip(&self.kept) {
            decided[number as usize] = kept;
        }
        self.whole.kept_units(&decided)
    }

    /// For each group, which units of the whole network a network of this extent has.
    fn units(&self, extent: Extent) -> Vec<Vec<bool>> {
        let present = self.present();
        let last = present.len() - 1;
        let mut units: Vec<Vec<bool>> = Vec::with_capacity(present.len());
        for (index, (group, present)) in self.whole.groups.iter().zip(present).enumerate() {
            let Extent::Kept { multiple } = extent else {
                units.push(vec![true; group.size as usize]);
                continue;
            };
            let mut own = present;
            if let Some(parents) = group.union_of {
                for (has, sources) in own.iter_mut().zip(&group.sources) {
                    *has = sources.iter().zip(parents).any(|(unit, parent)| unit.is_some_and(|unit| units[parent][unit as usize]));
                }
            }
            // The inputs and the classes have a meaning outside the network.
            if index > 0 && index < last {
                let count = own.iter().filter(|&&has| has).count();
                let more = count.next_multiple_of(multiple.max(1) as usize) - count;
                own.iter_mut().filter(|has| !**has).take(more).for_each(|has| *has = true);
            }
            units.push(own);
        }
        units
    }

    /// Units of each group that a network of this extent has.
    pub(super) fn counts(&self, extent: Extent) -> Vec<u32> {
        self.units(extent).iter().map(|units| units.iter().filter(|&&has| has).count() as u32).collect()
    }
}

/// For each group, the units of the whole network in the order in which a network has them. The channels of a sum begin with those of its shortcut, so
/// that a shortcut is only extended.
fn orders(whole: &Model, units: &[Vec<bool>]) -> Vec<Vec<u32>> {
    let mut orders: Vec<Vec<u32>> = Vec::with_capacity(whole.groups.len());
    for (group, has) in whole.groups.iter().zip(units) {
        let all = (0..group.size).filter(|&unit| has[unit as usize]);
        let order = match group.union_of {
            None => all.collect(),
            Some([_, shortcut]) => {
                let unit_of = |source: &u32| group.sources.iter().position(|sources| sources[1] == Some(*source)).map(|unit| unit as u32);
                let first: Vec<u32> = orders[shortcut].iter().filter_map(unit_of).collect();
                let others: Vec<u32> = all.filter(|unit| !first.contains(unit)).collect();
                [first, others].concat()
            }
        };
        orders.push(order);
    }
    orders
}

/// `1.2 conv 1` as `block1_2_conv1`: a name of Python.
fn name_of(group: &str) -> String {
    match group.split_once(' ') {
        Some((block, part)) if block.contains('.') => format!("block{}_{}", block.replace('.', "_"), part.replace(' ', "")),
        _ => group.replace(' ', ""),
    }
}

struct Builder<'a> {
    saved: &'a Saved,
    /// For each group, its units in the whole network.
    orders: Vec<Vec<u32>>,
    /// For each group, for each of these, its place on the device; `None` where the mask is 0.
    places: Vec<Vec<Option<usize>>>,
    nodes: Vec<Node>,
    pools: u32,
}

impl Builder<'_> {
    fn push(&mut self, name: String, operation: Operation, inputs: Vec<Value>, shape: Vec<u32>) -> Value {
        self.nodes.push(Node { name, operation, inputs, shape });
        Value::Node(self.nodes.len() - 1)
    }

    fn name(&self, value: Value) -> String {
        match value {
            Value::Input => "input".to_owned(),
            Value::Node(node) => self.nodes[node].name.clone(),
        }
    }

    fn count(&self, group: usize) -> u32 {
        self.orders[group].len() as u32
    }

    fn shape(&self, map: usize) -> Vec<u32> {
        let map = &self.saved.whole.maps[map];
        vec![self.count(map.group), map.height, map.width]
    }

    fn layer(&self, layer: usize) -> &Layer {
        &self.saved.device.layers[layer]
    }

    /// Row `row` of a layer's weights for each unit of group `to`; 0 for units that are off.
    fn row(&self, layer: usize, row: u32, to: usize) -> Vec<f32> {
        let layer = self.layer(layer);
        let first = (layer.first_weight + row * layer.outputs) as usize;
        self.places[to].iter().map(|place| place.map_or(0.0, |place| self.saved.weights[first + place])).collect()
    }

    /// `[outputs, inputs, taps]`
    fn kernel(&self, layer: usize) -> Vec<f32> {
        let Layer { taps, groups: [from, to], inputs, outputs, first_weight, .. } = *self.layer(layer);
        let mut weights = Vec::with_capacity(self.orders[to].len() * self.orders[from].len() * taps as usize);
        for output in &self.places[to] {
            for input in &self.places[from] {
                weights.extend((0..taps).map(|tap| match (input, output) {
                    (Some(input), Some(output)) => {
                        let row = (tap * inputs) as usize + input;
                        self.saved.weights[first_weight as usize + row * outputs as usize + output]
                    }
                    _ => 0.0,
                }));
            }
        }
        weights
    }

    /// The first or second value of the running statistics of each unit of a layer.
    fn running(&self, layer: usize, of: usize, if_off: f32) -> Vec<f32> {
        let first = self.layer(layer).first_statistic as usize;
        let places = self.places[self.layer(layer).groups[1]].iter();
        places.map(|place| place.map_or(if_off, |place| self.saved.running[2 * (first + place) + of])).collect()
    }

    fn relu(&mut self, input: Value, shape: Vec<u32>) -> Value {
        let name = format!("{}_relu", self.name(input));
        self.push(name, Operation::Relu, vec![input], shape)
    }

    /// Channels of `value`, of group `from`, at their places in the union `to`; `side`: 0 for the branch, 1 for the shortcut.
    fn spread(&mut self, value: Value, from: usize, to: usize, side: usize, shape: &[u32]) -> Value {
        let sources = &self.saved.whole.groups[to].sources;
        let place = |unit: &u32| {
            let source = sources[*unit as usize][side]?;
            self.orders[from].iter().position(|&own| own == source).map(|place| place as u32)
        };
        let places: Vec<Option<u32>> = self.orders[to].iter().map(place).collect();
        let is_same = places.len() == self.orders[from].len() && (0..).zip(&places).all(|(own, place)| *place == Some(own));
        if is_same {
            return value;
        }
        let name = format!("{}_{}", name_of(&self.saved.whole.groups[to].name), ["branch", "identity"][side]);
        self.push(name, Operation::Select { places }, vec![value], shape.to_vec())
    }

    /// The values of the inputs: those that are kept, centred and scaled.
    fn inputs(&mut self, centring: &Centring, input: &[u32]) -> Value {
        let saved = self.saved;
        let pixels = saved.whole.maps[0].pixels() as usize;
        let order = self.orders[0].clone();
        let shape = if input.len() == 1 { vec![order.len() as u32] } else { self.shape(0) };
        let mut value = Value::Input;
        if order.len() < saved.whole.groups[0].size as usize {
            let places = order.iter().map(|&unit| Some(unit)).collect();
            value = self.push("input_select".to_owned(), Operation::Select { places }, vec![value], shape.clone());
        }
        let of_unit = |&unit: &u32| &centring.shifts[unit as usize * pixels..][..pixels];
        let is_even = order.iter().map(of_unit).all(|shifts| shifts.iter().all(|shift| *shift == shifts[0]));
        let shift: Vec<f32> = order.iter().flat_map(|unit| of_unit(unit)[..if is_even { 1 } else { pixels }].to_vec()).collect();
        self.push("input_scale".to_owned(), Operation::Scale { scale: centring.scale, shift }, vec![value], shape)
    }

    /// The operations of `op` on `values`, those of the maps.
    fn add(&mut self, op: &Op, values: &mut [Option<Value>]) {
        let saved = self.saved;
        let whole = &saved.whole;
        let of = |map: usize, values: &[Option<Value>]| values[map].expect("an operation reads what earlier ones wrote");
        let (mut value, output) = (of(op.input(), values), op.output());
        let to = whole.maps[output].group;
        let mut shape = self.shape(output);
        let name = name_of(&whole.groups[to].name);
        match *op {
            Op::Convolve { layer, .. } if self.layer(layer).extra == Extra::Bias => {
                if let Value::Node(node) = value
                    && self.nodes[node].shape.len() > 1
                {
                    let features = self.nodes[node].shape[0];
                    value = self.push("flatten".to_owned(), Operation::Flatten, vec![value], vec![features]);
                }
                let bias = self.row(layer, self.layer(layer).taps * self.layer(layer).inputs, to);
                shape = vec![self.count(to)];
                value = self.push(name, Operation::Linear { weights: self.kernel(layer), bias }, vec![value], shape.clone());
            }
            Op::Convolve { layer, kernel, stride, padding, .. } => {
                let weights = self.kernel(layer);
                let operation = Operation::Convolve { weights, bias: None, kernel, stride, padding, groups: 1 };
                value = self.push(name, operation, vec![value], shape.clone());
            }
            Op::Depthwise { layer, kernel, stride, padding, .. } => {
                let rows: Vec<Vec<f32>> = (0..kernel * kernel).map(|tap| self.row(layer, tap, to)).collect();
                let weights = (0..rows[0].len()).flat_map(|channel| rows.iter().map(move |row| row[channel])).collect();
                let groups = self.count(to);
                let operation = Operation::Convolve { weights, bias: None, kernel, stride, padding, groups };
                value = self.push(format!("{name}_depthwise"), operation, vec![value], shape.clone());
            }
            Op::Normalise { layer, input, shortcut, .. } => {
                let from = whole.maps[input].group;
                if let Some(layer) = layer {
                    let rows = self.layer(layer).taps * self.layer(layer).inputs;
                    let operation = Operation::Normalise {
                        scale: self.row(layer, rows, from),
                        shift: self.row(layer, rows + 1, from),
                        mean: self.running(layer, 0, 0.0),
                        variance: self.running(layer, 1, 1.0),
                    };
                    let name = format!("{}_norm", self.name(value));
                    value = self.push(name, operation, vec![value], self.shape(input));
                }
                if let Some(shortcut) = shortcut {
                    let added = of(shortcut, values);
                    let branch = self.spread(value, from, to, 0, &shape);
                    let added = self.spread(added, whole.maps[shortcut].group, to, 1, &shape);
                    value = self.push(name, Operation::Add, vec![branch, added], shape.clone());
                }
            }
            Op::Pool { pooling, window, .. } => {
                self.pools += 1;
                let name = format!("pool{}", self.pools);
                value = self.push(name, Operation::Pool { pooling, window }, vec![value], shape.clone());
            }
            Op::Gate { .. } => unreachable!("a network by name has no gates"),
        }
        if whole.maps[output].rectified {
            value = self.relu(value, shape);
        }
        values[output] = Some(value);
    }
}

impl Network {
    /// The network of a run file with the units of `extent`.
    ///
    /// # Errors
    /// The file is a recording, or `centring` is of other data.
    pub fn of(file: &RunFile, extent: Extent, centring: &Centring) -> Result<Self, ExportError> {
        let saved = Saved::of(file)?;
        let whole = &saved.whole;
        let wanted = whole.image.features() as usize;
        if centring.shifts.len() != wanted {
            return Err(ExportError::OtherCentring { found: centring.shifts.len(), wanted });
        }
        let present = saved.present();
        let orders = orders(whole, &saved.units(extent));
        let places = (0..orders.len())
            .map(|group| {
                let place =
                    |unit: &u32| if present[group][*unit as usize] { saved.remaining[group].binary_search(unit).ok() } else { None };
                orders[group].iter().map(place).collect()
            })
            .collect();
        let is_flat = whole.features_a_unit() == 1;
        let image = whole.image;
        let input = if is_flat { vec![image.features()] } else { vec![image.channels, image.height, image.width] };
        let mut builder = Builder { saved: &saved, orders, places, nodes: Vec::new(), pools: 0 };
        let mut values = vec![None; whole.maps.len()];
        values[0] = Some(builder.inputs(centring, &input));
        for op in &whole.ops {
            builder.add(op, &mut values);
        }
        Ok(Self { name: whole.name.clone(), image, input, nodes: builder.nodes })
    }
}

#[cfg(test)]
mod tests {
    use super::name_of;

    #[test]
    fn groups_become_names_of_python() {
        let names = ["hidden 1", "classes", "conv 12", "2.1 conv 1", "3.3 sum", "2.1 shortcut"].map(name_of);
        assert_eq!(names, ["hidden1", "classes", "conv12", "block2_1_conv1", "block3_3_sum", "block2_1_shortcut"]);
    }
}
