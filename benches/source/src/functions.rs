//! The functions, in the operations that the numbers of all crates have. Each crate bounds its numbers by traits of its
//! own, so a macro writes them.

/// Writes the functions for numbers of some traits.
macro_rules! functions {
    ($($bound:tt)*) => {
        /// Rosenbrock's function.
        #[inline(always)]
        pub(crate) fn rosenbrock<S: $($bound)*>(x: &[S]) -> S {
            let term = |i: usize| {
                let (rest, bend) = (-x[i] + 1.0, x[i + 1] - x[i] * x[i]);
                rest * rest + bend * bend * 100.0
            };
            (1..x.len() - 1).fold(term(0), |sum, i| sum + term(i))
        }

        /// The price of an option by Black and Scholes: spot, strike, rate, volatility and time.
        #[inline(always)]
        pub(crate) fn price<S: $($bound)*>(x: &[S]) -> S {
            let spread = x[3] * x[4].sqrt();
            let first = ((x[0] / x[1]).ln() + (x[2] + x[3] * x[3] * 0.5) * x[4]) / spread;
            let discounted = x[1] * (-x[2] * x[4]).exp();
            x[0] * first.norm_cdf() - discounted * (first - spread).norm_cdf()
        }

        /// The place of the hand of an arm with six joints, which turn about z, y, y, x, y and x in turn.
        #[inline(always)]
        pub(crate) fn hand<S: $($bound)*>(x: &[S]) -> [S; 3] {
            let along = |turn: usize, [a, b, c]: [S; 3]| {
                let (sin, cos) = (x[turn].sin(), x[turn].cos());
                match AXES[turn] {
                    0 => [a, b * cos - c * sin, b * sin + c * cos],
                    1 => [a * cos + c * sin, b, c * cos - a * sin],
                    _ => [a * cos - b * sin, a * sin + b * cos, c],
                }
            };
            let nothing = x[0] * 0.0;
            (0..6).rev().fold([nothing; 3], |[a, b, c], turn| {
                let [along_x, along_y, along_z] = LINKS[turn];
                along(turn, [a + along_x, b + along_y, c + along_z])
            })
        }

        /// A chain of springs that bend.
        #[inline(always)]
        pub(crate) fn springs<S: $($bound)*>(x: &[S]) -> S {
            let term = |i: usize| {
                let square = x[i] * x[i];
                (x[i] * x[i + 1]).sin() + square * square
            };
            (1..x.len() - 1).fold(term(0), |sum, i| sum + term(i))
        }

        /// Three bodies after a step: places, then velocities.
        #[inline(always)]
        pub(crate) fn step<S: $($bound)*>(x: &[S]) -> [S; 18] {
            let mut next: [S; 18] = std::array::from_fn(|i| x[i]);
            for (a, b) in [(0, 1), (0, 2), (1, 2)] {
                let apart: [S; 3] = std::array::from_fn(|i| x[3 * b + i] - x[3 * a + i]);
                let square = apart[0] * apart[0] + apart[1] * apart[1] + apart[2] * apart[2];
                let pull = (square * square.sqrt()).recip() * STEP;
                for i in 0..3 {
                    next[9 + 3 * a + i] += apart[i] * pull * MASSES[b];
                    next[9 + 3 * b + i] -= apart[i] * pull * MASSES[a];
                }
            }
            for i in 0..9 {
                next[i] = x[i] + next[9 + i] * STEP;
            }
            next
        }
    };
}
pub(crate) use functions;

/// Rosenbrock's function as a sum of kernels.
pub(crate) fn terms<S: dualtape::Scalar<Real = f64>>(x: &[S]) -> S {
    let term = dualtape::function!(|x: &[S]| -> S {
        let (rest, bend) = (-x[0] + 1.0, x[1] - x[0] * x[0]);
        rest * rest + bend * bend * 100.0
    });
    x.windows(2).map(|x| dualtape::fuse(&term, [x[0], x[1]])).sum()
}

/// The number of inputs of the sum of kernels.
pub(crate) const LONG: usize = 1000;

/// The axes about which the joints turn.
pub(crate) const AXES: [usize; 6] = [2, 1, 1, 0, 1, 0];
/// The links after the joints.
pub(crate) const LINKS: [[f64; 3]; 6] =
    [[0.0, 0.0, 0.4], [0.56, 0.0, 0.0], [0.0, 0.0, 0.035], [0.515, 0.0, 0.0], [0.08, 0.0, 0.0], [0.1, 0.02, 0.0]];
/// The masses of the three bodies.
pub(crate) const MASSES: [f64; 3] = [1.0, 0.8, 0.5];
/// The length of a step.
pub(crate) const STEP: f64 = 0.01;

/// A point of Rosenbrock's function.
pub(crate) fn valley() -> Vec<f64> {
    (0..10).map(|i| 0.8 + 0.05 * i as f64).collect()
}

pub(crate) const OPTION: [f64; 5] = [100.0, 110.0, 0.05, 0.2, 1.5];
pub(crate) const ANGLES: [f64; 6] = [0.3, -0.5, 0.8, 1.1, -0.4, 0.7];

/// Lengths of springs.
pub(crate) fn lengths() -> Vec<f64> {
    (0..20).map(|i| 0.3 + 0.04 * i as f64).collect()
}

pub(crate) const BODIES: [f64; 18] =
    [1.0, 0.0, 0.1, -0.6, 0.8, 0.0, -0.3, -0.9, -0.1, 0.0, 0.6, 0.0, -0.5, -0.4, 0.1, 0.6, -0.2, 0.0];
