//! The waiting room as a visitor sees it: one place per browser, with or without JavaScript, and the gate that
//! leads here from the pages of showings.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, RawQuery, State},
    response::{IntoResponse, Redirect, Response},
};
use chrono::{DateTime, TimeDelta, Utc};
use futures::StreamExt;
use kernel::{clock::wall_now, values::timestamp};
use sky_proto::{
    kernel::v1::LocalizedText,
    reservations::v1::{GetShowingRequest, Showing},
};
use uuid::Uuid;

use super::programme::{Badge, availability};
use crate::{
    commands::waiting_rooms,
    domain::waiting_room::{self, AWAY, LONGEST_PASS, NOTE_EVERY, Outlook},
    edge::{Edge, answer},
    error::Error,
    live::{self, After, Fragment},
    page::{self, Frame, html},
    problem::Problem,
    rooms::View,
    session::Guest,
    store::{self, Place, WaitingRoom},
    words::Words,
};

/// Whether somebody may buy from a showing's page now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gate {
    /// There is no waiting room, or not for staff.
    Open,
    /// Let in by a room.
    Passed(Pass),
    /// This room lets nobody in yet: the page may be read meanwhile.
    NotYet(Uuid),
    /// To be waited for in this room.
    Wait(Uuid),
    /// Only wheelchair users have something to book behind this room, and they need not wait for it.
    Wheelchair(Uuid),
}

/// What somebody was let in with. Its times are the machine's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pass {
    pub(crate) room: Uuid,
    until: DateTime<Utc>,
    /// No later than this, however often it is extended.
    longest: DateTime<Utc>,
    /// When it ends by the house's clock.
    shown: DateTime<Utc>,
}

/// Until when somebody may book, on a page.
pub(crate) struct PassPart {
    pub(crate) room: Uuid,
    pub(crate) until: String,
    pub(crate) until_iso: String,
    /// In milliseconds: a script counts on from here, whatever the phone takes for the time.
    pub(crate) left_millis: i64,
    pub(crate) can_extend: bool,
}

impl Pass {
    /// None: not let in, or not any more.
    fn of(edge: &Edge, room: Uuid, place: &Place) -> Option<Self> {
        let (admitted, until) = place.admitted_at.zip(place.passed_until)?;
        let left = until - wall_now();
        let shown = edge.now() + left * i32::try_from(edge.clock.speed()).unwrap_or(1);
        (left > TimeDelta::zero()).then(|| Self { room, until, longest: admitted + LONGEST_PASS, shown })
    }

    pub(crate) fn part(&self, w: &Words) -> PassPart {
        let shown = Some(timestamp(self.shown));
        PassPart {
            room: self.room,
            until: w.time(&shown),
            until_iso: w.iso(&shown),
            left_millis: (self.until - wall_now()).num_milliseconds(),
            can_extend: self.until < self.longest,
        }
    }
}

impl Gate {
    pub(crate) const fn pass(self) -> Option<Pass> {
        if let Self::Passed(pass) = self { Some(pass) } else { None }
    }

    /// The room that keeps somebody from buying, unless they need a wheelchair place.
    pub(crate) const fn closed_by(self) -> Option<Uuid> {
        match self {
            Self::Wait(room) | Self::NotYet(room) | Self::Wheelchair(room) => Some(room),
            Self::Open | Self::Passed(_) => None,
        }
    }
}

/// Looks whether a showing's page is open to somebody.
pub(crate) async fn gate(edge: &Edge, guest: &Guest, showing: Uuid) -> Result<Gate, Error> {
    let session = guest.session.as_ref();
    if session.is_some_and(|session| session.staff.is_some()) {
        return Ok(Gate::Open);
    }
    let Some(room) = edge.rooms.before(showing).await? else {
        return Ok(Gate::Open);
    };
    if let Some(session) = session
        && let Some(place) = store::place(edge.db.pool(), room.id, session.id).await?
        && let Some(pass) = Pass::of(edge, room.id, &place)
    {
        return Ok(Gate::Passed(pass));
    }
    Ok(match () {
        () if edge.now() < room.opens_at => Gate::NotYet(room.id),
        () if room.has_only_wheelchair_places() => Gate::Wheelchair(room.id),
        () => Gate::Wait(room.id),
    })
}

fn is_in(place: &Place) -> bool {
    place.passed_until.is_some_and(|until| until > wall_now())
}

/// A pass with more time, if there is any left.
pub(crate) async fn more_time(edge: &Edge, guest: &Guest, gate: Gate) -> Result<Gate, Error> {
    let (Gate::Passed(pass), Some(session)) = (gate, guest.session.as_ref()) else { return Ok(gate) };
    let session = session.id;
    let extended = edge
        .db
        .transact(move |tx| Box::pin(async move { waiting_rooms::extend_pass(tx, pass.room, session).await }))
        .await?;
    Ok(extended.and_then(|place| Pass::of(edge, pass.room, &place)).map_or(gate, Gate::Passed))
}

