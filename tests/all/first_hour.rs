//! What people write in the first hour compiles, in generic code and in concrete code.

use dualtape::{Dual, Scalar, jacobian, jacobian_forward, jacobian_reverse, jvp, vjp};

use crate::support::refusals::message;

/// The polar coordinates of a point, as generic code returns them.
fn polar<S: Scalar>(x: &[S]) -> [S; 2] {
    [x[0].hypot(x[1]), x[1].atan2(x[0])]
}

fn squares<S: Scalar>(x: &[S]) -> Vec<S> {
    x.iter().map(|x| x.powi(2)).collect()
}

#[test]
fn functions_of_several_outputs_return_arrays_or_vectors() {
    let x = [0.0, 2.0];
    let (y, j) = jacobian(polar, &x);
    assert_eq!(y, polar(&x));
    assert_eq!(jacobian_forward(polar, &x), (y.clone(), j.clone()));
    assert_eq!(jacobian_reverse(polar, &x), (y.clone(), j.clone()));
    assert_eq!(jvp(polar, &x, &[1.0, 0.0]), (y.clone(), vec![0.0, -0.5]));
    assert_eq!(vjp(polar, &x, &[1.0, 0.0]), (y, j[0].to_vec()));

    let expected = jacobian(squares, &x);
    assert_eq!(jacobian(|x| [x[0] * x[0], x[1] * x[1]], &x), expected);
    assert_eq!(jacobian(|x| vec![x[0] * x[0], x[1] * x[1]], &x), expected);
    assert_eq!(jacobian_reverse(|x| x.iter().map(|x| x * x).collect::<Vec<_>>(), &x), expected);
    assert_eq!(jvp(|x| x.iter().map(|&x| x * x).collect::<Vec<_>>(), &x, &[1.0, 1.0]).1, [0.0, 4.0]);
    assert_eq!(vjp(|x| [x[0] * x[1]], &x, &[3.0]).1, [6.0, 0.0]);
}

#[test]
fn matrices_are_indexed_by_pairs_and_taken_apart() {
    let (_, mut j) = jacobian(|x| [x[0] * x[1], x[0], x[1]], &[2.0, 3.0]);
    assert_eq!(j[(0, 1)], j[0][1]);
    j[(2, 1)] += 4.0;
    assert_eq!(j.as_slice(), [3.0, 2.0, 1.0, 0.0, 0.0, 5.0]);
    assert_eq!(
        message(|| j[(2, 2)]),
        "entry (2, 2) of a matrix of 3 rows and 2 columns: rows and columns are numbered from 0"
    );
    assert_eq!(message(|| j[3][0]), "row 3 of a matrix of 3 rows and 2 columns: rows are numbered from 0");
    assert_eq!(Vec::<Vec<f64>>::from(j), [[3.0, 2.0], [1.0, 0.0], [0.0, 5.0]]);

    let (_, no_inputs) = jacobian(|_| [Dual::constant(1.0); 2], &[]);
    assert_eq!(Vec::<Vec<f64>>::from(no_inputs), [[0.0; 0]; 2]);
}
