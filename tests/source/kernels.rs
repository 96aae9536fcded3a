//! Kernels that a function calls row after row are loops, with the bits of the crate.

use dualtape::graph::Traced;
use dualtape::source::{Refusal, Source};
use dualtape::{Function, Scalar, function, fuse, fuse_map, gradient, hvp, jvp, sum, vjp};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::compiled::{SHOW, assert_formatted, assert_same, numbers, run};
use crate::program::Program;
use crate::rounding::{assert_rounded, gradient_sums, hessian_sums};

#[inline(always)]
fn spring<S: Scalar<Real = f64>>([a, b]: [S; 2]) -> S {
    (a * b).sin() + (a - b).powi(4)
}

/// Two outputs, one with a branch.
#[inline(always)]
fn kinked<S: Scalar<Real = f64>>([a, b, c]: [S; 3]) -> [S; 2] {
    let larger = if a > 0.0 { a * b } else { b.exp() };
    [larger * c, c.tanh() / (a * a + 1.0)]
}

/// Springs between neighbours, and one operation besides.
fn chain<S: Scalar<Real = f64>>(x: &[S]) -> S {
    let terms: S = x.windows(2).map(|x| fuse(&function!(spring: [S; 2] -> S), [x[0], x[1]])).sum();
    x[3] * x[3] + terms
}

/// Kernels at the results of kernels, and of other operations.
fn layers<S: Scalar<Real = f64>>(x: &[S]) -> S {
    let n = x.len() / 2;
    let scales = vec![x[0].exp(); n];
    let [a, b] = fuse_map(&function!(kinked: [S; 3] -> [S; 2]), [&x[..n], &x[n..], &scales]);
    let pairs = function!(|x: &[S]| -> [S; 1] { [spring([x[0], x[1]])] });
    let [c] = fuse_map(&pairs, [&a, &b]);
    sum(&c) * scales[0]
}

/// A model at data that are constants of the kernel.
fn fit<S: Scalar<Real = f64>>(x: &[S]) -> S {
    let at = |i: usize| {
        let (time, seen) = ((i as f64 * 0.3).sin(), i as f64 * 0.125);
        let error = function!([time: f64, seen: f64] |x: &[S]| -> S {
            let error = x[0] * (x[1] * time).exp() - seen;
            error * error
        });
        fuse(&error, [x[0], x[1]])
    };
    (0..30).map(at).sum()
}

/// Springs between points that a list names.
fn mesh<S: Scalar<Real = f64>>(x: &[S]) -> Vec<S> {
    let pairs = [(0, 3), (1, 2), (5, 0), (2, 3), (4, 1)];
    pairs.iter().map(|&(a, b)| fuse(&function!(spring: [S; 2] -> S), [x[a], x[b]])).collect()
}

/// Springs whose ends are taken in reverse, weighted.
fn weighted<S: Scalar<Real = f64>>(x: &[S]) -> S {
    let terms: Vec<S> = x.windows(2).map(|x| fuse(&function!(spring: [S; 2] -> S), [x[0], x[1]])).collect();
    terms.iter().rev().zip(x).map(|(&term, &x)| term * x.sin()).sum()
}

/// Data as parameters.
fn line<S: Scalar<Real = f64>>(x: &[S], p: &[S]) -> S {
    let at = |p: &[S]| {
        let kernel = function!(|x: &[S]| -> S {
            let error = x[0] * x[2] + x[1] - x[3];
            error.abs() * x[4]
        });
        fuse(&kernel, [x[0], x[1], p[0], p[1], p[2]])
    };
    p.chunks(3).map(at).sum()
}

/// A kernel of parameters alone, which is not differentiated.
fn scaled<S: Scalar<Real = f64>>(x: &[S], p: &[S]) -> S {
    let kernel = function!(|x: &[S]| -> S { (x[0] * x[1]).exp() });
    let scale: S = p.windows(2).map(|p| fuse(&kernel, [p[0], p[1]])).sum();
    x[0] * x[1] * scale
}

fn single<S: Scalar<Real = f32>>(x: &[S]) -> S {
    let kernel = function!(f32, |x: &[S]| -> S { (x[0] * x[1]).sin() * x[2] });
    x.windows(3).map(|x| fuse(&kernel, [x[0], x[1], x[2]])).sum()
}

/// The kernel reads an infinite slope at 0.
fn roots<S: Scalar<Real = f64>>(x: &[S]) -> S {
    let kernel = function!(|x: &[S]| -> S { (x[0] * x[0] + x[1]).sqrt() * x[2] });
    x.windows(3).map(|x| fuse(&kernel, [x[0], x[1], x[2]]) * x[1]).sum()
}

