//! Functions on text.

use lifeboat_sdk::{Type, Value};

use super::call::{check_length, integer_at, items, string_at, text, texts, truth, unknown};
use super::text::{grapheme_count, graphemes, lower, title, upper};
use super::{Call, Form, Function, FunctionError, Outcome, Parameter, number, string};

const STRINGS: Parameter = Parameter::new("lists", Form::ListOfString);

/// The functions of this family.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "chomp",
        &[string("str")],
        Form::String,
        chomp,
        "Without line breaks at the end.",
    ),
    Function::new(
        "endswith",
        &[string("str"), string("suffix")],
        Form::Bool,
        endswith,
        "Whether a text ends with another.",
    ),
    Function::new(
        "indent",
        &[number("spaces"), string("str")],
        Form::String,
        indent,
        "Adds spaces after each line break.",
    ),
    Function::new(
        "join",
        &[string("separator")],
        Form::String,
        join,
        "The elements of lists as one text with a separator between them.",
    )
    .rest(STRINGS),
    Function::new("lower", &[string("str")], Form::String, to_lower, "All letters in lower case."),
    Function::new(
        "sort",
        &[Parameter::new("list", Form::ListOfString).unknown()],
        Form::ListOfString,
        sort,
        "The texts in the order of their characters.",
    ),
    Function::new(
        "split",
        &[string("separator"), string("str")],
        Form::ListOfString,
        split,
        "The parts of a text between separators.",
    ),
    Function::new(
        "startswith",
        &[string("str").unknown(), string("prefix")],
        Form::Bool,
        startswith,
        "Whether a text begins with another.",
    ),
    Function::new(
        "strcontains",
        &[string("str"), string("substr")],
        Form::Bool,
        strcontains,
        "Whether a text occurs in another.",
    ),
    Function::new(
        "strrev",
        &[string("str")],
        Form::String,
        strrev,
        "The characters in reverse order.",
    ),
    Function::new(
        "substr",
        &[string("str"), number("offset"), number("length")],
        Form::String,
        substr,
        "A part of a text, counted in characters; a negative offset counts from the end.",
    ),
    Function::new(
        "title",
        &[string("str")],
        Form::String,
        to_title,
        "The first letter of each word in upper case.",
    ),
    Function::new(
        "trim",
        &[string("str"), string("cutset")],
        Form::String,
        trim,
        "Without any of the given characters at both ends.",
    ),
    Function::new(
        "trimprefix",
        &[string("str"), string("prefix")],
        Form::String,
        trimprefix,
        "Without a text at the beginning, if it is there.",
    ),
    Function::new(
        "trimspace",
        &[string("str")],
        Form::String,
        trimspace,
        "Without space at both ends.",
    ),
    Function::new(
        "trimsuffix",
        &[string("str"), string("suffix")],
        Form::String,
        trimsuffix,
        "Without a text at the end, if it is there.",
    ),
    Function::new("upper", &[string("str")], Form::String, to_upper, "All letters in upper case."),
];

fn chomp(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    Ok(text(string_at(args, 0)?.trim_end_matches(['\r', '\n'])))
}

fn endswith(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    truth(string_at(args, 0)?.ends_with(string_at(args, 1)?))
}

fn startswith(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    let prefix = string_at(args, 1)?;
    if let Value::Unknown(u) = &args[0] {
        let known = u.prefix.as_deref().unwrap_or_default();
        return match prefix {
            prefix if known.starts_with(prefix) => truth(true),
            prefix if known.len() >= prefix.len() => truth(false),
            _ => Ok(unknown(args, Type::Bool)),
        };
    }
    truth(string_at(args, 0)?.starts_with(prefix))
}

fn strcontains(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    truth(string_at(args, 0)?.contains(string_at(args, 1)?))
}

fn indent(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    let spaces = usize::try_from(integer_at(args, 0)?);
    let spaces = spaces.map_err(|_| FunctionError::new("the spaces must not be negative"))?;
    let source = string_at(args, 1)?;
    let breaks = source.matches('\n').count();
    check_length(breaks.saturating_mul(spaces).saturating_add(source.len()))?;
    let pad = if breaks == 0 { String::new() } else { " ".repeat(spaces) };
    Ok(text(&source.replace('\n', &format!("\n{pad}"))))
}

fn join(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    let separator = string_at(args, 0)?;
    let lists = &args[1..];
    if lists.is_empty() {
        return Err(FunctionError::new("at least one list is required"));
    }
    if !lists.iter().all(Value::is_wholly_known) {
        return Ok(unknown(args, Type::String));
    }
    let mut parts = Vec::new();
    for (i, list) in lists.iter().enumerate() {
        for (j, item) in items(list).iter().enumerate() {
            let part = item.as_str();
            parts.push(part.ok_or_else(|| {
                FunctionError::at(i + 1, format!("element {j} is null and cannot be joined"))
            })?);
        }
    }
    let gaps = parts.len().saturating_sub(1).saturating_mul(separator.len());
    check_length(parts.iter().map(|part| part.len()).sum::<usize>().saturating_add(gaps))?;
    Ok(text(&parts.join(separator)))
}

fn sort(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    if !args[0].is_wholly_known() {
        return Ok(unknown(args, Type::list(Type::String)));
    }
    let mut sorted = Vec::new();
    for (i, item) in items(&args[0]).iter().enumerate() {
        let part = item.as_str();
        let message = || FunctionError::new(format!("element {i} is null and cannot be sorted"));
        sorted.push(part.ok_or_else(message)?);
    }
    sorted.sort_unstable();
    Ok(texts(sorted))
}

fn split(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    let (separator, source) = (string_at(args, 0)?, string_at(args, 1)?);
    if separator.is_empty() {
        let mut buffer = [0; 4];
        let parts = source.chars().map(|c| text(c.encode_utf8(&mut buffer))).collect();
        return Ok(Value::list(Type::String, parts));
    }
    Ok(texts(source.split(separator)))
}

fn strrev(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    let mut clusters: Vec<&str> = graphemes(string_at(args, 0)?).collect();
    clusters.reverse();
    Ok(text(&clusters.concat()))
}

fn substr(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    let source = string_at(args, 0)?;
    let (mut offset, length) = (integer_at(args, 1)?, integer_at(args, 2)?);
    if offset < 0 {
        offset = offset.saturating_add(i64::try_from(grapheme_count(source)).unwrap_or(i64::MAX));
    } else if length == 0 {
        return Ok(text(""));
    }
    let skipped = graphemes(source).skip(usize::try_from(offset).unwrap_or(0));
    let part: String = match usize::try_from(length) {
        // A length of zero with a negative offset takes the rest, as in Terraform.
        Ok(0) | Err(_) => skipped.collect(),
        Ok(length) => skipped.take(length).collect(),
    };
    Ok(text(&part))
}

fn trim(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    let cutset: Vec<char> = string_at(args, 1)?.chars().collect();
    Ok(text(string_at(args, 0)?.trim_matches(|c| cutset.contains(&c))))
}

fn trimprefix(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    let source = string_at(args, 0)?;
    Ok(text(source.strip_prefix(string_at(args, 1)?).unwrap_or(source)))
}

fn trimsuffix(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    let source = string_at(args, 0)?;
    Ok(text(source.strip_suffix(string_at(args, 1)?).unwrap_or(source)))
}

fn trimspace(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    Ok(text(string_at(args, 0)?.trim()))
}

fn to_lower(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    Ok(text(&lower(string_at(args, 0)?)))
}

fn to_upper(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    Ok(text(&upper(string_at(args, 0)?)))
}

fn to_title(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    Ok(text(&title(string_at(args, 0)?)))
}
