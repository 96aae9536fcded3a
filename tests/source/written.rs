//! Every shape and option of generated functions, and every refusal.

use dualtape::graph::{trace, trace_parametric};
use dualtape::source::{Refusal, Source};
use dualtape::sparse::{hessian_sparse, jacobian_sparse};
use dualtape::{Block, Function, Scalar, function, gradient, jacobian, jacobian_reverse, jvp, log_sum_exp, vjp};

use crate::compiled::{SHOW, assert_formatted, assert_same, numbers, run};

/// The value of a bond, with the names of its terms.
fn bond<S: Scalar<Real = f64>>(x: &[S]) -> S {
    let (rate, spread, time) = (x[0].label("rate"), x[1].label("spread"), x[2].label("time to maturity"));
    let discount = (-(rate + spread) * time).exp().label("fn");
    let growth = (time.ln_1p() * rate.sqrt()).tanh().label("growth");
    discount * 100.0 + growth.log(rate + 2.0) * discount.fract() + time.powi(-2).mul_add(spread, rate.floor())
}

fn polar<S: Scalar<Real = f64>>(x: &[S]) -> Vec<S> {
    vec![x[0].hypot(x[1]), x[1].atan2(x[0]), x[0] * x[1]]
}

fn two<S: Scalar<Real = f64>>(x: &[S]) -> Vec<S> {
    vec![x[0] * x[1] * x[2], x[3].sin()]
}

fn differences<S: Scalar<Real = f64>>(x: &[S]) -> Vec<S> {
    x.windows(2).map(|x| x[1] * x[1] - x[0]).collect()
}

fn chain<S: Scalar<Real = f64>>(x: &[S]) -> S {
    x.windows(2).map(|x| (x[0] * x[1]).sin() + x[0].powi(4)).sum()
}

fn weighted<S: Scalar<Real = f64>>(x: &[S], p: &[S]) -> S {
    x[0] * x[0] * p[0] + x[1] * p[1].exp()
}

fn single<S: Scalar<Real = f32>>(x: &[S]) -> S {
    (x[0].sin() * x[1] * 0.1 + x[1].powi(3)).sigmoid() + x[0].powf(1.5) / x[1]
}

fn kinked<S: Scalar<Real = f64>>(x: &[S]) -> S {
    if x[0] < x[1] { x[0] * x[1] } else { x[0] - x[1] }
}

/// The functions of `libm` that the code calls, by std.
const LIBM: &str = "
mod libm {
    macro_rules! functions {
        ($($name:ident $method:ident;)*) => {
            $(pub fn $name(x: f64) -> f64 { x.$method() })*
        };
    }
    functions! { exp exp; log ln; log1p ln_1p; sqrt sqrt; tanh tanh; floor floor; trunc trunc; }
    pub fn pow(x: f64, y: f64) -> f64 { x.powf(y) }
    pub fn fma(x: f64, y: f64, z: f64) -> f64 { x.mul_add(y, z) }
}

fn other(x: &[f64; 2]) -> (f64, [f64; 2]) {
    (x[0] - x[1], [7.0, 8.0])
}
";

/// A generated function, a call of it, and the numbers of the crate.
struct Case {
    name: &'static str,
    code: String,
    arguments: &'static str,
    expected: Vec<f64>,
}

