//! A producer may be newer than its consumers: what they have not heard of passes without effect, everywhere.

use kernel::{Event, testing::House};
use uuid::Uuid;

use crate::world::ALL;

#[tokio::test(flavor = "multi_thread")]
async fn every_service_passes_over_events_of_unknown_types() {
    let house = House::start(&ALL).await;
    let mut tried = 0;
    for service in house.running.health().await {
        for consumer in service.consumers {
            let before = house.position(&service.service, &consumer.producer).await;
            let event = Event {
                pub_seq: before + 1,
                event_id: Uuid::now_v7(),
                aggregate_id: Uuid::now_v7().to_string(),
                aggregate_version: 1,
                type_name: format!("sky.{}.v2.NotInventedYet", consumer.producer),
                payload: vec![0xff; 9],
                occurred_at: house.clock.now(),
                traceparent: String::new(),
            };
            // A comparison with the producer's log, which does not have it, forgets it when it comes in between.
            let mut after = before;
            for _ in 0..5 {
                if after == before {
                    house.deliver(&service.service, &consumer.producer, std::slice::from_ref(&event)).await;
                    after = house.position(&service.service, &consumer.producer).await;
                }
            }
            assert_eq!(after, before + 1, "{} ← {}", service.service, consumer.producer);
            tried += 1;
        }
        let dead: i64 = sqlx::query_scalar("select count(*) from dead_events")
            .fetch_one(house.pool(&service.service))
            .await
            .expect("counted");
        assert_eq!(dead, 0, "{}", service.service);
    }
    assert!(tried > 15, "only {tried} ways");
}
