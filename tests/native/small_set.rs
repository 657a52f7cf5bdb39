//! A generated data set of any size, and a run on it.

use std::rc::Rc;

use lacuna::config::Config;
use lacuna::device::Machine;
use lacuna::random::{Stream, Threefry};
use lacuna::trainer::{DataShape, Trainer};

/// A small classification set in which each class has its own mean in every feature, so that it can be learned.
pub(crate) struct Data {
    pub(crate) inputs: Vec<u8>,
    pub(crate) labels: Vec<u8>,
    pub(crate) shape: DataShape,
}

pub(crate) fn data(train_rows: u32, test_rows: u32, inputs: u32, classes: u32) -> Data {
    let mut random = Threefry::new(17, Stream::Data, 0);
    let mut uniform = |below: u32| (random.unit_interval() * below as f32) as u32;
    let centres: Vec<u32> = (0..classes * inputs).map(|_| uniform(150)).collect();
    let shape =
        DataShape { train_rows, test_rows, inputs, channels: 1, height: 1, width: inputs, classes, augment: false, deviation: 0.25 };
    let mut set = Data { inputs: Vec::new(), labels: Vec::new(), shape };
    for _ in 0..train_rows + test_rows {
        let class = uniform(classes);
        set.labels.push(class as u8);
        set.inputs.extend((0..inputs).map(|input| (centres[(class * inputs + input) as usize] + uniform(100)) as u8));
    }
    set
}

/// The same as images.
pub(crate) fn images(train_rows: u32, test_rows: u32, (channels, height, width): (u32, u32, u32), classes: u32, augment: bool) -> Data {
    let mut set = data(train_rows, test_rows, channels * height * width, classes);
    set.shape = DataShape { channels, height, width, augment, ..set.shape };
    set
}

impl Data {
    pub(crate) fn start(&self, machine: &Rc<Machine>, config: Config) -> Trainer {
        let mut run = Trainer::new(machine, config, self.shape.clone()).unwrap();
        run.load(0, &self.inputs, &self.labels);
        run.set_rows_ready(self.shape.train_rows);
        run
    }
}
