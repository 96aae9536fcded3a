//! Sparse Jacobians and Hessians: closed forms, the entries of a sparsity, and refusals. Random sparse functions are in
//! `tests/properties/sparse.rs`.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use dualtape::implicit::{root, solve};
use dualtape::sparse::{Csr, SparseHessian, SparseJacobian, Sparsity, hessian_sparse, jacobian_sparse};
use dualtape::{
    Block, Dual, Function, Real, Rule, Scalar, Var, affine, derivative, dot, function, fuse, fuse_map, gradient,
    gradient_forward, hessian, jacobian, jacobian_reverse, log_sum_exp, sum, weighted_sum,
};

use crate::support::compare::assert_near;

fn rosenbrock<R: Real, S: Scalar<Real = R>>(x: &[S]) -> S {
    let (one, hundred) = (R::from_f64(1.0), R::from_f64(100.0));
    x.windows(2).map(|x| (x[1] - x[0].powi(2)).powi(2) * hundred + (x[0] - one).powi(2)).sum()
}

fn broyden<R: Real, S: Scalar<Real = R>>(x: &[S]) -> Vec<S> {
    let real = R::from_f64;
    let at = |i: usize| x.get(i).copied().unwrap_or(S::zero());
    let row =
        |i: usize| (-at(i) * real(2.0) + real(3.0)) * at(i) - at(i.wrapping_sub(1)) - at(i + 1) * real(2.0) + real(1.0);
    (0..x.len()).map(row).collect()
}

fn point(n: usize) -> Vec<f64> {
    (0..n).map(|i| 1.0 + 0.5 * (i as f64).sin()).collect()
}

fn rows(sparsity: &Sparsity) -> Vec<&[usize]> {
    (0..sparsity.shape().0).map(|i| sparsity.row(i)).collect()
}

/// The sparsity of the Jacobian of `f: ℝⁿ → ℝᵐ` at zero.
macro_rules! jacobian_rows {
    ($f:path, $n:expr) => {
        rows(SparseJacobian::new(&function!($f: &[S] -> Vec<S>), &[0.0; $n]).sparsity())
    };
}

/// The sparsity of the Hessian of `f: ℝⁿ → ℝ` at zero.
macro_rules! hessian_rows {
    ($f:path, $n:expr) => {
        rows(SparseHessian::new(&function!($f), &[0.0; $n]).sparsity())
    };
}

mod closed_forms {
    use super::*;

    #[test]
    fn the_jacobian_of_broyden_is_tridiagonal() {
        let f = function!(broyden: &[S] -> Vec<S>);
        let x = point(20);
        let (y, j) = jacobian_sparse(&f, &x);
        assert_eq!(y, broyden(&x));
        assert_eq!(j.sparsity().len(), 3 * 20 - 2);
        for (i, x) in x.iter().enumerate() {
            let diagonal = 3.0 - 4.0 * x;
            assert!((j.get(i, i) - diagonal).abs() < 1e-14);
            for (k, value) in j.row(i).filter(|&(k, _)| k != i) {
                assert_eq!(value, if k < i { -1.0 } else { -2.0 });
            }
        }
    }

    #[test]
    fn the_hessian_of_rosenbrock_is_tridiagonal() {
        let x = point(50);
        let (y, g, h) = hessian_sparse(&function!(rosenbrock), &x);
        assert_eq!((y, g), gradient(rosenbrock, &x));
        assert_eq!(h.sparsity().len(), 3 * 50 - 2);
        for i in 0..49 {
            let (own, next) = (1200.0 * x[i] * x[i] - 400.0 * x[i + 1] + 2.0, -400.0 * x[i]);
            let before = if i > 0 { 200.0 } else { 0.0 };
            assert!((h.get(i, i) - own - before).abs() < 1e-11);
            assert!((h.get(i, i + 1) - next).abs() < 1e-12);
            assert_eq!(h.get(i, i + 1), h.get(i + 1, i));
        }
        assert_eq!(h.get(49, 49), 200.0);
    }

    #[test]
    fn times_is_the_product_with_a_vector() {
        let x = point(20);
        let (_, j) = jacobian_sparse(&function!(broyden: &[S] -> Vec<S>), &x);
        let v: Vec<f64> = (0..20).map(f64::from).collect();
        let dense = j.to_dense();
        let wanted: Vec<f64> = dense.rows().map(|row| row.iter().zip(&v).map(|(a, b)| a * b).sum()).collect();
        assert_eq!(j.times(&v), wanted);
    }

    #[test]
    #[should_panic(expected = "times: the matrix has 20 columns and the vector 3 elements; pass one for each")]
    fn a_product_with_a_short_vector_is_refused() {
        let (_, j) = jacobian_sparse(&function!(broyden: &[S] -> Vec<S>), &point(20));
        j.times(&[1.0; 3]);
    }

    #[test]
    #[should_panic(expected = "column 20 of a sparse matrix with 20 columns; columns count from 0")]
    fn an_element_beyond_the_columns_is_refused() {
        jacobian_sparse(&function!(broyden: &[S] -> Vec<S>), &point(20)).1.get(0, 20);
    }

    #[test]
    #[should_panic(expected = "row 20 of a sparse matrix with 20 rows; rows count from 0")]
    fn a_row_beyond_the_rows_is_refused() {
        let _ = jacobian_sparse(&function!(broyden: &[S] -> Vec<S>), &point(20)).1.row(20);
    }

    #[test]
    fn matrices_say_what_they_hold() {
        fn f<S: Scalar<Real = f64>>(x: &[S]) -> Vec<S> {
            vec![x[1] * 3.0, x[0] * x[1]]
        }
        let f = function!(f: &[S] -> Vec<S>);
        let jacobian = SparseJacobian::new(&f, &[4.0, 5.0]);
        assert_eq!(format!("{jacobian:?}"), "SparseJacobian { shape: (2, 2), entries: 3, colors: 2 }");
        assert_eq!(format!("{:?}", jacobian.at(&f, &[4.0, 5.0]).1), "[{1: 3.0}, {0: 5.0, 1: 4.0}]");
        let sparsity = jacobian.sparsity();
        assert_eq!((sparsity.row_starts(), sparsity.columns()), (&[0, 1, 3][..], &[1, 0, 1][..]));
        assert!(!sparsity.is_empty());
        assert_eq!(format!("{sparsity:?}"), "[[1], [0, 1]]");
        let hessian = SparseHessian::new(&function!(rosenbrock), &[1.0; 5]);
        assert_eq!(format!("{hessian:?}"), "SparseHessian { shape: (5, 5), entries: 13, colors: 3 }");
    }
}

