//! `Report`: what `drift` found, object by object with its place in the files, ready for every
//! format. Texts are as they came: each format escapes them as it must.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use lifeboat_sdk::{Diagnostic, Scope, Severity, Span, counted};
use serde_json::value::RawValue;

use super::unmanaged::{Stray, Strays, Unlisted};
use crate::address::Address;
use crate::config::SourceMap;
use crate::engine::{Loaded, Looked, Made, Seen};
use crate::plan::{ObjectChange, ScopeStatus};
use crate::view::plan::{PlanView, word};

/// What came of it, as the exit code has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Everything was read, and nothing has changed outside.
    None,
    /// Something has changed outside.
    Drift,
    /// Nothing that could be read has changed; not everything could be.
    Unread,
    /// Not everything could be compared: see the diagnostics.
    Failed,
}

/// A place in the files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file, relative to the folder in which the program was started.
    pub file: String,
    /// The first line, from 1.
    pub line: u32,
    /// In characters, from 1.
    pub column: u32,
    /// The last line.
    pub end_line: u32,
    /// After the last character.
    pub end_column: u32,
}

/// A diagnostic that was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// How bad.
    pub severity: Severity,
    /// `stage::what`; nothing for what is not about the files.
    pub code: Option<&'static str>,
    /// One line.
    pub summary: String,
    /// Sentences.
    pub detail: String,
    /// What to do.
    pub help: Option<String>,
    /// The object it is about.
    pub address: Option<String>,
    /// Where it is.
    pub place: Option<Place>,
}

/// How an object was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// As it was left.
    Same,
    /// Changed outside: the lines of the difference, secrets hidden.
    Changed(Vec<String>),
    /// Gone.
    Deleted,
    /// It could not be read: the cause in a word, and what happened.
    Unread(&'static str, String),
    /// The options leave it out.
    Left,
}

/// A managed object.
#[derive(Clone, Debug)]
pub struct Object {
    /// Its address.
    pub address: String,
    /// Where it lives; nothing for what has no remote side.
    pub scope: Option<Scope>,
    /// Its id, where it has one.
    pub id: Option<String>,
    /// Its block; nothing where no block declares it any more.
    pub place: Option<Place>,
    /// How it was found.
    pub status: Status,
    /// The change in Terraform's shape.
    pub change: Option<Box<RawValue>>,
}

impl Object {
    /// Its region, or the global plane, or `local`.
    pub fn location(&self) -> String {
        self.scope.as_ref().map_or_else(|| "local".to_owned(), |s| s.location.to_string())
    }
}

/// What `drift` found.
#[derive(Clone, Debug)]
pub struct Report {
    /// RFC 3339; nothing where it failed before it looked.
    pub created: Option<String>,
    /// A sentence.
    pub summary: String,
    /// What came of it.
    pub verdict: Verdict,
    /// Whether something could not be read.
    pub incomplete: bool,
    /// Since when the primary's data has no copy, RFC 3339.
    pub unprotected: Option<String>,
    /// Regions that are fenced by hand, and since when, RFC 3339.
    pub fenced: BTreeMap<String, String>,
    /// Regions that are evacuated, and since when, RFC 3339.
    pub evacuated: BTreeMap<String, String>,
    /// Every managed object, in the order of addresses.
    pub objects: Vec<Object>,
    /// What carries our tags and is in no state, where it was asked for.
    pub strays: Option<Strays>,
    /// How each scope answered.
    pub scopes: Vec<ScopeStatus>,
    /// What was told.
    pub found: Vec<Found>,
    /// A file of the root module, for objects without a place where a format must have one.
    pub home: Option<String>,
}

