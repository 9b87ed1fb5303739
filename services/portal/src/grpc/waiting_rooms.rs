//! Waiting rooms for staff's tools: open, close, list. The pages do the same through the functions here; the
//! rules are in `domain`, the changes in `commands`.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use kernel::{
    Access, Caller, Role, Who,
    clock::wall_now,
    values::{self, from_timestamp, invalid, timestamp},
};
use sky_proto::{
    kernel::v1::LocalizedText,
    portal::v1::{self as pb, waiting_rooms_server},
    reservations::v1::{GetShowingRequest, Showing},
};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::{
    commands::waiting_rooms,
    domain::waiting_room::{AWAY, UNDECIDED, is_silent},
    edge::{Edge, answer},
    error::Error,
    rooms, store,
    store::{NewRoom, WaitingRoom},
};

const STAFF: &[Who] = &[Who::Staff(Role::Desk), Who::Staff(Role::Operator)];

/// Who may call what.
pub(crate) const ACCESS: Access = Access {
    service: "sky.portal.v1.WaitingRooms",
    methods: &[
        ("OpenWaitingRoom", STAFF),
        ("CloseWaitingRoom", STAFF),
        ("ListWaitingRooms", STAFF),
        ("FindWaitingRoom", &[Who::Service("journey")]),
    ],
};

/// The server.
#[derive(Debug)]
pub(crate) struct WaitingRoomsGrpc(pub(crate) Arc<Edge>);

/// Opens a room before a showing or a release.
///
/// # Errors
/// Neither or both named, no such showing, no showing in the release, a room that stands open already.
pub(crate) async fn open(edge: &Edge, by: &Caller, request: pb::OpenWaitingRoomRequest) -> Result<Uuid, Status> {
    let wished = request.opens_at.map(|at| values::time("opens_at", Some(at))).transpose()?;
    let (release_id, showings) = match (request.showing_id.as_str(), request.release_id.as_str()) {
        (showing_id, "") => {
            values::id("showing_id", showing_id)?;
            let request = GetShowingRequest { showing_id: showing_id.to_owned() };
            (None, vec![answer(edge.reservations_as_portal().get_showing(request)).await?])
        }
        ("", release) => {
            let release = values::slug("release_id", release)?;
            (Some(release.to_owned()), rooms::showings_of(edge, release).await?)
        }
        _ => return Err(Error::from(invalid("release_id", "must be empty when a showing is named")).into()),
    };
    let first = showings.first().ok_or(Error::NothingToWaitFor)?;
    let name = match (&release_id, &first.release) {
        (Some(_), Some(release)) => release.name.clone(),
        _ => first.title.clone(),
    }
    .unwrap_or_default();
    let room = NewRoom {
        id: Uuid::new_v4(),
        name_de: name.de,
        name_en: name.en,
        release_id,
        showings: showings.iter().filter_map(|showing| showing.showing_id.parse().ok()).collect(),
        opens_at: opens_at(edge, wished, &showings),
        wished_at: wished,
        opened_by: by.for_the_record(),
    };
    let id = room.id;
    edge.db.transact(move |tx| Box::pin(async move { waiting_rooms::open_room(tx, &room).await })).await?;
    edge.rooms.forget().await;
    Ok(id)
}

/// As wished, else when the first showing goes on sale, else now.
fn opens_at(edge: &Edge, wished: Option<DateTime<Utc>>, showings: &[Showing]) -> DateTime<Utc> {
    let on_sale = || showings.iter().filter_map(|showing| showing.on_sale_at).map(|at| from_timestamp(Some(at))).min();
    let now = edge.now();
    wished.or_else(on_sale).unwrap_or(now).max(now)
}

/// Ends the waiting.
///
/// # Errors
/// No such open room.
pub(crate) async fn close(edge: &Edge, id: Uuid) -> Result<(), Error> {
    edge.db.transact(move |tx| Box::pin(waiting_rooms::close_room(tx, id))).await?;
    edge.rooms.forget().await;
    Ok(())
}

/// The open rooms, with how full they are.
pub(crate) async fn list(edge: &Edge) -> Result<Vec<pb::WaitingRoom>, Error> {
    let mut told = Vec::new();
    for room in store::open_rooms(edge.db.pool()).await? {
        told.push(tell(edge, room).await?);
    }
    Ok(told)
}

async fn tell(edge: &Edge, room: WaitingRoom) -> Result<pb::WaitingRoom, Error> {
    let now = wall_now();
    let crowd = store::crowd(edge.db.pool(), room.id, now - UNDECIDED, now - AWAY).await?;
    Ok(pb::WaitingRoom {
        room_id: room.id.to_string(),
        rate: room.rate(),
        free: room.free(),
        outlook: room.outlook().name().to_owned(),
        silent: is_silent(room.answered_at, now),
        showing_ids: room.showings.iter().map(Uuid::to_string).collect(),
        name: Some(LocalizedText { de: room.name_de, en: room.name_en, ..Default::default() }),
        opens_at: Some(timestamp(room.opens_at)),
        opened_by: room.opened_by,
        waiting: crowd.waiting.unsigned_abs(),
        admitted: crowd.admitted.unsigned_abs(),
    })
}

#[tonic::async_trait]
impl waiting_rooms_server::WaitingRooms for WaitingRoomsGrpc {
    async fn open_waiting_room(
        &self,
        request: Request<pb::OpenWaitingRoomRequest>,
    ) -> Result<Response<pb::WaitingRoom>, Status> {
        let by = Caller::of(&request);
        let id = open(&self.0, &by, request.into_inner()).await?;
        let room = store::room(self.0.db.pool(), id).await?.ok_or(Error::NoSuchRoom)?;
        Ok(Response::new(tell(&self.0, room).await?))
    }

    async fn close_waiting_room(
        &self,
        request: Request<pb::CloseWaitingRoomRequest>,
    ) -> Result<Response<pb::CloseWaitingRoomResponse>, Status> {
        let id = values::id("room_id", &request.get_ref().room_id).map_err(Error::from)?;
        close(&self.0, id).await?;
        Ok(Response::new(pb::CloseWaitingRoomResponse {}))
    }

    async fn list_waiting_rooms(
        &self,
        _: Request<pb::ListWaitingRoomsRequest>,
    ) -> Result<Response<pb::ListWaitingRoomsResponse>, Status> {
        Ok(Response::new(pb::ListWaitingRoomsResponse { rooms: list(&self.0).await? }))
    }

    async fn find_waiting_room(
        &self,
        request: Request<pb::FindWaitingRoomRequest>,
    ) -> Result<Response<pb::FindWaitingRoomResponse>, Status> {
        let showing = values::id("showing_id", &request.get_ref().showing_id).map_err(Error::from)?;
        let room = self.0.rooms.before(showing).await?;
        let room_id = room.map(|room| room.id.to_string()).unwrap_or_default();
        Ok(Response::new(pb::FindWaitingRoomResponse { room_id }))
    }
}
