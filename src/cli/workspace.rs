//! What every command starts from: the folder, the writer, the interrupt, the state.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use lifeboat_sdk::{Diagnostics, Down, Interrupt};
use lifeboat_state::backend::{LocalState, Parts, StateBackend, StoreBackend};
use lifeboat_state::durations::Durations;
use lifeboat_state::lock::LockInfo;
use lifeboat_state::positions::Positions;
use tokio::sync::watch;

use super::args::Planning;
use super::exit::Exit;
use crate::address::Address;
use crate::apply::{self, Open};
use crate::config::variable::Given;
use crate::config::{self, SourceMap};
use crate::engine::context::Contexts;
use crate::engine::files::Files;
use crate::engine::reopened::{self, Opener};
use crate::engine::{Asked, Loaded, Settings, load, validate};
use crate::plan::{Plan, PlanMode, file};
use crate::registry::{Catalogue, Providers};
use crate::view::output::Output;

/// The folder of state inside a root module.
pub const FOLDER: &str = ".lifeboat";

/// What every command starts from.
pub struct Workspace {
    /// The writer.
    pub output: Arc<Output>,
    /// The root module.
    pub root: PathBuf,
    /// The environment of the process.
    pub environment: BTreeMap<String, String>,
    /// The instant of the run.
    pub now: jiff::Timestamp,
    /// How far an interrupt went.
    pub interrupt: watch::Receiver<Interrupt>,
    /// Whether changes are being made: then the run itself tells what an interrupt does.
    pub applying: AtomicBool,
    /// Schemas and hooks.
    pub catalogue: Catalogue,
    /// `-var` and `-var-file` in the order in which they were typed.
    pub given: Vec<Given>,
    /// Whether a person or another run is waited for, so that nothing runs that an interrupt
    /// would have to let finish.
    pub waiting: AtomicBool,
    /// Whether values that are missing are asked for.
    pub asks: bool,
}

impl Workspace {
    /// The settings of a run.
    pub fn settings(&self, planning: Option<&Planning>) -> Settings {
        Settings {
            root: self.root.clone(),
            variables: self.given.clone(),
            environment: self.environment.clone(),
            now: self.now,
            assume_down: planning.map(down).unwrap_or_default(),
            parallelism: planning.map_or(64, |p| p.parallelism.max(1)),
            seed: self.seed(),
        }
    }

    /// A seed that no other run has: of the instant and the process.
    fn seed(&self) -> u64 {
        let mut bytes = [0; 8];
        let text = format!("{}:{}", self.now.as_nanosecond(), std::process::id());
        bytes.copy_from_slice(&blake3::hash(text.as_bytes()).as_bytes()[..8]);
        u64::from_le_bytes(bytes)
    }

    /// What functions need, reading the disk.
    pub fn contexts(&self, settled: bool) -> Contexts {
        Contexts { files: Arc::new(self.files()), now: self.now, settled, seed: self.seed() }
    }

    /// The files of the disk.
    pub fn files(&self) -> Files {
        Files::disk(&self.root, self.environment.get("HOME").cloned())
    }

    /// Loads the files, asks for what is missing, and tells all problems.
    ///
    /// # Errors
    /// A problem is an error, or an interrupt came; that has been told.
    pub async fn load(&self, settings: &Settings, contexts: &Contexts) -> Result<Loaded, Exit> {
        self.load_asking(&mut settings.clone(), contexts).await
    }

    /// The same; what was asked for is in the settings then, so that nobody is asked twice.
    ///
    /// # Errors
    /// Those of [`Self::load`].
    pub async fn load_asking(
        &self,
        settings: &mut Settings,
        contexts: &Contexts,
    ) -> Result<Loaded, Exit> {
        let (mut loaded, mut diagnostics) = self.load_quietly(settings, contexts);
        let missing = super::ask::missing(&loaded.config, &diagnostics);
        if self.asks && !missing.is_empty() {
            let given = self.ask_for(&missing).await?;
            settings.variables.extend(given);
            (loaded, diagnostics) = self.load_quietly(settings, contexts);
        }
        // All problems in one run: what planning would find later is told now.
        diagnostics.extend(contexts.with(|context| validate::check(&loaded, context)));
        self.output.diagnostics(&diagnostics, &loaded.config.sources);
        if diagnostics.has_errors() { Err(Exit::Error) } else { Ok(loaded) }
    }

    /// Loads the files.
    pub fn load_quietly(&self, settings: &Settings, contexts: &Contexts) -> (Loaded, Diagnostics) {
        contexts
            .with(|context| load::load(settings, self.catalogue.clone(), &*contexts.files, context))
    }

