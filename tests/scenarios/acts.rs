//! Steps of promotions that change no object: hooks, the proof that nothing is lost, gates.

use std::fs;
use std::path::Path;

use lifeboat_testbed::{Fault, Rule};

use super::folder::Folder;
use super::outside::Outside;
use super::promotion::{APPROVED, ATTESTED, EAST_FIRST, WEST_FIRST, answered, ready};
use super::stage::{APPLY, Stage};
use super::web::{BUCKET, COPY, EAST, EXAMPLE, FILE, WEST, replicated};

/// Adds blocks to the example's file.
fn add(stage: &Stage, blocks: &str) {
    let path = stage.folder.path().join(FILE);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(path, format!("{text}\n{blocks}")).unwrap();
}

/// What a hook of [`HOOKS`] wrote.
fn log(stage: &Stage) -> String {
    fs::read_to_string(stage.folder.path().join("hooks.log")).unwrap_or_default()
}

/// A command that writes down what it is told.
fn writes(name: &str, rest: &str) -> String {
    let script = "echo \\\"$LIFEBOAT_HOOK $LIFEBOAT_PHASE $LIFEBOAT_FROM $LIFEBOAT_TO $LIFEBOAT_EPOCH $LIFEBOAT_MODE\\\" >> hooks.log";
    format!("hook \"{name}\" {{\n  command = [\"sh\", \"-c\", \"{script}\"]\n{rest}\n}}\n")
}

#[test]
fn hooks_run_at_their_phase_and_a_run_that_one_stopped_goes_on_with_it() {
    let stage = ready();
    let outside = Outside::start(stage.folder.path());
    fs::write(stage.folder.path().join("token"), "s3cr3t\n").unwrap();
    add(&stage, &writes("drain", "  phase = \"fence\"\n  when = \"before\""));
    add(&stage, &writes("there", "  phase = \"fence\"\n  needs_region = \"us-east-1\""));
    let page = format!(
        "hook \"page\" {{\n  phase = \"switch\"\n  webhook {{\n    url = \"https://{}/page\"\n    \
         token_file = \"token\"\n  }}\n}}\n",
        outside.host()
    );
    add(&stage, &page);
    add(
        &stage,
        "hook \"vpn\" {\n  phase = \"promote\"\n  command = [\"sh\", \"-c\", \"test -e vpn || { echo no \
         tunnel >&2; exit 7; }\"]\n}\n\nhook \"chat\" {\n  phase = \"claim\"\n  on_failure = \
         \"continue\"\n  command = [\"./absent\"]\n}\n",
    );
    let plan = stage.expect(&["plan", "-input=false"], 0);
    for text in ["hook hook.drain", "sync replication.exports", "hook hook.page"] {
        stage.check(plan.stdout.contains(text), format_args!("the plan shows {text:?}"));
    }
    let trusting = |arguments: &[&str], code: i32| {
        let ran = stage.start_as(arguments, &[outside.trusted()]).finish();
        stage.same(ran.code, Some(code), "the exit code");
        ran
    };
    // It stops where a hook fails, after the claim; what may fail does not stop it.
    let ran = trusting(APPROVED, 4);
    for text in ["apply::hook", "hook.vpn", "no tunnel", "hook.chat"] {
        stage.check(ran.stderr.contains(text), format_args!("it says {text:?}"));
    }
    let fenced =
        "drain fence us-east-1 us-west-2 2 graceful\nthere fence us-east-1 us-west-2 2 graceful\n";
    stage.same(log(&stage), fenced.to_owned(), "what ran before the claim");
    stage.check(outside.requests("POST").is_empty(), "the traffic has not moved");
    fs::write(stage.folder.path().join("vpn"), "").unwrap();
    trusting(APPLY, 0);
    stage.same(log(&stage), fenced.to_owned(), "what is done is not done again");
    let posts = outside.requests("POST");
    stage.same(posts.len(), 1, "the request is sent once");
    let [path, token, body] = &posts[0];
    stage.same((path.as_str(), token.as_str()), ("/page", "Bearer s3cr3t"), "who is told");
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    stage.same(body["to"].as_str(), Some(WEST), "what it is told");
    let kept = kept(&stage.folder.path().join(".lifeboat"));
    stage.check(kept.contains("hook.vpn"), "the state keeps what ran");
    stage.check(!kept.contains("s3cr3t"), "and no secret");
    trusting(APPLY, 0);
    stage.expect_nothing();
}

