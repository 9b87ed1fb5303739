//! The payment provider, spoken to in the shape of XBezahldienste (FITKO): create a transaction with
//! the caller's request id, send the visitor to its page, ask for the status. Giving back is not part
//! of that specification; our provider has it at `…/{transactionId}/refund`.
//!
//! Knows HTTP and nothing of transactions: whatever cannot be relied on is [`Answer::Unclear`].

use std::time::Duration;

use anyhow::Context;
use kernel::ticket_code::reference;
use reqwest::{
    Certificate, Client, StatusCode,
    header::{AUTHORIZATION, HeaderMap, HeaderValue},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    Settings,
    domain::{Answer, GivenBack, Item, Payment, Refund},
};

const PATIENCE: Duration = Duration::from_secs(10);

/// A configured provider.
#[derive(Clone, Debug)]
pub(crate) struct Provider {
    client: Client,
    transactions: String,
    /// Whom the payer reads to have paid.
    payee: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PaymentRequest<'p> {
    request_id: String,
    request_timestamp: String,
    currency: &'static str,
    /// Sic.
    gros_amount: f64,
    /// At most 27 characters.
    purpose: String,
    description: String,
    redirect_url: &'p str,
    items: Vec<PaymentItem<'p>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PaymentItem<'p> {
    id: String,
    reference: &'p str,
    description: &'p str,
    tax_rate: f64,
    quantity: u32,
    single_net_amount: f64,
    single_tax_amount: f64,
    total_net_amount: f64,
    total_tax_amount: f64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PaymentTransaction {
    payment_information: PaymentInformation,
    payment_request: Option<EchoedRequest>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PaymentInformation {
    transaction_id: String,
    #[serde(default)]
    transaction_redirect_url: String,
    /// When it was paid; not every provider says.
    #[serde(default)]
    transaction_timestamp: Value,
    status: Status,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EchoedRequest {
    request_id: String,
    gros_amount: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Status {
    Initial,
    Payed,
    Failed,
    Canceled,
    #[serde(other)]
    Unknown,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RefundRequest {
    request_id: String,
    amount: f64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RefundAnswer {
    refund_id: String,
}

/// Why it refuses.
#[derive(Default, Deserialize)]
struct Refusal {
    #[serde(default)]
    code: String,
}

impl Refusal {
    /// Whether a conflict says that this very request was carried out before: its answer was lost on the way.
    fn is_done(&self, repeated: bool) -> bool {
        self.code.ends_with("EXISTS") || repeated && self.code.is_empty()
    }
}

/// Cents as the specification writes money: a JSON number of euros.
#[expect(clippy::cast_precision_loss, reason = "amounts are far below 2^53 cents")]
fn euros(cents: i64) -> f64 {
    cents as f64 / 100.0
}

impl<'p> PaymentItem<'p> {
    fn new(place: usize, item: &'p Item) -> Self {
        let rate = i64::from(item.tax_basis_points);
        // Gross prices are what the tariff says; the tax in them is rounded to the nearest cent.
        let tax_in = |gross: i64| (2 * gross * rate + 10_000 + rate) / (2 * (10_000 + rate));
        let (single_tax, total_tax) = (tax_in(item.unit_cents), tax_in(item.cents()));
        Self {
            id: (place + 1).to_string(),
            reference: &item.tariff_id,
            description: &item.label.de,
            tax_rate: f64::from(item.tax_basis_points) / 100.0,
            quantity: item.quantity,
            single_net_amount: euros(item.unit_cents - single_tax),
            single_tax_amount: euros(single_tax),
            total_net_amount: euros(item.cents() - total_tax),
            total_tax_amount: euros(total_tax),
        }
    }
}

/// Says who we are with every request, and trusts the provider's authority.
fn client(settings: &Settings) -> anyhow::Result<Client> {
    kernel::tls::install();
    let mut client = Client::builder().timeout(PATIENCE).redirect(reqwest::redirect::Policy::none());
    if !settings.provider_token.is_empty() {
        let mut token = HeaderValue::try_from(format!("Bearer {}", settings.provider_token))
            .context("services.payments.provider_token has characters that cannot be sent")?;
        token.set_sensitive(true);
        client = client.default_headers(HeaderMap::from_iter([(AUTHORIZATION, token)]));
    }
    if !settings.provider_ca_file.as_os_str().is_empty() {
        let file = settings.provider_ca_file.display();
        let pem = std::fs::read(&settings.provider_ca_file)
            .with_context(|| format!("services.payments.provider_ca_file: cannot read {file}"))?;
        let authority = Certificate::from_pem(&pem)
            .with_context(|| format!("services.payments.provider_ca_file: {file} is no certificate in PEM"))?;
        client = client.tls_certs_merge([authority]);
    }
    client.build().context("services.payments: no way to ask the provider")
}

/// What fits before the reference into a purpose of 27 characters (XBezahldienste).
const PAYEE: usize = 17;

/// A name that the provider has given the house; it becomes a part of addresses.
fn given<'s>(key: &str, name: &'s str) -> anyhow::Result<&'s str> {
    anyhow::ensure!(
        !name.is_empty(),
        "services.payments.{key} is not set; with a provider_url it must be what the provider calls the house"
    );
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
    anyhow::ensure!(
        name.chars().all(is_plain) && name.chars().any(|letter| letter != '.'),
        "services.payments.{key} is \"{name}\"; it may have letters, digits, '-', '_' and '.' alone"
    );
    Ok(name)
}

impl Provider {
    /// None when no provider is configured.
    pub(crate) fn new(settings: &Settings) -> anyhow::Result<Option<Self>> {
        if settings.provider_url.is_empty() {
            return Ok(None);
        }
        let base =
            reqwest::Url::parse(&settings.provider_url).context("services.payments.provider_url is not a URL")?;
        anyhow::ensure!(
            matches!(base.scheme(), "https" | "http"),
            "services.payments.provider_url must begin with https:// (or http://)"
        );
        anyhow::ensure!(
            settings.payee.chars().count() <= PAYEE,
            "services.payments.payee has more than {PAYEE} characters; with the booking's reference it must fit into 27"
        );
        let base = base.as_str().trim_end_matches('/');
        let originator = given("originator_id", &settings.originator_id)?;
        let endpoint = given("endpoint_id", &settings.endpoint_id)?;
        Ok(Some(Self {
            client: client(settings)?,
            transactions: format!("{base}/paymenttransaction/{originator}/{endpoint}"),
            payee: settings.payee.clone(),
        }))
    }

    /// Creates the transaction. The payment's id is the request id, so that a repeat creates no second one.
    pub(crate) async fn create(&self, payment: &Payment) -> Answer {
        let reference = reference(payment.visit);
        let request = PaymentRequest {
            request_id: payment.id.to_string(),
            request_timestamp: payment.created_at.to_rfc3339(),
            currency: "EUR",
            gros_amount: euros(payment.cents),
            purpose: format!("{} {reference}", self.payee).trim_start().to_owned(),
            description: format!("Besuch {reference}"),
            redirect_url: &payment.return_url,
            items: payment.items.iter().enumerate().map(|(place, item)| PaymentItem::new(place, item)).collect(),
        };
        self.answer(payment, self.client.post(&self.transactions).json(&request), Answer::Over).await
    }

    /// How the transaction stands. Who does not know it at this moment says nothing about the money: the visitor may be on
    /// the page where one pays.
    pub(crate) async fn status(&self, payment: &Payment) -> Answer {
        let request = self.client.get(format!("{}/{}", self.transactions, payment.provider_ref));
        self.answer(payment, request, Answer::Unclear).await
    }

    /// `refused`: what it means when the provider will not hear of it.
    async fn answer(&self, payment: &Payment, request: reqwest::RequestBuilder, refused: Answer) -> Answer {
        match self.exchange(payment, request, refused).await {
            Ok(answer) => answer,
            Err(error) => {
                // The URL may carry the visitor's way back.
                let error = error.without_url();
                tracing::warn!(payment = %payment.id, %error, "the payment provider gave no answer to rely on");
                Answer::Unclear
            }
        }
    }

    async fn exchange(
        &self,
        payment: &Payment,
        request: reqwest::RequestBuilder,
        refused: Answer,
    ) -> reqwest::Result<Answer> {
        let response = request.send().await?;
        let status = response.status();
        if matches!(status, StatusCode::BAD_REQUEST | StatusCode::NOT_FOUND | StatusCode::UNPROCESSABLE_ENTITY) {
            tracing::error!(payment = %payment.id, %status, "the payment provider refused the payment");
            return Ok(refused);
        }
        let transaction: PaymentTransaction = response.error_for_status()?.json().await?;
        if let Some(echoed) = &transaction.payment_request
            && (echoed.request_id != payment.id.to_string()
                || (echoed.gros_amount - euros(payment.cents)).abs() > 0.001)
        {
            tracing::error!(payment = %payment.id, "the payment provider speaks of another payment or another sum");
            return Ok(Answer::Unclear);
        }
        let PaymentInformation {
            transaction_id: reference,
            transaction_redirect_url: redirect_url,
            transaction_timestamp: at,
            status,
        } = transaction.payment_information;
        Ok(match status {
            Status::Initial => Answer::Open { reference, redirect_url },
            // A time that cannot be read is none.
            Status::Payed => Answer::Paid { reference, at: at.as_str().and_then(|at| at.parse().ok()) },
            Status::Failed | Status::Canceled => Answer::Over,
            Status::Unknown => Answer::Unclear,
        })
    }

    /// Gives money back, all or a part. The request id makes a repeat harmless.
    pub(crate) async fn refund(&self, refund: &Refund) -> GivenBack {
        match self.ask_for_refund(refund).await {
            Ok(answer) => answer,
            Err(error) => {
                let error = error.without_url();
                tracing::warn!(payment = %refund.payment, %error, "the payment provider did not take a refund");
                GivenBack::Unclear
            }
        }
    }

    async fn ask_for_refund(&self, refund: &Refund) -> reqwest::Result<GivenBack> {
        let request = RefundRequest { request_id: refund.request().to_string(), amount: euros(refund.cents) };
        let url = format!("{}/{}/refund", self.transactions, refund.provider_ref);
        let response = self.client.post(url).json(&request).send().await?;
        let status = response.status();
        if status == StatusCode::CONFLICT {
            let refusal: Refusal = response.json().await.unwrap_or_default();
            if refusal.is_done(refund.repeated) {
                return Ok(GivenBack::Done(String::new()));
            }
            tracing::error!(payment = %refund.payment, %status, "the payment provider refused a refund");
            return Ok(GivenBack::Refused);
        }
        let is_refused = status == StatusCode::NOT_IMPLEMENTED || status.is_client_error();
        // Who we are, how much we ask, and how fast, are not about this refund.
        let may_change = matches!(
            status,
            StatusCode::UNAUTHORIZED
                | StatusCode::FORBIDDEN
                | StatusCode::REQUEST_TIMEOUT
                | StatusCode::TOO_EARLY
                | StatusCode::TOO_MANY_REQUESTS
        );
        if is_refused && !may_change {
            tracing::error!(payment = %refund.payment, %status, "the payment provider refused a refund");
            return Ok(GivenBack::Refused);
        }
        let answer: RefundAnswer = response.error_for_status()?.json().await?;
        Ok(GivenBack::Done(answer.refund_id))
    }
}

#[cfg(test)]
mod tests {
    use kernel::values::Text;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_conflict_is_done_only_where_it_can_be_about_this_very_refund() {
        let says = |code: &str, repeated| Refusal { code: code.to_owned() }.is_done(repeated);
        assert!(says("REFUND_EXISTS", false) && says("PAYMENT_EXISTS", true));
        assert!(says("", true), "asked before, and no reason is given");
        assert!(!says("", false), "never asked before: it cannot have been done");
        assert!(!says("NOT_REFUNDABLE", true), "a reason of its own");
    }

    proptest! {
        #[test]
        fn net_and_tax_are_the_gross(unit_cents in 0_i64..1_000_000, quantity in 1_u32..200, rate in 0_u32..=10_000) {
            let item = Item {
                label: Text::default(),
                quantity,
                unit_cents,
                tariff_id: String::new(),
                tax_id: String::new(),
                tax_basis_points: rate,
            };
            let line = PaymentItem::new(0, &item);
            prop_assert!((line.total_net_amount + line.total_tax_amount - euros(item.cents())).abs() < 0.001);
            prop_assert!(line.total_net_amount >= 0.0 && line.total_tax_amount >= 0.0);
        }
    }
}
