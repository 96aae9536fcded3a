"""Writes the values with which tests/features/densities.rs compares: python3 tests/data/densities.py

SciPy 1.17.1 computes densities.json, but for LKJ, which it does not have. mpmath 1.3.0 computes that with 60 digits and
densities_large.json with 500, because ln Γ(1e200) is 5e202. transforms.json is from the formulas of the Stan Reference Manual,
chapter "Constraint Transforms", the simplex by stick breaking, with 2000 digits, because 1 - tanh(700)**2 is 4e-608.
"""

import json
from pathlib import Path

import numpy as np
from mpmath import mp, mpf
from scipy import special
from scipy import stats

FOLDER = Path(__file__).parent


def write(name, cases):
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
    (FOLDER / name).write_text(f"[\n{lines}\n]\n")


def softmax(logits):
    return special.softmax(np.array(logits))


def square(x):
    n = round(len(x) ** 0.5)
    return np.array(x).reshape(n, n)


def lkj_correlation_cholesky(l, eta):
    """Lewandowski, Kurowicka and Joe (2009), equation 16, times the Jacobian of the factor, the product of L_kk^(n - k)."""
    l = square(l)
    n = len(l)
    constant = mpf(0)
    for k in range(1, n):
        b = mpf(eta) + mpf(n - k - 1) / 2
        constant += (2 * mpf(eta) - 2 + n - k) * (n - k) * mp.log(2) + (n - k) * mp.log(mp.beta(b, b))
    pivots = [mp.log(mpf(float(l[k, k]))) for k in range(1, n)]
    return sum((2 * mpf(eta) - 2 + n - 1 - k) * p for k, p in zip(range(1, n), pivots)) - constant


