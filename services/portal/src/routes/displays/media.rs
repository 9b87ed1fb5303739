//! Pictures and films for the monitors: uploaded, looked at, removed. What a file is, signage finds out from its
//! content; here it only is not read for ever.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Request, State},
    http::header,
    response::{IntoResponse, Redirect, Response},
};
use kernel::{Caller, Code};
use multer::{Field, Multipart};
use sky_proto::signage::v1::{
    DeleteMediaRequest, ListMediaRequest, ListProgrammesRequest, Playlist, StoredMedia, UploadMediaRequest,
};

use crate::{
    edge::{Edge, answer},
    fields::Fields,
    page::{self, DESK, Frame},
    problem::Problem,
    refusal::{self, sentence},
    routes::desk_actions::outcome,
    session::{Guest, Notice},
    words::Words,
};

/// As signage takes them; more is not kept, but read to its end, so that the browser hears why.
const LARGEST: usize = 30 << 20;
/// More is not even read.
const ENDLESS: usize = 200 << 20;
/// Signage takes pieces of up to 1 MB.
const PIECE: usize = 512 << 10;
/// Of the name, in bytes sent and in letters kept.
const LONGEST_NAME: usize = 1000;
const NAME: usize = 100;

const HERE: &str = "/displays/media";

#[derive(Template)]
#[template(path = "displays-media.html")]
struct MediaPage {
    w: Frame,
    media: Vec<MediaView>,
}

struct MediaView {
    id: String,
    name: String,
    path: String,
    is_film: bool,
    /// "PNG, 312 kB"
    facts: String,
    /// The playlists that have it, by name; it cannot be removed while there are any.
    used_by: Vec<String>,
}

/// All stored pictures and films, the newest first.
pub(super) async fn stored(edge: &Edge, caller: &Caller) -> Result<Vec<StoredMedia>, Problem> {
    Ok(answer(edge.programmes(caller).list_media(ListMediaRequest {})).await?.media)
}

/// "312 kB" or "4.2 MB", with the comma of the language.
fn size(w: &Words, bytes: u64) -> String {
    let (whole, tenth) = (bytes / 1_000_000, bytes % 1_000_000 / 100_000);
    let point = if w.lang() == "de" { ',' } else { '.' };
    if bytes < 1_000_000 { format!("{} kB", bytes.div_ceil(1000)) } else { format!("{whole}{point}{tenth} MB") }
}

fn view(w: &Words, it: StoredMedia, lists: &[Playlist]) -> MediaView {
    let kind = it.media_type.rsplit('/').next().unwrap_or_default().to_uppercase();
    let has = |list: &&Playlist| list.items.iter().any(|item| item.media_id == it.media_id);
    MediaView {
        facts: format!("{kind}, {}", size(w, it.size)),
        is_film: it.media_type.starts_with("video/"),
        used_by: lists.iter().filter(has).map(|list| w.text(&list.name)).collect(),
        id: it.media_id,
        name: it.name,
        path: it.path,
    }
}

pub(crate) async fn page(State(edge): State<Arc<Edge>>, guest: Guest) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let lists = answer(edge.programmes(&caller).list_programmes(ListProgrammesRequest {})).await?.playlists;
    let w = guest.frame(guest.words.t("media-title"));
    let media = stored(&edge, &caller).await?.into_iter().map(|it| view(&w, it, &lists)).collect();
    page::page(&MediaPage { w, media })
}

/// What came with the form.
#[derive(Debug, Default)]
struct Sent {
    name: String,
    file_name: String,
    file: Vec<u8>,
    /// How much came, of which not more than [`LARGEST`] is kept.
    size: usize,
}

