//! `#[derive(Parameters)]`.

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::visit::Visit;
use syn::{Data, DeriveInput, Error, Fields, GenericParam, Generics, Ident, Member, Result, Type, TypeParam};

use crate::scalar::{Search, bounds_of};

/// Returns the implementation of `Parameters` for a struct or an enum.
pub(crate) fn derive(item: &DeriveInput) -> Result<TokenStream> {
    let (name, generics, scalar) = (&item.ident, &item.generics, scalar_of(item)?);
    let arms = match &item.data {
        Data::Struct(data) => arm(&quote!(#name), &data.fields, scalar)?,
        Data::Enum(data) => data
            .variants
            .iter()
            .map(|variant| {
                let variant_name = &variant.ident;
                arm(&quote!(#name :: #variant_name), &variant.fields, scalar)
            })
            .collect::<Result<_>>()?,
        Data::Union(data) => {
            let message = "Parameters: a union has no parameters. Use a struct or an enum";
            return Err(Error::new(data.union_token.span, message));
        }
    };

    let other = format_ident!("__Other");
    let (over_scalar, over_other) = (arguments(generics, scalar, scalar), arguments(generics, scalar, &other));
    let (parameters, _, conditions) = generics.split_for_impl();
    let conditions = conditions.map(|conditions| &conditions.predicates);
    let cloned = generics.type_params().map(|parameter| &parameter.ident).filter(|parameter| *parameter != scalar);
    Ok(quote! {
        #[automatically_derived]
        impl #parameters ::dualtape::Parameters for #name #over_scalar
        where
            #scalar: ::dualtape::Scalar,
            #(#cloned: ::core::clone::Clone,)*
            #conditions
        {
            type Scalar = #scalar;
            type Of<#other: ::dualtape::Scalar> = #name #over_other;

            fn map_named<#other: ::dualtape::Scalar>(
                &self,
                name: ::dualtape::parameters::Name<'_>,
                change: &mut impl ::core::ops::FnMut(::dualtape::parameters::Name<'_>, #scalar) -> #other,
            ) -> #name #over_other {
                match self { #arms }
            }
        }
    })
}

/// Returns the type parameter that is the scalar: the one with the bound `Scalar`, or else the only one.
fn scalar_of(item: &DeriveInput) -> Result<&Ident> {
    let parameters: Vec<&TypeParam> = item.generics.type_params().collect();
    let mut bounded = Vec::new();
    for parameter in &parameters {
        for bound in bounds_of(&item.generics, parameter) {
            let Some(last) = bound.segments.last().filter(|last| last.ident == "Scalar") else { continue };
            if !last.arguments.is_none() {
                return Err(Error::new(
                    last.span(),
                    "Parameters: a model is mapped to scalars of every plain number. Write `Scalar` here, or no bound, \
                     and this bound on the functions of the model: `impl<S: Scalar<Real = f64>> Model<S>`",
                ));
            }
            bounded.push(&parameter.ident);
        }
    }
    match (&bounded[..], &parameters[..]) {
        ([scalar], _) => Ok(scalar),
        ([], [scalar]) => Ok(&scalar.ident),
        ([], []) => Err(Error::new(
            item.ident.span(),
            "Parameters: the type is not generic in its scalar. Write `struct Model<S> { weights: Vec<S> }`",
        )),
        _ => Err(Error::new(
            item.generics.span(),
            "Parameters: which of the type parameters is the scalar? Give one of them the bound `Scalar`",
        )),
    }
}

/// Returns the generic arguments of the type, with `other` in the place of the scalar.
fn arguments(generics: &Generics, scalar: &Ident, other: &Ident) -> TokenStream {
    let arguments = generics.params.iter().map(|parameter| match parameter {
        GenericParam::Lifetime(lifetime) => lifetime.lifetime.to_token_stream(),
        GenericParam::Type(parameter) if parameter.ident == *scalar => other.to_token_stream(),
        GenericParam::Type(parameter) => parameter.ident.to_token_stream(),
        GenericParam::Const(parameter) => parameter.ident.to_token_stream(),
    });
    quote!(<#(#arguments),*>)
}

/// Returns the arm that maps a struct, or the variant of an enum.
fn arm(variant: &TokenStream, fields: &Fields, scalar: &Ident) -> Result<TokenStream> {
    let (mut patterns, mut values) = (Vec::new(), Vec::new());
    for (field, member) in fields.iter().zip(fields.members()) {
        let name = match &member {
            Member::Named(name) => name.unraw().to_string(),
            Member::Unnamed(number) => number.index.to_string(),
        };
        let (binding, span) = (format_ident!("field_{name}"), field.ty.span());
        let value = if names_scalar(&field.ty, scalar)? {
            quote_spanned!(span => ::dualtape::Parameters::map_named(#binding, name.field(#name), change))
        } else {
            quote_spanned!(span => ::core::clone::Clone::clone(#binding))
        };
        patterns.push(quote!(#member: #binding));
        values.push(quote!(#member: #value));
    }
    Ok(quote!(#variant { #(#patterns),* } => #variant { #(#values),* },))
}

/// Returns whether a type names the scalar.
fn names_scalar(ty: &Type, scalar: &Ident) -> Result<bool> {
    let mut search = Search::new(scalar);
    search.visit_type(ty);
    match search.associated {
        Some(span) => Err(Error::new(
            span,
            "Parameters: a model is mapped to scalars of every plain number, so numbers that are no parameters need a \
             fixed type. Write `f64`",
        )),
        None => Ok(search.found.is_some()),
    }
}
