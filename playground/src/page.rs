//! What the scripts of the page call.

use dualtape::graph::Graph;
use wasm_bindgen::prelude::*;

use crate::expression::{Expression, Numbered};
use crate::formula::Fault;
use crate::names::Names;
use crate::network::{Compared, Training};

/// Makes a panic an exception with its message.
#[wasm_bindgen(start)]
fn start() {
    std::panic::set_hook(Box::new(|panic| wasm_bindgen::throw_str(&panic.to_string())));
}

/// Returns the player of a graph.
fn player(graph: &Graph) -> Result<String, JsError> {
    Ok(graph.player()?)
}

/// A fault of a formula.
#[wasm_bindgen(getter_with_clone)]
pub struct FormulaFault {
    pub place: usize,
    pub message: String,
}

impl From<Fault> for FormulaFault {
    fn from(Fault { place, message }: Fault) -> Self {
        FormulaFault { place, message }
    }
}

/// A computation at a point: its player, the derivative line by line, and the names, values, gradients and tangents of its numbers.
#[wasm_bindgen(getter_with_clone)]
pub struct Computed {
    pub player: String,
    pub formulas: String,
    pub names: Vec<String>,
    pub values: Vec<f64>,
    pub gradients: Vec<f64>,
    pub tangents: Vec<f64>,
}

#[wasm_bindgen(js_name = Expression)]
pub struct ExpressionTab(Expression);

#[wasm_bindgen(js_class = Expression)]
impl ExpressionTab {
    #[wasm_bindgen(constructor)]
    pub fn new(text: &str) -> Result<ExpressionTab, FormulaFault> {
        Ok(ExpressionTab(Expression::new(text)?))
    }

    pub fn inputs(&self) -> Vec<String> {
        self.0.inputs().to_vec()
    }

    pub fn at(&mut self, values: &[f64], along: usize) -> Result<Computed, JsError> {
        self.0.move_to(values);
        let (graph, numbers) = self.0.graph(along);
        let list = |of: fn(&Numbered) -> f64| numbers.iter().map(of).collect();
        Ok(Computed {
            player: player(&graph)?,
            formulas: graph.formulas().map_or_else(|refusal| refusal.to_string(), |formulas| formulas.to_string()),
            names: numbers.iter().map(|n| n.name.clone()).collect(),
            values: list(|n| n.value),
            gradients: list(|n| n.gradient),
            tangents: list(|n| n.tangent),
        })
    }

    pub fn forward(&self) -> Vec<f64> {
        self.0.forward()
    }

    pub fn hessian(&self) -> Vec<f64> {
        self.0.hessian().concat()
    }

    pub fn differences(&self) -> Vec<f64> {
        self.0.differences()
    }
}

/// Derivatives in three ways, of one parameter after another.
#[wasm_bindgen(getter_with_clone)]
pub struct Comparison {
    pub names: Vec<String>,
    pub slopes: Vec<f64>,
}

#[wasm_bindgen(js_name = Network)]
pub struct NetworkTab(Training);

#[wasm_bindgen(js_class = Network)]
impl NetworkTab {
    /// Of settings as they stand in the address.
    #[wasm_bindgen(constructor)]
    pub fn new(settings: &str) -> Result<NetworkTab, String> {
        Ok(NetworkTab(Training::new(settings.parse()?)?))
    }

    /// x, y and class of one point after another.
    pub fn points(&self) -> Vec<f64> {
        self.0.points().iter().flat_map(|&([x, y], class)| [x, y, class as f64]).collect()
    }

    /// The widths of the layers.
    pub fn widths(&self) -> Vec<usize> {
        self.0.network().layers().iter().map(|&(width, _)| width).collect()
    }

    pub fn parameters(&self) -> usize {
        self.0.network().parameters().len()
    }

    pub fn step(&mut self) -> Result<f64, String> {
        self.0.step()
    }

    pub fn losses(&self) -> Vec<f64> {
        self.0.losses().to_vec()
    }

    pub fn accuracy(&self) -> f64 {
        self.0.accuracy()
    }

    pub fn grid(&self, n: usize) -> Vec<f64> {
        self.0.outputs_on_grid(n, -2.0..=2.0)
    }

    pub fn compare(&self) -> Comparison {
        let (names, slopes): (Vec<String>, Vec<[f64; 3]>) =
            self.0.compare().into_iter().map(|Compared { name, slopes }| (name, slopes)).unzip();
        Comparison { names, slopes: slopes.concat() }
    }

    pub fn neuron(&self, layer: usize, neuron: usize, point: usize) -> Result<String, JsError> {
        player(&self.0.neuron(layer, neuron, point))
    }
}

#[wasm_bindgen(js_name = Names)]
pub struct NamesTab(Names);

#[wasm_bindgen(js_class = Names)]
impl NamesTab {
    #[wasm_bindgen(constructor)]
    pub fn new(lines: &str, seed: u32) -> NamesTab {
        NamesTab(Names::new(lines, seed.into()))
    }

    pub fn step(&mut self) -> String {
        self.0.step().to_string()
    }

    pub fn losses(&self) -> Vec<f64> {
        self.0.losses().to_vec()
    }

    pub fn samples(&self, count: usize, seed: u32) -> Vec<String> {
        self.0.samples(count, seed.into())
    }

    /// The squares of all heads, one after the other.
    pub fn attention(&self, name: &str) -> Result<Vec<f64>, String> {
        Ok(self.0.attention(name)?.concat())
    }

    /// The names of the matrices.
    pub fn matrices(&self) -> Vec<String> {
        self.0.shapes().into_iter().map(|shape| shape.name).collect()
    }

    /// The rows and columns of one matrix after another.
    pub fn shapes(&self) -> Vec<usize> {
        self.0.shapes().iter().flat_map(|shape| [shape.rows, shape.columns]).collect()
    }

    pub fn gradient(&self, name: &str) -> Result<Vec<f64>, String> {
        Ok(self.0.gradient(name)?.1)
    }

    /// The weight, and its derivative by the reverse sweep, by forward mode and by differences.
    pub fn slope(&self, name: &str, parameter: usize) -> Result<Vec<f64>, String> {
        let slope = self.0.slope(name, parameter)?;
        Ok([&[slope.value][..], &slope.slopes].concat())
    }
}
