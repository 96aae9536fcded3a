//! The examples of the first day, written plainly: lecture, robot_arm, option_greeks, regression, orbits, heat.

use std::f64::consts::FRAC_PI_2;

use dualtape::{Scalar, differentiable, function, weighted_sum};

use super::assert_same_gradients;

const EXAMPLES: [([f64; 2], f64); 4] = [([2.0, 3.0], 1.0), ([3.0, -1.0], -1.0), ([0.5, 1.0], -1.0), ([1.0, 1.0], 1.0)];

both!(#[differentiable] lecture: fn of(w: [f64; 3]) -> f64 {
    let mut total = 0.0;
    for ([x1, x2], target) in EXAMPLES {
        let error = (x1 * w[0] + x2 * w[1] + w[2]).tanh() - target;
        total += error * error;
    }
    total
});

#[test]
fn the_neuron_of_the_lecture() {
    fn generic<S: Scalar<Real = f64>>(w: &[S]) -> S {
        let mut total = S::zero();
        for ([x1, x2], target) in EXAMPLES {
            let error = (w[0] * x1 + w[1] * x2 + w[2]).tanh() - target;
            total += error * error;
        }
        total
    }
    let w = [0.1, -0.2, 0.05];
    assert_same_gradients(&lecture::of::F, &function!(generic), lecture::plain::of(w), &w);
}

const LINKS: [[f64; 3]; 6] = [
    [0.0, FRAC_PI_2, 0.089],
    [-0.425, 0.0, 0.0],
    [-0.392, 0.0, 0.0],
    [0.0, FRAC_PI_2, 0.109],
    [0.0, -FRAC_PI_2, 0.095],
    [0.0, 0.0, 0.082],
];

both!(#[differentiable] robot_arm: fn of(angles: &[f64; 6]) -> [f64; 3] {
    let link = |angle: f64, k: usize| -> [[f64; 4]; 4] {
        let [length, twist, offset] = LINKS[k];
        let (sin, cos) = angle.sin_cos();
        let (sin_twist, cos_twist) = twist.sin_cos();
        let up: f64 = sin_twist;
        let along: f64 = cos_twist;
        let offset: f64 = offset;
        [
            [cos, -sin * cos_twist, sin * sin_twist, cos * length],
            [sin, cos * cos_twist, -cos * sin_twist, sin * length],
            [0.0, up, along, offset],
            [0.0, 0.0, 0.0, 1.0],
        ]
    };
    let mut pose: [[f64; 4]; 4] = std::array::from_fn(|i| std::array::from_fn(|j| f64::from(i == j)));
    for (k, &angle) in angles.iter().enumerate() {
        let next = link(angle, k);
        pose = std::array::from_fn(|i| std::array::from_fn(|j| (0..4).map(|k| pose[i][k] * next[k][j]).sum()));
    }
    [pose[0][3], pose[1][3], pose[2][3]]
});

#[test]
fn the_hand_of_the_robot_arm() {
    type Pose<S> = [[S; 4]; 4];
    fn link<S: Scalar<Real = f64>>(angle: S, [length, twist, offset]: [f64; 3]) -> Pose<S> {
        let (sin, cos) = angle.sin_cos();
        let (sin_twist, cos_twist) = twist.sin_cos();
        let (zero, one) = (S::zero(), S::one());
        [
            [cos, -sin * cos_twist, sin * sin_twist, cos * length],
            [sin, cos * cos_twist, -cos * sin_twist, sin * length],
            [zero, S::from_f64(sin_twist), S::from_f64(cos_twist), S::from_f64(offset)],
            [zero, zero, zero, one],
        ]
    }
    fn product<S: Scalar>(a: Pose<S>, b: Pose<S>) -> Pose<S> {
        std::array::from_fn(|i| std::array::from_fn(|j| (0..4).map(|k| a[i][k] * b[k][j]).sum()))
    }
    fn generic<S: Scalar<Real = f64>>(angles: &[S]) -> [S; 3] {
        let base: Pose<S> = std::array::from_fn(|i| std::array::from_fn(|j| S::from_f64(f64::from(i == j))));
        let pose = angles.iter().zip(LINKS).fold(base, |pose, (&angle, values)| product(pose, link(angle, values)));
        [pose[0][3], pose[1][3], pose[2][3]]
    }
    let angles = [0.3, -1.2, 1.5, -0.8, 0.4, 0.1];
    let plain = robot_arm::plain::of(&angles);
    for (i, &plain) in plain.iter().enumerate() {
        let ours = function!([i: usize] |angles: &[S]| -> S { robot_arm::of::F.eval(angles)[i] });
        assert_same_gradients(&ours, &function!([i: usize] |angles: &[S]| -> S { generic(angles)[i] }), plain, &angles);
    }
}

