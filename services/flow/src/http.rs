//! Flow's open interfaces over HTTP: people counters push here, and others read how full the house is.

mod exports;
mod push;
mod xovis;

use axum::{
    Router,
    routing::{get, post},
};
use kernel::Db;

/// All routes.
pub(crate) fn router(db: Db) -> Router {
    Router::new()
        .route("/sensors/xovis", post(push::take))
        .route("/open/v1/crowd-flow-observed", get(exports::crowd_flow))
        .route("/open/v1/live", get(exports::live))
        .with_state(db)
}
