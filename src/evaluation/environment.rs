//! `Environment`: what expressions see: variables, locals, modules and resources by instance.
//!
//! Values are made once and shared. Callers go through items in dependency order, so that
//! looking one up finds what it needs already there.

use std::cell::RefCell;
use std::collections::BTreeMap;

use lifeboat_sdk::{Diagnostic, Diagnostics, Name, Type, Value};

use super::expansion;
use super::expansion::{Expansion, Repetition};
use super::module_at;
use crate::address::{Address, Key, ModulePath};
use crate::config::eval::{FunctionContext, Scope, evaluate};
use crate::config::module::Module;
use crate::config::{self, ast::Expr};
use crate::config::{Config, Reference, ResourceKey, Target};
use crate::config::{codes, variable};

/// Where the values of resources come from.
pub trait Resources {
    /// All instances: an object, a tuple or an object of objects.
    ///
    /// # Errors
    /// Why it has no value here.
    fn resource(&self, module: &ModulePath, key: &ResourceKey) -> Result<Value, Box<Diagnostic>>;

    /// What a topology block is to expressions.
    ///
    /// # Errors
    /// Why it has no value here.
    fn block(&self, kind: &str, name: &str) -> Result<Value, Box<Diagnostic>>;

    /// One object, for templates.
    fn object(&self, address: &Address) -> Option<Value>;
}

type MemoKey = (ModulePath, u8, Name);

/// What expressions see.
pub struct Environment<'a> {
    config: &'a Config,
    variables: &'a BTreeMap<Name, Value>,
    functions: &'a FunctionContext<'a>,
    /// Where the values of resources come from.
    pub resources: &'a dyn Resources,
    memo: RefCell<BTreeMap<MemoKey, Value>>,
    calls: RefCell<BTreeMap<(ModulePath, Name), Expansion>>,
    /// Problems found on the way; taken by [`Environment::take`].
    found: RefCell<Diagnostics>,
}

impl<'a> Environment<'a> {
    /// Of the given root variables and resources.
    pub fn new(
        config: &'a Config,
        variables: &'a BTreeMap<Name, Value>,
        functions: &'a FunctionContext<'a>,
        resources: &'a dyn Resources,
    ) -> Self {
        Self {
            config,
            variables,
            functions,
            resources,
            memo: RefCell::default(),
            calls: RefCell::default(),
            found: RefCell::default(),
        }
    }

    /// The problems found so far, once.
    pub fn take(&self) -> Diagnostics {
        self.found.take()
    }

