//! Counter-based random numbers: Threefry2x32 with 20 rounds (Salmon et al., SC 2011), the reference for the sampling on a GPU.
//!
//! A mask is a pure function of (seed, stream, step, scores). It uses only add, rotate and xor, which give the same result on every device, and
//! compares integers. The same function in WGSL is `shaders/shared/threefry.wgsl`.

use std::convert::Infallible;

use rand::TryRng;

/// What a random number is used for. It is the second word of the key, so that no two uses share numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Stream {
    /// m, the mask that the weights are trained under; counter (step, unit).
    Mask = 0,
    /// m′, the second mask; counter (step, unit).
    Probe = 1,
    /// Sampled masks of evaluation and of the final selection; counter (draw, unit).
    Evaluation = 2,
    /// First weights; counter (layer, draw).
    Weights = 3,
    /// Order of the training rows; counter (epoch, draw).
    Order = 4,
    /// The fixed mask of method `static`; counter (group, draw).
    Static = 5,
    /// Synthetic data, and the split of the user's data; counter (part, draw).
    Data = 6,
    /// How a training image is shifted and mirrored; counter (step, image of the batch).
    View = 7,
    /// Units that come at random in an exchange; counter (step, unit).
    Growth = 8,
}

const ROTATIONS: [u32; 8] = [13, 15, 26, 6, 17, 29, 16, 24];
const PARITY: u32 = 0x1BD1_1BDA;

/// Threefry2x32-20: two random words for a key and a counter.
#[must_use]
pub fn threefry(key: [u32; 2], counter: [u32; 2]) -> [u32; 2] {
    let [[a], [b]] = lanes(key, [[counter[0]], [counter[1]]]);
    [a, b]
}

/// Counters computed at a time.
const LANES: usize = 32;

/// The first words for `LANES` consecutive counters.
fn first_words(key: [u32; 2], [high, low]: [u32; 2]) -> [u32; LANES] {
    lanes(key, [[high; LANES], std::array::from_fn(|lane| low.wrapping_add(lane as u32))])[0]
}

/// Threefry2x32-20 of N counters at a time, in a form that compilers vectorise.
#[inline]
fn lanes<const N: usize>(key: [u32; 2], [mut a, mut b]: [[u32; N]; 2]) -> [[u32; N]; 2] {
    let keys = [key[0], key[1], PARITY ^ key[0] ^ key[1]];
    for lane in 0..N {
        a[lane] = a[lane].wrapping_add(keys[0]);
        b[lane] = b[lane].wrapping_add(keys[1]);
    }
    for round in 0..20u32 {
        for lane in 0..N {
            a[lane] = a[lane].wrapping_add(b[lane]);
            b[lane] = b[lane].rotate_left(ROTATIONS[round as usize % 8]) ^ a[lane];
        }
        if round % 4 == 3 {
            let turn = round / 4 + 1;
            for lane in 0..N {
                a[lane] = a[lane].wrapping_add(keys[turn as usize % 3]);
                b[lane] = b[lane].wrapping_add(keys[(turn as usize + 1) % 3]).wrapping_add(turn);
            }
        }
    }
    [a, b]
}

/// A random word as a number in [0, 1) with 24 bits, exact in f32.
#[must_use]
pub fn unit_interval(word: u32) -> f32 {
    (word >> 8) as f32 / 16_777_216.0
}

/// The keep-probability in units of 2⁻²⁴, the resolution of the draw: 0 is never kept, 2²⁴ always.
#[must_use]
pub fn keep_level(score: f32) -> u32 {
    (score.clamp(0.0, 1.0) * 16_777_216.0) as u32
}

/// Whether unit `unit` is drawn: Bernoulli(score), a pure function of all its arguments.
#[must_use]
pub fn draw(seed: u32, stream: Stream, step: u32, unit: u32, score: f32) -> bool {
    (threefry([seed, stream as u32], [step, unit])[0] >> 8) < keep_level(score)
}

