//! lifeboat-aws-s3
