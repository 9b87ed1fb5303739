//! Journey with the real services of the house, against real PostgreSQL and NATS.

mod api;
mod arrival;
mod changes;
mod clock;
mod confirm;
mod contacts;
mod hold;
mod instead;
mod limits;
mod mail_server;
mod missing;
mod money_back;
mod notices;
mod reactions;
mod rebooking;
mod showings;
mod sink;
mod support;
mod sweeper;
mod waiting;
mod whole;
mod wishes;
