//! A bed for one test: a leased pair of servers, a proxy in front, and the environment that leads a program to it.

use std::env;
use std::ffi::OsStr;
use std::process::Command;

use crate::Result;
use crate::aws::Aws;
use crate::lease::Pair;
use crate::proxy::{Proxy, Routes, Upstreams};

/// The account that all servers say they are.
pub const ACCOUNT: &str = "123456789012";

/// Variables that would lead an AWS client past the proxy, or to a developer's real account.
const FOREIGN: &[&str] = &["AWS_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"];

/// Servers and proxy of one test; dropped, the proxy ends and the servers return to the pool.
#[derive(Debug)]
pub struct Bed {
    /// The proxy in front of the servers. It goes before the lease does.
    pub proxy: Proxy,
    pair: Pair,
}

impl Bed {
    /// Leases a pair of empty servers and puts a proxy in front of it.
    pub fn start() -> Result<Self> {
        Self::routed(Routes::default())
    }

    /// As [`Bed::start`], with a table of which server answers what.
    pub fn routed(routes: Routes) -> Result<Self> {
        let pair = Pair::lease()?;
        let upstreams = Upstreams { ministack: pair.ministack(), moto: pair.moto() };
        Ok(Self { proxy: Proxy::start(upstreams, routes)?, pair })
    }

    /// The servers behind the proxy.
    pub fn pair(&self) -> &Pair {
        &self.pair
    }

    /// Calls that go to the servers directly: not counted, not failed, and all unsigned rights.
    pub fn aws(&self) -> Aws {
        Aws::new(&self.pair)
    }

    /// The variables that lead an AWS client to the proxy.
    pub fn env(&self) -> Vec<(String, String)> {
        variables(&self.proxy.endpoint())
    }

    /// A command in this environment: what else the caller's environment says about AWS, and of
    /// proxies, is taken out.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        for (name, _) in env::vars_os() {
            let upper = name.to_string_lossy().to_ascii_uppercase();
            if FOREIGN.iter().any(|prefix| upper.starts_with(prefix)) {
                command.env_remove(name);
            }
        }
        command.envs(self.env());
        command
    }
}

/// The variables that lead an AWS client to an endpoint.
pub(crate) fn variables(endpoint: &str) -> Vec<(String, String)> {
    let variables = [
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
        ("AWS_ENDPOINT_URL", endpoint),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("AWS_CONFIG_FILE", "/dev/null"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
        ("NO_PROXY", "*"),
    ];
    variables.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
}
