//! A network, its data set, and its memory.

use super::{Computes, OwnData};
use crate::web::js::{Js, TypedArray, crossing, joined};

crossing! {
    /// A row of units: the inputs, a hidden layer, a convolution's channels, the classes.
    pub struct Group {
        pub name: String,
        pub size: u32,
        pub gated: bool,
        /// Index of its first unit in the scores. It has no meaning if the group is not gated.
        pub first_unit: u32,
        /// What each of its units counts in the budget: 1, or its multiply-adds, on average 1. It has no meaning if the group is not gated.
        pub price: f32,
        /// The shape in which to draw the units, with the channels of an image one below the other. 0 if the units are not pixels.
        pub width: u32,
        pub height: u32,
        /// The channels of that image.
        pub channels: u32,
        /// The two groups that the group is the sum of. It keeps each unit that one of them keeps, and has no scores.
        pub union_of: Option<(u32, u32)>,
        /// Size of the map of one unit in pixels: that of a channel's image, or 1 by 1.
        pub map_width: u32,
        pub map_height: u32,
    }

    /// Weights from one group to another: for each tap a row for each input, and `extra` rows.
    pub struct Layer {
        pub taps: u32,
        pub extra: u32,
        /// Pixels of the output, each computed with these weights.
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
        /// The side of a filter in pixels.
        pub side: u32,
        pub channels: u32,
        pub count: u32,
    }

    /// The name and the shape of a plan's data set.
    pub struct DatasetShape {
        pub name: String,
        /// Training rows.
        pub train: u32,
        /// Test rows.
        pub test: u32,
        pub classes: u32,
        pub channels: u32,
        pub width: u32,
        pub height: u32,
        /// The visitor's own data.
        pub own: Option<Js<OwnData>>,
    }

    /// A network and the memory of its run, computed before any memory is allocated.
    pub struct Plan {
        pub model: String,
        pub batch_size: u32,
        pub units: u32,
        pub weights: u32,
        /// Those of a dense step.
        pub multiply_adds: f64,
        pub bytes: Bytes,
        /// Memory of a dense run of the whole network, without the data.
        pub dense_bytes: f64,
        pub groups: Vec<Group>,
        pub layers: Vec<Layer>,
        pub filters: Option<Filters>,
        pub dataset: DatasetShape,
    }

    /// The network of a link, and whether it fits the device.
    pub struct Described {
        pub plan: Plan,
        /// If a tensor is larger than a buffer may be: the message.
        pub refused: Option<String>,
    }

    /// The facts of a run that are not in its plan.
    pub struct RunFacts {
        pub adapter: String,
        pub backend: String,
        pub software: bool,
        pub computes: Computes,
        pub steps: u32,
        pub steps_per_epoch: u32,
        pub has_timestamps: bool,
        /// `[I]` for planted data: 1 if an input carries the class.
        pub informative: Option<TypedArray<u8>>,
        /// The variants of its kernels, by their names.
        pub kernels: String,
        /// Most columns of its history.
        pub history_columns: u32,
    }

    /// A file of a data set, to be loaded into a run.
    pub struct DataFile {
        pub name: String,
        pub bytes: f64,
    }
}

joined! {
    /// The facts of a run that do not change.
    Description: Plan, RunFacts, "Plan & RunFacts";
}