/// All that is kept in a folder, as text.
fn kept(folder: &Path) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            text.push_str(&kept(&path));
        } else {
            text.push_str(&String::from_utf8_lossy(&fs::read(&path).unwrap()));
        }
    }
    text
}

/// The example, watched, with its second endpoint where this server is.
fn watched(outside: &Outside) -> Stage {
    let stage = Stage::new(Folder::example(EXAMPLE));
    let edit = |from: &str, to: &str| stage.folder.edit(FILE, from, to);
    let port = outside.host().rsplit(':').next().unwrap().to_owned();
    edit("port              = 443", &format!("port              = {port}"));
    edit("failure_threshold = 3", "failure_threshold = 2");
    // Route 53 would refuse it; the server does not, and an address that is known late is not judged.
    edit("address = \"203.0.113.20\"", "address = terraform_data.here.output");
    edit("ttl    = \"60s\"", "type   = \"A\"\n  ttl    = \"60s\"");
    add(&stage, "resource \"terraform_data\" \"here\" {\n  input = \"127.0.0.1\"\n}\n");
    edit(
        "  objective {",
        "  failover {\n    commit_window = \"2s\"\n    timeouts = { verify = \"3s\" }\n  }\n  objective {",
    );
    stage.expect(APPLY, 0);
    edit(EAST_FIRST, WEST_FIRST);
    stage
}

#[test]
fn the_new_primary_is_asked_whether_it_is_well_before_and_after_the_traffic_goes_there() {
    let folder = Folder::new();
    let outside = Outside::start(folder.path());
    let stage = watched(&outside);
    let plan = stage.expect(&["plan", "-input=false"], 0);
    for text in ["verify     us-west-2", "probe verify.web", "probe commit.web"] {
        stage.check(plan.stdout.contains(text), format_args!("the plan shows {text:?}"));
    }
    let ran = stage.expect(APPROVED, 4);
    for text in ["apply::unhealthy", "verify.web", "HTTP status 404"] {
        stage.check(ran.stderr.contains(text), format_args!("it says {text:?}"));
    }
    stage.same(answered(&stage), EAST.to_owned(), "the traffic has not moved");
    outside.set("/health", true);
    stage.expect(APPLY, 0);
    stage.same(answered(&stage), WEST.to_owned(), "the primary of the name");
    let state = kept(&stage.folder.path().join(".lifeboat"));
    stage.check(state.contains("healthy 2 times in a row"), "it is kept what was seen before");
    stage.check(state.contains("healthy for"), "and after");
}

#[test]
fn a_step_is_skipped_by_its_name_with_a_reason_that_is_kept_and_others_never() {
    let folder = Folder::new();
    let outside = Outside::start(folder.path());
    let stage = watched(&outside);
    stage.expect(&[APPLY, &["-skip=verify.web", "-reason=late"]].concat(), 1);
    stage.expect(APPROVED, 4);
    let ran = stage.expect(&[APPLY, &["-skip=claim", "-reason=late"]].concat(), 1);
    stage.check(ran.stderr.contains("commit.web, verify.web"), "it says what can be skipped");
    let skips = ["-skip=verify.web", "-skip=commit.web", "-reason=its page is broken"];
    stage.expect(&[APPLY, &skips].concat(), 0);
    stage.same(answered(&stage), WEST.to_owned(), "the primary of the name");
    let state = kept(&stage.folder.path().join(".lifeboat"));
    stage.check(state.contains("skipped: its page is broken"), "the reason is kept");
}

