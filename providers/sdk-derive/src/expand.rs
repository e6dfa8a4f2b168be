//! What the derive writes.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Data, DeriveInput, Error, Fields, Result};

use crate::marks::{self, Marks, Presence};

/// `impl lifeboat_sdk::Object` for a struct with named fields.
pub(crate) fn kind(input: &DeriveInput) -> Result<TokenStream> {
    let fields = fields(input)?;
    let (ident, doc) = (&input.ident, marks::doc(&input.attrs));
    let version = marks::version(&input.attrs)?;
    let attributes = fields.iter().map(attribute);
    let checks = fields.iter().map(check);
    let decoded = fields.iter().enumerate().map(|(n, field)| {
        let name = &field.ident;
        if field.set {
            quote!(#name: fields.take_set(#n)?)
        } else {
            quote!(#name: fields.take(#n)?)
        }
    });
    let encoded = fields.iter().map(|field| {
        let name = &field.ident;
        if field.set {
            quote!(::lifeboat_sdk::codec::encode_set(&self.#name))
        } else {
            quote!(::lifeboat_sdk::codec::Codec::encode(&self.#name))
        }
    });
    Ok(quote! {
        #[automatically_derived]
        impl ::lifeboat_sdk::Object for #ident {
            const SCHEMA: &'static ::lifeboat_sdk::Schema = &::lifeboat_sdk::Schema {
                version: #version,
                doc: #doc,
                attributes: &[#(#attributes),*],
            };

            fn decode(
                document: &::lifeboat_sdk::Value,
            ) -> ::core::result::Result<Self, ::lifeboat_sdk::kind::DecodeError> {
                let fields = ::lifeboat_sdk::codec::Fields::open(document, Self::SCHEMA)?;
                ::core::result::Result::Ok(Self { #(#decoded),* })
            }

            fn encode(&self) -> ::lifeboat_sdk::Value {
                static LAYOUT: ::lifeboat_sdk::codec::Layout = ::lifeboat_sdk::codec::Layout::new();
                LAYOUT.object(Self::SCHEMA, ::std::vec![#(#encoded),*])
            }
        }
        #(#checks)*
    })
}

/// The fields in declared order.
fn fields(input: &DeriveInput) -> Result<Vec<Marks>> {
    let wrong = |what: &str| {
        let text = format!("`{}` is {what}: Kind takes a struct with named fields", input.ident);
        Err(Error::new(input.ident.span(), text))
    };
    if !input.generics.params.is_empty() {
        return wrong("generic");
    }
    let data = match &input.data {
        Data::Struct(data) => data,
        Data::Enum(_) => return wrong("an enum"),
        Data::Union(_) => return wrong("a union"),
    };
    let Fields::Named(named) = &data.fields else { return wrong("without field names") };
    let mut fields: Vec<Marks> = Vec::new();
    for field in &named.named {
        let Some(ident) = &field.ident else { continue };
        let marks = Marks::of(field, ident)?;
        if fields.iter().any(|f| f.name == marks.name) {
            let text = format!("`{}` names two attributes", marks.name);
            return Err(Error::new(field.span(), text));
        }
        fields.push(marks);
    }
    Ok(fields)
}

/// One entry of the schema.
fn attribute(field: &Marks) -> TokenStream {
    let Marks { ident: _, ty, name, doc, presence, block, default, .. } = field;
    let Marks { forces_replacement, identity, sensitive, role, set, set_key, .. } = field;
    let Marks { json, volatile, kept, compared, .. } = field;
    let shape = quote_spanned!(ty.span()=> <#ty as ::lifeboat_sdk::codec::Codec>::SHAPE);
    let shape =
        if *set { quote!(::lifeboat_sdk::codec::set_shape(#shape)) } else { quote!(*#shape) };
    let presence = match presence {
        Presence::Required => quote!(::lifeboat_sdk::Presence::Required),
        Presence::Optional => quote!(::lifeboat_sdk::Presence::Optional),
        Presence::Computed => quote!(::lifeboat_sdk::Presence::Computed),
        Presence::OptionalComputed => quote!(::lifeboat_sdk::Presence::OptionalComputed),
        Presence::Implied if default.is_some() => quote!(::lifeboat_sdk::Presence::Optional),
        Presence::Implied => quote! {
            if <#ty as ::lifeboat_sdk::codec::Codec>::OPTIONAL {
                ::lifeboat_sdk::Presence::Optional
            } else {
                ::lifeboat_sdk::Presence::Required
            }
        },
    };
    let syntax = match block {
        Some((min, max)) => quote!(::lifeboat_sdk::Syntax::Block { min: #min, max: #max }),
        None => quote!(::lifeboat_sdk::Syntax::Attribute),
    };
    let default = match default {
        Some(text) => quote!(::core::option::Option::Some(#text)),
        None => quote!(::core::option::Option::None),
    };
    quote! {
        ::lifeboat_sdk::Attribute {
            name: #name,
            doc: #doc,
            shape: #shape,
            presence: #presence,
            syntax: #syntax,
            forces_replacement: #forces_replacement,
            sensitive: #sensitive,
            identity: #identity,
            role: #role,
            set_key: #set_key,
            json: #json,
            default: #default,
            volatile: #volatile,
            kept: #kept,
            compared: #compared,
        }
    }
}

/// Checks that only the compiler can make, because they ask the field's type.
fn check(field: &Marks) -> TokenStream {
    let Marks { ty, name, .. } = field;
    let mut checks = TokenStream::new();
    if matches!(
        field.presence,
        Presence::Computed | Presence::OptionalComputed | Presence::Optional
    ) {
        let text = format!(
            "`{name}` may have no value: allowed are Option<…>, Vec<…>, BTreeMap<…>, BTreeSet<…>"
        );
        checks.extend(quote_spanned! {ty.span()=>
            const _: () = ::core::assert!(
                <#ty as ::lifeboat_sdk::codec::Codec>::OPTIONAL, #text
            );
        });
    }
    if field.block.is_some() {
        let text = format!("`{name}` is a block: allowed is Vec<…> of a struct that derives Kind");
        checks.extend(quote_spanned! {ty.span()=>
            const _: () = ::core::assert!(
                ::core::matches!(
                    <#ty as ::lifeboat_sdk::codec::Codec>::SHAPE,
                    ::lifeboat_sdk::Shape::List(::lifeboat_sdk::Shape::Object(_))
                ),
                #text
            );
        });
    }
    checks
}

#[cfg(test)]
mod tests {
    use quote::quote;

    #[track_caller]
    fn refused(input: proc_macro2::TokenStream, expected: &str) {
        let input = syn::parse2(input).expect("Rust");
        let error = super::kind(&input).expect_err("refused").to_string();
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn a_message_names_the_field_and_what_is_allowed() {
        refused(
            quote!(
                struct A {
                    #[kind(forced)]
                    name: String,
                }
            ),
            "`name` does not take this mark; allowed are required, optional,",
        );
        refused(
            quote!(
                struct A {
                    #[kind(required, computed)]
                    name: String,
                }
            ),
            "`name` takes one of required, optional,",
        );
        refused(
            quote!(
                struct A {
                    #[kind(set)]
                    name: String,
                }
            ),
            "`name` is marked as a set: allowed is Vec<…>",
        );
        refused(
            quote!(
                struct A {
                    #[kind(block)]
                    name: Option<B>,
                }
            ),
            "`name` is a block: allowed is Vec<…>",
        );
        refused(
            quote!(
                struct A {
                    #[kind(block(min = 2, max = 1))]
                    name: Vec<B>,
                }
            ),
            "the block `name` has a min above its max",
        );
    }

    #[test]
    fn a_message_tells_what_the_mark_is_for() {
        refused(
            quote!(
                struct A {
                    #[kind(json)]
                    name: i64,
                }
            ),
            "`name` holds JSON: allowed are String and Option<String>",
        );
        refused(
            quote!(
                struct A {
                    #[kind(computed, default = "1")]
                    name: Option<i64>,
                }
            ),
            "`name` has a default: allowed is no other mark than optional",
        );
        refused(
            quote!(
                struct A {
                    a: String,
                    #[kind(rename = "a")]
                    b: String,
                }
            ),
            "names two",
        );
    }

    #[test]
    fn only_a_struct_with_named_fields_is_a_kind() {
        refused(
            quote!(
                enum A {
                    B,
                }
            ),
            "`A` is an enum",
        );
        refused(
            quote!(
                struct A(String);
            ),
            "`A` is without field names",
        );
        refused(
            quote!(
                struct A<T> {
                    a: T,
                }
            ),
            "`A` is generic",
        );
        refused(
            quote!(
                #[kind(name = "x")]
                struct A {
                    a: String,
                }
            ),
            "takes version = NUMBER",
        );
    }
}
