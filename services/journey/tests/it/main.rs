//! Journey with the real reservations, parking and payments, against real PostgreSQL and NATS.

mod api;
mod confirm;
mod hold;
mod reactions;
mod showings;
mod support;
mod sweeper;