    /// Reads a saved plan; the bytes too, which are what is applied.
    ///
    /// # Errors
    /// There is none, or it cannot be read; that has been told.
    pub fn saved_plan(&self, backend: &StoreBackend, path: &Path) -> Result<(Plan, Vec<u8>), Exit> {
        let bytes = std::fs::read(path).map_err(|error| {
            let path = path.display();
            let (summary, text) = if error.kind() == ErrorKind::NotFound {
                let hint = "`lifeboat plan -out=FILE` makes one, which `show` and `apply` take.";
                (format!("There is no plan file {path}"), hint.to_owned())
            } else {
                ("The plan cannot be read".to_owned(), format!("{path}: {error}."))
            };
            self.output.error(&summary, &text);
            Exit::Error
        })?;
        let plan =
            file::read(&bytes, &backend.sealer()).map_err(|error| self.not_a_plan(path, &error))?;
        Ok((plan, bytes))
    }

    /// Loads what a plan holds.
    pub fn load_plan(&self, plan: &Plan) -> Result<(Loaded, Contexts), Diagnostics> {
        reopened::reopen(&self.catalogue, &self.root, plan)
    }

    /// The state of the folder.
    pub async fn backend(&self) -> Result<StoreBackend, Exit> {
        self.backend_of(|parts| parts).await
    }

    /// The state of the folder, of parts that were changed before.
    pub async fn backend_of(
        &self,
        change: impl FnOnce(Parts) -> Parts,
    ) -> Result<StoreBackend, Exit> {
        let folder = self.root.join(FOLDER);
        let parts = change(LocalState::parts(&folder));
        let state = StoreBackend::open(parts).await.map_err(|error| self.failed(&error))?;
        // The key must not get into a repository, whether `init` was run or not. Where there is
        // no folder yet, nothing was written yet.
        let ignore = folder.join(".gitignore");
        if folder.is_dir() && !ignore.exists() {
            std::fs::write(&ignore, "*\n").map_err(|error| self.failed(&error))?;
        }
        Ok(state)
    }

    /// Tells an error with what caused it.
    pub fn failed(&self, error: &(dyn std::error::Error + 'static)) -> Exit {
        if let Some(told) = super::failure::of_state(error) {
            self.tell(&told.into());
            return Exit::Error;
        }
        let mut causes = Vec::new();
        let mut source = error.source();
        while let Some(inner) = source {
            causes.push(format!("caused by: {inner}"));
            source = inner.source();
        }
        let text = error.to_string();
        let mut letters = text.chars();
        let first = letters.next().into_iter().flat_map(char::to_uppercase);
        let summary: String = first.chain(letters).collect();
        self.output.error(&summary, &causes.join("\n"));
        Exit::Error
    }

    /// Tells why a file cannot be used as a plan.
    pub fn not_a_plan(&self, path: &Path, error: &file::PlanFileError) -> Exit {
        let Some(told) = super::failure::of_plan(path, error) else { return self.failed(error) };
        self.tell(&told.into());
        Exit::Error
    }

    /// Tells diagnostics that point at no file.
    pub fn tell(&self, diagnostics: &Diagnostics) {
        self.output.diagnostics(diagnostics, &SourceMap::default());
    }

    /// What the lock says of this run.
    pub fn lock_info(&self, operation: &str) -> LockInfo {
        let var = |name: &str| self.environment.get(name).cloned();
        let host = var("HOSTNAME").or_else(hostname).unwrap_or_default();
        let user = var("USER").or_else(|| var("LOGNAME")).or_else(user);
        let who = user.map_or_else(|| host.clone(), |user| format!("{user}@{host}"));
        LockInfo {
            id: uuid::Uuid::from_u64_pair(self.seed(), u64::from(std::process::id())).to_string(),
            operation: operation.to_owned(),
            info: String::new(),
            who,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            created: format!("{:.0}", self.now),
            path: self.root.join(FOLDER).join("state").display().to_string(),
            host,
            pid: std::process::id(),
        }
    }

    /// Reads the plans that runs stored.
    pub fn opener(&self, backend: &StoreBackend, providers: &Providers) -> Opener {
        Opener {
            catalogue: self.catalogue.clone(),
            root: self.root.clone(),
            sealer: backend.sealer(),
            providers: providers.clone(),
        }
    }

    /// State as the journals know it, without the lock.
    pub async fn known(
        &self,
        backend: &StoreBackend,
        providers: &Providers,
    ) -> Result<apply::Known, Exit> {
        let opener = self.opener(backend, providers);
        let open: Open<'_> = &|bytes| opener.open(bytes);
        apply::known(backend, providers, open).await.map_err(|error| self.failed(&error))
    }

    /// The same with its backend, for commands that only read state; what could not be read is told.
    pub async fn standing(&self) -> Result<(StoreBackend, apply::Known), Exit> {
        let backend = self.backend().await?;
        let known = self.known(&backend, &Providers::default()).await?;
        self.tell(&known.diagnostics);
        Ok((backend, known))
    }
}

/// The machine's name, where the environment does not say.
fn hostname() -> Option<String> {
    let text = std::fs::read_to_string("/etc/hostname").ok()?;
    Some(text.trim().to_owned()).filter(|t| !t.is_empty())
}

/// Who runs this, where the environment does not say: the number of the user.
fn user() -> Option<String> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let process = std::fs::metadata("/proc/self").ok()?;
        Some(format!("uid-{}", process.uid()))
    }
    #[cfg(not(unix))]
    None
}

