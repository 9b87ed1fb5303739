//! What stands before a sale, as the portal says it.

use kernel::{Caller, values::Text};
use sky_proto::portal::v1::{FindWaitingRoomRequest, waiting_rooms_client::WaitingRoomsClient};
use uuid::Uuid;

use super::{Siblings, answer};
use crate::{domain::Refusal, error::Error};

/// With this the portal marks the sessions that it gives to others than its own pages.
const PAST_THE_PAGES: &str = "direct:";

/// Whoever calls past the pages has no place in any line. The pages let in those whose turn it is, and staff need not wait.
pub(in crate::grpc) fn is_past_the_pages(caller: &Caller) -> bool {
    matches!(caller, Caller::Visitor { session, .. } if session.starts_with(PAST_THE_PAGES))
}

/// What stands before a sale.
impl Siblings {
    /// Refuses a showing for which others wait. Asked each time: journey keeps no rooms.
    pub(in crate::grpc) async fn no_line_before(&self, showing: Uuid) -> Result<(), Error> {
        let request = FindWaitingRoomRequest { showing_id: showing.to_string() };
        let asked = answer(WaitingRoomsClient::new(self.portal.clone()).find_waiting_room(request)).await;
        if asked.map_err(|status| crate::grpc::sibling(&status))?.room_id.is_empty() {
            return Ok(());
        }
        Err(Error::HoldRefused(Box::new(Refusal {
            part: "waiting_room".to_owned(),
            code: tonic::Code::FailedPrecondition as i32,
            message:
                "a waiting room stands before this showing; wait there on the house's page and book when it lets you in"
                    .to_owned(),
            reason: Text::new(
                "Vor dieser Vorstellung ist ein Warteraum offen. Bitte stellen Sie sich auf der Seite des Hauses an.",
                "A waiting room stands before this showing. Please join the line on the house's page.",
            )
            .plainly("Sehr viele Menschen möchten Karten. Bitte stellen Sie sich auf unserer Internet-Seite an."),
            alternatives: Vec::new(),
            places: None,
        })))
    }
}
