//! Sums over several processes, the ranks of a run.
//!
//! A sum is cut into pieces, and the sums of the pieces are added by a tree over their indices, which depends on the
//! number of pieces alone. A rank sums neighbouring pieces, and so completes some nodes of the tree: one if the numbers
//! of ranks and pieces are powers of two, and at most 8. The ranks then join these nodes by the same tree, so that the
//! result has the same bits on any number of ranks, and on one process without ranks.
//!
//! Joining takes two calls. In the first every rank gets one slice of all nodes, which it adds; in the second all ranks
//! get all sums. With one node for each rank this moves as many numbers as the usual sum over all ranks, which is no
//! tree by index.
//!
//! [`Terms::over`](crate::Terms::over) and `nn::Trainer::over` sum over ranks. The crate knows no network: a [`Ranks`]
//! moves the numbers. The crate `dualtape-mpi`, in the folder `mpi` of the repository, has one for MPI. It is a crate
//! of its own because an MPI library and libclang are needed to compile it, even to check it: with a feature of this
//! crate, `--all-features` would need them on every machine. [`on_threads`] has ranks that are threads, to try a
//! program.

mod threads;
mod tree;

use std::fmt::Debug;
use std::ops::Range;

use crate::memory::pool::Scratch;
use crate::scalar::{Real, Scalar};
pub use threads::on_threads;
use tree::nodes;
#[cfg(feature = "parallel")]
pub(crate) use tree::par_sum;
pub(crate) use tree::sum;

/// Processes that run the same program, and exchange numbers.
///
/// All ranks must make the same calls in the same order. Each call waits for the others. An implementation ends the
/// whole run if a rank panics, as the others would wait for ever.
///
/// ```
/// use dualtape::ranks::{Ranks, on_threads};
///
/// let gathered = |ranks: &dyn Ranks| {
///     let mut all = [0.0; 3];
///     ranks.all_gather(&vec![ranks.rank() as f64; ranks.rank()], &mut all, &[0, 1, 2]);
///     all
/// };
/// assert_eq!(on_threads(3, gathered), [[1.0, 2.0, 2.0]; 3]);
/// ```
pub trait Ranks: Debug + Sync {
    /// The number of this rank, from 0 on.
    fn rank(&self) -> usize;

    /// The number of ranks.
    fn size(&self) -> usize;

    /// Sends `numbers` in parts, one to every rank, and receives the parts that come in `into`, in the order of the
    /// ranks. The lengths of the parts are `sent` and `received`.
    fn all_to_all(&self, numbers: &[f64], sent: &[usize], into: &mut [f64], received: &[usize]);

    /// Sends `numbers` to all ranks, and receives the numbers of all in `into`, in the order of the ranks; `received`
    /// has their lengths.
    fn all_gather(&self, numbers: &[f64], into: &mut [f64], received: &[usize]);
}

/// Returns `Σᵢ f(i)` over the pieces 0 to `pieces` − 1, vectors of `len` plain numbers each, which the ranks share.
///
/// The bits are the same on any number of ranks. It sums what [`Terms`](crate::Terms) does not, such as counts of right
/// answers.
///
/// ```
/// use dualtape::ranks::{Ranks, on_threads, sum_by_index};
///
/// let harmonic = |ranks: &dyn Ranks| sum_by_index(ranks, 100, 2, |i| vec![1.0 / (i as f64 + 1.0), 1.0]);
/// let alone = on_threads(1, harmonic);
/// assert_eq!(alone[0][1], 100.0);
/// assert_eq!(on_threads(3, harmonic), vec![alone[0].clone(); 3]);
/// ```
#[track_caller]
pub fn sum_by_index<R: Real>(
    ranks: &dyn Ranks,
    pieces: usize,
    len: usize,
    mut f: impl FnMut(usize) -> Vec<R>,
) -> Vec<R> {
    if let Some((rank, place)) = differing(ranks, &[pieces as f64, len as f64]) {
        let what = ["pieces", "numbers"][place];
        panic!("sum_by_index: rank {rank} has another number of {what} than rank 0; make the same calls on all ranks");
    }
    joined(ranks, pieces, len, |node| sum(node, &mut |node| (node.len() == 1).then(|| f(node.start)), &mut added))
}

