//! The variants of the kernels that compute products with weights, which do nearly all multiply-adds of a step, and the numbers on which the sources
//! and the grids of all kernels depend.
//!
//! A variant is a tile: what one invocation computes in registers (`shaders/tiles`), or what a workgroup computes together from its memory
//! (`shaders/workgroup`). Which one is fastest depends on the adapter and on the shapes of a network. All of them compute the same sums, but in
//! another order, so that a run repeats bit for bit only with the variants that it began with.

#[cfg(feature = "gpu")]
use std::fmt;
#[cfg(feature = "gpu")]
use std::str::FromStr;

use super::Adapter;
#[cfg(feature = "gpu")]
use super::shaders::{ShaderFile, file};

/// A kernel that has variants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Product {
    Convolve,
    DActivations,
    DWeights,
}

impl Product {
    /// In the order of a step.
    pub const ALL: [Self; 3] = [Self::Convolve, Self::DActivations, Self::DWeights];

    /// The name of its kernel.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Convolve => "convolve",
            Self::DActivations => "d_activations",
            Self::DWeights => "d_weights",
        }
    }

    /// Its variants.
    #[must_use]
    pub fn variants(self) -> &'static [Variant] {
        match self {
            Self::Convolve => CONVOLVE,
            Self::DActivations => D_ACTIVATIONS,
            Self::DWeights => D_WEIGHTS,
        }
    }

    /// The places of those variants that this adapter can run.
    pub fn possible(self, adapter: &Adapter) -> impl Iterator<Item = usize> {
        self.variants().iter().enumerate().filter(|(_, variant)| variant.runs_on(adapter)).map(|(index, _)| index)
    }

    /// The places of those that are worth timing on it.
    pub fn candidates(self, adapter: &Adapter) -> impl Iterator<Item = usize> {
        let software = adapter.software;
        self.possible(adapter).filter(move |&index| software || self.variants()[index].needs == Needs::Nothing)
    }

    /// The product on whose variant the source of a kernel depends.
    #[must_use]
    pub fn of(kernel: &str) -> Option<Self> {
        match kernel {
            "convolve" => Some(Self::Convolve),
            "d_activations" => Some(Self::DActivations),
            // sum_gradients adds the parts that d_weights wrote, and both compute how many there are.
            "d_weights" | "sum_gradients" => Some(Self::DWeights),
            _ => None,
        }
    }
}

/// The most variants of a product.
#[cfg(feature = "gpu")]
pub(super) const MOST_VARIANTS: usize = 8;

/// Who computes a tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tile {
    /// An invocation, in registers: quads down (units, or rows of a gradient) and across (images, or outputs).
    Invocation { down: u32, across: u32 },
    /// The eight invocations of a subgroup: quads down and across. Each computes an eighth of it in registers; they load the factors that they share
    /// together.
    Subgroup { down: u32, across: u32 },
    /// A workgroup, through its memory: quads along each side.
    Workgroup { side: u32 },
}

/// What a variant needs of an adapter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    Nothing,
    /// More registers than a GPU has: it is for adapters that compute on the CPU.
    Registers,
    /// The adapter computes on the CPU, in subgroups of eight invocations.
    Subgroups,
}

/// A variant of a product.
#[derive(Clone, Copy, Debug)]
pub struct Variant {
    /// Its name for `--kernels`: the tile's units or rows, and its images or outputs; `s` in front if a subgroup computes it, `w` if a workgroup does.
    pub name: &'static str,
    pub tile: Tile,
    pub needs: Needs,
    /// For `d_weights`: most tiles of a strip.
    pub strip: u32,
    /// For `d_weights`: tiles at a time that occupy the adapter. Sums over pixels are split until there are as many.
    pub enough: u32,
    /// The files that replace those of these names.
    #[cfg(feature = "gpu")]
    pub files: &'static [(&'static str, ShaderFile)],
}

