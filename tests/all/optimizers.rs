//! Optimizers step by step, against their definitions as sums over all gradients so far.

use dualtape::nn::{
    Activation, Adam, Lbfgs, MeanSquare, Mlp, Moments, Momentum, Optimizer, RmsProp, Schedule, Sgd, State, Supervised,
    Trainer, Update, clip_norm, clip_values,
};
use dualtape::{Real, Scalar, gradient};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::support::refusals::message;

const STEPS: usize = 60;

fn schedule() -> Schedule {
    Schedule::Cosine { from: 0.1, to: 0.01, steps: 50 }.warmed_up(5)
}

/// Gradients of three parameters, of very different size.
fn gradients() -> Vec<[f64; 3]> {
    let mut rng = StdRng::seed_from_u64(1);
    (0..STEPS).map(|_| [1e-3, 1.0, 1e3].map(|size: f64| size * rng.random_range(-1.0..1.5))).collect()
}

/// Compares the steps with `change(rate, gradients of one parameter so far, parameter)`.
fn steps_are(mut optimizer: Optimizer<impl Update>, change: impl Fn(f64, &[f64], f64) -> f64) {
    let gradients = gradients();
    let (mut parameters, mut expected) = ([0.5, -1.0, 2.0], [0.5, -1.0, 2.0]);
    for step in 0..STEPS {
        let rate = schedule().rate(step);
        assert_eq!(optimizer.rate(), rate);
        optimizer.step(&mut parameters, &gradients[step]);
        for (i, p) in expected.iter_mut().enumerate() {
            let so_far: Vec<f64> = gradients[..=step].iter().map(|g| g[i]).collect();
            *p += change(rate, &so_far, *p);
        }
        let close = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-12 * b.abs().max(1.0);
        assert!(parameters.iter().zip(&expected).all(close), "step {step}: {parameters:?} instead of {expected:?}");
    }
}

/// `Σᵢ βⁿ⁻ⁱ f(gᵢ)`, the newest last.
fn fading_sum(beta: f64, gradients: &[f64], f: impl Fn(f64) -> f64) -> f64 {
    gradients.iter().rev().enumerate().map(|(age, &g)| beta.powi(age as i32) * f(g)).sum()
}

#[test]
fn sgd_steps_as_its_formula() {
    steps_are(Sgd::new(schedule()), |rate, g, _| -rate * g.last().unwrap());
    steps_are(Sgd::new(schedule()).momentum(0.9), |rate, g, _| -rate * fading_sum(0.9, g, |g| g));
    steps_are(Sgd::new(schedule()).nesterov(0.9), |rate, g, _| {
        -rate * (g.last().unwrap() + 0.9 * fading_sum(0.9, g, |g| g))
    });
}

/// Nesterov takes the gradient at a point further along, `y = p − rate·μ·v`. The parameters of the optimizer are that
/// point.
#[test]
fn nesterov_looks_ahead() {
    let (rate, mu) = (0.1, 0.8);
    let slope = |x: f64| x.powi(3) + x - 1.0;
    let (mut sgd, mut y) = (Sgd::new(Schedule::Constant(rate)).nesterov(mu), [2.0]);
    let (mut p, mut v) = (2.0, 0.0);
    for _ in 0..30 {
        v = mu * v + slope(p - rate * mu * v);
        p -= rate * v;
        let g = slope(y[0]);
        sgd.step(&mut y, &[g]);
        let ahead = p - rate * mu * v;
        assert!((y[0] - ahead).abs() < 1e-14, "{} instead of {ahead}", y[0]);
    }
}

#[test]
fn rms_prop_steps_as_its_formula() {
    steps_are(RmsProp::new(schedule()), |rate, g, _| {
        -rate * g.last().unwrap() / ((0.01 * fading_sum(0.99, g, |g| g * g)).sqrt() + 1e-8)
    });
}

/// The means, divided by the sum of their weights.
#[test]
fn adam_steps_as_its_formula() {
    let mean = |beta: f64, g: &[f64], f: fn(f64) -> f64| fading_sum(beta, g, f) / fading_sum(beta, g, |_| 1.0);
    let adam = |[b1, b2]: [f64; 2], decay: f64| {
        move |rate: f64, g: &[f64], p: f64| {
            let along = mean(b1, g, |g| g) / (mean(b2, g, |g| g * g).sqrt() + 1e-8);
            -rate * (along + decay * p)
        }
    };
    steps_are(Adam::new(schedule()), adam([0.9, 0.999], 0.0));
    steps_are(Adam::new(schedule()).betas(0.8, 0.9), adam([0.8, 0.9], 0.0));
    steps_are(Adam::new(schedule()).weight_decay(0.1), adam([0.9, 0.999], 0.1));
}

