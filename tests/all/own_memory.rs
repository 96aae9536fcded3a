//! Derivatives written into memory of the caller.

use dualtape::{
    Scalar, gradient, gradient_into, hessian, hessian_into, jacobian_forward, jacobian_into, jacobian_reverse,
};

use crate::support::refusals::message;

fn f<S: Scalar<Real = f64>>(x: &[S]) -> S {
    x.iter().enumerate().map(|(i, &x)| (x * (i as f64 + 1.0)).sin()).product::<S>() + x[0] * x[x.len() - 1]
}

fn outputs<S: Scalar<Real = f64>>(x: &[S]) -> Vec<S> {
    x.windows(2).map(|x| x[0].exp() * x[1]).collect()
}

fn point(n: usize) -> Vec<f64> {
    (0..n).map(|i| 0.3 + i as f64 / 16.0).collect()
}

/// A number that no derivative equals, so that an element that is not written shows.
const UNWRITTEN: f64 = 1e99;

#[test]
fn verbs_into_memory_equal_the_verbs_that_return() {
    for n in [1, 2, 7, 8, 9, 20] {
        let x = point(n);
        let mut g = vec![UNWRITTEN; n];
        let y = gradient_into(f, &x, &mut g);
        assert_eq!((y, &g), (gradient(f, &x).0, &gradient(f, &x).1));

        let (mut g, mut h) = (vec![UNWRITTEN; n], vec![UNWRITTEN; n * n]);
        let y = hessian_into(f, &x, &mut g, &mut h);
        assert_eq!((y, g, h), {
            let (y, g, h) = hessian(f, &x);
            (y, g, h.into_entries())
        });

        let (mut y, mut j) = (vec![UNWRITTEN; n - 1], vec![UNWRITTEN; (n - 1) * n]);
        jacobian_into(outputs, &x, &mut y, &mut j);
        for (values, matrix) in [jacobian_forward(outputs, &x), jacobian_reverse(outputs, &x)] {
            assert_eq!((&y, &j), (&values, &matrix.into_entries()));
        }
    }
}

#[test]
fn a_constant_function_overwrites_the_gradient_with_zeros() {
    let mut g = [UNWRITTEN; 2];
    assert_eq!(gradient_into(|_| 5.0.into(), &[1.0, 2.0], &mut g), 5.0);
    assert_eq!(g, [0.0; 2]);
}

#[test]
fn memory_of_another_size_is_refused() {
    let (x, mut two, mut three) = ([1.0, 2.0, 3.0], [0.0; 2], [0.0; 3]);
    assert_eq!(
        message(|| gradient_into(f, &x, &mut two)),
        "gradient_into: x has 3 elements and g has 2; pass one for each"
    );
    assert_eq!(
        message(|| hessian_into(f, &x, &mut [0.0; 3], &mut three)),
        "hessian_into: h has 3 elements for 3 rows of 3; pass one for each entry"
    );
    assert_eq!(
        message(|| jacobian_into(outputs, &x, &mut two, &mut three)),
        "jacobian_into: j has 3 elements for 2 rows of 3; pass one for each entry"
    );
    assert_eq!(
        message(|| jacobian_into(outputs, &x, &mut [0.0], &mut three)),
        "jacobian_into: f(x) has 2 elements and y has 1; pass one for each"
    );
}

#[test]
fn a_matrix_without_room_in_memory_is_refused_by_name() {
    // 2⁴⁷ bytes and more, which no system has room for.
    let x = vec![1.0; 1 << 22];
    let refused = message(|| hessian(|x| x[0], &x));
    assert!(
        refused.starts_with("memory ran out: the system refused 140737488355328 bytes for a Jacobian"),
        "{refused}"
    );
}
