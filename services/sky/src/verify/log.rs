//! The event log's own invariants, the same for every service.

use std::{collections::BTreeMap, time::Duration};

use kernel::clock::wall_now;
use uuid::Uuid;

use super::{Databases, Finding, names};

/// What it means when a consumer has applied another log than its producer has.
const RESTORED: &str = "a database was restored from a backup alone; see \"Restoring a backup\" in services/README.md";

/// Whose events a service consumes. Databases alone do not say what is missing in them.
const FOLLOWED: [(&str, &[&str]); 7] = [
    ("reservations", &["journey"]),
    ("parking", &["journey", "reservations", "flow", "gastro", "portal"]),
    ("flow", &["reservations", "signage", "portal"]),
    ("signage", &["reservations", "flow", "parking", "gastro", "portal"]),
    ("gastro", &["journey", "reservations", "flow", "payments"]),
    ("payments", &["journey"]),
    ("journey", &["payments", "reservations", "parking", "gastro", "flow"]),
];

/// What `check` finds once no event is under way, or when the time is up. Not looked at again after that: a
/// house at work has told of something else by then.
pub async fn settled(databases: &Databases<'_>, most: Duration) -> anyhow::Result<Vec<Finding>> {
    let until = wall_now() + most;
    loop {
        let findings = check(databases).await?;
        if wall_now() >= until || findings.iter().all(|finding| finding.breaches.is_empty()) {
            return Ok(findings);
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}

/// How many events, the first and the last position, the head; how many have no position, are not
/// published, do not follow the one before of their aggregate.
type Log = (i64, Option<i64>, Option<i64>, i64, i64, i64, i64);

/// Gapless, all published, versions in order, every consumer there and at the head, nothing dead.
async fn check(databases: &Databases<'_>) -> anyhow::Result<Vec<Finding>> {
    let (mut events, mut consumed) = (0, 0);
    let (mut gaps, mut unpublished, mut disorder, mut behind, mut dead) = (vec![], vec![], vec![], vec![], vec![]);
    let (mut followed, mut silent, mut strange) = (0, vec![], vec![]);
    let mut heads = BTreeMap::new();
    for service in names() {
        let mut connection = databases.connect(service).await?;
        let (count, first, last, head, unnumbered, waiting, mixed) = sqlx::query_as::<_, Log>(
            "select count(*), min(pub_seq), max(pub_seq), (select last_pub_seq from outbox_head),
                    count(*) filter (where pub_seq is null), count(*) filter (where published_at is null),
                    (select count(*) from (
                        select aggregate_version - lag(aggregate_version) over (partition by aggregate_id order by pub_seq) as step
                        from outbox where pub_seq is not null) as steps where step <> 1)
             from outbox",
        )
        .fetch_one(&mut connection)
        .await?;
        events += count;
        let numbered = last.unwrap_or(0) - first.unwrap_or(1) + 1;
        if numbered + unnumbered != count || last.unwrap_or(head) != head {
            gaps.push(format!("{service}: {count} events, positions {first:?} to {last:?}, head {head}"));
        }
        if waiting > 0 {
            unpublished.push(format!("{service}: {waiting} events are not acknowledged by the broker"));
        }
        if mixed > 0 {
            disorder.push(format!("{service}: {mixed} events out of their aggregate's order"));
        }
        heads.insert(service, head);
    }
    for service in names() {
        let mut connection = databases.connect(service).await?;
        let positions: Vec<(String, i64, Option<i64>, Option<Uuid>)> =
            sqlx::query_as("select producer, last_pub_seq, seen_pub_seq, seen_event_id from consumer_pos")
                .fetch_all(&mut connection)
                .await?;
        for (_, producers) in FOLLOWED.iter().filter(|(consumer, _)| *consumer == service) {
            for producer in *producers {
                followed += 1;
                let told = heads.get(producer).copied().unwrap_or_default();
                // Of who has told nothing there is nothing to consume.
                if told > 0 && !positions.iter().any(|(known, ..)| known == producer) {
                    silent.push(format!("{service} has never consumed any of {producer}'s {told} events"));
                }
            }
        }
        for (producer, position, seen, event) in positions {
            consumed += 1;
            let Some(mut head) = heads.get(producer.as_str()).copied() else {
                behind.push(format!("{service} follows {producer}, which is no service of the house"));
                continue;
            };
            let mut producers = databases.connect(&producer).await?;
            if position > head {
                // The house is at work: the producer has told more since it was asked.
                head = sqlx::query_scalar("select last_pub_seq from outbox_head").fetch_one(&mut producers).await?;
                if position > head {
                    strange.push(format!("{service} is at {position}, {producer} has told {head} events: {RESTORED}"));
                }
                head = head.min(position);
            }
            if position != head {
                behind.push(format!("{service} is at {position} of {producer}'s {head}"));
            }
            // Above the position it says nothing: somebody has set that back by hand.
            let there: Option<Uuid> = sqlx::query_scalar("select event_id from outbox where pub_seq = $1")
                .bind(seen.filter(|seen| *seen <= position))
                .fetch_optional(&mut producers)
                .await?;
            if there.is_some() && there != event {
                strange.push(format!("{service} has applied another event than {producer}'s {seen:?}: {RESTORED}"));
            }
        }
        let buried: Vec<(String, i64, String, String)> =
            sqlx::query_as("select producer, pub_seq, type, error from dead_events order by pub_seq")
                .fetch_all(&mut connection)
                .await?;
        dead.extend(
            buried
                .into_iter()
                .map(|(producer, position, kind, error)| format!("{service} ← {producer} #{position} {kind}: {error}")),
        );
    }
    Ok(vec![
        Finding::new("event logs are gapless", events, gaps),
        Finding::new("every event is published", events, unpublished),
        Finding::new("events are in their aggregate's order", events, disorder),
        Finding::new("every consumer consumes from its producers", followed, silent),
        Finding::new("every consumer is at its producer's head", consumed, behind),
        Finding::new("every consumer has applied what its producer's log has", consumed, strange),
        Finding::new("no event is dead", consumed, dead),
    ])
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::{FOLLOWED, names};

    #[test]
    fn every_service_consumes_from_whom_it_is_written_down_to() {
        for service in names() {
            let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(service).join("src/lib.rs");
            let text = fs::read_to_string(file).expect("its sources");
            // Such as `Consumer::new("flow", reactions::from_flow)`.
            let consumes: BTreeSet<&str> =
                names().filter(|producer| text.contains(&format!("(\"{producer}\", reactions::"))).collect();
            let written = FOLLOWED.iter().filter(|(consumer, _)| *consumer == service);
            let written: BTreeSet<&str> = written.flat_map(|(_, producers)| producers.iter().copied()).collect();
            assert_eq!(consumes, written, "{service}");
            let consumers = text.matches(".heeding(reactions::OF_").count() + text.matches(", reactions::OF_").count();
            assert_eq!(consumers, written.len(), "{service} has consumers that are not seen here");
        }
    }
}
