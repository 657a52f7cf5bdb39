//! Why a network is refused.

use super::networks::MOST_HIDDEN;
use super::{Image, MOST_UNITS, WIDEST};
use crate::shared::MOST_GROUPS;

/// A network whose name cannot be read, or that cannot be built for its data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("model \"{model}\" {problem}")]
pub struct ModelError {
    pub model: String,
    pub problem: ModelProblem,
}

/// What is wrong with a network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModelProblem {
    #[error(
        "cannot be read: it must be mlp- and hidden widths (mlp-512-256), cnn- and widths (cnn-32-64-128), vgg16, resnet20, resnet32, wrn-28-10 or mobilenet"
    )]
    UnknownForm,
    #[error("cannot be read: each width must be a whole number from 1 to {WIDEST}")]
    BadWidth,
    #[error("cannot be read: at most {MOST_HIDDEN} hidden layers")]
    TooManyHiddenLayers,
    #[error("cannot be read: resnet is followed by its number of layers, as in resnet20")]
    ResnetWithoutDepth,
    #[error("cannot be read: a resnet has 8, 14, 20, 26, 32 or 38 layers")]
    BadResnetDepth,
    #[error("cannot be read: mobilenet- is followed by the channels of its first convolution, from 1 to 1024, as in mobilenet-16")]
    BadMobilenet,
    #[error("cannot be read: wrn- is followed by its number of layers and the factor of its widths, as in wrn-28-10")]
    WideResnetWithoutNumbers,
    #[error("cannot be read: a wide residual network has 10, 16, 22, 28, 34 or 40 layers and 1 to 64 times the width")]
    BadWideResnet,
    #[error(
        "cannot be built for {classes} classes of images of {}\u{d7}{}\u{d7}{}: each number must be at least 1, and the image below 4 GB",
        image.channels, image.height, image.width
    )]
    BadShape { classes: u32, image: Image },
    #[error("needs images, and this data has none: choose an mlp")]
    NeedsImages,
    #[error("needs square images, and before its classifier these are {width}\u{d7}{height}: choose an mlp")]
    NotSquare { width: u32, height: u32 },
    #[error(
        "halves its images more often than {}\u{d7}{} pixels allow: choose a network with fewer stages, or larger images",
        image.width, image.height
    )]
    ImagesTooSmall { image: Image },
    #[error("has {size} {group} in one layer, and the kernels take at most {WIDEST}: choose smaller images, or a cnn")]
    TooWide { group: String, size: u32 },
    #[error("has more layers than the kernels take ({MOST_GROUPS}): choose a network of fewer layers")]
    TooDeep,
    #[error("has no hidden layer and its inputs are not gated: nothing can be masked")]
    NothingGated,
    #[error("has {units} gated units; at most {MOST_UNITS} fit in the workgroup that updates the scores: choose a narrower network")]
    TooManyUnits { units: u64 },
    #[error("has about {weights} weights, more than a 32-bit index can number: choose a narrower network")]
    TooManyWeights { weights: u64 },
    #[error("has {values} values of {group} for one image, more than a 32-bit index can number: choose smaller images")]
    TooManyValues { group: String, values: u64 },
}
