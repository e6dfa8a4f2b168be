//! `state pull`, `check`, `history` and `diff`: what is kept, and whether it is whole.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::{Case, ONE, stored};

const GENERATIONS: &str = ".lifeboat/state/generations";

const WITH_SECRET: &str = r#"
variable "secret" {
  sensitive = true
  default   = "hunter2-hunter2"
}
variable "size" {
  default = 1
}
resource "terraform_data" "web" {
  input = { size = var.size, password = var.secret }
}
output "secret" {
  value     = var.secret
  sensitive = true
}
"#;

/// Three generations.
fn grown(files: &str) -> Case {
    let case = Case::of(files);
    for size in ["-var=size=1", "-var=size=2", "-var=size=3"] {
        case.ok(&["apply", "-auto-approve", size]);
    }
    case
}

fn generation(serial: u64) -> String {
    format!("{GENERATIONS}/{serial:020}")
}

#[test]
fn no_secret_is_printed() {
    let case = grown(WITH_SECRET);
    case.ok(&["apply", "-auto-approve", "-var=size=3", "-var=secret=hunter3-hunter3"]);
    let looks: [&[&str]; 10] = [
        &["state", "pull"],
        &["state", "pull", "-serial=1"],
        &["state", "diff"],
        &["state", "diff", "-json"],
        &["state", "diff", "1", "2"],
        &["state", "diff", "1", "2", "-json"],
        &["state", "history"],
        &["state", "history", "-json"],
        &["state", "check"],
        &["state", "check", "-json"],
    ];
    for args in looks {
        let ran = case.ok(args);
        let all = format!("{}{}", ran.stdout, ran.stderr);
        assert!(!all.contains("hunter") && !all.contains("sealed\":\""), "{args:?}: {ran:#?}");
    }
    // That one differs is told.
    let ran = case.ok(&["state", "diff"]);
    ran.says(0, &["~ password = (sensitive value)", "~ secret = (sensitive value)"]);
    let pulled = case.ok(&["state", "pull"]).json();
    let web = &pulled["resources"][0]["instances"][0];
    assert!(web["attributes"]["input"]["password"].is_null(), "{web:#}");
    assert_eq!(web["sensitive_attributes"][0][1]["value"], "password", "{web:#}");
    let secret = &pulled["outputs"]["secret"];
    assert!(secret["value"].is_null() && secret["sensitive"] == true, "{secret:#}");
}

#[test]
fn what_is_pulled_has_the_shape_of_a_state_file() {
    let case = grown(ONE);
    let pulled = case.ok(&["state", "pull"]).json();
    assert_eq!((&pulled["version"], &pulled["serial"]), (&4.into(), &3.into()));
    assert_eq!(pulled["terraform_version"], "1.11.4");
    let web = &pulled["resources"][0];
    let names = [&web["mode"], &web["type"], &web["name"]].map(|it| it.as_str().unwrap());
    assert_eq!(names, ["managed", "terraform_data", "web"]);
    assert_eq!(web["provider"], "provider[\"terraform.io/builtin/terraform\"]");
    assert_eq!(web["instances"][0]["attributes"]["input"], 3);
    let first = case.ok(&["state", "pull", "-serial=1"]).json();
    assert_eq!(first["resources"][0]["instances"][0]["attributes"]["input"], 1);
    assert_eq!(first["lineage"], pulled["lineage"]);
    case.run(&["state", "pull", "-serial=9"])
        .says(1, &["state::no_generation", "These are kept: 1, 2, 3."]);
}

#[test]
fn a_move_and_a_restore_are_told_in_history_and_diff() {
    let case = grown(ONE);
    case.ok(&["state", "mv", "terraform_data.web", "terraform_data.site"]);
    case.ok(&["state", "rm", "terraform_data.site"]);
    case.ok(&["state", "restore", "2"]);
    let history = case.ok(&["state", "history", "-json"]).json();
    let all = history["generations"].as_array().unwrap();
    let told: Vec<String> = all
        .iter()
        .map(|it| {
            let changes = &it["changes"];
            let count = |name: &str| changes[name].as_u64().unwrap();
            let counts =
                ["added", "changed", "removed", "moved"].map(|name| count(name).to_string());
            format!("{} {}", it["command"].as_str().unwrap(), counts.join(" "))
        })
        .collect();
    let expected = [
        "state restore 1 0 0 0",
        "state rm 0 0 1 0",
        "state mv 0 0 0 1",
        "apply 0 1 0 0",
        "apply 0 1 0 0",
        "apply 1 0 0 0",
    ];
    assert_eq!(told, expected);
    assert_eq!((&all[0]["restored"], &all[0]["by"]), (&2.into(), &"tester@host".into()));
    for entry in all {
        assert!(entry["time"].is_string() && entry["bytes"].as_u64().unwrap() > 300, "{entry:#}");
        assert!(entry["run"].is_string() != entry["by"].is_string(), "{entry:#}");
    }
    let moved = case.ok(&["state", "diff", "3", "4"]);
    moved.says(0, &["terraform_data.web was moved to terraform_data.site", "0 removed, 1 moved"]);
    let json = case.ok(&["state", "diff", "3", "4", "-json"]).json();
    let change = &json["resource_changes"][0];
    assert_eq!(change["previous_address"], "terraform_data.web", "{change:#}");
    // Against the newest, and the newest against the one before.
    case.ok(&["state", "diff", "2"]).says(0, &["Generation 2 -> 6:", "No differences."]);
    case.ok(&["state", "diff"]).says(0, &["Generation 5 -> 6:", "terraform_data.web was added"]);
    case.ok(&["state", "diff", "-compact"]).says(0, &["was added\n\nObjects: 1 added"]);
}

