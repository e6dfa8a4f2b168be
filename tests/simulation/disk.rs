//! What is on a simulated disk, read without the code that wrote it: journals and generations.

use std::collections::BTreeMap;

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

    /// The changes of its plan.
    pub(super) fn changes(&self) -> &[Json] {
        self.plan["changes"].as_array().map(Vec::as_slice).unwrap_or_default()
    }
}

/// The runs whose journals are on the disk; of each what a power cut would leave now.
pub(super) fn durable_runs(disk: &MemoryDisk) -> Vec<Run> {
    let mut runs: BTreeMap<String, Run> = BTreeMap::new();
    for name in disk.names().iter().filter(|name| name.starts_with("journal/")) {
        // The parts of a run follow it in the order of names: `run-7`, `run-7+2`.
        let run = name.split('+').next().unwrap_or(name);
        let run = runs.entry(run.to_owned()).or_default();
        for body in lines(&disk.durable(name).unwrap_or_default()) {
            let Some((frame, body)) = body["frame"].as_object().and_then(|f| f.iter().next())
            else {
                continue;
            };
            if frame == "run_begin" {
                let plan = STANDARD.decode(body["plan"].as_str().unwrap_or_default());
                run.plan = lines(&plan.unwrap_or_default()).pop().unwrap_or_default();
            }
            run.frames.push((frame.clone(), body.clone()));
        }
    }
    runs.into_values().collect()
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

/// Serial and lineage of each generation, by serial.
pub(super) fn generations(disk: &MemoryDisk) -> BTreeMap<u64, String> {
    let mut all = BTreeMap::new();
    for name in disk.names().iter().filter(|name| name.starts_with("generations/")) {
        let bytes = disk.peek(name).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let header = text.lines().nth(1).unwrap_or_default();
        let header: Json = serde_json::from_str(header).unwrap_or_default();
        let lineage = header["lineage"].as_str().unwrap_or("no lineage").to_owned();
        all.insert(header["serial"].as_u64().unwrap_or_default(), lineage);
    }
    all
}
