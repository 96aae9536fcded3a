//! Sums of independent terms, on one thread and on many.

use std::cell::Cell;

use approx::assert_relative_eq;
use dualtape::ranks::{Ranks, on_threads};
use dualtape::{
    Dual, Scalar, Tape, Terms, Var, derivative, dot, function, fuse_map, gradient, hessian, hvp, sum, weighted_sum,
};

use crate::support::refusals::{STALE, message};

const N: usize = 1000;

fn product<S: Scalar>([x, y]: [S; 2]) -> [S; 1] {
    [x * y]
}

#[test]
fn terms_of_blocks_and_statements_sum_as_one_recording() {
    fn term<S: Scalar<Real = f64>>(i: usize, x: &[S]) -> S {
        let scaled = [x[0] * (i as f64 + 1.0), x[1] * x[2]];
        let y = fuse_map(&function!(product: [S; 2] -> [S; 1]), [&scaled, &x[..2]]).concat();
        (y[0] * y[1]).sin()
    }
    let x = [0.3, -0.4, 1.1];
    for n in [2, 20] {
        let (y, g) = Terms::all(n).gradient(term, &x);
        let (expected, slopes) = gradient(|x| sum(&(0..n).map(|i| term(i, x)).collect::<Vec<Var>>()), &x);
        assert_relative_eq!(y, expected, max_relative = 1e-14);
        assert!(g.iter().zip(&slopes).all(|(a, b)| (a - b).abs() < 1e-12), "{g:?} {slopes:?}");
    }
}

/// A term that reads two inputs, and sums over all inputs.
fn term<S: Scalar<Real = f64>>(i: usize, x: &[S]) -> S {
    let a = x[i % x.len()];
    (a * (i as f64 + 0.5)).sin() * sum(x) + dot(x, x).sqrt() * (x[(i * 7) % x.len()] - a).exp()
}

fn point() -> Vec<f64> {
    (0..12).map(|i| (f64::from(i) * 0.37).cos()).collect()
}

#[test]
fn the_sum_equals_one_recording() {
    let x = point();
    let (y, g) = Terms::all(N).gradient(term, &x);
    let (expected, expected_g) = gradient(|x| (0..N).map(|i| term(i, x)).sum(), &x);
    assert_relative_eq!(y, expected, max_relative = 1e-12);
    g.iter().zip(&expected_g).for_each(|(a, b)| assert_relative_eq!(a, b, max_relative = 1e-11));
}

#[test]
fn batches_and_weights_count() {
    let x = point();
    let indices: Vec<usize> = (0..200).map(|i| (i * 17) % N).collect();
    let weights: Vec<f64> = (0..200).map(|i| 1.0 / f64::from(i + 1)).collect();
    let (y, g) = Terms::of(&indices).weighted(&weights).gradient(term, &x);
    let weighted = |x: &[Var]| indices.iter().zip(&weights).map(|(&i, &w)| term(i, x) * w).sum();
    let (expected, expected_g) = gradient(weighted, &x);
    assert_relative_eq!(y, expected, max_relative = 1e-12);
    g.iter().zip(&expected_g).for_each(|(a, b)| assert_relative_eq!(a, b, max_relative = 1e-11));
    assert_eq!(message(|| Terms::all(3).weighted(&[1.0])), "weighted: 1 weights for 3 terms; pass one for each");
}

#[test]
fn an_empty_sum_is_zero() {
    assert_eq!(Terms::all(0).gradient(term, &point()), (0.0, vec![0.0; 12]));
    assert_eq!(Terms::all(5).gradient(|i, _| Var::constant(i as f64), &[]), (10.0, vec![]));
}

#[test]
fn terms_may_be_inputs_and_constants() {
    let terms = |i: usize, x: &[Var]| if i == 0 { x[1] } else { Var::constant(2.0) };
    assert_eq!(Terms::all(3).gradient(terms, &[5.0, 7.0]), (11.0, vec![0.0, 1.0]));
}

