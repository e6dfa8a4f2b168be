//! Values and their differences as lines, in Terraform's notation.

use lifeboat_sdk::schema::{Attribute, Shape, Syntax};
use lifeboat_sdk::{Marks, Value};
use similar::{ChangeTag, TextDiff};

use super::escape::quoted;

/// One line of a difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// How deep.
    pub depth: usize,
    /// `+`, `-`, `~` or nothing.
    pub symbol: &'static str,
    /// What it says.
    pub text: String,
}

/// How a part differs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Same,
    Added,
    Removed,
    Changed,
}

fn fate(before: Option<&Value>, after: Option<&Value>) -> Fate {
    match (before.filter(|v| !v.is_null()), after.filter(|v| !v.is_null())) {
        (None, None) => Fate::Same,
        (None, Some(_)) => Fate::Added,
        (Some(_), None) => Fate::Removed,
        (Some(b), Some(a)) if b == a && secret(b) == secret(a) => Fate::Same,
        (Some(_), Some(_)) => Fate::Changed,
    }
}

fn symbol(fate: Fate) -> &'static str {
    match fate {
        Fate::Same => " ",
        Fate::Added => "+",
        Fate::Removed => "-",
        Fate::Changed => "~",
    }
}

fn secret(value: &Value) -> bool {
    value.unmark().1.contains(Marks::SENSITIVE)
}

/// Lines of an object: attributes first, then blocks.
pub struct Lines<'p> {
    /// Whether everything is shown, also what stays: in `show` and for new objects.
    pub all: bool,
    /// Top-level attributes that force a replacement.
    pub forces: &'p dyn Fn(&str) -> bool,
    out: Vec<Line>,
}

impl<'p> Lines<'p> {
    /// The lines of a document between two states of it.
    pub fn of(
        attributes: &[Attribute],
        before: Option<&Value>,
        after: Option<&Value>,
        all: bool,
        forces: &'p dyn Fn(&str) -> bool,
    ) -> Vec<Line> {
        let mut lines = Self { all, forces, out: Vec::new() };
        if attributes.is_empty() {
            // Of a type that this build lacks.
            lines.entries(before, after, 0);
        } else {
            lines.object(attributes, before, after, 0);
        }
        lines.out
    }

    fn push(&mut self, depth: usize, fate: Fate, text: String) {
        self.out.push(Line { depth, symbol: symbol(fate), text });
    }

    fn object(
        &mut self,
        attributes: &[Attribute],
        before: Option<&Value>,
        after: Option<&Value>,
        depth: usize,
    ) {
        let part = |v: Option<&Value>, name: &str| v.and_then(|v| v.get(name)).cloned();
        let mut sorted: Vec<&Attribute> = attributes.iter().collect();
        sorted.sort_by_key(|a| (matches!(a.syntax, Syntax::Block { .. }), a.name));
        let mut shown = Vec::new();
        let mut hidden = (0, 0);
        for a in sorted {
            let (old, new) = (part(before, a.name), part(after, a.name));
            let block = matches!(a.syntax, Syntax::Block { .. });
            let fate = fate(old.as_ref(), new.as_ref());
            let context = depth == 0 && matches!(a.name, "id" | "name" | "bucket" | "region");
            if fate == Fate::Same && !self.all && !context {
                let there = !nothing(old.as_ref(), block);
                if there && block {
                    hidden.1 += 1;
                } else if there {
                    hidden.0 += 1;
                }
                continue;
            }
            if nothing(old.as_ref(), block) && nothing(new.as_ref(), block) {
                continue;
            }
            shown.push((a, old, new, fate));
        }
        let width = shown
            .iter()
            .filter(|(a, ..)| a.syntax == Syntax::Attribute)
            .map(|(a, ..)| a.name.len())
            .max()
            .unwrap_or(0);
        let (plain, blocks): (Vec<_>, Vec<_>) =
            shown.into_iter().partition(|(a, ..)| a.syntax == Syntax::Attribute);
        for (a, old, new, fate) in plain {
            self.attribute(a, old.as_ref(), new.as_ref(), fate, depth, width);
        }
        self.note(depth, hidden.0, "attribute");
        for (a, old, new, _) in blocks {
            self.blocks(a, old.as_ref(), new.as_ref(), depth);
        }
        self.note(depth, hidden.1, "block");
    }

