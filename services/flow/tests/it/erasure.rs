//! Which ticket was scanned at which second is erased after 72 hours, and what staff wrote about guests; that somebody was
//! let in stays, and nothing else of the logs can be changed.

use chrono::TimeDelta;
use kernel::{testing::House, ticket_code::Kind};
use sky_proto::flow::v1::{self as pb, ScanVerdict, directives_client::DirectivesClient, door_client::DoorClient};
use tonic::Code;
use uuid::Uuid;

use crate::support::*;

/// Lets time pass until the hourly sweep has run, hour by hour.
async fn sweep_until(house: &House, what: &str, holds: impl AsyncFn() -> bool) {
    let waited = tokio::time::timeout(std::time::Duration::from_secs(60), async {
        while !holds().await {
            house.clock.advance(TimeDelta::minutes(20));
            tokio::time::sleep(std::time::Duration::from_millis(30)).await;
        }
    });
    assert!(waited.await.is_ok(), "never: {what}");
}

async fn erased(house: &House) -> i64 {
    sqlx::query_scalar("select count(*) from scan where erased_at is not null")
        .fetch_one(house.pool("flow"))
        .await
        .expect("a number")
}

async fn lines(house: &House, showing: Uuid) -> Vec<pb::LoggedScan> {
    let request = pb::ListScansRequest { showing_id: showing.to_string(), limit: 0 };
    DoorClient::new(house.channel(&desk())).list_scans(request).await.expect("a list").into_inner().scans
}

#[tokio::test]
async fn after_72_hours_the_log_says_that_somebody_came_and_not_who() {
    let house = house().await;
    let (showing, _, tickets) = open(&house).await;
    let ticket = |n: usize| scan_of(showing, &code(&house, Kind::Ticket, tickets[n], showing));
    let first = ticket(0);
    scan(&house, &first).await.expect("in");
    house.clock.set(minutes(70));
    let late = pb::ScanRequest { late_reason: "Frau Muster hatte Fieber".to_owned(), ..ticket(1) };
    scan(&house, &late).await.expect("in, with a reason");
    house.clock.set(minutes(45) + TimeDelta::hours(71));
    // Long enough for a sweep; the first scan is not 72 hours old.
    sweep_until(&house, "the first is erased", async || erased(&house).await > 0).await;
    assert!(house.clock.now() >= minutes(45) + TimeDelta::hours(72), "not a minute before");
    sweep_until(&house, "both are erased", async || erased(&house).await == 2).await;

    let left = lines(&house, showing).await;
    assert_eq!(left.len(), 2, "the lines stay");
    for line in &left {
        assert_eq!((line.verdict(), line.people, line.lane.as_str()), (ScanVerdict::Admitted, 1, "dome-1"));
        assert!(line.reference.is_empty() && line.seats.is_empty() && line.reason.is_empty(), "{line:?}");
    }
    let told: Vec<String> = sqlx::query_scalar("select row_to_json(s)::text from scan s")
        .fetch_all(house.pool("flow"))
        .await
        .expect("rows");
    assert!(!told.iter().any(|row| tickets.iter().any(|id| row.contains(&id.to_string()))), "{told:?}");
    let seconds: i64 = sqlx::query_scalar("select count(*) from door_ticket where admitted_at in ($1, $2)")
        .bind(minutes(45))
        .bind(minutes(70))
        .fetch_one(house.pool("flow"))
        .await
        .expect("a number");
    assert_eq!(seconds, 0, "the tickets do not say it either");
    assert_eq!(scan(&house, &ticket(0)).await.expect("a verdict").verdict(), ScanVerdict::AlreadyAdmitted);
    assert_eq!(scan(&house, &first).await.expect_err("its answer is gone").code(), Code::FailedPrecondition);
}

/// What staff wrote, wherever the house keeps it.
async fn written(house: &House) -> Vec<String> {
    let all = "select row_to_json(a)::text from audit a union all select row_to_json(i)::text from incident i
        union all select row_to_json(s)::text from scan s union all select row_to_json(c)::text from scan_conflict c";
    let rows: Vec<String> = sqlx::query_scalar(all).fetch_all(house.pool("flow")).await.expect("rows");
    rows.into_iter().filter(|row| row.contains("Fieber")).collect()
}

