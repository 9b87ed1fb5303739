//! Who is calling, and who may. Every call carries a signed, short-lived identity; a layer in front of
//! all routes admits only callers that the method's rule names. No rule, no entry.

use std::{collections::HashMap, sync::Arc};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use chrono::TimeDelta;
use data_encoding::BASE64URL_NOPAD;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use prost::Message;
use sky_proto::kernel::v1 as pb;
use tonic::Status;
use uuid::Uuid;

use crate::{clock::wall_now, remembered::Remembered};

/// Domain separation: a signature for an identity is good for nothing else.
const PREFIX: &[u8] = b"sky.identity.v1\0";

/// How long a signed identity is good for.
pub const LIFETIME: TimeDelta = TimeDelta::minutes(10);
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

    fn passes(&self, rule: &[Who]) -> bool {
        rule.iter().any(|who| match (who, self) {
            (Who::Anyone, _) | (Who::Visitor, Self::Visitor { .. }) | (Who::AnyService, Self::Service(_)) => true,
            (Who::Staff(role), Self::Staff { roles, .. }) => roles.contains(role) || roles.contains(&Role::Admin),
            (Who::Device(wanted), Self::Device { kind, .. }) => wanted == kind,
            (Who::Service(wanted), Self::Service(name)) => wanted == name,
            _ => false,
        })
    }

    fn to_proto(&self) -> pb::Identity {
        let mut identity = pb::Identity { expires_at_unix: (wall_now() + LIFETIME).timestamp(), ..Default::default() };
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
    known: Arc<Remembered<String, (Caller, i64)>>,
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

    /// A token that says who is calling, good for at least half of [`LIFETIME`].
    #[must_use]
    pub fn sign(&self, caller: &Caller) -> String {
        let now = wall_now().timestamp();
        if let Some((token, until)) = self.signed.get(caller)
            && now < until
        {
            return token;
        }
        let token = self.sealed(&caller.to_proto());
        self.signed.put(caller.clone(), (token.clone(), now + LIFETIME.num_seconds() / 2));
        token
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
        let now = wall_now().timestamp();
        if let Some((caller, expires_at)) = self.known.get(token) {
            return (expires_at > now).then_some(caller);
        }
        let bytes = BASE64URL_NOPAD.decode(token.as_bytes()).ok()?;
        let (payload, signature) = bytes.split_at_checked(bytes.len().checked_sub(64)?)?;
        let key: VerifyingKey = self.identity.verifying_key();
        key.verify_strict(&[PREFIX, payload].concat(), &Signature::from_slice(signature).ok()?).ok()?;
        let identity = pb::Identity::decode(payload).ok()?;
        let expires_at = identity.expires_at_unix;
        if expires_at <= now {
            return None;
        }
        let caller = Caller::from_proto(identity);
        self.known.put(token.to_owned(), (caller.clone(), expires_at));
        Some(caller)
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

    fn judge(&self, request: &Request) -> Result<Caller, Status> {
        let rule = self
            .rules
            .get(request.uri().path())
            .ok_or_else(|| Status::permission_denied("Nobody may call this method."))?;
        let token = request
            .headers()
            .get(http::header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        let caller = match token {
            Some(token) => self
                .keys
                .verify(token)
                .ok_or_else(|| Status::unauthenticated("The identity is not valid or has run out. Sign in again."))?,
            None => Caller::Nobody,
        };
        if caller.passes(rule) {
            Ok(caller)
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
            Ok(caller) => {
                request.extensions_mut().insert(caller);
                next.run(request).await
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
mod tests {
    use super::*;

    fn keys() -> Keys {
        Keys::from_seeds([1; 32], [2; 32])
    }

    #[test]
    fn an_identity_survives_the_wire_and_nothing_else_does() {
        let caller = Caller::Staff { account: "anna".to_owned(), roles: vec![Role::Desk] };
        let token = keys().sign(&caller);
        assert_eq!(keys().verify(&token), Some(caller));
        assert_eq!(Keys::from_seeds([9; 32], [2; 32]).verify(&token), None, "another house's key");
        let mut bytes = BASE64URL_NOPAD.decode(token.as_bytes()).expect("our own");
        bytes[1] ^= 1;
        assert_eq!(keys().verify(&BASE64URL_NOPAD.encode(&bytes)), None, "changed");
        assert_eq!(keys().verify("x"), None);
    }

    #[test]
    fn a_token_seen_before_is_refused_like_a_new_one_when_it_is_spoiled() {
        let keys = keys();
        let caller = Caller::Service("journey".to_owned());
        let token = keys.sign(&caller);
        assert_eq!((keys.verify(&token), keys.verify(&token)), (Some(caller.clone()), Some(caller.clone())));
        assert_eq!(keys.sign(&caller), token, "the same token for the same caller");
        let mut spoiled = token.clone();
        spoiled.replace_range(5..6, if &token[5..6] == "A" { "B" } else { "A" });
        assert_eq!(keys.verify(&spoiled), None);
        keys.known.put(token.clone(), (caller, wall_now().timestamp() - 1));
        assert_eq!(keys.verify(&token), None, "run out");
        let mut late = Caller::Service("parking".to_owned()).to_proto();
        for (left, good) in [(5, true), (-1, false)] {
            late.expires_at_unix = wall_now().timestamp() + left;
            assert_eq!(keys.verify(&keys.sealed(&late)).is_some(), good, "never seen, {left} seconds left");
        }
    }

    #[test]
    fn rules_admit_only_whom_they_name() {
        let desk = Caller::Staff { account: "a".to_owned(), roles: vec![Role::Desk] };
        let admin = Caller::Staff { account: "b".to_owned(), roles: vec![Role::Admin] };
        let rule = &[Who::Staff(Role::Operator), Who::Service("journey")];
        assert!(!desk.passes(rule));
        assert!(admin.passes(rule));
        assert!(Caller::Service("journey".to_owned()).passes(rule));
        assert!(!Caller::Service("portal".to_owned()).passes(rule));
        assert!(!Caller::Nobody.passes(rule));
    }
}
