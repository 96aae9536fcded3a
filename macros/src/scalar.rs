//! The type parameter that is the scalar.

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::visit::{Visit, visit_type_path};
use syn::{Generics, Ident, Path, Type, TypeParam, TypeParamBound, TypePath, WherePredicate};

/// Returns the bounds of a type parameter, where it is declared and in the conditions.
pub(crate) fn bounds_of<'a>(generics: &'a Generics, parameter: &'a TypeParam) -> impl Iterator<Item = &'a Path> {
    let conditions = generics.where_clause.iter().flat_map(|conditions| &conditions.predicates);
    let of_parameter = conditions.filter_map(|condition| match condition {
        WherePredicate::Type(condition) => match &condition.bounded_ty {
            Type::Path(bounded) if bounded.path.is_ident(&parameter.ident) => Some(&condition.bounds),
            _ => None,
        },
        _ => None,
    });
    std::iter::once(&parameter.bounds).chain(of_parameter).flatten().filter_map(|bound| match bound {
        TypeParamBound::Trait(bound) => Some(&bound.path),
        _ => None,
    })
}

/// A search for the scalar in types.
pub(crate) struct Search<'a> {
    scalar: &'a Ident,
    /// Where the scalar is.
    pub(crate) found: Option<Span>,
    /// Where a type of the scalar is, such as `S::Real`.
    pub(crate) associated: Option<Span>,
}

impl<'a> Search<'a> {
    pub(crate) fn new(scalar: &'a Ident) -> Self {
        Search { scalar, found: None, associated: None }
    }
}

impl Visit<'_> for Search<'_> {
    fn visit_type_path(&mut self, ty: &TypePath) {
        if ty.path.is_ident(self.scalar) {
            self.found = Some(ty.span());
        } else if is_associated(ty, self.scalar) {
            self.associated = Some(ty.span());
            return;
        }
        visit_type_path(self, ty);
    }
}

/// Returns whether the type is one of the scalar, such as `S::Real` or `<S as Scalar>::Real`.
pub(crate) fn is_associated(ty: &TypePath, scalar: &Ident) -> bool {
    match &ty.qself {
        Some(of) => matches!(&*of.ty, Type::Path(of) if of.path.is_ident(scalar)),
        None => ty.path.segments.len() > 1 && ty.path.segments[0].ident == *scalar,
    }
}
