//! A payment provider for demo and tests, in the shape of XBezahldienste: create, page to pay at,
//! status by polling; and a refund, which that specification does not have. Keeps everything in
//! memory, or in a file that a restart reads, and moves no money.

use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    net::SocketAddr,
    path::{Path as FilePath, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use axum::{
    Json, Router,
    extract::{Path, Request, State},
    http::StatusCode,
    middleware::{self, Next},
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};
use uuid::Uuid;

/// A provider that runs until it is dropped.
#[derive(Debug)]
pub struct FakeProvider {
    /// Where it is.
    pub url: String,
    house: House,
    server: JoinSet<std::io::Result<()>>,
}

/// Where a transaction stands, in the specification's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    /// Waits for the payer.
    Initial,
    /// Paid.
    Payed,
    /// Given up by the payer.
    Canceled,
}

/// A transaction as the provider knows it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Transaction {
    /// The provider's name for it.
    pub id: String,
    /// How it stands.
    pub status: Status,
    /// The sum, in cents.
    pub cents: i64,
    /// The whole refund's name and sum in cents, once there is one.
    pub refund: Option<(String, i64)>,
    /// Parts that went back, by the caller's request id: name and sum in cents.
    pub parts: BTreeMap<String, (String, i64)>,
    /// When it was paid, if it says.
    #[serde(default)]
    paid_at: Option<DateTime<Utc>>,
    request: Value,
    redirect_url: String,
}

/// Also as a file.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Books {
    /// Where they were kept last: payers may have its pages open.
    listen: Option<SocketAddr>,
    /// By the caller's request id.
    transactions: BTreeMap<String, Transaction>,
    #[serde(skip)]
    file: Option<PathBuf>,
}

#[derive(Clone, Debug)]
struct House {
    url: Arc<str>,
    books: Arc<Mutex<Books>>,
    down: Arc<AtomicBool>,
    whole_only: Arc<AtomicBool>,
    answers_lost: Arc<AtomicBool>,
    says_paid_at: Arc<Mutex<Option<DateTime<Utc>>>>,
}

impl House {
    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn page(&self, id: &str) -> String {
        format!("{}/transactions/{id}", self.url)
    }

    fn show(&self, transaction: &Transaction) -> Json<Value> {
        Json(json!({
            "paymentInformation": {
                "transactionId": transaction.id,
                "transactionRedirectUrl": self.page(&transaction.id),
                "transactionUrl": self.page(&transaction.id),
                "status": transaction.status,
                "transactionTimestamp": transaction.paid_at,
            },
            "paymentRequest": transaction.request,
        }))
    }
}

