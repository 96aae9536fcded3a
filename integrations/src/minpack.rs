//! The 18 problems of MINPACK's test program `lmder`: residuals, written once, and Jacobians by hand.
//!
//! J. J. Moré, B. S. Garbow and K. E. Hillstrom, "Testing unconstrained optimization software", ACM Transactions on
//! Mathematical Software 7 (1981).

use std::f64::consts::TAU;

use dualtape::{Function, Scalar};

const BARD: [f64; 15] = [0.14, 0.18, 0.22, 0.25, 0.29, 0.32, 0.35, 0.39, 0.37, 0.58, 0.73, 0.96, 1.34, 2.1, 4.39];
const KOWALIK_AT: [f64; 11] = [4.0, 2.0, 1.0, 0.5, 0.25, 0.167, 0.125, 0.1, 0.0833, 0.0714, 0.0625];
const KOWALIK: [f64; 11] = [0.1957, 0.1947, 0.1735, 0.16, 0.0844, 0.0627, 0.0456, 0.0342, 0.0323, 0.0235, 0.0246];
const MEYER: [f64; 16] = [
    34780.0, 28610.0, 23650.0, 19630.0, 16370.0, 13720.0, 11540.0, 9744.0, 8261.0, 7030.0, 6005.0, 5147.0, 4427.0,
    3820.0, 3307.0, 2872.0,
];
const OSBORNE_1: [f64; 33] = [
    0.844, 0.908, 0.932, 0.936, 0.925, 0.908, 0.881, 0.85, 0.818, 0.784, 0.751, 0.718, 0.685, 0.658, 0.628, 0.603,
    0.58, 0.558, 0.538, 0.522, 0.506, 0.49, 0.478, 0.467, 0.457, 0.448, 0.438, 0.431, 0.424, 0.42, 0.414, 0.411, 0.406,
];
const OSBORNE_2: [f64; 65] = [
    1.366, 1.191, 1.112, 1.013, 0.991, 0.885, 0.831, 0.847, 0.786, 0.725, 0.746, 0.679, 0.608, 0.655, 0.616, 0.606,
    0.602, 0.626, 0.651, 0.724, 0.649, 0.649, 0.694, 0.644, 0.624, 0.661, 0.612, 0.558, 0.533, 0.495, 0.5, 0.423,
    0.395, 0.375, 0.372, 0.391, 0.396, 0.405, 0.428, 0.429, 0.523, 0.562, 0.607, 0.653, 0.672, 0.708, 0.633, 0.668,
    0.645, 0.632, 0.591, 0.559, 0.597, 0.625, 0.739, 0.71, 0.729, 0.72, 0.636, 0.581, 0.428, 0.292, 0.162, 0.098,
    0.054,
];

/// The name, the standard starting point, and the norm of the residuals at the solution that the solver of MINPACK
/// reaches from there.
pub const PROBLEMS: [(&str, &[f64], f64); 18] = [
    ("linear, full rank", &[1.0; 5], 2.236_067_977_499_79),
    ("linear, rank 1", &[1.0; 5], 1.463_850_109_422_799),
    ("linear, rank 1, zero columns and rows", &[1.0; 5], 1.909_727_272_400_9),
    ("Rosenbrock", &[-1.2, 1.0], 0.0),
    ("helical valley", &[-1.0, 0.0, 0.0], 0.0),
    ("Powell singular", &[3.0, -1.0, 0.0, 1.0], 0.0),
    ("Freudenstein and Roth", &[0.5, -2.0], 6.998_875_17),
    ("Bard", &[1.0; 3], 0.090_635_960_3),
    ("Kowalik and Osborne", &[0.25, 0.39, 0.415, 0.39], 0.017_535_837_7),
    ("Meyer", &[0.02, 4000.0, 250.0], 9.377_945_14),
    ("Watson", &[0.0; 6], 0.047_829_594_0),
    ("Box", &[0.0, 10.0, 20.0], 0.0),
    ("Jennrich and Sampson", &[0.3, 0.4], 11.151_779_3),
    ("Brown and Dennis", &[25.0, 5.0, -5.0, -1.0], 292.954_288),
    (
        "Chebyquad",
        &[1.0 / 9.0, 2.0 / 9.0, 1.0 / 3.0, 4.0 / 9.0, 5.0 / 9.0, 2.0 / 3.0, 7.0 / 9.0, 8.0 / 9.0],
        0.059_303_235_5,
    ),
    ("Brown almost linear", &[0.5; 10], 0.0),
    ("Osborne 1", &[0.5, 1.5, -1.0, 0.01, 0.02], 0.007_392_492_60),
    ("Osborne 2", &[1.3, 0.65, 0.65, 0.7, 0.6, 3.0, 5.0, 7.0, 2.0, 4.5, 5.5], 0.200_344_004_6),
];