#[test]
fn each_derivative_and_option_has_the_numbers_of_the_crate() -> Result<(), Refusal> {
    let (x2, x4, terms) = ([1.5, -0.7], [0.3, 1.2, -0.4, 0.8], [0.04, 0.01, 3.0]);
    let polar_source = Source::of(&function!(polar: &[S] -> Vec<S>), &x2);
    let bond_source = Source::of(&function!(bond), &terms);
    let weighted_source = Source::with_parameters(&function!(weighted: &[S], &[S] -> S), &[1.0, 2.0], &[3.0, 0.5]);
    let at_parameters = |p: [f64; 2]| {
        let (y, g) = gradient(|x| weighted(x, &p.map(Scalar::from_real)), &[1.0, 2.0]);
        [vec![y], g].concat()
    };
    let together = |(y, j): (Vec<f64>, dualtape::Matrix<f64>)| [y, j.into_entries()].concat();
    let of_bond = {
        let (y, g) = gradient(bond, &terms);
        [vec![y], g].concat()
    };
    let (y_chain, g_chain, h_chain) = hessian_sparse(&function!(chain), &x4);
    let (y_bands, bands) = jacobian_sparse(&function!(differences: &[S] -> Vec<S>), &x4);
    let (y_single, g_single) = gradient(single, &[0.75_f32, 1.25]);
    let (y_along, along) = jvp(polar, &x2, &[2.0, 3.0]);
    let (y_weighted, adjoint) = vjp(polar, &x2, &[2.0, 3.0, -1.0]);
    let case = |name, code, arguments, expected| Case { name, code, arguments, expected };
    let cases = [
        case("value", polar_source.value()?, "&[1.5, -0.7]", polar(&x2)),
        case("jacobian", polar_source.jacobian()?, "&[1.5, -0.7]", together(jacobian(polar, &x2))),
        case("jvp", polar_source.jvp()?, "&[1.5, -0.7], &[2.0, 3.0]", [y_along, along].concat()),
        case("vjp", polar_source.vjp()?, "&[1.5, -0.7], &[2.0, 3.0, -1.0]", [y_weighted, adjoint].concat()),
        case(
            "wide",
            Source::of(&function!(two: &[S] -> Vec<S>), &x4).name("wide").jacobian()?,
            "&[0.3, 1.2, -0.4, 0.8]",
            together(jacobian_reverse(two, &x4)),
        ),
        case(
            "bands",
            Source::of(&function!(differences: &[S] -> Vec<S>), &x4).name("bands").sparse_jacobian()?,
            "&[0.3, 1.2, -0.4, 0.8]",
            [&y_bands, bands.values()].concat(),
        ),
        case(
            "curvature",
            Source::of(&function!(chain), &x4).name("curvature").sparse_hessian()?,
            "&[0.3, 1.2, -0.4, 0.8]",
            [&[y_chain], &g_chain[..], h_chain.values()].concat(),
        ),
        case(
            "with_parameters",
            weighted_source.clone().name("with_parameters").gradient()?,
            "&[1.0, 2.0], &[4.0, -0.5]",
            at_parameters([4.0, -0.5]),
        ),
        case(
            "fixed",
            weighted_source.name("fixed").fixed_parameters().gradient()?,
            "&[1.0, 2.0]",
            at_parameters([3.0, 0.5]),
        ),
        case(
            "single",
            Source::of(&function!(f32, single), &[0.75, 1.25]).name("single").gradient()?,
            "&[0.75, 1.25]",
            [y_single].iter().chain(&g_single).map(|&x| x.into()).collect(),
        ),
        case("bond", bond_source.clone().name("bond").gradient()?, "&[0.04, 0.01, 3.0]", of_bond.clone()),
        case("embedded", bond_source.name("embedded").no_std().gradient()?, "&[0.04, 0.01, 3.0]", of_bond),
        case(
            "kinked",
            Source::of(&function!(kinked), &[1.0, 2.0]).name("kinked").fallback("other").gradient()?,
            "&[2.0, 1.0]",
            vec![1.0, 7.0, 8.0],
        ),
    ];

    let functions: Vec<&str> = cases.iter().map(|case| case.code.as_str()).collect();
    let functions = functions.join("\n");
    assert_formatted("written", &functions);
    for line in [
        "pub const CURVATURE_ROW_STARTS: [usize; 5] = [0, 2, 5, 8, 10];",
        "pub const BANDS_COLUMNS: [usize; 6] = [0, 1, 1, 2, 2, 3];",
        "    let time_to_maturity = x[2];",
        "    let the_fn = t1.exp();",
        "    let growth = t4.tanh();",
    ] {
        assert!(functions.lines().any(|own| own == line), "{line}: {functions}");
    }
    let call = |case: &Case| format!("    show(Some({}({})));\n", case.name, case.arguments);
    let calls: String = cases.iter().map(call).collect();
    let lines = run("written", &format!("{functions}\n{SHOW}\n{LIBM}\nfn main() {{\n{calls}}}\n"));
    for (case, line) in cases.iter().zip(lines) {
        assert_same(&numbers(&line).expect("a result"), &case.expected, case.name);
    }
    Ok(())
}

