//! lifeboat-aws-route53
