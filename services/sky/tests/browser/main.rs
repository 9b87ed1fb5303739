//! The house as people meet it: in a browser. Needs chromium and chromedriver; without them every test
//! says aloud that it was skipped, and in CI it fails.

mod accessible;
mod cable;
mod carpark;
mod chrome;
mod counting;
mod delay;
mod desk;
mod door;
mod evacuation;
mod films;
mod journey;
mod keyboard;
mod monitor;
mod operator;
mod ordering;
mod pairing;
mod plain;
mod sale;
mod screens;
mod stage;
mod waiting;
mod wall;
#[expect(dead_code, reason = "houses in many processes are the other binary's")]
#[path = "../it/world.rs"]
mod world;
