//! lifeboat-sdk-derive
