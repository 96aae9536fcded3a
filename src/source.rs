//! Derivatives as Rust source.
//!
//! A function in a hot loop, or in firmware, wants its derivative as straight-line code. [`Source`] traces an ordinary
//! generic function, differentiates the trace, and writes one Rust function: arrays in and out, no dependency, no
//! allocation.
//!
//! ```
//! use dualtape::{Scalar, function, source::Source};
//!
//! fn rosenbrock<S: Scalar<Real = f64>>(x: &[S]) -> S {
//!     (-x[0] + 1.0).powi(2) + (x[1] - x[0].powi(2)).powi(2) * 100.0
//! }
//!
//! let code = Source::of(&function!(rosenbrock), &[0.5, 2.0]).name("rosenbrock").gradient()?;
//! # assert_eq!(code, "", "{code}");
//! # Ok::<(), dualtape::source::Refusal>(())
//! ```
//!
//! The slopes are the crate's own rules, run on symbols, and the sweeps add in the order of the tape. So the generated
//! code has the bits of [`gradient`](crate::gradient()), [`jvp`](crate::jvp) and the like.
//!
//! In reading order: operations that simplify while they are written, in `form.rs`; the number that writes them, in
//! `symbol.rs`, and both ways of its questions, in `decide.rs`; functions by name, in `elementary.rs`; the form of a trace,
//! in `load.rs`; the sweeps, in `chain.rs`; and text, in `lower.rs`, `blocks.rs`, `expression.rs` and `emit.rs`.

mod blocks;
mod chain;
mod decide;
mod elementary;
mod emit;
mod expression;
mod form;
mod load;
mod lower;
mod refusal;
mod special;
mod symbol;

use num_traits::One;

use crate::graph::{Graph, Traced, trace_outputs};
use crate::scalar::function::{Function, Outputs, Parametric};
use crate::scalar::{Real, Scalar};
use chain::{Slopes, sweep_forward, sweep_in_reverse};
use emit::{Part, Program, Shape, emitted};
use expression::Language;
use form::{Form, Operation, Precision, Slot};
use load::{Loaded, load};
use lower::lowered;
pub use refusal::Refusal;
use special::Libraries;
use symbol::Symbol;

/// The most operations of a generated function.
const MOST_OPERATIONS: usize = 50_000;

/// A traced function, to be written as source with its derivatives.
#[derive(Clone, Debug)]
pub struct Source {
    graph: Graph,
    outputs: Vec<u32>,
    precision: Precision,
    options: Options,
}

/// What the caller has chosen.
#[derive(Clone, Debug)]
struct Options {
    name: Option<String>,
    fallback: Option<String>,
    special: Option<String>,
    libraries: Libraries,
    parameters_are_fixed: bool,
    reads_freely: bool,
    zeros_win: bool,
    slopes: Slopes,
}

impl Source {
    /// Traces a function at a point. The generated code holds wherever its branches go as they go here.
    pub fn of<R: Real, F: Function<R>>(f: &F, x: &[R]) -> Self {
        Self::traced(|x, _| F::Output::as_slice(&f.eval(x)).to_vec(), x, &[])
    }

    /// Traces a function of inputs and parameters. Nothing is differentiated with respect to parameters.
    pub fn with_parameters<R: Real, F: Parametric<R>>(f: &F, x: &[R], p: &[R]) -> Self {
        Self::traced(|x, p| F::Output::as_slice(&f.eval(x, p)).to_vec(), x, p)
    }

    fn traced<R: Real>(f: impl FnOnce(&[Traced<R>], &[Traced<R>]) -> Vec<Traced<R>>, x: &[R], p: &[R]) -> Self {
        let (graph, outputs) = trace_outputs(f, x, p);
        let precision = if size_of::<R>() == size_of::<f32>() { Precision::Single } else { Precision::Double };
        let options = Options {
            name: None,
            fallback: None,
            special: None,
            libraries: Libraries { std: true, libm: false },
            parameters_are_fixed: false,
            reads_freely: false,
            zeros_win: false,
            slopes: Slopes::Plain,
        };
        Source { graph, outputs, precision, options }
    }

