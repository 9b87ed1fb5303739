//! What load tests, demo and other crates' tests share: the fake payment provider.

pub mod fake_provider;
