//! The points of a sweep: which networks are timed, and in which order.

use lacuna::config::{Config, Kind, setting};
use lacuna::model::Model;

use crate::cli::CliError;
use crate::cli::arguments::{Request, Sweep};
use crate::cli::bench::timing::{Pace, network};

/// Multiples of the widths, and of the batch size.
const WIDTHS: [f64; 5] = [0.125, 0.25, 0.5, 1.0, 2.0];
const BATCHES: [f64; 6] = [0.125, 0.25, 0.5, 1.0, 2.0, 4.0];

/// A network that is timed: dense and at its keep ratios.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Shape {
    pub(super) config: Config,
    /// From the lowest to the highest.
    pub(super) keep_ratios: Vec<f64>,
    /// Multiply-adds of a dense step on the whole batch.
    pub(super) work: f64,
}

/// A point of a curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Point {
    pub(super) sweep: Sweep,
    /// Of what changes.
    pub(super) value: f64,
    /// Its shape in the plan.
    pub(super) shape: usize,
    /// `None`: the dense step.
    pub(super) keep_ratio: Option<f64>,
}

/// Points that are not measured, and why.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct LeftOut {
    pub(super) sweep: Sweep,
    pub(super) value: f64,
    pub(super) model: String,
    pub(super) batch_size: u32,
    pub(super) reason: String,
}

impl LeftOut {
    pub(super) fn words(&self) -> String {
        let Self { sweep, value, model, batch_size, reason } = self;
        // A sweep of keep ratios has one network.
        let value = if *sweep == Sweep::KeepRatio { "all".to_owned() } else { value_words(*value) };
        format!("left out: {} {value} ({model}, batch {batch_size}): {reason}", sweep.words())
    }
}

/// Everything that is to be measured.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Plan {
    /// Smallest first, by [`Shape::work`].
    pub(super) shapes: Vec<Shape>,
    /// By sweep, by value, dense before sparse.
    pub(super) points: Vec<Point>,
    pub(super) left_out: Vec<LeftOut>,
}

/// A value of a sweep as text.
pub(super) fn value_words(value: f64) -> String {
    format!("{}", (value * 1e6).round() / 1e6)
}

impl Plan {
    /// `keep_ratios`: those of a sweep of keep ratios.
    ///
    /// # Errors
    /// The network of `base` itself cannot be built.
    pub(super) fn new(base: &Config, keep_ratios: &[f64], request: &Request) -> Result<Self, CliError> {
        network(base)?;
        let mut plan = Self { shapes: Vec::new(), points: Vec::new(), left_out: Vec::new() };
        for &sweep in &request.sweeps {
            let mut ratios = if sweep == Sweep::KeepRatio { keep_ratios.to_vec() } else { vec![request.keep_ratio] };
            ratios.sort_by(f64::total_cmp);
            ratios.dedup();
            for (value, config) in configs(base, sweep)? {
                plan.add(sweep, value, &config, &ratios);
            }
        }
        plan.sort();
        Ok(plan)
    }

    /// Adds the points of a network, which is one shape for all sweeps that have it.
    fn add(&mut self, sweep: Sweep, value: f64, config: &Config, keep_ratios: &[f64]) {
        let work = match network(config) {
            Ok((_, model)) => model.multiply_adds(&model.sizes(), None).total() as f64 * f64::from(config.batch_size),
            Err(error) => {
                self.leave_out(sweep, value, config, error.to_string());
                return;
            }
        };
        let known = self.shapes.iter().position(|shape| shape.config == *config);
        let shape = known.unwrap_or_else(|| {
            self.shapes.push(Shape { config: config.clone(), keep_ratios: Vec::new(), work });
            self.shapes.len() - 1
        });
        let own = &mut self.shapes[shape].keep_ratios;
        own.extend(keep_ratios.iter().copied().filter(|ratio| !own.contains(ratio)).collect::<Vec<_>>());
        own.sort_by(f64::total_cmp);
        self.points.push(Point { sweep, value, shape, keep_ratio: None });
        for &ratio in keep_ratios {
            let value = if sweep == Sweep::KeepRatio { ratio } else { value };
            self.points.push(Point { sweep, value, shape, keep_ratio: Some(ratio) });
        }
    }

    fn leave_out(&mut self, sweep: Sweep, value: f64, config: &Config, reason: String) {
        let (model, batch_size) = (config.model.clone(), config.batch_size);
        self.left_out.push(LeftOut { sweep, value, model, batch_size, reason });
    }

