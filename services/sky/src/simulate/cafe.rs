//! The café's guests: those who have ordered with their visit, and others who come from the street all day while others
//! leave; every fourth party of these stays for long. What they are told when they come is held against how long they
//! stay.

use std::sync::Arc;

use chrono::TimeDelta;
use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::{World, estimates::What};

/// It opens so long after the day begins, and takes nobody new so long before it ends.
const OPENS: TimeDelta = TimeDelta::minutes(45);
const CLOSES: TimeDelta = TimeDelta::minutes(90);

/// Guests without a ticket, the same on each day of the same seed.
pub fn begin(world: &Arc<World>, seed: u64) {
    let mut dice = StdRng::seed_from_u64(seed ^ 0xCAFE);
    let mut comes = world.opens + OPENS;
    while comes < world.closes - CLOSES {
        let people = dice.random_range(1..=4);
        let minutes = if dice.random_bool(0.25) { dice.random_range(35..80) } else { dice.random_range(15..35) };
        let w = world.clone();
        world.tasks.spawn_until_stop(async move {
            w.until(comes).await;
            w.report.places.arrive(people);
            w.wait(40).await;
            eat(&w, people, minutes).await;
            w.wait(30).await;
            w.report.places.leave(people);
        });
        comes += TimeDelta::seconds(dice.random_range(120..720));
    }
}

/// From the foyer into the café for a while, and back.
pub async fn eat(world: &World, people: u64, minutes: u64) {
    let (came, estimates, places) = (world.clock.now(), &world.report.estimates, &world.report.places);
    places.sit_in_cafe(people);
    let told = estimates.told(What::Cafe, came);
    world.wait(minutes * 60).await;
    places.leave_cafe(people);
    estimates.stayed(What::Cafe, told, (world.clock.now() - came).num_seconds().unsigned_abs());
}
