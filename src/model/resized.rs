//! Names of networks of the same form with other widths or another depth.

use super::networks::{MOST_HIDDEN, Network, read};
use super::{Model, ModelError};

/// The depths of residual networks that [`Model::check_name`] knows: 6n + 2, and 6n + 4 of wide ones.
const RESNETS: [u32; 6] = [8, 14, 20, 26, 32, 38];
const WIDE_RESNETS: [u32; 6] = [10, 16, 22, 28, 34, 40];
/// Hidden layers of fully connected networks, as far as there may be so many; blocks of plain convolutional ones: each halves the image.
const HIDDEN: [u32; 4] = [1, 2, 4, 8];
const BLOCKS: [u32; 5] = [1, 2, 3, 4, 5];

/// A network of another size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resized {
    /// Its size: of widths the widest layer, of a wide residual network its factor, of mobilenet its first layer; of depths the hidden layers, the blocks, or the layers.
    pub size: u32,
    pub name: String,
}

fn joined(form: &str, widths: &[u32]) -> String {
    widths.iter().fold(form.to_owned(), |name, width| format!("{name}-{width}"))
}

/// In the order of their sizes, each size once.
fn sorted(mut all: Vec<Resized>) -> Vec<Resized> {
    all.sort_by_key(|one| one.size);
    all.dedup_by_key(|one| one.size);
    all
}

impl Model {
    /// Networks of the form of `name` with all widths multiplied by each of `factors` and rounded, at least 1, from the narrowest to the widest; none
    /// if the form has fixed widths.
    ///
    /// # Errors
    /// A name of no known form.
    pub fn of_widths(name: &str, factors: &[f64]) -> Result<Vec<Resized>, ModelError> {
        let network = read(name)?;
        let times = |width: u32, factor: f64| (f64::from(width) * factor).round().max(1.0) as u32;
        let plain = |form: &str, widths: &[u32]| {
            let of = |factor: &f64| {
                let widths: Vec<u32> = widths.iter().map(|&width| times(width, *factor)).collect();
                Some(Resized { size: *widths.iter().max()?, name: joined(form, &widths) })
            };
            factors.iter().filter_map(of).collect()
        };
        Ok(sorted(match network {
            Network::Mlp(widths) => plain("mlp", &widths),
            Network::Cnn(widths) => plain("cnn", &widths),
            Network::WideResnet(blocks, own) => {
                let of = |factor: &f64| times(own, *factor);
                factors.iter().map(of).map(|size| Resized { size, name: format!("wrn-{}-{size}", 6 * blocks + 4) }).collect()
            }
            Network::Mobilenet(own) => {
                let of = |factor: &f64| times(own, *factor);
                factors.iter().map(of).map(|size| Resized { size, name: format!("mobilenet-{size}") }).collect()
            }
            Network::Vgg16 | Network::Resnet(_) => Vec::new(),
        }))
    }

    /// Networks of the form of `name` with other depths and with its own, from the shallowest to the deepest; none if the form has one depth. Layers
    /// that are added to a fully connected or a plain convolutional network have the width of its last one.
    ///
    /// # Errors
    /// A name of no known form.
    pub fn of_depths(name: &str) -> Result<Vec<Resized>, ModelError> {
        let network = read(name)?;
        let plain = |form: &str, widths: &[u32], depths: &[u32]| {
            let Some(&last) = widths.last() else { return Vec::new() };
            let depth = |size: u32| {
                let widths: Vec<u32> = widths.iter().copied().chain(std::iter::repeat(last)).take(size as usize).collect();
                Resized { size, name: joined(form, &widths) }
            };
            depths.iter().copied().chain([widths.len() as u32]).map(depth).collect()
        };
        let layers = |depths: &[u32], named: &dyn Fn(u32) -> String| {
            depths.iter().map(|&size| Resized { size, name: named(size) }).collect::<Vec<_>>()
        };
        Ok(sorted(match network {
            Network::Mlp(widths) => plain("mlp", &widths, &HIDDEN.map(|depth| depth.min(MOST_HIDDEN as u32))),
            Network::Cnn(widths) => plain("cnn", &widths, &BLOCKS),
            Network::Resnet(_) => layers(&RESNETS, &|depth| format!("resnet{depth}")),
            Network::WideResnet(_, factor) => layers(&WIDE_RESNETS, &|depth| format!("wrn-{depth}-{factor}")),
            Network::Vgg16 | Network::Mobilenet(_) => Vec::new(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(all: Vec<Resized>) -> Vec<String> {
        all.into_iter().map(|one| format!("{} {}", one.size, one.name)).collect()
    }

    #[test]
    fn widths_are_multiplied_and_each_size_comes_once() {
        let widths = |name: &str| names(Model::of_widths(name, &[0.25, 0.5, 1.0, 2.0]).unwrap());
        assert_eq!(widths("mlp-512-256"), ["128 mlp-128-64", "256 mlp-256-128", "512 mlp-512-256", "1024 mlp-1024-512"]);
        assert_eq!(widths("cnn-2"), ["1 cnn-1", "2 cnn-2", "4 cnn-4"]);
        assert_eq!(widths("wrn-16-4"), ["1 wrn-16-1", "2 wrn-16-2", "4 wrn-16-4", "8 wrn-16-8"]);
        assert_eq!(widths("mobilenet"), ["8 mobilenet-8", "16 mobilenet-16", "32 mobilenet-32", "64 mobilenet-64"]);
        assert!(["vgg16", "resnet20", "mlp"].into_iter().all(|name| widths(name).is_empty()));
        assert!(Model::of_widths("vgg19", &[1.0]).is_err());
    }

    #[test]
    fn depths_have_names_that_are_read() {
        let depths = |name: &str| names(Model::of_depths(name).unwrap());
        assert_eq!(depths("mlp-9-8-7"), ["1 mlp-9", "2 mlp-9-8", "3 mlp-9-8-7", "4 mlp-9-8-7-7", "8 mlp-9-8-7-7-7-7-7-7"]);
        assert_eq!(depths("cnn-4-6"), ["1 cnn-4", "2 cnn-4-6", "3 cnn-4-6-6", "4 cnn-4-6-6-6", "5 cnn-4-6-6-6-6"]);
        assert!(depths("vgg16").is_empty() && depths("mlp").is_empty());
        for name in ["mlp-9-8-7", "cnn-4-6", "resnet20", "wrn-16-4"] {
            let all = Model::of_depths(name).unwrap();
            assert!(all.iter().any(|one| one.name == name) && all.len() > 4, "{all:?}");
            assert!(all.iter().all(|one| Model::check_name(&one.name).is_ok()), "{all:?}");
        }
    }
}
