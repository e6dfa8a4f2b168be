//! `examples/pilot-light-compute`: objects of ours beside volumes, machines and groups of others.

use std::collections::BTreeMap;

use lifeboat_testbed::{Fault, Rule};

use super::folder::Folder;
use super::stage::{APPLY, PLAN, Stage};
use super::web::{EAST, WEST, destroyed};

pub(super) const EXAMPLE: &str = "pilot-light-compute";
const FILE: &str = "main.dr.hcl";
const GROUP: &str = "web";

/// A stage with the example's files, and what others have made on its servers: a volume with
/// orders, a machine that runs, and a group of one to four instances, two at the moment.
pub(super) fn stage() -> Stage {
    let stage = Stage::new(Folder::example(EXAMPLE));
    let aws = stage.bed.aws();
    let tag = |region: &str, id: &str, [key, value]: [&str; 2]| {
        let pairs = [("ResourceId.1", id), ("Tag.1.Key", key), ("Tag.1.Value", value)];
        aws.query("ec2", region, "CreateTags", &pairs).unwrap().ok().unwrap();
    };
    tag(EAST, &aws.create_volume(EAST).unwrap(), ["data", "orders"]);
    tag(WEST, &aws.run_instance(WEST).unwrap(), ["role", "orders-database"]);
    aws.create_group(WEST, GROUP).unwrap();
    stage
}

/// What others have made, as it is.
#[derive(Debug, PartialEq)]
pub(super) struct Others {
    pub(super) machine: String,
    pub(super) running: bool,
    /// The group's least, desired and largest number of instances.
    pub(super) sizes: [u32; 3],
    pub(super) suspended: Vec<String>,
}

pub(super) fn others(stage: &Stage) -> Others {
    let aws = stage.bed.aws();
    let role = [("Filter.1.Name", "tag:role"), ("Filter.1.Value.1", "orders-database")];
    let machine = aws.query("ec2", WEST, "DescribeInstances", &role).unwrap().ok().unwrap();
    let group = aws.query("autoscaling", WEST, "DescribeAutoScalingGroups", &[]);
    let group = group.unwrap().ok().unwrap();
    let size = |name| group.texts(name)[0].parse().unwrap();
    Others {
        machine: machine.texts("instanceId").remove(0),
        running: machine.texts("instanceState")[0].contains("running"),
        sizes: ["MinSize", "DesiredCapacity", "MaxSize"].map(size),
        suspended: group.texts("ProcessName"),
    }
}

/// How many objects of each sort are on the servers.
fn counted(stage: &Stage) -> BTreeMap<String, usize> {
    let mut counted = BTreeMap::new();
    for line in stage.left() {
        let sort = line.rsplit_once(' ').map_or(&*line, |(sort, _)| sort).to_owned();
        *counted.entry(sort).or_default() += 1;
    }
    counted
}

/// A call of EC2 behind the program's back.
fn ec2(stage: &Stage, region: &str, action: &str, pairs: &[(&str, &str)]) {
    stage.bed.aws().query("ec2", region, action, pairs).unwrap().ok().unwrap();
}

/// The machine is stopped, the group made smaller, and a port opened.
fn changed_by_others(stage: &Stage, machine: &str) {
    stage.note("others change it");
    ec2(stage, WEST, "StopInstances", &[("InstanceId.1", machine)]);
    let sizes = [("AutoScalingGroupName", GROUP), ("MinSize", "1")];
    let resized = stage.bed.aws().query("autoscaling", WEST, "UpdateAutoScalingGroup", &sizes);
    resized.unwrap().ok().unwrap();
    let rule = [
        ("GroupName", "orders-standby"),
        ("IpPermissions.1.IpProtocol", "tcp"),
        ("IpPermissions.1.FromPort", "22"),
        ("IpPermissions.1.ToPort", "22"),
        ("IpPermissions.1.IpRanges.1.CidrIp", "0.0.0.0/0"),
    ];
    ec2(stage, WEST, "AuthorizeSecurityGroupIngress", &rule);
}

