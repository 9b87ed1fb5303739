//! Pictures, films, playlists, schedules, and the preview: checks what comes in, calls commands.

use chrono::{NaiveDate, NaiveTime, TimeDelta};
use data_encoding::HEXLOWER;
use kernel::{
    Access, Caller,
    values::{self, InvalidField, Text, invalid, timestamp},
};
use serde_json::json;
use sha2::{Digest, Sha256};
use sky_proto::signage::v1::{self as pb, programmes_server::Programmes};
use tonic::{Request, Response, Status, Streaming};

use super::{ATTENDANT, Api, DESK, KITCHEN, OPERATOR, wire};
use crate::{
    commands,
    domain::{Item, LARGEST_FILM, MediaType, Playlist, Schedule},
    error::Error,
    store::{self, media::Stored, setup::Part},
};

/// Who may call what.
pub const ACCESS: Access = Access {
    service: "sky.signage.v1.Programmes",
    methods: &[
        ("UploadMedia", &[DESK, OPERATOR]),
        ("ListMedia", &[DESK, OPERATOR]),
        ("DeleteMedia", &[DESK, OPERATOR]),
        ("PutPlaylist", &[DESK, OPERATOR]),
        ("RemovePlaylist", &[DESK, OPERATOR]),
        ("PutSchedule", &[DESK, OPERATOR]),
        ("RemoveSchedule", &[DESK, OPERATOR]),
        ("ListProgrammes", &[DESK, OPERATOR]),
        ("PreviewDisplay", &[DESK, OPERATOR, KITCHEN, ATTENDANT]),
    ],
};

const NAME: usize = 100;
const WORDS: usize = 200;
const PIECE: usize = 1 << 20;
const ITEMS: usize = 50;
const GROUPS: usize = 50;
/// What is planned so far away nobody knows.
const PREVIEW: TimeDelta = TimeDelta::days(400);

#[tonic::async_trait]
impl Programmes for Api {
    async fn upload_media(
        &self,
        request: Request<Streaming<pb::UploadMediaRequest>>,
    ) -> Result<Response<pb::StoredMedia>, Status> {
        let who = Caller::of(&request).for_the_record();
        let mut pieces = request.into_inner();
        let (mut name, mut file) = (String::new(), Vec::new());
        while let Some(piece) = pieces.message().await? {
            if file.is_empty() {
                name = values::text("name", &piece.name, NAME)?;
            }
            if piece.piece.len() > PIECE {
                return Err(invalid("piece", "is larger than 1 MB; send smaller ones").into());
            }
            // Not collected to its end only to be refused.
            if file.len() + piece.piece.len() > LARGEST_FILM {
                return Err(invalid("piece", "makes the file larger than 30 MB; make it smaller").into());
            }
            file.extend_from_slice(&piece.piece);
        }
        if name.is_empty() {
            return Err(invalid("name", "is missing in the first piece").into());
        }
        let kind = MediaType::checked(&file).map_err(|problem| invalid("piece", problem))?;
        let media_id = HEXLOWER.encode(&Sha256::digest(&file));
        let stored = self.db.transact(move |tx| {
            Box::pin(async move {
                let stored = commands::programmes::upload(tx, &media_id, kind, &name, &file).await?;
                let what = json!({ "name": name, "type": kind.name(), "bytes": file.len() });
                commands::record(tx, &who, "upload_media", &media_id, what).await?;
                Ok::<_, Error>(stored)
            })
        });
        Ok(Response::new(media(stored.await?)))
    }

    async fn list_media(&self, _: Request<pb::ListMediaRequest>) -> Result<Response<pb::ListMediaResponse>, Status> {
        let stored = store::media::list(self.db.pool()).await?;
        Ok(Response::new(pb::ListMediaResponse { media: stored.into_iter().map(media).collect() }))
    }

    async fn delete_media(
        &self,
        request: Request<pb::DeleteMediaRequest>,
    ) -> Result<Response<pb::DeleteMediaResponse>, Status> {
        let who = Caller::of(&request).for_the_record();
        let media_id = hash("media_id", request.into_inner().media_id)?;
        let board = self.board.clone();
        self.db
            .transact(move |tx| {
                Box::pin(async move {
                    commands::programmes::delete_media(tx, &board, &media_id).await?;
                    commands::record(tx, &who, "delete_media", &media_id, json!({})).await
                })
            })
            .await?;
        Ok(Response::new(pb::DeleteMediaResponse {}))
    }

