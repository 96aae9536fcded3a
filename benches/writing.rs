//! What the ways to write a first program cost: the figures of the page "Write it like this".

#[path = "support/workload.rs"]
mod workload;

use std::hint::black_box;

use dualtape::{
    Checkpointed, Function, Matrix, Parametric, Scalar, Terms, Var, dense, dot, function, fuse_map, gradient, hessian,
    jacobian_array, jacobian_reverse, release_memory, weighted_sum,
};
use workload::Workload;

fn numbers(n: usize) -> Vec<f64> {
    (0..n).map(|i| ((12.9898 * (i + 1) as f64).sin() * 43758.5).fract()).collect()
}

// A layer of a convolutional network: filters of 3 by 3 and a bias over an image.

const WIDTH: usize = 16;
const INNER: usize = WIDTH - 2;
const FILTERS: usize = 8;
const TAPS: usize = 9;

fn layer_inputs() -> Vec<f64> {
    numbers(WIDTH * WIDTH + FILTERS * (TAPS + 1))
}

fn places() -> impl Iterator<Item = (usize, usize)> {
    (0..INNER * INNER).map(|place| (place / INNER, place % INNER))
}

fn patch<S: Scalar>(image: &[S], (row, column): (usize, usize)) -> [S; TAPS] {
    std::array::from_fn(|tap| image[(row + tap / 3) * WIDTH + column + tap % 3])
}

fn layer_by_loops<S: Scalar<Real = f64>>(x: &[S]) -> S {
    let (image, filters) = x.split_at(WIDTH * WIDTH);
    let mut total = S::zero();
    for filter in filters.chunks_exact(TAPS + 1) {
        for (row, column) in places() {
            let mut acc = filter[TAPS];
            for tap in 0..TAPS {
                acc += filter[tap] * image[(row + tap / 3) * WIDTH + column + tap % 3];
            }
            let y = acc.relu();
            total += y * y;
        }
    }
    total
}

fn layer_by_dot<S: Scalar<Real = f64>>(x: &[S]) -> S {
    let (image, filters) = x.split_at(WIDTH * WIDTH);
    let map = |filter: &[S]| {
        let y = |place| (dot(&filter[..TAPS], &patch(image, place)) + filter[TAPS]).relu();
        places().map(y).collect::<Vec<S>>()
    };
    let maps: Vec<S> = filters.chunks_exact(TAPS + 1).flat_map(map).collect();
    dot(&maps, &maps)
}

fn relu<S: Scalar>(x: S) -> S {
    x.relu()
}

fn layer_by_dense<S: Scalar<Real = f64>>(x: &[S]) -> S {
    let (image, filters) = x.split_at(WIDTH * WIDTH);
    let patches: Vec<S> = places().flat_map(|place| patch(image, place)).collect();
    let maps = dense(filters, &patches, INNER * INNER, &function!(relu: S -> S));
    dot(&maps, &maps)
}

fn layer_by_hand(x: &[f64]) -> (f64, Vec<f64>) {
    let (image, filters) = x.split_at(WIDTH * WIDTH);
    let (mut total, mut slopes) = (0.0, vec![0.0; x.len()]);
    let (of_image, of_filters) = slopes.split_at_mut(WIDTH * WIDTH);
    for (filter, of_filter) in filters.chunks_exact(TAPS + 1).zip(of_filters.chunks_exact_mut(TAPS + 1)) {
        for (row, column) in places() {
            let at = |tap: usize| (row + tap / 3) * WIDTH + column + tap % 3;
            let y = (0..TAPS).fold(filter[TAPS], |acc, tap| acc + filter[tap] * image[at(tap)]).max(0.0);
            total += y * y;
            for tap in 0..TAPS {
                of_filter[tap] += 2.0 * y * image[at(tap)];
                of_image[at(tap)] += 2.0 * y * filter[tap];
            }
            of_filter[TAPS] += 2.0 * y;
        }
    }
    (total, slopes)
}

