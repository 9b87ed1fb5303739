//! The gRPC face of the kitchen's own work: reads and checks what was sent, calls commands, answers. No decisions.

use std::pin::Pin;

use chrono::{Days, NaiveDate};
use chrono_tz::Europe::Berlin;
use futures::Stream;
use kernel::{
    Access, Caller, Db, Live, Role, Who, token,
    values::{self, InvalidField, invalid},
};
use sky_proto::gastro::v1::{self as pb, kitchen_server::Kitchen};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::ordering::lines;
use crate::{
    commands::{
        self, affected, kds, moves, screens,
        substitution::{self, Wanted},
        walk_up,
        waste::{self, Stop, Thrown},
    },
    domain::{Order, OrderState, affected::Answer, kitchen::WasteReason, pre_orders},
    error::Error,
    events::{self, kitchen as words},
    store,
};

const KITCHEN: &[Who] = &[Who::Staff(Role::Kitchen)];
/// Who looks after visitors and their orders.
const COUNTER: &[Who] = &[Who::Staff(Role::Kitchen), Who::Staff(Role::Desk)];

/// Who may look at what is to be made.
const LOOK: &[Who] = &[Who::Staff(Role::Kitchen), Who::Staff(Role::Desk), Who::Staff(Role::Operator)];

/// Who may call what.
pub(crate) const ACCESS: Access = Access {
    service: "sky.gastro.v1.Kitchen",
    methods: &[
        ("ListAffected", LOOK),
        ("AnswerOffer", &[Who::Visitor, Who::Staff(Role::Kitchen), Who::Staff(Role::Desk)]),
        ("MoveTicket", KITCHEN),
        ("UndoMove", COUNTER),
        ("CancelFired", KITCHEN),
        ("RecordWaste", KITCHEN),
        ("ListWaste", KITCHEN),
        ("TakeBackWaste", KITCHEN),
        ("ListSubstitutes", KITCHEN),
        ("Substitute", KITCHEN),
        ("PreviewWalkUp", COUNTER),
        ("PlaceWalkUp", COUNTER),
        ("TakeBackWalkUp", COUNTER),
        (
            "WatchPickup",
            &[
                Who::Visitor,
                Who::Device("display"),
                Who::Staff(Role::Kitchen),
                Who::Staff(Role::Desk),
                Who::Staff(Role::Operator),
            ],
        ),
        ("BeatScreen", KITCHEN),
        ("ListTickets", KITCHEN),
        ("PrintTicket", KITCHEN),
        ("ListPreOrders", LOOK),
        ("IssueKdsToken", &[Who::Staff(Role::Operator)]),
    ],
};

/// The server.
#[derive(Debug)]
pub(crate) struct KitchenGrpc {
    pub(crate) db: Db,
    pub(crate) pickup: Live<pb::PickupBoard>,
}

/// The café's board with its revision, which is read first: what changes meanwhile comes again.
pub(crate) async fn load_pickup(db: &Db) -> Result<(u64, pb::PickupBoard), Error> {
    let mut conn = db.pool().acquire().await?;
    let revision = store::revision(&mut conn).await?;
    let numbers = store::kitchen::numbers(&mut conn).await?;
    let stations = store::stations(&mut conn).await?;
    Ok((revision, words::pickup_board(revision, &numbers, &stations, db.clock().now())))
}

/// Who of the staff asks; empty: somebody else.
pub(super) fn account<T>(request: &Request<T>) -> String {
    match Caller::of(request) {
        Caller::Staff { account, .. } => account,
        _ => String::new(),
    }
}

fn reason(value: i32) -> Result<WasteReason, InvalidField> {
    match values::choice("reason", value)? {
        pb::WasteReason::Cancelled => Ok(WasteReason::Cancelled),
        pb::WasteReason::NotCollected => Ok(WasteReason::NotCollected),
        pb::WasteReason::Mistake => Ok(WasteReason::Mistake),
        pb::WasteReason::Dropped => Ok(WasteReason::Dropped),
        pb::WasteReason::Spoiled => Ok(WasteReason::Spoiled),
        pb::WasteReason::Unspecified => Err(invalid("reason", "is missing")),
    }
}

