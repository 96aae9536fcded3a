//! Functions with the attribute `fused`. They have the bits of the same functions without it, and their derivatives up to
//! rounding, in every reading.

use std::fmt::Debug;

use dualtape::sparse::SparseJacobian;
use dualtape::{
    Dual, Function, Real, Scalar, Tape, Taylor, check, differentiable, fused, gradient, gradient_forward, hessian,
    jacobian, jacobian_reverse,
};

use crate::support::refusals::message;

both! { #[fused]
residual: fn of<S: Scalar<Real = f64>>(camera: [S; 4], [x, y, z]: &[S; 3], scale: S, focal: f64) -> [S; 2] {
    let (sin, cos) = camera[0].sin_cos();
    let (x, depth) = (*x * cos + *z * sin + camera[1], *z * cos - *x * sin + camera[3]);
    [x / depth * scale * focal, (*y + camera[2]) / depth * scale - focal]
} }

both! { #[fused] valley: fn of<S: Scalar<Real = f64>>(x: S, mut y: S) -> S {
    y -= x * x;
    y.powi(2) * 100.0 + (-x + 1.0).powi(2)
} }

both! { #[fused]
tuples: fn of<S: Scalar<Real = f64>>(m: &[[S; 2]; 3], pair: (S, (S, [S; 2])), y: &S) -> ([[S; 2]; 2], (S, S)) {
    let (a, (b, [c, d])) = pair;
    let rows = std::array::from_fn(|i| [m[i][0] * a - b, m[i + 1][1] * c + *y]);
    (rows, ((m[2][0] * d).exp(), m[0][1] * m[1][0]))
} }

both! { #[fused] cube: fn of<S: Scalar<Real = f64>>([[[a, b], [c, d]], rest]: [[[S; 2]; 2]; 2]) -> [[[S; 1]; 2]; 1] {
    [[[a * b * c * d], [rest[0][0] - rest[1][1] * rest[0][1] * rest[1][0]]]]
} }

both! { #[fused] polynomial: fn of<S: Scalar<Real = f64>, const N: usize>(x: [S; N], table: &[f64], from: usize) -> S {
    let mut sum = S::zero();
    for i in 0..N {
        sum = sum * x[i] + table[from + i];
    }
    sum.sin()
} }

const TABLE: [f64; 5] = [0.5, -1.0, 2.0, 0.25, 1.5];

/// The results of all functions, by the attribute or without.
macro_rules! all_results {
    ($x:ident, $($plain:ident)?) => {{
        let ([a, b, c, d, e, f, g, h], x) = ($x, $x);
        let residual = residual$(::$plain)?::of([a, b, c, d], &[e, f, g], h, 1.5);
        let (rows, (exp, product)) =
            tuples$(::$plain)?::of(&[[a, b], [c, d], [e, f]], (g, (h, [a, b])), &c);
        let [[[first], [second]]] = cube$(::$plain)?::of([[[a, b], [c, d]], [[e, f], [g, h]]]);
        let mut all = vec![valley$(::$plain)?::of(a, b), exp, product, first, second];
        all.extend(residual.into_iter().chain(rows.into_iter().flatten()));
        all.push(polynomial$(::$plain)?::of([b, d, f, h], &TABLE, 1));
        all.push(polynomial$(::$plain)?::of(x, &[0.5; 9], 0));
        all
    }};
}

/// All functions at once: with the attribute, or without.
struct All {
    fused: bool,
}

impl Function for All {
    type Output = Vec<f64>;

    fn eval<S: Scalar<Real = f64>>(&self, x: &[S]) -> Vec<S> {
        let x: [S; 8] = std::array::from_fn(|i| x[i]);
        if self.fused { all_results!(x,) } else { all_results!(x, plain) }
    }
}

const POINT: [f64; 8] = [0.3, -0.7, 1.2, 2.5, 0.4, -0.2, 0.9, 1.1];