impl Report {
    /// Of what was looked at; files are named from `base`, the root module's folder as it was given.
    pub fn of(
        made: &Made,
        loaded: &Loaded,
        view: &PlanView<'_>,
        found: Vec<Found>,
        base: &Path,
    ) -> Self {
        let plan = &made.plan;
        let failed = made.diagnostics.has_errors();
        let sources = &loaded.config.sources;
        let drifted: BTreeMap<&Address, &ObjectChange> =
            plan.drift.iter().map(|change| (&change.address, change)).collect();
        let object = |looked: &Looked| {
            let span = loaded.desired.declared(&loaded.config, &looked.address);
            let change = drifted.get(&looked.address).copied();
            Object {
                address: looked.address.to_string(),
                scope: looked.scope.clone(),
                id: looked.id.as_deref().map(str::to_owned),
                place: span.and_then(|span| Place::of(span, sources)).map(|p| p.below(base)),
                status: status(looked, change, view),
                change: change.and_then(crate::view::json::change),
            }
        };
        let strays = made.unmanaged.as_ref();
        let incomplete = plan.incomplete() || strays.is_some_and(|it| !it.complete());
        let nothing = plan.drift.is_empty() && strays.is_none_or(|it| it.objects.is_empty());
        let home = sources.iter().map(|(_, source)| &*source.name).find(|n| n.ends_with(".dr.hcl"));
        let verdict = match (failed, nothing, incomplete) {
            (true, ..) => Verdict::Failed,
            (_, false, _) => Verdict::Drift,
            (.., true) => Verdict::Unread,
            _ => Verdict::None,
        };
        Self {
            created: Some(plan.created.clone()),
            summary: super::summary(made),
            verdict,
            incomplete: incomplete || failed,
            unprotected: plan.unprotected.clone(),
            fenced: plan.fenced.clone(),
            evacuated: plan.evacuated.clone(),
            objects: made.looked.iter().map(object).collect(),
            strays: strays.map(|found| Strays::of(found, loaded, base)),
            scopes: plan.scopes.clone(),
            found: found.into_iter().map(|f| f.below(base)).collect(),
            home: home.map(|name| joined(base, name)),
        }
    }

    /// Of a run that failed before it looked at anything.
    pub fn failure(found: Vec<Found>, base: &Path) -> Self {
        Self {
            created: None,
            summary: "It cannot be told whether there is drift: see the errors.".to_owned(),
            verdict: Verdict::Failed,
            incomplete: true,
            unprotected: None,
            fenced: BTreeMap::new(),
            evacuated: BTreeMap::new(),
            objects: Vec::new(),
            strays: None,
            scopes: Vec::new(),
            found: found.into_iter().map(|f| f.below(base)).collect(),
            home: None,
        }
    }

    /// How many objects there are of a sort.
    pub fn count(&self, which: impl Fn(&Status) -> bool) -> usize {
        self.objects.iter().filter(|object| which(&object.status)).count()
    }

    /// The counts in words: `4 changed, 1 deleted, 2 unread, 13 as they were left`.
    pub fn counts(&self) -> String {
        let parts = [
            (self.count(|s| matches!(s, Status::Changed(_))), "changed"),
            (self.count(|s| matches!(s, Status::Deleted)), "deleted"),
            (self.count(|s| matches!(s, Status::Unread(..))), "unread"),
            (self.count(|s| matches!(s, Status::Left)), "not looked at"),
        ];
        let some = parts.iter().filter(|(count, _)| *count > 0);
        let mut words: Vec<String> = some.map(|(count, what)| format!("{count} {what}")).collect();
        let strays = self.strays().count();
        if strays > 0 {
            words.push(format!("{strays} unmanaged"));
        }
        let all = counted(self.objects.len(), "object");
        match self.count(|s| *s == Status::Same) {
            0 if words.is_empty() => return all,
            0 => {}
            same => words.push(format!("{same} unchanged")),
        }
        format!("{all}: {}", words.join(", "))
    }

    /// What carries our tags and is in no state.
    pub fn strays(&self) -> impl Iterator<Item = &Stray> {
        self.strays.iter().flat_map(|strays| &strays.objects)
    }

