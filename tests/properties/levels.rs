//! Derivatives inside derivatives, on this thread, on another one, and in a pool.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use dualtape::{Dual, Scalar, Var, derivative, gradient, lift};
use rayon::iter::{IntoParallelIterator, ParallelIterator};

use crate::expression::Expression;

const REFUSAL: &str = "derivative: the function uses a dual number of an enclosing derivative";

/// Returns what `work` returns, on a thread of its own.
fn elsewhere<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| scope.spawn(work).join()).unwrap_or_else(|panic| resume_unwind(panic))
}

/// Returns what `work` returns in a pool, three times over.
fn in_a_pool<T: Send>(work: impl Fn() -> T + Sync) -> Vec<T> {
    (0..3).into_par_iter().map(|_| work()).collect()
}

fn same_bits((y, slope): (f64, f64), (z, other): (f64, f64)) -> bool {
    y.to_bits() == z.to_bits() && slope.to_bits() == other.to_bits()
}

/// Panics unless ∂²f/∂x[i]∂x[j], one derivative inside another, is the same wherever the inner one is taken, and unless
/// an outer number that is not lifted is refused.
pub(crate) fn assert_levels_hold(f: &Expression, x: &[f64], [i, j]: [usize; 2]) {
    fn at<S: Scalar<Real = f64>>(x: &[f64], replaced: &[(usize, S)]) -> Vec<S> {
        let mut x: Vec<S> = x.iter().map(|&x| S::from_real(x)).collect();
        replaced.iter().for_each(|&(place, number)| x[place] = number);
        x
    }

    // Dual numbers that travel.
    let slope = derivative(|xj| f.last(&at(x, &[(j, xj)])), x[j]);
    let there = derivative(|xj| elsewhere(|| f.last(&at(x, &[(j, xj)]))), x[j]);
    assert!(same_bits(slope, there), "on another thread: {slope:?} and {there:?}");

    // A derivative inside, by dual numbers and by a tape.
    let inner_point = |xj: Dual| if i == j { xj } else { Dual::constant(x[i]) };
    let by_dual = |xj: Dual| derivative(|xi| f.last(&at(x, &[(j, lift(xj)), (i, xi)])), inner_point(xj)).1;
    let by_tape = |xj: Dual| {
        let f_of = |xi: &[Var<Dual>]| f.last(&at(x, &[(j, Var::constant(xj)), (i, xi[0])]));
        gradient(f_of, &[inner_point(xj)]).1[0]
    };
    let inner: [&(dyn Fn(Dual) -> Dual + Sync); 2] = [&by_dual, &by_tape];
    for inner in inner {
        let here = derivative(inner, x[j]);
        let there = derivative(|xj| elsewhere(|| inner(xj)), x[j]);
        assert!(same_bits(here, there), "nested on another thread: {here:?} and {there:?}");
        let pool = derivative(
            |xj| {
                let all = in_a_pool(|| inner(xj));
                assert!(all.iter().all(|y| y.primal.to_bits() == all[0].primal.to_bits()));
                all[1]
            },
            x[j],
        );
        assert!(same_bits(here, pool), "nested in a pool: {here:?} and {pool:?}");
    }

    // An outer number that is not lifted: refused wherever the result depends on it.
    if i != j {
        let constant = derivative(|xi| f.last(&at(x, &[(i, xi)])), x[i]);
        for is_elsewhere in [false, true] {
            let mixed = catch_unwind(AssertUnwindSafe(|| {
                let mut found = constant;
                derivative(
                    |xj: Dual| {
                        let mixed = || derivative(|xi: Dual| f.last(&at(x, &[(j, xj), (i, xi)])), x[i]);
                        found = if is_elsewhere { elsewhere(mixed) } else { mixed() };
                        xj
                    },
                    x[j],
                );
                found
            }));
            match mixed {
                Ok(found) => assert!(same_bits(found, constant), "levels mix: {found:?}, and {constant:?} is right"),
                Err(panic) => {
                    let message = panic.downcast_ref::<String>().expect("a message");
                    assert!(message.starts_with(REFUSAL), "{message}");
                }
            }
        }
    }
}
