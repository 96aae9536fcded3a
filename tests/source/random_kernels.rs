//! Random kernels in loops, and random compositions of loops, have the derivatives of the crate.

use dualtape::source::Source;
use dualtape::{Function, Scalar, function, fuse, fuse_map, gradient, hessian, hvp, jacobian, jvp, sum};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::compiled::{SHOW, assert_formatted, assert_same, call, numbers, run};
use crate::kernels::{of_gradient, of_hvp};
use crate::program::Program;
use crate::rounding::{assert_rounded, gradient_sums, hessian_sums, product_sums, tangent_sums};

/// Returns a direction at a point.
fn direction(x: &[f64]) -> Vec<f64> {
    x.iter().map(|x| (9.0 * x).cos() + 0.1).collect()
}

/// A random program at seven rows, as a kernel or as it is, and the sum of its results, weighted if the number is odd.
struct Rows {
    program: Program,
    is_fused: bool,
    is_weighted: bool,
}

const ROWS: usize = 7;
const COMPOSITIONS: u64 = 150;

impl Rows {
    fn random(number: u64, is_fused: bool) -> Self {
        Rows { program: Program::random(number), is_fused, is_weighted: !number.is_multiple_of(2) }
    }

    fn inputs(&self) -> usize {
        ROWS - 1 + self.program.inputs
    }

    fn sum<S: Scalar<Real = f64>, const N: usize>(&self, x: &[S]) -> S {
        let row = |x: &[S]| match self.is_fused {
            true => fuse::<_, S, N>(&self.program, x.try_into().expect("as many")),
            false => self.program.eval(x),
        };
        x.windows(N).map(row).sum()
    }

    /// Returns the answers to the questions of all rows.
    fn answers(&self, x: &[f64]) -> Vec<Vec<Option<std::cmp::Ordering>>> {
        x.windows(self.program.inputs).map(|x| self.program.answers(x)).collect()
    }
}

impl Function for Rows {
    type Output = f64;

    fn eval<S: Scalar<Real = f64>>(&self, x: &[S]) -> S {
        let terms = match self.program.inputs {
            1 => self.sum::<S, 1>(x),
            2 => self.sum::<S, 2>(x),
            3 => self.sum::<S, 3>(x),
            _ => self.sum::<S, 4>(x),
        };
        if self.is_weighted { terms * x[0] } else { terms }
    }
}

#[test]
fn random_kernels_in_loops_have_the_bits_of_the_crate() {
    let programs: Vec<Rows> = (1000..1120).map(|number| Rows::random(number, true)).collect();
    // Rows beside one another, so that most answer alike.
    let points = |rows: &Rows| {
        let near = |start: f64| (0..rows.inputs()).map(|i| start + 0.01 * (i as f64 * 1.7).sin()).collect::<Vec<f64>>();
        [0.6, -0.4, 1.3].map(near)
    };
    // Without weights, the Hessian is a loop too.
    let verbs = |rows: &Rows| if rows.is_weighted { &["gradient", "hvp"][..] } else { &["gradient", "hvp", "hessian"] };
    let (mut functions, mut calls) = (String::new(), String::new());
    for (number, rows) in programs.iter().enumerate() {
        let source = Source::of(rows, &points(rows)[0]);
        let source = if number % 3 == 0 { source.wide_slopes().zeros_win() } else { source };
        let named = |verb: &str| source.clone().name(format!("{verb}_{number}"));
        for verb in verbs(rows) {
            let code = match *verb {
                "hessian" => named(verb).hessian(),
                "hvp" => named(verb).hvp(),
                _ => named(verb).gradient(),
            };
            let code = code.expect("a derivative");
            for x in points(rows) {
                let more = if *verb == "hvp" { format!(", &{:?}", direction(&x)) } else { String::new() };
                calls += &call(&format!("{verb}_{number}"), &format!("&{x:?}{more}"), &code);
            }
            functions += &code;
            functions.push('\n');
        }
    }
    assert_formatted("random_kernels", functions.trim_end());
    let lines = run("random_kernels", &format!("{functions}{SHOW}\nfn main() {{\n{calls}}}\n"));
    let mut lines = lines.iter();
    let (mut same, mut other, mut unrolled) = (0, 0, 0);
    for (number, rows) in programs.iter().enumerate() {
        let traced = rows.answers(&points(rows)[0]);
        let is_loop = traced.iter().all(|answers| *answers == traced[0]);
        let cases = verbs(rows).iter().flat_map(|&verb| points(rows).map(|x| (verb, x)));
        for (verb, x) in cases {
            let generated = numbers(lines.next().expect("a line for each call"));
            let what = format!("{verb} of program {number} at {x:?}");
            if rows.answers(&x) != traced {
                assert_eq!(generated, None, "{what}");
                other += 1;
                continue;
            }
            let generated = generated.unwrap_or_else(|| panic!("{what}: no branch goes otherwise"));
            let v = direction(&x);
            let expected = match verb {
                "hvp" => of_hvp(hvp(|x| rows.eval(x), &x, &v)),
                "hessian" => {
                    let (y, g, h) = hessian(|x| rows.eval(x), &x);
                    Some([&[y], &g[..], h.as_slice()].concat())
                }
                _ => of_gradient(gradient(|x| rows.eval(x), &x)),
            };
            let expected = expected.expect("a derivative");
            if is_loop && !rows.program.repeats && verb != "hessian" {
                assert_same(&generated, &expected, &what);
            } else {
                // The terms of a sum are those of the operations, and not the slopes of kernels.
                let rows = Rows::random(1000 + number as u64, false);
                let of_second =
                    if verb == "hvp" { product_sums(&rows, &x, &v) } else { hessian_sums(&rows, &x).concat() };
                let sums = [gradient_sums(|x| rows.eval(x), &x), of_second].concat();
                let ulps = if verb == "hessian" { 8.0 } else { 2.0 };
                assert_rounded(&generated, &expected, &sums, ulps, &what);
            }
            *if is_loop { &mut same } else { &mut unrolled } += 1;
        }
    }
    assert!(same > 300 && other > 100 && unrolled > 0, "{same} in loops, {other} other branches, {unrolled} unrolled");
}

