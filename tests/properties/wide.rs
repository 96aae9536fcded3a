//! Chains of functions of tiny and huge numbers, to the third order, in every reading against series.
//!
//! The functions are near a power or a logarithm of their argument there. So all derivatives with respect to the
//! logarithm of the argument are of one size, whether or not the slopes on the way overflow, and rounding is small
//! beside the largest of them.

use dualtape::{Dual, Scalar, Tape, Taylor, Var, gradient, hessian, taylor};

/// Calls `$callback` with every link of a chain: its name, and its result from the number so far, an earlier one and a
/// plain number between 1/2 and 2.
macro_rules! links {
    (|$u:ident, $v:ident, $c:ident| $($name:ident: $f:expr;)*) => {
        /// A function in a chain.
        #[derive(Clone, Copy, Debug)]
        #[expect(non_camel_case_types, reason = "these are the names of methods")]
        pub(crate) enum Link { $($name),* }

        impl Link {
            pub(crate) const ALL: &[Link] = &[$(Link::$name),*];

            fn apply<S: Scalar<Real = f64>>(self, $u: S, $v: S, $c: f64) -> S {
                match self { $(Link::$name => $f),* }
            }
        }
    };
}

links! {
    |u, v, c|
    recip: u.recip();
    over: S::from_real(c) / u;
    times: u * c;
    larger: u * (c * 1e120);
    smaller: u / (c * 1e120);
    product: u * v;
    quotient: u / v;
    square: u * u;
    sqrt: u.sqrt();
    cbrt: u.cbrt();
    powi_3: u.powi(3);
    powi_minus_1: u.powi(-1);
    powi_minus_2: u.powi(-2);
    powf: u.powf(c);
    powf_minus: u.powf(-c);
    pow: u.pow(S::from_real(c));
    pow_minus: u.pow(S::from_real(-c));
    ln: u.ln();
    log2: u.log2();
    log10: u.log10();
    ln_1p: u.ln_1p();
    log: u.log(S::from_real(c + 2.0));
    log_to: S::from_real(c + 2.0).log(u);
    plus_one: u + c;
    mul_add: u.mul_add(v, S::from_real(c));
    hypot: u.hypot(u * c);
    hypot_one: u.hypot(S::from_real(c));
    hypot_of: u.hypot(v);
    atan: u.atan();
    atan2: u.atan2(S::from_real(c));
    atan2_from: S::from_real(c).atan2(u);
    atan2_of: u.atan2(v);
    asinh: u.asinh();
    acosh: u.acosh();
    atanh: u.atanh();
    asin: u.asin();
    max: u.max(v);
    abs: u.abs();
    softplus: u.softplus();
    silu: u.silu();
    gelu: u.gelu();
    ln_gamma: u.ln_gamma();
    digamma: u.digamma();
    trigamma: u.polygamma(1);
    tetragamma: u.polygamma(2);
}

/// Functions one after the other, of eᵗ.
#[derive(Clone, Debug)]
pub(crate) struct Chain {
    /// The function, the plain number, and how many results before the last the other operand is.
    pub(crate) links: Vec<(Link, f64, usize)>,
    pub(crate) t: f64,
}

impl Chain {
    /// The results of all links, made positive.
    fn results<S: Scalar<Real = f64>>(&self, t: S) -> Vec<S> {
        let mut results = vec![t.exp()];
        for &(link, c, back) in &self.links {
            let [u, v] = operands(&results, back);
            let y = link.apply(u, v, c);
            results.push(if y < 0.0 { -y } else { y });
        }
        results
    }

    fn last<S: Scalar<Real = f64>>(&self, t: S) -> S {
        *self.results(t).last().expect("the exponential")
    }

    /// The first derivative of the last result, if no term of any on the way had cancelled another one.
    fn size(&self, results: &[f64]) -> f64 {
        let mut sizes = vec![results[0]];
        for (&(link, c, back), at) in self.links.iter().zip(1..) {
            let ([u, v], [by_u, by_v]) = (operands(&results[..at], back), operands(&sizes, back));
            let y: Dual<f64, 2> = link.apply(Dual::new(u, [by_u, 0.0]), Dual::new(v, [0.0, by_v]), c);
            sizes.push(y.partials[0].abs() + y.partials[1].abs());
        }
        sizes[self.links.len()]
    }

    /// Panics where a reading disagrees with the series, and returns how many readings were compared: those in which all
    /// numbers on the way fit into the exponents.
    pub(crate) fn assert_agreement(&self) -> usize {
        let series: Vec<Taylor<f64, 3>> = self.results(Taylor::variable(self.t));
        let values: Vec<f64> = series.iter().map(|y| y.value()).collect();
        let slopes: Vec<f64> = series.iter().map(|y| decades(y[1])).collect();
        let expected: Vec<f64> = series[self.links.len()].derivatives().collect();
        let size = expected[1..].iter().fold(self.size(&values), |size, y| size.max(y.abs()));
        if !values.iter().map(|&y| decades(y)).chain(slopes.iter().copied()).chain([decades(size)]).all(fits) {
            return 0;
        }
        let agree = |reading: &str, found: &[f64]| {
            for (order, (found, expected)) in found.iter().zip(&expected).enumerate() {
                let tolerance = if order == 0 { 0.0 } else { 1e-9 * size };
                assert!(
                    (found - expected).abs() <= tolerance,
                    "{reading}, order {order}: {found:e}, and {expected:e} by series, of {self:?}"
                );
            }
        };
        let twice = |y: Dual<Dual>| [y.primal.primal, y.partials[0].primal, y.partials[0].partials[0]];
        let thrice = self.last(Dual::variable(Dual::<Dual>::variable(Dual::variable(self.t))));
        let [y, first, second] = twice(thrice.primal);
        agree("forward thrice", &[y, first, second, thrice.partials[0].partials[0].partials[0]]);

        // An adjoint is a number too: the derivative with respect to a result.
        let last = decades(size);
        if !slopes.iter().all(|slope| fits(last - slope)) {
            return 1;
        }
        let at = Dual::<Dual>::variable(Dual::variable(self.t));
        let (y, g) = gradient(|x: &[Var<Dual<Dual>>]| self.last(x[0]), &[at]);
        let [first, second, third] = twice(g[0]);
        agree("forward twice over reverse", &[y.primal.primal, first, second, third]);
        let (y, g, h) = hessian(|x| self.last(x[0]), &[self.t]);
        agree("hessian", &[y, g[0], h[0][0]]);
        let tape = Tape::new();
        let over_reverse = taylor::<Var, 3>(|t| self.last(t), tape.var(self.t));
        agree("series over reverse", &over_reverse.derivatives().map(Var::value).collect::<Vec<f64>>());

        // And so is the derivative of a slope with respect to a result.
        if !slopes.iter().chain([&last]).all(|&decades| fits(4.0 * decades)) {
            return 4;
        }
        let (g, h) = gradient(|x| gradient(|x| self.last(x[0]), x).1[0], &[self.t]);
        agree("reverse over reverse", &[y, g, h[0]]);
        5
    }
}

/// The last result, and one of those before it.
fn operands<T: Copy>(results: &[T], back: usize) -> [T; 2] {
    let last = results.len() - 1;
    [results[last], results[last.saturating_sub(back)]]
}

/// The decimal logarithm of the size.
fn decades(x: f64) -> f64 {
    x.abs().log10()
}

/// Whether numbers of this size, and some of their multiples, are ordinary numbers.
fn fits(decades: f64) -> bool {
    decades.abs() < 290.0
}
