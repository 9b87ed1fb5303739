//! Places that cost nothing beside somebody are booked with that somebody, or at the desk.

use kernel::testing::House;
use prost::Message;
use sky_proto::reservations::v1::{self as pb, seats_refused::Reason};
use tonic::{Code, Status};
use uuid::Uuid;

use crate::support::*;

async fn hold_for(
    house: &House,
    showing: &str,
    party: &[(&str, u32)],
    channel: pb::Channel,
) -> Result<pb::SeatHold, Status> {
    let party = party.iter().map(|(class, count)| line(class, *count, pb::Need::Unspecified)).collect();
    hold(house, &pb::HoldSeatsRequest { party, channel: channel.into(), ..wish(Uuid::now_v7(), showing, 1) }).await
}

#[tokio::test]
async fn nobody_books_free_places_alone() {
    let house = house().await;
    let showing = showing(&house).await.showing_id;
    let alone: [(&[(&str, u32)], &str); 5] = [
        (&[("companion", 1)], "companion"),
        (&[("infant", 2)], "infant"),
        (&[("infant", 1), ("companion", 1)], "companion"),
        (&[("adult", 1), ("companion", 2)], "companion"),
        (&[("child", 1), ("infant", 1)], "infant"),
    ];
    for (party, class) in alone {
        let refused = hold_for(&house, &showing, party, pb::Channel::Online).await.expect_err("alone");
        assert_eq!(refused.code(), Code::InvalidArgument, "{party:?}: {refused}");
        assert!(refused.message().starts_with("party: "), "{}", refused.message());
        let told = pb::SeatsRefused::decode(refused.details()).expect("why, as data");
        assert_eq!((told.why(), told.tariff_class.as_str()), (Reason::Unaccompanied, class), "{party:?}");
        assert!(told.reason.expect("in words").de.contains("Erwachsene"), "{party:?}");
    }
    assert_eq!(get(&house, &showing).await.availability.expect("known").held, 0, "nothing half done");
    let accompanied: [&[(&str, u32)]; 3] = [
        &[("reduced", 1), ("companion", 1)],
        &[("adult", 1), ("infant", 3)],
        &[("child", 1), ("companion", 1), ("infant", 1)],
    ];
    for party in accompanied {
        hold_for(&house, &showing, party, pb::Channel::Online).await.expect("accompanied");
    }
    // Whoever they accompany may have a ticket already: the desk sees who stands before it.
    hold_for(&house, &showing, &[("companion", 1)], pb::Channel::Door).await.expect("sold by staff");
}

#[tokio::test]
async fn whom_somebody_comes_with_is_another_price_of_the_same_programme() {
    let house = house().await;
    for unknown in ["king", "companion", "pupil"] {
        let file = HOUSE_FILE.replacen(
            "only_with = [\"adult\", \"reduced\", \"child\"]",
            &format!("only_with = [\"adult\", \"{unknown}\"]"),
            1,
        );
        let problem = load(&house, &file, true).await.expect_err("no such guest").message().to_owned();
        assert!(problem.contains("only_with: names no other class of this category"), "{problem}");
    }
}