    /// What could not be looked through for such objects.
    pub fn unlisted(&self) -> impl Iterator<Item = &Unlisted> {
        self.strays.iter().flat_map(|strays| &strays.unlisted)
    }

    /// Scopes in which something besides the objects of state could not be read: what the files
    /// declare and nobody has made yet.
    pub fn dark(&self) -> impl Iterator<Item = (&ScopeStatus, &'static str, &str)> {
        self.scopes.iter().filter_map(|status| {
            let (cause, message) = status.trouble.as_ref()?;
            let here = |o: &&Object| o.scope.as_ref() == Some(&status.scope);
            let objects = self.objects.iter().filter(here);
            let unread = objects.filter(|o| matches!(o.status, Status::Unread(..))).count();
            (status.unread > unread || status.unread == 0)
                .then(|| (status, word(cause), &**message))
        })
    }
}

/// How an object was found.
fn status(looked: &Looked, change: Option<&ObjectChange>, view: &PlanView<'_>) -> Status {
    match (&looked.seen, change) {
        (Seen::Unread(cause, message), _) => Status::Unread(word(cause), message.clone()),
        (Seen::Left, _) => Status::Left,
        (Seen::Read, None) => Status::Same,
        (Seen::Read, Some(change)) if change.after.is_none() => Status::Deleted,
        (Seen::Read, Some(change)) => Status::Changed(view.difference(change)),
    }
}

impl Place {
    /// Of a span; the file is named from the root module.
    pub fn of(span: Span, sources: &SourceMap) -> Option<Self> {
        let (source, start, end) = sources.range(span)?;
        let column = |byte: u32| {
            let before = source.text.get(..usize::try_from(byte).ok()?)?;
            let line = before.rsplit('\n').next().unwrap_or(before);
            u32::try_from(line.trim_start_matches('\u{feff}').chars().count() + 1).ok()
        };
        Some(Self {
            file: source.name.to_string(),
            line: start.line,
            column: column(start.byte).unwrap_or(start.column),
            end_line: end.line,
            end_column: column(end.byte).unwrap_or(end.column),
        })
    }

    /// The same, of a file that is named from the folder `base`.
    pub fn below(self, base: &Path) -> Self {
        Self { file: joined(base, &self.file), ..self }
    }
}

impl Found {
    /// Of a diagnostic.
    pub fn of(diagnostic: &Diagnostic, sources: &SourceMap) -> Self {
        Self {
            severity: diagnostic.severity,
            code: Some(diagnostic.code),
            summary: diagnostic.summary.to_owned(),
            detail: diagnostic.detail.clone(),
            help: diagnostic.help.clone(),
            address: diagnostic.address.clone(),
            place: diagnostic.span.and_then(|span| Place::of(span, sources)),
        }
    }

    fn below(self, base: &Path) -> Self {
        Self { place: self.place.map(|place| place.below(base)), ..self }
    }

    /// What is wrong, why, and what to do, as sentences.
    pub fn sentences(&self) -> String {
        let parts = [Some(&self.detail), self.help.as_ref()];
        let some = parts.into_iter().flatten().filter(|part| !part.trim().is_empty());
        some.map(|part| part.trim()).collect::<Vec<_>>().join("\n\n")
    }
}

/// An error that is not about the files.
pub fn unplaced(summary: &str, detail: &str) -> Found {
    Found {
        severity: Severity::Error,
        code: None,
        summary: summary.to_owned(),
        detail: detail.to_owned(),
        help: None,
        address: None,
        place: None,
    }
}

/// A file's name from the folder that `base` is named from, with slashes and without detours.
fn joined(base: &Path, name: &str) -> String {
    let mut out = PathBuf::new();
    for part in base.join(name).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if out.file_name().is_some() => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    let parts = out.components().map(|part| part.as_os_str().to_string_lossy());
    parts.collect::<Vec<_>>().join("/").replacen("//", "/", 1)
}
