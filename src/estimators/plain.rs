//! Plain: g = L (m − s) / h^(1−α), the policy gradient of one sample, REINFORCE (Williams 1992).
//!
//! E (m − s) L = h D: unbiased. But L is far from 0, where a difference of losses is near 0. Since E (m − s)² = h,
//!
//! ```text
//! Var g ≤ E g² ≤ Λ² E (m − s)² / h^(2−2α) = Λ² h^(2α−1)
//! ```

use super::{Definition, Reads};

pub(super) const ESTIMATOR: Definition = Definition {
    id: 2,
    name: "plain",
    label: Some("plain"),
    is_unbiased: true,
    reads: Reads::Losses,
    reads_probe: false,
    raw: |of| of.loss * (of.mask - of.score),
    mean_square: Some(|of| of.centred(of.on[1], of.off[1])),
    bound: Some(|largest| largest.loss * largest.loss),
};
