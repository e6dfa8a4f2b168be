//! `lifeboat drift`: read-only by construction, for CI.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::args;
use super::exit::Exit;
use super::plan::{make, view};
use super::workspace::{Workspace, asked};
use crate::config::suggest::nearest;
use crate::engine::{Asked, Loaded, Made, Unmanaged};
use crate::plan::PlanMode;
use crate::registry::Providers;
use crate::view::drift::{self, Format, Report};
use crate::view::ndjson;
use crate::view::output::Form;
use crate::view::paint::Paint;
use crate::view::plan::PlanView;

/// A report that is asked for: `junit`, `junit=drift.xml`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// How.
    pub format: Format,
    /// Where to; stdout where no file is named.
    pub file: Option<PathBuf>,
}

impl FromStr for Wanted {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, file) = match text.split_once('=') {
            Some((name, file)) => (name, Some(file)),
            None => (text, None),
        };
        let names = Format::ALL.map(|(name, _)| name);
        let Some(format) = Format::named(name) else {
            let hint = nearest(name, names).map(|near| format!(". Did you mean {near}?"));
            let all = names.join(", ");
            return Err(format!("the formats are {all}{}", hint.unwrap_or_default()));
        };
        if file.is_some_and(str::is_empty) {
            return Err(format!("write a file after the =, or `{name}` alone for stdout"));
        }
        Ok(Self { format, file: file.map(PathBuf::from) })
    }
}

/// What programs read on stdout.
pub fn form(wanted: &[Wanted]) -> Form {
    match wanted.iter().find(|w| w.file.is_none()).map(|w| w.format) {
        None | Some(Format::Text) => Form::Text,
        Some(format) => Form::Report(format),
    }
}

/// Runs `drift`: 0 nothing, 2 drift or something unmanaged, 1 errors, 6 something could not be read.
pub async fn run(workspace: &Workspace, args: &args::Drift) -> Exit {
    let base = base(&workspace.root);
    let (made, loaded) = match look(workspace, args).await {
        Ok(seen) => seen,
        Err(exit) => {
            // Files that are asked for are owed too; stdout is the last word of the command.
            let report = Report::failure(workspace.output.found(), &base);
            let written = write(workspace, args, &report, &|| Format::Text.render(&report));
            return if written { exit } else { exit.without_output() };
        }
    };
    let view = view(workspace, args.planning.telling.compact);
    let plain = PlanView { paint: Paint::default(), ..view };
    let report = || Report::of(&made, &loaded, &plain, workspace.output.found(), &base);
    let report = (!args.format.is_empty()).then(report);
    match (form(&args.format), &report) {
        (Form::Report(format), Some(report)) => workspace.output.result(&format.render(report)),
        _ if workspace.output.json => ndjson::drift(&workspace.output, &made),
        _ => workspace.output.result(&drift::text(&made, &view)),
    }
    let text = || drift::text(&made, &plain);
    let written = report.is_none_or(|report| write(workspace, args, &report, &text));
    let exit = exit(&made);
    if written { exit } else { exit.without_output() }
}

fn exit(made: &Made) -> Exit {
    if made.diagnostics.has_errors() {
        return Exit::Error;
    }
    let strays = made.unmanaged.as_ref();
    if !made.plan.drift.is_empty() || strays.is_some_and(|it| !it.objects.is_empty()) {
        return Exit::Changes;
    }
    let all = !made.plan.incomplete() && strays.is_none_or(Unmanaged::complete);
    if all { Exit::Done } else { Exit::Unread }
}

/// Looks at everything that the state holds; what keeps that from being done has been told.
async fn look(workspace: &Workspace, args: &args::Drift) -> Result<(Made, Loaded), Exit> {
    let asked = requested(args, workspace.now).map_err(|text| {
        workspace.output.error("The options cannot be used", &text);
        Exit::Error
    })?;
    let contexts = workspace.contexts(false);
    let settings = workspace.settings(Some(&args.planning));
    let loaded = workspace.load(&settings, &contexts).await?;
    let backend = workspace.backend().await?;
    let known = workspace.known(&backend, &Providers::default()).await?;
    workspace.tell(&known.diagnostics);
    if known.diagnostics.has_errors() {
        return Err(Exit::Error);
    }
    let planning = &args.planning;
    let made = make(workspace, &loaded, &contexts, planning, known.state.as_ref(), &asked).await;
    workspace.output.diagnostics(&made.diagnostics, &loaded.config.sources);
    Ok((made, loaded))
}

/// What planning is asked for.
fn requested(args: &args::Drift, now: jiff::Timestamp) -> Result<Asked, String> {
    if args.planning.refresh == Some(false) || !args.planning.replace.is_empty() {
        let text = "drift looks at what is live and plans nothing: leave -refresh=false and\n\
                    -replace away, or give them to `lifeboat plan`.";
        return Err(text.to_owned());
    }
    for (i, wanted) in args.format.iter().enumerate() {
        if args.format[..i].iter().any(|earlier| earlier.file == wanted.file) {
            let place = match &wanted.file {
                Some(file) => file.display().to_string(),
                None => "stdout".to_owned(),
            };
            return Err(format!(
                "Two reports would go to {place}: name a file for one of them, such as\n\
                 -format=junit=drift.xml."
            ));
        }
    }
    let asked = asked(&args.planning, false, now)?;
    Ok(Asked { mode: PlanMode::RefreshOnly, unmanaged: args.unmanaged, ..asked })
}

/// Writes the reports that go to files; whether all are there now.
fn write(
    workspace: &Workspace,
    args: &args::Drift,
    report: &Report,
    text: &dyn Fn() -> String,
) -> bool {
    let mut all = true;
    for Wanted { format, file } in &args.format {
        let Some(file) = file else { continue };
        let content = if *format == Format::Text { text() } else { format.render(report) };
        if let Err(error) = std::fs::write(file, content) {
            let text = format!("{}: {error}.", file.display());
            workspace.output.error("The report cannot be written", &text);
            all = false;
        }
    }
    all
}

/// The root module's folder as reports name files from: relative to where the program was started,
/// which is where CI checks a repository out.
pub fn base(root: &Path) -> PathBuf {
    if root.is_relative() {
        return root.to_owned();
    }
    let here = std::path::absolute(".").ok();
    let below = here.and_then(|here| root.strip_prefix(here).ok().map(Path::to_owned));
    // Of what lies elsewhere nobody knows the repository.
    below.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_named_with_or_without_a_file() {
        let wanted = |format, file: Option<&str>| Wanted { format, file: file.map(PathBuf::from) };
        assert_eq!("junit".parse(), Ok(wanted(Format::Junit, None)));
        assert_eq!("sarif=a=b.sarif".parse(), Ok(wanted(Format::Sarif, Some("a=b.sarif"))));
        for (text, says) in [("jnuit", "Did you mean junit?"), ("junit=", "a file"), ("", "text")] {
            let error = text.parse::<Wanted>().unwrap_err();
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}
