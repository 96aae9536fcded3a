//! Models: their parameters in order and by name, their derivatives in all modes, and their steps and files.

use std::marker::PhantomData;

use dualtape::parameters::Name;
use dualtape::sparse::SparseHessian;
use dualtape::{
    Dual, Function, Parameters, Real, Scalar, Terms, Var, check, derivative, function, gradient_array, gradient_of,
    hessian_of,
};

use crate::support::refusals::message;

#[derive(Parameters, Clone, Debug, PartialEq)]
struct Layer<S> {
    weights: Vec<[S; 2]>,
    bias: Option<S>,
    r#type: &'static str,
}

#[derive(Parameters, Clone, Debug, PartialEq)]
enum Head<S: Scalar> {
    None,
    Linear(S, Vec<S>),
    Scaled { scale: (S, S), by: f64 },
}

#[derive(Parameters, Clone, Debug, PartialEq)]
struct Model<'a, T: Clone, S = f64, const N: usize = 1>
where
    S: Scalar,
{
    layers: Vec<Layer<S>>,
    heads: [Head<S>; N],
    data: &'a [f64],
    tag: T,
    scalar: PhantomData<S>,
}

#[derive(Parameters, Clone, Debug, PartialEq)]
struct Tree<S>(S, Vec<Tree<S>>);

const DATA: [f64; 2] = [3.0, -1.0];

fn model<R: Real>() -> Model<'static, u8, R, 3> {
    let r = R::from_f64;
    let layer = |bias| Layer { weights: vec![[r(1.0), r(2.0)], [r(0.5), r(-1.0)]], bias, r#type: "dense" };
    Model {
        layers: vec![layer(Some(r(0.25))), layer(None)],
        heads: [Head::None, Head::Linear(r(4.0), vec![r(5.0)]), Head::Scaled { scale: (r(6.0), r(7.0)), by: 8.0 }],
        data: &DATA,
        tag: 9,
        scalar: PhantomData,
    }
}

/// Every parameter has its own coefficient, and some are multiplied.
fn output<R: Real, S: Scalar<Real = R>>(model: &Model<'_, u8, S, 3>) -> S {
    let mut y = S::zero();
    for layer in &model.layers {
        for w in &layer.weights {
            y += (w[0] * R::from_f64(model.data[0]) + w[1] * R::from_f64(model.data[1])).sin();
        }
        y += layer.bias.unwrap_or_default().exp();
    }
    for head in &model.heads {
        match head {
            Head::None => {}
            Head::Linear(a, b) => y += *a * b[0],
            Head::Scaled { scale: (a, b), by } => y += *a / *b * R::from_f64(*by),
        }
    }
    y
}

#[test]
fn parameters_have_names_and_an_order() {
    let model = model::<f64>();
    let names: Vec<String> = model.named().into_iter().map(|(name, _)| name).collect();
    assert_eq!(
        names,
        [
            "layers.0.weights.0.0",
            "layers.0.weights.0.1",
            "layers.0.weights.1.0",
            "layers.0.weights.1.1",
            "layers.0.bias",
            "layers.1.weights.0.0",
            "layers.1.weights.0.1",
            "layers.1.weights.1.0",
            "layers.1.weights.1.1",
            "heads.1.0",
            "heads.1.1.0",
            "heads.2.scale.0",
            "heads.2.scale.1",
        ]
    );
    let numbers = [1.0, 2.0, 0.5, -1.0, 0.25, 1.0, 2.0, 0.5, -1.0, 4.0, 5.0, 6.0, 7.0];
    assert_eq!(model.flatten(), numbers);
    assert_eq!(model.unflatten(&numbers), model);
    assert_eq!(model.unflatten(&numbers.map(|x| x as f32)), self::model::<f32>());
    assert_eq!(model.map(|x| x as f32), self::model::<f32>());
}

#[test]
fn a_model_that_contains_itself_is_traversed() {
    let tree = Tree(1.0, vec![Tree(2.0, vec![Tree(3.0, vec![])]), Tree(4.0, vec![])]);
    let names: Vec<String> = tree.named().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["0", "1.0.0", "1.0.1.0.0", "1.1.0"]);
    let (y, gradient) = gradient_of(&tree, |tree| tree.flatten().into_iter().product());
    assert_eq!((y, gradient.flatten()), (24.0, vec![24.0, 12.0, 8.0, 6.0]));
}

