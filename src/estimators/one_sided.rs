//! One-sided: g = (L − L′) (m − s) / h^(1−α), VR-PGE (the variance-reduced policy gradient estimator) as the paper writes it
//! (arXiv 2111.05685, section 4).
//!
//! L′ is independent of m, so that E (m − s) L′ = 0, and E (m − s) L = h D: unbiased. Since E (m − s)² = h,
//!
//! ```text
//! Var g ≤ E g² ≤ Δ² E (m − s)² / h^(2−2α) = Δ² h^(2α−1)
//! ```

use super::{Definition, Reads};

pub(super) const ESTIMATOR: Definition = Definition {
    id: 1,
    name: "one-sided",
    label: Some("one-sided"),
    is_unbiased: true,
    reads: Reads::Losses,
    reads_probe: true,
    raw: |of| (of.loss - of.probe_loss) * (of.mask - of.score),
    mean_square: Some(|of| {
        // E (L − L′)² given m.
        let difference = |given: [f64; 2]| given[1] - 2.0 * given[0] * of.mean(0) + of.mean(1);
        of.centred(difference(of.on), difference(of.off))
    }),
    bound: Some(|largest| largest.difference * largest.difference),
};
