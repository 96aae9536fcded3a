//! Sums of many independent terms.
//!
//! The gradient of `Σᵢ wᵢ·fᵢ(x)` needs no recording of the whole sum. Each term is recorded,
//! swept, and forgotten, so it takes the memory of one term, which stays in the first-level
//! cache; and terms can be differentiated on several threads.
//!
//! The terms are cut into pieces, whatever the number of threads or ranks, and the sums of the pieces are added by a
//! tree over their indices. So the result is the same bit for bit on any number of threads and ranks.

mod linear;

use std::ops::Range;

use crate::forward::{Dual, LANES};
use crate::ranks::{self, Ranks};
use crate::reverse::{Tape, Var};
use crate::scalar::{Real, Scalar};
use crate::verbs::{Matrix, hessian_by, hvp_by};
pub use linear::LinearTerms;

/// The terms of a sum `Σᵢ wᵢ·fᵢ(x)`: all of them, or some by their index, with weights.
///
/// | cost | needs | instead |
/// |---|---|---|
/// | the gradients of all terms | memory for the largest term | terms that share work: [`gradient`](crate::gradient()) of the sum |
///
/// ```
/// use dualtape::{Terms, Var};
///
/// let (xs, ys) = ([1.0, 2.0, 3.0, 4.0], [3.1, 4.9, 7.2, 8.8]);
/// let squared_error = |i: usize, line: &[Var]| {
///     let error = line[0] * xs[i] + line[1] - ys[i];
///     error * error
/// };
/// let (loss, g) = Terms::all(4).gradient(squared_error, &[2.0, 1.0]);
/// assert!((loss - 0.10).abs() < 1e-14);
///
/// // Of two of the points, the mean.
/// let (loss, g) = Terms::of(&[1, 3]).weighted(&[0.5, 0.5]).gradient(squared_error, &[2.0, 1.0]);
/// assert!((loss - 0.025).abs() < 1e-14 && (g[1] - 0.3).abs() < 1e-14);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Terms<'a, T = f64> {
    indices: Indices<'a>,
    weights: Option<&'a [T]>,
    /// Over plain numbers only.
    ranks: Option<&'a dyn Ranks>,
}

#[derive(Clone, Copy, Debug)]
enum Indices<'a> {
    All(usize),
    Some(&'a [usize]),
}

impl<T> Terms<'_, T> {
    /// The terms 0 to n − 1.
    ///
    /// ```
    /// use dualtape::Terms;
    ///
    /// assert_eq!(Terms::all(3).gradient(|i, x| x[i] * x[i], &[1.0, 2.0, 3.0]), (14.0, vec![2.0, 4.0, 6.0]));
    /// ```
    pub fn all(n: usize) -> Self {
        Terms { indices: Indices::All(n), weights: None, ranks: None }
    }
}

impl<'a, R: Real> Terms<'a, R> {
    /// The same terms, shared among ranks: each evaluates its share, and all get the sum, with the same bits as one
    /// process.
    ///
    /// Every rank evaluates the first term too, to see how large it is. The share of a rank are neighbours, about as
    /// many as on other ranks. There are at most 4096 pieces to share, and fewer of few or small terms: more ranks have
    /// nothing to do.
    ///
    /// # Panics
    ///
    /// The derivatives panic on all ranks when one has another point, or another number of terms.
    ///
    /// ```
    /// use dualtape::ranks::on_threads;
    /// use dualtape::{Terms, Var};
    ///
    /// let square = |i: usize, x: &[Var]| (x[0] - i as f64) * (x[0] - i as f64);
    /// let sums = on_threads(2, |ranks| Terms::all(3).over(ranks).gradient(square, &[1.0]));
    /// assert_eq!(sums, [(2.0, vec![0.0]), (2.0, vec![0.0])]);
    /// ```
    pub fn over<'b>(self, ranks: &'b dyn Ranks) -> Terms<'b, R>
    where
        'a: 'b,
    {
        Terms { ranks: Some(ranks), ..self }
    }
}

