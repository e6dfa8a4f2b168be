//! Saved plans: applied once, and only to what they were made from.

use super::{Case, ONE, pair};

fn planned() -> Case {
    let case = Case::of(ONE);
    case.ok(&["plan", "-out=p.plan"]);
    case
}

#[test]
fn a_plan_is_applied_once() {
    let case = planned();
    case.run(&["apply", "p.plan"]).says(0, &["1 added"]);
    case.run(&["apply", "p.plan"]).says(1, &["plan::applied", "applied already"]);
    case.run(&["plan", "-detailed-exitcode"]).says(0, &["No changes"]);
}

#[test]
fn a_saved_plan_takes_no_options_that_decide_what_is_planned() {
    let case = planned();
    for option in ["-var=size=2", "-var-file=x.drvars.hcl"] {
        let texts = ["Can't set variables when applying a saved plan", "lifeboat plan"];
        case.run(&["apply", option, "p.plan"]).says(1, &texts);
    }
    let options = [
        "-target=terraform_data.web",
        "-exclude=terraform_data.web",
        "-exclude-region=us-east-1",
        "-replace=terraform_data.web",
        "-destroy",
        "-refresh-only",
        "-refresh=false",
        "-assume-down=us-east-1",
    ];
    for option in options {
        let name = option.split('=').next().unwrap();
        let texts = ["Can't set planning options when applying a saved plan", name];
        case.run(&["apply", option, "p.plan"]).says(1, &texts);
    }
    assert_eq!(case.ok(&["state", "list"]).stdout, "");
    let allowed = ["apply", "-parallelism=1", "-input=false", "-lock-timeout=1s", "p.plan"];
    case.run(&allowed).says(0, &["1 added"]);
}

#[test]
fn a_plan_overwrites_plans_only() {
    let case = planned().file("empty", "").file("notes.txt", "mine\n");
    for out in ["-out=p.plan", "-out=empty", "-out=/dev/null"] {
        case.ok(&["plan", out]).says(0, &["Saved the plan to"]);
    }
    let texts = ["The plan cannot be saved there", "main.dr.hcl exists and is no plan"];
    case.run(&["plan", "-out=main.dr.hcl"]).says(1, &texts);
    case.run(&["plan", "-out=notes.txt"]).says(1, &["notes.txt exists", "Name another file"]);
    case.run(&["plan", "-out=no/such/folder"]).says(1, &["The plan cannot be saved"]);
    assert_eq!(case.read("notes.txt"), b"mine\n");
    assert_eq!(case.read("main.dr.hcl"), ONE.as_bytes());
}

#[test]
fn a_saved_plan_says_itself_what_it_does() {
    let case = planned();
    case.ok(&["apply", "p.plan"]);
    case.ok(&["plan", "-destroy", "-out=gone.plan"]);
    let ran = case.run(&["apply", "gone.plan"]);
    ran.says(0, &["Destroy complete! Resources: 1 destroyed."]);
    assert!(!ran.stdout.contains("Apply complete"), "{ran:#?}");
    case.ok(&["plan", "-destroy", "-out=nothing.plan"]);
    let ran = case.run(&["apply", "-json", "nothing.plan"]);
    let last = ran.lines().pop().unwrap();
    assert_eq!(last["changes"]["operation"], "destroy", "{ran:#?}");
}

#[test]
fn a_plan_is_stale_after_another_apply() {
    let case = planned();
    case.ok(&["apply", "-auto-approve", "-var=size=2"]);
    case.run(&["apply", "p.plan"]).says(1, &["plan::stale", "Make the plan again"]);
    case.run(&["output", "size"]).says(0, &["2"]);
}

#[test]
fn a_plan_holds_for_the_files_it_was_made_from() {
    for change in [ONE.replace("default = 1", "default = 2"), format!("{ONE}\n")] {
        let case = planned();
        case.write("main.dr.hcl", change);
        case.run(&["apply", "p.plan"]).says(1, &["plan::other_files"]);
        case.ok(&["state", "list"]).says(0, &[]);
    }
    let case = planned();
    case.write("more.dr.hcl", "output \"more\" {\n  value = 1\n}\n");
    case.run(&["apply", "p.plan"]).says(1, &["plan::other_files"]);
}

#[test]
fn a_plan_is_not_applied_to_another_state() {
    let (one, other) = (Case::of(ONE), Case::of(ONE));
    for case in [&one, &other] {
        case.ok(&["apply", "-auto-approve"]);
    }
    one.ok(&["plan", "-out=p.plan", "-var=size=2"]);
    other.write("p.plan", one.read("p.plan"));
    other.run(&["apply", "p.plan"]).says(1, &[]);
    other.run(&["output", "size"]).says(0, &["1"]);
    // With the key of the first folder the plan can be read, and is still refused.
    other.write(".lifeboat/key", one.read(".lifeboat/key"));
    other.run(&["apply", "p.plan"]).says(1, &["plan::other_lineage"]);
    other.run(&["output", "size"]).says(0, &["1"]);
}

