//! `#[derive(Kind)]`: one struct gives the constant schema, the decoder and the encoder of a kind.
//!
//! Marks are written as `#[kind(…)]`. Of a struct: `version = 0`. Of a field:
//!
//! | mark | meaning |
//! | --- | --- |
//! | `required`, `optional`, `computed`, `optional_computed` | who sets it; else a plain scalar is required and everything else optional |
//! | `forces_replacement` | a change replaces the object |
//! | `identity` | names the object: stays known when it cannot be read |
//! | `sensitive` | never shown |
//! | `role` | decided by the region's role |
//! | `set` | a `Vec` that is a set |
//! | `set_key` | identifies the element of a set of objects |
//! | `json` | the text of a JSON document |
//! | `volatile` | may change with any update of the object |
//! | `kept` | with `volatile`: most updates leave it, so it is planned as it is, and what comes of it counts |
//! | `compared` | names the content: the object is written only while this is what was read |
//! | `block`, `block(min = 1, max = 1)` | written as a nested block: a `Vec` of a struct with the derive |
//! | `default = "60"` | the value where the configuration says nothing, as JSON text |
//! | `rename = "type"` | the attribute's name, where it cannot be the field's |

mod expand;
mod marks;

/// Writes `impl lifeboat_sdk::Object`.
#[proc_macro_derive(Kind, attributes(kind))]
pub fn kind(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let input = syn::parse_macro_input!(input as syn::DeriveInput);
    expand::kind(&input).unwrap_or_else(|e| e.to_compile_error()).into()
}
