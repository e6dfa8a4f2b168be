//! Promotions that approvers sign: with the keys that state has, over the text of this very plan.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use ssh_key::private::Ed25519Keypair;
use ssh_key::{HashAlg, LineEnding, PrivateKey, SshSig};

use super::{Case, ONE, TOPOLOGY};

/// A key of this name, always the same.
pub(crate) fn key(name: &str) -> PrivateKey {
    let mut seed = [0; 32];
    seed[..name.len()].copy_from_slice(name.as_bytes());
    let mut key = PrivateKey::from(Ed25519Keypair::from_seed(&seed));
    key.set_comment(name);
    key
}

/// The files, with this primary, of whose approvers so many must sign.
fn files(primary: &str, needed: u32, approvers: &[&str]) -> String {
    let lines = approvers.iter().map(|name| key(name).public_key().to_openssh().unwrap());
    let lines: Vec<String> = lines.collect();
    let primary = format!("primary  = \"{primary}\"\n  failover {{");
    let text = format!("{primary}\n    approvals = {needed}\n    approvers = {lines:?}\n  }}");
    TOPOLOGY.replace("primary  = \"us-east-1\"", &text)
}

const THREE: &[&str] = &["alice", "bob", "carol"];

/// Two of three must approve, and a plan is saved that makes us-west-2 the primary.
fn promoting() -> Case {
    let case = Case::of(&files("us-east-1", 2, THREE));
    case.ok(&["apply", "-auto-approve"]);
    case.write("main.dr.hcl", files("us-west-2", 2, THREE));
    case.ok(&["plan", "-out=plan"]);
    case
}

/// What is to be signed of the plan.
fn text(case: &Case, terms: &[&str]) -> String {
    let args = [&["show", "-approval"], terms, &["plan"]].concat();
    // As it is: what is signed may not have its ids replaced.
    Case::exactly(&mut case.command(&args)).stdout
}

/// Signs with the key of this name; the option that gives it.
fn sign_for(case: &Case, namespace: &str, name: &str, text: &str) -> String {
    case.write(&format!("{name}.sig"), signature(namespace, name, text));
    format!("-approval={name}.sig")
}

/// As `ssh-keygen -Y sign` writes it.
pub(crate) fn signature(namespace: &str, name: &str, text: &str) -> String {
    let signature = SshSig::sign(&key(name), namespace, HashAlg::Sha512, text.as_bytes()).unwrap();
    signature.to_pem(LineEnding::LF).unwrap()
}

fn sign(case: &Case, name: &str, text: &str) -> String {
    sign_for(case, "lifeboat", name, text)
}

/// Applies the plan with these options.
fn apply(case: &Case, options: &[&str]) -> super::case::Ran {
    case.run(&[&["apply", "-input=false", "-auto-approve"], options, &["plan"]].concat())
}

/// Nothing has become the primary instead.
fn stays(case: &Case) {
    case.run(&["status"]).says(0, &["primary us-east-1 (epoch 1)"]);
}

/// What the journals of all runs say.
fn journal(case: &Case) -> String {
    let folder = fs::read_dir(case.path(".lifeboat/state/journal")).unwrap();
    let texts = folder.map(|file| fs::read(file.unwrap().path()).unwrap());
    texts.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).collect()
}

const NAMED: &[&str] = &["-promote=us-west-2", "-from-epoch=1"];

#[test]
fn enough_signatures_of_approvers_promote_and_nothing_is_typed() {
    let case = promoting();
    let text = text(&case, &[]);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "lifeboat approval 1", "{text}");
    for line in ["topology main", "from us-east-1", "to us-west-2", "from-epoch 1", "mode graceful"]
    {
        assert!(lines.contains(&line), "{line} in {text}");
    }
    let (alice, carol) = (sign(&case, "alice", &text), sign(&case, "carol", &text));
    let told = ["us-west-2 is the primary, in epoch 2", "Approved by alice, carol."];
    apply(&case, &[&alice, &carol]).says(0, &told);
    case.run(&["status"]).says(0, &["primary us-west-2 (epoch 2)", "2 of 3 (alice, bob, carol)"]);
    // Once.
    apply(&case, &[&alice, &carol]).says(1, &["plan::applied"]);
}

