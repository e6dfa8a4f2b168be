//! Functions on files, paths and templates.

mod glob;
mod path;

use lifeboat_sdk::value::{Name, convert::convert};
use lifeboat_sdk::{Type, Value};

use super::call::{FileError, FileKind, TemplateError, string_at, text, truth};
use super::encoding::to_base64;
use super::{Call, Form, Function, FunctionError, Outcome, any, string};

/// The functions of this family.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("abspath", &[string("path")], Form::String, abspath, "The path from the root."),
    Function::new(
        "basename",
        &[string("path")],
        Form::String,
        basename,
        "The last part of a path.",
    ),
    Function::new(
        "dirname",
        &[string("path")],
        Form::String,
        dirname,
        "A path without its last part.",
    ),
    Function::new("file", &[string("path")], Form::String, file, "The content of a text file."),
    Function::new("filebase64", &[string("path")], Form::String, filebase64, "A file in Base64."),
    Function::new(
        "fileexists",
        &[string("path")],
        Form::Bool,
        fileexists,
        "Whether there is a file.",
    ),
    Function::new(
        "fileset",
        &[string("path"), string("pattern")],
        Form::SetOfString,
        fileset,
        "The files below a folder that match a pattern.",
    ),
    Function::new(
        "pathexpand",
        &[string("path")],
        Form::String,
        pathexpand,
        "A path with the home folder in place of ~.",
    ),
    Function::new(
        "templatefile",
        &[string("path"), any("vars")],
        Form::Any,
        templatefile,
        "A file evaluated as a template with variables.",
    ),
    Function::new(
        "templatestring",
        &[string("template"), any("vars")],
        Form::String,
        templatestring,
        "A text evaluated as a template with variables.",
    ),
];

/// The content of a file; an error blames the first argument.
pub(super) fn read(call: &Call<'_>, path: &str) -> Result<Vec<u8>, FunctionError> {
    let expanded = expand(call, path)?;
    call.context.files.read(&path::clean(&expanded)).map_err(|error| {
        let path = call.quote(path);
        let message = match error {
            FileError::NotFound => format!(
                "there is no file {path}; files must be there before planning, so for a file \
                 that a resource makes use an attribute of that resource"
            ),
            FileError::Other(why) => format!("cannot read {path}: {why}"),
        };
        FunctionError::at(0, message)
    })
}

fn expand(call: &Call<'_>, path: &str) -> Result<String, FunctionError> {
    let Some(rest) = path.strip_prefix('~') else { return Ok(path.into()) };
    if !(rest.is_empty() || rest.starts_with('/')) {
        return Err(FunctionError::new("the home folders of other users are not supported"));
    }
    let home = call.context.files.home();
    let home = home.ok_or_else(|| FunctionError::new("there is no home folder for ~"))?;
    Ok(path::clean(&format!("{home}{rest}")))
}

fn read_text(call: &Call<'_>, path: &str) -> Result<String, FunctionError> {
    String::from_utf8(read(call, path)?).map_err(|_| {
        let hint = "use filebase64 for its content, or filesha256 and the like for its hash";
        FunctionError::new(format!("the file {} is not UTF-8; {hint}", call.quote(path)))
    })
}

fn file(call: &mut Call<'_>, args: &[Value]) -> Outcome {
    Ok(text(&read_text(call, string_at(args, 0)?)?))
}

fn filebase64(call: &mut Call<'_>, args: &[Value]) -> Outcome {
    Ok(Value::string(to_base64(&read(call, string_at(args, 0)?)?)))
}

fn fileexists(call: &mut Call<'_>, args: &[Value]) -> Outcome {
    let path = string_at(args, 0)?;
    let expanded = path::clean(&expand(call, path)?);
    let fail = |what: &str| FunctionError::new(format!("{} {what}", call.quote(path)));
    match call.context.files.kind(&expanded) {
        Ok(None) | Err(FileError::NotFound) => truth(false),
        Ok(Some(FileKind::File)) => truth(true),
        Ok(Some(FileKind::Folder)) => Err(fail("is a folder, not a file")),
        Ok(Some(FileKind::Other)) => Err(fail("is not a regular file")),
        Err(FileError::Other(why)) => Err(fail(&format!("cannot be looked at: {why}"))),
    }
}

fn fileset(call: &mut Call<'_>, args: &[Value]) -> Outcome {
    let folder = path::clean(string_at(args, 0)?);
    let files = glob::find(call.context.files, &folder, string_at(args, 1)?);
    let files = files.map_err(FunctionError::new)?;
    Ok(Value::set(Type::String, files.iter().map(|name| text(name)).collect()))
}

fn abspath(call: &mut Call<'_>, args: &[Value]) -> Outcome {
    let path = string_at(args, 0)?;
    if path.starts_with('/') {
        return Ok(text(&path::clean(path)));
    }
    Ok(text(&path::clean(&format!("{}/{path}", call.context.files.current_folder()))))
}

fn basename(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    Ok(text(path::base(string_at(args, 0)?)))
}

fn dirname(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    Ok(text(&path::folder(string_at(args, 0)?)))
}

fn pathexpand(call: &mut Call<'_>, args: &[Value]) -> Outcome {
    Ok(text(&expand(call, string_at(args, 0)?)?))
}

fn templatefile(call: &mut Call<'_>, args: &[Value]) -> Outcome {
    let path = string_at(args, 0)?;
    let template = read_text(call, path)?;
    let name = if call.secret { "(template)" } else { path };
    let rendered = render(call, name, &template, &args[1])?;
    if rendered.is_null() {
        return Err(FunctionError::new("the template yields null"));
    }
    Ok(rendered)
}

fn templatestring(call: &mut Call<'_>, args: &[Value]) -> Outcome {
    let rendered = render(call, "(template)", string_at(args, 0)?, &args[1])?;
    convert(&rendered, &Type::String)
        .ok()
        .filter(|rendered| !rendered.is_null())
        .ok_or_else(|| FunctionError::new("the template does not yield a text"))
}

fn render(call: &Call<'_>, name: &str, template: &str, variables: &Value) -> Outcome {
    if call.context.in_template {
        return Err(FunctionError::new("a template cannot evaluate another template"));
    }
    let entries = variables.entries();
    let entries: &[(Name, Value)] =
        entries.ok_or_else(|| FunctionError::at(1, "a map or object of variables is required"))?;
    if let Some((name, _)) = entries.iter().find(|(name, _)| !is_identifier(name)) {
        let message = format!("{} cannot be the name of a variable", call.quote(name));
        return Err(FunctionError::at(1, message));
    }
    call.context.templates.render(name, template, entries).map_err(|error| match error {
        TemplateError::Variable(name) => {
            FunctionError::at(1, format!("the template uses a variable {name:?}, which is missing"))
        }
        TemplateError::Failed(message) => FunctionError::new(message),
    })
}

fn is_identifier(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c.is_alphabetic() || c == '_')
        && chars.all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
}
