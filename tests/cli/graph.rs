//! Graphs: cycles, topologies, and what is too large.

use super::{Case, TOPOLOGY};

#[test]
fn a_cycle_is_an_error_that_can_be_drawn() {
    let case = Case::of(
        "locals {\n  a = local.b\n  b = local.a\n}\nresource \"terraform_data\" \"web\" {\n}\n",
    );
    case.run(&["graph"]).says(1, &["error[desired::cycle]"]);
    let drawn = case.ok(&["graph", "-type=plan", "-draw-cycles"]);
    drawn.says(0, &["\"local.a\" -> \"local.b\" [color = \"red\"];"]);
    drawn.says(0, &["\"local.b\" -> \"local.a\" [color = \"red\"];"]);
}

#[test]
fn what_a_topology_block_stands_for_is_drawn_together_without_a_call_or_a_value() {
    let files = TOPOLOGY.replace("  default = \"123456789012\"\n", "");
    let case = Case::of(&format!(
        "{files}\nbucket \"exports\" {{\n  name = {{\n    us-east-1 = \"one\"\n    us-west-2 = \"two\"\n  }}\n}}\n"
    ));
    // The records' buckets have the account in their names.
    let told = case.ok(&["graph", "-var=account=123456789012"]);
    told.says(0, &["subgraph \"cluster_region.us-east-1\""]);
    let ran = case.ok(&["graph"]);
    ran.says(0, &["subgraph \"cluster_bucket.exports\"", "[label = \"aws_s3_bucket\"]"]);
    assert!(!case.path(".lifeboat").exists());
    let picture = case.ok(&["graph", "-format=svg"]);
    roxmltree::Document::parse(&picture.stdout).unwrap();
}

#[test]
fn a_large_graph_is_left_to_graphviz() {
    let one = |n: usize| format!("resource \"terraform_data\" \"n{n}\" {{\n}}\n");
    let case = Case::of(&(0..501).map(one).collect::<String>());
    case.run(&["graph", "-format=svg"]).says(1, &["501 nodes", "lifeboat graph | dot -Tsvg"]);
    case.ok(&["graph", "-format", "mermaid"]);
}
