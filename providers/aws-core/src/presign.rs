//! URLs that carry our signature: by which a service in one region asks the same service in another
//! for what we may have there.

use std::time::Duration;

use aws_credential_types::provider::ProvideCredentials as _;
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use lifeboat_sdk::{Class, Failure};

use crate::clients::Clients;
use crate::failure::credentials;
use crate::region;

/// For how long a URL can be used.
const VALID: Duration = Duration::from_secs(900);

impl Clients {
    /// The URL of a call with these parameters, signed for the service in `region`. Makes no call
    /// but what credentials need.
    ///
    /// # Errors
    /// Without configuration or credentials, and where a parameter holds other characters than
    /// letters, digits, `-` and `.`.
    pub async fn presigned(
        &self,
        service: &'static str,
        region: &str,
        parameters: &[(&str, &str)],
    ) -> Result<String, Failure> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-.".contains(c);
        if let Some((name, value)) = parameters.iter().find(|(_, value)| !value.chars().all(plain))
        {
            return Err(Failure::new(Class::Invalid, format!("{value:?} cannot be the {name}")));
        }
        let base = self.base(service, region).await?;
        let sdk = base.sdk();
        let provider = sdk.credentials_provider().ok_or_else(none)?;
        let keys = provider.provide_credentials().await;
        let keys = keys.map_err(|error| credentials(&error).unwrap_or_else(none))?;
        let now = sdk.time_source().ok_or_else(none)?.now();
        let endpoint = sdk.endpoint_url().map_or_else(
            || format!("https://{service}.{region}.{}", region::dns_suffix(region)),
            str::to_owned,
        );
        let query: Vec<String> = parameters.iter().map(|(k, v)| format!("{k}={v}")).collect();
        let url = format!("{endpoint}/?{}", query.join("&"));

        let mut settings = SigningSettings::default();
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(VALID);
        let identity = keys.into();
        let with = v4::SigningParams::builder().identity(&identity).region(region).name(service);
        let with = with.time(now).settings(settings).build().map_err(unsigned)?.into();
        let request =
            SignableRequest::new("GET", &url, std::iter::empty(), SignableBody::Bytes(&[]));
        let (signature, _) =
            sign(request.map_err(unsigned)?, &with).map_err(unsigned)?.into_parts();
        let mut request = http::Request::get(&url).body(()).map_err(unsigned)?;
        signature.apply_to_request_http1x(&mut request);
        Ok(request.uri().to_string())
    }
}

fn none() -> Failure {
    Failure::new(Class::Credentials, "no credentials were found")
}

fn unsigned(error: impl std::error::Error) -> Failure {
    Failure::new(Class::Invalid, format!("the URL cannot be signed: {error}"))
}

#[cfg(test)]
mod tests {
    use lifeboat_sdk::provider::Environment;

    use super::*;
    use crate::config::Config;

    fn clients(session: Option<&str>) -> Clients {
        let config = Config {
            access_key: Some("AKID".into()),
            secret_key: Some("secret".into()),
            token: session.map(str::to_owned),
            ..Config::default()
        };
        Clients::new(&config, &Environment::default()).unwrap()
    }

    #[tokio::test]
    async fn a_url_is_signed_for_the_region_that_it_asks() {
        let parameters = [("Action", "CopySnapshot"), ("SourceSnapshotId", "snap-0a")];
        let url =
            clients(Some("a+b/c=")).presigned("ec2", "cn-north-1", &parameters).await.unwrap();
        let begin = "https://ec2.cn-north-1.amazonaws.com.cn/?Action=CopySnapshot&SourceSnapshotId=snap-0a&";
        assert!(url.starts_with(begin), "{url}");
        assert!(url.contains("X-Amz-Credential=AKID%2F"), "{url}");
        assert!(url.contains("%2Fcn-north-1%2Fec2%2Faws4_request"), "{url}");
        assert!(url.contains("X-Amz-Security-Token=a%2Bb%2Fc%3D"), "{url}");
        assert!(url.contains("X-Amz-Expires=900") && url.contains("X-Amz-Signature="), "{url}");
    }

    #[tokio::test]
    async fn what_would_change_the_url_is_refused() {
        let parameters = [("SourceSnapshotId", "snap-0a&Action=DeleteSnapshot")];
        let refused = clients(None).presigned("ec2", "us-east-1", &parameters).await.unwrap_err();
        assert_eq!(refused.class, Class::Invalid, "{refused}");
        let none = Clients::unconfigured().presigned("ec2", "us-east-1", &[]).await.unwrap_err();
        assert_eq!(none.class, Class::Other, "{none}");
    }
}
