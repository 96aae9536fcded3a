//! The model: a GPT over names, in any [`Scalar`], and Adam, which trains it.

use dualtape::{Scalar, affine, dot, log_sum_exp, softmax};

/// The letters, by number; the token after the last one begins and ends a name.
pub(crate) const LETTERS: &str = "abcdefghijklmnopqrstuvwxyz";
pub(crate) const END: usize = LETTERS.len();
pub(crate) const TOKENS: usize = END + 1;

/// The number of places that the model looks back, and the number of heads that look.
pub(crate) const CONTEXT: usize = 16;
pub(crate) const HEADS: usize = 4;

/// Returns the tokens of a name, between two ends.
pub(crate) fn tokens(name: &str) -> Vec<usize> {
    let letters = name.bytes().map(|letter| usize::from(letter - b'a'));
    [END].into_iter().chain(letters).chain([END]).collect()
}

/// Returns the text of tokens.
pub(crate) fn text(tokens: &[usize]) -> String {
    tokens.iter().map(|&token| char::from(LETTERS.as_bytes()[token])).collect()
}

/// How sums are written: [`Bare`] or [`Slices`]. Matrices and rows of numbers are slices, row by row.
pub(crate) trait Form {
    fn dot<S: Scalar<Real = f64>>(a: &[S], b: &[S]) -> S;

    fn softmax<S: Scalar<Real = f64>>(x: &[S]) -> Vec<S>;

    /// Returns the product of a matrix with every row of `x`.
    fn linear<S: Scalar<Real = f64>>(matrix: &[S], x: &[S], columns: usize) -> Vec<S>;

    /// Returns `−ln p`, where p is the softmax of `x` at one index.
    fn surprise<S: Scalar<Real = f64>>(x: &[S], index: usize) -> S;
}

/// Every sum and product is an operation of its own, as in micrograd.
pub(crate) struct Bare;

impl Form for Bare {
    fn dot<S: Scalar<Real = f64>>(a: &[S], b: &[S]) -> S {
        a.iter().zip(b).map(|(&a, &b)| a * b).sum()
    }

    fn softmax<S: Scalar<Real = f64>>(x: &[S]) -> Vec<S> {
        let largest = x.iter().map(|x| x.value()).fold(f64::NEG_INFINITY, f64::max);
        let powers: Vec<S> = x.iter().map(|&x| (x - largest).exp()).collect();
        let scale = powers.iter().copied().sum::<S>().recip();
        powers.into_iter().map(|power| power * scale).collect()
    }

    fn linear<S: Scalar<Real = f64>>(matrix: &[S], x: &[S], columns: usize) -> Vec<S> {
        x.chunks(columns).flat_map(|x| matrix.chunks(columns).map(|row| Self::dot(row, x))).collect()
    }

    fn surprise<S: Scalar<Real = f64>>(x: &[S], index: usize) -> S {
        -Self::softmax(x)[index].ln()
    }
}

/// Sums are the crate's functions over slices: one statement on a tape for each sum, and one for each matrix.
pub(crate) struct Slices;

impl Form for Slices {
    fn dot<S: Scalar<Real = f64>>(a: &[S], b: &[S]) -> S {
        dot(a, b)
    }

    fn softmax<S: Scalar<Real = f64>>(x: &[S]) -> Vec<S> {
        softmax(x)
    }

    fn linear<S: Scalar<Real = f64>>(matrix: &[S], x: &[S], columns: usize) -> Vec<S> {
        let mut neurons = Vec::with_capacity(matrix.len() + matrix.len() / columns);
        for weights in matrix.chunks(columns) {
            neurons.extend_from_slice(weights);
            neurons.push(S::zero()); // the bias
        }
        affine(&neurons, x, x.len() / columns)
    }

    fn surprise<S: Scalar<Real = f64>>(x: &[S], index: usize) -> S {
        log_sum_exp(x) - x[index]
    }
}

/// The sizes of the model. Its parameters are a slice: the matrices of [`shapes`](Gpt::shapes), row by row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Gpt {
    pub(crate) width: usize,
    pub(crate) layers: usize,
}

