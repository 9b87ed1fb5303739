//! Reservations against a real PostgreSQL and a real NATS.

mod accompanied;
mod api;
mod blocking;
mod days;
mod delays;
mod free_seating;
mod freshness;
mod house_file;
mod model;
mod moving;
mod offers;
mod overlaps;
mod reactions;
mod reissue;
mod seller;
mod set_aside;
mod support;