/// Kernels of whose results nothing becomes: one is checked, and the other left out. The third has no slopes.
fn unread<S: Scalar<Real = f64>>(x: &[S]) -> S {
    let checked = function!(|x: &[S]| -> S { if x[0] < 5.0 { x[0] * x[1] } else { x[1] } });
    let smooth = function!(|x: &[S]| -> S { x[0].exp() * x[1] });
    let steps = function!(|x: &[S]| -> S { x[0].floor() + x[1].floor() });
    let unread: Vec<S> = x.windows(2).map(|x| fuse(&checked, [x[0], x[1]]) + fuse(&smooth, [x[0], x[1]])).collect();
    assert_eq!(unread.len(), x.len() - 1);
    x.windows(2).map(|x| fuse(&steps, [x[0], x[1]])).sum::<S>() + x[0] * x[1]
}

fn of_gradient((y, g): (f64, Vec<f64>)) -> Option<Vec<f64>> {
    Some([vec![y], g].concat())
}

fn of_jvp((y, along): (Vec<f64>, Vec<f64>)) -> Option<Vec<f64>> {
    Some([y, along].concat())
}

fn of_hvp((y, g, product): (f64, Vec<f64>, Vec<f64>)) -> Option<Vec<f64>> {
    Some([vec![y], g, product].concat())
}

fn array(x: &[f64]) -> String {
    format!("&{x:?}")
}

struct Case {
    name: &'static str,
    code: String,
    arguments: String,
    expected: Option<Vec<f64>>,
    /// The sums of absolute values to which rounding is relative, unless the bits are the same.
    sums: Option<Vec<f64>>,
}

#[test]
fn kernels_in_loops_have_the_bits_of_the_crate() -> Result<(), Refusal> {
    let x: Vec<f64> = (0..12).map(|i| 0.4 + (i as f64 * 0.7).sin() * 0.3).collect();
    let other: Vec<f64> = x.iter().map(|x| 1.3 - x).collect();
    let turned: Vec<f64> = x.iter().enumerate().map(|(i, x)| if i == 4 { -x } else { *x }).collect();
    let large: Vec<f64> = x.iter().map(|x| x * 10.0).collect();
    let at_zero: Vec<f64> = (0..12).map(|i| if i < 4 { 0.0 } else { 0.5 }).collect();
    let (x_single, data) =
        ([0.3_f32, 0.8, -0.4, 0.5, 0.9, 1.1], [0.1, 0.7, 1.0, 0.4, 0.2, 0.5, 0.9, 0.3, 2.0, 1.2, 0.1, 0.3]);
    let named = |f: &dyn Fn() -> Source, name: &'static str| f().name(name);
    let case = |name, code, arguments: &[&[f64]], expected| {
        let arguments: Vec<String> = arguments.iter().map(|x| array(x)).collect();
        Case { name, code, arguments: arguments.join(", "), expected, sums: None }
    };
    let again = |name, arguments, expected| case(name, String::new(), arguments, expected);
    let (y_mesh, slopes_mesh) = vjp(mesh, &x[..6], &[1.0, -2.0, 0.5, 3.0, 0.25]);
    let (y_single, g_single) = gradient(single, &x_single);
    let of_line = gradient(|x| line(x, &data.map(Scalar::from_real)), &x[..2]);
    let cases = [
        case(
            "chain",
            named(&|| Source::of(&function!(chain), &x), "chain").gradient()?,
            &[&x],
            of_gradient(gradient(chain, &x)),
        ),
        again("chain", &[&other], of_gradient(gradient(chain, &other))),
        case(
            "chain_value",
            Source::of(&function!(chain), &x).name("chain_value").value()?,
            &[&x],
            Some(vec![chain(&x)]),
        ),
        case(
            "layers",
            Source::of(&function!(layers), &x).name("layers").gradient()?,
            &[&x],
            of_gradient(gradient(layers, &x)),
        ),
        again("layers", &[&other], of_gradient(gradient(layers, &other))),
        again("layers", &[&turned], None),
        case(
            "fit",
            Source::of(&function!(fit), &x[..2]).name("fit").gradient()?,
            &[&other[..2]],
            of_gradient(gradient(fit, &other[..2])),
        ),
        case(
            "mesh",
            Source::of(&function!(mesh: &[S] -> Vec<S>), &x[..6]).name("mesh").vjp()?,
            &[&x[..6], &[1.0, -2.0, 0.5, 3.0, 0.25]],
            Some([y_mesh, slopes_mesh].concat()),
        ),
        case(
            "weighted",
            Source::of(&function!(weighted), &x).name("weighted").gradient()?,
            &[&x],
            of_gradient(gradient(weighted, &x)),
        ),
        case(
            "line",
            Source::with_parameters(&function!(line: &[S], &[S] -> S), &other[..2], &data).name("line").gradient()?,
            &[&x[..2], &data],
            of_gradient(of_line.clone()),
        ),
        case(
            "scaled",
            Source::with_parameters(&function!(scaled: &[S], &[S] -> S), &other[..2], &data)
                .name("scaled")
                .gradient()?,
            &[&x[..2], &data],
            of_gradient(gradient(|x| scaled(x, &data.map(Scalar::from_real)), &x[..2])),
        ),
        case(
            "fixed",
            Source::with_parameters(&function!(line: &[S], &[S] -> S), &other[..2], &data)
                .name("fixed")
                .fixed_parameters()
                .gradient()?,
            &[&x[..2]],
            of_gradient(of_line),
        ),
        case(
            "unread",
            Source::of(&function!(unread), &x).name("unread").gradient()?,
            &[&x],
            of_gradient(gradient(unread, &x)),
        ),
        again("unread", &[&large], None),
        Case {
            name: "single",
            code: Source::of(&function!(f32, single), &x_single).name("single").gradient()?,
            arguments: format!("&{x_single:?}"),
            expected: Some([y_single].iter().chain(&g_single).map(|&x| x.into()).collect()),
            sums: None,
        },
        case(
            "roots",
            Source::of(&function!(roots), &x).name("roots").zeros_win().gradient()?,
            &[&at_zero],
            of_gradient(gradient(roots, &at_zero)),
        ),
        case(
            "fallen",
            Source::of(&function!(layers), &x).name("fallen").fallback("other").gradient()?,
            &[&turned],
            Some(vec![7.0; 13]),
        ),
    ];
    let other = "fn other(_: &[f64; 12]) -> (f64, [f64; 12]) {\n    (7.0, [7.0; 12])\n}\n";
    assert_cases("kernels", &cases, other);
    Ok(())
}

