//! Playlists: what is shown one after the other, for how long, and what it says to those who do not see it.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use kernel::{Caller, Code, values};
use sky_proto::{
    kernel::v1::LocalizedText,
    signage::v1::{ListProgrammesRequest, Playlist, PlaylistItem, RemovePlaylistRequest, StoredMedia},
};
use uuid::Uuid;

use super::media::stored;
use crate::{
    domain,
    edge::{Edge, answer},
    fields::Fields,
    page::{self, DESK, Frame},
    problem::Problem,
    refusal::sentence,
    routes::desk_actions::outcome,
    session::{Guest, Notice},
};

const HERE: &str = "/displays/playlists";
/// The id of a list that is not there yet.
const NEW: &str = "new";
/// Empty rows at the end of the editor, and rows in all.
const SPARE: usize = 3;
const ROWS: usize = 50;
const SECONDS: u32 = 10;

#[derive(Template)]
#[template(path = "displays-playlists.html")]
struct PlaylistsPage {
    w: Frame,
    lists: Vec<ListView>,
    has_media: bool,
}

struct ListView {
    id: String,
    name: String,
    /// "3 Bilder und Filme, 45 Sekunden"
    facts: String,
    pictures: Vec<Choice>,
}

/// A stored picture or film.
struct Choice {
    id: String,
    name: String,
    path: String,
    is_film: bool,
}

#[derive(Template)]
#[template(path = "displays-playlist.html")]
struct EditorPage {
    w: Frame,
    id: String,
    name: LocalizedText,
    rows: Vec<Row>,
    media: Vec<Choice>,
    /// Why it was refused; empty: it was not.
    problem: String,
}

/// A line of the editor; one without a medium is none.
struct Row {
    place: usize,
    media: String,
    seconds: String,
    text: LocalizedText,
}

fn choice(it: &StoredMedia) -> Choice {
    Choice {
        id: it.media_id.clone(),
        name: it.name.clone(),
        path: it.path.clone(),
        is_film: it.media_type.starts_with("video/"),
    }
}

async fn lists(edge: &Edge, caller: &Caller) -> Result<Vec<Playlist>, Problem> {
    Ok(answer(edge.programmes(caller).list_programmes(ListProgrammesRequest {})).await?.playlists)
}

pub(crate) async fn page(State(edge): State<Arc<Edge>>, guest: Guest) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let media = stored(&edge, &caller).await?;
    let w = guest.frame(guest.words.t("playlists-title"));
    let view = |list: Playlist| ListView {
        name: w.text(&list.name),
        facts: w.of(
            "playlist-facts",
            list.items.len(),
            list.items.iter().map(|item| usize::try_from(item.seconds).unwrap_or_default()).sum(),
        ),
        pictures: list
            .items
            .iter()
            .filter_map(|item| media.iter().find(|it| it.media_id == item.media_id).map(choice))
            .collect(),
        id: list.playlist_id,
    };
    let lists = lists(&edge, &caller).await?.into_iter().map(view).collect();
    page::page(&PlaylistsPage { lists, has_media: !media.is_empty(), w })
}

fn empty(place: usize) -> Row {
    Row { place, media: String::new(), seconds: SECONDS.to_string(), text: LocalizedText::default() }
}

async fn show(
    edge: &Edge,
    guest: &Guest,
    caller: &Caller,
    list: (String, LocalizedText, Vec<Row>),
    problem: String,
) -> Result<Response, Problem> {
    let (id, name, mut rows) = list;
    let spare = (rows.len() + 1..=ROWS).take(SPARE);
    rows.extend(spare.map(empty));
    let media = stored(edge, caller).await?.iter().map(choice).collect();
    let title = if id == NEW { "playlist-new" } else { "playlist-edit" };
    page::page(&EditorPage { w: guest.frame(guest.words.t(title)), id, name, rows, media, problem })
}

pub(crate) async fn editor(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    if id == NEW {
        return show(&edge, &guest, &caller, (id, LocalizedText::default(), Vec::new()), String::new()).await;
    }
    let found = lists(&edge, &caller).await?.into_iter().find(|list| list.playlist_id == id);
    let list = found.ok_or_else(Problem::no_page)?;
    let row = |(at, item): (usize, PlaylistItem)| Row {
        place: at + 1,
        media: item.media_id,
        seconds: item.seconds.to_string(),
        text: item.text.unwrap_or_default(),
    };
    let rows = list.items.into_iter().enumerate().map(row).collect();
    show(&edge, &guest, &caller, (id, list.name.unwrap_or_default(), rows), String::new()).await
}

/// The rows that were sent, in the order that their numbers say.
fn rows(sent: &Fields) -> Vec<Row> {
    let mut rows: Vec<Row> = (1..=ROWS)
        .map(|at| {
            let get = |name: &str| sent.get(&format!("{name}_{at}")).to_owned();
            Row {
                place: get("place").parse().unwrap_or(at),
                media: get("media"),
                seconds: get("seconds"),
                text: LocalizedText { de: get("de"), en: get("en"), plain: get("plain") },
            }
        })
        .filter(|row| !row.media.is_empty())
        .collect();
    rows.sort_by_key(|row| row.place);
    for (at, row) in rows.iter_mut().enumerate() {
        row.place = at + 1;
    }
    rows
}

pub(crate) async fn put(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<String>,
    sent: Fields,
) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let name =
        LocalizedText { de: sent.get("name_de").to_owned(), en: sent.get("name_en").to_owned(), ..Default::default() };
    let rows = rows(&sent);
    let playlist_id = if id == NEW { new_id(&name.de) } else { values::slug("playlist_id", &id)?.to_owned() };
    let item = |row: &Row| PlaylistItem {
        media_id: row.media.clone(),
        // What is no number is no good one.
        seconds: row.seconds.parse().unwrap_or_default(),
        text: Some(row.text.clone()),
    };
    let list = Playlist { playlist_id, name: Some(name.clone()), items: rows.iter().map(item).collect() };
    match answer(edge.programmes(&caller).put_playlist(list)).await {
        Ok(list) => {
            let notice = Notice::good(guest.words.with("playlist-stored", "name", &guest.words.text(&list.name)));
            guest.tell(&edge, notice).await?;
            Ok(Redirect::to(HERE).into_response())
        }
        Err(status) if Code::from_grpc(status.code()) == Code::InvalidArgument => {
            // Nothing that was typed is lost.
            let page = show(&edge, &guest, &caller, (id, name, rows), sentence(&guest.words, &status)).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(status) => Err(status.into()),
    }
}

/// Out of the name, so that people recognise it; with a few digits, so that it takes no other list's place.
pub(super) fn new_id(name: &str) -> String {
    let (slug, tail) = (domain::slug_of(name), &Uuid::new_v4().simple().to_string()[..6]);
    if slug.is_empty() { tail.to_owned() } else { format!("{slug}-{tail}") }
}

pub(crate) async fn remove(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let removed = answer(edge.programmes(&caller).remove_playlist(RemovePlaylistRequest { playlist_id: id })).await;
    outcome(&edge, &guest, removed, |_| Notice::good(guest.words.t("playlist-removed")), HERE).await
}
