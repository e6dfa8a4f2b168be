//! Conversion between types, as cty does it.