fn in_every_mode<R: Real>() {
    let model = model::<R>();
    let (flat, f) = (model.flatten(), |p: &[Dual<R, 13>; 13]| output(&model.unflatten(p)));
    let (y, forward) = gradient_array(f, flat.first_chunk().expect("13 parameters"));
    let (z, reverse) = gradient_of(&model, |model| output(model));
    let tolerance = R::epsilon() * R::from_f64(64.0);
    let close = |a: R, b: R| num_traits::Float::abs(a - b) <= tolerance;
    assert_eq!((y, z), (output(&model), output(&model)));
    assert!(reverse.flatten().into_iter().zip(forward).all(|(a, b)| close(a, b)));
    assert_eq!((reverse.tag, reverse.data, &reverse.heads[0]), (9, &DATA[..], &Head::None));
    assert_eq!(reverse.layers[1].bias, None);

    let (z, gradient, hessian) = hessian_of(&model, |model| output(model));
    assert_eq!(z, y);
    assert!(gradient.flatten().into_iter().zip(forward).all(|(a, b)| close(a, b)));
    // ∂²(a·b)/∂a∂b of the head that multiplies.
    assert_eq!((hessian[(9, 10)], hessian[(9, 9)]), (R::one(), R::zero()));

    // Nested: the derivative of a gradient along the first parameter.
    let (g, column) = derivative(
        |x| {
            let mut moved = model.map(Dual::<R>::constant);
            moved.layers[0].weights[0][0] = x;
            gradient_of(&moved, |model| output(model)).1.layers[0].weights[0][1]
        },
        flat[0],
    );
    assert!(close(g, forward[1]) && close(column, hessian[(0, 1)]));
}

#[test]
fn derivatives_agree_in_every_mode() {
    in_every_mode::<f64>();
    in_every_mode::<f32>();
}

