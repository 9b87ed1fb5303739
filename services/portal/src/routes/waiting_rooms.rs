//! The sale as the desk steers it: waiting rooms before showings and releases, and when the sale starts.

use std::{sync::Arc, time::Duration};

use askama::Template;
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use chrono::{DateTime, NaiveDateTime, Utc};
use kernel::{Code, values::timestamp};
use sky_proto::{
    portal::v1::{OpenWaitingRoomRequest, WaitingRoom},
    reservations::v1::{ListProgrammeRequest, SetSaleStartRequest, Showing},
};
use tonic::Status;
use uuid::Uuid;

use super::{AHEAD, desk_actions::outcome};
use crate::{
    domain::waiting_room::Outlook,
    edge::{Edge, answer},
    fields::Fields,
    grpc::waiting_rooms,
    live::{self, After, Fragment},
    page::{self, DESK, Frame, html},
    problem::Problem,
    session::{Guest, Notice},
    words::{Words, at_in_halle},
};

const HERE: &str = "/desk/waiting-rooms";

/// How often an open page looks how the rooms stand: each look counts whole lines.
const EVERY: Duration = Duration::from_secs(3);

#[derive(Template)]
#[template(path = "desk-waiting-rooms.html", blocks = ["live"])]
struct RoomsPage {
    w: Frame,
    rooms: Vec<RoomView>,
    things: Vec<Thing>,
    key: String,
}

struct RoomView {
    id: String,
    name: String,
    opens: String,
    by: String,
    outlook: String,
    kind: &'static str,
    waiting: u64,
    admitted: u64,
    free: String,
    rate: u32,
}

/// Asks before thousands lose their line.
#[derive(Template)]
#[template(path = "desk-room-close.html")]
struct ClosePage {
    w: Frame,
    id: Uuid,
    name: String,
    waiting: i64,
}

/// A release or a showing, to choose from.
struct Thing {
    /// "release:" or "showing:" and the id.
    value: String,
    label: String,
}

fn room(w: &Words, room: &WaitingRoom) -> RoomView {
    let (key, kind) = match Outlook::named(&room.outlook) {
        _ if room.silent => ("rooms-silent", "bad"),
        Outlook::Unknown => ("rooms-unknown", "plain"),
        Outlook::Selling => ("rooms-selling", "good"),
        Outlook::AllHeld => ("rooms-all-held", "few"),
        Outlook::SoldOut => ("places-sold-out", "bad"),
    };
    RoomView {
        id: room.room_id.clone(),
        name: w.text(&room.name),
        opens: w.day_and_time(&room.opens_at),
        by: room.opened_by.clone(),
        outlook: w.t(key),
        kind,
        waiting: room.waiting,
        admitted: room.admitted,
        free: if room.silent { "–".to_owned() } else { room.free.to_string() },
        rate: room.rate,
    }
}

/// Releases first: a room or a sale start is mostly theirs.
fn things(w: &Words, showings: &[Showing]) -> Vec<Thing> {
    let mut things: Vec<Thing> = Vec::new();
    for release in showings.iter().filter_map(|showing| showing.release.as_ref()) {
        let value = format!("release:{}", release.release_id);
        if !things.iter().any(|thing| thing.value == value) {
            things.push(Thing { value, label: w.text(&release.name) });
        }
    }
    things.extend(showings.iter().map(|showing| Thing {
        value: format!("showing:{}", showing.showing_id),
        label: format!("{} {}", w.day_and_time(&showing.starts_at), w.text(&showing.title)),
    }));
    things
}

pub(crate) async fn page(State(edge): State<Arc<Edge>>, guest: Guest) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let w = guest.frame(guest.words.t("rooms-title"));
    let now = edge.now();
    let request =
        ListProgrammeRequest { from: Some(timestamp(now)), until: Some(timestamp(now + AHEAD)), include_closed: false };
    let showings = answer(edge.reservations(&caller).list_programme(request)).await?.showings;
    let rooms = waiting_rooms::list(&edge).await?;
    page::page(&RoomsPage {
        rooms: rooms.iter().map(|its| room(&w, its)).collect(),
        things: things(&w, &showings),
        key: Uuid::new_v4().to_string(),
        w,
    })
}