both!(#[differentiable] call: fn of(spot: f64, vol: f64, rate: f64, years: f64) -> f64 {
    let strike = 105.0;
    let spread = vol * years.sqrt();
    let d1 = ((spot / strike).ln() + (rate + 0.5 * vol * vol) * years) / spread;
    let d2 = d1 - spread;
    spot * d1.norm_cdf() - (-rate * years).exp() * d2.norm_cdf() * strike
});

const NOISE: [f64; 5] = [0.3, -1.2, 0.7, 1.9, -0.4];

both!(#[differentiable] asian: fn of(spot: f64, vol: f64, rate: f64, years: f64) -> f64 {
    let day = years / NOISE.len() as f64;
    let (drift, spread) = ((rate - 0.5 * vol * vol) * day, vol * day.sqrt());
    let mut price = spot;
    let mut sum = 0.0;
    for z in NOISE {
        price *= (drift + spread * z).exp();
        sum += price;
    }
    (-rate * years).exp() * (sum / NOISE.len() as f64 - 95.0).max(0.0)
});

#[test]
fn the_options_and_their_greeks() {
    fn generic_call<S: Scalar<Real = f64>>([spot, vol, rate, years]: [S; 4]) -> S {
        let strike = 105.0;
        let spread = vol * years.sqrt();
        let d1 = ((spot / strike).ln() + (rate + vol * 0.5 * vol) * years) / spread;
        let d2 = d1 - spread;
        spot * d1.norm_cdf() - (-rate * years).exp() * d2.norm_cdf() * strike
    }
    fn generic_asian<S: Scalar<Real = f64>>([spot, vol, rate, years]: [S; 4]) -> S {
        let day = years / NOISE.len() as f64;
        let (drift, spread) = ((rate - vol * 0.5 * vol) * day, vol * day.sqrt());
        let mut price = spot;
        let mut sum = S::zero();
        for &z in &NOISE {
            price *= (drift + spread * z).exp();
            sum += price;
        }
        (-rate * years).exp() * (sum / NOISE.len() as f64 - 95.0).max(0.0)
    }
    let [spot, vol, rate, years] = [100.0, 0.2, 0.03, 1.0];
    let plain = call::plain::of(spot, vol, rate, years);
    assert_same_gradients(&call::of::F, &function!(generic_call: [S; 4] -> S), plain, &[spot, vol, rate, years]);
    let plain = asian::plain::of(spot, vol, rate, years);
    assert!(plain > 0.0);
    assert_same_gradients(&asian::of::F, &function!(generic_asian: [S; 4] -> S), plain, &[spot, vol, rate, years]);
}

both!(#[differentiable] regression: fn of(beta: &[f64]) -> f64 {
    const ROWS: [([f64; 3], f64); 2] = [([1.0, 0.5, -0.3], 2.0), ([1.0, -0.7, 0.9], 0.0)];
    let mut deviance = 0.0;
    for (x, count) in &ROWS {
        let eta = weighted_sum(beta, x);
        deviance += eta.exp() - eta * count;
    }
    deviance
});

#[test]
fn the_deviance_of_the_regression() {
    fn generic<S: Scalar<Real = f64>>(beta: &[S]) -> S {
        let term = |x: &[f64], count: f64| {
            let eta = weighted_sum(beta, x);
            eta.exp() - eta * count
        };
        S::zero() + term(&[1.0, 0.5, -0.3], 2.0) + term(&[1.0, -0.7, 0.9], 0.0)
    }
    let beta = [0.5, -0.3, 0.8];
    assert_same_gradients(&regression::of::F, &function!(generic), regression::plain::of(&beta), &beta);
}

