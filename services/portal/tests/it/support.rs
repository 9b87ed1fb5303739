//! A house with nothing but the portal in it, its accounts, and short ways to its gRPC face.

use std::collections::BTreeMap;

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use kernel::{
    Clock, Role,
    testing::{House, noon},
};

pub const PASSWORD: &str = "correct horse battery";

pub async fn house() -> House {
    House::start(&[portal::SERVICE]).await
}

/// A house whose portal has one setting of its own.
pub async fn house_with(key: &str, value: impl Into<toml::Value>) -> House {
    let portal = BTreeMap::from([(key.to_owned(), value.into())]);
    House::start_at(&[portal::SERVICE], Clock::manual(noon()), BTreeMap::from([("portal".to_owned(), portal)])).await
}

/// Adds an account of the role's name.
pub async fn account(house: &House, role: Role) {
    portal::add_account(house.database_url(), role.name(), PASSWORD, &[role]).await.expect("account added");
}

/// A macro, because the client's type cannot be named.
#[macro_export]
macro_rules! access {
    ($house:expr, $caller:expr) => {
        sky_proto::portal::v1::access_client::AccessClient::new($house.channel($caller))
    };
}

pub async fn count(house: &House, select: &'static str) -> i64 {
    sqlx::query_scalar(select).fetch_one(house.pool("portal")).await.expect("counted")
}

pub async fn execute(house: &House, statement: &'static str) {
    sqlx::query(statement).execute(house.pool("portal")).await.expect("executed");
}

/// Everything that the edge has stored, as text.
pub async fn stored(house: &House) -> String {
    let rows: Vec<String> = sqlx::query_scalar(
        "select to_jsonb(t)::text from account t union all select to_jsonb(t)::text from session t
         union all select to_jsonb(t)::text from session_visit t union all select to_jsonb(t)::text from device t
         union all select to_jsonb(t)::text from pairing t union all select to_jsonb(t)::text from sign_in_failure t",
    )
    .fetch_all(house.pool("portal"))
    .await
    .expect("tables read");
    rows.join("\n")
}

/// Fails when a secret stands in the database as text, as its text's bytes or as the bytes it stands for.
pub async fn assert_not_stored(house: &House, secrets: &[&str]) {
    let stored = stored(house).await;
    assert!(!stored.is_empty());
    for secret in secrets {
        assert!(!stored.contains(*secret), "a secret in the clear");
        assert!(!stored.contains(&HEXLOWER.encode(secret.as_bytes())), "a secret as bytes");
        if let Ok(bytes) = BASE64URL_NOPAD.decode(secret.as_bytes()) {
            assert!(!stored.contains(&HEXLOWER.encode(&bytes)), "a secret decoded");
        }
    }
}
