//! The body of the function over the scalar.
//!
//! The macro knows names, not types. So it decides only what the text decides, and leaves the rest to the compiler:
//!
//! - The type `f64` becomes the scalar.
//! - A constant is an expression of float literals, the constants of `f64`, casts `as f64`, and arithmetic on these. Beside
//!   an operator and as the operand of a method such as `max` it stays a plain number; elsewhere, as in `let mut sum = 0.0`,
//!   it becomes a scalar, which records nothing.
//! - An operator becomes a call that also takes what `S: Scalar` does not promise: a plain number on the left, and
//!   references (`dualtape::__mixed`).
//!
//! What comes out is checked by the compiler as a generic function: a number that lost its derivative would be an `f64`
//! where the scalar is expected.

use proc_macro2::Span;
use quote::{ToTokens, quote};
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::visit_mut::{self, VisitMut};
use syn::{
    Attribute, BinOp, Error, Expr, ExprBinary, ExprCall, ExprCast, ExprLit, ExprMethodCall, ExprParen, ExprPath,
    ExprReference, FieldValue, GenericArgument, Ident, Item, Lit, LitFloat, Local, Macro, Pat, PatType, Path, Result,
    Token, Type, TypeArray, UnOp, parse_quote, parse_quote_spanned,
};

use super::take_plain;

/// Methods that take plain numbers beside scalars.
const WITH_OPERANDS: [&str; 13] = [
    "abs_sub",
    "atan2",
    "clamp",
    "copysign",
    "div_euclid",
    "elu",
    "hypot",
    "leaky_relu",
    "log",
    "max",
    "min",
    "powf",
    "rem_euclid",
];

/// Methods of `f64` that return an `f64` and that constants may have.
const OF_CONSTANTS: [&str; 21] = [
    "abs",
    "acos",
    "asin",
    "atan",
    "cbrt",
    "cos",
    "exp",
    "exp2",
    "exp_m1",
    "ln",
    "ln_1p",
    "log10",
    "log2",
    "powf",
    "powi",
    "recip",
    "sin",
    "sqrt",
    "tan",
    "tanh",
    "to_radians",
];

/// The names in `std::f64::consts`.
const CONSTANTS: [&str; 19] = [
    "E",
    "FRAC_1_PI",
    "FRAC_1_SQRT_2",
    "FRAC_2_PI",
    "FRAC_2_SQRT_PI",
    "FRAC_PI_2",
    "FRAC_PI_3",
    "FRAC_PI_4",
    "FRAC_PI_6",
    "FRAC_PI_8",
    "LN_10",
    "LN_2",
    "LOG10_2",
    "LOG10_E",
    "LOG2_10",
    "LOG2_E",
    "PI",
    "SQRT_2",
    "TAU",
];

/// Methods and functions of `f64` that no scalar has, as they see its bits.
const OF_BITS: [&str; 14] = [
    "classify",
    "from_be_bytes",
    "from_bits",
    "from_le_bytes",
    "from_ne_bytes",
    "is_normal",
    "is_subnormal",
    "next_down",
    "next_up",
    "to_be_bytes",
    "to_bits",
    "to_int_unchecked",
    "to_le_bytes",
    "to_ne_bytes",
];

/// Macros whose arguments are expressions.
const MACROS: [&str; 20] = [
    "assert",
    "assert_eq",
    "assert_ne",
    "debug_assert",
    "debug_assert_eq",
    "debug_assert_ne",
    "eprint",
    "eprintln",
    "format",
    "format_args",
    "panic",
    "print",
    "println",
    "todo",
    "unimplemented",
    "unreachable",
    "vec",
    "write",
    "writeln",
    "dbg",
];

/// Macros whose arguments are no computation.
const WITHOUT_SCALARS: [&str; 10] =
    ["cfg", "column", "concat", "env", "file", "include_str", "line", "module_path", "option_env", "stringify"];

/// A pass over the function that changes `f64` into the scalar.
pub(super) struct Lowering<'a> {
    real: &'a Ident,
    scalar: &'a Ident,
    error: Option<Error>,
}

impl<'a> Lowering<'a> {
    pub(super) fn new(real: &'a Ident, scalar: &'a Ident) -> Self {
        Lowering { real, scalar, error: None }
    }

    /// Returns what was refused.
    pub(super) fn finish(self) -> Option<Error> {
        self.error
    }

    fn refuse(&mut self, span: Span, message: &str) {
        let error = Error::new(span, format!("differentiable: {message}"));
        match &mut self.error {
            Some(errors) => errors.combine(error),
            None => self.error = Some(error),
        }
    }

