//! The gRPC face of parking: reads and checks what was sent, calls commands, answers. No decisions.

pub(crate) mod connections;
pub(crate) mod gates;
pub(crate) mod occupancy;

use std::pin::Pin;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Europe::Berlin;
use futures::Stream;
use kernel::{
    Access, Batch, Caller, Combiner, Context, Db, EndedDevices, Live, Role, Tx, Who,
    combine::Keyed,
    db::{Repeat, request_hash},
    identity::Keys,
    ticket_code::{self, Kind, NotOurs},
    token,
    values::{self, InvalidField, Text, invalid, timestamp},
};
use sky_proto::parking::v1::{self as pb, parking_server::Parking};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::{
    commands::{
        self, Wish, closures,
        holding::Counter,
        lanes::{self, Seen},
        plates::Noted,
    },
    domain::{
        BayClass, Channel, LONGEST_STAY, Right, RightState, SiteState, Window,
        lanes::{Credential, Direction},
        plates,
    },
    error::Error,
    events, store,
};

/// Everybody who may look at the site: it is public.
const PUBLIC: &[Who] = &[
    Who::Visitor,
    Who::Staff(Role::Desk),
    Who::Staff(Role::Operator),
    Who::Staff(Role::Kitchen),
    Who::Staff(Role::Attendant),
    Who::Device("display"),
    Who::AnyService,
];
const JOURNEY: &[Who] = &[Who::Service("journey")];

/// Who may call what.
pub(crate) const ACCESS: Access = Access {
    service: "sky.parking.v1.Parking",
    methods: &[
        ("GetSite", PUBLIC),
        ("WatchSite", PUBLIC),
        ("HoldBay", JOURNEY),
        ("ExtendHold", JOURNEY),
        ("ReleaseBay", JOURNEY),
        ("GetRight", &[Who::Service("journey"), Who::Staff(Role::Attendant), Who::Staff(Role::Desk), Who::Visitor]),
        ("ListRights", &[Who::Staff(Role::Attendant), Who::Staff(Role::Desk), Who::Staff(Role::Operator)]),
        ("RecordLane", &[Who::Device("lane"), Who::Staff(Role::Attendant)]),
        ("SetSiteState", &[Who::Staff(Role::Attendant), Who::Staff(Role::Operator)]),
        ("PreviewSiteState", &[Who::Staff(Role::Attendant), Who::Staff(Role::Operator)]),
        ("UndoSiteState", &[Who::Staff(Role::Attendant), Who::Staff(Role::Operator)]),
        ("TakeLeftBay", &[Who::Visitor, Who::Staff(Role::Attendant), Who::Staff(Role::Desk)]),
        ("SetPlate", &[Who::Visitor, Who::Staff(Role::Attendant), Who::Staff(Role::Desk)]),
        ("IssueDeviceToken", &[Who::Staff(Role::Operator)]),
    ],
};

/// The longest hold, and what it may be extended to, from now. A quarter of an hour to pay, the two minutes that journey
/// holds longer, and one for the way here.
const LONGEST_HOLD: TimeDelta = TimeDelta::minutes(18);
const LONGEST_EXTENSION: TimeDelta = TimeDelta::minutes(31);
const LONGEST_CLOSURE: TimeDelta = TimeDelta::days(31);
const LONGEST_LIST: TimeDelta = TimeDelta::days(31);
/// A signed code has about 170 characters.
const LONGEST_CODE: usize = 400;
const LONGEST_PLATE: usize = 20;

/// The server.
#[derive(Debug)]
pub(crate) struct ParkingGrpc {
    db: Db,
    keys: Keys,
    site: Live<pb::Site>,
    devices: EndedDevices,
    counter: Combiner<Asked, pb::Right, Error>,
}

/// So many wishes may wait; whoever comes then is told at once to come again.
const MAY_WAIT: usize = 8192;
/// Most that are decided while their classes are locked once.
const TOGETHER: usize = 64;
/// Under this name first answers are kept.
const HOLD_BAY: &str = "HoldBay";
const RECORD_LANE: &str = "RecordLane";

