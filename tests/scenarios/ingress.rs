//! Security groups of a service: nobody is let in where the primary is not, and all that was revoked
//! comes back.

use std::time::{Duration, Instant};

use lifeboat_testbed::{Entry, Fault, Nth, Rule};

use super::folder::Folder;
use super::promotion::{APPROVED, ATTESTED, EAST_FIRST, FAILBACK, WEST_FIRST};
use super::stage::{APPLY, PLAN, Stage};
use super::web::{EAST, FILE, WEST};

const FENCE: &[&str] = &["fence", EAST, "-input=false", "-auto-approve"];
const UNFENCE: &[&str] = &["unfence", EAST, "-input=false", "-auto-approve"];

/// The example of such a service.
pub(super) const CONTAINERS: &str = "containers";

/// Who may reach what is in a group: protocol, ports, from where, what for.
pub(super) type Rules = Vec<String>;

pub(super) struct World {
    pub(super) stage: Stage,
    east: String,
    west: String,
}

impl World {
    /// A service of which lifeboat knows nothing but its security groups: others have made one in each
    /// region, and let in the web and some more.
    fn new() -> Self {
        let world = Self::of(Stage::of(""));
        world.stage.folder.write(FILE, &world.files(EAST, ""));
        world
    }

    /// The example in which such a service is.
    pub(super) fn example() -> Self {
        let world = Self::of(Stage::new(Folder::example(CONTAINERS)));
        let groups =
            format!("groups = {{ {EAST} = [{:?}], {WEST} = [{:?}] }}\n", world.east, world.west);
        world.stage.folder.write("groups.auto.drvars.hcl", &groups);
        world
    }

    fn of(stage: Stage) -> Self {
        let aws = stage.bed.aws();
        let [east, west] = [EAST, WEST].map(|region| {
            let group = aws.create_security_group(region, "shop").unwrap();
            aws.allow(region, &group, 443, "0.0.0.0/0", "the web").unwrap();
            aws.allow(region, &group, 22, "192.0.2.0/24", "operators").unwrap();
            let own = [
                ("GroupId", &*group),
                ("IpPermissions.1.IpProtocol", "-1"),
                ("IpPermissions.1.Groups.1.GroupId", &group),
            ];
            aws.query("ec2", region, "AuthorizeSecurityGroupIngress", &own).unwrap().ok().unwrap();
            group
        });
        Self { stage, east, west }
    }

    fn files(&self, primary: &str, more: &str) -> String {
        let Self { east, west, .. } = self;
        format!(
            r#"topology "shop" {{
  strategy = "pilot_light"
  regions  = ["{EAST}", "{WEST}"]
  primary  = "{primary}"
}}
region "{EAST}" {{ account = "123456789012" }}
region "{WEST}" {{ account = "123456789012" }}
service "web" {{
  security_groups = {{ {EAST} = ["{east}"], {WEST} = ["{west}"] }}
  capacity        = {{ primary = 1, standby = 0 }}
}}
{more}"#
        )
    }

    pub(super) fn rules(&self, region: &str) -> Rules {
        let group = if region == EAST { &self.east } else { &self.west };
        let asked = [("GroupId.1", &**group)];
        let told = self.stage.bed.aws().query("ec2", region, "DescribeSecurityGroups", &asked);
        let told = told.unwrap().ok().unwrap().text();
        let of = |text: &str, element: &str| {
            let (open, close) = (format!("<{element}>"), format!("</{element}>"));
            let found = text.split(&*open).nth(1).and_then(|rest| rest.split(&*close).next());
            found.unwrap_or_default().to_owned()
        };
        let ingress = told.split("<ipPermissions>").nth(1).unwrap_or_default();
        let ingress = ingress.split("</ipPermissions>").next().unwrap_or_default();
        let mut rules: Rules = ingress
            .split("<ipProtocol>")
            .skip(1)
            .map(|rule| {
                let rule = format!("<ipProtocol>{rule}");
                let parts =
                    ["ipProtocol", "fromPort", "toPort", "cidrIp", "groupId", "description"];
                parts.map(|part| of(&rule, part)).join(" ")
            })
            .collect();
        rules.sort();
        rules
    }

    #[track_caller]
    fn expect_rules(&self, east: &Rules, west: &Rules, what: &str) {
        self.stage.same([&self.rules(EAST), &self.rules(WEST)], [east, west], what);
    }

    fn let_in(&self, region: &str, port: u16) {
        let group = if region == EAST { &self.east } else { &self.west };
        self.stage.note("others let somebody in");
        self.stage.bed.aws().allow(region, group, port, "198.51.100.0/24", "added").unwrap();
    }
}