    /// Names the points of a shape that could not be measured.
    pub(super) fn leave_out_shape(&mut self, shape: usize, reason: &str) {
        let config = self.shapes[shape].config.clone();
        let of: Vec<Point> = self.points.iter().copied().filter(|point| point.shape == shape && point.keep_ratio.is_none()).collect();
        for point in of {
            self.leave_out(point.sweep, point.value, &config, reason.to_owned());
        }
    }

    /// Leaves out the shapes for which there is a reason.
    pub(super) fn without(&mut self, reason: impl Fn(&Shape) -> Option<String>) {
        let reasons: Vec<Option<String>> = self.shapes.iter().map(reason).collect();
        for (shape, reason) in reasons.iter().enumerate() {
            if let Some(reason) = reason {
                self.leave_out_shape(shape, reason);
            }
        }
        self.points.retain(|point| reasons[point.shape].is_none());
        for point in &mut self.points {
            point.shape -= reasons[..point.shape].iter().flatten().count();
        }
        let mut each = reasons.iter();
        self.shapes.retain(|_| each.next().is_some_and(Option::is_none));
    }

    /// Puts the smallest shape first.
    fn sort(&mut self) {
        let mut order: Vec<usize> = (0..self.shapes.len()).collect();
        order.sort_by(|&a, &b| self.shapes[a].work.total_cmp(&self.shapes[b].work));
        for point in &mut self.points {
            point.shape = order.iter().position(|&shape| shape == point.shape).expect("the order has every shape");
        }
        self.shapes = order.into_iter().map(|shape| self.shapes[shape].clone()).collect();
    }

    /// Values of all curves.
    pub(super) fn values(&self) -> usize {
        self.points.iter().filter(|point| point.keep_ratio.is_some()).count()
    }

    /// About how many milliseconds the measurements take, if a dense step of the smallest shape takes `smallest_ms` and time follows the multiply-adds.
    pub(super) fn expected_ms(&self, smallest_ms: f64, pace: Pace, steps_a_submit: u32) -> f64 {
        let rate = self.shapes.first().map_or(1.0, |shape| shape.work) / smallest_ms;
        let of_case = |step_ms: f64| {
            let submit = step_ms.max(pace.submit_ms.min(step_ms * f64::from(steps_a_submit)));
            // Two steps warm up. A turn times a submit, and the phases of another one.
            [2.0 * step_ms, 2.0 * submit]
        };
        let of_shape = |shape: &Shape| {
            let dense_ms = shape.work / rate;
            // A sparse step has a second forward pass, and at least its kept share of the work.
            let steps = std::iter::once(dense_ms).chain(shape.keep_ratios.iter().map(|ratio| dense_ms * ratio));
            let [first, turn] = steps.map(of_case).fold([0.0, 0.0], |sum, case| [sum[0] + case[0], sum[1] + case[1]]);
            let turns = turn * f64::from(pace.most_turns());
            first + if pace.repeats.is_some() { turns } else { turns.min(pace.most_ms.max(turn)) }
        };
        self.shapes.iter().map(of_shape).sum()
    }
}

