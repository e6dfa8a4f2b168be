//! `Call`: what an API operation is, as a constant beside the code that makes it.

/// Whether an operation changes anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// Only reads.
    Read,
    /// May change something; refused by a context that only reads.
    Write,
}

/// The plane an operation runs on: what must be alive for it to work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Plane {
    /// A data plane: statically stable.
    Data,
    /// A region's control plane.
    Regional,
    /// A global control plane with a home region.
    Global,
}

/// One API operation.
#[derive(Debug, PartialEq, Eq)]
pub struct Call {
    /// The service as endpoints and signatures name it: `s3`.
    pub service: &'static str,
    /// The operation as the API names it: `GetBucketVersioning`.
    pub operation: &'static str,
    /// Whether it changes anything.
    pub access: Access,
    /// The plane it uses.
    pub plane: Plane,
    /// The permission it needs: `s3:GetBucketVersioning`.
    pub iam_action: &'static str,
}

impl Call {
    /// A reading operation of a region's control plane.
    pub const fn read(
        service: &'static str,
        operation: &'static str,
        iam_action: &'static str,
    ) -> Self {
        Self { service, operation, access: Access::Read, plane: Plane::Regional, iam_action }
    }

    /// A changing operation of a region's control plane.
    pub const fn write(
        service: &'static str,
        operation: &'static str,
        iam_action: &'static str,
    ) -> Self {
        Self { service, operation, access: Access::Write, plane: Plane::Regional, iam_action }
    }

    /// The same on a data plane.
    #[must_use]
    pub const fn data(self) -> Self {
        Self { plane: Plane::Data, ..self }
    }

    /// The same on a global control plane.
    #[must_use]
    pub const fn global(self) -> Self {
        Self { plane: Plane::Global, ..self }
    }
}
