//! What is typed of regions that there are not: refused before anything is read.

use super::{Case, TOPOLOGY};

#[test]
fn a_region_that_there_is_not_is_refused_before_anything_is_read() {
    let case = Case::of(&format!("{TOPOLOGY}resource \"terraform_data\" \"web\" {{}}\n"));
    case.ok(&["apply", "-auto-approve"]);
    let reads = "Refreshing state...";
    case.run(&["plan"]).says(0, &[reads]);
    let typed: [&[&str]; 5] = [
        &["fence", "us-west-9", "-auto-approve"],
        &["unfence", "us-west-9", "-auto-approve"],
        &["evacuate", "us-west-9", "-auto-approve"],
        &["evacuate", "-end", "us-west-9", "-auto-approve"],
        &["retire", "terraform_data.web"],
    ];
    for args in typed {
        let ran = case.run(args);
        let said = format!("{}{}", ran.stdout, ran.stderr);
        let code = if args[0] == "retire" { "retire::not_retired" } else { "fence::region" };
        assert!(said.contains(code), "{args:?}: {said}");
        assert!(!said.contains(reads), "{args:?} reads before it refuses: {said}");
    }
}