#[track_caller]
fn assert_close(a: impl IntoIterator<Item = f64>, b: impl IntoIterator<Item = f64>) {
    let (a, b): (Vec<f64>, Vec<f64>) = (a.into_iter().collect(), b.into_iter().collect());
    let are_close = a.iter().zip(&b).all(|(a, b)| (a - b).abs() <= 1e-13 * (1.0 + a.abs()));
    assert!(a.len() == b.len() && are_close, "{a:?}\n{b:?}");
}

/// Evaluates all functions in a reading, and asserts that the values have the same bits and the coefficients, which the
/// reading lists, are close.
#[track_caller]
fn assert_same<S: Scalar<Real = f64> + Debug>(x: [S; 8], coefficients: impl Fn(S) -> Vec<f64>) {
    let (fused, plain) = (All { fused: true }.eval(&x), All { fused: false }.eval(&x));
    let bits = |y: &[S]| y.iter().map(|y| y.value().to_bits()).collect::<Vec<u64>>();
    assert_eq!(bits(&fused), bits(&plain));
    assert_close(fused.into_iter().flat_map(&coefficients), plain.into_iter().flat_map(&coefficients));
}

#[test]
fn every_reading_has_the_values_and_derivatives_of_the_bare_function() {
    assert_same(POINT, |y| vec![y]);
    let along = [0.5, -1.0, 0.25, 2.0, 1.0, -0.5, 0.0, 1.5];
    assert_same(std::array::from_fn(|i| Dual::new(POINT[i], [along[i]])), |y| y.partials.to_vec());
    assert_same(std::array::from_fn(|i| Dual::new(POINT[i], [along[i], 1.0, along[7 - i]])), |y| y.partials.to_vec());
    assert_same(
        std::array::from_fn(|i| Dual::new(Dual::new(POINT[i], [along[i]]), [Dual::new(along[7 - i], [0.5])])),
        |y: Dual<Dual<f64>>| vec![y.partials[0].primal, y.partials[0].partials[0]],
    );
    assert_same(std::array::from_fn(|i| Taylor::<f64, 4>::variable(POINT[i]) * along[i]), |y| {
        y.coefficients().collect()
    });
    for derivatives in [reverse, second, sparse] {
        let ((values, of_fused), (plain, of_plain)) =
            (derivatives(&All { fused: true }), derivatives(&All { fused: false }));
        assert_eq!(values, plain);
        assert_close(of_fused, of_plain);
    }
    check(&All { fused: true }, &POINT).assert_agreement();
}

fn reverse(all: &All) -> (Vec<f64>, Vec<f64>) {
    let (y, j) = jacobian_reverse(|x| all.eval(x), &POINT);
    (y, j.rows().flatten().copied().collect())
}

fn second(all: &All) -> (Vec<f64>, Vec<f64>) {
    let (y, g, h) = hessian(|x| all.eval(x).into_iter().map(|y| y * y).sum(), &POINT);
    (vec![y], h.rows().flatten().copied().chain(g).collect())
}

/// Returns all entries. A fused kernel keeps more zeros among them than the same kernel written out.
fn sparse(all: &All) -> (Vec<f64>, Vec<f64>) {
    let (y, j) = SparseJacobian::new(all, &POINT).at(all, &POINT);
    let entries = (0..y.len()).flat_map(|row| (0..POINT.len()).map(move |column| (row, column)));
    let all_entries = entries.map(|(row, column)| j.get(row, column)).collect();
    (y, all_entries)
}

#[test]
fn a_call_is_one_statement_for_each_output() {
    let tape = Tape::new();
    let x = tape.vars(&[1.0, 2.0, 3.0, 4.0]);
    valley::of(x[0], x[1]);
    assert_eq!(tape.len(), 4 + 1);
    let pair = (x[1], (x[2], [x[3], x[0]]));
    tuples::of(&[[x[0], x[1]], [x[2], x[3]], [x[0], x[1]]], pair, &x[1]);
    assert_eq!(tape.len(), 4 + 1 + 6);
    polynomial::of([x[0], x[1]], &TABLE, 0);
    assert_eq!(tape.len(), 4 + 1 + 6 + 1);
}

/// Everything that a signature may have besides scalars.
mod signatures {
    use super::*;