impl Books {
    /// None yet when there is no file.
    fn read(file: &FilePath) -> std::io::Result<Self> {
        match fs::read(file) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| {
                let file = file.display();
                std::io::Error::other(format!("{file} is no book of payments ({error}); delete it to begin anew"))
            }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error),
        }
    }

    /// Whole or not at all; a file that cannot be written costs no payment.
    fn write(&self) {
        let Some(file) = &self.file else { return };
        let next = file.with_extension("next");
        let written = serde_json::to_vec(self)
            .map_err(std::io::Error::from)
            .and_then(|bytes| {
                let mut file = fs::File::create(&next)?;
                file.write_all(&bytes)?;
                file.sync_all()
            })
            .and_then(|()| fs::rename(&next, file));
        if let Err(error) = written {
            eprintln!("the demo payment provider cannot write {}: {error}", file.display());
        }
    }

    fn find(&mut self, id: &str) -> Option<&mut Transaction> {
        self.transactions.values_mut().find(|transaction| transaction.id == id)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PaymentRequest {
    request_id: String,
    currency: String,
    gros_amount: f64,
    purpose: String,
    redirect_url: String,
    items: Vec<PaymentItem>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PaymentItem {
    total_net_amount: f64,
    total_tax_amount: f64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RefundRequest {
    request_id: String,
    amount: f64,
}

#[expect(clippy::cast_possible_truncation, reason = "amounts of money are small")]
fn cents(euros: f64) -> i64 {
    (euros * 100.0).round() as i64
}

fn refuse(status: StatusCode, code: &str) -> Response {
    (status, Json(json!({ "code": code }))).into_response()
}

impl FakeProvider {
    /// Starts one; `listen` as in `127.0.0.1:0`.
    ///
    /// # Errors
    /// When it cannot listen there.
    pub async fn start(listen: SocketAddr) -> std::io::Result<Self> {
        Self::open(TcpListener::bind(listen).await?, Books::default())
    }

    /// Starts one that keeps its books in a file: it knows what it knew before it ended, and is where it was then if
    /// nobody else is there.
    ///
    /// # Errors
    /// When it cannot listen, or the file is not its own.
    pub async fn start_with_books(listen: SocketAddr, file: &FilePath) -> std::io::Result<Self> {
        let mut books = Books::read(file)?;
        let listener = match books.listen {
            Some(before) => match TcpListener::bind(before).await {
                Ok(listener) => listener,
                Err(_) => TcpListener::bind(listen).await?,
            },
            None => TcpListener::bind(listen).await?,
        };
        books.listen = Some(listener.local_addr()?);
        books.file = Some(file.to_owned());
        books.write();
        Self::open(listener, books)
    }

    fn open(listener: TcpListener, books: Books) -> std::io::Result<Self> {
        let url = format!("http://{}", listener.local_addr()?);
        let house = House {
            url: url.as_str().into(),
            books: Arc::new(Mutex::new(books)),
            down: Arc::default(),
            whole_only: Arc::default(),
            answers_lost: Arc::default(),
            says_paid_at: Arc::default(),
        };
        let router = router(house.clone());
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, router).await });
        Ok(Self { url, house, server })
    }

    /// `[services.payments]` of a house that is paid through it.
    #[must_use]
    pub fn settings(&self) -> BTreeMap<String, toml::Value> {
        let own = [("provider_url", self.url.as_str()), ("originator_id", "demo"), ("endpoint_id", "demo")];
        own.map(|(key, value)| (key.to_owned(), toml::Value::String(value.to_owned()))).into()
    }

    /// Waits for its end; only a fault ends it.
    ///
    /// # Errors
    /// The server's fault.
    pub async fn wait(mut self) -> std::io::Result<()> {
        match self.server.join_next().await {
            Some(ended) => ended.map_err(std::io::Error::other)?,
            None => Ok(()),
        }
    }

    /// Ends it, so that its place is free.
    pub async fn stop(mut self) {
        self.server.shutdown().await;
    }

    /// All transactions, by request id.
    #[must_use]
    pub fn transactions(&self) -> BTreeMap<String, Transaction> {
        self.house.books().transactions.clone()
    }

    /// While it is down it answers 503 to everything.
    pub fn set_down(&self, down: bool) {
        self.house.down.store(down, Ordering::Relaxed);
    }

    /// As providers are that give back no parts: it answers 501 to them.
    pub fn set_whole_only(&self, whole_only: bool) {
        self.house.whole_only.store(whole_only, Ordering::Relaxed);
    }

    /// What it says of when something was paid that is paid from now on; at first it does not say.
    pub fn says_paid_at(&self, at: DateTime<Utc>) {
        *self.house.says_paid_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(at);
    }

    /// While answers are lost it gives money back and answers 503; a repeat it tells that this exists already.
    pub fn set_answers_lost(&self, answers_lost: bool) {
        self.house.answers_lost.store(answers_lost, Ordering::Relaxed);
    }
}

fn router(house: House) -> Router {
    Router::new()
        .route("/paymenttransaction/{originator}/{endpoint}", post(create))
        .route("/paymenttransaction/{originator}/{endpoint}/{id}", get(status))
        .route("/paymenttransaction/{originator}/{endpoint}/{id}/refund", post(refund))
        .route("/transactions/{id}", get(page))
        .route("/transactions/{id}/pay", post(pay))
        .route("/transactions/{id}/cancel", post(cancel))
        .layer(middleware::from_fn_with_state(house.clone(), answer_if_up))
        .with_state(house)
}

async fn answer_if_up(State(house): State<House>, request: Request, next: Next) -> Response {
    if house.down.load(Ordering::Relaxed) {
        StatusCode::SERVICE_UNAVAILABLE.into_response()
    } else {
        next.run(request).await
    }
}

/// Created once per request id; a repeat gets the same transaction, another content a conflict.
async fn create(State(house): State<House>, Json(sent): Json<Value>) -> Response {
    let Ok(request) = PaymentRequest::deserialize(&sent) else {
        return refuse(StatusCode::BAD_REQUEST, "BOOKING_DATA_MISSING");
    };
    let sum: i64 = request.items.iter().map(|item| cents(item.total_net_amount) + cents(item.total_tax_amount)).sum();
    let amount = cents(request.gros_amount);
    if sum != amount || amount <= 0 {
        return refuse(StatusCode::BAD_REQUEST, "CALCULATION_ERROR");
    }
    let fits = request.currency == "EUR"
        && (1..=99).contains(&request.items.len())
        && (1..=27).contains(&request.purpose.chars().count());
    if !fits {
        return refuse(StatusCode::BAD_REQUEST, "BOOKING_DATA_MISSING");
    }
    let mut books = house.books();
    if let Some(known) = books.transactions.get(&request.request_id) {
        return if known.request == sent {
            house.show(known).into_response()
        } else {
            refuse(StatusCode::CONFLICT, "PAYMENT_EXISTS")
        };
    }
    let transaction = Transaction {
        id: Uuid::new_v4().simple().to_string(),
        status: Status::Initial,
        cents: amount,
        refund: None,
        parts: BTreeMap::new(),
        request: sent,
        paid_at: None,
        redirect_url: request.redirect_url,
    };
    let answer = house.show(&transaction);
    books.transactions.insert(request.request_id, transaction);
    books.write();
    (StatusCode::CREATED, answer).into_response()
}