/// Returns the sum of `len` numbers each over pieces that are shared among the ranks. `sum_of` sums the pieces of a
/// node of the tree.
pub(crate) fn joined<T: Scalar>(
    ranks: &dyn Ranks,
    pieces: usize,
    len: usize,
    sum_of: impl FnMut(Range<usize>) -> Vec<T>,
) -> Vec<T> {
    if pieces == 0 {
        return vec![T::zero(); len];
    }
    let (size, own) = (ranks.size(), ranks.rank());
    let nodes: Vec<_> = (0..size).map(|rank| nodes(0..pieces, &share(pieces, size, rank))).collect();
    let slices: Vec<_> = (0..size).map(|rank| len * rank / size..len * (rank + 1) / size).collect();
    let sums: Vec<Vec<T>> = nodes[own].iter().cloned().map(sum_of).collect();

    // NOTE(perf): memory of the thread, as fresh memory costs more than the ranks do: 100,000 numbers on two ranks take
    // 0.7 ms, and 3 ms with new vectors (the example `all_reduce` of `mpi`).
    let mut numbers = Scratch::with_capacity(sums.len() * len);
    for slice in &slices {
        sums.iter().for_each(|sum| numbers.extend(sum[slice.clone()].iter().copied().map(plain)));
    }
    drop(sums);
    let slice = slices[own].len();
    let sent: Vec<_> = slices.iter().map(|slice| slice.len() * nodes[own].len()).collect();
    let received: Vec<_> = nodes.iter().map(|nodes| nodes.len() * slice).collect();
    let mut parts = Scratch::filled(0.0, received.iter().sum());
    ranks.all_to_all(&numbers, &sent, &mut parts, &received);
    drop(numbers);

    let mut parts = parts.chunks(slice.max(1));
    let mut coming = nodes.iter().flatten().peekable();
    let mut known = |node: &_| {
        coming.next_if(|coming| *coming == node)?;
        Some(Scratch::of(parts.next().unwrap_or_default().iter().copied().map(T::from_f64)))
    };
    let sum = sum(0..pieces, &mut known, &mut |mut sum, other| {
        add(&mut sum, &other);
        sum
    });
    let numbers = Scratch::of(sum.iter().copied().map(plain));
    let mut all = vec![0.0; len];
    ranks.all_gather(&numbers, &mut all, &slices.iter().map(Range::len).collect::<Vec<_>>());
    all.into_iter().map(T::from_f64).collect()
}

/// Returns the pieces of a rank.
pub(crate) fn share(pieces: usize, size: usize, rank: usize) -> Range<usize> {
    // Bounds that are multiples of a power of two make few nodes. The shares differ by one unit, of at least 16 in a
    // share.
    let unit = 1 << (pieces / (16 * size)).max(1).ilog2();
    let bound = |rank| pieces.min(pieces.div_ceil(unit) * rank / size * unit);
    bound(rank)..bound(rank + 1)
}

/// Returns the sum of vectors of one length.
pub(crate) fn added<T: Scalar>(mut sum: Vec<T>, other: Vec<T>) -> Vec<T> {
    add(&mut sum, &other);
    sum
}

fn add<T: Scalar>(sum: &mut [T], other: &[T]) {
    sum.iter_mut().zip(other).for_each(|(sum, &other)| *sum += other);
}

/// Returns the first rank that has other numbers than rank 0, and the place of the first of them.
pub(crate) fn differing(ranks: &dyn Ranks, numbers: &[f64]) -> Option<(usize, usize)> {
    let mut all = vec![0.0; numbers.len() * ranks.size()];
    ranks.all_gather(numbers, &mut all, &vec![numbers.len(); ranks.size()]);
    let place = |numbers: &[f64]| numbers.iter().zip(&all).position(|(number, first)| number != first);
    all.chunks(numbers.len()).enumerate().find_map(|(rank, numbers)| Some((rank, place(numbers)?)))
}

/// Returns a number for a sequence of words, another one for most other sequences.
pub(crate) fn fingerprint(words: impl Iterator<Item = u64>) -> f64 {
    let mix = |hash: u64, word: u64| (hash.rotate_left(23) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    // 53 bits are a whole number in f64.
    (words.fold(0, mix) >> 11) as f64
}

/// Returns a plain number as f64, which has all numbers of f32.
pub(crate) fn plain<T: Scalar>(x: T) -> f64 {
    use num_traits::ToPrimitive;
    x.value().to_f64().expect("f32 and f64 are numbers in f64")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_neighbours_even_and_of_few_nodes() {
        for pieces in [0, 1, 5, 17, 64, 100, 4096] {
            for size in [1, 2, 3, 4, 7, 64, 1000] {
                let shares: Vec<_> = (0..size).map(|rank| share(pieces, size, rank)).collect();
                assert_eq!((shares[0].start, shares[size - 1].end), (0, pieces));
                assert!(shares.windows(2).all(|pair| pair[0].end == pair[1].start));
                let longest = shares.iter().map(Range::len).max().unwrap_or_default();
                let mean = pieces as f64 / size as f64;
                assert!(longest as f64 <= (mean * 1.0625).max(mean + 1.0), "{pieces} pieces, {size} ranks: {shares:?}");
                let nodes = shares.iter().map(|share| nodes(0..pieces, share).len()).max();
                assert!(nodes <= Some(8), "{pieces} pieces, {size} ranks: {nodes:?} nodes");
            }
        }
        let nodes_of = |size| (0..size).map(|rank| nodes(0..4096, &share(4096, size, rank)).len()).collect::<Vec<_>>();
        assert_eq!((nodes_of(4), nodes_of(3)), (vec![1; 4], vec![3, 5, 3]));
    }

    #[test]
    fn a_rank_with_other_numbers_is_found() {
        let numbers = |ranks: &dyn Ranks| differing(ranks, &[7.0, if ranks.rank() == 2 { 1.0 } else { 0.0 }]);
        assert_eq!(on_threads(3, numbers), [Some((2, 1)); 3]);
        assert_eq!(on_threads(2, numbers), [None; 2]);
        // Two signs.
        let bits = |x: [f64; 2]| fingerprint(x.into_iter().map(f64::to_bits));
        assert_ne!(bits([1.0, 2.0]), bits([-1.0, -2.0]));
    }
}