/// Of what a token is for.
const LONGEST_NAME: usize = 60;
/// More than anybody carries out at once.
const MOST_WASTE: u32 = 200;

fn waste_line(line: &pb::WasteLine) -> Result<Thrown, InvalidField> {
    if !(1..=MOST_WASTE).contains(&line.quantity) {
        return Err(invalid("quantity", format!("must be 1 to {MOST_WASTE}")));
    }
    Ok(Thrown {
        item: values::slug("item_id", &line.item_id)?.to_owned(),
        quantity: line.quantity,
        line: line.line.map(|nth| usize::try_from(nth).unwrap_or(usize::MAX)),
    })
}

fn part(value: i32) -> Result<OrderState, InvalidField> {
    match values::choice("to", value)? {
        pb::OrderState::Preparing => Ok(OrderState::Preparing),
        pb::OrderState::Ready => Ok(OrderState::Ready),
        _ => Err(invalid("to", "must be PREPARING or READY")),
    }
}

fn allergens(numbers: &[u32]) -> Result<Vec<u32>, InvalidField> {
    if numbers.len() > 14 || numbers.iter().any(|number| !(1..=14).contains(number)) {
        return Err(invalid("acknowledged_allergens", "must be numbers 1 to 14 of Annex II, each once"));
    }
    Ok(numbers.to_vec())
}

#[tonic::async_trait]
impl Kitchen for KitchenGrpc {
    type WatchPickupStream = Pin<Box<dyn Stream<Item = Result<pb::PickupBoard, Status>> + Send>>;

    async fn list_affected(
        &self,
        _: Request<pb::ListAffectedRequest>,
    ) -> Result<Response<pb::ListAffectedResponse>, Status> {
        let mut conn = self.db.pool().acquire().await.map_err(Error::from)?;
        let ids = store::affected::all(&mut conn).await?;
        let orders = store::orders(&mut conn, &ids).await?;
        let beside = store::kitchen::beside(&mut conn, &orders).await?;
        // One may have been settled since the first look.
        let asked = orders.iter().filter(|order| beside.get(&order.id).is_some_and(|it| it.affected.is_some()));
        let orders = asked.map(|order| words::whole_order(order, beside.get(&order.id))).collect();
        Ok(Response::new(pb::ListAffectedResponse { orders }))
    }

    async fn answer_offer(&self, request: Request<pb::AnswerOfferRequest>) -> Result<Response<pb::Order>, Status> {
        let caller = Caller::of(&request);
        let request = request.into_inner();
        let visit = values::id("visit_id", &request.visit_id)?;
        caller.may_see_visit(visit)?;
        let is_staff = matches!(caller, Caller::Staff { .. });
        let answer = match values::choice("answer", request.answer)? {
            pb::OfferAnswer::Later => Answer::Later,
            pb::OfferAnswer::Refund => Answer::Refund,
            pb::OfferAnswer::Keep if is_staff => Answer::Keep,
            pb::OfferAnswer::AskAgain if is_staff => Answer::AskAgain,
            pb::OfferAnswer::Keep | pb::OfferAnswer::AskAgain | pb::OfferAnswer::Unspecified => {
                return Err(invalid("answer", "must be LATER or REFUND").into());
            }
        };
        let order = self
            .db
            .transact(move |tx| {
                Box::pin(async move {
                    if is_staff {
                        affected::answer_for(tx, visit, answer).await
                    } else {
                        affected::answer_of_visitor(tx, visit, answer).await
                    }
                })
            })
            .await?;
        self.whole(&order).await
    }

    async fn move_ticket(&self, request: Request<pb::MoveTicketRequest>) -> Result<Response<pb::Order>, Status> {
        let request = request.into_inner();
        let order = values::id("order_id", &request.order_id)?;
        let station = values::slug("station_id", &request.station_id)?.to_owned();
        let to = part(request.to)?;
        let order = self
            .db
            .transact(move |tx| {
                let station = station.clone();
                Box::pin(async move { moves::move_ticket(tx, order, &station, to).await })
            })
            .await?;
        self.whole(&order).await
    }