/// Runs the code of all cases, and compares the numbers.
#[track_caller]
fn assert_cases(name: &str, cases: &[Case], other: &str) {
    let with_code = || cases.iter().filter(|case| !case.code.is_empty());
    for Case { code, .. } in with_code() {
        assert!(code.contains("    fn kernel(") && code.contains("    for i in "), "{code}");
    }
    let functions = with_code().map(|case| case.code.as_str()).collect::<Vec<&str>>().join("\n");
    assert_formatted(name, &functions);
    let is_partial = |name: &str| with_code().any(|case| case.name == name && case.code.contains(") -> Option<(f64, "));
    let call = |case: &Case| match is_partial(case.name) && !case.code.contains("other(") {
        true => format!("    show({}({}));\n", case.name, case.arguments),
        false => format!("    show(Some({}({})));\n", case.name, case.arguments),
    };
    let calls: String = cases.iter().map(call).collect();
    let lines = run(name, &format!("{functions}\n{SHOW}\n{other}\nfn main() {{\n{calls}}}\n"));
    for (case, line) in cases.iter().zip(lines) {
        match (numbers(&line), &case.expected) {
            (Some(generated), Some(expected)) => match &case.sums {
                Some(sums) => assert_rounded(&generated, expected, sums, 2.0, case.name),
                None => assert_same(&generated, expected, case.name),
            },
            (generated, expected) => assert_eq!(generated, *expected, "{}", case.name),
        }
    }
}

/// Returns a direction at a point.
fn direction(x: &[f64]) -> Vec<f64> {
    x.iter().map(|x| (9.0 * x).cos() + 0.1).collect()
}

/// Returns a line that shows the result of a call.
fn call(call: &str, code: &str) -> String {
    if code.contains(") -> Option<") { format!("    show({call});\n") } else { format!("    show(Some({call}));\n") }
}

/// Returns, for each element of the product of the Hessian and a direction, the sum of the absolute values over all paths.
fn product_sums(f: &impl Function<Output = f64>, x: &[f64], v: &[f64]) -> Vec<f64> {
    let along = |row: &Vec<f64>| row.iter().zip(v).map(|(sum, v)| sum * v.abs()).sum();
    hessian_sums(f, x).iter().map(along).collect()
}

