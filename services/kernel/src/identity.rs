//! Who is calling, and who may. Every call carries a signed identity; a layer in front of all routes admits only callers
//! that the method's rule names. No rule, no entry.
//!
//! Identities are short-lived, but for those of the devices that work at a door or a lane: these go on while nobody can sign
//! them a new one. Whoever lets them in looks whether their pairing has ended since ([`crate::ended`]).

use std::{collections::HashMap, sync::Arc};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, TimeDelta, Utc};
use data_encoding::BASE64URL_NOPAD;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use prost::Message;
use sky_proto::kernel::v1 as pb;
use tonic::Status;
use uuid::Uuid;

use crate::{clock::wall_now, remembered::Remembered};

/// Domain separation: a signature for an identity is good for nothing else.
const PREFIX: &[u8] = b"sky.identity.v1\0";

/// How long a signed identity is good for …
pub const LIFETIME: TimeDelta = TimeDelta::minutes(10);
/// … and that of a device which must go on without whoever signs them: a working day.
pub const WORKING_DAY: TimeDelta = TimeDelta::hours(12);
/// Of so many identities it is remembered that they were proven, or how they were signed.
const REMEMBERED: usize = 4096;

/// What a member of staff may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Front desk: book, scan, settle, look up.
    Desk,
    /// Dome operator: doors, start, delay, cancel, evacuation.
    Operator,
    /// Kitchen and counter of AstroGastro.
    Kitchen,
    /// Car park attendant.
    Attendant,
    /// House file, accounts, devices, dead events; may do what any role may.
    Admin,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 5] = [Self::Desk, Self::Operator, Self::Kitchen, Self::Attendant, Self::Admin];

    /// As written in identities, accounts and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Desk => "desk",
            Self::Operator => "operator",
            Self::Kitchen => "kitchen",
            Self::Attendant => "attendant",
            Self::Admin => "admin",
        }
    }

    /// The role of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

/// One line of a method's rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Anybody, without an identity: only for signing in.
    Anyone,
    /// A visitor's session. What belongs to one visit, the method itself must check ([`Caller::visit`]).
    Visitor,
    /// Staff with this role, or an admin.
    Staff(Role),
    /// A paired device of this kind: "display", "scanner", "lane".
    Device(&'static str),
    /// A service of the house, by name.
    Service(&'static str),
    /// Any service of the house.
    AnyService,
}

/// The access table of one gRPC service: every method with those who may call it.
#[derive(Clone, Copy, Debug)]
pub struct Access {
    /// Full name, e.g. `sky.parking.v1.Parking`.
    pub service: &'static str,
    /// Method and callers.
    pub methods: &'static [(&'static str, &'static [Who])],
}

/// The verified caller, in the extensions of every request that has passed the layer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Caller {
    /// No identity was sent (and none was asked for).
    Nobody,
    /// A visitor's session and, if it has opened one, its visit.
    Visitor {
        /// The session.
        session: String,
        /// The visit whose page this session has opened.
        visit: Option<Uuid>,
    },
    /// A member of staff.
    Staff {
        /// Account name.
        account: String,
        /// What they may do.
        roles: Vec<Role>,
    },
    /// A paired device.
    Device {
        /// The display's, scanner's or lane's id.
        id: String,
        /// "display", "scanner", "lane"
        kind: String,
    },
    /// A service of the house.
    Service(String),
}

impl Caller {
    /// Who called this method.
    pub fn of<T>(request: &tonic::Request<T>) -> Self {
        request.extensions().get::<Self>().cloned().unwrap_or(Self::Nobody)
    }

    /// For staff, the account; for others a word for the record. Never personal data of visitors.
    #[must_use]
    pub fn for_the_record(&self) -> String {
        match self {
            Self::Nobody => "nobody".to_owned(),
            Self::Visitor { .. } => "visitor".to_owned(),
            Self::Staff { account, .. } => account.clone(),
            Self::Device { id, .. } => id.clone(),
            Self::Service(name) => name.clone(),
        }
    }

    /// Refuses a visitor who asks for a visit other than the one this session has opened; all others
    /// were judged by the access table.
    ///
    /// # Errors
    /// PERMISSION_DENIED.
    pub fn may_see_visit(&self, visit: Uuid) -> Result<(), Status> {
        match self {
            Self::Visitor { visit: Some(own), .. } if *own == visit => Ok(()),
            Self::Visitor { .. } => {
                Err(Status::permission_denied("This visit was not opened in this session. Open it with its link."))
            }
            _ => Ok(()),
        }
    }

    /// How long a signed identity of this caller is good for.
    #[must_use]
    pub fn lifetime(&self) -> TimeDelta {
        match self {
            Self::Device { kind, .. } if matches!(kind.as_str(), "scanner" | "lane") => WORKING_DAY,
            _ => LIFETIME,
        }
    }

