//! Arrays of ndarray take numbers as operands, `&array * x`, and [`Matrix`] becomes one.

use crate::forward::Dual;
#[cfg(feature = "graph")]
use crate::graph::Traced;
use crate::reverse::Var;
use crate::scalar::Scalar;
use crate::series::Taylor;
use crate::verbs::Matrix;

macro_rules! impl_ndarray {
    ($ndarray:ident) => {
        impl<T: Scalar, const N: usize> ::$ndarray::ScalarOperand for Dual<T, N> {}
        impl<T: Scalar> ::$ndarray::ScalarOperand for Var<T> {}
        impl<T: Scalar, const K: usize> ::$ndarray::ScalarOperand for Taylor<T, K> {}
        #[cfg(feature = "graph")]
        impl<T: Scalar> ::$ndarray::ScalarOperand for Traced<T> {}

        /// Moves the entries, without a copy.
        impl<T> From<Matrix<T>> for ::$ndarray::Array2<T> {
            fn from(matrix: Matrix<T>) -> Self {
                let shape = matrix.shape();
                Self::from_shape_vec(shape, matrix.into_entries()).expect("a matrix has rows times columns entries")
            }
        }
    };
}

#[cfg(feature = "ndarray")]
impl_ndarray!(ndarray);
#[cfg(feature = "ndarray-0_16")]
impl_ndarray!(ndarray_0_16);
