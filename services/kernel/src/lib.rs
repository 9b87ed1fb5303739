//! The kernel: what every service needs and none should write again. Boot, shutdown, configuration,
//! telemetry, errors, transactions, the event log, live streams, identity, the clock.
//!
//! It must not know any service: services are inert data ([`Service`]) that it runs.

mod answers;
mod boot;
mod broker;
mod catch_up;
pub mod clock;
pub mod combine;
pub mod config;
pub mod consumer;
pub mod db;
pub mod dead;
pub mod ended;
pub mod error;
pub mod event;
mod follower;
pub mod heard;
pub mod identity;
mod keeping;
mod leader;
pub mod live;
pub mod open_data;
mod operations;
mod outbox;
mod pool;
mod position;
pub mod push;
pub mod relay;
mod remembered;
mod seal;
pub mod service;
mod serving;
mod signed_list;
pub mod tasks;
pub mod telemetry;
#[cfg(feature = "testing")]
pub mod testing;
pub mod ticket_code;
pub mod tls;
pub mod token;
pub mod transport;
mod unreadable;
pub mod values;

pub use answers::Batch;
pub use boot::{Boot, Running, migrate, run};
pub use clock::Clock;
pub use combine::Combiner;
pub use config::Settings;
pub use consumer::{Consumer, Step};
pub use db::{Db, Tx};
pub use ended::EndedDevices;
pub use error::{Code, Coded, Failure};
pub use event::Event;
pub use heard::Heard;
pub use identity::{Access, Caller, Role, Who};
pub use live::Live;
pub use remembered::Remembered;
pub use service::{Context, HouseLoader, Parts, Service};
pub use tasks::Tasks;
pub use transport::Transport;

/// A boxed future, as the kernel's function-pointer interfaces return it.
pub type BoxFuture<'a, T> = futures::future::BoxFuture<'a, T>;
