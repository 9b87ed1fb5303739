//! A lost ticket: its code is issued anew, the old one is revoked, and it is on record who did it.

use kernel::{Role, testing::staff};
use sky_proto::reservations::v1 as pb;
use tonic::Code;
use uuid::Uuid;

use crate::{client, support::*};

fn request(visit: Uuid, tickets: &[&str]) -> pb::ReissueCodesRequest {
    pb::ReissueCodesRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        visit_id: visit.to_string(),
        ticket_ids: tickets.iter().map(|id| (*id).to_owned()).collect(),
        reason: "lost on the tram".to_owned(),
    }
}

async fn reissue(house: &kernel::testing::House, request: &pb::ReissueCodesRequest) -> Result<pb::Booking, Code> {
    let mut desk = client!(house, &staff(Role::Desk));
    desk.reissue_codes(request.clone()).await.map(tonic::Response::into_inner).map_err(|status| status.code())
}

#[tokio::test]
async fn lost_codes_are_issued_anew_one_by_one_or_all_together() {
    let house = house().await;
    let (visit, showing) = (Uuid::now_v7(), showing(&house).await);
    hold(&house, &wish(visit, &showing.showing_id, 3)).await.expect("held");
    assert_eq!(reissue(&house, &request(visit, &[])).await, Err(Code::FailedPrecondition), "held only");
    twice(&house, visit, &confirmed(visit, &showing.showing_id)).await;
    let before = booking(&house, visit).await.expect("booked");
    let generation = |code: &str| house.keys.read_code(code).expect("our code").generation;
    assert_eq!(generation(&before.visit_code), 1);

    let lost = before.tickets[1].ticket_id.clone();
    let one = request(visit, &[&lost]);
    let after = reissue(&house, &one).await.expect("anew");
    assert_eq!(reissue(&house, &one).await.expect("the same"), after, "a repeat changes nothing");
    let generations =
        |booking: &pb::Booking| booking.tickets.iter().map(|ticket| generation(&ticket.code)).collect::<Vec<_>>();
    assert_eq!((generations(&after), generation(&after.visit_code)), (vec![1, 2, 1], 1));
    assert_eq!(after.tickets[0].code, before.tickets[0].code, "the others' papers stay good");
    assert_eq!(booking(&house, visit).await.expect("booked"), after, "whoever asks gets the new one");
    let all = reissue(&house, &request(visit, &[])).await.expect("anew");
    assert_eq!((generations(&all), generation(&all.visit_code)), (vec![2, 3, 2], 2));

    let told: Vec<pb::BookingReissued> = house.events("reservations").await;
    assert_eq!(told.len(), 2);
    assert_eq!((told[0].codes[0].id.as_str(), told[0].codes[0].generation), (lost.as_str(), 2));
    assert_eq!(told[1].codes.len(), 4, "three tickets and the visit");
    let record: Vec<(String, String)> = sqlx::query_as("select by, reason from reissue order by id")
        .fetch_all(house.pool("reservations"))
        .await
        .expect("rows");
    assert_eq!(record, vec![("test-desk".to_owned(), "lost on the tram".to_owned()); 2]);
    let changed = sqlx::query("update reissue set by = 'x'").execute(house.pool("reservations")).await;
    assert!(changed.expect_err("on record").to_string().contains("append-only"));
    for forbidden in [
        "delete from reissue",
        "update reissue set reason = ''",
        "update reissue set reason = '', erased_at = at + interval '71 hours'",
        "update reissue set reason = 'other', erased_at = at + interval '72 hours'",
        "update reissue set reason = '', by = '', erased_at = at + interval '72 hours'",
    ] {
        let refused = sqlx::query(forbidden).execute(house.pool("reservations")).await.expect_err(forbidden);
        assert!(refused.to_string().contains("append-only"), "{forbidden}: {refused}");
    }

    // Why it was done is not kept for longer than what staff write at the door.
    let reasons = async || {
        let reasons = "select distinct by || ': ' || reason from reissue";
        sqlx::query_scalar::<_, String>(reasons).fetch_all(house.pool("reservations")).await.expect("rows")
    };
    house.clock.advance(chrono::TimeDelta::hours(71));
    assert_eq!(reasons().await, ["test-desk: lost on the tram"]);
    house.clock.advance(chrono::TimeDelta::hours(2));
    let erased = async {
        while reasons().await != ["test-desk: "] {
            // The turn of the hour falls between two leaps of the clock.
            house.clock.advance(chrono::TimeDelta::minutes(10));
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), erased).await.expect("erased");
}

#[tokio::test]
async fn what_cannot_be_issued_anew_is_refused_with_its_field() {
    let house = house().await;
    let (visit, showing) = (Uuid::now_v7(), showing(&house).await);
    hold(&house, &wish(visit, &showing.showing_id, 1)).await.expect("held");
    twice(&house, visit, &confirmed(visit, &showing.showing_id)).await;
    let stranger = Uuid::now_v7().to_string();
    let wrong = [
        ("idempotency_key", pb::ReissueCodesRequest { idempotency_key: "x".to_owned(), ..request(visit, &[]) }),
        ("visit_id", pb::ReissueCodesRequest { visit_id: "x".to_owned(), ..request(visit, &[]) }),
        ("ticket_ids", request(visit, &["x"])),
        ("ticket_ids", request(visit, &[&stranger])),
        ("ticket_ids", request(visit, &[&stranger, &stranger])),
        ("reason", pb::ReissueCodesRequest { reason: " ".to_owned(), ..request(visit, &[]) }),
        ("reason", pb::ReissueCodesRequest { reason: "x".repeat(201), ..request(visit, &[]) }),
    ];
    for (field, request) in wrong {
        let refused = client!(house, &operator()).reissue_codes(request).await.expect_err(field);
        assert_eq!(refused.code(), Code::InvalidArgument, "{refused}");
        assert!(refused.message().starts_with(field), "{}", refused.message());
    }
    assert_eq!(reissue(&house, &request(Uuid::now_v7(), &[])).await, Err(Code::NotFound));
    house.clock.set(kernel::values::from_timestamp(showing.ends_at));
    assert_eq!(reissue(&house, &request(visit, &[])).await, Err(Code::FailedPrecondition), "it is over");
}
