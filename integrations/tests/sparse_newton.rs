//! Newton's method with a `SparseHessian`, and Cholesky factors by nalgebra-sparse: Bratu's problem −u″ = eᵘ.

use dualtape::sparse::SparseHessian;
use dualtape::{Function, Scalar};
use nalgebra::DVector;
use nalgebra_sparse::CscMatrix;
use nalgebra_sparse::factorization::CscCholesky;

/// The energy `Σ ½(uᵢ₊₁ − uᵢ)²/h − h·Σ exp(uᵢ)` of the values between the ends, which are 0. It is least at the solution.
struct Energy;

impl Function for Energy {
    type Output = f64;

    fn eval<S: Scalar<Real = f64>>(&self, u: &[S]) -> S {
        let h = 1.0 / (u.len() + 1) as f64;
        let ends: S = u[0] * u[0] + u[u.len() - 1] * u[u.len() - 1];
        let inside: S = u.windows(2).map(|pair| (pair[1] - pair[0]).powi(2)).sum();
        (ends + inside) * (0.5 / h) - u.iter().map(|u| u.exp()).sum::<S>() * h
    }
}

#[test]
fn newton_steps_converge_quadratically_to_the_solution() {
    let n = 999;
    let mut u = DVector::zeros(n);
    let hessian = SparseHessian::new(&Energy, u.as_slice());
    let mut lengths: Vec<f64> = Vec::new();
    for _ in 0..6 {
        let (_, g, h) = hessian.at(&Energy, u.as_slice());
        // Rows and columns of a symmetric matrix are the same.
        let (starts, columns) = (h.sparsity().row_starts().to_vec(), h.sparsity().columns().to_vec());
        let matrix = CscMatrix::try_from_csc_data(n, n, starts, columns, h.values().to_vec()).expect("sorted rows");
        let step = CscCholesky::factor(&matrix).expect("a positive definite Hessian").solve(&DVector::from(g));
        u -= &step;
        lengths.push(step.amax());
    }
    println!("steps: {lengths:?}");
    assert!(lengths[2] < lengths[1].powi(2) && lengths[4] < 1e-13, "{lengths:?}");
    // u(½) = 2·ln cosh(θ/4) with θ = √2·cosh(θ/4).
    let theta = (0..100).fold(1.5_f64, |theta, _| 2.0_f64.sqrt() * (theta / 4.0).cosh());
    let middle = 2.0 * (theta / 4.0).cosh().ln();
    assert!((u[n / 2] - middle).abs() < 1e-7, "{} {middle}", u[n / 2]);
}
