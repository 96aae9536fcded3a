//! Sums, products and exponentials over slices.
//!
//! The order of summation is fixed and the same for every scalar: eight
//! running sums, the i-th taking the elements i, i+8, i+16, ..., folded
//! pairwise at the end, then the rest one by one. The compiler turns it into
//! vector code for plain numbers, and the value is the same bit for bit in every
//! reading. Only layers sum in the order of their inputs.

use num_traits::{Float, One};

use crate::scratch::Scratch;
use crate::{Dual, Function, Real, Scalar};

const RUNNING: usize = 8;

/// Sums `term(xs[0], ys[0]) + ... + term(xs[n - 1], ys[n - 1])` in the order described above.
#[inline]
pub(crate) fn sum_of_pairs<X, Y, S: Scalar>(xs: &[X], ys: &[Y], term: impl Fn(&X, &Y) -> S) -> S {
    let ((xs, last_xs), (ys, last_ys)) = (xs.as_chunks::<RUNNING>(), ys.as_chunks::<RUNNING>());
    let (mut whole, mut rest) = (xs.iter().zip(ys), last_xs.iter().zip(last_ys));
    let mut total = if let Some((x, y)) = whole.next() {
        let mut running: [S; RUNNING] = std::array::from_fn(|lane| term(&x[lane], &y[lane]));
        for (x, y) in whole {
            for (lane, sum) in running.iter_mut().enumerate() {
                *sum += term(&x[lane], &y[lane]);
            }
        }
        let mut width = RUNNING;
        while width > 1 {
            width /= 2;
            for lane in 0..width {
                let other = running[lane + width];
                running[lane] += other;
            }
        }
        running[0]
    } else if let Some((x, y)) = rest.next() {
        term(x, y)
    } else {
        return S::zero();
    };
    for (x, y) in rest {
        total += term(x, y);
    }
    total
}

/// Sums `term(xs[0]) + ... + term(xs[n - 1])` in the order described above.
#[inline]
pub(crate) fn sum_of<X, S: Scalar>(xs: &[X], term: impl Fn(&X) -> S) -> S {
    sum_of_pairs(xs, xs, |x, _| term(x))
}

#[inline]
pub(crate) fn plain_sum<S: Scalar>(xs: &[S]) -> S {
    sum_of(xs, |&x| x)
}

#[inline]
pub(crate) fn plain_dot<S: Scalar>(a: &[S], b: &[S]) -> S {
    sum_of_pairs(a, &b[..a.len()], |&a, &b| a * b)
}

/// `m + ln(1 + Σ exp(xᵢ − m))`, the sum without the largest, so that nothing
/// overflows and a small result keeps its digits.
pub(crate) fn plain_log_sum_exp<R: Real>(xs: &[R]) -> R {
    let Some(largest) = index_of_largest(xs) else { return R::neg_infinity() };
    let m = xs[largest];
    if !Scalar::is_finite_throughout(m) {
        return m;
    }
    let others = sum_of(xs, |x| if std::ptr::eq(x, &xs[largest]) { R::zero() } else { Scalar::exp(*x - m) });
    m + Scalar::ln_1p(others)
}

/// The first index of the largest value, or of a NaN if there is one.
pub(crate) fn index_of_largest<S: Scalar>(xs: &[S]) -> Option<usize> {
    (0..xs.len()).reduce(|best, i| {
        let (x, y) = (xs[best].value(), xs[i].value());
        if !Float::is_nan(x) && (y > x || Float::is_nan(y)) { i } else { best }
    })
}

/// `Σᵢ xᵢ`, as one statement on a tape. The sum of an empty slice is 0.
///
/// ```
/// assert_eq!(dualtape::sum(&[1.0, 2.0, 3.5]), 6.5);
/// ```
#[track_caller]
pub fn sum<S: Scalar>(xs: &[S]) -> S {
    S::sum_slice(xs)
}

/// `Σᵢ aᵢ bᵢ`, as one statement on a tape. The product of empty slices is 0.
///
/// # Panics
///
/// When the lengths differ.
///
/// ```
/// use dualtape::{dot, gradient};
///
/// assert_eq!(dot(&[1.0, 2.0], &[3.0, 4.0]), 11.0);
/// assert_eq!(gradient(|x| dot(x, x), &[1.0, 2.0]), (5.0, vec![2.0, 4.0]));
/// ```
#[track_caller]
pub fn dot<S: Scalar>(a: &[S], b: &[S]) -> S {
    assert_eq!(
        a.len(),
        b.len(),
        "dot: the slices have {} and {} elements; pass slices of one length",
        a.len(),
        b.len()
    );
    S::dot_slice(a, b)
}