/// What planning is asked for, from what was typed.
pub fn asked(planning: &Planning, destroy: bool, now: jiff::Timestamp) -> Result<Asked, String> {
    let mut replace = Vec::new();
    for text in &planning.replace {
        let address = Address::parse(text);
        replace.push(address.ok_or_else(|| {
            format!(
                "-replace={text} is not the address of an object, such as aws_s3_bucket.logs[0].\n\
             `lifeboat state list` shows the addresses of what exists."
            )
        })?);
    }
    let mode = match (destroy, planning.refresh_only) {
        (true, true) => {
            return Err(
                "-destroy and -refresh-only exclude each other: give one of them.".to_owned()
            );
        }
        (true, false) => PlanMode::Destroy,
        (false, true) => PlanMode::RefreshOnly,
        (false, false) => PlanMode::Normal,
    };
    Ok(Asked {
        mode,
        refresh: planning.refresh.unwrap_or(true),
        targets: planning.target.clone(),
        excludes: planning.exclude.clone(),
        replace,
        exclude_regions: planning.exclude_region.clone(),
        import: None,
        unmanaged: false,
        in_doubt: BTreeMap::new(),
        back: false,
        graceful: false,
        listens: planning.assume_down.clone(),
        discards: None,
        copies: None,
        fencing: None,
        retire: None,
        positions: Positions::default(),
        durations: Durations::default(),
        since: planning.since.as_ref().map(|since| since.at(now)),
        by_hand: None,
        edit: None,
        acting: false,
        valid_hours: 24,
    })
}

/// A duration as Terraform's `-lock-timeout` takes it: `0s`, `90s`, `5m`, `1h`.
pub fn duration(text: &str) -> Result<Duration, String> {
    time("-lock-timeout", text)
}

/// The same of another option.
pub fn time(option: &str, text: &str) -> Result<Duration, String> {
    let parsed = text.parse::<jiff::SignedDuration>().ok();
    let parsed = parsed.and_then(|d| Duration::try_from(d).ok());
    parsed.ok_or_else(|| format!("{option}={text} is not a duration such as 30s or 5m."))
}

/// Whether a folder holds a root module.
pub fn has_files(root: &Path) -> bool {
    let names = config::files::Files::list(&config::files::Disk::at(root), Path::new(""));
    names.is_ok_and(|names| names.iter().any(|name| name.ends_with(".dr.hcl")))
}

/// The files that a plan was made from as they are now, and what came since: it would have been
/// read too. Nothing where the folder holds no files: a plan can be applied without them.
pub fn current_files(root: &Path, plan: &Plan) -> BTreeMap<String, Vec<u8>> {
    if !has_files(root) {
        return BTreeMap::new();
    }
    let ends = [".dr.hcl", ".auto.drvars.hcl", ".auto.drvars.json"];
    let is_source =
        |name: &String| !name.starts_with('.') && ends.iter().any(|end| name.ends_with(end));
    let listed = config::files::Files::list(&config::files::Disk::at(root), Path::new(""));
    let added = listed.unwrap_or_default().into_iter().filter(is_source);
    let names = plan.inputs.files.keys().cloned().chain(added);
    names
        .map(|name| {
            let content = std::fs::read(root.join(&name)).unwrap_or_default();
            (name, content)
        })
        .collect()
}

/// The regions that count as down.
fn down(planning: &Planning) -> Vec<Down> {
    let left = planning.leaves.iter();
    let left = left.map(|region| Down { with_global: false, ..Down::whole(region) });
    planning.assume_down.iter().map(Down::whole).chain(left).collect()
}
