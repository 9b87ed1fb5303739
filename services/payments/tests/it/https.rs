//! A provider is reached over https: its certificate is checked, and it is told who asks.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    path::{Path, PathBuf},
    sync::{Arc, mpsc},
};

use kernel::{
    Clock,
    testing::{House, noon, producer},
};
use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use sky_proto::payments::v1::{self as pb, PaymentState};
use uuid::Uuid;

use crate::{
    client,
    support::{journey, order},
};

/// The certificate of an authority that nobody trusts, and what it has signed for this machine: the mail server of
/// journey's tests has them too.
fn tls_file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../journey/tests/it/tls").join(name)
}

const ANSWER: &str = r#"{"paymentInformation": {"transactionId": "t-1", "status": "INITIAL",
    "transactionRedirectUrl": "https://pay.example/t-1", "transactionUrl": "https://pay.example/t-1"}}"#;

/// Answers every request the same; tells the request's lines. Ends with the test.
fn provider() -> (u16, mpsc::Receiver<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let certificates = CertificateDer::pem_file_iter(tls_file("server.pem")).expect("a certificate");
    let key = PrivateKeyDer::from_pem_file(tls_file("server-key.pem")).expect("a key");
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("TLS")
        .with_no_client_auth()
        .with_single_cert(certificates.map(|it| it.expect("a certificate")).collect(), key)
        .expect("a good key");
    let config = Arc::new(config);
    let (tell, heard) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let session = ServerConnection::new(config.clone()).expect("TLS");
            let mut stream = BufReader::new(StreamOwned::new(session, stream));
            let mut lines: Vec<String> = Vec::new();
            let mut length = 0;
            let mut line = String::new();
            // Whoever does not trust us breaks off here.
            while stream.read_line(&mut line).is_ok_and(|read| read > 2) {
                let header = line.trim_end().to_lowercase();
                if let Some(value) = header.strip_prefix("content-length: ") {
                    length = value.parse().expect("a length");
                }
                lines.push(header);
                line.clear();
            }
            if lines.is_empty() || stream.read_exact(&mut vec![0; length]).is_err() {
                continue;
            }
            let head = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}", ANSWER.len());
            let _ = write!(stream.get_mut(), "{head}\r\nconnection: close\r\n\r\n{ANSWER}");
            let _ = stream.get_mut().flush();
            let _ = tell.send(lines);
        }
    });
    (port, heard)
}

async fn house(own: &[(&str, String)]) -> House {
    let given = [("originator_id", "planetarium-jena".to_owned()), ("endpoint_id", "16053000".to_owned())];
    let own = given.iter().chain(own);
    let own = own.map(|(key, value)| ((*key).to_owned(), toml::Value::String(value.clone()))).collect();
    let own = BTreeMap::from([("payments".to_owned(), own)]);
    House::start_at(&[payments::SERVICE, producer("journey")], Clock::manual(noon()), own).await
}

async fn pays_online(house: &House) -> pb::Payment {
    let order = order(Uuid::now_v7(), pb::Method::Online);
    client!(house, &journey()).create_payment(order).await.expect("created").into_inner()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_provider_is_asked_over_tls_and_told_who_asks() {
    let (port, heard) = provider();
    let house = house(&[
        ("provider_url", format!("https://127.0.0.1:{port}")),
        ("provider_ca_file", tls_file("authority.pem").display().to_string()),
        ("provider_token", "Hush".to_owned()),
    ])
    .await;
    let payment = pays_online(&house).await;
    assert_eq!(payment.redirect_url, "https://pay.example/t-1");
    let request = heard.recv().expect("a request");
    assert!(request[0].starts_with("post /paymenttransaction/planetarium-jena/16053000 "), "{request:?}");
    assert!(request.contains(&"authorization: bearer hush".to_owned()), "{request:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_nobody_vouches_for_hears_nothing() {
    let (port, heard) = provider();
    let house = house(&[("provider_url", format!("https://127.0.0.1:{port}"))]).await;
    let payment = pays_online(&house).await;
    assert_eq!((payment.state(), payment.redirect_url.as_str()), (PaymentState::Pending, ""));
    assert!(heard.try_recv().is_err(), "not one line was sent");
}