#[test]
fn a_record_that_somebody_wrote_since_is_seen_before_the_first_is_moved_and_there_is_a_way_back() {
    let stage = ready();
    stage.expect(&["plan", "-input=false", "-out=promotion.plan"], 0);
    let (records, aws) = ("lifeboat-web-123456789012-us-west-2", stage.bed.aws());
    let record = aws.get_object(WEST, records, "role.json").unwrap().text();
    aws.put_object(WEST, records, "role.json", format!("{record}\n")).unwrap();
    let saved = ["apply", "-input=false", "-promote=us-west-2", "-from-epoch=1", "promotion.plan"];
    let ran = stage.expect(&saved, 4);
    stage.check(ran.stderr.contains("promotion::overtaken"), "it says what was found");
    let of_first = aws.get_object(EAST, "lifeboat-web-123456789012-us-east-1", "role.json");
    stage.check(of_first.unwrap().text().contains("\"epoch\":1"), "no record is moved");
    stage.expect(&["promote", "-abort", "-no-edit"], 0);
    let status = stage.expect(&["status"], 0);
    stage.check(status.stdout.contains("primary us-east-1 (epoch 1)"), "nothing is claimed");
}

#[test]
fn what_the_region_took_last_is_seen_in_the_target_before_the_claim() {
    let stage = ready();
    replicated(&stage, "daily/before");
    let aws = stage.bed.aws();
    // An object that was never copied: its copy is taken away.
    let path = format!("/{COPY}/daily/before");
    aws.raw("s3", WEST, "DELETE", &path).send().unwrap();
    stage.folder.edit(
        FILE,
        "  objective {",
        "  failover {\n    timeouts = { final_sync = \"3s\" }\n  }\n  objective {",
    );
    let ran = stage.expect(APPROVED, 4);
    for text in ["apply::sync", "daily/before", "1 objects are not copied"] {
        stage.check(ran.stderr.contains(text), format_args!("it says {text:?}"));
    }
    let status = stage.expect(&["status"], 0);
    stage.check(status.stdout.contains("primary us-east-1 (epoch 1)"), "nothing is claimed");
    aws.put_object(WEST, COPY, "daily/before", "all is well").unwrap();
    stage.expect(APPLY, 0);
    let status = stage.expect(&["status"], 0);
    stage.check(status.stdout.contains("primary us-west-2 (epoch 2)"), "the region is promoted");
    for (region, bucket) in [(EAST, BUCKET), (WEST, COPY)] {
        let list = format!("/{bucket}?versions&prefix=.lifeboat");
        let left = aws.raw("s3", region, "GET", &list).send().unwrap().ok().unwrap().text();
        stage.check(!left.contains("<Version>"), format_args!("nothing of ours is left: {left}"));
    }
}

/// The example behind a gate.
pub(super) fn gated(stage: &Stage, outside: &Outside, more: &str) {
    let gate = format!(
        "switch = \"operator\"\n  gate {{\n    https = \"{}/switch\"\n{more}  }}",
        outside.host()
    );
    // As it is written where the names of more arguments stand in a column.
    let text = fs::read_to_string(stage.folder.path().join(FILE)).unwrap();
    let wide = "switch  = \"record\"";
    let written = if text.contains(wide) { wide } else { "switch = \"record\"" };
    stage.folder.edit(FILE, written, &gate);
}