/// A random composition of kernels over rows, steps in time, sums and other operations on vectors.
struct Composition {
    steps: Vec<[usize; 8]>,
}

impl Composition {
    const INPUTS: usize = 10;

    fn random(number: u64) -> Self {
        let mut random = StdRng::seed_from_u64(number);
        let steps =
            (0..random.random_range(2..7)).map(|_| std::array::from_fn(|_| random.random_range(0..60))).collect();
        Composition { steps }
    }

    /// Returns some elements of a vector: at distances, in reverse, or one of them many times.
    fn taken<S: Scalar<Real = f64>>(from: &[S], how: usize, count: usize) -> Vec<S> {
        let n = from.len();
        let index = |i: usize| match how % 6 {
            0 | 1 => i,
            2 => 2 * i + 1,
            3 => n - 1 - i % n,
            4 => 3,
            _ => i * i + how,
        };
        (0..count).map(|i| from[index(i) % n]).collect()
    }

    fn called<S: Scalar<Real = f64>>(kernel: usize, a: &[S], b: &[S], is_map: bool) -> Vec<Vec<S>> {
        macro_rules! called {
            ([$($x:ident),*] $outputs:literal, |$y:ident: &[S]| $body:expr) => {{
                let kernel = function!(|$y: &[S]| -> [S; $outputs] { $body });
                if is_map {
                    fuse_map(&kernel, [$($x),*]).to_vec()
                } else {
                    let rows: Vec<[S; $outputs]> = (0..a.len()).map(|i| fuse(&kernel, [$($x[i]),*])).collect();
                    (0..$outputs).map(|output| rows.iter().map(|row| row[output]).collect()).collect()
                }
            }};
        }
        match kernel % 5 {
            0 => called!([a, b] 1, |x: &[S]| [x[0] * x[1].sin()]),
            1 => called!([a, b] 2, |x: &[S]| [x[0].tanh() + x[1], x[0] * x[1] * 0.5]),
            2 => called!([a] 2, |x: &[S]| [x[0], x[0].cos()]),
            3 => called!([a, b] 1, |x: &[S]| [if x[0] < x[1] { x[0] * 0.7 } else { x[1] - x[0].powi(2) * 0.1 }]),
            _ => called!([a, b] 2, |x: &[S]| [S::from_f64(0.25), (x[0] * x[0] + 1.0).recip() * x[1]]),
        }
    }
}

impl Function for Composition {
    type Output = f64;