fn layer_workload() -> Workload {
    let [plain, written, loops, dots, denses] = std::array::from_fn(|_| layer_inputs());
    Workload::new("layer of 8 filters, 16 by 16 pixels", move || layer_by_loops(black_box(&plain)))
        .with("hand-written", move || layer_by_hand(black_box(&written)))
        .with("`acc += w * x`", move || gradient(layer_by_loops, black_box(&loops)))
        .with("`dot`", move || gradient(layer_by_dot, black_box(&dots)))
        .with("`dense`", move || gradient(layer_by_dense, black_box(&denses)))
}

// The hand of an arm with six joints.

/// Sine and cosine of the twist of each link, its length and its offset.
const LINKS: [[f64; 4]; 6] = [
    [1.0, 0.0, 0.0, 0.089],
    [0.0, 1.0, -0.425, 0.0],
    [0.0, 1.0, -0.392, 0.0],
    [1.0, 0.0, 0.0, 0.109],
    [-1.0, 0.0, 0.0, 0.095],
    [0.0, 1.0, 0.05, 0.082],
];

const ANGLES: [f64; 6] = [0.3, -1.2, 1.5, -0.8, 0.4, 0.7];

fn turned<S: Scalar<Real = f64>>([a, b]: [S; 2], sin: S, cos: S) -> [S; 2] {
    [a * cos - b * sin, a * sin + b * cos]
}

/// Where a link that is turned by the angle takes a point.
fn moved<S: Scalar<Real = f64>>([x, y, z]: [S; 3], angle: S, [sin, cos, length, offset]: [f64; 4]) -> [S; 3] {
    let [y, z] = turned([y, z], S::from_real(sin), S::from_real(cos));
    let (sin, cos) = angle.sin_cos();
    let [x, y] = turned([x + length, y], sin, cos);
    [x, y, z + offset]
}

/// From the last link to the first.
fn hand<S: Scalar<Real = f64>>(angles: &[S; 6]) -> [S; 3] {
    LINKS.iter().zip(angles).rev().fold([S::zero(); 3], |hand, (&link, &angle)| moved(hand, angle, link))
}

/// A joint moves the hand as seen from it about its axis z, and those before it turn the velocity.
fn hand_and_velocities(angles: &[f64; 6]) -> ([f64; 3], [[f64; 6]; 3]) {
    let (mut hand, mut velocities) = ([0.0; 3], [[0.0; 3]; 6]);
    for (joint, (&link, &angle)) in LINKS.iter().zip(angles).enumerate().rev() {
        hand = moved(hand, angle, link);
        let [sin, cos, ..] = link;
        for velocity in &mut velocities[joint + 1..] {
            *velocity = moved(*velocity, angle, [sin, cos, 0.0, 0.0]);
        }
        velocities[joint] = [-hand[1], hand[0], 0.0];
    }
    (hand, std::array::from_fn(|i| velocities.map(|velocity| velocity[i])))
}

/// The first coordinate, and the Jacobian row by row.
fn flat<R: AsRef<[f64]>>((hand, jacobian): (impl AsRef<[f64]>, impl IntoIterator<Item = R>)) -> (f64, Vec<f64>) {
    (hand.as_ref()[0], jacobian.into_iter().flat_map(|row| row.as_ref().to_vec()).collect())
}

fn arm_workload() -> Workload {
    Workload::new("hand of an arm, 6 joints, 3 by 6 Jacobian", || black_box(hand(black_box(&ANGLES)))[0])
        .with("hand-written", || flat(hand_and_velocities(black_box(&ANGLES))))
        .with("forward", || flat(jacobian_array(hand, black_box(&ANGLES))))
        .with("forward, a `Function`", || flat(function!(hand: &[S; 6] -> [S; 3]).jacobian_array(black_box(&ANGLES))))
        .with("reverse", || {
            let of_slice = |x: &[_]| hand(x.try_into().expect("six angles"));
            let (hand, jacobian) = jacobian_reverse(of_slice, black_box(&ANGLES));
            (hand[0], jacobian.into_entries())
        })
}

// An Asian option by Monte Carlo.

const PATHS: usize = 20_000;
const DAYS: usize = 50;
const STRIKE: f64 = 105.0;

/// Spot, volatility, rate and years.
const MARKET: [f64; 4] = [100.0, 0.2, 0.03, 1.0];

