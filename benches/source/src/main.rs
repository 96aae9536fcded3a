//! Generated derivatives beside others: by hand, by `linearize`, by reverse mode, and by num-dual.
//!
//! `cargo build --release && taskset -c 1 target/release/dualtape-source-bench`, from `benches/source`. Each figure is the
//! median of many turns, in nanoseconds; in a turn each way runs once for a while.

use std::hint::black_box;
use std::time::Instant;

use dualtape::{function, gradient, hessian, jacobian_reverse, linearize};
use nalgebra::SVector;
use num_dual::{Dual2SVec64, DualNum, DualSVec64};

mod by_hand;
mod functions;
#[expect(unreachable_pub, reason = "generated functions are public")]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/generated.rs"));
}
use functions::{ANGLES, AXES, BODIES, LINKS, LONG, MASSES, OPTION, STEP, functions, lengths, terms, valley};

functions!(dualtape::Scalar<Real = f64>);

/// The functions over the numbers of num-dual.
mod dual {
    use super::*;

    /// The distribution function, which num-dual does not have.
    pub(crate) trait Normal {
        fn norm_cdf(self) -> Self;
    }

    impl<const N: usize> Normal for DualSVec64<N> {
        fn norm_cdf(self) -> Self {
            let slope = 0.398_942_280_401_432_7 * (-0.5 * self.re * self.re).exp();
            DualSVec64::new(dualtape::Scalar::norm_cdf(self.re), self.eps * slope)
        }
    }

    /// Second derivatives do not meet it.
    impl<const N: usize> Normal for Dual2SVec64<N> {
        fn norm_cdf(self) -> Self {
            unreachable!("the price has no Hessian here")
        }
    }

    functions!(DualNum<Primitive = f64> + Copy + Normal);
}

const TURNS: usize = 61;
/// The time of one way in one turn, in nanoseconds.
const TURN: f64 = 300_000.0;

type Way<'a> = (&'static str, Box<dyn FnMut() -> Vec<f64> + 'a>, Box<dyn FnMut() + 'a>);

/// Returns a way: the numbers that it gives, to be compared, and its call alone, to be timed.
fn way<'a, Out>(
    name: &'static str,
    call: impl Fn() -> Out + Copy + 'a,
    numbers: impl Fn(Out) -> Vec<f64> + 'a,
) -> Way<'a> {
    (
        name,
        Box::new(move || numbers(call())),
        Box::new(move || {
            black_box(call());
        }),
    )
}

/// Compares the ways with the first, and prints the median of the times of each.
fn row(title: &str, mut ways: Vec<Way<'_>>) {
    let truth = ways[0].1();
    for (name, answer, _) in &mut ways {
        let answer = answer();
        assert_eq!(answer.len(), truth.len(), "{title}, {name}");
        for (a, b) in answer.iter().zip(&truth) {
            assert!((a - b).abs() < 1e-9 * (1.0 + b.abs()), "{title}, {name}: {a} is not {b}");
        }
    }
    let time = |way: &mut Way<'_>, calls: usize| {
        let start = Instant::now();
        (0..calls).for_each(|_| way.2());
        start.elapsed().as_nanos() as f64 / calls as f64
    };
    let calls: Vec<usize> = ways.iter_mut().map(|way| (TURN / time(way, 2000)).max(1.0) as usize).collect();
    let mut times = vec![Vec::new(); ways.len()];
    for _ in 0..TURNS {
        for ((way, &calls), times) in ways.iter_mut().zip(&calls).zip(&mut times) {
            times.push(time(way, calls));
        }
    }
    print!("{title}:");
    for ((name, ..), times) in ways.iter().zip(&mut times) {
        times.sort_by(f64::total_cmp);
        print!(" {name} {:.1};", times[TURNS / 2]);
    }
    println!();
}

