//! The scalar that records every operation in a graph.

use std::any::type_name;
use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;

use num_traits::float::TotalOrder;
use num_traits::{One, Zero};

use super::questions::{Asked, Class};
use super::recording::{group, here, kernel, label, next_map, record, record_custom};
use crate::scalar::custom::pulled_back;
use crate::scalar::custom::{Block, Rule};
use crate::scalar::engine::Engine;
use crate::scalar::function::{Function, Outputs};
use crate::scalar::operators::{Operators, Relation, impl_scalar, inherent_functions, left_operators};
use crate::scalar::rules::elementary_functions;
use crate::scalar::slope::Slope;
use crate::scalar::softmax::softmax;
use crate::scalar::sums;
use crate::scalar::{Scalar, rules};

/// A number that records every operation: a value of `T`, and its node in the graph of the current
/// [trace](super::trace()).
///
/// It takes 16 bytes for `f64`. Results of constants alone are constants and have no node.
///
/// ```
/// use dualtape::Scalar;
/// use dualtape::graph::{Traced, trace};
///
/// let graph = trace(|x: &[Traced]| x[0] * Traced::constant(2.0) + 1.0, &[3.0]);
/// assert_eq!(graph.output().value(), 7.0);
/// assert_eq!((Traced::constant(2.0) * 3.0).value(), 6.0);
/// ```
#[derive(Clone, Copy)]
pub struct Traced<T = f64> {
    primal: T,
    /// The stamp of the trace; 0 for a constant.
    stamp: u32,
    index: u32,
}

impl<T: Scalar> Traced<T> {
    /// Returns a number that is in no graph until it takes part in an operation.
    ///
    /// ```
    /// use dualtape::Scalar;
    ///
    /// assert_eq!(dualtape::graph::Traced::constant(2.0).value(), 2.0);
    /// ```
    pub const fn constant(primal: T) -> Self {
        Traced { primal, stamp: 0, index: 0 }
    }

    /// Returns the value, in the scalar that is traced.
    ///
    /// ```
    /// use dualtape::Dual;
    /// use dualtape::graph::Traced;
    ///
    /// assert_eq!(Traced::constant(Dual::new(2.0, [1.0])).primal().partials, [1.0]);
    /// ```
    pub const fn primal(self) -> T {
        self.primal
    }

    /// Returns whether the number is in no graph.
    ///
    /// ```
    /// assert!(dualtape::graph::Traced::constant(2.0).is_constant());
    /// ```
    pub const fn is_constant(self) -> bool {
        self.stamp == 0
    }

    pub(super) const fn at(primal: T, stamp: u32, index: u32) -> Self {
        Traced { primal, stamp, index }
    }

    /// Returns the plain value, for the reading itself. When other code asks for it, the trace notes that.
    pub(super) fn plain(self) -> T::Real {
        self.primal.value()
    }

    pub(super) const fn stamp(self) -> u32 {
        self.stamp
    }

    pub(super) const fn index(self) -> u32 {
        self.index
    }

    /// Records an operation on two operands, with the slopes with respect to them.
    #[track_caller]
    fn binary(name: &'static str, value: T, operands: [(Self, T::Real); 2]) -> Self {
        record(Cow::Borrowed(name), value, &operands.map(|(x, _)| x), &operands.map(|(_, slope)| slope))
    }
}

/// Returns the name of an operation, with its parameters.
macro_rules! operation_name {
    ($name:ident) => { Cow::Borrowed(stringify!($name)) };
    ($name:ident $($p:ident)+) => {
        Cow::Owned(format!("{}({})", stringify!($name), [$($p.to_string()),+].join(", ")))
    };
}

/// The elementary functions: the inner scalar computes the value, the rules compute the slopes at plain numbers.
macro_rules! traced_functions {
    (
        [] unary { $($name:ident($($p:ident: $t:ty = $sample:expr),*) $from:ident in $domain:expr;)* }
        binary { $($name2:ident($other:ident) $from2:ident in $domain2:expr;)* }
    ) => {
        $(
            #[track_caller]
            fn $name(self $(, $p: $t)*) -> Self {
                let (_, slope) = rules::$name(self.plain() $(, $p)*);
                record(operation_name!($name $($p)*), self.primal.$name($($p),*), &[self], &[slope.number()])
            }
        )*
        $(
            #[track_caller]
            fn $name2<Y>(self, $other: Y) -> Self
            where
                Self: $crate::Accepts<Y>,
            {
                let $other = <Self as $crate::Accepts<Y>>::accept($other);
                let (_, by_self, by_other) = rules::$name2(self.plain(), $other.plain());
                let value = self.primal.$name2($other.primal);
                record(operation_name!($name2), value, &[self, $other], &[by_self.number(), by_other.number()])
            }
        )*

        #[track_caller]
        fn mul_add(self, a: Self, b: Self) -> Self {
            let (_, by_self, by_a, by_b) = rules::mul_add(self.plain(), a.plain(), b.plain());
            let value = self.primal.mul_add(a.primal, b.primal);
            record(operation_name!(mul_add), value, &[self, a, b], &[by_self, by_a, by_b])
        }
    };
}

