//! Adding accounts, and signing in through the Access API: who gets an identity, and how guessing slows down.

use kernel::{Caller, Code as Kind, Coded, Role, clock::wall_now, testing::House};
use sky_proto::portal::v1::SignInRequest;
use tonic::{Code, Status};

use crate::{
    access,
    browser::Browser,
    support::{PASSWORD, account, assert_not_stored, count, execute, house, stored},
};

async fn sign_in(house: &House, account: &str, password: &str) -> Result<Caller, Status> {
    let request = SignInRequest { account: account.to_owned(), password: password.to_owned() };
    let answer = access!(house, &Caller::Nobody).sign_in(request).await?.into_inner();
    let runs_out = kernel::values::from_timestamp(answer.expires_at);
    assert!(runs_out > wall_now() && runs_out <= wall_now() + kernel::identity::LIFETIME, "short-lived");
    Ok(house.keys.verify(&answer.token).expect("the house's own signature"))
}

#[tokio::test]
async fn an_account_needs_a_plain_name_a_long_password_and_a_role() {
    let house = house().await;
    let (long_name, long_password) = ("a".repeat(65), "x".repeat(257));
    let cases: [(&str, &str, &[Role], &str); 9] = [
        ("", PASSWORD, &[Role::Desk], "name"),
        ("Anna", PASSWORD, &[Role::Desk], "name"),
        (".anna", PASSWORD, &[Role::Desk], "name"),
        ("anna m", PASSWORD, &[Role::Desk], "name"),
        ("anna'--", PASSWORD, &[Role::Desk], "name"),
        (&long_name, PASSWORD, &[Role::Desk], "name"),
        ("anna", "nine char", &[Role::Desk], "password"),
        ("anna", &long_password, &[Role::Desk], "password"),
        ("anna", PASSWORD, &[], "roles"),
    ];
    for (name, password, roles, field) in cases {
        let refused = portal::add_account(house.database_url(), name, password, roles).await.expect_err(field);
        assert_eq!(refused.code(), Kind::InvalidArgument, "{name}");
        assert!(refused.to_string().starts_with(field), "{refused}");
    }
    assert!(portal::list_accounts(house.database_url()).await.expect("list").is_empty(), "nothing was saved");

    let roles = [Role::Desk, Role::Kitchen];
    portal::add_account(house.database_url(), "anna.m-2", "ten chars!", &roles).await.expect("added");
    let listed = portal::list_accounts(house.database_url()).await.expect("list");
    assert_eq!(listed, [("anna.m-2".to_owned(), roles.to_vec(), false)]);
    assert_not_stored(&house, &["ten chars!"]).await;
    assert!(stored(&house).await.contains("$argon2id$"));
}

#[tokio::test]
async fn the_right_password_gives_an_identity_with_the_accounts_roles() {
    let house = house().await;
    account(&house, Role::Kitchen).await;
    let cook = Caller::Staff { account: "kitchen".to_owned(), roles: vec![Role::Kitchen] };
    assert_eq!(sign_in(&house, "kitchen", PASSWORD).await.expect("in"), cook);
    assert_eq!(sign_in(&house, " Kitchen ", PASSWORD).await.expect("as people type it"), cook);

    execute(&house, "update account set disabled = true").await;
    let refused = sign_in(&house, "kitchen", PASSWORD).await.expect_err("disabled");
    assert_eq!(refused.code(), Code::Unauthenticated);
    let listed = portal::list_accounts(house.database_url()).await.expect("list");
    assert_eq!(listed, [("kitchen".to_owned(), vec![Role::Kitchen], true)]);
}

#[tokio::test]
async fn whoever_is_signed_in_with_an_account_that_is_taken_away_is_signed_out_at_once() {
    let house = house().await;
    let mut cook = Browser::of(&house, Role::Kitchen).await;
    // There is no kitchen behind the portal here; without an account it would not be asked.
    assert_ne!(cook.get("/kitchen").await.status, 303);
    portal::disable_account(house.database_url(), "kitchen").await.expect("taken away");
    assert_eq!(cook.get("/kitchen").await.status, 303, "to the page where one signs in");
    let refused = sign_in(&house, "kitchen", PASSWORD).await.expect_err("disabled");
    assert_eq!(refused.code(), Code::Unauthenticated);
    portal::enable_account(house.database_url(), "kitchen").await.expect("given back");
    assert_eq!(cook.get("/kitchen").await.status, 303, "its sessions are over");
    sign_in(&house, "kitchen", PASSWORD).await.expect("with the password that it had");
}

/// Who looks whether there is another one must not look while that one is taken away.
#[tokio::test]
async fn of_the_last_two_who_can_run_the_house_only_one_is_taken_away_at_one_instant() {
    let house = house().await;
    let url = house.database_url();
    let add = async |name: &str, roles: &[Role]| portal::add_account(url, name, PASSWORD, roles).await;
    for name in ["anna", "bert"] {
        add(name, &[Role::Operator]).await.expect("added");
    }
    let cook = [Role::Kitchen];
    for round in 0..10 {
        // In every second round one of them becomes a cook instead.
        let other = async {
            if round % 2 == 0 { portal::disable_account(url, "bert").await } else { add("bert", &cook).await }
        };
        let (anna, bert) = tokio::join!(portal::disable_account(url, "anna"), other);
        let refused = match (anna, bert) {
            (Err(refused), Ok(())) | (Ok(()), Err(refused)) => refused,
            both => panic!("one of two: {both:?}"),
        };
        assert!(refused.to_string().contains("the last account with the role operator"), "{refused}");
        for name in ["anna", "bert"] {
            add(name, &[Role::Operator]).await.expect("given back");
        }
    }
}

