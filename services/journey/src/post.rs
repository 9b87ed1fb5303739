//! The post: sends the notices whose time has come, one after the other, in one replica. Before the conversation about
//! a notice begins it is marked as being sent; so after a crash it is not sent again, and staff are asked. What remains
//! is what SMTP cannot tell: a mail that was handed over and never answered. Its Message-ID is the notice's, so that
//! mailboxes see a second copy for what it is.

pub(crate) mod calendar;
pub(crate) mod message;
mod smtp;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use data_encoding::BASE64URL_NOPAD;
use kernel::{Context, Db, Tasks, clock::wall_now, identity::Keys, token};
use uuid::Uuid;

use crate::{
    commands::notices as commands,
    domain::notices::{
        Kind, Notice, is_still_true,
        letter::{self, HouseWords},
    },
    error::Error,
    grpc::siblings::Siblings,
    settings::PostSettings,
    store,
};
use message::Mail;
use smtp::Line;

/// Most notices of one turn; the rest comes in the next one.
const TURN: i64 = 200;
/// After the first failed connection the mail server is left alone for so long, then twice as long each time.
const REST: TimeDelta = TimeDelta::seconds(5);
const LONGEST_REST: TimeDelta = TimeDelta::minutes(5);

/// Sends notices.
#[derive(Clone, Debug)]
pub(crate) struct Post {
    db: Db,
    tasks: Tasks,
    keys: Keys,
    siblings: Siblings,
    settings: Arc<PostSettings>,
    /// How often the mail server could not be reached in a row, and until when it is left alone.
    away: Arc<Mutex<(u32, Option<DateTime<Utc>>)>>,
}

/// Has notices made and sent: those of the day before, and whatever is due.
pub(crate) fn start(context: &Context, siblings: &Siblings, day_before_at: NaiveTime, settings: Option<PostSettings>) {
    let db = context.db.clone();
    context.every("notices of the day before", Duration::from_secs(60), move || {
        let db = db.clone();
        Box::pin(async move { Ok(db.transact(move |tx| Box::pin(commands::remind(tx, day_before_at))).await?) })
    });
    let db = context.db.clone();
    context.every("notices that have waited too long", Duration::from_secs(3600), move || {
        let db = db.clone();
        Box::pin(async move { Ok(db.transact(|tx| Box::pin(commands::let_go(tx))).await?) })
    });
    if let Some(settings) = settings {
        let post = Post::new(context, siblings.clone(), settings);
        context.every("notices that are due", Duration::from_secs(1), move || {
            let post = post.clone();
            Box::pin(async move { Ok(post.turn().await?) })
        });
    }
}

/// The link's secret: always the same for one notice, kept nowhere.
fn secret(keys: &Keys, notice: Uuid) -> String {
    BASE64URL_NOPAD.encode(&keys.fingerprint("notice", &notice.to_string()))
}

impl Post {
    pub(crate) fn new(context: &Context, siblings: Siblings, settings: PostSettings) -> Self {
        Self {
            db: context.db.clone(),
            tasks: context.tasks.clone(),
            keys: context.keys.clone(),
            siblings,
            settings: Arc::new(settings),
            away: Arc::default(),
        }
    }

    /// Sends what is due. In a task of its own: a process that stops finishes the conversation that it has begun.
    pub(crate) async fn turn(self) -> Result<(), Error> {
        let wall = wall_now();
        self.db.transact(move |tx| Box::pin(commands::give_up_sending(tx, wall))).await?;
        let due = {
            let mut conn = self.db.reader().await?;
            store::notices::due(&mut conn, self.db.clock().now(), TURN).await?
        };
        if due.is_empty() || self.rests() {
            return Ok(());
        }
        let post = self.clone();
        self.tasks.spawn(async move { post.send_all(due).await }).await.map_err(|_| sqlx::Error::WorkerCrashed)?
    }

    fn rests(&self) -> bool {
        let until = self.away.lock().unwrap_or_else(PoisonError::into_inner).1;
        until.is_some_and(|until| self.db.clock().now() < until)
    }

    fn was_away(&self, is_away: bool) {
        let mut away = self.away.lock().unwrap_or_else(PoisonError::into_inner);
        *away = if is_away {
            let rest = (REST * (1 << away.0.min(6))).min(LONGEST_REST);
            (away.0.saturating_add(1), Some(self.db.clock().now() + rest))
        } else {
            (0, None)
        };
    }

    async fn send_all(&self, due: Vec<Notice>) -> Result<(), Error> {
        let stop = self.tasks.stopping();
        let house = store::notices::house(&mut *self.db.reader().await?).await?;
        let mut line = match Line::open(&self.settings).await {
            Ok(line) => line,
            Err(problem) => {
                tracing::warn!(problem, waiting = due.len(), "the mail server cannot be reached; notices wait");
                self.was_away(true);
                return Ok(());
            }
        };
        self.was_away(false);
        for notice in due {
            if stop.is_cancelled() {
                break;
            }
            let secret = secret(&self.keys, notice.id);
            let Some(mail) = self.letter(&notice, &secret, &house).await? else { continue };
            let (id, link, wall) = (notice.id, token::hash(&secret), wall_now());
            let claiming =
                self.db.transact(move |tx| Box::pin(async move { commands::claim(tx, id, &link, wall).await }));
            if !claiming.await? {
                continue;
            }
            let outcome = line.send(&mail).await;
            self.db.transact(move |tx| Box::pin(async move { commands::settle(tx, &notice, &outcome).await })).await?;
            if line.is_broken() {
                break;
            }
        }
        line.close().await;
        Ok(())
    }

    /// The mail of a notice; None: it says nothing any more, or cannot be sent at all.
    async fn letter(&self, notice: &Notice, secret: &str, house: &HouseWords) -> Result<Option<Mail>, Error> {
        let id = notice.id;
        let (visit, showing) = {
            let mut conn = self.db.reader().await?;
            let Some(visit) = store::visit(&mut conn, notice.visit).await? else { return Ok(None) };
            let showing = store::showings::get(&mut conn, visit.showing).await?;
            (visit, showing)
        };
        let now = self.db.clock().now();
        let Some(showing) =
            showing.filter(|showing| is_still_true(notice, &visit, showing, now) && !visit.contact.email.is_empty())
        else {
            self.db.transact(move |tx| Box::pin(commands::overtake(tx, id))).await?;
            return Ok(None);
        };
        // Only who drives on the next day wants to know.
        let car_park =
            if notice.kind == Kind::DayBefore && visit.bay.is_some() { self.siblings.car_park().await } else { None };
        let link = format!("{}/v/{secret}", self.settings.public_url);
        let material =
            letter::Material { visit: &visit, showing: &showing, house, car_park: car_park.as_ref(), link: &link };
        let letter = letter::compose(notice.kind, &notice.facts, &material);
        let calendar = message::attachment(notice.kind, &material, now);
        match message::mail(
            &self.settings.from,
            &visit.contact.email,
            id,
            notice.kind,
            now,
            &letter,
            calendar.as_deref(),
        ) {
            Ok(mail) => Ok(Some(mail)),
            Err(why) => {
                self.db.transact(move |tx| Box::pin(commands::cannot(tx, id, why))).await?;
                Ok(None)
            }
        }
    }
}
