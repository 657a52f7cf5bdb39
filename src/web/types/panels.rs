//! Results for the panels of the page: the estimators, one image, the self-check, the visitor's own data.

use crate::web::js::{TypedArray, crossing, joined};

crossing! {
    /// Progress of drawing masks of a frozen network.
    pub struct Drawn {
        /// The step at which the network was frozen.
        pub step: u32,
        pub pairs: u32,
        /// Masks that must still be enumerated before the true gradient is exact.
        pub masks_left: u32,
        /// The time of this call.
        pub ms: f64,
    }

    /// A range of s, and the number of its units.
    pub struct ScoreRange {
        pub low: f64,
        pub high: f64,
        pub units: u32,
    }

    /// Measurements of one estimator over several units.
    pub struct Summary {
        /// |mean − truth| / |truth|.
        pub bias: f64,
        /// The value of `bias` that an unbiased estimator has by chance.
        pub bias_chance: f64,
        pub variance: f64,
        /// The paper's bound on the variance, if the estimator has one.
        pub bound: Option<f64>,
        pub signal_to_noise: f64,
    }

    /// One estimator at one α, without the summary over all units.
    pub struct Estimate {
        pub estimator: &'static str,
        pub alpha: f64,
        /// Pairs of masks, or single masks.
        pub samples: u32,
        pub verdict: &'static str,
        /// The cosine of the angle between one estimated gradient and the true gradient.
        pub cosine: f64,
        pub cosine_error: f64,
        /// The cosine of the angle between the mean of all samples and the true gradient.
        pub mean_cosine: f64,
        /// The variance over that of two-sided, if the estimator has no bias.
        pub variance_ratio: Option<f64>,
        /// Ranges of s.
        pub bins: Vec<LabBin>,
    }

    /// Measurements of each estimator on a frozen network.
    pub struct LabReport {
        pub step: u32,
        /// Mini-batches, which the draws use in turn.
        pub batches: u32,
        pub pairs: u32,
        pub units: u32,
        pub undecided_units: u32,
        /// The number of all masks, if all were enumerated; the true gradient is then exact.
        pub enumerated_masks: Option<u32>,
        /// Masks from which the true gradient was computed.
        pub truth_masks: f64,
        /// The standard error of the true gradient, relative to it.
        pub truth_error: f64,
        /// The cosine of the angle between the run's control variate and the true gradient, if the run keeps one.
        pub control_cosine: Option<f64>,
        pub rows: Vec<LabRow>,
    }

    /// A test image.
    pub struct Example {
        /// `[I]`
        pub inputs: TypedArray<u8>,
        pub label: u8,
    }

    /// How much log p(class) decreases if a square of pixels is replaced by their means.
    pub struct Contributions {
        pub class: u32,
        /// The side of a square in pixels.
        pub side: u32,
        /// Squares in a row.
        pub across: u32,
        /// Rows of squares.
        pub down: u32,
        /// `[down, across]`; NaN if not computed yet, 0 if no pixel of the square is kept.
        pub values: TypedArray<f32>,
    }

    /// The classification of one image, as far as it is computed.
    pub struct Classified {
        /// The step of the run at which the classification began.
        pub step: u32,
        /// `[classes]` probabilities under the decided mask.
        pub decided: TypedArray<f32>,
        /// `[masks, classes]` under sampled masks.
        pub sampled: TypedArray<f32>,
        pub contributions: Option<Contributions>,
    }

    /// The comparison of a kernel with its reference, in one scene or over all.
    pub struct CheckKernel {
        /// With the name of its variant, if it has several.
        pub name: String,
        pub passed: bool,
        /// Largest error, relative to the largest number of the same buffer. It is infinite if an integer differs.
        pub worst: f64,
        /// 0 for kernels with integers only, which must agree bit for bit.
        pub tolerance: f64,
        pub dispatches: u32,
        /// The place of the largest error.
        pub place: String,
    }

    /// The results of the kernels on one small network with awkward sizes.
    pub struct CheckScene {
        /// With the variants of kernels, if it ran with others than the usual ones.
        pub scene: String,
        pub network: String,
        pub passed: bool,
        pub kernels: Vec<CheckKernel>,
    }

    /// The adapter that was checked, and the results of each kernel over all scenes.
    pub struct CheckResult {
        pub adapter: String,
        pub backend: String,
        pub driver: String,
        pub software: bool,
        pub kernels: Vec<CheckKernel>,
    }

    /// A description of the visitor's own data.
    pub struct OwnData {
        pub name: String,
        /// Their description as a part of a sentence.
        pub words: String,
        /// What their owner has to know of how they were read, in sentences.
        pub notes: Vec<String>,
        /// Training rows.
        pub train: u32,
        /// Test rows.
        pub test: u32,
        /// Whether the files have test rows; otherwise test rows are drawn from all rows.
        pub has_test: bool,
        pub is_image: bool,
        /// Of a table: its columns by name, without a header by number.
        pub columns: Vec<String>,
        /// Names, by label.
        pub classes: Vec<String>,
        /// Checksum of rows and labels, in hexadecimal. It differs for other data of the same shape.
        pub sum: String,
    }

    /// The visitor's own data with their rows. If there are no test rows, they are drawn from the others.
    pub struct OwnSet {
        pub about: OwnData,
        /// Channels, height, width.
        pub shape: [u32; 3],
        /// `[N, I]`
        pub inputs: TypedArray<u8>,
        /// `[N]`
        pub labels: TypedArray<u8>,
        pub test_inputs: TypedArray<u8>,
        pub test_labels: TypedArray<u8>,
    }
}

joined! {
    /// A range of s with its summary. A range without units has no summary.
    LabBin: ScoreRange, Option<Summary>, "ScoreRange & Partial<Summary>";

    /// One estimator at one α, with the summary over all units.
    LabRow: Estimate, Summary, "Estimate & Summary";
}
