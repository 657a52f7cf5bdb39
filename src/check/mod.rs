//! Compares every kernel with its reference on this adapter.
//!
//! Each scene is a small network with awkward sizes and random tensors. Some of its scores are decided, and every buffer that a kernel should fill
//! contains poison. The steps run one dispatch at a time. The reference gets the buffers as they were before the kernel, and then *every* buffer is
//! compared, so that a kernel fails if it writes to the wrong place or computes a wrong value. The buffers of weights, which are most of the bytes,
//! are compared after the kernels that bind them and after each step. Masks, lists and counts are compared bit for bit.
//!
//! All scenes run with the variants of kernels that the adapter uses where nothing was measured. Those scenes whose sizes suit tiles badly run with
//! every other variant too.

mod buffers;
mod compare;
mod fill;
mod scene;
mod scenes;

use std::mem::take;
use std::rc::Rc;

#[cfg(feature = "gpu")]
use crate::device::{Adapter, Product};
use crate::device::{DeviceError, Machine, TABLE, Variants};
use crate::engine::{DataBuffers, Engine};
use crate::model::{Image, Model, Passes};
use crate::random::{Stream, Threefry};
use crate::reference;
use crate::shared::{Mode, Params};

use buffers::{OF_WEIGHTS, of_weights, read, write};
use compare::compare;
use fill::fill;
use scene::Scene;
use scenes::SCENES;

pub use buffers::memory;

/// The result of a kernel, in one scene or over several.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    pub kernel: &'static str,
    /// The name of its variant; empty if it has none.
    pub variant: &'static str,
    /// Dispatches that were compared.
    pub dispatches: u32,
    /// The largest |kernel − reference| of any buffer divided by the largest |reference| of that buffer; infinite if an integer differs.
    pub worst: f64,
    pub tolerance: f64,
    /// Where the largest error occurred.
    pub place: String,
}

impl Report {
    #[must_use]
    pub fn passed(&self) -> bool {
        self.worst <= self.tolerance && self.dispatches > 0
    }

    fn new(kernel: &'static str, variant: &'static str) -> Self {
        Self { kernel, variant, dispatches: 0, worst: 0.0, tolerance: tolerance(kernel), place: String::new() }
    }

    /// The name of the kernel and of its variant.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{} {}", self.kernel, self.variant).trim_end().to_owned()
    }
}

/// The result of one scene: a report for each kernel that it ran.
#[derive(Clone, Debug, PartialEq)]
pub struct SceneReport {
    /// With the variants of kernels, if it ran with others than the usual ones.
    pub scene: String,
    /// The network's name and the shape of its inputs: features, or channels × height × width.
    pub network: String,
    pub kernels: Vec<Report>,
}

impl SceneReport {
    #[must_use]
    pub fn passed(&self) -> bool {
        self.kernels.iter().all(Report::passed)
    }
}

/// The results of every kernel of the table over all scenes, in each of the variants that ran; a kernel that no scene ran has not passed.
#[must_use]
pub fn by_kernel(scenes: &[SceneReport]) -> Vec<Report> {
    let reports = || scenes.iter().flat_map(|scene| &scene.kernels);
    let whole = |name: &'static str, variant: &'static str| {
        let mut whole = Report::new(name, variant);
        for report in reports().filter(|report| (report.kernel, report.variant) == (name, variant)) {
            whole.dispatches += report.dispatches;
            if report.worst > whole.worst {
                (whole.worst, whole.place) = (report.worst, report.place.clone());
            }
        }
        whole
    };
    let of = |name: &'static str| {
        let mut variants: Vec<&'static str> = Vec::new();
        for report in reports().filter(|report| report.kernel == name) {
            if !variants.contains(&report.variant) {
                variants.push(report.variant);
            }
        }
        if variants.is_empty() { vec![""] } else { variants }
    };
    TABLE.iter().flat_map(|entry| of(entry.name).into_iter().map(|variant| whole(entry.name, variant))).collect()
}

const ROWS: u32 = 64;
const STEPS: u32 = 2;
/// The largest allowed error of a kernel: the rounding of f32 sums over the scenes' longest reductions. 0: only integers.
fn tolerance(kernel: &str) -> f64 {
    match kernel {
        "sample" | "list_all" | "unite" | "pack_weights" | "gate" => 0.0,
        "gather_inputs" => 2e-6,
        _ => 2e-5,
    }
}

/// Runs every scene. `all_variants`: those with badly suited sizes with every variant of the kernels. `progress` is called with each result, the number
/// of finished scenes and their total.
///
/// # Errors
/// The device is lost or cannot hold a scene. A kernel that differs is not an error but a report that has not passed.
#[cfg_attr(not(feature = "gpu"), expect(unused_variables, reason = "the CPU engine has no variants"))]
pub async fn check(
    machine: &Rc<Machine>,
    all_variants: bool,
    mut progress: impl FnMut(&SceneReport, usize, usize),
) -> Result<Vec<SceneReport>, DeviceError> {
    let usual = Variants::usual(&machine.adapter);
    #[cfg(feature = "gpu")]
    let others = if all_variants && machine.gpu().is_some() { others(usual, &machine.adapter) } else { Vec::new() };
    // The CPU engine has one version of each kernel.
    #[cfg(not(feature = "gpu"))]
    let others: [Variants; 0] = [];
    let mut runs: Vec<(usize, Variants)> = (0..SCENES.len()).map(|index| (index, usual)).collect();
    for variants in others {
        runs.extend((0..SCENES.len()).filter(|&index| SCENES[index].all_variants).map(|index| (index, variants)));
    }
    let mut reports = Vec::with_capacity(runs.len());
    for (done, &(index, variants)) in runs.iter().enumerate() {
        let scene = &SCENES[index];
        let report = Box::pin(run_scene(machine, scene, index as u32, variants)).await?;
        #[cfg(feature = "gpu")]
        let report = if variants == usual { report } else { SceneReport { scene: format!("{}, {variants}", scene.name), ..report } };
        progress(&report, done + 1, runs.len());
        reports.push(report);
    }
    Ok(reports)
}