/// Returns, for the value and the derivative along a direction, the sum of the absolute values over all paths.
fn tangent_sums(f: impl FnOnce(&[Traced]) -> Traced, x: &[f64], v: &[f64]) -> Vec<f64> {
    vec![gradient_sums(f, x).iter().zip(v).map(|(sum, v)| sum * v.abs()).sum()]
}

/// The crate multiplies the slopes of a fused kernel by the direction, and the code follows the direction through the
/// kernel.
#[test]
fn kernels_along_a_direction_have_the_derivatives_of_the_crate() -> Result<(), Refusal> {
    let x: Vec<f64> = (0..12).map(|i| 0.4 + (i as f64 * 0.7).sin() * 0.3).collect();
    let v: Vec<f64> = (0..12).map(|i| (i as f64 * 1.9).cos() + 0.1).collect();
    let turned: Vec<f64> = x.iter().enumerate().map(|(i, x)| if i == 4 { -x } else { *x }).collect();
    let at_zero: Vec<f64> = (0..12).map(|i| if i < 4 { 0.0 } else { 0.5 }).collect();
    let data = [0.1, 0.7, 1.0, 0.4, 0.2, 0.5, 0.9, 0.3, 2.0, 1.2, 0.1, 0.3];
    let at_data = || data.map(Scalar::from_real);
    let case = |name, code, arguments: &[&[f64]], expected, sums| {
        let arguments: Vec<String> = arguments.iter().map(|x| array(x)).collect();
        Case { name, code, arguments: arguments.join(", "), expected, sums }
    };
    let mut cases = Vec::new();
    macro_rules! both {
        ($f:ident, $x:expr, [$jvp:literal, $hvp:literal] $(, $option:ident)?) => {{
            let (x, v): (&[f64], &[f64]) = (&$x, &v[..$x.len()]);
            let source = Source::of(&function!($f), x)$(.$option())?;
            let (code, sums) = (source.clone().name($jvp).jvp()?, tangent_sums($f, x, v));
            cases.push(case($jvp, code, &[x, v], of_jvp(jvp(|x| [$f(x)], x, v)), Some(sums)));
            cases.push(case($hvp, source.name($hvp).hvp()?, &[x, v], of_hvp(hvp($f, x, v)), None));
        }};
    }
    both!(chain, x, ["chain_jvp", "chain_hvp"]);
    both!(layers, x, ["layers_jvp", "layers_hvp"]);
    both!(fit, x[..2], ["fit_jvp", "fit_hvp"]);
    both!(weighted, x, ["weighted_jvp", "weighted_hvp"]);
    both!(roots, at_zero, ["roots_jvp", "roots_hvp"], zeros_win);
    both!(unread, x, ["unread_jvp", "unread_hvp"]);
    cases.push(case("layers_jvp", String::new(), &[&turned, &v], None, None));
    cases.push(case("layers_hvp", String::new(), &[&turned, &v], None, None));
    let (code, of_mesh) = (Source::of(&function!(mesh: &[S] -> Vec<S>), &x[..6]).name("mesh").jvp()?, 0..5);
    let of_mesh = of_mesh.flat_map(|output| tangent_sums(|x| mesh(x)[output], &x[..6], &v[..6]));
    let sums = [0.0; 4].into_iter().chain(of_mesh).collect();
    cases.push(case("mesh", code, &[&x[..6], &v[..6]], of_jvp(jvp(mesh, &x[..6], &v[..6])), Some(sums)));
    let (x, v) = (&x[..2], &v[..2]);
    let source = Source::with_parameters(&function!(line: &[S], &[S] -> S), x, &data).name("line");
    cases.push(case("line", source.hvp()?, &[x, &data, v], of_hvp(hvp(|x| line(x, &at_data()), x, v)), None));
    let source = Source::with_parameters(&function!(scaled: &[S], &[S] -> S), x, &data).name("scaled");
    cases.push(case("scaled", source.hvp()?, &[x, &data, v], of_hvp(hvp(|x| scaled(x, &at_data()), x, v)), None));
    assert_cases("kernels_along", &cases, "");
    Ok(())
}

/// A random program as a kernel at seven rows, and the sum of its results.
struct Rows(Program);

const ROWS: usize = 7;
const COMPOSITIONS: u64 = 150;

impl Rows {
    fn inputs(&self) -> usize {
        ROWS - 1 + self.0.inputs
    }

    fn sum<S: Scalar<Real = f64>, const N: usize>(&self, x: &[S]) -> S {
        x.windows(N).map(|x| fuse::<_, S, N>(&self.0, x.try_into().expect("as many"))).sum()
    }

