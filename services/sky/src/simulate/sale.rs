//! The minute in which a showing goes on sale: a waiting room before it, browsers without JavaScript in it, more
//! people than places. Staff set the start of the sale and open the room; those there before are drawn.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use chrono::TimeDelta;
use kernel::{Role, values};
use reqwest::{
    StatusCode,
    header::{COOKIE, LOCATION, SET_COOKIE},
};
use sky_proto::{
    payments::v1::Method,
    portal::v1::{OpenWaitingRoomRequest, waiting_rooms_client::WaitingRoomsClient},
    reservations::v1::{
        Audience, ListProgrammeRequest, SetSaleStartRequest, Showing, reservations_client::ReservationsClient,
    },
};
use uuid::Uuid;

use super::World;

/// So many want to go, two people each.
const BROWSERS: u32 = 120;
/// So many of them come too late for the draw.
const LATE: u32 = 30;
/// The sale starts so long after the house opens.
const STARTS_AFTER: TimeDelta = TimeDelta::minutes(30);
/// How often a browser reloads its page; people do not reload faster in a simulation.
const RELOAD: Duration = Duration::from_secs(1);

/// Announces the sale and sends the browsers on their way.
pub async fn begin(world: &Arc<World>) -> anyhow::Result<()> {
    let Some(showing) = some_other_day(world).await? else { return Ok(()) };
    let starts = world.opens + STARTS_AFTER;
    let desk = world.api.staff(Role::Desk).await?;
    let request = SetSaleStartRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        showing_id: showing.showing_id.clone(),
        release_id: String::new(),
        on_sale_at: Some(values::timestamp(starts)),
    };
    ReservationsClient::new(desk.clone()).set_sale_start(request).await.context("setting the start of the sale")?;
    let request = OpenWaitingRoomRequest {
        showing_id: showing.showing_id.clone(),
        release_id: String::new(),
        opens_at: Some(values::timestamp(starts)),
    };
    let room = WaitingRoomsClient::new(desk).open_waiting_room(request).await.context("opening the waiting room")?;
    let room = format!("/waiting-room/{}", room.into_inner().room_id);
    for number in 0..BROWSERS {
        let (w, showing, room) = (world.clone(), showing.showing_id.clone(), room.clone());
        let comes = if number < BROWSERS - LATE {
            starts - TimeDelta::seconds(60 + i64::from(number) * 7)
        } else {
            starts + TimeDelta::seconds(i64::from(number % LATE))
        };
        world.tasks.spawn_until_stop(async move {
            w.until(comes).await;
            let mut browser = Browser { world: &w, cookie: String::new() };
            if let Err(error) = browser.buy(number, &showing, &room).await {
                w.report.surprise(format!("the sale: {error:#}"));
            }
        });
    }
    Ok(())
}

/// The first showing in the dome after the day that is played.
async fn some_other_day(world: &World) -> anyhow::Result<Option<Showing>> {
    let request = ListProgrammeRequest {
        from: Some(values::timestamp(world.closes + TimeDelta::hours(6))),
        until: Some(values::timestamp(world.closes + TimeDelta::days(5))),
        include_closed: false,
    };
    let desk = world.api.staff(Role::Desk).await?;
    let mut showings = ReservationsClient::new(desk).list_programme(request).await?.into_inner().showings;
    showings.sort_by_key(|showing| showing.starts_at.map(|at| at.seconds));
    let has_adults = |showing: &Showing| showing.prices.iter().any(|price| price.tariff_class == "adult");
    Ok(showings
        .into_iter()
        .find(|showing| showing.hall == "dome" && showing.audience() == Audience::Public && has_adults(showing)))
}

/// A browser that keeps its one cookie and follows nothing by itself.
struct Browser<'w> {
    world: &'w World,
    cookie: String,
}

/// What a page answered: its status, where it leads to, and its text.
type Answer = (StatusCode, String, String);

impl Browser<'_> {
    async fn get(&mut self, path: &str) -> anyhow::Result<Answer> {
        let request = self.world.api.http.get(format!("{}{path}", self.world.api.web));
        self.send(request).await
    }

    async fn post(&mut self, path: &str, form: &[(&str, &str)]) -> anyhow::Result<Answer> {
        let request = self.world.api.http.post(format!("{}{path}", self.world.api.web)).form(form);
        self.send(request).await
    }

    async fn send(&mut self, request: reqwest::RequestBuilder) -> anyhow::Result<Answer> {
        let answer = request.header(COOKIE, &self.cookie).send().await?;
        let headers = answer.headers();
        let given = headers.get_all(SET_COOKIE).iter().filter_map(|cookie| cookie.to_str().ok()?.split(';').next());
        if let Some(cookie) = given.into_iter().find(|cookie| !cookie.contains("lang")) {
            self.cookie = cookie.to_owned();
        }
        let leads_to = headers.get(LOCATION).and_then(|to| to.to_str().ok()).unwrap_or_default().to_owned();
        self.world.report.pages_read.add(1);
        Ok((answer.status(), leads_to, answer.text().await?))
    }

    /// From the showing's page into the waiting room, and from there to an order, if there is something left.
    async fn buy(&mut self, number: u32, showing: &str, room: &str) -> anyhow::Result<()> {
        let page = format!("/showings/{showing}");
        let (status, to, body) = self.get(&page).await?;
        anyhow::ensure!(to == room || status == StatusCode::OK && body.contains(room), "no way to wait: {status} {to}");
        loop {
            let (status, to, body) = self.get(room).await?;
            if to == page {
                break;
            }
            // So many at once: the page says so, and they load it again.
            if status == StatusCode::SERVICE_UNAVAILABLE {
                self.world.report.loaded_again.add(1);
                tokio::time::sleep(RELOAD).await;
                continue;
            }
            anyhow::ensure!(status == StatusCode::OK || to.starts_with(room), "the room: {status} {to}");
            if body.contains("Ausverkauft") {
                self.world.report.sale_turned_away.add(2);
                return Ok(());
            }
            tokio::time::sleep(RELOAD).await;
        }
        let (status, _, _) = self.get(&page).await?;
        anyhow::ensure!(status == StatusCode::OK, "let in, but the page: {status}");
        let key = Uuid::new_v4().to_string();
        let (status, order, _) = self.post(&format!("{page}/hold"), &[("key", &key), ("count_adult", "2")]).await?;
        if !order.starts_with("/order/") {
            // Let in, and others were faster with the last places.
            anyhow::ensure!(
                status == StatusCode::CONFLICT || status == StatusCode::TOO_MANY_REQUESTS,
                "hold: {status}"
            );
            self.world.report.sale_turned_away.add(2);
            return Ok(());
        }
        let (method, email) = (i32::from(Method::AtDesk).to_string(), format!("sale{number}@visitors.invalid"));
        let form = [("key", key.as_str()), ("name", "Sale"), ("email", &email), ("method", &method)];
        let (status, to, _) = self.post(&format!("{order}/confirm"), &form).await?;
        anyhow::ensure!(status == StatusCode::SEE_OTHER, "order: {status} {to}");
        self.world.report.sale_booked.add(2);
        Ok(())
    }
}