    /// A function over every plain number, which its data name too.
    #[fused]
    fn any_real<S: Scalar>(x: S, k: S::Real, table: &[<S as Scalar>::Real]) -> S
    where
        S::Real: Debug,
    {
        x * x * k + table[0]
    }

    #[fused]
    fn named_real<R: Real, S>(x: [S; 2], k: R) -> S
    where
        S: Scalar<Real = R>,
    {
        x[0] * x[1] * k
    }

    trait Area {
        const SIDES: usize;
        fn at(&self, x: f64) -> f64;
        fn side<S: Scalar<Real = f64>>(x: S, y: S) -> S;
    }

    struct Square(f64);

    impl Area for Square {
        const SIDES: usize = 4;

        fn at(&self, x: f64) -> f64 {
            self.0 * x
        }

        #[fused]
        fn side<S: Scalar<Real = f64>>(x: S, y: S) -> S {
            x.hypot(y)
        }
    }

    /// Data of every kind.
    #[fused]
    #[inline]
    #[must_use]
    #[allow(clippy::too_many_arguments)]
    fn of_data<'a, 'b: 'a, S: Scalar<Real = f64>, A: Area + ?Sized, F, const K: usize, const REVERSED: bool>(
        area: &'a A,
        _: &'b str,
        f: F,
        (low, high): (f64, f64),
        table: [&[f64]; K],
        dynamic: &dyn Fn(&f64) -> f64,
        pair: Option<&'_ f64>,
        [x, y]: [S; 2],
    ) -> S
    where
        F: Fn(f64) -> f64 + Copy,
    {
        let k = area.at(low) + f(high) + table[K - 1][0] + dynamic(&1.0) + pair.copied().unwrap_or(0.0);
        if REVERSED { y / x * k } else { x / y * k * A::SIDES as f64 }
    }

    /// The names of its arguments are those that the expansion could use.
    #[fused]
    fn names<S: Scalar<Real = f64>>(rest: [S; 2], row_0: S, scalars: f64, fused: (S, S), results: f64) -> (S, S) {
        (rest[0] * row_0 * scalars, fused.0 * fused.1 * rest[1] * results)
    }

    #[fused]
    fn power<S: Scalar<Real = f64>>(x: S, n: u32) -> S {
        if n == 0 { S::one() } else { x * power(x, n - 1) }
    }

    #[fused]
    fn of_fused<S: Scalar<Real = f64>>(x: S, y: S) -> S {
        let [a, b] = residual::of([x; 4], &[y; 3], x, 0.5);
        if a > b {
            return valley::of(b, a) * y;
        }
        valley::of(a, b)
    }

    #[test]
    fn signatures_stay_as_they_are() {
        assert_eq!(gradient(|x| any_real(x[0], 3.0, &[1.0]), &[2.0]), (13.0, vec![12.0]));
        assert_eq!(gradient(|x| any_real(x[0], 3.0, &[1.0]), &[2.0_f32]), (13.0, vec![12.0]));
        assert_eq!(gradient(|x| named_real([x[0], x[1]], 3.0), &[2.0_f32, 5.0]), (30.0, vec![15.0, 6.0]));
        assert_eq!(gradient_forward(|x| named_real([x[0], x[1]], 3.0), &[2.0, 5.0]), (30.0, vec![15.0, 6.0]));
        assert_eq!(gradient(|x| Square::side(x[0], x[1]), &[3.0, 4.0]), (5.0, vec![0.6000000000000001, 0.8]));
        let seven = 7.0;
        let k = 6.0 + 8.0 + 5.0 + 2.0 + 7.0;
        let (y, g) = gradient(
            |x| {
                let f = |x| x * 4.0;
                let double = |x: &f64| x + 1.0;
                let table = [&[][..], &[5.0]];
                let xs = [x[0], x[1]];
                of_data::<_, _, _, 2, true>(&Square(6.0), "", f, (1.0, 2.0), table, &double, Some(&seven), xs)
            },
            &[2.0, 3.0],
        );
        assert_eq!((y, g), (1.5 * k, vec![-0.75 * k, 0.5 * k]));
        let (y, g) = gradient(|x| names([x[0], x[1]], x[2], 2.0, (x[0], x[1]), 3.0).1, &[2.0, 3.0, 5.0]);
        assert_eq!((y, g), (54.0, vec![27.0, 36.0, 0.0]));
        let tape = Tape::new();
        let x = tape.var(2.0);
        assert_eq!((power(x, 5).value(), tape.len()), (32.0, 2));
        assert_eq!(gradient(|x| power(x[0], 5), &[2.0]), (32.0, vec![80.0]));
        assert_eq!(of_fused::<f64>(0.5, 2.0), of_fused(tape.var(0.5), tape.var(2.0)).value());
        check(&dualtape::function!(|[x, y]: [S; 2]| -> S { of_fused(x, y) }), &[0.5, 2.0]).assert_agreement();
    }
}

