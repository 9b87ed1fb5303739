//! The waiting room: thousands of browsers without JavaScript are there before the minute, are drawn when it comes, look
//! again as their page tells them to, are let in as fast as the seller keeps up, and buy.

use std::time::Duration;

use anyhow::{Context, ensure};
use chrono::TimeDelta;
use kernel::{Caller, Role, values::timestamp};
use sky_proto::portal::v1::{OpenWaitingRoomRequest, waiting_rooms_client::WaitingRoomsClient};
use tokio::time::Instant;
use uuid::Uuid;

use super::{
    Bench,
    browser::{Browser, Page, connections},
    hall, markup,
    shop::{Outcome, buy_on, listed},
};
use crate::{
    house::House,
    report::{Figure, Latencies, Report, median},
};

/// So many come in a second before the room opens …
const COME: u32 = 100;
/// … and the last of them so long before it does.
const BEFORE: Duration = Duration::from_secs(3);
/// Rows and places in each.
const HALL: (i32, i32) = (11, 10);
/// Longer than this nobody waits: then the measurement has failed.
const LONGEST: Duration = Duration::from_secs(300);

/// What one run came to.
struct Line {
    /// Each look at the room's page, from its intended start.
    polls: Latencies,
    /// From the opening until the last one had a ticket or knew that there is none.
    last: Duration,
    /// So often a page said that too many ask at this moment, and was loaded again.
    busy: usize,
}

impl Bench<'_> {
    pub(super) async fn line(&self, report: &mut Report, browsers: u32) -> anyhow::Result<()> {
        let (mut medians, mut p99s, mut lasts) = (Vec::new(), Vec::new(), Vec::new());
        for run in 1..=self.runs {
            let line = line(self.house, browsers).await?;
            let Line { polls, last, busy } = &line;
            let seconds = last.as_secs_f64();
            println!(
                "line {run}: {browsers} for {} places, the last one told {seconds:.1} s after the opening; {} looks, {polls}, {busy} \
                 times too many at once",
                HALL.0 * HALL.1,
                polls.count()
            );
            medians.push(polls.median_ms());
            p99s.push(polls.p99_ms());
            lasts.push(seconds);
        }
        self.verify().await?;
        report.add(Figure {
            scenario: "line",
            metric: "a look at the waiting room, from its intended start",
            unit: "ms",
            median: median(medians),
            p99: Some(median(p99s)),
            floor: None,
        })?;
        report.add(Figure {
            scenario: "line",
            metric: "from the opening until the last one knows",
            unit: "s",
            median: median(lasts),
            p99: None,
            floor: None,
        })
    }
}

async fn line(house: &House, browsers: u32) -> anyhow::Result<Line> {
    let places = u32::try_from(HALL.0 * HALL.1)?;
    ensure!(browsers > places, "fewer browsers than places: nobody would wait");
    let showing = hall::showings_at(house, 1, HALL.0, HALL.1, TimeDelta::days(1), TimeDelta::zero()).await?[0];
    let (http, base) = (connections()?, house.web.clone());
    listed(Browser::new(http.clone(), base.clone()), &[showing]).await?;
    let start = Instant::now() + Duration::from_secs(1);
    let opens = start + Duration::from_secs(1) / COME * browsers + BEFORE;
    let room = open(house, showing, opens).await?;
    let tasks = kernel::Tasks::default();
    let (told, mut outcomes) = tokio::sync::mpsc::unbounded_channel();
    for number in 0..browsers {
        let comes = start + Duration::from_secs(1) / COME * number;
        let mut visitor = Visitor {
            browser: Browser::new(http.clone(), base.clone()),
            room: room.clone(),
            looks: Vec::new(),
            busy: 0,
        };
        let told = told.clone();
        tasks.spawn(async move {
            let outcome = tokio::time::timeout_at(opens + LONGEST, visitor.waits_and_buys(showing, comes)).await;
            let _ = told.send((outcome, visitor.looks, visitor.busy, opens.elapsed()));
        });
    }
    drop(told);
    let mut line = Line { polls: Latencies::new(), last: Duration::ZERO, busy: 0 };
    let mut tickets = 0;
    while let Some((outcome, looks, busy, after)) = outcomes.recv().await {
        tickets += u32::from(outcome.context("somebody still waits")?? == Outcome::Ticket);
        looks.into_iter().for_each(|look| line.polls.add(look));
        line.busy += busy;
        line.last = line.last.max(after);
    }
    ensure!(tickets == places, "{tickets} tickets for {places} places");
    Ok(line)
}

/// The desk opens a room before the showing; answers its path.
async fn open(house: &House, showing: Uuid, opens: Instant) -> anyhow::Result<String> {
    let desk = Caller::Staff { account: "load-test".to_owned(), roles: vec![Role::Desk] };
    let request = OpenWaitingRoomRequest {
        showing_id: showing.to_string(),
        release_id: String::new(),
        opens_at: Some(timestamp(kernel::clock::wall_now() + TimeDelta::from_std(opens - Instant::now())?)),
    };
    let room = WaitingRoomsClient::new(house.channel(&desk).await?).open_waiting_room(request).await?.into_inner();
    Ok(format!("/waiting-room/{}", room.room_id))
}

/// Somebody with a browser, and what they saw.
struct Visitor {
    browser: Browser,
    room: String,
    looks: Vec<Duration>,
    busy: usize,
}

impl Visitor {
    async fn waits_and_buys(&mut self, showing: Uuid, comes: Instant) -> anyhow::Result<Outcome> {
        let behind = format!("/showings/{showing}");
        let (mut intended, mut pause) = (comes, Duration::from_secs(1));
        loop {
            tokio::time::sleep_until(intended).await;
            let page = self.browser.open(&self.room).await?;
            self.looks.push(intended.elapsed());
            if page.path == behind && page.status == 200 {
                return buy_on(&mut self.browser, page, &mut self.busy).await;
            }
            match page.status {
                200 if is_sold_out(&page) => return Ok(Outcome::SoldOut),
                200 => {
                    pause = markup::refresh(&page.html).context("the room's page does not say when to look again")?;
                }
                // It says so, and whoever reads it loads it again.
                503 => self.busy += 1,
                status => anyhow::bail!("{} answered {status}", page.path),
            }
            intended = Instant::now() + pause;
        }
    }
}

/// Whether the room says, in large letters, that there is nothing left.
fn is_sold_out(page: &Page) -> bool {
    page.html.contains("data-say>Ausverkauft<")
}