/// `POST /waiting-room/{id}/extend`
pub(crate) async fn extend(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<Uuid>,
) -> Result<Response, Problem> {
    let session = guest.session.as_ref().map(|session| session.id).ok_or_else(Problem::no_page)?;
    edge.db.transact(move |tx| Box::pin(async move { waiting_rooms::extend_pass(tx, id, session).await })).await?;
    Ok(Redirect::to(&format!("/waiting-room/{id}")).into_response())
}

/// To the waiting room, with a session to wait with.
pub(crate) async fn lead(edge: &Edge, guest: &Guest, room: Uuid) -> Result<Response, Problem> {
    let (_, cookie) = guest.session_for_visits(edge).await?;
    Ok((cookie, Redirect::to(&format!("/waiting-room/{room}"))).into_response())
}

#[derive(Template)]
#[template(path = "waiting-room.html", blocks = ["live"])]
struct WaitingPage {
    w: Frame,
    id: Uuid,
    name: String,
    part: Part,
}

/// For whoever was let in before a release: what may be bought now.
#[derive(Template)]
#[template(path = "waiting-room-in.html")]
struct InPage {
    w: Frame,
    name: String,
    pass: PassPart,
    showings: Vec<Entry>,
}

/// What changes while somebody waits.
#[derive(Default)]
struct Part {
    /// In words, for the ear too; so without what changes every second.
    state: String,
    kind: &'static str,
    note: String,
    position: Option<usize>,
    /// How many wait before, and how few places are left for them; None: it may well suffice.
    unlikely: Option<(usize, u32)>,
    minutes: String,
    /// The page is to be asked for again: it leads on.
    leads_on: bool,
    /// Places for wheelchair users, for which nobody waits; empty: none, or the others are sold as well.
    wheelchair: String,
    /// Where they are booked.
    behind: String,
}

struct Entry {
    id: String,
    title: String,
    when: String,
    availability: Badge,
}

fn name(w: &Words, room: &WaitingRoom) -> String {
    w.text(&Some(LocalizedText { de: room.name_de.clone(), en: room.name_en.clone(), ..Default::default() }))
}

async fn part(edge: &Edge, w: &Words, view: &View, place: &Place) -> Result<Part, Error> {
    let room = &view.room;
    if room.closed_at.is_some() || is_in(place) {
        return Ok(Part { state: w.t("waiting-in"), kind: "good", leads_on: true, ..Part::default() });
    }
    let at = |at| w.time(&Some(timestamp(at)));
    if edge.now() < room.opens_at && room.outlook() != Outlook::SoldOut {
        let day = w.day(&Some(timestamp(room.opens_at)));
        let opens = format!("{day}, {}", at(room.opens_at));
        let state = w.with("waiting-before", "time", &opens);
        return Ok(Part { state, kind: "plain", note: w.t("waiting-drawn"), ..Part::default() });
    }
    // Whoever has just come is not in the line as it was last looked at.
    let position = match waiting_room::position(&view.line, place.key()) {
        Some(position) => position,
        None => store::waiting_before(edge.db.pool(), room.id, place.key(), wall_now() - AWAY).await? + 1,
    };
    let (admitted, seconds) = view.pace;
    let minutes = waiting_room::minutes_to_wait(position, admitted, seconds);
    let before = position.saturating_sub(1);
    let is_unlikely = room.outlook() == Outlook::Selling && waiting_room::is_unlikely(before, room.free());
    let (state, kind, note) = match (room.outlook(), room.held_until) {
        (Outlook::SoldOut, _) => (w.t("waiting-sold-out"), "bad", w.t("waiting-sold-out-note")),
        (Outlook::AllHeld, Some(until)) => (w.with("waiting-all-held", "time", &at(until)), "few", w.t("waiting-keep")),
        (Outlook::AllHeld, None) => (w.t("waiting-all-held-soon"), "few", w.t("waiting-keep")),
        _ if is_unlikely => (w.t("waiting-unlikely"), "few", w.t("waiting-unlikely-note")),
        (Outlook::Selling, _) if waiting_room::comes_soon(minutes) => {
            (w.t("waiting-turn"), "plain", w.t("waiting-keep"))
        }
        (Outlook::Selling | Outlook::Unknown, _) => (w.t("waiting-line"), "plain", w.t("waiting-keep")),
    };
    let estimate = minutes.filter(|_| room.outlook() == Outlook::Selling && !is_unlikely);
    Ok(Part {
        state,
        kind,
        note,
        // Before it opens nobody has been drawn.
        position: Some(position).filter(|_| edge.now() >= room.opens_at),
        unlikely: Some((before, room.free())).filter(|_| is_unlikely),
        minutes: estimate.map(|minutes| w.n("waiting-minutes", minutes)).unwrap_or_default(),
        leads_on: false,
        wheelchair: if room.has_only_wheelchair_places() {
            w.n("waiting-wheelchair", room.wheelchair())
        } else {
            String::new()
        },
        behind: behind(room),
    })
}