    async fn undo_move(&self, request: Request<pb::UndoMoveRequest>) -> Result<Response<pb::Order>, Status> {
        let hands_out_only = !super::cooks(&Caller::of(&request));
        let order = values::id("order_id", &request.into_inner().order_id)?;
        let order = self.db.transact(move |tx| Box::pin(moves::undo(tx, order, hands_out_only))).await?;
        self.whole(&order).await
    }

    async fn cancel_fired(&self, request: Request<pb::CancelFiredRequest>) -> Result<Response<pb::Order>, Status> {
        let by = account(&request);
        let request = request.into_inner();
        let stop = Stop {
            order: values::id("order_id", &request.order_id)?,
            reason: reason(request.reason)?,
            waste: request.waste.iter().map(waste_line).collect::<Result<_, _>>()?,
            refund: request.refund,
            by,
        };
        let order = self.db.transact(move |tx| Box::pin(waste::stop(tx, stop.clone()))).await?;
        self.whole(&order).await
    }

    async fn record_waste(&self, request: Request<pb::RecordWasteRequest>) -> Result<Response<pb::WasteEntry>, Status> {
        let by = account(&request);
        let request = request.into_inner();
        let key = values::id("idempotency_key", &request.idempotency_key)?;
        let Thrown { item, quantity, line } =
            waste_line(request.line.as_ref().ok_or_else(|| invalid("line", "is missing"))?)?;
        if line.is_some() {
            return Err(invalid("line.line", "is of an order: CancelFired").into());
        }
        let reason = reason(request.reason)?;
        let entry = self
            .db
            .transact(move |tx| {
                let (item, by, request) = (item.clone(), by.clone(), request.clone());
                Box::pin(async move {
                    if let Some(first) = tx.first_answer("RecordWaste", key, &request).await? {
                        return Ok::<_, Error>(first);
                    }
                    let now = tx.now();
                    let entry = words::waste(&waste::record(tx, &item, quantity, reason, by).await?, now);
                    tx.remember("RecordWaste", key, &request, &entry).await?;
                    Ok(entry)
                })
            })
            .await?;
        Ok(Response::new(entry))
    }

    async fn list_waste(
        &self,
        request: Request<pb::ListWasteRequest>,
    ) -> Result<Response<pb::ListWasteResponse>, Status> {
        let day = request.into_inner().day;
        let day = if day.is_empty() { self.today() } else { values_day(&day)? };
        let mut conn = self.db.pool().acquire().await.map_err(Error::from)?;
        let entries = store::waste::of_day(&mut conn, day).await?;
        Ok(Response::new(words::day_of_waste(&entries, self.db.clock().now())))
    }

    async fn take_back_waste(
        &self,
        request: Request<pb::TakeBackWasteRequest>,
    ) -> Result<Response<pb::WasteEntry>, Status> {
        let by = account(&request);
        let id = values::id("waste_id", &request.into_inner().waste_id)?;
        let now = self.db.clock().now();
        let entry = self
            .db
            .transact(move |tx| {
                let by = by.clone();
                Box::pin(async move { waste::take_back(tx, id, &by).await })
            })
            .await?;
        Ok(Response::new(words::waste(&entry, now)))
    }

    async fn list_substitutes(
        &self,
        request: Request<pb::ListSubstitutesRequest>,
    ) -> Result<Response<pb::ListSubstitutesResponse>, Status> {
        let request = request.into_inner();
        let order = values::id("order_id", &request.order_id)?;
        let line = usize::try_from(request.line).unwrap_or(usize::MAX);
        let mut conn = self.db.pool().acquire().await.map_err(Error::from)?;
        let order = store::orders(&mut conn, &[order]).await?.pop().ok_or(Error::NoSuchOrder)?;
        let (replaced, choices) = substitution::choices(&mut conn, &order, line).await?;
        let at = order.pickup_at.with_timezone(&Berlin).time();
        let substitute = |choice: &substitution::Choice| {
            Some(pb::Substitute {
                item: Some(events::menu_item(&choice.item, at)?),
                added_allergens: choice.check.added.clone(),
                declared_conflicts: choice.check.declared.clone(),
                made_as: Some(choice.instead.line.name.to_proto()),
                dropped_changes: choice.instead.dropped.iter().map(kernel::values::Text::to_proto).collect(),
                allergens: choice.instead.line.allergens.clone(),
                traces: choice.instead.line.traces.clone(),
            })
        };
        Ok(Response::new(pb::ListSubstitutesResponse {
            replaced: Some(events::ordered_item(&replaced)),
            substitutes: choices.iter().filter_map(substitute).collect(),
        }))
    }

