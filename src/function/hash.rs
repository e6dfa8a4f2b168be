//! Functions that hash, and those that depend on chance.

use lifeboat_sdk::{Type, Value};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};
use uuid::Uuid;

use super::call::{string_at, unknown};
use super::encoding::to_base64;
use super::filesystem::read;
use super::{Call, Form, Function, FunctionError, Outcome, number, string};

/// The functions of this family.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "base64sha256",
        &[string("str")],
        Form::String,
        base64sha256,
        "The SHA-256 of a text, in Base64.",
    ),
    Function::new(
        "base64sha512",
        &[string("str")],
        Form::String,
        base64sha512,
        "The SHA-512 of a text, in Base64.",
    ),
    Function::new(
        "bcrypt",
        &[string("str")],
        Form::String,
        bcrypt,
        "A password hashed by Blowfish.",
    )
    .rest(number("cost")),
    Function::new(
        "filebase64sha256",
        &[string("path")],
        Form::String,
        filebase64sha256,
        "The SHA-256 of a file, in Base64.",
    ),
    Function::new(
        "filebase64sha512",
        &[string("path")],
        Form::String,
        filebase64sha512,
        "The SHA-512 of a file, in Base64.",
    ),
    Function::new("filemd5", &[string("path")], Form::String, filemd5, "The MD5 of a file."),
    Function::new("filesha1", &[string("path")], Form::String, filesha1, "The SHA-1 of a file."),
    Function::new(
        "filesha256",
        &[string("path")],
        Form::String,
        filesha256,
        "The SHA-256 of a file.",
    ),
    Function::new(
        "filesha512",
        &[string("path")],
        Form::String,
        filesha512,
        "The SHA-512 of a file.",
    ),
    Function::new("md5", &[string("str")], Form::String, md5, "The MD5 of a text."),
    Function::new(
        "rsadecrypt",
        &[string("ciphertext"), string("privatekey")],
        Form::String,
        rsadecrypt,
        "Decrypts by an RSA key; not supported.",
    ),
    Function::new("sha1", &[string("str")], Form::String, sha1, "The SHA-1 of a text."),
    Function::new("sha256", &[string("str")], Form::String, sha256, "The SHA-256 of a text."),
    Function::new("sha512", &[string("str")], Form::String, sha512, "The SHA-512 of a text."),
    Function::new("uuid", &[], Form::String, uuid, "A random UUID."),
    Function::new(
        "uuidv5",
        &[string("namespace"), string("name")],
        Form::String,
        uuidv5,
        "The UUID of a name.",
    ),
];

/// The highest cost of `bcrypt`; each step doubles the time, and this takes seconds.
const MAX_COST: i64 = 15;

fn hex(bytes: &[u8]) -> Value {
    Value::string(bytes.iter().map(|b| format!("{b:02x}")).collect::<String>())
}

fn of_text<D: Digest>(args: &[Value]) -> Result<Vec<u8>, FunctionError> {
    Ok(D::digest(string_at(args, 0)?).to_vec())
}

fn of_file<D: Digest>(call: &Call<'_>, args: &[Value]) -> Result<Vec<u8>, FunctionError> {
    let content = read(call, string_at(args, 0)?);
    let content = content.map_err(|e| FunctionError { argument: None, ..e })?;
    Ok(D::digest(content).to_vec())
}

fn md5(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    Ok(hex(&of_text::<Md5>(args)?))
}

fn sha1(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    Ok(hex(&of_text::<Sha1>(args)?))
}

fn sha256(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    Ok(hex(&of_text::<Sha256>(args)?))
}

fn sha512(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    Ok(hex(&of_text::<Sha512>(args)?))
}

fn base64sha256(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    Ok(Value::string(to_base64(&of_text::<Sha256>(args)?)))
}

fn base64sha512(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    Ok(Value::string(to_base64(&of_text::<Sha512>(args)?)))
}

fn filemd5(call: &mut Call<'_>, args: &[Value]) -> Outcome {
    Ok(hex(&of_file::<Md5>(call, args)?))
}

fn filesha1(call: &mut Call<'_>, args: &[Value]) -> Outcome {
    Ok(hex(&of_file::<Sha1>(call, args)?))
}

fn filesha256(call: &mut Call<'_>, args: &[Value]) -> Outcome {
    Ok(hex(&of_file::<Sha256>(call, args)?))
}

fn filesha512(call: &mut Call<'_>, args: &[Value]) -> Outcome {
    Ok(hex(&of_file::<Sha512>(call, args)?))
}

fn filebase64sha256(call: &mut Call<'_>, args: &[Value]) -> Outcome {
    Ok(Value::string(to_base64(&of_file::<Sha256>(call, args)?)))
}

fn filebase64sha512(call: &mut Call<'_>, args: &[Value]) -> Outcome {
    Ok(Value::string(to_base64(&of_file::<Sha512>(call, args)?)))
}

fn bcrypt(call: &mut Call<'_>, args: &[Value]) -> Outcome {
    let cost = match args {
        [_] => 10,
        [_, cost] => {
            let cost = cost.as_i64().filter(|cost| (4..=MAX_COST).contains(cost));
            cost.and_then(|cost| u32::try_from(cost).ok()).ok_or_else(|| {
                FunctionError::new(format!("the cost must be a whole number from 4 to {MAX_COST}"))
            })?
        }
        _ => return Err(FunctionError::new("one or two arguments are required")),
    };
    let password = string_at(args, 0)?;
    if password.len() > 72 {
        return Err(FunctionError::new("the password must not be longer than 72 bytes"));
    }
    if !call.context.settled {
        return Ok(unknown(args, Type::String));
    }
    let mut salt = [0; 16];
    call.context.entropy.fill(&mut salt);
    let hash = bcrypt::hash_with_salt(password, cost, salt);
    let hash = hash.map_err(|e| FunctionError::new(format!("hashing failed: {e}")))?;
    Ok(Value::string(hash.format_for_version(bcrypt::Version::TwoA)))
}

fn uuid(call: &mut Call<'_>, args: &[Value]) -> Outcome {
    if !call.context.settled {
        return Ok(unknown(args, Type::String));
    }
    let mut bytes = [0; 16];
    call.context.entropy.fill(&mut bytes);
    // Terraform's are random throughout; version 8 says so, version 4 would promise a layout.
    Ok(Value::string(uuid::Builder::from_custom_bytes(bytes).into_uuid().to_string()))
}

fn uuidv5(call: &mut Call<'_>, args: &[Value]) -> Outcome {
    let namespace = match string_at(args, 0)? {
        "dns" => Uuid::NAMESPACE_DNS,
        "url" => Uuid::NAMESPACE_URL,
        "oid" => Uuid::NAMESPACE_OID,
        "x500" => Uuid::NAMESPACE_X500,
        other => Uuid::parse_str(other).map_err(|_| {
            let message = "is neither a UUID nor one of dns, url, oid and x500";
            FunctionError::new(format!("the namespace {} {message}", call.quote(other)))
        })?,
    };
    Ok(Value::string(Uuid::new_v5(&namespace, string_at(args, 1)?.as_bytes()).to_string()))
}

fn rsadecrypt(_: &mut Call<'_>, _: &[Value]) -> Outcome {
    let message = "decrypting by RSA keys is not supported; decrypt the text before and pass it in";
    Err(FunctionError::at(0, message))
}
