//! Type expressions: `map(object({ a = optional(string, "x") }))`.

use lifeboat_sdk::value::Field;
use lifeboat_sdk::value::convert::convert;
use lifeboat_sdk::{Diagnostics, Span, Type, Value};

use super::ast::{Call, Expr, ExprKind};
use super::eval::constant;
use super::variable::Defaults;
use super::{codes, suggest};

const KEYWORDS: &[&str] = &["any", "bool", "number", "string"];
const CONSTRUCTORS: &[&str] = &["list", "set", "map", "object", "tuple"];

/// The type that an expression means, `any` after an error, and the defaults in it.
pub fn parse(expr: &Expr, diagnostics: &mut Diagnostics) -> (Type, Defaults) {
    // As Terraform keeps them from its first versions.
    let bare = match expr.keyword().map(|word| &**word) {
        Some("list") => Some(Type::list(Type::Dynamic)),
        Some("map") => Some(Type::map(Type::Dynamic)),
        _ => None,
    };
    match bare {
        Some(ty) => (ty, Defaults::default()),
        None => read(expr, diagnostics).unwrap_or((Type::Dynamic, Defaults::default())),
    }
}

fn read(expr: &Expr, diagnostics: &mut Diagnostics) -> Option<(Type, Defaults)> {
    if let Some(keyword) = expr.keyword() {
        let ty = match &**keyword {
            "any" => Type::Dynamic,
            "bool" => Type::Bool,
            "number" => Type::Number,
            "string" => Type::String,
            other => return unknown(other, expr.span, diagnostics),
        };
        return Some((ty, Defaults::default()));
    }
    if let Some(text) = expr.literal_text() {
        let detail = format!("Types stand without quotes: `{text}`.");
        return fail(expr.span, detail, diagnostics);
    }
    match &expr.kind {
        ExprKind::Call(call) => constructor(call, diagnostics),
        ExprKind::Invalid => None,
        _ => {
            let detail = "Here a type must stand: string, number, bool, any, list(T), set(T), \
                          map(T), object({ … }) or tuple([ … ]).";
            fail(expr.span, detail.into(), diagnostics)
        }
    }
}

fn fail<T>(span: Span, detail: String, diagnostics: &mut Diagnostics) -> Option<T> {
    diagnostics.push(codes::INVALID_TYPE.error(detail).at(span));
    None
}

fn unknown<T>(name: &str, span: Span, diagnostics: &mut Diagnostics) -> Option<T> {
    let diagnostic = if CONSTRUCTORS.contains(&name) {
        let argument = match name {
            "object" => "({ name = TYPE, … })",
            "tuple" => "([TYPE, …])",
            _ => "(TYPE)",
        };
        codes::INVALID_TYPE.error(format!("The type needs an argument: `{name}{argument}`."))
    } else {
        let names = KEYWORDS.iter().chain(CONSTRUCTORS).copied();
        let diagnostic = codes::INVALID_TYPE.error(format!("There is no type {name:?}."));
        suggest::with(diagnostic, suggest::nearest(name, names))
    };
    diagnostics.push(diagnostic.at(span));
    None
}

fn constructor(call: &Call, diagnostics: &mut Diagnostics) -> Option<(Type, Defaults)> {
    let name = &*call.name;
    if name == "optional" {
        let detail = "`optional` stands for the type of an attribute of an object type only.";
        return fail(call.name_span, detail.into(), diagnostics);
    }
    if KEYWORDS.contains(&name) {
        let detail = format!("The type `{name}` has no arguments.");
        return fail(call.name_span, detail, diagnostics);
    }
    if !CONSTRUCTORS.contains(&name) {
        return unknown(name, call.name_span, diagnostics);
    }
    let [argument] = call.args.as_slice() else {
        let at = call.args.get(1).map_or(call.close, |arg| arg.span);
        let detail = format!("The type `{name}` takes one argument.");
        return fail(at, detail, diagnostics);
    };
    match name {
        "object" => object(argument, diagnostics),
        "tuple" => tuple(argument, diagnostics),
        _ => {
            let (element, defaults) = read(argument, diagnostics)?;
            let ty = match name {
                "list" => Type::list(element),
                "set" => Type::set(element),
                _ => Type::map(element),
            };
            Some((ty, Defaults::of_child("", defaults)))
        }
    }
}

fn tuple(argument: &Expr, diagnostics: &mut Diagnostics) -> Option<(Type, Defaults)> {
    let ExprKind::Tuple(items) = &argument.kind else {
        let detail = "A tuple type takes a list of types: `tuple([string, number])`.";
        return fail(argument.span, detail.into(), diagnostics);
    };
    let mut types = Vec::new();
    let mut all = Defaults::default();
    for (i, item) in items.iter().enumerate() {
        let (ty, defaults) = read(item, diagnostics)?;
        types.push(ty);
        all.add_child(&i.to_string(), defaults);
    }
    Some((Type::tuple(types), all))
}

fn object(argument: &Expr, diagnostics: &mut Diagnostics) -> Option<(Type, Defaults)> {
    let ExprKind::Object(items) = &argument.kind else {
        let detail = "An object type takes attributes: `object({ name = string })`.";
        return fail(argument.span, detail.into(), diagnostics);
    };
    let mut fields: Vec<Field> = Vec::new();
    let mut all = Defaults::default();
    let mut failed = false;
    for item in &**items {
        let Some(name) = item.key.literal_text() else {
            return fail(item.key.span, "Attributes are names.".into(), diagnostics);
        };
        let (attribute, optional, default) = match &item.value.kind {
            ExprKind::Call(call) if &*call.name == "optional" => {
                let [attribute, ..] = call.args.as_slice() else {
                    let detail = "`optional` takes a type, and perhaps a default.";
                    return fail(call.close, detail.into(), diagnostics);
                };
                if let Some(extra) = call.args.get(2) {
                    let detail = "`optional` takes a type, and perhaps a default.";
                    return fail(extra.span, detail.into(), diagnostics);
                }
                (attribute, true, call.args.get(1))
            }
            _ => (&item.value, false, None),
        };
        let Some((ty, defaults)) = read(attribute, diagnostics) else {
            failed = true;
            continue;
        };
        let default = default.and_then(|expr| read_default(expr, &ty, diagnostics));
        all.add_child(name, defaults);
        all.values.extend(default.map(|value| (name.into(), value)));
        fields.retain(|f| &*f.name != name);
        fields.push(Field { name: name.into(), ty, optional });
    }
    (!failed).then(|| (Type::object_of(fields), all))
}

/// The default of an optional attribute.
fn read_default(expr: &Expr, ty: &Type, diagnostics: &mut Diagnostics) -> Option<Value> {
    let value = constant(expr, diagnostics)?;
    match convert(&value, ty) {
        Ok(value) => Some(value),
        Err(error) => {
            let detail = format!("The default does not have the attribute's type: {error}.");
            diagnostics.push(codes::INVALID_DEFAULT.error(detail).at(expr.span));
            None
        }
    }
}