#[tokio::test]
async fn after_72_hours_no_words_of_staff_about_guests_are_left() {
    let house = house().await;
    let (showing, _, tickets) = open(&house).await;
    house.clock.set(minutes(70));
    let scanned = pb::ScanRequest {
        late_reason: "Frau Muster hatte Fieber".to_owned(),
        ..scan_of(showing, &code(&house, Kind::Ticket, tickets[0], showing))
    };
    scan(&house, &scanned).await.expect("in, with a reason");
    let undo = pb::UndoScanRequest {
        device_id: scanned.device_id,
        nonce: scanned.nonce,
        reason: "geht doch, wegen Fieber".to_owned(),
    };
    DoorClient::new(house.channel(&desk())).undo_scan(undo).await.expect("taken back");
    let mut directives = DirectivesClient::new(house.channel(&desk()));
    let report = pb::ReportIncidentRequest {
        idempotency_key: Uuid::now_v7().to_string(),
        kind: pb::IncidentKind::Medical.into(),
        note: "Kind mit Fieber".to_owned(),
        ..Default::default()
    };
    let incident_id = directives.report_incident(report).await.expect("reported").into_inner().incident_id;
    directives.end_incident(pb::EndIncidentRequest { incident_id: incident_id.clone() }).await.expect("ended");
    // What was done about somebody who was let in twice, said, taken back and said again.
    let add = "insert into scan_conflict (id, kind, showing_id, device_id, nonce, noticed_at)
        values ($1, 'unknown', $2, 'scanner-2', 'n', $3)";
    let conflict = Uuid::new_v4();
    let noticed = sqlx::query(add).bind(conflict).bind(showing).bind(minutes(70)).execute(house.pool("flow")).await;
    noticed.expect("noticed");
    let mut door = DoorClient::new(house.channel(&desk()));
    for again in [true, false] {
        let resolution = "ging heim, hatte Fieber".to_owned();
        let resolved = pb::ResolveScanConflictRequest { conflict_id: conflict.to_string(), resolution };
        door.resolve_scan_conflict(resolved).await.expect("resolved");
        if again {
            let ids = vec![conflict.to_string()];
            door.reopen_scan_conflicts(pb::ReopenScanConflictsRequest { conflict_ids: ids }).await.expect("open again");
        }
    }
    // Two acts, their lines in the scan log, the incident; the conflict and the three acts about it.
    assert_eq!(written(&house).await.len(), 9);
    house.clock.set(minutes(69) + TimeDelta::hours(72));
    sweep_until(&house, "all is erased", async || written(&house).await.is_empty()).await;
    assert!(house.clock.now() >= minutes(70) + TimeDelta::hours(72), "not a minute before");
    let acts: Vec<String> = audit(&house, &showing.to_string()).await.into_iter().map(|it| it.act).collect();
    assert!(acts.starts_with(&["undo_scan".to_owned(), "let_in_by_staff".to_owned()]), "that they did stays: {acts:?}");
    assert_eq!(audit(&house, &incident_id).await.len(), 2);
    assert_eq!(audit(&house, &conflict.to_string()).await.len(), 3);
    let list = door.list_scan_conflicts(pb::ListScanConflictsRequest { include_resolved: true }).await.expect("a list");
    let of_it = list.into_inner().conflicts.remove(0);
    assert_eq!(
        (of_it.resolved_by.as_str(), of_it.resolution.as_str()),
        ("test-desk", ""),
        "who has looked at it stays"
    );
}

#[tokio::test]
async fn the_log_can_be_erased_in_that_one_way_and_no_other() {
    let house = house().await;
    let (showing, _, tickets) = open(&house).await;
    scan(&house, &scan_of(showing, &code(&house, Kind::Ticket, tickets[0], showing))).await.expect("in");
    let whole = "visit_id = null, tickets = '{}', answer = '', asked = '', reason = '', late_reason = ''";
    let forbidden = [
        "update scan set lane = 'x'".to_owned(),
        "update scan set visit_id = null".to_owned(),
        "delete from scan".to_owned(),
        "truncate scan cascade".to_owned(),
        // Too early, with something else, only in part.
        format!("update scan set {whole}, erased_at = at + interval '71 hours'"),
        format!("update scan set {whole}, erased_at = at + interval '72 hours', verdict = 'forged'"),
        format!("update scan set {whole}, erased_at = at + interval '72 hours', admitted_now = 0"),
        "update scan set erased_at = at + interval '72 hours', visit_id = null".to_owned(),
    ];
    for statement in forbidden {
        let refused = sqlx::query(sqlx::AssertSqlSafe(statement.clone()))
            .execute(house.pool("flow"))
            .await
            .expect_err(&statement);
        assert!(refused.to_string().contains("append-only"), "{statement}: {refused}");
    }
    let erase = format!("update scan set {whole}, erased_at = at + interval '72 hours'");
    let once = sqlx::query(sqlx::AssertSqlSafe(erase.clone())).execute(house.pool("flow")).await.expect("erased");
    assert_eq!(once.rows_affected(), 1);
    assert!(sqlx::query(sqlx::AssertSqlSafe(erase)).execute(house.pool("flow")).await.is_err(), "once");
}

#[tokio::test]
async fn the_audit_log_can_be_erased_in_that_one_way_and_no_other() {
    let house = house().await;
    let (showing, _, tickets) = open(&house).await;
    house.clock.set(minutes(70));
    let late = pb::ScanRequest {
        late_reason: "tram".to_owned(),
        ..scan_of(showing, &code(&house, Kind::Ticket, tickets[0], showing))
    };
    scan(&house, &late).await.expect("in, with a reason");
    let change = async |change: &str, acts: &str| {
        let statement = format!("update audit set {change} where act = '{acts}'");
        sqlx::query(sqlx::AssertSqlSafe(statement)).execute(house.pool("flow")).await
    };
    let reason = r#"after = after || '{"reason": ""}'"#;
    let resolution = r#"after = after || '{"resolution": ""}', erased_at = at + interval '72 hours'"#;
    for (forbidden, act) in [
        ("who = 'nobody'".to_owned(), "let_in_by_staff"),
        (reason.to_owned(), "let_in_by_staff"),
        (format!("{reason}, erased_at = at + interval '71 hours'"), "let_in_by_staff"),
        (format!("{reason}, erased_at = at + interval '72 hours', who = 'nobody'"), "let_in_by_staff"),
        ("after = '{}', erased_at = at + interval '72 hours'".to_owned(), "let_in_by_staff"),
        (format!("{reason}, erased_at = at + interval '72 hours'"), "move_admission"),
        (resolution.to_owned(), "let_in_by_staff"),
    ] {
        let refused = change(&forbidden, act).await.expect_err(&forbidden);
        assert!(refused.to_string().contains("append-only"), "{forbidden}: {refused}");
    }
    let erase = format!("{reason}, erased_at = at + interval '72 hours'");
    assert_eq!(change(&erase, "let_in_by_staff").await.expect("erased").rows_affected(), 1);
    assert!(change(&erase, "let_in_by_staff").await.is_err(), "once");
}