/// A standing plan is signed ahead; the state goes on before its day.
#[test]
fn a_standing_plan_is_approved_by_signatures_of_before() {
    let case = Case::of(&files("us-east-1", 2, THREE));
    case.ok(&["apply", "-auto-approve"]);
    case.ok(&["plan", "-standing=us-west-2", "-out=plan"]);
    let text = text(&case, &[]);
    let (alice, carol) = (sign(&case, "alice", &text), sign(&case, "carol", &text));
    // Another serial: what is applied on the day is not the bytes that were signed.
    case.ok(&["state", "restore", "1"]);
    case.ok(&["plan", "-check-standing=plan"]);
    apply(&case, &[&alice]).says(5, &["bob"]);
    apply(&case, &[&alice, &carol]).says(0, &["Approved by alice, carol."]);
    case.run(&["status"]).says(0, &["primary us-west-2 (epoch 2)"]);
}

#[test]
fn too_few_signatures_promote_nothing_whoever_is_named() {
    let case = promoting();
    let how = [
        "2 of 3 approvers must sign it (alice, bob, carol). Nobody has.",
        "lifeboat show -approval plan > approval.txt",
        "ssh-keygen -Y sign -n lifeboat -f KEY approval.txt",
        "-break-glass -reason=TEXT",
    ];
    apply(&case, &[]).says(5, &how);
    apply(&case, NAMED).says(5, &how);
    let text = text(&case, &[]);
    let alice = sign(&case, "alice", &text);
    apply(&case, &[&alice]).says(5, &["1 has."]);
    apply(&case, &[&alice, &alice]).says(5, &["1 of them made the 2 signatures"]);
    stays(&case);
}

#[test]
fn a_signature_of_anything_else_or_by_anybody_else_is_refused() {
    let case = promoting();
    let mine = text(&case, &[]);
    let refused = |options: &[&str], why: &str| {
        apply(&case, options).says(5, &["The approval does not hold", why]);
    };
    let bob = sign(&case, "bob", &mine);
    refused(&[&bob, &sign(&case, "mallory", &mine)], "no approver's");
    refused(
        &[&bob, &sign_for(&case, "git", "alice", &mine)],
        "for \"git\" and not for \"lifeboat\"",
    );
    case.write("alice.sig", "no signature");
    refused(&[&bob, "-approval=alice.sig"], "no signature as");
    refused(&[&bob, "-approval=absent.sig"], "absent.sig: No such file");
    // Of another plan of the same files.
    case.ok(&["plan", "-out=other"]);
    let args = ["show", "-approval", "other"];
    let other = Case::exactly(&mut case.command(&args)).stdout;
    assert_ne!(mine, other);
    refused(&[&bob, &sign(&case, "alice", &other)], "it is by alice, but not over this text");
    // Of this plan under other conditions.
    let alice = sign(&case, "alice", &text(&case, &["-accept-loss=5m"]));
    refused(&[&bob, &alice], "not over this text");
    let loss = "-accept-loss=300s";
    refused(&[&bob, &alice, loss], "it is by bob, but not over this text");
    stays(&case);
    let bob = sign(&case, "bob", &text(&case, &[loss]));
    apply(&case, &[&bob, &alice, loss]).says(0, &["us-west-2 is the primary"]);
}