macro_rules! variants {
    ($($list:ident: [$($name:literal $tile:expr, $needs:ident, strip $strip:literal, enough $enough:literal, $($as:literal = $folder:literal $file:ident),+;)+])+) => {
        $(const $list: &[Variant] = &[$(Variant {
            name: $name,
            tile: $tile,
            needs: Needs::$needs,
            strip: $strip,
            enough: $enough,
            #[cfg(feature = "gpu")]
            files: variant_files!($needs: $(($as, file!($folder, $file))),+),
        }),+];)+
    };
}

/// No browser's device gives subgroups, so that a page needs no files for them.
#[cfg(feature = "gpu")]
macro_rules! variant_files {
    (Subgroups: $($file:expr),+) => { if cfg!(target_arch = "wasm32") { &[] } else { &[$($file),+] } };
    ($needs:ident: $($file:expr),+) => { &[$($file),+] };
}

/// Quads down and across.
const fn registers(down: u32, across: u32) -> Tile {
    Tile::Invocation { down, across }
}

const fn subgroup(down: u32, across: u32) -> Tile {
    Tile::Subgroup { down, across }
}

const W32: Tile = Tile::Workgroup { side: 8 };
const W64: Tile = Tile::Workgroup { side: 16 };

variants! {
    CONVOLVE: [
        "4x4" registers(1, 1), Nothing, strip 1, enough 0, "convolve_tile" = "shaders/tiles/" convolve_4x4;
        "8x8" registers(2, 2), Nothing, strip 1, enough 0, "convolve_tile" = "shaders/tiles/" convolve_8x8;
        "4x16" registers(1, 4), Nothing, strip 1, enough 0, "convolve_tile" = "shaders/tiles/" convolve_4x16;
        "8x16" registers(2, 4), Registers, strip 1, enough 0, "convolve_tile" = "shaders/tiles/" convolve_8x16;
        "s8x64" subgroup(2, 16), Subgroups, strip 1, enough 0,
            "convolve_tile" = "shaders/subgroup/" convolve_narrow, "tile_images" = "shaders/subgroup/" tile_images,
            "convolve_tap" = "shaders/subgroup/" convolve_tap_narrow;
        "s16x64" subgroup(4, 16), Subgroups, strip 1, enough 0,
            "convolve_tile" = "shaders/subgroup/" convolve, "tile_images" = "shaders/subgroup/" tile_images,
            "convolve_tap" = "shaders/subgroup/" convolve_tap, "subgroup_sums" = "shaders/subgroup/" subgroup_sums;
        "w32" W32, Nothing, strip 1, enough 0,
            "convolve" = "shaders/workgroup/" convolve, "product" = "shaders/workgroup/" product,
            "product_sums" = "shaders/workgroup/" product_sums_4x4;
        "w64" W64, Nothing, strip 1, enough 0,
            "convolve" = "shaders/workgroup/" convolve, "product" = "shaders/workgroup/" product,
            "product_sums" = "shaders/workgroup/" product_sums_8x8;
    ]
    D_ACTIVATIONS: [
        "4x4" registers(1, 1), Nothing, strip 1, enough 0, "d_activations_tile" = "shaders/tiles/" d_activations_4x4;
        "8x8" registers(2, 2), Nothing, strip 1, enough 0, "d_activations_tile" = "shaders/tiles/" d_activations_8x8;
        "4x16" registers(1, 4), Nothing, strip 1, enough 0, "d_activations_tile" = "shaders/tiles/" d_activations_4x16;
        "8x16" registers(2, 4), Registers, strip 1, enough 0, "d_activations_tile" = "shaders/tiles/" d_activations_8x16;
        "s8x64" subgroup(2, 16), Subgroups, strip 1, enough 0,
            "d_activations_tile" = "shaders/subgroup/" d_activations_narrow, "tile_images" = "shaders/subgroup/" tile_images,
            "subgroup_four" = "shaders/subgroup/" subgroup_four;
        "s16x64" subgroup(4, 16), Subgroups, strip 1, enough 0,
            "d_activations_tile" = "shaders/subgroup/" d_activations, "tile_images" = "shaders/subgroup/" tile_images,
            "subgroup_four" = "shaders/subgroup/" subgroup_four,
            "subgroup_sums" = "shaders/subgroup/" subgroup_sums;
        "w32" W32, Nothing, strip 1, enough 0,
            "d_activations" = "shaders/workgroup/" d_activations, "product" = "shaders/workgroup/" product,
            "product_sums" = "shaders/workgroup/" product_sums_4x4;
        "w64" W64, Nothing, strip 1, enough 0,
            "d_activations" = "shaders/workgroup/" d_activations, "product" = "shaders/workgroup/" product,
            "product_sums" = "shaders/workgroup/" product_sums_8x8;
    ]
    // Neighbouring invocations compute the tiles of a strip: they share rows of both factors.
    D_WEIGHTS: [
        "4x4" registers(1, 1), Nothing, strip 4, enough 32768, "d_weights_tile" = "shaders/tiles/" d_weights_4x4;
        // An adapter that computes on the CPU runs invocations in lockstep: adjacent tiles skip the same taps at the edge of an image.
        "8x8" registers(2, 2), Registers, strip 1, enough 1024, "d_weights_tile" = "shaders/tiles/" d_weights_8x8;
        "s32x8" subgroup(8, 2), Subgroups, strip 1, enough 128,
            "d_weights_tile" = "shaders/subgroup/" d_weights_narrow, "subgroup_four" = "shaders/subgroup/" subgroup_four,
            "subgroup_rows" = "shaders/subgroup/" subgroup_rows;
        "s32x16" subgroup(8, 4), Subgroups, strip 1, enough 128,
            "d_weights_tile" = "shaders/subgroup/" d_weights, "subgroup_four" = "shaders/subgroup/" subgroup_four,
            "subgroup_rows" = "shaders/subgroup/" subgroup_rows;
        "w32" W32, Nothing, strip 1, enough 512,
            "d_weights" = "shaders/workgroup/" d_weights, "product" = "shaders/workgroup/" product,
            "product_sums" = "shaders/workgroup/" product_sums_4x4;
        "w64" W64, Nothing, strip 1, enough 512,
            "d_weights" = "shaders/workgroup/" d_weights, "product" = "shaders/workgroup/" product,
            "product_sums" = "shaders/workgroup/" product_sums_8x8;
    ]
}

