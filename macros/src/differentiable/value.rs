//! The function as a value: `price::F`.

use quote::{ToTokens, format_ident, quote};
use syn::{Expr, FnArg, Ident, ImplItemFn, ReturnType, Type, parse_quote};

use super::lowering::Lowering;
use super::{TokenStream, VisitMut, is_plain};

/// Returns the type `price` with the constant `F`, which is a `Function` of all inputs in order, or a `Parametric` of two
/// slices. There is none for methods, for unsafe functions, and for functions with other inputs or outputs.
pub(super) fn of(item: &ImplItemFn, real: &Ident, scalar: &Ident) -> Option<TokenStream> {
    let (signature, visibility) = (&item.sig, &item.vis);
    let (name, generics) = (&signature.ident, &signature.generics);
    let ReturnType::Type(_, output) = &signature.output else { return None };
    if !generics.params.is_empty() || signature.unsafety.is_some() || !is_output(output, real) {
        return None;
    }
    let mut types = Vec::new();
    for input in &signature.inputs {
        match input {
            FnArg::Typed(input) if !input.attrs.iter().any(is_plain) => types.push(&*input.ty),
            _ => return None,
        }
    }
    let eval = eval(name, &types, real, scalar)?;
    let mut outputs = (**output).clone();
    Lowering::new(real, scalar).visit_type_mut(&mut outputs);

    let conditions: Vec<_> = item.attrs.iter().filter(|attribute| attribute.path().is_ident("cfg")).collect();
    let about = format!("The function [`{name}`](fn@{name}) as a value: `{name}::F`.");
    let Eval { implemented, inputs, body } = eval;
    Some(quote! {
        #(#conditions)*
        #[doc = #about]
        #[allow(non_camel_case_types, reason = "the name of the function")]
        #[derive(Clone, Copy, Debug)]
        #visibility struct #name {}

        #(#conditions)*
        impl #name {
            /// The function as a value, for every verb and tool.
            #[allow(dead_code, reason = "not every function is used as a value")]
            #visibility const F: Self = Self {};
        }

        #(#conditions)*
        impl ::dualtape::#implemented<#real> for #name {
            type Output = #output;

            #[inline(always)]
            fn eval<#scalar: ::dualtape::Scalar<Real = #real>>(&self, #inputs) -> #outputs {
                #body
            }
        }
    })
}

/// A method `eval`, and the trait that it implements.
struct Eval {
    implemented: TokenStream,
    inputs: TokenStream,
    body: TokenStream,
}

/// Returns how the function is called with a slice of all inputs, or with two slices.
fn eval(name: &Ident, types: &[&Type], real: &Ident, scalar: &Ident) -> Option<Eval> {
    if let [first, second] = types
        && is_slice(first, real)
        && is_slice(second, real)
    {
        let inputs = quote!(x: &[#scalar], p: &[#scalar]);
        return Some(Eval { implemented: quote!(Parametric), inputs, body: quote!(#name(x, p)) });
    }
    let (mut statements, mut arguments, mut lengths) = (Vec::new(), Vec::new(), Vec::<Expr>::new());
    let (last, before) = types.split_last()?;
    let takes_rest = is_slice(last, real);
    for ty in if takes_rest { before } else { types } {
        let argument = format_ident!("x{}", arguments.len());
        let (length, value) = match ty {
            ty if is_real(ty, real) => (parse_quote!(1), quote!(#argument[0])),
            Type::Array(array) if is_real(&array.elem, real) => (array.len.clone(), quote!(*#argument)),
            Type::Reference(to) if to.mutability.is_none() => match &*to.elem {
                Type::Array(array) if is_real(&array.elem, real) => (array.len.clone(), quote!(#argument)),
                _ => return None,
            },
            _ => return None,
        };
        statements.push(quote! {
            let (#argument, x) = x.split_first_chunk::<{ #length }>().unwrap_or_else(|| refuse());
        });
        arguments.push(value);
        lengths.push(length);
    }
    let or_more = if takes_rest {
        arguments.push(quote!(x));
        "or more "
    } else {
        statements.push(quote!(if !x.is_empty() {
            refuse()
        }));
        ""
    };
    let message = format!("{name}: a function of {{}} {or_more}inputs was called with {{}}; pass one for each");
    let body = quote! {
        let given = x.len();
        let refuse = || -> ! { panic!(#message, 0 #(+ #lengths)*, given) };
        #(#statements)*
        #name(#(#arguments),*)
    };
    Some(Eval { implemented: quote!(Function), inputs: quote!(x: &[#scalar]), body })
}

fn is_output(ty: &Type, real: &Ident) -> bool {
    let vector: Type = parse_quote!(Vec<#real>);
    match ty {
        Type::Array(array) => is_real(&array.elem, real),
        ty => is_real(ty, real) || ty.to_token_stream().to_string() == vector.to_token_stream().to_string(),
    }
}

fn is_real(ty: &Type, real: &Ident) -> bool {
    matches!(ty, Type::Path(path) if path.path.is_ident(real))
}

/// Returns whether the type is `&[f64]`.
fn is_slice(ty: &Type, real: &Ident) -> bool {
    match ty {
        Type::Reference(to) if to.mutability.is_none() => {
            matches!(&*to.elem, Type::Slice(slice) if is_real(&slice.elem, real))
        }
        _ => false,
    }
}