#[test]
fn the_code_of_a_graph_is_that_of_its_function() -> Result<(), Refusal> {
    let of_graph = Source::of_graph(&trace(kinked, &[1.0, 2.0]));
    assert_eq!(of_graph.gradient()?, Source::of(&function!(kinked), &[1.0, 2.0]).gradient()?);
    let of_graph = Source::of_graph(&trace(single, &[0.75_f32, 1.25]));
    assert_eq!(of_graph.hessian()?, Source::of(&function!(f32, single), &[0.75, 1.25]).hessian()?);
    let of_graph = Source::of_graph(&trace_parametric(weighted, &[1.0, 2.0], &[3.0, 0.5]));
    let of_function = Source::with_parameters(&function!(weighted: &[S], &[S] -> S), &[1.0, 2.0], &[3.0, 0.5]);
    assert_eq!(of_graph.gradient()?, of_function.gradient()?);
    assert_eq!(of_graph.fixed_parameters().gradient()?, of_function.fixed_parameters().gradient()?);
    let reads = trace(|x| if x[0].value() < 1.0 { x[0] } else { x[1] }, &[0.5, 1.0]);
    assert!(matches!(Source::of_graph(&reads).gradient(), Err(Refusal::Reading { .. })));
    Ok(())
}

/// An operation with a pull-back of its own.
#[derive(Clone)]
struct Doubled;

impl Block for Doubled {
    fn value(&self, x: &[f64]) -> Vec<f64> {
        x.iter().map(|x| x * 2.0).collect()
    }

    fn pull_back<S: Scalar<Real = f64>>(&self, _: &[S], _: &[S], u: &[S]) -> Vec<S> {
        u.iter().map(|&u| u * 2.0).collect()
    }
}

#[test]
fn a_refusal_names_the_operation_and_the_way_out() {
    #[track_caller]
    fn assert_refused(f: &impl Function<Output = f64>, parts: [&str; 2]) {
        let message = Source::of(f, &[0.5, 1.0]).gradient().expect_err("a refusal").to_string();
        assert!(parts.iter().all(|part| message.contains(part)), "{message}");
    }
    assert_refused(&function!(|x: &[S]| -> S { x[0].norm_cdf() }), ["`norm_cdf`", ".libm()"]);
    assert_refused(&function!(|x: &[S]| -> S { x[0].digamma() }), ["`digamma`", ".special("]);
    assert_refused(&function!(|x: &[S]| -> S { log_sum_exp(x) }), ["`log_sum_exp`", "sums over the elements"]);
    assert_refused(&function!(|x: &[S]| -> S { Doubled.apply(x)[0] }), ["`Doubled[0]`", "write it in the operations"]);
    assert_refused(
        &function!(|x: &[S]| -> S { if x[0].value() < 1.0 { x[0] } else { x[1] } }),
        ["written.rs", "`x < y`"],
    );
    let several = Source::of(&function!(polar: &[S] -> Vec<S>), &[0.5, 1.0]).hessian().expect_err("a refusal");
    assert_eq!(several, Refusal::Outputs { verb: "hessian", outputs: 3 });
    assert!(Source::of(&function!(|x: &[S]| -> S { x[0] * x[0].value() }), &[2.0]).reads_freely().gradient().is_ok());
}

#[test]
fn a_function_that_is_too_long_is_refused() {
    let long = function!(|x: &[S]| -> S { (0..20_000).fold(x[0], |y, _| (y * x[1]).sin()) });
    let message = Source::of(&long, &[0.5, 1.0]).gradient().expect_err("a refusal").to_string();
    assert!(message.contains("split the function"), "{message}");
}