impl Gpt {
    /// Returns the name, the rows and the columns of every matrix, in the order of the parameters.
    pub(crate) fn shapes(&self) -> Vec<(String, usize, usize)> {
        let n = self.width;
        let ends = [("wte", TOKENS, n), ("wpe", CONTEXT, n), ("lm_head", TOKENS, n)];
        let layer = [("wq", n, n), ("wk", n, n), ("wv", n, n), ("wo", n, n), ("fc1", 4 * n, n), ("fc2", n, 4 * n)];
        let of_layer = |i| layer.map(|(name, rows, columns)| (format!("layer{i}.{name}"), rows, columns));
        let ends = ends.map(|(name, rows, columns)| (name.to_string(), rows, columns));
        ends.into_iter().chain((0..self.layers).flat_map(of_layer)).collect()
    }

    /// Returns the number of parameters.
    pub(crate) fn len(&self) -> usize {
        self.shapes().iter().map(|(_, rows, columns)| rows * columns).sum()
    }

    /// Returns the first parameters: normal numbers of a small deviation, drawn with numbers between 0 and 1.
    pub(crate) fn initial(&self, mut uniform: impl FnMut() -> f64) -> Vec<f64> {
        let mut normal = || (-2.0 * (1.0 - uniform()).ln()).sqrt() * (std::f64::consts::TAU * uniform()).cos();
        (0..self.len()).map(|_| 0.08 * normal()).collect()
    }

    /// Returns 27 numbers for every place: how likely each token comes next, as logarithms up to a constant. It calls
    /// `attends` with the weights by which a head, at every place in turn, looks at the places up to there.
    pub(crate) fn logits<F: Form, S: Scalar<Real = f64>>(
        &self,
        parameters: &[S],
        tokens: &[usize],
        attends: &mut dyn FnMut(&[S]),
    ) -> Vec<S> {
        let n = self.width;
        let mut rest = parameters;
        let mut matrices = self.shapes().into_iter().map(|(_, rows, columns)| {
            let (matrix, others) = rest.split_at(rows * columns);
            rest = others;
            matrix
        });
        let mut matrix = || matrices.next().expect("the shapes list every matrix");
        let [wte, wpe, lm_head] = [matrix(), matrix(), matrix()];

        let embeddings = tokens.iter().flat_map(|token| &wte[token * n..][..n]);
        let mut x: Vec<S> = embeddings.zip(wpe).map(|(&token, &place)| token + place).collect();
        x = rmsnorm::<F, S>(&x, n);
        for _ in 0..self.layers {
            let [wq, wk, wv, wo, fc1, fc2] = std::array::from_fn(|_| matrix());
            let normal = rmsnorm::<F, S>(&x, n);
            let [q, k, v] = [wq, wk, wv].map(|matrix| F::linear(matrix, &normal, n));
            let seen = attention::<F, S>(&q, &k, &v, n, attends);
            x = sum(&F::linear(wo, &seen, n), &x);

            let hidden = F::linear(fc1, &rmsnorm::<F, S>(&x, n), n);
            let hidden: Vec<S> = hidden.into_iter().map(S::relu).collect();
            x = sum(&F::linear(fc2, &hidden, 4 * n), &x);
        }
        F::linear(lm_head, &x, n)
    }

    /// Returns the mean of `−ln p(next token)` over a name.
    pub(crate) fn loss<F: Form, S: Scalar<Real = f64>>(&self, parameters: &[S], name: &str) -> S {
        let tokens = tokens(name);
        let places = CONTEXT.min(tokens.len() - 1);
        let logits = self.logits::<F, S>(parameters, &tokens[..places], &mut |_| ());
        let surprises = logits.chunks(TOKENS).zip(&tokens[1..]).map(|(x, &next)| F::surprise(x, next));
        surprises.sum::<S>() * (1.0 / places as f64)
    }