#[test]
fn second_derivatives_go_through_a_sum() {
    let (x, v) = (point(), vec![0.3; 12]);
    let inputs: Vec<Dual> = x.iter().zip(&v).map(|(&x, &v)| Dual::new(x, [v])).collect();
    let (_, g) = Terms::all(50).gradient(term, &inputs);
    let (_, _, expected) = hvp(|x| (0..50).map(|i| term(i, x)).sum(), &x, &v);
    g.iter().zip(&expected).for_each(|(g, &b)| assert_relative_eq!(g.partials[0], b, max_relative = 1e-10));
    // Over variables, as a function that is itself recorded.
    let tape = Tape::new();
    let vars = tape.vars(&x);
    let (_, g) = Terms::all(50).gradient(term, &vars);
    let along: Vec<Var> = v.iter().map(|&v| Var::constant(v)).collect();
    let hv = tape.backward(dot(&g, &along)).wrt(&vars);
    hv.iter().zip(&expected).for_each(|(a, b)| assert_relative_eq!(a, b, max_relative = 1e-10));
}

#[test]
fn the_hessian_of_the_sum_equals_the_hessian_of_one_recording() {
    let x = point();
    let weights: Vec<f64> = (0..50).map(|i| (f64::from(i) * 0.1).cos()).collect();
    let terms = Terms::all(50).weighted(&weights);
    let (y, g, h) = terms.hessian(term, &x);
    let (expected, expected_g, expected_h) = hessian(|x| (0..50).map(|i| term(i, x) * weights[i]).sum(), &x);
    assert_relative_eq!(y, expected, max_relative = 1e-12);
    g.iter().zip(&expected_g).for_each(|(a, b)| assert_relative_eq!(a, b, max_relative = 1e-10));
    let scale = expected_h.as_slice().iter().fold(0.0, |largest: f64, entry| largest.max(entry.abs()));
    h.as_slice().iter().zip(expected_h.as_slice()).for_each(|(a, b)| assert!((a - b).abs() < 1e-12 * scale, "{a} {b}"));
    assert!((0..12).all(|i| (0..i).all(|j| h[i][j] == h[j][i])), "symmetric to the last bit");
    // The lower orders equal the lower verb, and a product is the product with the matrix. Terms over larger numbers
    // are summed in smaller pieces.
    let close = |(y, g): (f64, Vec<f64>), (other_y, other_g): (f64, &[f64])| {
        assert_relative_eq!(y, other_y, max_relative = 1e-14);
        g.iter().zip(other_g).for_each(|(a, b)| assert_relative_eq!(a, b, max_relative = 1e-13));
    };
    close(terms.gradient(term, &x), (y, &g));
    let v: Vec<f64> = (0..12).map(|i| 1.0 - f64::from(i) * 0.2).collect();
    let (y_along, g_along, hv) = terms.hvp(term, &x, &v);
    close((y_along, g_along), (y, &g));
    hv.iter().zip(h.rows()).for_each(|(&a, row)| assert!((a - dot(row, &v)).abs() < 1e-11 * scale, "{a}"));
}

#[test]
fn the_hessian_of_a_sum_nests_and_refuses_other_shapes() {
    let nested = |x: Dual| Terms::all(2).hessian(|_, y| y[0] * x.value(), &[x]).0;
    assert_eq!(derivative(nested, 3.0), (18.0, 6.0));
    let none: &[f64] = &[];
    assert_eq!(Terms::all(5).hessian(|_, _| Var::constant(2.0.into()), none).0, 10.0);
    assert_eq!(
        message(|| Terms::all(2).hvp(|_, x| x[0], &[1.0], none)),
        "hvp: x has 1 elements and v has 0; pass one for each"
    );
}

/// A table of 700 rows of 3 columns, and terms of its linear predictors: more than two pieces.
fn table() -> Vec<f64> {
    (0..2100).map(|k| (f64::from(k) * 0.7).sin()).collect()
}

