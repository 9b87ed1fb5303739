//! The shop as a browser without JavaScript sees it: programme, showing, hold, order with the duty to pay,
//! and the visit's page with its code. A steady number of browsers, and a crowd at one instant.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use chrono::TimeDelta;
use uuid::Uuid;

use super::{
    Bench,
    browser::{Browser, Form, Page, connections},
    callers::{Pace, Steady, come},
    hall, markup, rate_with_p99,
};
use crate::{
    house::House,
    report::{Figure, Latencies, Report, median},
};

/// Browsers at a time.
pub const BROWSERS: usize = 32;
const BUYERS: usize = 300;
const PLACES: u32 = 100;

/// What a browser came home with.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    Ticket,
    SoldOut,
}

impl Bench<'_> {
    pub(super) async fn shop(&self, report: &mut Report) -> anyhow::Result<()> {
        let (mut runs, mut paced, mut lasts, mut p99s) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for run in 1..=self.runs {
            let closed = flows(self.house, Pace::Closed(BROWSERS), self.seconds).await?;
            let at_times = flows(self.house, closed.paced(), self.seconds).await?;
            println!("shop {run}: {closed}; {at_times}");
            runs.push(closed);
            paced.push(at_times);
            let crowd = crowd(self.house).await?;
            println!("  {BUYERS} for {PLACES}: {crowd}");
            lasts.push(crowd.max_ms());
            p99s.push(crowd.p99_ms());
        }
        self.verify().await?;
        report.add(rate_with_p99("shop", "flows, programme to ticket, 32 browsers", &runs))?;
        report.add(super::paced("shop", "one flow, from its intended start, at 70 % of that rate", &paced))?;
        report.add(Figure {
            scenario: "shop",
            metric: "300 buyers for 100 seats: last answer",
            unit: "ms",
            median: median(lasts),
            p99: Some(median(p99s)),
            floor: None,
        })
    }
}

/// Flows over halls of 110 numbered places that are in the programme for the next days: enough of them for 330
/// flows a second.
pub async fn flows(house: &House, pace: Pace, seconds: u64) -> anyhow::Result<Steady> {
    let count = i32::try_from(seconds * 3)?;
    let apart = TimeDelta::days(10) / count;
    let showings = Arc::new(hall::showings_at(house, count, 11, 10, TimeDelta::days(2), apart).await?);
    let (http, base) = (connections()?, house.web.clone());
    listed(Browser::new(http.clone(), base.clone()), &showings).await?;
    come(pace, seconds, move |_, number| {
        let (mut browser, showings) = (Browser::new(http.clone(), base.clone()), showings.clone());
        async move {
            let asked = Instant::now();
            let outcome = buy(&mut browser, showings[number % showings.len()]).await?;
            ensure!(outcome == Outcome::Ticket, "a showing was sold out before the end of the run");
            Ok(asked.elapsed())
        }
    })
    .await
}

/// 300 at one instant for a showing with 100 places: how long until each has a ticket or knows that there is
/// none, from that instant.
async fn crowd(house: &House) -> anyhow::Result<Latencies> {
    let showing = hall::showings_at(house, 1, 10, 10, TimeDelta::days(1), TimeDelta::zero()).await?[0];
    let (http, base) = (connections()?, house.web.clone());
    listed(Browser::new(http.clone(), base.clone()), &[showing]).await?;
    let tasks = kernel::Tasks::default();
    let (told, mut answers) = tokio::sync::mpsc::unbounded_channel();
    let start = tokio::time::Instant::now() + Duration::from_millis(200);
    for _ in 0..BUYERS {
        let (mut browser, told) = (Browser::new(http.clone(), base.clone()), told.clone());
        tasks.spawn(async move {
            tokio::time::sleep_until(start).await;
            let outcome = buy(&mut browser, showing).await;
            let _ = told.send((start.elapsed(), outcome));
        });
    }
    drop(told);
    let (mut latencies, mut tickets) = (Latencies::new(), 0);
    while let Some((latency, outcome)) = answers.recv().await {
        latencies.add(latency);
        tickets += u32::from(outcome? == Outcome::Ticket);
    }
    ensure!(latencies.count() == BUYERS as u64, "{} of {BUYERS} were answered", latencies.count());
    ensure!(tickets == PLACES, "{tickets} tickets for {PLACES} places");
    Ok(latencies)
}

/// Waits until the programme has them all.
pub async fn listed(mut browser: Browser, showings: &[Uuid]) -> anyhow::Result<()> {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let page = browser.open("/").await?;
        if showings.iter().all(|showing| leads_to(&page, *showing)) {
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "the programme does not show the showings after half a minute");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn leads_to(page: &Page, showing: Uuid) -> bool {
    let path = format!("/showings/{showing}");
    markup::links(&page.html).any(|link| link == path)
}

/// From the programme to the ticket. What cannot be bought any more has no link, then no form, and then the
/// form comes back with a refusal.
async fn buy(browser: &mut Browser, showing: Uuid) -> anyhow::Result<Outcome> {
    let programme = good(browser.open("/").await?)?;
    if !leads_to(&programme, showing) {
        return Ok(Outcome::SoldOut);
    }
    let page = browser.open(&format!("/showings/{showing}")).await?;
    let mut busy = 0;
    let outcome = buy_on(browser, page, &mut busy).await?;
    ensure!(busy == 0, "too many asked at once");
    Ok(outcome)
}

/// From the showing's page to the ticket. Counts how often somebody read that too many ask at this moment.
pub async fn buy_on(browser: &mut Browser, page: Page, busy: &mut usize) -> anyhow::Result<Outcome> {
    let page = good(page)?;
    let Some(mut form) = page.form(|action| action.ends_with("/hold")) else { return Ok(Outcome::SoldOut) };
    form.set("count_adult", "1");
    let order = send(browser, form, busy).await?;
    if order.status == 429 && order.html.contains("role=\"alert\"") {
        return Ok(Outcome::SoldOut);
    }
    let order = good(order)?;
    let mut form = order.form(|action| action.ends_with("/confirm")).context("the order's page has no form")?;
    form.set("name", "Load Test");
    form.set("email", &format!("{}@visitors.invalid", Uuid::new_v4().simple()));
    // At the desk.
    form.set("method", "2");
    let mut visit = good(send(browser, form, busy).await?)?;
    // It is confirmed at once, or else the page says so the next time it is loaded.
    let deadline = Instant::now() + Duration::from_secs(20);
    while !visit.html.contains("class=\"qr\"") {
        ensure!(Instant::now() < deadline, "{} has no code after 20 seconds", visit.path);
        tokio::time::sleep(Duration::from_millis(100)).await;
        visit = good(browser.open("/visit").await?)?;
    }
    Ok(Outcome::Ticket)
}

/// Sends a form. Where too many ask at this moment the page has it once more, and whoever reads that sends it again.
async fn send(browser: &mut Browser, form: Form, busy: &mut usize) -> anyhow::Result<Page> {
    let action = form.action().to_owned();
    let mut page = browser.send(form).await?;
    while page.status == 503
        && let Some(again) = page.form(|to| to == action)
    {
        *busy += 1;
        tokio::time::sleep(Duration::from_secs(1)).await;
        page = browser.send(again).await?;
    }
    Ok(page)
}

fn good(page: Page) -> anyhow::Result<Page> {
    ensure!(page.status == 200, "{} answered {}", page.path, page.status);
    Ok(page)
}
