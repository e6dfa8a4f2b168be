//! The wire form of a value: `{ type, value, unknown, sensitive }`.
