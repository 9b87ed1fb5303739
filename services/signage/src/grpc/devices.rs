//! What devices say of themselves, and what staff ask them. Only what a device itself says makes it alive.

use std::net::IpAddr;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use kernel::{
    Access, Caller, Who,
    clock::wall_now,
    values::{self, InvalidField, from_timestamp, invalid, midnight, timestamp},
};
use serde_json::json;
use sky_proto::signage::v1::{self as pb, displays_server::Displays};
use tonic::{Request, Response, Status};

use super::{ATTENDANT, Api, DESK, DISPLAY, KITCHEN, OPERATOR, may_act_for};
use crate::{
    commands::{self, devices::Answer},
    domain::{ABSENCES, Absence, Health, MediaType, Profile, away},
    error::Error,
    store::{
        self,
        devices::{Fault, Play},
        setup::Change,
    },
};

/// Who may call what.
pub const ACCESS: Access = Access {
    service: "sky.signage.v1.Displays",
    methods: &[
        ("Heartbeat", &[DISPLAY]),
        ("ReportFaults", &[DISPLAY]),
        ("ListFaults", &[DESK, OPERATOR]),
        ("ListAbsences", &[DESK, OPERATOR]),
        ("RequestScreenshot", &[DESK, OPERATOR]),
        ("SubmitScreenshot", &[DISPLAY]),
        ("GetScreenshot", &[DESK, OPERATOR]),
        ("SubmitPlays", &[DISPLAY]),
        ("ListPlays", &[DESK, OPERATOR]),
        ("ListRetired", &[DESK, OPERATOR, KITCHEN, ATTENDANT, Who::Service("portal")]),
        ("ChangeDisplay", &[DESK, OPERATOR]),
    ],
};

/// The largest side of a screen.
const PIXELS: u32 = 16_384;
/// A name of a zone or of a player.
const NAME: usize = 64;
/// A reason, a subject.
const WORDS: usize = 200;
const SUBJECT: usize = 100;
/// Faults of one display.
const FAULTS: usize = 20;
/// Groups of one display.
const GROUPS: usize = 20;
/// Absences in one answer.
const MOST_ABSENCES: usize = 200;
/// Plays in one call.
const PLAYS: usize = 500;
/// The largest picture of a screen.
const PICTURE: usize = 2 << 20;
const TTL: u32 = 120;
const LONGEST_TTL: u32 = 600;
/// Players keep what they have shown while they are offline.
const OFFLINE: TimeDelta = TimeDelta::days(30);
/// Clocks of devices may be off by so much.
const AHEAD: TimeDelta = TimeDelta::hours(1);

#[tonic::async_trait]
impl Displays for Api {
    async fn heartbeat(
        &self,
        request: Request<pb::HeartbeatRequest>,
    ) -> Result<Response<pb::HeartbeatResponse>, Status> {
        let caller = Caller::of(&request);
        let request = request.into_inner();
        let display_id = values::slug("display_id", &request.display_id)?;
        may_act_for(&caller, display_id)?;
        let (health, now) = (health(&request)?, self.db.clock().now());
        let shown = store::shown(self.db.pool(), display_id).await?;
        self.sightings.note(display_id, Some(health));
        Ok(Response::new(pb::HeartbeatResponse {
            server_time: Some(timestamp(now)),
            revision: shown.revision.unsigned_abs(),
        }))
    }

    async fn report_faults(
        &self,
        request: Request<pb::ReportFaultsRequest>,
    ) -> Result<Response<pb::ReportFaultsResponse>, Status> {
        let caller = Caller::of(&request);
        let request = request.into_inner();
        let display_id = values::slug("display_id", &request.display_id)?.to_owned();
        may_act_for(&caller, &display_id)?;
        let faults = faults(request.faults, self.db.clock().now())?;
        self.sightings.note(&display_id, None);
        self.db
            .transact(move |tx| {
                Box::pin(async move { commands::devices::report_faults(tx, &display_id, &faults).await })
            })
            .await?;
        Ok(Response::new(pb::ReportFaultsResponse {}))
    }

    async fn list_faults(
        &self,
        request: Request<pb::ListFaultsRequest>,
    ) -> Result<Response<pb::ListFaultsResponse>, Status> {
        let request = request.into_inner();
        let display_id = values::slug("display_id", &request.display_id)?;
        store::shown(self.db.pool(), display_id).await?;
        let faults = store::devices::faults(self.db.pool(), display_id).await?;
        let faults = faults.into_iter().map(|fault| pb::Fault {
            code: fault.code,
            incident_at: Some(timestamp(fault.incident_at)),
            reason: fault.reason,
            subject: fault.subject,
            over_at: fault.over_at.map(timestamp),
        });
        Ok(Response::new(pb::ListFaultsResponse { faults: faults.collect() }))
    }