/// About normal.
fn noise() -> Vec<f64> {
    let uniform = numbers(4 * PATHS * DAYS);
    uniform.chunks_exact(4).map(|four| four.iter().sum::<f64>() * 0.7).collect()
}

fn payoff<S: Scalar<Real = f64>>(market: &[S], noise: &[f64]) -> S {
    let [spot, vol, rate, years] = market[..4] else { panic!("four numbers") };
    let day = years / DAYS as f64;
    let (drift, spread) = ((rate - vol * vol * 0.5) * day, vol * day.sqrt());
    let (mut price, mut total) = (spot, S::zero());
    for &z in noise {
        price *= (drift + spread * z).exp();
        total += price;
    }
    (-rate * years).exp() * (total / DAYS as f64 - STRIKE).max(0.0) / PATHS as f64
}

fn price<S: Scalar<Real = f64>>(market: &[S], noise: &[f64]) -> S {
    noise.chunks_exact(DAYS).map(|noise| payoff(market, noise)).sum()
}

fn price_by_terms(noise: &[f64]) -> (f64, Vec<f64>) {
    Terms::all(PATHS).gradient(|path, market| payoff(market, &noise[path * DAYS..][..DAYS]), &MARKET)
}

/// By the slopes of the logarithms of the prices.
fn price_by_hand(&[spot, vol, rate, years]: &[f64; 4], noise: &[f64]) -> (f64, Vec<f64>) {
    let (day, discount) = (years / DAYS as f64, (-rate * years).exp());
    let (drift, spread) = ((rate - vol * vol * 0.5) * day, vol * day.sqrt());
    let (mut value, mut slopes) = (0.0, vec![0.0; 4]);
    for noise in noise.chunks_exact(DAYS) {
        let (mut price, mut mean, mut sum_of_noise, mut of_mean) = (spot, 0.0, 0.0, [0.0; 4]);
        for (day_number, z) in (1..).zip(noise) {
            price *= (drift + spread * z).exp();
            sum_of_noise += z;
            let time = f64::from(day_number) * day;
            mean += price / DAYS as f64;
            of_mean[0] += price / spot;
            of_mean[1] += price * (day.sqrt() * sum_of_noise - vol * time);
            of_mean[2] += price * time;
            of_mean[3] += price * (f64::from(day_number) * drift + 0.5 * spread * sum_of_noise) / years;
        }
        if mean > STRIKE {
            let share = discount / PATHS as f64;
            value += share * (mean - STRIKE);
            for (slope, of_mean) in slopes.iter_mut().zip(of_mean) {
                *slope += share * of_mean / DAYS as f64;
            }
        }
    }
    slopes[2] -= years * value;
    slopes[3] -= rate * value;
    (value, slopes)
}

fn option_workload() -> Workload {
    let [plain, written, recorded, terms] = std::array::from_fn(|_| noise());
    Workload::new("Asian option, 20,000 paths of 50 days", move || price(black_box(&MARKET), &plain))
        .with("hand-written", move || price_by_hand(black_box(&MARKET), &written))
        .with("one recording", move || gradient(|market| price(market, &recorded), black_box(&MARKET)))
        .with("`Terms`", move || price_by_terms(black_box(&terms)))
}

/// The most megabytes that a run holds at once.
fn megabytes<R>(run: impl FnOnce() -> R) -> f64 {
    release_memory();
    let peak = allocation_counter::measure(|| _ = black_box(run())).bytes_max;
    release_memory();
    peak as f64 / 1e6
}

fn print_memory() {
    let noise = noise();
    let recorded = megabytes(|| gradient(|market| price(market, &noise), &MARKET));
    let terms = megabytes(|| price_by_terms(&noise));
    println!("memory of the Asian option: one recording {recorded:.1} MB, `Terms` {terms:.3} MB");
}

// Poisson regression.

const ROWS: usize = 10_000;
const COLUMNS: usize = 10;

/// The table of the covariates; the counts go round from 0 to 4.
fn table() -> Vec<f64> {
    numbers(ROWS * COLUMNS)
}

fn count(row: usize) -> f64 {
    (row % 5) as f64
}

