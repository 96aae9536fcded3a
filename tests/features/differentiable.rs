//! Ordinary functions of `f64` with the attribute `differentiable`. They have the bits of the plain function, and in
//! every reading the bits of the generic function written by hand.

use dualtape::sparse::SparseHessian;
use dualtape::{
    Dual, Function, Parametric, Scalar, Tape, Taylor, Terms, check, differentiable, function, fuse, gradient,
    gradient_forward, hessian,
};

mod documented;
mod first_day;
mod limits;

/// Asserts that two functions give the same bits in every reading, with as many statements on a tape.
#[track_caller]
fn assert_same(ours: &impl Function<Output = f64>, generic: &impl Function<Output = f64>, plain: f64, x: &[f64]) {
    assert_same_gradients(ours, generic, plain, x);
    assert_eq!(hessian(|x| ours.eval(x), x), hessian(|x| generic.eval(x), x));
    assert_eq!(SparseHessian::new(ours, x).at(ours, x), SparseHessian::new(generic, x).at(generic, x));
    let mut series: Vec<Taylor<f64, 3>> = x.iter().map(|&x| Taylor::constant(x)).collect();
    series[0] = Taylor::variable(x[0]);
    assert!(ours.eval(&series).coefficients().eq(generic.eval(&series).coefficients()));
    let nested: Vec<Dual<Dual<f64>>> = x.iter().map(|&x| Dual::variable(Dual::variable(x))).collect();
    assert_eq!(ours.eval(&nested).partials[0].partials, generic.eval(&nested).partials[0].partials);
}

/// Asserts that two functions give the same bits as plain functions, forward and in reverse, with as many statements on
/// a tape.
#[track_caller]
fn assert_same_gradients(
    ours: &impl Function<Output = f64>,
    generic: &impl Function<Output = f64>,
    plain: f64,
    x: &[f64],
) {
    let bits =
        |(value, slopes): (f64, Vec<f64>)| (value.to_bits(), slopes.into_iter().map(f64::to_bits).collect::<Vec<_>>());
    assert_eq!((ours.eval(x).to_bits(), generic.eval(x).to_bits()), (plain.to_bits(), plain.to_bits()));
    assert_eq!(bits(gradient_forward(|x| ours.eval(x), x)), bits(gradient_forward(|x| generic.eval(x), x)));
    assert_eq!(bits(gradient(|x| ours.eval(x), x)), bits(gradient(|x| generic.eval(x), x)));
    let statements = |eval: &dyn Fn(&[dualtape::Var]) -> dualtape::Var| {
        let tape = Tape::new();
        eval(&tape.vars(x));
        tape.len()
    };
    assert_eq!(statements(&|x| ours.eval(x)), statements(&|x| generic.eval(x)));
}

both!(#[differentiable] black_scholes: fn of(s: f64, k: f64, vol: f64, t: f64) -> f64 {
    let d1 = ((s / k).ln() + 0.5 * vol * vol * t) / (vol * t.sqrt());
    let d2 = d1 - vol * t.sqrt();
    let cdf = |x: f64| 0.5 * (1.0 + (x / std::f64::consts::SQRT_2).tanh());
    s * cdf(d1) - k * cdf(d2)
});

#[test]
fn black_and_scholes() {
    fn generic<S: Scalar<Real = f64>>([s, k, vol, t]: [S; 4]) -> S {
        let d1 = ((s / k).ln() + vol * 0.5 * vol * t) / (vol * t.sqrt());
        let d2 = d1 - vol * t.sqrt();
        let cdf = |x: S| ((x / std::f64::consts::SQRT_2).tanh() + 1.0) * 0.5;
        s * cdf(d1) - k * cdf(d2)
    }
    let plain = black_scholes::plain::of(100.0, 95.0, 0.2, 1.5);
    assert_same(&black_scholes::of::F, &function!(generic: [S; 4] -> S), plain, &[100.0, 95.0, 0.2, 1.5]);
}

both!(#[differentiable] payoff: fn of(s: f64, k: f64) -> f64 {
    if 0.0 < s { 0.0_f64.max(s - k) + s.min(2.0).hypot(1.0) } else { 0.0 }
});

#[test]
fn a_payoff_with_maxima() {
    fn generic<S: Scalar<Real = f64>>([s, k]: [S; 2]) -> S {
        if s > 0.0 { S::zero().max(s - k) + s.min(2.0).hypot(1.0) } else { S::zero() }
    }
    for point in [[3.0, 1.0], [1.0, 3.0], [2.0, 2.0], [-1.0, 1.0]] {
        let plain = payoff::plain::of(point[0], point[1]);
        assert_same(&payoff::of::F, &function!(generic: [S; 2] -> S), plain, &point);
    }
}

both!(#[differentiable] rosenbrock: fn of(x: &[f64]) -> f64 {
    let mut sum = 0.0;
    for i in 1..x.len() {
        sum += 100.0 * (x[i] - x[i - 1] * x[i - 1]).powi(2) + (1.0 - x[i - 1]).powi(2);
    }
    sum
});