    async fn list_absences(
        &self,
        request: Request<pb::ListAbsencesRequest>,
    ) -> Result<Response<pb::ListAbsencesResponse>, Status> {
        let request = request.into_inner();
        let display_id = values::slug("display_id", &request.display_id)?;
        store::shown(self.db.pool(), display_id).await?;
        let now = wall_now();
        let absences = store::absences::since(self.db.pool(), display_id, now - ABSENCES).await?;
        let (times_in_a_week, whole) = away(&absences, now - TimeDelta::days(7), now);
        let absence = |it: Absence| pb::Absence { from: Some(timestamp(it.from)), until: it.until.map(timestamp) };
        Ok(Response::new(pb::ListAbsencesResponse {
            absences: absences.into_iter().take(MOST_ABSENCES).map(absence).collect(),
            times_in_a_week,
            seconds_in_a_week: whole.num_seconds().unsigned_abs(),
        }))
    }

    async fn request_screenshot(
        &self,
        request: Request<pb::RequestScreenshotRequest>,
    ) -> Result<Response<pb::RequestScreenshotResponse>, Status> {
        let who = Caller::of(&request).for_the_record();
        let request = request.into_inner();
        let display_id = values::slug("display_id", &request.display_id)?.to_owned();
        let seconds = match request.ttl_seconds {
            0 => TTL,
            seconds if seconds <= LONGEST_TTL => seconds,
            _ => return Err(invalid("ttl_seconds", "must be 1 to 600, or 0 for 120").into()),
        };
        let ttl = TimeDelta::seconds(seconds.into());
        let asked = self.db.transact(move |tx| {
            Box::pin(async move {
                let asked = commands::devices::request_screenshot(tx, &display_id, ttl).await?;
                commands::record(tx, &who, "request_screenshot", &display_id, json!({ "until": asked.1 })).await?;
                Ok::<_, Error>(asked)
            })
        });
        let (id, expires_at) = asked.await?;
        Ok(Response::new(pb::RequestScreenshotResponse {
            screenshot_id: id.to_string(),
            expires_at: Some(timestamp(expires_at)),
        }))
    }

    async fn submit_screenshot(
        &self,
        request: Request<pb::SubmitScreenshotRequest>,
    ) -> Result<Response<pb::SubmitScreenshotResponse>, Status> {
        let device = match Caller::of(&request) {
            Caller::Device { id, .. } => Some(id),
            _ => None,
        };
        let request = request.into_inner();
        let id = values::id("screenshot_id", &request.screenshot_id)?;
        if request.picture.len() > PICTURE {
            return Err(invalid("picture", "is larger than 2 MB; make it smaller").into());
        }
        let answer = match request.not_possible.as_str() {
            "" => {
                let kind = MediaType::of(&request.picture)
                    .filter(|kind| !kind.is_film())
                    .ok_or_else(|| invalid("picture", "is no PNG, JPEG or WebP"))?;
                Answer::Picture(kind, request.picture)
            }
            why if why.len() <= NAME && request.picture.is_empty() => {
                Answer::NotPossible(values::slug("not_possible", why)?.to_owned())
            }
            _ => return Err(invalid("not_possible", "is longer than 64 letters, or there is a picture as well").into()),
        };
        if let Some(display_id) = &device {
            self.sightings.note(display_id, None);
        }
        self.db
            .transact(move |tx| {
                Box::pin(async move { commands::devices::submit_screenshot(tx, device.as_deref(), id, &answer).await })
            })
            .await?;
        Ok(Response::new(pb::SubmitScreenshotResponse {}))
    }

    async fn get_screenshot(
        &self,
        request: Request<pb::GetScreenshotRequest>,
    ) -> Result<Response<pb::Screenshot>, Status> {
        let request = request.into_inner();
        let found = match request.screenshot_id.as_str() {
            "" => {
                let display_id = values::slug("display_id", &request.display_id)?;
                store::devices::last_screenshot(self.db.pool(), display_id).await?
            }
            id => store::devices::screenshot(self.db.pool(), values::id("screenshot_id", id)?).await?,
        };
        let found = found.ok_or(Error::NoSuchScreenshot)?;
        Ok(Response::new(pb::Screenshot {
            screenshot_id: found.screenshot_id.to_string(),
            display_id: found.display_id,
            requested_at: Some(timestamp(found.requested_at)),
            expires_at: Some(timestamp(found.expires_at)),
            taken_at: found.taken_at.map(timestamp),
            media_type: found.media_type.unwrap_or_default(),
            picture: found.picture.unwrap_or_default(),
            not_possible: found.not_possible.unwrap_or_default(),
        }))
    }