fn revoked(ran: &super::ran::Ran, region: &str) -> usize {
    let revokes =
        |call: &&Entry| call.region == region && call.operation == "RevokeSecurityGroupIngress";
    ran.calls.iter().filter(revokes).count()
}

#[test]
fn the_region_that_is_left_lets_nobody_in_and_the_very_same_rules_come_back() {
    let world = World::new();
    let stage = &world.stage;
    let (east, west) = (world.rules(EAST), world.rules(WEST));
    stage.same([east.len(), west.len()], [3, 3], "the rules that others made");
    stage.expect(APPLY, 0);
    let none = Rules::new();
    world.expect_rules(&east, &none, "the standby lets nobody in");
    stage.expect_nothing();

    stage.folder.edit(FILE, EAST_FIRST, WEST_FIRST);
    let plan = stage.expect(&["plan", "-input=false", "-detailed-exitcode"], 2);
    for text in [
        "fence      us-east-1 takes no more writes\n         \
         ~ service.web.aws_security_group_ingress[\"us-east-1/sg-",
        "promote    us-west-2",
    ] {
        stage.check(plan.stdout.contains(text), format_args!("the plan says {text:?}"));
    }
    let told = [&*plan.stdout, &plan.stderr].concat();
    stage.check(told.contains("connections that are open stay open"), "what the fence does not do");
    let ran = stage.expect(APPROVED, 0);
    let at = |region: &str, operation: &str| {
        let is = |call: &Entry| call.region == region && call.operation == operation;
        ran.calls.iter().filter(|call| call.mutating).position(is)
    };
    let order = [at(EAST, "RevokeSecurityGroupIngress"), at(WEST, "AuthorizeSecurityGroupIngress")];
    stage.check(order[0].is_some() && order[0] < order[1], "it is closed before the other opens");
    world.expect_rules(&none, &west, "the new primary alone lets in");
    stage.expect(APPLY, 0);
    stage.expect_nothing();

    // Who is let in where the region writes is others' to say, and no drift.
    world.let_in(WEST, 8443);
    let west = world.rules(WEST);
    stage.expect(&["drift", "-input=false"], 0);
    stage.expect_nothing();
    // Who is let in where it does not is shown, and revoked again.
    world.let_in(EAST, 8443);
    let drift = stage.expect(&["drift", "-input=false"], 2);
    stage.check(drift.stdout.contains("aws_security_group_ingress"), "it is drift");
    let ran = stage.expect(APPLY, 0);
    stage.same(revoked(&ran, EAST), 1, "it is revoked again");
    world.expect_rules(&none, &west, "the new primary alone lets in");
    stage.expect_nothing();

    stage.expect(FAILBACK, 0);
    world.expect_rules(&east, &none, "the very same rules as before");
    stage.expect(APPLY, 0);
    stage.expect_nothing();
}

#[test]
fn what_a_lost_region_lets_in_is_owed_and_is_closed_first_when_it_returns() {
    let world = World::new();
    let stage = &world.stage;
    let (east, west) = (world.rules(EAST), world.rules(WEST));
    // One rule of the standby is for a group that goes while it is closed: no other waits for that.
    let aws = stage.bed.aws();
    let balancer = aws.create_security_group(WEST, "balancer").unwrap();
    let from = [
        ("GroupId", &*world.west),
        ("IpPermissions.1.IpProtocol", "tcp"),
        ("IpPermissions.1.FromPort", "8080"),
        ("IpPermissions.1.ToPort", "8080"),
        ("IpPermissions.1.Groups.1.GroupId", &balancer),
    ];
    aws.query("ec2", WEST, "AuthorizeSecurityGroupIngress", &from).unwrap().ok().unwrap();
    stage.expect(APPLY, 0);
    aws.query("ec2", WEST, "DeleteSecurityGroup", &[("GroupId", &balancer)]).unwrap().ok().unwrap();
    stage.folder.edit(FILE, EAST_FIRST, WEST_FIRST);
    let gone = stage.bed.proxy.inject(Rule::new(Fault::BlackHole).region(EAST).regional());
    let ran = stage.expect(&[APPROVED, ATTESTED].concat(), 0);
    let owed = "owed service.web.aws_security_group_ingress[\"us-east-1/sg-";
    stage.check(ran.stdout.contains(owed), "the plan says what is owed");
    world.expect_rules(&east, &west, "the new primary lets in, the old one is not reached");

    // What changed there meanwhile is what is revoked and comes back.
    world.let_in(EAST, 8443);
    let east = world.rules(EAST);
    stage.bed.proxy.remove(gone);
    let ran = stage.expect(APPLY, 0);
    let there = |call: &&Entry| call.mutating && call.region == EAST;
    let first = ran.calls.iter().find(there).map(|call| call.operation.clone());
    stage.same(first.as_deref(), Some("RevokeSecurityGroupIngress"), "the fence comes first");
    world.expect_rules(&Rules::new(), &west, "it is closed");
    stage.expect_nothing();
    let status = stage.expect(&["status"], 0);
    stage.check(!status.stdout.contains("owe"), "nothing is owed any more");
    stage.expect(FAILBACK, 0);
    world.expect_rules(&east, &Rules::new(), "what was there last is back");
}