    /// The declarations of a module instance.
    pub fn module(&self, path: &ModulePath) -> Option<&'a Module> {
        module_at(self.config, &path.names())
    }

    /// All instances of a module of the static tree, in the order of their keys.
    pub fn instances(&self, path: &[Name]) -> Vec<ModulePath> {
        let mut all = vec![ModulePath::root()];
        for name in path {
            all = all
                .iter()
                .flat_map(|parent| {
                    self.call(parent, name)
                        .instances()
                        .into_iter()
                        .map(|r| parent.child(name, r.key()))
                        .collect::<Vec<_>>()
                })
                .collect();
        }
        all
    }

    /// How often a call of a module instance exists.
    pub fn call(&self, parent: &ModulePath, name: &Name) -> Expansion {
        let at = (parent.clone(), name.clone());
        if let Some(known) = self.calls.borrow().get(&at) {
            return known.clone();
        }
        let call = self.module(parent).and_then(|m| m.calls.get(name));
        let expansion = call.map_or(Expansion::Invalid, |call| {
            self.expand(parent, call.count.as_ref(), call.for_each.as_ref())
        });
        self.calls.borrow_mut().insert(at, expansion.clone());
        expansion
    }

    /// The repetition of a module instance in its parent.
    fn repetition(&self, module: &ModulePath) -> Repetition {
        let Some((last, parent)) = module.0.split_last() else { return Repetition::default() };
        let call = self.call(&ModulePath(parent.to_vec()), &last.name);
        call.instances().into_iter().find(|r| r.key() == last.key).unwrap_or_default()
    }

    /// Evaluates `count` and `for_each`.
    pub fn expand(
        &self,
        module: &ModulePath,
        count: Option<&Expr>,
        for_each: Option<&Expr>,
    ) -> Expansion {
        match (count, for_each) {
            (Some(count), _) => {
                let value = self.evaluate(module, &Repetition::default(), None, count);
                expansion::count(&value, count.span(), &mut self.found.borrow_mut())
            }
            (None, Some(each)) => {
                let value = self.evaluate(module, &Repetition::default(), None, each);
                expansion::each(&value, each.span(), &mut self.found.borrow_mut())
            }
            (None, None) => Expansion::Single,
        }
    }

    /// Evaluates an expression of a module instance.
    pub fn evaluate(
        &self,
        module: &ModulePath,
        repetition: &Repetition,
        this: Option<&Value>,
        expr: &Expr,
    ) -> Value {
        let mut found = Diagnostics::new();
        let scope = self.scope(module, repetition, this);
        let value = evaluate(expr, &scope, &mut found);
        self.found.borrow_mut().extend(found);
        value
    }

    /// The scope of a module instance, for decoding bodies.
    pub fn scope<'s>(
        &'s self,
        module: &'s ModulePath,
        repetition: &'s Repetition,
        this: Option<&'s Value>,
    ) -> InstanceScope<'s, 'a> {
        InstanceScope { environment: self, module, repetition, this }
    }

    fn remember(
        &self,
        module: &ModulePath,
        family: u8,
        name: &Name,
        make: impl FnOnce() -> Value,
    ) -> Value {
        let key = (module.clone(), family, name.clone());
        if let Some(value) = self.memo.borrow().get(&key) {
            return value.clone();
        }
        let value = make();
        self.memo.borrow_mut().insert(key, value.clone());
        value
    }

    /// A variable of a module instance.
    pub fn variable(&self, module: &ModulePath, name: &Name) -> Value {
        if module.is_root() {
            let unknown = || Value::unknown(Type::Dynamic);
            return self.variables.get(name).cloned().unwrap_or_else(unknown);
        }
        self.remember(module, 0, name, || self.argument(module, name))
    }

    /// The value that the call of a module instance gives one of its variables.
    fn argument(&self, module: &ModulePath, name: &Name) -> Value {
        let unknown = Value::unknown(Type::Dynamic);
        let Some((last, parent)) = module.0.split_last() else { return unknown };
        let parent = ModulePath(parent.to_vec());
        let declared = self.module(module).and_then(|m| m.variables.get(name));
        let call = self.module(&parent).and_then(|m| m.calls.get(&last.name));
        let (Some(declared), Some(call)) = (declared, call) else { return unknown };
        let given = call.body.attribute(name).map(|a| {
            let repetition = self.repetition(module);
            (self.evaluate(&parent, &repetition, None, &a.expr), a.expr.span())
        });
        let mut found = Diagnostics::new();
        let value = variable::accept(declared, given, call.span, &mut found);
        self.found.borrow_mut().extend(found);
        value
    }

    /// A local value of a module instance.
    pub fn local(&self, module: &ModulePath, name: &Name) -> Value {
        self.remember(module, 1, name, || {
            let local = self.module(module).and_then(|m| m.locals.get(name));
            local.map_or_else(
                || Value::unknown(Type::Dynamic),
                |l| self.evaluate(module, &Repetition::default(), None, &l.expr),
            )
        })
    }

    /// An output of a module instance, with its declared marks.
    pub fn output(&self, module: &ModulePath, name: &Name) -> Value {
        self.remember(module, 2, name, || {
            let Some(output) = self.module(module).and_then(|m| m.outputs.get(name)) else {
                return Value::unknown(Type::Dynamic);
            };
            let value = self.evaluate(module, &Repetition::default(), None, &output.value);
            if output.sensitive { value.sensitive() } else { value }
        })
    }

    /// What `module.NAME` is: the outputs of all its instances. Where only one of them is used,
    /// only that one is made: others may need what is not planned yet.
    fn outputs(&self, parent: &ModulePath, name: &Name, only: Option<&Name>) -> Value {
        let label = only.map_or_else(|| name.clone(), |o| format!("{name}.{o}").into());
        self.remember(parent, 3, &label, || {
            let call = self.call(parent, name);
            let of = |r: &Repetition| {
                let child = parent.child(name, r.key());
                let names = self.module(&child).map(|m| m.outputs.keys()).into_iter().flatten();
                let wanted = names.filter(|n| only.is_none_or(|o| o == *n));
                Value::object(wanted.map(|n| (n.clone(), self.output(&child, n))))
            };
            let values = call.instances().iter().map(of).collect();
            call.gather(values)
        })
    }
}