#[test]
fn history_needs_no_key() {
    let case = grown(WITH_SECRET);
    fs::remove_file(case.path(".lifeboat/key")).unwrap();
    let history = case.ok(&["state", "history"]);
    history.says(0, &["apply, run ", "1 (+0 ~1 -0)", "1 (+1 ~0 -0)"]);
}

#[test]
fn two_generations_must_be_there_to_be_compared() {
    let case = Case::of(ONE);
    let none = ["state::nothing_to_compare", "There is no state yet"];
    case.run(&["state", "diff"]).says(1, &none);
    case.ok(&["apply", "-auto-approve"]);
    let oldest = ["state::nothing_to_compare", "Generation 1 is the oldest"];
    case.run(&["state", "diff"]).says(1, &oldest);
    case.run(&["state", "diff", "7"]).says(1, &["state::no_generation", "kept: 1."]);
    case.run(&["state", "diff", "one"]).says(1, &["it is not a whole number such as 1"]);
}

#[test]
fn damage_of_the_newest_generation_is_told_with_its_cure() {
    let case = grown(ONE);
    case.ok(&["state", "check"]).says(0, &["Generations: 3\n", "All is well."]);
    let whole = case.read(&generation(3));
    for length in [0, 40, whole.len() - 1] {
        case.write(&generation(3), &whole[..length]);
        let cure = ["3 damaged: ", "1 problem found.", "    lifeboat state restore 2\n"];
        let ran = case.run(&["state", "check"]);
        ran.says(1, &cure).says(1, &["state::damaged", "Generation 3 of the state"]);
        let json = case.run(&["state", "check", "-json"]).json();
        assert_eq!((&json["whole"], &json["good"]), (&false.into(), &2.into()));
        assert_eq!(json["restore"], "lifeboat state restore 2");
        assert_eq!(json["diagnostics"][0]["code"], "state::damaged");
    }
    case.ok(&["state", "restore", "2"]);
    // What was overruled is read by nothing any more.
    let ran = case.ok(&["state", "check"]);
    ran.says(0, &["3 overruled: by generation 4", "All is well. The state is generation 4."]);
    fs::remove_file(case.path(&generation(4))).unwrap();
    case.run(&["state", "check"]).says(1, &["4 damaged: it is gone", "state restore 2"]);
}

#[test]
fn damage_of_an_older_generation_is_told_and_stops_nothing() {
    let case = grown(ONE);
    let mut bytes = case.read(&generation(1));
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    case.write(&generation(1), bytes);
    let told = ["1 damaged: its checksum", "The state is generation 3, which is whole."];
    let ran = case.run(&["state", "check"]);
    ran.says(1, &told).says(1, &["state::generation_damaged", "Generation 1"]);
    assert!(!ran.stdout.contains("restore"), "{ran:#?}");
    case.ok(&["plan", "-var=size=3"]);
    let history = case.ok(&["state", "history"]);
    history.says(0, &["Generation 1: its checksum does not match its content."]);
    // The counts of the next one are not known.
    assert_eq!(history.stdout.lines().nth(2).unwrap().matches('+').count(), 0, "{history:#?}");
}

#[test]
fn damage_of_lock_journals_key_and_plans_is_told() {
    let lock = ".lifeboat/state/lock";
    let case = grown(WITH_SECRET);
    let whole = case.read(lock);
    case.write(lock, "gone wrong");
    let ran = case.run(&["state", "check"]);
    ran.says(1, &["Lock: damaged", "state::lock_damaged", "lifeboat force-unlock"]);
    fs::remove_file(case.path(lock)).unwrap();
    case.run(&["state", "check"]).says(1, &["Lock: gone", "state::lock_gone"]);
    case.write(lock, whole);

    let name = stored::journal_name(&case);
    let journal = case.read(&name);
    let mut damaged = journal.clone();
    damaged[200] ^= 1;
    case.write(&name, damaged);
    case.run(&["state", "check"]).says(1, &["damaged: ", "state::journal_damaged", "at frame 0"]);
    case.write(&name, journal);

    let plans = ".lifeboat/state/plans";
    let plan = fs::read_dir(case.path(plans)).unwrap().next().unwrap().unwrap().path();
    let record = fs::read(&plan).unwrap();
    fs::write(&plan, "???").unwrap();
    let told = ["state::plan_record", "does not name its run"];
    case.run(&["state", "check"]).says(1, &told);
    fs::remove_file(&plan).unwrap();
    case.run(&["state", "check"]).says(1, &["state::plan_record", "is not recorded"]);
    fs::write(&plan, record).unwrap();

    let key = ".lifeboat/key";
    let right = case.read(key);
    let other = Case::of(ONE);
    other.ok(&["apply", "-auto-approve"]);
    fs::remove_file(case.path(key)).unwrap();
    let gone = ["Key: missing", "state::key", "Values of 3 generations are sealed"];
    case.run(&["state", "check"]).says(1, &gone);
    for wrong in [other.read(key), b"no key".to_vec()] {
        case.write(key, wrong);
        case.run(&["state", "check"]).says(1, &["Key: ", "state::key", "Put .lifeboat/key back"]);
    }
    case.write(key, right);
    fs::set_permissions(case.path(key), fs::Permissions::from_mode(0o644)).unwrap();
    let exposed = case.ok(&["state", "check"]);
    exposed.says(0, &["state::key_exposed", "chmod 600"]);
}

#[test]
fn a_record_that_cannot_be_read_is_damage() {
    let case = grown(ONE);
    stored::generation(&case, 3, |text| text.replace(r#"["object""#, r#"["objects""#));
    case.run(&["state", "check"]).says(1, &["state::unreadable", "terraform_data.web"]);
}
