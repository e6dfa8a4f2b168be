//! What credentials need besides the region that is called: an endpoint of STS that was written out,
//! the region of a login.
//!
//! STS itself is asked in the region that is called (`clients.rs`), so that a role that is assumed
//! needs no other.

use aws_config::profile::{Profile, ProfileSet};
use lifeboat_sdk::provider::{Credentials, Environment};
use lifeboat_sdk::region::{Judged, judge};

/// Where credentials come from, in the order of the SDK's chain.
pub(crate) struct Source<'a> {
    /// Whether the key of the provider block has a session token, where there is such a key.
    pub(crate) key: Option<bool>,
    /// The environment as credentials see it.
    pub(crate) environment: &'a Environment,
    /// The profiles of the shared configuration files, the chosen one selected.
    pub(crate) profiles: Option<&'a ProfileSet>,
    /// The endpoint of STS, where it is not AWS's own.
    pub(crate) sts: Option<&'a str>,
}

/// Of temporary keys that somebody else has fetched.
const TOKEN: &str = "They are temporary (there is a session token), and do not say until when.";
/// Of credentials that a source hands out for a time.
const SESSION: &str = "They are fetched anew as long as their source gives any; how long that is \
                       goes by the login or the role behind it.";

impl Source<'_> {
    /// What the credentials need.
    pub(crate) fn needs(&self) -> Credentials {
        let mut places = Vec::new();
        if let Some((url, region)) = self.sts.and_then(|url| Some((url, region_of(url)?))) {
            places.push((format!("the endpoint of STS, {url},"), region.into()));
        }
        let variable = |name: &str| self.environment.get(name).is_some_and(|v| !v.is_empty());
        let ends = match (self.key, variable("AWS_ACCESS_KEY_ID")) {
            (Some(token), _) => token.then_some(TOKEN),
            (None, true) => variable("AWS_SESSION_TOKEN").then_some(TOKEN),
            (None, false) => self.of_profile(&mut places),
        };
        Credentials { places, ends }
    }

    /// What the chosen profile and those it takes its credentials from need.
    fn of_profile(&self, places: &mut Vec<(String, lifeboat_sdk::Name)>) -> Option<&'static str> {
        let Some(profiles) = self.profiles else { return Some(SESSION) };
        let mut name = profiles.selected_profile();
        let mut seen = Vec::new();
        while let Some(profile) = profiles.get_profile(name).filter(|_| !seen.contains(&name)) {
            seen.push(name);
            if let Some(region) = login_region(profiles, profile) {
                places.push((format!("the login of the profile {name:?}"), region.into()));
            }
            let Some(source) = profile.get("source_profile") else { break };
            name = source;
        }
        match profiles.get_profile(name).filter(|last| last.get("aws_access_key_id").is_some()) {
            Some(last) => last.get("aws_session_token").map(|_| TOKEN),
            None => Some(SESSION),
        }
    }
}

/// The region of IAM Identity Center that a profile logs in at.
fn login_region<'p>(profiles: &'p ProfileSet, profile: &'p Profile) -> Option<&'p str> {
    let session = profile.get("sso_session").and_then(|name| profiles.sso_session(name));
    session.and_then(|session| session.get("sso_region")).or_else(|| profile.get("sso_region"))
}

/// The region that the host of a URL names, whichever region is called. The old global endpoint of
/// STS is in us-east-1 (IAM user guide, "Manage AWS STS in an AWS Region").
fn region_of(url: &str) -> Option<&str> {
    let host = url.split("://").nth(1)?.split(['/', ':']).next()?;
    if host.eq_ignore_ascii_case("sts.amazonaws.com") {
        return Some("us-east-1");
    }
    host.split('.').find(|label| judge(label) == Judged::Known)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Endpoints};
    use crate::settings::Settings;

    fn env(pairs: &[(&str, &str)]) -> Environment {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    fn needs(config: &Config, environment: &Environment) -> Credentials {
        Settings::new(config, environment).unwrap().credentials().clone()
    }

    #[test]
    fn an_endpoint_of_sts_that_is_written_out_needs_its_region() {
        let cases = [
            ("https://sts.us-east-1.amazonaws.com", Some("us-east-1")),
            ("https://sts.amazonaws.com/", Some("us-east-1")),
            ("https://vpce-1-x.sts.eu-west-1.vpce.amazonaws.com:443", Some("eu-west-1")),
            ("https://sts.{region}.amazonaws.com", None),
            ("http://127.0.0.1:4566", None),
        ];
        for (url, region) in cases {
            let endpoints = vec![Endpoints { sts: Some(url.into()), ..Endpoints::default() }];
            let found = needs(&Config { endpoints, ..Config::default() }, &env(&[]));
            let found = found.places.first().map(|(_, region)| region.to_string());
            assert_eq!(found.as_deref(), region, "{url}");
        }
    }

    #[test]
    fn a_login_needs_its_region_and_keys_without_a_token_need_nothing() {
        let folder = std::env::temp_dir().join(format!("lifeboat-login-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("config");
        let text = "[profile dr]\nrole_arn = arn:aws:iam::1:role/dr\nsource_profile = people\n\
                    [profile people]\nsso_session = corp\nsso_account_id = 1\nsso_role_name = a\n\
                    [sso-session corp]\nsso_region = us-east-1\nsso_start_url = https://a\n\
                    [profile keys]\naws_access_key_id = a\naws_secret_access_key = b\n";
        std::fs::write(&file, text).unwrap();
        let environment = env(&[("AWS_CONFIG_FILE", file.to_str().unwrap())]);
        let of = |profile: &str| {
            needs(&Config { profile: Some(profile.into()), ..Config::default() }, &environment)
        };
        let (login, keys) = (of("dr"), of("keys"));
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(
            login.places,
            [(r#"the login of the profile "people""#.into(), "us-east-1".into())]
        );
        assert_eq!(login.ends, Some(SESSION));
        assert_eq!(keys, Credentials::default());
    }

    #[test]
    fn keys_with_a_token_end_and_keys_without_do_not() {
        let keys = [("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "b")];
        let token = [keys.as_slice(), &[("AWS_SESSION_TOKEN", "c")]].concat();
        assert_eq!(needs(&Config::default(), &env(&keys)).ends, None);
        assert_eq!(needs(&Config::default(), &env(&token)).ends, Some(TOKEN));
        let (access_key, secret_key) = (Some("a".to_owned()), Some("b".to_owned()));
        let config = Config { access_key, secret_key, ..Config::default() };
        assert_eq!(needs(&config, &env(&token)).ends, None, "the block goes first");
    }
}