#[test]
fn compute_is_applied_changed_repaired_and_let_go() {
    let stage = stage();
    let before = others(&stage);
    stage.expect(PLAN, 2);
    stage.expect(APPLY, 0);
    stage.expect_nothing();
    let ours = BTreeMap::from([("snapshot".to_owned(), 2), ("security group".to_owned(), 1)]);
    stage.same(counted(&stage), ours, "a snapshot, its copy and a group");
    let machine = before.machine.clone();
    let asleep = Others {
        machine: machine.clone(),
        running: false,
        sizes: [0, 0, 4],
        suspended: Vec::new(),
    };
    stage.same(others(&stage), asleep, "the standby sleeps");

    stage.note("the pilot light is lit");
    stage.folder.edit(FILE, "state       = \"stopped\"", "state       = \"running\"");
    stage.folder.edit(FILE, "default = 0", "default = 2");
    stage.folder.edit(FILE, "to_port     = 443", "to_port     = 8443");
    stage.folder.edit(
        FILE,
        "  name             = \"web\"",
        "  name             = \"web\"\n  suspended_processes = [\"AZRebalance\"]",
    );
    let plan = stage.expect(PLAN, 2);
    let updates = plan.changes("planned_change").iter().filter(|(a, _)| a == "update").count();
    stage.same((updates, plan.mutating()), (3, 0), "nothing is replaced");
    stage.expect(APPLY, 0);
    stage.expect_nothing();
    let awake = || Others {
        machine: machine.clone(),
        running: true,
        sizes: [2, 2, 4],
        suspended: vec!["AZRebalance".to_owned()],
    };
    stage.same(others(&stage), awake(), "the standby is awake");

    changed_by_others(&stage, &machine);
    let drift = stage.expect(&["drift", "-json"], 2);
    let mut drifted: Vec<String> =
        drift.changes("resource_drift").into_iter().map(|(_, address)| address).collect();
    drifted.sort();
    let state = format!("aws_ec2_instance_state.database[\"{machine}\"]");
    let should = ["aws_autoscaling_group.web", &state, "aws_security_group.standby"];
    stage.same(drifted, should.map(str::to_owned).to_vec(), "exactly what was changed");
    stage.same(drift.mutating(), 0, "drift writes nothing");
    stage.expect(APPLY, 0);
    stage.expect_nothing();
    stage.same(others(&stage), awake(), "it is awake again");

    let calls = stage.ledger().total();
    destroyed(&stage);
    stage.same(others(&stage), awake(), "what is somebody else's is let go as it is");
    let touched =
        ["StopInstances", "TerminateInstances", "DeleteAutoScalingGroup", "UpdateAutoScalingGroup"];
    let touched = stage
        .ledger()
        .entries()
        .into_iter()
        .skip(calls)
        .filter(|call| touched.contains(&&*call.operation));
    stage.same(touched.count(), 0, "no call touches it");
    stage.same(stage.expect(&["state", "list"], 0).stdout, String::new(), "state is empty");
}

#[test]
fn what_is_to_be_operated_and_is_missing_is_told_and_not_made() {
    let stage = stage();
    stage.folder.edit(FILE, "name             = \"web\"", "name             = \"wed\"");
    let plan = stage.expect(&["plan", "-input=false"], 1);
    stage.check(plan.said().contains("plan::operated_missing"), "the code");
    stage.check(
        plan.said().contains("there is no \"wed\" in us-west-2"),
        "what is missing, and where",
    );
    let apply = stage.expect(APPLY, 1);
    stage.same(apply.mutating(), 0, "nothing is done");
}

#[test]
fn many_objects_of_a_kind_and_region_are_read_in_one_call() {
    let stage = Stage::new(Folder::new());
    let volume = stage.bed.aws().create_volume(EAST).unwrap();
    stage.folder.write(
        FILE,
        &format!(
            "provider \"aws\" {{\n  region = \"{EAST}\"\n}}\n\
             resource \"aws_ebs_snapshot\" \"many\" {{\n  count     = 30\n  volume_id = \"{volume}\"\n}}\n"
        ),
    );
    // Thirty waits for thirty snapshots at once are more than one server of a busy machine answers in time.
    stage.expect(&[APPLY, &["-parallelism=3"]].concat(), 0);
    let plan = stage.expect_nothing();
    let lists = plan.calls.iter().filter(|call| call.operation == "DescribeSnapshots").count();
    stage.same(lists, 1, "one call for thirty snapshots");
    destroyed(&stage);
}

#[test]
fn a_dead_standby_hides_what_is_operated_and_harms_nothing() {
    let stage = stage();
    stage.expect(APPLY, 0);
    let asleep = others(&stage);
    stage.bed.proxy.inject(Rule::new(Fault::Refuse).region(WEST).regional());
    let plan = stage.run(&[
        "plan",
        "-input=false",
        "-detailed-exitcode",
        "-unreachable-exitcode",
        "-json",
    ]);
    stage.check(plan.incomplete(), "the standby could not be read");
    let made = plan.changes("planned_change").into_iter().chain(plan.changes("resource_drift"));
    stage.same(made.collect::<Vec<_>>(), Vec::new(), "nothing is planned and nothing has drifted");
    stage.same(plan.mutating(), 0, "a plan writes nothing");
    stage.bed.proxy.clear();
    stage.expect_nothing();
    stage.same(others(&stage), asleep, "the standby sleeps on");
    destroyed(&stage);
}
