//! The elementary functions by name.
//!
//! The list in `scalar/rules.rs` makes all of it: names, numbers of arguments, values and slopes.

use super::chain::Chain;
use super::symbol::Symbol;
use crate::scalar::Scalar;
use crate::scalar::rules::{self, elementary_functions};

/// An elementary function with its parameters, as in `powi(3)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Elementary {
    pub(super) name: &'static str,
    arity: usize,
    /// Whether `f64` has a method of this name.
    pub(super) is_in_std: bool,
    /// The bits of the parameters; there are at most two.
    bits: [u64; 2],
    count: usize,
}

impl Elementary {
    /// Returns the number of arguments, parameters aside.
    pub(super) fn arity(&self) -> usize {
        self.arity
    }

    /// Returns the parameters.
    pub(super) fn parameters(&self) -> impl ExactSizeIterator<Item = f64> + '_ {
        self.bits[..self.count].iter().map(|&bits| f64::from_bits(bits))
    }

    /// Returns the function of this name with its parameters, or `None` where there is none.
    pub(super) fn of(name: &str, parameters: &[f64]) -> Option<Self> {
        let &(name, arity, source) = FUNCTIONS.iter().find(|(known, ..)| *known == name)?;
        let mut bits = [0; 2];
        bits.iter_mut().zip(parameters).for_each(|(bits, x)| *bits = x.to_bits());
        Some(Elementary { name, arity, is_in_std: source == "std", bits, count: parameters.len() })
    }
}

/// A parameter of a function: a plain number, or a whole number.
pub(super) trait Parameter: Copy {
    /// Returns the parameter that was noted as this number.
    fn of(x: f64) -> Self;

    /// Returns the parameter as a number that keeps all its digits.
    fn number(self) -> f64;
}

macro_rules! parameters {
    ($($type:ty)*) => {
        $(
            impl Parameter for $type {
                fn of(x: f64) -> Self {
                    x as $type
                }

                fn number(self) -> f64 {
                    self.into()
                }
            }
        )*
    };
}
parameters!(i32 u32 f32 f64);

macro_rules! functions_by_name {
    (
        [] unary { $($name:ident($($p:ident: $t:ty = $sample:expr),*) $from:ident in $domain:expr;)* }
        binary { $($name2:ident($other:ident) $from2:ident in $domain2:expr;)* }
    ) => {
        /// All functions: name, number of arguments, and where the plain function comes from.
        const FUNCTIONS: &[(&str, usize, &str)] = &[
            $((stringify!($name), 1, stringify!($from)),)*
            $((stringify!($name2), 2, stringify!($from2)),)*
        ];

        /// A scalar whose functions are called by name.
        pub(super) trait ByName: Scalar {
            /// Returns the function of this name at the numbers.
            fn by_name(name: &str, mut parameters: impl Iterator<Item = f64>, x: &[Self]) -> Option<Self>
            where
                Self::Real: Parameter,
            {
                match name {
                    $(stringify!($name) => {
                        $(let $p = <$t as Parameter>::of(parameters.next()?);)*
                        Some(Scalar::$name(x[0] $(, $p)*))
                    })*
                    $(stringify!($name2) => Some(Scalar::$name2(x[0], x[1])),)*
                    _ => None,
                }
            }
        }

        impl Symbol {
            /// Offers the slopes of the function to the chain rule.
            pub(super) fn offer_slopes(function: &Elementary, x: &[Self], chain: &mut Chain<'_>) {
                let mut parameters = function.parameters();
                let mut next = || parameters.next().expect("the parameters were noted");
                match function.name {
                    $(stringify!($name) => {
                        $(let $p = <$t as Parameter>::of(next());)*
                        let (_, slope) = rules::$name(x[0] $(, $p)*);
                        chain.offer(0, slope);
                    })*
                    $(stringify!($name2) => {
                        let (_, by_self, by_other) = rules::$name2(x[0], x[1]);
                        chain.offer(0, by_self);
                        chain.offer(1, by_other);
                    })*
                    name => unreachable!("{name} is in the list"),
                }
            }
        }
    };
}
elementary_functions!(functions_by_name);

impl<S: Scalar> ByName for S {}