    fn eval<S: Scalar<Real = f64>>(&self, x: &[S]) -> S {
        let mut vectors = vec![x.to_vec()];
        for &[step, first, second, how, other, kernel, count, flag] in &self.steps {
            let (a, b) = (&vectors[first % vectors.len()], &vectors[second % vectors.len()]);
            let (a, b) = (Self::taken(a, how, 3 + count % 12), Self::taken(b, other, 3 + count % 12));
            let results = match step % 8 {
                0..4 => Self::called(kernel, &a, &b, flag.is_multiple_of(2)),
                4 => vec![a.iter().zip(&b).map(|(&a, &b)| a.sin() * 0.9 + b * 0.1).collect()],
                5 => vec![vec![if flag.is_multiple_of(2) { sum(&a) } else { a.iter().sum() }; 4]],
                6 => {
                    // Steps in time.
                    let advance = |state: &mut S, &b: &S| {
                        *state = fuse(&function!(|x: &[S]| -> S { (x[0] + x[1]).sin() }), [*state, b]);
                        Some(*state)
                    };
                    vec![b.iter().scan(a[0], advance).collect()]
                }
                _ => {
                    let between =
                        |(&a, &b): (&S, &S)| fuse(&function!(|x: &[S]| -> S { x[0] * x[0] * x[1] }), [a, b]) * b;
                    vec![a.iter().zip(&b).map(between).collect()]
                }
            };
            vectors.extend(results);
        }
        let last = vectors.len().saturating_sub(3);
        vectors[last..].iter().map(|vector| vector.iter().copied().sum::<S>()).sum::<S>() + x[0] * x[1]
    }
}

#[test]
fn random_compositions_of_loops_have_the_derivatives_of_the_crate() {
    let compositions: Vec<Composition> = (0..COMPOSITIONS).map(Composition::random).collect();
    let points = [0.3, 0.9, -1.1].map(|shift| {
        (0..Composition::INPUTS).map(|i| (i as f64 * 1.3 + shift).sin() + 0.1 * shift).collect::<Vec<f64>>()
    });
    // A third is differentiated along directions too, which takes rustc most of the time.
    let verbs = |number: usize| if number.is_multiple_of(3) { 4 } else { 2 };
    let (mut functions, mut calls) = (String::new(), String::new());
    let mut loops = 0;
    for (number, composition) in compositions.iter().enumerate() {
        let source = Source::of(composition, &points[0]);
        let codes = [
            ("value", source.clone().name(format!("value_{number}")).value()),
            ("gradient", source.clone().name(format!("gradient_{number}")).gradient()),
            ("jvp", source.clone().name(format!("jvp_{number}")).jvp()),
            ("hvp", source.name(format!("hvp_{number}")).hvp()),
        ];
        for (verb, code) in codes.into_iter().take(verbs(number)) {
            let code = code.expect("no refusal");
            loops += usize::from(code.contains("    for i in "));
            for x in &points {
                let more = if verb.ends_with("vp") { format!(", &{:?}", direction(x)) } else { String::new() };
                calls += &call(&format!("{verb}_{number}"), &format!("&{x:?}{more}"), &code);
            }
            functions += &code;
            functions.push('\n');
        }
    }
    assert_formatted("random_compositions", functions.trim_end());
    let lines = run("random_compositions", &format!("{functions}{SHOW}\nfn main() {{\n{calls}}}\n"));
    let mut lines = lines.iter();
    let (mut compared, mut refused) = (0, 0);
    for (number, composition) in compositions.iter().enumerate() {
        let results: Vec<Vec<_>> = (0..verbs(number))
            .map(|_| points.iter().map(|_| numbers(lines.next().expect("a line for each call"))).collect())
            .collect();
        for (i, x) in points.iter().enumerate() {
            let own: Vec<Option<&Vec<f64>>> = results.iter().map(|of_verb| of_verb[i].as_ref()).collect();
            let what = format!("composition {number} at {x:?}");
            let Some(own) = own.iter().copied().collect::<Option<Vec<&Vec<f64>>>>() else {
                assert!(i > 0 && own.iter().all(Option::is_none), "{what}");
                refused += 1;
                continue;
            };
            let (y, g) = gradient(|x| composition.eval(x), x);
            let sums = gradient_sums(|x| composition.eval(x), x);
            assert_same(own[0], &[y], &what);
            assert_rounded(own[1], &[&[y], &g[..]].concat(), &sums, 16.0, &what);
            if let [_, _, along, of_hessian] = own[..] {
                let v = direction(x);
                let expected = jvp(|x| [composition.eval(x)], x, &v).1[0];
                let sum = tangent_sums(|x| composition.eval(x), x, &v);
                assert_rounded(along, &[y, expected], &sum, 16.0, &what);
                let expected = of_hvp(hvp(|x| composition.eval(x), x, &v)).expect("a product");
                let sums = [sums, product_sums(composition, x, &v)].concat();
                assert_rounded(of_hessian, &expected, &sums, 16.0, &what);
            }
            compared += 1;
        }
    }
    assert!(loops > 130 && compared > 200 && refused > 20, "{loops} loops, {compared} compared, {refused} refused");
}

