//! lifeboat-contract
