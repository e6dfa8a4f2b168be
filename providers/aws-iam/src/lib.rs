//! lifeboat-aws-iam
