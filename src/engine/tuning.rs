//! Which variants of the kernels are fastest on this device, for the shapes of a network.

use bytemuck::Zeroable;

use crate::device::{Adapter, DeviceError, Kernel, Product, Variants};
use crate::shared::{MISSING, Sample, State, Step};

use super::dispatches::Dispatch;
use super::step::Phase;
use super::{Engine, SLOTS};

/// Target time of one timed submit, in milliseconds.
const BURST_MS: f64 = 4.0;
/// Timed submits of each variant: the shortest counts.
const TURNS: usize = 3;
/// A variant replaces another one if it takes less than this share of its time. The rest is noise.
const CLEARLY: f64 = 0.97;

/// How long variants are timed, in milliseconds. `software`: on an adapter that computes on the CPU, which takes longer to compile one.
#[must_use]
pub fn limit_ms(software: bool) -> f64 {
    if software { 2000.0 } else { 300.0 }
}

/// A variant that was timed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Timed {
    pub product: Product,
    /// The name of the variant.
    pub variant: &'static str,
    /// Milliseconds of all dispatches of the product in a step.
    pub ms: f64,
}

/// The variants that were found to be the fastest.
#[derive(Clone, Debug, PartialEq)]
pub struct Tuned {
    pub variants: Variants,
    /// Every variant that was timed, in that order.
    pub timed: Vec<Timed>,
    /// How long it took, in milliseconds.
    pub ms: f64,
}

/// Times the variants of one product after the other and takes the fastest of each. The usual ones come first. Each product has an equal part of the
/// time that is left, and a variant is begun only within it. The usual ones are always timed.
/// `time` gives milliseconds, or `None` if the device cannot run the variant. `clock` gives milliseconds.
///
/// # Errors
/// The first error of `time`.
async fn choose<E>(
    adapter: &Adapter,
    limit_ms: f64,
    clock: &dyn Fn() -> f64,
    mut time: impl AsyncFnMut(Product, Variants) -> Result<Option<f64>, E>,
) -> Result<Tuned, E> {
    let begin = clock();
    let usual = Variants::usual(adapter);
    let mut tuned = Tuned { variants: usual, timed: Vec::new(), ms: 0.0 };
    for (before, product) in Product::ALL.into_iter().enumerate() {
        let now = clock();
        let end = now + (limit_ms - (now - begin)) / (Product::ALL.len() - before) as f64;
        let first = usual.index(product);
        let others = product.candidates(adapter).filter(|&index| index != first);
        let mut least = f64::INFINITY;
        for index in std::iter::once(first).chain(others) {
            if least.is_finite() && clock() >= end {
                break;
            }
            let variants = tuned.variants.with(product, index);
            let Some(ms) = time(product, variants).await? else { continue };
            tuned.timed.push(Timed { product, variant: variants.of(product).name, ms });
            if ms < least * if least.is_finite() { CLEARLY } else { 1.0 } {
                (least, tuned.variants) = (ms, variants);
            }
        }
    }
    tuned.ms = clock() - begin;
    Ok(tuned)
}

impl Engine {
    /// Finds the fastest variants for steps with the scores on the device, and uses them from now on, within about `limit_ms`. The network must be
    /// before its first step. `clock` gives milliseconds. The CPU engine has one version of each kernel.
    ///
    /// # Errors
    /// The device is lost or refused a command.
    pub async fn tune(&mut self, limit_ms: f64, clock: &dyn Fn() -> f64) -> Result<Tuned, DeviceError> {
        if self.machine.cpu_clock().is_some() {
            return Ok(Tuned { variants: self.variants, timed: Vec::new(), ms: 0.0 });
        }
        // The kernels' work depends on what a draw keeps, and on nothing else.
        let images = vec![Sample { row: MISSING, view: 0 }; self.params.batch_size as usize];
        self.begin(Step::zeroed(), &images);
        self.send(&|line| matches!(line.phase, Phase::Sample | Phase::Pack), self.params.learn_scores);
        let adapter = self.machine.adapter.clone();
        let tuned = choose(&adapter, limit_ms, clock, async |product, variants| self.time_product(product, variants, clock).await).await?;
        self.use_variants(tuned.variants)?;
        self.write(&self.buffers.state, &[State::zeroed()]);
        Ok(tuned)
    }

    /// Milliseconds of a product's dispatches in a step, after a draw. `None` if there are none, or if the device refuses the variant.
    async fn time_product(&mut self, product: Product, variants: Variants, clock: &dyn Fn() -> f64) -> Result<Option<f64>, DeviceError> {
        if let Some(gpu) = self.machine.gpu() {
            let names = self.plan.names().filter(|name| Product::of(name) == Some(product));
            let kernels: Vec<Kernel> = names.map(|name| Kernel::new(name, variants)).collect();
            match gpu.prepare(&kernels).await {
                Err(DeviceError::Kernel { .. }) => return Ok(None),
                other => other?,
            }
        }
        self.use_variants(variants)?;
        let of = |dispatch: &&Dispatch| Product::of(dispatch.line.name) == Some(product);
        let dispatches: Vec<&Dispatch> = self.training_step().into_iter().filter(of).collect();
        if dispatches.is_empty() {
            return Ok(None);
        }
        let run = async |times: usize| {
            let begin = clock();
            let mut encoder = self.machine.encoder("variants");
            self.encode(&dispatches, times, &mut encoder);
            encoder.submit();
            self.read_first::<u32>(&self.buffers.state, 4).await?;
            Ok::<f64, DeviceError>((clock() - begin) / times as f64)
        };
        // The first run may still compile.
        run(1).await?;
        let mut least = run(1).await?;
        let times = (BURST_MS / least.max(1e-3)).clamp(1.0, SLOTS.into()) as usize;
        // A long submit shows its time at once.
        for _ in 1..if times == 1 { 2 } else { TURNS } {
            least = least.min(run(times).await?);
        }
        Ok(Some(least))
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    /// Runs a future that never waits.
    fn now<T>(future: impl Future<Output = T>) -> T {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => value,
            Poll::Pending => panic!("nothing here waits"),
        }
    }

