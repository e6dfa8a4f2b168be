//! `resource`, `data` and `module` blocks, their meta arguments, and topology blocks.

use lifeboat_sdk::{Diagnostics, Name, Span};

use super::content::{Content, report_block};
use super::depends;
use super::variable::{check_conditions, conditions};
use crate::address::Mode;
use crate::config::ast::{Attribute, Block, Expr, ExprKind, Step, StepKind};
use crate::config::codes;
use crate::config::module::{
    Ignore, IgnorePath, Lifecycle, ModuleCall, ProviderRef, Resource, TopologyBlock,
};
use crate::config::reference::Reference;

/// `count`, `for_each`, `depends_on`
struct Meta {
    count: Option<Expr>,
    for_each: Option<Expr>,
    depends_on: Vec<Reference>,
}

fn meta(content: &mut Content<'_>) -> Meta {
    let count = content.take("count");
    let for_each = content.take("for_each");
    if let (Some(count), Some(each)) = (&count, &for_each) {
        let diagnostic = codes::COUNT_AND_FOR_EACH
            .error("`count` and `for_each` both say how often the block exists; only one may.")
            .at(each.name_span)
            .label(count.name_span, "`count` is here");
        content.diagnostics.push(diagnostic);
    }
    let expr = |a: Attribute| a.expr;
    Meta { count: count.map(expr), for_each: for_each.map(expr), depends_on: content.depends_on() }
}

pub(super) fn resource(
    mode: Mode,
    block: Block,
    diagnostics: &mut Diagnostics,
) -> Option<Resource> {
    let [kind, name] = block.labels.as_slice() else { return None };
    let (kind, kind_span, name) = (kind.text.clone(), kind.span, name.text.clone());
    let mut content = Content::new(block.body, diagnostics);
    let meta = meta(&mut content);
    let provider = content.expr("provider");
    let provider = provider.and_then(|expr| depends::provider(&expr, content.diagnostics));
    let lifecycle = content.block("lifecycle");
    let lifecycle = lifecycle
        .map(|block| self::lifecycle(mode, block, content.diagnostics))
        .unwrap_or_default();
    for ident in ["connection", "provisioner"] {
        for block in content.blocks(ident) {
            let detail = "Provisioners are not supported: nothing runs commands. Do what they did outside, after the apply.";
            content.diagnostics.push(codes::UNSUPPORTED.error(detail).at(block.header));
        }
    }
    Some(Resource {
        kind,
        name,
        body: content.rest(),
        count: meta.count,
        for_each: meta.for_each,
        depends_on: meta.depends_on,
        provider,
        lifecycle,
        kind_span,
        span: block.header,
    })
}

fn lifecycle(mode: Mode, block: Block, diagnostics: &mut Diagnostics) -> Lifecycle {
    let mut content = Content::new(block.body, diagnostics);
    let mut lifecycle = Lifecycle {
        preconditions: conditions(&mut content, "precondition"),
        postconditions: conditions(&mut content, "postcondition"),
        ..Lifecycle::default()
    };
    check_conditions(&lifecycle.preconditions, content.diagnostics);
    check_conditions(&lifecycle.postconditions, content.diagnostics);
    if mode == Mode::Managed {
        lifecycle.prevent_destroy = content.flag("prevent_destroy").unwrap_or(false);
        lifecycle.create_before_destroy = content.flag("create_before_destroy");
        if let Some(expr) = content.expr("ignore_changes") {
            lifecycle.ignore_changes = ignore(&expr, content.diagnostics);
        }
        lifecycle.replace_triggered_by = content.list("replace_triggered_by");
        for expr in &lifecycle.replace_triggered_by {
            if !matches!(expr.kind, ExprKind::Traversal(_) | ExprKind::Invalid) {
                let detail = "Here a reference to a resource or its attribute must stand.";
                content.diagnostics.push(codes::EXPECTED_REFERENCE.error(detail).at(expr.span));
            }
        }
    }
    content.finish();
    lifecycle
}

