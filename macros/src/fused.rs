//! `#[fused]`.

mod shape;

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::visit::{Visit, visit_signature};
use syn::visit_mut::{VisitMut, visit_type_mut, visit_type_reference_mut};
use syn::{
    Block, Error, Expr, FnArg, GenericArgument, GenericParam, Generics, Ident, Item, ItemFn, Lifetime,
    ParenthesizedGenericArguments, Pat, Path, PathArguments, Result, ReturnType, Signature, Type, TypeBareFn,
    TypeImplTrait, TypeReference, WherePredicate, parse_quote,
};

use crate::scalar::{Search, bounds_of, is_associated};
use shape::{Shape, count, gathered};

/// Returns the function that fuses its calls. One that is refused stays as it is, so that its callers are not refused
/// too.
pub(crate) fn expand(arguments: &TokenStream, mut item: ItemFn) -> TokenStream {
    // `differentiable` makes the function generic first.
    if item.attrs.iter().any(|other| other.path().segments.last().is_some_and(|last| last.ident == "differentiable")) {
        item.attrs.push(parse_quote!(#[::dualtape::fused]));
        return item.into_token_stream();
    }
    fused(arguments, &item).unwrap_or_else(|error| {
        let error = error.into_compile_error();
        quote!(#item #error)
    })
}

fn fused(arguments: &TokenStream, item: &ItemFn) -> Result<TokenStream> {
    if !arguments.is_empty() {
        return refused(arguments, "write `#[fused]`, without arguments");
    }
    refuse_qualifiers(item)?;
    let (scalar, real) = scalar_of(&item.sig)?;
    let kernel = Kernel { item, scalar, real };
    let inputs = kernel.inputs()?;
    let output = kernel.output()?;
    kernel.refuse_other_bounds()?;
    Ok(kernel.expanded(&inputs, &output))
}

/// Returns an error at a place of the function: what was found there, and the way out.
fn refused<T>(place: &impl ToTokens, message: &str) -> Result<T> {
    Err(Error::new(place.span(), format!("fused: {message}")))
}

fn refuse_qualifiers(item: &ItemFn) -> Result<()> {
    struct Opaque(Option<Span>);

    impl Visit<'_> for Opaque {
        fn visit_type_impl_trait(&mut self, ty: &TypeImplTrait) {
            self.0 = Some(ty.span());
        }
    }

    struct OwnType(Option<Span>);

    impl Visit<'_> for OwnType {
        fn visit_ident(&mut self, ident: &Ident) {
            if ident == "Self" {
                self.0 = Some(ident.span());
            }
        }

        // Items in the body have a `Self` of their own.
        fn visit_item(&mut self, _: &Item) {}
    }

    let signature = &item.sig;
    match signature {
        Signature { constness: Some(token), .. } => {
            return refused(token, "a kernel cannot be `const`: arithmetic of scalars is not. Remove it");
        }
        Signature { asyncness: Some(token), .. } => {
            return refused(token, "a kernel cannot be `async`: it is evaluated at once. Remove it");
        }
        Signature { unsafety: Some(token), .. } => {
            return refused(token, "a kernel cannot be `unsafe`. Put the attribute on a safe function that calls it");
        }
        Signature { abi: Some(abi), .. } => {
            return refused(abi, "a kernel cannot be `extern`: other languages know no scalars. Remove it");
        }
        _ => {}
    }
    if let Some(receiver) = signature.receiver() {
        return refused(
            receiver,
            "a kernel has no `self`. Put the attribute on a function that takes the data as an argument, \
             `fn at<S: Scalar<Real = f64>>(curve: &Curve, x: S) -> S`, and call it from the method",
        );
    }
    let mut own = OwnType(None);
    own.visit_item_fn(item);
    if let Some(place) = own.0 {
        return Err(Error::new(place, "fused: a kernel stands alone and has no `Self`. Write the name of the type"));
    }
    let mut opaque = Opaque(None);
    visit_signature(&mut opaque, signature);
    match opaque.0 {
        Some(place) => Err(Error::new(
            place,
            "fused: a kernel keeps its data by their types, and `impl Trait` has no name. Write a type parameter, \
             `f: &F` with `F: Fn(f64) -> f64`",
        )),
        None => Ok(()),
    }
}

/// Returns the type parameter that is the scalar, and its plain number if the bound says which.
fn scalar_of(signature: &Signature) -> Result<(&Ident, Option<Type>)> {
    let generics = &signature.generics;
    let mut scalars = Vec::new();
    for parameter in generics.type_params() {
        let mut bounds = bounds_of(generics, parameter).filter(|bound| is_scalar(bound)).peekable();
        if bounds.peek().is_some() {
            scalars.push((parameter, bounds.find_map(real_of)));
        }
    }
    match &scalars[..] {
        [(parameter, real)] => Ok((&parameter.ident, real.clone())),
        [] => refused(
            &signature.ident,
            "no type parameter is a scalar. Write `fn f<S: Scalar<Real = f64>>(x: S) -> S`, or for a function of `f64` \
             `#[differentiable]` too",
        ),
        [_, (second, _), ..] => {
            refused(second, "a kernel has one scalar, and this is a second one. Write one type parameter for all")
        }
    }
}

fn is_scalar(bound: &Path) -> bool {
    bound.segments.last().is_some_and(|last| last.ident == "Scalar")
}

/// Returns the type R of `Scalar<Real = R>`.
fn real_of(bound: &Path) -> Option<Type> {
    let PathArguments::AngleBracketed(arguments) = &bound.segments.last()?.arguments else { return None };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::AssocType(associated) if associated.ident == "Real" => Some(associated.ty.clone()),
        _ => None,
    })
}

