//! Every problem as people read it: a file with the problem, and beside it what lifeboat says.
//!
//! `STAGE_WHAT.hcl` (or `STAGE_WHAT-CASE.hcl`, or a folder of that name) leads to the code
//! `STAGE::WHAT`. It is validated; a first line `# command: plan …` names another command. After
//! a change of words: `UPDATE=1 cargo test -p lifeboat --test main diagnostics`, then read the
//! difference. `runtime.txt` lists codes that only a run can show, with the test that does.

use std::fs;
use std::path::{Path, PathBuf};

use crate::cli::Case;

/// A fixture and what it stands for.
struct Fixture {
    path: PathBuf,
    name: String,
    code: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/diagnostics")
}

fn fixtures() -> Vec<Fixture> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(root()).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.is_dir() || path.extension().is_some_and(|end| end == "hcl"));
    paths.sort();
    let fixture = |path: PathBuf| {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let code = name.split('-').next().unwrap().replacen('_', "::", 1);
        Fixture { path, name, code }
    };
    paths.into_iter().map(fixture).filter(Fixture::known).collect()
}

impl Fixture {
    /// The text of the file that is first.
    fn text(&self) -> Vec<u8> {
        let main = self.path.join("main.dr.hcl");
        fs::read(if self.path.is_dir() { &main } else { &self.path }).unwrap_or_default()
    }

    /// What is written down of it.
    fn written(&self) -> PathBuf {
        root().join(format!("{}.txt", self.name))
    }

    /// Whether it can be told in this build: the core has no provider `aws`.
    fn known(&self) -> bool {
        let aws = |text: &[u8]| String::from_utf8_lossy(text).contains("aws");
        let names = aws(&self.text()) || fs::read(self.written()).is_ok_and(|text| aws(&text));
        cfg!(feature = "aws") || !names
    }
}

/// What lifeboat says of a fixture.
fn said(fixture: &Fixture) -> String {
    let case = Case::new().env("AWS_EC2_METADATA_DISABLED", "true");
    if fixture.path.is_dir() {
        crate::language::copy(&fixture.path, &case.path("."));
    } else {
        case.write("main.dr.hcl", fixture.text());
    }
    let text = fixture.text();
    let first = String::from_utf8_lossy(&text);
    let command = first.lines().next().and_then(|line| line.strip_prefix("# command: "));
    let command = command.unwrap_or("validate");
    let args: Vec<&str> = command.split(' ').collect();
    case.run(&args).transcript(command)
}

#[test]
fn every_fixture_is_told_as_it_is_written_down() {
    let update = std::env::vars_os().any(|(name, value)| name == "UPDATE" && value == "1");
    let judged = crate::language::each(&fixtures(), |fixture| {
        let (said, written) = (said(fixture), fixture.written());
        if update {
            fs::write(&written, &said).unwrap();
        }
        let want = fs::read_to_string(&written).unwrap_or_default();
        if !said.contains(&format!("[{}]", fixture.code)) {
            return Some(format!("{}: {} is not told:\n{said}", fixture.name, fixture.code));
        }
        (said != want).then(|| format!("{}: want\n{want}\ngot\n{said}", fixture.name))
    });
    let wrong: Vec<String> = judged.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn codes_of_runs_are_shown_where_the_list_says() {
    let list = fs::read_to_string(root().join("runtime.txt")).unwrap();
    for line in list.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (code, file) = line.split_once(' ').unwrap();
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert!(text.contains(code), "{file} does not show {code}");
    }
}
