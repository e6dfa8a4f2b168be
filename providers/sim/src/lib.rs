//! lifeboat-sim
