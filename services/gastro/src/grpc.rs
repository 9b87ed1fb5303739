//! The gRPC face of gastro: reads and checks what was sent, calls commands, answers. No decisions.

use std::{collections::HashSet, pin::Pin};

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Europe::Berlin;
use futures::Stream;
use kernel::{
    Access, Caller, Combiner, Context, Db, Live, Role, Tx, Who,
    combine::{Keyed, refused_or_broken},
    values::{self, InvalidField, invalid, timestamp},
};
use sky_proto::gastro::v1::{self as pb, gastro_server::Gastro};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::{
    commands::{self, MealWish, kitchen},
    domain::{Order, OrderState, Pickup, StationState, free_slots},
    error::Error,
    events, store,
};

/// Everybody who may read the menu: it is public.
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
const KITCHEN: &[Who] = &[Who::Staff(Role::Kitchen)];

/// Who may call what.
pub(crate) const ACCESS: Access = Access {
    service: "sky.gastro.v1.Gastro",
    methods: &[
        ("GetMenu", PUBLIC),
        ("ListSlots", PUBLIC),
        ("HoldOrder", JOURNEY),
        ("ExtendHold", JOURNEY),
        ("ReleaseOrder", JOURNEY),
        ("GetOrder", &[Who::Service("journey"), Who::Staff(Role::Kitchen), Who::Staff(Role::Desk), Who::Visitor]),
        ("MoveOrder", KITCHEN),
        ("WatchKitchen", &[Who::Staff(Role::Kitchen), Who::Staff(Role::Desk), Who::Staff(Role::Operator)]),
        ("SetStationState", KITCHEN),
    ],
};

/// The longest hold, and what it may be extended to, from now. A minute is left for the way here.
const LONGEST_HOLD: TimeDelta = TimeDelta::minutes(16);
const LONGEST_EXTENSION: TimeDelta = TimeDelta::minutes(31);
const LONGEST_LIST: TimeDelta = TimeDelta::hours(24);
const LONGEST_SHOWING: TimeDelta = TimeDelta::hours(12);
const MOST_LINES: usize = 30;
const MOST_PIECES: u32 = 60;

/// The server.
#[derive(Debug)]
pub(crate) struct GastroGrpc {
    db: Db,
    board: Live<pb::KitchenBoard>,
    counter: Combiner<Asked, pb::Order, Error>,
}

/// So many wishes may wait; whoever comes then is told at once to come again.
const MAY_WAIT: usize = 8192;
/// Most that are decided while the kitchen is locked once.
const TOGETHER: usize = 32;

impl GastroGrpc {
    pub(crate) fn new(context: &Context, board: Live<pb::KitchenBoard>) -> Self {
        let counter = Combiner::start(context, MAY_WAIT, TOGETHER, |tx, asked| Box::pin(hold(tx, asked)));
        Self { db: context.db.clone(), board, counter }
    }
}

/// The board with its revision. The revision is read first: what changes meanwhile comes again with
/// the next one, and nothing is missed.
pub(crate) async fn load_board(db: &Db) -> Result<(u64, pb::KitchenBoard), Error> {
    let mut conn = db.pool().acquire().await?;
    let revision = store::revision(&mut conn).await?;
    let orders = store::board(&mut conn).await?;
    let stations = store::stations(&mut conn).await?;
    let board = pb::KitchenBoard {
        revision,
        orders: orders.iter().map(events::order).collect(),
        stations: stations.iter().map(events::station).collect(),
        observed_at: Some(timestamp(db.clock().now())),
    };
    Ok((revision, board))
}

fn pickup(value: i32) -> Result<Pickup, InvalidField> {
    match values::choice("pickup", value)? {
        pb::Pickup::BeforeShowing => Ok(Pickup::Before),
        pb::Pickup::AfterShowing => Ok(Pickup::After),
        pb::Pickup::Unspecified => Err(invalid("pickup", "is missing")),
    }
}

fn station_state(value: i32) -> Result<StationState, InvalidField> {
    match values::choice("state", value)? {
        pb::StationState::Open => Ok(StationState::Open),
        pb::StationState::Paused => Ok(StationState::Paused),
        pb::StationState::Closed => Ok(StationState::Closed),
        pb::StationState::Unspecified => Err(invalid("state", "is missing")),
    }
}

/// A state that the kitchen may ask for.
fn step(value: i32) -> Result<OrderState, InvalidField> {
    match values::choice("to", value)? {
        pb::OrderState::Preparing => Ok(OrderState::Preparing),
        pb::OrderState::Ready => Ok(OrderState::Ready),
        pb::OrderState::Collected => Ok(OrderState::Collected),
        pb::OrderState::Unspecified
        | pb::OrderState::Held
        | pb::OrderState::Scheduled
        | pb::OrderState::Fired
        | pb::OrderState::Expired
        | pb::OrderState::Cancelled => Err(invalid("to", "must be PREPARING, READY or COLLECTED")),
    }
}

