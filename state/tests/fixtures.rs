//! Files that older versions wrote still read, and those of the newest are written again byte for
//! byte.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use lifeboat_state::bundle::{About, Bundle, Measured, Move, Packed};
use lifeboat_state::digest::Digest;
use lifeboat_state::generation::{Generation, Header, Link, payload};
use lifeboat_state::journal::{
    Frame, Identified, Intent, Journals, Outcome, RunBegin, RunEnd, RunId, RunStatus, Settled,
    StateCommitted, StepResult, Verdict,
};
use lifeboat_state::lock::{Holder, LockInfo, Locks};
use lifeboat_state::model::{
    Deposed, Document, Gate, Index, Mode, ObjectRecord, ObjectStatus, Output, Owed, Ownership,
    Passage, Promotions, RecordScope, State,
};
use lifeboat_state::secret::{Key, Sealer};
use lifeboat_state::store::MemoryDisk;

const LINEAGE: &str = "6f1e8a52-6c1d-4d5e-9a55-0d9f5a3f7a11";
const AT: &str = "2026-11-20T13:00:00Z";

fn sealer() -> Sealer {
    Sealer::new(Key::new([7; 32]), "the test's key")
}

fn stored(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)).unwrap()
}

fn document(text: &str) -> Document {
    Document::from_text(text).unwrap()
}

fn scope(location: &str, service: &str) -> RecordScope {
    RecordScope {
        provider: "aws".to_owned(),
        account: "123456789012".to_owned(),
        location: location.to_owned(),
        service: service.to_owned(),
    }
}

fn bucket() -> ObjectRecord {
    ObjectRecord {
        address: r#"bucket.exports.aws_s3_bucket["us-east-1"]"#.to_owned(),
        module: String::new(),
        mode: Mode::Managed,
        kind: "aws_s3_bucket".to_owned(),
        name: "bucket.exports".to_owned(),
        index: Some(Index::Text("us-east-1".to_owned())),
        provider: "provider.aws".to_owned(),
        schema_version: 0,
        status: ObjectStatus::Ok,
        document: document(
            r#"{"type":["object",{"bucket":"string"}],"value":{"bucket":"exports"}}"#,
        ),
        identity: Some("exports".to_owned()),
        depends_on: Vec::new(),
        create_before_destroy: false,
        prevent_destroy: true,
        scope: scope("us-east-1", "s3"),
        stale: None,
        deposed: Vec::new(),
        ownership: Ownership::Tags,
        secret_hashes: [("policy".to_owned(), "ab".repeat(32))].into(),
    }
}

fn database() -> ObjectRecord {
    let text = r#"{"type":["object",{"password":"string"}],"value":{"password":"hunter2"},"sensitive":[["password"]]}"#;
    ObjectRecord {
        address: "module.db.aws_db_instance.main[0]".to_owned(),
        module: "module.db".to_owned(),
        mode: Mode::Operated,
        kind: "aws_db_instance".to_owned(),
        name: "main".to_owned(),
        index: Some(Index::Number(0)),
        provider: "provider.aws.dr".to_owned(),
        schema_version: 2,
        status: ObjectStatus::Fenced,
        document: document(text),
        identity: Some("main".to_owned()),
        depends_on: vec![bucket().address],
        create_before_destroy: true,
        prevent_destroy: false,
        scope: scope("us-west-2", "rds"),
        stale: Some("us-west-2 did not answer".to_owned()),
        deposed: vec![Deposed {
            key: "00000001".to_owned(),
            provider: "provider.aws".to_owned(),
            schema_version: 1,
            document: document(text),
            identity: Some("main-retired-e1".to_owned()),
            depends_on: Vec::new(),
            scope: scope("us-east-1", "rds"),
            retired: None,
        }],
        ownership: Ownership::Parent,
        secret_hashes: Default::default(),
    }
}