#[test]
fn rosenbrock_in_a_loop() {
    fn generic<S: Scalar<Real = f64>>(x: &[S]) -> S {
        let mut sum = S::zero();
        for i in 1..x.len() {
            sum += (x[i] - x[i - 1] * x[i - 1]).powi(2) * 100.0 + (S::one() - x[i - 1]).powi(2);
        }
        sum
    }
    let x = [-1.2, 1.0, 0.5, 2.0];
    assert_same(&rosenbrock::of::F, &function!(generic), rosenbrock::plain::of(&x), &x);
}

both!(#[differentiable] logistic: fn of(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
});

fn generic_logistic<S: Scalar<Real = f64>>(x: S) -> S {
    S::one() / ((-x).exp() + 1.0)
}

#[test]
fn the_logistic_function() {
    assert_same(&logistic::of::F, &function!(generic_logistic: S -> S), logistic::plain::of(0.3), &[0.3]);
}

both!(#[differentiable] log_sum_exp: fn of(x: &[f64]) -> f64 {
    let largest = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum = x.iter().map(|x| (x - largest).exp()).sum::<f64>();
    largest + sum.ln()
});

#[test]
fn a_sum_of_exponentials() {
    fn generic<S: Scalar<Real = f64>>(x: &[S]) -> S {
        let largest = x.iter().copied().fold(S::from_real(f64::NEG_INFINITY), S::max);
        let sum = x.iter().map(|&x| (x - largest).exp()).sum::<S>();
        largest + sum.ln()
    }
    let x = [0.5, 2.0, -1.0];
    assert_same(&log_sum_exp::of::F, &function!(generic), log_sum_exp::plain::of(&x), &x);
}

both!(#[differentiable] polynomial: fn of(x: f64) -> f64 {
    const COEFFICIENTS: [f64; 4] = [0.5, -1.0, 2.0, 0.25];
    let mut y = 0.0;
    for c in COEFFICIENTS.iter().rev() {
        y = y * x + c;
    }
    COEFFICIENTS[1] * x - y + c_of(2) * x
});

fn c_of(n: i32) -> f64 {
    f64::from(n)
}

#[test]
fn a_polynomial_with_a_table() {
    fn generic<S: Scalar<Real = f64>>(x: S) -> S {
        const COEFFICIENTS: [f64; 4] = [0.5, -1.0, 2.0, 0.25];
        let mut y = S::zero();
        for &c in COEFFICIENTS.iter().rev() {
            y = y * x + c;
        }
        x * COEFFICIENTS[1] - y + x * 2.0
    }
    assert_same(&polynomial::of::F, &function!(generic: S -> S), polynomial::plain::of(1.3), &[1.3]);
}

both!(#[differentiable] arm: fn of(angles: [f64; 3], length: f64) -> f64 {
    let (mut angle, mut x, mut y) = (0.0, 0.0, -0.25);
    for (i, a) in angles.iter().enumerate() {
        angle += a;
        x += length * angle.cos() / (i as f64 + 1.0);
        y += length * angle.sin();
    }
    y.atan2(x) + x.hypot(y)
});

#[test]
fn an_arm_of_three_joints() {
    fn generic<S: Scalar<Real = f64>>([a, b, c, length]: [S; 4]) -> S {
        let (mut angle, mut x, mut y) = (S::zero(), S::zero(), S::from_real(-0.25));
        for (i, a) in [a, b, c].into_iter().enumerate() {
            angle += a;
            x += length * angle.cos() / (i as f64 + 1.0);
            y += length * angle.sin();
        }
        y.atan2(x) + x.hypot(y)
    }
    let plain = arm::plain::of([0.1, 0.5, -0.3], 2.0);
    assert_same(&arm::of::F, &function!(generic: [S; 4] -> S), plain, &[0.1, 0.5, -0.3, 2.0]);
}

both!(#[differentiable] deviation: fn of(x: &[f64]) -> f64 {
    let n = x.len() as f64;
    let mean = x.iter().sum::<f64>() / n;
    let variance: f64 = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0);
    (variance + f64::EPSILON).sqrt()
});

#[test]
fn a_standard_deviation() {
    fn generic<S: Scalar<Real = f64>>(x: &[S]) -> S {
        let n = x.len() as f64;
        let mean = x.iter().sum::<S>() / n;
        let variance = x.iter().map(|&x| (x - mean).powi(2)).sum::<S>() / (n - 1.0);
        (variance + f64::EPSILON).sqrt()
    }
    let x = [1.0, 4.0, -2.0];
    assert_same(&deviation::of::F, &function!(generic), deviation::plain::of(&x), &x);
}

both!(#[differentiable] huber: fn of(x: f64, delta: f64) -> f64 {
    let a = x.abs();
    if a <= delta { 0.5 * a * a } else { delta * (a - 0.5 * delta) }
});

#[test]
fn the_loss_of_huber() {
    fn generic<S: Scalar<Real = f64>>([x, delta]: [S; 2]) -> S {
        let a = x.abs();
        if a <= delta { a * 0.5 * a } else { delta * (a - delta * 0.5) }
    }
    for point in [[0.5, 1.0], [-3.0, 1.0]] {
        let plain = huber::plain::of(point[0], point[1]);
        assert_same(&huber::of::F, &function!(generic: [S; 2] -> S), plain, &point);
    }
}

