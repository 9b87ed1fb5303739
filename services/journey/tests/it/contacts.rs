//! Finding a visit by the name in its booking.

use kernel::{
    Caller, Role,
    testing::{staff, visitor},
};
use sky_proto::journey::v1::{self as pb, contacts_client::ContactsClient};
use tonic::{Code, Status};

use crate::support::*;

async fn find(town: &Town, caller: &Caller, name: &str) -> Result<pb::FindByNameResponse, Status> {
    let request = pb::FindByNameRequest { showing_id: town.programme[0].showing_id.clone(), name: name.to_owned() };
    ContactsClient::new(town.house.channel(caller)).find_by_name(request).await.map(tonic::Response::into_inner)
}

#[tokio::test]
async fn staff_find_a_visit_by_either_name_and_who_looked_is_written_down() {
    let town = town().await;
    let visit = town.booked().await;
    for begins in ["Caro", "hersch", "HERSCHEL", "Caroline Her"] {
        let found = find(&town, &desk(), begins).await.expect("an answer");
        assert_eq!(found.visits.len(), 1, "{begins}");
        let named = &found.visits[0];
        assert_eq!(
            (named.visit_id.clone(), named.reference.clone()),
            (visit.visit_id.clone(), visit.reference.clone())
        );
        assert_eq!((named.people, named.admitted, named.name.as_str()), (2, 0, "Caroline Herschel"));
    }
    for nobody in ["arol", "Kepler", "%%", "He_schel"] {
        assert!(find(&town, &desk(), nobody).await.expect("an answer").visits.is_empty(), "{nobody}");
    }
    let lines: Vec<(String, i32)> = sqlx::query_as("select account, found from name_lookup order by id")
        .fetch_all(town.house.pool("journey"))
        .await
        .expect("the record");
    assert_eq!(lines.len(), 8);
    assert_eq!(lines[0], ("test-desk".to_owned(), 1));
    for bad in ["", "C", &"x".repeat(61)] {
        let refused = find(&town, &desk(), bad).await.expect_err("too short or too long");
        assert!(refused.code() == Code::InvalidArgument && refused.message().starts_with("name"), "{refused}");
    }
    for caller in [visitor(None), staff(Role::Kitchen), Caller::Service("flow".to_owned())] {
        assert_eq!(find(&town, &caller, "Caro").await.expect_err("not them").code(), Code::PermissionDenied);
    }
}