impl Variant {
    /// The constants of its sources.
    #[cfg(feature = "gpu")]
    fn constants(&self) -> Vec<(&'static str, u32)> {
        let mut constants = match self.tile {
            Tile::Invocation { down, across } => vec![("TILE_UNITS", down), ("TILE_IMAGES", across), ("SHARERS", 1)],
            Tile::Subgroup { down, across } => vec![("TILE_UNITS", down), ("TILE_IMAGES", across / 8), ("SHARERS", 8)],
            Tile::Workgroup { side } => vec![("TILE", side)],
        };
        let [rows, columns] = self.weight_quads();
        constants.extend([("WEIGHT_ROWS", rows), ("WEIGHT_COLUMNS", columns), ("STRIP", self.strip), ("ENOUGH", self.enough)]);
        constants
    }

    /// Invocations that compute the tiles of `down` quads of units at each of `pixels` pixels of `images` quads of images.
    #[must_use]
    pub fn invocations(&self, down: u32, pixels: u32, images: u32) -> u64 {
        match self.tile {
            Tile::Invocation { down: units, across } => {
                u64::from(down.div_ceil(units)) * u64::from(pixels) * u64::from(images.div_ceil(across))
            }
            Tile::Subgroup { down: units, across } => {
                u64::from(down.div_ceil(units)) * u64::from(pixels) * u64::from(images.div_ceil(across)) * SUBGROUP
            }
            Tile::Workgroup { side } => {
                let cells = u64::from(pixels) * u64::from(images);
                u64::from(down.div_ceil(side)) * cells.div_ceil(side.into()) * WORKGROUP
            }
        }
    }

