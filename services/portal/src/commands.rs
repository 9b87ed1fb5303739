//! What changes the edge's own state, in a given transaction: failed sign-ins, sessions, pairings.
//! Their times are the machine's, not the house's: a session does not run out faster in a simulation.

pub(crate) mod waiting_rooms;

use chrono::TimeDelta;
use kernel::{Tx, clock::wall_now, token, values::timestamp};
use rand::RngExt;
use sky_proto::portal::v1::{DevicePairingChanged, PairingState};
use uuid::Uuid;

use crate::{
    domain::{self, FORGET_FAILURES, MOST_PAIRINGS, PAIRING_LIFETIME},
    error::Error,
    store,
    whence::Asker,
};

pub(crate) async fn count_failure(tx: &mut Tx, account: &str) -> Result<(), Error> {
    let now = wall_now();
    let failures = store::add_failure(tx.conn(), account, now, now - FORGET_FAILURES).await?;
    store::block_until(tx.conn(), account, now + domain::wait_after(failures)).await
}

pub(crate) async fn forget_failures(tx: &mut Tx, account: &str) -> Result<(), Error> {
    store::delete_failures(tx.conn(), account).await
}

/// Of whom a new session is.
#[derive(Clone, Debug)]
pub(crate) enum Of {
    Visitor,
    Staff(String),
    /// By the hash of its token.
    Device(Vec<u8>),
}

/// Opens a session; answers its id and its cookie, which is stored nowhere. A session that the browser
/// had before ends.
pub(crate) async fn open_session(tx: &mut Tx, of: Of, before: Option<Uuid>) -> Result<(Uuid, String), Error> {
    if let Some(before) = before {
        store::delete_session(tx.conn(), before).await?;
    }
    let (id, cookie) = (Uuid::new_v4(), token::new());
    let (account, device, lifetime) = match of {
        Of::Visitor => (None, None, domain::VISITOR_SESSION),
        Of::Staff(account) => (Some(account), None, domain::STAFF_SESSION),
        Of::Device(hash) => (None, Some(hash), domain::DEVICE_SESSION),
    };
    let expires_at = wall_now() + lifetime;
    store::insert_session(tx.conn(), id, &token::hash(&cookie), account.as_deref(), device.as_deref(), expires_at)
        .await?;
    Ok((id, cookie))
}

/// The session of a browser that had none when it sent a form: of both times when its button was pressed twice, before the
/// first answer could bring the cookie. `secret` is made from the form's own key, which is in no other page.
pub(crate) async fn session_of_form(tx: &mut Tx, secret: &str) -> Result<Option<Uuid>, Error> {
    let now = wall_now();
    let (hash, expires_at) = (token::hash(secret), now + domain::VISITOR_SESSION);
    store::open_once(tx.conn(), Uuid::new_v4(), &hash, expires_at).await?;
    store::opened_since(tx.conn(), &hash, expires_at - domain::PRESSED_AGAIN).await
}

/// A pairing that has begun: what people read, and what the device keeps.
#[derive(Debug)]
pub(crate) struct Begun {
    pub(crate) claim_code: String,
    pub(crate) secret: String,
}

/// Of so many codes that may wait at once, one network may have a part: a house's wall behind one router begins anew at
/// once.
const MOST_OF_ONE_NETWORK: i64 = MOST_PAIRINGS / 4;

/// Who asks from the house's own network shares its codes with nobody from elsewhere; and where all are given out, the
/// network that has most gives its oldest one to whoever has fewer. So a few strangers keep nobody from pairing, and many of
/// them no device of the house.
pub(crate) async fn start_pairing(tx: &mut Tx, kind: &str, asker: Asker) -> Result<Begun, Error> {
    let now = wall_now();
    store::delete_old_pairings(tx.conn(), now).await?;
    let (network_hash, is_near) = (token::hash(&asker.network()), asker.is_near());
    let (all, of_this_network) = store::count_pairings(tx.conn(), is_near, &network_hash).await?;
    if of_this_network >= MOST_OF_ONE_NETWORK
        || (all >= MOST_PAIRINGS && !store::make_room(tx.conn(), is_near, of_this_network).await?)
    {
        return Err(Error::TooManyPairings);
    }
    let secret = token::new();
    let expires_at = now + PAIRING_LIFETIME;
    // 28^6 codes and at most 400 in use: a second try is rare, a fifth one does not happen.
    for _ in 0..5 {
        let claim_code = domain::claim_code(rand::rng().random());
        let hashes = (token::hash(&secret), network_hash.as_slice());
        if store::insert_pairing(tx.conn(), hashes, is_near, &claim_code, kind, expires_at).await? {
            return Ok(Begun { claim_code, secret });
        }
    }
    Err(Error::TooManyPairings)
}

