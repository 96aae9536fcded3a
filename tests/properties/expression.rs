//! Random expressions over every function of the crate.
//!
//! An expression is a list of steps. Each takes earlier ones as arguments, so common subexpressions are shared, and
//! unused results are dead code. Arguments outside the domain of a function are mapped into it smoothly. All values
//! stay moderate then, and a bound on the rounding errors of derivatives is a product of moderate numbers.

use dualtape::{
    Dual, Function, Rule, Scalar, dense, dot, function, fuse, fuse_map, linearize, log_softmax, log_sum_exp, softmax,
    sum, weighted_sum,
};

/// The longest path from an input to a result.
pub(crate) const DEPTH: usize = 12;

/// The longest slice that a step takes.
pub(crate) const WINDOW: usize = 10;

/// Declares every elementary function with its parameters, made of a plain number c,
/// and its domain.
macro_rules! functions {
    (
        |$c:ident|
        unary { $($name:ident($($p:expr),*) in $domain:expr;)* }
        binary { $($name2:ident in $domain2:expr;)* }
    ) => {
        /// An elementary function of one number.
        #[derive(Clone, Copy, Debug, PartialEq)]
        #[expect(non_camel_case_types, reason = "these are the names of the methods")]
        pub(crate) enum Unary { $($name),* }

        impl Unary {
            pub(crate) const ALL: &[Unary] = &[$(Unary::$name),*];

            fn domain(self, $c: f64) -> (f64, f64) {
                match self { $(Unary::$name => $domain),* }
            }

            fn apply<S: Scalar<Real = f64>>(self, x: S, $c: f64) -> S {
                match self { $(Unary::$name => x.$name($($p),*)),* }
            }
        }

        /// An elementary function of two numbers.
        #[derive(Clone, Copy, Debug, PartialEq)]
        #[expect(non_camel_case_types, reason = "these are the names of the methods")]
        pub(crate) enum Binary { $($name2),* }

        impl Binary {
            pub(crate) const ALL: &[Binary] = &[$(Binary::$name2),*];

            fn domain(self, $c: f64) -> [(f64, f64); 2] {
                match self { $(Binary::$name2 => $domain2),* }
            }

            fn apply<S: Scalar<Real = f64>>(self, x: S, y: S) -> S {
                match self { $(Binary::$name2 => x.$name2(y)),* }
            }
        }
    };
}

const REALS: (f64, f64) = (-3.0, 3.0);
const POSITIVE: (f64, f64) = (0.2, 3.0);

/// Numbers away from zero, of the sign of c.
fn nonzero(c: f64) -> (f64, f64) {
    if c < 0.0 { (-3.0, -0.2) } else { POSITIVE }
}

functions! {
    |c|
    unary {
        abs() in REALS;
        recip() in nonzero(c);
        powi((c * 3.0) as i32) in if c < 0.0 { (0.4, 2.0) } else { (-2.0, 2.0) };
        powf(if c.fract().abs() < 0.5 { c.trunc() } else { c }) in POSITIVE;
        sqrt() in POSITIVE;
        cbrt() in nonzero(c);
        exp() in REALS;
        exp2() in REALS;
        exp_m1() in REALS;
        ln() in POSITIVE;
        log2() in POSITIVE;
        log10() in POSITIVE;
        ln_1p() in (-0.7, 3.0);
        sin() in REALS;
        cos() in REALS;
        tan() in (-1.3, 1.3);
        asin() in (-0.95, 0.95);
        acos() in (-0.95, 0.95);
        atan() in REALS;
        sinh() in REALS;
        cosh() in REALS;
        tanh() in REALS;
        asinh() in REALS;
        acosh() in (1.1, 3.0);
        atanh() in (-0.95, 0.95);
        signum() in REALS;
        floor() in REALS;
        ceil() in REALS;
        round() in REALS;
        trunc() in REALS;
        fract() in REALS;
        clamp(-c.abs(), c.abs()) in REALS;
        relu() in REALS;
        leaky_relu(c) in REALS;
        elu(c) in REALS;
        sigmoid() in REALS;
        log_sigmoid() in REALS;
        softplus() in REALS;
        silu() in REALS;
        gelu() in REALS;
        gelu_tanh() in REALS;
        erf() in REALS;
        erfc() in REALS;
        norm_pdf() in REALS;
        norm_cdf() in REALS;
        ln_gamma() in POSITIVE;
        digamma() in POSITIVE;
        polygamma(c.abs() as u32) in POSITIVE;
    }
    binary {
        max in [REALS, REALS];
        min in [REALS, REALS];
        pow in [(0.3, 2.0), REALS];
        log in [POSITIVE, (1.3, 4.0)];
        atan2 in [REALS, nonzero(c)];
        hypot in [REALS, nonzero(c)];
        copysign in [REALS, REALS];
        abs_sub in [REALS, REALS];
    }
}

