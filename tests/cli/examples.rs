//! Examples that are simulated: what is said of them is what lies beside them. `UPDATE=1` writes it anew.
//! All others are played on servers, in `scenarios/examples.rs`.

use std::fs;
use std::path::Path;

use super::Case;

/// What the folders that cannot be applied are simulated with.
const SIMULATED: [(&str, &[&str]); 3] = [
    (
        "warm-standby-postgres",
        &[
            "simulate",
            "-lose=us-east-1",
            "-as-applied",
            "-mode=graceful",
            "-duration=aws_db_instance.update=6m",
            "-duration=aws_lambda_event_source_mapping.update=1m",
        ],
    ),
    (
        "global-database",
        &[
            "simulate",
            "-lose=us-east-1",
            "-as-applied",
            "-duration=aws_rds_cluster.update=4m",
            "-duration=aws_rds_global_cluster.update=1m",
        ],
    ),
    (
        "global-table",
        &[
            "simulate",
            "-lose=us-east-1",
            "-as-applied",
            "-mode=graceful",
            "-duration=aws_lambda_event_source_mapping.update=1m",
        ],
    ),
];

#[test]
fn examples_of_what_cannot_be_applied_yet_are_simulated_as_they_say() {
    for (name, args) in SIMULATED {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name);
        let case = Case::new();
        crate::language::copy(&folder, &case.path("."));
        let ran = case.ok(args);
        let path = folder.join("simulated.txt");
        if std::env::vars_os().any(|(name, value)| name == "UPDATE" && value == "1") {
            fs::write(&path, &ran.stdout).unwrap();
        }
        assert_eq!(ran.stdout, fs::read_to_string(&path).unwrap(), "{}", path.display());
        let readme = fs::read_to_string(folder.join("README.md")).unwrap();
        let typed = format!("lifeboat {}", args.join(" "));
        assert!(readme.replace(" \\\n  ", " ").contains(&typed), "{name}/README.md: {typed}");
    }
}