fn ignore(expr: &Expr, diagnostics: &mut Diagnostics) -> Ignore {
    if expr.keyword().is_some_and(|word| &**word == "all") {
        return Ignore::All;
    }
    let ExprKind::Tuple(items) = &expr.kind else {
        if !matches!(expr.kind, ExprKind::Invalid) {
            let detail = "Here a list of attributes in brackets, or `all`, must stand.";
            diagnostics.push(codes::EXPECTED_LIST.error(detail).at(expr.span));
        }
        return Ignore::default();
    };
    if matches!(&**items, [one] if one.literal_text() == Some("*")) {
        return Ignore::All;
    }
    Ignore::Paths(items.iter().filter_map(|item| ignore_path(item, diagnostics)).collect())
}

fn ignore_path(item: &Expr, diagnostics: &mut Diagnostics) -> Option<IgnorePath> {
    let unquoted = depends::unquote(item, diagnostics);
    let item = unquoted.as_ref().unwrap_or(item);
    let plain = |s: &Step| matches!(s.kind, StepKind::Attr(_) | StepKind::Key(_));
    match &item.kind {
        ExprKind::Traversal(t) if t.steps.iter().all(plain) => {
            let root = Step { kind: StepKind::Attr(t.root.clone()), span: t.root_span };
            let steps = std::iter::once(root).chain(t.steps.iter().cloned()).collect();
            Some(IgnorePath { steps, span: item.span })
        }
        ExprKind::Invalid => None,
        _ => {
            let detail = "Here an attribute of the resource must stand, such as `tags[\"a\"]`.";
            diagnostics.push(codes::EXPECTED_REFERENCE.error(detail).at(item.span));
            None
        }
    }
}

pub(super) fn module_call(block: Block, diagnostics: &mut Diagnostics) -> Option<ModuleCall> {
    let mut content = Content::new(block.body, diagnostics);
    let meta = meta(&mut content);
    let source = content.required("source");
    let source = source.and_then(|attribute| {
        let ty = lifeboat_sdk::Type::String;
        let value = crate::config::eval::constant_as(&attribute.expr, &ty, content.diagnostics)?;
        Some((value.as_str()?.to_owned(), attribute.expr.span))
    });
    if let Some(version) = content.take("version") {
        let detail = "Modules are folders; only those of a registry have versions.";
        content.diagnostics.push(codes::UNSUPPORTED.error(detail).at(version.name_span));
    }
    let providers = content.expr("providers");
    let providers = providers.map(|p| self::providers(&p, content.diagnostics)).unwrap_or_default();
    for nested in std::mem::take(&mut content.body.blocks) {
        let none = std::iter::empty();
        report_block(&nested.ident, nested.ident_span, false, none, content.diagnostics);
    }
    let (source, source_span) = source?;
    Some(ModuleCall {
        source,
        source_span,
        body: content.rest(),
        count: meta.count,
        for_each: meta.for_each,
        depends_on: meta.depends_on,
        providers,
        span: block.header,
    })
}

/// `providers = { aws = aws.west }`
fn providers(expr: &Expr, diagnostics: &mut Diagnostics) -> Vec<(ProviderRef, ProviderRef)> {
    let ExprKind::Object(items) = &expr.kind else {
        let detail = "Here pairs of providers must stand: `{ theirs = ours }`.";
        diagnostics.push(codes::EXPECTED_REFERENCE.error(detail).at(expr.span));
        return Vec::new();
    };
    let mut pairs = Vec::new();
    for item in items {
        let theirs = match item.key.literal_text() {
            Some(name) => {
                let span: Span = item.key.span;
                Some(ProviderRef { name: Name::from(name), alias: None, span })
            }
            None => depends::provider(item.key.unwrapped(), diagnostics),
        };
        pairs.extend(theirs.zip(depends::provider(&item.value, diagnostics)));
    }
    pairs
}

pub(super) fn topology_block(block: Block, diagnostics: &mut Diagnostics) -> TopologyBlock {
    let Block { ident, ident_span, labels, body, header, span } = block;
    let mut content = Content::new(body, diagnostics);
    let Meta { count, for_each, depends_on } = meta(&mut content);
    let body = content.rest();
    let block = Block { ident, ident_span, labels, body, header, span };
    TopologyBlock { block, count, for_each, depends_on }
}
