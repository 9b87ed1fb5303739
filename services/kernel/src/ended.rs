//! Devices that are heard no more. The identity of a scanner or a lane is good for a working day, so that it works while
//! nobody can sign it a new one; whoever lets such devices in looks here whether the pairing that it was issued under has
//! ended since. Each service keeps that in a table of its own, from the portal's events; it is looked up in memory.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use tonic::{Request, Status};

use crate::{BoxFuture, Caller, Context, Failure, Live, identity::IssuedAt};

/// The topic of what is kept, to be touched when it changes; its only key is the same.
pub const ENDED_TOPIC: &str = "ended-devices";

/// When the last pairing of a device ended, by the device's id.
pub type Ended = HashMap<String, DateTime<Utc>>;

/// The devices whose pairing has ended, as one service knows them.
#[derive(Clone, Debug)]
pub struct EndedDevices(Live<Ended>);

impl EndedDevices {
    /// Keeps in memory what `load` reads with its revision, which must rise with every change.
    pub fn new(
        context: &Context,
        load: impl Fn() -> BoxFuture<'static, Result<(u64, Ended), Failure>> + Send + Sync + 'static,
    ) -> Self {
        let ended = Live::new(context, ENDED_TOPIC, move |_| load());
        ended.keep(ENDED_TOPIC);
        Self(ended)
    }

    /// Who calls, unless it is a device whose pairing has ended since its identity was issued.
    ///
    /// # Errors
    /// UNAUTHENTICATED for such a device; UNAVAILABLE while the service could not read yet which ones these are.
    pub async fn hear<T: Sync>(&self, request: &Request<T>) -> Result<Caller, Status> {
        let caller = Caller::of(request);
        self.admit(&caller, IssuedAt::of(request)).await?;
        Ok(caller)
    }

    /// The same of a call that goes on, such as a stream.
    ///
    /// # Errors
    /// As [`Self::hear`].
    pub async fn admit(&self, caller: &Caller, IssuedAt(issued_at): IssuedAt) -> Result<(), Status> {
        let Caller::Device { id, .. } = caller else { return Ok(()) };
        let mut known = self.0.latest(ENDED_TOPIC);
        if known.is_none() {
            self.0.refresh(ENDED_TOPIC).await;
            known = self.0.latest(ENDED_TOPIC);
        }
        match known.as_deref() {
            None => {
                Err(Status::unavailable("Which devices are paired could not be read yet; try again in a few seconds."))
            }
            Some((_, ended)) if ended.get(id).is_some_and(|ended_at| issued_at < *ended_at) => {
                Err(Status::unauthenticated(
                    "The pairing of this device has ended. Sign in again with its present token, or pair it anew.",
                ))
            }
            Some(_) => Ok(()),
        }
    }
}