/// `x·sin y`, by a custom rule.
struct Wave;

impl Rule<2> for Wave {
    fn value(&self, [x, y]: [f64; 2]) -> f64 {
        x * y.sin()
    }

    fn partials<S: Scalar<Real = f64>>(&self, [x, y]: [S; 2], _: S) -> [S; 2] {
        [y.sin(), x * y.cos()]
    }
}

fn kernel<S: Scalar<Real = f64>>([x, y, z]: [S; 3]) -> S {
    (x * y).cos() * z + x
}

fn turn<S: Scalar<Real = f64>>([x, y]: [S; 2]) -> [S; 2] {
    [x.sin() * y, x - y]
}

fn wave<S: Scalar>(x: S) -> S {
    x.sin()
}

/// What a step does with its arguments and its plain number c.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Op {
    Constant,
    Neg,
    AddReal,
    SubReal,
    MulReal,
    DivReal,
    RemReal,
    Add,
    Sub,
    Mul,
    Div,
    Rem,
    SinCos,
    MulAdd,
    Sum,
    Product,
    Dot,
    WeightedSum,
    LogSumExp,
    Softmax,
    LogSoftmax,
    Rule,
    Fused,
    Mapped,
    Layer,
    Unary(Unary),
    Binary(Binary),
}

/// How many arguments a step has.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Arity {
    Few(usize),
    Window,
}

const PLAIN: &[Op] = &[
    Op::Constant,
    Op::Neg,
    Op::AddReal,
    Op::SubReal,
    Op::MulReal,
    Op::DivReal,
    Op::RemReal,
    Op::Add,
    Op::Sub,
    Op::Mul,
    Op::Div,
    Op::Rem,
    Op::SinCos,
    Op::MulAdd,
    Op::Sum,
    Op::Product,
    Op::Dot,
    Op::WeightedSum,
    Op::LogSumExp,
    Op::Softmax,
    Op::LogSoftmax,
    Op::Rule,
    Op::Fused,
    Op::Mapped,
    Op::Layer,
];

impl Op {
    /// The number of operations there are.
    pub(crate) const COUNT: usize = PLAIN.len() + Unary::ALL.len() + Binary::ALL.len();

    /// The operation with this number, below [`COUNT`](Op::COUNT).
    pub(crate) fn numbered(number: usize) -> Op {
        let elementary = number.wrapping_sub(PLAIN.len());
        if number < PLAIN.len() {
            PLAIN[number]
        } else if elementary < Unary::ALL.len() {
            Op::Unary(Unary::ALL[elementary])
        } else {
            Op::Binary(Binary::ALL[elementary - Unary::ALL.len()])
        }
    }

    pub(crate) fn arity(self) -> Arity {
        match self {
            Op::Constant => Arity::Few(0),
            Op::Neg | Op::AddReal | Op::SubReal | Op::MulReal | Op::DivReal | Op::RemReal => Arity::Few(1),
            Op::SinCos | Op::Unary(_) => Arity::Few(1),
            Op::Add | Op::Sub | Op::Mul | Op::Div | Op::Rem | Op::Rule | Op::Binary(_) => Arity::Few(2),
            Op::MulAdd | Op::Fused | Op::Layer => Arity::Few(3),
            Op::Sum | Op::Product | Op::Dot | Op::WeightedSum | Op::Mapped => Arity::Window,
            Op::LogSumExp | Op::Softmax | Op::LogSoftmax => Arity::Window,
        }
    }

    /// The domains of the arguments.
    fn domain(self, c: f64) -> [(f64, f64); 2] {
        match self {
            Op::Unary(function) => [function.domain(c), REALS],
            Op::Binary(function) => function.domain(c),
            Op::Div | Op::Rem => [REALS, nonzero(c)],
            Op::Product => [(-1.5, 1.5); 2],
            _ => [REALS; 2],
        }
    }
}