#[test]
fn files_that_ask_for_a_promotion_do_not_say_who_approves_it() {
    let case = Case::of(&files("us-east-1", 1, &["alice"]));
    case.run(&["plan", "-detailed-exitcode"]).says(2, &["Approvers: +alice (1 of 1 needed)"]);
    case.ok(&["apply", "-auto-approve"]);
    case.run(&["plan", "-detailed-exitcode"]).says(0, &["No changes"]);
    case.write("main.dr.hcl", files("us-west-2", 1, &["mallory"]));
    let ran = case.run(&["plan", "-out=plan"]);
    ran.says(0, &["1 approver signs that us-west-2 takes over"]);
    assert!(!ran.stdout.contains("mallory"), "{ran:#?}");
    let mallory = sign(&case, "mallory", &text(&case, &[]));
    let told = ["no approver's", "whom the last apply bound: alice."];
    apply(&case, &[&mallory]).says(5, &told);
    let alice = sign(&case, "alice", &text(&case, &[]));
    apply(&case, &[&alice]).says(0, &["us-west-2 is the primary"]);
    case.run(&["status", "-json"]).says(0, &["\"approvals\"", "\"name\": \"alice\""]);
    // They are bound by the apply after it, as a change that is told.
    let ran = case.run(&["plan", "-detailed-exitcode", "-out=next"]);
    ran.says(2, &["Approvers: +mallory -alice (1 of 1 needed)"]);
    case.run(&["show", "next"]).says(0, &["Approvers: +mallory -alice"]);
    let json = case.run(&["show", "-json", "next"]).json();
    assert_eq!(json["approvers"]["after"]["approvers"][0]["name"], "mallory");
    assert_eq!(json["approvers"]["before"]["needed"], 1);
    case.run(&["show", "-format=markdown", "next"]).says(0, &["who may approve", "+mallory"]);
    let lines = case.run(&["plan", "-json"]).lines();
    assert!(lines.iter().any(|line| line["type"] == "approvers_change"), "{lines:?}");
    case.ok(&["apply", "next"]);
    case.run(&["status"]).says(0, &["1 of 1 (mallory)"]);
    case.write("main.dr.hcl", TOPOLOGY.replace("\"us-east-1\"\n}", "\"us-west-2\"\n}"));
    case.run(&["apply", "-auto-approve"])
        .says(0, &["Approvers: -mallory (none needed, was 1 of 1)"]);
    assert!(!case.ok(&["status"]).stdout.contains("mallory"));
}

#[test]
fn an_approval_ends_when_it_says_and_never_after_its_plan() {
    let case = promoting();
    let early = "-approval-expires=2026-01-01T00:00:00Z";
    let expired = text(&case, &[early]);
    assert!(expired.ends_with("expires 2026-01-01T00:00:00Z\n"), "{expired}");
    let (alice, bob) = (sign(&case, "alice", &expired), sign(&case, "bob", &expired));
    let told = ["The approval does not hold", "It could be used until"];
    apply(&case, &[&alice, &bob, early]).says(5, &told);
    // Who says another time says something that nobody signed.
    apply(&case, &[&alice, &bob]).says(5, &["not over this text"]);
    stays(&case);
    let late = ["show", "-approval", "-approval-expires=2999-01-01T00:00:00Z", "plan"];
    case.run(&late).says(1, &["There is nothing to sign", "The plan expires at"]);
}

#[test]
fn break_glass_replaces_approvers_with_a_reason_and_is_told() {
    let case = promoting();
    let hook = "hook \"page\" {\n  phase   = \"approve\"\n  command = \
                [\"sh\", \"-c\", \"echo $LIFEBOAT_BREAK_GLASS > told\"]\n}\n";
    case.write("main.dr.hcl", files("us-west-2", 2, THREE) + hook);
    case.ok(&["plan", "-out=plan"]);
    apply(&case, &["-break-glass"]).says(1, &["-reason"]);
    apply(&case, &["-reason=alone"]).says(1, &["-reason"]);
    let glass = ["-break-glass", "-reason=nobody answers the phone"];
    // It replaces the approvers, not the name of the region.
    apply(&case, &glass).says(5, &["-promote=us-west-2 -from-epoch=1"]);
    stays(&case);
    let told =
        ["promotion::break_glass", "and 0 did", "nobody answers the phone", "LIFEBOAT_BREAK_GLASS"];
    apply(&case, &[&glass[..], NAMED].concat()).says(0, &told);
    let heard = String::from_utf8(case.read("told")).unwrap();
    assert_eq!(heard.trim(), "nobody answers the phone", "what the hook was told");
    let kept = journal(&case);
    assert!(kept.contains("break_glass") && kept.contains("nobody answers the phone"), "{kept}");
}

