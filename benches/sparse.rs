//! The cost of a sparse derivative, with its sparsity found before and found anew, relative to the
//! plain function, hand-written entries, and the dense derivative.

#[path = "../examples/sparse.rs"]
#[expect(dead_code, reason = "only the function of the example is used")]
mod example;
#[path = "support/fused.rs"]
mod fused;
#[path = "support/rosenbrock.rs"]
#[expect(dead_code, reason = "neither the gradient nor the entries by hand are used")]
mod rosenbrock;
#[path = "support/workload.rs"]
mod workload;

use std::hint::black_box;

use dualtape::sparse::{SparseHessian, SparseJacobian, hessian_sparse, jacobian_sparse};
use dualtape::{function, hessian};
use example::bratu;
use fused::fused_rosenbrock;
use rosenbrock::{point, rosenbrock, rosenbrock_hessian};
use workload::Workload;

/// The elements of the three diagonals of an n by n matrix, row by row.
fn tridiagonal(dense: &[f64], n: usize) -> Vec<f64> {
    (0..n).flat_map(|i| (i.saturating_sub(1)..(i + 2).min(n)).map(move |j| dense[i * n + j])).collect()
}

fn hessian_workload(name: &'static str, n: usize) -> Workload {
    let [plain, hand, reused, fused, anew, dense] = std::array::from_fn(|_| point(n));
    let found = SparseHessian::new(&function!(rosenbrock), &reused);
    let found_fused = SparseHessian::new(&function!(fused_rosenbrock), &fused);
    Workload::new(name, move || rosenbrock(black_box(&plain)))
        .with("by hand, dense", move || {
            let h = rosenbrock_hessian(black_box(&hand));
            (rosenbrock(&hand), tridiagonal(&h, n))
        })
        .with("sparse", move || {
            let (y, _, h) = found.at(&function!(rosenbrock), black_box(&reused));
            (y, h.values().to_vec())
        })
        .with("fused", move || {
            let (y, _, h) = found_fused.at(&function!(fused_rosenbrock), black_box(&fused));
            (y, h.values().to_vec())
        })
        .with("sparse, found anew", move || {
            let (y, _, h) = hessian_sparse(&function!(rosenbrock), black_box(&anew));
            (y, h.values().to_vec())
        })
        .with("dense", move || {
            let (y, _, h) = hessian(rosenbrock, black_box(&dense));
            (y, tridiagonal(&h.into_entries(), n))
        })
}

/// The Jacobian of [`bratu`], row by row.
fn bratu_entries(u: &[f64], n: usize) -> Vec<f64> {
    let step = 1.0 / (n + 1) as f64;
    let element = |i: usize, j: usize| if i == j { 2.0 - step * step * u[i].exp() } else { -1.0 };
    (0..n).flat_map(|i| (i.saturating_sub(1)..(i + 2).min(n)).map(move |j| element(i, j))).collect()
}

fn bratu_workload() -> Workload {
    const N: usize = 10_000;
    let [plain, hand, reused, anew] = std::array::from_fn(|_| point(N));
    let f = function!(bratu: &[S] -> Vec<S>);
    let found = SparseJacobian::new(&f, &reused);
    Workload::new("Jacobian of the example, 10,000 inputs", move || black_box(bratu(black_box(&plain)))[0])
        .with("by hand", move || (bratu(black_box(&hand))[0], bratu_entries(&hand, N)))
        .with("sparse", move || {
            let (y, j) = found.at(&function!(bratu: &[S] -> Vec<S>), black_box(&reused));
            (y[0], j.values().to_vec())
        })
        .with("sparse, found anew", move || {
            let (y, j) = jacobian_sparse(&function!(bratu: &[S] -> Vec<S>), black_box(&anew));
            (y[0], j.values().to_vec())
        })
}

fn main() {
    workload::run(&[
        hessian_workload("Hessian of Rosenbrock 50", 50),
        hessian_workload("Hessian of Rosenbrock 1000", 1000),
        bratu_workload(),
    ]);
}