/// A problem by its place in [`PROBLEMS`].
pub struct Problem(pub usize);

impl Function for Problem {
    type Output = Vec<f64>;

    fn eval<S: Scalar<Real = f64>>(&self, x: &[S]) -> Vec<S> {
        let rows = |m: usize, residual: &dyn Fn(f64) -> S| (1..=m).map(|i| residual(i as f64)).collect::<Vec<S>>();
        let weighted = |range: std::ops::Range<usize>| range.map(|j| x[j] * (j + 1) as f64).sum::<S>();
        match self.0 {
            0 => {
                let all: S = x.iter().sum();
                let common = -(all * 0.2) - 1.0;
                (0..10).map(|i| if i < x.len() { common + x[i] } else { common }).collect()
            }
            1 => rows(10, &|i| weighted(0..x.len()) * i - 1.0),
            2 => rows(10, &|i| if i < 10.0 { weighted(1..x.len() - 1) * (i - 1.0) - 1.0 } else { -S::one() }),
            3 => vec![(x[1] - x[0] * x[0]) * 10.0, -x[0] + 1.0],
            4 => {
                let turn = if x[0] > 0.0 {
                    (x[1] / x[0]).atan() / TAU
                } else if x[0] < 0.0 {
                    (x[1] / x[0]).atan() / TAU + 0.5
                } else {
                    S::from_f64(0.25).copysign(x[1])
                };
                vec![(x[2] - turn * 10.0) * 10.0, (x[0].hypot(x[1]) - 1.0) * 10.0, x[2]]
            }
            5 => vec![
                x[0] + x[1] * 10.0,
                (x[2] - x[3]) * 5.0_f64.sqrt(),
                (x[1] - x[2] * 2.0).powi(2),
                (x[0] - x[3]).powi(2) * 10.0_f64.sqrt(),
            ],
            6 => vec![
                x[0] + ((-x[1] + 5.0) * x[1] - 2.0) * x[1] - 13.0,
                x[0] + ((x[1] + 1.0) * x[1] - 14.0) * x[1] - 29.0,
            ],
            7 => rows(15, &|i| -x[0] - (x[1] * (16.0 - i) + x[2] * i.min(16.0 - i)).recip() * i + BARD[i as usize - 1]),
            8 => (KOWALIK_AT.iter().zip(KOWALIK))
                .map(|(&v, y)| -(x[0] * ((x[1] + v) * v) / ((x[2] + v) * v + x[3])) + y)
                .collect(),
            9 => rows(16, &|i| x[0] * (x[1] / (x[2] + 5.0 * i + 45.0)).exp() - MEYER[i as usize - 1]),
            10 => {
                let mut residuals = rows(29, &|i| {
                    let t = i / 29.0;
                    let slope: S = (1..x.len()).map(|j| x[j] * (j as f64 * t.powi(j as i32 - 1))).sum();
                    let value: S = (0..x.len()).map(|j| x[j] * t.powi(j as i32)).sum();
                    slope - value * value - 1.0
                });
                residuals.extend([x[0], x[1] - x[0] * x[0] - 1.0]);
                residuals
            }
            11 => rows(10, &|i| {
                let t = i / 10.0;
                (-x[0] * t).exp() - (-x[1] * t).exp() + x[2] * ((-i).exp() - (-t).exp())
            }),
            12 => rows(10, &|i| -(x[0] * i).exp() - (x[1] * i).exp() + 2.0 * (1.0 + i)),
            13 => rows(20, &|i| {
                let t = i / 5.0;
                (x[0] + x[1] * t - t.exp()).powi(2) + (x[2] + x[3] * t.sin() - t.cos()).powi(2)
            }),
            14 => rows(x.len(), &|i| {
                let polynomial = |x: S| {
                    let (mut before, mut now) = (S::one(), x * 2.0 - 1.0);
                    for _ in 1..i as usize {
                        (before, now) = (now, (x * 2.0 - 1.0) * now * 2.0 - before);
                    }
                    now
                };
                let mean = x.iter().map(|&x| polynomial(x)).sum::<S>() / x.len() as f64;
                if (i as usize).is_multiple_of(2) { mean + 1.0 / (i * i - 1.0) } else { mean }
            }),
            15 => {
                let n = x.len();
                let all = x.iter().sum::<S>() - (n as f64 + 1.0);
                let product = x.iter().product::<S>() - 1.0;
                (0..n).map(|i| if i + 1 < n { all + x[i] } else { product }).collect()
            }
            16 => rows(33, &|i| {
                let t = 10.0 * (i - 1.0);
                -(x[0] + x[1] * (-x[3] * t).exp() + x[2] * (-x[4] * t).exp()) + OSBORNE_1[i as usize - 1]
            }),
            17 => rows(65, &|i| {
                let t = (i - 1.0) / 10.0;
                let peak = |k: usize| x[k] * (-x[k + 4] * (-x[k + 7] + t).powi(2)).exp();
                -(x[0] * (-x[4] * t).exp() + peak(1) + peak(2) + peak(3)) + OSBORNE_2[i as usize - 1]
            }),
            other => panic!("problem {other} of {}", PROBLEMS.len()),
        }
    }
}