    /// Names the generated function. Without a name it is called `value`, `gradient`, ..., as the method.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.options.name = Some(name.into());
        self
    }

    /// Names a function that is called with the same arguments where a branch goes otherwise than in the trace. Without
    /// one the generated function returns `None` there.
    #[must_use]
    pub fn fallback(mut self, path: impl Into<String>) -> Self {
        self.options.fallback = Some(path.into());
        self
    }

    /// Writes the parameters as the constants that they were when the function was traced.
    #[must_use]
    pub fn fixed_parameters(mut self) -> Self {
        self.options.parameters_are_fixed = true;
        self
    }

    /// Writes code for `core` and the crate `libm`. Its last digits are those of `libm`.
    #[must_use]
    pub fn no_std(mut self) -> Self {
        self.options.libraries = Libraries { std: false, libm: true };
        self
    }

    /// Takes the functions that std lacks from the crate `libm`: `erf`, `norm_cdf`, `ln_gamma`.
    #[must_use]
    pub fn libm(mut self) -> Self {
        self.options.libraries.libm = true;
        self
    }

    /// Names a module with those functions that neither std nor `libm` has. `dualtape::Scalar` has all of them.
    #[must_use]
    pub fn special(mut self, module: impl Into<String>) -> Self {
        self.options.special = Some(module.into());
        self
    }

    /// Accepts that the function reads plain numbers by [`Scalar::value`](crate::Scalar::value). The result must not depend on them.
    #[must_use]
    pub fn reads_freely(mut self) -> Self {
        self.options.reads_freely = true;
        self
    }

    /// Multiplies by the rule "a zero beats an infinity", as the crate does. Without it the derivative is NaN where a
    /// slope of 0 meets an infinite one, and else the same. Each product of a slope costs two comparisons more.
    #[must_use]
    pub fn zeros_win(mut self) -> Self {
        self.options.zeros_win = true;
        self
    }

    /// Splits a slope that no number holds into two factors, as the crate does. Without it the slope is ∞ or 0: the slope
    /// of 1/x at 10²⁰⁰ is 0, and of ln(1/x) too. Each quotient, power and logarithm costs a branch more.
    #[must_use]
    pub fn wide_slopes(mut self) -> Self {
        self.options.slopes = Slopes::Wide;
        self
    }

    /// Writes `f(x)`: a number for one output, and an array for several.
    pub fn value(&self) -> Result<String, Refusal> {
        self.written("value", "Returns `f(x)`.", &[], |_, _| Ok(Vec::new()))
    }

    /// Writes `(f(x), ∇f(x))`, by a reverse sweep.
    pub fn gradient(&self) -> Result<String, Refusal> {
        self.single("gradient")?;
        self.written("gradient", "Returns `(f(x), ∇f(x))`.", &[], |loaded, slopes| {
            Ok(vec![array("gradient", gradient(loaded, slopes))])
        })
    }

    /// Writes `(f(x), J·v)`, by a forward sweep.
    pub fn jvp(&self) -> Result<String, Refusal> {
        let inputs = self.inputs();
        self.written("jvp", "Returns `(f(x), J·v)`.", &[(Slot::V, inputs)], |loaded, slopes| {
            let along = seeded(&loaded.inputs, Slot::V);
            Ok(vec![self.like_value("tangent", sweep_forward(&along, &loaded.outputs, slopes))])
        })
    }

    /// Writes `(f(x), wᵀ·J)`, by a reverse sweep.
    pub fn vjp(&self) -> Result<String, Refusal> {
        let outputs = self.outputs.len();
        self.written("vjp", "Returns `(f(x), wᵀ·J)`.", &[(Slot::W, outputs)], |loaded, slopes| {
            let weighted = seeded(&loaded.outputs, Slot::W);
            Ok(vec![array("adjoint", sweep_in_reverse(&weighted, &loaded.inputs, slopes))])
        })
    }

    /// Writes `(f(x), J)` with `J[i][j] = ∂fᵢ/∂xⱼ`, forward for few inputs, and else in reverse.
    pub fn jacobian(&self) -> Result<String, Refusal> {
        let (rows, columns) = (self.outputs.len(), self.inputs());
        self.written("jacobian", "Returns `(f(x), J)` with `J[i][j] = ∂fᵢ/∂xⱼ`.", &[], |loaded, slopes| {
            Ok(vec![matrix("jacobian", rows, columns, jacobian(loaded, slopes))])
        })
    }

    /// Writes `(f(x), ∇f(x), H·v)`, forward over reverse.
    pub fn hvp(&self) -> Result<String, Refusal> {
        self.single("hvp")?;
        let inputs = self.inputs();
        self.written("hvp", "Returns `(f(x), ∇f(x), H·v)`.", &[(Slot::V, inputs)], |loaded, slopes| {
            let gradient = gradient(loaded, slopes);
            let product = sweep_forward(&seeded(&loaded.inputs, Slot::V), &gradient, slopes);
            Ok(vec![array("gradient", gradient), array("product", product)])
        })
    }

    /// Writes `(f(x), ∇f(x), H)`, forward over reverse. The upper triangle is a copy of the lower one.
    pub fn hessian(&self) -> Result<String, Refusal> {
        self.single("hessian")?;
        let n = self.inputs();
        self.written(
            "hessian",
            "Returns `(f(x), ∇f(x), H)` with `H[i][j] = ∂²f/∂xᵢ∂xⱼ`.",
            &[],
            |loaded, slopes| {
                let gradient = gradient(loaded, slopes);
                let entries = hessian(loaded, &gradient, slopes);
                Ok(vec![array("gradient", gradient), matrix("hessian", n, n, entries)])
            },
        )
    }

    /// Writes `(f(x), J)` with the entries of J that can be other than 0, row by row. Two constants hold their places, as
    /// [`Sparsity`](crate::sparse::Sparsity) does: `JACOBIAN_ROW_STARTS` and `JACOBIAN_COLUMNS`, with the name of the
    /// function in place of `JACOBIAN`.
    pub fn sparse_jacobian(&self) -> Result<String, Refusal> {
        let columns = self.inputs();
        self.written("jacobian", "Returns `(f(x), J)` with the entries of J that are not 0.", &[], |loaded, slopes| {
            Ok(vec![sparse("jacobian", columns, &jacobian(loaded, slopes))])
        })
    }

    /// Writes `(f(x), ∇f(x), H)` with the entries of H that can be other than 0, of both halves, row by row. Their places
    /// are constants, as of [`sparse_jacobian`](Source::sparse_jacobian).
    pub fn sparse_hessian(&self) -> Result<String, Refusal> {
        self.single("sparse_hessian")?;
        let n = self.inputs();
        let returns = "Returns `(f(x), ∇f(x), H)` with the entries of H that are not 0.";
        self.written("hessian", returns, &[], |loaded, slopes| {
            let gradient = gradient(loaded, slopes);
            let entries = hessian(loaded, &gradient, slopes);
            Ok(vec![array("gradient", gradient), sparse("hessian", n, &entries)])
        })
    }

    fn inputs(&self) -> usize {
        self.graph.nodes().iter().filter(|node| node.role() == crate::graph::Role::Input).count()
    }

    /// Refuses several outputs.
    fn single(&self, verb: &'static str) -> Result<(), Refusal> {
        match self.outputs.len() {
            1 => Ok(()),
            outputs => Err(Refusal::Outputs { verb, outputs }),
        }
    }

    /// Returns a result of the shape of `f(x)`.
    fn like_value(&self, name: &'static str, elements: Vec<Symbol>) -> Part {
        match self.outputs.len() {
            1 => Part { name, shape: Shape::Number, elements: places(elements) },
            _ => array(name, elements),
        }
    }

    /// Writes the function that returns the value and the results of `derive`.
    fn written(
        &self,
        verb: &str,
        returns: &str,
        more: &[(Slot, usize)],
        derive: impl FnOnce(&Loaded, Slopes) -> Result<Vec<Part>, Refusal>,
    ) -> Result<String, Refusal> {
        let options = &self.options;
        if let Some(location) = self.graph.first_reading().filter(|_| !options.reads_freely) {
            return Err(Refusal::Reading { location });
        }
        let (form, written) = Form::written(self.precision, || {
            let loaded = load(&self.graph, &self.outputs, options.parameters_are_fixed)?;
            let mut parts = vec![self.like_value("value", loaded.outputs.clone())];
            parts.extend(derive(&loaded, options.slopes)?);
            Ok((loaded, parts))
        });
        let (loaded, mut parts) = written?;
        if form.is_unreadable {
            return Err(Refusal::Unreadable);
        }
        let elements = parts.iter().flat_map(|part| part.elements.iter().copied());
        let questions = loaded.guards.iter().map(|(question, _)| question.place());
        let labelled = loaded.labels.iter().map(|(symbol, _)| symbol.place());
        let results: Vec<u32> = elements.chain(questions).chain(labelled).collect();
        let (lower, places) = lowered(&form, &results);
        let mut places = places.into_iter();
        parts.iter_mut().flat_map(|part| &mut part.elements).for_each(|place| *place = places.next().expect("as many"));
        let mut place = || places.next().expect("as many");
        let guards = loaded.guards.iter().map(|&(_, answer)| (place(), answer)).collect();
        let mut names: Vec<(u32, String)> = loaded.labels.iter().map(|(_, label)| (place(), label.clone())).collect();
        names.retain(|(place, _)| lower.constant_at(*place).is_none());

        let mut arguments = vec![(Slot::X, loaded.inputs.len())];
        arguments.extend((loaded.parameters > 0).then_some((Slot::P, loaded.parameters)));
        arguments.extend_from_slice(more);
        let mut program = Program {
            form: &lower,
            parts,
            guards,
            names,
            arguments,
            function: options.name.as_deref().unwrap_or(verb),
            fallback: options.fallback.as_deref(),
            zeros_win: options.zeros_win,
            language: Language {
                precision: self.precision,
                libraries: options.libraries,
                special: options.special.clone(),
            },
            documentation: Vec::new(),
        };
        let (_, after) = emitted(&program)?;
        if after > MOST_OPERATIONS {
            return Err(Refusal::Large { operations: after, most: MOST_OPERATIONS });
        }
        program.documentation = documentation(returns, &program, [loaded.operations, form.asked(), after]);
        emitted(&program).map(|(text, _)| text)
    }
}