both!(#[differentiable] density: fn of(x: f64, mean: f64, deviation: f64) -> f64 {
    use std::f64::consts::PI;
    let z = (x - mean) / deviation;
    1.0 / (deviation * (2.0 * PI).sqrt()) * f64::exp(-0.5 * z * z)
});

#[test]
fn the_normal_density() {
    fn generic<S: Scalar<Real = f64>>([x, mean, deviation]: [S; 3]) -> S {
        let z = (x - mean) / deviation;
        S::one() / (deviation * (2.0 * std::f64::consts::PI).sqrt()) * (z * -0.5 * z).exp()
    }
    let plain = density::plain::of(0.3, 0.1, 2.0);
    assert_same(&density::of::F, &function!(generic: [S; 3] -> S), plain, &[0.3, 0.1, 2.0]);
}

both!(#[differentiable] integral: fn of(a: f64, b: f64) -> f64 {
    let f = |x: f64| (-x * x).exp() / (1.0 + x.powf(2.0));
    let n = 8;
    let h = (b - a) / n as f64;
    let mut sum = f(a) + f(b);
    for i in 1..n {
        let weight = if i % 2 == 0 { 2.0 } else { 4.0 };
        sum += weight * f(a + i as f64 * h);
    }
    sum * h / 3.0
});

#[test]
fn the_rule_of_simpson() {
    fn generic<S: Scalar<Real = f64>>([a, b]: [S; 2]) -> S {
        let f = |x: S| (-x * x).exp() / (x.powf(2.0) + 1.0);
        let n = 8;
        let h = (b - a) / n as f64;
        let mut sum = f(a) + f(b);
        for i in 1..n {
            let weight = S::from_real(if i % 2 == 0 { 2.0 } else { 4.0 });
            sum += weight * f(a + h * i as f64);
        }
        sum * h / 3.0
    }
    let plain = integral::plain::of(0.1, 0.9);
    assert_same(&integral::of::F, &function!(generic: [S; 2] -> S), plain, &[0.1, 0.9]);
}

both!(#[differentiable] power: fn of(x: f64, y: f64) -> f64 {
    x.powf(y) + x.powf(1.5) + x.powi(-2) + 2.0_f64.powf(0.5) * x.log(y) + x.mul_add(2.0, y) + x.rem_euclid(0.75)
});

#[test]
fn powers_and_logarithms() {
    fn generic<S: Scalar<Real = f64>>([x, y]: [S; 2]) -> S {
        let two = S::from_real(2.0);
        x.pow(y) + x.powf(1.5) + x.powi(-2) + x.log(y) * 2.0_f64.powf(0.5) + x.mul_add(two, y) + x.rem_euclid(0.75)
    }
    let plain = power::plain::of(1.7, 2.3);
    assert_same(&power::of::F, &function!(generic: [S; 2] -> S), plain, &[1.7, 2.3]);
}

both!(#[differentiable] options: fn of(x: &[f64]) -> f64 {
    let first: Option<&f64> = x.first();
    let last = match x.last() {
        Some(last) if *last > 1.0 => 2.0 * last,
        Some(last) => -last,
        None => return 0.0,
    };
    let (small, large): (Vec<f64>, Vec<f64>) = x.iter().partition(|x| **x < 1.0);
    assert!(!x.is_empty(), "no numbers: {x:?}");
    assert_eq!(small.len() + large.len(), x.len());
    last + first.copied().unwrap_or(0.0) * vec![0.5; 2][1] + small.iter().product::<f64>() - large.iter().sum::<f64>()
});

#[test]
fn options_tuples_and_macros() {
    fn generic<S: Scalar<Real = f64>>(x: &[S]) -> S {
        let last = match x.last() {
            Some(&last) if last > 1.0 => last * 2.0,
            Some(&last) => -last,
            None => return S::zero(),
        };
        let (small, large): (Vec<S>, Vec<S>) = x.iter().partition(|x| **x < 1.0);
        let half = S::from_real(0.5);
        last + x[0] * half + small.iter().product::<S>() - large.iter().sum::<S>()
    }
    for x in [[0.5, 0.25, 3.0], [2.0, 0.5, 0.75]] {
        assert_same(&options::of::F, &function!(generic), options::plain::of(&x), &x);
    }
}

// The problems of GradBench.

both!(#[differentiable] hello: fn of(x: f64) -> f64 {
    x * x
});

both!(#[differentiable] saddle: fn of(x: [f64; 2], y: [f64; 2]) -> f64 {
    let square = |x: &[f64]| x.iter().map(|x| x * x).sum::<f64>();
    square(&x) - square(&y)
});

#[test]
fn gradbench_hello_and_saddle() {
    fn generic_hello<S: Scalar<Real = f64>>(x: S) -> S {
        x * x
    }
    assert_same(&hello::of::F, &function!(generic_hello: S -> S), hello::plain::of(3.0), &[3.0]);

    fn generic_saddle<S: Scalar<Real = f64>>([a, b, c, d]: [S; 4]) -> S {
        let square = |x: [S; 2]| x.into_iter().map(|x| x * x).sum::<S>();
        square([a, b]) - square([c, d])
    }
    let plain = saddle::plain::of([1.5, 2.0], [0.3, -4.0]);
    assert_same(&saddle::of::F, &function!(generic_saddle: [S; 4] -> S), plain, &[1.5, 2.0, 0.3, -4.0]);
}