impl ParkingGrpc {
    pub(crate) fn new(context: &Context, site: Live<pb::Site>, devices: EndedDevices) -> Self {
        let counter = Combiner::start(context, MAY_WAIT, TOGETHER, |tx, asked| Box::pin(hold(tx, asked)));
        Self { db: context.db.clone(), keys: context.keys.clone(), site, devices, counter }
    }
}

/// The site with its revision, for the live stream and for `GetSite`.
pub(crate) async fn load_site(db: &Db) -> Result<(u64, pb::Site), Error> {
    let now = db.clock().now();
    let mut conn = db.pool().acquire().await?;
    let site = store::site(&mut conn, now).await?;
    Ok((site.revision, events::site(&site, now)))
}

fn bay_class(value: i32) -> Result<BayClass, InvalidField> {
    match values::choice("bay_class", value)? {
        pb::BayClass::Standard => Ok(BayClass::Standard),
        pb::BayClass::Accessible => Ok(BayClass::Accessible),
        pb::BayClass::Coach => Ok(BayClass::Coach),
        pb::BayClass::Ev => Ok(BayClass::Ev),
        pb::BayClass::Family => Ok(BayClass::Family),
        pb::BayClass::Bicycle => Ok(BayClass::Bicycle),
        pb::BayClass::Unspecified => Err(invalid("bay_class", "is missing")),
    }
}

fn site_state(value: i32) -> Result<SiteState, InvalidField> {
    match values::choice("state", value)? {
        pb::SiteState::Open => Ok(SiteState::Open),
        pb::SiteState::Closed => Ok(SiteState::Closed),
        pb::SiteState::Unreachable => Ok(SiteState::Unreachable),
        pb::SiteState::Unknown => Ok(SiteState::Unknown),
        pb::SiteState::Unspecified => Err(invalid("state", "is missing")),
    }
}

