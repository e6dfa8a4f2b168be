//! `Settings`: the provider block and the environment, read into what clients need.

use std::time::Duration;

use aws_config::profile::ProfileSet;
use aws_types::os_shim_internal::{Env, Fs};
use futures_util::FutureExt as _;
use lifeboat_sdk::provider::{Credentials, Environment};
use lifeboat_sdk::region::{Judged, judge};
use lifeboat_sdk::session::Limits;
use lifeboat_sdk::{Class, Failure, Name};

use crate::config::{AssumeRole, Config, Deadlines, Endpoints, RateLimits};
use crate::credentials;
use crate::duration;

/// Until a connection is made, where the configuration says nothing.
const CONNECT: Duration = Duration::from_secs(2);
/// Calls a second that Route 53 takes of one account (its developer guide, "Quotas").
const ROUTE53_RATE: f64 = 5.0;

/// Credentials that the provider block holds itself.
#[derive(Clone)]
pub(crate) struct StaticKey {
    pub(crate) access: String,
    pub(crate) secret: String,
    pub(crate) token: Option<String>,
}

impl std::fmt::Debug for StaticKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StaticKey")
    }
}

/// What clients are made from. Holds the environment it was given; the process's is never asked.
#[derive(Clone, Debug)]
pub struct Settings {
    pub(crate) region: Option<String>,
    pub(crate) profile: Option<String>,
    pub(crate) key: Option<StaticKey>,
    pub(crate) assume_role: Option<AssumeRole>,
    pub(crate) assume_for: Option<Duration>,
    pub(crate) endpoints: Endpoints,
    pub(crate) path_style: bool,
    pub(crate) connect: Duration,
    pub(crate) environment: Environment,
    /// Whether only EC2's metadata service can give credentials.
    pub(crate) metadata_only: bool,
    any_region: bool,
    limits: Limits,
    default_tags: Vec<(Name, Name)>,
    allowed_accounts: Vec<Name>,
    credentials: Credentials,
}

impl Settings {
    /// Reads the block and the environment. Makes no call; reads the shared configuration files
    /// only to learn a region that nothing else names.
    ///
    /// # Errors
    /// Where a duration, a number or an endpoint cannot be used.
    pub fn new(config: &Config, environment: &Environment) -> Result<Self, Failure> {
        let Config {
            region,
            profile,
            access_key,
            secret_key,
            token,
            allowed_account_ids,
            max_concurrency,
            s3_use_path_style,
            skip_credentials_validation: _,
            skip_region_validation,
            skip_requesting_account_id: _,
            skip_metadata_api_check,
            assume_role,
            default_tags,
            endpoints,
            deadlines,
            rate_limits,
        } = config;
        let key = static_key(access_key, secret_key, token)?;
        let environment =
            relevant(environment, profile.is_some(), *skip_metadata_api_check == Some(true));
        let assume_role = assume_role.first().cloned();
        let assume_for = assume_role.as_ref().and_then(|role| role.duration.as_deref());
        let (connect, limits) = limits(
            deadlines.first().cloned().unwrap_or_default(),
            rate_limits.first().cloned().unwrap_or_default(),
            *max_concurrency,
        )?;
        let tags = default_tags.iter().flat_map(|block| &block.tags);
        let endpoints = endpoint_settings(endpoints.first(), &environment)?;
        let profiles = profiles(&environment, profile.as_deref());
        let region = region.clone().or_else(|| region_of(&environment, profiles.as_ref()));
        let any_region = *skip_region_validation == Some(true);
        if let Some(Judged::Misspelt(near)) = region.as_deref().map(judge).filter(|_| !any_region) {
            let region = region.unwrap_or_default();
            let message = format!("{region:?} is no region of AWS; the nearest is {near:?}");
            return Err(Failure::new(Class::Invalid, message));
        }
        let source = credentials::Source {
            key: key.as_ref().map(|key| key.token.is_some()),
            environment: &environment,
            profiles: profiles.as_ref(),
            sts: endpoints.sts.as_deref(),
        };
        Ok(Self {
            credentials: source.needs(),
            region,
            any_region,
            profile: profile.clone(),
            metadata_only: key.is_none() && metadata_only(&environment, profiles.as_ref()),
            key,
            assume_for: assume_for.map(|d| duration::parse("duration", d)).transpose()?,
            assume_role,
            endpoints,
            path_style: *s3_use_path_style == Some(true),
            connect,
            environment,
            limits,
            default_tags: tags.map(|(k, v)| (k.as_str().into(), v.as_str().into())).collect(),
            allowed_accounts: allowed_account_ids.iter().map(|id| id.as_str().into()).collect(),
        })
    }

    /// The region of objects that name none.
    pub fn region(&self) -> Option<Name> {
        self.region.as_deref().map(Into::into)
    }

    /// How hard AWS may be called.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Whether names of regions are not checked.
    pub fn any_region(&self) -> bool {
        self.any_region
    }

    /// The tags of every object that has tags.
    pub fn default_tags(&self) -> &[(Name, Name)] {
        &self.default_tags
    }