/// The parameters in single precision are the ones in double precision, rounded at every step.
#[test]
fn single_precision_follows_double_precision() {
    let (mut adam, mut p) = (Adam::new(schedule()), [0.5_f32, -1.0, 2.0]);
    let (mut exact, mut q) = (Adam::new(schedule()), [0.5, -1.0, 2.0]);
    for g in gradients() {
        adam.step(&mut p, &g.map(|g| g as f32));
        exact.step(&mut q, &g.map(|g| f64::from(g as f32)));
        q = q.map(|q| f64::from(q as f32));
        assert_eq!(p.map(f64::from), q);
    }
    assert_eq!(adam.state(), exact.state());
}

#[test]
fn a_saved_state_continues_bit_for_bit() {
    continues(|| Sgd::new(schedule()));
    continues(|| Sgd::new(schedule()).nesterov(0.9));
    continues(|| RmsProp::new(schedule()));
    continues(|| Adam::new(schedule()).weight_decay(0.01));
}

fn continues<U: Update>(new: impl Fn() -> Optimizer<U>) {
    let gradients = gradients();
    let (mut whole, mut p) = (new(), [0.5, -1.0, 2.0]);
    gradients.iter().for_each(|g| whole.step(&mut p, g));
    for cut in [0, 1, 30] {
        let (mut first, mut q) = (new(), [0.5, -1.0, 2.0]);
        gradients[..cut].iter().for_each(|g| first.step(&mut q, g));
        let mut second = new();
        second.set_state(first.state().clone());
        gradients[cut..].iter().for_each(|g| second.step(&mut q, g));
        assert_eq!((p, whole.state()), (q, second.state()));
    }
}

#[test]
fn schedules_have_their_rates() {
    let at = |schedule: &Schedule, steps: &[usize]| steps.iter().map(|&step| schedule.rate(step)).collect::<Vec<_>>();
    let cosine = Schedule::Cosine { from: 1.0, to: 0.5, steps: 4 };
    let rates = at(&cosine, &[0, 1, 2, 3, 4, 5, usize::MAX]);
    let eighth = 0.25 * std::f64::consts::FRAC_1_SQRT_2;
    let expected = [1.0, 0.75 + eighth, 0.75, 0.75 - eighth, 0.5, 0.5, 0.5];
    assert!(rates.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-15), "{rates:?}");
    let warmed = Schedule::Linear { from: 1.0, to: 0.0, steps: 2 }.warmed_up(1);
    assert_eq!(at(&warmed, &[0, 1, 2, 3, 4]), [0.5, 1.0, 0.5, 0.0, 0.0]);
    assert_eq!(at(&Schedule::Constant(0.3).warmed_up(0), &[0, 1]), [0.3, 0.3]);
    assert_eq!(at(&Schedule::Step { from: 1.0, factor: 0.1, every: 0 }, &[0, 5]), [1.0, 1.0]);
    assert_eq!(at(&Schedule::Cosine { from: 1.0, to: 0.5, steps: 0 }, &[0]), [0.5]);
}

/// With numbers in the way that overflow or are 0.
#[test]
fn rates_at_the_ends_of_the_range_are_right() {
    let linear = |from: f64, to: f64| Schedule::Linear { from, to, steps: 10 };
    let cosine = |from: f64, to: f64| Schedule::Cosine { from, to, steps: 10 };
    let power = |from: f64, factor: f64| Schedule::Step { from, factor, every: 2 };
    for (schedule, step, expected) in [
        (linear(0.0, 1e308), 2, 2e307),
        (linear(0.0, f64::MAX), 9, f64::MAX * 0.9),
        (linear(-0.8e308, 0.8e308), 8, 4.8e307),
        (cosine(0.0, f64::MAX), 5, f64::MAX / 2.0),
        (Schedule::Constant(1e308).warmed_up(9), 4, 5e307),
        (linear(1e308, 0.0).warmed_up(99), 49, 5e307),
        (power(1e-300, 1e200), 5, 1e100),
        (power(-1e-300, -1e100), 10, 1e200),
        (power(1e300, 1e-200), 4, 1e-100),
    ] {
        let rate = schedule.rate(step);
        assert!((rate / expected - 1.0).abs() < 1e-14, "{schedule:?} at {step}: {rate}");
    }
}

