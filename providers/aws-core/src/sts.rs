//! Who we are and where: STS's identity, `aws_caller_identity`, `aws_region`.

use lifeboat_sdk::{
    Call, Class, Ctx, DataSource, Failure, Location, Name, RegionName, Scope, Service,
};
use lifeboat_sdk_derive::Kind;

use crate::clients::Clients;
use crate::failure::failure;

/// Asks for the identity behind the credentials; it needs no permission.
pub const GET_CALLER_IDENTITY: Call =
    Call::read("sts", "GetCallerIdentity", "sts:GetCallerIdentity");

/// The calls of this file.
pub const CALLS: &[&Call] = &[&GET_CALLER_IDENTITY];

/// STS as a service: in each region.
pub const STS: Service = Service { name: "sts", home: None };

/// The identity behind the credentials. Its id is the account's.
#[derive(Clone, Debug, PartialEq, Kind)]
pub struct CallerIdentity {
    /// The account.
    #[kind(computed)]
    pub account_id: Option<String>,
    /// The user's or session's ARN.
    #[kind(computed)]
    pub arn: Option<String>,
    /// The user's or session's unique id.
    #[kind(computed)]
    pub user_id: Option<String>,
    /// The account.
    #[kind(computed)]
    pub id: Option<String>,
    /// The region whose STS is asked.
    #[kind(optional_computed)]
    pub region: Option<String>,
}

/// `aws_caller_identity`
#[derive(Clone, Debug)]
pub struct CallerIdentityData(pub Clients);

impl DataSource for CallerIdentityData {
    type Object = CallerIdentity;
    const NAME: &'static str = "aws_caller_identity";
    const SERVICE: Service = STS;

    async fn read(
        &self,
        ctx: &Ctx,
        scope: &Scope,
        _document: CallerIdentity,
    ) -> Result<CallerIdentity, Failure> {
        let mut found = ask(&self.0, ctx, scope).await?;
        found.region = Some(scope.location.region().to_string());
        Ok(found)
    }
}

/// The account of the credentials, asked of the STS of `region`.
///
/// # Errors
/// Where it cannot be asked.
pub async fn identity(clients: &Clients, ctx: &Ctx, region: &str) -> Result<Name, Failure> {
    let scope = Scope {
        provider: "aws".into(),
        account: "".into(),
        location: Location::Region(RegionName::from(region)),
        service: STS.name.into(),
    };
    let found = ask(clients, ctx, &scope).await?;
    Ok(found.account_id.unwrap_or_default().into())
}

async fn ask(clients: &Clients, ctx: &Ctx, scope: &Scope) -> Result<CallerIdentity, Failure> {
    let client = clients
        .client(scope, STS.name, |base| {
            let config = aws_sdk_sts::config::Builder::from(base.sdk()).interceptor(base.guard());
            aws_sdk_sts::Client::from_conf(config.build())
        })
        .await?;
    let call = || async { client.get_caller_identity().send().await.map_err(failure) };
    let answer = ctx.call(&GET_CALLER_IDENTITY, scope, call).await?;
    let account = answer.account().filter(|account| !account.is_empty()).ok_or_else(|| {
        Failure::new(Class::Garbled, "the answer names no account").of(&GET_CALLER_IDENTITY, scope)
    })?;
    Ok(CallerIdentity {
        account_id: Some(account.to_owned()),
        arn: answer.arn().map(str::to_owned),
        user_id: answer.user_id().map(str::to_owned),
        id: Some(account.to_owned()),
        region: None,
    })
}

/// A region, by default the provider's. Asks nobody.
#[derive(Clone, Debug, PartialEq, Kind)]
pub struct Region {
    /// Its name: `eu-west-1`.
    #[kind(optional_computed)]
    pub region: Option<String>,
    /// Its name; `region` is the newer attribute.
    #[kind(optional_computed)]
    pub name: Option<String>,
    /// The name of its EC2 endpoint, as Terraform has it.
    #[kind(computed)]
    pub endpoint: Option<String>,
    /// Its name.
    #[kind(computed)]
    pub id: Option<String>,
}

/// `aws_region`
#[derive(Clone, Copy, Debug)]
pub struct RegionData;

impl DataSource for RegionData {
    type Object = Region;
    const NAME: &'static str = "aws_region";
    const SERVICE: Service = STS;

    async fn read(&self, _ctx: &Ctx, scope: &Scope, document: Region) -> Result<Region, Failure> {
        let here = scope.location.region().to_string();
        let region = document.region.or(document.name).unwrap_or(here);
        let suffix = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        Ok(Region {
            endpoint: Some(format!("ec2.{region}.{suffix}")),
            name: Some(region.clone()),
            id: Some(region.clone()),
            region: Some(region),
        })
    }
}