    fn passes(&self, rule: &[Who]) -> bool {
        rule.iter().any(|who| match (who, self) {
            (Who::Anyone, _) | (Who::Visitor, Self::Visitor { .. }) | (Who::AnyService, Self::Service(_)) => true,
            (Who::Staff(role), Self::Staff { roles, .. }) => roles.contains(role) || roles.contains(&Role::Admin),
            (Who::Device(wanted), Self::Device { kind, .. }) => wanted == kind,
            (Who::Service(wanted), Self::Service(name)) => wanted == name,
            _ => false,
        })
    }

    fn to_proto(&self, issued_at: DateTime<Utc>) -> pb::Identity {
        let mut identity = pb::Identity {
            expires_at_unix: (issued_at + self.lifetime()).timestamp(),
            issued_at_unix_us: issued_at.timestamp_micros(),
            ..Default::default()
        };
        match self {
            Self::Nobody => {}
            Self::Visitor { session, visit } => {
                identity.set_kind(pb::identity::Kind::Visitor);
                identity.subject.clone_from(session);
                identity.visit_id = visit.map(|id| id.to_string()).unwrap_or_default();
            }
            Self::Staff { account, roles } => {
                identity.set_kind(pb::identity::Kind::Staff);
                identity.subject.clone_from(account);
                identity.roles = roles.iter().map(|role| role.name().to_owned()).collect();
            }
            Self::Device { id, kind } => {
                identity.set_kind(pb::identity::Kind::Device);
                identity.subject.clone_from(id);
                identity.device_kind.clone_from(kind);
            }
            Self::Service(name) => {
                identity.set_kind(pb::identity::Kind::Service);
                identity.subject.clone_from(name);
            }
        }
        identity
    }

    fn from_proto(identity: pb::Identity) -> Self {
        match identity.kind() {
            pb::identity::Kind::Unspecified => Self::Nobody,
            pb::identity::Kind::Visitor => {
                Self::Visitor { session: identity.subject, visit: Uuid::try_parse(&identity.visit_id).ok() }
            }
            pb::identity::Kind::Staff => Self::Staff {
                roles: identity.roles.iter().filter_map(|name| Role::named(name)).collect(),
                account: identity.subject,
            },
            pb::identity::Kind::Device => Self::Device { id: identity.subject, kind: identity.device_kind },
            pb::identity::Kind::Service => Self::Service(identity.subject),
        }
    }
}

/// When an identity was issued, to the microsecond. One of an older release does not say so.
fn issued_at(identity: &pb::Identity) -> DateTime<Utc> {
    match identity.issued_at_unix_us {
        0 => DateTime::from_timestamp(identity.expires_at_unix, 0).unwrap_or_default() - LIFETIME,
        issued => DateTime::from_timestamp_micros(issued).unwrap_or_default(),
    }
}

/// When the identity of a device was issued, in the extensions of its requests beside the [`Caller`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IssuedAt(pub DateTime<Utc>);

impl IssuedAt {
    /// That of a device's call. Nobody asks when that of another was issued: then it is the beginning of time.
    pub fn of<T>(request: &tonic::Request<T>) -> Self {
        request.extensions().get::<Self>().copied().unwrap_or(Self(DateTime::UNIX_EPOCH))
    }
}

/// What a token that was good says.
#[derive(Clone, Debug)]
struct Proven {
    caller: Caller,
    issued_at: DateTime<Utc>,
    expires_at_unix: i64,
}

/// The house's keys: one pair signs identities, the other one tickets.
#[derive(Clone)]
pub struct Keys {
    identity: Arc<SigningKey>,
    /// Signs ticket codes; flow, parking and gastro verify with its public half.
    pub(crate) ticket: Arc<SigningKey>,
    /// What signed tickets before.
    pub(crate) earlier_ticket: Arc<[VerifyingKey]>,
    /// Tokens that were good: the same ones come again and again, and a signature costs more than the
    /// rest of most calls.
    known: Arc<Remembered<String, Proven>>,
    /// Tokens that were signed, with the second until which they are handed out again.
    signed: Arc<Remembered<Caller, (String, i64)>>,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Keys(…)")
    }
}

impl Keys {
    /// Keys from two 32-byte seeds.
    #[must_use]
    pub fn from_seeds(identity: [u8; 32], ticket: [u8; 32]) -> Self {
        Self {
            identity: Arc::new(SigningKey::from_bytes(&identity)),
            ticket: Arc::new(SigningKey::from_bytes(&ticket)),
            earlier_ticket: Arc::default(),
            known: Arc::new(Remembered::new(REMEMBERED)),
            signed: Arc::new(Remembered::new(REMEMBERED)),
        }
    }

