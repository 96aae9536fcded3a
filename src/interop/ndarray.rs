//! Arrays of ndarray take numbers as operands, `&array * x`, and are parameters of a model; [`Matrix`] becomes one.

use crate::forward::Dual;
#[cfg(feature = "graph")]
use crate::graph::Traced;
use crate::reverse::Var;
use crate::scalar::Scalar;
use crate::series::Taylor;
use crate::tools::parameters::{Name, Parameters};
use crate::verbs::Matrix;

macro_rules! impl_ndarray {
    ($ndarray:ident) => {
        impl<T: Scalar, const N: usize> ::$ndarray::ScalarOperand for Dual<T, N> {}
        impl<T: Scalar> ::$ndarray::ScalarOperand for Var<T> {}
        impl<T: Scalar, const K: usize> ::$ndarray::ScalarOperand for Taylor<T, K> {}
        #[cfg(feature = "graph")]
        impl<T: Scalar> ::$ndarray::ScalarOperand for Traced<T> {}

        /// Names the parameters of the elements in the order of their indices, by one number each.
        ///
        /// ```
        /// # #[cfg(feature = "ndarray")] {
        /// use dualtape::gradient_of;
        /// use ndarray::array;
        ///
        /// let (y, g) = gradient_of(&array![3.0, 4.0], |x| x.dot(x));
        /// assert_eq!((y, g), (25.0, array![6.0, 8.0]));
        /// # }
        /// ```
        impl<P: Parameters, D: ::$ndarray::Dimension> Parameters for ::$ndarray::Array<P, D> {
            type Scalar = P::Scalar;
            type Of<U: Scalar> = ::$ndarray::Array<P::Of<U>, D>;

            fn map_named<U: Scalar>(
                &self,
                name: Name<'_>,
                change: &mut impl FnMut(Name<'_>, P::Scalar) -> U,
            ) -> ::$ndarray::Array<P::Of<U>, D> {
                let elements =
                    self.iter().enumerate().map(|(i, element)| element.map_named(name.index(i), change)).collect();
                ::$ndarray::Array::from_shape_vec(self.raw_dim(), elements).expect("as many elements as before")
            }
        }

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