fn coefficients() -> Vec<f64> {
    numbers(COLUMNS).into_iter().map(|x| 0.2 * x).collect()
}

fn deviance_by_loops<S: Scalar<Real = f64>>(beta: &[S], table: &[f64]) -> S {
    let mut total = S::zero();
    for (row, x) in table.chunks_exact(COLUMNS).enumerate() {
        let mut eta = S::zero();
        for j in 0..COLUMNS {
            eta += beta[j] * x[j];
        }
        total += eta.exp() - eta * count(row);
    }
    total
}

fn deviance_of_row<S: Scalar<Real = f64>>(beta: &[S], x: &[f64], row: usize) -> S {
    let eta = weighted_sum(beta, x);
    eta.exp() - eta * count(row)
}

fn deviance_by_weighted_sum<S: Scalar<Real = f64>>(beta: &[S], table: &[f64]) -> S {
    table.chunks_exact(COLUMNS).enumerate().map(|(row, x)| deviance_of_row(beta, x, row)).sum()
}

fn deviance_by_terms(beta: &[f64], table: &[f64]) -> (f64, Vec<f64>) {
    Terms::all(ROWS).gradient(|row, beta| deviance_of_row(beta, &table[row * COLUMNS..][..COLUMNS], row), beta)
}

fn deviance_by_hand(beta: &[f64], table: &[f64]) -> (f64, Vec<f64>) {
    let (mut total, mut slopes) = (0.0, vec![0.0; COLUMNS]);
    for (row, x) in table.chunks_exact(COLUMNS).enumerate() {
        let eta = dot(beta, x);
        let mean = eta.exp();
        total += mean - eta * count(row);
        slopes.iter_mut().zip(x).for_each(|(slope, x)| *slope += (mean - count(row)) * x);
    }
    (total, slopes)
}

fn regression_workload() -> Workload {
    let points: [_; 5] = std::array::from_fn(|_| (coefficients(), table()));
    let [plain, written, loops, sums, terms] = points;
    Workload::new("Poisson regression, 10,000 by 10", move || deviance_by_loops(black_box(&plain.0), &plain.1))
        .with("hand-written", move || deviance_by_hand(black_box(&written.0), &written.1))
        .with("`acc += b * x`", move || gradient(|beta| deviance_by_loops(beta, &loops.1), black_box(&loops.0)))
        .with("`weighted_sum`", move || gradient(|b| deviance_by_weighted_sum(b, &sums.1), black_box(&sums.0)))
        .with("`Terms`", move || deviance_by_terms(black_box(&terms.0), &terms.1))
}

/// Returns the gradient, and the Hessian row by row after it.
fn curvature_by_hand(beta: &[f64], table: &[f64]) -> (f64, Vec<f64>) {
    let (mut total, mut derivatives) = (0.0, vec![0.0; COLUMNS + COLUMNS * COLUMNS]);
    let (slopes, hessian) = derivatives.split_at_mut(COLUMNS);
    for (row, x) in table.chunks_exact(COLUMNS).enumerate() {
        let eta = dot(beta, x);
        let mean = eta.exp();
        total += mean - eta * count(row);
        slopes.iter_mut().zip(x).for_each(|(slope, x)| *slope += (mean - count(row)) * x);
        for (entries, number) in hessian.chunks_exact_mut(COLUMNS).zip(x) {
            entries.iter_mut().zip(x).for_each(|(entry, x)| *entry += mean * number * x);
        }
    }
    (total, derivatives)
}

fn curvature_by_predictors(beta: &[f64], table: &[f64]) -> (f64, Vec<f64>, Matrix<f64>) {
    Terms::all(ROWS).linear(table).hessian(|row, eta| eta.exp() - eta * count(row), beta)
}

fn curvature_by_terms(beta: &[f64], table: &[f64]) -> (f64, Vec<f64>, Matrix<f64>) {
    Terms::all(ROWS).hessian(|row, beta| deviance_of_row(beta, &table[row * COLUMNS..][..COLUMNS], row), beta)
}

