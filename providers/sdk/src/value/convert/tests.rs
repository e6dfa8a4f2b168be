//! Facts about conversion and unification, as Terraform 1.11.4 shows them.

use super::{convert, set_of, unify, unify_safe};
use crate::value::{Field, Marks, Name, Number, Type, Value};

fn number(text: &str) -> Value {
    Value::Number(Number::parse(text).unwrap())
}

fn object<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::object(entries.map(|(name, v)| (Name::from(name), v)))
}

fn tuple<const N: usize>(items: [Value; N]) -> Value {
    Value::tuple(items.to_vec())
}

#[track_caller]
fn to(value: &Value, ty: &Type) -> (Value, Type) {
    let value = convert(value, ty).unwrap();
    let ty = value.ty();
    (value, ty)
}

#[track_caller]
fn fails(value: &Value, ty: &Type) -> String {
    let error = convert(value, ty).unwrap_err();
    format!("{}: {}", error.path, error.message)
}

fn list_of_any() -> Type {
    Type::list(Type::Dynamic)
}

#[test]
fn primitives() {
    let text = Value::string;
    assert_eq!(to(&number("1.50"), &Type::String).0, text("1.5"));
    assert_eq!(to(&Value::Bool(true), &Type::String).0, text("true"));
    assert_eq!(to(&text("1e2"), &Type::Number).0, number("100"));
    assert_eq!(to(&text("1"), &Type::Bool).0, Value::Bool(true));
    assert_eq!(to(&text("false"), &Type::Bool).0, Value::Bool(false));
    assert_eq!(fails(&text(""), &Type::Number), ": a number is required");
    assert_eq!(fails(&text("yes"), &Type::Bool), ": a bool is required");
    assert!(fails(&text("TRUE"), &Type::Bool).contains("lowercase"));
    assert_eq!(fails(&Value::Bool(true), &Type::Number), ": a number is required");
    assert_eq!(fails(&number("1"), &Type::Bool), ": a bool is required");
    assert_eq!(fails(&tuple([]), &Type::String), ": a string is required");
}

#[test]
fn tuples_become_lists_and_sets() {
    let mixed = tuple([number("1"), number("2.5"), Value::string("x")]);
    let (list, ty) = to(&mixed, &list_of_any());
    assert_eq!(ty, Type::list(Type::String));
    assert_eq!(list.items().unwrap()[1], Value::string("2.5"));
    let (set, ty) = to(&tuple([number("1"), Value::string("1")]), &Type::set(Type::Dynamic));
    assert_eq!((set.items().unwrap().len(), ty), (1, Type::set(Type::String)));
    assert_eq!(to(&tuple([]), &list_of_any()).1, list_of_any());
    assert_eq!(to(&tuple([]), &Type::list(Type::String)).1, Type::list(Type::String));
    assert_eq!(to(&tuple([Value::null()]), &list_of_any()).1, list_of_any());
    assert_eq!(
        to(&tuple([Value::null(), Value::string("a")]), &list_of_any()).1,
        Type::list(Type::String)
    );
    for bad in [
        tuple([Value::Bool(true), number("1")]),
        tuple([number("1"), tuple([])]),
        tuple([Value::null(), tuple([number("1")])]),
    ] {
        assert_eq!(fails(&bad, &list_of_any()), ": all list elements must have the same type");
    }
    let bad = tuple([object([("a", Value::null())]), object([("a", tuple([]))])]);
    assert_eq!(fails(&bad, &list_of_any()), ": all elements must have the same type");
    assert_eq!(
        fails(&tuple([Value::string("a")]), &Type::list(Type::Number)),
        "[0]: a number is required"
    );
    assert_eq!(
        fails(&tuple([number("1"), tuple([])]), &Type::set(Type::Number)),
        ": element 1: a number is required"
    );
}

#[test]
fn nested_structures_unify() {
    let (list, ty) = to(
        &tuple([object([("x", number("1"))]), object([("x", number("2")), ("y", number("3"))])]),
        &list_of_any(),
    );
    assert_eq!(ty, Type::list(Type::map(Type::Number)));
    assert_eq!(list.items().unwrap()[1].get("y"), Some(&number("3")));
    let (_, ty) = to(
        &object([("a", object([("x", number("1"))])), ("b", object([("x", Value::string("s"))]))]),
        &Type::map(Type::Dynamic),
    );
    assert_eq!(ty, Type::map(Type::object([("x".into(), Type::String)])));
    let (_, ty) =
        to(&tuple([tuple([number("1")]), tuple([Value::string("a")])]), &Type::set(Type::Dynamic));
    assert_eq!(ty, Type::set(Type::tuple(vec![Type::String])));
    let (map, ty) =
        to(&object([("a", Value::null()), ("b", tuple([number("1")]))]), &Type::map(Type::Dynamic));
    assert_eq!(ty, Type::map(Type::tuple(vec![Type::Number])));
    assert!(map.get("a").unwrap().is_null());
}

