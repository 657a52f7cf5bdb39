//! The curves of a run in bounded memory. Each row averages consecutive steps. If there are too many rows, each two are joined.

use crate::schedule::step_at;
use crate::snapshot::Snapshot;
use crate::trainer::Trainer;

/// Most rows of the curves.
pub(super) const MOST_ROWS: usize = 4096;

/// The values of a row. `true`: the mean over its steps; `false`: the value after its last step.
pub const COLUMNS: [(&str, bool); 11] = [
    ("loss", true),
    ("probe_loss", true),
    ("accuracy", true),
    ("gradient_norm", true),
    ("sum_scores", false),
    ("budget", false),
    ("threshold", false),
    ("learning_rate", false),
    ("scores_rate", false),
    ("multiply_adds", false),
    ("seconds", false),
];

/// Consecutive steps of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row {
    /// How many steps.
    pub steps: u32,
    /// The number of the last one.
    pub step: u32,
    /// In the order of [`COLUMNS`].
    pub values: [f64; COLUMNS.len()],
}

impl Row {
    /// Joins this row with the next one.
    fn with(&self, next: &Self) -> Self {
        let (mine, theirs) = (f64::from(self.steps), f64::from(next.steps));
        let mut values = next.values;
        for (index, value) in values.iter_mut().enumerate().filter(|(index, _)| COLUMNS[*index].1) {
            *value = (self.values[index] * mine + next.values[index] * theirs) / (mine + theirs);
        }
        Self { steps: self.steps + next.steps, step: next.step, values }
    }
}

/// A row for each step of a submit. The last step ended at `seconds` of training; the steps are `step_seconds` apart.
#[must_use]
pub fn rows_of(run: &Trainer, snapshot: &Snapshot, seconds: f64, step_seconds: f64) -> Vec<Row> {
    let units = run.whole.units();
    // Subtracted backwards from the total, in integers: the values must not depend on how steps are grouped into submits.
    let mut work = run.cost().total();
    let mut rows: Vec<Row> = Vec::with_capacity(snapshot.records.len());
    for (record, left) in snapshot.records.iter().rev().zip(0u32..) {
        let now = step_at(&run.config, units, record.step.min(run.steps()), run.steps());
        let values = [
            record.loss.into(),
            if snapshot.probed { record.probe_loss.into() } else { f64::NAN },
            f64::from(record.correct) / f64::from(snapshot.batch_size),
            record.gradient_norm.into(),
            record.sum_scores.into(),
            run.budget(now.budget),
            record.threshold.into(),
            now.learning_rate.into(),
            now.scores_rate.into(),
            work as f64,
            seconds - f64::from(left) * step_seconds,
        ];
        rows.push(Row { steps: 1, step: record.step, values });
        work = work.saturating_sub(run.cost_of(record).total());
    }
    rows.reverse();
    rows
}

/// The curves of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Curves {
    pub(super) rows: Vec<Row>,
    /// Steps of a row; the last row may have fewer.
    pub(super) width: u32,
}

impl Default for Curves {
    fn default() -> Self {
        Self::new()
    }
}

impl Curves {
    #[must_use]
    pub fn new() -> Self {
        Self { rows: Vec::new(), width: 1 }
    }

    /// Adds a row of one step. Returns the index of the first row that has changed.
    pub(super) fn push(&mut self, row: Row) -> usize {
        match self.rows.last_mut() {
            Some(last) if last.steps < self.width => *last = last.with(&row),
            _ => self.rows.push(row),
        }
        if self.rows.len() > MOST_ROWS {
            self.halve();
            return 0;
        }
        self.rows.len() - 1
    }

    fn halve(&mut self) {
        self.rows = self.rows.chunks(2).map(|pair| pair.get(1).map_or(pair[0], |next| pair[0].with(next))).collect();
        self.width *= 2;
    }

    /// The same curves with at most `rows` rows and values rounded to 32 bits.
    pub(super) fn thinned(&self, rows: usize) -> Self {
        let mut thinned = self.clone();
        while thinned.rows.len() > rows.max(1) {
            thinned.halve();
        }
        for value in thinned.rows.iter_mut().flat_map(|row| &mut row.values) {
            *value = f64::from(*value as f32);
        }
        thinned
    }

    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The number of each row's last step.
    pub fn steps(&self) -> impl Iterator<Item = u32> {
        self.rows.iter().map(|row| row.step)
    }

    /// The values of a column, by its name in [`COLUMNS`].
    pub fn column(&self, name: &str) -> impl Iterator<Item = f64> {
        let index = COLUMNS.iter().position(|(known, _)| *known == name);
        self.rows.iter().filter_map(move |row| Some(row.values[index?]))
    }

    /// A value of the last row that ends before `step`.
    #[must_use]
    pub fn at(&self, step: u32, name: &str) -> Option<f64> {
        let row = self.rows.partition_point(|row| row.step < step).checked_sub(1)?;
        self.column(name).nth(row)
    }
}