/// `Σᵢ wᵢ xᵢ` with plain weights, as one statement on a tape: what data do to the parameters of a linear
/// model. The sum of an empty slice is 0.
///
/// It is [`dot`] without the making of constants.
///
/// # Panics
///
/// When the lengths differ.
///
/// ```
/// use dualtape::{gradient, weighted_sum};
///
/// let row = [1.0, 0.5, 0.25];
/// assert_eq!(gradient(|p| weighted_sum(p, &row), &[1.0, 2.0, 4.0]), (3.0, vec![1.0, 0.5, 0.25]));
/// ```
#[track_caller]
pub fn weighted_sum<S: Scalar>(xs: &[S], weights: &[S::Real]) -> S {
    assert_eq!(
        xs.len(),
        weights.len(),
        "weighted_sum: the slices have {} and {} elements; pass a weight for each",
        xs.len(),
        weights.len()
    );
    S::weighted_sum_slice(xs, weights)
}

/// A dense layer without activation: `w·x + b` for each row `x` of a batch and each neuron,
/// as one block on a tape.
///
/// `neurons` holds the weights of a neuron and then its bias, neuron by neuron; `inputs`
/// the numbers of all rows, row by row. The result has the outputs of all neurons, row by
/// row: each the bias, to which the products are added in order.
///
/// # Panics
///
/// When the inputs are not that many whole rows, or the parameters not whole neurons.
///
/// ```
/// use dualtape::affine;
///
/// // Two neurons of two inputs at one row.
/// assert_eq!(affine(&[1.0, 2.0, 0.5, 0.0, -1.0, 0.0], &[3.0, 4.0], 1), [11.5, -4.0]);
/// ```
#[track_caller]
pub fn affine<S: Scalar>(neurons: &[S], inputs: &[S], rows: usize) -> Vec<S> {
    dense(neurons, inputs, rows, &Identity)
}

/// The activation of an affine layer.
pub(crate) struct Identity;

impl<R: Real> Function<R> for Identity {
    type Output = R;

    #[inline(always)]
    fn eval<S: Scalar<Real = R>>(&self, x: &[S]) -> S {
        x[0]
    }
}

/// A dense layer: `activation(w·x + b)` for each row `x` of a batch and each neuron, as one
/// block on a tape; see [`affine`] for the order of the numbers.
///
/// The activation is a function of one input. It is differentiated forward while the layer
/// is recorded, as by [`fuse`](crate::fuse()).
///
/// # Panics
///
/// As [`affine`].
///
/// ```
/// use dualtape::{Scalar, dense, function};
///
/// fn relu<S: Scalar>(x: S) -> S {
///     x.relu()
/// }
///
/// assert_eq!(dense(&[1.0, 2.0, 0.5, 0.0, -1.0, 0.0], &[3.0, 4.0], 1, &function!(relu: S -> S)), [11.5, 0.0]);
/// ```
#[track_caller]
pub fn dense<S, F>(neurons: &[S], inputs: &[S], rows: usize, activation: &F) -> Vec<S>
where
    S: Scalar,
    F: Function<S::Real, Output = S::Real>,
{
    let mut outputs = Vec::new();
    dense_into(neurons, inputs, rows, activation, &mut outputs);
    outputs
}

/// Appends the outputs of [`dense`].
#[track_caller]
pub(crate) fn dense_into<S, F>(neurons: &[S], inputs: &[S], rows: usize, activation: &F, outputs: &mut Vec<S>)
where
    S: Scalar,
    F: Function<S::Real, Output = S::Real>,
{
    if rows == 0 && inputs.is_empty() {
        return;
    }
    let columns = inputs.len().checked_div(rows).unwrap_or(0);
    assert!(
        inputs.len() == rows * columns && neurons.len().is_multiple_of(columns + 1),
        "a layer: {} inputs are not {rows} rows of one length, or {} parameters not whole neurons with a weight for each \
         and a bias",
        inputs.len(),
        neurons.len()
    );
    S::dense_slice(neurons, inputs, rows, activation, outputs);
}

/// Below it, bringing the weights into another order takes as long as the products.
const FEW_ROWS: usize = 4;

