//! What a file of a network says of itself: metadata, strings by name.

use serde_json::json;

use crate::run_file::RunFile;

use super::build::Saved;
use super::{ExportError, Extent, Network};

/// The value of `format`: it has the version of the format.
const FORMAT: &str = "lacuna network 1";

/// The run of a network, for the metadata of its file and for people.
#[derive(Clone, Debug, PartialEq)]
pub struct About {
    pub link: String,
    pub dataset: String,
    pub step: u32,
    pub steps: u32,
    /// Names of the classes, by label, if they are known.
    pub classes: Option<Vec<String>>,
    /// Name of each gated group, its kept units, and all of them.
    pub kept: Vec<(String, u32, u32)>,
    /// Multiply-adds of a forward pass of one image: of the dense network and of this one.
    pub multiply_adds: [u64; 2],
    /// Whether normalisations were folded into convolutions.
    pub folded: bool,
}

impl About {
    /// Of the network of a run file with the units of `extent`. `classes` of another number are left out.
    ///
    /// # Errors
    /// The file is a recording.
    pub fn of(file: &RunFile, extent: Extent, classes: Option<Vec<String>>, folded: bool) -> Result<Self, ExportError> {
        let saved = Saved::of(file)?;
        let (whole, counts) = (&saved.whole, saved.counts(Extent::Kept { multiple: 1 }));
        let forward = |counts: &[u32]| whole.multiply_adds(counts, None).forward;
        let groups = whole.groups.iter().zip(&counts).filter(|(group, _)| group.gated);
        Ok(Self {
            link: format!("?{}", file.config.to_query()),
            dataset: file.dataset.name.clone(),
            step: file.step,
            steps: file.steps,
            classes: classes.filter(|names| names.len() == file.dataset.classes as usize),
            kept: groups.map(|(group, &count)| (group.name.clone(), count, group.size)).collect(),
            multiply_adds: [forward(&whole.sizes()), forward(&saved.counts(extent))],
            folded,
        })
    }

    /// Names and values in the order of their names.
    pub(super) fn metadata(&self, network: &Network) -> Vec<(&'static str, String)> {
        let image = network.image;
        let shape = network.input.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
        let order = match (network.input.len(), image.height) {
            (1, 1) => "the features in the order of the data".to_owned(),
            (1, _) => format!("an image of {}×{}×{} (channels, height, width), row after row", image.channels, image.height, image.width),
            _ => "channels, height, width".to_owned(),
        };
        let kept = self.kept.iter().map(|(name, kept, all)| json!([name, kept, all])).collect::<Vec<_>>();
        let mut metadata = vec![
            ("dataset", self.dataset.clone()),
            ("folded", self.folded.to_string()),
            ("format", FORMAT.to_owned()),
            (
                "input",
                format!(
                    "float32 [batch, {shape}]: {order}; values from 0 to 255 as in the data; the network itself centres and scales them"
                ),
            ),
            ("kept", json!(kept).to_string()),
            ("link", self.link.clone()),
            ("model", network.name.clone()),
            ("output", format!("float32 [batch, {}]: logits; softmax gives the probabilities of the classes", network.classes())),
            ("step", format!("{} of {}", self.step, self.steps)),
            ("version", env!("CARGO_PKG_VERSION").to_owned()),
        ];
        if let Some(classes) = &self.classes {
            metadata.insert(0, ("classes", json!(classes).to_string()));
        }
        metadata
    }
}
