//! `Guard`: an answer is what the operation answers, whole, or it is garbled.
//!
//! The SDK reads leniently: a body that is cut after its first element, or an error document
//! with status 200, becomes an output without content, which a kind would take for "nothing
//! there". So every body is checked before the SDK reads it.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeDeserializationInterceptorContextMut;
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;
use bytes::{Buf as _, Bytes};
use http_body::{Body, Frame, SizeHint};
use xmlparser::{ElementEnd, Token, Tokenizer};

/// The interceptor that every client has; see [`crate::Base::guard`].
#[derive(Clone, Copy, Debug)]
pub struct Guard;

/// Why an answer is not one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Garbled(pub String);

impl fmt::Display for Garbled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Garbled {}

/// What the body of a successful answer is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Expected {
    /// A document with this root element.
    Xml(String),
    /// A JSON document.
    Json,
    /// Nothing.
    Nothing,
    /// Anything: an object's content.
    Anything,
}

/// Root elements of S3's answers (its API reference, "Response syntax" of each action). Route 53
/// (REST-XML), EC2 and the query services (Auto Scaling, IAM, STS) answer every operation with
/// `OPERATIONResponse`.
const S3_ROOTS: [(&str, &str); 18] = [
    ("CreateMultipartUpload", "InitiateMultipartUploadResult"),
    ("DeleteObjects", "DeleteResult"),
    ("GetBucketAccelerateConfiguration", "AccelerateConfiguration"),
    ("GetBucketCors", "CORSConfiguration"),
    ("GetBucketEncryption", "ServerSideEncryptionConfiguration"),
    ("GetBucketLifecycleConfiguration", "LifecycleConfiguration"),
    ("GetBucketLocation", "LocationConstraint"),
    ("GetBucketOwnershipControls", "OwnershipControls"),
    ("GetBucketReplication", "ReplicationConfiguration"),
    ("GetBucketTagging", "Tagging"),
    ("GetBucketVersioning", "VersioningConfiguration"),
    ("GetObjectLockConfiguration", "ObjectLockConfiguration"),
    ("GetObjectTagging", "Tagging"),
    ("GetPublicAccessBlock", "PublicAccessBlockConfiguration"),
    ("ListBuckets", "ListAllMyBucketsResult"),
    ("ListMultipartUploads", "ListMultipartUploadsResult"),
    ("ListObjectVersions", "ListVersionsResult"),
    ("ListObjectsV2", "ListBucketResult"),
];

fn expected(service: &str, operation: &str) -> Expected {
    if service != "S3" {
        return Expected::Xml(format!("{operation}Response"));
    }
    if let Some((_, root)) = S3_ROOTS.iter().find(|(name, _)| *name == operation) {
        return Expected::Xml((*root).to_owned());
    }
    let settles = ["Create", "Put", "Delete", "Head"].iter().any(|v| operation.starts_with(v));
    match operation {
        "GetBucketPolicy" => Expected::Json,
        _ if settles => Expected::Nothing,
        _ => Expected::Anything,
    }
}

/// Checks a whole body.
fn check(status: u16, expected: &Expected, body: &[u8]) -> Result<(), Garbled> {
    let blank = body.iter().all(u8::is_ascii_whitespace);
    match (status, expected) {
        // Load balancers answer 5xx with pages of their own: the status says enough.
        (500.., _) | (_, Expected::Anything) => Ok(()),
        // An error without a body, as HEAD has it, is judged by its status.
        (300.., _) if blank => Ok(()),
        (300.., _) => root(body).map(drop),
        (_, Expected::Nothing) if blank => Ok(()),
        // Some servers confirm with a document where S3 says nothing; an error is none.
        (_, Expected::Nothing) => match root(body)? {
            "Error" | "ErrorResponse" | "html" => {
                Err(Garbled("the answer is an error with a status of success".into()))
            }
            _ => Ok(()),
        },
        (_, _) if blank => Err(Garbled("the answer is empty".into())),
        (_, Expected::Json) => match serde_json::from_slice::<serde_json::Value>(body) {
            Ok(_) => Ok(()),
            Err(error) => Err(Garbled(format!("the answer is not JSON: {error}"))),
        },
        (_, Expected::Xml(name)) => {
            let found = root(body)?;
            if found == name {
                Ok(())
            } else {
                Err(Garbled(format!("the answer is a document {found:?}, not {name:?}")))
            }
        }
    }
}

