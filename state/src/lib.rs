//! lifeboat-state