mod sparsities {
    use super::*;

    #[test]
    fn an_entry_that_happens_to_be_zero_is_in_the_sparsity() {
        fn f<S: Scalar<Real = f64>>(x: &[S]) -> Vec<S> {
            vec![x[0] * x[1], x[1].powi(3), x[0].sin() * 2.0, (x[0] * x[2]).exp(), x[2] - x[2]]
        }
        assert_eq!(jacobian_rows!(f, 3), [&[0, 1][..], &[1], &[0], &[0, 2], &[2]]);
    }

    #[test]
    fn a_constant_zero_is_not_in_the_sparsity() {
        fn f<S: Scalar<Real = f64>>(x: &[S]) -> Vec<S> {
            let none = S::zero();
            vec![x[0] * 0.0 + x[1], x[0] * none + x[2], dot(x, &[none, S::one(), none]), none, x[2].powi(0)]
        }
        assert_eq!(jacobian_rows!(f, 3), [&[1][..], &[2], &[1], &[], &[]]);
    }

    #[test]
    fn steps_are_flat_and_kinks_have_two_sides() {
        fn f<S: Scalar<Real = f64>>(x: &[S]) -> Vec<S> {
            let steps = x[0].floor() + x[1].ceil() + x[0].round() + x[1].trunc() + x[0].signum();
            vec![steps, x[0].abs(), x[0].relu(), (x[0] - 1.0).relu(), x[0].max(x[1] + 1.0), x[1].min(x[0])]
        }
        assert_eq!(jacobian_rows!(f, 2), [&[][..], &[0], &[0], &[0], &[0, 1], &[0, 1]]);
        fn g<S: Scalar<Real = f64>>(x: &[S]) -> Vec<S> {
            vec![
                x[0].clamp(1.0, 2.0),
                x[0].abs_sub(x[1]),
                x[0].copysign(x[1]),
                x[0].leaky_relu(0.0),
                x[0].hypot(x[1]),
                x[0].pow(x[1]),
                x[0] % (x[1] + 2.0),
            ]
        }
        assert_eq!(jacobian_rows!(g, 2), [&[0][..], &[0, 1], &[0], &[0], &[0, 1], &[0, 1], &[0, 1]]);
    }

    #[test]
    fn a_hessian_has_the_pairs_that_bend() {
        fn f<S: Scalar<Real = f64>>(x: &[S]) -> S {
            x[0] * 3.0 + x[1] * x[2] + x[3].powi(2) + (x[4] + x[5]).powi(3) + x[6] / x[7] + x[8].relu() * x[9]
        }
        let wanted = [&[][..], &[2], &[1], &[3], &[4, 5], &[4, 5], &[7], &[6, 7], &[9], &[8]];
        assert_eq!(hessian_rows!(f, 10), wanted);
    }

    #[test]
    fn a_kink_passes_the_curvature_of_its_argument() {
        fn f<S: Scalar<Real = f64>>(x: &[S]) -> S {
            (x[0] * x[0]).max(x[1] + 1.0) + (x[2] * x[3] - 1.0).relu()
        }
        assert_eq!(hessian_rows!(f, 4), [&[0][..], &[], &[3], &[2]]);
    }

    #[test]
    fn slices_and_inner_derivatives_are_traced() {
        fn f<S: Scalar<Real = f64>>(x: &[S]) -> Vec<S> {
            let (_, inner) = gradient(|y| y[0] * y[1] * y[1], &x[..2]);
            vec![sum(&x[1..]), dot(&x[..2], &x[2..]), log_sum_exp(&x[..3]), inner[1], derivative(|y| y * y, x[3]).1]
        }
        assert_eq!(jacobian_rows!(f, 4), [&[1, 2, 3][..], &[0, 1, 2, 3], &[0, 1, 2], &[0, 1], &[3]]);
        fn g<S: Scalar<Real = f64>>(x: &[S]) -> S {
            dot(&x[..2], &x[2..]) + log_sum_exp(&x[..2])
        }
        assert_eq!(hessian_rows!(g, 4), [&[0, 1, 2][..], &[0, 1, 3], &[0], &[1]]);
    }

    /// In an operation with a custom pull-back every output depends on every input, but for constants.
    #[test]
    fn blocks_and_fused_sums_are_traced() {
        #[derive(Clone)]
        struct Halves;

        impl Block for Halves {
            fn value(&self, x: &[f64]) -> Vec<f64> {
                x.iter().map(|x| x / 2.0).collect()
            }

            fn pull_back<S: Scalar<Real = f64>>(&self, _: &[S], _: &[S], u: &[S]) -> Vec<S> {
                u.iter().map(|&u| u / 2.0).collect()
            }
        }
        fn f<S: Scalar<Real = f64>>(x: &[S]) -> Vec<S> {
            let constants = Halves.apply(&[S::one()]);
            let halves = Halves.apply(&x[1..]);
            let (zero, one) = (S::zero(), S::one());
            let sums = [one.mul_add(zero, x[2]), one.mul_add(x[0], zero), x[0].mul_add(one, zero)];
            let products = sums.map(|sum| sum * x[1]);
            [&constants[..], &halves, &products].concat()
        }
        assert_eq!(jacobian_rows!(f, 3), [&[][..], &[1, 2], &[1, 2], &[1, 2], &[0, 1], &[0, 1]]);
    }

    #[test]
    fn rules_are_traced() {
        /// `x·y²`.
        struct Weighted;
        impl Rule<2> for Weighted {
            fn value(&self, [x, y]: [f64; 2]) -> f64 {
                x * y * y
            }

            fn partials<S: Scalar<Real = f64>>(&self, [x, y]: [S; 2], _: S) -> [S; 2] {
                [y * y, x * y * 2.0]
            }
        }
        fn f<S: Scalar<Real = f64>>(x: &[S]) -> Vec<S> {
            let one = S::one();
            [[x[0], x[2]], [one, x[1]], [x[2], one], [one, one]].map(|pair| Weighted.apply(pair)).to_vec()
        }
        assert_eq!(jacobian_rows!(f, 3), [&[0, 2][..], &[1], &[2], &[]]);
        let (f, x) = (function!(f: &[S] -> Vec<S>), [2.0, 3.0, 5.0]);
        let (y, j) = jacobian_sparse(&f, &x);
        assert_eq!((y, j.to_dense()), jacobian(|x| f.eval(x), &x));
    }

