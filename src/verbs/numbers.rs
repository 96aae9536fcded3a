//! What a function of several outputs returns.

/// Several numbers of one type: an array, a vector or a tuple. The verbs for functions of several outputs take them.
///
/// ```
/// use dualtape::jacobian;
///
/// let x = [2.0, 3.0];
/// let expected = jacobian(|x| [x[0] * x[1], x[0]], &x);
/// assert_eq!(jacobian(|x| vec![x[0] * x[1], x[0]], &x), expected);
/// assert_eq!(jacobian(|x| (x[0] * x[1], x[0]), &x), expected);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not several numbers of the type `{S}`",
    label = "the function has to return an array, a vector or a tuple of numbers",
    note = "a single output is an array of one: `[y]`",
    note = "an iterator is collected: `.collect::<Vec<_>>()`"
)]
pub trait IntoNumbers<S> {
    /// The numbers as a slice.
    type Numbers: AsRef<[S]>;

    /// Returns the numbers in order.
    fn into_numbers(self) -> Self::Numbers;
}

macro_rules! slices {
    ($([$($parameter:tt)*] $type:ty;)*) => {$(
        impl<$($parameter)*> IntoNumbers<S> for $type {
            type Numbers = Self;

            #[inline(always)]
            fn into_numbers(self) -> Self {
                self
            }
        }
    )*};
}

slices! {
    [S, const M: usize] [S; M];
    [S] Vec<S>;
    [S] Box<[S]>;
}

macro_rules! tuples {
    ($($m:literal: $($y:ident)+;)*) => {$(
        impl<S> IntoNumbers<S> for ($(tuples!(@of $y),)+) {
            type Numbers = [S; $m];

            #[inline(always)]
            fn into_numbers(self) -> [S; $m] {
                let ($($y,)+) = self;
                [$($y),+]
            }
        }
    )*};
    (@of $y:ident) => { S };
}

tuples! {
    1: a;
    2: a b;
    3: a b c;
    4: a b c d;
    5: a b c d e;
    6: a b c d e f;
    7: a b c d e f g;
    8: a b c d e f g h;
}