both!(#[differentiable] least_squares: fn of(x: &[f64]) -> f64 {
    let n = 7;
    let mut sum = 0.0;
    for i in 0..n {
        let t = -1.0 + 2.0 * i as f64 / (n as f64 - 1.0);
        let sign = if i < 3 { -1.0 } else { 1.0 };
        let fit = x.iter().rev().fold(0.0, |fit, x| fit * t + x);
        sum += (sign - fit) * (sign - fit);
    }
    0.5 * sum
});

#[test]
fn gradbench_least_squares() {
    fn generic<S: Scalar<Real = f64>>(x: &[S]) -> S {
        let n = 7;
        let mut sum = S::zero();
        for i in 0..n {
            let t = S::from_real(-1.0 + 2.0 * i as f64 / (n as f64 - 1.0));
            let sign = S::from_real(if i < 3 { -1.0 } else { 1.0 });
            let fit = x.iter().rev().fold(S::zero(), |fit, x| fit * t + x);
            sum += (sign - fit) * (sign - fit);
        }
        sum * 0.5
    }
    let x = [0.1, 0.5, -0.25];
    assert_same(&least_squares::of::F, &function!(generic), least_squares::plain::of(&x), &x);
}

both!(#[differentiable] k_means: fn of(centroids: &[f64]) -> f64 {
    const POINTS: [[f64; 2]; 3] = [[0.0, 1.0], [2.0, -1.0], [0.5, 0.25]];
    let mut cost = 0.0;
    for point in &POINTS {
        let mut nearest = f64::INFINITY;
        for centroid in centroids.chunks(2) {
            let distance: f64 = point.iter().zip(centroid).map(|(p, c)| p - c).map(|d| d * d).sum();
            nearest = nearest.min(distance);
        }
        cost += nearest;
    }
    cost
});

#[test]
fn gradbench_k_means() {
    fn generic<S: Scalar<Real = f64>>(centroids: &[S]) -> S {
        let mut cost = S::zero();
        for point in [[0.0, 1.0], [2.0, -1.0], [0.5, 0.25]] {
            let mut nearest = S::from_real(f64::INFINITY);
            for centroid in centroids.chunks(2) {
                let difference = |(p, c): (f64, &S)| S::from_real(p) - *c;
                let distance = point.into_iter().zip(centroid).map(difference).map(|d| d * d).sum::<S>();
                nearest = nearest.min(distance);
            }
            cost += nearest;
        }
        cost
    }
    let x = [0.1, 0.9, 1.5, -0.5];
    assert_same(&k_means::of::F, &function!(generic), k_means::plain::of(&x), &x);
}

both!(#[differentiable] particle: fn of(w: f64) -> f64 {
    let charges = [[10.0, 10.0 - w], [10.0, 0.0]];
    let slope = |[x, y]: [f64; 2]| {
        let mut slope = [0.0, 0.0];
        for [a, b] in charges {
            let square = (x - a).powi(2) + (y - b).powi(2);
            let cube = square * square.sqrt();
            slope[0] -= (x - a) / cube;
            slope[1] -= (y - b) / cube;
        }
        slope
    };
    let (mut position, mut velocity) = ([0.0, 8.0], [0.75, 0.0]);
    loop {
        let [a, b] = slope(position);
        position = [position[0] + 0.1 * velocity[0], position[1] + 0.1 * velocity[1]];
        if position[1] <= 0.0 {
            let back = -position[1] / velocity[1];
            return (position[0] + back * velocity[0]).powi(2);
        }
        velocity = [velocity[0] - 0.1 * a, velocity[1] - 0.1 * b];
    }
});

#[test]
fn gradbench_particle() {
    fn generic<S: Scalar<Real = f64>>(w: S) -> S {
        let ten = S::from_real(10.0);
        let charges = [[ten, ten - w], [ten, S::zero()]];
        let slope = |[x, y]: [S; 2]| {
            let mut slope = [S::zero(); 2];
            for [a, b] in charges {
                let square = (x - a).powi(2) + (y - b).powi(2);
                let cube = square * square.sqrt();
                slope[0] -= (x - a) / cube;
                slope[1] -= (y - b) / cube;
            }
            slope
        };
        let (mut position, mut velocity) = ([S::zero(), S::from_real(8.0)], [S::from_real(0.75), S::zero()]);
        loop {
            let [a, b] = slope(position);
            position = [position[0] + velocity[0] * 0.1, position[1] + velocity[1] * 0.1];
            if position[1] <= 0.0 {
                let back = -position[1] / velocity[1];
                return (position[0] + back * velocity[0]).powi(2);
            }
            velocity = [velocity[0] - a * 0.1, velocity[1] - b * 0.1];
        }
    }
    assert_same(&particle::of::F, &function!(generic: S -> S), particle::plain::of(0.0), &[0.0]);
}