#[test]
fn who_approved_is_kept() {
    let case = promoting();
    let text = text(&case, &[]);
    let (alice, carol) = (sign(&case, "alice", &text), sign(&case, "carol", &text));
    apply(&case, &[&alice, &carol]).says(0, &["Approved by"]);
    let kept = journal(&case);
    for name in ["alice", "carol"] {
        let fingerprint = key(name).fingerprint(HashAlg::Sha256).to_string();
        assert!(kept.contains(&fingerprint), "{name}: {kept}");
    }
    assert!(!kept.contains("break_glass"), "{kept}");
}

#[test]
fn without_a_saved_plan_it_is_told_how_there_is_one_and_a_way_back_can_be_signed() {
    let case = promoting();
    let text_of = |case: &Case| text(case, &[]);
    let refused = case.run(&[&["apply", "-input=false"], NAMED].concat());
    refused.says(5, &["what they sign is a saved plan", "-from-epoch=1 -out=PLAN"]);
    let refused = case.run(&["apply", "-input=false", "-approval=alice.sig"]);
    refused.says(5, &["What is signed is a saved plan"]);
    let first = text_of(&case);
    let (alice, bob) = (sign(&case, "alice", &first), sign(&case, "bob", &first));
    apply(&case, &[&alice, &bob]).says(0, &["us-west-2 is the primary"]);
    case.run(&["promote", "us-east-1", "-input=false", "-from-epoch=2"]).says(5, &["saved plan"]);
    // The way back has files of before, so that the plan names the epoch.
    case.write("main.dr.hcl", files("us-east-1", 2, THREE));
    case.run(&["plan", "-out=plan"]).says(5, &["promotion::stale_files"]);
    case.ok(&["plan", "-promote=us-east-1", "-from-epoch=2", "-out=plan"]);
    let second = text_of(&case);
    let (alice, bob) = (sign(&case, "alice", &second), sign(&case, "bob", &second));
    apply(&case, &[&alice, &bob]).says(0, &["us-east-1 is the primary, in epoch 3"]);
}

#[test]
fn only_a_promotion_that_needs_signatures_has_something_to_sign() {
    let case = Case::of(TOPOLOGY).file("one.dr.hcl", ONE);
    case.ok(&["plan", "-out=plan"]);
    case.run(&["show", "-approval", "plan"]).says(1, &["no other region the primary"]);
    case.run(&["show", "-approval"]).says(1, &["PLAN"]);
    case.ok(&["apply", "plan"]);
    case.write("main.dr.hcl", TOPOLOGY.replace("\"us-east-1\"\n}", "\"us-west-2\"\n}"));
    case.ok(&["plan", "-out=plan"]);
    case.run(&["show", "-approval", "plan"]).says(1, &["No approvers were bound"]);
    case.write("alice.sig", "whatever");
    apply(&case, &[&["-approval=alice.sig"], NAMED].concat()).says(5, &["No approvers were bound"]);
    let ordinary = ["apply", "-auto-approve", "-var=size=2", "-approval=alice.sig"];
    case.write("main.dr.hcl", TOPOLOGY);
    case.run(&ordinary).says(1, &["-approval has no place here"]);
}