    async fn submit_plays(
        &self,
        request: Request<pb::SubmitPlaysRequest>,
    ) -> Result<Response<pb::SubmitPlaysResponse>, Status> {
        let caller = Caller::of(&request);
        let request = request.into_inner();
        let display_id = values::slug("display_id", &request.display_id)?.to_owned();
        may_act_for(&caller, &display_id)?;
        let plays = plays(request.plays, self.db.clock().now())?;
        self.sightings.note(&display_id, None);
        let noted = self.db.transact(move |tx| {
            Box::pin(async move { commands::devices::submit_plays(tx, &display_id, &plays).await })
        });
        let noted = u32::try_from(noted.await?).unwrap_or(u32::MAX);
        Ok(Response::new(pb::SubmitPlaysResponse { noted }))
    }

    async fn list_plays(
        &self,
        request: Request<pb::ListPlaysRequest>,
    ) -> Result<Response<pb::ListPlaysResponse>, Status> {
        let request = request.into_inner();
        let display_id = values::slug("display_id", &request.display_id)?;
        let (from, until) = day("day", &request.day)?;
        let totals = store::devices::plays(self.db.pool(), display_id, from, until).await?;
        let totals = totals.into_iter().map(|total| pb::PlayTotal {
            subject: total.subject,
            times: u32::try_from(total.times).unwrap_or(u32::MAX),
            seconds: total.seconds.unsigned_abs(),
            first_at: Some(timestamp(total.first_at)),
            last_at: Some(timestamp(total.last_at)),
        });
        let plays = match request.each {
            true => store::devices::each_play(self.db.pool(), display_id, from, until).await?,
            false => Vec::new(),
        };
        let plays = plays.into_iter().map(|play| pb::Play {
            play_id: play.play_id,
            subject: play.subject,
            started_at: Some(timestamp(play.started_at)),
            seconds: play.seconds.unsigned_abs(),
            revision: play.revision.unsigned_abs(),
        });
        Ok(Response::new(pb::ListPlaysResponse { totals: totals.collect(), plays: plays.collect() }))
    }

    async fn list_retired(
        &self,
        _: Request<pb::ListRetiredRequest>,
    ) -> Result<Response<pb::ListRetiredResponse>, Status> {
        Ok(Response::new(pb::ListRetiredResponse { displays: self.listed(true).await? }))
    }

    async fn change_display(
        &self,
        request: Request<pb::ChangeDisplayRequest>,
    ) -> Result<Response<pb::ChangeDisplayResponse>, Status> {
        let who = Caller::of(&request).for_the_record();
        let request = request.into_inner();
        let display_id = values::slug("display_id", &request.display_id)?.to_owned();
        let change = if request.as_in_house_file { None } else { Some(change(request)?) };
        let what = change.as_ref().map_or(json!({ "as_in_house_file": true }), |to| json!(to));
        let (board, id) = (self.board.clone(), display_id.clone());
        self.db
            .transact(move |tx| {
                Box::pin(async move {
                    commands::setup::change(tx, &board, &id, change).await?;
                    commands::record(tx, &who, "change_display", &id, what).await
                })
            })
            .await?;
        let mut listed = self.listed(false).await?;
        listed.retain(|display| display.display_id == display_id);
        Ok(Response::new(pb::ChangeDisplayResponse { display: listed.pop() }))
    }
}

fn change(request: pb::ChangeDisplayRequest) -> Result<Change, InvalidField> {
    let location = values::text("location", request.location.trim(), WORDS)?;
    if location.is_empty() {
        return Err(invalid("location", "is missing; say where the display hangs"));
    }
    let orientation = match values::choice::<pb::Orientation>("orientation", request.orientation)? {
        pb::Orientation::Landscape => "landscape",
        pb::Orientation::Portrait => "portrait",
        pb::Orientation::Unspecified => return Err(invalid("orientation", "must be LANDSCAPE or PORTRAIT")),
    };
    let viewing_distance_m = i32::try_from(request.viewing_distance_m).ok().filter(|metres| (1..=50).contains(metres));
    if !(1..=GROUPS).contains(&request.groups.len()) {
        return Err(invalid("groups", "must be 1 to 20"));
    }
    let mut groups: Vec<String> = Vec::with_capacity(request.groups.len());
    for group in request.groups {
        values::slug("groups", &group)?;
        if !groups.contains(&group) {
            groups.push(group);
        }
    }
    Ok(Change {
        location,
        orientation: orientation.to_owned(),
        viewing_distance_m: viewing_distance_m
            .ok_or_else(|| invalid("viewing_distance_m", "must be 1 to 50 metres"))?,
        profile: Profile::named(&request.profile)
            .ok_or_else(|| invalid("profile", "is none of those that Display has"))?,
        groups,
    })
}

