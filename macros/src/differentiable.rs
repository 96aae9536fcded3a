//! `#[differentiable]`.

mod lowering;
mod value;

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::spanned::Spanned;
use syn::visit::Visit;
use syn::visit_mut::VisitMut;
use syn::{Attribute, Error, FnArg, Ident, ImplItemFn, Meta, Result, Signature, parse_quote, parse_quote_spanned};

use lowering::Lowering;

/// Returns the function over any scalar, and the value that is a `Function`.
pub(crate) fn expand(arguments: &TokenStream, mut item: ImplItemFn) -> Result<TokenStream> {
    let associated = match arguments.to_string().as_str() {
        "" => false,
        "associated" => true,
        _ => {
            let message = "differentiable: write `#[differentiable]`, or `#[differentiable(associated)]` for a function \
                           without `self` in an `impl` block";
            return Err(Error::new(arguments.span(), message));
        }
    };
    refuse_qualifiers(&item.sig)?;
    let real = real_of(&item.sig)?;
    let scalar = scalar_name(&item.sig, real.span());
    let value = if associated { None } else { value::of(&item, &real, &scalar) };

    let mut lowering = Lowering::new(&real, &scalar);
    for input in &mut item.sig.inputs {
        lowering.visit_fn_arg_mut(input);
    }
    lowering.visit_return_type_mut(&mut item.sig.output);
    lowering.visit_generics_mut(&mut item.sig.generics);
    lowering.visit_block_mut(&mut item.block);
    let errors = lowering.finish();
    if errors.is_some() {
        // The function stays there, so that its callers are not refused too.
        item.attrs.push(parse_quote!(#[allow(unused_variables, unused_mut, reason = "the body is refused")]));
        item.block = parse_quote!({ ::std::unreachable!() });
    }

    let bounded = parse_quote_spanned!(real.span() => #scalar: ::dualtape::Scalar<Real = #real>);
    item.sig.generics.params.push(bounded);
    item.block.stmts.insert(
        0,
        parse_quote!(
            #[allow(unused_imports, reason = "not every function needs them")]
            use ::dualtape::{__mixed::lookup::*, Scalar as _};
        ),
    );
    let errors = errors.map(Error::into_compile_error);
    Ok(quote!(#item #value #errors))
}

/// Returns whether an attribute is `#[plain]`. It has no arguments.
fn is_plain(attribute: &Attribute) -> bool {
    matches!(&attribute.meta, Meta::Path(path) if path.is_ident("plain"))
}

/// Removes the attribute `#[plain]`, and returns whether it was there.
fn take_plain(attributes: &mut Vec<Attribute>) -> bool {
    let before = attributes.len();
    attributes.retain(|attribute| !is_plain(attribute));
    attributes.len() < before
}

fn refuse_qualifiers(signature: &Signature) -> Result<()> {
    let (qualifier, why) = match signature {
        Signature { constness: Some(token), .. } => (token.span(), "const: arithmetic of scalars is not"),
        Signature { asyncness: Some(token), .. } => (token.span(), "async"),
        Signature { abi: Some(abi), .. } => (abi.span(), "extern: other languages know no scalars"),
        Signature { variadic: Some(token), .. } => (token.span(), "variadic"),
        _ => return Ok(()),
    };
    Err(Error::new(qualifier, format!("differentiable: a function over any scalar cannot be {why}. Remove it")))
}

/// Returns the plain number of the function, `f64` or `f32`, where its signature has it first.
fn real_of(signature: &Signature) -> Result<Ident> {
    struct Search(Option<Ident>);

    impl Visit<'_> for Search {
        fn visit_ident(&mut self, ident: &Ident) {
            if self.0.is_none() && (ident == "f64" || ident == "f32") {
                self.0 = Some(ident.clone());
            }
        }
    }

    let mut search = Search(None);
    for input in &signature.inputs {
        if let FnArg::Typed(input) = input
            && !input.attrs.iter().any(is_plain)
        {
            search.visit_type(&input.ty);
        }
    }
    search.visit_return_type(&signature.output);
    search.0.ok_or_else(|| {
        Error::new(
            signature.ident.span(),
            "differentiable: no input and no output of the function is an `f64` or `f32` that is not plain. Remove the \
             attribute, or a `#[plain]`",
        )
    })
}

/// Returns a name for the scalar that the function does not use for another type parameter.
fn scalar_name(signature: &Signature, span: Span) -> Ident {
    let taken = |name: &str| signature.generics.type_params().any(|parameter| parameter.ident == name);
    Ident::new(if taken("S") { "S_" } else { "S" }, span)
}
