//! Completion: what the scripts ask and what they are answered, in real shells where there are some.

use std::path::Path;
use std::process::{Command, Stdio};

use super::{Case, TOPOLOGY};

/// A shell, where it is on the machine.
fn shell(name: &str) -> Option<String> {
    let path = std::env::var_os("PATH")?;
    let found = std::env::split_paths(&path).map(|folder| folder.join(name)).find(|p| p.is_file());
    found.map(|path| path.to_string_lossy().into_owned())
}

/// A shell in the folder, with the program on its path.
fn run(case: &Case, shell: &str, args: &[&str]) -> String {
    let bin = Path::new(env!("CARGO_BIN_EXE_lifeboat")).parent().unwrap();
    let mut command = Command::new(shell);
    command.args(args).current_dir(case.path("")).env_clear().env("HOME", case.path(""));
    command.env("PATH", format!("{}:/usr/bin:/bin", bin.display())).stdin(Stdio::null());
    let output = command.output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{args:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// What bash offers; words as bash cuts them, the last one under the cursor.
fn bash(case: &Case, words: &[&str]) -> Vec<String> {
    let shell = shell("bash").unwrap();
    let quoted = |word: &&str| format!("'{}'", word.replace('\'', "'\\''"));
    let all: Vec<String> = words.iter().map(quoted).collect();
    let current = words.last().unwrap().trim_start_matches(['\'', '"']);
    let current = if current == "=" { "" } else { current };
    let script = format!(
        "source <(lifeboat completion bash)\nCOMP_WORDS=({})\nCOMP_CWORD={}\n_lifeboat lifeboat \
         {}\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"\n",
        all.join(" "),
        words.len() - 1,
        quoted(&current),
    );
    let out = run(case, &shell, &["--norc", "--noprofile", "-c", &script]);
    out.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// Two regions, a resource with instances, a module, a plan.
fn folder() -> Case {
    let files = format!(
        "{TOPOLOGY}\nresource \"terraform_data\" \"web\" {{\n  for_each = toset([\"a\", \"b c\"])\n}}\n\
         resource \"terraform_data\" \"later\" {{\n}}\nmodule \"m\" {{\n  source = \"./m\"\n}}\n\
         output \"here\" {{\n  value = 1\n}}\n"
    );
    let module = "resource \"terraform_data\" \"in\" {\n}\n";
    let case = Case::of(&files).file("m/main.dr.hcl", module);
    case.ok(&["apply", "-auto-approve", "-exclude=terraform_data.later"]);
    case.ok(&["plan", "-out=next.plan"]);
    case
}

#[test]
fn bash_completes_commands_options_and_their_values() {
    if shell("bash").is_none() {
        println!("skipped: there is no bash on this machine");
        return;
    }
    let case = folder();
    let offers = |words: &[&str]| bash(&case, words);
    assert_eq!(offers(&["lifeboat", "dest"]), ["destroy"]);
    assert_eq!(offers(&["lifeboat", "state", "hi"]), ["history"]);
    // With one dash or two, as the option was begun.
    assert_eq!(offers(&["lifeboat", "plan", "-tar"]), ["-target"]);
    assert_eq!(offers(&["lifeboat", "plan", "--tar"]), ["--target"]);
    let all = offers(&["lifeboat", "plan", "-"]);
    assert!(
        all.contains(&"-out".to_owned()) && all.iter().all(|o| !o.starts_with("--")),
        "{all:?}"
    );
    assert_eq!(offers(&["lifeboat", "graph", "-format", "=", "m"]), ["mermaid"]);
    assert_eq!(offers(&["lifeboat", "drift", "-format", "=", "s"]), ["sarif"]);
    assert_eq!(offers(&["lifeboat", "plan", "-refresh", "="]), ["true", "false"]);
    assert_eq!(offers(&["lifeboat", "completion", "f"]), ["fish"]);
}

#[test]
fn bash_completes_what_the_folder_knows() {
    if shell("bash").is_none() {
        println!("skipped: there is no bash on this machine");
        return;
    }
    let case = folder();
    let offers = |words: &[&str]| bash(&case, words);
    // Objects of the state; what bash would change is quoted, unless a quote was begun.
    let web = ["'terraform_data.web[\"a\"]'", "'terraform_data.web[\"b c\"]'"];
    assert_eq!(offers(&["lifeboat", "state", "show", "terraform_data.w"]), web);
    let begun = offers(&["lifeboat", "state", "show", "'terraform_data.web[\"b"]);
    assert_eq!(begun, ["terraform_data.web[\"b c\"]"]);
    // What is planned need not exist; what is replaced must.
    let planned = offers(&["lifeboat", "plan", "-target", "=", "terraform_data."]);
    let all = ["'terraform_data.later'", "'terraform_data.web'", web[0], web[1]];
    assert_eq!(planned, all);
    assert!(offers(&["lifeboat", "plan", "-replace", "=", "terraform_data.l"]).is_empty());
    let modules = offers(&["lifeboat", "plan", "-exclude", "mod"]);
    assert_eq!(modules, ["module.m", "module.m.terraform_data.in"]);
    assert_eq!(offers(&["lifeboat", "state", "rm", "module.m.t"]), ["module.m.terraform_data.in"]);
    let imported = offers(&["lifeboat", "import", "t"]);
    assert_eq!(imported, ["terraform_data.later", "terraform_data.web"]);
    // Regions, generations, outputs, variables, plans.
    assert_eq!(offers(&["lifeboat", "plan", "-assume-down", "us-w"]), ["us-west-2"]);
    assert_eq!(offers(&["lifeboat", "plan", "-exclude-region", "=", "us-e"]), ["us-east-1"]);
    assert_eq!(offers(&["lifeboat", "state", "restore", ""]), ["1"]);
    assert_eq!(offers(&["lifeboat", "output", ""]), ["here"]);
    assert_eq!(offers(&["lifeboat", "plan", "-var", "a"]), ["account="]);
    assert_eq!(offers(&["lifeboat", "apply", "n"]), ["next.plan"]);
    assert_eq!(offers(&["lifeboat", "show", "main"]), Vec::<String>::new());
    // The folder is the one that the line names.
    let above = Case::new();
    let there = case.path("").display().to_string();
    for chdir in [&["-chdir", "=", &*there][..], &["--chdir", &*there]] {
        let words = [&["lifeboat"], chdir, &["state", "show", "module"]].concat();
        assert_eq!(bash(&above, &words), ["module.m.terraform_data.in"]);
    }
}

#[test]
fn completion_never_fails_and_never_writes() {
    for files in ["", "resource \"terraform_data\" {", "locals {\n  a = local.a\n}\n"] {
        let case = Case::of(files);
        let ask = |words: &[&str]| {
            let case = Case::of(files).env("LIFEBOAT_COMPLETE", "bash");
            case.run(words)
        };
        for words in [
            &["2", "", "--", "lifeboat", "plan", ""][..],
            &["3", "x", "--", "lifeboat", "state", "show", "x"],
            &["99", "", "--", "lifeboat"],
            &["x"],
            &[],
        ] {
            let ran = ask(words);
            assert_eq!((ran.code, &*ran.stderr), (0, ""), "{words:?}: {ran:#?}");
        }
        assert!(!case.path(".lifeboat").exists());
    }
    let unknown = Case::new().env("LIFEBOAT_COMPLETE", "tcsh");
    assert_eq!(unknown.run(&["--", "lifeboat", "pl"]).stdout, "");
}

#[test]
fn other_shells_are_answered_in_their_words() {
    let case = folder();
    let ask = |shell: &str, index: &str, words: &[&str]| {
        let mut command = case.command(&[&["--"][..], words].concat());
        command.env("LIFEBOAT_COMPLETE", shell).env("_CLAP_COMPLETE_INDEX", index);
        command.env("_CLAP_IFS", "\n");
        Case::exactly(&mut command).stdout
    };
    let web = ["lifeboat", "state", "show", "terraform_data.web[\"a"];
    for shell in ["zsh", "fish", "elvish", "powershell"] {
        let said = ask(shell, "3", &web);
        assert!(said.contains("terraform_data.web[\"a\"]"), "{shell}: {said:?}");
        let one = ask(shell, "2", &["lifeboat", "plan", "-targ"]);
        assert!(one.starts_with("-target"), "{shell}: {one:?}");
        let two = ask(shell, "2", &["lifeboat", "plan", "--targ"]);
        assert!(two.starts_with("--target"), "{shell}: {two:?}");
    }
}

#[test]
fn each_shell_takes_its_script() {
    let case = Case::new();
    for (name, args) in [
        ("bash", &["--norc", "-n"][..]),
        ("zsh", &["-f", "-n"]),
        ("fish", &["--no-config", "--no-execute"]),
    ] {
        let script = case.ok(&["completion", name]).stdout;
        assert!(script.contains("LIFEBOAT_COMPLETE"), "{name}: {script}");
        case.write("script", script);
        match shell(name) {
            Some(shell) => {
                let path = case.path("script").display().to_string();
                assert_eq!(run(&case, &shell, &[args, &[&*path]].concat()), "", "{name}");
            }
            None => println!("skipped: there is no {name} on this machine"),
        }
    }
    for name in ["powershell", "elvish"] {
        case.ok(&["completion", name]).says(0, &["LIFEBOAT_COMPLETE"]);
    }
    case.run(&["completion", "tcsh"]).says(1, &["possible values: bash, zsh, fish"]);
}