/// A function that is fused.
struct Kernel<'a> {
    item: &'a ItemFn,
    scalar: &'a Ident,
    real: Option<Type>,
}

/// An argument of the function.
struct Input {
    name: Ident,
    ty: Type,
    /// Its scalars, and whether it is a reference to them. An argument without scalars is data.
    scalars: Option<(Shape, bool)>,
}

impl Kernel<'_> {
    /// Returns the arguments. At least one has scalars.
    fn inputs(&self) -> Result<Vec<Input>> {
        let signature = &self.item.sig;
        let mut inputs = Vec::new();
        for input in &signature.inputs {
            let FnArg::Typed(input) = input else { unreachable!("`self` is refused") };
            let name = match &*input.pat {
                Pat::Ident(pattern) if pattern.by_ref.is_none() && pattern.subpat.is_none() => pattern.ident.clone(),
                _ => format_ident!("argument_{}", inputs.len(), span = Span::mixed_site()),
            };
            inputs.push(Input { name, ty: (*input.ty).clone(), scalars: self.scalars_of(&input.ty)? });
        }
        let shapes = inputs.iter().filter_map(|input| Some(&input.scalars.as_ref()?.0));
        let rows: Vec<&[Expr]> = shapes.flat_map(Shape::rows).collect();
        if rows.is_empty() {
            let scalar = self.scalar;
            return refused(
                &signature.ident,
                &format!(
                    "no argument has scalars. Take `{scalar}` or an array `[{scalar}; N]`, or remove the attribute"
                ),
            );
        }
        self.refuse_sums(&rows)?;
        Ok(inputs)
    }

    /// Returns the scalars of an argument, and whether it is a reference. Data have none.
    fn scalars_of(&self, ty: &Type) -> Result<Option<(Shape, bool)>> {
        let scalar = self.scalar;
        let (by_reference, inner) = match ty {
            Type::Reference(TypeReference { mutability: Some(token), .. }) => {
                return refused(
                    token,
                    "a kernel may be evaluated several times and writes into no argument. Take a value or `&`, and \
                     return the results",
                );
            }
            Type::Reference(to) => (Some(&to.lifetime), &*to.elem),
            ty => (None, ty),
        };
        let mut search = Search::new(scalar);
        search.visit_type(ty);
        let Some(place) = search.found else { return Ok(None) };
        if let Type::Slice(slice) = inner {
            return refused(
                slice,
                &format!(
                    "the number of scalars of a slice is not known. Take an array, `[{scalar}; N]` or `&[{scalar}; N]`; \
                     for a kernel at all elements of slices call `fuse_map`, and for long sums `Terms`"
                ),
            );
        }
        if by_reference.is_some_and(|lifetime| lifetime.as_ref().is_some_and(|lifetime| lifetime.ident == "static")) {
            return refused(
                ty,
                "the scalars of a kernel do not live as long as the program. Take a reference without it",
            );
        }
        match Shape::of(inner, scalar) {
            Some(shape) => Ok(Some((shape, by_reference.is_some()))),
            None => Err(Error::new(
                place,
                format!(
                    "fused: the scalars of this type are not known. Take `{scalar}`, arrays of arrays of it, tuples of \
                     these, or a reference to one of them, each written out"
                ),
            )),
        }
    }

    /// Returns the scalars of the result.
    fn output(&self) -> Result<Shape> {
        let (signature, scalar) = (&self.item.sig, self.scalar);
        let message = format!(
            "a kernel returns its results as `{scalar}`, arrays of arrays of it, or tuples of these, each written out"
        );
        let shape = match &signature.output {
            ReturnType::Default => return refused(&signature.ident, &message),
            ReturnType::Type(_, ty) => match Shape::of(ty, scalar) {
                Some(shape) => shape,
                None => return refused(ty, &message),
            },
        };
        self.refuse_sums(&shape.rows())?;
        Ok(shape)
    }

    /// Refuses numbers of scalars that are computed with parameters of the function.
    fn refuse_sums(&self, rows: &[&[Expr]]) -> Result<()> {
        if let [] | [[]] | [[_]] = rows {
            return Ok(());
        }
        match rows.iter().copied().flatten().find(|length| self.names_constant(length)) {
            Some(length) => {
                let (scalar, text) = (self.scalar, length.to_token_stream());
                refused(
                    length,
                    &format!(
                        "stable Rust does not compute the number of all scalars from `{text}`. Use `[{scalar}; {text}]` for \
                         all, or write a number"
                    ),
                )
            }
            None => Ok(()),
        }
    }

    /// Returns whether a length depends on a parameter of the function.
    fn names_constant(&self, length: &Expr) -> bool {
        struct Names<'a>(&'a Generics, bool);

        impl Visit<'_> for Names<'_> {
            fn visit_ident(&mut self, ident: &Ident) {
                self.1 |= self.0.const_params().any(|parameter| parameter.ident == *ident);
            }
        }

        let mut names = Names(&self.item.sig.generics, false);
        names.visit_expr(length);
        names.1
    }

    /// Refuses what holds for one scalar only: other bounds of the scalar, and bounds with it.
    fn refuse_other_bounds(&self) -> Result<()> {
        let (generics, mut search) = (&self.item.sig.generics, Search::new(self.scalar));
        for parameter in generics.type_params() {
            if parameter.ident != *self.scalar {
                parameter.bounds.iter().for_each(|bound| search.visit_type_param_bound(bound));
                continue;
            }
            if let Some(other) = bounds_of(generics, parameter).find(|bound| !is_scalar(bound)) {
                return refused(
                    other,
                    "a kernel is evaluated on other scalars too, which have `Scalar` and the traits in it. Remove this \
                     bound, or the attribute",
                );
            }
        }
        for condition in self.conditions() {
            search.visit_where_predicate(condition);
        }
        match search.found {
            Some(place) => Err(Error::new(
                place,
                format!(
                    "fused: a kernel is evaluated on other scalars too, and this holds for one `{}` only. Take data of \
                     plain numbers, or remove the attribute",
                    self.scalar
                ),
            )),
            None => Ok(()),
        }
    }

    /// Returns the conditions of the function but for those on the scalar itself.
    fn conditions(&self) -> impl Iterator<Item = &WherePredicate> {
        let conditions = self.item.sig.generics.where_clause.iter().flat_map(|conditions| &conditions.predicates);
        conditions.filter(|condition| match condition {
            WherePredicate::Type(condition) => {
                !matches!(&condition.bounded_ty, Type::Path(bounded) if bounded.path.is_ident(self.scalar))
            }
            _ => true,
        })
    }

    /// Returns the parameters of the type of the data: a lifetime for references, and those of the function but for the scalar.
    fn generics_of_data(&self, holding: &mut Holding<'_>) -> Generics {
        let mut generics = self.item.sig.generics.clone();
        let parameters = generics.params.into_iter().filter(|parameter| !is_type(parameter, self.scalar));
        let own_real = self.real.is_none().then(|| parse_quote!(__Real: ::dualtape::Real));
        generics.params = std::iter::once(parse_quote!('fused)).chain(parameters).chain(own_real).collect();
        if let Some(clause) = &mut generics.where_clause {
            clause.predicates = self.conditions().cloned().collect();
        }
        holding.visit_generics_mut(&mut generics);
        generics
    }

    /// Returns the function. The function as it was written is an item within, beside the type of its data.
    fn expanded(&self, inputs: &[Input], output: &Shape) -> TokenStream {
        let ItemFn { attrs, vis, sig, block } = self.item;
        let (name, scalar) = (&sig.ident, self.scalar);
        let own_real: Type = parse_quote!(__Real);
        let real = self.real.as_ref().unwrap_or(&own_real);
        let mut holding = Holding { scalar, real };

        let generics = self.generics_of_data(&mut holding);
        let (parameters, names, conditions) = generics.split_for_impl();
        let lifetimes = generics.lifetimes().map(|parameter| &parameter.lifetime);
        let types = generics.type_params().map(|parameter| &parameter.ident);
        let marker = quote!(::core::marker::PhantomData<(#(&#lifetimes (),)* #(*const #types,)*)>);

        // Data are fields, and scalars are taken out of a slice.
        let (mut fields, mut data, mut places) = (vec![marker], vec![quote!(::core::marker::PhantomData)], Vec::new());
        let mut rebuilt = Vec::new();
        let mut first_row = 0;
        for Input { name, ty, scalars } in inputs {
            match scalars {
                Some((shape, by_reference)) => {
                    places.extend(shape.places(&if *by_reference { quote!((*#name)) } else { quote!(#name) }));
                    let value = shape.rebuilt(&mut first_row);
                    rebuilt.push(if *by_reference { quote!(&#value) } else { value });
                }
                None => {
                    let index = syn::Index::from(fields.len());
                    let span = ty.span().resolved_at(Span::mixed_site());
                    rebuilt.push(quote_spanned!(span=> ::dualtape::__fused::data(&self.#index)));
                    let mut ty = ty.clone();
                    holding.visit_type_mut(&mut ty);
                    fields.push(quote!(#ty));
                    data.push(quote!(#name));
                }
            }
        }
        let rows: Vec<&[Expr]> = places.iter().map(|(_, lengths)| *lengths).collect();
        let taken = shape::taken(&rows);
        let number = count(&rows);
        let refuse_many = if rows.iter().copied().flatten().any(|length| self.names_constant(length)) {
            quote_spanned!(name.span()=> const { ::dualtape::__fused::refuse_many(#number) })
        } else {
            quote_spanned!(name.span()=> const _: () = ::dualtape::__fused::refuse_many(#number))
        };

        let arguments = arguments(&sig.generics);
        let of_data = arguments.iter().filter(|argument| **argument != scalar).map(|argument| quote!(#argument));
        let of_data = of_data.chain(self.real.is_none().then(|| quote!(<#scalar as ::dualtape::Scalar>::Real)));
        let call = quote_spanned!(name.span()=> #name::<#(#arguments),*>(#(#rebuilt),*));
        let inputs_in_a_row = gathered(&places, scalar);
        let outputs = Outputs::of(output, real, scalar);
        let (plain, over_scalar, packed, returned) =
            (&outputs.plain, &outputs.over_scalar, outputs.packed(&call, scalar), outputs.returned());
        let fuse = quote_spanned!(name.span()=> ::dualtape::fuse);

        let mut signature = sig.clone();
        for (input, Input { name, .. }) in signature.inputs.iter_mut().zip(inputs) {
            if let FnArg::Typed(input) = input {
                input.attrs.clear();
                input.pat = parse_quote!(#name);
            }
        }
        let written = as_written(sig, block);
        let body = quote_spanned! {Span::mixed_site()=>
            #written

            struct __Fused #parameters (#(#fields),*) #conditions;

            impl #parameters ::dualtape::Function<#real> for __Fused #names #conditions {
                type Output = #plain;

                #[inline(always)]
                fn eval<#scalar: ::dualtape::Scalar<Real = #real>>(&self, rest: &[#scalar]) -> #over_scalar {
                    #taken
                    #packed
                }
            }

            #refuse_many;
            let fused = #fuse(&__Fused::<#(#of_data),*>(#(#data),*), #inputs_in_a_row);
            #returned
        };
        quote!(#(#attrs)* #vis #signature { #body })
    }
}

/// Returns the function as it was written.
fn as_written(signature: &Signature, block: &Block) -> TokenStream {
    quote! {
        #[inline(always)]
        #[allow(clippy::too_many_arguments, reason = "the function around it has as many")]
        #signature #block
    }
}

/// Returns the names of all types and constants.
fn arguments(generics: &Generics) -> Vec<&Ident> {
    let arguments = generics.params.iter().filter_map(|parameter| match parameter {
        GenericParam::Lifetime(_) => None,
        GenericParam::Type(parameter) => Some(&parameter.ident),
        GenericParam::Const(parameter) => Some(&parameter.ident),
    });
    arguments.collect()
}

fn is_type(parameter: &GenericParam, name: &Ident) -> bool {
    matches!(parameter, GenericParam::Type(parameter) if parameter.ident == *name)
}

/// The change of types for fields: lifetimes get a name, and the plain number of the scalar is a type of its own.
struct Holding<'a> {
    scalar: &'a Ident,
    real: &'a Type,
}

impl VisitMut for Holding<'_> {
    fn visit_type_mut(&mut self, ty: &mut Type) {
        match ty {
            Type::Path(path) if is_associated(path, self.scalar) => *ty = self.real.clone(),
            ty => visit_type_mut(self, ty),
        }
    }

    fn visit_type_reference_mut(&mut self, reference: &mut TypeReference) {
        reference.lifetime.get_or_insert_with(|| parse_quote!('fused));
        visit_type_reference_mut(self, reference);
    }

    fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
        if lifetime.ident == "_" {
            *lifetime = parse_quote!('fused);
        }
    }

    // The lifetimes of the arguments of functions are their own.
    fn visit_type_bare_fn_mut(&mut self, _: &mut TypeBareFn) {}

    fn visit_parenthesized_generic_arguments_mut(&mut self, _: &mut ParenthesizedGenericArguments) {}
}

/// The results of a kernel.
struct Outputs<'a> {
    shape: &'a Shape,
    /// Over plain numbers, for the trait `Function`.
    plain: TokenStream,
    over_scalar: TokenStream,
}

impl<'a> Outputs<'a> {
    fn of(shape: &'a Shape, real: &Type, scalar: &Ident) -> Self {
        match shape {
            Shape::Row(lengths) if lengths.is_empty() => {
                Outputs { shape, plain: quote!(#real), over_scalar: quote!(#scalar) }
            }
            shape => {
                let number = count(&shape.rows());
                Outputs { shape, plain: quote!([#real; #number]), over_scalar: quote!([#scalar; #number]) }
            }
        }
    }

    /// Returns the results of a call as the trait has them.
    fn packed(&self, call: &TokenStream, scalar: &Ident) -> TokenStream {
        match self.shape {
            Shape::Row(lengths) if lengths.len() < 2 => call.clone(),
            shape => {
                let results = quote_spanned!(Span::mixed_site()=> results);
                let gathered = gathered(&shape.places(&results), scalar);
                quote!(let #results = #call; #gathered)
            }
        }
    }

    /// Returns the results as the function has them.
    fn returned(&self) -> TokenStream {
        match self.shape {
            Shape::Row(lengths) if lengths.len() < 2 => quote_spanned!(Span::mixed_site()=> fused),
            shape => {
                let (taken, rebuilt) = (shape::taken(&shape.rows()), shape.rebuilt(&mut 0));
                quote_spanned!(Span::mixed_site()=> let rest = &fused[..]; #taken #rebuilt)
            }
        }
    }
}