fn of_predictor<S: Scalar<Real = f64>>(i: usize, eta: S) -> S {
    (eta * 0.5).exp() - eta * (i % 5) as f64 + (eta * eta + 1.0).ln()
}

#[test]
fn terms_of_linear_predictors_equal_terms_of_all_inputs() {
    let (table, x) = (table(), [0.3, -0.8, 0.5]);
    let indices: Vec<usize> = (0..600).map(|k| (k * 17) % 700).collect();
    let weights: Vec<f64> = (0..600).map(|k| f64::from(k % 7) - 2.0).collect();
    for terms in [Terms::all(700), Terms::of(&indices).weighted(&weights), Terms::all(1), Terms::all(0)] {
        let (y, g, h) = terms.linear(&table).hessian(of_predictor, &x);
        let term = |i: usize, x: &[_]| of_predictor(i, weighted_sum(x, &table[3 * i..][..3]));
        let (expected, expected_g, expected_h) = terms.hessian(term, &x);
        let close = |a: f64, b: f64| assert!((a - b).abs() <= 1e-12 * (1.0 + b.abs()), "{a} {b}");
        close(y, expected);
        g.iter().zip(&expected_g).for_each(|(&a, &b)| close(a, b));
        h.as_slice().iter().zip(expected_h.as_slice()).for_each(|(&a, &b)| close(a, b));
        assert!((0..3).all(|i| (0..i).all(|j| h[i][j] == h[j][i])), "symmetric to the last bit");
        // The lower orders to the bit, and the same bits on threads and ranks.
        let linear = terms.linear(&table);
        let alone = ((y, g.clone()), (y, g.clone(), h.clone()));
        assert_eq!(linear.gradient(of_predictor, &x), alone.0);
        #[cfg(feature = "parallel")]
        assert_eq!((linear.par_gradient(of_predictor, &x), linear.par_hessian(of_predictor, &x)), alone);
        let on_ranks = |ranks: &dyn Ranks| {
            let linear = terms.over(ranks).linear(&table);
            (linear.gradient(of_predictor, &x), linear.hessian(of_predictor, &x))
        };
        for size in RANKS {
            assert!(on_threads(size, on_ranks).iter().all(|sums| *sums == alone), "{size} ranks");
        }
    }
}

#[test]
fn a_zero_in_a_row_beats_an_infinite_slope_of_its_term() {
    let (y, g, h) = Terms::all(1).linear(&[1.0, 0.0]).hessian(|_, eta| eta.sqrt(), &[0.0, 1.0]);
    assert_eq!((y, g), (0.0, vec![f64::INFINITY, 0.0]));
    assert_eq!(h.as_slice(), [f64::NEG_INFINITY, 0.0, 0.0, 0.0]);
    // A weight of 0 too.
    let nothing = Terms::all(1).weighted(&[0.0]);
    assert_eq!(nothing.linear(&[1.0]).gradient(|_, eta| eta.sqrt(), &[0.0]), (0.0, vec![0.0]));
}

#[test]
fn terms_of_linear_predictors_nest_and_refuse_a_table_of_another_shape() {
    let nested = |x: Dual| Terms::all(2).linear(&[1.0, 2.0].map(Dual::constant)).hessian(|_, eta| eta * eta, &[x]).0;
    assert_eq!(derivative(nested, 3.0), (45.0, 30.0));
    assert_eq!(Terms::all(2).linear(&[]).gradient(|_, eta| eta + 1.0, &[]), (2.0, vec![]));
    for numbers in [5, 7] {
        assert_eq!(
            message(|| Terms::all(3).linear(&vec![1.0; numbers]).gradient(|_, eta| eta, &[1.0, 2.0])),
            format!(
                "linear: {numbers} numbers are not 3 rows of 2, one for every term and as long as x; pass the table row by \
                 row"
            )
        );
    }
}

