//! Where the scalars of an argument or of a result are.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::{Expr, Ident, Index, Type};

/// Scalars in arrays of arrays, or a tuple of such.
pub(super) enum Shape {
    /// The lengths of the arrays from the outermost on. A scalar alone has none.
    Row(Vec<Expr>),
    Tuple(Vec<Shape>),
}

impl Shape {
    /// Returns the shape of a type of scalars only.
    pub(super) fn of(ty: &Type, scalar: &Ident) -> Option<Self> {
        match ty {
            Type::Paren(ty) => Shape::of(&ty.elem, scalar),
            Type::Group(ty) => Shape::of(&ty.elem, scalar),
            Type::Path(path) if path.path.is_ident(scalar) => Some(Shape::Row(Vec::new())),
            Type::Array(array) => match Shape::of(&array.elem, scalar)? {
                Shape::Row(mut lengths) => {
                    lengths.insert(0, array.len.clone());
                    Some(Shape::Row(lengths))
                }
                Shape::Tuple(_) => None,
            },
            Type::Tuple(tuple) if !tuple.elems.is_empty() => {
                tuple.elems.iter().map(|ty| Shape::of(ty, scalar)).collect::<Option<_>>().map(Shape::Tuple)
            }
            _ => None,
        }
    }

    /// Returns the lengths of each row, in order.
    pub(super) fn rows(&self) -> Vec<&[Expr]> {
        self.places(&TokenStream::new()).into_iter().map(|(_, lengths)| lengths).collect()
    }

    /// Returns each row of a value, and its lengths.
    pub(super) fn places(&self, value: &TokenStream) -> Vec<(TokenStream, &[Expr])> {
        match self {
            Shape::Row(lengths) => vec![(value.clone(), lengths)],
            Shape::Tuple(shapes) => {
                let fields = (0..).map(Index::from).zip(shapes);
                fields.flat_map(|(i, shape)| shape.places(&quote!(#value.#i))).collect()
            }
        }
    }

    /// Returns a value made of rows that [`taken`] has named, from a row on.
    pub(super) fn rebuilt(&self, row: &mut usize) -> TokenStream {
        match self {
            Shape::Row(lengths) => {
                let name = row_name(*row);
                *row += 1;
                match lengths.split_first() {
                    None => quote!(#name[0]),
                    Some((outermost, inner)) => {
                        let inner = inner.iter().rev();
                        quote!(*#name #(.as_chunks::<{ #inner }>().0)* .first_chunk::<{ #outermost }>().unwrap())
                    }
                }
            }
            Shape::Tuple(shapes) => {
                let values = shapes.iter().map(|shape| shape.rebuilt(row));
                quote!((#(#values,)*))
            }
        }
    }
}

fn row_name(row: usize) -> Ident {
    format_ident!("row_{row}", span = Span::mixed_site())
}

/// Returns the number of scalars of rows.
pub(super) fn count(rows: &[&[Expr]]) -> TokenStream {
    match rows {
        [[length]] => quote!(#length),
        rows => {
            let products = rows.iter().map(|lengths| quote!(1 #(* (#lengths))*));
            quote!({ 0 #(+ #products)* })
        }
    }
}

/// Returns an array of the scalars of all rows.
///
/// NOTE(perf): scalars alone are written out. Copied like other rows, those of Rosenbrock's function of 1000 inputs take 17 %
/// longer in reverse mode, and in ten lanes 40 % (`cargo bench --features macros --bench fused`).
pub(super) fn gathered(rows: &[(TokenStream, &[Expr])], scalar: &Ident) -> TokenStream {
    match rows {
        [(place, [_])] => place.clone(),
        rows if rows.iter().all(|(_, lengths)| lengths.is_empty()) => {
            let scalars = rows.iter().map(|(place, _)| place);
            quote!([#(#scalars),*])
        }
        rows => {
            let number = count(&rows.iter().map(|(_, lengths)| *lengths).collect::<Vec<_>>());
            let copied = rows.iter().map(|(place, lengths)| {
                let number = count(&[lengths]);
                let scalars = match lengths.split_first() {
                    None => quote!(::core::slice::from_ref(&#place)),
                    Some((_, inner)) => {
                        let flattened = inner.iter().map(|_| quote!(.as_flattened()));
                        quote!(#place[..] #(#flattened)*)
                    }
                };
                quote_spanned! {Span::mixed_site()=>
                    let (row, rest) = rest.split_at_mut(#number);
                    row.copy_from_slice(&#scalars);
                }
            });
            quote_spanned! {Span::mixed_site()=> {
                let mut scalars = [<#scalar as ::dualtape::Scalar>::from_f64(0.0); #number];
                let rest = &mut scalars[..];
                #(#copied)*
                let _ = rest;
                scalars
            }}
        }
    }
}

/// Returns statements that take rows out of the slice `rest`.
pub(super) fn taken(rows: &[&[Expr]]) -> TokenStream {
    let statements = rows.iter().enumerate().map(|(i, lengths)| {
        let (name, number) = (row_name(i), count(&[lengths]));
        quote_spanned!(Span::mixed_site()=> let (#name, rest) = rest.split_at(#number);)
    });
    quote_spanned!(Span::mixed_site()=> #(#statements)* let _ = rest;)
}