#[test]
fn a_damaged_plan_is_refused() {
    let case = planned();
    let whole = case.read("p.plan");
    for at in [0, 10, whole.len() / 3, whole.len() / 2, whole.len() - 2] {
        let mut flipped = whole.clone();
        flipped[at] ^= 1;
        case.write("p.plan", &flipped);
        case.run(&["apply", "p.plan"]).says(1, &["plan::no_plan_file"]);
        case.write("p.plan", &whole[..at]);
        case.run(&["apply", "p.plan"]).says(1, &["plan::no_plan_file"]);
        case.run(&["show", "p.plan"]).says(1, &["plan::no_plan_file"]);
    }
    case.write("p.plan", &whole);
    case.run(&["apply", "p.plan"]).says(0, &["1 added"]);
}

#[test]
fn a_plan_with_secrets_does_not_hold_them_in_the_clear() {
    let case = Case::of(
        "variable \"token\" {\n  sensitive = true\n}\nresource \"terraform_data\" \"web\" {\n  \
         input = var.token\n}\n",
    );
    let ran = case.ok(&["plan", "-out=p.plan", "-var=token=hunter2-hunter2"]);
    assert!(!ran.stdout.contains("hunter2"), "{ran:#?}");
    let held = |name: &str| String::from_utf8_lossy(&case.read(name)).contains("hunter2");
    assert!(!held("p.plan"));
    let shown = case.ok(&["show", "-json", "p.plan"]);
    assert!(!shown.stdout.contains("hunter2"), "{shown:#?}");
    case.ok(&["apply", "p.plan"]);
    for folder in ["generations", "journal", "plans"] {
        for entry in std::fs::read_dir(case.path(".lifeboat/state").join(folder)).unwrap() {
            let name = format!(".lifeboat/state/{folder}/{}", entry.unwrap().file_name().display());
            assert!(!held(&name), "{name}");
        }
    }
}

#[test]
fn a_file_that_is_no_plan_is_called_so() {
    let case = Case::of(ONE);
    for args in
        [&["apply", "main.dr.hcl"][..], &["show", "main.dr.hcl"], &["show", "-json", "main.dr.hcl"]]
    {
        case.run(args)
            .says(1, &["plan::no_plan_file", "This is not a plan file", "plan -out=FILE"]);
    }
}

/// A promotion with a hook before the claim and one after it.
const HOOKED: &str = r#"
topology "web" {
  strategy = "warm_standby"
  regions  = ["us-east-1", "us-west-2"]
  primary  = "us-east-1"
}
region "us-east-1" {}
region "us-west-2" {}
resource "terraform_data" "web" {
  input = region.us-west-2.name
}
hook "drain" {
  phase        = "fence"
  command      = ["true"]
  timeout      = "40s"
  needs_region = "us-east-1"
}
hook "tell" {
  phase      = "switch"
  command    = ["true"]
  timeout    = "7s"
  on_failure = "continue"
}
"#;