    fn note(&mut self, depth: usize, count: usize, what: &str) {
        if count > 0 {
            let s = if count == 1 { "" } else { "s" };
            let text = format!("# ({count} unchanged {what}{s} hidden)");
            self.out.push(Line { depth, symbol: " ", text });
        }
    }

    fn attribute(
        &mut self,
        a: &Attribute,
        old: Option<&Value>,
        new: Option<&Value>,
        fate: Fate,
        depth: usize,
        width: usize,
    ) {
        let forces = if depth == 0 && (self.forces)(a.name) && fate != Fate::Same {
            " # forces replacement"
        } else {
            ""
        };
        let head = format!("{:width$} = ", a.name);
        self.entry(&head, old, new, fate, depth, forces);
    }

    /// `head` and the value, over several lines where it is a container or a long text.
    fn entry(
        &mut self,
        head: &str,
        old: Option<&Value>,
        new: Option<&Value>,
        fate: Fate,
        depth: usize,
        tail: &str,
    ) {
        let old = old.filter(|v| !v.is_null());
        let new = new.filter(|v| !v.is_null());
        if old.is_some_and(secret) || new.is_some_and(secret) {
            self.push(depth, fate, format!("{head}(sensitive value){tail}"));
            return;
        }
        if let (Some(a), Some(b)) = (text_of(old, new), text_of(new, old))
            && (old.is_none_or(|_| a != b) || fate == Fate::Same)
            && self.text(head, &a, &b, fate, depth, tail)
        {
            return;
        }
        let container = |v: Option<&Value>| {
            v.is_some_and(|v| !v.is_unknown() && (v.entries().is_some() || v.items().is_some()))
        };
        if container(old) || container(new) {
            self.container(head, old, new, fate, depth, tail);
            return;
        }
        let text = match (old, new) {
            (Some(o), Some(n)) if fate == Fate::Changed => format!("{} -> {}", short(o), short(n)),
            (Some(o), None) => format!("{} -> null", short(o)),
            (_, Some(n)) => short(n),
            (None, None) => "null".to_owned(),
        };
        self.push(depth, fate, format!("{head}{text}{tail}"));
    }

