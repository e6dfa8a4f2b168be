//! The misreading matrix.
