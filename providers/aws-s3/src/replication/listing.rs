//! The objects of two buckets, side by side in the order of their keys.

use std::collections::VecDeque;

use lifeboat_sdk::{Call, Failure};

use crate::setting::{At, NO_BUCKET, hollow, request};

/// A page of the objects of a bucket.
pub const LIST: Call = Call::read("s3", "ListObjectsV2", "s3:ListBucket").data();

/// An object of a listing.
#[derive(Clone, Debug)]
pub(super) struct Listed {
    pub(super) key: String,
    /// What S3 calls its content.
    pub(super) tag: String,
    pub(super) size: u64,
    /// When it was written, in seconds since 1970.
    pub(super) written: Option<i64>,
    /// Its storage class; nothing where it is the standard.
    pub(super) class: Option<String>,
}

/// The objects of a bucket in their order, page by page.
struct Listing<'a> {
    at: &'a At<'a>,
    prefix: &'a str,
    page: VecDeque<Listed>,
    /// Where the next page begins; nothing after the last.
    next: Option<Option<String>>,
}

impl<'a> Listing<'a> {
    fn new(at: &'a At<'a>, prefix: &'a str) -> Self {
        Self { at, prefix, page: VecDeque::new(), next: Some(None) }
    }

    /// The next object.
    async fn next(&mut self) -> Result<Option<Listed>, Failure> {
        while self.page.is_empty() {
            let Some(token) = self.next.take() else { return Ok(None) };
            let at = self.at;
            let list = || {
                let list = at.client.list_objects_v2().prefix(self.prefix);
                list.set_continuation_token(token.clone())
            };
            let answer = at.call(&LIST, request!(at, list(), &[NO_BUCKET])).await?;
            for object in answer.contents() {
                let key = object.key().ok_or_else(|| hollow(&LIST, at.scope, "key"))?.to_owned();
                let tag = object.e_tag().unwrap_or_default().to_owned();
                let written = object.last_modified().map(|time| time.secs());
                let size = u64::try_from(object.size().unwrap_or_default()).unwrap_or_default();
                let class = object.storage_class().map(|class| class.as_str().to_owned());
                let class = class.filter(|class| class != "STANDARD");
                self.page.push_back(Listed { key, tag, size, written, class });
            }
            if answer.is_truncated() == Some(true) {
                let token = answer.next_continuation_token;
                self.next = Some(Some(token.ok_or_else(|| hollow(&LIST, at.scope, "token"))?));
            }
        }
        Ok(self.page.pop_front())
    }
}

/// What is under a key of either side.
#[derive(Debug)]
pub(super) enum Pair {
    /// An object of the source, with what its copy has under the same key.
    Of(Listed, Option<Listed>),
    /// What only the copy has.
    Extra(Listed),
}

impl Pair {
    /// The key.
    pub(super) fn key(&self) -> &str {
        match self {
            Self::Of(object, _) | Self::Extra(object) => &object.key,
        }
    }
}

/// The objects of a source and those of its copy, side by side.
pub(super) struct Pairs<'a> {
    from: Listing<'a>,
    to: Listing<'a>,
    here: Option<Listed>,
    there: Option<Listed>,
    begun: bool,
    /// Whether what only the copy has is told.
    extras: bool,
}

impl<'a> Pairs<'a> {
    pub(super) fn new(
        source: &'a At<'a>,
        target: &'a At<'a>,
        prefix: &'a str,
        extras: bool,
    ) -> Self {
        let (from, to) = (Listing::new(source, prefix), Listing::new(target, prefix));
        Self { from, to, here: None, there: None, begun: false, extras }
    }

    /// What is under the next key.
    pub(super) async fn next(&mut self) -> Result<Option<Pair>, Failure> {
        if !self.begun {
            self.begun = true;
            (self.here, self.there) = (self.from.next().await?, self.to.next().await?);
        }
        loop {
            // Both come in the order of their bytes (S3 API reference, `ListObjectsV2`).
            let before =
                |object: &Listed| self.there.as_ref().is_some_and(|other| other.key < object.key);
            let extra = self.here.as_ref().map_or(self.extras, before);
            if extra {
                let Some(other) = self.there.take() else { return Ok(None) };
                self.there = self.to.next().await?;
                if self.extras {
                    return Ok(Some(Pair::Extra(other)));
                }
                continue;
            }
            let Some(object) = self.here.take() else { return Ok(None) };
            self.here = self.from.next().await?;
            let mut found = None;
            if self.there.as_ref().is_some_and(|other| other.key == object.key) {
                found = self.there.take();
                self.there = self.to.next().await?;
            }
            return Ok(Some(Pair::Of(object, found)));
        }
    }
}