/// Of each step all that is known is told before anybody approves it, and by the saved plan, too.
#[test]
fn each_step_of_a_promotion_says_how_long_it_takes_and_what_becomes_of_it() {
    let case = Case::of(HOOKED);
    case.ok(&["apply", "-auto-approve"]);
    case.write(
        "main.dr.hcl",
        HOOKED.replace("primary  = \"us-east-1\"", "primary  = \"us-west-2\""),
    );
    case.ok(&["plan", "-out=plan"]).says(
        0,
        &[
            "---- no way back from here ----\n  claim ",
            "Expected        begins       takes  known by",
            "  fence             0 s        40 s  limit     hook hook.drain\n",
            "  claim            40 s         0 s            no way back once this begins\n",
            "  switch           40 s         7 s  limit     hook hook.tell\n",
            "Writes stop with the fence and resume when us-west-2 takes them:\n\
             from 0 s to 40 s after the approval, at most 40 s.\n\
             The traffic is there at most 47 s after the approval.\n",
        ],
    );
    let document = case.ok(&["show", "-json", "plan"]).json();
    let promotion = &document["promotion"];
    let steps = promotion["steps"].as_array().unwrap();
    let of = |about: &str| {
        let named = |step: &&serde_json::Value| step["about"][0] == about;
        steps.iter().find(named).unwrap_or_else(|| panic!("{about}: {promotion:#}"))
    };
    let (drain, tell) = (of("hook.drain"), of("hook.tell"));
    assert_eq!(drain["phase"], "fence");
    assert_eq!(
        (&drain["expected_seconds"], &drain["deadline_seconds"]),
        (&40.0.into(), &40.0.into())
    );
    assert_eq!(drain["known_by"], "limit");
    assert_eq!((&drain["reversible"], &tell["reversible"]), (&"by_hand".into(), &"no".into()));
    assert_eq!(drain["verified"], "exit code 0");
    assert_eq!(drain["graceful"]["if_it_fails"], "stop");
    assert_eq!(tell["graceful"]["if_it_fails"], "go_on");
    assert_eq!(
        (&drain["ungraceful"]["does"], &tell["ungraceful"]["does"]),
        (&"skip".into(), &"same".into())
    );
    assert_eq!(drain["needs"]["region"], "us-east-1");
    assert_eq!(drain["critical"], true);
    let timeline = &promotion["timeline"];
    assert_eq!(timeline["writes_stop_seconds"], 0.0);
    assert_eq!(timeline["writes_resume_seconds"], 40.0);
    assert_eq!(timeline["switched_seconds"], 47.0);
    let claim = steps.iter().find(|step| step["does"] == "claim").unwrap();
    assert_eq!(timeline["no_way_back_from"], claim["id"]);
    // Line by line it is the same.
    let lines = case.ok(&["plan", "-json"]).lines();
    let line = lines.iter().find(|line| line["type"] == "promotion").unwrap();
    assert_eq!(line["promotion"]["steps"], promotion["steps"]);
}

/// What a hook prints may be a secret: it is nowhere then, whether it ends well or not.
#[test]
fn what_a_hook_writes_is_kept_unless_the_files_say_otherwise() {
    for (keeps, ends) in [(true, 0), (false, 0), (false, 3)] {
        let case = Case::new();
        let files = |primary: &str| {
            let text =
                HOOKED.replace("primary  = \"us-east-1\"", &format!("primary  = {primary:?}"));
            let command =
                format!("command = [\"sh\", \"-c\", \"echo hunter2-hunter2; exit {ends}\"]");
            let kept = format!("{command}\n  keep_output = {keeps}");
            text.replace("command    = [\"true\"]", &kept)
        };
        case.write("main.dr.hcl", files("us-east-1"));
        case.ok(&["apply", "-auto-approve"]);
        case.write("main.dr.hcl", files("us-west-2"));
        let ran = case.ok(&["apply", "-promote=us-west-2", "-from-epoch=1"]);
        let report = case.ok(&["report", "-json"]);
        let mut all = format!("{}{}{}", ran.stdout, ran.stderr, report.stdout);
        for folder in ["generations", "journal"] {
            for file in std::fs::read_dir(case.path(".lifeboat/state").join(folder)).unwrap() {
                let path = file.unwrap().path();
                all.push_str(&String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()));
            }
        }
        // The plan has the command itself, which is no secret.
        let all = all.replace("echo hunter2-hunter2", "");
        assert_eq!(all.contains("hunter2-hunter2"), keeps, "keep_output = {keeps}: {all}");
    }
}

/// The files and what is live are as they were when it was planned, and the epoch is another.
#[test]
fn a_promotion_that_was_planned_in_an_older_epoch_is_refused() {
    let case = Case::of(&pair("resource \"terraform_data\" \"web\" {}\n"));
    case.ok(&["apply", "-auto-approve"]);
    case.ok(&["plan", "-standing=us-west-2", "-out=standing.plan"]);
    let files = case.read("main.dr.hcl");
    let text = String::from_utf8(files.clone()).unwrap();
    case.write("main.dr.hcl", text.replace("primary  = \"us-east-1\"", "primary  = \"us-west-2\""));
    case.ok(&["plan", "-out=saved.plan"]);
    case.write("main.dr.hcl", text);
    let promote = |region: &str, epoch: &str| {
        case.ok(&["promote", region, "-input=false", &format!("-from-epoch={epoch}")]);
    };
    promote("us-west-2", "1");
    promote("us-east-1", "2");
    assert_eq!(case.read("main.dr.hcl"), files, "all is as it was");
    let apply = |plan: &str, epoch: &str| {
        let epoch = format!("-from-epoch={epoch}");
        case.run(&["apply", "-input=false", "-promote=us-west-2", &epoch, plan])
    };
    for epoch in ["1", "3"] {
        let texts = ["plan::stale", "It leaves epoch 1, and the state is at epoch 3"];
        apply("standing.plan", epoch).says(1, &texts);
        apply("saved.plan", epoch).says(1, &["plan::stale", "(epoch 1)", "(epoch 3)"]);
    }
    case.run(&["status"]).says(0, &["primary us-east-1 (epoch 3)"]);
}
