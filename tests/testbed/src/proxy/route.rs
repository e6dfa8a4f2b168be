//! Which server answers a call: a table of rows, the first that fits counts.

use crate::servers::ServerKind;

/// One row: calls of a service, or those of its paths with a prefix, go to a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The service as it signs (`cloudwatch` for `monitoring`), or `*`.
    pub service: &'static str,
    /// How the path begins; empty for all paths.
    pub path: &'static str,
    /// Who answers.
    pub server: ServerKind,
}

/// The table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Routes(Vec<Route>);

use ServerKind::{MiniStack, Moto};

/// Route 53 is split: MiniStack loses Inverted, Disabled and CALCULATED of health checks, moto
/// pages record sets wrongly. MiniStack takes any HealthCheckId in a record set.
#[rustfmt::skip]
const DEFAULT: &[Route] = &[
    Route { service: "route53", path: "/2013-04-01/healthcheck", server: Moto },
    Route { service: "route53", path: "/2013-04-01/tags/healthcheck", server: Moto },
    Route { service: "ec2", path: "", server: Moto },
    Route { service: "rds", path: "", server: Moto },
    Route { service: "autoscaling", path: "", server: Moto },
    Route { service: "eks", path: "", server: Moto },
    Route { service: "secretsmanager", path: "", server: Moto },
    Route { service: "*", path: "", server: MiniStack },
];

impl Default for Routes {
    fn default() -> Self {
        Self(DEFAULT.to_vec())
    }
}

impl Routes {
    /// The default table with all calls of one service at one server.
    pub fn all_of(service: &'static str, server: ServerKind) -> Self {
        Self::default().with(Route { service, path: "", server })
    }

    /// Puts a row before all others.
    #[must_use]
    pub fn with(mut self, route: Route) -> Self {
        self.0.insert(0, route);
        self
    }

    /// The server for a call.
    pub fn server(&self, service: &str, path: &str) -> ServerKind {
        let fits = |row: &&Route| {
            (row.service == "*" || row.service == service) && path.starts_with(row.path)
        };
        self.0.iter().find(fits).map_or(MiniStack, |row| row.server)
    }
}