#[test]
fn a_variable_of_an_earlier_term_is_refused() {
    let kept = Cell::new(None);
    let smuggling = |i: usize, x: &[Var]| {
        if i == 0 {
            kept.set(Some(x[0].exp()));
        }
        // Long terms, each of which is forgotten after its reverse sweep.
        let y = (0..2000).fold(x[0], |y, _| y + 1.0);
        if i == 1 { y * kept.get().expect("the first term came first") } else { y }
    };
    assert_eq!(message(|| Terms::all(200).gradient(smuggling, &[1.0])), STALE);
    let outside = Tape::new().var(1.0);
    assert_eq!(message(|| Terms::all(2).gradient(|_, _| outside, &[1.0])), STALE);
    // Nothing is left behind.
    assert!(Tape::<f64>::new().is_empty());
    assert_eq!(gradient(|x| x[0] * x[0], &[3.0]), (9.0, vec![6.0]));
}

#[test]
fn derivatives_are_taken_inside_a_term() {
    let inner = |i: usize, x: &[Var]| {
        let (y, g) = gradient(|z| z[0] * z[0] * i as f64, &[3.0]);
        x[0] * g[0] + y
    };
    assert_eq!(Terms::all(3).gradient(inner, &[1.0]), (45.0, vec![18.0]));
}

#[cfg(feature = "parallel")]
#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let x = point();
    let indices: Vec<usize> = (0..N).rev().collect();
    let weights: Vec<f64> = (0..N).map(|i| (i as f64 * 0.1).sin()).collect();
    for terms in [Terms::all(N), Terms::of(&indices).weighted(&weights), Terms::all(7), Terms::all(0)] {
        let (y, g) = terms.gradient(term, &x);
        for threads in [1, 2, 3, 8] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            assert_eq!(pool.install(|| terms.par_hessian(term, &x)), terms.hessian(term, &x));
            assert_eq!(pool.install(|| terms.par_hvp(term, &x, &x)), terms.hvp(term, &x, &x));
            let (other, other_g) = pool.install(|| terms.par_gradient(term, &x));
            assert_eq!(y.to_bits(), other.to_bits());
            assert!(g.iter().zip(&other_g).all(|(a, b)| a.to_bits() == b.to_bits()));
        }
    }
}

/// Ranks that divide the pieces evenly and others, and more ranks than there is work for.
const RANKS: [usize; 7] = [1, 2, 3, 4, 7, 16, 70];

#[test]
fn any_number_of_ranks_gives_the_same_bits() {
    let x = point();
    let indices: Vec<usize> = (0..N).rev().collect();
    let weights: Vec<f64> = (0..N).map(|i| (i as f64 * 0.1).sin()).collect();
    let sums = |terms: Terms<'_>| (terms.gradient(term, &x), terms.hessian(term, &x), terms.hvp(term, &x, &x));
    for terms in [Terms::all(N), Terms::of(&indices).weighted(&weights), Terms::all(7), Terms::all(0)] {
        let alone = sums(terms);
        for size in RANKS {
            assert!(
                on_threads(size, |ranks| sums(terms.over(ranks))).iter().all(|sums| *sums == alone),
                "{size} ranks"
            );
        }
    }
    // Without inputs, and in single precision.
    let none = |_: usize, _: &[Var]| Var::constant(0.1);
    let alone = Terms::all(50).gradient(none, &[]);
    assert_eq!(on_threads(3, |ranks| Terms::all(50).over(ranks).gradient(none, &[])), vec![alone; 3]);
    let short = |i: usize, x: &[Var<f32>]| (x[0] * i as f32).sin() * x[1];
    let alone = Terms::all(99).gradient(short, &[0.3, 1.1]);
    assert_eq!(on_threads(3, |ranks| Terms::all(99).over(ranks).gradient(short, &[0.3, 1.1])), vec![alone; 3]);
}

