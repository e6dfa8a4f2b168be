//! Stored files written again as another lifeboat would have written them: whole, with every
//! checksum, and with another content.

use std::fs;

use lifeboat_state::digest::Digest;
use lifeboat_state::line;
use serde_json::Value as Json;

use super::Case;

/// Changes the saved plan `p.plan`.
pub(super) fn plan(case: &Case, edit: impl FnOnce(&mut Json)) {
    let bytes = case.read("p.plan");
    let (line, _) = line::parse(&bytes).unwrap();
    let mut plan: Json = serde_json::from_str(line.json).unwrap();
    edit(&mut plan);
    case.write("p.plan", line::encode(0, Digest::of(b""), &plan.to_string()));
}

/// The longest journal, that of the largest run.
pub(super) fn journal_name(case: &Case) -> String {
    let folder = ".lifeboat/state/journal";
    let entries = fs::read_dir(case.path(folder)).unwrap().map(Result::unwrap);
    let longest = entries.max_by_key(|entry| entry.metadata().unwrap().len()).unwrap();
    format!("{folder}/{}", longest.file_name().display())
}

/// Changes each line of the longest journal.
pub(super) fn journal(case: &Case, edit: impl Fn(&str) -> String) {
    let name = journal_name(case);
    let bytes = case.read(&name);
    let (mut at, mut before, mut out) = (0, None, String::new());
    while let Ok((line, taken)) = line::parse(&bytes[at..]) {
        let previous = before.unwrap_or(line.previous);
        let text = line::encode(line.sequence, previous, &edit(line.json));
        before = Some(line::link(&text));
        out.push_str(&text);
        at += taken;
    }
    case.write(&name, out);
}

/// Changes a generation of state.
pub(super) fn generation(case: &Case, serial: u64, edit: impl FnOnce(&str) -> String) {
    rewritten(case, serial, 1, edit);
}

/// The same of what only version 2 holds.
pub(super) fn newer(case: &Case, serial: u64, edit: impl FnOnce(&str) -> String) {
    rewritten(case, serial, 2, edit);
}

fn rewritten(case: &Case, serial: u64, version: u32, edit: impl FnOnce(&str) -> String) {
    let name = format!(".lifeboat/state/generations/{serial:020}");
    let text = String::from_utf8(case.read(&name)).unwrap();
    let (first, rest) = text.split_once('\n').unwrap();
    let digest = versioned(case, serial, version, &edit(rest));
    // The lock remembers what the newest generation was.
    let lock = case.read(".lifeboat/state/lock");
    let (line, _) = line::parse(&lock).unwrap();
    let json = line.json.replace(first.rsplit(' ').next().unwrap(), &digest.to_string());
    case.write(".lifeboat/state/lock", line::encode(line.sequence, line.previous, &json));
}

/// Writes a generation of state in the envelope of a version.
pub(super) fn versioned(case: &Case, serial: u64, version: u32, rest: &str) -> Digest {
    let first = format!("lifeboat-state {version} {}", rest.len());
    let digest = Digest::of(format!("{first}\n{rest}").as_bytes());
    let name = format!(".lifeboat/state/generations/{serial:020}");
    case.write(&name, format!("{first} {digest}\n{rest}"));
    digest
}
