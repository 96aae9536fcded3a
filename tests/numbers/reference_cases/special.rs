//! The functions of `special.json`, written once.

use dualtape::{Scalar, special::*};

/// Returns the function called `name` at `args`, or `None` for an unknown one.
pub(crate) fn evaluate<S: Scalar<Real = f64>>(name: &str, args: &[S]) -> Option<S> {
    Some(match (name, args) {
        ("gamma_p", &[a, x]) => gamma_p(a, x),
        ("gamma_q", &[a, x]) => gamma_q(a, x),
        ("beta_reg", &[a, b, x]) => beta_reg(a, b, x),
        ("ln_beta", &[a, b]) => ln_beta(a, b),
        ("ln_rising_factorial", &[a, n]) => ln_rising_factorial(a, n),
        ("norm_ln_cdf", &[x]) => norm_ln_cdf(x),
        ("norm_quantile", &[p]) => norm_quantile(p),
        ("erf_inv", &[x]) => erf_inv(x),
        ("log_add_exp", &[a, b]) => log_add_exp(a, b),
        ("log_sub_exp", &[a, b]) => log_sub_exp(a, b),
        ("ln_1m_exp", &[x]) => ln_1m_exp(x),
        ("xlogy", &[x, y]) => xlogy(x, y),
        ("xlog1py", &[x, y]) => xlog1py(x, y),
        ("bessel_j0", &[x]) => bessel_j0(x),
        ("bessel_j1", &[x]) => bessel_j1(x),
        ("bessel_i0e", &[x]) => bessel_i0e(x),
        ("bessel_i1e", &[x]) => bessel_i1e(x),
        ("student_t_cdf", &[t, nu]) => student_t_cdf(t, nu),
        ("gamma_quantile", &[p, a]) => gamma_quantile(p, a),
        ("beta_quantile", &[p, a, b]) => beta_quantile(p, a, b),
        _ => return None,
    })
}