#[test]
fn clipping_scales_a_long_gradient_alone() {
    // Squares that overflow or underflow.
    for size in [1e-200, 1.0, 1e200] {
        let mut g = [3.0 * size, -4.0 * size];
        assert_eq!(clip_norm(&mut g, 10.0 * size), 5.0 * size);
        assert_eq!(g, [3.0 * size, -4.0 * size]);
        clip_norm(&mut g, size);
        assert!((g[0] / size - 0.6).abs() < 1e-15 && (g[1] / size + 0.8).abs() < 1e-15);
    }
    let mut g = [f64::NAN, 3.0];
    assert!(clip_norm(&mut g, 1.0).is_nan() && g[1] == 3.0);
    let mut g = [f64::NEG_INFINITY, 3.0];
    assert_eq!((clip_norm(&mut g, 1.0), g[1]), (f64::INFINITY, 3.0));
    assert_eq!(clip_norm(&mut [f64::NAN], 1.0).to_string(), "NaN");
    assert_eq!((clip_norm::<f64>(&mut [], 1.0), clip_norm(&mut [0.0; 3], 1.0)), (0.0, 0.0));
    let mut g = [f32::NAN, f32::INFINITY, -0.5];
    clip_values(&mut g, 2.0);
    assert!(g[0].is_nan() && g[1..] == [2.0, -0.5]);
}

fn rosenbrock<R: Real, S: Scalar<Real = R>>(x: &[S]) -> S {
    let real = |x: f64| R::from_f64(x);
    x.windows(2).map(|x| (x[1] - x[0].powi(2)).powi(2) * real(100.0) + (x[0] - real(1.0)).powi(2)).sum()
}

/// Some steps of L-BFGS; returns the last loss.
fn descend<R: Real>(lbfgs: &mut Lbfgs, x: &mut [R], steps: usize, mut f: impl FnMut(&[R]) -> (R, Vec<R>)) -> R {
    (0..steps).map(|_| lbfgs.step(x, &mut f)).last().expect("a step")
}

#[test]
fn lbfgs_finds_the_minimum_of_a_curved_valley() {
    let (mut lbfgs, mut x, mut calls) = (Lbfgs::new(10), [-1.2; 20], 0);
    let mut counted = |x: &[f64]| {
        calls += 1;
        gradient(rosenbrock, x)
    };
    let losses: Vec<f64> = (0..150).map(|_| lbfgs.step(&mut x, &mut counted)).collect();
    assert!(losses.windows(2).all(|pair| pair[1] <= pair[0]), "it rose: {losses:?}");
    assert!(x.iter().all(|x| (x - 1.0).abs() < 1e-9), "{x:?} after {calls} calls");
    // At the minimum it stays.
    let there = x;
    lbfgs.step(&mut x, |x| gradient(rosenbrock, x));
    assert_eq!(x.map(|x| (x * 1e9).round()), there.map(|x| (x * 1e9).round()));

    let (mut single, mut x) = (Lbfgs::new(10), [-1.2_f32, 1.0]);
    descend(&mut single, &mut x, 60, |x| gradient(rosenbrock, x));
    assert!(x.iter().all(|x| (x - 1.0).abs() < 1e-3), "{x:?}");
}

/// On a quadratic function of n variables the directions are conjugate.
#[test]
fn lbfgs_minimizes_a_quadratic() {
    fn quadratic<S: Scalar<Real = f64>>(x: &[S]) -> S {
        x.iter().zip([1.0, 10.0, 100.0, 1000.0]).map(|(&x, scale)| (x - 1.0).powi(2) * scale).sum()
    }
    let mut x = [0.0; 4];
    descend(&mut Lbfgs::new(10), &mut x, 30, |x| gradient(quadratic, x));
    assert!(x.iter().all(|x| (x - 1.0).abs() < 1e-8), "{x:?}");
}

#[test]
fn lbfgs_passes_kinks_and_walls_and_rests_at_a_minimum() {
    // A kink along the way, and one at the minimum.
    fn kinked<S: Scalar<Real = f64>>(x: &[S]) -> S {
        (x[0] - 1.0).abs() + (x[1] + 2.0).powi(2) + (x[1] + x[0]).relu()
    }
    let mut x = [5.0, 3.0];
    let loss = descend(&mut Lbfgs::new(10), &mut x, 60, |x| gradient(kinked, x));
    assert!(loss < 1e-6, "{loss} at {x:?}");

    // Beyond 0 there are only NaN.
    let mut x = [1e-3];
    descend(&mut Lbfgs::new(10), &mut x, 40, |x| gradient(|x| x[0] - x[0].ln(), x));
    assert!((x[0] - 1.0).abs() < 1e-8, "{x:?}");

    let mut x = [0.0];
    assert_eq!((Lbfgs::new(10).step(&mut x, |x| (x[0] * x[0], vec![2.0 * x[0]])), x), (0.0, [0.0]));
    assert!(Lbfgs::new(10).step(&mut x, |_| (f64::NAN, vec![f64::NAN])).is_nan() && x == [0.0]);
    let nothing: &mut [f64] = &mut [];
    assert_eq!(Lbfgs::new(10).step(nothing, |_| (7.0, vec![])), 7.0);
}