    /// The accounts that may be worked in; any where empty.
    pub fn allowed_accounts(&self) -> &[Name] {
        &self.allowed_accounts
    }

    /// What the credentials need.
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// The endpoint of a service in a region, where it is not AWS's own.
    pub(crate) fn endpoint(&self, service: &str, region: &str) -> Option<String> {
        let endpoint = match service {
            "s3" => &self.endpoints.s3,
            "route53" => &self.endpoints.route53,
            "ec2" => &self.endpoints.ec2,
            "autoscaling" => &self.endpoints.autoscaling,
            "iam" => &self.endpoints.iam,
            "sts" => &self.endpoints.sts,
            _ => &None,
        };
        endpoint.as_ref().map(|url| url.replace("{region}", region))
    }

    pub(crate) fn env(&self) -> Env {
        let pairs: Vec<_> = self.environment.iter().map(|(k, v)| (&**k, &**v)).collect();
        Env::from_slice(&pairs)
    }
}

fn static_key(
    access: &Option<String>,
    secret: &Option<String>,
    token: &Option<String>,
) -> Result<Option<StaticKey>, Failure> {
    match (access, secret) {
        (Some(access), Some(secret)) => Ok(Some(StaticKey {
            access: access.clone(),
            secret: secret.clone(),
            token: token.clone(),
        })),
        (None, None) => Ok(None),
        _ => Err(Failure::new(
            Class::Invalid,
            "access_key and secret_key of the provider block belong together",
        )),
    }
}

/// The environment as credentials see it. A profile that the block names goes before keys in
/// the environment, as in Terraform; keys named there would win in the SDK's chain.
fn relevant(environment: &Environment, profile: bool, no_metadata: bool) -> Environment {
    let mut environment = environment.clone();
    if profile {
        for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"] {
            environment.remove(name);
        }
    }
    if no_metadata {
        environment.insert("AWS_EC2_METADATA_DISABLED".into(), "true".into());
    }
    environment
}

/// The profiles of the shared configuration files, the chosen one selected.
fn profiles(environment: &Environment, profile: Option<&str>) -> Option<ProfileSet> {
    let pairs: Vec<_> = environment.iter().map(|(k, v)| (&**k, &**v)).collect();
    let (env, fs) = (Env::from_slice(&pairs), Fs::real());
    #[allow(deprecated, reason = "the type has a new name that this crate does not export")]
    let files = aws_config::profile::profile_file::ProfileFiles::default();
    // Files are read synchronously in there, so the future is ready when it is made.
    let chosen = profile.map(|name| name.to_owned().into());
    aws_config::profile::load(&fs, &env, &files, chosen).now_or_never()?.ok()
}

/// The region that the environment or the profile names.
fn region_of(environment: &Environment, profiles: Option<&ProfileSet>) -> Option<String> {
    let named = ["AWS_REGION", "AWS_DEFAULT_REGION"].iter().find_map(|n| environment.get(*n));
    let named = named.filter(|region| !region.is_empty()).cloned();
    named.or_else(|| profiles?.get("region").map(str::to_owned))
}

/// Whether nothing but EC2's metadata service is left to give credentials.
fn metadata_only(environment: &Environment, profiles: Option<&ProfileSet>) -> bool {
    let variables = [
        "AWS_ACCESS_KEY_ID",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    ];
    let keys = [
        "aws_access_key_id",
        "role_arn",
        "credential_process",
        "credential_source",
        "login_session",
        "sso_session",
        "sso_start_url",
        "web_identity_token_file",
    ];
    !variables.iter().any(|name| environment.contains_key(*name))
        && !keys.iter().any(|key| profiles.is_some_and(|p| p.get(key).is_some()))
}

/// The block's endpoints, then the variable of the service, then the one of all services.
fn endpoint_settings(
    block: Option<&Endpoints>,
    environment: &Environment,
) -> Result<Endpoints, Failure> {
    let ignored = environment
        .get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")
        .is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let choose = |own: Option<&String>, variable: &str| -> Result<Option<String>, Failure> {
        let variables = ["AWS_ENDPOINT_URL_", "AWS_ENDPOINT_URL"];
        let set = |name: &str| environment.get(name).filter(|url| !url.is_empty() && !ignored);
        let url = own
            .or_else(|| set(&format!("{}{variable}", variables[0])))
            .or_else(|| set(variables[1]));
        match url {
            Some(url) if !(url.starts_with("http://") || url.starts_with("https://")) => {
                let message = format!("the endpoint {url:?} is not an http or https URL");
                Err(Failure::new(Class::Invalid, message))
            }
            url => Ok(url.map(|url| url.trim_end_matches('/').to_owned())),
        }
    };
    let block = block.cloned().unwrap_or_default();
    Ok(Endpoints {
        s3: choose(block.s3.as_ref(), "S3")?,
        route53: choose(block.route53.as_ref(), "ROUTE_53")?,
        ec2: choose(block.ec2.as_ref(), "EC2")?,
        autoscaling: choose(block.autoscaling.as_ref(), "AUTO_SCALING")?,
        iam: choose(block.iam.as_ref(), "IAM")?,
        sts: choose(block.sts.as_ref(), "STS")?,
    })
}