both!(#[differentiable] determinant: fn of(entries: [f64; 9]) -> f64 {
    let n = 3;
    let mut a: Vec<Vec<f64>> = entries.chunks(n).map(|row| row.to_vec()).collect();
    let mut product = 1.0;
    for k in 0..n {
        let pivot = (k..n).max_by(|&i, &j| a[i][k].abs().total_cmp(&a[j][k].abs())).unwrap();
        if pivot != k {
            a.swap(pivot, k);
            product = -product;
        }
        product *= a[k][k];
        for i in k + 1..n {
            let factor = a[i][k] / a[k][k];
            let above = a[k].clone();
            for (entry, above) in a[i].iter_mut().zip(&above).skip(k + 1) {
                *entry -= factor * above;
            }
        }
    }
    product
});

#[test]
fn gradbench_determinant() {
    fn generic<S: Scalar<Real = f64>>(entries: &[S; 9]) -> S {
        let n = 3;
        let mut a: Vec<Vec<S>> = entries.chunks(n).map(|row| row.to_vec()).collect();
        let mut product = S::one();
        for k in 0..n {
            let pivot = (k..n).max_by(|&i, &j| a[i][k].abs().total_cmp(&a[j][k].abs())).unwrap();
            if pivot != k {
                a.swap(pivot, k);
                product = -product;
            }
            product *= a[k][k];
            for i in k + 1..n {
                let factor = a[i][k] / a[k][k];
                let above = a[k].clone();
                for (entry, &above) in a[i].iter_mut().zip(&above).skip(k + 1) {
                    *entry -= factor * above;
                }
            }
        }
        product
    }
    let x = [1.0, 2.0, 3.0, -4.0, 0.5, 6.0, 7.0, -1.0, 0.25];
    assert_same(&determinant::of::F, &function!(generic: &[S; 9] -> S), determinant::plain::of(x), &x);
}

both!(#[differentiable] chain: fn of(x: &[f64]) -> f64 {
    let slope = |y: &[f64]| -> Vec<f64> {
        let mut slope = vec![x[0]];
        for i in 1..y.len() {
            slope.push(x[i] * y[i - 1]);
        }
        slope
    };
    let h = 0.25;
    let mut y = vec![0.0; x.len()];
    for _ in 0..4 {
        let ahead = |k: &[f64], t: f64| -> Vec<f64> { y.iter().zip(k).map(|(y, k)| y + t * k).collect() };
        let k1 = slope(&y);
        let k2 = slope(&ahead(&k1, 0.5 * h));
        let k3 = slope(&ahead(&k2, 0.5 * h));
        let k4 = slope(&ahead(&k3, h));
        for i in 0..y.len() {
            y[i] += h / 6.0 * (k1[i] + 2.0 * k2[i] + 2.0 * k3[i] + k4[i]);
        }
    }
    y[x.len() - 1]
});

#[test]
fn gradbench_differential_equation() {
    fn generic<S: Scalar<Real = f64>>(x: &[S]) -> S {
        let slope = |y: &[S]| -> Vec<S> {
            let mut slope = vec![x[0]];
            for i in 1..y.len() {
                slope.push(x[i] * y[i - 1]);
            }
            slope
        };
        let h = S::from_real(0.25);
        let mut y = vec![S::zero(); x.len()];
        for _ in 0..4 {
            let ahead = |k: &[S], t: S| -> Vec<S> { y.iter().zip(k).map(|(&y, &k)| y + t * k).collect() };
            let k1 = slope(&y);
            let k2 = slope(&ahead(&k1, h * 0.5));
            let k3 = slope(&ahead(&k2, h * 0.5));
            let k4 = slope(&ahead(&k3, h));
            for i in 0..y.len() {
                y[i] += h / 6.0 * (k1[i] + k2[i] * 2.0 + k3[i] * 2.0 + k4[i]);
            }
        }
        y[x.len() - 1]
    }
    let x = [0.5, -1.5, 2.0];
    assert_same(&chain::of::F, &function!(generic), chain::plain::of(&x), &x);
}

both!(#[differentiable] cell: fn of(state: [f64; 2], input: f64, weights: &[f64]) -> f64 {
    let [h, z] = state;
    let gate = |i: usize, x: f64| logistic::of(x * weights[2 * i] + weights[2 * i + 1]);
    let candidate = (h * weights[6] + weights[7]).tanh();
    let changed = gate(0, input) * z + gate(1, h) * candidate;
    let shown = gate(2, input) * changed.tanh();
    (2.0 + shown.exp()).ln() - 0.5 * shown
});

#[test]
fn gradbench_lstm() {
    fn generic<S: Scalar<Real = f64>>(x: &[S]) -> S {
        let ([h, z, input], weights) = x.split_first_chunk().unwrap();
        let gate = |i: usize, x: S| generic_logistic(x * weights[2 * i] + weights[2 * i + 1]);
        let candidate = (*h * weights[6] + weights[7]).tanh();
        let changed = gate(0, *input) * *z + gate(1, *h) * candidate;
        let shown = gate(2, *input) * changed.tanh();
        (shown.exp() + 2.0).ln() - shown * 0.5
    }
    let x: Vec<f64> = (0..11).map(|i| (i as f64 * 7.1).sin()).collect();
    let plain = cell::plain::of([x[0], x[1]], x[2], &x[3..]);
    assert_same(&cell::of::F, &function!(generic), plain, &x);
}