/// Returns the lines of the documentation of the generated function.
fn documentation(returns: &str, program: &Program<'_>, [traced, asked, after]: [usize; 3]) -> Vec<String> {
    let mut lines = vec![returns.to_string(), String::new()];
    if !program.guards.is_empty() {
        let other = match program.fallback {
            None => "Returns `None`".to_string(),
            Some(fallback) => format!("Calls `{fallback}`"),
        };
        lines.push(format!("{other} where a branch goes otherwise than at the point of the trace."));
        lines.push(String::new());
    }
    lines.push(format!(
        "Generated by dualtape: {traced} operations of the function, {asked} with derivatives, {after} here."
    ));
    lines
}

fn places(symbols: Vec<Symbol>) -> Vec<u32> {
    symbols.into_iter().map(Symbol::place).collect()
}

fn array(name: &'static str, elements: Vec<Symbol>) -> Part {
    Part { name, shape: Shape::Array(elements.len()), elements: places(elements) }
}

fn matrix(name: &'static str, rows: usize, columns: usize, elements: Vec<Symbol>) -> Part {
    Part { name, shape: Shape::Matrix(rows, columns), elements: places(elements) }
}

/// Returns the entries of a matrix that are not the constant 0, with their places.
fn sparse(name: &'static str, columns: usize, entries: &[Symbol]) -> Part {
    let mut row_starts = vec![0];
    let mut places_in_rows = Vec::new();
    let mut elements = Vec::new();
    for row in entries.chunks(columns) {
        let kept = row.iter().enumerate().filter(|(_, entry)| !entry.is_identically_zero());
        kept.for_each(|(column, entry)| {
            places_in_rows.push(column);
            elements.push(entry.place());
        });
        row_starts.push(elements.len());
    }
    let shape = Shape::Sparse { entries: elements.len(), row_starts, columns: places_in_rows };
    Part { name, shape, elements }
}