    /// Returns whether an expression is a plain number, whatever the types of the variables are.
    fn is_constant(&self, expression: &Expr) -> bool {
        match expression {
            Expr::Lit(ExprLit { lit, .. }) => is_float(lit),
            Expr::Paren(inner) => self.is_constant(&inner.expr),
            Expr::Group(inner) => self.is_constant(&inner.expr),
            Expr::Unary(unary) => matches!(unary.op, UnOp::Neg(_)) && self.is_constant(&unary.expr),
            Expr::Binary(binary) => {
                operation(&binary.op).is_some() && self.is_constant(&binary.left) && self.is_constant(&binary.right)
            }
            Expr::Cast(cast) => matches!(&*cast.ty, Type::Path(ty) if ty.path.is_ident(self.real)),
            Expr::Path(path) => self.is_named_constant(&path.path),
            Expr::MethodCall(call) => {
                OF_CONSTANTS.iter().any(|name| call.method == name)
                    && self.is_constant(&call.receiver)
                    && call.args.iter().all(|argument| is_integer(argument) || self.is_constant(argument))
            }
            // `f64::from(n)`
            Expr::Call(ExprCall { func, .. }) => {
                matches!(&**func, Expr::Path(path) if self.name_of_real(&path.path).is_some_and(|name| name == "from"))
            }
            _ => false,
        }
    }

    /// Returns whether the path is `f64::MAX`, `PI`, `std::f64::consts::PI` or the like.
    fn is_named_constant(&self, path: &Path) -> bool {
        let Some(last) = path.segments.last() else { return false };
        // A variable may be called `E`.
        let alone = path.segments.len() == 1 && last.ident != "E";
        let of_consts = alone || path.segments.iter().any(|segment| segment.ident == "consts");
        of_consts && CONSTANTS.iter().any(|name| last.ident == name)
            || self.name_of_real(path).is_some_and(|name| name.to_string().chars().all(|c| !c.is_lowercase()))
    }

