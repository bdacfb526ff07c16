//! `#[derive(Record)] #[record("sales.order")]`: a struct that names the fields of a model which
//! Rust code needs. What is made here only calls `fondaco_kernel::record`; all work is done there.
//! Not here: whether the struct agrees with the TOML, which the kernel checks when it starts.

use proc_macro::TokenStream;
use proc_macro2::TokenStream as Tokens;
use quote::quote;
use syn::{
    Data, DeriveInput, Error, Field, Fields, GenericArgument, LitStr, PathArguments, Result, Type,
    parse_macro_input,
};

/// Implements `fondaco_kernel::record::Record`. The struct has named fields, one of them
/// `id: Id<Self>`; every other one is called like the field of the model.
#[proc_macro_derive(Record, attributes(record))]
pub fn derive_record(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand(&input).unwrap_or_else(|error| error.to_compile_error()).into()
}

fn expand(input: &DeriveInput) -> Result<Tokens> {
    let model = model_name(input)?;
    let fields = named_fields(input)?;
    if !fields.iter().any(|field| field.ident.as_ref().is_some_and(|name| name == "id")) {
        return Err(Error::new_spanned(&input.ident, "a record needs a field `id: Id<Self>`"));
    }
    let specs: Vec<Tokens> = fields.iter().copied().map(spec).collect();
    let reads: Vec<Tokens> = fields.iter().copied().map(read).collect();
    let writes: Vec<Tokens> = fields.iter().copied().filter_map(write).collect();
    let own = &input.ident;
    let versioned = fields.iter().any(|f| f.ident.as_ref().is_some_and(|name| name == "version"));
    let version = if versioned {
        quote! { ::std::option::Option::Some(self.version) }
    } else {
        quote! { ::std::option::Option::None }
    };
    Ok(quote! {
        impl ::fondaco_kernel::record::Record for #own {
            const MODEL: &'static str = #model;

            fn fields() -> ::std::vec::Vec<::fondaco_kernel::record::FieldSpec> {
                ::std::vec![#(#specs),*]
            }

            fn from_rec(
                rec: &::fondaco_kernel::record::Rec,
            ) -> ::fondaco_kernel::Result<Self> {
                ::std::result::Result::Ok(#own { #(#reads),* })
            }

            fn to_draft(&self, draft: &mut ::fondaco_kernel::model::Draft) {
                #(#writes)*
            }

            fn id(&self) -> ::fondaco_kernel::values::Id<Self> {
                self.id
            }

            fn version(&self) -> ::std::option::Option<i64> {
                #version
            }
        }
    })
}

fn model_name(input: &DeriveInput) -> Result<LitStr> {
    let attribute = input.attrs.iter().find(|attribute| attribute.path().is_ident("record"));
    let missing =
        || Error::new_spanned(&input.ident, "say which model: #[record(\"sales.order\")]");
    attribute.ok_or_else(missing)?.parse_args::<LitStr>()
}

fn named_fields(input: &DeriveInput) -> Result<Vec<&Field>> {
    match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => Ok(fields.named.iter().collect()),
            other => Err(Error::new_spanned(other, "a record has named fields")),
        },
        _ => Err(Error::new_spanned(&input.ident, "a record is a struct")),
    }
}

fn column(field: &Field) -> Option<LitStr> {
    let name = field.ident.as_ref()?;
    Some(LitStr::new(name.to_string().trim_start_matches("r#"), name.span()))
}

fn spec(field: &Field) -> Tokens {
    let (name, ty) = (column(field), &field.ty);
    let target = match id_target(ty) {
        Some(target) => quote! {
            ::fondaco_kernel::record::Target::<#target>::new().model()
        },
        None => quote! { ::std::option::Option::None },
    };
    quote! { ::fondaco_kernel::record::FieldSpec::of::<#ty>(#name, #target) }
}

fn read(field: &Field) -> Tokens {
    let (ident, name, ty) = (&field.ident, column(field), &field.ty);
    quote! { #ident: ::fondaco_kernel::record::read::<#ty>(rec, #name)? }
}

fn write(field: &Field) -> Option<Tokens> {
    let (ident, name) = (field.ident.as_ref()?, column(field)?);
    let given = ident != "id" && ident != "version";
    given.then(|| quote! { ::fondaco_kernel::record::write(draft, #name, &self.#ident); })
}

/// `M` of `Id<M>`, `Option<Id<M>>` and `Vec<Id<M>>`.
fn id_target(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last()?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    let GenericArgument::Type(inner) = arguments.args.first()? else { return None };
    match last.ident.to_string().as_str() {
        "Id" => Some(inner),
        "Option" | "Vec" => id_target(inner),
        _ => None,
    }
}