fn main() {
    println!("{}", std::fs::read_to_string("/proc/loadavg").unwrap_or_default().trim());
    let with_value = |(y, g): (f64, Vec<f64>)| [vec![y], g].concat();
    let all = |(y, j): (Vec<f64>, Vec<f64>)| [y, j].concat();

    let x: [f64; 10] = valley().try_into().expect("ten");
    row(
        "Rosenbrock of 10, gradient",
        vec![
            way("by hand", || by_hand::rosenbrock(black_box(&x)), move |(y, g)| with_value((y, g.to_vec()))),
            way("generated", || generated::rosenbrock(black_box(&x)), move |(y, g)| with_value((y, g.to_vec()))),
            way(
                "linearize",
                || linearize(&function!(rosenbrock), *black_box(&x)),
                move |y| with_value((y.primal, y.partials.to_vec())),
            ),
            way("reverse", || gradient(rosenbrock, black_box(&x)), with_value),
            way(
                "num-dual",
                || {
                    num_dual::gradient(
                        |x: SVector<DualSVec64<10>, 10>| dual::rosenbrock(x.as_slice()),
                        &SVector::from(*black_box(&x)),
                    )
                },
                move |(y, g)| with_value((y, g.as_slice().to_vec())),
            ),
        ],
    );

    let x: [f64; LONG] = std::array::from_fn(|i| 0.8 + 0.4 * (i as f64).sin());
    row(
        "Rosenbrock of 1000, a kernel in a loop, gradient",
        vec![
            way("by hand", || by_hand::rosenbrock(black_box(&x)), move |(y, g)| with_value((y, g.to_vec()))),
            way("generated", || generated::terms(black_box(&x)), move |(y, g)| with_value((y, g.to_vec()))),
            way("reverse", || gradient(terms, black_box(&x)), with_value),
        ],
    );

    let x = OPTION;
    row(
        "Black-Scholes, five greeks",
        vec![
            way("by hand", || by_hand::price(black_box(&x)), move |(y, g)| with_value((y, g.to_vec()))),
            way("generated", || generated::price(black_box(&x)), move |(y, g)| with_value((y, g.to_vec()))),
            way(
                "linearize",
                || linearize(&function!(price), *black_box(&x)),
                move |y| with_value((y.primal, y.partials.to_vec())),
            ),
            way("reverse", || gradient(price, black_box(&x)), with_value),
            way(
                "num-dual",
                || {
                    num_dual::gradient(
                        |x: SVector<DualSVec64<5>, 5>| dual::price(x.as_slice()),
                        &SVector::from(*black_box(&x)),
                    )
                },
                move |(y, g)| with_value((y, g.as_slice().to_vec())),
            ),
        ],
    );

    let x = ANGLES;
    row(
        "arm of 6 joints, Jacobian",
        vec![
            way("by hand", || by_hand::hand(black_box(&x)), move |(y, j)| all((y.to_vec(), j.concat()))),
            way("generated", || generated::hand(black_box(&x)), move |(y, j)| all((y.to_vec(), j.concat()))),
            way(
                "linearize",
                || linearize(&function!(hand: &[S] -> [S; 3]), *black_box(&x)),
                move |y| all((y.map(|y| y.primal).to_vec(), y.map(|y| y.partials).concat())),
            ),
            way("reverse", || jacobian_reverse(hand, black_box(&x)), move |(y, j)| all((y, j.into_entries()))),
            way(
                "num-dual",
                || {
                    num_dual::jacobian(
                        |x: SVector<DualSVec64<6>, 6>| SVector::from(dual::hand(x.as_slice())),
                        &SVector::from(*black_box(&x)),
                    )
                },
                move |(y, j)| all((y.as_slice().to_vec(), j.transpose().as_slice().to_vec())),
            ),
        ],
    );

    let x: [f64; 20] = lengths().try_into().expect("twenty");
    let second = |y: f64, g: Vec<f64>, h: Vec<f64>| [vec![y], g, h].concat();
    row(
        "springs of 20, Hessian",
        vec![
            way("by hand", || by_hand::springs(black_box(&x)), move |(y, g, h)| second(y, g.to_vec(), h.concat())),
            way("generated", || generated::springs(black_box(&x)), move |(y, g, h)| second(y, g.to_vec(), h.concat())),
            way("reverse", || hessian(springs, black_box(&x)), move |(y, g, h)| second(y, g, h.into_entries())),
            way(
                "num-dual",
                || {
                    let f = |x: SVector<Dual2SVec64<20>, 20>| dual::springs(x.as_slice());
                    num_dual::hessian(f, &SVector::from(*black_box(&x)))
                },
                move |(y, g, h)| second(y, g.as_slice().to_vec(), h.as_slice().to_vec()),
            ),
        ],
    );

    let x = BODIES;
    row(
        "step of three bodies, Jacobian",
        vec![
            way("by hand", || by_hand::step(black_box(&x)), move |(y, j)| all((y.to_vec(), j.concat()))),
            way("generated", || generated::step(black_box(&x)), move |(y, j)| all((y.to_vec(), j.concat()))),
            way(
                "linearize",
                || linearize(&function!(step: &[S] -> [S; 18]), *black_box(&x)),
                move |y| all((y.map(|y| y.primal).to_vec(), y.map(|y| y.partials).concat())),
            ),
            way("reverse", || jacobian_reverse(step, black_box(&x)), move |(y, j)| all((y, j.into_entries()))),
            way(
                "num-dual",
                || {
                    num_dual::jacobian(
                        |x: SVector<DualSVec64<18>, 18>| SVector::from(dual::step(x.as_slice())),
                        &SVector::from(*black_box(&x)),
                    )
                },
                move |(y, j)| all((y.as_slice().to_vec(), j.transpose().as_slice().to_vec())),
            ),
        ],
    );
}