    /// The same, with the seeds of keys that signed tickets before: their codes stay good.
    #[must_use]
    pub fn with_earlier_ticket_keys(mut self, seeds: &[[u8; 32]]) -> Self {
        self.earlier_ticket = seeds.iter().map(|seed| SigningKey::from_bytes(seed).verifying_key()).collect();
        self
    }

    /// For what else is to be known as ours by this key.
    pub(crate) fn identity_seed(&self) -> [u8; 32] {
        self.identity.to_bytes()
    }

    /// A token that says who is calling, good for at least half of the caller's [`Caller::lifetime`].
    #[must_use]
    pub fn sign(&self, caller: &Caller) -> String {
        let now = wall_now();
        if let Some((token, until)) = self.signed.get(caller)
            && now.timestamp() < until
        {
            return token;
        }
        let token = self.issue(caller, now);
        self.signed.put(caller.clone(), (token.clone(), (now + LIFETIME / 2).timestamp()));
        token
    }

    /// A new token of a caller, good for its [`Caller::lifetime`] from `issued_at` on.
    #[must_use]
    pub fn issue(&self, caller: &Caller, issued_at: DateTime<Utc>) -> String {
        self.sealed(&caller.to_proto(issued_at))
    }

    fn sealed(&self, identity: &pb::Identity) -> String {
        let mut token = identity.encode_to_vec();
        let signature = self.identity.sign(&[PREFIX, &token].concat());
        token.extend_from_slice(&signature.to_bytes());
        BASE64URL_NOPAD.encode(&token)
    }

    /// The caller in a token, if it is ours and not expired.
    #[must_use]
    pub fn verify(&self, token: &str) -> Option<Caller> {
        Some(self.prove(token)?.caller)
    }

    fn prove(&self, token: &str) -> Option<Proven> {
        let now = wall_now().timestamp();
        if let Some(proven) = self.known.get(token) {
            return (proven.expires_at_unix > now).then_some(proven);
        }
        let bytes = BASE64URL_NOPAD.decode(token.as_bytes()).ok()?;
        let (payload, signature) = bytes.split_at_checked(bytes.len().checked_sub(64)?)?;
        let key: VerifyingKey = self.identity.verifying_key();
        key.verify_strict(&[PREFIX, payload].concat(), &Signature::from_slice(signature).ok()?).ok()?;
        let identity = pb::Identity::decode(payload).ok()?;
        let (issued_at, expires_at_unix) = (issued_at(&identity), identity.expires_at_unix);
        if expires_at_unix <= now {
            return None;
        }
        let proven = Proven { caller: Caller::from_proto(identity), issued_at, expires_at_unix };
        self.known.put(token.to_owned(), proven.clone());
        Some(proven)
    }
}

/// The access tables of all services of this process, as the layer reads them.
#[derive(Clone, Debug)]
pub(crate) struct Gate {
    rules: Arc<HashMap<String, &'static [Who]>>,
    keys: Keys,
}

impl Gate {
    pub(crate) fn new(tables: &[Access], keys: Keys) -> Self {
        let rules = tables
            .iter()
            .flat_map(|table| table.methods.iter().map(|(method, who)| (format!("/{}/{method}", table.service), *who)))
            .collect();
        Self { rules: Arc::new(rules), keys }
    }

    fn judge(&self, request: &Request) -> Result<(Caller, IssuedAt), Status> {
        let rule = self
            .rules
            .get(request.uri().path())
            .ok_or_else(|| Status::permission_denied("Nobody may call this method."))?;
        let token = request
            .headers()
            .get(http::header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        let (caller, issued_at) = match token {
            Some(token) => {
                let proven = self.keys.prove(token).ok_or_else(|| {
                    Status::unauthenticated("The identity is not valid or has run out. Sign in again.")
                })?;
                (proven.caller, proven.issued_at)
            }
            None => (Caller::Nobody, DateTime::UNIX_EPOCH),
        };
        if caller.passes(rule) {
            Ok((caller, IssuedAt(issued_at)))
        } else if caller == Caller::Nobody {
            Err(Status::unauthenticated("Sign in first."))
        } else {
            Err(Status::permission_denied("Your role does not allow this."))
        }
    }
}

/// The layer: judges, then hands the caller on. One layer for that and for what is observed of a call, because each
/// costs every call more than it does.
pub(crate) async fn admit(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    crate::telemetry::observe(request, |mut request| async move {
        match gate.judge(&request) {
            Ok((caller, issued_at)) => {
                if matches!(caller, Caller::Device { .. }) {
                    request.extensions_mut().insert(issued_at);
                }
                request.extensions_mut().insert(caller);
                crate::unreadable::blame(next.run(request).await)
            }
            Err(status) => {
                tracing::debug!(path = request.uri().path(), reason = status.message(), "call refused");
                status.into_http::<axum::body::Body>().into_response()
            }
        }
    })
    .await
}

#[cfg(test)]
mod tests;