    /// Returns the answers to the questions of all rows.
    fn answers(&self, x: &[f64]) -> Vec<Vec<Option<std::cmp::Ordering>>> {
        x.windows(self.0.inputs).map(|x| self.0.answers(x)).collect()
    }
}

impl Function for Rows {
    type Output = f64;

    fn eval<S: Scalar<Real = f64>>(&self, x: &[S]) -> S {
        let terms = match self.0.inputs {
            1 => self.sum::<S, 1>(x),
            2 => self.sum::<S, 2>(x),
            3 => self.sum::<S, 3>(x),
            _ => self.sum::<S, 4>(x),
        };
        terms * x[0]
    }
}

#[test]
fn random_kernels_in_loops_have_the_bits_of_the_crate() {
    let programs: Vec<Rows> = (1000..1120).map(|number| Rows(Program::random(number))).collect();
    // Rows beside one another, so that most answer alike.
    let points = |rows: &Rows| {
        let near = |start: f64| (0..rows.inputs()).map(|i| start + 0.01 * (i as f64 * 1.7).sin()).collect::<Vec<f64>>();
        [0.6, -0.4, 1.3].map(near)
    };
    let (mut functions, mut calls) = (String::new(), String::new());
    for (number, rows) in programs.iter().enumerate() {
        let source = Source::of(rows, &points(rows)[0]);
        let source = if number % 3 == 0 { source.wide_slopes().zeros_win() } else { source };
        let named = |verb: &str| source.clone().name(format!("{verb}_{number}"));
        for (verb, code) in [("gradient", named("gradient").gradient()), ("hvp", named("hvp").hvp())] {
            let code = code.expect("a derivative");
            for x in points(rows) {
                let more = if verb == "hvp" { format!(", &{:?}", direction(&x)) } else { String::new() };
                calls += &call(&format!("{verb}_{number}(&{x:?}{more})"), &code);
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
        let cases = ["gradient", "hvp"].into_iter().flat_map(|verb| points(rows).map(|x| (verb, x)));
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
                _ => of_gradient(gradient(|x| rows.eval(x), &x)),
            };
            let expected = expected.expect("a derivative");
            if is_loop && !rows.0.repeats {
                assert_same(&generated, &expected, &what);
            } else {
                let sums = [gradient_sums(|x| rows.eval(x), &x), product_sums(rows, &x, &v)].concat();
                assert_rounded(&generated, &expected, &sums, 2.0, &what);
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
                calls += &call(&format!("{verb}_{number}(&{x:?}{more})"), &code);
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

/// Rosenbrock's function, term by term.
fn valley<S: Scalar<Real = f64>>(x: &[S]) -> S {
    let term = function!(|x: &[S]| -> S { (-x[0] + 1.0).powi(2) + (x[1] - x[0].powi(2)).powi(2) * 100.0 });
    x.windows(2).map(|x| fuse(&term, [x[0], x[1]])).sum()
}

#[test]
fn a_kernel_at_ten_thousand_rows_is_a_small_function() -> Result<(), Refusal> {
    let x: Vec<f64> = (0..10_001).map(|i| (i as f64).sin()).collect();
    let source = Source::of(&function!(valley), &x);
    let (gradient_code, jvp_code, hvp_code) = (source.gradient()?, source.jvp()?, source.hvp()?);
    for code in [&gradient_code, &jvp_code, &hvp_code] {
        assert!(code.lines().count() < 45, "{code}");
    }
    let main = "
fn main() {
    let x = std::array::from_fn(|i| (i as f64).sin());
    let v = std::array::from_fn(|i| (i as f64).cos());
    show(Some(gradient(&x)));
    show(Some(jvp(&x, &v)));
    show(Some(hvp(&x, &v)));
}";
    let lines = run("ten_thousand_rows", &format!("{gradient_code}\n{jvp_code}\n{hvp_code}\n{SHOW}\n{main}\n"));
    let [of_gradient_code, of_jvp_code, of_hvp_code] = [0, 1, 2].map(|line| numbers(&lines[line]).expect("a result"));
    assert_same(&of_gradient_code, &of_gradient(gradient(valley, &x)).expect("a gradient"), "the gradient");
    let v: Vec<f64> = (0..10_001).map(|i| (i as f64).cos()).collect();
    let of_jvp_expected = of_jvp(jvp(|x| [valley(x)], &x, &v)).expect("a derivative");
    assert_rounded(&of_jvp_code, &of_jvp_expected, &tangent_sums(valley, &x, &v), 2.0, "the derivative along v");
    assert_same(&of_hvp_code, &of_hvp(hvp(valley, &x, &v)).expect("a product"), "the product with the Hessian");
    Ok(())
}
