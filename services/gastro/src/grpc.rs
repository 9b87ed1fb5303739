//! The gRPC face of gastro: reads and checks what was sent, calls commands, answers. No decisions.

pub(crate) mod counter_money;
pub(crate) mod kitchen;
pub(crate) mod kitchen_system;
mod ordering;

use std::pin::Pin;

use chrono::{DateTime, Days, TimeDelta, Utc};
use chrono_tz::Europe::Berlin;
use futures::Stream;
use kernel::{
    Access, Batch, Caller, Combiner, Context, Db, Live, Role, Tx, Who,
    combine::Keyed,
    values::{self, InvalidField, day_of, invalid, midnight, timestamp},
};
use sky_proto::gastro::v1::{self as pb, gastro_server::Gastro};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::{
    commands::{self, holding::Counter, kitchen as cooking},
    domain::{Order, OrderState, Station, StationState, free_slots},
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
        ("ListPickups", PUBLIC),
        ("SetStock", KITCHEN),
        ("ListReceipts", &[Who::Visitor, Who::Staff(Role::Desk), Who::Staff(Role::Kitchen)]),
        ("ListUnsignedReceipts", &[Who::Staff(Role::Desk), Who::Staff(Role::Kitchen)]),
        ("HoldOrder", JOURNEY),
        ("ExtendHold", JOURNEY),
        ("ReleaseOrder", JOURNEY),
        ("GetOrder", &[Who::Service("journey"), Who::Staff(Role::Kitchen), Who::Staff(Role::Desk), Who::Visitor]),
        ("MoveOrder", &[Who::Staff(Role::Kitchen), Who::Staff(Role::Desk)]),
        ("WatchKitchen", &[Who::Staff(Role::Kitchen), Who::Staff(Role::Desk), Who::Staff(Role::Operator)]),
        ("SetStationState", KITCHEN),
    ],
};

/// What a hold may be extended to, from now. A minute is left for the way here.
const LONGEST_EXTENSION: TimeDelta = TimeDelta::minutes(31);
/// The longest day, which is the one in October on which the clocks are put back.
const LONGEST_LIST: TimeDelta = TimeDelta::hours(25);

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
const TOGETHER: usize = 64;
/// Under this name first answers are kept.
const HOLD_ORDER: &str = "HoldOrder";

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
    let orders = store::board(&mut conn, day_of(db.clock().now())).await?;
    let beside = store::kitchen::beside(&mut conn, &orders).await?;
    let stations = store::stations(&mut conn).await?;
    let stuck = store::letters::stuck(&mut conn).await?;
    let waiting = store::given_back::waiting(&mut conn).await?;
    let whole = |order: &Order| events::kitchen::whole_order(order, beside.get(&order.id));
    let board = pb::KitchenBoard {
        revision,
        orders: orders.iter().map(whole).collect(),
        stations: stations.iter().map(events::station).collect(),
        observed_at: Some(timestamp(db.clock().now())),
        stuck_messages: stuck,
        give_backs: u32::try_from(waiting.len()).unwrap_or(u32::MAX),
    };
    Ok((revision, board))
}

/// Longer than this nobody waits: then it is a pause.
const LONGEST_DELAY: u32 = 120;

/// A station's state with its delay.
fn station_state(value: i32, delay_minutes: u32) -> Result<(StationState, TimeDelta), InvalidField> {
    let state = match values::choice("state", value)? {
        pb::StationState::Open => StationState::Open,
        pb::StationState::Busy => StationState::Busy,
        pb::StationState::Paused => StationState::Paused,
        pb::StationState::Closed => StationState::Closed,
        pb::StationState::Unspecified => return Err(invalid("state", "is missing")),
    };
    match (state, delay_minutes) {
        (StationState::Busy, 1..=LONGEST_DELAY) => {}
        (StationState::Busy, _) => {
            return Err(invalid(
                "delay_minutes",
                format!("must be 1 to {LONGEST_DELAY} for BUSY; or pause the station"),
            ));
        }
        (_, 0) => {}
        _ => return Err(invalid("delay_minutes", "is for BUSY only")),
    }
    Ok((state, TimeDelta::minutes(delay_minutes.into())))
}

/// Whether somebody works in the kitchen; the desk only hands out what is ready.
fn cooks(caller: &Caller) -> bool {
    match caller {
        Caller::Staff { roles, .. } => roles.iter().any(|role| matches!(role, Role::Kitchen | Role::Admin)),
        _ => true,
    }
}

/// A state that the kitchen may ask for.
fn step(value: i32) -> Result<OrderState, InvalidField> {
    match values::choice("to", value)? {
        pb::OrderState::Preparing => Ok(OrderState::Preparing),
        pb::OrderState::Ready => Ok(OrderState::Ready),
        pb::OrderState::Collected => Ok(OrderState::Collected),
        pb::OrderState::Recalled => Ok(OrderState::Recalled),
        pb::OrderState::Unspecified
        | pb::OrderState::Held
        | pb::OrderState::Scheduled
        | pb::OrderState::Fired
        | pb::OrderState::Expired
        | pb::OrderState::Cancelled
        | pb::OrderState::Rejected => Err(invalid("to", "must be PREPARING, READY, COLLECTED or RECALLED")),
    }
}