    #[test]
    fn solutions_of_equations_are_traced() {
        fn quotient<S: Scalar<Real = f64>>(x: &[S]) -> S {
            solve(&[x[0] + 1.0], &[x[2]])[0] + x[1]
        }
        let f = function!(quotient);
        assert_eq!(rows(SparseJacobian::new(&f, &[0.0; 3]).sparsity()), [[0, 1, 2]]);
        assert_eq!(rows(SparseHessian::new(&f, &[0.0; 3]).sparsity()), [&[0, 2][..], &[], &[0, 2]]);

        /// The positive y with y² = x₀x₁, times x₁, and x₂.
        fn mean<S: Scalar<Real = f64>>(x: &[S]) -> S {
            fn residual<S: Scalar<Real = f64>>(y: &[S], p: &[S]) -> Vec<S> {
                vec![y[0] * y[0] - p[0] * p[1]]
            }
            let found = (x[0].value() * x[1].value()).sqrt();
            root(&function!(residual: &[S], &[S] -> Vec<S>), &[found], &x[..2])[0] * x[1] + x[2]
        }
        let (f, x) = (function!(mean), [4.0, 9.0, 1.0]);
        let h = SparseHessian::new(&f, &x);
        assert_eq!(rows(h.sparsity()), [&[0, 1][..], &[0, 1], &[]]);
        for x in [x, [0.5, 2.0, 3.0], [1.0, 1.0, 0.0]] {
            let (_, _, entries) = h.at(&f, &x);
            let dense = hessian(mean, &x).2;
            for (i, j) in (0..3).flat_map(|i| (0..3).map(move |j| (i, j))) {
                assert_near("mean", entries.get(i, j), dense[i][j], 1e-14, 0.0);
            }
            assert_eq!(rows(SparseJacobian::new(&f, &x).sparsity()), [[0, 1, 2]]);
        }
    }

    #[test]
    fn a_trace_shows_its_numbers() {
        struct Shown(RefCell<Vec<String>>);

        impl Function for Shown {
            type Output = f64;

            fn eval<S: Scalar<Real = f64>>(&self, x: &[S]) -> S {
                *self.0.borrow_mut() = [x[0], x[0] * 2.0, S::one()].map(|x| format!("{x:?} {x} {x:e}")).to_vec();
                x[0]
            }
        }
        let f = Shown(RefCell::default());
        SparseJacobian::new(&f, &[1.5]);
        assert_eq!(f.0.take(), ["1.5? (variable 0) 1.5? 1.5e0?", "3? (variable 1) 3? 3e0?", "1 1 1e0"]);
    }

    #[test]
    fn a_matrix_may_be_empty() {
        fn none<S: Scalar>(_: &[S]) -> Vec<S> {
            Vec::new()
        }
        fn constant<S: Scalar>(_: &[S]) -> Vec<S> {
            vec![S::one(); 3]
        }
        let none = function!(none: &[S] -> Vec<S>);
        let constant = function!(constant: &[S] -> Vec<S>);
        for n in [0, 2] {
            let x = vec![1.0; n];
            let (y, j) = jacobian_sparse(&none, &x);
            assert_eq!((y.len(), j.sparsity().shape(), j.sparsity().is_empty()), (0, (0, n), true));
            let jacobian = SparseJacobian::new(&constant, &x);
            assert_eq!((jacobian.sparsity().shape(), jacobian.colors()), ((3, n), 0));
            assert_eq!(jacobian.at(&constant, &x).0, [1.0; 3]);
        }
        let (y, g, h) = hessian_sparse(&function!(rosenbrock), &[0.0_f64; 0]);
        assert_eq!((y, g.len(), h.sparsity().shape()), (0.0, 0, (0, 0)));
        let (y, g, h) = hessian_sparse(&function!(sum), &[1.0; 3]);
        assert_eq!((y, g, h.values().len()), (3.0, vec![1.0; 3], 0));
    }

    /// A sum of local terms, and a long chain: neither the stack nor the memory grows with the square of the length.
    #[test]
    fn long_functions_are_traced() {
        fn terms<S: Scalar<Real = f64>>(x: &[S]) -> S {
            x.windows(2).map(|x| (x[0] - x[1]).sin()).sum::<S>().exp() + x[0]
        }
        let jacobian = SparseJacobian::new(&function!(terms), &[0.1; 10_000]);
        assert_eq!((jacobian.sparsity().len(), jacobian.colors()), (10_000, 1));
        fn steps<S: Scalar<Real = f64>>(x: &[S]) -> Vec<S> {
            let mut y = x[0];
            let step = |_| {
                y = y * 0.5 + x[1];
                y
            };
            (0..300_000).map(step).collect::<Vec<_>>().split_off(299_900)
        }
        assert_eq!(jacobian_rows!(steps, 3), [[0, 1]; 100]);
    }
}

mod colors {
    use super::*;

    fn of_jacobian(f: &impl Function, n: usize) -> usize {
        SparseJacobian::new(f, &vec![0.0; n]).colors()
    }

    #[test]
    fn bands_diagonals_and_blocks_need_as_many_colors_as_they_are_wide() {
        struct Band(usize);
        impl Function for Band {
            type Output = Vec<f64>;
            fn eval<S: Scalar<Real = f64>>(&self, x: &[S]) -> Vec<S> {
                let side = |i: usize| i.saturating_sub(self.0)..(i + self.0 + 1).min(x.len());
                (0..x.len()).map(|i| x[side(i)].iter().map(|x| x.sin()).sum()).collect()
            }
        }
        for width in 0..12 {
            assert_eq!(of_jacobian(&Band(width), 100), 2 * width + 1);
        }
        struct Blocks(usize);
        impl Function for Blocks {
            type Output = f64;
            fn eval<S: Scalar<Real = f64>>(&self, x: &[S]) -> S {
                x.chunks(self.0).map(|x| x.iter().copied().sum::<S>().exp()).sum()
            }
        }
        for size in 1..12 {
            let hessian = SparseHessian::new(&Blocks(size), &[0.0; 60]);
            assert_eq!(hessian.colors(), size);
        }
    }

