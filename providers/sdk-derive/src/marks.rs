//! The marks of a struct and of its fields, read from `#[kind(…)]` and the doc comments.

use proc_macro2::Span;
use syn::meta::ParseNestedMeta;
use syn::spanned::Spanned as _;
use syn::{Attribute, Error, Expr, ExprLit, Field, Ident, Lit, LitInt, LitStr, Meta, Result, Type};

/// What `#[kind(…)]` takes on a field, for messages.
const ALLOWED: &str = "required, optional, computed, optional_computed, forces_replacement, \
     identity, sensitive, role, set, set_key, json, volatile, kept, compared, block, \
     block(min = 1, max = 1), default = \"JSON\", rename = \"name\"";

/// Who sets an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    /// By the type of the field.
    Implied,
    Required,
    Optional,
    Computed,
    OptionalComputed,
}

/// A field and its marks.
#[derive(Debug)]
pub(crate) struct Marks {
    pub(crate) ident: Ident,
    pub(crate) ty: Type,
    pub(crate) name: String,
    pub(crate) doc: String,
    pub(crate) presence: Presence,
    pub(crate) forces_replacement: bool,
    pub(crate) identity: bool,
    pub(crate) sensitive: bool,
    pub(crate) role: bool,
    pub(crate) set: bool,
    pub(crate) set_key: bool,
    pub(crate) json: bool,
    pub(crate) volatile: bool,
    pub(crate) kept: bool,
    pub(crate) compared: bool,
    pub(crate) block: Option<(u32, u32)>,
    pub(crate) default: Option<String>,
}

impl Marks {
    /// Reads the marks of a named field.
    pub(crate) fn of(field: &Field, ident: &Ident) -> Result<Self> {
        let raw = ident.to_string();
        let mut marks = Self {
            ident: ident.clone(),
            ty: field.ty.clone(),
            name: raw.strip_prefix("r#").unwrap_or(&raw).to_owned(),
            doc: doc(&field.attrs),
            presence: Presence::Implied,
            forces_replacement: false,
            identity: false,
            sensitive: false,
            role: false,
            set: false,
            set_key: false,
            json: false,
            volatile: false,
            kept: false,
            compared: false,
            block: None,
            default: None,
        };
        for attribute in field.attrs.iter().filter(|a| a.path().is_ident("kind")) {
            attribute.parse_nested_meta(|meta| marks.read(&meta))?;
        }
        marks.check(field.span())?;
        Ok(marks)
    }

    fn read(&mut self, meta: &ParseNestedMeta<'_>) -> Result<()> {
        let mark = meta.path.get_ident().map(Ident::to_string).unwrap_or_default();
        match &*mark {
            "required" => self.set_presence(meta, Presence::Required)?,
            "optional" => self.set_presence(meta, Presence::Optional)?,
            "computed" => self.set_presence(meta, Presence::Computed)?,
            "optional_computed" => self.set_presence(meta, Presence::OptionalComputed)?,
            "forces_replacement" => self.forces_replacement = true,
            "identity" => self.identity = true,
            "sensitive" => self.sensitive = true,
            "role" => self.role = true,
            "set" => self.set = true,
            "set_key" => self.set_key = true,
            "json" => self.json = true,
            "volatile" => self.volatile = true,
            "kept" => self.kept = true,
            "compared" => self.compared = true,
            "block" => self.block = Some(block(meta, &self.name)?),
            "default" => self.default = Some(meta.value()?.parse::<LitStr>()?.value()),
            "rename" => self.name = meta.value()?.parse::<LitStr>()?.value(),
            _ => {
                let text =
                    format!("`{}` does not take this mark; allowed are {ALLOWED}", self.name);
                return Err(meta.error(text));
            }
        }
        Ok(())
    }

    fn set_presence(&mut self, meta: &ParseNestedMeta<'_>, presence: Presence) -> Result<()> {
        if self.presence != Presence::Implied {
            let text = format!(
                "`{}` takes one of required, optional, computed, optional_computed",
                self.name
            );
            return Err(meta.error(text));
        }
        self.presence = presence;
        Ok(())
    }

    /// Refuses marks that contradict each other or the type.
    fn check(&self, span: Span) -> Result<()> {
        let name = &self.name;
        let refuse = |text: String| Err(Error::new(span, text));
        if self.set && !last_is(&self.ty, &["Vec"]) {
            return refuse(format!(
                "`{name}` is marked as a set: allowed is Vec<…>, or a BTreeSet"
            ));
        }
        if self.block.is_some() && !last_is(&self.ty, &["Vec"]) {
            return refuse(format!("`{name}` is a block: allowed is Vec<…> of a struct with Kind"));
        }
        if self.json && !last_is(&self.ty, &["String"]) {
            return refuse(format!("`{name}` holds JSON: allowed are String and Option<String>"));
        }
        if self.default.is_some()
            && !matches!(self.presence, Presence::Implied | Presence::Optional)
        {
            return refuse(format!(
                "`{name}` has a default: allowed is no other mark than optional"
            ));
        }
        if self.presence == Presence::Computed && self.role {
            return refuse(format!("`{name}` is computed, so a role cannot decide it"));
        }
        Ok(())
    }
}

/// Whether the type, or what its `Option` holds, has one of these names.
fn last_is(ty: &Type, names: &[&str]) -> bool {
    let Type::Path(path) = ty else { return false };
    let Some(last) = path.path.segments.last() else { return false };
    if last.ident == "Option"
        && let syn::PathArguments::AngleBracketed(arguments) = &last.arguments
        && let Some(syn::GenericArgument::Type(inner)) = arguments.args.first()
    {
        return last_is(inner, names);
    }
    names.iter().any(|name| last.ident == name)
}

fn block(meta: &ParseNestedMeta<'_>, name: &str) -> Result<(u32, u32)> {
    let (mut min, mut max) = (0, 0);
    if meta.input.peek(syn::token::Paren) {
        meta.parse_nested_meta(|bound| {
            let number = |bound: &ParseNestedMeta<'_>| {
                bound.value()?.parse::<LitInt>()?.base10_parse::<u32>()
            };
            if bound.path.is_ident("min") {
                min = number(&bound)?;
            } else if bound.path.is_ident("max") {
                max = number(&bound)?;
            } else {
                return Err(bound.error(format!("the block `{name}` takes min and max")));
            }
            Ok(())
        })?;
        if max > 0 && min > max {
            return Err(meta.error(format!("the block `{name}` has a min above its max")));
        }
    }
    Ok((min, max))
}

/// The version in `#[kind(version = …)]` of a struct.
pub(crate) fn version(attributes: &[Attribute]) -> Result<u32> {
    let mut version = 0;
    for attribute in attributes.iter().filter(|a| a.path().is_ident("kind")) {
        attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("version") {
                version = meta.value()?.parse::<LitInt>()?.base10_parse()?;
                Ok(())
            } else {
                Err(meta.error("of a struct `#[kind(…)]` takes version = NUMBER"))
            }
        })?;
    }
    Ok(version)
}

/// The text of the doc comments.
pub(crate) fn doc(attributes: &[Attribute]) -> String {
    let mut lines = Vec::new();
    for attribute in attributes {
        if let Meta::NameValue(pair) = &attribute.meta
            && pair.path.is_ident("doc")
            && let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = &pair.value
        {
            let line = text.value();
            lines.push(line.strip_prefix(' ').unwrap_or(&line).trim_end().to_owned());
        }
    }
    lines.join("\n").trim().to_owned()
}
