//! Three bodies in a plane that attract each other. By hand: a step of their motion with its Jacobian, and their
//! potential with its Hessian.

use std::array::from_fn;

use crate::peers::Answer;

pub(crate) const MASSES: [f64; 3] = [1.0, 0.8, 0.5];
pub(crate) const PAIRS: [(usize, usize); 3] = [(0, 1), (0, 2), (1, 2)];
/// The length of a step.
pub(crate) const STEP: f64 = 0.01;
pub(crate) const PLACES: [f64; 6] = [1.0, 0.1, -0.6, 0.8, -0.3, -0.9];
/// Places and velocities.
pub(crate) const START: [f64; 12] = {
    let [a, b, c, d, e, f] = PLACES;
    [a, b, c, d, e, f, 0.0, 0.6, -0.5, -0.4, 0.6, -0.2]
};

/// Twelve numbers and the slopes of each.
type Sloped = ([f64; 12], [[f64; 12]; 12]);

/// The attraction of two unit masses so far apart, and its slopes.
fn attraction([x, y]: [f64; 2]) -> ([f64; 2], [[f64; 2]; 2]) {
    let square = x * x + y * y;
    let strength = 1.0 / (square * square.sqrt());
    let bend = -3.0 * strength / square;
    let mixed = bend * x * y;
    ([x * strength, y * strength], [[strength + bend * x * x, mixed], [mixed, strength + bend * y * y]])
}

/// The velocities and accelerations.
fn rate((s, slopes): &Sloped) -> Sloped {
    let (mut rate, mut by_input) = ([0.0; 12], [[0.0; 12]; 12]);
    rate[..6].copy_from_slice(&s[6..]);
    by_input[..6].copy_from_slice(&slopes[6..]);
    for (a, b) in PAIRS {
        let (force, by_apart) = attraction([0, 1].map(|i| s[2 * b + i] - s[2 * a + i]));
        let apart: [[f64; 12]; 2] = [0, 1].map(|i| from_fn(|lane| slopes[2 * b + i][lane] - slopes[2 * a + i][lane]));
        for i in 0..2 {
            rate[6 + 2 * a + i] += MASSES[b] * force[i];
            rate[6 + 2 * b + i] -= MASSES[a] * force[i];
            for lane in 0..12 {
                let slope = by_apart[i][0] * apart[0][lane] + by_apart[i][1] * apart[1][lane];
                by_input[6 + 2 * a + i][lane] += MASSES[b] * slope;
                by_input[6 + 2 * b + i][lane] -= MASSES[a] * slope;
            }
        }
    }
    (rate, by_input)
}

/// The state after a step of the method of Runge and Kutta, and its slopes with respect to the state before.
pub(crate) fn step_and_slopes(start: &[f64; 12]) -> Sloped {
    let s: Sloped = (*start, from_fn(|i| from_fn(|lane| if i == lane { 1.0 } else { 0.0 })));
    let moved = |s: &Sloped, (rate, slopes): &Sloped, h: f64| -> Sloped {
        (from_fn(|i| s.0[i] + h * rate[i]), from_fn(|i| from_fn(|lane| s.1[i][lane] + h * slopes[i][lane])))
    };
    let k1 = rate(&s);
    let k2 = rate(&moved(&s, &k1, STEP / 2.0));
    let k3 = rate(&moved(&s, &k2, STEP / 2.0));
    let k4 = rate(&moved(&s, &k3, STEP));
    let rates = [(k1, 1.0), (k2, 2.0), (k3, 2.0), (k4, 1.0)];
    rates.iter().fold(s, |s, (k, weight)| moved(&s, k, weight * STEP / 6.0))
}

/// The potential of the bodies at six coordinates, and its Hessian.
pub(crate) fn potential_and_hessian(x: &[f64]) -> Answer {
    let (mut potential, mut hessian) = (0.0, vec![0.0; 36]);
    for (a, b) in PAIRS {
        let apart = [0, 1].map(|i| x[2 * b + i] - x[2 * a + i]);
        let (_, slopes) = attraction(apart);
        let masses = MASSES[a] * MASSES[b];
        potential -= masses / apart[0].hypot(apart[1]);
        for (i, row) in slopes.iter().enumerate() {
            for (j, slope) in row.iter().enumerate() {
                for (p, q, sign) in [(a, a, 1.0), (b, b, 1.0), (a, b, -1.0), (b, a, -1.0)] {
                    hessian[6 * (2 * p + i) + 2 * q + j] += sign * masses * slope;
                }
            }
        }
    }
    (potential, hessian)
}