    /// Returns a name, drawn letter by letter with numbers between 0 and 1. The lower the temperature, the likelier.
    pub(crate) fn sample(&self, parameters: &[f64], temperature: f64, mut uniform: impl FnMut() -> f64) -> String {
        let mut tokens = vec![END];
        while tokens.len() <= CONTEXT {
            let logits = self.logits::<Slices, f64>(parameters, &tokens, &mut |_| ());
            let last: Vec<f64> = logits[logits.len() - TOKENS..].iter().map(|x| x / temperature).collect();
            let mut sum = 0.0;
            let below: Vec<f64> = Bare::softmax(&last)
                .iter()
                .map(|p| {
                    sum += p;
                    sum
                })
                .collect();
            let chosen = sum * uniform();
            match below.iter().position(|&below| below > chosen) {
                Some(letter) if letter != END => tokens.push(letter),
                _ => break,
            }
        }
        text(&tokens[1..])
    }
}

/// Returns every row over the root of its mean square.
fn rmsnorm<F: Form, S: Scalar<Real = f64>>(x: &[S], columns: usize) -> Vec<S> {
    let mut scaled = Vec::with_capacity(x.len());
    for row in x.chunks(columns) {
        let scale = (F::dot(row, row) / columns as f64 + 1e-5).powf(-0.5);
        scaled.extend(row.iter().map(|&x| x * scale));
    }
    scaled
}

/// Returns, for every place and head, the mean of the values `v` at the places up to there. A place counts the more, the
/// larger the product of its key in `k` with the query in `q` is.
fn attention<F: Form, S: Scalar<Real = f64>>(
    q: &[S],
    k: &[S],
    v: &[S],
    columns: usize,
    attends: &mut dyn FnMut(&[S]),
) -> Vec<S> {
    let (places, size) = (q.len() / columns, columns / HEADS);
    // The values of every column, place by place.
    let v: Vec<S> = (0..columns).flat_map(|j| (0..places).map(move |s| v[s * columns + j])).collect();
    let scale = (size as f64).sqrt().recip();
    let mut seen = Vec::with_capacity(q.len());
    for t in 0..places {
        for head in (0..columns).step_by(size) {
            let part = |place: usize| place * columns + head..place * columns + head + size;
            let scores: Vec<S> = (0..=t).map(|s| F::dot(&q[part(t)], &k[part(s)]) * scale).collect();
            let weights = F::softmax(&scores);
            seen.extend((head..head + size).map(|j| F::dot(&weights, &v[j * places..][..=t])));
            attends(&weights);
        }
    }
    seen
}

fn sum<S: Scalar<Real = f64>>(a: &[S], b: &[S]) -> Vec<S> {
    a.iter().zip(b).map(|(&a, &b)| a + b).collect()
}

/// Adam: gradient descent along the mean of past gradients, in units of their root mean square.
#[derive(Clone)]
pub(crate) struct Adam {
    /// The running means of the derivatives and of their squares.
    pub(crate) m: Vec<f64>,
    pub(crate) v: Vec<f64>,
}

impl Adam {
    pub(crate) fn new(parameters: usize) -> Self {
        Adam { m: vec![0.0; parameters], v: vec![0.0; parameters] }
    }

    /// Takes step number `step` of `steps`, with a rate that decays to 0.
    pub(crate) fn step(&mut self, parameters: &mut [f64], gradient: &[f64], step: usize, steps: usize) {
        const BETAS: [f64; 2] = [0.85, 0.99];
        let rate = 0.01 * (1.0 - step as f64 / steps as f64);
        let [m_part, v_part] = BETAS.map(|beta| 1.0 - beta.powi(step as i32 + 1));
        for (((p, g), m), v) in parameters.iter_mut().zip(gradient).zip(&mut self.m).zip(&mut self.v) {
            *m = BETAS[0] * *m + (1.0 - BETAS[0]) * g;
            *v = BETAS[1] * *v + (1.0 - BETAS[1]) * g * g;
            *p -= rate * (*m / m_part) / ((*v / v_part).sqrt() + 1e-8);
        }
    }
}