/// The end of a hold: in the future, and not further than `longest`.
fn expiry(
    at: Option<prost_types::Timestamp>,
    longest: TimeDelta,
    now: DateTime<Utc>,
) -> Result<DateTime<Utc>, InvalidField> {
    let at = values::time("expires_at", at)?;
    if at <= now {
        return Err(invalid("expires_at", "is in the past"));
    }
    if at > now + longest {
        let most = longest.num_minutes();
        return Err(invalid("expires_at", format!("is too far ahead; hold for less than {most} minutes")));
    }
    Ok(at)
}

fn lines(lines: &[pb::OrderLine]) -> Result<Vec<(String, u32)>, InvalidField> {
    if lines.is_empty() {
        return Err(invalid("lines", "is empty; send at least one item"));
    }
    if lines.len() > MOST_LINES {
        return Err(invalid("lines", format!("has more than {MOST_LINES} lines")));
    }
    let mut seen = HashSet::new();
    for line in lines {
        values::slug("item_id", &line.item_id)?;
        if !seen.insert(&line.item_id) {
            let problem = format!("\"{}\" stands there twice; send one line with the quantity", line.item_id);
            return Err(invalid("lines", problem));
        }
        if !(1..=MOST_PIECES).contains(&line.quantity) {
            return Err(invalid("quantity", format!("must be 1 to {MOST_PIECES}")));
        }
    }
    Ok(lines.iter().map(|line| (line.item_id.clone(), line.quantity)).collect())
}

fn wish(request: &pb::HoldOrderRequest, now: DateTime<Utc>) -> Result<MealWish, InvalidField> {
    let pickup = pickup(request.pickup)?;
    let starts_at = values::time("showing_starts_at", request.showing_starts_at)?;
    let ends_at = values::time("showing_ends_at", request.showing_ends_at)?;
    if ends_at <= starts_at || ends_at - starts_at > LONGEST_SHOWING {
        return Err(invalid("showing_ends_at", "must be later than `showing_starts_at`, by at most 12 hours"));
    }
    if pickup == Pickup::Before && starts_at <= now {
        return Err(invalid("showing_starts_at", "is in the past; choose the pickup after the showing"));
    }
    if ends_at <= now {
        return Err(invalid("showing_ends_at", "is in the past"));
    }
    Ok(MealWish {
        visit: values::id("visit_id", &request.visit_id)?,
        showing: values::id("showing_id", &request.showing_id)?,
        starts_at,
        ends_at,
        lines: lines(&request.lines)?,
        pickup,
        expires_at: expiry(request.expires_at, LONGEST_HOLD, now)?,
    })
}

/// A wish for a meal that waits at the counter.
#[derive(Clone, Debug)]
struct Asked {
    key: Uuid,
    request: pb::HoldOrderRequest,
}

impl Keyed for Asked {
    fn batch_key(&self) -> Uuid {
        self.key
    }
}

/// Holds meals for all who wait: the kitchen is locked once for them.
async fn hold(tx: &mut Tx, asked: &[Asked]) -> Result<Vec<Result<pb::Order, Error>>, Error> {
    commands::lock_kitchen(tx).await?;
    commands::kitchen::end_holds(tx).await?;
    let mut answers = Vec::with_capacity(asked.len());
    for it in asked {
        answers.push(refused_or_broken(hold_one(tx, it).await)?);
    }
    Ok(answers)
}

async fn hold_one(tx: &mut Tx, Asked { key, request }: &Asked) -> Result<pb::Order, Error> {
    // Before the checks: a late repeat still gets the first answer.
    if let Some(first) = tx.first_answer("HoldOrder", *key, request).await? {
        return Ok(first);
    }
    let wish = wish(request, tx.now())?;
    let answer = events::order(&commands::hold(tx, wish).await?);
    tx.remember("HoldOrder", *key, request, &answer).await?;
    Ok(answer)
}

#[tonic::async_trait]
impl Gastro for GastroGrpc {
    type WatchKitchenStream = Pin<Box<dyn Stream<Item = Result<pb::KitchenBoard, Status>> + Send>>;

    async fn get_menu(&self, _: Request<pb::GetMenuRequest>) -> Result<Response<pb::Menu>, Status> {
        let today = self.db.clock().now().with_timezone(&Berlin).date_naive();
        let mut conn = self.db.pool().acquire().await.map_err(Error::from)?;
        let items = store::menu::items(&mut conn, today).await?;
        Ok(Response::new(pb::Menu { items: items.iter().filter_map(events::menu_item).collect() }))
    }

