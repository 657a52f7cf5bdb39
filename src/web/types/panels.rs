//! What panels of the page ask for: the estimators, an image, the self-check, the visitor's own data.

use crate::web::js::{TypedArray, crossing, joined};

crossing! {
    /// How far drawing masks of a frozen network is.
    pub struct Drawn {
        /// At which the network was frozen.
        pub step: u32,
        pub pairs: u32,
        /// Masks that are yet to be tried before the true gradient is exact.
        pub masks_left: u32,
        /// What this drawing took.
        pub ms: f64,
    }

    /// A range of s, and how many units are in it.
    pub struct ScoreRange {
        pub low: f64,
        pub high: f64,
        pub units: u32,
    }

    /// What units have in common under one estimator.
    pub struct Summary {
        /// |mean − truth| / |truth|, and what chance alone makes of that.
        pub bias: f64,
        pub bias_chance: f64,
        pub variance: f64,
        /// What the paper's bound allows, where there is one.
        pub bound: Option<f64>,
        pub signal_to_noise: f64,
    }

    /// One estimator at one α, beside what all units have in common.
    pub struct Estimate {
        pub estimator: &'static str,
        pub alpha: f64,
        /// Pairs of masks, or single ones.
        pub samples: u32,
        pub verdict: &'static str,
        /// Of the angle between one gradient and the true one.
        pub cosine: f64,
        pub cosine_error: f64,
        /// Units by their s.
        pub bins: Vec<LabBin>,
    }

    /// What pairs of masks say of each estimator on a frozen network.
    pub struct LabReport {
        pub step: u32,
        pub pairs: u32,
        pub units: u32,
        pub undecided_units: u32,
        /// All masks, where the true gradient is exact because all were tried.
        pub enumerated_masks: Option<u32>,
        /// Masks behind the true gradient.
        pub truth_masks: f64,
        /// Its standard error as a share of it.
        pub truth_error: f64,
        pub rows: Vec<LabRow>,
    }

    /// A test image.
    pub struct Example {
        /// `[I]`
        pub inputs: TypedArray<u8>,
        pub label: u8,
    }

    /// How much smaller log p(class) becomes when a square of pixels stands at its mean.
    pub struct Contributions {
        pub class: u32,
        /// Of a square, in pixels.
        pub side: u32,
        pub across: u32,
        pub down: u32,
        /// `[down, across]`; NaN where not known yet, 0 where nothing of the square is kept.
        pub values: TypedArray<f32>,
    }

    /// What the network makes of one image, as far as that is known.
    pub struct Classified {
        /// Of the run when it was asked.
        pub step: u32,
        /// `[classes]` probabilities under the decided mask.
        pub decided: TypedArray<f32>,
        /// `[masks, classes]` under sampled masks.
        pub sampled: TypedArray<f32>,
        pub contributions: Option<Contributions>,
    }

    /// What a kernel showed against its reference, in one scene or over all.
    pub struct CheckKernel {
        pub name: &'static str,
        pub passed: bool,
        /// Largest error over the largest number of the buffer it stood in; infinite where an integer differs.
        pub worst: f64,
        /// 0: integers alone, which must agree bit for bit.
        pub tolerance: f64,
        pub dispatches: u32,
        /// Where the largest error stood.
        pub place: String,
    }

    /// A small network at awkward sizes, and what its kernels showed.
    pub struct CheckScene {
        pub scene: &'static str,
        pub network: String,
        pub passed: bool,
        pub kernels: Vec<CheckKernel>,
    }

    /// The adapter that was checked, and what each kernel showed over all scenes.
    pub struct CheckResult {
        pub adapter: String,
        pub backend: String,
        pub driver: String,
        pub software: bool,
        pub kernels: Vec<CheckKernel>,
    }

    /// The visitor's own data, as they were read.
    pub struct OwnData {
        pub name: String,
        /// What they are, as half a sentence.
        pub words: String,
        /// What was done to their values, as a sentence; empty where nothing was.
        pub note: String,
        /// Rows to train and to test.
        pub train: u32,
        pub test: u32,
        /// Whether the test rows are their own, not drawn from all.
        pub has_test: bool,
        pub is_image: bool,
        /// Names, by label.
        pub classes: Vec<String>,
        /// Of rows and labels, in hexadecimal: tells them from others of the same shape.
        pub sum: String,
    }

    /// The visitor's own data with their rows: of the training or of all, and of the test, none where these are to be drawn.
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
    /// Units of a range of s; without numbers where there are none.
    LabBin: ScoreRange, Option<Summary>, "ScoreRange & Partial<Summary>";

    /// One estimator at one α, with what all units have in common.
    LabRow: Estimate, Summary, "Estimate & Summary";
}
