//! The command line: parse, run one command, exit code.

pub mod apply;
pub mod approval;
pub mod args;
pub mod ask;
pub mod drift;
pub mod env;
pub mod exit;
pub mod force_unlock;
pub mod init;
pub mod log;
pub mod output;
pub mod plan;
pub mod show;
pub mod state;
pub mod status;
pub mod validate;
pub mod version;
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
use tokio::sync::watch;

use args::{Cli, Command};
use exit::Exit;
pub use workspace::Workspace;

use crate::config::variable::Given;
use crate::registry::{Catalogue, providers};
use crate::view::output::Output;
use crate::view::paint::Paint;

/// Runs the command line to its exit code. The only async entry of the library.
pub fn run(
    args: Vec<OsString>,
    environment: BTreeMap<String, String>,
) -> Pin<Box<dyn Future<Output = Exit>>> {
    Box::pin(async move {
        let matches = match Cli::command().try_get_matches_from(args::two_dashes(args)) {
            Ok(matches) => matches,
            Err(error) => return usage(&error),
        };
        let cli = match Cli::from_arg_matches(&matches) {
            Ok(cli) => cli,
            Err(error) => return usage(&error),
        };
        let given = matches.subcommand().map(|(_, m)| given(m)).unwrap_or_default();
        let logging = log::start(cli.verbose, &environment);
        let output = Arc::new(writer(&cli, &environment));
        if let Err(text) = logging {
            output.error("The log cannot be written", &text);
            return Exit::Error;
        }
        let (sender, interrupt) = watch::channel(Interrupt::None);
        let workspace = Workspace {
            output,
            root: cli.chdir.clone().unwrap_or_else(|| PathBuf::from(".")),
            environment,
            now: env::now(),
            interrupt,
            catalogue: Catalogue::of(providers()),
            given,
            waiting: AtomicBool::new(false),
        };
        if !workspace.root.is_dir() {
            let text = format!("{} is not a folder.", workspace.root.display());
            workspace.output.error("There is no such folder", &text);
            return Exit::Error;
        }
        interruptible(&workspace, cli.command, &sender).await
    })
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

/// Usage errors exit 1, as all errors do; help and version are results.
fn usage(error: &clap::Error) -> Exit {
    let wanted = !error.use_stderr();
    drop(error.print());
    if wanted { Exit::Done } else { Exit::Error }
}

fn writer(cli: &Cli, environment: &BTreeMap<String, String>) -> Output {
    let json = match &cli.command {
        Command::Plan(a) => a.planning.json,
        Command::Apply(a) => a.planning.json,
        Command::Destroy(a) => a.planning.json,
        Command::Drift(a) => a.planning.json,
        _ => false,
    };
    let (out, err) = (std::io::stdout(), std::io::stderr());
    let plain = cli.no_color || environment.get("NO_COLOR").is_some_and(|v| !v.is_empty());
    let paint = |terminal: bool| Paint { colour: terminal && !plain };
    let (paint_out, paint_err) = (paint(out.is_terminal()), paint(err.is_terminal()));
    let mut output = Output::new(Box::new(out), Box::new(err), json, env::now_text);
    output.paint = paint_out;
    output.paint_err = paint_err;
    let columns = environment.get("COLUMNS").and_then(|c| c.parse().ok());
    output.width = columns.unwrap_or(100);
    output
}

/// Runs a command and turns signals into interrupts.
async fn interruptible(
    workspace: &Workspace,
    command: Command,
    sender: &watch::Sender<Interrupt>,
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
                let second = next == Interrupt::Stop;
                let progress = crate::view::progress::Progress {
                    output: workspace.output.clone(),
                    refreshing: false,
                    applying: false,
                    bar: None,
                };
                crate::event::Events::event(&progress, crate::event::Event::Interrupted(second));
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
        Command::Init(args) => init::run(workspace, &args),
        Command::Validate(args) => validate::run(workspace, &args),
        Command::Plan(args) => plan::run(workspace, &args).await,
        Command::Apply(args) => apply::run(workspace, args).await,
        Command::Destroy(args) => apply::destroy(workspace, args).await,
        Command::Drift(args) => drift::run(workspace, &args).await,
        Command::Show(args) => show::run(workspace, &args).await,
        Command::Output(args) => output::run(workspace, &args).await,
        Command::State(args) => state::run(workspace, &args).await,
        Command::ForceUnlock(args) => force_unlock::run(workspace, &args).await,
        Command::Status(args) => status::run(workspace, &args).await,
        Command::Version(args) => version::run(workspace, &args),
    }
}