    async fn substitute(&self, request: Request<pb::SubstituteRequest>) -> Result<Response<pb::Order>, Status> {
        let request = request.into_inner();
        let wanted = Wanted {
            order: values::id("order_id", &request.order_id)?,
            line: usize::try_from(request.line).unwrap_or(usize::MAX),
            item: values::slug("item_id", &request.item_id)?.to_owned(),
            acknowledged: allergens(&request.acknowledged_allergens)?,
        };
        let order = self
            .db
            .transact(move |tx| {
                let wanted = wanted.clone();
                Box::pin(async move { substitution::substitute(tx, &wanted).await })
            })
            .await?;
        self.whole(&order).await
    }

    async fn preview_walk_up(
        &self,
        request: Request<pb::PreviewWalkUpRequest>,
    ) -> Result<Response<pb::PreviewWalkUpResponse>, Status> {
        let lines = lines(&request.into_inner().lines)?;
        let order = self
            .db
            .transact(move |tx| {
                let lines = lines.clone();
                Box::pin(async move { walk_up::preview(tx, &lines).await })
            })
            .await?;
        Ok(Response::new(words::preview(&order)))
    }

    async fn place_walk_up(&self, request: Request<pb::PlaceWalkUpRequest>) -> Result<Response<pb::Order>, Status> {
        let request = request.into_inner();
        let key = values::id("idempotency_key", &request.idempotency_key)?;
        let lines = lines(&request.lines)?;
        let order = self
            .db
            .transact(move |tx| {
                let (lines, request) = (lines.clone(), request.clone());
                Box::pin(async move {
                    commands::lock_kitchen(tx).await?;
                    if let Some(first) = tx.first_answer("PlaceWalkUp", key, &request).await? {
                        return Ok::<_, Error>(first);
                    }
                    let order = words::whole_order(&walk_up::place(tx, &lines).await?, None);
                    tx.remember("PlaceWalkUp", key, &request, &order).await?;
                    Ok(order)
                })
            })
            .await?;
        Ok(Response::new(order))
    }

    async fn take_back_walk_up(
        &self,
        request: Request<pb::TakeBackWalkUpRequest>,
    ) -> Result<Response<pb::Order>, Status> {
        let order = values::id("order_id", &request.into_inner().order_id)?;
        let order = self.db.transact(move |tx| Box::pin(walk_up::take_back(tx, order))).await?;
        self.whole(&order).await
    }

    async fn watch_pickup(
        &self,
        request: Request<pb::WatchPickupRequest>,
    ) -> Result<Response<Self::WatchPickupStream>, Status> {
        let stream = self.pickup.watch(commands::KITCHEN_KEY, request.into_inner().after_revision).await?;
        Ok(Response::new(Box::pin(stream)))
    }

    async fn beat_screen(
        &self,
        request: Request<pb::BeatScreenRequest>,
    ) -> Result<Response<pb::BeatScreenResponse>, Status> {
        let request = request.into_inner();
        let screen = values::slug("screen_id", &request.screen_id)?.to_owned();
        let station = match request.station_id.as_str() {
            "" => None,
            id => Some(values::slug("station_id", id)?.to_owned()),
        };
        self.db
            .transact(move |tx| {
                let (screen, station) = (screen.clone(), station.clone());
                Box::pin(async move { screens::seen(tx, &screen, station.as_deref()).await })
            })
            .await?;
        Ok(Response::new(pb::BeatScreenResponse {}))
    }