/// The rules are known to nobody at AWS from the moment on in which they are revoked.
#[test]
fn rules_that_a_dying_run_revoked_come_back() {
    let world = World::new();
    let stage = &world.stage;
    let (east, none) = (world.rules(EAST), Rules::new());
    stage.expect(APPLY, 0);
    // The calls have their effect, and the run dies before it hears of it.
    for (command, operation, left) in [
        (FENCE, "RevokeSecurityGroupIngress", &none),
        (UNFENCE, "AuthorizeSecurityGroupIngress", &east),
    ] {
        let slow = Rule::new(Fault::Slow(Duration::from_secs(4))).operation(operation);
        let slow = stage.bed.proxy.inject(slow);
        let running = stage.start(command);
        let begun = Instant::now();
        while world.rules(EAST) != *left && begun.elapsed() < Duration::from_secs(60) {
            // A look every few milliseconds until then.
            std::thread::park_timeout(Duration::from_millis(5));
        }
        running.signal("KILL");
        stage.same(running.finish().code, None, "it dies");
        world.expect_rules(left, &none, "what the dead run did");
        stage.bed.proxy.remove(slow);
        stage.expect(APPLY, 0);
        world.expect_rules(left, &none, "what was begun is wanted");
        stage.expect_nothing();
    }
    stage.expect(FENCE, 0);
    world.expect_rules(&none, &none, "nobody is let in");
    stage.expect(UNFENCE, 0);
    world.expect_rules(&east, &none, "the very same rules are back");
}

/// The first apply, of which state knows nothing yet, may die as well.
#[test]
fn rules_that_a_dying_first_run_revoked_come_back() {
    let world = World::new();
    let stage = &world.stage;
    let (west, none) = (world.rules(WEST), Rules::new());
    let slow =
        Rule::new(Fault::Slow(Duration::from_secs(4))).operation("RevokeSecurityGroupIngress");
    let slow = stage.bed.proxy.inject(slow);
    let running = stage.start(APPLY);
    let begun = Instant::now();
    while world.rules(WEST) != none && begun.elapsed() < Duration::from_secs(60) {
        std::thread::park_timeout(Duration::from_millis(5));
    }
    running.signal("KILL");
    stage.same(running.finish().code, None, "it dies");
    stage.bed.proxy.remove(slow);
    stage.expect(APPLY, 0);
    stage.same(world.rules(WEST), none.clone(), "what was begun is wanted");
    stage.folder.edit(FILE, EAST_FIRST, WEST_FIRST);
    stage.expect(APPROVED, 0);
    world.expect_rules(&none, &west, "the very same rules are back");
}

/// What others let in after the plan was made is in no plan: who revokes it keeps it, also where the
/// answer is lost.
#[test]
fn rules_that_are_in_no_plan_come_back_where_the_answer_was_lost() {
    let world = World::new();
    let stage = &world.stage;
    stage.expect(APPLY, 0);
    stage.folder.write(FILE, &world.files(WEST, ""));
    stage.expect(&["plan", "-input=false", "-out=saved", "-detailed-exitcode"], 2);
    world.let_in(EAST, 8443);
    let east = world.rules(EAST);
    let lost = Rule::new(Fault::DropAnswer).operation("RevokeSecurityGroupIngress");
    let lost = stage.bed.proxy.inject(lost.nth(Nth::First(1)));
    stage.expect(&["apply", "-input=false", "-promote=us-west-2", "-from-epoch=1", "saved"], 0);
    stage.bed.proxy.remove(lost);
    stage.same(world.rules(EAST), Rules::new(), "all of it is revoked");
    stage.expect(APPLY, 0);
    stage.expect(FAILBACK, 0);
    stage.same(world.rules(EAST), east, "and all of it is back");
}