/// One operation on earlier results.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) op: Op,
    /// A plain number: the constant, the parameter, the right-hand side.
    pub(crate) c: f64,
    /// Inputs count first, then the steps.
    pub(crate) arguments: Vec<usize>,
    /// Whether arguments are mapped into the domain.
    pub(crate) guarded: bool,
}

impl Step {
    /// Returns the result, from the results of the arguments.
    pub(crate) fn apply<S: Scalar<Real = f64>>(&self, arguments: &[S]) -> S {
        let domain = self.op.domain(self.c);
        let guard = |(position, &x): (usize, &S)| {
            if self.guarded { mapped_into(x, domain[position.min(1)]) } else { x }
        };
        let x: Vec<S> = arguments.iter().enumerate().map(guard).collect();
        let c = if self.guarded { self.c.clamp(REALS.0, REALS.1) } else { self.c };
        let away_from_zero = if self.guarded && c.abs() < 0.2 { 0.2 } else { c };
        let reversed = || x.iter().rev().copied().collect::<Vec<S>>();
        // Which of several results.
        let chosen = (c.abs() * 3.0) as usize % x.len().max(1);
        match self.op {
            Op::Constant => S::from_real(c),
            Op::Neg => -x[0],
            Op::AddReal => x[0] + c,
            Op::SubReal => x[0] - c,
            Op::MulReal => x[0] * c,
            Op::DivReal => x[0] / away_from_zero,
            Op::RemReal => x[0] % away_from_zero,
            Op::Add => x[0] + x[1],
            Op::Sub => {
                let mut y = x[0];
                y -= x[1];
                y
            }
            Op::Mul => x[0] * x[1],
            Op::Div => x[0] / x[1],
            Op::Rem => x[0] % x[1],
            Op::SinCos => {
                let (sin, cos) = x[0].sin_cos();
                if c < 0.0 { sin } else { cos }
            }
            Op::MulAdd => x[0].mul_add(x[1], x[2]),
            Op::Sum if c < 0.0 => x.iter().sum(),
            Op::Sum => sum(&x),
            Op::Product => x.iter().product(),
            Op::Dot if c < 0.0 => dot(&x, &x),
            Op::Dot => dot(&x, &reversed()),
            Op::WeightedSum => weighted_sum(&x, &(0..x.len()).map(|i| c * (i as f64 - 1.0)).collect::<Vec<f64>>()),
            Op::LogSumExp => log_sum_exp(&x),
            Op::Softmax => softmax(&x).get(chosen).copied().unwrap_or_else(S::zero),
            Op::LogSoftmax => log_softmax(&x).get(chosen).copied().unwrap_or_else(S::zero),
            Op::Rule => Wave.apply([x[0], x[1]]),
            Op::Fused => fuse(&function!(kernel: [S; 3] -> S), [x[0], x[1], x[2]]),
            Op::Mapped => {
                let [a, b] = fuse_map(&function!(turn: [S; 2] -> [S; 2]), [&x, &reversed()]);
                if c < 0.0 { sum(&b) } else { dot(&a, &b) }
            }
            Op::Layer => sum(&dense(&[x[0], x[1]], &[x[2], x[0]], 2, &function!(wave: S -> S))),
            Op::Unary(function) => function.apply(x[0], c),
            Op::Binary(function) => function.apply(x[0], x[1]),
        }
    }

    /// The size of the contributions to the derivatives of this step at plain
    /// arguments, before anything cancels.
    fn local(&self, arguments: &[f64]) -> Local {
        if arguments.len() <= 2 { self.local_in::<2>(arguments) } else { self.local_in::<WINDOW>(arguments) }
    }

