//! A number with a note of how it was computed.
//!
//! Three questions about a function are answered by evaluating it over plain numbers that know a little more: whether
//! a number is a constant (`sparse/structural.rs`), which inputs it is from (`sparse/fingerprint.rs`), and how rounding
//! moves it (`noise.rs`). This scalar is what they share; each is a [`Note`].

use std::fmt;

use crate::scalar::Scalar;
use crate::scalar::custom::{Block, Rule};
use crate::scalar::engine::Engine;
use crate::scalar::operators::{Mode, impl_scalar};
use crate::scalar::rules::elementary_functions;

/// What is noted of a number, and what becomes of the number.
pub(super) trait Note<T: Scalar>: Copy + Send + Sync + 'static {
    /// Whether [`is_zero`](Note::is_zero) is said of constants only, so that no operation with other zeros is left out.
    const KNOWS_CONSTANTS: bool;

    /// The note of a constant.
    const CONSTANT: Self;

    /// The note of a slope that is constant here and another one elsewhere.
    const LOCALLY_CONSTANT: Self;

    /// A result, which is `value` by plain arithmetic, from the notes of the arguments.
    fn of_result(value: T, arguments: impl IntoIterator<Item = Self>) -> Noted<T, Self>;

    /// The sum or difference of two numbers, which is `value`.
    fn of_sum(value: T, terms: [Noted<T, Self>; 2]) -> Noted<T, Self> {
        Self::of_result(value, terms.map(|term| term.note))
    }

    /// Whether a number is zero and can be nothing else.
    fn is_zero(self, value: T) -> bool;

    /// Marks a number that is written out.
    fn mark(self) -> &'static str {
        ""
    }
}

/// Returns a number without a pattern for each pair of numbers: both halves of a product of 128 bits.
#[inline]
pub(super) fn hashed(a: u64, b: u64) -> u64 {
    let product = u128::from(a ^ 0x9e37_79b9_7f4a_7c15) * u128::from(b.rotate_left(32) ^ 0xbf58_476d_1ce4_e5b9);
    (product as u64 ^ (product >> 64) as u64).wrapping_mul(0x94d0_49bb_1331_11eb)
}

/// A number with a note.
#[derive(Clone, Copy)]
pub(super) struct Noted<T, N> {
    pub(super) value: T,
    pub(super) note: N,
}

impl<T: Scalar, N: Note<T>> Mode for Noted<T, N> {
    type Inner = T;

    #[inline]
    fn inner(self) -> T {
        self.value
    }

    #[inline]
    fn chain(self, value: T, _: T) -> Self {
        N::of_result(value, [self.note])
    }

    #[inline]
    fn chain_real(self, value: T, _: T::Real) -> Self {
        N::of_result(value, [self.note])
    }

    #[inline]
    fn chain2(self, other: Self, value: T, _: [T; 2]) -> Self {
        N::of_result(value, [self.note, other.note])
    }

    #[inline]
    fn chain3(self, b: Self, c: Self, value: T, _: [T; 3]) -> Self {
        N::of_result(value, [self.note, b.note, c.note])
    }

    #[inline]
    fn plus(self, other: Self) -> Self {
        N::of_sum(self.value + other.value, [self, other])
    }

    #[inline]
    fn minus(self, other: Self) -> Self {
        N::of_sum(self.value - other.value, [self, other])
    }
}

/// The elementary functions, whose slopes no note asks for.
macro_rules! noted_functions {
    (
        [$inline:meta] unary { $($name:ident($($p:ident: $t:ty = $sample:expr),*) $from:ident in $domain:expr;)* }
        binary { $($name2:ident($other:ident) $from2:ident in $domain2:expr;)* }
    ) => {
        $(
            #[$inline]
            fn $name(self $(, $p: $t)*) -> Self {
                N::of_result(self.value.$name($($p),*), [self.note])
            }
        )*
        $(
            #[$inline]
            fn $name2<Y>(self, $other: Y) -> Self
            where
                Self: $crate::Accepts<Y>,
            {
                let $other = <Self as $crate::Accepts<Y>>::accept($other);
                N::of_result(self.value.$name2($other.value), [self.note, $other.note])
            }
        )*

        #[$inline]
        fn sin_cos(self) -> (Self, Self) {
            (self.sin(), self.cos())
        }

        #[$inline]
        fn mul_add(self, a: Self, b: Self) -> Self {
            N::of_result(self.value.mul_add(a.value, b.value), [self.note, a.note, b.note])
        }
    };
}

impl<T: Scalar, N: Note<T>> Scalar for Noted<T, N> {
    type Real = T::Real;

    #[inline]
    fn from_real(x: T::Real) -> Self {
        Noted { value: T::from_real(x), note: N::CONSTANT }
    }

    #[inline]
    fn value(self) -> T::Real {
        self.value.value()
    }

    #[inline]
    fn is_identically_zero(self) -> bool {
        self.note.is_zero(self.value)
    }

    #[inline]
    fn is_finite_throughout(self) -> bool {
        self.value.is_finite_throughout()
    }

    elementary_functions!(noted_functions inline);
}

impl<T: Scalar, N: Note<T>> Engine<T::Real> for Noted<T, N> {
    #[cfg(feature = "nalgebra")]
    type Field = Self;

    const RECORDS: bool = N::KNOWS_CONSTANTS;

    /// One more than there are. A number refined to this order is no longer constant.
    const ORDER: usize = T::ORDER + 1;

    /// With the rule, which has a say of finite numbers too: a product with the constant zero is from nowhere.
    #[inline]
    fn bare_product(a: &Self, b: &Self) -> Self {
        Self::product_by_rule(*a, *b)
    }

    #[inline]
    fn locally_constant(slope: T::Real) -> Self {
        Noted { value: T::from_real(slope), note: N::LOCALLY_CONSTANT }
    }

    fn log_sum_exp_slice(xs: &[Self]) -> Self {
        let inner: Vec<T> = xs.iter().map(|x| x.value).collect();
        N::of_result(T::log_sum_exp_slice(&inner), xs.iter().map(|x| x.note))
    }

    fn apply_rule<const K: usize>(rule: &impl Rule<K, T::Real>, x: [Self; K]) -> Self {
        N::of_result(T::apply_rule(rule, x.map(|x| x.value)), x.map(|x| x.note))
    }

    fn apply_block(block: &impl Block<T::Real>, x: &[Self]) -> Vec<Self> {
        let inner: Vec<T> = x.iter().map(|x| x.value).collect();
        let outputs = T::apply_block(block, &inner);
        outputs.into_iter().map(|value| N::of_result(value, x.iter().map(|x| x.note))).collect()
    }
}

impl_scalar!([N: Note<T>] Noted<T, N>);

impl<T: Scalar, N: Note<T>> From<T> for Noted<T, N> {
    fn from(value: T) -> Self {
        Noted { value, note: N::CONSTANT }
    }
}

/// The value, with its mark.
impl<T: Scalar, N: Note<T>> fmt::Display for Noted<T, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.value, f)?;
        f.write_str(self.note.mark())
    }
}

impl<T: Scalar, N: Note<T>> fmt::LowerExp for Noted<T, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::LowerExp::fmt(&self.value, f)?;
        f.write_str(self.note.mark())
    }
}

impl<T: Scalar, N: Note<T>> fmt::Debug for Noted<T, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