#[test]
fn a_gate_moves_the_traffic_without_the_control_plane_of_dns_which_follows_when_it_answers() {
    let stage = Stage::new(Folder::example(super::web::EXAMPLE));
    let outside = Outside::start(stage.folder.path());
    gated(&stage, &outside, "");
    stage.expect(APPLY, 0);
    stage.folder.edit(FILE, super::promotion::EAST_FIRST, super::promotion::WEST_FIRST);
    // Preflight tells whether the gate answers, and whether it stands as it should.
    let preflight =
        || stage.start_as(&["preflight", "-input=false"], &[outside.trusted()]).finish();
    let told = preflight().stdout;
    stage.check(told.contains("/switch/us-east-1 answers, and is shut"), &told);
    stage.check(told.contains("records behind a gate can wait"), &told);
    outside.set("/switch/us-east-1", true);
    let told = preflight().stdout;
    stage.check(told.contains("and no promotion has opened it"), &told);
    outside.set("/switch/us-east-1", false);
    let told = stage.start_as(&["preflight", "-input=false"], &[]).finish().stdout;
    stage.check(told.contains("Whether it could be turned is not known"), "nobody trusts it");
    // The primary is gone, and the global plane with it: its home is there.
    let gone = stage.bed.proxy.inject(Rule::new(Fault::BlackHole).region(EAST));
    // Who does not trust the gate's server cannot turn it: the promotion stops there, and goes on.
    let mut ran = stage.expect(&[APPROVED, ATTESTED].concat(), 4);
    stage.check(ran.stderr.contains("apply::gate"), "it says that the gate is not turned");
    let again = stage.start_as(APPLY, &[outside.trusted()]).finish();
    stage.same(again.code, Some(0), "the promotion");
    ran.calls.extend(again.calls);
    let changed =
        ran.calls.iter().filter(|c| c.mutating && ["route53", "iam"].contains(&&*c.service));
    stage.same(changed.count(), 0, "changes through global control planes");
    stage.check(outside.is_open("/switch/us-east-1"), "the traffic moves");
    stage.check(!outside.is_open("/switch/us-west-2"), "and stays moved");
    stage.bed.proxy.remove(gone);
    // It returns: the records are rewritten, and only then the gate is closed.
    let ran = stage.start_as(APPLY, &[outside.trusted()]).finish();
    stage.same(ran.code, Some(0), "what is left to do");
    stage.same(super::promotion::answered(&stage), WEST.to_owned(), "the primary of the name");
    stage.check(!outside.is_open("/switch/us-east-1"), "the gate is closed again");
    stage.expect_nothing();
}

#[test]
fn a_gate_that_people_open_is_waited_for() {
    let stage = Stage::new(Folder::example(super::web::EXAMPLE));
    let outside = Outside::start(stage.folder.path());
    gated(&stage, &outside, "    opens = \"operator\"\n");
    stage.expect(APPLY, 0);
    stage.folder.edit(FILE, super::promotion::EAST_FIRST, super::promotion::WEST_FIRST);
    let mut running = stage.start_as(APPROVED, &[outside.trusted()]);
    running.until_said("dns_failover.web: Opening the gate");
    outside.set("/switch/us-east-1", true);
    running.until_said("dns_failover.web: Closing the gate");
    outside.set("/switch/us-east-1", false);
    stage.same(running.finish().code, Some(0), "the promotion");
    stage.check(outside.requests("PUT").is_empty(), "lifeboat turns nothing");
}

#[test]
fn a_promotion_that_is_given_up_takes_back_the_ttl_that_it_lowered() {
    let stage = Stage::new(Folder::example(super::web::EXAMPLE));
    stage.folder.edit(FILE, "ttl    = \"60s\"", super::web::LOWERED);
    add(&stage, &stops("fence"));
    stage.expect(APPLY, 0);
    stage.folder.edit(FILE, super::promotion::EAST_FIRST, super::promotion::WEST_FIRST);
    stage.expect(&["plan", "-input=false", "-out=promotion.plan"], 0);
    let shown = stage.expect(&["show", "-json", "promotion.plan"], 0).stdout;
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    let lowered = shown["promotion"]["lowered_ttl"].as_object().cloned().unwrap_or_default();
    let seconds: Vec<u64> = lowered.values().filter_map(serde_json::Value::as_u64).collect();
    stage.same(seconds, vec![1, 1], "which records are lowered");
    stage.folder.edit(FILE, super::promotion::WEST_FIRST, super::promotion::EAST_FIRST);
    let ran = stage.expect(&["promote", WEST, "-input=false", "-from-epoch=1"], 4);
    let address = "dns_failover.web.aws_route53_record[\"us-east-1\"] (ttl 1)";
    for text in ["resolvers are told to ask soon again", address, "wait ttl.web for 2 s"] {
        stage.check(ran.stdout.contains(text), format_args!("the plan says {text:?}"));
    }
    let aws = stage.bed.aws();
    stage.same(super::web::ttls(&aws), vec!["1".to_owned(); 2], "what resolvers are told");
    stage.check(!super::promotion::fenced(&stage, EAST, BUCKET), "writes go on meanwhile");
    stage.expect(&["promote", "-abort"], 0);
    stage.expect(APPLY, 0);
    stage.same(super::web::ttls(&aws), vec!["2".to_owned(); 2], "what they are told again");
    stage.expect_nothing();
}