async fn status(State(house): State<House>, Path((_, _, id)): Path<(String, String, String)>) -> Response {
    match house.books().find(&id) {
        Some(transaction) => house.show(transaction).into_response(),
        None => refuse(StatusCode::NOT_FOUND, "TRANSACTION_NOT_FOUND"),
    }
}

/// The whole of what is left, or a part of it, once for each request id; a repeat gets the first answer.
async fn refund(
    State(house): State<House>,
    Path((_, _, id)): Path<(String, String, String)>,
    Json(request): Json<RefundRequest>,
) -> Response {
    let mut books = house.books();
    let of_payment = books.transactions.get(&request.request_id).is_some_and(|it| it.id == id);
    let Some(transaction) = books.find(&id) else {
        return refuse(StatusCode::NOT_FOUND, "TRANSACTION_NOT_FOUND");
    };
    let known = if of_payment { transaction.refund.as_ref() } else { transaction.parts.get(&request.request_id) };
    let answers_lost = house.answers_lost.load(Ordering::Relaxed);
    if let Some((refund_id, _)) = known {
        if answers_lost {
            return refuse(StatusCode::CONFLICT, "REFUND_EXISTS");
        }
        return Json(json!({ "refundId": refund_id })).into_response();
    }
    if !of_payment && house.whole_only.load(Ordering::Relaxed) {
        return refuse(StatusCode::NOT_IMPLEMENTED, "NO_PARTIAL_REFUNDS");
    }
    let asked = cents(request.amount);
    let back = transaction.refund.iter().chain(transaction.parts.values()).map(|(_, cents)| cents).sum::<i64>();
    if transaction.status != Status::Payed || asked <= 0 || back + asked > transaction.cents {
        return refuse(StatusCode::CONFLICT, "NOT_REFUNDABLE");
    }
    let refund_id = Uuid::new_v4().simple().to_string();
    if of_payment {
        transaction.refund = Some((refund_id.clone(), asked));
    } else {
        transaction.parts.insert(request.request_id, (refund_id.clone(), asked));
    }
    books.write();
    if answers_lost {
        return refuse(StatusCode::SERVICE_UNAVAILABLE, "ANSWER_LOST");
    }
    Json(json!({ "refundId": refund_id })).into_response()
}

/// The page at which the payer chooses; works without scripts.
async fn page(State(house): State<House>, Path(id): Path<String>) -> Response {
    let Some(transaction) = house.books().find(&id).cloned() else {
        return refuse(StatusCode::NOT_FOUND, "TRANSACTION_NOT_FOUND");
    };
    let (euros, rest) = (transaction.cents / 100, transaction.cents % 100);
    let choice = if transaction.status == Status::Initial {
        format!(
            r#"<form method="post" action="/transactions/{id}/pay"><button autofocus>Jetzt bezahlen / Pay now</button></form>
<form method="post" action="/transactions/{id}/cancel"><button>Abbrechen / Cancel</button></form>"#,
            id = transaction.id
        )
    } else {
        "<p>Dieser Vorgang ist abgeschlossen. / This payment is closed.</p>".to_owned()
    };
    Html(format!(
        r#"<!doctype html>
<html lang="de"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Demo-Bezahldienst</title>
<link rel="icon" href="data:,">
<style>body{{font:1.1rem/1.5 system-ui;max-width:30rem;margin:4rem auto;padding:0 1rem}}button{{font:inherit;padding:.7rem 1.2rem;margin:.4rem 0;width:100%}}</style>
<main><h1>Demo-Bezahldienst</h1>
<p>Hier fließt kein Geld. / No money moves here.</p>
<p><strong>{euros},{rest:02} €</strong></p>
{choice}</main></html>
"#
    ))
    .into_response()
}

async fn pay(State(house): State<House>, Path(id): Path<String>) -> Response {
    close(&house, &id, Status::Payed)
}

async fn cancel(State(house): State<House>, Path(id): Path<String>) -> Response {
    close(&house, &id, Status::Canceled)
}

/// The first choice counts; either way the payer goes back where they came from.
fn close(house: &House, id: &str, to: Status) -> Response {
    let mut books = house.books();
    let Some(transaction) = books.find(id) else {
        return refuse(StatusCode::NOT_FOUND, "TRANSACTION_NOT_FOUND");
    };
    if transaction.status == Status::Initial {
        transaction.status = to;
        transaction.paid_at = *house.says_paid_at.lock().unwrap_or_else(PoisonError::into_inner);
    }
    let back = Redirect::to(&transaction.redirect_url).into_response();
    books.write();
    back
}
