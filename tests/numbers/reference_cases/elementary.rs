//! The functions of `elementary.json`, written once.

use std::collections::BTreeMap;

use dualtape::{Function, Real, Scalar, log_sum_exp};

/// The arguments that are not differentiated.
pub(crate) type Params = BTreeMap<String, String>;

/// A known function with the parameters that are not differentiated, at any precision.
pub(crate) struct Elementary<'a> {
    pub(crate) name: &'a str,
    pub(crate) params: &'a Params,
}

impl<R: Real> Function<R> for Elementary<'_> {
    type Output = R;

    fn eval<S: Scalar<Real = R>>(&self, x: &[S]) -> S {
        elementary(self.name, self.params, x).expect("a known function")
    }
}

/// The function called `name` at `x`, or `None` for an unknown one.
#[expect(clippy::eq_op, reason = "x/x is a case")]
pub(crate) fn elementary<S: Scalar>(name: &str, params: &Params, x: &[S]) -> Option<S> {
    let whole = |key: &str| params[key].parse().expect("a whole number");
    let real = |key: &str| <S::Real as Scalar>::from_f64(params[key].parse().expect("a number"));
    Some(match (name, x) {
        ("neg", &[x]) => -x,
        ("recip", &[x]) => x.recip(),
        ("add", &[a, b]) => a + b,
        ("sub", &[a, b]) => a - b,
        ("mul", &[a, b]) => a * b,
        ("div", &[a, b]) => a / b,
        ("rem", &[a, b]) => a % b,
        ("mul_add", &[a, b, c]) => a.mul_add(b, c),

        ("powi", &[x]) => x.powi(whole("n")),
        ("powf_const", &[x]) => x.powf(real("y")),
        ("powf", &[x, y]) => x.pow(y),
        ("sqrt", &[x]) => x.sqrt(),
        ("cbrt", &[x]) => x.cbrt(),
        ("hypot", &[x, y]) => x.hypot(y),

        ("exp", &[x]) => x.exp(),
        ("exp2", &[x]) => x.exp2(),
        ("exp_m1", &[x]) => x.exp_m1(),
        ("ln", &[x]) => x.ln(),
        ("log2", &[x]) => x.log2(),
        ("log10", &[x]) => x.log10(),
        ("ln_1p", &[x]) => x.ln_1p(),
        ("log_base", &[x, base]) => x.log(base),
        ("log_sum_exp", xs) => log_sum_exp(xs),

        ("sin", &[x]) => x.sin(),
        ("cos", &[x]) => x.cos(),
        ("sin_cos.0", &[x]) => x.sin_cos().0,
        ("sin_cos.1", &[x]) => x.sin_cos().1,
        ("tan", &[x]) => x.tan(),
        ("asin", &[x]) => x.asin(),
        ("acos", &[x]) => x.acos(),
        ("atan", &[x]) => x.atan(),
        ("atan2", &[y, x]) => y.atan2(x),

        ("sinh", &[x]) => x.sinh(),
        ("cosh", &[x]) => x.cosh(),
        ("tanh", &[x]) => x.tanh(),
        ("asinh", &[x]) => x.asinh(),
        ("acosh", &[x]) => x.acosh(),
        ("atanh", &[x]) => x.atanh(),

        ("abs", &[x]) => x.abs(),
        ("signum", &[x]) => x.signum(),
        ("floor", &[x]) => x.floor(),
        ("ceil", &[x]) => x.ceil(),
        ("round", &[x]) => x.round(),
        ("trunc", &[x]) => x.trunc(),
        ("fract", &[x]) => x.fract(),
        ("clamp", &[x]) => x.clamp(real("lo"), real("hi")),
        ("max", &[a, b]) => a.max(b),
        ("min", &[a, b]) => a.min(b),
        ("copysign", &[a, sign]) => a.copysign(sign),
        ("abs_sub", &[a, b]) => a.abs_sub(b),

        ("relu", &[x]) => x.relu(),
        ("sigmoid", &[x]) => x.sigmoid(),
        ("log_sigmoid", &[x]) => x.log_sigmoid(),
        ("softplus", &[x]) => x.softplus(),
        ("silu", &[x]) => x.silu(),
        ("gelu", &[x]) => x.gelu(),
        ("gelu_tanh", &[x]) => x.gelu_tanh(),

        ("erf", &[x]) => x.erf(),
        ("erfc", &[x]) => x.erfc(),
        ("norm_pdf", &[x]) => x.norm_pdf(),
        ("norm_cdf", &[x]) => x.norm_cdf(),
        ("lgamma", &[x]) => x.ln_gamma(),
        ("digamma", &[x]) => x.digamma(),

        ("where_sqrt", &[x]) => {
            if x > S::zero() {
                x.sqrt()
            } else {
                S::zero()
            }
        }
        ("sqrt_sq", &[x]) => (x * x).sqrt(),
        ("abs_sq", &[x]) => x.abs() * x.abs(),
        ("max_self", &[x]) => x.max(x),
        ("self_div", &[x]) => x / x,
        ("relu_diff", &[x]) => x.relu() - (-x).relu(),
        ("x_mul_log_x", &[x]) => x * x.ln(),
        ("sinc_naive", &[x]) => x.sin() / x,
        ("cube_cbrt", &[x]) => x.cbrt().powi(3),
        ("exp_neg_inv_sq", &[x]) => (-(x * x).recip()).exp(),
        ("sqrt4", &[x]) => x.powi(4).sqrt(),
        ("const_out", _) => S::from_f64(7.0),
        _ => return None,
    })
}