/// Until when the site is closed; None: until further notice.
fn closed_until(
    state: SiteState,
    until: Option<prost_types::Timestamp>,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, InvalidField> {
    if until.is_none() {
        return Ok(None);
    }
    let until = values::time("until", until)?;
    if state.sells() {
        return Err(invalid("until", "is for CLOSED and UNREACHABLE alone"));
    }
    if until <= now || until > now + LONGEST_CLOSURE {
        return Err(invalid("until", "must be in the future, within 31 days"));
    }
    Ok(Some(until))
}

/// Who does not say it asks online, as in former times.
fn channel(value: i32) -> Result<Channel, InvalidField> {
    match value {
        0 => Ok(Channel::Online),
        _ => match values::choice("channel", value)? {
            pb::Channel::Desk => Ok(Channel::Desk),
            pb::Channel::Online | pb::Channel::Unspecified => Ok(Channel::Online),
            pb::Channel::Partner => Err(invalid("channel", "must be online or desk; partners assign rights over APDS")),
        },
    }
}

fn direction(value: i32) -> Result<Direction, InvalidField> {
    match values::choice("direction", value)? {
        pb::Direction::In => Ok(Direction::In),
        pb::Direction::Out => Ok(Direction::Out),
        pb::Direction::Unspecified => Err(invalid("direction", "is missing")),
    }
}

fn wish(request: &pb::HoldBayRequest, now: DateTime<Utc>) -> Result<Wish, InvalidField> {
    let window = Window { from: values::time("from", request.from)?, until: values::time("until", request.until)? };
    if window.until <= window.from {
        return Err(invalid("until", "must be later than `from`"));
    }
    if window.until - window.from > LONGEST_STAY {
        return Err(invalid("until", "is more than 24 hours after `from`"));
    }
    if window.until <= now {
        return Err(invalid("until", "is in the past"));
    }
    Ok(Wish {
        visit: values::id("visit_id", &request.visit_id)?,
        showing: values::id("showing_id", &request.showing_id)?,
        class: bay_class(request.bay_class)?,
        window,
        channel: channel(request.channel)?,
        expires_at: values::hold_end(request.expires_at, LONGEST_HOLD, now)?,
    })
}

impl ParkingGrpc {
    fn credential(&self, request: &pb::RecordLaneRequest, direction: Direction) -> Result<Credential, InvalidField> {
        let class = match (request.bay_class, direction) {
            (0, _) => None,
            (class, Direction::In) => Some(bay_class(class)?),
            // An exit opens in any case; only an entry must know whose bays it fills.
            (class, Direction::Out) => bay_class(class).ok(),
        };
        match shown(&self.keys, &request.code) {
            Some(credential) => Ok(credential),
            None if class.is_none() && direction == Direction::In => Err(invalid("bay_class", "is missing")),
            None => Ok(Credential::Anonymous(class)),
        }
    }
}

/// What somebody has shown or typed; None: nothing. What nobody can read is not refused: its car stands there all the same.
fn shown(keys: &Keys, text: &str) -> Option<Credential> {
    let Ok(code) = values::text("code", text, LONGEST_CODE) else { return Some(Credential::Unknown) };
    if code.is_empty() {
        return None;
    }
    if let Some(reference) = ticket_code::read_reference(&code) {
        return Some(Credential::Reference(reference));
    }
    Some(match keys.read_code(&code) {
        Ok(code) => match code.kind {
            Kind::Visit => Credential::Visit(code.id, code.generation),
            Kind::Ticket => Credential::Ticket(code.id, code.generation),
        },
        Err(NotOurs::Malformed) => Credential::Unknown,
        Err(NotOurs::Forged) => Credential::Forged,
    })
}

/// A wish for a bay that waits at the counter.
#[derive(Clone, Debug)]
struct Asked {
    key: Uuid,
    class: BayClass,
    request: pb::HoldBayRequest,
}

impl Keyed for Asked {
    fn batch_key(&self) -> Uuid {
        self.key
    }
}

/// Holds bays for all who wait: their classes are locked once, and what they need is read and written once.
async fn hold(tx: &mut Tx, asked: &[Asked]) -> Result<Vec<Result<pb::Right, Error>>, Error> {
    commands::lock_classes(tx, asked.iter().map(|it| it.class)).await?;
    let now = tx.now();
    let mut batch = Batch::open(tx, HOLD_BAY, asked.iter().map(|it| (it.key, &it.request))).await?;
    let wishes: Vec<_> = batch.new_ones().map(|(place, request)| (place, wish(request, now))).collect();
    let good: Vec<_> = wishes.iter().flat_map(|(_, wish)| wish).collect();
    let mut counter = Counter::open(tx, &good).await?;
    for (place, wish) in &wishes {
        let answer = match wish {
            Ok(wish) => counter.hold(tx, wish).await.map(|right| events::right(&right)),
            Err(invalid) => Err(invalid.clone().into()),
        };
        batch.answer(*place, answer)?;
    }
    counter.close(tx).await?;
    batch.close(tx).await
}

#[tonic::async_trait]
impl Parking for ParkingGrpc {
    type WatchSiteStream = Pin<Box<dyn Stream<Item = Result<pb::Site, Status>> + Send>>;

    async fn get_site(&self, _: Request<pb::GetSiteRequest>) -> Result<Response<pb::Site>, Status> {
        Ok(Response::new(load_site(&self.db).await?.1))
    }

    async fn watch_site(
        &self,
        request: Request<pb::WatchSiteRequest>,
    ) -> Result<Response<Self::WatchSiteStream>, Status> {
        let after = request.into_inner().after_revision;
        let stream = self.site.watch(commands::SITE_TOPIC, after).await?;
        Ok(Response::new(Box::pin(stream)))
    }

    async fn hold_bay(&self, request: Request<pb::HoldBayRequest>) -> Result<Response<pb::Right>, Status> {
        let request = request.into_inner();
        let key = values::id("idempotency_key", &request.idempotency_key)?;
        let class = bay_class(request.bay_class)?;
        Ok(Response::new(self.counter.run(Asked { key, class, request }).await?))
    }

    async fn extend_hold(&self, request: Request<pb::ExtendHoldRequest>) -> Result<Response<pb::Right>, Status> {
        let request = request.into_inner();
        let visit = values::id("visit_id", &request.visit_id)?;
        let now = self.db.clock().now();
        let expires_at = values::hold_end(request.expires_at, LONGEST_EXTENSION, now)?;
        let right = self.db.transact(move |tx| Box::pin(commands::extend(tx, visit, expires_at))).await?;
        Ok(Response::new(events::right(&right)))
    }

    async fn release_bay(
        &self,
        request: Request<pb::ReleaseBayRequest>,
    ) -> Result<Response<pb::ReleaseBayResponse>, Status> {
        let visit = values::id("visit_id", &request.into_inner().visit_id)?;
        self.db.transact(move |tx| Box::pin(commands::release(tx, visit))).await?;
        Ok(Response::new(pb::ReleaseBayResponse {}))
    }

    async fn get_right(&self, request: Request<pb::GetRightRequest>) -> Result<Response<pb::Right>, Status> {
        let caller = Caller::of(&request);
        let visit = values::id("visit_id", &request.into_inner().visit_id)?;
        caller.may_see_visit(visit)?;
        Ok(Response::new(self.told(visit).await?))
    }

    async fn set_plate(&self, request: Request<pb::SetPlateRequest>) -> Result<Response<pb::Right>, Status> {
        let caller = Caller::of(&request);
        let request = request.into_inner();
        let visit = values::id("visit_id", &request.visit_id)?;
        caller.may_see_visit(visit)?;
        let text = values::text("plate", &request.plate, LONGEST_PLATE)?;
        let noted = if text.is_empty() {
            None
        } else {
            let plate = plates::normalise(&text)
                .ok_or_else(|| invalid("plate", "is no licence plate; letters and digits, such as HAL-AB 123"))?;
            let day = self.right(visit).await?.window.from.with_timezone(&Berlin).date_naive();
            Some(Noted::of(&self.keys, &plate, day))
        };
        self.db.transact(move |tx| Box::pin(commands::plates::set_plate(tx, visit, noted))).await?;
        Ok(Response::new(self.told(visit).await?))
    }

    async fn issue_device_token(
        &self,
        request: Request<pb::IssueDeviceTokenRequest>,
    ) -> Result<Response<pb::IssueDeviceTokenResponse>, Status> {
        let by = Caller::of(&request).for_the_record();
        let device = values::slug("device_id", &request.get_ref().device_id)?.to_owned();
        let token = token::new();
        let hash = token::hash(&token);
        self.db
            .transact(move |tx| {
                let (device, hash, by) = (device.clone(), hash.clone(), by.clone());
                Box::pin(async move { commands::connections::issue(tx, &device, &hash, &by).await })
            })
            .await?;
        Ok(Response::new(pb::IssueDeviceTokenResponse { token }))
    }

    async fn list_rights(
        &self,
        request: Request<pb::ListRightsRequest>,
    ) -> Result<Response<pb::ListRightsResponse>, Status> {
        let request = request.into_inner();
        let span = Window { from: values::time("from", request.from)?, until: values::time("until", request.until)? };
        if span.until <= span.from || span.until - span.from > LONGEST_LIST {
            return Err(invalid("until", "must be later than `from`, by at most 31 days").into());
        }
        let rights = self.rights(span).await?;
        Ok(Response::new(pb::ListRightsResponse { rights: rights.iter().map(events::right).collect() }))
    }

    async fn record_lane(
        &self,
        request: Request<pb::RecordLaneRequest>,
    ) -> Result<Response<pb::RecordLaneResponse>, Status> {
        let caller = self.devices.hear(&request).await?;
        let request = request.into_inner();
        let direction = direction(request.direction)?;
        let by_controller = matches!(&caller, Caller::Device { .. });
        let lane = if by_controller {
            gates::own_lane(&caller, &request.lane)?
        } else {
            values::slug("lane", &request.lane)?.to_owned()
        };
        let mut seen = Seen {
            key: values::id("idempotency_key", &request.idempotency_key)?,
            by_controller,
            lane,
            direction,
            credential: self.credential(&request, direction)?,
        };
        let answer = self
            .db
            .transact(move |tx| {
                Box::pin(async move {
                    commands::lock_site(tx).await?;
                    let first = match tx.first_answer(RECORD_LANE, seen.key, &request).await {
                        // Never a trapped car.
                        Err(Repeat::KeyReused) if direction == Direction::Out => {
                            seen.key = lanes::key_for_another(tx, &seen, &request_hash(&request)).await?;
                            tx.first_answer(RECORD_LANE, seen.key, &request).await?
                        }
                        first => first?,
                    };
                    if let Some(first) = first {
                        return Ok(first);
                    }
                    let key = seen.key;
                    let answer = lanes::record_lane(tx, seen).await?;
                    let answer = pb::RecordLaneResponse {
                        verdict: events::verdict(answer.verdict).into(),
                        message: Some(answer.message.to_proto()),
                        right: answer.right.as_ref().map(events::right),
                        command_id: answer.command.as_ref().map(|it| it.id.to_string()).unwrap_or_default(),
                        command_expires_at: answer.command.as_ref().map(|it| timestamp(it.expires_at)),
                    };
                    tx.remember(RECORD_LANE, key, &request, &answer).await?;
                    Ok::<_, Error>(answer)
                })
            })
            .await?;
        Ok(Response::new(answer))
    }

    async fn set_site_state(&self, request: Request<pb::SetSiteStateRequest>) -> Result<Response<pb::Site>, Status> {
        let by = Caller::of(&request).for_the_record();
        let request = request.into_inner();
        let state = site_state(request.state)?;
        // Visitors must be told why they cannot come.
        let reason = Text::checked("reason", request.reason, 200, !state.sells())?;
        let now = self.db.clock().now();
        let until = closed_until(state, request.until, now)?;
        let site = self
            .db
            .transact(move |tx| Box::pin(async move { closures::set_site_state(tx, state, reason, until, &by).await }))
            .await?;
        Ok(Response::new(events::site(&site, now)))
    }

    async fn preview_site_state(
        &self,
        request: Request<pb::PreviewSiteStateRequest>,
    ) -> Result<Response<pb::SiteStatePreview>, Status> {
        let request = request.into_inner();
        let state = site_state(request.state)?;
        let now = self.db.clock().now();
        let until = closed_until(state, request.until, now)?;
        if state.sells() {
            return Ok(Response::new(pb::SiteStatePreview::default()));
        }
        let mut conn = self.db.pool().acquire().await.map_err(Error::from)?;
        Ok(Response::new(events::preview(&closures::preview(&mut conn, until, now).await?)))
    }

    async fn undo_site_state(&self, request: Request<pb::UndoSiteStateRequest>) -> Result<Response<pb::Site>, Status> {
        let closure = values::id("closure_id", &request.into_inner().closure_id)?;
        let site = self.db.transact(move |tx| Box::pin(closures::undo(tx, closure))).await?;
        Ok(Response::new(events::site(&site, self.db.clock().now())))
    }

    async fn take_left_bay(&self, request: Request<pb::TakeLeftBayRequest>) -> Result<Response<pb::Right>, Status> {
        let caller = Caller::of(&request);
        let request = request.into_inner();
        let visit = values::id("visit_id", &request.visit_id)?;
        caller.may_see_visit(visit)?;
        let class = bay_class(request.bay_class)?;
        let right = self.db.transact(move |tx| Box::pin(closures::take_left_bay(tx, visit, class))).await?;
        Ok(Response::new(events::right(&right)))
    }
}

/// Pure reads.
impl ParkingGrpc {
    async fn right(&self, visit: Uuid) -> Result<Right, Error> {
        let mut conn = self.db.pool().acquire().await?;
        store::right(&mut conn, visit).await?.ok_or(Error::NoRight)
    }

    /// A right, and whether a plate is noted for it.
    async fn told(&self, visit: Uuid) -> Result<pb::Right, Error> {
        let right = self.right(visit).await?;
        let mut conn = self.db.pool().acquire().await?;
        let suspension = match right.state {
            RightState::Suspended => Some(events::suspension(&store::site(&mut conn, self.db.clock().now()).await?)),
            _ => None,
        };
        let plate_known = store::plates::is_set(&mut conn, visit).await?;
        Ok(pb::Right { plate_known, suspension, ..events::right(&right) })
    }

    async fn rights(&self, span: Window) -> Result<Vec<Right>, Error> {
        let mut conn = self.db.pool().acquire().await?;
        store::rights_touching(&mut conn, span).await
    }
}