# For each density how SciPy has it, and its arguments: first the outcome, vectors and matrices flat.
DENSITIES = {
    "normal": (stats.norm.logpdf, [(0.5, 0, 1), (-30, 2, 1.5), (1e3, -1, 0.2)]),
    "log_normal": (lambda x, m, s: stats.lognorm.logpdf(x, s, scale=np.exp(m)), [(0.5, 0, 1), (1e-5, 2, 1.5), (200, -1, 0.7)]),
    "student_t": (stats.t.logpdf, [(0.5, 3, 0, 1), (-40, 2.5, 1, 2), (8, 200, -1, 0.5), (1, 0.3, 0, 1)]),
    "cauchy": (stats.cauchy.logpdf, [(0.5, 0, 1), (-1e5, 2, 1.5)]),
    "laplace": (stats.laplace.logpdf, [(0.5, 0, 1), (-300, 2, 1.5)]),
    "logistic": (stats.logistic.logpdf, [(0.5, 0, 1), (-300, 2, 1.5), (700, 2, 0.5)]),
    "exponential": (lambda x, rate: stats.expon.logpdf(x, scale=1 / rate), [(0.5, 1), (300, 2.5)]),
    "gamma": (
        lambda x, a, rate: stats.gamma.logpdf(x, a, scale=1 / rate),
        [(0.5, 1, 1), (300, 20, 0.1), (1e-8, 0.2, 3), (0.02, 50, 100)],
    ),
    "inverse_gamma": (lambda x, a, s: stats.invgamma.logpdf(x, a, scale=s), [(0.5, 1, 1), (300, 20, 0.1), (0.01, 2, 3)]),
    "beta": (stats.beta.logpdf, [(0.5, 1, 1), (0.01, 20, 0.1), (0.999, 0.2, 3), (0.3, 400, 900)]),
    "weibull": (lambda x, k, s: stats.weibull_min.logpdf(x, k, scale=s), [(0.5, 1, 1), (10, 3, 2), (1e-6, 0.4, 3)]),
    "pareto": (lambda x, m, a: stats.pareto.logpdf(x, a, scale=m), [(1.5, 1, 1), (1e6, 2, 3.5)]),
    "von_mises": (lambda x, m, k: stats.vonmises.logpdf(x - m, k), [(0.5, 0, 1), (3, -0.5, 50), (1, 1, 0.01)]),
    "uniform": (lambda x, low, high: stats.uniform.logpdf(x, low, high - low), [(0.5, 0, 1), (-3, -7, 5)]),
    "bernoulli_logit": (lambda k, l: special.log_expit(l if k else -l), [(1, 0.3), (0, 0.3), (0, 40)]),
    "binomial_logit": (
        lambda k, n, l: stats.binom.logpmf(k, n, 1 / (1 + np.exp(-l))),
        [(3, 10, 0.3), (0, 5, -2), (40, 100, 0.1)],
    ),
    "poisson_log": (lambda k, l: stats.poisson.logpmf(k, np.exp(l)), [(3, 0.3), (0, -5), (120, 5)]),
    "neg_binomial": (lambda k, m, p: stats.nbinom.logpmf(k, p, p / (m + p)), [(3, 2, 1.5), (0, 0.1, 0.2), (50, 30, 20)]),
    "categorical_logit": (
        lambda k, *l: stats.multinomial.logpmf(np.eye(len(l))[k], 1, softmax(l)),
        [(1, 0.3, -1, 0.7), (0, 0.3, -1, 0.7), (3, -4, 2, 0.5, -9)],
    ),
    "multinomial_logit": (
        lambda *x: stats.multinomial.logpmf(x[: len(x) // 2], sum(x[: len(x) // 2]), softmax(x[len(x) // 2 :])),
        [(2, 0, 5, 0.3, -1, 0.7), (40, 60, 0.1, 0.5), (3, 1, 0, 12, -2, 0.5, 1, 3)],
    ),
    "dirichlet": (
        lambda *x: stats.dirichlet.logpdf(x[: len(x) // 2], x[len(x) // 2 :]),
        [(0.2, 0.3, 0.5, 1.5, 0.7, 3), (0.0625, 0.9375, 0.3, 8), (0.125, 0.5, 0.25, 0.125, 20, 75, 40, 18)],
    ),
    "multivariate_normal_cholesky": (
        lambda x, m, l: stats.multivariate_normal.logpdf(x, m, square(l) @ square(l).T),
        [
            ([0.5, -1, 2], [0, 0.2, 1], [1.2, 0, 0, 0.3, 0.8, 0, -0.4, 0.1, 1.5]),
            ([3, -7], [1, 1], [0.1, 0, -2, 0.5]),
            ([0, 1, 2, 3], [0.5, 0.5, 2, 2], [2, 0, 0, 0, 1, 1, 0, 0, 0, -1, 3, 0, 0.5, 0, 0, 0.25]),
        ],
    ),
    "multivariate_normal_precision": (
        lambda x, m, p: stats.multivariate_normal.logpdf(x, m, np.linalg.inv(square(p))),
        [
            ([0.5, -1, 2], [0, 0.2, 1], [2, 0.3, -0.1, 0.3, 1.5, 0.2, -0.1, 0.2, 1]),
            ([3, -7], [1, 1], [20, -3, -3, 0.75]),
            ([0, 1, 2, 3], [0.5, 0.5, 2, 2], [2, 1, 0, 0, 1, 2, 1, 0, 0, 1, 2, 1, 0, 0, 1, 2]),
        ],
    ),
    "lkj_correlation_cholesky": (
        lkj_correlation_cholesky,
        [
            ([1, 0, 0.6, 0.8], 1.5),
            ([1, 0, 0, -0.28, 0.96, 0, 0.48, 0.64, 0.6], 0.7),
            ([1, 0, 0, 0, 0.6, 0.8, 0, 0, 0, -0.6, 0.8, 0, 0.5, 0.5, 0.5, 0.5], 4),
        ],
    ),
}


def flat(arguments):
    numbers = []
    for argument in arguments:
        numbers += [float(x) for x in argument] if isinstance(argument, list) else [float(argument)]
    return numbers


def densities():
    for name, (ln_pdf, points) in DENSITIES.items():
        for point in points:
            yield {"fn": name, "args": flat(point), "value": float(ln_pdf(*point))}


def ln_choose(n, k):
    return mp.loggamma(n + 1) - mp.loggamma(k + 1) - mp.loggamma(n - k + 1)


def log_sigmoid(x):
    return -mp.log1p(mp.exp(-x))


LARGE = {
    "gamma": (
        lambda x, a, rate: a * mp.log(rate) - mp.loggamma(a) + (a - 1) * mp.log(x) - rate * x,
        [(1e9, 1e9, 1), (1.00002e9, 1e9, 1), (5e8, 1e9, 2), (1e15, 1e15, 1), (300, 5e4, 128)],
    ),
    "inverse_gamma": (
        lambda x, a, s: a * mp.log(s) - mp.loggamma(a) - (a + 1) * mp.log(x) - s / x,
        [(1, 1e9, 1e9), (0.5, 1e12, 5e11)],
    ),
    "beta": (
        lambda x, a, b: (a - 1) * mp.log(x) + (b - 1) * mp.log(1 - x) - mp.log(mp.beta(a, b)),
        [(0.5, 1e9, 1e9), (0.50001, 1e9, 1e9), (0.3, 3e8, 7e8), (1e-6, 1e3, 1e9), (0.25, 1e12, 3e12), (0.9, 1e7, 2)],
    ),
    "student_t": (
        lambda x, nu, m, s: mp.loggamma((nu + 1) / 2)
        - mp.loggamma(nu / 2)
        - mp.log(mp.pi * nu) / 2
        - mp.log(s)
        - (nu + 1) / 2 * mp.log1p(((x - m) / s) ** 2 / nu),
        [(1.5, 1e9, 0, 1), (-3, 1e15, 0.5, 2), (40, 1e6, 0, 1), (0.5, 1e30, 0, 1)],
    ),
    "binomial_logit": (
        lambda k, n, l: ln_choose(n, k) + k * log_sigmoid(l) + (n - k) * log_sigmoid(-l),
        [
            (500000000, 1000000000, 0),
            (500010000, 1000000000, 0),
            (700000000, 1000000000, 0.8472978603872037),
            (1000, 1000000000000, -20.72326583694641),
            (3, 1000000000, -20),
            (999999995, 1000000000, 18),
            (1000000, 4000000, 3),
            (1, 1000000, -800),
        ],
    ),
    "poisson_log": (
        lambda k, l: k * l - mp.exp(l) - mp.loggamma(k + 1),
        [
            (1000000000, 20.72326583694641),
            (1000500, 13.815510557964274),
            (1000000000000, 27.631021115928547),
            (1000000000000000, 34.538776394910684),
            (100, 4.625),
            (10, 15),
            (1000000, -3),
        ],
    ),
    "neg_binomial": (
        lambda k, m, p: mp.loggamma(k + p)
        - mp.loggamma(p)
        - mp.loggamma(k + 1)
        + k * mp.log(m / (m + p))
        - p * mp.log1p(m / p),
        [
            (1000000, 1e6, 1e9),
            (1000100, 1e6, 1e15),
            (3, 2, 1e12),
            (7, 1e-3, 1e10),
            (1000000000, 1e9, 1e9),
            (10000000, 1e6, 1e-3),
            (10000000, 1e7, 0.5),
            (2, 1e-200, 1e200),
        ],
    ),
}


def large():
    mp.dps = 500
    for name, (ln_pdf, points) in LARGE.items():
        for point in points:
            value = ln_pdf(*(mpf(float(x)) for x in point))
            yield {"fn": name, "args": flat(point), "value": float(value)}


def inv_logit(y):
    return 1 / (1 + mp.exp(-y))


def positive(y):
    return [mp.exp(y[0])], y[0]


def interval(y, a=-1, b=3):
    z = inv_logit(y[0])
    return [a + (b - a) * z], mp.log(b - a) + mp.log(z) + mp.log(1 - z)


def simplex(y):
    """Stick breaking: z_k = logit^-1(y_k + log(1/(K - k))) and x_k = (1 - sum of x before)·z_k, with k from 1."""
    size, x, ln_jacobian = len(y) + 1, [], mpf(0)
    for k, y_k in enumerate(y, 1):
        z = inv_logit(y_k + mp.log(mpf(1) / (size - k)))
        rest = 1 - sum(x)
        x.append(rest * z)
        ln_jacobian += mp.log(z) + mp.log(1 - z) + mp.log(rest)
    return [*x, 1 - sum(x)], ln_jacobian


def ordered(y):
    x = [y[0]]
    for y_k in y[1:]:
        x.append(x[-1] + mp.exp(y_k))
    return x, sum(y[1:], mpf(0))


def correlation_cholesky(y):
    """z = tanh y, x_ij = z_ij·sqrt(1 - sum of squares before in the row), and the diagonal is the square root of the rest."""
    n = next(n for n in range(10) if n * (n - 1) // 2 == len(y))
    z, x, ln_jacobian = (mp.tanh(y) for y in y), [], mpf(0)
    for i in range(n):
        row = []
        for _ in range(i):
            rest = 1 - sum(x * x for x in row)
            of_pair = next(z)
            row.append(of_pair * mp.sqrt(rest))
            ln_jacobian += mp.log(1 - of_pair * of_pair) + mp.log(rest) / 2
        row.append(mp.sqrt(1 - sum(x * x for x in row)))
        x += row + [mpf(0)] * (n - 1 - i)
    return x, ln_jacobian


ONE = [[0.4], [-2.5], [30], [-30], [700], [-700]]
THREE = [[0.4, -1.2, 0.8], [-3, 2, 0], [30, -30, 30], [-30, 30, -30], [700, -700, 700], [-700, 700, -700], [-700, -700, -700]]
TRANSFORMS = [(positive, ONE), (interval, ONE), (simplex, THREE), (ordered, THREE[:3] + THREE[4:]), (correlation_cholesky, THREE)]


def transforms():
    mp.dps = 2000
    for transform, points in TRANSFORMS:
        for y in points:
            x, ln_jacobian = transform([mpf(float(y)) for y in y])
            numbers = {"y": flat([y]), "x": [float(x) for x in x], "ln_jacobian": float(ln_jacobian)}
            yield {"fn": transform.__name__, **numbers}


mp.dps = 60
write("densities.json", densities())
write("densities_large.json", large())
write("transforms.json", transforms())