    /// Long texts and JSON documents line by line; whether it was one.
    fn text(
        &mut self,
        head: &str,
        old: &str,
        new: &str,
        fate: Fate,
        depth: usize,
        tail: &str,
    ) -> bool {
        let json = |text: &str| -> Option<String> {
            let starts = text.trim_start().starts_with(['{', '[']);
            let value: serde_json::Value = serde_json::from_str(text).ok().filter(|_| starts)?;
            serde_json::to_string_pretty(&value).ok()
        };
        let (a, b) = (json(old), json(new));
        let is_json = a.is_some() || b.is_some();
        let several = old.trim_end().contains('\n') || new.trim_end().contains('\n');
        if !is_json && !several {
            return false;
        }
        let (a, b) = if is_json {
            (a.unwrap_or_default(), b.unwrap_or_default())
        } else {
            (old.to_owned(), new.to_owned())
        };
        let (open, close) = if is_json { ("jsonencode(", ")") } else { ("<<-EOT", "EOT") };
        self.push(depth, fate, format!("{head}{open}{tail}"));
        let diff = TextDiff::from_lines(&a, &b);
        for group in diff.grouped_ops(if fate == Fate::Changed { 3 } else { usize::MAX / 4 }) {
            for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
                let line = super::escape::line(change.value().trim_end_matches('\n'));
                let fate = match change.tag() {
                    ChangeTag::Equal => Fate::Same,
                    ChangeTag::Insert => Fate::Added,
                    ChangeTag::Delete => Fate::Removed,
                };
                self.push(depth + 1, fate, line);
            }
        }
        self.push(depth, Fate::Same, close.to_owned());
        true
    }

    fn container(
        &mut self,
        head: &str,
        old: Option<&Value>,
        new: Option<&Value>,
        fate: Fate,
        depth: usize,
        tail: &str,
    ) {
        let known = |v: Option<&Value>| v.filter(|v| !v.is_unknown()).cloned();
        let (o, n) = (known(old), known(new));
        let becomes_unknown = new.is_some_and(Value::is_unknown);
        let map = o.as_ref().or(n.as_ref()).is_some_and(|v| v.entries().is_some());
        let (open, close) = if map { ("{", "}") } else { ("[", "]") };
        let end = if becomes_unknown { " -> (known after apply)" } else { "" };
        if [&o, &n].iter().all(|v| v.as_ref().is_none_or(empty)) {
            self.push(depth, fate, format!("{head}{open}{close}{end}{tail}"));
            return;
        }
        self.push(depth, fate, format!("{head}{open}{tail}"));
        if map {
            self.entries(o.as_ref(), n.as_ref(), depth + 1);
        } else {
            self.items(o.as_ref(), n.as_ref(), depth + 1);
        }
        self.push(depth, Fate::Same, format!("{close}{end}"));
    }

    fn entries(&mut self, old: Option<&Value>, new: Option<&Value>, depth: usize) {
        let names = |v: Option<&Value>| -> Vec<lifeboat_sdk::Name> {
            v.and_then(Value::entries).unwrap_or_default().iter().map(|(k, _)| k.clone()).collect()
        };
        let mut keys = names(old);
        keys.extend(names(new));
        keys.sort();
        keys.dedup();
        let map = matches!(new.or(old).map(Value::bare), Some(Value::Map(_)));
        let label = |key: &str| if map { quoted(key) } else { key.to_owned() };
        let width = keys.iter().map(|k| label(k).chars().count()).max().unwrap_or(0);
        let mut hidden = 0;
        for key in keys {
            let (o, n) = (old.and_then(|v| v.get(&key)), new.and_then(|v| v.get(&key)));
            let fate = fate(o, n);
            if fate == Fate::Same && !self.all {
                hidden += usize::from(o.is_some_and(|v| !v.is_null()));
                continue;
            }
            let head = format!("{:width$} = ", label(&key));
            self.entry(&head, o, n, fate, depth, "");
        }
        self.note(depth, hidden, if map { "element" } else { "attribute" });
    }

    fn items(&mut self, old: Option<&Value>, new: Option<&Value>, depth: usize) {
        let all = |v: Option<&Value>| v.and_then(Value::items).unwrap_or_default().to_vec();
        let (olds, news) = (all(old), all(new));
        let set = matches!(new.or(old).map(Value::bare), Some(Value::Set(_)));
        let mut rest = news.clone();
        let mut pairs: Vec<(Option<Value>, Option<Value>)> = Vec::new();
        if set {
            for o in olds {
                let at = rest.iter().position(|n| *n == o);
                pairs.push((Some(o), at.map(|at| rest.remove(at))));
            }
            pairs.extend(rest.into_iter().map(|n| (None, Some(n))));
        } else {
            for i in 0..olds.len().max(news.len()) {
                pairs.push((olds.get(i).cloned(), news.get(i).cloned()));
            }
        }
        let mut hidden = 0;
        for (o, n) in pairs {
            let fate = fate(o.as_ref(), n.as_ref());
            if fate == Fate::Same && !self.all {
                hidden += 1;
                continue;
            }
            let at = self.out.len();
            self.entry("", o.as_ref(), n.as_ref(), fate, depth, "");
            // Terraform ends every element with a comma.
            if self.out.len() > at
                && let Some(last) = self.out.last_mut()
            {
                last.text.push(',');
            }
        }
        self.note(depth, hidden, "element");
    }

    fn blocks(&mut self, a: &Attribute, old: Option<&Value>, new: Option<&Value>, depth: usize) {
        let Some(inner) = a.shape.attributes() else { return };
        if new.is_some_and(Value::is_unknown) {
            self.push(depth, Fate::Changed, format!("{} (known after apply)", a.name));
            return;
        }
        let list = |v: Option<&Value>| match v {
            Some(v) if v.items().is_some() => v.items().unwrap_or_default().to_vec(),
            Some(v) if !v.is_null() => vec![v.clone()],
            _ => Vec::new(),
        };
        let (olds, mut news) = (list(old), list(new));
        let keyed = matches!(a.shape, Shape::Set(_));
        let mut hidden = 0;
        for (i, o) in olds.iter().enumerate() {
            let partner = if keyed {
                let same = news.iter().position(|n| n == o);
                let like = || {
                    let p = crate::diff::merge::partner(inner, &news, o)?.clone();
                    news.iter().position(|n| *n == p)
                };
                same.or_else(like).map(|at| news.remove(at))
            } else {
                list(new).get(i).cloned()
            };
            hidden += self.block(a.name, inner, Some(o), partner.as_ref(), depth);
        }
        let rest = if keyed { news } else { list(new).split_off(olds.len().min(list(new).len())) };
        for n in &rest {
            hidden += self.block(a.name, inner, None, Some(n), depth);
        }
        if hidden > 0 {
            self.note(depth, hidden, "block");
        }
    }

    fn block(
        &mut self,
        name: &str,
        inner: &[Attribute],
        old: Option<&Value>,
        new: Option<&Value>,
        depth: usize,
    ) -> usize {
        let fate = fate(old, new);
        if fate == Fate::Same && !self.all {
            return 1;
        }
        self.push(depth, fate, format!("{name} {{"));
        self.object(inner, old, new, depth + 1);
        self.push(depth, Fate::Same, "}".to_owned());
        0
    }
}