    /// Invocations that `d_weights` can use for a gradient of so many quads of rows and of outputs: one for each tile or, if its sums can be split,
    /// enough to occupy the adapter.
    #[must_use]
    pub fn of_gradient(&self, rows: u32, outputs: u32, can_split: bool) -> u64 {
        let each = match self.tile {
            Tile::Invocation { .. } => 1,
            Tile::Subgroup { .. } => SUBGROUP,
            Tile::Workgroup { .. } => WORKGROUP,
        };
        let [high, wide] = self.weight_quads();
        // In complete strips.
        let down = rows.div_ceil(high);
        let down = down.next_multiple_of(down.clamp(1, self.strip));
        let tiles = u64::from(down) * u64::from(outputs.div_ceil(wide));
        each * if can_split { tiles.max(self.enough.into()) } else { tiles }
    }

    /// Quads of rows and of outputs of a tile of `d_weights`.
    #[must_use]
    pub fn weight_quads(&self) -> [u32; 2] {
        match self.tile {
            Tile::Invocation { down, .. } => [down; 2],
            Tile::Subgroup { down, across } => [down, across],
            Tile::Workgroup { side } => [side; 2],
        }
    }

    /// Whether this adapter can run it.
    #[must_use]
    pub fn runs_on(&self, adapter: &Adapter) -> bool {
        adapter.software && adapter.has_subgroups_of_eight || self.needs != Needs::Subgroups
    }
}

/// Invocations of a subgroup.
const SUBGROUP: u64 = 8;
/// Invocations of a workgroup that computes a tile through its memory.
const WORKGROUP: u64 = 64;

/// Which variant of each product runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Variants([u8; 3]);

impl Variants {
    /// Where nothing was measured, on a GPU.
    pub const GPU: Self = Self([0, 0, 0]);
    /// Where nothing was measured, on an adapter that computes on the CPU.
    pub const SOFTWARE: Self = Self([3, 3, 1]);
    /// Likewise, on SwiftShader, which has half as many registers.
    pub const SWIFTSHADER: Self = Self([1, 0, 0]);
    /// Likewise, on one that has subgroups of eight invocations.
    pub const SUBGROUPS: Self = Self([5, 5, 3]);

    /// Where nothing was measured.
    #[must_use]
    pub fn usual(adapter: &Adapter) -> Self {
        match adapter {
            Adapter { software: true, has_subgroups_of_eight: true, .. } => Self::SUBGROUPS,
            Adapter { software: true, name, .. } if name.contains("SwiftShader") => Self::SWIFTSHADER,
            Adapter { software: true, .. } => Self::SOFTWARE,
            _ => Self::GPU,
        }
    }

    /// The first variant that an adapter cannot run, with its product.
    #[must_use]
    pub fn missing_on(self, adapter: &Adapter) -> Option<(Product, &'static str)> {
        let variant = |product: Product| (product, self.of(product));
        Product::ALL
            .into_iter()
            .map(variant)
            .find(|(_, variant)| !variant.runs_on(adapter))
            .map(|(product, variant)| (product, variant.name))
    }

    /// The variant of a product.
    #[must_use]
    pub fn of(self, product: Product) -> &'static Variant {
        // Without a GPU there is one choice, which the compiler then knows.
        let variants = if cfg!(feature = "gpu") { self } else { Self::SOFTWARE };
        &product.variants()[variants.index(product)]
    }

    /// Its place among the variants of the product.
    #[must_use]
    pub fn index(self, product: Product) -> usize {
        self.0[product as usize].into()
    }

    /// These, but with the variant at this place.
    #[must_use]
    pub fn with(self, product: Product, index: usize) -> Self {
        let mut all = self.0;
        all[product as usize] = index as u8;
        Self(all)
    }
}

/// `convolve=8x8,d_activations=8x8,d_weights=w64`.
#[cfg(feature = "gpu")]
impl fmt::Display for Variants {
    #[cold]
    #[inline(never)]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (product, separator) in Product::ALL.into_iter().zip(["", ",", ","]) {
            write!(f, "{separator}{}={}", product.name(), self.of(product).name)?;
        }
        Ok(())
    }
}

