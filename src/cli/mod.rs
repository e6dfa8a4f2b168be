//! The command line: parse, run one command, exit code.

mod abort;
mod adopt;
pub mod apply;
pub mod approval;
pub mod args;
pub mod ask;
pub mod bound;
mod by_hand;
mod candidates;
pub mod completion;
pub mod consent;
pub mod console;
pub mod destroy;
pub mod drift;
pub mod env;
pub mod exit;
pub mod failure;
pub mod fence;
pub mod fmt;
pub mod force_unlock;
mod generate;
pub mod graph;
pub mod guard;
pub mod import;
pub mod init;
pub mod log;
pub mod loss;
pub mod man;
pub mod output;
pub mod plan;
pub mod preflight;
pub mod promote;
pub mod report;
mod reprotect;
pub mod requests;
pub mod retire;
pub mod show;
pub mod signed;
pub mod simulate;
mod standing;
pub mod state;
pub mod status;
pub mod validate;
pub mod version;
pub mod watch;
pub mod workspace;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::future::Future;
use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::{CommandFactory as _, FromArgMatches as _};
use lifeboat_sdk::Interrupt;
use tokio::sync::watch::{Receiver, Sender, channel};

use args::{Cli, Command};
use exit::Exit;
pub use workspace::Workspace;

use crate::config::variable::Given;
use crate::registry::{Catalogue, providers};
use crate::view::output::{Form, Output};
use crate::view::paint::Paint;
use crate::view::report::Format;
use crate::view::{bar, ndjson};

/// Runs the command line to its exit code. The only async entry of the library.
pub fn run(
    args: Vec<OsString>,
    environment: BTreeMap<String, String>,
) -> Pin<Box<dyn Future<Output = Exit>>> {
    Box::pin(async move {
        if let Some(shell) = completion::asking(&environment) {
            let shell = shell.clone();
            let output = Arc::new(writer(Form::Text, true, &environment));
            let (_sender, interrupt) = channel(Interrupt::None);
            let workspace = workspace(output, PathBuf::from("."), environment, interrupt);
            return completion::answer(workspace, &shell, &args).await;
        }
        let parsed = parse(&args);
        let form = parsed.as_ref().map_or_else(|_| meant(&args), |(cli, _)| form(&cli.command));
        let plain = parsed.as_ref().is_ok_and(|(cli, _)| cli.no_color);
        let output = Arc::new(writer(form, plain, &environment));
        if output.json {
            ndjson::version(&output);
        }
        let (cli, given) = match parsed {
            Ok(parsed) => parsed,
            Err(error) => return usage(&output, &error, &args),
        };
        let asks = cli.command.asks() && std::io::stdin().is_terminal() && !output.json;
        if let Err(text) = log::start(cli.verbose, &environment) {
            output.error("The log cannot be started", &text);
            output.failed();
            return Exit::Error;
        }
        let (sender, interrupt) = channel(Interrupt::None);
        let root = cli.chdir.clone().unwrap_or_else(|| PathBuf::from("."));
        let workspace =
            Workspace { given, asks, ..workspace(output, root, environment, interrupt) };
        if !workspace.root.is_dir() {
            let text = format!("{} is not a folder.", workspace.root.display());
            workspace.output.error("There is no such folder", &text);
            workspace.output.failed();
            return Exit::Error;
        }
        let exit = interruptible(&workspace, cli.command, &sender).await;
        if exit == Exit::Error {
            workspace.output.failed();
        }
        if workspace.output.lost() { exit.without_output() } else { exit }
    })
}

/// What a command starts from; nothing was typed and nobody can be asked.
fn workspace(
    output: Arc<Output>,
    root: PathBuf,
    environment: BTreeMap<String, String>,
    interrupt: Receiver<Interrupt>,
) -> Workspace {
    Workspace {
        output,
        root,
        environment,
        now: env::now(),
        interrupt,
        applying: AtomicBool::new(false),
        catalogue: Catalogue::of(providers()),
        given: Vec::new(),
        waiting: AtomicBool::new(false),
        asks: false,
    }
}

/// `-var` and `-var-file` in the order in which they were typed.
fn given(matches: &clap::ArgMatches) -> Vec<Given> {
    let mut all: Vec<(usize, Given)> = Vec::new();
    let mut take = |id: &str, make: &dyn Fn(String) -> Given| {
        let Ok(Some(values)) = matches.try_get_raw(id) else { return };
        let indices = matches.indices_of(id).into_iter().flatten();
        for (index, value) in indices.zip(values) {
            all.push((index, make(value.to_string_lossy().into_owned())));
        }
    };
    take("var", &Given::Assignment);
    take("var_file", &Given::File);
    all.sort_by_key(|(index, _)| *index);
    all.into_iter().map(|(_, given)| given).collect()
}