/// The text of a string, and of a missing partner of one.
fn text_of(value: Option<&Value>, other: Option<&Value>) -> Option<String> {
    match value {
        Some(value) => value.as_str().map(str::to_owned),
        None => other?.as_str().map(|_| String::new()),
    }
}

fn empty(value: &Value) -> bool {
    value.items().is_some_and(<[Value]>::is_empty)
        || value.entries().is_some_and(<[(lifeboat_sdk::Name, Value)]>::is_empty)
}

fn nothing(value: Option<&Value>, block: bool) -> bool {
    value.is_none_or(|v| v.is_null() || (block && empty(v)))
}

/// A value on one line.
pub fn short(value: &Value) -> String {
    if secret(value) {
        return "(sensitive value)".to_owned();
    }
    match value.bare() {
        Value::Null(_) => "null".to_owned(),
        Value::Bool(b) => b.to_string(),
        Value::Number(n) => n.to_string(),
        Value::String(text) => quoted(text),
        Value::Unknown(u) => match &u.why {
            lifeboat_sdk::value::Why::AfterApply => "(known after apply)".to_owned(),
            lifeboat_sdk::value::Why::Deferred(address) => {
                format!("(deferred with {})", super::escape::line(address))
            }
            lifeboat_sdk::value::Why::Unreachable(scope) => {
                format!("(unreachable: {})", scope.location)
            }
        },
        bare => match (bare.items(), bare.entries()) {
            (Some(items), _) => {
                let parts: Vec<String> = items.iter().map(short).collect();
                format!("[{}]", parts.join(", "))
            }
            (_, Some(entries)) => {
                let parts: Vec<String> =
                    entries.iter().map(|(k, v)| format!("{k} = {}", short(v))).collect();
                format!("{{ {} }}", parts.join(", "))
            }
            _ => String::new(),
        },
    }
}