#[test]
fn lbfgs_continues_bit_for_bit() {
    let run = |lbfgs: &mut Lbfgs, x: &mut [f64], steps: usize| {
        for _ in 0..steps {
            lbfgs.step(x, |x| gradient(rosenbrock, x));
        }
    };
    let (mut whole, mut x) = (Lbfgs::new(5), [-1.2, 1.0, 0.5]);
    run(&mut whole, &mut x, 25);
    for cut in [0, 1, 10] {
        let (mut first, mut second, mut y) = (Lbfgs::new(5), Lbfgs::new(5), [-1.2, 1.0, 0.5]);
        run(&mut first, &mut y, cut);
        second.set_state(first.state(), 3);
        run(&mut second, &mut y, 25 - cut);
        assert_eq!((x, whole.state()), (y, second.state()));
    }
}

/// Most steps evaluate once: no known gradient is computed again.
#[test]
fn lbfgs_evaluates_seldom() {
    let mut calls = 0;
    descend(&mut Lbfgs::new(10), &mut [0.5; 5], 20, |x| {
        calls += 1;
        gradient(|x| x.iter().map(|x| x.cosh()).sum(), x)
    });
    assert!(calls <= 25, "{calls} calls");
}

#[test]
fn refusals_say_what_to_do() {
    let schedule = || Schedule::Constant(0.1);
    assert_eq!(
        message(|| Adam::new(schedule()).step(&mut [1.0, 2.0], &[1.0])),
        "Optimizer::step: 2 parameters and 1 derivatives; pass one derivative for each parameter"
    );
    let mut adam = Adam::new(schedule());
    adam.set_state(State { steps: 1, numbers: vec![0.0; 4] });
    assert_eq!(
        message(|| adam.step(&mut [1.0; 3], &[1.0; 3])),
        "Optimizer::step: the state has 4 numbers and 3 parameters need 6; pass the parameters that it was made with"
    );
    assert_eq!(
        message(|| Lbfgs::new(3).step(&mut [1.0, 2.0], |_| (0.0, vec![1.0]))),
        "Lbfgs::step: 2 parameters and 1 derivatives; pass one derivative for each parameter"
    );
    assert_eq!(
        message(|| Lbfgs::new(3).set_state(State { steps: 1, numbers: vec![0.0; 4] }, 3)),
        "Lbfgs::set_state: 4 numbers are not pairs of changes of 3 parameters; pass the state of a method with that many"
    );
    assert_eq!(
        message(|| clip_values(&mut [1.0], -1.0)),
        "clip_values: -1 is not a bound; pass a number of at least 0"
    );
}

