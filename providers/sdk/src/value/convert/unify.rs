//! The type that several types have in common, as cty finds it.

use std::collections::{BTreeSet, VecDeque};

use super::super::{Name, Type};
use super::possible::converts;

/// The type to which all convert, text that must be readable included: for conditionals, lists,
/// maps and functions that join collections. `None` if there is none, or no type at all.
pub fn unify(types: &[Type]) -> Option<Type> {
    unify_as(types, false)
}

/// The type to which all convert without fail.
pub fn unify_safe(types: &[Type]) -> Option<Type> {
    unify_as(types, true)
}

pub(super) fn unify_as(types: &[Type], safe: bool) -> Option<Type> {
    let mut seen = BTreeSet::new();
    let types: Vec<&Type> = types.iter().filter(|ty| seen.insert(*ty)).collect();
    if let [one] = types[..] {
        return Some(one.clone());
    }
    let dynamic = types.contains(&&Type::Dynamic);
    let mut kinds: Vec<Kind> = types.iter().map(|ty| Kind::of(ty)).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds.retain(|kind| *kind != Kind::Dynamic);
    match &kinds[..] {
        [Kind::Map | Kind::List | Kind::Set | Kind::Object | Kind::Tuple] if dynamic => {
            Some(Type::Dynamic)
        }
        [kind @ (Kind::Map | Kind::List | Kind::Set)] => collections(*kind, &types, safe),
        [Kind::Object] => objects(&types, safe),
        [Kind::Tuple] => tuples(&types, safe),
        [Kind::Map, Kind::Object] => mixed(&types, safe).or_else(|| preferred(&types, safe)),
        [Kind::List, Kind::Tuple] => mixed(&types, safe).or_else(|| preferred(&types, safe)),
        kinds if kinds.contains(&Kind::Object) && kinds.contains(&Kind::Tuple) => None,
        _ => preferred(&types, safe),
    }
}

/// The outermost constructor of a type.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Dynamic,
    Primitive,
    Map,
    Object,
    List,
    Tuple,
    Set,
}

impl Kind {
    fn of(ty: &Type) -> Self {
        match ty {
            Type::Dynamic => Self::Dynamic,
            Type::Bool | Type::Number | Type::String => Self::Primitive,
            Type::List(_) => Self::List,
            Type::Set(_) => Self::Set,
            Type::Map(_) => Self::Map,
            Type::Tuple(_) => Self::Tuple,
            Type::Object(_) => Self::Object,
        }
    }
}

/// All types convert to `to`, which is then the answer.
fn all_convert(types: &[&Type], to: Type, safe: bool) -> Option<Type> {
    let all = types.iter().all(|ty| **ty == to || converts(ty, &to, safe));
    all.then_some(to)
}

fn collections(kind: Kind, types: &[&Type], safe: bool) -> Option<Type> {
    let elements: Vec<Type> = types.iter().filter_map(|ty| element(ty)).cloned().collect();
    let element = unify_as(&elements, safe)?;
    let to = match kind {
        Kind::List => Type::list(element),
        Kind::Set => Type::set(element),
        _ => Type::map(element),
    };
    all_convert(types, to, safe)
}

fn element(ty: &Type) -> Option<&Type> {
    match ty {
        Type::List(t) | Type::Set(t) | Type::Map(t) => Some(t),
        _ => None,
    }
}

/// Objects with the same attributes unify by attribute, others as maps.
fn objects(types: &[&Type], safe: bool) -> Option<Type> {
    let rows: Vec<_> = types.iter().filter_map(|ty| fields(ty)).collect();
    let (first, rest) = rows.split_first()?;
    let alike = |row: &&[super::Field]| {
        row.len() == first.len() && row.iter().zip(*first).all(|(a, b)| a.name == b.name)
    };
    if !rest.iter().all(alike) {
        return parts_as_collection(types, safe);
    }
    let mut attributes: Vec<(Name, Type)> = Vec::with_capacity(first.len());
    for (i, field) in first.iter().enumerate() {
        let column: Vec<Type> = rows.iter().map(|row| row[i].ty.clone()).collect();
        attributes.push((field.name.clone(), unify_as(&column, safe)?));
    }
    all_convert(types, Type::object(attributes), safe).or_else(|| parts_as_collection(types, safe))
}

fn fields(ty: &Type) -> Option<&[super::Field]> {
    match ty {
        Type::Object(fields) => Some(fields),
        _ => None,
    }
}