/// The settings of the points of a sweep, each with its value, in order. A sweep of keep ratios has one network, whose dense step has the value 1.
fn configs(base: &Config, sweep: Sweep) -> Result<Vec<(f64, Config)>, CliError> {
    let named = |all: Vec<lacuna::model::Resized>| {
        all.into_iter().map(|one| (f64::from(one.size), Config { model: one.name, ..base.clone() })).collect::<Vec<_>>()
    };
    let sized = |all: Result<_, lacuna::model::ModelError>| all.map_err(lacuna::config::ConfigError::from);
    Ok(match sweep {
        Sweep::KeepRatio => vec![(1.0, base.clone())],
        Sweep::Width => named(sized(Model::of_widths(&base.model, &WIDTHS))?),
        Sweep::Depth => named(sized(Model::of_depths(&base.model))?),
        Sweep::Batch => {
            let Ok(Kind::Count { min, max }) = setting("batch_size").map(|setting| setting.kind) else { unreachable!("it is a count") };
            let of = |factor: f64| (f64::from(base.batch_size) * factor).round().clamp(min as f64, max as f64);
            let mut batches = BATCHES.map(of).to_vec();
            batches.dedup();
            batches.into_iter().map(|batch| (batch, Config { batch_size: batch as u32, ..base.clone() })).collect()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::arguments::Named;

    fn base(model: &str) -> Config {
        Config { model: model.to_owned(), batch_size: 16, ..Config::default() }
    }

    fn plan(model: &str, named: &str) -> Plan {
        Plan::new(&base(model), &[0.5, 0.1], &Request::new(Named::read(named).unwrap(), model, None, None).unwrap()).unwrap()
    }

    #[test]
    fn a_sweep_of_keep_ratios_is_one_network() {
        let plan = plan("mlp-32", "keep-ratio");
        assert_eq!((plan.shapes.len(), plan.values()), (1, 2));
        assert_eq!(plan.shapes[0].keep_ratios, [0.1, 0.5]);
        let points: Vec<_> = plan.points.iter().map(|point| (point.value, point.keep_ratio)).collect();
        assert_eq!(points, [(1.0, None), (0.1, Some(0.1)), (0.5, Some(0.5))]);
    }

    #[test]
    fn sweeps_share_networks_and_the_smallest_comes_first() {
        let plan = plan("mlp-32", "all");
        let names: Vec<String> = plan.shapes.iter().map(|shape| format!("{} {}", shape.config.model, shape.config.batch_size)).collect();
        // Five widths, three more depths than its own, five more batch sizes than its own.
        assert_eq!(names.len(), 5 + 3 + 5, "{names:?}");
        assert!(plan.shapes.windows(2).all(|pair| pair[0].work <= pair[1].work), "{names:?}");
        let own = plan.shapes.iter().find(|shape| shape.config == base("mlp-32")).unwrap();
        assert_eq!(own.keep_ratios, [0.1, 0.5]);
        let at = |sweep: Sweep| {
            plan.points.iter().filter(move |point| point.sweep == sweep && point.keep_ratio.is_none()).map(|point| point.value)
        };
        assert_eq!(at(Sweep::Width).collect::<Vec<_>>(), [4.0, 8.0, 16.0, 32.0, 64.0]);
        assert_eq!(at(Sweep::Depth).collect::<Vec<_>>(), [1.0, 2.0, 4.0, 8.0]);
        assert_eq!(at(Sweep::Batch).collect::<Vec<_>>(), [2.0, 4.0, 8.0, 16.0, 32.0, 64.0]);
        for point in &plan.points {
            let shape = &plan.shapes[point.shape];
            assert!(point.keep_ratio.is_none_or(|ratio| shape.keep_ratios.contains(&ratio)));
            if point.sweep == Sweep::Batch {
                assert_eq!(f64::from(shape.config.batch_size), point.value);
            }
        }
        assert!(plan.left_out.is_empty());
    }

    #[test]
    fn a_network_that_cannot_be_built_is_named_and_left_out() {
        let plan = plan("mlp-32768", "width");
        assert_eq!(plan.shapes.len(), 4);
        let words: Vec<String> = plan.left_out.iter().map(LeftOut::words).collect();
        assert!(words.len() == 1 && words[0].starts_with("left out: width 65536 (mlp-65536, batch 16): "), "{words:?}");
        let mut plan = self::plan("mlp-32", "keep-ratio,width");
        let own = plan.shapes.iter().position(|shape| shape.config == base("mlp-32")).unwrap();
        plan.leave_out_shape(own, "too large");
        let words: Vec<String> = plan.left_out.iter().map(LeftOut::words).collect();
        assert_eq!(words, ["left out: keep ratio all (mlp-32, batch 16): too large", "left out: width 32 (mlp-32, batch 16): too large"]);
    }

    #[test]
    fn shapes_that_do_not_fit_are_left_out_with_their_points() {
        let mut plan = plan("mlp-32", "keep-ratio,width");
        let whole = plan.clone();
        plan.without(|shape| (shape.config.model == "mlp-8").then(|| "it does not fit".to_owned()));
        assert_eq!((plan.shapes.len(), plan.values()), (whole.shapes.len() - 1, whole.values() - 1));
        assert_eq!(plan.left_out.iter().map(LeftOut::words).collect::<Vec<_>>(), ["left out: width 8 (mlp-8, batch 16): it does not fit"]);
        for point in &plan.points {
            let before = whole.points.iter().find(|other| other.value == point.value && other.sweep == point.sweep).unwrap();
            assert_eq!(plan.shapes[point.shape], whole.shapes[before.shape]);
        }
    }

    #[test]
    fn the_expected_time_follows_the_work_and_is_bounded() {
        let plan = plan("mlp-32", "keep-ratio,width");
        let pace = Pace { submit_ms: 100.0, turns: 3, most_ms: 1e9, repeats: None, weighs_memory: false };
        let expected = |ms: f64, pace: Pace| plan.expected_ms(ms, pace, 64);
        assert!(expected(1.0, pace) < expected(2.0, pace));
        assert!(expected(1.0, Pace { turns: 6, ..pace }) > expected(1.0, pace));
        let bounded = Pace { most_ms: 10.0, ..pace };
        assert!(expected(1.0, bounded) < expected(1.0, pace));
        assert_eq!(expected(1.0, Pace { repeats: Some(3), ..bounded }), expected(1.0, pace), "given repeats are all made");
    }
}