fn limits(
    deadlines: Deadlines,
    rates: RateLimits,
    max_concurrency: Option<i64>,
) -> Result<(Duration, Limits), Failure> {
    let Deadlines { connect, attempt, operation } = deadlines;
    let RateLimits { s3, route53, ec2, autoscaling, iam, sts } = rates;
    let mut limits = Limits::default();
    let read = |what: &str, text: Option<String>, default: Duration| match text {
        Some(text) => duration::parse(what, &text),
        None => Ok(default),
    };
    limits.attempt = read("attempt", attempt, limits.attempt)?;
    limits.operation = read("operation", operation, limits.operation)?;
    if let Some(n) = max_concurrency {
        let given = u32::try_from(n).ok().filter(|n| *n > 0);
        limits.in_flight = Some(given.ok_or_else(|| {
            Failure::new(Class::Invalid, format!("max_concurrency = {n} is not above 0"))
        })?);
    }
    let rates = [
        ("s3", s3),
        ("route53", route53.or(Some(ROUTE53_RATE))),
        ("ec2", ec2),
        ("autoscaling", autoscaling),
        ("iam", iam),
        ("sts", sts),
    ];
    for (service, rate) in rates {
        let rate = rate.unwrap_or(0.0);
        if !rate.is_finite() || rate < 0.0 {
            let message = format!("the rate limit of {service} is not 0 or above");
            return Err(Failure::new(Class::Invalid, message));
        }
        limits.rates.insert(service.to_owned(), rate);
    }
    Ok((read("connect", connect, CONNECT)?, limits))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(pairs: &[(&str, &str)]) -> Environment {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn the_block_goes_before_the_environment() {
        let environment = env(&[
            ("AWS_REGION", "eu-west-1"),
            ("AWS_ENDPOINT_URL", "http://all:1/"),
            ("AWS_ENDPOINT_URL_ROUTE_53", "http://dns:2"),
            ("AWS_ENDPOINT_URL_AUTO_SCALING", "http://asg:4"),
        ]);
        let s3 = Some("http://{region}.s3:3".to_owned());
        let config = Config {
            endpoints: vec![Endpoints { s3, ..Endpoints::default() }],
            ..Config::default()
        };
        let settings = Settings::new(&config, &environment).unwrap();
        assert_eq!(settings.region.as_deref(), Some("eu-west-1"));
        let cases = [
            ("s3", "http://us-east-2.s3:3"),
            ("route53", "http://dns:2"),
            ("ec2", "http://all:1"),
            ("autoscaling", "http://asg:4"),
            ("iam", "http://all:1"),
            ("sts", "http://all:1"),
        ];
        for (service, url) in cases {
            assert_eq!(settings.endpoint(service, "us-east-2").as_deref(), Some(url));
        }
        assert_eq!(settings.limits().rates["route53"], 5.0);
    }

    #[test]
    fn a_misspelt_region_is_refused_unless_any_is_taken() {
        let region = |region: &str, skip_region_validation| {
            let region = Some(region.to_owned());
            Settings::new(
                &Config { region, skip_region_validation, ..Config::default() },
                &env(&[]),
            )
        };
        let refused = region("us-est-1", None).unwrap_err();
        assert!(refused.message.contains("\"us-east-1\""), "{refused}");
        assert!(region("us-est-1", Some(true)).is_ok());
        assert!(region("us-east-9", None).is_ok());
    }

    #[test]
    fn a_named_profile_goes_before_keys_of_the_environment() {
        let environment = env(&[("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "b")]);
        let config = Config { profile: Some("dr".into()), ..Config::default() };
        assert!(Settings::new(&config, &environment).unwrap().environment.is_empty());
    }

    #[test]
    fn the_region_of_a_profile_is_found() {
        let dir = std::env::temp_dir().join(format!("lifeboat-aws-core-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let file = dir.join("config");
        std::fs::write(&file, "[profile dr]\nregion = eu-central-1\n").unwrap();
        let environment = env(&[("AWS_CONFIG_FILE", file.to_str().unwrap())]);
        let config = Config { profile: Some("dr".into()), ..Config::default() };
        let region = Settings::new(&config, &environment).unwrap().region;
        std::fs::remove_dir_all(&dir).unwrap();
        assert_eq!(region.as_deref(), Some("eu-central-1"));
    }

    #[test]
    fn what_cannot_be_used_is_refused() {
        let deadline = |text: &str| Config {
            deadlines: vec![Deadlines { attempt: Some(text.into()), ..Deadlines::default() }],
            ..Config::default()
        };
        let endpoint = Config {
            endpoints: vec![Endpoints { s3: Some("s3:80".into()), ..Endpoints::default() }],
            ..Config::default()
        };
        let half = Config { access_key: Some("a".into()), ..Config::default() };
        let many = Config { max_concurrency: Some(0), ..Config::default() };
        for config in [deadline("soon"), endpoint, half, many] {
            let failure = Settings::new(&config, &Environment::new()).unwrap_err();
            assert_eq!(failure.class, Class::Invalid, "{failure}");
        }
    }
}