/// What the expressions of one instance see.
pub struct InstanceScope<'s, 'a> {
    environment: &'s Environment<'a>,
    module: &'s ModulePath,
    repetition: &'s Repetition,
    this: Option<&'s Value>,
}

impl Scope for InstanceScope<'_, '_> {
    fn resolve(&self, reference: &Reference) -> Result<Value, Box<Diagnostic>> {
        let e = self.environment;
        match &reference.target {
            Target::Variable(name) => Ok(e.variable(self.module, name)),
            Target::Local(name) => Ok(e.local(self.module, name)),
            Target::Resource(key) => e.resources.resource(self.module, key),
            Target::Module { name, output } => Ok(e.outputs(self.module, name, output.as_ref())),
            Target::Block { kind, name } => e.resources.block(kind, name),
            Target::Each => self.each(reference),
            Target::Count => match self.repetition.index {
                Some(index) => {
                    let index = Value::int(i64::try_from(index).unwrap_or(i64::MAX));
                    Ok(Value::object([("index".into(), index)]))
                }
                None => Err(outside(reference)),
            },
            Target::Path => Ok(e.path(self.module)),
            Target::Terraform => {
                Ok(Value::object([("workspace".into(), Value::string("default"))]))
            }
            Target::This => self.this.cloned().ok_or_else(|| outside(reference)),
        }
    }

    fn functions(&self) -> &FunctionContext<'_> {
        self.environment.functions
    }
}

impl InstanceScope<'_, '_> {
    fn each(&self, reference: &Reference) -> Result<Value, Box<Diagnostic>> {
        let Some((key, value)) = &self.repetition.each else {
            return Err(outside(reference));
        };
        Ok(Value::object([
            ("key".into(), Value::string(key.clone())),
            ("value".into(), value.clone()),
        ]))
    }
}

impl Environment<'_> {
    fn path(&self, module: &ModulePath) -> Value {
        let dir = self.module(module).map(|m| m.dir.display().to_string()).unwrap_or_default();
        let dir = if dir.is_empty() { ".".to_owned() } else { dir };
        Value::object([
            ("module".into(), Value::string(dir)),
            ("root".into(), Value::string(".")),
            ("cwd".into(), Value::string(self.functions.files.current_folder())),
        ])
    }
}

/// The files were checked for it; told again, it is the same problem.
fn outside(reference: &Reference) -> Box<Diagnostic> {
    let unset = || codes::OUTSIDE.error("It has no value here.").at(reference.span);
    Box::new(config::outside(reference).unwrap_or_else(unset))
}

/// The address of a resource in a module instance.
pub fn address(module: &ModulePath, key: &ResourceKey, instance: Option<Key>) -> Address {
    Address {
        module: module.clone(),
        mode: key.mode,
        kind: key.kind.clone(),
        name: key.name.clone(),
        key: instance,
    }
}
