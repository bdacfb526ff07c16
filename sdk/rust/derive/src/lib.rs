//! `#[derive(Record)]`: a struct over what a hook selects. A field is named like the field of the model,
//! unless `#[field("customer.credit_limit")]` says a path; `#[lines]` stands over a `Vec` of another such
//! struct. A crate of its own because the compiler wants macros apart.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Fields, LitStr, parse_macro_input};

#[proc_macro_derive(Record, attributes(field, lines))]
pub fn record(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand(&input).unwrap_or_else(|error| error.to_compile_error()).into()
}

fn expand(input: &DeriveInput) -> syn::Result<TokenStream> {
    let Data::Struct(data) = &input.data else {
        return Err(syn::Error::new_spanned(input, "a record is a struct"));
    };
    let Fields::Named(fields) = &data.fields else {
        return Err(syn::Error::new_spanned(input, "the fields of a record have names"));
    };
    let (mut read, mut changed) = (Vec::new(), Vec::new());
    for field in &fields.named {
        let Some(ident) = &field.ident else { continue };
        let mut name = ident.to_string();
        let mut lines = false;
        for attribute in &field.attrs {
            if attribute.path().is_ident("field") {
                name = attribute.parse_args::<LitStr>()?.value();
            }
            lines |= attribute.path().is_ident("lines");
        }
        if lines {
            read.push(quote!(#ident: part.lines(#name)?));
            continue;
        }
        read.push(quote!(#ident: part.value(#name)?));
        changed.push(quote!(
            if self.#ident != before.#ident {
                changes.push(::fondaco_plugin::Field::new(#name, self.#ident.clone()));
            }
        ));
    }
    let name = &input.ident;
    Ok(quote! {
        impl ::fondaco_plugin::Record for #name {
            fn read(part: &::fondaco_plugin::Part<'_>) -> ::fondaco_plugin::Answer<Self> {
                Ok(#name { #(#read),* })
            }

            fn changes(&self, before: &Self) -> Vec<::fondaco_plugin::Field> {
                let mut changes = Vec::new();
                #(#changed)*
                changes
            }
        }
    })
}