    async fn list_slots(
        &self,
        request: Request<pb::ListSlotsRequest>,
    ) -> Result<Response<pb::ListSlotsResponse>, Status> {
        let request = request.into_inner();
        let (from, until) = (values::time("from", request.from)?, values::time("until", request.until)?);
        if until <= from || until - from > LONGEST_LIST {
            return Err(invalid("until", "must be later than `from`, by at most 24 hours").into());
        }
        let slots = self.slots(from, until).await?;
        let slots = slots.into_iter().map(|(at, free_seconds)| pb::Slot { at: Some(timestamp(at)), free_seconds });
        Ok(Response::new(pb::ListSlotsResponse { slots: slots.collect() }))
    }

    async fn hold_order(&self, request: Request<pb::HoldOrderRequest>) -> Result<Response<pb::Order>, Status> {
        let request = request.into_inner();
        let key = values::id("idempotency_key", &request.idempotency_key)?;
        Ok(Response::new(self.counter.run(Asked { key, request }).await?))
    }

    async fn extend_hold(&self, request: Request<pb::ExtendHoldRequest>) -> Result<Response<pb::Order>, Status> {
        let request = request.into_inner();
        let visit = values::id("visit_id", &request.visit_id)?;
        let expires_at = expiry(request.expires_at, LONGEST_EXTENSION, self.db.clock().now())?;
        let order = self.db.transact(move |tx| Box::pin(commands::extend(tx, visit, expires_at))).await?;
        Ok(Response::new(events::order(&order)))
    }

    async fn release_order(
        &self,
        request: Request<pb::ReleaseOrderRequest>,
    ) -> Result<Response<pb::ReleaseOrderResponse>, Status> {
        let visit = values::id("visit_id", &request.into_inner().visit_id)?;
        self.db.transact(move |tx| Box::pin(commands::release(tx, visit))).await?;
        Ok(Response::new(pb::ReleaseOrderResponse {}))
    }

    async fn get_order(&self, request: Request<pb::GetOrderRequest>) -> Result<Response<pb::Order>, Status> {
        let caller = Caller::of(&request);
        let visit = values::id("visit_id", &request.into_inner().visit_id)?;
        caller.may_see_visit(visit)?;
        let order = self.order(visit).await?;
        Ok(Response::new(events::order(&order)))
    }

    async fn move_order(&self, request: Request<pb::MoveOrderRequest>) -> Result<Response<pb::Order>, Status> {
        let request = request.into_inner();
        let order = values::id("order_id", &request.order_id)?;
        let to = step(request.to)?;
        let order = self.db.transact(move |tx| Box::pin(kitchen::move_order(tx, order, to))).await?;
        Ok(Response::new(events::order(&order)))
    }

    async fn watch_kitchen(
        &self,
        request: Request<pb::WatchKitchenRequest>,
    ) -> Result<Response<Self::WatchKitchenStream>, Status> {
        let after = request.into_inner().after_revision;
        let stream = self.board.watch(commands::KITCHEN_KEY, after).await?;
        Ok(Response::new(Box::pin(stream)))
    }

    async fn set_station_state(
        &self,
        request: Request<pb::SetStationStateRequest>,
    ) -> Result<Response<pb::Station>, Status> {
        let request = request.into_inner();
        let id = values::slug("station_id", &request.station_id)?.to_owned();
        let state = station_state(request.state)?;
        let station = self
            .db
            .transact(move |tx| Box::pin(async move { kitchen::set_station_state(tx, &id, state).await }))
            .await?;
        Ok(Response::new(events::station(&station)))
    }
}

/// Pure reads.
impl GastroGrpc {
    async fn order(&self, visit: Uuid) -> Result<Order, Error> {
        let mut conn = self.db.pool().acquire().await?;
        store::order_of_visit(&mut conn, visit).await?.ok_or(Error::NoOrder)
    }

    /// A kitchen that rests offers nothing.
    async fn slots(&self, from: DateTime<Utc>, until: DateTime<Utc>) -> Result<Vec<(DateTime<Utc>, u32)>, Error> {
        let mut conn = self.db.pool().acquire().await?;
        let stations = store::stations(&mut conn).await?;
        let open: Vec<&str> = stations.iter().filter(|it| it.is_open()).map(|it| it.id.as_str()).collect();
        let room = store::slots::room(&mut conn, &open, from, until).await?;
        Ok(free_slots(from, until, self.db.clock().now(), &room))
    }
}