#[test]
fn a_fence_by_hand_revokes_what_is_there_when_it_is_placed() {
    let world = World::new();
    let stage = &world.stage;
    stage.expect(APPLY, 0);
    let none = Rules::new();
    // Between the plan and its apply others let somebody in.
    let plan = ["plan", "-input=false", "-out=saved"];
    stage.folder.write(FILE, &world.files(WEST, ""));
    stage.expect(&[&plan[..], &["-detailed-exitcode"]].concat(), 2);
    let typed = stage.expect(&["show", "-commands", "saved"], 0).stdout;
    for text in [
        "aws ec2 revoke-security-group-ingress \\\n    --region us-east-1 \\\n    --group-id sg-",
        "aws ec2 authorize-security-group-ingress \\\n    --region us-west-2 \\\n    --group-id sg-",
        "\"CidrIp\":\"192.0.2.0/24\",\"Description\":\"operators\"",
    ] {
        stage.check(typed.contains(text), format_args!("the commands have {text:?}"));
    }
    world.let_in(EAST, 8443);
    let east = world.rules(EAST);
    stage.expect(&["apply", "-input=false", "-promote=us-west-2", "-from-epoch=1", "saved"], 0);
    stage.same(world.rules(EAST), none.clone(), "all of it is revoked");
    stage.expect(APPLY, 0);
    stage.expect(FAILBACK, 0);
    stage.same(world.rules(EAST), east.clone(), "and all of it is back");

    stage.expect(FENCE, 0);
    stage.same(world.rules(EAST), none.clone(), "all of it is revoked");
    stage.expect(UNFENCE, 0);
    stage.same(world.rules(EAST), east, "and all of it is back");
    stage.expect_nothing();
}

#[test]
fn what_is_weaker_than_asked_for_or_has_two_owners_or_opens_nothing_is_told() {
    let world = World::new();
    let stage = &world.stage;
    stage.expect(APPLY, 0);
    stage.same(world.rules(WEST), Rules::new(), "the standby is closed");

    // State alone knows the rules of the standby.
    let declared = world.files(EAST, "");
    let (head, _) = declared.split_once("service \"web\"").unwrap();
    stage.folder.write(FILE, head);
    let refused = stage.expect(APPLY, 5);
    stage.check(refused.stderr.contains("plan::one_way_door"), "what would be lost is told");
    stage.check(refused.stderr.contains("3 rules"), "and how many rules");
    let address = format!("service.web.aws_security_group_ingress[\"{WEST}/{}\"]", world.west);
    let confirmed = format!("-confirm-one-way={address}");
    stage.expect(&[APPLY, &[&*confirmed]].concat(), 0);

    // It was let go closed: nothing would open it.
    stage.folder.write(FILE, &declared);
    let plan = stage.expect(&["plan", "-input=false"], 0);
    let told = [&*plan.stdout, &plan.stderr].concat();
    stage.check(
        told.contains("a security group with nothing to open"),
        "what opens nothing is told",
    );

    // The same group as a resource of these files.
    let owner = format!(
        "resource \"aws_security_group\" \"mine\" {{\n  name = \"mine\"\n}}\n\
         import {{\n  to = aws_security_group.mine\n  id = \"{}\"\n}}\n",
        world.east
    );
    stage.folder.write(FILE, &world.files(EAST, &owner));
    let refused = stage.expect(&["plan", "-input=false"], 1);
    stage.check(refused.stderr.contains("plan::declared_twice"), "two owners are refused");

    // A fence that must cut sessions.
    let failover =
        "primary  = \"us-east-1\"\n  failover {\n    fence { require = \"cuts_sessions\" }\n  }";
    stage.folder.write(FILE, &declared.replace("primary  = \"us-east-1\"", failover));
    stage.expect(APPLY, 0);
    let checked = stage.run(&["preflight", WEST, "-input=false"]);
    let weak = "The fence of us-east-1 is blocks_new";
    stage.check(checked.stdout.contains(weak), "a fence that lets connections go on is too weak");
    stage.expect(PLAN, 0);
}
