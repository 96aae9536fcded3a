//! How far derivatives differ whose terms are added in another order.
//!
//! A derivative is a sum over all paths from the output to an input, of the product of the slopes on each path. Rounding
//! is relative to the sum of their absolute values. The derivative itself may be smaller, where paths cancel.

use dualtape::graph::{Traced, trace};
use dualtape::{Function, gradient_forward};

/// Panics unless the first numbers, which are values, are equal, and the others are so within some ulp of these sums of
/// absolute values.
#[track_caller]
pub(crate) fn assert_rounded(generated: &[f64], crates: &[f64], sums: &[f64], ulps: f64, what: &str) {
    assert_eq!((generated.len(), generated[0]), (crates.len(), crates[0]), "{what}");
    for (i, (a, b)) in generated.iter().zip(crates).enumerate().skip(1) {
        let sum = sums[i - 1];
        let allowed = ulps * (sum.next_up() - sum);
        assert!(
            a == b || (a - b).abs() <= allowed,
            "{what}: element {i} is {a:e}, and the crate has {b:e}, of {sum:e}"
        );
    }
}

/// Returns, for each input, the sum of the absolute values over all paths.
pub(crate) fn gradient_sums(f: impl FnOnce(&[Traced]) -> Traced, x: &[f64]) -> Vec<f64> {
    let graph = trace(f, x);
    let output = graph.nodes().iter().position(|node| std::ptr::eq(node, graph.output())).expect("it is there");
    let mut sums = vec![0.0; graph.len()];
    sums[output] = 1.0;
    for index in (0..=output).rev() {
        for argument in graph.arguments_of(index) {
            // A zero beats an infinity.
            if argument.slope() != 0.0 && sums[index] != 0.0 {
                sums[argument.node()] += sums[index] * argument.slope().abs();
            }
        }
    }
    sums.truncate(x.len());
    sums
}

/// Returns these sums for each entry of the Hessian.
pub(crate) fn hessian_sums(f: &impl Function<Output = f64>, x: &[f64]) -> Vec<Vec<f64>> {
    let row = |i: usize| gradient_sums(|x| gradient_forward(|x| f.eval(x), x).1[i], x);
    (0..x.len()).map(row).collect()
}

/// Returns, for each element of the product of the Hessian and a direction, the sum of the absolute values over all paths.
pub(crate) fn product_sums(f: &impl Function<Output = f64>, x: &[f64], v: &[f64]) -> Vec<f64> {
    let along = |row: &Vec<f64>| row.iter().zip(v).map(|(sum, v)| sum * v.abs()).sum();
    hessian_sums(f, x).iter().map(along).collect()
}

/// Returns, for the value and the derivative along a direction, the sum of the absolute values over all paths.
pub(crate) fn tangent_sums(f: impl FnOnce(&[Traced]) -> Traced, x: &[f64], v: &[f64]) -> Vec<f64> {
    vec![gradient_sums(f, x).iter().zip(v).map(|(sum, v)| sum * v.abs()).sum()]
}