impl<T: Scalar> Operators for Traced<T> {
    #[track_caller]
    fn negated(self) -> Self {
        record(Cow::Borrowed("neg"), -self.primal, &[self], &[-T::Real::one()])
    }

    #[track_caller]
    fn plus(self, other: Self) -> Self {
        let one = T::Real::one();
        Self::binary("+", self.primal + other.primal, [(self, one), (other, one)])
    }

    #[track_caller]
    fn minus(self, other: Self) -> Self {
        let one = T::Real::one();
        Self::binary("-", self.primal - other.primal, [(self, one), (other, -one)])
    }

    #[track_caller]
    fn times(self, other: Self) -> Self {
        let (_, by_self, by_other) = rules::mul(self.plain(), other.plain());
        Self::binary("*", self.primal * other.primal, [(self, by_self), (other, by_other)])
    }

    #[track_caller]
    fn over(self, other: Self) -> Self {
        let (_, by_self, by_other) = rules::div(self.plain(), other.plain());
        Self::binary("/", self.primal / other.primal, [(self, by_self.number()), (other, by_other.number())])
    }

    #[track_caller]
    fn modulo(self, other: Self) -> Self {
        let (_, by_self, by_other) = rules::rem(self.plain(), other.plain());
        Self::binary("%", self.primal % other.primal, [(self, by_self), (other, by_other)])
    }

    #[track_caller]
    fn added_to(self, c: T::Real) -> Self {
        let one = T::Real::one();
        Self::binary("+", self.primal + c, [(self, one), (Self::from_real(c), one)])
    }

    #[track_caller]
    fn lowered_by(self, c: T::Real) -> Self {
        let one = T::Real::one();
        Self::binary("-", self.primal - c, [(self, one), (Self::from_real(c), -one)])
    }

    #[track_caller]
    fn subtracted_from(self, c: T::Real) -> Self {
        let one = T::Real::one();
        Self::binary("-", -self.primal + c, [(Self::from_real(c), one), (self, -one)])
    }

    #[track_caller]
    fn multiplied_by(self, c: T::Real) -> Self {
        Self::binary("*", self.primal * c, [(self, c), (Self::from_real(c), self.plain())])
    }

    #[track_caller]
    fn divided_by(self, c: T::Real) -> Self {
        let (_, by_self, by_c) = rules::div(self.plain(), c);
        Self::binary("/", self.primal / c, [(self, by_self.number()), (Self::from_real(c), by_c.number())])
    }

    #[track_caller]
    fn dividing(self, c: T::Real) -> Self {
        Self::from_real(c) / self
    }

    #[track_caller]
    fn reduced_by(self, c: T::Real) -> Self {
        let (_, by_self, by_c) = rules::rem(self.plain(), c);
        Self::binary("%", self.primal % c, [(self, by_self), (Self::from_real(c), by_c)])
    }

    #[track_caller]
    fn reducing(self, c: T::Real) -> Self {
        Self::from_real(c) % self
    }

    fn relates(self, relation: Relation, other: Self) -> bool {
        self.answered(Asked::Relation(relation), other, relation.holds(self.plain(), other.plain()))
    }

    fn order(self, other: Self) -> Option<Ordering> {
        let [less, equal, greater] = [
            (Relation::Less, self, other, Ordering::Less),
            (Relation::Equal, self, other, Ordering::Equal),
            (Relation::Less, other, self, Ordering::Greater),
        ]
        .map(|(relation, a, b, order)| move || a.relates(relation, b).then_some(order));
        less().or_else(equal).or_else(greater)
    }
}

/// Returns the name of the type of an operation: the last part of its path.
fn type_name_of<X>(_: &X) -> String {
    let path = type_name::<X>().split('<').next().unwrap_or_default();
    path.rsplit("::").next().unwrap_or(path).to_string()
}

impl<T: Scalar> Scalar for Traced<T> {
    type Real = T::Real;

