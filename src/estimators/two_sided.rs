//! Two-sided: g = ½ (L − L′) (m − m′) / h^(1−α), as in the authors' code for two samples.
//!
//! It is the mean of [one-sided](super::one_sided) for (m, m′) and for (m′, m), and therefore unbiased. Since E (m − m′)² = 2h,
//!
//! ```text
//! Var g ≤ E g² ≤ ¼ Δ² E (m − m′)² / h^(2−2α) = ½ Δ² h^(2α−1)
//! ```

use super::{Definition, Reads};

pub(super) const ESTIMATOR: Definition = Definition {
    id: 0,
    name: "two-sided",
    label: Some("two-sided"),
    is_unbiased: true,
    reads: Reads::Losses,
    reads_probe: true,
    raw: |of| 0.5 * (of.loss - of.probe_loss) * (of.mask - of.probe),
    // m and m′ differ with probability 2h; then one loss is with the unit and the other without.
    mean_square: Some(|of| {
        let (s, on, off) = (of.score, of.on, of.off);
        0.5 * (s * (1.0 - s)) * (on[1] + off[1] - 2.0 * on[0] * off[0])
    }),
    bound: Some(|largest| 0.5 * largest.difference * largest.difference),
};
