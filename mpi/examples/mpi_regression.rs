//! How do I fit a model to more rows than one machine has time for?
//!
//! A logistic regression by Newton's method. The ranks share the rows, and the threads of a rank share its part: each
//! makes its rows by their index, as it would read them from a file. Value, gradient and Hessian have the same bits on
//! any number of ranks, and so has the result.
//!
//! ```text
//! cargo build --release --example mpi_regression
//! mpirun -n 4 target/release/examples/mpi_regression
//! ```

use std::time::Instant;

use dualtape::ranks::Ranks;
use dualtape::{Scalar, Terms, linalg, weighted_sum};

const ROWS: usize = 200_000;
const COLUMNS: usize = 10;
const TRUTH: [f64; COLUMNS] = [0.5, -1.0, 0.8, 0.0, 0.3, -0.2, 1.2, -0.7, 0.1, 0.4];

fn main() {
    dualtape_mpi::run(fit);
}

fn fit(ranks: &dyn Ranks) -> Result<(), String> {
    let (start, terms) = (Instant::now(), Terms::all(ROWS).over(ranks));
    let mut beta = [0.0; COLUMNS];
    for step in 1.. {
        let (loss, g, h) = terms.par_hessian(minus_ln_likelihood, &beta);
        let down = linalg::solve(h.as_slice(), &g);
        beta.iter_mut().zip(&down).for_each(|(beta, down)| *beta -= down);
        let decrement: f64 = g.iter().zip(&down).map(|(g, down)| g * down).sum();
        if ranks.rank() == 0 {
            println!("step {step}  loss {loss:.6}  decrement {decrement:.1e}");
        }
        if decrement < 1e-9 {
            break;
        }
        if step == 20 {
            return Err("Newton's method does not converge".to_string());
        }
    }
    if ranks.rank() == 0 {
        let bits: Vec<String> = beta.iter().map(|beta| format!("{:016x}", beta.to_bits())).collect();
        println!("beta {beta:.3?}\nbits {}", bits.join(" "));
        eprintln!("{} ranks took {:.2?}", ranks.size(), start.elapsed());
    }
    let farthest = beta.iter().zip(TRUTH).map(|(beta, truth)| (beta - truth).abs()).fold(0.0, f64::max);
    if farthest < 0.03 { Ok(()) } else { Err(format!("a coefficient is {farthest} from the truth")) }
}

/// Of one row: `ln(1 + exp(±β·x))`.
fn minus_ln_likelihood<S: Scalar<Real = f64>>(row: usize, beta: &[S]) -> S {
    let (x, succeeded) = observation(row);
    let logit = weighted_sum(beta, &x);
    (if succeeded { -logit } else { logit }).softplus()
}

/// The columns of a row, and whether it succeeded.
fn observation(row: usize) -> ([f64; COLUMNS], bool) {
    let x = std::array::from_fn(|column| 2.0 * uniform(row, column) - 1.0);
    let logit: f64 = TRUTH.iter().zip(&x).map(|(beta, x)| beta * x).sum();
    (x, uniform(row, COLUMNS) < logit.sigmoid())
}

/// A number between 0 and 1 by its place: the mixing of SplitMix64 (Steele, Lea & Flood 2014).
fn uniform(row: usize, column: usize) -> f64 {
    let mut bits = ((row * (COLUMNS + 1) + column) as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((bits ^ bits >> 31) >> 11) as f64 / (1_u64 << 53) as f64
}