/// `/desk/waiting-rooms/live`: the rooms alone, so that nothing is lost of what is being typed beside them.
pub(crate) async fn live(State(edge): State<Arc<Edge>>, guest: Guest, _: After) -> Result<Response, Problem> {
    guest.staff(DESK)?;
    let (watching, w) = (edge.clone(), guest.frame(String::new()));
    let mut tick = tokio::time::interval(EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let state = (tick, String::new());
    let fragments = futures::stream::unfold(state, move |(mut tick, mut last)| {
        let (edge, w) = (watching.clone(), w.clone());
        async move {
            loop {
                tick.tick().await;
                match rooms_alone(&edge, w.clone()).await {
                    Ok(html) if html == last => {}
                    Ok(html) => {
                        last.clone_from(&html);
                        return Some((Ok(Fragment { revision: 0, html }), (tick, last)));
                    }
                    Err(problem) => return Some((Err(problem), (tick, last))),
                }
            }
        }
    });
    Ok(live::respond(&edge, fragments))
}

async fn rooms_alone(edge: &Edge, w: Frame) -> Result<String, Problem> {
    let rooms = waiting_rooms::list(edge).await?;
    let rooms = rooms.iter().map(|its| room(&w, its)).collect();
    let page = RoomsPage { w, rooms, things: Vec::new(), key: String::new() };
    html(page.as_live().render())
}

/// What was chosen: a showing's and a release's id, one of them empty.
fn chosen(sent: &Fields) -> Result<(String, String), Problem> {
    match sent.get("what").split_once(':') {
        Some(("showing", id)) => Ok((id.to_owned(), String::new())),
        Some(("release", id)) => Ok((String::new(), id.to_owned())),
        _ => Err(Problem::bad_form()),
    }
}

/// A time of the house's wall clock as a browser sends it; None: nothing was typed.
fn typed_time(sent: &Fields) -> Result<Option<DateTime<Utc>>, Problem> {
    match sent.get("at") {
        "" => Ok(None),
        text => {
            let local = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M").map_err(|_| Problem::bad_form())?;
            at_in_halle(local).map(Some).ok_or_else(Problem::bad_form)
        }
    }
}

pub(crate) async fn open(State(edge): State<Arc<Edge>>, guest: Guest, sent: Fields) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let (showing_id, release_id) = chosen(&sent)?;
    let request = OpenWaitingRoomRequest { showing_id, release_id, opens_at: typed_time(&sent)?.map(timestamp) };
    let opened = waiting_rooms::open(&edge, &caller, request).await;
    let w = &guest.words;
    outcome(&edge, &guest, opened, |_| Notice::good(w.t("rooms-opened")), HERE).await
}

/// What closing a room comes to, before it is done.
pub(crate) async fn ask_close(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<Uuid>,
) -> Result<Response, Problem> {
    guest.staff(DESK)?;
    let rooms = waiting_rooms::list(&edge).await?;
    let Some(room) = rooms.iter().find(|room| room.room_id == id.to_string()) else {
        return Ok(Redirect::to(HERE).into_response());
    };
    let w = guest.frame(guest.words.t("rooms-close"));
    let waiting = i64::try_from(room.waiting).unwrap_or(i64::MAX);
    page::page(&ClosePage { id, name: w.text(&room.name), waiting, w })
}

pub(crate) async fn close(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<Uuid>,
) -> Result<Response, Problem> {
    guest.staff(DESK)?;
    let closed = waiting_rooms::close(&edge, id).await.map_err(Status::from);
    if closed.as_ref().is_err_and(|status| Code::from_grpc(status.code()) == Code::NotFound) {
        // A colleague was faster.
        return Ok(Redirect::to(HERE).into_response());
    }
    let w = &guest.words;
    outcome(&edge, &guest, closed, |()| Notice::good(w.t("rooms-closed")), HERE).await
}

/// When a showing or a release goes on sale online.
pub(crate) async fn sale_start(State(edge): State<Arc<Edge>>, guest: Guest, sent: Fields) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let (showing_id, release_id) = chosen(&sent)?;
    let at = typed_time(&sent)?.ok_or_else(Problem::bad_form)?;
    let request = SetSaleStartRequest {
        idempotency_key: sent.idempotency_key()?,
        showing_id,
        release_id,
        on_sale_at: Some(timestamp(at)),
    };
    let set = answer(edge.reservations(&caller).set_sale_start(request)).await;
    let w = &guest.words;
    let say =
        |done: sky_proto::reservations::v1::SetSaleStartResponse| Notice::good(w.n("sale-start-set", done.showings));
    outcome(&edge, &guest, set, say, HERE).await
}