    fn from_real(x: T::Real) -> Self {
        Traced::constant(T::from_real(x))
    }

    #[track_caller]
    fn value(self) -> T::Real {
        self.read()
    }

    fn is_identically_zero(self) -> bool {
        self.is_constant() && self.primal.is_identically_zero()
    }

    fn is_finite_throughout(self) -> bool {
        self.is(Class::Finite) && self.primal.is_finite_throughout()
    }

    fn is_nan(self) -> bool {
        self.is(Class::Nan)
    }

    fn is_finite(self) -> bool {
        self.is(Class::Finite)
    }

    fn is_infinite(self) -> bool {
        self.is(Class::Infinite)
    }

    fn is_sign_positive(self) -> bool {
        !self.is(Class::Negative)
    }

    fn is_sign_negative(self) -> bool {
        self.is(Class::Negative)
    }

    #[track_caller]
    fn total_cmp(&self, other: &Self) -> Ordering {
        match self.order(*other) {
            Some(order) if order.is_ne() => order,
            _ => TotalOrder::total_cmp(&self.value(), &other.value()),
        }
    }

    #[track_caller]
    fn label(self, name: impl fmt::Display) -> Self {
        label(self, name.to_string(), false)
    }

    #[track_caller]
    fn group<Out>(name: impl fmt::Display, inside: impl FnOnce() -> Out) -> Out {
        group::<T, _>(name.to_string(), false, None, || T::group(name, inside))
    }

    #[track_caller]
    fn magnitude(self) -> T::Real {
        self.read();
        self.primal.magnitude()
    }

    elementary_functions!(traced_functions);
}

impl<T: Scalar> Engine<T::Real> for Traced<T> {
    #[cfg(feature = "nalgebra")]
    type Field = Self;

    const RECORDS: bool = true;

    /// The graph adds one order of slopes to the orders of `T`.
    const ORDER: usize = T::ORDER + 1;

    fn locally_constant(slope: T::Real) -> Self {
        Traced::constant(T::locally_constant(slope))
    }

    #[track_caller]
    fn sum_slice(xs: &[Self]) -> Self {
        group::<T, _>("sum".to_string(), true, here(), || sums::plain_sum(xs))
    }

    #[track_caller]
    fn dot_slice(a: &[Self], b: &[Self]) -> Self {
        group::<T, _>("dot".to_string(), true, here(), || sums::plain_dot(a, b))
    }

    #[track_caller]
    fn weighted_sum_slice(xs: &[Self], weights: &[T::Real]) -> Self {
        group::<T, _>("weighted_sum".to_string(), true, here(), || sums::plain_weighted_sum(xs, weights))
    }

    /// Records neuron by neuron, in the order in which layers sum.
    #[track_caller]
    fn dense_slice<F: Function<T::Real, Output = T::Real>>(
        neurons: &[Self],
        inputs: &[Self],
        rows: usize,
        activation: &F,
        outputs: &mut Vec<Self>,
    ) {
        let (columns, location) = (inputs.len() / rows, here());
        let neurons: Vec<(Vec<Self>, Self)> = neurons
            .chunks_exact(columns + 1)
            .map(|neuron| {
                let weights = (1..).zip(&neuron[..columns]).map(|(i, &w)| label(w, format!("w{i}"), true));
                (weights.collect(), label(neuron[columns], "b".to_string(), true))
            })
            .collect();
        let mut at_row = |x: &[Self]| {
            let at_neuron = |(j, (weights, bias)): (usize, &(Vec<Self>, Self))| {
                group::<T, _>(format!("neuron {j}"), false, location, || {
                    let sum = weights.iter().zip(x).fold(*bias, |sum, (&w, &x)| sum + w * x);
                    activation.eval(&[sum])
                })
            };
            outputs.extend((1..).zip(&neurons).map(at_neuron));
        };
        if rows == 1 {
            return at_row(inputs);
        }
        for row in 0..rows {
            group::<T, _>(format!("row {}", row + 1), false, location, || {
                at_row(&inputs[row * columns..(row + 1) * columns]);
            });
        }
    }

    #[track_caller]
    fn log_sum_exp_slice(xs: &[Self]) -> Self {
        let slopes = softmax(&xs.iter().map(|x| x.plain()).collect::<Vec<_>>());
        let value = T::log_sum_exp_slice(&xs.iter().map(|x| x.primal).collect::<Vec<_>>());
        record(Cow::Borrowed("log_sum_exp"), value, xs, &slopes)
    }

