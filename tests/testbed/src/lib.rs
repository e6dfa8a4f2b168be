//! lifeboat-testbed
