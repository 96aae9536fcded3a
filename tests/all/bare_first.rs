//! The forward verbs of a `Function` leave the rule of zeros out at first: what they return is what closures get by the rule.

use std::cell::RefCell;
use std::sync::atomic::{AtomicUsize, Ordering};

use dualtape::{
    Block, Dual, Function, Rule, Scalar, dense, derivative, dot, function, fuse, fuse_map, gradient_forward, jacobian,
    jacobian_array, jacobian_reverse, lift, linearize, log_sum_exp, weighted_sum,
};

/// `√x·y`.
struct Scaled;

impl Rule<2> for Scaled {
    fn value(&self, [x, y]: [f64; 2]) -> f64 {
        x.sqrt() * y
    }

    fn partials<S: Scalar<Real = f64>>(&self, [x, y]: [S; 2], _: S) -> [S; 2] {
        [y / (x.sqrt() * 2.0), x.sqrt()]
    }
}

/// `[y, 0, x + y]`.
#[derive(Clone)]
struct Mixed;

impl Block for Mixed {
    fn value(&self, x: &[f64]) -> Vec<f64> {
        vec![x[1], 0.0, x[0] + x[1]]
    }

    fn push_forward<S: Scalar<Real = f64>>(&self, _: &[S], _: &[S], v: &[S]) -> Vec<S> {
        vec![v[1], S::zero(), v[0] + v[1]]
    }

    fn pull_back<S: Scalar<Real = f64>>(&self, _: &[S], _: &[S], u: &[S]) -> Vec<S> {
        vec![u[2], u[0] + u[2]]
    }
}

/// Programs with a product of zero and a slope that is not finite, or none, at the point.
const POINT: [f64; 4] = [0.0, 1.0, -1.0, 4.0];

struct Program(usize);

impl Program {
    const COUNT: usize = 18;
}

impl Function for Program {
    type Output = [f64; 3];

    fn eval<S: Scalar<Real = f64>>(&self, x: &[S]) -> [S; 3] {
        let &[zero, one, minus, four] = x else { panic!("four inputs") };
        let root = zero.sqrt();
        match self.0 {
            0 => [root, root * one, root + four],
            1 => [zero.ln().exp(), (one - 1.0).pow(four * 0.125), minus.abs() * root],
            2 => [root.max(one), one.max(root), root.min(minus) * four],
            3 => [minus.relu() * root, (root * minus).relu(), (one * four).relu()],
            4 => [root * 0.0, (zero * 1e300).cbrt() * zero, root * (one - 1.0)],
            5 => [dot(&[root, one], &[one - 1.0, four]), dot(x, x), dot(&[root, root], x.first_chunk::<2>().unwrap())],
            6 => [weighted_sum(&[root, one], &[0.0, 2.0]), weighted_sum(x, &[1.0, 2.0, 3.0, 4.0]), zero],
            7 => [log_sum_exp(x), log_sum_exp(&[one, root]), log_sum_exp(&[zero.ln(), one])],
            8 => {
                let relu = function!(|x: S| -> S { x.relu() });
                let y = dense(&[one, four, root, minus, zero, root], &[zero, one, minus, four], 2, &relu);
                [y[0], y[1], y[2] + y[3]]
            }
            9 => [fuse(&function!(|[x, y]: [S; 2]| -> S { x.sqrt() * y }), [zero, one]), one / four, zero / one],
            10 => [zero.atan2(minus), zero.hypot(zero), zero.hypot(one)],
            11 => [S::from_real(0.0).ln() * one, S::from_real(0.0).sqrt() + one, S::from_real(2.0).sqrt() * four],
            // Looks at derivatives.
            12 => {
                let (mut sum, mut term) = (one, root * minus);
                for k in 1..40 {
                    if term.magnitude() <= 1e-3 {
                        break;
                    }
                    sum += four / f64::from(k);
                    term = (term - root * minus) + four * 0.5_f64.powi(k);
                }
                [sum, one, four]
            }
            13 => [if (root * (one - 1.0)).is_finite_throughout() { one } else { four }, one, one],
            14 => [if ((one - 1.0) * 0.0 * root).is_identically_zero() { one } else { four }, one, one],
            15 => [zero * 0.0 + root.powi(2), (-root).copysign(minus), root.floor()],
            16 => [Scaled.apply([zero, one]), Scaled.apply([one, zero]), Scaled.apply([one, root])],
            _ => Mixed.apply(&[root, one]).try_into().expect("three outputs"),
        }
    }
}

fn bits<'a>(numbers: impl IntoIterator<Item = &'a f64>) -> Vec<u64> {
    // Any zero is zero, and any NaN is NaN.
    numbers.into_iter().map(|&x| if x.is_nan() { f64::NAN } else { x + 0.0 }.to_bits()).collect()
}

#[test]
fn functions_evaluated_bare_first_have_the_derivatives_of_closures() {
    for number in 0..Program::COUNT {
        let f = Program(number);
        let (y, j) = jacobian(|x| f.eval(x), &POINT);
        let (z, k) = f.jacobian_forward(&POINT);
        assert_eq!(
            (bits(&y), bits(&j.into_entries())),
            (bits(&z), bits(&k.into_entries())),
            "jacobian_forward of {number}"
        );
        let (y, j) = jacobian_array(|x| f.eval(x), &POINT);
        let (z, k) = f.jacobian_array(&POINT);
        assert_eq!(
            (bits(&y), bits(j.as_flattened())),
            (bits(&z), bits(k.as_flattened())),
            "jacobian_array of {number}"
        );
    }
}