#[inline]
pub(crate) fn plain_dense<S, F>(neurons: &[S], inputs: &[S], rows: usize, activation: &F, outputs: &mut Vec<S>)
where
    S: Scalar,
    F: Function<S::Real, Output = S::Real>,
{
    let columns = inputs.len() / rows;
    let (first, count) = (outputs.len(), neurons.len() / (columns + 1));
    outputs.resize(first + rows * count, S::zero());
    let (outputs, inputs) = (&mut outputs[first..], AcrossRows(Rows { numbers: inputs, width: columns }));
    let sizes = [rows, columns, count];
    if rows < FEW_ROWS {
        for outputs in outputs.chunks_exact_mut(count.max(1)) {
            let biases = neurons.iter().skip(columns).step_by(columns + 1);
            outputs.iter_mut().zip(biases).for_each(|(output, &bias)| *output = bias);
        }
        let right = AcrossRows(Rows { numbers: neurons, width: columns + 1 });
        Products { sizes, left: inputs, right, start: None, stride: count }.add_to(outputs);
    } else {
        // The weights of all neurons by each input, and the biases of all.
        let mut by_inputs = Scratch::with_capacity(neurons.len());
        for k in 0..=columns {
            by_inputs.extend(neurons.chunks_exact(columns + 1).map(|neuron| neuron[k]));
        }
        let (by_inputs, biases) = by_inputs.split_at(columns * count);
        let right = DownRows(Rows { numbers: by_inputs, width: count });
        Products { sizes, left: inputs, right, start: Some(biases), stride: count }.add_to(outputs);
    }
    vectorized(
        #[inline(always)]
        || outputs.iter_mut().for_each(|z| *z = activation.eval(&[*z])),
    );
}

/// The values of [`dense`], and the slopes of the activation.
pub(crate) fn dense_with_slopes<T, F>(neurons: &[T], inputs: &[T], rows: usize, activation: &F) -> [Scratch<T>; 2]
where
    T: Scalar,
    F: Function<T::Real, Output = T::Real>,
{
    let count = neurons.len() / (inputs.len() / rows + 1);
    let mut outputs = Scratch::with_capacity(rows * count);
    T::dense_slice(neurons, inputs, rows, &Identity, &mut outputs);
    let mut slopes = Scratch::with_capacity(outputs.len());
    vectorized(
        #[inline(always)]
        || {
            slopes.extend(outputs.iter_mut().map(
                #[inline(always)]
                |z| {
                    let y = activation.eval(&[Dual::variable(*z)]);
                    *z = y.value;
                    y.partials[0]
                },
            ));
        },
    );
    [outputs, slopes]
}

/// Adds the adjoints of `neurons` and of `inputs` to the sums, from those of the outputs of [`dense`] and
/// the slopes of its activation. Sums that are empty are of no account.
pub(crate) fn pull_dense_back<S: Scalar>(
    neurons: &[S],
    inputs: &[S],
    rows: usize,
    slopes: &[S],
    outputs: &[S],
    [of_neurons, of_inputs]: [&mut [S]; 2],
) {
    let (columns, count) = (inputs.len() / rows, outputs.len() / rows);
    let mut of_sums = Scratch::with_capacity(outputs.len());
    vectorized(
        #[inline(always)]
        || {
            of_sums.extend(slopes.iter().zip(outputs).map(
                #[inline(always)]
                |(&slope, &output)| {
                    let counts = !output.is_identically_zero() && !slope.is_identically_zero();
                    if counts { slope * output } else { S::zero() }
                },
            ));
        },
    );

    if !S::RECORDS && [neurons, inputs, &of_sums].into_iter().all(are_finite) {
        let matrix = |numbers, width| Rows { numbers, width };
        let (of_sums, inputs, neurons) =
            (matrix(&of_sums, count), matrix(inputs, columns), matrix(neurons, columns + 1));
        if !of_neurons.is_empty() {
            let (sizes, left, right) = ([count, rows, columns], DownRows(of_sums), DownRows(inputs));
            Products { sizes, left, right, start: None, stride: columns + 1 }.add_to(of_neurons);
            let mut of_biases = Scratch::filled(S::zero(), count);
            vectorized(
                #[inline(always)]
                || {
                    for row in 0..rows {
                        of_biases.iter_mut().zip(of_sums.row(row)).for_each(|(of_bias, &of_sum)| *of_bias += of_sum);
                    }
                },
            );
            let biases = of_neurons.iter_mut().skip(columns).step_by(columns + 1);
            biases.zip(of_biases.iter()).for_each(|(bias, &of_bias)| *bias += of_bias);
        }
        if !of_inputs.is_empty() {
            let (sizes, left, right) = ([rows, count, columns], AcrossRows(of_sums), DownRows(neurons));
            Products { sizes, left, right, start: None, stride: columns }.add_to(of_inputs);
        }
        return;
    }
    for (row, of_sums) in of_sums.chunks_exact(count.max(1)).enumerate() {
        let of_row = row * columns..(row + 1) * columns;
        for (j, &of_sum) in of_sums.iter().enumerate().filter(|(_, of_sum)| !of_sum.is_identically_zero()) {
            let (neuron, bias) = (j * (columns + 1)..(j + 1) * (columns + 1) - 1, (j + 1) * (columns + 1) - 1);
            if !of_neurons.is_empty() {
                add_scaled(&mut of_neurons[neuron.clone()], &inputs[of_row.clone()], of_sum);
                of_neurons[bias] += of_sum;
            }
            if !of_inputs.is_empty() {
                add_scaled(&mut of_inputs[of_row.clone()], &neurons[neuron], of_sum);
            }
        }
    }
}

