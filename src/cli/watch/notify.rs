//! Telling people elsewhere: by a command, by a request, or both, until each has taken the notice.

use std::time::Duration;

use lifeboat_sdk::{Ctx, Diagnostic, Name, Value};

use super::options::Watch;
use crate::apply::Deed;
use crate::cli::workspace::Workspace;
use crate::engine::watch::Notice;
use crate::plan::{Act, Task};

/// How long a command or a server may take.
const LIMIT: Duration = Duration::from_secs(30);

/// A notice on its way.
pub(super) struct Errand {
    /// What is told.
    notice: Notice,
    /// To whom it is still to be told.
    left: Vec<Way>,
}

/// How it is told.
enum Way {
    Command(String),
    Request { url: String, token_file: Option<String> },
}

impl Errand {
    /// A notice, and all who are to be told.
    pub(super) fn new(notice: Notice, args: &Watch) -> Self {
        let command = args.notify_command.clone().map(Way::Command);
        let token_file = args.notify_token_file.as_ref();
        let token_file = token_file.map(|file| file.to_string_lossy().into_owned());
        let request = args.notify_url.clone().map(|url| Way::Request { url, token_file });
        Self { notice, left: command.into_iter().chain(request).collect() }
    }

    /// Tells it to those who have not taken it yet; whether all have now.
    pub(super) async fn run(&mut self, workspace: &Workspace, ctx: &Ctx) -> bool {
        let mut left = Vec::new();
        for way in std::mem::take(&mut self.left) {
            let deed = way.deed(&self.notice, workspace);
            if let Err(why) = deed.perform(ctx, None, &|_| {}).await {
                let name = way.name();
                let text = format!("{name}: {}.", why.to_string().trim_end_matches('.'));
                let help = "It is tried again after the next look.";
                let found = Diagnostic::warning("watch::notify", "A notice was not taken", text);
                workspace.tell(&found.help(help).into());
                left.push(way);
            }
        }
        self.left = left;
        self.left.is_empty()
    }
}

impl Way {
    fn name(&self) -> &str {
        match self {
            Self::Command(program) => program,
            Self::Request { url, .. } => url,
        }
    }

    /// The same as a hook of a promotion.
    fn deed(&self, notice: &Notice, workspace: &Workspace) -> Deed {
        let text = |text: &str| Value::string(text);
        let what: (Name, Value) = match self {
            Self::Command(program) => ("command".into(), Value::tuple(vec![text(program)])),
            Self::Request { url, token_file } => {
                let mut request = Value::object([("url".into(), text(url))]);
                if let Some(file) = token_file {
                    request = request.with("token_file", text(file));
                }
                ("webhook".into(), request)
            }
        };
        let facts = Value::object(notice.facts().map(|(name, fact)| (name.into(), text(&fact))));
        // The same for each try, so that whoever is told twice can know.
        let told = format!("{}:{}:{}", notice.event, notice.region, notice.since);
        let token = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, told.as_bytes());
        Deed {
            act: Act::Hook,
            task: Task {
                about: "watch".into(),
                arguments: Value::object([what, ("facts".into(), facts)]),
                limit: LIMIT,
                optional: true,
                on: None,
            },
            kind: None,
            token: token.to_string().into(),
            root: workspace.root.clone(),
        }
    }
}