    #[test]
    fn a_hessian_in_the_form_of_an_arrow_needs_two_colors() {
        fn arrow<S: Scalar<Real = f64>>(x: &[S]) -> S {
            x.iter().map(|&y| (y * x[x.len() - 1]).exp()).sum()
        }
        assert_eq!(SparseHessian::new(&function!(arrow), &[0.0; 5000]).colors(), 2);
    }

    #[test]
    fn a_grid_needs_few_colors() {
        // The five-point Laplacian of a square of 30 by 30 points: 5 colors at least.
        fn laplacian<S: Scalar<Real = f64>>(x: &[S]) -> Vec<S> {
            let at = |i: usize, j: usize| if i < 30 && j < 30 { x[30 * i + j] } else { S::zero() };
            let stencil = |i: usize, j: usize| {
                at(i, j) * 4.0 - at(i.wrapping_sub(1), j) - at(i + 1, j) - at(i, j.wrapping_sub(1)) - at(i, j + 1)
            };
            (0..900).map(|k| stencil(k / 30, k % 30)).collect()
        }
        assert!(of_jacobian(&function!(laplacian: &[S] -> Vec<S>), 900) <= 8);
        fn energy<S: Scalar<Real = f64>>(x: &[S]) -> S {
            laplacian(x).into_iter().zip(x).map(|(l, &x)| l * x).sum()
        }
        assert!(SparseHessian::new(&function!(energy), &[0.0; 900]).colors() <= 6);
    }

    #[test]
    fn long_rows_are_compressed_in_reverse() {
        fn f<S: Scalar<Real = f64>>(x: &[S]) -> Vec<S> {
            let diagonal = x.iter().map(|&x| x * x);
            [x.iter().product()].into_iter().chain(diagonal).collect()
        }
        let f = function!(f: &[S] -> Vec<S>);
        let jacobian = SparseJacobian::new(&f, &[0.0; 100]);
        assert_eq!(jacobian.colors(), 2);
        let x = vec![1.5; 100];
        let (y, j) = jacobian.at(&f, &x);
        let (y_dense, dense) = jacobian_reverse(|x| f.eval(x), &x);
        assert_eq!((y, j.to_dense()), (y_dense, dense));
    }

    #[test]
    fn a_dense_matrix_equals_the_dense_verbs() {
        fn f<S: Scalar<Real = f64>>(x: &[S]) -> Vec<S> {
            x.iter().map(|&y| (x.iter().copied().sum::<S>() * y).sin()).collect()
        }
        let f = function!(f: &[S] -> Vec<S>);
        let x = point(20);
        assert_eq!(SparseJacobian::new(&f, &x).colors(), 20);
        assert_eq!(jacobian_sparse(&f, &x).1.to_dense(), jacobian(|x| f.eval(x), &x).1);
    }
}

mod costs {
    use super::*;

    /// Products of neighbours. They note the size of each scalar that evaluates them.
    struct Band<'a> {
        width: usize,
        sizes: &'a RefCell<Vec<usize>>,
    }

    impl Function for Band<'_> {
        type Output = Vec<f64>;

        fn eval<S: Scalar<Real = f64>>(&self, x: &[S]) -> Vec<S> {
            self.sizes.borrow_mut().push(size_of::<S>());
            x.windows(self.width).map(|x| x.iter().product()).collect()
        }
    }

    /// A sum over groups, each of which multiplies only its own inputs.
    struct Sum<'a>(Band<'a>);

    impl Function for Sum<'_> {
        type Output = f64;

        fn eval<S: Scalar<Real = f64>>(&self, x: &[S]) -> S {
            self.0.sizes.borrow_mut().push(size_of::<S>());
            x.chunks(self.0.width).map(|x| x.iter().product::<S>()).sum()
        }
    }

    /// A value and a tangent, each with a note of 8 bytes: the scalar in which the sparsity is confirmed.
    type Noted = Dual<[f64; 2], 1>;

    /// Four lanes are enough for four colors; for more there are eight at a time. Then the sparsity is confirmed.
    fn passes<Few, Many, Confirming>(colors: usize) -> Vec<usize> {
        let lanes = if colors <= 4 { vec![size_of::<Few>()] } else { vec![size_of::<Many>(); colors.div_ceil(8)] };
        [lanes, vec![size_of::<Confirming>()]].concat()
    }

    #[test]
    fn each_color_is_a_lane_and_a_sparsity_that_fits_is_not_traced_again() {
        let sizes = RefCell::default();
        let x = point(30);
        for width in 1..10 {
            let f = Band { width, sizes: &sizes };
            let jacobian = SparseJacobian::new(&f, &x);
            assert_eq!(jacobian.colors(), width);
            sizes.take();
            jacobian.at(&f, &x);
            assert_eq!(sizes.take(), passes::<Dual<f64, 4>, Dual<f64, 8>, Noted>(width), "J, width {width}");

            let f = Sum(f);
            let hessian = SparseHessian::new(&f, &x);
            sizes.take();
            hessian.at(&f, &x);
            let colors = if width > 1 { width } else { 0 };
            assert_eq!(hessian.colors(), colors);
            let wanted = passes::<Var<Dual<f64, 4>>, Var<Dual<f64, 8>>, Dual<Noted>>(colors);
            assert_eq!(sizes.take(), wanted, "H, width {width}");

            let gradient = SparseJacobian::new(&f, &x);
            assert_eq!(gradient.colors(), 1);
            sizes.take();
            gradient.at(&f, &x);
            assert_eq!(sizes.take(), [size_of::<Var>(), size_of::<Noted>()], "in reverse, width {width}");
        }
    }
}

mod reuse {
    use super::*;

    /// A band with one more entry.
    struct Extended(Option<(usize, usize)>);

    impl Function for Extended {
        type Output = Vec<f64>;

        fn eval<S: Scalar<Real = f64>>(&self, x: &[S]) -> Vec<S> {
            let mut y = broyden(x);
            if let Some((i, j)) = self.0 {
                y[i] += x[j] * 1e-8;
            }
            y
        }
    }

    struct Energy(Extended);

    impl Function for Energy {
        type Output = f64;

        fn eval<S: Scalar<Real = f64>>(&self, x: &[S]) -> S {
            let y = self.0.eval(x);
            dot(&y, x)
        }
    }