    /// Returns the name in a path `f64::name`.
    fn name_of_real<'p>(&self, path: &'p Path) -> Option<&'p Ident> {
        let [.., real, name] = &Vec::from_iter(&path.segments)[..] else { return None };
        (real.ident == *self.real).then_some(&name.ident)
    }

    /// Lowers an expression beside an operator, where a constant stays a plain number.
    fn operand(&mut self, expression: &mut Expr) {
        if take_plain_of(expression) {
        } else if self.is_constant(expression) {
            Constant(self).visit_expr_mut(expression);
        } else {
            self.descend(expression);
        }
    }

    /// Lowers an expression that is no constant.
    fn descend(&mut self, expression: &mut Expr) {
        match expression {
            Expr::Binary(binary) => {
                if let Some(lowered) = self.binary(binary) {
                    *expression = lowered;
                }
            }
            Expr::Unary(unary) if matches!(unary.op, UnOp::Neg(_)) && !is_integer(&unary.expr) => {
                self.operand(&mut unary.expr);
                let (inner, span) = (without_parentheses(&unary.expr), unary.op.span());
                *expression = parse_quote_spanned!(span => ::dualtape::__mixed::Negated(#inner).apply());
            }
            Expr::MethodCall(call) => self.method(call),
            Expr::Call(call) => match self.as_method(call) {
                Some(mut method) => {
                    self.method(&mut method);
                    *expression = Expr::MethodCall(method);
                }
                None => self.call(call),
            },
            Expr::Cast(cast) => self.cast(cast),
            // A block `const { ... }` is known before there is a scalar.
            Expr::Const(_) => {}
            Expr::Index(index) => {
                self.visit_expr_mut(&mut index.expr);
                // Arithmetic on integers, whose type inference finds by the operators of Rust.
                Constant(self).visit_expr_mut(&mut index.index);
            }
            Expr::Repeat(array) => self.visit_expr_mut(&mut array.expr),
            Expr::Path(ExprPath { qself, path, .. }) => {
                qself.iter_mut().for_each(|of| self.visit_type_mut(&mut of.ty));
                self.path(path);
            }
            Expr::Paren(inner) => self.operand(&mut inner.expr),
            Expr::Group(inner) => self.operand(&mut inner.expr),
            other => visit_mut::visit_expr_mut(self, other),
        }
    }

    /// Lowers the operands, and returns what an arithmetic operator becomes.
    fn binary(&mut self, binary: &mut ExprBinary) -> Option<Expr> {
        let ExprBinary { left, op, right, .. } = binary;
        let constant_left = self.is_constant(left);
        self.operand(left);
        self.operand(right);
        if let Some(name) = operation(op) {
            // Only integers have an integer literal beside them.
            if is_integer(left) || is_integer(right) {
                return None;
            }
            let (span, name) = (op.span(), Ident::new(name, op.span()));
            let [left, right] = [without_parentheses(left), without_parentheses(right)];
            return Some(parse_quote_spanned!(span =>
                ::dualtape::__mixed::Operands(::dualtape::__mixed::#name, #left, #right).apply()
            ));
        }
        if let (true, Some(flipped)) = (constant_left, flipped(op)) {
            *op = flipped;
            std::mem::swap(left, right);
        }
        None
    }

    fn method(&mut self, call: &mut ExprMethodCall) {
        let of_value = matches!(&*call.receiver, Expr::MethodCall(inner) if inner.method == "value");
        if !of_value && OF_BITS.iter().any(|name| call.method == name) {
            self.refuse_bits(call.method.span());
        }
        if call.args.iter().all(|argument| is_integer(argument) || self.is_constant(argument)) {
            self.operand(&mut call.receiver);
        } else {
            // `0.0_f64.max(x)`
            self.visit_expr_mut(&mut call.receiver);
        }
        if let Some(turbofish) = &mut call.turbofish {
            self.visit_angle_bracketed_generic_arguments_mut(turbofish);
        }
        let with_operands = WITH_OPERANDS.iter().any(|name| call.method == name);
        // `f64::powf` takes a scalar or a plain number: of two variables it is `Scalar::pow`.
        if call.method == "powf" && call.args.first().is_some_and(|exponent| !self.is_constant(exponent)) {
            call.method = Ident::new("pow", call.method.span());
        }
        for argument in &mut call.args {
            if with_operands {
                self.operand(argument);
            } else {
                self.visit_expr_mut(argument);
            }
        }
    }

    /// Returns the call `x.max(y)` for `f64::max(x, y)`, so that it takes plain numbers too.
    fn as_method(&self, call: &ExprCall) -> Option<ExprMethodCall> {
        let Expr::Path(function) = &*call.func else { return None };
        let method = self.name_of_real(&function.path)?;
        if !WITH_OPERANDS.iter().any(|name| method == name) {
            return None;
        }
        let mut arguments = call.args.clone().into_iter();
        Some(ExprMethodCall {
            attrs: Vec::new(),
            receiver: Box::new(arguments.next()?),
            dot_token: Token![.](method.span()),
            method: method.clone(),
            turbofish: None,
            paren_token: call.paren_token,
            args: arguments.collect(),
        })
    }

    /// Lowers a cast: a scalar, which loses its derivative, is refused by its type.
    fn cast(&mut self, cast: &mut ExprCast) {
        let is_literal = is_integer(&cast.expr) || matches!(&*cast.expr, Expr::Lit(_));
        self.operand(&mut cast.expr);
        match &*cast.ty {
            Type::Path(_) if is_literal => {}
            Type::Path(_) => {
                let (inner, span) = (without_parentheses(&cast.expr), cast.span());
                *cast.expr = parse_quote_spanned!(span => ::dualtape::__mixed::Cast(#inner).number());
            }
            // `f64::sin as fn(f64) -> f64`
            _ => self.visit_type_mut(&mut cast.ty),
        }
    }

    fn call(&mut self, call: &mut ExprCall) {
        self.visit_expr_mut(&mut call.func);
        call.args.iter_mut().for_each(|argument| self.visit_expr_mut(argument));
    }

    /// Changes `f64::sqrt` into the function of the scalar, and the types in a turbofish.
    fn path(&mut self, path: &mut Path) {
        if let Some(name) = self.name_of_real(path) {
            if OF_BITS.iter().any(|of_bits| name == of_bits) {
                self.refuse_bits(name.span());
            }
            let (name, scalar) = (name.clone(), Ident::new(&self.scalar.to_string(), path.span()));
            *path = parse_quote!(#scalar::#name);
        }
        visit_mut::visit_path_mut(self, path);
    }

    fn refuse_bits(&mut self, span: Span) {
        self.refuse(
            span,
            "a scalar has no bits, neighbors or classes. Ask its plain value, which has no derivative: `x.value()`",
        );
    }

    /// Lowers the expressions and the pattern of `matches!`.
    fn matches(&mut self, mac: &mut Macro) -> Result<()> {
        let (mut value, mut pattern, mut guard) = mac.parse_body_with(|input: ParseStream<'_>| {
            let value: Expr = input.parse()?;
            input.parse::<Token![,]>()?;
            let pattern = Pat::parse_multi_with_leading_vert(input)?;
            let guard: Option<Expr> = input.parse::<Option<Token![if]>>()?.map(|_| input.parse()).transpose()?;
            input.parse::<Option<Token![,]>>()?;
            Ok((value, pattern, guard))
        })?;
        self.visit_expr_mut(&mut value);
        self.visit_pat_mut(&mut pattern);
        guard.iter_mut().for_each(|guard| self.visit_expr_mut(guard));
        let guard = guard.map(|guard| quote!(if #guard));
        mac.tokens = quote!(#value, #pattern #guard);
        Ok(())
    }

    /// Lowers the arguments of a macro, if they are expressions.
    fn arguments<P: Parse + ToTokens>(&mut self, mac: &mut Macro) -> Result<()> {
        let mut arguments = mac.parse_body_with(Punctuated::<Expr, P>::parse_terminated)?;
        for argument in &mut arguments {
            match argument {
                // `name = value`
                Expr::Assign(named) => self.visit_expr_mut(&mut named.right),
                argument => self.visit_expr_mut(argument),
            }
        }
        mac.tokens = quote!(#arguments);
        Ok(())
    }
}

impl VisitMut for Lowering<'_> {
    fn visit_type_mut(&mut self, ty: &mut Type) {
        match ty {
            Type::Path(path) if path.path.is_ident(self.real) => {
                let scalar = Ident::new(&self.scalar.to_string(), path.span());
                *ty = parse_quote!(#scalar);
            }
            ty => visit_mut::visit_type_mut(self, ty),
        }
    }

    fn visit_type_array_mut(&mut self, array: &mut TypeArray) {
        self.visit_type_mut(&mut array.elem);
    }

    fn visit_generic_argument_mut(&mut self, argument: &mut GenericArgument) {
        if !matches!(argument, GenericArgument::Const(_)) {
            visit_mut::visit_generic_argument_mut(self, argument);
        }
    }

    /// Items in the body, such as constants and functions, are what they are without the attribute.
    fn visit_item_mut(&mut self, _: &mut Item) {}

    fn visit_local_mut(&mut self, local: &mut Local) {
        if take_plain(&mut local.attrs) {
            return;
        }
        let annotated =
            matches!(&local.pat, Pat::Type(pat) if matches!(&*pat.ty, Type::Path(ty) if ty.path.is_ident(self.real)));
        visit_mut::visit_local_mut(self, local);
        // `let x: f64 = table[i]` takes a plain number too.
        if let (true, Some(init)) = (annotated, &mut local.init)
            && let Expr::Path(_) | Expr::Index(_) | Expr::Field(_) = &*init.expr
        {
            let (scalar, expression) = (self.scalar, &init.expr);
            *init.expr =
                parse_quote_spanned!(expression.span() => <#scalar as ::dualtape::Accepts<_>>::accept(#expression));
        }
    }

    /// A parameter of the function or of a closure.
    fn visit_pat_type_mut(&mut self, parameter: &mut PatType) {
        if !take_plain(&mut parameter.attrs) {
            visit_mut::visit_pat_type_mut(self, parameter);
        }
    }

    /// `Options { #[plain] tolerance: 1e-9, ..options }`
    fn visit_field_value_mut(&mut self, field: &mut FieldValue) {
        if !take_plain(&mut field.attrs) {
            self.visit_expr_mut(&mut field.expr);
        }
    }

    fn visit_attribute_mut(&mut self, attribute: &mut Attribute) {
        if attribute.path().is_ident("plain") {
            self.refuse(
                attribute.span(),
                "`#[plain]` stands, without arguments, before a parameter, a `let`, a field, or an argument: a literal, name, call, \
                 reference or pair of parentheses",
            );
        }
    }

    fn visit_pat_mut(&mut self, pattern: &mut Pat) {
        let ends_at =
            |expression: &Option<Box<Expr>>| expression.as_ref().is_some_and(|expression| self.is_constant(expression));
        let floats = match pattern {
            Pat::Lit(ExprLit { lit, .. }) => is_float(lit),
            Pat::Path(ExprPath { path, .. }) => self.is_named_constant(path),
            Pat::Range(range) => ends_at(&range.start) || ends_at(&range.end),
            _ => false,
        };
        if floats {
            self.refuse(pattern.span(), "a scalar does not match patterns. Compare it: `if x == 0.0 { ... }`");
        }
        visit_mut::visit_pat_mut(self, pattern);
    }

    fn visit_expr_mut(&mut self, expression: &mut Expr) {
        if take_plain_of(expression) {
        } else if self.is_constant(expression) {
            Constant(self).visit_expr_mut(expression);
            let scalar = self.scalar;
            let constant = without_parentheses(expression);
            *expression =
                parse_quote_spanned!(expression.span() => <#scalar as ::dualtape::Scalar>::from_real(#constant));
        } else {
            self.descend(expression);
        }
    }

    fn visit_macro_mut(&mut self, mac: &mut Macro) {
        let name = mac.path.segments.last().map(|last| last.ident.to_string()).unwrap_or_default();
        let lowered = match &name[..] {
            "matches" => self.matches(mac),
            name if WITHOUT_SCALARS.contains(&name) => Ok(()),
            name if MACROS.contains(&name) => {
                self.arguments::<Token![,]>(mac).or_else(|_| self.arguments::<Token![;]>(mac))
            }
            _ => {
                let message = format!(
                    "what `{name}!` does with its arguments is not known. Compute with `let` before it, or call a \
                     function"
                );
                return self.refuse(mac.path.span(), &message);
            }
        };
        if lowered.is_err() {
            self.refuse(mac.path.span(), "the arguments of this macro are no expressions. Compute them before it");
        }
    }
}

/// Gives the literals of a constant or an index their type, so that nothing is left to inference, and lowers the casts.
struct Constant<'a, 'b>(&'a mut Lowering<'b>);

impl VisitMut for Constant<'_, '_> {
    fn visit_lit_float_mut(&mut self, literal: &mut LitFloat) {
        if literal.suffix().is_empty() {
            // `2.` with a suffix is `2.0_f64`.
            let digits = literal.base10_digits();
            let zero = if digits.ends_with('.') { "0" } else { "" };
            *literal = LitFloat::new(&format!("{digits}{zero}_{}", self.0.real), literal.span());
        }
    }

    /// What is cast to a float has a type of its own.
    fn visit_expr_cast_mut(&mut self, cast: &mut ExprCast) {
        self.0.cast(cast);
    }
}

/// Removes the attribute `#[plain]` of an expression, and returns whether it was there.
fn take_plain_of(expression: &mut Expr) -> bool {
    match expression {
        Expr::Lit(ExprLit { attrs, .. })
        | Expr::Path(ExprPath { attrs, .. })
        | Expr::Call(ExprCall { attrs, .. })
        | Expr::MethodCall(ExprMethodCall { attrs, .. })
        | Expr::Paren(ExprParen { attrs, .. })
        | Expr::Reference(ExprReference { attrs, .. }) => take_plain(attrs),
        _ => false,
    }
}

/// Returns the name in `dualtape::__mixed` of an arithmetic operator.
fn operation(operator: &BinOp) -> Option<&'static str> {
    match operator {
        BinOp::Add(_) => Some("Plus"),
        BinOp::Sub(_) => Some("Minus"),
        BinOp::Mul(_) => Some("Times"),
        BinOp::Div(_) => Some("Over"),
        BinOp::Rem(_) => Some("Modulo"),
        _ => None,
    }
}

/// Returns the comparison that is the same with its sides exchanged.
fn flipped(operator: &BinOp) -> Option<BinOp> {
    let span = operator.span();
    match operator {
        BinOp::Lt(_) => Some(BinOp::Gt(Token![>](span))),
        BinOp::Le(_) => Some(BinOp::Ge(Token![>=](span))),
        BinOp::Gt(_) => Some(BinOp::Lt(Token![<](span))),
        BinOp::Ge(_) => Some(BinOp::Le(Token![<=](span))),
        BinOp::Eq(_) | BinOp::Ne(_) => Some(*operator),
        _ => None,
    }
}

/// Returns whether a literal is a float, such as `2.0` and `2f64`.
fn is_float(literal: &Lit) -> bool {
    match literal {
        Lit::Float(_) => true,
        Lit::Int(digits) => matches!(digits.suffix(), "f32" | "f64"),
        _ => false,
    }
}

/// Returns whether an expression is an integer literal, maybe negative.
fn is_integer(expression: &Expr) -> bool {
    match expression {
        Expr::Lit(ExprLit { lit, .. }) => matches!(lit, Lit::Int(_)) && !is_float(lit),
        Expr::Unary(unary) => is_integer(&unary.expr),
        Expr::Paren(inner) => is_integer(&inner.expr),
        _ => false,
    }
}

/// Returns an expression that becomes the argument of a call.
fn without_parentheses(expression: &Expr) -> &Expr {
    match expression {
        Expr::Paren(inner) => without_parentheses(&inner.expr),
        expression => expression,
    }
}