pub(crate) fn are_finite<S: Scalar>(numbers: &[S]) -> bool {
    let mut all = true;
    // Without an early end it is vector code.
    vectorized(
        #[inline(always)]
        || numbers.iter().for_each(|x| all &= x.is_finite_throughout()),
    );
    all
}

/// `sums += partials·adjoint`, where a zero partial beats an adjoint that is not finite.
#[inline]
fn add_scaled<S: Scalar>(sums: &mut [S], partials: &[S], adjoint: S) {
    let with_care = !adjoint.is_finite_throughout();
    for (sum, &partial) in sums.iter_mut().zip(partials) {
        if !(with_care && partial.is_identically_zero()) {
            *sum += partial * adjoint;
        }
    }
}

/// A matrix row by row.
#[derive(Clone, Copy)]
struct Rows<'a, S> {
    numbers: &'a [S],
    width: usize,
}

impl<'a, S> Rows<'a, S> {
    #[inline(always)]
    fn row(&self, i: usize) -> &'a [S] {
        &self.numbers[i * self.width..][..self.width]
    }
}

/// One of two matrices whose product is wanted.
trait Factor<S>: Copy {
    /// Gives the elements of I vectors of length `n`, from the one with the number `first` on: those with the same
    /// number together, which is to count up from 0.
    fn tile<const I: usize>(self, first: usize, n: usize) -> impl FnMut(usize) -> [S; I];

    /// An element of one vector.
    fn element(self, vector: usize, k: usize) -> S;
}

/// The vectors are the rows.
#[derive(Clone, Copy)]
struct AcrossRows<'a, S>(Rows<'a, S>);

impl<S: Scalar> Factor<S> for AcrossRows<'_, S> {
    #[inline(always)]
    fn tile<const I: usize>(self, first: usize, n: usize) -> impl FnMut(usize) -> [S; I] {
        let mut rows = [&self.0.numbers[..0]; I];
        for (i, row) in rows.iter_mut().enumerate() {
            *row = &self.0.row(first + i)[..n];
        }
        #[inline(always)]
        move |k| {
            let mut elements = [S::zero(); I];
            for (element, row) in elements.iter_mut().zip(&rows) {
                *element = row[k];
            }
            elements
        }
    }

    #[inline(always)]
    fn element(self, vector: usize, k: usize) -> S {
        self.0.row(vector)[k]
    }
}

/// The vectors are the columns.
#[derive(Clone, Copy)]
struct DownRows<'a, S>(Rows<'a, S>);

impl<S: Scalar> Factor<S> for DownRows<'_, S> {
    #[inline(always)]
    fn tile<const I: usize>(self, first: usize, _: usize) -> impl FnMut(usize) -> [S; I] {
        let mut rows = self.0.numbers.chunks_exact(self.0.width);
        #[inline(always)]
        move |_| {
            let row = rows.next().expect("n rows");
            *row[first..].first_chunk().expect("I columns")
        }
    }

    #[inline(always)]
    fn element(self, vector: usize, k: usize) -> S {
        self.0.row(k)[vector]
    }
}

/// The body for each row of a tile, written out. Of a loop the compiler may, with link-time optimization, make vectors
/// down the columns, which it has to gather.
macro_rules! for_rows {
    ($i:ident in $($row:literal)* => $body:expr) => {
        $({ let $i: usize = $row; $body })*
    };
}

