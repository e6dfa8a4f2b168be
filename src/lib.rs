//! lifeboat
