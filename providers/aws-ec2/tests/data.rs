//! The data sources of EC2 over what others made on the server.

use std::sync::Arc;

use lifeboat_aws_core::{Clients, Config};
use lifeboat_contract::{Server as _, document};
use lifeboat_sdk::session::{Purpose, Session};
use lifeboat_sdk::value::json::from_json;
use lifeboat_sdk::{Class, Ctx, Failure, KnownDoc, Location, Scope, Value};
use lifeboat_testbed::contract::Emulated;
use lifeboat_testbed::{ACCOUNT, Paging, Pair, Routes};

/// A server with small pages, and who asks it.
struct Asker {
    server: Emulated,
    runtime: tokio::runtime::Runtime,
}

impl Asker {
    fn new(pair: &Pair) -> Self {
        let server = Emulated::new("moto", pair, Routes::default()).unwrap();
        server.proxy().page(Paging::small());
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        Self { server, runtime: runtime.enable_all().build().unwrap() }
    }

    fn ask(&self, name: &str, query: &str) -> Result<Value, Failure> {
        let clients = Clients::new(&Config::default(), &self.server.environment()).unwrap();
        let sources = lifeboat_aws_ec2::data_sources(&clients);
        let data = sources.into_iter().find(|data| data.name() == name).unwrap();
        let query = from_json(query, None).unwrap();
        let query = document(data.schema().attributes, &query).unwrap();
        let session = Session::new(Purpose::Refresh);
        session.limit("aws", self.server.limits());
        let scope = Scope {
            provider: "aws".into(),
            account: ACCOUNT.into(),
            location: Location::Region("us-east-1".into()),
            service: "ec2".into(),
        };
        let ctx = Ctx::read_only(Arc::new(session));
        self.runtime.block_on(data.read(&ctx, &scope, KnownDoc::new(&query).unwrap()))
    }

    fn texts(&self, name: &str, query: &str, attribute: &str) -> Vec<String> {
        let answer = self.ask(name, query).unwrap();
        let items = answer.get(attribute).and_then(Value::items).unwrap();
        items.iter().filter_map(Value::as_str).map(str::to_owned).collect()
    }

    fn tag(&self, id: &str, key: &str, value: &str) {
        let pairs = [("ResourceId.1", id), ("Tag.1.Key", key), ("Tag.1.Value", value)];
        let tagged = self.server.aws().query("ec2", "us-east-1", "CreateTags", &pairs);
        tagged.unwrap().ok().unwrap();
    }
}

#[test]
fn what_exists_is_found_by_filters_and_tags_over_all_pages() {
    let pair = Pair::lease().unwrap();
    let asker = Asker::new(&pair);
    let aws = asker.server.aws();
    let mut instances: Vec<String> =
        (0..5).map(|_| aws.run_instance("us-east-1").unwrap()).collect();
    instances.sort();
    assert_eq!(asker.texts("aws_instances", "{}", "ids"), instances);
    assert_eq!(asker.texts("aws_instances", "{}", "private_ips").len(), 5);
    let stopped = r#"{"instance_state_names": ["stopped"]}"#;
    assert!(asker.texts("aws_instances", stopped, "ids").is_empty());
    asker.tag(&instances[3], "role", "standby");
    let tagged = r#"{"instance_tags": {"role": "standby"}}"#;
    assert_eq!(asker.texts("aws_instances", tagged, "ids"), instances[3..4]);

    let volumes: Vec<String> = (0..3).map(|_| aws.create_volume("us-east-1").unwrap()).collect();
    asker.tag(&volumes[1], "data", "orders");
    let tagged = r#"{"tags": {"data": "orders"}}"#;
    assert_eq!(asker.texts("aws_ebs_volumes", tagged, "ids"), volumes[1..2]);
    let filter =
        format!(r#"{{"filter": [{{"name": "volume-id", "values": ["{}"]}}]}}"#, volumes[2]);
    assert_eq!(asker.texts("aws_ebs_volumes", &filter, "ids"), volumes[2..3]);
    let none = r#"{"tags": {"data": "nothing"}}"#;
    assert!(asker.texts("aws_ebs_volumes", none, "ids").is_empty());
}

#[test]
fn one_vpc_is_wanted_with_its_subnets() {
    let pair = Pair::lease().unwrap();
    let asker = Asker::new(&pair);
    let aws = asker.server.aws();
    let [one, two] = [0, 1].map(|_| aws.create_vpc("us-east-1").unwrap());
    asker.tag(&two, "Name", "standby");
    let found = asker.ask("aws_vpc", r#"{"tags": {"Name": "standby"}}"#).unwrap();
    let text = |name: &str| found.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    assert_eq!((text("id"), text("cidr_block")), (two.clone(), "10.77.0.0/16".to_owned()));
    assert_eq!(text("arn"), format!("arn:aws:ec2:us-east-1:{ACCOUNT}:vpc/{two}"));
    assert_eq!(found.get("default").and_then(Value::as_bool), Some(false));

    let several = asker.ask("aws_vpc", r#"{"cidr_block": "10.77.0.0/16"}"#).unwrap_err();
    assert_eq!(several.class, Class::Other);
    assert!(several.message.contains(&one) && several.message.contains(&two), "{several}");
    let missing = asker.ask("aws_vpc", r#"{"id": "vpc-0missing"}"#).unwrap_err();
    assert_eq!(missing.class, Class::NotFound);

    let pairs = [("VpcId", two.as_str()), ("CidrBlock", "10.77.1.0/24")];
    let made = aws.query("ec2", "us-east-1", "CreateSubnet", &pairs).unwrap().ok().unwrap();
    let filter = format!(r#"{{"filter": [{{"name": "vpc-id", "values": ["{two}"]}}]}}"#);
    assert_eq!(asker.texts("aws_subnets", &filter, "ids"), made.texts("subnetId"));
}
