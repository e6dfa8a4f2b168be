//! What functions see in the tests.

use lifeboat_sdk::Value;
use lifeboat_sdk::value::Name;
use lifeboat_sdk::value::json::from_json;

use super::super::{
    Context, Entropy, FileError, FileKind, Files, InvokeError, Listed, TemplateError, Templates,
    invoke,
};

struct World;

impl Files for World {
    fn read(&self, path: &str) -> Result<Vec<u8>, FileError> {
        match path {
            "hello.txt" => Ok(b"hello\n".to_vec()),
            "latin1" => Ok(vec![0xe9]),
            "/home/me/x" => Ok(b"home".to_vec()),
            _ => Err(FileError::NotFound),
        }
    }

    fn kind(&self, path: &str) -> Result<Option<FileKind>, FileError> {
        Ok(match path {
            "hello.txt" | "latin1" => Some(FileKind::File),
            "dir" => Some(FileKind::Folder),
            _ => None,
        })
    }

    fn list(&self, folder: &str) -> Result<Vec<Listed>, FileError> {
        let entry = |name: &str, kind| Listed { name: name.into(), kind, link: false };
        match folder {
            "." => Ok(vec![
                entry("hello.txt", FileKind::File),
                entry("latin1", FileKind::File),
                entry("dir", FileKind::Folder),
                Listed { name: "loop".into(), kind: FileKind::Folder, link: true },
            ]),
            "./dir" => Ok(vec![entry("x.txt", FileKind::File), entry("deep", FileKind::Folder)]),
            "./dir/deep" => Ok(vec![entry("b.md", FileKind::File)]),
            _ => Err(FileError::NotFound),
        }
    }

    fn current_folder(&self) -> String {
        "/work".into()
    }

    fn home(&self) -> Option<String> {
        Some("/home/me".into())
    }
}

impl Entropy for World {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(0x5a);
    }
}

/// Templates yield the variable `a`.
impl Templates for World {
    fn render(
        &self,
        _: &str,
        _: &str,
        variables: &[(Name, Value)],
    ) -> Result<Value, TemplateError> {
        let found = variables.iter().find(|(name, _)| &**name == "a");
        found.map(|(_, v)| v.clone()).ok_or_else(|| TemplateError::Variable("a".into()))
    }
}

/// As when a plan is applied.
fn applying() -> Context<'static> {
    Context { settled: true, ..planning() }
}

/// As when a plan is made.
pub(super) fn planning() -> Context<'static> {
    Context {
        files: &World,
        templates: &World,
        entropy: &World,
        now: "2026-01-02T03:04:05Z".parse().unwrap(),
        settled: false,
        in_template: false,
    }
}

pub(super) fn call(name: &str, args: &[Value]) -> Result<Value, InvokeError> {
    invoke(&applying(), name, args)
}

pub(super) fn call_in(
    context: &Context<'_>,
    name: &str,
    args: &[Value],
) -> Result<Value, InvokeError> {
    invoke(context, name, args)
}

#[track_caller]
pub(super) fn json(text: &str) -> Value {
    from_json(text, None).unwrap()
}
