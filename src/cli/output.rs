//! `lifeboat output`

use super::args;
use super::exit::Exit;
use super::workspace::Workspace;
use crate::engine::stored;
use crate::view::{json, literal, outcome};

/// Runs `output`.
pub async fn run(workspace: &Workspace, args: &args::Output) -> Exit {
    let (_, known) = match workspace.standing().await {
        Ok(standing) => standing,
        Err(exit) => return exit,
    };
    let outputs = match known.state.as_ref().map(stored::outputs).transpose() {
        Ok(outputs) => outputs.unwrap_or_default(),
        Err(problem) => {
            workspace.tell(&(*problem).into());
            return Exit::Error;
        }
    };
    if let Some(name) = &args.name
        && !outputs.contains_key(&**name)
    {
        let near = crate::config::suggest::nearest(name, outputs.keys().map(|n| &**n));
        let hint = match near {
            Some(near) => format!(" Did you mean {near:?}?"),
            None => " `lifeboat output` shows all.".to_owned(),
        };
        let text = format!("The state has no output {name:?}.{hint}");
        workspace.output.error("Output not found", &text);
        return Exit::Error;
    }
    let one = args.name.as_deref();
    let text = if args.json {
        json::outputs(&outputs, one).unwrap_or_default() + "\n"
    } else if args.raw {
        let value = one.and_then(|name| outputs.get(name));
        let converted = value.map(|v| {
            lifeboat_sdk::value::convert::convert(&v.unmark_deep(), &lifeboat_sdk::Type::String)
        });
        match converted {
            Some(Ok(text)) if text.as_str().is_some() => {
                text.as_str().unwrap_or_default().to_owned()
            }
            _ => {
                let text = "-raw needs a text, a number or a bool; -json shows any value.";
                workspace.output.error("Unsupported value for raw output", text);
                return Exit::Error;
            }
        }
    } else if let Some(value) = one.and_then(|name| outputs.get(name)) {
        literal::value(&value.unmark_deep(), 0) + "\n"
    } else if outputs.is_empty() {
        workspace.output.note("Warning: No outputs found\n\nThe state has no outputs: declare some in the files and apply.\n");
        return Exit::Done;
    } else {
        outcome::outputs(outputs.iter().map(|(n, v)| (&**n, v)))
    };
    workspace.output.result(&text);
    Exit::Done
}