both!(#[differentiable] reprojection: fn of(r: [f64; 3], z: [f64; 3], lens: [f64; 2], weight: f64) -> f64 {
    fn cross<S: Scalar>(a: [S; 3], b: [S; 3]) -> [S; 3] {
        [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
    }
    let square: f64 = r.iter().map(|r| r * r).sum();
    let turned = if square == 0.0 {
        let w = cross(r, z);
        [z[0] + w[0], z[1] + w[1], z[2] + w[2]]
    } else {
        let angle = square.sqrt();
        let axis = r.map(|r| r / angle);
        let (sin, cos) = angle.sin_cos();
        let w = cross(axis, z);
        let along = (1.0 - cos) * (axis[0] * z[0] + axis[1] * z[1] + axis[2] * z[2]);
        [0, 1, 2].map(|i| z[i] * cos + w[i] * sin + axis[i] * along)
    };
    let [a, b] = [turned[0] / turned[2], turned[1] / turned[2]];
    let distance = a * a + b * b;
    let scale = lens[0] * (1.0 + distance * lens[1]);
    ((scale * a - 0.5).powi(2) + (scale * b + 0.25).powi(2)) * weight + (1.0 - weight * weight)
});

#[test]
fn gradbench_bundle_adjustment() {
    fn cross<S: Scalar>(a: [S; 3], b: [S; 3]) -> [S; 3] {
        [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
    }
    fn generic<S: Scalar<Real = f64>>(&[r0, r1, r2, z0, z1, z2, focal, distortion, weight]: &[S; 9]) -> S {
        let (r, z) = ([r0, r1, r2], [z0, z1, z2]);
        let square: S = r.iter().map(|&r| r * r).sum();
        let turned = if square == 0.0 {
            let w = cross(r, z);
            [z[0] + w[0], z[1] + w[1], z[2] + w[2]]
        } else {
            let angle = square.sqrt();
            let axis = r.map(|r| r / angle);
            let (sin, cos) = angle.sin_cos();
            let w = cross(axis, z);
            let along = (S::one() - cos) * (axis[0] * z[0] + axis[1] * z[1] + axis[2] * z[2]);
            [0, 1, 2].map(|i| z[i] * cos + w[i] * sin + axis[i] * along)
        };
        let [a, b] = [turned[0] / turned[2], turned[1] / turned[2]];
        let distance = a * a + b * b;
        let scale = focal * (distance * distortion + 1.0);
        ((scale * a - 0.5).powi(2) + (scale * b + 0.25).powi(2)) * weight + (S::one() - weight * weight)
    }
    for first in [0.1, 0.0] {
        let x = [first, 2.0 * first, -first, 0.5, 0.3, 2.0, 1.5, -0.2, 0.9];
        let plain = reprojection::plain::of([x[0], x[1], x[2]], [x[3], x[4], x[5]], [x[6], x[7]], x[8]);
        assert_same(&reprojection::of::F, &function!(generic: &[S; 9] -> S), plain, &x);
    }
}

both!(#[differentiable] mixture: fn of(parameters: &[f64]) -> f64 {
    const POINTS: [f64; 4] = [-1.0, 0.5, 2.0, 3.5];
    let k = parameters.len() / 3;
    let (alpha, rest) = parameters.split_at(k);
    let (mu, q) = rest.split_at(k);
    let mut total = -(POINTS.len() as f64) * log_sum_exp::of(alpha);
    for x in POINTS {
        let terms: Vec<f64> = (0..k).map(|j| {
            let distance = (x - mu[j]) * q[j].exp();
            alpha[j] + q[j] - 0.5 * distance * distance
        }).collect();
        total += log_sum_exp::of(&terms);
    }
    total
});

#[test]
fn gradbench_mixture() {
    fn generic<S: Scalar<Real = f64>>(parameters: &[S]) -> S {
        let k = parameters.len() / 3;
        let (alpha, rest) = parameters.split_at(k);
        let (mu, q) = rest.split_at(k);
        let mut total = log_sum_exp::of(alpha) * -4.0;
        for x in [-1.0, 0.5, 2.0, 3.5] {
            let term = |j: usize| {
                let distance = (S::from_real(x) - mu[j]) * q[j].exp();
                alpha[j] + q[j] - distance * 0.5 * distance
            };
            total += log_sum_exp::of(&(0..k).map(term).collect::<Vec<S>>());
        }
        total
    }
    let x = [0.1, -0.3, -1.0, 2.5, 0.2, -0.1];
    assert_same(&mixture::of::F, &function!(generic), mixture::plain::of(&x), &x);
}

const CORNERS: [[f64; 4]; 3] = [[0.0, 0.0, 0.5, 1.0], [1.0, 0.0, 0.25, 1.0], [0.0, 1.0, -0.5, 1.0]];
const WEIGHTS: [[f64; 2]; 3] = [[1.0, 0.0], [0.5, 0.5], [0.25, 0.75]];
const MEASURED: [f64; 3] = [0.5, -0.25, 1.0];