impl<'a, T: Scalar> Terms<'a, T> {
    /// The terms with these indices, in this order: a minibatch.
    ///
    /// ```
    /// use dualtape::Terms;
    ///
    /// assert_eq!(Terms::of(&[2, 2]).gradient(|i, x| x[0] * i as f64, &[5.0]), (20.0, vec![4.0]));
    /// ```
    pub fn of(indices: &'a [usize]) -> Self {
        Terms { indices: Indices::Some(indices), weights: None, ranks: None }
    }

    /// The same terms with a weight for each, in order.
    ///
    /// # Panics
    ///
    /// When there are not as many weights as terms.
    ///
    /// ```
    /// use dualtape::Terms;
    ///
    /// let terms = Terms::all(2).weighted(&[0.5, 3.0]);
    /// assert_eq!(terms.gradient(|i, x| x[i], &[10.0, 20.0]), (65.0, vec![0.5, 3.0]));
    /// ```
    #[track_caller]
    pub fn weighted<'b>(self, weights: &'b [T]) -> Terms<'b, T>
    where
        'a: 'b,
    {
        assert_eq!(
            weights.len(),
            self.len(),
            "weighted: {} weights for {} terms; pass one for each",
            weights.len(),
            self.len()
        );
        Terms { weights: Some(weights), ..self }
    }

    fn len(&self) -> usize {
        match self.indices {
            Indices::All(n) => n,
            Indices::Some(indices) => indices.len(),
        }
    }

    /// Returns the value and the gradient of the sum, in reverse mode.
    ///
    /// It costs as much as [`gradient`](crate::gradient()) of every term, in the memory of the
    /// largest term.
    ///
    /// # Panics
    ///
    /// When a term uses variables of another recording, or of an earlier term.
    ///
    /// ```
    /// use dualtape::{Scalar, Terms};
    ///
    /// let (y, g) = Terms::all(1000).gradient(|i, x| (x[0] * i as f64).cos(), &[0.0]);
    /// assert_eq!((y, g), (1000.0, vec![0.0]));
    /// ```
    #[track_caller]
    pub fn gradient(&self, f: impl Fn(usize, &[Var<T>]) -> Var<T>, x: &[T]) -> (T, Vec<T>) {
        let recorder = Recorder::new(&[], x);
        let size = self.size_of_piece(&f, &recorder);
        value_first(self.joined(size, x, x.len() + 1, |node| self.sum_of(node, size, &f, &recorder)))
    }

    /// Returns the value and the gradient as [`gradient`](Terms::gradient) does, on all threads of
    /// the current rayon pool.
    ///
    /// The result is the same to the bit. To choose the number of threads, install a pool:
    /// `rayon::ThreadPoolBuilder::new().num_threads(2).build()?.install(|| ...)`.
    ///
    /// # Panics
    ///
    /// As [`gradient`](Terms::gradient). The point must not consist of variables, as these belong
    /// to one thread.
    ///
    /// ```
    /// use dualtape::{Scalar, Terms, Var};
    ///
    /// let term = |i: usize, x: &[Var]| (x[i % 2] * i as f64).sin();
    /// assert_eq!(Terms::all(500).par_gradient(term, &[0.5, 2.0]), Terms::all(500).gradient(term, &[0.5, 2.0]));
    /// ```
    #[cfg(feature = "parallel")]
    #[track_caller]
    pub fn par_gradient(&self, f: impl Fn(usize, &[Var<T>]) -> Var<T> + Sync, x: &[T]) -> (T, Vec<T>) {
        let size = self.size_of_piece(&f, &Recorder::new(&[], x));
        value_first(self.joined(size, x, x.len() + 1, |node| self.par_sum_of(node, size, &f, &[], x)))
    }

    /// Returns the value, the gradient and the Hessian of the sum, as [`hessian`](crate::hessian()) does, in the memory
    /// of the largest term.
    ///
    /// Value and gradient are those of [`gradient`](Terms::gradient) to rounding: terms over larger numbers are summed
    /// in smaller pieces.
    ///
    /// # Panics
    ///
    /// As [`gradient`](Terms::gradient), and when `f` uses a dual number of an enclosing derivative.
    ///
    /// ```
    /// use dualtape::{Scalar, Terms};
    ///
    /// let (y, g, h) = Terms::all(3).hessian(|i, x| x[0].powi(2) * x[1] * i as f64, &[1.0, 2.0]);
    /// assert_eq!((y, g), (6.0, vec![12.0, 3.0]));
    /// assert_eq!(h.rows().collect::<Vec<_>>(), [[12.0, 6.0], [6.0, 0.0]]);
    /// ```
    #[track_caller]
    pub fn hessian(
        &self,
        f: impl Fn(usize, &[Var<Dual<T, LANES>>]) -> Var<Dual<T, LANES>>,
        x: &[T],
    ) -> (T, Vec<T>, Matrix<T>) {
        self.with_constant_weights(|terms| {
            let size = terms.size_of_piece(&f, &Recorder::new(&[], &constants(x)));
            self.joined_hessian(size, x, |node, constants, x| {
                terms.sum_of(node, size, &f, &Recorder::new(constants, x))
            })
        })
    }

    /// Returns the value, the gradient and the Hessian as [`hessian`](Terms::hessian) does, on all threads of the
    /// current rayon pool, with the same bits.
    ///
    /// # Panics
    ///
    /// As [`hessian`](Terms::hessian) and [`par_gradient`](Terms::par_gradient).
    ///
    /// ```
    /// use dualtape::{Dual, LANES, Scalar, Terms, Var};
    ///
    /// let term = |i: usize, x: &[Var<Dual<f64, LANES>>]| (x[i % 2] * x[0] * i as f64).sin();
    /// assert_eq!(Terms::all(500).par_hessian(term, &[0.5, 2.0]), Terms::all(500).hessian(term, &[0.5, 2.0]));
    /// ```
    #[cfg(feature = "parallel")]
    #[track_caller]
    pub fn par_hessian(
        &self,
        f: impl Fn(usize, &[Var<Dual<T, LANES>>]) -> Var<Dual<T, LANES>> + Sync,
        x: &[T],
    ) -> (T, Vec<T>, Matrix<T>) {
        self.with_constant_weights(|terms| {
            let size = terms.size_of_piece(&f, &Recorder::new(&[], &constants(x)));
            self.joined_hessian(size, x, |node, constants, x| terms.par_sum_of(node, size, &f, constants, x))
        })
    }

    /// Returns the value, the gradient and `H·v` of the sum, as [`hvp`](crate::hvp()) does, in the memory of the
    /// largest term.
    ///
    /// # Panics
    ///
    /// As [`hessian`](Terms::hessian), and when `x` and `v` differ in length.
    ///
    /// ```
    /// use dualtape::{Scalar, Terms};
    ///
    /// let (y, g, hv) = Terms::all(3).hvp(|i, x| x[0].powi(2) * x[1] * i as f64, &[1.0, 2.0], &[1.0, 0.0]);
    /// assert_eq!((y, g, hv), (6.0, vec![12.0, 3.0], vec![12.0, 6.0]));
    /// ```
    #[track_caller]
    pub fn hvp(&self, f: impl Fn(usize, &[Var<Dual<T>>]) -> Var<Dual<T>>, x: &[T], v: &[T]) -> (T, Vec<T>, Vec<T>) {
        self.with_constant_weights(|terms| {
            let size = terms.size_of_piece(&f, &Recorder::new(&[], &constants(x)));
            self.joined_hvp(size, x, v, |node, x| terms.sum_of(node, size, &f, &Recorder::new(&[], x)))
        })
    }

    /// Returns the value, the gradient and `H·v` as [`hvp`](Terms::hvp) does, on all threads of the current rayon pool,
    /// with the same bits.
    ///
    /// # Panics
    ///
    /// As [`hvp`](Terms::hvp) and [`par_gradient`](Terms::par_gradient).
    ///
    /// ```
    /// use dualtape::{Dual, Scalar, Terms, Var};
    ///
    /// let term = |i: usize, x: &[Var<Dual>]| (x[i % 2] * x[0] * i as f64).sin();
    /// let (x, v) = ([0.5, 2.0], [1.0, -1.0]);
    /// assert_eq!(Terms::all(500).par_hvp(term, &x, &v), Terms::all(500).hvp(term, &x, &v));
    /// ```
    #[cfg(feature = "parallel")]
    #[track_caller]
    pub fn par_hvp(
        &self,
        f: impl Fn(usize, &[Var<Dual<T>>]) -> Var<Dual<T>> + Sync,
        x: &[T],
        v: &[T],
    ) -> (T, Vec<T>, Vec<T>) {
        self.with_constant_weights(|terms| {
            let size = terms.size_of_piece(&f, &Recorder::new(&[], &constants(x)));
            self.joined_hvp(size, x, v, |node, x| terms.par_sum_of(node, size, &f, &[], x))
        })
    }

    /// Returns the sum of `len` numbers each over all pieces, on all ranks; `sum_of` sums some of the pieces.
    #[track_caller]
    fn joined(&self, size: usize, x: &[T], len: usize, sum_of: impl Fn(Range<usize>) -> Vec<T>) -> Vec<T> {
        let pieces = self.len().div_ceil(size);
        match self.ranks {
            Some(ranks) => {
                self.assert_same(ranks, pieces, x);
                ranks::joined(ranks, pieces, len, sum_of)
            }
            None if pieces == 0 => vec![T::zero(); len],
            None => sum_of(0..pieces),
        }
    }

    /// Refuses ranks that do not sum the same.
    #[track_caller]
    fn assert_same(&self, ranks: &dyn Ranks, pieces: usize, x: &[T]) {
        let point = ranks::fingerprint(x.iter().map(|&x| ranks::plain(x).to_bits()));
        let numbers = [self.len() as f64, x.len() as f64, point, pieces as f64];
        if let Some((rank, place)) = ranks::differing(ranks, &numbers) {
            let what = ["number of terms", "number of inputs", "point", "size of the first term"][place];
            panic!("Terms::over: rank {rank} has another {what} than rank 0; make the same calls on all ranks");
        }
    }

    #[track_caller]
    fn joined_hessian(
        &self,
        size: usize,
        x: &[T],
        gradient: impl Fn(Range<usize>, &[Dual<T, LANES>], &[Dual<T, LANES>]) -> Vec<Dual<T, LANES>>,
    ) -> (T, Vec<T>, Matrix<T>) {
        let n = x.len();
        let len = n.saturating_mul(n).saturating_add(n + 1);
        let hessian = |node: Range<usize>| {
            let mut numbers = Matrix::zeros(1, len).into_entries();
            let (y, slopes) = numbers.split_last_mut().expect("the value is the last");
            let (h, g) = slopes.split_at_mut(n * n);
            *y = hessian_by(|constants, x| gradient(node.clone(), constants, x), x, g, h);
            numbers
        };
        let mut h = self.joined(size, x, len, hessian);
        let (y, g) = value_first(h.split_off(n * n));
        (y, g, Matrix::of_entries(n, n, h))
    }

    #[track_caller]
    fn joined_hvp(
        &self,
        size: usize,
        x: &[T],
        v: &[T],
        gradient: impl Fn(Range<usize>, &[Dual<T>]) -> Vec<Dual<T>>,
    ) -> (T, Vec<T>, Vec<T>) {
        let products = |node: Range<usize>| {
            let (y, mut numbers, hv) = hvp_by(|x| gradient(node, x), x, v);
            numbers.extend(hv.into_iter().chain([y]));
            numbers
        };
        let (y, mut g) = value_first(self.joined(size, x, 2 * x.len() + 1, products));
        let hv = g.split_off(x.len());
        (y, g, hv)
    }

    /// Calls `act` with the same terms over dual numbers, on this rank alone.
    #[track_caller]
    fn with_constant_weights<Out, const N: usize>(&self, act: impl FnOnce(Terms<'_, Dual<T, N>>) -> Out) -> Out {
        let weights =
            self.weights.map(|weights| weights.iter().map(|&weight| Dual::constant(weight)).collect::<Vec<_>>());
        act(Terms { indices: self.indices, weights: weights.as_deref(), ranks: None })
    }

    /// Returns the number of terms of a piece. It depends only on the numbers of terms and inputs, and on the size of
    /// the recording of the first term: the overhead of a piece grows with the inputs.
    #[track_caller]
    fn size_of_piece(&self, f: &impl Fn(usize, &[Var<T>]) -> Var<T>, recorder: &Recorder<T>) -> usize {
        const FEW: usize = 16;
        const SOME: usize = 64;
        let len = self.len();
        if len <= FEW {
            return 1;
        }
        f(self.index(0), &recorder.x);
        let term = recorder.bytes() + 1;
        recorder.tape.rewind(recorder.variables);
        // Zeroed, summed and added: as much as a statement on two operands.
        let inputs = 3 * size_of::<T>() * recorder.variables;
        // More pieces than some, if their overhead is small.
        let large = 64 * inputs.max(1 << 10) / term;
        len.div_ceil(SOME).min(large).max(len.div_ceil(MOST)).max(4 * inputs / term)
    }

    fn index(&self, term: usize) -> usize {
        match self.indices {
            Indices::All(_) => term,
            Indices::Some(indices) => indices[term],
        }
    }

    /// Returns the gradient of some pieces of the sum, and the value as the last element.
    #[track_caller]
    fn sum_of(
        &self,
        pieces: Range<usize>,
        size: usize,
        f: &impl Fn(usize, &[Var<T>]) -> Var<T>,
        recorder: &Recorder<T>,
    ) -> Vec<T> {
        let mut piece =
            |node: &Range<usize>| (node.len() == 1).then(|| self.sum_of_piece(node.start, size, f, recorder));
        ranks::sum(pieces, &mut piece, &mut ranks::added)
    }

    /// Returns the same as [`sum_of`](Terms::sum_of), on several threads, each with its own recorder.
    #[cfg(feature = "parallel")]
    #[track_caller]
    fn par_sum_of(
        &self,
        pieces: Range<usize>,
        size: usize,
        f: &(impl Fn(usize, &[Var<T>]) -> Var<T> + Sync),
        constants: &[T],
        x: &[T],
    ) -> Vec<T> {
        let piece = |piece| self.sum_of_piece(piece, size, f, &Recorder::new(constants, x));
        ranks::par_sum(pieces, &piece, &ranks::added)
    }

    #[track_caller]
    fn sum_of_piece(
        &self,
        piece: usize,
        size: usize,
        f: &impl Fn(usize, &[Var<T>]) -> Var<T>,
        recorder: &Recorder<T>,
    ) -> Vec<T> {
        let mut sum = T::zero();
        let mut adjoints = vec![T::zero(); recorder.variables];
        let mut outputs = Vec::new();
        let terms = piece * size..self.len().min((piece + 1) * size);
        let last = terms.end - 1;
        for term in terms {
            let weight = self.weights.map_or(T::one(), |weights| weights[term]);
            let y = f(self.index(term), &recorder.x);
            sum += y.primal() * weight;
            outputs.push((y, weight));
            // Small terms are swept together.
            if term == last || recorder.bytes() > FIRST_LEVEL_CACHE / 2 {
                recorder.tape.sweep_and_rewind(&outputs, &mut adjoints);
                outputs.clear();
            }
        }
        adjoints.push(sum);
        // Sums wait for each other, without the room that the sweep took.
        adjoints.shrink_to_fit();
        adjoints
    }
}

