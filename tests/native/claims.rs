//! The claims of the page about the method: each is trained to its end with the page's experiment. The rules that decide are those of
//! `www/features/claims/model.ts`.

use std::path::Path;
use std::rc::Rc;

use pollster::block_on;

use lacuna::config::{Config, DatasetName};
use lacuna::data::catalogue::MNIST;
use lacuna::data::fetch::fetch;
use lacuna::data::{Dataset, load};
use lacuna::device::Machine;
use lacuna::engine::SLOTS;
use lacuna::estimator_lab::{Lab, Rule};
use lacuna::estimators::Estimator;
use lacuna::trainer::{DataShape, Evaluation, Trainer};

/// The links of the experiments of the page's claims.
const LINKS: &str = include_str!("../../www/model/suggestions.ts");
/// Differences smaller than this many standard errors count as chance.
const SURE: f64 = 2.0;

/// The link of the claim with this name, with the default value of the setting `without`.
fn link(claim: &str, without: &str) -> String {
    let table = LINKS.split_once("CLAIMED = {").unwrap().1.split_once("};").unwrap().0;
    let line =
        table.lines().find(|line| line.trim().trim_start_matches('\'').starts_with(claim)).unwrap_or_else(|| panic!("no claim {claim}"));
    // A link ends with a quote, or with the settings of the paper after a backquote.
    let query = line.rsplit(['\'', '`']).nth(1).unwrap().replace("${OF_PAPER}", of_paper());
    query.split('&').filter(|pair| without.is_empty() || !pair.starts_with(&format!("{without}="))).collect::<Vec<_>>().join("&")
}

/// The settings of the paper, as the page has them.
fn of_paper() -> &'static str {
    LINKS.split_once("OF_PAPER = '").unwrap().1.split_once('\'').unwrap().0
}

fn set_of(config: &Config) -> Dataset {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
    if config.dataset == DatasetName::Mnist {
        fetch(&MNIST, &data, &mut |_| {}).unwrap_or_else(|error| panic!("the data set {} could not be fetched: {error}", MNIST.name));
    }
    load(config.dataset, &data, config.seed).unwrap_or_else(|error| panic!("{error}"))
}

/// A run at its end.
struct Outcome {
    set: Dataset,
    run: Trainer,
    decided: Vec<bool>,
    evaluation: Evaluation,
}

fn train(query: &str) -> Outcome {
    let config = Config::from_link(query).unwrap();
    let set = set_of(&config);
    let machine: Rc<Machine> = Machine::of_cpu(|| 0.0);
    let mut run = Trainer::new(&machine, config, DataShape::of(&set)).unwrap();
    run.load_all(&set);
    while run.step() < run.steps() {
        block_on(run.advance(SLOTS)).unwrap();
    }
    let decided = block_on(run.snapshot()).unwrap().decided;
    let evaluation = block_on(run.evaluate(u32::MAX, |_, _| {})).unwrap();
    Outcome { set, run, decided, evaluation }
}

impl Outcome {
    /// Inputs that the decided mask keeps, and how many of them are `within`.
    fn inputs_kept(&self, within: impl Fn(usize) -> bool) -> (f64, f64) {
        let inputs = self.run.whole.groups[0].size as usize;
        let kept: Vec<usize> = (0..inputs).filter(|&input| self.decided[input]).collect();
        (kept.len() as f64, kept.iter().filter(|&&input| within(input)).count() as f64)
    }
}

/// The difference of two accuracies, in standard errors.
fn apart(a: &Evaluation, b: &Evaluation) -> f64 {
    let variance = |found: &Evaluation| found.decided * (1.0 - found.decided) / f64::from(found.images);
    (a.decided - b.decided) / (variance(a) + variance(b)).sqrt()
}

#[test]
fn the_mask_finds_the_digits() {
    let run = train(&link("digits", ""));
    let (kept, inside) = run.inputs_kept(|input| [input % 28, input / 28].iter().all(|at| (4..24).contains(at)));
    let chance = 400.0 / 784.0;
    let errors = (inside / kept - chance) / (chance * (1.0 - chance) / kept).sqrt();
    assert!(errors > SURE, "{inside} of {kept} kept pixels are in the middle: {errors} standard errors over chance");
}

#[test]
fn reinforce_finds_fewer_inputs_than_vrpge() {
    let (one, two) = (train(&link("reinforce", "")), train(&link("reinforce", "method")));
    let found = |run: &Outcome| run.inputs_kept(|input| run.set.informative.as_ref().unwrap()[input]).1;
    assert!(found(&two) >= 2.0 * found(&one), "REINFORCE finds {}, VR-PGE {}", found(&one), found(&two));
    assert!(apart(&two.evaluation, &one.evaluation) > SURE, "{:?} and {:?}", one.evaluation, two.evaluation);
}

#[test]
fn a_small_dense_network_is_hard_to_beat() {
    let (small, learned) = (train(&link("small-dense", "")), train(&link("small-dense", "method")));
    let errors = apart(&learned.evaluation, &small.evaluation);
    assert!(errors <= SURE, "the learned mask is {errors} standard errors ahead");
}

#[test]
fn a_low_structure_rate_ends_far_behind() {
    let (slow, usual) = (train(&link("slow-rate", "")), train(&link("slow-rate", "scores_rate")));
    assert!(usual.evaluation.decided - slow.evaluation.decided >= 0.1, "{:?} and {:?}", slow.evaluation, usual.evaluation);
    assert!(apart(&usual.evaluation, &slow.evaluation) > SURE, "{:?} and {:?}", slow.evaluation, usual.evaluation);
}

#[test]
fn the_first_order_says_nothing_and_the_second_finds_the_units() {
    assert_eq!(link("first-order", ""), link("second-order", ""), "one run serves both claims");
    let mut frozen = train(&link("first-order", ""));
    let mut lab = block_on(Lab::new(&mut frozen.run, true)).unwrap();
    block_on(lab.draw(512)).unwrap();
    let report = lab.report().unwrap();
    let at = |rule| report.rows.iter().find(|row| row.rule == rule && row.alpha == 0.5).unwrap();
    let [two, first, second] = [Rule::Of(Estimator::TwoSided), Rule::FirstOrder, Rule::SecondOrder].map(at);
    assert!(first.mean_cosine < 0.3 && second.mean_cosine > first.mean_cosine + 0.3, "{first:?} {second:?}");
    assert!(second.cosine > 3.0 * two.cosine && second.mean_cosine > 0.4, "{two:?} {second:?}");
}

#[test]
fn the_variance_grows_at_alpha_0() {
    let mut frozen = train(&link("alpha", ""));
    // The page freezes the network before its last step, whose rows have arrived.
    let mut lab = block_on(Lab::new(&mut frozen.run, false)).unwrap();
    while block_on(lab.enumerate(256)).unwrap() > 0 {}
    block_on(lab.draw(256)).unwrap();
    let report = lab.report().unwrap();
    let growth = |alpha: f64| {
        let row = report.rows.iter().find(|row| row.rule == Rule::Of(Estimator::TwoSided) && row.alpha == alpha).unwrap();
        let variance = |low: Option<f64>| {
            let mut filled = row.bins.iter().filter(|bin| bin.units > 0 && bin.summary.is_some());
            filled.find(|bin| low.is_none_or(|low| bin.low == low)).and_then(|bin| bin.summary.as_ref()).unwrap().variance
        };
        variance(None) / variance(Some(0.1))
    };
    assert!(growth(0.0) > 4.0 && growth(0.5) < 2.0, "{}-fold at alpha 0, {}-fold at 1/2", growth(0.0), growth(0.5));
}
