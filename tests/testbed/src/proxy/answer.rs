//! Errors in the words and shapes of the services, for faults that a server never produces by itself.

use bytes::Bytes;
use http::{Response, StatusCode, header};

use super::call::{Call, Protocol};
use crate::bed::ACCOUNT;

/// An error of a service: its kind decides status, code and text per protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// 503.
    Unavailable,
    /// 500.
    Failed,
    /// 503 `SlowDown` from S3, 400 `Throttling` from others.
    Throttled,
    /// 403; JSON services answer 400.
    Denied,
    /// 400 from S3, 403 from other services; JSON services answer 400.
    Expired,
    /// The request is signed for another region than that of the address it was sent to.
    Misdirected,
    /// The request is larger than the proxy holds.
    TooLarge,
    /// The server behind the proxy did not answer.
    NoServer,
}

type Words = (u16, &'static str, &'static str);

impl Refusal {
    #[rustfmt::skip]
    fn words(self, protocol: Protocol) -> Words {
        use Protocol::{Ec2, Json, S3, Xml};
        match (self, protocol) {
            (Self::Unavailable, S3) => (503, "ServiceUnavailable", "Service is unable to handle request."),
            (Self::Unavailable, Xml) => (503, "ServiceUnavailable", "The request has failed due to a temporary failure of the server."),
            (Self::Unavailable, Ec2) => (503, "Unavailable", "The server is overloaded and can't handle the request."),
            (Self::Unavailable, Json) => (503, "ServiceUnavailableException", "The service is unavailable."),
            (Self::Failed, S3) => (500, "InternalError", "We encountered an internal error. Please try again."),
            (Self::Failed, Xml) => (500, "InternalFailure", "The request processing has failed because of an unknown error, exception or failure."),
            (Self::Failed, Ec2) => (500, "InternalError", "An internal error has occurred."),
            (Self::Failed, Json) => (500, "InternalServerError", "Internal server error"),
            (Self::Throttled, S3) => (503, "SlowDown", "Please reduce your request rate."),
            (Self::Throttled, Xml) => (400, "Throttling", "Rate exceeded"),
            (Self::Throttled, Ec2) => (503, "RequestLimitExceeded", "Request limit exceeded."),
            (Self::Throttled, Json) => (400, "ThrottlingException", "Rate exceeded"),
            (Self::Denied, S3 | Xml) => (403, "AccessDenied", "is not authorized to perform"),
            (Self::Denied, Ec2) => (403, "UnauthorizedOperation", "You are not authorized to perform this operation."),
            (Self::Denied, Json) => (400, "AccessDeniedException", "is not authorized to perform"),
            (Self::Expired, S3) => (400, "ExpiredToken", "The provided token has expired."),
            (Self::Expired, Xml) => (403, "ExpiredToken", "The security token included in the request is expired"),
            (Self::Expired, Ec2) => (400, "RequestExpired", "Request has expired."),
            (Self::Expired, Json) => (400, "ExpiredTokenException", "The security token included in the request is expired"),
            (Self::Misdirected, S3) => (400, "AuthorizationHeaderMalformed", "The authorization header is malformed"),
            (Self::Misdirected, _) => (403, "SignatureDoesNotMatch", "Credential should be scoped to a valid region"),
            (Self::TooLarge, _) => (413, "EntityTooLarge", "The test bed's proxy holds bodies of up to 64 MiB."),
            (Self::NoServer, _) => (502, "BadGateway", "The test bed's server did not answer"),
        }
    }

    fn message(self, call: &Call, text: &str) -> String {
        let Call { service, operation, region, .. } = call;
        match self {
            Self::Denied if call.protocol == Protocol::Ec2 => text.to_owned(),
            Self::Denied => {
                let action = format!("{service}:{operation}");
                format!(
                    "User: arn:aws:iam::{ACCOUNT}:user/test {text}: {action} because no \
                     identity-based policy allows the {action} action"
                )
            }
            Self::Misdirected => {
                let signed = call.misdirected.as_deref().unwrap_or_default();
                format!("{text}; the region '{signed}' is wrong; expecting '{region}'")
            }
            _ => text.to_owned(),
        }
    }

    /// The whole answer.
    pub(crate) fn answer(self, call: &Call) -> Response<Bytes> {
        let (status, code, text) = self.words(call.protocol);
        let message = self.message(call, text);
        let (kind, body) = match call.protocol {
            Protocol::S3 => ("application/xml", s3_body(call, code, &message)),
            Protocol::Xml => ("text/xml", xml_body(call, status, code, &message)),
            Protocol::Ec2 => ("text/xml", ec2_body(code, &message)),
            Protocol::Json => {
                let body = serde_json::json!({"__type": code, "message": message});
                ("application/x-amz-json-1.0", body.to_string())
            }
        };
        let mut answer = Response::new(Bytes::from(body));
        *answer.status_mut() =
            StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = answer.headers_mut();
        headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static(kind));
        for name in ["x-amz-request-id", "x-amzn-requestid"] {
            headers.insert(name, header::HeaderValue::from_static(REQUEST_ID));
        }
        answer
    }
}

/// The request id of every answer that the proxy makes up: it tells them from a server's.
const REQUEST_ID: &str = "00000000-7e57-bed0-0000-000000000000";

fn s3_body(call: &Call, code: &str, message: &str) -> String {
    let resource = &call.resource;
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code>\
         <Message>{message}</Message><Resource>/{resource}</Resource>\
         <RequestId>{REQUEST_ID}</RequestId><HostId>testbed</HostId></Error>"
    )
}

fn ec2_body(code: &str, message: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error><Code>{code}</Code>\
         <Message>{message}</Message></Error></Errors><RequestID>{REQUEST_ID}</RequestID></Response>"
    )
}

fn xml_body(call: &Call, status: u16, code: &str, message: &str) -> String {
    let namespace = match call.service.as_str() {
        "route53" => "https://route53.amazonaws.com/doc/2013-04-01/",
        "autoscaling" => "http://autoscaling.amazonaws.com/doc/2011-01-01/",
        "iam" => "https://iam.amazonaws.com/doc/2010-05-08/",
        _ => "https://sts.amazonaws.com/doc/2011-06-15/",
    };
    let side = if status < 500 { "Sender" } else { "Receiver" };
    format!(
        "<?xml version=\"1.0\"?>\n<ErrorResponse xmlns=\"{namespace}\"><Error><Type>{side}</Type>\
         <Code>{code}</Code><Message>{message}</Message></Error>\
         <RequestId>{REQUEST_ID}</RequestId></ErrorResponse>"
    )
}