/// A guesser learns nothing about which accounts there are, neither from words nor from being slowed down.
#[tokio::test]
async fn a_wrong_password_and_an_unknown_account_get_the_same_answers() {
    let house = house().await;
    account(&house, Role::Desk).await;
    let mut answers = Vec::new();
    for name in ["desk", "nobody-of-this-name"] {
        let mut told = Vec::new();
        for _ in 0..3 {
            let refused = sign_in(&house, name, "wrong password").await.expect_err("wrong");
            told.push((refused.code(), refused.message().to_owned()));
        }
        answers.push(told);
    }
    assert_eq!(answers[0], answers[1]);
    assert!(answers[0].iter().all(|(code, _)| *code == Code::Unauthenticated), "two failures cost no time");
    let slowed = "select count(*) from sign_in_failure where failures = 3 and blocked_until > last_at";
    assert_eq!(count(&house, slowed).await, 2, "from the third on both wait");
    for strange in ["ä", "a b", &"a".repeat(200)] {
        let refused = sign_in(&house, strange, PASSWORD).await.expect_err("no such name");
        assert_eq!((refused.code(), refused.message()), (Code::Unauthenticated, answers[0][0].1.as_str()));
    }
}

#[tokio::test]
async fn after_failures_even_the_right_password_waits_and_then_clears_them() {
    let house = house().await;
    account(&house, Role::Desk).await;
    sign_in(&house, "desk", "wrong password").await.expect_err("wrong");
    execute(&house, "update sign_in_failure set failures = 8").await;
    sign_in(&house, "desk", "wrong password").await.expect_err("wrong");
    for password in [PASSWORD, "wrong password"] {
        let refused = sign_in(&house, "desk", password).await.expect_err("blocked");
        assert_eq!(refused.code(), Code::ResourceExhausted);
        assert!(refused.message().contains("try again in"), "{}", refused.message());
    }
    assert_eq!(count(&house, "select failures::bigint from sign_in_failure").await, 9, "waiting is no failure");
    let minute = "select count(*) from sign_in_failure where blocked_until <= last_at + interval '60 seconds'";
    assert_eq!(count(&house, minute).await, 1, "nobody is locked out for longer than a minute");

    execute(&house, "update sign_in_failure set blocked_until = last_at").await;
    sign_in(&house, "desk", PASSWORD).await.expect("the wait is over");
    assert_eq!(count(&house, "select count(*) from sign_in_failure").await, 0);
}

#[tokio::test]
async fn old_failures_do_not_count() {
    let house = house().await;
    account(&house, Role::Desk).await;
    sign_in(&house, "desk", "wrong password").await.expect_err("wrong");
    execute(
        &house,
        "update sign_in_failure set failures = 9, last_at = last_at - interval '16 minutes',
             blocked_until = last_at - interval '15 minutes'",
    )
    .await;
    sign_in(&house, "desk", "wrong password").await.expect_err("wrong");
    assert_eq!(count(&house, "select failures::bigint from sign_in_failure").await, 1);
}

#[tokio::test]
async fn guesses_sent_all_at_once_are_slowed_down_too() {
    let house = house().await;
    account(&house, Role::Desk).await;
    let guesses = futures::future::join_all((0..16).map(|_| sign_in(&house, "desk", "wrong password"))).await;
    let codes: Vec<Code> = guesses.into_iter().map(|guess| guess.expect_err("wrong").code()).collect();
    let hashed = codes.iter().filter(|code| **code == Code::Unauthenticated).count();
    // Four at once, and those that began before the third failure was told.
    assert!((3..=7).contains(&hashed), "{codes:?}");
    assert_eq!(codes.iter().filter(|code| **code == Code::ResourceExhausted).count(), 16 - hashed, "{codes:?}");
}

#[tokio::test]
async fn adding_an_account_again_changes_its_password_and_signs_it_out() {
    let house = house().await;
    let mut desk = Browser::of(&house, Role::Desk).await;
    let mut cook = Browser::of(&house, Role::Kitchen).await;
    desk.get("/desk").await.is_page(503);

    portal::add_account(house.database_url(), "desk", "another password", &[Role::Attendant]).await.expect("again");
    assert_eq!(desk.get("/desk").await.location(), "/staff/sign-in?next=/desk");
    cook.get("/kitchen").await.is_page(503);
    let refused = sign_in(&house, "desk", PASSWORD).await.expect_err("the old password");
    assert_eq!(refused.code(), Code::Unauthenticated);
    let attendant = Caller::Staff { account: "desk".to_owned(), roles: vec![Role::Attendant] };
    assert_eq!(sign_in(&house, "desk", "another password").await.expect("in"), attendant);
}