impl Problem {
    /// Returns the Jacobian by the formulas of MINPACK's `ssqjac`.
    pub fn jacobian_by_hand(&self, x: &[f64]) -> Vec<Vec<f64>> {
        let n = x.len();
        let rows = |m: usize, row: &dyn Fn(f64) -> Vec<f64>| (1..=m).map(|i| row(i as f64)).collect::<Vec<_>>();
        let unit = |i: usize, j: usize| f64::from(u8::from(i == j));
        match self.0 {
            0 => (0..10).map(|i| (0..n).map(|j| unit(i, j) - 0.2).collect()).collect(),
            1 => rows(10, &|i| (1..=n).map(|j| i * j as f64).collect()),
            2 => rows(10, &|i| {
                let inside = |j: usize| (2..n).contains(&j) && i < 10.0;
                (1..=n).map(|j| if inside(j) { (i - 1.0) * j as f64 } else { 0.0 }).collect()
            }),
            3 => vec![vec![-20.0 * x[0], 10.0], vec![-1.0, 0.0]],
            4 => {
                let square = x[0] * x[0] + x[1] * x[1];
                let (turn, radius) = (TAU * square, square.sqrt());
                vec![
                    vec![100.0 * x[1] / turn, -100.0 * x[0] / turn, 10.0],
                    vec![10.0 * x[0] / radius, 10.0 * x[1] / radius, 0.0],
                    vec![0.0, 0.0, 1.0],
                ]
            }
            5 => {
                let (inner, outer) = (2.0 * (x[1] - 2.0 * x[2]), 2.0 * 10.0_f64.sqrt() * (x[0] - x[3]));
                vec![
                    vec![1.0, 10.0, 0.0, 0.0],
                    vec![0.0, 0.0, 5.0_f64.sqrt(), -5.0_f64.sqrt()],
                    vec![0.0, inner, -2.0 * inner, 0.0],
                    vec![outer, 0.0, 0.0, -outer],
                ]
            }
            6 => vec![vec![1.0, x[1] * (10.0 - 3.0 * x[1]) - 2.0], vec![1.0, x[1] * (2.0 + 3.0 * x[1]) - 14.0]],
            7 => rows(15, &|i| {
                let (u, v) = (16.0 - i, i.min(16.0 - i));
                let square = (x[1] * u + x[2] * v).powi(2);
                vec![-1.0, i * u / square, i * v / square]
            }),
            8 => KOWALIK_AT
                .iter()
                .map(|&v| {
                    let (above, below) = (v * (v + x[1]), v * (v + x[2]) + x[3]);
                    let by_0 = -above / below;
                    let by_1 = -v * x[0] / below;
                    vec![by_0, by_1, by_0 * by_1, by_0 * by_1 / v]
                })
                .collect(),
            9 => rows(16, &|i| {
                let below = 5.0 * i + 45.0 + x[2];
                let (quotient, power) = (x[1] / below, (x[1] / below).exp());
                vec![power, x[0] * power / below, -quotient * (x[0] * power / below)]
            }),
            10 => {
                let mut jacobian = rows(29, &|i| {
                    let t = i / 29.0;
                    let value: f64 = (0..n).map(|j| x[j] * t.powi(j as i32)).sum();
                    (0..n).map(|j| t.powi(j as i32 - 1) * (j as f64 - 2.0 * t * value)).collect()
                });
                let sparse = |first: f64, second: f64| [&[first, second][..], &vec![0.0; n - 2]].concat();
                jacobian.extend([sparse(1.0, 0.0), sparse(-2.0 * x[0], 1.0)]);
                jacobian
            }
            11 => rows(10, &|i| {
                let t = i / 10.0;
                vec![-t * (-t * x[0]).exp(), t * (-t * x[1]).exp(), (-i).exp() - (-t).exp()]
            }),
            12 => rows(10, &|i| vec![-i * (i * x[0]).exp(), -i * (i * x[1]).exp()]),
            13 => rows(20, &|i| {
                let t = i / 5.0;
                let (u, v) = (2.0 * (x[0] + t * x[1] - t.exp()), 2.0 * (x[2] + t.sin() * x[3] - t.cos()));
                vec![u, t * u, v, t.sin() * v]
            }),
            14 => rows(n, &|i| {
                let slope = |x: f64| {
                    let y = 2.0 * x - 1.0;
                    let (mut before, mut now) = (1.0, y);
                    let (mut slope_before, mut slope) = (0.0, 2.0);
                    for _ in 1..i as usize {
                        (slope_before, slope) = (slope, 4.0 * now + 2.0 * y * slope - slope_before);
                        (before, now) = (now, 2.0 * y * now - before);
                    }
                    slope / n as f64
                };
                x.iter().map(|&x| slope(x)).collect()
            }),
            15 => {
                let others = |j: usize| (0..n).filter(|&k| k != j).map(|k| x[k]).product::<f64>();
                let row = |i: usize| (0..n).map(|j| if i + 1 < n { 1.0 + unit(i, j) } else { others(j) }).collect();
                (0..n).map(row).collect()
            }
            16 => rows(33, &|i| {
                let t = 10.0 * (i - 1.0);
                let (first, second) = ((-x[3] * t).exp(), (-x[4] * t).exp());
                vec![-1.0, -first, -second, t * x[1] * first, t * x[2] * second]
            }),
            17 => rows(65, &|i| {
                let t = (i - 1.0) / 10.0;
                let decay = (-x[4] * t).exp();
                let peaks = [1, 2, 3].map(|k| (k, t - x[k + 7], (-x[k + 4] * (t - x[k + 7]).powi(2)).exp()));
                let mut row = vec![-decay];
                row.extend(peaks.map(|(_, _, peak)| -peak));
                row.push(t * x[0] * decay);
                row.extend(peaks.map(|(k, from, peak)| x[k] * from * from * peak));
                row.extend(peaks.map(|(k, from, peak)| -2.0 * x[k] * x[k + 4] * from * peak));
                row
            }),
            other => panic!("problem {other} of {}", PROBLEMS.len()),
        }
    }
}
