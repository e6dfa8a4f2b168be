//! Pieces of Markdown as GitHub and GitLab render it. What came from outside is always inside code,
//! on one line or in a fence: there nothing is a link, a mention, HTML or the end of a cell.

pub mod plan;

use super::escape::line;

/// How long a page may be: GitHub refuses a comment of more than 65,536 characters.
pub const LONGEST: usize = 60_000;
/// Where messages end, tables, and parts: what comes later has room.
const MESSAGES: usize = LONGEST / 3;
const TABLES: usize = LONGEST / 3 * 2;
const PARTS: usize = LONGEST - 1_500;
/// Characters of a text in a line, and of a line in a block.
const WIDE: usize = 240;
/// Lines in a block; one as wide as it gets still fits after the tables.
const LINES: usize = 60;

/// At most so many characters, and how many more there were.
pub fn bounded(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        None => text.to_owned(),
        Some((end, _)) => {
            format!("{}… ({} more characters)", &text[..end], text[end..].chars().count())
        }
    }
}

/// A text as code, on one line; in a table too. Back-ticks and pipes, which would end it, are shown
/// as escapes.
pub fn code(text: &str) -> String {
    let text = line(text).replace('`', "\\u{60}").replace('|', "\\u{7c}");
    match bounded(&text, WIDE) {
        empty if empty.trim().is_empty() => "–".to_owned(),
        text => format!("`{text}`"),
    }
}

/// A text as code inside an HTML block, where no Markdown is read.
fn html(text: &str) -> String {
    let mut out = String::new();
    for c in bounded(&line(text), WIDE).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '`' => out.push_str("&#96;"),
            c => out.push(c),
        }
    }
    out
}

/// Lines in a fence that none of them can close.
pub fn block(language: &str, lines: &[String]) -> String {
    let mut text = String::new();
    for entry in lines.iter().take(LINES) {
        text.push_str(&bounded(&line(entry), WIDE));
        text.push('\n');
    }
    if let Some(more @ 1..) = lines.len().checked_sub(LINES) {
        text.push_str(&format!("… ({more} more lines)\n"));
    }
    let runs = text.split(|c| c != '`').map(str::len);
    let fence = "`".repeat(runs.max().unwrap_or(0).max(2) + 1);
    format!("{fence}{language}\n{text}{fence}\n")
}

/// A part that is opened with a click: an object, what is said of it, and lines.
pub fn details(name: &str, says: &str, lines: &[String]) -> String {
    let (name, says) = (html(name), html(says));
    // What changes in place has a colour of its own.
    let shown = |entry: &String| entry.strip_prefix('~').map(|rest| format!("!{rest}"));
    let lines: Vec<String> =
        lines.iter().map(|entry| shown(entry).unwrap_or_else(|| entry.clone())).collect();
    let block = block("diff", &lines);
    format!("<details>\n<summary><code>{name}</code> {says}</summary>\n\n{block}\n</details>\n\n")
}

/// That a region is evacuated, and since when.
pub fn evacuated(region: &str, since: &str) -> String {
    format!(
        "**{} is evacuated since {}:** {} gives it its traffic again.\n\n",
        code(region),
        code(since),
        code(&format!("lifeboat evacuate -end {region}"))
    )
}

/// That a region is fenced by hand, and since when.
pub fn fenced(region: &str, since: &str) -> String {
    format!(
        "**{} is fenced by hand since {}:** {} opens it.\n\n",
        code(region),
        code(since),
        code(&format!("lifeboat unfence {region}"))
    )
}

/// That the primary's data has no copy, and since when.
pub fn unprotected(since: &str) -> String {
    format!(
        "**Unprotected since {}:** `lifeboat apply` copies the data to the standbys again.\n\n",
        code(since)
    )
}

/// A page that ends before it is too long, and says what it leaves out.
#[derive(Debug, Default)]
pub struct Page {
    out: String,
}

impl Page {
    /// Adds what is never left out.
    pub fn add(&mut self, text: &str) {
        self.out.push_str(text);
    }

    /// A table of as many rows as fit.
    pub fn table(&mut self, head: &[&str], rows: &[Vec<String>], what: &str) {
        if rows.is_empty() {
            return;
        }
        let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        let head: Vec<String> = head.iter().map(|&cell| cell.to_owned()).collect();
        self.out.push_str(&line(&head));
        self.out.push_str(&line(&vec!["---".to_owned(); head.len()]));
        let mut shown = 0;
        for row in rows {
            let row = line(row);
            if self.out.len() + row.len() > TABLES {
                break;
            }
            self.out.push_str(&row);
            shown += 1;
        }
        self.out.push('\n');
        self.left(rows.len() - shown, what);
    }

    /// Messages, as many as fit.
    pub fn messages(&mut self, messages: impl ExactSizeIterator<Item = String>) {
        self.some(messages, MESSAGES, "messages");
    }

    /// Parts to open, as many as fit; no other is made.
    pub fn parts(&mut self, parts: impl ExactSizeIterator<Item = String>) {
        self.some(parts, PARTS, "differences");
    }

    fn some(&mut self, parts: impl ExactSizeIterator<Item = String>, end: usize, what: &str) {
        let (all, mut shown) = (parts.len(), 0);
        for part in parts {
            if self.out.len() + part.len() > end {
                break;
            }
            self.out.push_str(&part);
            shown += 1;
        }
        self.left(all - shown, what);
    }

    fn left(&mut self, count: usize, what: &str) {
        if count > 0 {
            self.out.push_str(&format!(
                "**{count} more {what}:** not shown here, the page would be too long. \
                 `-format=json` has all.\n\n"
            ));
        }
    }

    /// The page.
    pub fn text(self) -> String {
        let mut out = self.out.trim_end().to_owned();
        out.push('\n');
        out
    }
}