    #[test]
    fn every_missing_entry_is_noticed() {
        let x = point(12);
        let jacobian = SparseJacobian::new(&Extended(None), &x);
        let hessian = SparseHessian::new(&Energy(Extended(None)), &x);
        for (i, j) in (0..12).flat_map(|i| (0..12).map(move |j| (i, j))) {
            let f = Extended(Some((i, j)));
            let fits = |evaluate: &dyn Fn()| catch_unwind(AssertUnwindSafe(evaluate)).is_ok();
            assert_eq!(fits(&|| drop(jacobian.at(&f, &x))), i.abs_diff(j) <= 1, "J, entry ({i}, {j})");
            let f = Energy(f);
            assert_eq!(fits(&|| drop(hessian.at(&f, &x))), i.abs_diff(j) <= 1, "H, entry ({i}, {j})");
        }
    }

    fn branch<S: Scalar<Real = f64>>(x: &[S]) -> Vec<S> {
        vec![x[1] * 2.0, if x[0] < 0.0 { x[0] } else { x[0] * x[1] }]
    }

    #[test]
    #[should_panic(
        expected = "SparseJacobian: there is an entry at row 1 and column 1 here, which is not in the sparsity, as \
                    the function takes another branch at this point than where the sparsity was found; find it again \
                    here with `SparseJacobian::new`"
    )]
    fn another_branch_is_refused() {
        let f = function!(branch: &[S] -> Vec<S>);
        let jacobian = SparseJacobian::new(&f, &[-1.0, 1.0]);
        jacobian.at(&f, &[1.0, 1.0]);
    }

    #[test]
    #[should_panic(
        expected = "SparseJacobian: there is an entry at row 0 and column 0 here, which is not in the sparsity"
    )]
    fn another_branch_in_reverse_is_refused() {
        fn f<S: Scalar<Real = f64>>(x: &[S]) -> S {
            x[1..].iter().copied().sum::<S>() + if x[1] < 0.0 { S::zero() } else { x[0] }
        }
        let f = function!(f);
        SparseJacobian::new(&f, &[-1.0; 100]).at(&f, &[1.0; 100]);
    }

    #[test]
    #[should_panic(
        expected = "SparseHessian: there is an entry at row 0 and column 1 here, which is not in the sparsity"
    )]
    fn another_branch_of_a_hessian_is_refused() {
        fn f<S: Scalar<Real = f64>>(x: &[S]) -> S {
            if x[0] < 0.0 { x[0] + x[1] } else { x[0] * x[1] }
        }
        let f = function!(f);
        SparseHessian::new(&f, &[-1.0, 1.0]).at(&f, &[1.0, 1.0]);
    }

    /// Branches on results follow their values, not only the values of the inputs.
    #[test]
    fn branches_follow_the_values_of_results() {
        fn f<S: Scalar<Real = f64>>(x: &[S]) -> Vec<S> {
            let choose = |test: S, yes: S, no: S| if test > 2.0 { yes } else { no };
            vec![
                choose(x[0].exp(), x[0], x[1]),
                choose(x[0] * 2.0, x[0], x[1]),
                choose(x[0] * x[1], x[0], x[1]),
                choose(x[0].mul_add(x[0], x[1]), x[0], x[1]),
                choose(x[0] + x[1], x[0], x[1]),
                choose(x[1] - x[0], x[0], x[1]),
            ]
        }
        let f = function!(f: &[S] -> Vec<S>);
        let rows = |x: &[f64]| {
            let jacobian = SparseJacobian::new(&f, x);
            std::array::from_fn(|i| jacobian.sparsity().row(i).to_vec())
        };
        assert_eq!(rows(&[1.5, 1.0]), [[0], [0], [1], [0], [0], [1]]);
        assert_eq!(rows(&[0.8, 3.0]), [[0], [1], [0], [0], [0], [0]]);
        assert_eq!(rows(&[0.2, 1.0]), [[1], [1], [1], [1], [1], [1]]);
        assert_eq!(rows(&[0.5, 0.1]), [[1], [1], [1], [1], [1], [1]]);
    }

    /// Slopes of rules and factors in statements of every kind that are constants, 0 among them, on this side of a step.
    /// They reach the outputs by derivatives within the function too.
    #[test]
    fn another_branch_of_slopes_fits_or_is_refused() {
        struct Step;
        impl Rule<2> for Step {
            fn value(&self, [x, y]: [f64; 2]) -> f64 {
                if x > 0.0 { x * y } else { 0.0 }
            }

            fn partials<S: Scalar<Real = f64>>(&self, [x, y]: [S; 2], _: S) -> [S; 2] {
                let side = S::from_real(if x > 0.0 { 1.0 } else { 0.0 });
                [y * side, x * side]
            }
        }
        fn product<S: Scalar>([x, y]: [S; 2]) -> [S; 1] {
            [x * y]
        }
        const STATEMENTS: usize = 7;
        fn statement<S: Scalar<Real = f64>>(number: usize, x: &[S]) -> S {
            let steps = [1, 2].map(|i| if x[i] > 0.0 { x[i].value().floor() } else { 0.0 });
            let constants = steps.map(S::from_real);
            let y = match number {
                0 => dot(&x[..2], &constants),
                1 => affine(&[constants[0], constants[1], S::one()], &x[..2], 1)[0],
                2 => affine(&[x[0], x[1], x[2]], &constants, 1)[0],
                3 => sum(&fuse_map(&function!(product: [S; 2] -> [S; 1]), [&x[..2], &constants])[0]),
                4 => fuse(&function!(product: [S; 2] -> [S; 1]), [x[0], constants[1]])[0],
                5 => weighted_sum(&x[..2], &steps),
                _ => Step.apply([x[1], x[0]]),
            };
            y * x[3] * x[3]
        }
        struct Output {
            number: usize,
            of: usize,
        }
        impl Function for Output {
            type Output = f64;
            fn eval<S: Scalar<Real = f64>>(&self, x: &[S]) -> S {
                let (y, reverse) = gradient(|x| statement(self.number, x), x);
                let (_, forward) = gradient_forward(|x| statement(self.number, x), x);
                [vec![y], reverse, forward].concat()[self.of]
            }
        }
        let side = |k: usize, bit: usize| if k >> bit & 1 == 1 { 1.25 } else { -1.5 };
        let points: Vec<[f64; 4]> = (0..8).map(|k| [0.75, side(k, 0), side(k, 1), side(k, 2)]).collect();
        let outputs = (0..STATEMENTS).flat_map(|number| (0..9).map(move |of| Output { number, of }));
        for f in outputs {
            let named = format!("output {} of statement {}", f.of, f.number);
            let dense: Vec<_> = points.iter().map(|x| hessian(|x| f.eval(x), x)).collect();
            for found in &points {
                let (jacobian, hessian) = (SparseJacobian::new(&f, found), SparseHessian::new(&f, found));
                for (x, (_, g, h)) in points.iter().zip(&dense) {
                    let answer = |evaluate: &dyn Fn() -> Vec<f64>| match catch_unwind(AssertUnwindSafe(evaluate)) {
                        Ok(entries) => Some(entries),
                        Err(refusal) => {
                            let text = refusal.downcast_ref::<String>().expect("a panic has a message");
                            assert!(x != found && text.contains("there is an entry at row"), "{named}: {text}");
                            None
                        }
                    };
                    if let Some(entries) = answer(&|| jacobian.at(&f, x).1.to_dense().into_entries()) {
                        assert_eq!(entries, *g, "J of {named}: {found:?}, {x:?}");
                    }
                    if let Some(entries) = answer(&|| hessian.at(&f, x).2.to_dense().into_entries()) {
                        assert_eq!(entries, h.clone().into_entries(), "H of {named}: {found:?}, {x:?}");
                    }
                }
            }
        }
    }

    /// The missing entry is 0 here, but its derivative is not.
    #[test]
    #[should_panic(expected = "there is an entry at row 1 and column 1 here")]
    fn another_branch_in_a_derivative_alone_is_refused() {
        let f = function!(branch: &[S] -> Vec<S>);
        let jacobian = SparseJacobian::new(&f, &[-1.0, 1.0]);
        jacobian.at(&f, &[Dual::variable(0.0), Dual::constant(1.0)]);
    }

    /// Tiny entries are noticed as well as others.
    #[test]
    #[should_panic(expected = "there is an entry at row 1 and column 1 here")]
    fn another_branch_of_tiny_numbers_is_refused() {
        fn tiny<S: Scalar<Real = f64>>(x: &[S]) -> Vec<S> {
            branch(x).into_iter().map(|y| y * 1e-20).collect()
        }
        let f = function!(tiny: &[S] -> Vec<S>);
        SparseJacobian::new(&f, &[-1.0, 1.0]).at(&f, &[1.0, 1.0]);
    }

    /// The missing entry is far below the rounding of the others, in forward and in reverse, in a Jacobian and a
    /// Hessian.
    #[test]
    fn another_branch_beside_huge_entries_is_refused() {
        struct Beside {
            size: f64,
            missing: f64,
        }
        impl Function for Beside {
            type Output = Vec<f64>;
            fn eval<S: Scalar<Real = f64>>(&self, x: &[S]) -> Vec<S> {
                let n = x.len();
                let branch = if x[1] > 0.0 { x[0] * x[1] * self.missing } else { S::zero() };
                vec![(x[0] * x[0] + x[n - 1] * x[n - 1]) * self.size + branch]
            }
        }
        struct Energy(Beside);
        impl Function for Energy {
            type Output = f64;
            fn eval<S: Scalar<Real = f64>>(&self, x: &[S]) -> S {
                self.0.eval(x)[0] + x[1] * x[1] * self.0.size
            }
        }
        for (size, missing) in [(1e13, 3.0), (1e17, 3.0), (1e300, 1e-300), (1.0, 1e-30), (f64::INFINITY, 1.0)] {
            for n in [3, 100] {
                let at = |x1: f64| (0..n).map(|i| if i == 1 { x1 } else { 1.0 }).collect::<Vec<_>>();
                let refused = |evaluate: &dyn Fn()| catch_unwind(AssertUnwindSafe(evaluate)).is_err();
                let f = Beside { size, missing };
                let jacobian = SparseJacobian::new(&f, &at(-1.0));
                jacobian.at(&f, &at(-2.0));
                assert!(refused(&|| drop(jacobian.at(&f, &at(1.0)))), "J, {missing} beside {size}, {n} inputs");
                let f = Energy(f);
                let hessian = SparseHessian::new(&f, &at(-1.0));
                hessian.at(&f, &at(-2.0));
                assert!(refused(&|| drop(hessian.at(&f, &at(1.0)))), "H, {missing} beside {size}, {n} inputs");
            }
        }
    }

    /// A sparsity with more entries than another point needs serves there, though other operations run.
    #[test]
    fn a_branch_with_fewer_entries_fits() {
        let f = function!(branch: &[S] -> Vec<S>);
        let jacobian = SparseJacobian::new(&f, &[1.0, 1.0]);
        assert_eq!(jacobian.at(&f, &[-1.0, 1.0]).1.to_dense().into_entries(), [0.0, 2.0, 1.0, 0.0]);
    }

    /// All entries cancel to zero.
    #[test]
    fn rounding_is_no_misfit() {
        fn f<S: Scalar<Real = f64>>(x: &[S]) -> S {
            let (forward, backward): (S, S) = (x.iter().sum(), x.iter().rev().sum());
            forward.sin() - backward.sin()
        }
        let f = function!(f);
        let hessian = SparseHessian::new(&f, &[0.0; 20]);
        assert_eq!(hessian.at(&f, &[1.0; 20]).2.values(), [0.0; 400]);
    }

    #[test]
    fn entries_that_are_not_finite_fit_the_sparsity() {
        fn f<S: Scalar<Real = f64>>(x: &[S]) -> Vec<S> {
            vec![x[0].sqrt() + x[1], x[1].ln() * x[2], x[2] * 1e-310]
        }
        let f = function!(f: &[S] -> Vec<S>);
        let jacobian = SparseJacobian::new(&f, &[1.0; 3]);
        let (_, j) = jacobian.at(&f, &[0.0, -1.0, 1.0]);
        assert_eq!((j.get(0, 0), j.get(0, 1), j.get(2, 2)), (f64::INFINITY, 1.0, 1e-310));
        assert!(j.get(1, 1).is_nan() && j.get(1, 2).is_nan());
    }

    #[test]
    #[should_panic(expected = "SparseJacobian: the sparsity has 3 inputs and x has 4 elements; find it again with \
                    `SparseJacobian::new`")]
    fn another_number_of_inputs_is_refused() {
        let f = function!(broyden: &[S] -> Vec<S>);
        SparseJacobian::new(&f, &[0.0; 3]).at(&f, &[0.0; 4]);
    }

    #[test]
    #[should_panic(expected = "SparseJacobian: the sparsity has 1 outputs and f(x) has 3; find it again with \
                    `SparseJacobian::new`")]
    fn another_number_of_outputs_is_refused() {
        let f = function!(broyden: &[S] -> Vec<S>);
        SparseJacobian::new(&function!(sum), &[0.0; 3]).at(&f, &[0.0; 3]);
    }

    #[test]
    #[should_panic(expected = "SparseHessian: the sparsity has 3 inputs and x has 0 elements")]
    fn another_number_of_inputs_of_a_hessian_is_refused() {
        let f = function!(rosenbrock);
        SparseHessian::new(&f, &[0.0; 3]).at(&f, &[0.0_f64; 0]);
    }
}