/// A text that names no variants.
#[cfg(feature = "gpu")]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VariantsError {
    #[error("\"{0}\" names no kernel with variants: there is convolve, d_activations, d_weights")]
    Kernel(String),
    #[error("{kernel} has no variant \"{name}\": there is {}", found.join(", "))]
    Variant { kernel: &'static str, name: String, found: Vec<&'static str> },
    #[error("{0} has no variant")]
    Missing(&'static str),
}

#[cfg(feature = "gpu")]
impl FromStr for Variants {
    type Err = VariantsError;

    /// All three products in the form of [`Variants`]' text.
    #[cold]
    #[inline(never)]
    fn from_str(text: &str) -> Result<Self, VariantsError> {
        let mut all = [None; 3];
        for part in text.split(',') {
            let (kernel, name) = part.split_once('=').ok_or_else(|| VariantsError::Kernel(part.to_owned()))?;
            let product = Product::ALL.into_iter().find(|product| product.name() == kernel);
            let product = product.ok_or_else(|| VariantsError::Kernel(kernel.to_owned()))?;
            let found = product.variants();
            let index = found.iter().position(|variant| variant.name == name);
            let index = index.ok_or_else(|| VariantsError::Variant {
                kernel: product.name(),
                name: name.to_owned(),
                found: found.iter().map(|variant| variant.name).collect(),
            })?;
            all[product as usize] = Some(index as u8);
        }
        let of = |product: Product| all[product as usize].ok_or(VariantsError::Missing(product.name()));
        Ok(Self([of(Product::Convolve)?, of(Product::DActivations)?, of(Product::DWeights)?]))
    }
}

/// Numbers on which the sources and the grids of kernels depend, besides the variants of products.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// Invocations of a workgroup, in kernels that do not say another number.
    pub lanes: u32,
    /// Whether each invocation writes its own number to `squares`. Otherwise a workgroup writes one.
    pub has_square_each: bool,
    /// Invocations of `d_masks` that share the terms of a unit.
    pub mask_lanes: u32,
    /// The workgroup of `sample` has the square of this many invocations.
    pub sample_row: u32,
    /// Invocations of `loss` for each mask; a multiple of 8.
    pub loss_lanes: u32,
    /// Invocations of `update_scores`; a divisor of 128 and a multiple of 8.
    pub score_lanes: u32,
    /// Most workgroups of a kernel that strides over its work: enough to occupy the adapter, and few enough that a sparse step does not start
    /// thousands without work.
    pub most_workgroups: u32,
    /// Most workgroups of a kernel that has a tile for each invocation; a multiple of 16.
    pub most_tiled: u32,
}

impl Sizes {
    pub const GPU: Self = Self {
        lanes: 64,
        has_square_each: false,
        mask_lanes: 64,
        sample_row: 16,
        loss_lanes: 128,
        score_lanes: 128,
        most_workgroups: 1024,
        // The most that a dispatch may have.
        most_tiled: 65_520,
    };

    /// For an adapter that computes on the CPU, and for the CPU engine.
    pub const SOFTWARE: Self = Self {
        // As many as run in lockstep. Every further one costs time, with and without work: SwiftShader takes 50 microseconds for a workgroup of 64
        // without work, and 75 for the same one with a barrier. llvmpipe compiles a kernel more slowly the more numbers its workgroup memory has.
        lanes: 8,
        // A sum within the workgroup would need a barrier, which would force a kernel's values out of registers.
        has_square_each: true,
        mask_lanes: 1,
        sample_row: 4,
        loss_lanes: 8,
        score_lanes: 8,
        most_workgroups: 16,
        // There a workgroup without a tile costs as much as a tile whose sums have one term.
        most_tiled: 16,
    };

    /// Those of an adapter.
    #[must_use]
    pub fn of(software: bool) -> Self {
        if software { Self::SOFTWARE } else { Self::GPU }
    }