#[test]
fn a_model_is_a_function_for_every_tool() {
    let model = model::<f64>();
    let (flat, model) = (model.flatten(), &model);
    let f = function!([model: &Model<'static, u8, f64, 3>] |p: &[S]| -> S { output(&model.unflatten(p)) });
    check(&f, &flat).assert_agreement();
    let (_, gradient, hessian) = hessian_of(model, |model| output(model));
    assert_eq!(f.hessian(&flat), (output(model), gradient.flatten(), hessian.clone()));
    let (_, _, sparse) = SparseHessian::new(&f, &flat).at(&f, &flat);
    assert_eq!(sparse.to_dense(), hessian);
    let (y, g) = Terms::all(3).gradient(|_, p| output(&model.unflatten(p)), &flat);
    assert_eq!(y, 3.0 * output(model));
    assert!(g.iter().zip(gradient.flatten()).all(|(a, b)| (a - 3.0 * b).abs() < 1e-13));
}

#[test]
fn a_model_without_the_macro_is_one_of_the_trait() {
    struct Weighted<S> {
        weights: Vec<S>,
        points: Vec<f64>,
    }

    impl<S: Scalar> Parameters for Weighted<S> {
        type Scalar = S;
        type Of<U: Scalar> = Weighted<U>;

        fn map_named<U: Scalar>(&self, name: Name<'_>, change: &mut impl FnMut(Name<'_>, S) -> U) -> Weighted<U> {
            Weighted { weights: self.weights.map_named(name.field("weights"), change), points: self.points.clone() }
        }
    }

    let model = Weighted { weights: vec![2.0, 3.0], points: vec![5.0, 7.0] };
    let sum = |model: &Weighted<Var>| dualtape::weighted_sum(&model.weights, &model.points);
    let (y, gradient) = gradient_of(&model, sum);
    assert_eq!((y, gradient.weights), (31.0, vec![5.0, 7.0]));
    assert_eq!(model.named()[1], ("weights.1".to_string(), 3.0));
}

#[test]
fn another_number_of_parameters_is_refused_by_name() {
    let unflatten = |n: usize| message(|| model::<f64>().unflatten(&vec![0.0; n]));
    assert_eq!(
        unflatten(4),
        "unflatten: 4 numbers were passed for 13 parameters; `layers.0.bias` is the first without one. Pass one for \
         each, in the order of `flatten`"
    );
    assert_eq!(
        unflatten(14),
        "unflatten: 14 numbers were passed for 13 parameters; `heads.2.scale.1` is the last. Pass one for each, in the \
         order of `flatten`"
    );
}

#[cfg(feature = "nn")]
mod in_training {
    use dualtape::nn::{Activation, Adam, Mlp, Schedule, TensorError, Tensors};

    use super::*;

    #[test]
    fn an_optimizer_moves_a_model_as_it_moves_its_parameters() {
        let (mut moved, mut flat) = (model::<f64>(), model::<f64>().flatten());
        let [mut of_model, mut of_slice] = [Adam::new(Schedule::Constant(0.1)), Adam::new(Schedule::Constant(0.1))];
        for _ in 0..3 {
            let (_, gradient) = gradient_of(&moved, |model| output(model));
            of_slice.step(&mut flat, &gradient.flatten());
            of_model.step_model(&mut moved, &gradient);
            assert_eq!(moved.flatten(), flat);
        }
        assert_eq!(moved.heads[0], Head::None);
    }

    #[test]
    fn a_gradient_of_another_structure_is_refused_by_name() {
        let refused = |mut model: (Vec<f64>, Vec<f64>), gradient: (Vec<f64>, Vec<f64>)| {
            message(|| Adam::new(Schedule::Constant(0.1)).step_model(&mut model, &gradient))
        };
        assert_eq!(
            refused((vec![0.0; 2], vec![0.0; 1]), (vec![0.0; 1], vec![0.0; 2])),
            "Optimizer::step_model: the model has `0.1` at place 1 and its gradient has `1.0`; pass models of one structure"
        );
        assert_eq!(
            refused((vec![0.0; 2], vec![]), (vec![0.0; 1], vec![])),
            "Optimizer::step_model: the model has `0.1` at place 1 and its gradient has no parameter; pass models of one \
             structure"
        );
    }

    #[test]
    fn parameters_are_saved_and_loaded_by_name() {
        let saved = Tensors::of(&model::<f64>());
        let shapes: Vec<(&str, &[usize])> =
            saved.names().map(|name| (name, saved.shape(name).expect("a tensor"))).collect();
        let wanted: [(&str, &[usize]); 7] = [
            ("heads.1.0", &[]),
            ("heads.1.1", &[1]),
            ("heads.2.scale.0", &[]),
            ("heads.2.scale.1", &[]),
            ("layers.0.bias", &[]),
            ("layers.0.weights", &[2, 2]),
            ("layers.1.weights", &[2, 2]),
        ];
        assert_eq!(shapes, wanted);

        let zeros = || model::<f64>().map(|_| 0.0);
        let mut loaded = zeros();
        saved.load_into(&mut loaded).unwrap();
        assert_eq!(loaded, model());

        let mut single = model::<f32>();
        assert!(matches!(saved.load_into(&mut single), Err(TensorError::Type { .. })));
        saved.to_f32().load_into(&mut single).unwrap();
        assert_eq!(single, model::<f32>());

        let mut other = zeros();
        other.layers[1].bias = Some(0.0);
        let unchanged = other.clone();
        let missing = TensorError::Missing { name: "layers.1.bias".to_string(), shape: vec![] };
        assert_eq!(saved.load_into(&mut other), Err(missing));
        assert_eq!(other, unchanged);
        other.layers.pop();
        let left = TensorError::Unexpected { name: "layers.1.weights".to_string() };
        assert_eq!(saved.load_into(&mut other), Err(left));
    }

    #[test]
    fn rows_of_different_lengths_are_tensors_of_their_own() {
        #[derive(Parameters)]
        struct Rows<S> {
            rows: Vec<Vec<Option<S>>>,
        }
        let rows = Rows { rows: vec![vec![Some(1.0), Some(2.0)], vec![Some(3.0), None, Some(4.0)]] };
        let tensors = Tensors::of(&rows);
        assert!(tensors.names().eq(["rows.0", "rows.1.0", "rows.1.2"]));
        let mut loaded = Rows { rows: rows.rows.map(|x| -x) };
        tensors.load_into(&mut loaded).unwrap();
        assert_eq!(loaded.rows, rows.rows);
    }

    #[test]
    fn a_perceptron_is_a_model() {
        let layers = [(2, Activation::Tanh), (1, Activation::Linear)];
        let mlp = Mlp::new(1, &layers, &[0.5, 1.0, -0.5, 2.0, 3.0, 4.0, 5.0]);
        let names: Vec<String> = mlp.named().into_iter().map(|(name, _)| name).collect();
        let first = ["layers.0.weight.0.0", "layers.0.bias.0", "layers.0.weight.1.0", "layers.0.bias.1"];
        assert_eq!(names[..4], first);
        assert_eq!((mlp.flatten(), mlp.unflatten(mlp.parameters())), (mlp.parameters().to_vec(), mlp.clone()));
        let (_, gradient) = gradient_of(&mlp, |mlp| mlp.forward(&[0.7.into()])[0]);
        let (_, flat) = dualtape::gradient(|p| mlp.with_parameters(p).forward(&[0.7.into()])[0], mlp.parameters());
        assert_eq!(gradient.parameters(), flat);
    }
}