/// Random kernels at elements of the input, with all results as outputs, or a weighted sum of them.
struct Maps(Composition);

impl Maps {
    fn results<S: Scalar<Real = f64>>(&self, x: &[S]) -> Vec<Vec<S>> {
        let called = |&[turned, _, how, _, other, kernel, count, flag]: &[usize; 8]| {
            let (a, b) = (Composition::taken(x, how, 4 + count % 9), Composition::taken(x, other, 4 + count % 9));
            let mut results = Composition::called(kernel, &a, &b, flag.is_multiple_of(2));
            if turned.is_multiple_of(4) {
                results.iter_mut().for_each(|result| result.reverse());
            }
            results
        };
        self.0.steps.iter().flat_map(called).chain([vec![x[0] * x[1].exp()]]).collect()
    }

    fn sum<S: Scalar<Real = f64>>(&self, x: &[S]) -> S {
        let results = self.results(x);
        (0..).zip(&results).map(|(i, result)| result.iter().copied().sum::<S>() * (0.5 + f64::from(i))).sum()
    }
}

impl Function for Maps {
    type Output = Vec<f64>;

    fn eval<S: Scalar<Real = f64>>(&self, x: &[S]) -> Vec<S> {
        self.results(x).concat()
    }
}

#[test]
fn random_maps_have_the_matrices_of_the_crate() {
    struct Sum<'a>(&'a Maps);
    impl Function for Sum<'_> {
        type Output = f64;

        fn eval<S: Scalar<Real = f64>>(&self, x: &[S]) -> S {
            self.0.sum(x)
        }
    }
    let maps: Vec<Maps> = (500..540).map(|number| Maps(Composition::random(number))).collect();
    let point = |shift: f64| (0..Composition::INPUTS).map(|i| (i as f64 * 1.3 + shift).sin()).collect::<Vec<f64>>();
    let points = [0.3, 0.5].map(point);
    let (mut functions, mut calls) = (String::new(), String::new());
    let mut loops = 0;
    for (number, maps) in maps.iter().enumerate() {
        let (outputs, sum) = (Source::of(maps, &points[0]), Source::of(&Sum(maps), &points[0]));
        for (name, code) in [
            (format!("jacobian_{number}"), outputs.clone().name(format!("jacobian_{number}")).jacobian()),
            (format!("bands_{number}"), outputs.name(format!("bands_{number}")).sparse_jacobian()),
            (format!("hessian_{number}"), sum.name(format!("hessian_{number}")).hessian()),
        ] {
            let code = code.expect("no refusal");
            loops += usize::from(code.contains("    for i in "));
            points.iter().for_each(|x| calls += &call(&name, &format!("&{x:?}"), &code));
            functions += &code;
            functions.push('\n');
        }
    }
    assert_formatted("random_maps", functions.trim_end());
    let lines = run("random_maps", &format!("{functions}{SHOW}\nfn main() {{\n{calls}}}\n"));
    let mut lines = lines.iter();
    let mut compared = 0;
    for (number, maps) in maps.iter().enumerate() {
        let results: Vec<_> = (0..6).map(|_| numbers(lines.next().expect("a line for each call"))).collect();
        for (i, x) in points.iter().enumerate() {
            let what = format!("maps {number} at {x:?}");
            let [Some(dense), Some(bands), Some(of_sum)] = [&results[i], &results[2 + i], &results[4 + i]] else {
                assert!(i > 0 && [1, 3, 5].iter().all(|&line: &usize| results[line].is_none()), "{what}");
                continue;
            };
            let (y, j) = jacobian(|x| maps.eval(x), x);
            let of_output = |output: usize| gradient_sums(|x| maps.eval(x)[output], x);
            let sums = [vec![0.0; y.len() - 1], (0..y.len()).flat_map(of_output).collect()].concat();
            assert_rounded(dense, &[&y, j.as_slice()].concat(), &sums, 2.0, &what);
            let entries =
                |numbers: &[f64]| numbers[y.len()..].iter().copied().filter(|x| *x != 0.0).collect::<Vec<f64>>();
            assert_eq!(entries(bands), entries(dense), "{what}");
            let (y, g, h) = hessian(|x| maps.sum(x), x);
            let sums = [gradient_sums(|x| maps.sum(x), x), hessian_sums(&Sum(maps), x).concat()].concat();
            assert_rounded(of_sum, &[&[y], &g[..], h.as_slice()].concat(), &sums, 16.0, &what);
            compared += 1;
        }
    }
    assert!(loops > 100 && compared > 60, "{loops} loops, {compared} compared");
}