/// Where all derivatives are finite, no number but a bare one is asked.
#[test]
fn sums_and_formats_of_bare_numbers_are_those_of_dual_numbers() {
    struct Shown(RefCell<String>);

    impl Function for Shown {
        type Output = f64;

        fn eval<S: Scalar<Real = f64>>(&self, x: &[S]) -> S {
            let weights: Vec<f64> = (0..x.len()).map(|i| 0.7 * i as f64 - 3.0).collect();
            let y = weighted_sum(x, &weights);
            *self.0.borrow_mut() = format!("{y} {y:.3} {y:e} {y:?}");
            y * y
        }
    }
    let f = Shown(RefCell::default());
    for n in 1..20 {
        let x: Vec<f64> = (0..n).map(|i| 1.5 - 0.2 * f64::from(i)).collect();
        let bare = (f.gradient_forward(&x), f.0.take());
        let dual = (gradient_forward(|x| f.eval(x), &x), f.0.take());
        assert_eq!(bare, dual);
    }
}

#[test]
fn second_derivatives_and_many_lanes_follow_the_rule_too() {
    let at = POINT.map(Dual::<f64>::variable);
    let parts = |numbers: Vec<Dual>| numbers.iter().flat_map(|x| [x.primal, x.partials[0]]).collect::<Vec<f64>>();
    for number in 0..Program::COUNT {
        let f = Program(number);
        let (y, j) = jacobian(|x| f.eval(x), &at);
        let (z, k) = f.jacobian_forward(&at);
        assert_eq!(bits(&parts(y)), bits(&parts(z)), "values of {number}");
        assert_eq!(bits(&parts(j.into_entries())), bits(&parts(k.into_entries())), "Jacobian of {number}");
    }
    let mut x = [1.0; 20];
    x[0] = 0.0;
    let (y, g) = function!(|x: &[S]| -> S { x.iter().map(|x| x.sqrt()).sum() }).gradient_array(&x);
    assert_eq!((y, &g[..2], g[19]), (19.0, &[f64::INFINITY, 0.5][..], 0.5));
}

#[test]
fn kernels_too_have_the_derivatives_of_the_rule() {
    for number in 0..Program::COUNT {
        let f = Program(number);
        let (y, j) = jacobian_array(|x| f.eval(x), &POINT);
        let kernel = linearize(&f, POINT);
        let (z, k) = (kernel.map(|y| y.primal), kernel.map(|y| y.partials));
        assert_eq!((bits(&y), bits(j.as_flattened())), (bits(&z), bits(k.as_flattened())), "linearize of {number}");

        let rows = POINT.map(|x| [x; 4]);
        let (z, k) = jacobian_reverse(
            |x| fuse_map(&f, std::array::from_fn::<_, 4, _>(|i| &x[4 * i..4 * i + 4])).map(|y| y[2]),
            rows.as_flattened(),
        );
        let own: Vec<f64> = k.rows().flat_map(|row| [2, 6, 10, 14].map(|i| row[i])).collect();
        assert_eq!((bits(&y), bits(j.as_flattened())), (bits(&z), bits(&own)), "fuse_map of {number}");
    }
}

#[test]
fn a_function_is_evaluated_again_only_where_a_derivative_is_not_finite() {
    struct Counted(AtomicUsize);

    impl Function for Counted {
        type Output = f64;

        fn eval<S: Scalar<Real = f64>>(&self, x: &[S]) -> S {
            self.0.fetch_add(1, Ordering::Relaxed);
            x[0].sqrt() + x[1]
        }
    }

    let evaluations = |differentiate: &dyn Fn(&Counted)| {
        // A look on another thread makes a function be evaluated again too: of many times, the least.
        let counts = (0..1000).map(|_| {
            let f = Counted(AtomicUsize::new(0));
            differentiate(&f);
            f.0.into_inner()
        });
        counts.min()
    };
    for (x, expected) in [([4.0, 1.0], 1), ([0.0, 1.0], 2)] {
        assert_eq!(evaluations(&|f| drop(f.gradient(&x))), Some(expected), "gradient at {x:?}");
        assert_eq!(evaluations(&|f| _ = f.gradient_array(&x)), Some(expected), "gradient_array at {x:?}");
    }
}

#[test]
fn a_derivative_inside_a_function_is_taken_by_the_rule() {
    struct Inner;

    impl Function for Inner {
        type Output = f64;

        fn eval<S: Scalar<Real = f64>>(&self, x: &[S]) -> S {
            let (y, slope) = derivative(|t| t.sqrt() * lift(x[1]) + t * lift(x[0]), x[0]);
            y * slope + function!(|x: &[S]| -> S { x[0].sqrt() * x[1] }).gradient(x).1[1]
        }
    }

    for x in [[0.0, 0.0], [0.0, 1.0], [4.0, 2.0]] {
        let (y, g): (f64, Vec<f64>) = Inner.gradient(&x);
        let (z, h) = gradient_forward(|x| Inner.eval(x), &x);
        assert_eq!((y.to_bits(), bits(&g)), (z.to_bits(), bits(&h)), "at {x:?}");
    }
}