/// The root element of a well-formed document.
fn root(body: &[u8]) -> Result<&str, Garbled> {
    let wrong = |why: &dyn fmt::Display| Garbled(format!("the answer is not whole XML: {why}"));
    let text = std::str::from_utf8(body).map_err(|e| wrong(&e))?;
    let mut root = None;
    let mut open = Vec::new();
    for token in Tokenizer::from(text) {
        match token.map_err(|e| wrong(&e))? {
            Token::ElementStart { prefix, local, .. } => {
                open.push((prefix.as_str(), local.as_str()));
                root.get_or_insert(local.as_str());
            }
            Token::ElementEnd { end: ElementEnd::Close(prefix, local), .. } => {
                if open.pop() != Some((prefix.as_str(), local.as_str())) {
                    return Err(wrong(&format!("{local} ends where it did not begin")));
                }
            }
            Token::ElementEnd { end: ElementEnd::Empty, .. } => {
                open.pop();
            }
            Token::ElementEnd { end: ElementEnd::Open, .. }
            | Token::Attribute { .. }
            | Token::Text { .. }
            | Token::Cdata { .. }
            | Token::Comment { .. }
            | Token::Declaration { .. }
            | Token::ProcessingInstruction { .. }
            | Token::DtdStart { .. }
            | Token::EmptyDtd { .. }
            | Token::EntityDeclaration { .. }
            | Token::DtdEnd { .. } => {}
        }
    }
    match (root, open.last()) {
        (Some(_), Some((_, name))) => Err(wrong(&format!("{name} does not end"))),
        (Some(root), None) => Ok(root),
        (None, _) => Err(wrong(&"there is no element")),
    }
}

impl Intercept for Guard {
    fn name(&self) -> &'static str {
        "Guard"
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(metadata) = cfg.load::<Metadata>() else { return Ok(()) };
        let expected = expected(metadata.service(), metadata.name());
        if expected == Expected::Anything {
            return Ok(());
        }
        let response = context.response_mut();
        let status = response.status().as_u16();
        let inner = std::mem::replace(response.body_mut(), SdkBody::taken());
        let checked = Checked { inner: Box::pin(inner), status, expected, seen: Vec::new() };
        *response.body_mut() = SdkBody::from_body_1_x(checked);
        Ok(())
    }
}

/// A body that is checked when it has ended.
struct Checked {
    inner: Pin<Box<SdkBody>>,
    status: u16,
    expected: Expected,
    seen: Vec<u8>,
}

impl Body for Checked {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = ready!(self.inner.as_mut().poll_frame(cx));
        Poll::Ready(match frame {
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    self.seen.extend_from_slice(data.chunk());
                }
                Some(Ok(frame))
            }
            Some(Err(error)) => Some(Err(error)),
            None => check(self.status, &self.expected, &self.seen).err().map(|e| Err(e.into())),
        })
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(status: u16, operation: &str, body: &str) -> bool {
        check(status, &expected("S3", operation), body.as_bytes()).is_ok()
    }

    #[test]
    fn only_whole_answers_pass() {
        let versioning = "<?xml version=\"1.0\"?>\n<VersioningConfiguration xmlns=\"x\"><Status>\
                          Enabled</Status></VersioningConfiguration>";
        assert!(judge(200, "GetBucketVersioning", versioning));
        assert!(judge(200, "GetBucketVersioning", "<VersioningConfiguration/>"));
        for end in 0..versioning.len() {
            assert!(!judge(200, "GetBucketVersioning", &versioning[..end]), "{end}");
        }
        let others = ["<Error/>", "<html></html>", "{}", "OK", "<VersioningConfiguration></x>"];
        for body in others {
            assert!(!judge(200, "GetBucketVersioning", body), "{body}");
        }
        let error = "<Error><Code>NoSuchBucket</Code></Error>";
        assert!(judge(404, "GetBucketVersioning", error));
        assert!(!judge(404, "GetBucketVersioning", &error[..error.len() - 3]));
        assert!(!judge(404, "GetBucketVersioning", "not found"));
        assert!(judge(404, "HeadBucket", ""));
        assert!(judge(503, "GetBucketVersioning", "<html><body>try later"));
    }

    #[test]
    fn other_bodies() {
        assert!(judge(200, "PutBucketVersioning", ""));
        assert!(judge(200, "CreateBucket", "<CreateBucketResponse></CreateBucketResponse>"));
        assert!(!judge(200, "PutBucketVersioning", "<Error><Code>InternalError</Code></Error>"));
        assert!(!judge(200, "PutBucketVersioning", "<html></html>"));
        assert!(!judge(200, "PutBucketVersioning", "<Crea"));
        assert!(judge(200, "GetBucketPolicy", "{\"Version\":\"2012-10-17\"}"));
        assert!(!judge(200, "GetBucketPolicy", "{\"Version\":\"2012-"));
        assert!(judge(200, "GetObject", "anything"));
        let iam = expected("IAM", "GetRole");
        assert!(check(200, &iam, b"<GetRoleResponse><a>b</a></GetRoleResponse>").is_ok());
        assert!(check(200, &iam, b"<GetUserResponse/>").is_err());
    }
}
