//! lifeboat-aws-core