async fn found(edge: &Edge, id: Uuid) -> Result<WaitingRoom, Problem> {
    store::room(edge.db.pool(), id).await?.ok_or_else(Problem::no_page)
}

/// Where the room leads: to its one showing, or to the programme.
fn behind(room: &WaitingRoom) -> String {
    match (room.showings.as_slice(), &room.release_id) {
        ([showing], None) => format!("/showings/{showing}"),
        _ => "/".to_owned(),
    }
}

/// `GET /waiting-room/{id}`
pub(crate) async fn page(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<Uuid>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let room = found(&edge, id).await?;
    if room.closed_at.is_some() {
        return Ok(Redirect::to(&behind(&room)).into_response());
    }
    let Some(session) = guest.session.as_ref().map(|session| session.id) else {
        // A place is a browser's: one that keeps no cookie cannot have one.
        if query.is_some_and(|query| query.contains("came=1")) {
            return Err(Problem::no_cookie());
        }
        let (_, cookie) = guest.session_for_visits(&edge).await?;
        return Ok((cookie, Redirect::to(&format!("/waiting-room/{id}?came=1"))).into_response());
    };
    let place =
        edge.db.transact(move |tx| Box::pin(async move { waiting_rooms::arrive(tx, id, session).await })).await?;
    let w = guest.frame(guest.words.t("waiting-title"));
    if let Some(pass) = Pass::of(&edge, id, &place) {
        if room.release_id.is_none() {
            return Ok(Redirect::to(&behind(&room)).into_response());
        }
        let mut showings = Vec::new();
        for showing in &room.showings {
            let request = GetShowingRequest { showing_id: showing.to_string() };
            showings.push(entry(&w, &answer(edge.reservations(&guest.visitor()).get_showing(request)).await?));
        }
        return page::page(&InPage { name: name(&w, &room), pass: pass.part(&w), showings, w });
    }
    let view = edge.rooms.look(id).await?;
    let part = part(&edge, &w, &view, &place).await?;
    page::page(&WaitingPage { id, name: name(&w, &room), part, w })
}

fn entry(w: &Words, showing: &Showing) -> Entry {
    Entry {
        id: showing.showing_id.clone(),
        title: w.text(&showing.title),
        when: w.day_and_time(&showing.starts_at),
        availability: availability(w, showing),
    }
}

/// `GET /waiting-room/{id}/live`
pub(crate) async fn live(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<Uuid>,
    after: After,
) -> Result<Response, Problem> {
    let session = guest.session.as_ref().map(|session| session.id).ok_or_else(Problem::no_page)?;
    let place = store::place(edge.db.pool(), id, session).await?.ok_or_else(Problem::no_page)?;
    let views = Box::pin(edge.rooms.views.watch(&id.to_string(), after.after).await?);
    let (watching, w) = (edge.clone(), guest.frame(String::new()));
    // The first at once: whoever comes back is there again.
    let to_note = tokio::time::interval(NOTE_EVERY);
    let state = (views, to_note, place, String::new());
    let fragments = futures::stream::unfold(state, move |(mut views, mut to_note, mut place, mut last)| {
        let (edge, w) = (watching.clone(), w.clone());
        async move {
            loop {
                let view = tokio::select! {
                    view = views.next() => view?,
                    _ = to_note.tick() => {
                        edge.rooms.see(id, session);
                        continue;
                    }
                };
                let fragment = match view {
                    Ok(view) => fragment(&edge, w.clone(), session, &mut place, &view).await,
                    Err(status) => Err(status.into()),
                };
                match fragment {
                    Ok(fragment) if fragment.html == last => {}
                    Ok(fragment) => {
                        last.clone_from(&fragment.html);
                        return Some((Ok(fragment), (views, to_note, place, last)));
                    }
                    Err(problem) => return Some((Err(problem), (views, to_note, place, last))),
                }
            }
        }
    });
    Ok(live::respond(&edge, fragments))
}

async fn fragment(edge: &Edge, w: Frame, session: Uuid, place: &mut Place, view: &View) -> Result<Fragment, Problem> {
    let id = view.room.id;
    // Thousands look at the same line: only who is not in it asks for themselves.
    if waiting_room::position(&view.line, place.key()).is_none() {
        *place = store::place(edge.db.pool(), id, session).await?.ok_or_else(Problem::no_page)?;
    }
    let part = part(edge, &w, view, place).await?;
    let page = WaitingPage { id, name: String::new(), part, w };
    Ok(Fragment { revision: view.room.revision(), html: html(page.as_live().render())? })
}
