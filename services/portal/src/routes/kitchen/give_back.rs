//! What the counter gives back of its own till: what is still owed, noted with one touch when it was handed over, and taken
//! back for a while.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    response::Response,
};
use chrono::DateTime;
use kernel::{
    Caller,
    values::{from_timestamp, timestamp},
};
use prost_types::Timestamp;
use sky_proto::{
    gastro::v1::{ListGiveBacksRequest, NoteGivenBackRequest, Order, OrderState, TakeBackGivenBackRequest},
    kernel::v1::Money,
};
use uuid::Uuid;

use super::{
    super::desk_actions::outcome,
    counter::{HERE, MAY_ORDER},
};
use crate::{
    edge::{Edge, answer},
    fields::Fields,
    problem::Problem,
    session::{Guest, Notice},
    words::Words,
};

/// An order of which money goes back, or has just gone back.
pub(super) struct GiveBack {
    pub(super) id: String,
    pub(super) key: String,
    pub(super) number: u32,
    pub(super) pickup: String,
    pub(super) cancelled: bool,
    /// Still owed; empty: nothing.
    pub(super) amount: String,
    pub(super) cents: i64,
    pub(super) history: Vec<String>,
    /// When that was noted which can be taken back, as a form sends it; empty: nothing can be.
    pub(super) undo: String,
}

/// What was given back of an order, the oldest first; also what was noted by mistake.
pub(super) fn history(w: &Words, order: &Order) -> Vec<String> {
    let line = |at: &Option<Timestamp>, by: &str, key: &str, amount: &str| {
        format!("{} · {} · {by}", w.with(key, "money", amount), w.day_and_time(at))
    };
    let lines = order.given_back.iter().flat_map(|it| {
        let amount = w.money(&it.amount);
        let given = line(&it.at, &it.by, "given-back", &amount);
        let taken_back = it.taken_back_at.is_some();
        let taken_back = taken_back.then(|| line(&it.taken_back_at, &it.taken_back_by, "given-back-not", &amount));
        std::iter::once(given).chain(taken_back)
    });
    lines.collect()
}

fn view(w: &Words, order: &Order, now: i64, today: &str) -> GiveBack {
    let on_day = |at: &Option<Timestamp>| if w.day(at) == today { w.time(at) } else { w.day_and_time(at) };
    GiveBack {
        id: order.order_id.clone(),
        key: Uuid::new_v4().to_string(),
        number: order.number,
        pickup: on_day(&order.pickup_at),
        cancelled: order.state() == OrderState::Cancelled,
        amount: order.gives_back.as_ref().map(|_| w.money(&order.gives_back)).unwrap_or_default(),
        cents: order.gives_back.as_ref().map_or(0, |money| money.cents),
        history: history(w, order),
        undo: order
            .given_back
            .iter()
            .find(|it| it.undo_until.is_some_and(|until| until.seconds >= now))
            .map(|it| from_timestamp(it.at).timestamp_micros().to_string())
            .unwrap_or_default(),
    }
}

/// All of them, for the counter's page.
pub(super) async fn list(edge: &Edge, caller: &Caller, w: &Words) -> Result<Vec<GiveBack>, Problem> {
    let list = answer(edge.counter_money(caller).list_give_backs(ListGiveBacksRequest {})).await?;
    let now = edge.now().timestamp();
    let today = w.day(&Some(Timestamp { seconds: now, nanos: 0 }));
    Ok(list.orders.iter().map(|order| view(w, order, now, &today)).collect())
}

/// It was handed over.
pub(crate) async fn note(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<Uuid>,
    sent: Fields,
) -> Result<Response, Problem> {
    let caller = guest.staff(MAY_ORDER)?;
    let cents = sent.get("cents").parse().map_err(|_| Problem::bad_form())?;
    let request = NoteGivenBackRequest {
        idempotency_key: sent.idempotency_key()?,
        order_id: id.to_string(),
        amount: Some(Money { cents, currency: "EUR".to_owned() }),
    };
    let noted = answer(edge.counter_money(&caller).note_given_back(request)).await;
    let say = |order: Order| Notice::good(guest.words.n("give-back-noted", order.number));
    outcome(&edge, &guest, noted, say, HERE).await
}

/// It was not.
pub(crate) async fn take_back(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<Uuid>,
    sent: Fields,
) -> Result<Response, Problem> {
    let caller = guest.staff(MAY_ORDER)?;
    let noted = sent.get("at").parse().ok().and_then(DateTime::from_timestamp_micros).ok_or_else(Problem::bad_form)?;
    let request = TakeBackGivenBackRequest { order_id: id.to_string(), at: Some(timestamp(noted)) };
    let taken = answer(edge.counter_money(&caller).take_back_given_back(request)).await;
    let say = |order: Order| Notice::good(guest.words.n("give-back-not-noted", order.number));
    outcome(&edge, &guest, taken, say, HERE).await
}

#[cfg(test)]
mod tests {
    use sky_proto::gastro::v1::GivenBack;

    use super::*;
    use crate::words::Language;

    #[test]
    fn an_order_tells_what_is_owed_and_what_was_given() {
        let w = Words::speaking(Language::German);
        let money = |cents| Some(Money { cents, currency: "EUR".to_owned() });
        let at = |seconds| Some(Timestamp { seconds, nanos: 0 });
        let given = |cents, undo_until| GivenBack {
            amount: money(cents),
            at: at(1_795_863_600),
            by: "anna".to_owned(),
            undo_until,
            ..GivenBack::default()
        };
        let mistaken =
            GivenBack { taken_back_at: at(1_795_863_660), taken_back_by: "ben".to_owned(), ..given(200, None) };
        let order = Order {
            number: 7,
            state: OrderState::Cancelled.into(),
            gives_back: money(900),
            given_back: vec![mistaken, given(280, at(1_795_863_700))],
            ..Order::default()
        };
        let told = view(&w, &order, 1_795_863_700, "");
        assert_eq!((told.number, told.cents, told.cancelled), (7, 900, true));
        assert_eq!(told.undo, "1795863600000000");
        assert_eq!(told.amount, w.cents(900));
        assert_eq!(told.history.len(), 3);
        for (line, is) in told.history.iter().zip([("200", "anna"), ("200", "ben"), ("280", "anna")]) {
            let cents = is.0.parse().expect("a number");
            assert!(line.contains(&w.cents(cents)) && line.ends_with(is.1), "{line}");
        }
        let later = view(&w, &Order { gives_back: None, ..order }, 1_795_863_701, "");
        assert_eq!((later.amount.as_str(), later.undo.as_str()), ("", ""));
    }
}
