//! The contract suite over the kinds of Auto Scaling.
#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::sync::atomic::{AtomicU32, Ordering};

use lifeboat_aws_core::{Clients, Config};
use lifeboat_contract::{Case, Gap, Place, Subject};
use lifeboat_testbed::contract::{Emulated, Row, hold};
use lifeboat_testbed::{ACCOUNT, Paging, Proxy};

/// What moto cannot show, and why.
const GAPS: &[Gap] = &[];

/// Groups of others, made for each subject anew: parts of a row run at the same time.
fn groups(server: &Emulated) -> Subject {
    static LAST: AtomicU32 = AtomicU32::new(0);
    let number = LAST.fetch_add(1, Ordering::Relaxed);
    let [one, two, three] = [1, 2, 3].map(|n| format!("contract-{number}-{n}"));
    for (name, region) in [(&one, "us-east-1"), (&two, "us-west-2"), (&three, "us-east-1")] {
        server.aws().create_group(region, name).unwrap();
    }
    let steps = [
        format!(r#"{{"name": "{one}", "min_size": 0, "max_size": 2, "desired_capacity": 0}}"#),
        format!(
            r#"{{"name": "{one}", "min_size": 1, "max_size": 3,
                "suspended_processes": ["Launch", "ReplaceUnhealthy"]}}"#
        ),
        format!(r#"{{"name": "{two}", "region": "us-west-2", "suspended_processes": []}}"#),
        format!(r#"{{"name": "{three}"}}"#),
    ];
    let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
    let clients = Clients::new(&Config::default(), &server.environment()).unwrap();
    let kinds = lifeboat_aws_autoscaling::kinds(&clients);
    let kind = kinds.into_iter().find(|kind| kind.name() == "aws_autoscaling_group").unwrap();
    let place =
        Place { provider: "aws".into(), account: ACCOUNT.into(), region: "us-east-1".into() };
    Subject { kind, place, cases: vec![Case::parse("group", &steps).unwrap()] }
}

#[test]
fn every_kind_keeps_the_contract_matrix() {
    let pages = |proxy: &Proxy| proxy.page(Paging::small());
    let rows = [Row::new("moto, small pages", groups).apart().prepared(pages)];
    let kinds = lifeboat_aws_autoscaling::kinds(&Clients::unconfigured());
    hold("autoscaling", &rows, &kinds, GAPS);
}