/// No trace looks inside a block, so a sparsity serves at every point, however the block branches and whatever its methods
/// leave out.
mod blocks {
    use dualtape::{Taylor, taylor};

    use super::*;

    /// The function `y = A·x` with an A that is constant but for steps.
    type Steps = fn(&[f64]) -> [[f64; 4]; 3];

    const ALL: [(&str, Steps); 6] = [
        ("relu", |x| [0, 1, 2].map(|i| row(i, if x[i] > 0.0 { 1.0 } else { 0.0 }))),
        ("the largest", |x| [row(largest(x), 1.0), [0.0; 4], row(0, 1.0)]),
        ("sorted", |x| {
            let mut order = [0, 1, 2, 3];
            order.sort_by(|&i, &j| x[i].total_cmp(&x[j]));
            [0, 1, 2].map(|k| row(order[k], 1.0))
        }),
        ("selected", |x| [0, 1, 2].map(|i| row((x[3].abs() as usize + i) % 4, 1.0))),
        ("by floor", |x| [[0.0, x[0].floor(), 1.0, 0.0], row(3, x[1].floor()), row(1, x[2].floor())]),
        ("by sign", |x| {
            [[0.0, x[0].signum() + 1.0, 0.0, x[1].signum() - 1.0], row(2, 1.0), row(3, x[3].signum() + 1.0)]
        }),
    ];

