//! Proof of play: what was really on a monitor's screen on a day, as a list and as a file for a spreadsheet.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    http::header,
    response::{IntoResponse, Response},
};
use chrono::{Days, NaiveDate};
use chrono_tz::Europe::Berlin;
use kernel::{Caller, values::from_timestamp};
use serde::Deserialize;
use sky_proto::signage::v1::{ListPlaysRequest, ListPlaysResponse, StoredMedia};

use super::{media::stored, screen::display};
use crate::{
    edge::{Edge, answer},
    page::{self, DESK, Frame},
    problem::Problem,
    session::Guest,
    words::{self, Words},
};

#[derive(Template)]
#[template(path = "displays-plays.html")]
struct PlaysPage {
    w: Frame,
    id: String,
    name: String,
    day: String,
    date: String,
    before: String,
    after: String,
    totals: Vec<Total>,
}

struct Total {
    what: String,
    times: u32,
    /// "1:02:30"
    long: String,
    first: String,
    last: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct On {
    day: String,
}

impl On {
    fn day(&self, edge: &Edge) -> NaiveDate {
        self.day.parse().unwrap_or_else(|_| words::in_halle(edge.now()))
    }
}

/// The name of a picture or film, the kind of a content, or what the player has said.
fn what(w: &Words, subject: &str, media: &[StoredMedia]) -> String {
    match subject {
        "default" | "scheduled" | "operations" | "safety" | "evacuation" => {
            w.with("play-content", "class", &w.t(&format!("class-{subject}")))
        }
        subject => media
            .iter()
            .find(|it| it.media_id == subject)
            .map_or_else(|| subject.chars().take(24).collect(), |it| it.name.clone()),
    }
}

fn long(seconds: u64) -> String {
    format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

async fn plays(
    edge: &Edge,
    caller: &Caller,
    id: &str,
    day: NaiveDate,
    each: bool,
) -> Result<(ListPlaysResponse, Vec<StoredMedia>), Problem> {
    let request = ListPlaysRequest { display_id: id.to_owned(), day: day.to_string(), each };
    let plays = answer(edge.devices(caller).list_plays(request)).await?;
    Ok((plays, stored(edge, caller).await?))
}

pub(crate) async fn page(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<String>,
    Query(on): Query<On>,
) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let name = guest.words.text(&display(&edge, &caller, &id).await?.name);
    let day = on.day(&edge);
    let (plays, media) = plays(&edge, &caller, &id, day, false).await?;
    let w = guest.frame(guest.words.with("plays-title", "name", &name));
    let total = |it: sky_proto::signage::v1::PlayTotal| Total {
        what: what(&w, &it.subject, &media),
        times: it.times,
        long: long(it.seconds),
        first: w.time(&it.first_at),
        last: w.time(&it.last_at),
    };
    let shift = |day: Option<NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
    page::page(&PlaysPage {
        totals: plays.totals.into_iter().map(total).collect(),
        date: w.date(day),
        before: shift(day.checked_sub_days(Days::new(1))),
        after: shift(day.checked_add_days(Days::new(1))),
        day: day.to_string(),
        id,
        name,
        w,
    })
}

/// A cell: quoted, and never a formula to a spreadsheet.
fn cell(text: &str) -> String {
    let safe = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() };
    format!("\"{}\"", safe.replace('"', "\"\""))
}

pub(crate) async fn csv(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<String>,
    Query(on): Query<On>,
) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    display(&edge, &caller, &id).await?;
    let day = on.day(&edge);
    let (plays, media) = plays(&edge, &caller, &id, day, true).await?;
    let mut lines = String::from("display,started_at,ended_at,seconds,subject,name,revision,play_id\r\n");
    for play in plays.plays {
        let begun = from_timestamp(play.started_at).with_timezone(&Berlin);
        let ended = begun + chrono::TimeDelta::seconds(play.seconds.into());
        let name = what(&guest.words, &play.subject, &media);
        lines += &format!(
            "{},{},{},{},{},{},{},{}\r\n",
            cell(&id),
            begun.format("%Y-%m-%dT%H:%M:%S%:z"),
            ended.format("%Y-%m-%dT%H:%M:%S%:z"),
            play.seconds,
            cell(&play.subject),
            cell(&name),
            play.revision,
            cell(&play.play_id)
        );
    }
    let file = format!("attachment; filename=\"{id}-{day}.csv\"");
    Ok(([(header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, file)], lines)
        .into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spreadsheet_computes_nothing_out_of_a_name() {
        assert_eq!(cell("=HYPERLINK(\"x\")"), "\"'=HYPERLINK(\"\"x\"\")\"");
        assert_eq!(cell("a, \"b\""), "\"a, \"\"b\"\"\"");
        assert_eq!(long(3_750), "1:02:30");
    }
}