    async fn list_tickets(
        &self,
        _: Request<pb::ListTicketsRequest>,
    ) -> Result<Response<pb::ListTicketsResponse>, Status> {
        let mut conn = self.db.pool().acquire().await.map_err(Error::from)?;
        let tickets = store::tickets::unsent(&mut conn).await?;
        let ids: Vec<Uuid> = tickets.iter().map(|ticket| ticket.order).collect();
        let orders = store::orders(&mut conn, &ids).await?;
        let number = |id: Uuid| orders.iter().find(|order| order.id == id).and_then(|order| order.number);
        let tickets = tickets.iter().map(|it| words::ticket(it, number(it.order).unwrap_or_default())).collect();
        Ok(Response::new(pb::ListTicketsResponse { tickets }))
    }

    async fn print_ticket(&self, request: Request<pb::PrintTicketRequest>) -> Result<Response<pb::Ticket>, Status> {
        let id = values::id("ticket_id", &request.into_inner().ticket_id)?;
        let ticket = self.db.transact(move |tx| Box::pin(screens::print_now(tx, id))).await?;
        let mut conn = self.db.pool().acquire().await.map_err(Error::from)?;
        let order = store::orders(&mut conn, &[ticket.order]).await?.pop();
        let number = order.and_then(|order| order.number).unwrap_or_default();
        Ok(Response::new(words::ticket(&ticket, number)))
    }

    async fn list_pre_orders(
        &self,
        request: Request<pb::ListPreOrdersRequest>,
    ) -> Result<Response<pb::ListPreOrdersResponse>, Status> {
        let day = ahead(&request.into_inner().day, self.today())?;
        let mut conn = self.db.pool().acquire().await.map_err(Error::from)?;
        let orders = pre_orders::together(&store::scheduled_for(&mut conn, day).await?);
        Ok(Response::new(events::pre_orders::pre_orders(day, &orders, self.db.clock().now())))
    }

    async fn issue_kds_token(
        &self,
        request: Request<pb::IssueKdsTokenRequest>,
    ) -> Result<Response<pb::IssueKdsTokenResponse>, Status> {
        let by = account(&request);
        let name = values::text("name", &request.get_ref().name, LONGEST_NAME)?;
        let token = token::new();
        let hash = token::hash(&token);
        self.db
            .transact(move |tx| {
                let (hash, name, by) = (hash.clone(), name.clone(), by.clone());
                Box::pin(async move { kds::issue_token(tx, &hash, &name, &by).await })
            })
            .await?;
        Ok(Response::new(pb::IssueKdsTokenResponse { token }))
    }
}

fn values_day(day: &str) -> Result<NaiveDate, InvalidField> {
    NaiveDate::parse_from_str(day, "%Y-%m-%d").map_err(|_| invalid("day", "must be a day such as 2026-11-28"))
}

/// Nobody orders further ahead.
const FURTHEST: Days = Days::new(366);

/// A day on which something may still be made; empty: tomorrow.
fn ahead(day: &str, today: NaiveDate) -> Result<NaiveDate, InvalidField> {
    if day.is_empty() {
        return Ok(today + Days::new(1));
    }
    let day = values_day(day)?;
    if day < today {
        return Err(invalid("day", "is over: nothing is to be made for it any more; ask for today or later"));
    }
    if day > today + FURTHEST {
        return Err(invalid("day", "is more than a year ahead: nobody orders for it yet"));
    }
    Ok(day)
}

impl KitchenGrpc {
    fn today(&self) -> NaiveDate {
        self.db.clock().now().with_timezone(&Berlin).date_naive()
    }

    /// An order as it is after a command, with all that is known besides it.
    async fn whole(&self, order: &Order) -> Result<Response<pb::Order>, Status> {
        let mut conn = self.db.pool().acquire().await.map_err(Error::from)?;
        let beside = store::kitchen::beside(&mut conn, std::slice::from_ref(order)).await?;
        Ok(Response::new(words::whole_order(order, beside.get(&order.id))))
    }
}