    fn row(i: usize, slope: f64) -> [f64; 4] {
        std::array::from_fn(|j| if i == j { slope } else { 0.0 })
    }

    fn largest(x: &[f64]) -> usize {
        (0..x.len()).max_by(|&i, &j| x[i].total_cmp(&x[j])).unwrap()
    }

    /// How a product with a slope is written.
    #[derive(Clone, Copy, PartialEq)]
    enum Written {
        Times,
        /// Without what is zero.
        ByBranch,
        /// With a slope that is computed from the input.
        FromInputs,
    }

    impl Written {
        fn product<S: Scalar<Real = f64>>(self, slope: f64, x: S, u: S) -> S {
            match self {
                Written::Times => u * S::from_real(slope),
                Written::ByBranch if slope == 0.0 => S::zero(),
                Written::ByBranch => u * slope,
                Written::FromInputs => u * (x * 0.0 + slope),
            }
        }
    }

    /// `A·x`, squared or not.
    #[derive(Clone)]
    struct Branching {
        steps: Steps,
        squared: bool,
        pull_back: Written,
        push_forward: Option<Written>,
    }

    impl Branching {
        fn linear<S: Scalar<Real = f64>>(&self, written: Written, x: &[S], v: &[S]) -> Vec<S> {
            let slopes = (self.steps)(&x.iter().map(|x| x.value()).collect::<Vec<_>>());
            slopes.map(|row| (0..4).map(|j| written.product(row[j], x[j], v[j])).sum()).to_vec()
        }

        fn doubled<S: Scalar<Real = f64>>(&self, written: Written, x: &[S], u: &[S]) -> Vec<S> {
            let y = self.linear(written, x, x);
            y.iter().zip(u).map(|(&y, &u)| if self.squared { y * u * 2.0 } else { u }).collect()
        }
    }

    impl Block for Branching {
        fn value(&self, x: &[f64]) -> Vec<f64> {
            let y = self.linear(Written::Times, x, x);
            if self.squared { y.iter().map(|y| y * y).collect() } else { y }
        }

        fn push_forward<S: Scalar<Real = f64>>(&self, x: &[S], y: &[S], v: &[S]) -> Vec<S> {
            if let Some(written) = self.push_forward {
                return self.doubled(written, x, &self.linear(written, x, v));
            }
            let unit = |i| (0..y.len()).map(|j| if i == j { S::one() } else { S::zero() }).collect::<Vec<S>>();
            (0..y.len()).map(|i| dot(&self.pull_back(x, y, &unit(i)), v)).collect()
        }

        fn pull_back<S: Scalar<Real = f64>>(&self, x: &[S], _: &[S], u: &[S]) -> Vec<S> {
            let u = self.doubled(self.pull_back, x, u);
            let slopes = (self.steps)(&x.iter().map(|x| x.value()).collect::<Vec<_>>());
            (0..4).map(|j| (0..3).map(|i| self.pull_back.product(slopes[i][j], x[j], u[i])).sum()).collect()
        }
    }

    fn each(mut test: impl FnMut(&str, Branching)) {
        use Written::{ByBranch, FromInputs, Times};

        let written = [
            (Times, Some(Times)),
            (Times, Some(FromInputs)),
            (ByBranch, Some(FromInputs)),
            (FromInputs, Some(ByBranch)),
            (Times, None),
            (ByBranch, None),
        ];
        for (name, steps) in ALL {
            for (pull_back, push_forward) in written {
                for squared in [false, true] {
                    test(name, Branching { steps, squared, pull_back, push_forward });
                }
            }
        }
    }

    const POINTS: [[f64; 4]; 9] = [
        [0.0; 4],
        [1.5, 2.5, 3.5, 4.5],
        [-1.5, -2.5, -3.5, -4.5],
        [1.5, -2.5, 0.5, -1.5],
        [-0.5, 0.5, -1.5, 2.5],
        [0.25, 0.5, 0.75, 0.125],
        [3.5, 1.5, -0.5, 1.25],
        [-1.0, 0.0, 2.0, 0.0],
        [0.5, 1.25, -2.5, 3.0],
    ];