    async fn put_playlist(&self, request: Request<pb::Playlist>) -> Result<Response<pb::Playlist>, Status> {
        let who = Caller::of(&request).for_the_record();
        let (request, board) = (request.into_inner(), self.board.clone());
        let put = self.db.transact(move |tx| {
            Box::pin(async move {
                let list = new_playlist(request, tx.now())?;
                let list = commands::programmes::put_playlist(tx, &board, list).await?;
                commands::record(tx, &who, "put_playlist", &list.playlist_id, json!(list)).await?;
                Ok::<_, Error>(list)
            })
        });
        Ok(Response::new(playlist(&put.await?)))
    }

    async fn remove_playlist(
        &self,
        request: Request<pb::RemovePlaylistRequest>,
    ) -> Result<Response<pb::RemovePlaylistResponse>, Status> {
        let who = Caller::of(&request).for_the_record();
        let id = values::slug("playlist_id", &request.into_inner().playlist_id)?.to_owned();
        let board = self.board.clone();
        self.db
            .transact(move |tx| {
                Box::pin(async move {
                    commands::programmes::remove_playlist(tx, &board, &id).await?;
                    commands::record(tx, &who, "remove_playlist", &id, json!({})).await
                })
            })
            .await?;
        Ok(Response::new(pb::RemovePlaylistResponse {}))
    }

    async fn put_schedule(&self, request: Request<pb::Schedule>) -> Result<Response<pb::Schedule>, Status> {
        let who = Caller::of(&request).for_the_record();
        let (request, board) = (request.into_inner(), self.board.clone());
        let put = self.db.transact(move |tx| {
            Box::pin(async move {
                let new = new_schedule(request, tx.now())?;
                commands::programmes::put_schedule(tx, &board, new.clone()).await?;
                commands::record(tx, &who, "put_schedule", &new.schedule_id, json!(new)).await?;
                Ok::<_, Error>(new)
            })
        });
        Ok(Response::new(schedule(&put.await?)))
    }

    async fn remove_schedule(
        &self,
        request: Request<pb::RemoveScheduleRequest>,
    ) -> Result<Response<pb::RemoveScheduleResponse>, Status> {
        let who = Caller::of(&request).for_the_record();
        let id = values::slug("schedule_id", &request.into_inner().schedule_id)?.to_owned();
        let board = self.board.clone();
        self.db
            .transact(move |tx| {
                Box::pin(async move {
                    commands::programmes::remove_schedule(tx, &board, &id).await?;
                    commands::record(tx, &who, "remove_schedule", &id, json!({})).await
                })
            })
            .await?;
        Ok(Response::new(pb::RemoveScheduleResponse {}))
    }

    async fn list_programmes(
        &self,
        _: Request<pb::ListProgrammesRequest>,
    ) -> Result<Response<pb::ListProgrammesResponse>, Status> {
        let board = self.board.clone();
        let (lists, schedules) = self
            .db
            .transact(move |tx| Box::pin(async move { commands::programmes::programmes(tx, &board).await }))
            .await?;
        Ok(Response::new(pb::ListProgrammesResponse {
            playlists: lists.iter().map(playlist).collect(),
            schedules: schedules.iter().map(schedule).collect(),
            day_parts: store::setup::parts(self.db.pool()).await?.iter().map(day_part).collect(),
        }))
    }

    async fn preview_display(
        &self,
        request: Request<pb::PreviewDisplayRequest>,
    ) -> Result<Response<pb::Content>, Status> {
        let request = request.into_inner();
        let display_id = values::slug("display_id", &request.display_id)?.to_owned();
        let at = values::time("at", request.at)?;
        if (at - self.db.clock().now()).abs() > PREVIEW {
            return Err(invalid("at", "is more than 400 days away").into());
        }
        let (board, id) = (self.board.clone(), display_id.clone());
        let content =
            self.db.transact(move |tx| Box::pin(async move { commands::preview(tx, &board, &id, at).await })).await?;
        Ok(Response::new(wire::content(&display_id, 0, &content, at)))
    }
}

fn hash(field: &'static str, text: String) -> Result<String, InvalidField> {
    let ok = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    if ok { Ok(text) } else { Err(invalid(field, "is no media id: 64 hexadecimal digits, as UploadMedia answered")) }
}

