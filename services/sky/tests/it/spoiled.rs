//! `sky verify` can fail: a good house, in which one row after the other is spoiled and put right again. A check that finds
//! nothing wrong with anything proves nothing.

use chrono::TimeDelta;
use kernel::{testing::House, values::from_timestamp};
use sky_proto::{flow::v1::AdmissionState, parking::v1::Direction, payments::v1::Method};
use sqlx::Executor;

use crate::{
    day::{open, wait_until},
    processes::sky,
    scenario::Family,
    world::until,
};

/// A row of a service that is spoiled, how it is put right, and what must be said to be broken.
struct Spoil {
    service: &'static str,
    spoil: &'static str,
    mend: &'static str,
    says: &'static str,
}

const SPOILS: [Spoil; 5] = [
    Spoil {
        service: "reservations",
        spoil: "update showing set capacity = capacity - 107 where id in (select showing_id from ticket)",
        mend: "update showing set capacity = capacity + 107 where id in (select showing_id from ticket)",
        says: "no showing has more places taken than its plan allows",
    },
    Spoil {
        service: "reservations",
        spoil: "update ticket set live = false where id = (select id from ticket order by id limit 1)",
        mend: "update ticket set live = true",
        says: "every live ticket has its place, every sold place its ticket",
    },
    Spoil {
        service: "reservations",
        spoil: "update ticket set id = gen_random_uuid() where id = (select id from ticket order by id limit 1)",
        mend: "update ticket set id = (select t.ticket_id from flow.door_ticket t where t.ticket_id not in
                   (select id from ticket)) where id not in (select ticket_id from flow.door_ticket)",
        says: "the door has exactly the tickets that were sold",
    },
    Spoil {
        service: "reservations",
        spoil: "update tariff set cents = cents + 1",
        mend: "update tariff set cents = cents - 1",
        says: "every price of a place is a dated tariff row with its tax",
    },
    Spoil {
        service: "flow",
        spoil: "update admission set admitted = admitted + 1 where admitted > 0",
        mend: "update admission set admitted = admitted - 1 where admitted > 0",
        says: "who is counted as admitted has a ticket that was admitted",
    },
];

/// What `sky verify` says, and whether it ends well.
fn verdict(house: &House) -> (bool, String) {
    let output = sky(&house.settings).arg("verify").output().expect("sky verify runs");
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

async fn changes(house: &House, service: &str, sql: &'static str) {
    let done = house.pool(service).execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    assert!(done.rows_affected() > 0, "nothing to spoil: {sql}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_spoiled_row_is_found_and_verify_ends_with_a_failure() {
    let (house, world, _provider) = open().await;
    let family = Family::holds(&world, house.clock.now()).await;
    family.orders(Method::AtDesk).await;
    let visit = family.is_confirmed().await;
    let start = from_timestamp(visit.starts_at);
    wait_until(&house, start - TimeDelta::minutes(30)).await;
    family.drives(Direction::In).await;
    wait_until(&house, start - TimeDelta::minutes(20)).await;
    family.moves_admission(AdmissionState::DoorsOpen).await;
    family.is_scanned_in().await;
    until("everybody in on the page", || family.visit(), |visit| visit.admitted == 4).await;
    house.settle().await;
    let (good, said) = verdict(&house);
    assert!(good, "a good house: {said}");

    for spoil in SPOILS {
        changes(&house, spoil.service, spoil.spoil).await;
        let (good, said) = verdict(&house);
        changes(&house, spoil.service, spoil.mend).await;
        let found = said.lines().any(|line| line.starts_with("BROKEN") && line.ends_with(spoil.says));
        assert!(found && !good, "after '{}' not found: {}\n{said}", spoil.spoil, spoil.says);
        assert!(!said.contains("Erika") && !said.contains("ERIKA"), "a name in a log: {said}");
    }
    let (good, said) = verdict(&house);
    assert!(good, "all is put right: {said}");
}
