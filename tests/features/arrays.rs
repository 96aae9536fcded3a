//! Arrays of ndarray, for each version of it.

macro_rules! tests {
    ($ndarray:ident) => {
        use $ndarray::{Array1, Array2, array};

        use dualtape::parameters::{Name, Parameters};
        use dualtape::{Dual, Taylor, Var, gradient, gradient_forward, gradient_of, jacobian, taylor};

        #[test]
        fn numbers_are_operands_of_arrays() {
            let (_, g) = gradient(|x| (Array1::from(x.to_vec()) * x[0] + x[1]).sum(), &[2.0, 3.0]);
            assert_eq!(g, [7.0, 4.0]);
            let (_, g) = gradient_forward(|x| (Array1::from(x.to_vec()) / x[0]).sum(), &[2.0, 3.0]);
            assert_eq!(g, [-0.75, 0.5]);
            let series = taylor::<f64, 2>(|x: Taylor<f64, 2>| (array![x, x] * x).sum(), 3.0);
            assert_eq!(series.derivatives().collect::<Vec<_>>(), [18.0, 12.0, 4.0]);
        }

        #[test]
        fn products_of_matrices_have_their_derivatives() {
            let a = array![[1.0, 2.0], [3.0, 4.0]];
            let energy = |x: &[Var]| {
                let x = Array1::from(x.to_vec());
                x.dot(&a.mapv(Var::constant).dot(&x))
            };
            let at = array![0.5, -1.0];
            let (y, g) = gradient(energy, at.as_slice().unwrap());
            assert_eq!(y, at.dot(&a.dot(&at)));
            assert_eq!(Array1::from(g), (&a + &a.t()).dot(&at));
            let x: Dual = Dual::variable(2.0);
            assert_eq!(Array2::from_diag(&array![x, x]).dot(&array![x, x]).sum().partials, [8.0]);
        }

        #[test]
        fn an_array_is_a_model_in_the_order_of_its_indices() {
            // In memory it is column by column.
            let a = array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]].reversed_axes();
            assert_eq!(Parameters::flatten(&a), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
            assert_eq!(a.unflatten(&Parameters::flatten(&a)), a);
            let mut names = Vec::new();
            let negated = a.map_named(Name::ROOT.field("w"), &mut |name, x: f64| {
                names.push(name.to_string());
                -x
            });
            assert_eq!((negated, &names[..2]), (-&a, &["w.0".to_string(), "w.1".to_string()][..]));
            let (y, g) = gradient_of(&a, |a: &Array2<Var>| (a * a).sum());
            assert_eq!((y, g), (91.0, &a * 2.0));
        }

        #[test]
        fn a_matrix_becomes_an_array() {
            let (_, j) = jacobian(|x| [x[0] * x[1], x[0], x[1]], &[2.0, 3.0]);
            assert_eq!(Array2::from(j), array![[3.0, 2.0], [1.0, 0.0], [0.0, 1.0]]);
        }
    };
}

#[cfg(feature = "ndarray")]
mod newest {
    tests!(ndarray);
}

#[cfg(feature = "ndarray-0_16")]
mod version_0_16 {
    tests!(ndarray_0_16);
}