fn health(request: &pb::HeartbeatRequest) -> Result<Health, InvalidField> {
    for (field, pixels) in [("width", request.width), ("height", request.height)] {
        if pixels > PIXELS {
            return Err(invalid(field, "is more than 16384 pixels"));
        }
    }
    if request.available_bytes > request.total_bytes {
        return Err(invalid("available_bytes", "is more than total_bytes"));
    }
    let time_zone = values::text("time_zone", &request.time_zone, NAME)?;
    if !time_zone.is_empty() && time_zone.parse::<Tz>().is_err() {
        return Err(invalid("time_zone", "is no IANA name such as Europe/Berlin"));
    }
    let device_time = values::time("device_time", request.device_time)?;
    Ok(Health {
        width: request.width,
        height: request.height,
        available_bytes: request.available_bytes,
        total_bytes: request.total_bytes,
        time_zone,
        player: values::text("player", &request.player, NAME)?,
        skew_millis: (device_time - wall_now()).num_milliseconds(),
        shown_revision: request.shown_revision,
        last_command_success: request.last_command_success,
        dark: request.dark,
        device_name: values::text("device_name", &request.device_name, NAME)?,
        lan_address: address(&request.lan_address)?,
        status: values::text("status", &request.status, WORDS)?,
        alarm: request.alarm,
    })
}

/// An address of a network; empty: the device does not say.
fn address(said: &str) -> Result<String, InvalidField> {
    let address: Option<IpAddr> = said.parse().ok();
    match address {
        None if said.is_empty() => Ok(String::new()),
        None => Err(invalid("lan_address", "is no address such as 10.0.7.21")),
        Some(address) => Ok(address.to_canonical().to_string()),
    }
}

fn faults(sent: Vec<pb::Fault>, now: DateTime<Utc>) -> Result<Vec<Fault>, InvalidField> {
    if sent.len() > FAULTS {
        return Err(invalid("faults", "are more than 20; send the gravest"));
    }
    let mut faults: Vec<Fault> = Vec::with_capacity(sent.len());
    for fault in sent {
        let code = values::slug("faults.code", &fault.code)?.to_owned();
        if faults.iter().any(|other| other.code == code) {
            return Err(invalid("faults.code", format!("\"{code}\" is there twice; send it once")));
        }
        let incident_at = values::time("faults.incident_at", fault.incident_at)?;
        if incident_at > now + AHEAD {
            return Err(invalid("faults.incident_at", "is in the future; set the device's clock"));
        }
        let reason = values::text("faults.reason", &fault.reason, WORDS)?;
        let subject = values::text("faults.subject", &fault.subject, SUBJECT)?;
        faults.push(Fault { code, incident_at, reason, subject, over_at: None });
    }
    Ok(faults)
}

fn plays(sent: Vec<pb::Play>, now: DateTime<Utc>) -> Result<Vec<Play>, InvalidField> {
    if sent.is_empty() || sent.len() > PLAYS {
        return Err(invalid("plays", "must be 1 to 500; send the rest in another call"));
    }
    sent.into_iter()
        .map(|play| {
            let started_at = values::time("plays.started_at", play.started_at)?;
            if started_at > now + AHEAD || started_at < now - OFFLINE {
                return Err(invalid("plays.started_at", "is in the future, or more than 30 days ago"));
            }
            let subject = values::text("plays.subject", &play.subject, SUBJECT)?;
            if subject.is_empty() {
                return Err(invalid("plays.subject", "is missing; say what was shown"));
            }
            let seconds = i32::try_from(play.seconds).ok().filter(|seconds| (1..=86_400).contains(seconds));
            Ok(Play {
                play_id: values::slug("plays.play_id", &play.play_id)?.to_owned(),
                subject,
                started_at: from_timestamp(Some(timestamp(started_at))),
                seconds: seconds.ok_or_else(|| invalid("plays.seconds", "must be 1 to 86400"))?,
                revision: i64::try_from(play.revision).map_err(|_| invalid("plays.revision", "is no revision"))?,
            })
        })
        .collect()
}

/// A day of the house: from midnight to midnight.
fn day(field: &'static str, text: &str) -> Result<(DateTime<Utc>, DateTime<Utc>), InvalidField> {
    let wrong = || invalid(field, "is no day such as 2026-11-28");
    let day: NaiveDate = text.parse().map_err(|_| wrong())?;
    Ok((midnight(day), midnight(day.succ_opt().ok_or_else(wrong)?)))
}
