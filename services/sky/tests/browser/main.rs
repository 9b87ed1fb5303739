//! The house as people meet it: in a browser. Needs chromium and chromedriver; without them every test
//! says aloud that it was skipped, and in CI it fails.

mod accessible;
mod assistance;
mod cable;
mod calledoff;
mod carpark;
mod changes;
mod chrome;
mod counting;
mod crowding;
mod cupboard;
mod delay;
mod desk;
mod door;
mod evacuation;
mod exception;
mod films;
mod hand_out;
mod headcount;
mod journey;
mod keeping;
mod keyboard;
mod kitchen;
mod line;
mod mails;
mod measures;
mod missing;
mod monitor;
mod operator;
mod ordering;
mod pairing;
mod phone;
mod phone_undo;
mod plain;
mod player;
#[expect(dead_code, reason = "most of it is the other binary's")]
#[path = "../it/processes.rs"]
mod processes;
mod readable;
mod replica;
mod sale;
mod scanner;
mod screens;
mod selling;
mod stage;
mod stopped;
mod takeover;
mod till;
mod touches;
mod typing;
mod waiting;
mod waiting_list;
mod waits;
mod wall;
mod warnings;
#[expect(dead_code, reason = "houses in many processes are the other binary's")]
#[path = "../it/world.rs"]
mod world;