both!(#[differentiable] orbits: fn of(start: [f64; 4]) -> [f64; 4] {
    let rate = |[x, y, vx, vy]: [f64; 4]| {
        let r = x.hypot(y);
        let pull = -(r * r * r).recip();
        [vx, vy, x * pull, y * pull]
    };
    let moved = |state: [f64; 4], rate: [f64; 4], time: f64| -> [f64; 4] {
        std::array::from_fn(|i| state[i] + time * rate[i])
    };
    let h = 0.25;
    let mut state = start;
    for _ in 0..4 {
        let k1 = rate(state);
        let k2 = rate(moved(state, k1, 0.5 * h));
        let k3 = rate(moved(state, k2, 0.5 * h));
        let k4 = rate(moved(state, k3, h));
        state = std::array::from_fn(|i| state[i] + (k1[i] + 2.0 * (k2[i] + k3[i]) + k4[i]) * (h / 6.0));
    }
    state
});

#[test]
fn the_flight_along_an_orbit() {
    fn rate<S: Scalar>([x, y, vx, vy]: [S; 4]) -> [S; 4] {
        let r = x.hypot(y);
        let pull = -(r * r * r).recip();
        [vx, vy, x * pull, y * pull]
    }
    fn moved<S: Scalar>(state: [S; 4], rate: [S; 4], time: S) -> [S; 4] {
        std::array::from_fn(|i| state[i] + time * rate[i])
    }
    fn generic<S: Scalar<Real = f64>>(start: &[S]) -> [S; 4] {
        let h = S::from_real(0.25);
        (0..4).fold([start[0], start[1], start[2], start[3]], |state, _| {
            let k1 = rate(state);
            let k2 = rate(moved(state, k1, h * 0.5));
            let k3 = rate(moved(state, k2, h * 0.5));
            let k4 = rate(moved(state, k3, h));
            std::array::from_fn(|i| state[i] + (k1[i] + (k2[i] + k3[i]) * 2.0 + k4[i]) * (h / 6.0))
        })
    }
    let start = [1.0, 0.1, -0.2, 1.1];
    let plain = orbits::plain::of(start);
    for (i, &plain) in plain.iter().enumerate() {
        let ours = function!([i: usize] |start: &[S]| -> S { orbits::of::F.eval(start)[i] });
        assert_same_gradients(&ours, &function!([i: usize] |start: &[S]| -> S { generic(start)[i] }), plain, &start);
    }
}

const SIDE: usize = 3;

both!(#[differentiable] heat: fn of(u: &[f64]) -> Vec<f64> {
    let at = |i: usize, j: usize| if i < SIDE && j < SIDE { u[i * SIDE + j] } else { 0.0 };
    let point = |k: usize| {
        let (i, j) = (k / SIDE, k % SIDE);
        let neighbours = at(i.wrapping_sub(1), j) + at(i + 1, j) + at(i, j.wrapping_sub(1)) + at(i, j + 1);
        at(i, j) + 0.2 * (neighbours - 4.0 * at(i, j))
    };
    (0..SIDE * SIDE).map(point).collect()
});

#[test]
fn the_step_of_the_heat_equation() {
    fn generic<S: Scalar<Real = f64>>(u: &[S]) -> Vec<S> {
        let at = |i: usize, j: usize| if i < SIDE && j < SIDE { u[i * SIDE + j] } else { S::zero() };
        let point = |k: usize| {
            let (i, j) = (k / SIDE, k % SIDE);
            let neighbours = at(i.wrapping_sub(1), j) + at(i + 1, j) + at(i, j.wrapping_sub(1)) + at(i, j + 1);
            at(i, j) + (neighbours - at(i, j) * 4.0) * 0.2
        };
        (0..SIDE * SIDE).map(point).collect()
    }
    let u: Vec<f64> = (0..SIDE * SIDE).map(|i| (i as f64 * 1.7).sin()).collect();
    let plain = heat::plain::of(&u);
    for (i, &plain) in plain.iter().enumerate() {
        let ours = function!([i: usize] |u: &[S]| -> S { heat::of(u)[i] });
        assert_same_gradients(&ours, &function!([i: usize] |u: &[S]| -> S { generic(u)[i] }), plain, &u);
    }
}
