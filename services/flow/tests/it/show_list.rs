//! The day on paper: what it has, what it has not, and that cancelled parties are not on it.

use kernel::ticket_code::reference;
use sky_proto::{
    flow::v1::{self as pb, AdmissionState, door_client::DoorClient},
    reservations::v1::{BookingCancelled, Need},
};
use tonic::Code;
use uuid::Uuid;

use crate::support::*;

#[tokio::test]
async fn the_day_on_paper_has_each_party_by_its_reference() {
    let house = house().await;
    let (showing, visit, _) = open(&house).await;
    let (pair, gone) = (Uuid::now_v7(), Uuid::now_v7());
    let mut assisted = booking(pair, showing, &[Uuid::now_v7(), Uuid::now_v7()]);
    assisted.tickets[0].set_need(Need::Wheelchair);
    told(&house, pair, &assisted).await;
    told(&house, gone, &booking(gone, showing, &[Uuid::now_v7()])).await;
    let cancelled =
        BookingCancelled { visit_id: gone.to_string(), showing_id: showing.to_string(), ..Default::default() };
    told(&house, gone, &cancelled).await;
    let mut one = scan_of(showing, &reference(visit));
    one.party_count = 1;
    scan(&house, &one).await.expect("in");

    let mut door = DoorClient::new(house.channel(&desk()));
    let list = door.get_show_list(pb::GetShowListRequest::default()).await.expect("today").into_inner();
    assert_eq!((list.day.as_str(), list.showings.len()), ("2026-11-28", 1));
    assert_eq!(list.as_of, Some(kernel::values::timestamp(house.clock.now())));
    let it = &list.showings[0];
    assert_eq!((it.state(), it.hall.as_str()), (AdmissionState::DoorsOpen, "dome"));
    assert_eq!((it.booked, it.admitted, it.assistance, it.capacity), (5, 1, 1, 110));
    let mut expected =
        vec![(reference(visit), 3, 1, 0, vec!["C1", "C2", "C3"]), (reference(pair), 2, 0, 1, vec!["C1", "C2"])];
    expected.sort();
    let seen: Vec<_> = it
        .parties
        .iter()
        .map(|party| {
            let seats = party.seats.iter().map(String::as_str).collect();
            (party.reference.clone(), party.people, party.admitted, party.assistance, seats)
        })
        .collect();
    assert_eq!(seen, expected);

    let other = pb::GetShowListRequest { day: "2026-11-29".to_owned() };
    assert!(door.get_show_list(other).await.expect("tomorrow").into_inner().showings.is_empty());
    let wrong = pb::GetShowListRequest { day: "tomorrow".to_owned() };
    let refused = door.get_show_list(wrong).await.expect_err("no day");
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert!(refused.message().starts_with("day"), "{}", refused.message());
}
