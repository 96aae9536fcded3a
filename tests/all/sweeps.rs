//! The fast sweep takes runs of sums of products and of zeros together, and gives the bits of the plain sweep. Several
//! lanes always take the plain sweep, so the tests compare with them.

use dualtape::{Tape, Var, gradient};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};

/// The room for nodes of the first four chunks.
const FOUR: usize = if cfg!(debug_assertions) { 240 } else { 7680 };

/// Returns whether two numbers differ in a bit. Two NaN do not differ.
fn differ(a: f64, b: f64) -> bool {
    a.to_bits() != b.to_bits() && !(a.is_nan() && b.is_nan())
}

/// Records sums of up to twenty terms: products and others, some with the sum so far, with zeros and infinities. Some
/// results are used again later. Returns any result, and all results it was chosen from.
fn sums(x: &[Var], rng: &mut StdRng) -> (Var, Vec<Var>) {
    let mut results = x.to_vec();
    for _ in 0..rng.random_range(1..8) {
        let mut sum = *results.choose(rng).expect("inputs");
        for _ in 0..rng.random_range(1..20) {
            let [a, b] = [(); 2].map(|()| *results.choose(rng).expect("inputs"));
            let term = match rng.random_range(0..12) {
                0 => a * 0.5,
                1 => a * a,
                2 => sum * a,
                3 => a / sum,
                4 => a.sqrt(),
                5 => Var::constant(0.5),
                6 => dualtape::sum(&[a, sum, b]),
                _ => a * b,
            };
            sum = match rng.random_range(0..12) {
                0 => sum - term,
                1 => term + sum,
                2 => term - sum,
                _ => sum + term,
            };
            match rng.random_range(0..12) {
                0 => results.push(term),
                1 => results.push(sum),
                _ => {}
            }
        }
        results.push(sum);
    }
    (*results.choose(rng).expect("inputs"), results)
}

#[test]
fn rows_of_products_and_zeros_have_the_bits_of_single_statements() {
    let numbers = [1.0, -0.5, 0.25, 0.75, 0.0, -0.0, 1e-200, f64::INFINITY];
    let mut nonzero = 0;
    for seed in 0..20_000 {
        let mut rng = StdRng::seed_from_u64(seed);
        let kinds = if seed % 2 == 0 { 4 } else { numbers.len() };
        let x: Vec<f64> = (0..rng.random_range(1..12)).map(|_| numbers[rng.random_range(0..kinds)]).collect();
        let program = |x: &[Var]| sums(x, &mut StdRng::seed_from_u64(!seed));
        let tape = Tape::new();
        let inputs = tape.vars(&x);
        let (y, results) = program(&inputs);
        let single = tape.backward(y);
        let lanes = tape.backward_lanes(&[(y, [1.0, -2.0])]);
        for &result in &results {
            assert!(!differ(single[result], lanes.lanes(result)[0]), "seed {seed}: {result}");
        }
        let all = single.wrt(&inputs);
        nonzero += all.iter().filter(|by_x| by_x.is_finite() && **by_x != 0.0).count();
        drop(tape);
        // This sweep clears the adjoints as it goes, as the sweep of the last program did (I8).
        let (_, by_inputs) = gradient(|x| program(x).0, &x);
        assert!(!by_inputs.iter().zip(&all).any(|(&a, &b)| differ(a, b)), "seed {seed}: {by_inputs:?}, not {all:?}");
    }
    assert!(nonzero > 20_000, "{nonzero}");
}

/// A sum of products that begins anywhere in a chunk, and goes on into others.
#[test]
fn sums_of_products_cross_chunks() {
    for before in 0..FOUR.min(200) {
        let tape = Tape::new();
        let x = tape.vars(&[3.0, 0.5]);
        (0..before).fold(x[0], |y, _| y + 1.0);
        let y = (0..FOUR).fold(x[0] * x[1], |sum, _| sum + x[0] * x[1]);
        let products = (FOUR + 1) as f64;
        assert_eq!(tape.backward(y).wrt(&x), [0.5 * products, 3.0 * products], "{before}");
    }
}

/// Any number of zeros before and after the used statements, in any chunk.
#[test]
fn rows_of_zeros_are_passed_over() {
    for zeros in 0..192 {
        let tape = Tape::new();
        let x = tape.var(3.0);
        let idle = |len| (0..len).fold(x, |y, _| y * 2.0);
        let _ = idle(zeros);
        let y = x * x;
        let _ = idle(zeros / 2);
        let z = y * x;
        let _ = idle(zeros);
        let gradients = tape.backward(z + 1.0);
        assert_eq!((gradients[x], gradients[y]), (27.0, 3.0), "{zeros}");
    }
}