#[test]
fn what_approvers_attest_is_signed_and_asked_of_nobody_else() {
    let case = promoting();
    case.ok(&["plan", "-out=p.plan"]);
    // As if the region that is left did not answer.
    let fence = "bucket.exports.aws_s3_bucket_policy[\"us-east-1\"]";
    super::stored::plan(&case, |plan| {
        plan["promotion"]["owed"] = serde_json::json!([fence]);
        plan["promotion"]["attest"] = serde_json::json!(["us-east-1"]);
    });
    let show = ["show", "-approval", "p.plan"];
    case.run(&show).says(1, &["must attest", "-attest=us-east-1 -accept-loss=unknown"]);
    let other = ["show", "-approval", "-attest=us-west-2", "p.plan"];
    case.run(&other).says(1, &["-attest names us-west-2"]);
    let text = |terms: &[&str]| {
        let args = [&["show", "-approval"], terms, &["p.plan"]].concat();
        Case::exactly(&mut case.command(&args)).stdout
    };
    let apply =
        |options: &[&str]| case.run(&[&["apply", "-input=false"], options, &["p.plan"]].concat());
    let attest = "-attest=us-east-1";
    let signed = text(&[attest]);
    assert!(signed.contains("mode ungraceful\n") && signed.contains("attested us-east-1\n"));
    let both = [sign(&case, "alice", &signed), sign(&case, "bob", &signed)];
    let both = [both[0].as_str(), both[1].as_str()];
    let known = [attest, "-reason=the status page"];
    apply(&both).says(5, &["approvers must attest"]);
    apply(&[&both[..], &known].concat()).says(5, &["-accept-loss=unknown"]);
    let loss = "-accept-loss=unknown";
    apply(&[&both[..], &known, &[loss]].concat()).says(5, &["not over this text"]);
    stays(&case);
    let signed = text(&[attest, loss]);
    let both = [sign(&case, "alice", &signed), sign(&case, "bob", &signed)];
    let both = [both[0].as_str(), both[1].as_str()];
    apply(&[&both[..], &known, &[loss]].concat()).says(0, &["us-west-2 is the primary"]);
    let kept = journal(&case);
    for text in ["attested", "the status page", "accepted_loss", "signers"] {
        assert!(kept.contains(text), "{text}: {kept}");
    }
    case.run(&["status"]).says(0, &["Owed by us-east-1", fence]);
}

#[test]
fn a_plan_of_a_promotion_that_is_named_is_of_that_one() {
    let case = promoting();
    let plan = |region: &str, epoch: &str| case.run(&["plan", region, epoch]);
    plan("-promote=us-west-2", "-from-epoch=1").says(0, &["us-east-1 -> us-west-2"]);
    let other = ["The plan is not of the promotion that is named", "name us-west-2"];
    plan("-promote=us-east-1", "-from-epoch=1").says(1, &other);
    plan("-promote=us-west-2", "-from-epoch=7").says(1, &["at epoch 1, and not at 7"]);
}

/// Runs ssh-keygen in the folder; nothing where the machine has none.
fn ssh_keygen(case: &Case, args: &[&str]) -> Option<String> {
    let mut command = Command::new("ssh-keygen");
    command.args(args).current_dir(case.path(".")).stdin(Stdio::null());
    let output = command.output().ok()?;
    assert!(output.status.success(), "{args:?}: {output:?}");
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn ssh_keygen_makes_the_key_and_the_signature() {
    let case = Case::new();
    for (kind, name) in [("ed25519", "alice"), ("ecdsa", "bob")] {
        let args = ["-q", "-t", kind, "-N", "", "-C", name, "-f", name];
        if ssh_keygen(&case, &args).is_none() {
            let said =
                "ssh-keygen is missing: its signatures are those in src/approval/tests.rs only\n";
            // Whoever closed standard error does not want it.
            std::io::stderr().lock().write_all(said.as_bytes()).ok();
            return;
        }
    }
    let public = |name: &str| String::from_utf8(case.read(&format!("{name}.pub"))).unwrap();
    let lines = [public("alice").trim().to_owned(), public("bob").trim().to_owned()];
    let files = |primary: &str| {
        let text = format!(
            "primary = \"{primary}\"\n failover {{\n approvals = 2\n approvers = {lines:?}\n }}"
        );
        TOPOLOGY.replace("primary  = \"us-east-1\"", &text)
    };
    case.write("main.dr.hcl", files("us-east-1"));
    case.ok(&["apply", "-auto-approve"]);
    case.write("main.dr.hcl", files("us-west-2"));
    case.ok(&["plan", "-out=plan"]);
    let text = text(&case, &[]);
    for name in ["alice", "bob"] {
        let file = format!("{name}.txt");
        case.write(&file, &text);
        ssh_keygen(&case, &["-q", "-Y", "sign", "-n", "lifeboat", "-f", name, &file]);
    }
    let ran = apply(&case, &["-approval=alice.txt.sig", "-approval=bob.txt.sig"]);
    ran.says(0, &["us-west-2 is the primary, in epoch 2"]);
}
