//! What is on a simulated disk, read without the code that wrote it: journals and generations.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lifeboat_state::store::MemoryDisk;
use serde_json::Value as Json;

/// What the journal of a run holds.
#[derive(Clone, Debug, Default)]
pub(super) struct Run {
    /// The plan that it carries out.
    pub(super) plan: Json,
    /// Frames by their name, in order: `("intent", {…})`.
    pub(super) frames: Vec<(String, Json)>,
}

impl Run {
    /// How often a frame of this name tells about a member of a step.
    pub(super) fn count(&self, name: &str, step: &str, told: impl Fn(&Json) -> bool) -> usize {
        let frames = self.frames.iter().filter(|(frame, _)| frame == name);
        frames.filter(|(_, body)| body["step"] == step && told(body)).count()
    }

    /// The step of the intent with this token.
    pub(super) fn step(&self, token: &str) -> Option<&str> {
        let intent = |(name, body): &&(String, Json)| name == "intent" && body["token"] == token;
        self.frames.iter().find(intent).and_then(|(_, body)| body["step"].as_str())
    }

    /// Whether a step of its plan looks after a fence once more, and is begun and not ended.
    pub(super) fn holds(&self, step: &str, address: &str) -> bool {
        let steps = self.plan["steps"].as_array().into_iter().flatten();
        let mut of = steps.filter(|planned| format!("s{}", planned["id"]) == step);
        let holds = of.any(|p| p["act"] == "hold" && p["task"]["about"] == address);
        let newest = self.frames.iter().rev().find(|(_, body)| body["step"] == step);
        holds && newest.is_some_and(|(frame, _)| frame == "intent")
    }

    /// Whether a change of this address is done.
    #[cfg(feature = "aws")]
    pub(super) fn did(&self, address: &str) -> bool {
        let done = |(frame, body): &(String, Json)| {
            let ended = match &**frame {
                "outcome" => &body["result"]["done"],
                "settled" => &body["verdict"]["done"],
                _ => return false,
            };
            body["member"] == address && !ended.is_null()
        };
        self.frames.iter().any(done)
    }

    /// The changes of its plan.
    pub(super) fn changes(&self) -> &[Json] {
        self.plan["changes"].as_array().map(Vec::as_slice).unwrap_or_default()
    }
}

/// The runs whose journals are on disks; of each what a power cut would leave. What was read
/// before is not read again.
#[derive(Default)]
pub(super) struct Journals {
    runs: BTreeMap<String, (Vec<Vec<u8>>, Arc<Run>)>,
}

impl Journals {
    /// The runs on a disk, as they are now.
    pub(super) fn runs(&mut self, disk: &MemoryDisk) -> Vec<Arc<Run>> {
        let mut parts: BTreeMap<String, BTreeMap<u64, Vec<u8>>> = BTreeMap::new();
        for name in disk.names().iter().filter(|name| name.starts_with("journal/")) {
            // The parts of a run: `run-7`, `run-7+2`.
            let (run, part) = name.split_once('+').unwrap_or((name, "1"));
            let bytes = disk.durable(name).unwrap_or_default().to_vec();
            let part = part.parse().unwrap_or_default();
            parts.entry(run.to_owned()).or_default().insert(part, bytes);
        }
        let all = parts.into_iter();
        all.map(|(name, parts)| self.run(name, parts.into_values().collect())).collect()
    }

    fn run(&mut self, name: String, parts: Vec<Vec<u8>>) -> Arc<Run> {
        let (read, run) = self.runs.entry(name).or_default();
        if *read == parts {
            return Arc::clone(run);
        }
        let goes_on = read.len() <= parts.len()
            && read.iter().zip(&parts).all(|(old, new)| new.starts_with(old))
            && read.iter().zip(&parts).rev().skip(1).all(|(old, new)| old == new);
        if !goes_on {
            (*read, *run) = Default::default();
        }
        let known = Arc::make_mut(run);
        for (at, part) in parts.iter().enumerate() {
            let from = read.get(at).map_or(0, |old| whole(old));
            known.take(&part[from..]);
        }
        *read = parts;
        Arc::clone(run)
    }
}

impl Run {
    fn take(&mut self, bytes: &[u8]) {
        for body in lines(bytes) {
            let Some((frame, body)) = body["frame"].as_object().and_then(|f| f.iter().next())
            else {
                continue;
            };
            let mut body = body.clone();
            if frame == "run_begin" {
                let plan = STANDARD.decode(body["plan"].as_str().unwrap_or_default());
                self.plan = lines(&plan.unwrap_or_default()).pop().unwrap_or_default();
                body["plan"] = Json::Null;
            }
            self.frames.push((frame.clone(), body));
        }
    }
}

/// How many bytes the whole lines have.
fn whole(bytes: &[u8]) -> usize {
    bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1)
}

/// The JSON of each whole line: what stands after its fourth blank.
fn lines(bytes: &[u8]) -> Vec<Json> {
    let text = String::from_utf8_lossy(bytes);
    let whole = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    let json = whole.filter_map(|line| line.splitn(5, ' ').nth(4));
    json.map_while(|json| serde_json::from_str(json).ok()).collect()
}

/// The newest generation, as text.
pub(super) fn newest(disk: &MemoryDisk) -> String {
    let names = disk.names().into_iter().filter(|name| name.starts_with("generations/"));
    let bytes = names.max().and_then(|name| disk.peek(&name)).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Serial and lineage of each generation that a loss of power would leave, by serial. One whose sync
/// failed was told as not saved.
pub(super) fn generations(disk: &MemoryDisk) -> BTreeMap<u64, String> {
    let mut all = BTreeMap::new();
    for name in disk.names().iter().filter(|name| name.starts_with("generations/")) {
        let Some(bytes) = disk.durable(name) else { continue };
        let text = String::from_utf8_lossy(&bytes);
        let header = text.lines().nth(1).unwrap_or_default();
        let header: Json = serde_json::from_str(header).unwrap_or_default();
        let lineage = header["lineage"].as_str().unwrap_or("no lineage").to_owned();
        all.insert(header["serial"].as_u64().unwrap_or_default(), lineage);
    }
    all
}