/// Functions of `f64` that `differentiable` makes generic, in both orders of the attributes.
mod with_differentiable {
    use super::*;

    #[differentiable]
    #[fused]
    fn inner(x: f64, [y, z]: [f64; 2], #[plain] table: &[f64]) -> (f64, f64) {
        (0.5 * (x * y).sin() + table[0], 1.0 / z - PER_STEP as f64 * x)
    }

    #[fused]
    #[differentiable]
    fn outer(x: f64, [y, z]: [f64; 2], #[plain] table: &[f64]) -> (f64, f64) {
        (0.5 * (x * y).sin() + table[0], 1.0 / z - PER_STEP as f64 * x)
    }

    #[differentiable]
    fn bare(x: f64, [y, z]: [f64; 2], #[plain] table: &[f64]) -> (f64, f64) {
        (0.5 * (x * y).sin() + table[0], 1.0 / z - PER_STEP as f64 * x)
    }

    /// A value for every tool.
    #[fused]
    #[differentiable]
    fn single(x: f32, y: f32) -> f32 {
        0.1 * x * y + (y - 1.0).max(0.0)
    }

    const PER_STEP: usize = 3;

    #[test]
    fn both_orders_fuse() {
        let table = [2.0];
        assert_eq!(inner(0.3, [0.5, 4.0], &table), bare(0.3, [0.5, 4.0], &table));
        assert_eq!(outer(0.3, [0.5, 4.0], &table), bare(0.3, [0.5, 4.0], &table));
        let tape = Tape::new();
        let x = tape.vars(&[0.3, 0.5, 4.0]);
        inner(x[0], [x[1], x[2]], &table);
        assert_eq!(tape.len(), 3 + 2);
        outer(x[0], [x[1], x[2]], &table);
        assert_eq!(tape.len(), 3 + 4);
        let expected = jacobian_reverse(|x| bare(x[0], [x[1], x[2]], &table), &[0.3, 0.5, 4.0]).1;
        for fused in [
            jacobian_reverse(|x| inner(x[0], [x[1], x[2]], &table), &[0.3, 0.5, 4.0]).1,
            jacobian_reverse(|x| outer(x[0], [x[1], x[2]], &table), &[0.3, 0.5, 4.0]).1,
            jacobian(|x| outer(x[0], [x[1], x[2]], &table), &[0.3, 0.5, 4.0]).1,
        ] {
            assert_close(fused.rows().flatten().copied(), expected.rows().flatten().copied());
        }
        assert_eq!(single::F.gradient(&[2.0_f32, 3.0]), (2.6, vec![0.3, 1.2]));
        assert_eq!(gradient(|x| single(x[0], x[1]), &[2.0_f32, 3.0]), single::F.gradient(&[2.0_f32, 3.0]));
    }
}

#[test]
fn stale_variables_are_refused() {
    let tape = Tape::new();
    let stale = tape.var(1.0);
    tape.clear();
    let x = tape.var(2.0);
    let (bare, fused) = (message(|| valley::plain::of(stale, x)), message(|| valley::of(stale, x)));
    assert!(fused == bare && fused.contains("cleared"), "{fused}");
}
