//! `Clients`: the one place where SDK clients come from.
//!
//! One HTTP client with its connections serves all of them. Credentials are asked for by the
//! first call that needs them, inside its deadline. The SDK makes one attempt of each call:
//! attempts, deadlines and rates are the session's.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_config::sts::AssumeRoleProvider;
use aws_config::{BehaviorVersion, ConfigLoader, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::app_name::AppName;
use aws_types::origin::Origin;
use aws_types::os_shim_internal::Fs;
use lifeboat_sdk::provider::Environment;
use lifeboat_sdk::{Class, Failure, Scope};
use tokio::sync::OnceCell;

use crate::config::Config;
use crate::guard::Guard;
use crate::settings::Settings;

/// A handle on the clients of one configured provider, or on none: schemas and pure hooks of a
/// kind work without.
#[derive(Clone, Default)]
pub struct Clients(Option<Arc<Inner>>);

struct Inner {
    settings: Settings,
    http: SharedHttpClient,
    regions: Mutex<BTreeMap<String, Arc<OnceCell<SdkConfig>>>>,
    made: Mutex<BTreeMap<MadeKey, Arc<dyn Any + Send + Sync>>>,
}

/// Region and service.
type MadeKey = (String, &'static str);

impl fmt::Debug for Clients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Clients" } else { "Clients (not configured)" })
    }
}

/// What a service's client is made from:
/// `aws_sdk_s3::config::Builder::from(base.sdk()).interceptor(base.guard())`.
#[derive(Clone, Debug)]
pub struct Base {
    sdk: SdkConfig,
    path_style: bool,
}

impl Base {
    /// Region, endpoint, credentials, HTTP client; no retries.
    pub fn sdk(&self) -> &SdkConfig {
        &self.sdk
    }

    /// Checks every answer; each client must have it.
    pub fn guard(&self) -> Guard {
        Guard
    }

    /// Whether buckets are named in the path, because the endpoint's host has no subdomains.
    pub fn path_style(&self) -> bool {
        self.path_style
    }
}

impl Clients {
    /// No clients: every call fails, everything else works.
    pub fn unconfigured() -> Self {
        Self(None)
    }

    /// Clients for a `provider` block. Makes no call.
    ///
    /// # Errors
    /// Where the configuration cannot be used.
    pub fn new(config: &Config, environment: &Environment) -> Result<Self, Failure> {
        Ok(Self::with(Settings::new(config, environment)?))
    }

    /// Clients for settings that were read already.
    pub fn with(settings: Settings) -> Self {
        let http = aws_smithy_http_client::Builder::new()
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .build_https();
        Self(Some(Arc::new(Inner {
            settings,
            http,
            regions: Mutex::default(),
            made: Mutex::default(),
        })))
    }

    /// The settings; `None` without configuration.
    pub fn settings(&self) -> Option<&Settings> {
        self.0.as_ref().map(|inner| &inner.settings)
    }

    /// The client of `service` (`s3`, `route53`, `iam`, `sts`) for the region of `scope`, made
    /// on first use.
    ///
    /// # Errors
    /// Without configuration.
    pub async fn client<C>(
        &self,
        scope: &Scope,
        service: &'static str,
        make: impl FnOnce(&Base) -> C,
    ) -> Result<C, Failure>
    where
        C: Clone + Send + Sync + 'static,
    {
        let inner = self.inner()?;
        let region = &*scope.location.region().0;
        let key = (region.to_owned(), service);
        if let Some(made) = lock(&inner.made).get(&key)
            && let Some(client) = made.downcast_ref::<C>()
        {
            return Ok(client.clone());
        }
        let client = make(&inner.base(service, region).await);
        lock(&inner.made).insert(key, Arc::new(client.clone()));
        Ok(client)
    }

    /// What a client of `service` in `region` would be made from.
    ///
    /// # Errors
    /// Without configuration.
    pub(crate) async fn base(&self, service: &str, region: &str) -> Result<Base, Failure> {
        Ok(self.inner()?.base(service, region).await)
    }