pub(crate) async fn approve_pairing(tx: &mut Tx, claim_code: &str, device_id: &str, by: &str) -> Result<(), Error> {
    let kind = store::approve_pairing(tx.conn(), claim_code, device_id, by, wall_now()).await?;
    let kind = kind.ok_or(Error::NoSuchPairing)?;
    tell_pairing(tx, device_id, &kind, PairingState::Approved).await
}

/// Whoever keeps the device's place, signage above all, hears of it.
async fn tell_pairing(tx: &mut Tx, device_id: &str, kind: &str, state: PairingState) -> Result<(), Error> {
    let event = DevicePairingChanged {
        device_id: device_id.to_owned(),
        device_kind: kind.to_owned(),
        state: state.into(),
        at: Some(timestamp(wall_now())),
    };
    Ok(tx.append(device_id, &event).await?)
}

/// A pairing that has come to its end.
#[derive(Debug)]
pub(crate) struct Paired {
    pub(crate) token: String,
    pub(crate) device_id: String,
}

/// None: not approved yet. The new device takes the place of an older one with the same id.
pub(crate) async fn finish_pairing(tx: &mut Tx, secret: &str) -> Result<Option<Paired>, Error> {
    let now = wall_now();
    let hash = token::hash(secret);
    let pairing = store::lock_pairing(tx.conn(), &hash, now).await?.ok_or(Error::NoSuchPairing)?;
    let (Some(device_id), Some(approved_by)) = (pairing.device_id, pairing.approved_by) else {
        return Ok(None);
    };
    store::delete_pairing(tx.conn(), &hash).await?;
    store::revoke_device(tx.conn(), &device_id, &approved_by, now).await?;
    let token = token::new();
    store::insert_device(tx.conn(), &token::hash(&token), &device_id, &pairing.kind, &approved_by, now).await?;
    tell_pairing(tx, &device_id, &pairing.kind, PairingState::Paired).await?;
    Ok(Some(Paired { token, device_id }))
}

pub(crate) async fn revoke_device(tx: &mut Tx, device_id: &str, by: &str) -> Result<(), Error> {
    match store::revoke_device(tx.conn(), device_id, by, wall_now()).await? {
        Some(kind) => tell_pairing(tx, device_id, &kind, PairingState::Revoked).await,
        None => Ok(()),
    }
}

/// That a device was used is written down so often.
const USE_NOTED: TimeDelta = TimeDelta::minutes(1);

/// A device asks for an identity: its id and kind. None: its pairing has ended. If that is under way, it is waited for.
pub(crate) async fn device_signs_in(tx: &mut Tx, token_hash: &[u8]) -> Result<Option<(String, String)>, Error> {
    let Some((id, kind, used_at)) = store::lock_device(tx.conn(), token_hash).await? else { return Ok(None) };
    let now = wall_now();
    if used_at.is_none_or(|at| at <= now - USE_NOTED) {
        store::note_device_use(tx.conn(), token_hash, now).await?;
    }
    Ok(Some((id, kind)))
}

/// Nobody is reminded of this step for a while.
pub(crate) async fn put_off(tx: &mut Tx, showing: Uuid, step: i32, by: String) -> Result<(), Error> {
    let it = store::PutOff { showing_id: showing, step, until: tx.now() + domain::PUT_OFF, by_whom: by };
    store::put_off(tx.conn(), &it).await
}

/// The house says something else of itself than it did.
pub(crate) async fn keep_house_words(tx: &mut Tx, words: &[u8]) -> Result<(), Error> {
    store::save_house_words(tx.conn(), words).await
}

/// Removes what time has ended.
pub(crate) async fn clean_up(tx: &mut Tx) -> Result<(), Error> {
    let now = wall_now();
    let house = tx.now();
    store::delete_put_off(tx.conn(), house - TimeDelta::days(1)).await?;
    store::delete_old_sessions(tx.conn(), now).await?;
    store::delete_old_pairings(tx.conn(), now).await?;
    store::delete_closed_rooms(tx.conn(), now - TimeDelta::days(1)).await?;
    store::delete_old_failures(tx.conn(), now - TimeDelta::days(1)).await
}