/// Terms of which each is a piece.
#[test]
fn ranks_share_large_terms_one_by_one() {
    let large = |i: usize, x: &[Var]| (0..3000).fold(x[0] * i as f64, |y, k| (y + x[k % 3]).sin());
    let x = [0.3, 0.7, -0.2];
    let alone = Terms::all(200).gradient(large, &x);
    let counted = |ranks: &dyn Ranks| {
        let count = Cell::new(0);
        let term = |i: usize, x: &[Var]| {
            count.set(count.get() + 1);
            large(i, x)
        };
        (Terms::all(200).over(ranks).gradient(term, &x), count.get())
    };
    for size in RANKS {
        let sums = on_threads(size, counted);
        assert!(sums.iter().all(|(sum, _)| *sum == alone), "{size} ranks");
        // Besides the first term, which is recorded to see how large it is. Shares of whole subtrees are less even.
        let even = 200_usize.div_ceil(size);
        let most = sums.iter().map(|(_, count)| count - 1).max();
        assert!(most <= Some(even + even / 16), "{size} ranks: {most:?} terms");
    }
}

#[cfg(feature = "parallel")]
#[test]
fn ranks_have_threads() {
    let x = point();
    let terms = Terms::all(N);
    let sums = |ranks: &dyn Ranks| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().expect("threads");
        let terms = terms.over(ranks);
        pool.install(|| (terms.par_gradient(term, &x), terms.par_hessian(term, &x), terms.par_hvp(term, &x, &x)))
    };
    let alone = (terms.gradient(term, &x), terms.hessian(term, &x), terms.hvp(term, &x, &x));
    assert_eq!(on_threads(3, sums), vec![alone; 3]);
}

#[test]
fn ranks_that_sum_something_else_are_refused_on_all() {
    let refused = |act: &(dyn Fn(&dyn Ranks) + Sync)| on_threads(3, |ranks| message(|| act(ranks)));
    let x = |ranks: &dyn Ranks| if ranks.rank() == 2 { [0.5, -2.0] } else { [0.5, 2.0] };
    assert_eq!(
        refused(&|ranks| drop(Terms::all(30).over(ranks).gradient(|_, x| x[0] * x[1], &x(ranks)))),
        ["Terms::over: rank 2 has another point than rank 0; make the same calls on all ranks"; 3]
    );
    assert_eq!(
        refused(&|ranks| drop(Terms::all(30 + ranks.rank()).over(ranks).gradient(|_, x| x[0], &[1.0]))),
        ["Terms::over: rank 1 has another number of terms than rank 0; make the same calls on all ranks"; 3]
    );
}

#[test]
fn a_panic_of_one_rank_ends_all_with_its_message() {
    let term = |i: usize, x: &[Var]| if i == 11 { panic!("term 11 has no data") } else { x[0] };
    assert_eq!(
        message(|| on_threads(4, |ranks| Terms::all(16).over(ranks).gradient(term, &[1.0]))),
        "term 11 has no data"
    );
}

#[test]
fn a_sum_takes_the_memory_of_one_term() {
    let tape = Tape::<f64>::new();
    drop(tape);
    let long = |_: usize, x: &[Var]| (0..1000).fold(x[0], |y, _| y * 0.999);
    Terms::all(10_000).gradient(long, &[1.0]);
    // The next tape of the thread reuses the memory of the last.
    let held = Tape::<f64>::new().capacity_bytes();
    assert!(held < 100_000, "{held} bytes");
}

#[test]
fn a_sum_of_many_inputs_rewinds_to_them() {
    // More inputs than the first chunks of a recording hold.
    let x: Vec<f64> = (0..1000).map(|i| f64::from(i) * 0.01).collect();
    let pairs = |i: usize, x: &[Var]| (0..40).fold(x[i] * x[999 - i], |y, k| y + x[(i * k) % 1000]);
    let (y, g) = Terms::all(900).gradient(pairs, &x);
    let held = Tape::<f64>::new().capacity_bytes();
    assert!(held < 200_000, "{held} bytes");
    let (expected, expected_g) = gradient(|x| (0..900).map(|i| pairs(i, x)).sum(), &x);
    assert_relative_eq!(y, expected, max_relative = 1e-12);
    g.iter().zip(&expected_g).for_each(|(a, b)| assert_relative_eq!(a, b, max_relative = 1e-12));
}