both!(#[differentiable] hand: fn of(omega: [f64; 3], bends: [f64; 2], place: [f64; 2]) -> f64 {
    let product = |a: &[[f64; 4]; 4], b: &[[f64; 4]; 4]| -> [[f64; 4]; 4] {
        a.map(|row| std::array::from_fn(|j| row[0] * b[0][j] + row[1] * b[1][j] + row[2] * b[2][j] + row[3] * b[3][j]))
    };
    let bone = |about_x: f64, about_z: f64| -> [[f64; 4]; 4] {
        let ((sx, cx), (sz, cz)) = (about_x.sin_cos(), about_z.sin_cos());
        [[cz, -sz * cx, sz * sx, 0.0], [sz, cz * cx, -cz * sx, 0.0], [0.0, sx, cx, 0.0], [0.0, 0.0, 0.0, 1.0]]
    };
    let base = [[1.0, 0.0, 0.0, 0.25], [0.0, 0.0, -1.0, 0.5], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]];
    let root = product(&base, &bone(bends[0], 0.0));
    let bones = [root, product(&root, &product(&base, &bone(bends[1], 0.5 * bends[0])))];

    let square: f64 = omega.iter().map(|omega| omega * omega).sum();
    let angle = square.sqrt();
    let [x, y, z] = omega.map(|omega| omega / angle);
    let (sin, cos) = angle.sin_cos();
    let rest = 1.0 - cos;
    let rotation = [
        [cos + rest * x * x, rest * x * y - sin * z, rest * x * z + sin * y],
        [rest * x * y + sin * z, cos + rest * y * y, rest * y * z - sin * x],
        [rest * x * z - sin * y, rest * y * z + sin * x, cos + rest * z * z],
    ];

    let vertex = |k: usize| -> [f64; 3] {
        let mut posed = [0.0; 3];
        for (bone, weight) in bones.iter().zip(WEIGHTS[k]) {
            for (posed, row) in posed.iter_mut().zip(bone) {
                *posed += weight * row.iter().zip(CORNERS[k]).map(|(entry, x)| x * entry).sum::<f64>();
            }
        }
        rotation.map(|row| row.iter().zip(&posed).map(|(entry, x)| entry * x).sum())
    };
    let [a, b, c] = [vertex(0), vertex(1), vertex(2)];
    let [p, q] = place;
    (0..3).map(|j| (MEASURED[j] - (p * a[j] + q * b[j] + (1.0 - p - q) * c[j])).powi(2)).sum()
});

#[test]
fn gradbench_hand_tracking() {
    type Matrix<S> = [[S; 4]; 4];
    fn product<S: Scalar>(a: &Matrix<S>, b: &Matrix<S>) -> Matrix<S> {
        a.map(|row| std::array::from_fn(|j| row[0] * b[0][j] + row[1] * b[1][j] + row[2] * b[2][j] + row[3] * b[3][j]))
    }
    fn bone<S: Scalar>(about_x: S, about_z: S) -> Matrix<S> {
        let (one, zero) = (S::one(), S::zero());
        let ((sx, cx), (sz, cz)) = (about_x.sin_cos(), about_z.sin_cos());
        [[cz, -sz * cx, sz * sx, zero], [sz, cz * cx, -cz * sx, zero], [zero, sx, cx, zero], [zero, zero, zero, one]]
    }
    fn generic<S: Scalar<Real = f64>>(&[o1, o2, o3, first, second, p, q]: &[S; 7]) -> S {
        let base = [[1.0, 0.0, 0.0, 0.25], [0.0, 0.0, -1.0, 0.5], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]];
        let base = base.map(|row| row.map(S::from_real));
        let root = product(&base, &bone(first, S::zero()));
        let bones = [root, product(&root, &product(&base, &bone(second, first * 0.5)))];

        let omega = [o1, o2, o3];
        let square: S = omega.iter().map(|&omega| omega * omega).sum();
        let angle = square.sqrt();
        let [x, y, z] = omega.map(|omega| omega / angle);
        let (sin, cos) = angle.sin_cos();
        let rest = S::one() - cos;
        let rotation = [
            [cos + rest * x * x, rest * x * y - sin * z, rest * x * z + sin * y],
            [rest * x * y + sin * z, cos + rest * y * y, rest * y * z - sin * x],
            [rest * x * z - sin * y, rest * y * z + sin * x, cos + rest * z * z],
        ];

        let vertex = |k: usize| -> [S; 3] {
            let mut posed = [S::zero(); 3];
            for (bone, weight) in bones.iter().zip(WEIGHTS[k]) {
                for (posed, row) in posed.iter_mut().zip(bone) {
                    *posed += row.iter().zip(CORNERS[k]).map(|(&entry, x)| entry * x).sum::<S>() * weight;
                }
            }
            rotation.map(|row| row.iter().zip(&posed).map(|(&entry, &x)| entry * x).sum())
        };
        let [a, b, c] = [vertex(0), vertex(1), vertex(2)];
        let skin = |j: usize| p * a[j] + q * b[j] + (S::one() - p - q) * c[j];
        (0..3).map(|j| (S::from_real(MEASURED[j]) - skin(j)).powi(2)).sum()
    }
    let x = [0.3, -0.2, 0.5, 0.4, -0.7, 0.2, 0.35];
    let plain = hand::plain::of([x[0], x[1], x[2]], [x[3], x[4]], [x[5], x[6]]);
    assert_same(&hand::of::F, &function!(generic: &[S; 7] -> S), plain, &x);
}