    #[track_caller]
    fn apply_rule<const N: usize>(rule: &impl Rule<N, T::Real>, x: [Self; N]) -> Self {
        let (inner, plain) = (x.map(|x| x.primal), x.map(|x| x.plain()));
        let value = T::apply_rule(rule, inner);
        record_custom(type_name_of(rule), value, &x, &rule.partials(plain, value.value()))
    }

    #[track_caller]
    fn apply_block(block: &impl Block<T::Real>, x: &[Self]) -> Vec<Self> {
        let values = T::apply_block(block, &x.iter().map(|x| x.primal).collect::<Vec<_>>());
        let plain: Vec<T::Real> = x.iter().map(|x| x.plain()).collect();
        let outputs: Vec<T::Real> = values.iter().map(|y| y.value()).collect();
        let mut unit = vec![T::Real::zero(); values.len()];
        (0..values.len())
            .map(|i| {
                unit[i] = T::Real::one();
                let slopes = pulled_back(block, &plain, &outputs, &unit);
                unit[i] = T::Real::zero();
                record_custom(format!("{}[{i}]", type_name_of(block)), values[i], x, &slopes)
            })
            .collect()
    }

    #[track_caller]
    fn fused<F: Function<T::Real>, const N: usize>(f: &F, x: [Self; N]) -> <F::Output as Outputs<T::Real>>::Of<Self> {
        kernel::<T, _>(None, || f.eval(&x))
    }

    #[track_caller]
    fn fused_map<F, const N: usize, const M: usize>(f: &F, x: [&[Self]; N]) -> [Vec<Self>; M]
    where
        F: Function<T::Real, Output = [T::Real; M]>,
    {
        let map = next_map::<T>();
        let at_element = |i: usize| kernel::<T, _>(map, || f.eval(&x.map(|x| x[i])));
        let at_elements: Vec<[Self; M]> = (0..x[0].len()).map(at_element).collect();
        std::array::from_fn(|output| at_elements.iter().map(|y| y[output]).collect())
    }
}

impl_scalar!([] Traced<T>);
left_operators!([T: Scalar<Real = f64>] Traced<T>);

elementary_functions!(inherent_functions [] Traced<T>);

/// Returns a constant.
impl<T: Scalar> From<T> for Traced<T> {
    fn from(value: T) -> Self {
        Traced::constant(value)
    }
}

/// Writes the value in the given format.
impl<T: Scalar> fmt::Display for Traced<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.primal, f)
    }
}

/// Writes the value in the given format.
impl<T: Scalar> fmt::LowerExp for Traced<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::LowerExp::fmt(&self.primal, f)
    }
}

/// Writes the value and the number of the node, `3.0 (node 7)`, or the value of a constant alone.
impl<T: Scalar> fmt::Debug for Traced<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.primal, f)?;
        if self.is_constant() { Ok(()) } else { write!(f, " (node {})", self.index) }
    }
}

#[cfg(test)]
mod tests {
    use crate::graph::trace;
    use crate::scalar::Scalar;
    use crate::scalar::rules::elementary_functions;
    use crate::verbs::gradient;

    macro_rules! assert_functions {
        (
            [] unary { $($name:ident($($p:ident: $t:ty = $sample:expr),*) $from:ident in ($low:expr, $high:expr);)* }
            binary { $($name2:ident($other:ident) $from2:ident in ($low2:expr, $high2:expr);)* }
        ) => {
            $(
                let x = [0.7 * $low + 0.3 * $high];
                let graph = trace(|x| Scalar::$name(x[0] $(, $sample)*), &x);
                assert_same(&graph, gradient(|x| Scalar::$name(x[0] $(, $sample)*), &x), stringify!($name));
            )*
            $(
                let x = [0.7 * $low2 + 0.3 * $high2, 0.4 * $low2 + 0.6 * $high2];
                let graph = trace(|x| Scalar::$name2(x[0], x[1]), &x);
                assert_same(&graph, gradient(|x| Scalar::$name2(x[0], x[1]), &x), stringify!($name2));
            )*
        };
    }

    fn assert_same(graph: &crate::graph::Graph, (y, g): (f64, Vec<f64>), name: &str) {
        let own: Vec<f64> = graph.nodes()[..g.len()].iter().map(|node| node.gradient()).collect();
        assert_eq!((graph.output().value(), own), (y, g), "{name}");
        assert!(graph.output().name().starts_with(name), "{name}: {}", graph.output().name());
    }

    #[test]
    fn every_function_has_its_value_gradient_and_name() {
        elementary_functions!(assert_functions);
    }
}
