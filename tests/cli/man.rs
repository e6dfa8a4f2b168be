//! Manual pages: one per command, which the programs that show them read without a warning.

use std::process::{Command, Stdio};

use super::Case;

/// The commands that the help of a command lists.
pub(super) fn commands(case: &Case, of: &[&str]) -> Vec<String> {
    let help = case.ok(&[of, &["-help"]].concat()).stdout;
    let Some((_, list)) = help.split_once("Commands:\n") else { return Vec::new() };
    let names = list.lines().map_while(|line| line.strip_prefix("  "));
    let names = names.filter_map(|line| line.split(' ').next()).filter(|name| !name.is_empty());
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

#[test]
fn every_command_has_a_page_that_can_be_read() {
    let case = Case::new();
    case.ok(&["man", "pages/here"]).says(0, &["The pages are in pages/here."]);
    let mut expected = vec!["lifeboat.1".to_owned()];
    for name in commands(&case, &[]) {
        let inner = commands(&case, &[&name]);
        expected.extend(inner.iter().map(|inner| format!("lifeboat-{name}-{inner}.1")));
        expected.push(format!("lifeboat-{name}.1"));
    }
    expected.sort();
    let made = std::fs::read_dir(case.path("pages/here")).unwrap();
    let mut made: Vec<String> =
        made.map(|file| file.unwrap().file_name().to_string_lossy().into_owned()).collect();
    made.sort();
    assert_eq!(made, expected);
    assert!(made.len() > 25, "{made:?}");
    for name in &made {
        let path = format!("pages/here/{name}");
        let text = String::from_utf8(case.read(&path)).unwrap();
        let title = name.trim_end_matches(".1");
        assert!(text.contains(&title.replace('-', "\\-")), "{name}: {text}");
        let groff = Command::new("groff")
            // Without letters that are struck over for bold ones.
            .args(["-man", "-Tutf8", "-ww", "-P-cbou"])
            .arg(case.path(&path))
            .stdin(Stdio::null())
            .output();
        let Ok(groff) = groff else {
            println!("skipped: there is no groff on this machine");
            return;
        };
        assert_eq!(String::from_utf8_lossy(&groff.stderr), "", "{name}");
        let shown = String::from_utf8_lossy(&groff.stdout).into_owned();
        let heads = ["NAME", "SYNOPSIS", "DESCRIPTION", title];
        assert!(heads.iter().all(|head| shown.contains(head)), "{name}: {shown}");
    }
}

#[test]
fn a_folder_that_cannot_be_made_is_told() {
    let case = Case::new().file("taken", "");
    case.run(&["man", "taken"]).says(1, &["The pages cannot be written", "taken: "]);
    case.run(&["man"]).says(1, &["<DIR>"]);
}