/// The pieces of a sum, at most.
const MOST: usize = 4096;

/// In bytes; the recording shares it with adjoints and inputs.
const FIRST_LEVEL_CACHE: usize = 32 << 10;

/// A tape with the inputs on it, which stay while terms are recorded and forgotten.
struct Recorder<T: Scalar> {
    tape: Tape<T>,
    /// Constants, followed by the variables.
    x: Vec<Var<T>>,
    variables: usize,
    /// The bytes that the variables take.
    bytes: usize,
}

impl<T: Scalar> Recorder<T> {
    fn new(constants: &[T], x: &[T]) -> Self {
        let tape = Tape::new();
        let variables = x.len();
        let x = constants.iter().map(|&value| Var::constant(value)).chain(tape.kept_vars(x)).collect();
        let bytes = tape.bytes();
        Recorder { tape, x, variables, bytes }
    }

    /// The bytes that have been recorded since.
    fn bytes(&self) -> usize {
        self.tape.bytes() - self.bytes
    }
}

/// Takes the value from behind the slopes.
fn value_first<T>(mut slopes: Vec<T>) -> (T, Vec<T>) {
    let value = slopes.pop().expect("the value is the last");
    (value, slopes)
}

fn constants<T: Scalar, const N: usize>(x: &[T]) -> Vec<Dual<T, N>> {
    x.iter().map(|&x| Dual::constant(x)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::function;
    use crate::scalar::custom::Block;
    use crate::scalar::dense::affine;
    use crate::scalar::sums::sum;
    use crate::tools::fuse::fuse_map;

    /// The lengths of the pieces of a sum of squares, which take one statement each.
    fn pieces(terms: usize, inputs: usize) -> Vec<usize> {
        let square = |_: usize, x: &[Var]| x[0] * x[0];
        let size = Terms::all(terms).size_of_piece(&square, &Recorder::new(&[], &vec![1.0; inputs]));
        (0..terms).step_by(size).map(|start| size.min(terms - start)).collect()
    }

    #[test]
    fn pieces_depend_on_the_numbers_of_terms_and_inputs() {
        assert_eq!(pieces(16, 1000), [1; 16]);
        assert_eq!(pieces(6400, 1), [100; 64]);
        // An input and a square take as much: three terms make up for one input.
        assert_eq!(pieces(17, 1), [3, 3, 3, 3, 3, 2]);
        assert_eq!(pieces(17, 1000), [17]);
    }

    #[test]
    fn the_memory_of_a_term_is_counted() {
        let recorder = Recorder::new(&[], &[1.0; 3]);
        let x = &recorder.x;
        // A statement of 24 bytes, three partials, and 12 for a run of variables.
        sum(x);
        assert_eq!(recorder.bytes(), 60);
        // Others have a position of 4 bytes each.
        sum(&[x[1], x[0]]);
        assert_eq!(recorder.bytes(), 2 * 60);
        // A block has 48 bytes, a layer 104 more, and the operands and slopes that the reverse sweep needs.
        affine(&x[..2], &x[2..], 1);
        assert_eq!(recorder.bytes(), 2 * 60 + 48 + 104 + 4 * 8);
        // A kernel has 48 bytes more, two partials for an element, 12 for each input, and 4 for positions.
        let before = recorder.bytes();
        fuse_map(&function!(product: [S; 2] -> [S; 1]), [&x[..2], &[x[2], x[0]]]);
        assert_eq!(recorder.bytes() - before, 48 + 48 + 2 * 2 * 8 + 2 * 12 + 2 * 4);
        // The pull-back of another block holds its inputs and outputs.
        let before = recorder.bytes();
        Same.apply(&x[..2]);
        assert_eq!(recorder.bytes() - before, 48 + 4 * 8);
    }

    fn product<S: Scalar>([x, y]: [S; 2]) -> [S; 1] {
        [x * y]
    }

    #[derive(Clone)]
    struct Same;

    impl Block for Same {
        fn value(&self, x: &[f64]) -> Vec<f64> {
            x.to_vec()
        }

        fn pull_back<S: Scalar<Real = f64>>(&self, _: &[S], _: &[S], u: &[S]) -> Vec<S> {
            u.to_vec()
        }
    }
}
