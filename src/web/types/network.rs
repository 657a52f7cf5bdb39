//! A network, its data, and what it takes.

use super::{Computes, OwnData};
use crate::web::js::{Js, TypedArray, crossing, joined};

crossing! {
    /// A row of units: the inputs, a hidden layer, a convolution's channels, the classes.
    pub struct Group {
        pub name: String,
        pub size: u32,
        pub gated: bool,
        /// Index of its first unit in the scores; without meaning where the group is not gated.
        pub first_unit: u32,
        /// The shape to draw, the colours of an image one below the other; 0 where the units have no order in space.
        pub width: u32,
        pub height: u32,
        /// How many colours that are.
        pub channels: u32,
        /// A sum keeps what either of two groups before it keeps, unit by unit; it has no scores of its own.
        pub union_of: Option<(u32, u32)>,
        /// Size of one unit at this place in the network: a channel's image, or 1 by 1.
        pub map_width: u32,
        pub map_height: u32,
    }

    /// Weights from one group to another: for each tap of a kernel a row for each input, and `extra` rows.
    pub struct Layer {
        pub taps: u32,
        pub extra: u32,
        /// At how many pixels they are used.
        pub pixels: u32,
        pub from: u32,
        pub to: u32,
    }

    /// Memory on the device, in bytes.
    pub struct Bytes {
        pub data: f64,
        pub activations: f64,
        pub weights: f64,
        pub optimiser: f64,
    }

    /// The first convolution of a network that begins with one.
    pub struct Filters {
        /// The group of its outputs.
        pub group: u32,
        /// Of a kernel, in pixels.
        pub side: u32,
        pub channels: u32,
        pub count: u32,
    }

    /// The data of a plan, by their shape.
    pub struct DatasetShape {
        pub name: String,
        /// Rows to train and to test.
        pub train: u32,
        pub test: u32,
        pub classes: u32,
        pub channels: u32,
        pub width: u32,
        pub height: u32,
        pub own: Option<Js<OwnData>>,
    }

    /// A network and what it takes, known before anything is taken.
    pub struct Plan {
        pub model: String,
        pub batch_size: u32,
        pub units: u32,
        pub weights: u32,
        /// Of a dense step.
        pub multiply_adds: f64,
        pub bytes: Bytes,
        /// What a run of the whole network takes, dense, without the data.
        pub dense_bytes: f64,
        pub groups: Vec<Group>,
        pub layers: Vec<Layer>,
        pub filters: Option<Filters>,
        pub dataset: DatasetShape,
    }

    /// The network of a link, and whether it fits the device.
    pub struct Described {
        pub plan: Plan,
        /// What is larger than a buffer may be, in words.
        pub refused: Option<String>,
    }

    /// What a run is beside its plan.
    pub struct RunFacts {
        pub adapter: String,
        pub backend: String,
        pub software: bool,
        pub computes: Computes,
        pub steps: u32,
        pub steps_per_epoch: u32,
        pub has_timestamps: bool,
        /// `[I]` Planted data only: 1 where an input carries the class.
        pub informative: Option<TypedArray<u8>>,
        /// Most columns of its history.
        pub history_columns: u32,
    }

    /// A file of a data set, to be fed to a run.
    pub struct DataFile {
        pub name: String,
        pub bytes: f64,
    }
}

joined! {
    /// What a run is: it does not change until the next one is opened.
    Description: Plan, RunFacts, "Plan & RunFacts";
}
