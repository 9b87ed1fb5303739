//! Two replicas of a service, each its own process: whoever watches one sees at once what was done at the other, and not
//! only when it looks again by itself.

use std::time::{Duration, Instant};

use kernel::{
    Role,
    testing::{TestDb, settings},
};
use sky_proto::flow::v1::{CorrectZoneRequest, WatchFlowRequest, flow_client::FlowClient};

use crate::{
    processes::start,
    world::{ALL, staff},
};

/// So many changes are made.
const CHANGES: u32 = 9;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_at_one_replica_is_seen_at_the_other_within_a_second() {
    let db = TestDb::create().await;
    let others: Vec<&'static str> = ALL.iter().map(|it| it.name).filter(|name| *name != "flow").collect();
    let (processes, world) = start(&[&others, &["flow"], &["flow"]], &settings(&db)).await;
    let at = |replica: usize| FlowClient::new(world.door_at(&processes.addresses[replica], &staff(Role::Operator)));
    let (mut here, mut there) = (at(1), at(2));
    let mut watched = there.watch_flow(WatchFlowRequest::default()).await.expect("a stream").into_inner();
    let mut took = Vec::new();
    for count in 1..=CHANGES {
        let request = CorrectZoneRequest { zone_id: "foyer".to_owned(), count, reason: "counted".to_owned() };
        here.correct_zone(request).await.expect("corrected");
        let done = Instant::now();
        let seen = async {
            loop {
                let told = watched.message().await.expect("it goes on").expect("no end");
                if told.zones.iter().any(|zone| zone.zone_id == "foyer" && zone.count == Some(count)) {
                    break;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(60), seen).await.expect("it is seen at all");
        took.push(done.elapsed());
    }
    // A machine that does much besides may keep one of them waiting.
    took.sort_unstable();
    assert!(took[took.len() / 2] < Duration::from_secs(1), "{took:?}");
}