async fn read(request: Request) -> Result<Sent, Problem> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let boundary = multer::parse_boundary(kind).map_err(|_| Problem::bad_form())?;
    let mut form = Multipart::new(request.into_body().into_data_stream(), boundary);
    let mut sent = Sent::default();
    while let Some(field) = form.next_field().await.map_err(|_| Problem::bad_form())? {
        match field.name() {
            Some("file") => {
                field.file_name().unwrap_or_default().clone_into(&mut sent.file_name);
                (sent.file, sent.size) = collect(field, LARGEST).await?;
            }
            Some("name") => {
                let (text, _) = collect(field, LONGEST_NAME).await?;
                sent.name = String::from_utf8(text).map_err(|_| Problem::bad_form())?;
            }
            _ => {
                collect(field, 0).await?;
            }
        }
    }
    Ok(sent)
}

/// The field's first bytes, and how many there were.
async fn collect(mut field: Field<'_>, most: usize) -> Result<(Vec<u8>, usize), Problem> {
    let (mut kept, mut size) = (Vec::new(), 0);
    while let Some(piece) = field.chunk().await.map_err(|_| Problem::bad_form())? {
        size += piece.len();
        if size > ENDLESS {
            return Err(Problem::bad_form());
        }
        let room = most.saturating_sub(kept.len()).min(piece.len());
        kept.extend_from_slice(piece.get(..room).unwrap_or_default());
    }
    Ok((kept, size))
}

/// For staff: as typed, else as the file is called.
fn name(sent: &Sent) -> String {
    let of = |text: &str| text.chars().filter(|letter| !letter.is_control()).take(NAME).collect::<String>();
    match of(sent.name.trim()) {
        typed if !typed.is_empty() => typed,
        _ => of(sent.file_name.trim()),
    }
}

pub(crate) async fn upload(State(edge): State<Arc<Edge>>, guest: Guest, request: Request) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let sent = read(request).await?;
    let notice = if sent.size == 0 {
        Notice::bad(guest.words.t("media-empty"))
    } else if sent.size > LARGEST {
        Notice::bad(guest.words.t("media-refused")).with(size(&guest.words, sent.size.try_into().unwrap_or(u64::MAX)))
    } else {
        let name = name(&sent);
        let piece = |piece: &[u8]| UploadMediaRequest { name: name.clone(), piece: piece.to_vec() };
        let pieces: Vec<UploadMediaRequest> = sent.file.chunks(PIECE).map(piece).collect();
        match answer(edge.programmes(&caller).upload_media(tokio_stream::iter(pieces))).await {
            Ok(stored) => Notice::good(guest.words.with("media-stored", "name", &stored.name)),
            Err(status) if Code::from_grpc(status.code()) == Code::InvalidArgument => {
                Notice::bad(guest.words.t("media-refused")).with(sentence(&guest.words, &status))
            }
            Err(status) => refusal::notice(&guest.words, status)?,
        }
    };
    guest.tell(&edge, notice).await?;
    Ok(Redirect::to(HERE).into_response())
}

pub(crate) async fn delete(State(edge): State<Arc<Edge>>, guest: Guest, sent: Fields) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let request = DeleteMediaRequest { media_id: sent.get("media").to_owned() };
    let deleted = answer(edge.programmes(&caller).delete_media(request)).await;
    outcome(&edge, &guest, deleted, |_| Notice::good(guest.words.t("media-deleted")), HERE).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_names_are_for_people() {
        let (german, english) = (Words::default(), Words::speaking(crate::words::Language::English));
        assert_eq!((size(&german, 1), size(&german, 312_400), size(&german, 4_250_000)).0, "1 kB");
        assert_eq!(size(&german, 312_400), "313 kB");
        assert_eq!((size(&german, 4_250_000), size(&english, 4_250_000)), ("4,2 MB".to_owned(), "4.2 MB".to_owned()));
        let sent =
            |typed: &str, file: &str| Sent { name: typed.to_owned(), file_name: file.to_owned(), ..Sent::default() };
        assert_eq!(name(&sent("  ", "a\u{7}b.png")), "ab.png");
        assert_eq!(name(&sent(" Plakat ", "b.png")), "Plakat");
        assert_eq!(name(&sent(&"ü".repeat(200), "")).chars().count(), 100);
    }
}