/// Returns the numbers with the elements of an argument of the generated function.
fn seeded(numbers: &[Symbol], slot: Slot) -> Vec<(Symbol, Symbol)> {
    (0..).zip(numbers).map(|(i, &number)| (number, Symbol::of(Operation::Input(slot, i), &[]))).collect()
}

fn gradient(loaded: &Loaded, slopes: Slopes) -> Vec<Symbol> {
    sweep_in_reverse(&[(loaded.outputs[0], Symbol::one())], &loaded.inputs, slopes)
}

/// Returns the Jacobian, row by row.
fn jacobian(loaded: &Loaded, slopes: Slopes) -> Vec<Symbol> {
    let (rows, columns) = (loaded.outputs.len(), loaded.inputs.len());
    if rows < columns {
        let row = |&output: &Symbol| sweep_in_reverse(&[(output, Symbol::one())], &loaded.inputs, slopes);
        return loaded.outputs.iter().flat_map(row).collect();
    }
    let sweep = |&input: &Symbol| sweep_forward(&[(input, Symbol::one())], &loaded.outputs, slopes);
    let by_column: Vec<Vec<Symbol>> = loaded.inputs.iter().map(sweep).collect();
    (0..rows).flat_map(|row| by_column.iter().map(move |column| column[row])).collect()
}

/// Returns the Hessian, row by row. Only the lower triangle is computed.
fn hessian(loaded: &Loaded, gradient: &[Symbol], slopes: Slopes) -> Vec<Symbol> {
    let n = loaded.inputs.len();
    let below = |j: usize| sweep_forward(&[(loaded.inputs[j], Symbol::one())], &gradient[j..], slopes);
    let columns: Vec<Vec<Symbol>> = (0..n).map(below).collect();
    (0..n * n).map(|entry| (entry / n, entry % n)).map(|(i, j)| columns[i.min(j)][i.abs_diff(j)]).collect()
}
