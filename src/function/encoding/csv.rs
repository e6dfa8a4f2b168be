//! Comma-separated values, as strict as Go's reader.

use lifeboat_sdk::value::{Name, nfc};
use lifeboat_sdk::{Type, Value};

use super::super::{FunctionError, Outcome};
use super::text;

/// A list of objects; the first line names the attributes.
pub(super) fn decode(source: &str) -> Outcome {
    let mut reader = Reader { rest: source, line: 1 };
    let header = reader.record()?;
    let header = header.ok_or_else(|| FunctionError::new("the header line is missing"))?;
    let names: Vec<Name> = header.iter().map(|name| nfc(name)).collect();
    let mut sorted = names.clone();
    sorted.sort_unstable();
    if let Some(pair) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(FunctionError::new(format!("there are two columns {:?}", &*pair[0])));
    }
    let mut rows = Vec::new();
    loop {
        let line = reader.line;
        let Some(fields) = reader.record()? else { break };
        if fields.len() != names.len() {
            let message = format!("{} fields instead of {}", fields.len(), names.len());
            return Err(error(line, &message));
        }
        let entries = names.iter().cloned().zip(fields.iter().map(|field| text(field)));
        rows.push(Value::object(entries));
    }
    let row = Type::object(names.into_iter().map(|name| (name, Type::String)));
    Ok(Value::list(row, rows))
}

fn error(line: usize, message: &str) -> FunctionError {
    FunctionError::new(format!("line {line}: {message}"))
}

struct Reader<'a> {
    rest: &'a str,
    line: usize,
}

impl Reader<'_> {
    /// The fields of the next line that is not empty.
    fn record(&mut self) -> Result<Option<Vec<String>>, FunctionError> {
        while let Some(rest) = self.rest.strip_prefix("\r\n").or(self.rest.strip_prefix('\n')) {
            self.rest = rest;
            self.line += 1;
        }
        if self.rest.is_empty() {
            return Ok(None);
        }
        let mut fields = Vec::new();
        loop {
            let (field, last) =
                if self.rest.starts_with('"') { self.quoted()? } else { self.plain()? };
            fields.push(field);
            if last {
                return Ok(Some(fields));
            }
        }
    }

    /// A field without quotes, and whether it is the last of its line.
    fn plain(&mut self) -> Result<(String, bool), FunctionError> {
        let end = self.rest.find([',', '\n']).unwrap_or(self.rest.len());
        let (field, rest) = self.rest.split_at(end);
        let field =
            if rest.starts_with(',') { field } else { field.strip_suffix('\r').unwrap_or(field) };
        if field.contains('"') {
            return Err(error(self.line, "a quote inside of a field without quotes"));
        }
        let field = field.to_owned();
        Ok((field, self.end(rest.len())))
    }

    /// Moves behind a comma or line break; whether the line ends.
    fn end(&mut self, left: usize) -> bool {
        let rest = &self.rest[self.rest.len() - left..];
        let last = !rest.starts_with(',');
        if rest.starts_with('\n') {
            self.line += 1;
        }
        self.rest = rest.get(1..).unwrap_or_default();
        last
    }

    fn quoted(&mut self) -> Result<(String, bool), FunctionError> {
        let mut field = String::new();
        let mut rest = &self.rest[1..];
        let start = self.line;
        loop {
            let Some(quote) = rest.find('"') else {
                return Err(error(start, "a closing quote is missing"));
            };
            self.line += rest[..quote].matches('\n').count();
            field.push_str(&rest[..quote].replace("\r\n", "\n"));
            rest = &rest[quote + 1..];
            if let Some(more) = rest.strip_prefix('"') {
                field.push('"');
                rest = more;
                continue;
            }
            let after = rest.strip_prefix('\r').filter(|r| r.is_empty() || r.starts_with('\n'));
            let after = after.unwrap_or(rest);
            if !(after.is_empty() || after.starts_with([',', '\n'])) {
                return Err(error(self.line, "text after a closing quote"));
            }
            let left = after.len();
            return Ok((field, self.end(left)));
        }
    }
}
