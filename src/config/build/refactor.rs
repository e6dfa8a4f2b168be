//! `moved`, `removed`, `import`, `check`, `provider` and `lifeboat` blocks.

use lifeboat_sdk::Diagnostics;

use super::content::Content;
use super::depends;
use super::variable::{check_conditions, conditions};
use crate::address::Mode;
use crate::config::ast::Block;
use crate::config::codes;
use crate::config::module::{Check, Import, Moved, ProviderBlock, Removed, Settings};

pub(super) fn moved(block: Block, diagnostics: &mut Diagnostics) -> Option<Moved> {
    let mut content = Content::new(block.body, diagnostics);
    let from = content.required("from");
    let to = content.required("to");
    let from = from.and_then(|a| depends::endpoint(&a.expr, content.diagnostics));
    let to = to.and_then(|a| depends::endpoint(&a.expr, content.diagnostics));
    let (from, to) = from.zip(to).map_or((None, None), |(f, t)| (Some(f), Some(t)));
    if let (Some(from), Some(to)) = (&from, &to)
        && from.resource.is_some() != to.resource.is_some()
    {
        let detail = "A resource moves to a resource, and a module to a module.";
        content.diagnostics.push(codes::INVALID_ADDRESS.error(detail).at(to.span));
    }
    content.finish();
    Some(Moved { from: from?, to: to?, span: block.header })
}

pub(super) fn removed(block: Block, diagnostics: &mut Diagnostics) -> Option<Removed> {
    let mut content = Content::new(block.body, diagnostics);
    let from = content.required("from");
    let from = from.and_then(|a| depends::endpoint(&a.expr, content.diagnostics));
    let mut destroy = true;
    if let Some(lifecycle) = content.block("lifecycle") {
        let mut inner = Content::new(lifecycle.body, content.diagnostics);
        destroy = inner.flag("destroy").unwrap_or(true);
        inner.finish();
    }
    content.finish();
    let from = from?;
    let keyed = from.modules.iter().any(|(_, key)| key.is_some())
        || from.resource.as_ref().is_some_and(|(_, key)| key.is_some());
    if keyed {
        let detail = "A `removed` block takes all instances: its address has no keys.";
        diagnostics.push(codes::INVALID_ADDRESS.error(detail).at(from.span));
        return None;
    }
    Some(Removed { from, destroy, span: block.header })
}

pub(super) fn import(block: Block, diagnostics: &mut Diagnostics) -> Option<Import> {
    let mut content = Content::new(block.body, diagnostics);
    let to = content.required("to");
    let id = content.required("id");
    let for_each = content.expr("for_each");
    let provider = content.expr("provider");
    let provider = provider.and_then(|p| depends::provider(&p, content.diagnostics));
    let to = to.and_then(|a| {
        let address = depends::address(&a.expr, content.diagnostics)?;
        Some((address, a.expr.span))
    });
    content.finish();
    let (address, to_span) = to?;
    match address.resource {
        Some((resource, key)) if resource.mode == Mode::Managed => Some(Import {
            modules: address.modules,
            resource,
            key,
            to_span,
            id: id?.expr,
            for_each,
            provider,
            span: block.header,
        }),
        _ => {
            let detail = "An object is imported to the address of a managed resource.";
            diagnostics.push(codes::INVALID_ADDRESS.error(detail).at(to_span));
            None
        }
    }
}

pub(super) fn check(block: Block, diagnostics: &mut Diagnostics) -> Check {
    let mut content = Content::new(block.body, diagnostics);
    let asserts = conditions(&mut content, "assert");
    check_conditions(&asserts, content.diagnostics);
    let data = content.block("data").and_then(|block| {
        super::check_labels(&block, &["type", "name"], content.diagnostics)
            .then(|| super::resource::resource(Mode::Data, block, content.diagnostics))?
    });
    if asserts.is_empty() && content.body.blocks.is_empty() {
        let detail = "A check holds at least one `assert` block.";
        let at = content.body.missing;
        content.diagnostics.push(codes::MISSING_BLOCK.error(detail).at(at));
    }
    content.finish();
    Check { data, asserts, span: block.header }
}

pub(super) fn provider(block: Block, diagnostics: &mut Diagnostics) -> Option<ProviderBlock> {
    let name = block.labels.first()?.text.clone();
    let mut content = Content::new(block.body, diagnostics);
    let alias = content.text("alias").map(|(text, _)| text.into());
    if let Some(version) = content.take("version") {
        let detail = "Providers are part of lifeboat and have its version.";
        content.diagnostics.push(codes::UNSUPPORTED.error(detail).at(version.name_span));
    }
    Some(ProviderBlock { name, alias, body: content.rest(), span: block.header })
}

/// Adds a `lifeboat` block to the settings.
pub(super) fn settings(block: Block, settings: &mut Settings, diagnostics: &mut Diagnostics) {
    let header = block.header;
    if let Some(first) = settings.span {
        let diagnostic = codes::DUPLICATE
            .error("There is one `lifeboat` block in a module.")
            .at(header)
            .label(first, "the first is here");
        diagnostics.push(diagnostic);
        return;
    }
    let mut content = Content::new(block.body, diagnostics);
    *settings = Settings {
        required_version: content.text("required_version"),
        state: content.block("state"),
        encryption: content.block("encryption"),
        span: Some(header),
    };
    content.finish();
}
