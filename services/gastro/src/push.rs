//! The way out to the kitchen's own system: what is written down for it is posted, of each order in its order, until it
//! is taken. It may be away, slow, or wrong; nothing waits for it, and nothing is lost.

use std::time::Duration;

use kernel::{Db, clock::wall_now};
use reqwest::{Client, StatusCode, Url};

use crate::{commands::pushes, domain::kds::Push, error::Error, store};

const PATIENCE: Duration = Duration::from_secs(3);
/// Most of one round.
const TOGETHER: i64 = 20;
/// Most rounds of one turn.
const ROUNDS: usize = 20;

/// A configured system, or none.
#[derive(Clone, Debug)]
pub(crate) struct Pusher {
    db: Db,
    system: Option<System>,
}

#[derive(Clone, Debug)]
struct System {
    http: Client,
    /// Without a slash at its end.
    base: String,
    token: String,
}

/// What the system said.
enum Said {
    Taken,
    /// It will never take this one.
    Refused(String),
    /// It may take it later.
    NotNow(String),
}

impl Pusher {
    /// `base` is where `/kds/…` is below; empty: there is no system.
    pub(crate) fn new(db: Db, base: &str, token: String) -> anyhow::Result<Self> {
        if base.is_empty() {
            return Ok(Self { db, system: None });
        }
        let url = Url::parse(base)
            .map_err(|error| anyhow::anyhow!("services.gastro.kds_url = \"{base}\" is not a URL: {error}"))?;
        kernel::tls::install();
        let http = Client::builder().timeout(PATIENCE).redirect(reqwest::redirect::Policy::none()).build()?;
        let base = url.as_str().trim_end_matches('/').to_owned();
        Ok(Self { db, system: Some(System { http, base, token }) })
    }

    /// Everything that may be sent now. The first that is not taken ends the turn: the next one would wait for the same.
    pub(crate) async fn turn(&self) -> Result<(), Error> {
        let on = self.system.is_some();
        self.db.transact(move |tx| Box::pin(pushes::switch(tx, on))).await?;
        let Some(system) = &self.system else { return Ok(()) };
        for _ in 0..ROUNDS {
            let due = {
                let mut conn = self.db.pool().acquire().await?;
                store::pushes::due(&mut conn, wall_now(), TOGETHER).await?
            };
            if due.is_empty() {
                return Ok(());
            }
            for push in due {
                if !self.send(system, push).await? {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// False: the system is not to be had now.
    async fn send(&self, system: &System, push: Push) -> Result<bool, Error> {
        let said = system.post(&push).await;
        let (id, attempts) = (push.id, push.attempts + 1);
        match said {
            Said::Taken => self.over(id, attempts, String::new()).await?,
            Said::Refused(why) => {
                tracing::error!(push = %id, path = push.path, why, "the kitchen's system refused a message for good");
                self.over(id, attempts, why).await?;
            }
            Said::NotNow(why) => {
                tracing::warn!(push = %id, attempts, why, "the kitchen's system did not take a message");
                self.db
                    .transact(move |tx| {
                        let why = why.clone();
                        Box::pin(async move { pushes::not_taken(tx, id, attempts, &why).await })
                    })
                    .await?;
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn over(&self, id: uuid::Uuid, attempts: u32, refused: String) -> Result<(), Error> {
        self.db
            .transact(move |tx| {
                let refused = refused.clone();
                Box::pin(async move { pushes::over(tx, id, attempts, &refused).await })
            })
            .await
    }
}

impl System {
    async fn post(&self, push: &Push) -> Said {
        let request = self
            .http
            .post(format!("{}{}", self.base, push.path))
            .header("idempotency-key", push.key.to_string())
            .json(&push.body);
        let request = if self.token.is_empty() { request } else { request.bearer_auth(&self.token) };
        // The address may have a secret in it.
        match request.send().await.map_err(reqwest::Error::without_url) {
            // It has had this key before: the answer to the first try was lost.
            Ok(answer) if answer.status().is_success() || answer.status() == StatusCode::CONFLICT => Said::Taken,
            Ok(answer) if is_final(answer.status()) => Said::Refused(format!("it answered {}", answer.status())),
            Ok(answer) => Said::NotNow(format!("it answered {}", answer.status())),
            Err(error) if error.is_timeout() => Said::NotNow("it did not answer in time".to_owned()),
            Err(_) => Said::NotNow("it could not be reached".to_owned()),
        }
    }
}

/// What is about the message, and not about who sends it, where to, or how fast: a wrong address can be set right.
const fn is_final(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::BAD_REQUEST
            | StatusCode::PAYLOAD_TOO_LARGE
            | StatusCode::UNSUPPORTED_MEDIA_TYPE
            | StatusCode::UNPROCESSABLE_ENTITY
    )
}
