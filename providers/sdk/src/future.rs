//! The boxed future of the erased traits.

use std::future::Future;
use std::pin::Pin;

/// A future that can be an object.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