/// Every type with settings refuses wrong ones where they are given, and accepts the ends of their range.
#[test]
fn settings_out_of_their_range_are_refused() {
    let rate = || Schedule::Constant(0.1);
    let moments = |beta, epsilon, weight_decay| {
        Optimizer::with(Moments { betas: [0.9, beta], epsilon, weight_decay }, Schedule::Constant(0.1))
    };
    let setting = |name: &str, f: &dyn Fn(f64), good: &[f64], bad: &[f64], advice: &str| {
        good.iter().for_each(|&value| f(value));
        for &value in bad.iter().chain(&[f64::NAN, f64::NEG_INFINITY]) {
            assert_eq!(message(|| f(value)), format!("{name} {value}{advice}"));
        }
    };
    let (below_1, inf) = ("; pass one of at least 0 and below 1", f64::INFINITY);
    setting("Adam: beta 1 is", &|b| drop(Adam::new(rate()).betas(b, 0.9)), &[0.0, 0.99], &[-0.1, 1.0, inf], below_1);
    setting("Adam: beta 2 is", &|b| drop(Adam::new(rate()).betas(0.9, b)), &[0.0, 0.99], &[-0.1, 1.0, inf], below_1);
    setting("Adam: beta 2 is", &|b| drop(moments(b, 1e-8, 0.0)), &[0.0], &[1.0], below_1);
    setting("Adam: epsilon is", &|e| drop(moments(0.9, e, 0.0)), &[1e-300], &[0.0, -1.0], "; pass a positive number");
    let at_least_0 = "; pass a finite one of at least 0";
    let decay = |d: f64| drop(Adam::new(rate()).weight_decay(d));
    setting("Adam: the weight decay is", &decay, &[0.0, 10.0], &[-1e-9, inf], at_least_0);
    setting("Adam: the weight decay is", &|d| drop(moments(0.9, 1e-8, d)), &[0.0], &[-1.0], at_least_0);
    let rms_prop = |decay, epsilon| drop(Optimizer::with(MeanSquare { decay, epsilon }, Schedule::Constant(0.1)));
    setting("RmsProp: the decay of the mean is", &|d| rms_prop(d, 1e-8), &[0.0], &[1.0, -0.1], below_1);
    setting("RmsProp: epsilon is", &|e| rms_prop(0.9, e), &[1.0], &[0.0, inf], "; pass a positive number");
    let between = "; pass one between 0 and 1";
    setting("Sgd: the momentum is", &|m| drop(Sgd::new(rate()).momentum(m)), &[0.0, 1.0], &[-0.1, 1.1], between);
    setting("Sgd: the momentum is", &|m| drop(Sgd::new(rate()).nesterov(m)), &[0.0, 1.0], &[-0.1, inf], between);
    let with = |momentum| drop(Optimizer::with(Momentum { momentum, nesterov: false }, Schedule::Constant(0.1)));
    setting("Sgd: the momentum is", &with, &[0.5], &[2.0], between);

    let bound = " is not a bound; pass a number of at least 0";
    for value in [-1.0, f64::NAN, f64::NEG_INFINITY] {
        assert_eq!(message(|| clip_norm(&mut [1.0], value)), format!("clip_norm: {value}{bound}"));
        assert_eq!(message(|| clip_values(&mut [1.0_f32], value as f32)), format!("clip_values: {value}{bound}"));
        let trainer: Trainer<'_, _> = Trainer::new(Sgd::new(rate()));
        assert_eq!(message(|| trainer.clip_norm(value)), format!("Trainer::clip_norm: {value}{bound}"));
    }
    let _: Trainer<'_, _> = Trainer::new(Sgd::new(rate())).clip_norm(f64::INFINITY);
    let objective = Supervised::<f64>::new(&Mlp::zeros(1, &[(1, Activation::Linear)]));
    setting("Supervised::l2: the factor is", &|w| drop(objective.clone().l2(w)), &[0.0], &[-1.0, inf], at_least_0);
}

/// In every optimizer, in every number of every schedule.
#[test]
fn rates_that_are_not_finite_are_refused() {
    for rate in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let advice = format!("a learning rate of {rate}; pass finite numbers");
        for (name, schedule) in [
            ("Constant", Schedule::Constant(rate)),
            ("Linear", Schedule::Linear { from: rate, to: 0.0, steps: 1 }),
            ("Linear", Schedule::Linear { from: 1.0, to: rate, steps: 1 }),
            ("Cosine", Schedule::Cosine { from: rate, to: 0.0, steps: 1 }),
            ("Cosine", Schedule::Cosine { from: 1.0, to: rate, steps: 1 }),
            ("Step", Schedule::Step { from: rate, factor: 0.5, every: 1 }),
            ("Step", Schedule::Step { from: 1.0, factor: rate, every: 1 }),
            ("Constant", Schedule::Constant(rate).warmed_up(3)),
        ] {
            let expected = format!("Schedule::{name}: {advice}");
            assert_eq!(message(|| Sgd::new(schedule.clone())), expected);
            assert_eq!(message(|| RmsProp::new(schedule.clone())), expected);
            assert_eq!(message(|| Adam::new(schedule.clone())), expected);
            let rule = Momentum { momentum: 0.0, nesterov: false };
            assert_eq!(message(|| Optimizer::with(rule, schedule.clone())), expected);
        }
    }
    let wide = Schedule::Linear { from: 1e308, to: -1e308, steps: 4 };
    assert_eq!(message(|| Sgd::new(wide)), "Schedule::Linear: a learning rate of inf; pass finite numbers");

    let mut growing = Sgd::new(Schedule::Step { from: 1e300, factor: 1e6, every: 1 });
    growing.step(&mut [0.0], &[1.0]);
    growing.step(&mut [0.0], &[1.0]);
    assert_eq!(
        message(|| growing.step(&mut [0.0], &[1.0])),
        "Optimizer::step: the learning rate of step 3 is inf; pass a schedule that stays finite"
    );
}
