//! `failure`: what an SDK error means, for every class of [`Class`].
//!
//! *Not found* is never concluded here: only the caller knows which codes of its operation prove
//! that its object does not exist ([`Codes::not_found`]). A bare 404, with which a proxy or a
//! wrong endpoint answers too, proves nothing.

use std::error::Error;
use std::io;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use aws_sdk_sts::operation::assume_role_with_web_identity::AssumeRoleWithWebIdentityError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::{DispatchFailure, SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_smithy_types::retry::ErrorKind;
use lifeboat_sdk::{Class, Failure};

use crate::guard::Garbled;

/// Codes by which services ask to slow down (botocore's `_retry.json` and the services' error
/// lists).
const THROTTLED: [&str; 13] = [
    "BandwidthLimitExceeded",
    "EC2ThrottledException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequests",
    "TooManyRequestsException",
    "LimitExceededException",
];

/// Codes for credentials that are missing, expired or not accepted (common errors of the query
/// protocol, S3's error list).
const CREDENTIALS: [&str; 17] = [
    "AuthFailure",
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "InvalidToken",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "MissingSecurityHeader",
    "NotSignedUp",
    "RequestExpired",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
    "TokenRefreshRequired",
    "UnrecognizedClientException",
];

/// Codes for a missing permission.
const DENIED: [&str; 8] = [
    "AccessDenied",
    "AccessDeniedException",
    "AccountProblem",
    "AllAccessDisabled",
    "AuthorizationError",
    "OptInRequired",
    "UnauthorizedAccess",
    "UnauthorizedOperation",
];

/// Codes for something of that name.
const EXISTS: [&str; 8] = [
    "AlreadyExistsException",
    "BucketAlreadyExists",
    "BucketAlreadyOwnedByYou",
    "EntityAlreadyExists",
    "EntityAlreadyExistsException",
    "HealthCheckAlreadyExists",
    "HostedZoneAlreadyExists",
    "InvalidGroup.Duplicate",
];

/// Codes for somebody else's change at the same time; a later attempt may work.
const CONFLICT: [&str; 9] = [
    "ConcurrentModification",
    "ConcurrentModificationException",
    "ConditionalRequestConflict",
    "EntityTemporarilyUnmodifiable",
    "HealthCheckVersionMismatch",
    "OperationAborted",
    "PreconditionFailed",
    "PriorRequestNotComplete",
    "TransactionInProgressException",
];

/// Codes with a 4xx status that nevertheless mean the service's trouble.
const UNREACHABLE: [&str; 6] = [
    "InternalError",
    "InternalFailure",
    "RequestTimeout",
    "RequestTimeoutException",
    "ServiceUnavailable",
    "Unavailable",
];

/// What the caller knows of the codes of its operation.
pub trait Codes: Sized {
    /// These codes prove that the object does not exist.
    #[must_use]
    fn not_found(self, codes: &[&str]) -> Self;

    /// These codes say that something of that name exists.
    #[must_use]
    fn exists(self, codes: &[&str]) -> Self;

    /// After these codes a later attempt may work.
    #[must_use]
    fn conflict(self, codes: &[&str]) -> Self;
}

impl Codes for Failure {
    fn not_found(self, codes: &[&str]) -> Self {
        reclass(self, codes, Class::NotFound)
    }

    fn exists(self, codes: &[&str]) -> Self {
        reclass(self, codes, Class::Exists)
    }

    fn conflict(self, codes: &[&str]) -> Self {
        reclass(self, codes, Class::Conflict)
    }
}

/// Only a refusal of the service (4xx) can be understood better than here; a 503 with the code
/// of a missing object is still a 503.
fn reclass(failure: Failure, codes: &[&str], class: Class) -> Failure {
    let listed = failure.code.as_deref().is_some_and(|code| codes.contains(&code));
    let open =
        matches!(failure.class, Class::Other | Class::Invalid | Class::Exists | Class::Conflict);
    if listed && open { Failure { class, ..failure } } else { failure }
}

/// What an error of an SDK client means.
pub fn failure<E>(error: SdkError<E, HttpResponse>) -> Failure
where
    E: ProvideErrorMetadata + Error + 'static,
{
    judge(&error)
}

fn judge<E>(error: &SdkError<E, HttpResponse>) -> Failure
where
    E: ProvideErrorMetadata + Error + 'static,
{
    match error {
        SdkError::ConstructionFailure(_) => Failure::new(Class::Invalid, deepest(error)),
        SdkError::TimeoutError(_) => Failure::new(Class::Unreachable, deepest(error)),
        SdkError::DispatchFailure(dispatch) => undispatched(dispatch, error),
        SdkError::ResponseError(_) => unread(error),
        SdkError::ServiceError(service) => {
            let status = service.raw().status().as_u16();
            if (200..300).contains(&status) {
                return Failure::new(Class::Garbled, deepest(error));
            }
            let metadata = service.err().meta();
            refused(status, metadata.code(), metadata.message())
        }
        _ => Failure::new(Class::Other, deepest(error)),
    }
}

/// No answer: credentials, connection, or a request that could not be made.
fn undispatched(dispatch: &DispatchFailure, error: &(dyn Error + 'static)) -> Failure {
    if let Some(failure) = credentials(error) {
        return failure;
    }
    let message = deepest(error);
    let at_connect = chain(error).any(|e| {
        let text = e.to_string();
        text == "client error (Connect)" || text.starts_with("HTTP connect timeout")
    });
    let refused =
        find::<io::Error>(error).is_some_and(|e| e.kind() == io::ErrorKind::ConnectionRefused);
    let hyper = find::<hyper::Error>(error);
    let transient = dispatch.as_other() == Some(ErrorKind::TransientError);
    let class = if at_connect || refused {
        Class::Refused
    } else if dispatch.is_user() {
        Class::Invalid
    } else if hyper.is_some_and(hyper::Error::is_parse) {
        Class::Garbled
    } else if dispatch.is_io() || dispatch.is_timeout() || transient || hyper.is_some() {
        Class::Unreachable
    } else {
        // Signing, endpoint rules: nothing was sent.
        Class::Other
    };
    Failure::new(class, message)
}

/// Credentials that could not be had. Where the service that gives them cannot be reached, the
/// calls that need them are as unreachable.
pub(crate) fn credentials(error: &(dyn Error + 'static)) -> Option<Failure> {
    let late = chain(error).any(|e| e.to_string().starts_with("identity resolver timed out"));
    if late {
        return Some(Failure::new(Class::Unreachable, "credentials were not given in time"));
    }
    let missing = chain(error).any(|e| e.to_string() == "no credentials were found");
    let cause = find::<CredentialsError>(error);
    if cause.is_none() && !missing {
        return None;
    }
    let answer = find::<SdkError<AssumeRoleError, HttpResponse>>(error).map(judge).or_else(|| {
        find::<SdkError<AssumeRoleWithWebIdentityError, HttpResponse>>(error).map(judge)
    });
    let class = match (&answer, cause) {
        (Some(failure), _) if failure.defers() => failure.class,
        (None, Some(CredentialsError::ProviderTimedOut(_))) => Class::Unreachable,
        _ => Class::Credentials,
    };
    let mut failure = answer.unwrap_or_else(|| Failure::new(class, deepest(error)));
    failure.class = class;
    if missing || failure.message.starts_with("no credentials found in chain") {
        tracing::debug!(why = failure.message, "no credentials were found");
        failure.message = "no credentials were found".to_owned();
    } else {
        failure.message = format!("no credentials: {}", failure.message);
    }
    Some(failure)
}

/// An answer that was not read to its end or is not one.
fn unread(error: &(dyn Error + 'static)) -> Failure {
    if let Some(Garbled(why)) = find::<Garbled>(error) {
        return Failure::new(Class::Garbled, why.clone());
    }
    let io = find::<io::Error>(error).map(io::Error::kind);
    let class = match io {
        // Less came than was announced: the other side ended the answer.
        None | Some(io::ErrorKind::UnexpectedEof) => Class::Garbled,
        Some(_) => Class::Unreachable,
    };
    Failure::new(class, deepest(error))
}

/// An answer that says no.
fn refused(status: u16, code: Option<&str>, message: Option<&str>) -> Failure {
    let class = class_of(status, code);
    let message = match (message.filter(|m| !m.is_empty()), code) {
        (Some(message), _) => message.trim_end_matches('.').to_owned(),
        (None, Some(_)) => format!("HTTP {status}"),
        (None, None) => format!("HTTP {status} without a code"),
    };
    let failure = Failure::new(class, message);
    match code {
        Some(code) => failure.code(code),
        None => failure,
    }
}

fn class_of(status: u16, code: Option<&str>) -> Class {
    let listed = |codes: &[&str]| code.is_some_and(|code| codes.contains(&code));
    if listed(&THROTTLED) || status == 429 {
        Class::Throttled
    } else if status >= 500 || status == 408 || listed(&UNREACHABLE) {
        Class::Unreachable
    } else if listed(&CREDENTIALS) || status == 401 {
        Class::Credentials
    } else if listed(&DENIED) || status == 403 {
        Class::Denied
    } else if listed(&EXISTS) {
        Class::Exists
    } else if listed(&CONFLICT) || status == 412 {
        Class::Conflict
    } else if code.is_none() {
        Class::Garbled
    } else if status == 400 {
        Class::Invalid
    } else {
        Class::Other
    }
}

/// An error and what caused it, the outermost first.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| match error.downcast_ref::<io::Error>() {
        // The source of an I/O error is that of its content: do not skip the content.
        Some(error) => error.get_ref().map(|inner| inner as &(dyn Error + 'static)),
        None => error.source(),
    })
}

fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    chain(error).find_map(|e| e.downcast_ref::<T>())
}

/// The words of the innermost cause, in one line: the outer ones say only that something failed.
fn deepest(error: &(dyn Error + 'static)) -> String {
    let texts = chain(error).map(ToString::to_string).filter(|text| !text.is_empty());
    let text = texts.last().unwrap_or_else(|| "an error without words".to_owned());
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    lines.join("; ").replace(":; ", ": ").trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_of_answers() {
        let cases = [
            (503, Some("SlowDown"), Class::Throttled),
            (503, Some("ServiceUnavailable"), Class::Unreachable),
            (503, None, Class::Unreachable),
            (500, Some("NoSuchBucket"), Class::Unreachable),
            (400, Some("Throttling"), Class::Throttled),
            (429, None, Class::Throttled),
            (400, Some("RequestTimeout"), Class::Unreachable),
            (403, Some("AccessDenied"), Class::Denied),
            (403, None, Class::Denied),
            (403, Some("SignatureDoesNotMatch"), Class::Credentials),
            (400, Some("ExpiredToken"), Class::Credentials),
            (404, Some("NoSuchBucket"), Class::Other),
            (404, None, Class::Garbled),
            (409, Some("BucketAlreadyOwnedByYou"), Class::Exists),
            (400, Some("InvalidGroup.Duplicate"), Class::Exists),
            (503, Some("RequestLimitExceeded"), Class::Throttled),
            (403, Some("UnauthorizedOperation"), Class::Denied),
            (409, Some("OperationAborted"), Class::Conflict),
            (409, Some("BucketNotEmpty"), Class::Other),
            (400, Some("MalformedXML"), Class::Invalid),
        ];
        for (status, code, class) in cases {
            assert_eq!(class_of(status, code), class, "{status} {code:?}");
        }
    }

    #[test]
    fn only_a_listed_code_of_a_refusal_is_not_found() {
        let listed = &["NoSuchBucket"];
        let of = |status, code: &str| Failure::new(class_of(status, Some(code)), "").code(code);
        assert_eq!(of(404, "NoSuchBucket").not_found(listed).class, Class::NotFound);
        assert_eq!(of(404, "NoSuchKey").not_found(listed).class, Class::Other);
        assert_eq!(of(503, "NoSuchBucket").not_found(listed).class, Class::Unreachable);
        assert_eq!(of(403, "NoSuchBucket").not_found(listed).class, Class::Denied);
        let bare = Failure::new(class_of(404, None), "");
        assert_eq!(bare.not_found(listed).class, Class::Garbled);
    }
}