    fn local_in<const N: usize>(&self, arguments: &[f64]) -> Local {
        fn seeded<T: Scalar, const N: usize>(x: impl IntoIterator<Item = T>) -> Vec<Dual<T, N>> {
            x.into_iter().enumerate().map(|(i, x)| Dual::seeded(x, i)).collect()
        }
        let once: Vec<Dual<f64, N>> = seeded(arguments.iter().copied());
        let twice: Vec<Dual<Dual<f64, N>, N>> = seeded(once.iter().copied());
        let (y, bent) = (self.apply(&once), self.apply(&twice));
        // A softmax divides two numbers that both change, and a kernel or a layer adds within.
        let largest = arguments.iter().fold(1.0, |largest: f64, x| largest.max(x.abs()));
        let within = match self.op {
            Op::Softmax => y.primal.abs(),
            Op::LogSoftmax => 1.0,
            Op::Fused | Op::Layer => 2.0 * largest * largest,
            Op::Mapped => 8.0 * largest * largest,
            _ => 0.0,
        };
        let n = arguments.len();
        let slopes: Vec<f64> = y.partials[..n].iter().map(|p| p.abs() + within).collect();
        // A rule may lose as much of its own derivative as the slope is large.
        let curvature = |i: usize, j: usize| bent.partials[i].partials[j].abs() + slopes[i].max(slopes[j]);
        let curvatures = (0..n).map(|i| (0..n).map(|j| curvature(i, j)).collect()).collect();
        Local { slopes, curvatures }
    }
}

struct Local {
    slopes: Vec<f64>,
    curvatures: Vec<Vec<f64>>,
}

/// Returns x if it is inside the interval, otherwise a smooth wave within it.
fn mapped_into<S: Scalar<Real = f64>>(x: S, (low, high): (f64, f64)) -> S {
    if (low..=high).contains(&x.value()) { x } else { x.sin() * (0.5 * (high - low)) + 0.5 * (high + low) }
}

/// A list of steps on a number of inputs.
#[derive(Clone, Debug)]
pub(crate) struct Expression {
    pub(crate) inputs: usize,
    pub(crate) steps: Vec<Step>,
}

/// The last result of the first inputs; others are of no account.
impl Function for Expression {
    type Output = f64;

    fn eval<S: Scalar<Real = f64>>(&self, x: &[S]) -> S {
        self.last(&x[..self.inputs])
    }
}

impl Expression {
    /// The inputs and the results of all steps.
    pub(crate) fn results<S: Scalar<Real = f64>>(&self, x: &[S]) -> Vec<S> {
        self.results_through(x, |y| y)
    }

    /// The results of all steps, each of which goes through `between`.
    fn results_through<S: Scalar<Real = f64>>(&self, x: &[S], between: impl Fn(S) -> S) -> Vec<S> {
        let mut results = x.to_vec();
        for step in &self.steps {
            let arguments: Vec<S> = step.arguments.iter().map(|&i| results[i]).collect();
            results.push(between(step.apply(&arguments)));
        }
        results
    }

    /// The last result.
    pub(crate) fn last<S: Scalar<Real = f64>>(&self, x: &[S]) -> S {
        *self.results(x).last().expect("an expression has inputs")
    }

    /// The last result, where every one goes through `between`.
    pub(crate) fn last_through<S: Scalar<Real = f64>>(&self, x: &[S], between: impl Fn(S) -> S) -> S {
        *self.results_through(x, between).last().expect("an expression has inputs")
    }

    /// Some of the results.
    pub(crate) fn several<S: Scalar<Real = f64>>(&self, x: &[S], which: &[usize]) -> Vec<S> {
        let results = self.results(x);
        which.iter().map(|&i| results[i]).collect()
    }

    /// The number of results, inputs among them.
    pub(crate) fn outputs(&self) -> usize {
        self.inputs + self.steps.len()
    }

    /// Returns the value and gradient of the last result by a fused kernel, if there are few inputs.
    pub(crate) fn linearized(&self, x: &[f64]) -> Option<(f64, Vec<f64>)> {
        const MOST: usize = 3;
        let inputs: [f64; MOST] = std::array::from_fn(|i| x.get(i).copied().unwrap_or(1.0));
        let y = (x.len() <= MOST).then(|| linearize(self, inputs))?;
        Some((y.primal, y.partials[..x.len()].to_vec()))
    }