/// The products of `m` vectors with `p` vectors of `n` elements, to be added to sums, product after product.
#[derive(Clone, Copy)]
struct Products<'a, S, A, B> {
    sizes: [usize; 3],
    left: A,
    right: B,
    /// What each row of sums starts from, where it is not what is there.
    start: Option<&'a [S]>,
    /// The number of sums in a row.
    stride: usize,
}

impl<S: Scalar, A: Factor<S>, B: Factor<S>> Products<'_, S, A, B> {
    /// They are computed in tiles, whose sums fit into registers.
    #[inline(always)]
    fn add_to(self, sums: &mut [S]) {
        let [m, n, p] = self.sizes;
        if S::ORDER > 0 {
            // A number with derivatives fills the registers by itself.
            for i in 0..m {
                for (j, sum) in sums[i * self.stride..][..p].iter_mut().enumerate() {
                    *sum = self.start.map_or(*sum, |start| start[j]);
                    (0..n).for_each(|k| *sum += self.left.element(i, k) * self.right.element(j, k));
                }
            }
            return;
        }
        #[cfg(feature = "simd")]
        pulp::Arch::new().dispatch(InTiles { products: self, sums });
        #[cfg(not(feature = "simd"))]
        self.add_in_tiles(sums, false);
    }

    /// In tiles of eight rows, if the registers hold as many sums, of four, and of one.
    #[inline(always)]
    fn add_in_tiles(self, sums: &mut [S], eight: bool) {
        let [m, ..] = self.sizes;
        let (in_eights, in_fours) = (if eight { m - m % 8 } else { 0 }, m - m % 4);
        for i in (0..in_eights).step_by(8) {
            self.add_rows::<8>(sums, i);
        }
        for i in (in_eights..in_fours).step_by(4) {
            self.add_rows::<4>(sums, i);
        }
        for i in in_fours..m {
            self.add_rows::<1>(sums, i);
        }
    }

    /// I rows from the one with the number `i` on, in tiles of eight, four, and one column.
    #[inline(always)]
    fn add_rows<const I: usize>(self, sums: &mut [S], i: usize) {
        let [_, _, p] = self.sizes;
        let (in_eights, in_fours) = (p - p % 8, p - p % 4);
        for j in (0..in_eights).step_by(8) {
            self.add_tile::<I, 8>(sums, i, j);
        }
        for j in (in_eights..in_fours).step_by(4) {
            self.add_tile::<I, 4>(sums, i, j);
        }
        for j in in_fours..p {
            self.add_tile::<I, 1>(sums, i, j);
        }
    }

    /// It has loops over ranges and arrays alone, which the compiler dissolves for any instructions.
    #[inline(always)]
    fn add_tile<const I: usize, const J: usize>(self, sums: &mut [S], i: usize, j: usize) {
        let [_, n, _] = self.sizes;
        let (sums, start) = (&mut sums[i * self.stride + j..], self.start.map(|start| &start[j..]));
        let (mut left, mut right) = (self.left.tile::<I>(i, n), self.right.tile::<J>(j, n));
        let mut total = [[S::zero(); J]; I];
        for (i, total) in total.iter_mut().enumerate() {
            *total = *start.unwrap_or(&sums[i * self.stride..]).first_chunk().expect("J sums");
        }
        for k in 0..n {
            let (left, right) = (left(k), right(k));
            for_rows!(i in 0 1 2 3 4 5 6 7 => if i < I {
                for (total, right) in total[i].iter_mut().zip(right) {
                    *total += left[i] * right;
                }
            });
        }
        for (i, total) in total.into_iter().enumerate() {
            *sums[i * self.stride..].first_chunk_mut().expect("J sums") = total;
        }
    }
}

/// Products with the sums that they are added to, for the vector instructions that the machine has.
#[cfg(feature = "simd")]
struct InTiles<'a, 'b, S, A, B> {
    products: Products<'a, S, A, B>,
    sums: &'b mut [S],
}

#[cfg(feature = "simd")]
impl<S: Scalar, A: Factor<S>, B: Factor<S>> pulp::WithSimd for InTiles<'_, '_, S, A, B> {
    type Output = ();

    #[inline(always)]
    fn with_simd<I: pulp::Simd>(self, _: I) {
        // Sixty-four sums, and as much again for what they are made of.
        self.products.add_in_tiles(self.sums, I::REGISTER_COUNT * I::F64_LANES >= 128);
    }
}

/// Runs a kernel compiled for the vector instructions that the machine has. They change no bit.
#[inline(always)]
pub(crate) fn vectorized(kernel: impl FnOnce()) {
    #[cfg(feature = "simd")]
    pulp::Arch::new().dispatch(kernel);
    #[cfg(not(feature = "simd"))]
    kernel();
}