fn parse(args: &[OsString]) -> Result<(Cli, Vec<Given>), clap::Error> {
    let matches = Cli::command().try_get_matches_from(args::two_dashes(args.to_vec()))?;
    let given = matches.subcommand().map(|(_, m)| given(m)).unwrap_or_default();
    Ok((Cli::from_arg_matches(&matches)?, given))
}

/// Usage errors exit 1, as all errors do; help and version are results.
fn usage(output: &Output, error: &clap::Error, args: &[OsString]) -> Exit {
    let text = error.render();
    if !error.use_stderr() {
        let coloured = output.paint.colour;
        output.result(&if coloured { text.ansi().to_string() } else { text.to_string() });
        return if output.lost() { Exit::Error } else { Exit::Done };
    }
    let text = args::as_typed(&text.to_string(), args);
    match text.strip_prefix("error: ") {
        Some(text) => {
            let (summary, detail) = text.split_once('\n').unwrap_or((text, ""));
            output.error(summary, detail.trim_matches('\n'));
        }
        // No command: what there is.
        None => output.note(&text),
    }
    output.failed();
    Exit::Error
}

/// What a command prints for programs.
fn form(command: &Command) -> Form {
    let (json, form) = match command {
        Command::Init(a) => (a.json, Form::Lines),
        Command::Plan(a) => (a.planning.telling.json, Form::Lines),
        Command::Apply(a) => (a.planning.telling.json, Form::Lines),
        Command::Destroy(a) => (a.planning.telling.json, Form::Lines),
        Command::Promote(a) => (a.how.planning.telling.json, Form::Lines),
        Command::Adopt(a) => (a.how.planning.telling.json, Form::Lines),
        Command::Failback(a) => (a.how.planning.telling.json, Form::Lines),
        Command::Fence(a) => (a.how.telling.json, Form::Lines),
        Command::Unfence(a) => (a.how.telling.json, Form::Lines),
        Command::Evacuate(a) => (a.how.telling.json, Form::Lines),
        Command::Retire(a) => (a.telling.json, Form::Lines),
        Command::Preflight(a) => (a.json, Form::Lines),
        Command::Watch(a) => (a.json, Form::Lines),
        Command::Drift(a) if !a.planning.telling.json => return drift::form(&a.format),
        Command::Drift(_) => (true, Form::Lines),
        Command::Console(a) => (a.json, Form::Lines),
        Command::Import(a) => (a.json, Form::Lines),
        Command::Validate(a) => (a.json, Form::Verdict),
        Command::Show(a) => (a.shown() == show::Shown::Json, Form::Document),
        Command::Output(a) => (a.json, Form::Document),
        Command::Status(a) => (a.json, Form::Document),
        Command::Report(a) => (a.shown() == Format::Json, Form::Document),
        Command::Guard(a) => (a.json, Form::Document),
        Command::Simulate(a) => (a.json, Form::Document),
        Command::Version(a) => (a.json, Form::Document),
        Command::State(a) => (a.command.json(), Form::Document),
        Command::Fmt(_)
        | Command::ForceUnlock(_)
        | Command::Graph(_)
        | Command::Completion(_)
        | Command::Man(_) => {
            return Form::Text;
        }
    };
    if json { form } else { Form::Text }
}

/// The same of a command line that cannot be parsed.
fn meant(args: &[OsString]) -> Form {
    let args = args::two_dashes(args.to_vec());
    let typed = args.iter().skip(1).take_while(|arg| *arg != "--");
    let words: Vec<_> = typed.map(|arg| arg.to_string_lossy()).collect();
    let known = |name: &str| Cli::command().find_subcommand(name).is_some();
    let command = words.iter().find(|word| known(word)).map(|word| &**word);
    let formats = args::typed(&words, "--format");
    let json = words.iter().any(|word| word == "--json" || word.starts_with("--json="));
    if !json && command == Some("drift") {
        let wanted: Vec<_> = formats.iter().filter_map(|text| text.parse().ok()).collect();
        return drift::form(&wanted);
    }
    let shown = matches!(command, Some("show" | "report")) && formats.contains(&"json");
    if !json && !shown {
        return Form::Text;
    }
    match command {
        Some(
            "init" | "plan" | "apply" | "destroy" | "promote" | "failback" | "fence" | "unfence"
            | "evacuate" | "retire" | "adopt" | "preflight" | "drift" | "import" | "console"
            | "watch",
        ) => Form::Lines,
        Some("validate") => Form::Verdict,
        _ => Form::Document,
    }
}