/// A wish for a meal that waits at the counter.
#[derive(Clone, Debug)]
struct Asked {
    key: Uuid,
    request: pb::HoldOrderRequest,
    /// Without what the party cannot eat. This is what is hashed to recognise a repeat, and the hash stays in the table of
    /// first answers long after the health data are erased: of fourteen allergens there are so few sets that whoever
    /// reads it could try them all. A salt beside it would not help. Whoever changes nothing but that sends a new key.
    kept: pb::HoldOrderRequest,
}

impl Asked {
    fn new(key: Uuid, request: pb::HoldOrderRequest) -> Self {
        let kept = pb::HoldOrderRequest { avoid_allergens: Vec::new(), ..request.clone() };
        Self { key, request, kept }
    }
}

impl Keyed for Asked {
    fn batch_key(&self) -> Uuid {
        self.key
    }
}

/// Holds meals for all who wait: the kitchen is locked once, and what they need is read and written once.
async fn hold(tx: &mut Tx, asked: &[Asked]) -> Result<Vec<Result<pb::Order, Error>>, Error> {
    commands::lock_kitchen(tx).await?;
    cooking::end_holds(tx).await?;
    let now = tx.now();
    let mut batch = Batch::open(tx, HOLD_ORDER, asked.iter().map(|it| (it.key, &it.kept))).await?;
    let wishes: Vec<_> = batch
        .new_ones()
        .filter_map(|(place, _)| Some((place, ordering::wish(&asked.get(place)?.request, now))))
        .collect();
    let good: Vec<_> = wishes.iter().flat_map(|(_, wish)| wish).collect();
    let mut counter = Counter::open(tx, &good).await?;
    for (place, wish) in &wishes {
        let answer = match wish {
            Ok(wish) => counter.hold(tx, wish).await.map(|order| events::order(&order)),
            Err(invalid) => Err(invalid.clone().into()),
        };
        batch.answer(*place, answer)?;
    }
    counter.close(tx).await?;
    batch.close(tx).await
}

#[tonic::async_trait]
impl Gastro for GastroGrpc {
    type WatchKitchenStream = Pin<Box<dyn Stream<Item = Result<pb::KitchenBoard, Status>> + Send>>;

    async fn get_menu(&self, request: Request<pb::GetMenuRequest>) -> Result<Response<pb::Menu>, Status> {
        let at = request.into_inner().at.map(|at| values::time("at", Some(at))).transpose()?;
        let at = at.unwrap_or_else(|| self.db.clock().now()).with_timezone(&Berlin).naive_local();
        let mut conn = self.db.pool().acquire().await.map_err(Error::from)?;
        let menu = store::menu::of_day(&mut conn, at.date()).await?;
        let rules = store::ordering::rules(&mut conn).await?;
        let group_lunch = rules.as_ref().and_then(events::group_lunch);
        Ok(Response::new(pb::Menu { group_lunch, ..events::menu(&menu, at.time()) }))
    }

    async fn list_pickups(
        &self,
        request: Request<pb::ListPickupsRequest>,
    ) -> Result<Response<pb::ListPickupsResponse>, Status> {
        let request = request.into_inner();
        let showing = values::id("showing_id", &request.showing_id)?;
        let times = ordering::showing_times(request.showing_starts_at, request.showing_ends_at)?;
        let now = self.db.clock().now();
        let mut conn = self.db.pool().acquire().await.map_err(Error::from)?;
        let offers = commands::offers::around(&mut conn, showing, times, now).await?;
        Ok(Response::new(pb::ListPickupsResponse { offers: offers.into_iter().map(events::pickup_offer).collect() }))
    }

    async fn set_stock(&self, request: Request<pb::SetStockRequest>) -> Result<Response<pb::MenuItem>, Status> {
        let request = request.into_inner();
        let item = values::slug("item_id", &request.item_id)?.to_owned();
        let at = request.at.map(|at| values::time("at", Some(at))).transpose()?;
        let at = at.unwrap_or_else(|| self.db.clock().now());
        let left = ordering::portions_left(request.portions_left)?;
        let sold_out = request.sold_out;
        let item = self
            .db
            .transact(move |tx| {
                let item = item.clone();
                Box::pin(async move { commands::stock::set(tx, &item, at, sold_out, left).await })
            })
            .await?;
        let told = events::menu_item(&item, at.with_timezone(&Berlin).time());
        Ok(Response::new(told.ok_or_else(|| Error::NoPrice(item.id.clone()))?))
    }

