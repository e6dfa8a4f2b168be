//! Functions on regular expressions, in Go's syntax.

mod counts;
mod translate;

use lifeboat_sdk::value::{Name, nfc};
use lifeboat_sdk::{Type, Value};
use regex::{Captures, Regex, RegexBuilder};

use super::call::{check_length, string_at, text, unknown};
use super::{Call, Form, Function, FunctionError, Outcome, string};

/// The functions of this family.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "regex",
        &[string("pattern"), string("string").unknown()],
        Form::Any,
        regex_one,
        "The first match of a pattern, or its groups.",
    ),
    Function::new(
        "regexall",
        &[string("pattern"), string("string").unknown()],
        Form::Any,
        regex_all,
        "All matches of a pattern, or their groups.",
    ),
    Function::new(
        "replace",
        &[string("str"), string("substr"), string("replace")],
        Form::String,
        replace,
        "Replaces a text, or matches of a pattern between slashes.",
    ),
];

/// Compiled patterns take at most this much memory, in bytes.
const MAX_COMPILED: usize = 10 << 20;

/// A pattern with the names of its groups; those without a name are empty.
struct Pattern {
    regex: Regex,
    groups: Vec<String>,
}

impl Pattern {
    fn new(source: &str) -> Result<Self, String> {
        let translated = translate::translate(source)?;
        let regex = RegexBuilder::new(&translated.source)
            .size_limit(MAX_COMPILED)
            .nest_limit(1000)
            .build()
            .map_err(|e| match e {
                regex::Error::CompiledTooBig(_) => "the pattern is too large".to_owned(),
                _ => "the pattern is invalid".to_owned(),
            })?;
        Ok(Self { regex, groups: translated.groups })
    }

    /// The type of one match.
    fn ty(&self) -> Result<Type, String> {
        let named = self.groups.iter().filter(|name| !name.is_empty()).count();
        match (named, self.groups.len()) {
            (_, 0) => Ok(Type::String),
            (0, all) => Ok(Type::tuple(vec![Type::String; all])),
            (named, all) if named == all => {
                let names: std::collections::BTreeSet<Name> =
                    self.groups.iter().map(|name| nfc(name)).collect();
                Ok(Type::object(names.into_iter().map(|name| (name, Type::String))))
            }
            _ => Err("groups with and without names cannot be mixed".into()),
        }
    }

    fn value(&self, captures: &Captures<'_>) -> Value {
        let group = |i: usize| match captures.get(i) {
            Some(part) => text(part.as_str()),
            None => Value::Null(Type::String),
        };
        if self.groups.is_empty() {
            return group(0);
        }
        let values = (1..=self.groups.len()).map(group);
        if self.groups.iter().any(|name| !name.is_empty()) {
            return Value::object(self.groups.iter().map(|name| nfc(name)).zip(values));
        }
        Value::tuple(values.collect())
    }

    /// What stands for a match: `$1`, `${name}`, `$$`.
    fn expand(&self, template: &str, captures: &Captures<'_>, out: &mut String) {
        let mut rest = template;
        while let Some(at) = rest.find('$') {
            out.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            if let Some(after) = rest.strip_prefix('$') {
                out.push('$');
                rest = after;
                continue;
            }
            match reference(rest) {
                Some((name, after)) => {
                    out.push_str(self.group(name, captures));
                    rest = after;
                }
                None => out.push('$'),
            }
        }
        out.push_str(rest);
    }

    /// The text of a group by number or name; empty if there is none.
    fn group<'t>(&self, name: &str, captures: &Captures<'t>) -> &'t str {
        if name.bytes().all(|b| b.is_ascii_digit()) {
            let part = name.parse().ok().and_then(|i: usize| captures.get(i));
            return part.map_or("", |part| part.as_str());
        }
        let mut found = self.groups.iter().enumerate().filter(|(_, group)| *group == name);
        found.find_map(|(i, _)| captures.get(i + 1)).map_or("", |part| part.as_str())
    }
}

/// The name after a `$`, and what follows.
fn reference(text: &str) -> Option<(&str, &str)> {
    let word =
        |text: &str| text.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len());
    let (name, after) = match text.strip_prefix('{') {
        Some(inner) => {
            let (name, after) = inner.split_at(word(inner));
            (name, after.strip_prefix('}')?)
        }
        None => text.split_at(word(text)),
    };
    if name.is_empty() { None } else { Some((name, after)) }
}

/// The pattern of the first argument and the type of its matches.
fn pattern(args: &[Value]) -> Result<(Pattern, Type), FunctionError> {
    let wrong = |message| FunctionError::at(0, message);
    let pattern = Pattern::new(string_at(args, 0)?).map_err(wrong)?;
    let ty = pattern.ty().map_err(wrong)?;
    Ok((pattern, ty))
}

fn regex_one(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    let (pattern, ty) = pattern(args)?;
    if args[1].is_unknown() {
        return Ok(unknown(args, ty));
    }
    let found = pattern.regex.captures(string_at(args, 1)?);
    let found = found.ok_or_else(|| FunctionError::new("the pattern does not match the text"))?;
    Ok(pattern.value(&found))
}

fn regex_all(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    let (pattern, ty) = pattern(args)?;
    if args[1].is_unknown() {
        return Ok(unknown(args, Type::list(ty)));
    }
    let found = pattern.regex.captures_iter(string_at(args, 1)?);
    Ok(Value::list(ty, found.map(|captures| pattern.value(&captures)).collect()))
}

fn replace(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    let (source, old, new) = (string_at(args, 0)?, string_at(args, 1)?, string_at(args, 2)?);
    let inner = old.strip_prefix('/').and_then(|rest| rest.strip_suffix('/'));
    let Some(inner) = inner else {
        let count =
            if old.is_empty() { source.chars().count() + 1 } else { source.matches(old).count() };
        check_length(count.saturating_mul(new.len()).saturating_add(source.len()))?;
        return Ok(text(&source.replace(old, new)));
    };
    let pattern = Pattern::new(inner).map_err(FunctionError::new)?;
    let mut out = String::new();
    let mut end = 0;
    for captures in pattern.regex.captures_iter(source) {
        let Some(whole) = captures.get(0) else { continue };
        out.push_str(&source[end..whole.start()]);
        pattern.expand(new, &captures, &mut out);
        end = whole.end();
        check_length(out.len())?;
    }
    out.push_str(&source[end..]);
    Ok(text(&out))
}