fn curvature_workload() -> Workload {
    let points: [_; 5] = std::array::from_fn(|_| (coefficients(), table()));
    let [plain, written, loops, terms, predictors] = points;
    Workload::new("the same, its Hessian", move || deviance_by_loops(black_box(&plain.0), &plain.1))
        .with("hand-written", move || curvature_by_hand(black_box(&written.0), &written.1))
        .with("`acc += b * x`", move || hessian(|beta| deviance_by_loops(beta, &loops.1), black_box(&loops.0)))
        .with("`Terms`", move || curvature_by_terms(black_box(&terms.0), &terms.1))
        .with("`linear`", move || curvature_by_predictors(black_box(&predictors.0), &predictors.1))
}

// The heat equation on a grid whose edge is kept at 0: the sum of squares at the end, by the start.

const SIDE: usize = 64;
const STEPS: usize = 200;
/// The states in memory at a time.
const KEPT: usize = 20;

fn start() -> Vec<f64> {
    numbers(SIDE * SIDE)
}

fn heat_at_each_point<S: Scalar<Real = f64>>(u: &[S], _: &[S]) -> Vec<S> {
    let at = |i: usize, j: usize| if i < SIDE && j < SIDE { u[i * SIDE + j] } else { S::zero() };
    let point = |k: usize| {
        let (i, j) = (k / SIDE, k % SIDE);
        let neighbours = at(i.wrapping_sub(1), j) + at(i + 1, j) + at(i, j.wrapping_sub(1)) + at(i, j + 1);
        at(i, j) + (neighbours - at(i, j) * 4.0) * 0.2
    };
    (0..SIDE * SIDE).map(point).collect()
}

#[inline(always)]
fn diffused<S: Scalar<Real = f64>>([above, below, left, right, here]: [S; 5]) -> [S; 1] {
    [here + (above + below + left + right - here * 4.0) * 0.2]
}

fn heat_by_rows<S: Scalar<Real = f64>>(u: &[S], _: &[S]) -> Vec<S> {
    let zeros = [S::zero(); SIDE];
    let row = |i: usize| u.chunks_exact(SIDE).nth(i).unwrap_or(&zeros);
    let next = |i: usize| {
        let padded = [&[S::zero()], row(i), &[S::zero()]].concat();
        let [next] = fuse_map(
            &function!(diffused: [S; 5] -> [S; 1]),
            [row(i.wrapping_sub(1)), row(i + 1), &padded[..SIDE], &padded[2..], row(i)],
        );
        next
    };
    (0..SIDE).flat_map(next).collect()
}

fn checkpointed<F: Parametric<Output = Vec<f64>>>(step: impl Fn(usize) -> F, start: &[f64]) -> (f64, Vec<f64>) {
    let steps = Checkpointed::new(step, 0..STEPS, KEPT);
    let (value, slopes, _) = steps.gradient(|end: &[Var], _| dot(end, end), start, &[]);
    (value, slopes)
}

/// A step is a symmetric matrix, so the adjoints take the same steps.
fn heat_by_hand(start: &[f64]) -> (f64, Vec<f64>) {
    let steps = |u| (0..STEPS).fold(u, |u: Vec<f64>, _| heat_at_each_point(&u, &[]));
    let end = steps(start.to_vec());
    (dot(&end, &end), steps(end.iter().map(|u| 2.0 * u).collect()))
}

fn heat_workload() -> Workload {
    let [plain, written, points, rows] = std::array::from_fn(|_| start());
    Workload::new("heat on 64 by 64 points, 200 steps", move || {
        let end = (0..STEPS).fold(black_box(&plain).clone(), |u, _| heat_at_each_point(&u, &[]));
        dot(&end, &end)
    })
    .with("hand-written", move || heat_by_hand(black_box(&written)))
    .with("at each point", move || {
        checkpointed(|_| function!(heat_at_each_point: &[S], &[S] -> Vec<S>), black_box(&points))
    })
    .with("`fuse_map`", move || checkpointed(|_| function!(heat_by_rows: &[S], &[S] -> Vec<S>), black_box(&rows)))
}

fn main() {
    let regressions = [regression_workload(), curvature_workload()];
    let workloads = [layer_workload(), arm_workload(), option_workload(), heat_workload()];
    workload::run(&workloads.into_iter().chain(regressions).collect::<Vec<_>>());
    print_memory();
}