/// Threefry as a generator for `rand`'s shuffles and ranges.
#[derive(Clone, Debug)]
pub struct Threefry {
    key: [u32; 2],
    counter: [u32; 2],
}

impl Threefry {
    /// The numbers that `stream` gives for `turn` (an epoch, a layer, ...).
    #[must_use]
    pub fn new(seed: u32, stream: Stream, turn: u32) -> Self {
        Self { key: [seed, stream as u32], counter: [turn, 0] }
    }

    /// Uniform in [0, 1) with 24 bits, exact in f32.
    pub fn unit_interval(&mut self) -> f32 {
        unit_interval(self.next_word())
    }

    /// Fills `words` with the next numbers. Many at once are computed together.
    pub fn fill(&mut self, words: &mut [u32]) {
        let mut pieces = words.chunks_exact_mut(LANES);
        for piece in &mut pieces {
            piece.copy_from_slice(&first_words(self.key, self.counter));
            self.counter[1] = self.counter[1].wrapping_add(LANES as u32);
        }
        for word in pieces.into_remainder() {
            *word = self.next_word();
        }
    }

    fn next_word(&mut self) -> u32 {
        let word = threefry(self.key, self.counter)[0];
        self.counter[1] = self.counter[1].wrapping_add(1);
        word
    }
}

impl TryRng for Threefry {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.next_word())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from(self.next_word()) | u64::from(self.next_word()) << 32)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for piece in bytes.chunks_mut(4) {
            piece.copy_from_slice(&self.next_word().to_le_bytes()[..piece.len()]);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The known answers that Random123 publishes for threefry2x32, 20 rounds.
    #[test]
    fn known_answers() {
        assert_eq!(threefry([0, 0], [0, 0]), [0x6b20_0159, 0x99ba_4efe]);
        assert_eq!(threefry([u32::MAX; 2], [u32::MAX; 2]), [0x1cb9_96fc, 0xbb00_2be7]);
        assert_eq!(threefry([0x1319_8a2e, 0x0370_7344], [0x243f_6a88, 0x85a3_08d3]), [0xc492_3a9c, 0x483d_f7a0]);
    }

    #[test]
    fn many_at_once_equal_those_one_by_one() {
        for many in [0, 1, 31, 32, 33, 64, 264] {
            let [mut here, mut there] = [0, 1].map(|_| Threefry::new(7, Stream::Data, 3));
            let mut words = vec![0; many];
            for _ in 0..2 {
                here.fill(&mut words);
                let expected: Vec<u32> = (0..many).map(|_| there.next_word()).collect();
                assert_eq!(words, expected);
            }
            assert_eq!(here.next_word(), there.next_word());
        }
        let mut last = Threefry { key: [1, 2], counter: [3, u32::MAX - 3] };
        let mut words = [0; LANES];
        last.fill(&mut words);
        assert_eq!(words[7], threefry([1, 2], [3, 3])[0], "a counter that overflows starts again from 0");
    }

    #[test]
    fn decided_scores_are_certain_and_others_are_drawn_at_their_rate() {
        let share = |score: f32| f64::from((0..100_000).filter(|&unit| draw(7, Stream::Mask, 3, unit, score)).count() as u32) / 1e5;
        assert_eq!(share(0.0), 0.0);
        assert_eq!(share(1.0), 1.0);
        for score in [0.01f32, 0.2, 0.5, 0.9] {
            let deviation = (f64::from(score) * (1.0 - f64::from(score)) / 1e5).sqrt();
            assert!((share(score) - f64::from(score)).abs() < 4.0 * deviation, "{score}: {}", share(score));
        }
    }

    #[test]
    fn mask_and_probe_are_independent() {
        let both = (0..100_000).filter(|&unit| draw(7, Stream::Mask, 3, unit, 0.5) && draw(7, Stream::Probe, 3, unit, 0.5)).count();
        assert!((f64::from(both as u32) / 1e5 - 0.25).abs() < 4.0 * (0.25f64 * 0.75 / 1e5).sqrt());
    }
}
