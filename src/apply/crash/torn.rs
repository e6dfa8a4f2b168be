//! Segments whose append is cut in half: what a machine leaves that loses power after a write and
//! before its sync. A process that merely dies leaves the whole of it to its system.

use std::sync::Arc;

use bytes::Bytes;
use lifeboat_state::BoxFuture;
use lifeboat_state::store::{Name, Segment, Segments, StoreError};

use super::{Crash, CrashPoint};

/// The segments of `inner`, torn at [`CrashPoint::BeforeSync`].
#[derive(Debug)]
pub(super) struct Torn {
    pub(super) inner: Arc<dyn Segments>,
    pub(super) crash: Crash,
}

#[derive(Debug)]
struct TornSegment {
    inner: Box<dyn Segment>,
    crash: Crash,
}

impl Segment for TornSegment {
    fn append(&mut self, bytes: Bytes) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            if self.crash.arrives(CrashPoint::BeforeSync) {
                self.inner.append(bytes.slice(..bytes.len() / 2)).await?;
                std::process::abort();
            }
            self.inner.append(bytes).await
        })
    }
}

impl Segments for Torn {
    fn create<'a>(
        &'a self,
        name: &'a Name,
    ) -> BoxFuture<'a, Result<Option<Box<dyn Segment>>, StoreError>> {
        Box::pin(async move {
            let segment = self.inner.create(name).await?;
            let crash = self.crash.clone();
            Ok(segment.map(|inner| Box::new(TornSegment { inner, crash }) as Box<dyn Segment>))
        })
    }

    fn settle<'a>(&'a self, name: &'a Name) -> BoxFuture<'a, Result<(), StoreError>> {
        self.inner.settle(name)
    }

    fn read<'a>(&'a self, name: &'a Name) -> BoxFuture<'a, Result<Option<Bytes>, StoreError>> {
        self.inner.read(name)
    }

    fn tail<'a>(
        &'a self,
        name: &'a Name,
        limit: usize,
    ) -> BoxFuture<'a, Result<Option<Bytes>, StoreError>> {
        self.inner.tail(name, limit)
    }

    fn segments<'a>(&'a self, folder: &'a Name) -> BoxFuture<'a, Result<Vec<Name>, StoreError>> {
        self.inner.segments(folder)
    }

    fn remove_segment<'a>(&'a self, name: &'a Name) -> BoxFuture<'a, Result<(), StoreError>> {
        self.inner.remove_segment(name)
    }
}
