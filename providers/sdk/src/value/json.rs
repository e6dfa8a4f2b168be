//! Values and types in JSON, in cty's notation.