    async fn list_receipts(
        &self,
        request: Request<pb::ListReceiptsRequest>,
    ) -> Result<Response<pb::ListReceiptsResponse>, Status> {
        let caller = Caller::of(&request);
        let visit = values::id("visit_id", &request.into_inner().visit_id)?;
        caller.may_see_visit(visit)?;
        let mut conn = self.db.pool().acquire().await.map_err(Error::from)?;
        let receipts = store::receipts::of_visit(&mut conn, visit).await?;
        let receipts = receipts.iter().map(events::receipt).collect();
        Ok(Response::new(pb::ListReceiptsResponse { receipts, orders: Vec::new() }))
    }

    async fn list_unsigned_receipts(
        &self,
        _: Request<pb::ListUnsignedReceiptsRequest>,
    ) -> Result<Response<pb::ListReceiptsResponse>, Status> {
        let mut conn = self.db.pool().acquire().await.map_err(Error::from)?;
        let receipts = store::receipts::unsigned(&mut conn).await?;
        let orders = store::tse::unsigned_orders(&mut conn).await?;
        Ok(Response::new(pb::ListReceiptsResponse {
            receipts: receipts.iter().map(events::receipt).collect(),
            orders: orders.iter().map(events::order_record).collect(),
        }))
    }

    async fn list_slots(
        &self,
        request: Request<pb::ListSlotsRequest>,
    ) -> Result<Response<pb::ListSlotsResponse>, Status> {
        let request = request.into_inner();
        let (from, until) = (values::time("from", request.from)?, values::time("until", request.until)?);
        if until <= from || until - from > LONGEST_LIST {
            return Err(invalid("until", "must be later than `from`, by at most 25 hours").into());
        }
        let slots = self.slots(from, until).await?;
        let slots = slots.into_iter().map(|(at, free_seconds)| pb::Slot { at: Some(timestamp(at)), free_seconds });
        Ok(Response::new(pb::ListSlotsResponse { slots: slots.collect() }))
    }

    async fn hold_order(&self, request: Request<pb::HoldOrderRequest>) -> Result<Response<pb::Order>, Status> {
        let request = request.into_inner();
        let key = values::id("idempotency_key", &request.idempotency_key)?;
        Ok(Response::new(self.counter.run(Asked::new(key, request)).await?))
    }

    async fn extend_hold(&self, request: Request<pb::ExtendHoldRequest>) -> Result<Response<pb::Order>, Status> {
        let request = request.into_inner();
        let visit = values::id("visit_id", &request.visit_id)?;
        let expires_at = values::hold_end(request.expires_at, LONGEST_EXTENSION, self.db.clock().now())?;
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
        Ok(Response::new(self.order(visit).await?))
    }

    async fn move_order(&self, request: Request<pb::MoveOrderRequest>) -> Result<Response<pb::Order>, Status> {
        let cooks = cooks(&Caller::of(&request));
        let request = request.into_inner();
        let order = values::id("order_id", &request.order_id)?;
        let to = step(request.to)?;
        if !cooks && !matches!(to, OrderState::Collected | OrderState::Recalled) {
            return Err(invalid("to", "must be COLLECTED or RECALLED at the desk").into());
        }
        let order = self.db.transact(move |tx| Box::pin(cooking::move_order(tx, order, to))).await?;
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
        let (state, delay) = station_state(request.state, request.delay_minutes)?;
        let station = self
            .db
            .transact(move |tx| {
                let id = id.clone();
                Box::pin(async move { cooking::set_station_state(tx, &id, state, delay).await })
            })
            .await?;
        Ok(Response::new(events::station(&station)))
    }
}

/// Pure reads.
impl GastroGrpc {
    async fn order(&self, visit: Uuid) -> Result<pb::Order, Error> {
        let mut conn = self.db.pool().acquire().await?;
        let order = store::order_of_visit(&mut conn, visit).await?.ok_or(Error::NoOrder)?;
        let beside = store::kitchen::beside(&mut conn, std::slice::from_ref(&order)).await?;
        Ok(events::kitchen::whole_order(&order, beside.get(&order.id)))
    }

    /// A kitchen that rests offers nothing today.
    async fn slots(&self, from: DateTime<Utc>, until: DateTime<Utc>) -> Result<Vec<(DateTime<Utc>, u32)>, Error> {
        let mut conn = self.db.pool().acquire().await?;
        let stations = store::stations(&mut conn).await?;
        let hours = store::kitchen::hours(&mut conn).await?;
        let now = self.db.clock().now();
        let tomorrow = midnight(day_of(now) + Days::new(1));
        let mut slots = Vec::new();
        for (from, until) in [(from, until.min(tomorrow)), (from.max(tomorrow), until)] {
            let works = |it: &&Station| it.takes_for(from, now);
            let open: Vec<&str> = stations.iter().filter(works).map(|it| it.id.as_str()).collect();
            if from < until {
                let room = store::slots::room_for_sale(&mut conn, &hours, &open, from, until).await?;
                slots.extend(free_slots(from, until, now, &room));
            }
        }
        Ok(slots)
    }
}
