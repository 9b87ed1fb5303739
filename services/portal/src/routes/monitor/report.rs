//! What a monitor's page says of itself, every twenty seconds: how it is, what is wrong with it, what was really on the
//! screen; and its answer when staff ask it for something. Staff who only look say nothing.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Json,
    body::Bytes,
    extract::{ConnectInfo, Path, Query, State, rejection::JsonRejection},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::json;
use sky_proto::signage::v1::{
    Fault, HeartbeatRequest, Play, ReportFaultsRequest, SubmitPlaysRequest, SubmitScreenshotRequest,
};
use tonic::Code;

use super::who;
use crate::{
    edge::{Edge, answer},
    fields::at,
    problem::Problem,
    session::Guest,
};

/// Times are milliseconds since 1970: `time` by the device's own clock, all others by the house's.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Report {
    time: i64,
    revision: u64,
    width: u32,
    height: u32,
    available: u64,
    total: u64,
    zone: String,
    player: String,
    done: bool,
    /// Nobody can read the screen.
    #[serde(default)]
    dark: bool,
    /// It shows the way out by itself.
    #[serde(default)]
    alarm: bool,
    /// None: as said before.
    faults: Option<Vec<FaultSaid>>,
    #[serde(default)]
    plays: Vec<PlaySaid>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FaultSaid {
    code: String,
    at: i64,
    reason: String,
    subject: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlaySaid {
    id: String,
    subject: String,
    at: i64,
    seconds: u32,
    revision: u64,
}

pub(crate) async fn report(
    State(edge): State<Arc<Edge>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    guest: Guest,
    Path(id): Path<String>,
    headers: HeaderMap,
    sent: Result<Json<Report>, JsonRejection>,
) -> Result<Response, Problem> {
    let (caller, device) = who(&guest, &id)?;
    let Json(sent) = sent.map_err(|_| Problem::bad_form())?;
    if !device {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let mut devices = edge.devices(&caller);
    let heartbeat = HeartbeatRequest {
        display_id: id.clone(),
        device_time: at(sent.time)?,
        shown_revision: sent.revision,
        width: sent.width,
        height: sent.height,
        available_bytes: sent.available,
        total_bytes: sent.total,
        time_zone: sent.zone,
        player: sent.player,
        last_command_success: sent.done,
        dark: sent.dark,
        // A page knows neither its device's name nor where it is; who asks us does.
        device_name: String::new(),
        lan_address: edge.proxies.asker(Some(from.ip()), &headers).in_the_house(),
        status: String::new(),
        alarm: sent.alarm,
    };
    answer(devices.heartbeat(heartbeat)).await?;
    if let Some(said) = sent.faults {
        let fault = |fault: FaultSaid| {
            let incident_at = at(fault.at)?;
            Ok(Fault { code: fault.code, incident_at, reason: fault.reason, subject: fault.subject, over_at: None })
        };
        let faults = said.into_iter().map(fault).collect::<Result<_, Problem>>()?;
        answer(devices.report_faults(ReportFaultsRequest { display_id: id.clone(), faults })).await?;
    }
    let refused = if sent.plays.is_empty() { String::new() } else { submit(&mut devices, id, sent.plays).await? };
    Ok(Json(json!({ "playsRefused": refused })).into_response())
}

/// Why they are refused, for ever; empty: they are noted.
async fn submit(
    devices: &mut sky_proto::signage::v1::displays_client::DisplaysClient<kernel::Transport>,
    display_id: String,
    said: Vec<PlaySaid>,
) -> Result<String, Problem> {
    let play = |play: PlaySaid| {
        Ok(Play {
            play_id: play.id,
            subject: play.subject,
            started_at: at(play.at)?,
            seconds: play.seconds,
            revision: play.revision,
        })
    };
    let plays = said.into_iter().map(play).collect::<Result<_, Problem>>()?;
    match answer(devices.submit_plays(SubmitPlaysRequest { display_id, plays })).await {
        Ok(_) => Ok(String::new()),
        Err(status) if status.code() == Code::InvalidArgument => Ok(status.message().to_owned()),
        Err(status) => Err(status.into()),
    }
}

/// Which request for a picture is answered; `why`: there is none.
#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    command: String,
    #[serde(default)]
    why: String,
}

/// The picture of its screen that staff have asked for, or why the page cannot make one.
pub(crate) async fn picture(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
    picture: Bytes,
) -> Result<Response, Problem> {
    let (caller, device) = who(&guest, &id)?;
    if device {
        let request =
            SubmitScreenshotRequest { screenshot_id: asked.command, picture: picture.into(), not_possible: asked.why };
        answer(edge.devices(&caller).submit_screenshot(request)).await?;
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}