fn new_playlist(sent: pb::Playlist, now: chrono::DateTime<chrono::Utc>) -> Result<Playlist, InvalidField> {
    if sent.items.is_empty() || sent.items.len() > ITEMS {
        return Err(invalid("items", "must be 1 to 50"));
    }
    let item = |item: pb::PlaylistItem| {
        if !(3..=600).contains(&item.seconds) {
            return Err(invalid("items.seconds", "must be 3 to 600"));
        }
        // What it really is, the store knows.
        let media_type = MediaType::Png;
        let text = Text::checked("items.text", item.text, WORDS, true)?;
        Ok(Item { media_id: hash("items.media_id", item.media_id)?, media_type, seconds: item.seconds, text })
    };
    Ok(Playlist {
        playlist_id: values::slug("playlist_id", &sent.playlist_id)?.to_owned(),
        name: Text::checked("name", sent.name, NAME, true)?,
        items: sent.items.into_iter().map(item).collect::<Result<_, _>>()?,
        put_at: now,
        removed: false,
    })
}

fn new_schedule(sent: pb::Schedule, now: chrono::DateTime<chrono::Utc>) -> Result<Schedule, InvalidField> {
    if sent.groups.len() > GROUPS {
        return Err(invalid("groups", "are more than 50; leave them empty for all displays"));
    }
    for group in &sent.groups {
        values::slug("groups", group)?;
    }
    if sent.weekdays.len() > 7 {
        return Err(invalid("weekdays", "are at most seven"));
    }
    let mut weekdays = if sent.weekdays.is_empty() { 0b111_1111 } else { 0 };
    for day in &sent.weekdays {
        match day {
            1..=7 => weekdays |= 1 << (day - 1),
            _ => return Err(invalid("weekdays", "must be 1 (Monday) to 7 (Sunday)")),
        }
    }
    let time = |field, text: &str| {
        NaiveTime::parse_from_str(text, "%H:%M").map_err(|_| invalid(field, "is no time of the day such as 09:00"))
    };
    let day = |field, text: &str| match text {
        "" => Ok(None),
        text => text.parse::<NaiveDate>().map(Some).map_err(|_| invalid(field, "is no day such as 2026-11-28")),
    };
    let schedule = Schedule {
        schedule_id: values::slug("schedule_id", &sent.schedule_id)?.to_owned(),
        playlist_id: values::slug("playlist_id", &sent.playlist_id)?.to_owned(),
        groups: sent.groups,
        weekdays,
        from: time("from", &sent.from)?,
        until: time("until", &sent.until)?,
        first_day: day("first_day", &sent.first_day)?,
        last_day: day("last_day", &sent.last_day)?,
        beside: sent.beside,
        put_at: now,
        removed: false,
    };
    match (schedule.first_day, schedule.last_day) {
        (Some(first), Some(last)) if last < first => Err(invalid("last_day", "is before first_day")),
        _ => Ok(schedule),
    }
}

fn media(stored: Stored) -> pb::StoredMedia {
    pb::StoredMedia {
        path: wire::media_path(&stored.media_id),
        media_id: stored.media_id,
        media_type: stored.media_type,
        name: stored.name,
        size: stored.size.unsigned_abs(),
        uploaded_at: Some(timestamp(stored.uploaded_at)),
    }
}

fn playlist(list: &Playlist) -> pb::Playlist {
    let item = |item: &Item| pb::PlaylistItem {
        media_id: item.media_id.clone(),
        seconds: item.seconds,
        text: Some(item.text.to_proto()),
    };
    pb::Playlist {
        playlist_id: list.playlist_id.clone(),
        name: Some(list.name.to_proto()),
        items: list.items.iter().map(item).collect(),
    }
}

fn day_part(part: &Part) -> pb::DayPart {
    pb::DayPart {
        part_id: part.part_id.clone(),
        name: Some(part.name.to_proto()),
        from: part.from_time.format("%H:%M").to_string(),
        until: part.until_time.format("%H:%M").to_string(),
    }
}

fn schedule(it: &Schedule) -> pb::Schedule {
    let day = |day: Option<NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
    pb::Schedule {
        schedule_id: it.schedule_id.clone(),
        playlist_id: it.playlist_id.clone(),
        groups: it.groups.clone(),
        weekdays: (1..=7).filter(|day| it.weekdays >> (day - 1) & 1 == 1).collect(),
        from: it.from.format("%H:%M").to_string(),
        until: it.until.format("%H:%M").to_string(),
        first_day: day(it.first_day),
        last_day: day(it.last_day),
        beside: it.beside,
    }
}
