//! The contract: every message and service of Digital Sky, generated from `proto/sky/**.proto`.
//! Nothing but its codec is written by hand here; a module per proto package, `flow::v1` for `sky.flow.v1`.

mod codec;

pub use codec::SmallCodec;

/// What the kernel serves for every service, and the values all services share.
pub mod kernel {
    /// `sky.kernel.v1`
    pub mod v1 {
        tonic::include_proto!("sky.kernel.v1");
    }
}
/// `sky.reservations`
pub mod reservations {
    /// `sky.reservations.v1`
    pub mod v1 {
        tonic::include_proto!("sky.reservations.v1");
    }
}
/// `sky.parking`
pub mod parking {
    /// `sky.parking.v1`
    pub mod v1 {
        tonic::include_proto!("sky.parking.v1");
    }
}
/// `sky.flow`
pub mod flow {
    /// `sky.flow.v1`
    pub mod v1 {
        tonic::include_proto!("sky.flow.v1");
    }
}
/// `sky.signage`
pub mod signage {
    /// `sky.signage.v1`
    pub mod v1 {
        tonic::include_proto!("sky.signage.v1");
    }
}
/// `sky.gastro`
pub mod gastro {
    /// `sky.gastro.v1`
    pub mod v1 {
        tonic::include_proto!("sky.gastro.v1");
    }
}
/// `sky.payments`
pub mod payments {
    /// `sky.payments.v1`
    pub mod v1 {
        tonic::include_proto!("sky.payments.v1");
    }
}
/// `sky.journey`
pub mod journey {
    /// `sky.journey.v1`
    pub mod v1 {
        tonic::include_proto!("sky.journey.v1");
    }
}
/// `sky.portal`
pub mod portal {
    /// `sky.portal.v1`
    pub mod v1 {
        tonic::include_proto!("sky.portal.v1");
    }
}

/// All protos as an encoded `FileDescriptorSet`, for tests that walk over every method.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