    fn inner(&self) -> Result<&Inner, Failure> {
        let none = || Failure::new(Class::Other, "the provider aws is not configured");
        self.0.as_deref().ok_or_else(none)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Inner {
    async fn base(&self, service: &str, region: &str) -> Base {
        let cell = lock(&self.regions).entry(region.to_owned()).or_default().clone();
        let sdk = cell.get_or_init(|| self.load(region)).await.clone();
        let endpoint = self.settings.endpoint(service, region);
        let path_style = self.settings.path_style || endpoint.as_deref().is_some_and(plain_host);
        Base { sdk: at(sdk, endpoint), path_style }
    }

    /// One configuration a region, so that credentials which need STS ask the region's own: an
    /// assumed role must not need a region that is down. No call is made here.
    async fn load(&self, region: &str) -> SdkConfig {
        let settings = &self.settings;
        let timeouts = TimeoutConfig::builder().connect_timeout(settings.connect).build();
        let mut loader = ConfigLoader::default()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .env(settings.env())
            .fs(Fs::real())
            .http_client(self.http.clone())
            .region(Region::new(region.to_owned()))
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts)
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        // Seen in CloudTrail's user agent.
        if let Ok(name) = AppName::new("lifeboat") {
            loader = loader.app_name(name);
        }
        if let Some(profile) = &settings.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(key) = &settings.key {
            loader = loader.credentials_provider(Credentials::new(
                &key.access,
                &key.secret,
                key.token.clone(),
                None,
                "provider block",
            ));
        }
        let mut sdk = loader.load().await;
        if settings.metadata_only
            && let Some(chain) = sdk.credentials_provider()
        {
            let limit = METADATA.min(settings.limits().attempt.mul_f64(0.8));
            let bounded = SharedCredentialsProvider::new(Bounded { chain, limit });
            sdk = sdk.into_builder().credentials_provider(bounded).build();
        }
        self.assume(sdk, region).await
    }

    async fn assume(&self, sdk: SdkConfig, region: &str) -> SdkConfig {
        let Some(role) = &self.settings.assume_role else { return sdk };
        let sts = at(sdk.clone(), self.settings.endpoint("sts", region));
        let mut provider = AssumeRoleProvider::builder(&role.role_arn)
            .configure(&sts)
            .region(Region::new(region.to_owned()))
            .session_name(role.session_name.as_deref().unwrap_or("lifeboat"));
        if let Some(id) = &role.external_id {
            provider = provider.external_id(id);
        }
        if let Some(policy) = &role.policy {
            provider = provider.policy(policy);
        }
        if let Some(length) = self.settings.assume_for {
            provider = provider.session_length(length);
        }
        let provider = SharedCredentialsProvider::new(provider.build().await);
        sdk.into_builder().credentials_provider(provider).build()
    }
}

/// How long EC2's metadata service may take; where there is none, an address does not answer.
const METADATA: Duration = Duration::from_secs(4);

/// Credentials that, when they do not come in time, are missing, and not a region unreachable:
/// the metadata service is on the machine itself.
#[derive(Debug)]
struct Bounded {
    chain: SharedCredentialsProvider,
    limit: Duration,
}

impl ProvideCredentials for Bounded {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            let asked = tokio::time::timeout(self.limit, self.chain.provide_credentials()).await;
            asked.unwrap_or_else(|_| {
                let text = "there are no keys in the provider block, the environment or a \
                            profile, and no metadata service of EC2 answers";
                Err(CredentialsError::not_loaded(text))
            })
        })
    }
}

/// The configuration with the endpoint; it goes before what the SDK finds itself.
fn at(sdk: SdkConfig, endpoint: Option<String>) -> SdkConfig {
    let Some(endpoint) = endpoint else { return sdk };
    let mut builder = sdk.into_builder().endpoint_url(endpoint);
    builder.insert_origin("endpoint_url", Origin::shared_config());
    builder.build()
}

/// Whether the host of a URL is an address or `localhost`.
fn plain_host(url: &str) -> bool {
    let authority = url.split("://").nth(1).unwrap_or(url);
    let authority = authority.split('/').next().unwrap_or(authority);
    if authority.starts_with('[') {
        return true;
    }
    let host = authority.split(':').next().unwrap_or(authority);
    host == "localhost" || host.parse::<std::net::Ipv4Addr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_without_subdomains() {
        let plain = ["http://127.0.0.1:4600", "http://[::1]:1", "https://localhost/x"];
        assert!(plain.into_iter().all(plain_host));
        let others = ["https://s3.eu-west-1.amazonaws.com", "http://s3.localhost:1"];
        assert!(!others.into_iter().any(plain_host));
    }
}