/// Tuples of the same length unify by element, others as lists.
fn tuples(types: &[&Type], safe: bool) -> Option<Type> {
    let row = |ty: &&Type| match ty {
        Type::Tuple(parts) => parts.clone(),
        _ => std::sync::Arc::default(),
    };
    let rows: Vec<_> = types.iter().map(row).collect();
    let length = rows.first()?.len();
    if rows.iter().any(|row| row.len() != length) {
        return parts_as_collection(types, safe);
    }
    let mut parts = Vec::with_capacity(length);
    for i in 0..length {
        let column: Vec<Type> = rows.iter().map(|row| row[i].clone()).collect();
        parts.push(unify_as(&column, safe)?);
    }
    all_convert(types, Type::tuple(parts), safe).or_else(|| parts_as_collection(types, safe))
}

/// Objects as a map, tuples as a list, of what all their parts have in common.
fn parts_as_collection(types: &[&Type], safe: bool) -> Option<Type> {
    let mut parts = Vec::new();
    let mut is_map = false;
    for ty in types {
        match ty {
            Type::Object(fields) => {
                is_map = true;
                parts.extend(fields.iter().map(|f| f.ty.clone()));
            }
            Type::Tuple(items) => parts.extend(items.iter().cloned()),
            _ => {}
        }
    }
    let element = unify_as(&parts, safe)?;
    all_convert(types, if is_map { Type::map(element) } else { Type::list(element) }, safe)
}

/// Maps with objects, or lists with tuples: the structures become collections first.
fn mixed(types: &[&Type], safe: bool) -> Option<Type> {
    let structure = |ty: &&Type| matches!(ty, Type::Object(_) | Type::Tuple(_));
    let structures: Vec<&Type> = types.iter().copied().filter(structure).collect();
    let collection = parts_as_collection(&structures, safe)?;
    let rest = types.iter().filter(|ty| !structure(ty)).map(|ty| (*ty).clone());
    let types: Vec<Type> = rest.chain([collection]).collect();
    unify_as(&types, safe).filter(|ty| matches!(ty, Type::List(_) | Type::Map(_)))
}

/// The first type, more general ones first, to which all convert.
fn preferred(types: &[&Type], safe: bool) -> Option<Type> {
    let mut order = general_first(types).into_iter();
    order.find_map(|i| all_convert(types, types[i].clone(), safe))
}

/// A topological order by [`compare`].
fn general_first(types: &[&Type]) -> Vec<usize> {
    let count = types.len();
    let mut after: Vec<Vec<usize>> = vec![Vec::new(); count];
    let mut waiting = vec![0usize; count];
    for i in 0..count {
        for j in i + 1..count {
            let (first, second) = match compare(types[i], types[j]) {
                order if order < 0 => (i, j),
                0 => continue,
                _ => (j, i),
            };
            after[first].push(second);
            waiting[second] += 1;
        }
    }
    let mut queue: VecDeque<usize> = (0..count).filter(|i| waiting[*i] == 0).collect();
    let mut order = Vec::with_capacity(count);
    while let Some(i) = queue.pop_front() {
        order.push(i);
        for &j in &after[i] {
            waiting[j] -= 1;
            if waiting[j] == 0 {
                queue.push_back(j);
            }
        }
    }
    order
}

/// Negative if the first is the more general type, zero if neither is.
fn compare(a: &Type, b: &Type) -> i8 {
    match (a, b) {
        (Type::Dynamic, Type::Dynamic) => 0,
        (_, Type::Dynamic) => -1,
        (Type::Dynamic, _) => 1,
        (Type::String, Type::Bool | Type::Number) => -1,
        (Type::Bool | Type::Number, Type::String) => 1,
        (Type::List(a), Type::List(b))
        | (Type::Set(a), Type::Set(b))
        | (Type::Map(a), Type::Map(b)) => compare(a, b),
        (Type::List(_) | Type::Tuple(_), Type::Set(_)) => -1,
        (Type::Set(_), Type::List(_) | Type::Tuple(_)) => 1,
        (Type::List(_), Type::Tuple(_)) | (Type::Map(_), Type::Object(_)) => -1,
        (Type::Tuple(_), Type::List(_)) | (Type::Object(_), Type::Map(_)) => 1,
        (Type::Object(a), Type::Object(b)) => {
            let alike = a.len() == b.len() && a.iter().zip(&**b).all(|(a, b)| a.name == b.name);
            if alike { parts(a.iter().zip(&**b).map(|(a, b)| (&a.ty, &b.ty))) } else { 0 }
        }
        (Type::Tuple(a), Type::Tuple(b)) if a.len() == b.len() => parts(a.iter().zip(&**b)),
        _ => 0,
    }
}

/// Whether all differing parts are more general on the same side.
fn parts<'a>(mut pairs: impl Iterator<Item = (&'a Type, &'a Type)>) -> i8 {
    pairs
        .try_fold(0, |sum, (a, b)| match (sum, compare(a, b)) {
            (sum, 0) => Some(sum),
            (0, order) => Some(order.signum()),
            (sum, order) if sum == order.signum() => Some(sum),
            _ => None,
        })
        .unwrap_or(0)
}
