//! What a call says it is made by, where a policy asks for it (`aws:UserAgent`).

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextMut;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

/// Names the maker of a call in place of the SDK, which is not signed (IAM user guide, "AWS global
/// condition context keys").
#[derive(Clone, Copy, Debug)]
pub struct Agent(pub &'static str);

impl Intercept for Agent {
    fn name(&self) -> &'static str {
        "Agent"
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        context.request_mut().headers_mut().try_insert("user-agent", self.0)?;
        Ok(())
    }
}
