//! Functions that encode and decode text.

mod charset;
mod csv;

use std::io::Write;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use lifeboat_sdk::value::json::{from_json, to_json_escaped};
use lifeboat_sdk::{Type, Value};

use super::call::{string_at, text, unknown};
use super::{Call, Form, Function, FunctionError, Outcome, any, string};

/// The functions of this family.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "base64decode",
        &[string("str")],
        Form::String,
        base64decode,
        "Text from Base64.",
    ),
    Function::new("base64encode", &[string("str")], Form::String, base64encode, "Text in Base64."),
    Function::new(
        "base64gzip",
        &[string("str")],
        Form::String,
        base64gzip,
        "Text compressed by gzip, in Base64.",
    ),
    Function::new(
        "csvdecode",
        &[string("str")],
        Form::Any,
        csvdecode,
        "A list of objects from comma-separated values with a header line.",
    ),
    Function::new("jsondecode", &[string("str")], Form::Any, jsondecode, "A value from JSON."),
    Function::new(
        "jsonencode",
        &[any("val").null().unknown()],
        Form::String,
        jsonencode,
        "A value in JSON.",
    ),
    Function::new(
        "textdecodebase64",
        &[string("source"), string("encoding")],
        Form::String,
        textdecodebase64,
        "Text from Base64 of a character encoding.",
    ),
    Function::new(
        "textencodebase64",
        &[string("string"), string("encoding")],
        Form::String,
        textencodebase64,
        "Text in a character encoding, in Base64.",
    ),
    Function::new(
        "urlencode",
        &[string("str")],
        Form::String,
        urlencode,
        "Text escaped for the query of a URL.",
    ),
];

/// Base64 as Go reads it: padding is required, the bits after the last byte are not looked at.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

/// Bytes in Base64.
pub(super) fn to_base64(bytes: &[u8]) -> String {
    BASE64.encode(bytes)
}

/// Bytes from Base64, line breaks ignored.
pub(super) fn from_base64(text: &str) -> Option<Vec<u8>> {
    let plain: Vec<u8> = text.bytes().filter(|b| !matches!(b, b'\r' | b'\n')).collect();
    BASE64.decode(plain).ok()
}

fn base64encode(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    Ok(Value::string(to_base64(string_at(args, 0)?.as_bytes())))
}

fn base64decode(call: &mut Call<'_>, args: &[Value]) -> Outcome {
    let source = string_at(args, 0)?;
    let bytes = from_base64(source)
        .ok_or_else(|| FunctionError::new(format!("{} is not Base64", call.quote(source))))?;
    let decoded = String::from_utf8(bytes);
    let decoded = decoded.map_err(|_| FunctionError::new("the decoded bytes are not UTF-8"))?;
    Ok(text(&decoded))
}

fn base64gzip(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    let written = encoder.write_all(string_at(args, 0)?.as_bytes());
    let bytes = written.and_then(|()| encoder.finish());
    let bytes = bytes.map_err(|e| FunctionError::new(format!("compression failed: {e}")))?;
    Ok(Value::string(to_base64(&bytes)))
}

fn textencodebase64(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    let name = string_at(args, 1)?;
    let charset = charset::find(name).ok_or_else(|| no_charset(name))?;
    let bytes = charset::encode(charset, string_at(args, 0)?).ok_or_else(|| {
        FunctionError::at(0, format!("the text has characters that {name} does not have"))
    })?;
    Ok(Value::string(to_base64(&bytes)))
}

fn textdecodebase64(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    let name = string_at(args, 1)?;
    let charset = charset::find(name).ok_or_else(|| no_charset(name))?;
    let bytes = from_base64(string_at(args, 0)?);
    let bytes = bytes.ok_or_else(|| FunctionError::at(0, "the source is not Base64"))?;
    let decoded = charset::decode(charset, &bytes).ok_or_else(|| {
        FunctionError::at(0, format!("the source has bytes that are no characters in {name}"))
    })?;
    Ok(text(&decoded))
}

fn no_charset(name: &str) -> FunctionError {
    FunctionError::at(1, format!("{name:?} is not a character encoding that is supported"))
}

fn urlencode(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    let mut encoded = String::new();
    for byte in string_at(args, 0)?.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                encoded.push(char::from(byte));
            }
            b' ' => encoded.push('+'),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    Ok(Value::string(encoded))
}

fn jsonencode(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    if !args[0].is_wholly_known() {
        return Ok(unknown(args, Type::String));
    }
    let json = to_json_escaped(&args[0]).map_err(|e| FunctionError::new(e.message))?;
    Ok(text(&json))
}

fn jsondecode(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    from_json(string_at(args, 0)?, None).map_err(|e| FunctionError::new(e.message))
}

fn csvdecode(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    csv::decode(string_at(args, 0)?)
}