fn writer(form: Form, no_color: bool, environment: &BTreeMap<String, String>) -> Output {
    let (out, err) = (std::io::stdout(), std::io::stderr());
    let plain = no_color || is_plain(environment);
    let paint = |terminal: bool| Paint { colour: terminal && !plain };
    let (paint_out, paint_err) = (paint(out.is_terminal()), paint(err.is_terminal()));
    let mut output = Output::new(Box::new(out), Box::new(err), form, env::now_text);
    output.paint = paint_out;
    output.paint_err = paint_err;
    let columns = environment.get("COLUMNS").and_then(|c| c.parse().ok());
    output.width = columns.or_else(bar::columns).unwrap_or(100);
    output.wrap = std::io::stderr().is_terminal();
    output
}

/// Whether the environment asks for no colour, or the terminal has none.
fn is_plain(environment: &BTreeMap<String, String>) -> bool {
    let set = |name: &str| environment.get(name).filter(|value| !value.is_empty());
    set("NO_COLOR").is_some() || set("TERM").is_some_and(|term| term == "dumb")
}

/// Runs a command and turns signals into interrupts.
async fn interruptible(
    workspace: &Workspace,
    command: Command,
    sender: &Sender<Interrupt>,
) -> Exit {
    let mut signals = match Signals::new() {
        Ok(signals) => signals,
        Err(error) => return workspace.failed(&error),
    };
    let work = dispatch(workspace, command);
    tokio::pin!(work);
    loop {
        tokio::select! {
            biased;
            exit = &mut work => return exit,
            () = signals.next() => {
                let next = match *sender.borrow() {
                    Interrupt::None => Interrupt::Finish,
                    Interrupt::Finish | Interrupt::Stop => Interrupt::Stop,
                };
                sender.send_replace(next);
                if workspace.waiting.load(Ordering::SeqCst) {
                    continue;
                }
                if !workspace.applying.load(Ordering::Relaxed) {
                    workspace.output.note("\nInterrupt received. Stopping; no change is being made.\n");
                }
            }
        }
    }
}

/// SIGINT and SIGTERM.
struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    #[cfg(unix)]
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    #[cfg(unix)]
    async fn next(&mut self) {
        tokio::select! {
            biased;
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    #[cfg(not(unix))]
    fn new() -> std::io::Result<Self> {
        Ok(Self {})
    }

    #[cfg(not(unix))]
    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

async fn dispatch(workspace: &Workspace, command: Command) -> Exit {
    match command {
        Command::Init(args) => init::run(workspace, &args).await,
        Command::Validate(args) => validate::run(workspace, &args),
        Command::Fmt(args) => fmt::run(workspace, &args).await,
        Command::Plan(args) => plan::run(workspace, &args).await,
        Command::Apply(args) => apply::run(workspace, *args).await,
        Command::Destroy(args) => destroy::run(workspace, args).await,
        Command::Promote(args) => promote::run(workspace, args).await,
        Command::Adopt(args) => adopt::run(workspace, args).await,
        Command::Failback(args) => promote::back(workspace, args).await,
        Command::Fence(args) => fence::run(workspace, args).await,
        Command::Unfence(args) => fence::open(workspace, args).await,
        Command::Evacuate(args) => fence::evacuate(workspace, args).await,
        Command::Retire(args) => retire::run(workspace, args).await,
        Command::Preflight(args) => preflight::run(workspace, &args).await,
        Command::Simulate(args) => simulate::run(workspace, &args).await,
        Command::Drift(args) => drift::run(workspace, &args).await,
        Command::Import(args) => import::run(workspace, args).await,
        Command::Show(args) => show::run(workspace, &args).await,
        Command::Output(args) => output::run(workspace, &args).await,
        Command::State(args) => state::run(workspace, &args).await,
        Command::ForceUnlock(args) => force_unlock::run(workspace, &args).await,
        Command::Guard(args) => guard::run(workspace, &args).await,
        Command::Watch(args) => watch::run(workspace, &args).await,
        Command::Status(args) => status::run(workspace, &args).await,
        Command::Report(args) => report::run(workspace, &args).await,
        Command::Console(args) => console::run(workspace, &args).await,
        Command::Graph(args) => graph::run(workspace, &args).await,
        Command::Completion(args) => completion::run(workspace, &args),
        Command::Man(args) => man::run(workspace, &args),
        Command::Version(args) => version::run(workspace, &args),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dumb_terminal_gets_no_colour() {
        let with = |name: &str, value: &str| is_plain(&[(name.into(), value.into())].into());
        assert!(with("TERM", "dumb") && with("NO_COLOR", "1"));
        assert!(!with("TERM", "xterm") && !with("NO_COLOR", ""));
    }
}
