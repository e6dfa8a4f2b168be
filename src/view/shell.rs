//! Commands as lines of a POSIX shell: every word quoted, so that the shell takes it as it is.

use std::fmt::Write as _;

use lifeboat_sdk::command::{Part, parts};
use lifeboat_sdk::{Command, Line};

use super::escape;

/// Columns of a line, as far as words can be broken into lines.
const WIDTH: usize = 100;

/// The variable of the shell that names a file which a command takes.
const FILE: &str = "FILE";

/// A line of what is done by hand, with a line end.
pub fn line(line: &Line) -> String {
    match line {
        Line::Note(text) => note(text),
        Line::Run(run) => command(run),
    }
}

/// Comment lines.
pub fn note(text: &str) -> String {
    let text = escape::wrapped(&escape::lines(text), WIDTH - 2);
    let lines = text.lines().map(|line| format!("# {line}").trim_end().to_owned() + "\n");
    lines.collect()
}

/// A command and what it needs.
pub fn command(command: &Command) -> String {
    let Command { environment, words, file, keeps, until, optional } = command;
    let mut out = String::new();
    let mut all: Vec<String> = Vec::new();
    // What shells take for a name of a variable, and nothing else, stands before a command.
    for (name, value) in environment.iter().filter(|(name, _)| is_name(name)) {
        all.push(format!("{name}={}", word(value)));
    }
    all.extend(words.iter().map(|text| word(text)));
    if let Some((option, content)) = file {
        let _ok = writeln!(out, "{FILE}=$(mktemp)");
        let _ok = writeln!(out, "printf %s {} > \"${FILE}\"", word(content));
        all.extend([word(option), format!("\"${FILE}\"")]);
    }
    let mut text = laid_out(&all);
    if let Some(printed) = until {
        text = format!("until [ \"$({text})\" = {} ]; do sleep 5; done", word(printed));
    }
    if let Some(variable) = keeps.as_deref().filter(|name| is_name(name)) {
        text = format!("{variable}=$({text})");
    }
    if *optional {
        text.push_str(" || echo 'It failed; what follows goes on without it.' >&2");
    }
    out + &text + "\n"
}

/// Words on one line, or an option a line where that is too long.
fn laid_out(words: &[String]) -> String {
    let whole = words.join(" ");
    if whole.chars().count() <= WIDTH {
        return whole;
    }
    let mut out = String::new();
    for (i, text) in words.iter().enumerate() {
        if i > 0 {
            out.push_str(if text.starts_with("--") { " \\\n    " } else { " " });
        }
        out.push_str(text);
    }
    out
}

/// Whether it is a name of a variable.
fn is_name(name: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphabetic() || c == '_';
    name.starts_with(letter) && name.chars().all(|c| letter(c) || c.is_ascii_digit())
}

/// A word as a shell reads it back: what is plain as it is, all else in single quotes, and what a
/// terminal must not see as `printf` writes it.
pub fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=@%+,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    let mut out = String::new();
    for part in parts(text) {
        match part {
            Part::Text(text) => quoted(text, &mut out),
            Part::Variable(name) if is_name(name) => {
                let _ok = write!(out, "\"${name}\"");
            }
            Part::Variable(name) => quoted(name, &mut out),
        }
    }
    if out.is_empty() { "''".to_owned() } else { out }
}

fn quoted(text: &str, out: &mut String) {
    let mut inside = false;
    for c in text.chars() {
        let shown = matches!(c, '\n' | '\t') || !escape::unsafe_char(c);
        let plain = shown && c != '\'';
        if plain != inside {
            out.push('\'');
            inside = plain;
        }
        match c {
            '\'' => out.push_str("\\'"),
            c if shown => out.push(c),
            c => {
                let mut bytes = [0; 4];
                out.push_str("\"$(printf '");
                for byte in c.encode_utf8(&mut bytes).bytes() {
                    let _ok = write!(out, "\\{byte:03o}");
                }
                out.push_str("')\"");
            }
        }
    }
    if inside {
        out.push('\'');
    }
}

#[cfg(test)]
mod tests {
    use lifeboat_sdk::command::variable;

    use super::*;

    /// What a shell makes of a line.
    fn read_back(script: &str) -> String {
        let run = std::process::Command::new("sh").args(["-c", script]).output().unwrap();
        assert!(run.status.success(), "{script}: {}", String::from_utf8_lossy(&run.stderr));
        String::from_utf8(run.stdout).unwrap()
    }

    #[test]
    fn a_shell_reads_every_word_as_it_is() {
        for text in [
            "plain",
            "",
            "a b",
            "it's",
            "''",
            "$HOME `id` $(id) \\ \"q\" !",
            "a\nb\n",
            "\t*?[]~#&;|<>",
            "{\"a\":[\"b\"]}",
            "-x",
            "ü\u{202e}\u{1b}[31m",
            "\r",
            "=",
            "\\n",
        ] {
            assert_eq!(read_back(&format!("printf %s {}", word(text))), text, "{}", word(text));
            assert!(!word(text).contains(['\u{1b}', '\u{202e}', '\r']));
        }
    }

    #[test]
    fn a_variable_keeps_its_place_in_a_word() {
        let text = format!("{{\"id\":\"{}\",\"it's\":1}}", variable("ID"));
        let script = format!("ID='a b$x'; printf %s {}", word(&text));
        assert_eq!(read_back(&script), "{\"id\":\"a b$x\",\"it's\":1}");
        // No name of a variable, and so no variable.
        assert_eq!(word(&variable("$(id)")), "'$(id)'");
    }

    #[test]
    fn a_command_has_its_file_its_environment_and_its_end() {
        let run = Command::new(&["cat"]).file("--", "it's\nthis\n");
        assert_eq!(read_back(&command(&run)), "it's\nthis\n");
        let environment =
            vec![("LB_A".to_owned(), "x y".to_owned()), ("no-name".to_owned(), String::new())];
        let run = Command { environment, ..Command::new(&["sh", "-c", "printf %s \"$LB_A\""]) };
        assert_eq!(read_back(&command(&run)), "x y");
        let kept = command(&Command::new(&["printf", "%s", "a b"]).keep("KEPT"));
        assert_eq!(read_back(&format!("{kept}printf %s \"<$KEPT>\"")), "<a b>");
        let optional = Command { optional: true, ..Command::new(&["false"]) };
        assert_eq!(read_back(&format!("set -e\n{}echo on", command(&optional))), "on\n");
        let waits = command(&Command::new(&["echo", "True"]).until("True"));
        assert_eq!(read_back(&waits), "");
    }

    #[test]
    fn long_commands_are_broken_before_their_options() {
        let long =
            Command::new(&["aws"]).option("--a", "x".repeat(60)).option("--b", "y".repeat(60));
        let text = command(&long);
        assert_eq!(text.lines().count(), 3, "{text}");
        assert!(text.lines().all(|line| line.len() < WIDTH));
    }

    #[test]
    fn a_note_never_leaves_its_comment() {
        assert_eq!(note("a\nrm -rf /\r\u{1b}"), "# a\n# rm -rf /\\u{d}\\u{1b}\n");
    }
}
