//! The calls of the simulated services: the same six of each.

use std::sync::LazyLock;

use lifeboat_sdk::Call;

/// The calls of one service.
#[derive(Debug)]
pub(crate) struct Calls {
    service: &'static str,
    /// One object.
    pub(crate) read: Call,
    /// A page of all objects of a kind.
    pub(crate) list: Call,
    /// A new object.
    pub(crate) create: Call,
    /// A change in place.
    pub(crate) update: Call,
    /// A removal.
    pub(crate) delete: Call,
    /// Many changes of one batch, all or none.
    pub(crate) change: Call,
}

impl Calls {
    const fn regional(service: &'static str) -> Self {
        Self {
            service,
            read: Call::read(service, "Read", "sim:Read"),
            list: Call::read(service, "List", "sim:List"),
            create: Call::write(service, "Create", "sim:Create"),
            update: Call::write(service, "Update", "sim:Update"),
            delete: Call::write(service, "Delete", "sim:Delete"),
            change: Call::write(service, "Change", "sim:Change"),
        }
    }

    const fn global(service: &'static str) -> Self {
        Self {
            service,
            read: Call::read(service, "Read", "sim:Read").global(),
            list: Call::read(service, "List", "sim:List").global(),
            create: Call::write(service, "Create", "sim:Create").global(),
            update: Call::write(service, "Update", "sim:Update").global(),
            delete: Call::write(service, "Delete", "sim:Delete").global(),
            change: Call::write(service, "Change", "sim:Change").global(),
        }
    }

    /// The calls of a service; those of one that is not listed bear the name `other`.
    pub(crate) fn of(service: &str) -> &'static Self {
        let known = SERVICES.iter().find(|calls| calls.service == service);
        known.unwrap_or(&OTHER)
    }

    fn all(&'static self) -> [&'static Call; 6] {
        let Self { service: _, read, list, create, update, delete, change } = self;
        [read, list, create, update, delete, change]
    }
}

/// Who we are.
pub(crate) static IDENTITY: Call = Call::read("sts", "Identity", "sim:Identity");

static OTHER: Calls = Calls::regional("other");

/// The services that are simulated under their own names.
static SERVICES: [Calls; 29] = [
    Calls::regional("sim"),
    Calls::global("simdns"),
    Calls::regional("simvault"),
    Calls::regional("s3"),
    Calls::global("iam"),
    Calls::global("route53"),
    Calls::global("cloudfront"),
    Calls::global("globalaccelerator"),
    Calls::regional("sts"),
    Calls::regional("ec2"),
    Calls::regional("autoscaling"),
    Calls::regional("elasticloadbalancing"),
    Calls::regional("rds"),
    Calls::regional("dynamodb"),
    Calls::regional("backup"),
    Calls::regional("kms"),
    Calls::regional("secretsmanager"),
    Calls::regional("ssm"),
    Calls::regional("ecr"),
    Calls::regional("ecs"),
    Calls::regional("eks"),
    Calls::regional("lambda"),
    Calls::regional("scheduler"),
    Calls::regional("sns"),
    Calls::regional("sqs"),
    Calls::regional("monitoring"),
    Calls::regional("route53-recovery-cluster"),
    Calls::regional("elasticfilesystem"),
    Calls::regional("kubernetes"),
];

/// Every call that a simulated provider can make.
pub fn calls() -> &'static [&'static Call] {
    static ALL: LazyLock<Vec<&'static Call>> = LazyLock::new(|| {
        let services = SERVICES.iter().chain([&OTHER]).flat_map(Calls::all);
        services.chain([&IDENTITY]).collect()
    });
    &ALL
}