fn promotions() -> Promotions {
    let owed = Owed { region: "us-east-1".to_owned(), epoch: 2, since: AT.to_owned() };
    let gate = Gate { region: "us-east-1".to_owned(), since: AT.to_owned() };
    let passage = Passage {
        from: "us-east-1".to_owned(),
        to: "us-west-2".to_owned(),
        epoch: 2,
        approval: [("by".to_owned(), "ops@runner".to_owned())].into(),
        reached: [("claim".to_owned(), AT.to_owned())].into(),
        told: [("hook.vpn".to_owned(), "exit code 0".to_owned())].into(),
        ..Passage::default()
    };
    Promotions {
        left: Some("us-east-1".to_owned()),
        unprotected: Some(AT.to_owned()),
        owed: [(r#"bucket.exports.aws_s3_bucket_policy["us-east-1"]"#.to_owned(), owed)].into(),
        gates: [("dns_failover.api".to_owned(), gate)].into(),
        last: Some(passage),
        ..Promotions::default()
    }
}

/// As before there were promotions.
fn older() -> State {
    State { promotions: Promotions::default(), ..state() }
}

fn state() -> State {
    let mut state = State::new(LINEAGE, "0.1.0");
    (state.serial, state.term, state.epoch) = (7, 3, 2);
    state.topology = Some("hypersdk".to_owned());
    state.primary = Some("us-west-2".to_owned());
    state.promotions = promotions();
    state.identities.insert("aws/us-west-2".to_owned(), "123456789012".to_owned());
    state.note_consumed(&"cd".repeat(32));
    let data = ObjectRecord {
        address: "data.aws_route53_zone.z".to_owned(),
        mode: Mode::Data,
        status: ObjectStatus::Incomplete,
        index: None,
        ownership: Ownership::Name,
        scope: scope("global@us-east-1", "route53"),
        ..bucket()
    };
    let local = ObjectRecord {
        address: "terraform_data.t".to_owned(),
        status: ObjectStatus::Tainted,
        ownership: Ownership::StateOnly,
        ..bucket()
    };
    for object in [bucket(), database(), data, local] {
        state.objects.insert(object.address.clone(), object);
    }
    let text = r#"{"type":"string","value":"hunter2","sensitive":[[]]}"#;
    let secret = Output { document: document(text), sensitive: true };
    let plain = Output { document: document(r#"{"type":"number","value":7}"#), sensitive: false };
    state.outputs.extend([("secret".to_owned(), secret), ("plain".to_owned(), plain)]);
    state
}

fn header() -> Header {
    Header {
        lineage: LINEAGE.to_owned(),
        serial: 7,
        term: 3,
        epoch: 2,
        previous: Some(Link { serial: 5, digest: Digest::of(b"5") }),
        commit: "0191-commit".to_owned(),
        restored: Some(5),
    }
}

#[test]
fn a_generation_of_version_1_reads() {
    let generation = Generation::decode(&stored("v1.generation")).unwrap();
    assert_eq!(generation.header, header());
    assert_eq!(generation.state(&sealer()).unwrap(), older());
}

#[test]
fn a_payload_of_version_2_reads_and_is_written_again_byte_for_byte() {
    let text = String::from_utf8(stored("v2.json")).unwrap();
    let (bytes, _) = Generation::encode(&header(), text.trim_end()).unwrap();
    let read = Generation::decode(&bytes).unwrap().state(&sealer()).unwrap();
    assert_eq!(read, state());
    assert_eq!(payload(&read, &sealer()).unwrap() + "\n", text);
    assert!(!text.contains("hunter2"));
}

#[test]
fn who_may_approve_is_added_to_version_2() {
    let last = r#""told":{"hook.vpn":"exit code 0"}}"#;
    let more = format!(r#"{last},"approvals":1,"approvers":["ssh-ed25519 AAAA alice"]"#);
    let text = String::from_utf8(stored("v2.json")).unwrap().replace(last, &more);
    let (bytes, _) = Generation::encode(&header(), text.trim_end()).unwrap();
    let read = Generation::decode(&bytes).unwrap().state(&sealer()).unwrap();
    let approvers = vec!["ssh-ed25519 AAAA alice".to_owned()];
    let promotions = Promotions { approvals: 1, approvers, ..promotions() };
    assert_eq!(read, State { promotions, ..state() });
    assert_eq!(payload(&read, &sealer()).unwrap() + "\n", text);
}

#[test]
fn a_generation_of_version_2_reads_and_is_written_again_byte_for_byte() {
    let bytes = stored("v2.generation");
    let generation = Generation::decode(&bytes).unwrap();
    assert_eq!(generation.header, header());
    assert_eq!(generation.state(&sealer()).unwrap(), state());
    let again = payload(&state(), &sealer()).unwrap();
    let (again, digest) = Generation::encode(&header(), &again).unwrap();
    assert_eq!((&again[..], digest), (&bytes[..], generation.digest));
}

fn begin() -> RunBegin {
    RunBegin {
        run: RunId::new("0191-run").unwrap(),
        command: "apply".to_owned(),
        plan_digest: "cd".repeat(32),
        plan: Bytes::from_static(b"the whole plan\n"),
        base_serial: 7,
        lineage: LINEAGE.to_owned(),
        epoch: 2,
        term: 3,
        tool_version: "0.1.0".to_owned(),
        at: AT.to_owned(),
    }
}

fn appends() -> Vec<Vec<Frame>> {
    let secret = document(r#"{"value":{"p":"hunter2"},"sensitive":[["p"]]}"#);
    let members = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let intent = |step: &str, names: &[&str]| Intent {
        step: step.into(),
        token: format!("token-{step}"),
        members: members(names),
    };
    let outcome = |step: &str, member: &str, result| {
        Frame::Outcome(Outcome { step: step.into(), member: member.to_owned(), result })
    };
    let settled = |member: &str, verdict| {
        Frame::Settled(Settled { step: "s2".into(), member: member.to_owned(), verdict })
    };
    let (step, member, id) = ("s1".into(), "a.b".to_owned(), "i-1".to_owned());
    vec![
        vec![Frame::Intent(intent("s1", &["a.b"])), Frame::Intent(intent("gate", &[]))],
        vec![
            Frame::Identified(Identified { step, member, id }),
            outcome("s1", "a.b", StepResult::Done { document: Some(secret.clone()) }),
            outcome("gate", "gate", StepResult::Done { document: None }),
            Frame::Intent(intent("s2", &["c.d", "e.f"])),
            Frame::Intent(intent("s3", &["g.h"])),
        ],
        vec![outcome(
            "s3",
            "g.h",
            StepResult::Failed {
                class: "denied".to_owned(),
                message: "no permission".to_owned(),
                half_made: Some(secret.clone()),
            },
        )],
        vec![
            outcome("s2", "c.d", StepResult::InDoubt { message: "deadline".to_owned() }),
            settled("c.d", Verdict::Done { document: Some(secret) }),
            settled("e.f", Verdict::NotDone),
            Frame::Doubted(intent("s4", &["i.j"])),
        ],
        vec![Frame::StateCommitted(StateCommitted { serial: 8, digest: "ef".repeat(32) })],
        vec![Frame::RunEnd(RunEnd { status: RunStatus::Folded, serial: 8, at: AT.to_owned() })],
    ]
}

/// Writes the journal anew: the first part up to the second append, the rest by a later holder.
async fn write_journal(disk: &MemoryDisk) -> Vec<Frame> {
    let journals = Journals::new(Arc::new(disk.clone()), Arc::new(sealer()));
    let mut journal = journals.begin(begin()).await.unwrap();
    for (number, frames) in appends().iter().enumerate() {
        if number == 2 {
            journal = journals.resume(&begin().run, 4, AT).await.unwrap().0;
        }
        journal.append(frames).await.unwrap();
    }
    journals.read(&begin().run).await.unwrap().frames
}

#[tokio::test]
async fn a_journal_of_version_1_reads_and_is_written_again_byte_for_byte() {
    let disk = MemoryDisk::new();
    let frames = write_journal(&disk).await;
    for (name, file) in [("journal/0191-run", "v1.journal"), ("journal/0191-run+2", "v1.journal+2")]
    {
        assert_eq!(disk.peek(name).unwrap(), stored(file), "{file}");
        disk.tamper(name, Some(&stored(file)));
    }
    let journals = Journals::new(Arc::new(disk.clone()), Arc::new(sealer()));
    let read = journals.read(&begin().run).await.unwrap();
    assert_eq!(read.frames, frames);
    assert_eq!(read.frames.len(), 2 + appends().concat().len());
}

#[tokio::test]
async fn a_lock_record_of_version_1_reads() {
    let disk = MemoryDisk::new();
    disk.tamper("lock", Some(&stored("v1.lock")));
    let locks = Locks::new(Arc::new(disk.clone()), Arc::new(disk.clone()));
    let info = LockInfo {
        id: "11111111-2222-3333-4444-555555555555".to_owned(),
        operation: "OperationTypeApply".to_owned(),
        info: String::new(),
        who: "alice@ci".to_owned(),
        version: "0.1.0".to_owned(),
        created: "2026-11-20 13:00:00 +0000 UTC".to_owned(),
        path: ".lifeboat/state".to_owned(),
        host: "ci".to_owned(),
        pid: 42,
    };
    assert_eq!(locks.holder().await.unwrap(), Some(Holder { info, term: 1 }));
}

/// With a state, a journal that did not end, and a file that is no text.
fn bundle() -> Bundle {
    let about = About {
        topology: "hypersdk".to_owned(),
        lineage: LINEAGE.to_owned(),
        epoch: 2,
        serial: 7,
        primary: "us-west-2".to_owned(),
        promotion: Some(Move {
            from: "us-west-2".to_owned(),
            to: "us-east-1".to_owned(),
            epoch: 3,
        }),
        identities: state().identities,
        folder: "examples/hypersdk".to_owned(),
        tool_version: "0.1.0".to_owned(),
        at: AT.to_owned(),
    };
    let files = [("../../modules/m/m.dr.hcl", &b"locals {}\n"[..]), ("logo", &[0xff, 0xd8][..])];
    let journals = [("0191-run".to_owned(), stored("v1.journal").into())];
    Bundle {
        about,
        files: files.map(|(name, content)| (name.to_owned(), content.to_vec())).into(),
        state: Packed {
            generation: stored("v2.generation").into(),
            journals: journals.into(),
            standing: None,
            measured: Measured::default(),
        },
    }
}

#[test]
fn a_bundle_of_version_1_reads_and_is_written_again_byte_for_byte() {
    let bytes = stored("v1.bundle");
    assert_eq!(Bundle::decode(&bytes).unwrap(), bundle());
    assert_eq!(bundle().encode().unwrap(), bytes);
    assert!(bundle().state.is_sealed());
}

#[test]
fn a_bundle_of_version_1_may_have_what_was_measured_last() {
    let mut with = bundle();
    with.state.measured = Measured {
        positions: Some(stored("v1.positions").into()),
        durations: Some(stored("v1.durations").into()),
    };
    let bytes = stored("v1.bundle+measured");
    assert_eq!(Bundle::decode(&bytes).unwrap(), with);
    assert_eq!(with.encode().unwrap(), bytes);
}