#[test]
fn a_ttl_of_minutes_is_no_reason_not_to_begin_because_the_promotion_lowers_it_first() {
    let stage = Stage::new(Folder::example(super::web::EXAMPLE));
    stage.folder.edit(FILE, "ttl    = \"60s\"", "ttl    = \"5m\"");
    stage.expect(APPLY, 0);
    let preflight = stage.start_as(&["preflight", "-input=false"], &[]).finish();
    let told = "lowers that to 60 s first, and waits 300 s";
    stage.check(preflight.stdout.contains(told), &preflight.stdout);
    let mut running = stage.start_as(&["promote", WEST, "-input=false", "-from-epoch=1"], &[]);
    running.until_said("ttl.web: Waiting");
    let aws = stage.bed.aws();
    stage.same(super::web::ttls(&aws), vec!["60".to_owned(); 2], "what resolvers are told");
    // Nobody resolves the name here, so that nothing is lost without the five minutes.
    stage.expect(&["promote", "-skip=ttl.web", "-reason=a test"], 0);
    stage.same(running.finish().code, Some(0), "the promotion");
    stage.same(answered(&stage), WEST.to_owned(), "the primary of the name");
    stage.same(super::web::ttls(&aws), vec!["300".to_owned(); 2], "what they are told again");
    // Where nothing lowers it, it is one.
    stage.expect(APPLY, 0);
    stage.folder.edit(FILE, "ttl    = \"5m\"", "ttl    = \"5m\"\n  ttl_during = \"5m\"");
    let ran = stage.expect(&["promote", EAST, "-input=false", "-from-epoch=2"], 5);
    stage.check(ran.stderr.contains("preflight::dns_ttl"), &ran.stderr);
}

/// A hook that lets nothing come after it in its phase.
fn stops(phase: &str) -> String {
    format!(
        "hook \"stop\" {{\n  phase   = \"{phase}\"\n  when    = \"before\"\n  command = [\"false\"]\n}}\n"
    )
}

#[test]
fn a_promotion_is_given_up_before_the_claim_and_takes_back_what_it_did() {
    let stage = Stage::new(Folder::example(super::web::EXAMPLE));
    add(&stage, "hook \"stop\" {\n  phase   = \"fence\"\n  command = [\"false\"]\n}\n");
    stage.expect(APPLY, 0);
    let before = fs::read_to_string(stage.folder.path().join(FILE)).unwrap();
    stage.expect(&["promote", WEST, "-input=false", "-from-epoch=1"], 4);
    stage.check(super::promotion::fenced(&stage, EAST, BUCKET), "the primary takes no writes");
    // Nothing else is done while it is open, and another target is another promotion.
    let other = stage.expect(&["promote", EAST, "-input=false", "-from-epoch=1"], 5);
    stage.check(other.stderr.contains("Another promotion is open"), "one at a time");
    stage.expect(&["promote", "-abort"], 0);
    let after = fs::read_to_string(stage.folder.path().join(FILE)).unwrap();
    stage.same(after, before, "the files name the primary again");
    stage.expect(APPLY, 0);
    stage.check(!super::promotion::fenced(&stage, EAST, BUCKET), "it takes writes again");
    stage.check(super::promotion::fenced(&stage, WEST, COPY), "and the standby none");
    stage.expect_nothing();
}