// What goes in, and where the result goes.

#[differentiable]
fn interpolated(#[plain] table: &[f64], x: f64) -> f64 {
    let i = (x.value().floor() as usize).min(table.len() - 2);
    let t = x - i as f64;
    table[i] * (1.0 - t) + table[i + 1] * t
}

struct Curve {
    rates: Vec<f64>,
    scale: f64,
}

impl Curve {
    /// The rates are plain numbers.
    #[differentiable]
    fn at(&self, x: f64) -> f64 {
        let scale: f64 = self.scale;
        scale * interpolated(&self.rates, x) + self.rates.iter().map(|rate| rate * x).sum::<f64>()
    }

    #[differentiable(associated)]
    fn doubled(x: f64) -> f64 {
        x + x
    }
}

#[differentiable]
fn scaled(x: f64) -> f64 {
    const RATE: f64 = 2.0;
    let rate: f64 = RATE;
    let zero = logistic::of(rate) - logistic::of(f64::from(2));
    #[plain]
    let table: Vec<f64> = vec![0.5, 1.5];
    #[plain]
    let total: f64 = table.iter().sum();
    zero + interpolated(&table, x) * total
        + interpolated(
            #[plain]
            &[1.0, 3.0],
            x,
        )
}

#[test]
fn plain_inputs_and_self_are_data() {
    assert_eq!(gradient(|x| scaled(x[0]), &[0.5]), (4.0, vec![4.0]));
    let curve = Curve { rates: vec![1.0, 4.0, 2.0], scale: 3.0 };
    assert_eq!(curve.at(0.5), 3.0 * 2.5 + 3.5);
    let (y, g) = gradient(|x| Curve::doubled(curve.at(x[0])), &[0.5]);
    assert_eq!((y, g), (22.0, vec![2.0 * (3.0 * 3.0 + 7.0)]));
    let curve = &curve;
    check(&function!([curve: &Curve] |x: S| -> S { curve.at(x) }), &[1.5]).assert_agreement();
}

#[differentiable]
fn rotated(angle: f64, [x, y]: [f64; 2]) -> [f64; 2] {
    let (s, c) = angle.sin_cos();
    [c * x - s * y, s * x + c * y]
}

#[differentiable]
fn stepped(x: &[f64], p: &[f64]) -> Vec<f64> {
    x.iter().zip(p).map(|(x, p)| p * x * (1.0 - x)).collect()
}

#[differentiable]
fn written(x: &[f64], out: &mut [f64]) {
    for (out, x) in out.iter_mut().zip(x) {
        *out = 2.0 * x;
        *out += 1.0;
    }
}

#[differentiable]
fn single(x: f32, y: f32) -> f32 {
    0.1 * x + (y - 1.0).max(0.0) * std::f32::consts::PI
}

#[test]
fn a_function_is_a_value_for_every_tool() {
    let point = [100.0, 95.0, 0.2, 1.5];
    let f = black_scholes::of::F;
    check(&f, &point).assert_agreement();
    check(&rotated::F, &[0.5, 1.0, 2.0]).assert_agreement();
    let (fused, _) = gradient(|x| fuse(&f, [x[0], x[1], x[2], x[3]]), &point);
    assert_eq!(fused, f.eval(&point));
    let (sum, g) = Terms::all(2).gradient(|i, x| rosenbrock::of(&x[i..]), &[1.0, 2.0, 3.0]);
    assert_eq!((sum, g.len()), (rosenbrock::of(&[1.0, 2.0, 3.0]) + rosenbrock::of(&[2.0, 3.0]), 3));
    assert_eq!(Parametric::eval(&stepped::F, &[0.5, 0.25], &[2.0, 4.0]), [0.5, 0.75]);
    assert_eq!(
        gradient(
            |x| {
                let mut out = [x[0]; 2];
                written(x, &mut out);
                out[0] * out[1]
            },
            &[1.0, 2.0]
        ),
        (15.0, vec![10.0, 6.0])
    );
}

#[test]
fn single_precision_has_the_same_bits() {
    let plain = |x: f32, y: f32| 0.1 * x + (y - 1.0).max(0.0) * std::f32::consts::PI;
    assert_eq!(single(0.3_f32, 2.5), plain(0.3, 2.5));
    assert_eq!(single::F.gradient(&[0.3_f32, 2.5]).1, [0.1_f32, std::f32::consts::PI]);
}

#[test]
fn another_number_of_inputs_is_refused() {
    let message = |n: usize| crate::support::refusals::message(|| rotated::F.eval(&vec![0.0; n]));
    for n in [2, 4] {
        assert_eq!(message(n), format!("rotated: a function of 3 inputs was called with {n}; pass one for each"));
    }
    let of_cell = crate::support::refusals::message(|| cell::of::F.eval(&[0.0, 1.0]));
    assert_eq!(of_cell, "of: a function of 3 or more inputs was called with 2; pass one for each");
}
