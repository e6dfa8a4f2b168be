//! The contract suite over the kinds of S3.