#[test]
fn objects_lose_and_default_attributes() {
    let field = |name: &str, ty, optional| Field { name: name.into(), ty, optional };
    let ty = Type::object_of(vec![
        field("a", Type::String, false),
        field("b", Type::list(Type::Number), true),
    ]);
    let value = to(&object([("a", number("1")), ("z", number("2"))]), &ty).0;
    assert_eq!(value.entries().unwrap().len(), 2);
    assert_eq!(value.get("a"), Some(&Value::string("1")));
    assert_eq!(value.get("b"), Some(&Value::Null(Type::list(Type::Number))));
    assert_eq!(value.ty().field("b").map(|f| f.optional), Some(false));
    assert_eq!(fails(&object([]), &ty), ": attribute \"a\" is required");
    let map = to(&object([("a", Value::string("x"))]), &Type::map(Type::String)).0;
    assert_eq!(to(&map, &ty).0.get("a"), Some(&Value::string("x")));
    let empty = Value::map(Type::String, []);
    assert_eq!(fails(&empty, &ty), ": attribute \"a\" is required");
    let nested = Type::object([("list".into(), Type::list(ty))]);
    let bad = object([("list", tuple([object([("a", tuple([]))])]))]);
    assert_eq!(
        fails(&bad, &nested),
        ": attribute \"list\": element 0: attribute \"a\": a string is required"
    );
    let bad = object([(
        "list",
        tuple([object([("a", number("1")), ("b", tuple([Value::string("x")]))])]),
    )]);
    assert_eq!(fails(&bad, &nested), "list[0].b[0]: a number is required");
}

#[test]
fn marks_and_reasons_stay_at_their_node() {
    let secret = number("7").sensitive();
    let (list, _) = to(&tuple([secret.clone(), number("8")]), &Type::list(Type::String));
    assert!(list.unmark().1.is_empty());
    assert_eq!(list.items().unwrap()[0].unmark().1, Marks::SENSITIVE);
    assert!(list.items().unwrap()[1].unmark().1.is_empty());
    let (set, _) = to(&tuple([secret.clone(), number("7")]), &Type::set(Type::String));
    assert_eq!(set.unmark().1, Marks::SENSITIVE);
    assert_eq!(set.items().unwrap().len(), 1);
    assert_eq!(set_of(Type::Number, vec![secret]).unmark().1, Marks::SENSITIVE);

    let why = crate::value::Why::Deferred("a.b".into());
    let unknown = Value::unknown_because(Type::Dynamic, why.clone()).sensitive();
    let (list, ty) = to(&tuple([unknown, number("8")]), &list_of_any());
    assert_eq!(ty, Type::list(Type::Number));
    let first = &list.items().unwrap()[0];
    assert_eq!(first.why_unknown(), Some(why));
    assert_eq!((first.ty(), first.unmark().1), (Type::Number, Marks::SENSITIVE));
    let (value, ty) =
        to(&Value::unknown(Type::tuple(vec![Type::Number, Type::String])), &list_of_any());
    assert!(value.is_unknown());
    assert_eq!(ty, Type::list(Type::String));
}

#[test]
fn types_in_common() {
    let (s, n, b) = (Type::String, Type::Number, Type::Bool);
    let t = |items: &[&Type]| Type::tuple(items.iter().map(|t| (*t).clone()).collect());
    let o = |name: &str, ty: &Type| Type::object([(Name::from(name), ty.clone())]);
    for (types, expected) in [
        (vec![], None),
        (vec![n.clone(), s.clone(), b.clone()], Some(s.clone())),
        (vec![n.clone(), b.clone()], None),
        (vec![Type::Dynamic, n.clone()], Some(n.clone())),
        (vec![t(&[&n]), t(&[&s])], Some(t(&[&s]))),
        (vec![t(&[&n]), t(&[&s, &n])], Some(Type::list(s.clone()))),
        (vec![t(&[&n]), t(&[])], Some(Type::list(n.clone()))),
        (vec![t(&[]), Type::list(s.clone())], Some(Type::list(s.clone()))),
        (vec![t(&[&n]), Type::list(s.clone())], Some(Type::list(s.clone()))),
        (vec![o("a", &n), o("a", &s)], Some(o("a", &s))),
        (vec![o("a", &n), o("b", &n)], Some(Type::map(n.clone()))),
        (vec![o("a", &n), Type::map(s.clone())], Some(Type::map(s.clone()))),
        (vec![o("a", &n), t(&[])], None),
        (vec![Type::list(n.clone()), Type::set(n.clone())], Some(Type::list(n.clone()))),
        (vec![Type::list(n.clone()), Type::list(b.clone())], None),
        (vec![o("a", &n), Type::Dynamic], Some(Type::Dynamic)),
    ] {
        assert_eq!(unify(&types), expected, "{types:?}");
    }
    assert_eq!(unify_safe(&[s.clone(), n]), Some(s));
}

#[test]
fn many_types_are_unified_in_time() {
    let types: Vec<Type> =
        (0..3000).map(|i| Type::object([(Name::from(format!("a{i}")), Type::String)])).collect();
    assert_eq!(unify(&types), Some(Type::map(Type::String)));
}