    fn gpu() -> Adapter {
        Adapter { software: false, ..Adapter::cpu() }
    }

    fn software() -> Adapter {
        Adapter { software: true, ..Adapter::cpu() }
    }

    fn subgroups() -> Adapter {
        Adapter { has_subgroups_of_eight: true, ..software() }
    }

    /// The choice on a pretended device: each variant takes `ms` once it runs, and timing it takes `cost`.
    fn chosen(adapter: &Adapter, limit_ms: f64, cost: f64, ms: impl Fn(Product, &str) -> Option<f64>) -> Tuned {
        let clock = Cell::new(0.0);
        now(choose(adapter, limit_ms, &|| clock.get(), async |product, variants: Variants| {
            clock.set(clock.get() + cost);
            Ok::<_, DeviceError>(ms(product, variants.of(product).name))
        }))
        .unwrap()
    }

    #[test]
    fn on_a_fast_gpu_every_variant_is_timed_and_the_fastest_taken() {
        let tuned = chosen(&gpu(), 300.0, 5.0, |product, name| match (product, name) {
            (Product::DWeights, "w32") | (_, "w64") => Some(0.2),
            (Product::DActivations, "8x8") => Some(0.1),
            _ => Some(1.0),
        });
        assert_eq!(tuned.variants.to_string(), "convolve=w64,d_activations=8x8,d_weights=w32");
        assert_eq!(tuned.timed.len(), Product::ALL.iter().map(|product| product.candidates(&gpu()).count()).sum::<usize>());
        assert!(tuned.ms <= 300.0);
    }

    #[test]
    fn on_a_slow_device_the_time_is_bounded_and_each_product_has_its_part() {
        for (adapter, limit_ms, cost) in
            [(gpu(), 300.0, 40.0), (software(), 2000.0, 400.0), (subgroups(), 2000.0, 400.0), (gpu(), 300.0, 500.0)]
        {
            let usual = Variants::usual(&adapter);
            let tuned = chosen(&adapter, limit_ms, cost, |_, _| Some(1.0));
            assert_eq!(tuned.variants, usual, "what is no faster is not taken");
            // The usual variant of each product is always timed.
            assert!(tuned.ms <= limit_ms.max(2.0 * cost) + cost, "{} of {limit_ms} ms", tuned.ms);
            for product in Product::ALL {
                let names: Vec<_> = tuned.timed.iter().filter(|timed| timed.product == product).map(|timed| timed.variant).collect();
                assert_eq!(names[0], usual.of(product).name);
            }
        }
    }

    #[test]
    fn a_variant_that_the_device_refuses_is_left_out() {
        let tuned = chosen(&gpu(), 300.0, 1.0, |_, name| (!name.starts_with('w')).then_some(if name == "8x8" { 0.5 } else { 1.0 }));
        assert_eq!(tuned.variants.to_string(), "convolve=8x8,d_activations=8x8,d_weights=4x4");
        assert!(tuned.timed.iter().all(|timed| !timed.variant.starts_with('w')));
    }

    #[test]
    fn each_adapter_gets_the_variants_that_it_can_run() {
        let names = |adapter: &Adapter| {
            let tuned = chosen(adapter, f64::INFINITY, 1.0, |_, _| Some(1.0));
            let names = |product: Product| {
                let of = tuned.timed.iter().filter(|timed| timed.product == product);
                of.map(|timed| timed.variant).collect::<Vec<_>>().join(" ")
            };
            Product::ALL.map(names)
        };
        assert_eq!(names(&gpu()), ["4x4 8x8 4x16 w32 w64", "4x4 8x8 4x16 w32 w64", "4x4 w32 w64"]);
        assert_eq!(names(&software()), ["8x16 4x4 8x8 4x16 w32 w64", "8x16 4x4 8x8 4x16 w32 w64", "8x8 4x4 w32 w64"]);
        assert_eq!(
            names(&subgroups()),
            ["s16x64 4x4 8x8 4x16 8x16 s8x64 w32 w64", "s16x64 4x4 8x8 4x16 8x16 s8x64 w32 w64", "s32x16 4x4 8x8 s32x8 w32 w64"]
        );
        // A GPU may have subgroups of eight, but its kernels do not place neighbouring work in them.
        assert_eq!(names(&Adapter { has_subgroups_of_eight: true, ..gpu() }), names(&gpu()));
        assert_eq!(Variants::SUBGROUPS.missing_on(&software()), Some((Product::Convolve, "s16x64")));
        assert_eq!(Variants::SUBGROUPS.missing_on(&subgroups()), None);
    }

    #[test]
    fn noise_does_not_change_the_choice() {
        let tuned = chosen(&gpu(), 300.0, 1.0, |_, name| Some(if name == "4x4" { 1.0 } else { 0.98 }));
        assert_eq!(tuned.variants, Variants::GPU);
    }
}
