//! The edge against real PostgreSQL and NATS: accounts, sessions, forged requests, pairing, bad input,
//! services that are down. The pages' contents, which need all services, are tested in a browser elsewhere.

mod accounts;
mod bad_input;
mod browser;
mod down;
mod forged;
mod notices;
mod on_the_way;
mod pages;
mod pairing;
mod renewed;
mod sessions;
mod stand_in;
mod support;
mod uploads;
mod visits;
