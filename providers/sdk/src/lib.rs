//! lifeboat-sdk