/// The names of the scenes.
#[cfg(test)]
pub(crate) fn scene_names() -> impl Iterator<Item = &'static str> {
    SCENES.iter().map(|scene| scene.name)
}

/// Choices that have, together with `usual`, every variant of every product that the adapter can run.
#[cfg(feature = "gpu")]
fn others(usual: Variants, adapter: &Adapter) -> Vec<Variants> {
    let left = |product: Product| product.possible(adapter).filter(|&index| index != usual.index(product)).collect::<Vec<_>>();
    let most = Product::ALL.into_iter().map(|product| left(product).len()).max().unwrap_or(0);
    let nth = |n: usize| {
        Product::ALL.into_iter().fold(usual, |variants, product| {
            let left = left(product);
            variants.with(product, left[n % left.len()])
        })
    };
    (0..most).map(nth).collect()
}

/// The name of a kernel's variant; the CPU engine has none.
#[cfg_attr(not(feature = "gpu"), expect(unused_variables, reason = "there is one version of each kernel"))]
fn variant_of(machine: &Machine, kernel: &str, variants: Variants) -> &'static str {
    #[cfg(feature = "gpu")]
    if let Some(product) = Product::of(kernel).filter(|_| machine.gpu().is_some()) {
        return variants.of(product).name;
    }
    ""
}

async fn run_scene(machine: &Rc<Machine>, scene: &Scene, seed: u32, variants: Variants) -> Result<SceneReport, DeviceError> {
    let model = Model::new(scene.model, scene.image, scene.classes, scene.gate_inputs).expect("the scenes' networks are well formed");
    let model = scene.priced_at.map_or(model.clone(), |keep_ratio| model.with_prices(keep_ratio));
    let model = Model { saves_memory: scene.saves_memory, exact_information: scene.exact_information, ..model };
    let model = if scene.gates { model.with_gates() } else { model };
    let capacities: Vec<u32> = model.sizes().iter().map(|&size| (f64::from(size) * scene.room).ceil() as u32).collect();
    let model = model.with_capacities(&capacities);
    let mut params =
        Params { seed, alpha: 0.5, momentum: 0.9, weight_decay: 5e-4, clip_norm: 3.0, learn_scores: 1, ..model.params(scene.batch_size) };
    params.scale = 1.0 / 80.0;
    (scene.change)(&mut params);
    let passes = if scene.side_by_side && params.masks == 2 { Passes::SideBySide } else { Passes::InTurn };
    let model = Model { passes, ..model };
    let data = DataBuffers::new(machine, ROWS, scene.image.features(), true)?;
    // There are buffers only for the masks that the scene uses, so that a kernel that uses another mask fails.
    let engine = Engine::new(machine, &model, params, params.masks, &data, variants)?;
    let mut random = Threefry::new(seed, Stream::Data, 0);
    let mut start = memory(&engine).await?;
    fill(&mut start, scene, &model.prices(), &mut random);
    write(&engine, &start);

    let dispatches = if params.mode == Mode::Evaluate as u32 { engine.evaluation_step() } else { engine.training_step() };
    let mut kernels: Vec<Report> = Vec::new();
    let mut found = memory(&engine).await?;
    for _ in 0..STEPS {
        for (index, dispatch) in dispatches.iter().enumerate() {
            let name = dispatch.line.name;
            let bound = TABLE.iter().find(|entry| entry.name == name).expect("a step names kernels of the table").buffers;
            let step_ends = index + 1 == dispatches.len();
            let is_read = |buffer: &str| step_ends || !OF_WEIGHTS.contains(&buffer) || bound.contains(&buffer);
            let mut expected = found;
            reference::run(name, &dispatch.work, dispatch.masks, &mut expected);
            engine.run_alone(dispatch);
            found = read(&engine, &is_read).await?;
            let unread = of_weights(&mut expected).map(|(buffer, values)| if is_read(buffer) { Vec::new() } else { take(values) });
            let at = kernels.iter().position(|report| report.kernel == name).unwrap_or_else(|| {
                kernels.push(Report::new(name, variant_of(machine, name, variants)));
                kernels.len() - 1
            });
            compare(&expected, &found, scene, dispatch, &mut kernels[at]);
            for ((buffer, values), unread) in of_weights(&mut found).into_iter().zip(unread) {
                if !is_read(buffer) {
                    *values = unread;
                }
            }
        }
    }
    let Image { channels, height, width } = scene.image;
    let shape = if channels * height == 1 { format!("{width} features") } else { format!("{channels} \u{d7} {height} \u{d7} {width}") };
    let network = format!("{}, {shape}", scene.model);
    Ok(SceneReport { scene: scene.name.to_owned(), network, kernels })
}