/// `ln Σᵢ exp xᵢ`, without overflow, as one statement on a tape.
///
/// Its gradient is [`softmax`]. Of an empty slice it is `−∞`, the logarithm
/// of an empty sum; `−∞` among the elements is neutral.
///
/// ```
/// use dualtape::log_sum_exp;
///
/// assert_eq!(log_sum_exp(&[-1000.0, -1000.0]), -1000.0 + 2.0_f64.ln());
/// assert_eq!(log_sum_exp::<f64>(&[]), f64::NEG_INFINITY);
/// ```
#[track_caller]
pub fn log_sum_exp<S: Scalar>(xs: &[S]) -> S {
    S::log_sum_exp_slice(xs)
}

/// `exp(xᵢ) / Σⱼ exp(xⱼ)` for every i, without overflow.
///
/// ```
/// assert_eq!(dualtape::softmax(&[1000.0, 1000.0]), [0.5, 0.5]);
/// ```
pub fn softmax<S: Scalar>(xs: &[S]) -> Vec<S> {
    let mut shares = xs.to_vec();
    softmax_in_place(&mut shares);
    shares
}

/// [`softmax`] in the place of the numbers.
pub(crate) fn softmax_in_place<S: Scalar>(xs: &mut [S]) {
    let Some(largest) = index_of_largest(xs) else { return };
    let m = xs[largest];
    if !Float::is_finite(m.value()) {
        xs.copy_from_slice(&weights_of_infinite(xs, m.value()));
        return;
    }
    xs.iter_mut().for_each(|x| *x = exp_of_difference(*x, m));
    let total = sum(xs);
    xs.iter_mut().for_each(|x| *x /= total);
}

/// `exp(x − m)`; of a large difference the rounding would be a visible factor.
#[inline]
fn exp_of_difference<S: Scalar>(x: S, m: S) -> S {
    let power = (x - m).exp();
    let rest = rest_of_difference(x.value(), m.value());
    if Float::abs(rest) > S::Real::epsilon() * <S::Real as Scalar>::from_f64(8.0) {
        power * (rest + S::Real::one())
    } else {
        power
    }
}

/// What rounding takes from `a − b` (Knuth's exact sum).
pub(crate) fn rest_of_difference<R: Real>(a: R, b: R) -> R {
    let difference = a - b;
    let taken = difference - a;
    (a - (difference - taken)) - (b + taken)
}

/// `xᵢ − ln Σⱼ exp(xⱼ)` for every i: the logarithm of [`softmax`], without its
/// underflow.
///
/// ```
/// assert_eq!(dualtape::log_softmax(&[0.0, 1000.0]), [-1000.0, 0.0]);
/// ```
pub fn log_softmax<S: Scalar>(xs: &[S]) -> Vec<S> {
    let total = log_sum_exp(xs);
    xs.iter().map(|&x| x - total).collect()
}

/// The softmax when the largest value `m` is infinite or NaN: equal shares for
/// the elements that reach an infinite `m`, NaN for all beside a NaN.
fn weights_of_infinite<S: Scalar>(xs: &[S], m: S::Real) -> Vec<S> {
    if Float::is_nan(m) {
        return xs.iter().map(|_| S::from_real(m)).collect();
    }
    let share = 1.0 / xs.iter().filter(|x| x.value() == m).count() as f64;
    xs.iter().map(|x| if x.value() == m { S::from_f64(share) } else { S::zero() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_of_either_height_give_the_same_bits() {
        let numbers = |count: usize| (1..=count).map(|i| (i as f64).sin()).collect::<Vec<_>>();
        for (m, n, p) in [(23, 5, 15), (8, 3, 8), (7, 1, 1), (3, 2, 12)] {
            let (left, right) = (numbers(m * n), numbers(p * n));
            let [a, b] = [&left, &right].map(|numbers| AcrossRows(Rows { numbers, width: n }));
            let products = Products { sizes: [m, n, p], left: a, right: b, start: None, stride: p };
            let sum = |i, j| (0..n).fold(0.0, |sum, k| sum + left[i * n + k] * right[j * n + k]);
            let expected: Vec<f64> = (0..m * p).map(|at| sum(at / p, at % p)).collect();
            for eight in [false, true] {
                let mut sums = vec![0.0; m * p];
                products.add_in_tiles(&mut sums, eight);
                assert_eq!(sums, expected, "{m} by {p}, in eights: {eight}");
            }
        }
    }
}