    struct Total(Branching);

    impl Function for Total {
        type Output = f64;

        fn eval<S: Scalar<Real = f64>>(&self, x: &[S]) -> S {
            let y = self.0.apply(x);
            y[0] * y[0] + x[2] * y[1] + y[2]
        }
    }

    struct Outputs(Branching);

    impl Function for Outputs {
        type Output = Vec<f64>;

        fn eval<S: Scalar<Real = f64>>(&self, x: &[S]) -> Vec<S> {
            let y = self.0.apply(x);
            vec![y[0], y[0] + y[1], x[2] * y[1], y[2]]
        }
    }

    /// Derivatives of every kind within the function.
    struct Inner(Branching);

    impl Function for Inner {
        type Output = Vec<f64>;

        fn eval<S: Scalar<Real = f64>>(&self, x: &[S]) -> Vec<S> {
            let (_, reverse) = gradient(|x| Total(self.0.clone()).eval(x), x);
            let (_, forward) = gradient_forward(|x| self.0.apply(x)[0], x);
            let series: Taylor<S, 3> = taylor(|t| self.0.apply(&[t, t * t, -t, t + 1.0])[1], x[0]);
            [reverse, forward, series.derivatives().skip(1).collect()].concat()
        }
    }

    #[test]
    fn a_hessian_serves_wherever_a_block_branches() {
        each(|name, block| {
            let f = Total(block);
            let dense = POINTS.map(|x| hessian(|x| f.eval(x), &x));
            for found in POINTS {
                let found_there = SparseHessian::new(&f, &found);
                for (x, wanted) in POINTS.iter().zip(&dense) {
                    let (y, g, h) = found_there.at(&f, x);
                    assert_eq!((y, g, h.to_dense()), *wanted, "{name}: {found:?}, {x:?}");
                }
            }
        });
    }

    #[test]
    fn a_jacobian_serves_wherever_a_block_branches() {
        fn serves(name: &str, found: &[[f64; 4]], f: impl Function<Output = Vec<f64>>) {
            let dense = POINTS.map(|x| jacobian(|x| f.eval(x), &x));
            for found in found {
                let found_there = SparseJacobian::new(&f, found);
                for (x, wanted) in POINTS.iter().zip(&dense) {
                    let (y, j) = found_there.at(&f, x);
                    assert_eq!((y, j.to_dense()), *wanted, "{name}: {found:?}, {x:?}");
                }
            }
        }
        each(|name, block| {
            serves(name, &POINTS, Outputs(block.clone()));
            if block.squared {
                serves(name, &POINTS[..4], Inner(block));
            }
        });
    }
}

mod scalars {
    use super::*;

    /// Third derivatives of Rosenbrock's function along one direction, as derivatives of the sparse Hessian.
    #[test]
    fn a_sparse_hessian_is_differentiated() {
        let f = function!(rosenbrock);
        let at = point(10);
        let (h, slope) = {
            let x: Vec<Dual> = at.iter().map(|&x| Dual::variable(x)).collect();
            let (_, _, h) = hessian_sparse(&f, &x);
            let value = |h: &Csr<Dual>, i, j| h.get(i, j).primal;
            let slope = |h: &Csr<Dual>, i, j| h.get(i, j).partials[0];
            (
                (0..9).map(|i| value(&h, i, i + 1)).collect::<Vec<_>>(),
                (0..9).map(|i| (slope(&h, i, i + 1), slope(&h, i, i))).collect::<Vec<_>>(),
            )
        };
        for i in 0..9 {
            assert!((h[i] + 400.0 * at[i]).abs() < 1e-12);
            assert!((slope[i].0 + 400.0).abs() < 1e-12);
            assert!((slope[i].1 - (2400.0 * at[i] - 400.0)).abs() < 1e-10);
        }
    }

    /// The gradient of an entry of the Jacobian, in reverse.
    #[test]
    fn a_gradient_goes_through_a_sparse_jacobian() {
        let f = function!(broyden: &[S] -> Vec<S>);
        let jacobian = SparseJacobian::new(&f, &[0.0; 6]);
        let (entry, g) = gradient(|x| jacobian.at(&f, x).1.get(2, 2), &[0.5; 6]);
        assert_eq!((entry, g), (1.0, vec![0.0, 0.0, -4.0, 0.0, 0.0, 0.0]));
        // Compressed by rows.
        fn product<S: Scalar>(x: &[S]) -> S {
            x.iter().product()
        }
        let f = function!(product);
        let jacobian = SparseJacobian::new(&f, &[0.0; 20]);
        let (entry, g) = gradient(|x| jacobian.at(&f, x).1.get(0, 0), &[2.0; 20]);
        assert_eq!((entry, g[0], g[1]), (2.0_f64.powi(19), 0.0, 2.0_f64.powi(18)));
    }

    #[test]
    fn single_precision_equals_the_dense_verbs() {
        let x: Vec<f32> = point(30).into_iter().map(|x| x as f32).collect();
        let f = function!(f32, broyden: &[S] -> Vec<S>);
        let (y, j) = jacobian_sparse(&f, &x);
        assert_eq!((y, j.to_dense()), jacobian(|x| f.eval(x), &x));
        let f = function!(f32, rosenbrock);
        let (y, g, h) = hessian_sparse(&f, &x);
        let (y_dense, g_dense, dense) = hessian(|x| f.eval(x), &x);
        assert_eq!((y, g), (y_dense, g_dense));
        assert!(h.to_dense().into_entries().iter().zip(dense.into_entries()).all(|(a, b)| (a - b).abs() <= 1e-4));
    }

    #[test]
    fn arrays_and_single_outputs_are_accepted() {
        fn rotate<S: Scalar<Real = f64>>([x, y]: [S; 2]) -> [S; 2] {
            [-y, x]
        }
        let (y, j) = jacobian_sparse(&function!(rotate: [S; 2] -> [S; 2]), &[1.0, 2.0]);
        assert_eq!((y, j.values()), (vec![-2.0, 1.0], &[-1.0, 1.0][..]));
        let (y, j) = jacobian_sparse(&function!(rosenbrock), &point(30));
        assert_eq!((y[0], j.values().to_vec()), gradient(rosenbrock, &point(30)));
    }
}