    /// The bounds for the derivatives of the result `output` at plain inputs.
    pub(crate) fn condition(&self, x: &[f64], output: usize) -> Condition {
        let results = self.results(x);
        let locals: Vec<Local> = self
            .steps
            .iter()
            .map(|step| step.local(&step.arguments.iter().map(|&i| results[i]).collect::<Vec<_>>()))
            .collect();
        let steps = || self.steps.iter().zip(&locals).zip(self.inputs..);

        // Forward: the sum over all paths from an input, of products of absolute slopes,
        // and the largest power of two that a part of such a product may reach.
        let mut forward = vec![vec![0.0; self.inputs]; results.len()];
        let mut powers = vec![0.0; results.len()];
        for (input, row) in forward[..self.inputs].iter_mut().enumerate() {
            row[input] = 1.0;
        }
        for ((step, local), at) in steps() {
            // A product of many numbers may underflow on the way, as may an exponential.
            let arguments = || step.arguments.iter().map(|&i| results[i]);
            let within: f64 = match step.op {
                Op::Product => arguments().map(binary_digits).sum(),
                Op::Softmax => {
                    let (least, most) = (arguments().reduce(f64::min), arguments().reduce(f64::max));
                    most.zip(least).map_or(0.0, |(most, least)| (most - least) * std::f64::consts::LOG2_E)
                }
                _ => 0.0,
            };
            for (&argument, &slope) in step.arguments.iter().zip(&local.slopes) {
                let (before, from) = forward.split_at_mut(at);
                for (sum, &along) in from[0].iter_mut().zip(&before[argument]) {
                    *sum += product(slope, along);
                }
                // Beside an extreme number, as those of 1/x, a slope of 0 may be one that no number holds.
                let extreme = arguments().chain([results[at]]).map(binary_digits).fold(0.0, f64::max);
                let lost = if slope == 0.0 && extreme > 500.0 { 2.0 * extreme } else { 0.0 };
                let of_slope = binary_digits(slope) + lost;
                if slope != 0.0 || within > 0.0 || of_slope > 0.0 {
                    powers[at] = f64::max(powers[at], powers[argument] + within + of_slope);
                }
            }
        }
        // In reverse: the same over all paths to the output. The curvatures on them make the Hessian.
        let mut backward = vec![0.0; results.len()];
        backward[output] = 1.0;
        let mut hessian = vec![0.0; self.inputs * self.inputs];
        for ((step, local), at) in steps().collect::<Vec<_>>().into_iter().rev() {
            for (a, &first) in step.arguments.iter().enumerate() {
                backward[first] += product(local.slopes[a], backward[at]);
                for (b, &second) in step.arguments.iter().enumerate() {
                    let bend = product(local.curvatures[a][b], backward[at]);
                    if bend == 0.0 {
                        continue;
                    }
                    for i in 0..self.inputs {
                        for j in 0..self.inputs {
                            hessian[i * self.inputs + j] +=
                                product(bend, product(forward[first][i], forward[second][j]));
                        }
                    }
                }
            }
        }
        let rounds = 4.0 * (self.steps.len() + 4) as f64;
        Condition { gradient: forward.swap_remove(output), hessian, rounds, power: powers[output] }
    }
}

/// `a·b`, where zero beats infinity as it does in derivatives.
fn product(a: f64, b: f64) -> f64 {
    if a == 0.0 || b == 0.0 { 0.0 } else { a * b }
}

/// `|log₂ |x||`, of numbers that have one.
fn binary_digits(x: f64) -> f64 {
    if x != 0.0 && x.is_finite() { x.abs().log2().abs() } else { 0.0 }
}

/// The sums of the absolute contributions to derivatives: the derivatives without any cancellation. Each order of
/// summation is right to a number of roundings of it.
pub(crate) struct Condition {
    pub(crate) gradient: Vec<f64>,
    /// Row by row.
    pub(crate) hessian: Vec<f64>,
    /// The roundings of one contribution.
    rounds: f64,
    /// Intermediate products are between 2⁻ᵖ and 2ᵖ.
    power: f64,
}

impl Condition {
    /// Returns how far off a derivative of this condition may be: by any amount if contributions are infinite, or may
    /// underflow in one order and not in another.
    pub(crate) fn tolerance(&self, condition: f64) -> f64 {
        if !condition.is_finite() || self.power > 900.0 {
            return f64::INFINITY;
        }
        // Below the normal numbers a rounding is absolute.
        self.rounds * f64::max(f64::EPSILON * condition, f64::MIN_POSITIVE)
    }

    /// Returns whether a product of two contributions, as in a second derivative, neither overflows nor underflows.
    pub(crate) fn is_moderate(&self) -> bool {
        self.power < 450.0
    }
}