    /// Invocations of a workgroup of a kernel in this variant.
    #[must_use]
    pub fn lanes_of(&self, variant: &Variant) -> u32 {
        if matches!(variant.tile, Tile::Workgroup { .. }) { WORKGROUP as u32 } else { self.lanes }
    }

    /// Numbers that a workgroup of so many invocations writes to `squares`.
    #[must_use]
    pub fn squares(&self, lanes: u32) -> u32 {
        if self.has_square_each { lanes } else { 1 }
    }

    #[cfg(feature = "gpu")]
    fn constants(&self, variant: Option<&Variant>) -> [(&'static str, u32); 6] {
        let lanes = variant.map_or(self.lanes, |variant| self.lanes_of(variant));
        [
            ("LANES", lanes),
            ("SQUARES", self.squares(lanes)),
            ("MASK_LANES", self.mask_lanes),
            ("SAMPLE_ROW", self.sample_row),
            ("LOSS_LANES", self.loss_lanes),
            ("SCORE_LANES", self.score_lanes),
        ]
    }
}

/// The first line of a source: its constants that depend on the adapter and on the variant. A line, so that places in the source remain easy to find.
#[cfg(feature = "gpu")]
#[must_use]
pub(super) fn constants(software: bool, variant: Option<&Variant>) -> String {
    let sizes = Sizes::of(software).constants(variant);
    let own = variant.map(Variant::constants).unwrap_or_default();
    let line: Vec<String> = sizes.into_iter().chain(own).map(|(name, value)| format!("const {name}: u32 = {value}u;")).collect();
    format!("{}\n", line.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_variants_names_them() {
        for (index, &of_weights) in [0, 1, 2].iter().enumerate() {
            let variants = Variants::GPU.with(Product::Convolve, index).with(Product::DWeights, of_weights);
            assert_eq!(variants.to_string().parse(), Ok(variants));
        }
        assert_eq!(Variants::SOFTWARE.to_string(), "convolve=8x16,d_activations=8x16,d_weights=8x8");
        assert_eq!(Variants::SWIFTSHADER.to_string(), "convolve=8x8,d_activations=4x4,d_weights=4x4");
        assert_eq!(Variants::SUBGROUPS.to_string(), "convolve=s16x64,d_activations=s16x64,d_weights=s32x16");
        assert_eq!(Variants::GPU.to_string(), "convolve=4x4,d_activations=4x4,d_weights=4x4");
        let refused = |text: &str| text.parse::<Variants>().unwrap_err().to_string();
        assert_eq!(refused("fast"), "\"fast\" names no kernel with variants: there is convolve, d_activations, d_weights");
        assert_eq!(refused("convolve=4x4,d_activations=8x8"), "d_weights has no variant");
        assert_eq!(refused("d_weights=8x16"), "d_weights has no variant \"8x16\": there is 4x4, 8x8, s32x8, s32x16, w32, w64");
    }

    #[test]
    fn grids_are_multiples_of_16() {
        for sizes in [Sizes::GPU, Sizes::SOFTWARE] {
            assert!(sizes.most_workgroups % 16 == 0 && sizes.most_tiled % 16 == 0, "{sizes:?}");
        }
    }

    #[test]
    fn tiles_cover_the_work() {
        let of = |name: &str| Product::Convolve.variants().iter().find(|variant| variant.name == name).unwrap();
        // 5 quads of units, 9 pixels of 7 quads of images.
        assert_eq!(of("4x4").invocations(5, 9, 7), 5 * 9 * 7);
        assert_eq!(of("8x16").invocations(5, 9, 7), 3 * 9 * 2);
        assert_eq!(of("s16x64").invocations(5, 9, 7), 2 * 9 * 8);
        assert_eq!(of("s16x64").invocations(5, 9, 17), 2 * 9 * 2 * 8);
        assert_eq!(of("w32").invocations(5, 9, 7), 8 * 64);
        assert_eq!(of("w64").invocations(17, 9, 7), 2 * 4 * 64);
    }
}
