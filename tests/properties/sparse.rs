//! Sparse derivatives of random sparse functions equal the dense ones, to the last bit. Where the function branches, a
//! sparsity found elsewhere is refused or fits, for any size of the other entries.

use std::panic::{AssertUnwindSafe, catch_unwind};

use dualtape::sparse::{SparseHessian, SparseJacobian, Sparsity};
use dualtape::{Function, Scalar, dot, gradient, hessian, jacobian, jacobian_reverse, log_sum_exp};
use proptest::prelude::*;

/// A function of a few of its inputs at a time, from steps on earlier results.
#[derive(Clone, Debug)]
struct Program {
    steps: Vec<(u8, usize, usize)>,
    outputs: Vec<usize>,
}

impl Program {
    fn values<S: Scalar<Real = f64>>(&self, x: &[S]) -> Vec<S> {
        let mut values = x.to_vec();
        for &(operation, a, b) in &self.steps {
            let [a, b] = [a, b].map(|k| values[k % values.len()]);
            values.push(match operation % 12 {
                0 | 1 => a + b,
                2 => a - b,
                3 | 4 => a * b,
                5 => a.sin(),
                6 => a.powi(2) * 0.5,
                7 => a.max(b),
                8 => a.abs() + b * 0.0,
                9 => (a * 0.1).tanh() / (b * b + 2.0),
                10 => dot(&[a, b, S::zero()], &[b, a, a]),
                _ => log_sum_exp(&[a, b]),
            });
        }
        values
    }
}

impl Function for Program {
    type Output = Vec<f64>;

    fn eval<S: Scalar<Real = f64>>(&self, x: &[S]) -> Vec<S> {
        let values = self.values(x);
        self.outputs.iter().map(|&k| values[k % values.len()].sin()).collect()
    }
}

/// The sum of the outputs of a program.
struct Total<'a>(&'a Program);

impl Function for Total<'_> {
    type Output = f64;

    fn eval<S: Scalar<Real = f64>>(&self, x: &[S]) -> S {
        self.0.eval(x).into_iter().sum()
    }
}

/// A program that is multiplied by a size, with one product more where its last input is positive.
#[derive(Clone, Debug)]
struct Branching {
    program: Program,
    size: f64,
    factor: f64,
    product: (usize, usize),
}

impl Function for Branching {
    type Output = Vec<f64>;

    fn eval<S: Scalar<Real = f64>>(&self, x: &[S]) -> Vec<S> {
        let mut outputs: Vec<S> = self.program.eval(x).into_iter().map(|y| y * self.size).collect();
        let last = x[x.len() - 1];
        if let Some(y) = outputs.last_mut().filter(|_| last > 0.0) {
            let (i, j) = self.product;
            *y += x[i % x.len()] * x[j % x.len()] * self.factor;
        }
        outputs
    }
}

/// The sum of the outputs.
struct Sum<'a>(&'a Branching);

impl Function for Sum<'_> {
    type Output = f64;

    fn eval<S: Scalar<Real = f64>>(&self, x: &[S]) -> S {
        self.0.eval(x).into_iter().sum()
    }
}

fn branching() -> impl Strategy<Value = Branching> {
    let power = || (-30..30).prop_map(|k| 10.0_f64.powi(k));
    (programs(), power(), power(), (0..30_usize, 0..30_usize)).prop_map(|(program, size, factor, product)| Branching {
        program,
        size,
        factor,
        product,
    })
}

fn programs() -> impl Strategy<Value = Program> {
    let step = (any::<u8>(), 0..30_usize, 0..30_usize);
    (prop::collection::vec(step, 0..20), prop::collection::vec(0..40_usize, 0..10))
        .prop_map(|(steps, outputs)| Program { steps, outputs })
}

/// Points with many zeros and ties, where derivatives vanish by accident.
fn points() -> impl Strategy<Value = (Vec<f64>, Vec<f64>)> {
    let element = || prop_oneof![Just(0.0), Just(1.0), Just(-1.0), -2.0..2.0];
    (1..25_usize).prop_flat_map(move |n| (prop::collection::vec(element(), n), prop::collection::vec(element(), n)))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    /// The sparsity of one point serves at another, and the entries equal the dense derivative to the last bit. The
    /// dense Hessian is the lower half of the derivative of the gradient.
    #[test]
    fn sparse_entries_equal_the_dense_verbs((x, there) in points(), f in programs()) {
        let sparse = SparseJacobian::new(&f, &x);
        for x in [&x, &there] {
            let (y, j) = sparse.at(&f, x);
            let (y_dense, forward) = jacobian(|x| f.eval(x), x);
            prop_assert_eq!(y, y_dense);
            let j = j.to_dense();
            prop_assert!(j == forward || j == jacobian_reverse(|x| f.eval(x), x).1, "{:?} is not {:?}", j, forward);
        }
        let f = Total(&f);
        let hessian_of_f = SparseHessian::new(&f, &x);
        for x in [&x, &there] {
            let (y, g, h) = hessian_of_f.at(&f, x);
            let (y_dense, g_dense, dense) = hessian(|x| f.eval(x), x);
            prop_assert_eq!((y, g), (y_dense, g_dense));
            let (_, whole) = jacobian(|x| gradient(|x| f.eval(x), x).1, x);
            let h = h.to_dense();
            for i in 0..x.len() {
                for k in 0..x.len() {
                    prop_assert_eq!(h[i][k], h[k][i]);
                    prop_assert!(h[i][k] == whole[i][k] || h[i][k] == whole[k][i], "({}, {}): {:?}, {:?}", i, k, h, whole);
                    prop_assert_eq!(dense[i][k], whole[i.max(k)][i.min(k)]);
                }
            }
        }
    }

    /// A sparsity is refused at another point exactly where one that is found there has an entry that it lacks.
    #[test]
    fn a_sparsity_that_does_not_fit_is_refused((x, there) in points(), f in branching()) {
        let covers = |old: &Sparsity, new: &Sparsity| {
            (0..new.shape().0).all(|i| new.row(i).iter().all(|j| old.row(i).contains(j)))
        };
        let returns = |evaluate: &dyn Fn()| catch_unwind(AssertUnwindSafe(evaluate)).is_ok();
        let sparse = SparseJacobian::new(&f, &x);
        let fits = covers(sparse.sparsity(), SparseJacobian::new(&f, &there).sparsity());
        prop_assert_eq!(returns(&|| drop(sparse.at(&f, &there))), fits);
        let f = Sum(&f);
        let sparse = SparseHessian::new(&f, &x);
        let fits = covers(sparse.sparsity(), SparseHessian::new(&f, &there).sparsity());
        prop_assert_eq!(returns(&|| drop(sparse.at(&f, &there))), fits);
    }
}
