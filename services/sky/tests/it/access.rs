//! Who may call what, tried out: every method of every service, by everybody. The result stands in
//! `access.txt`; a change there is a change of who may do what, and must be meant.

use std::{collections::BTreeSet, fs, path::Path};

use kernel::{Caller, Role, testing::House};
use prost::Message;
use prost_types::FileDescriptorSet;
use tower::ServiceExt;
use uuid::Uuid;

use crate::world::{ALL, World, staff};

/// Sentences of the layer in front of all methods; a method's own refusals have others.
const REFUSALS: [&str; 3] = ["Sign%20in%20first", "Your%20role%20does%20not", "Nobody%20may%20call"];

fn everybody() -> Vec<(&'static str, Caller)> {
    let device = |kind: &str| Caller::Device { id: "test".to_owned(), kind: kind.to_owned() };
    let mut callers = vec![
        ("nobody", Caller::Nobody),
        ("visitor", Caller::Visitor { session: "s".to_owned(), visit: Some(Uuid::nil()) }),
    ];
    for role in Role::ALL {
        callers.push((role.name(), staff(role)));
    }
    for kind in ["display", "scanner", "lane"] {
        callers.push((kind, device(kind)));
    }
    for service in ["sky", "journey", "portal", "parking"] {
        callers.push((
            match service {
                "sky" => "service:sky",
                "journey" => "service:journey",
                "portal" => "service:portal",
                _ => "service:other",
            },
            Caller::Service(service.to_owned()),
        ));
    }
    callers
}

/// What no empty message may end in: UNKNOWN, UNIMPLEMENTED, INTERNAL, DATA_LOSS. Every method says what is missing, or
/// answers.
const NO_ANSWERS: [&str; 4] = ["2", "12", "13", "15"];

/// Some when the layer lets this caller through to the method: the status it then refuses with at once, and why; empty when
/// it answers.
async fn admitted(world: &World, service: &str, path: &str, caller: &Caller) -> Option<(String, String)> {
    let mut request = http::Request::post(path)
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        // One empty message: every method answers it, if only by naming what is missing.
        .body(tonic::body::Body::new(axum::body::Body::from(vec![0_u8; 5])))
        .expect("a request");
    if let Some(bearer) = world.bearer(caller) {
        request.headers_mut().insert("authorization", bearer.parse().expect("ASCII"));
    }
    let response = world.bare(service).oneshot(request).await.expect("an answer");
    let header =
        |name| response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let message = header("grpc-message");
    (!REFUSALS.iter().any(|refusal| message.starts_with(refusal))).then(|| (header("grpc-status"), message))
}

#[tokio::test]
async fn every_method_refuses_the_wrong_caller() {
    let house = House::start(&ALL).await;
    let world = World::of(&house);
    let descriptors = FileDescriptorSet::decode(sky_proto::DESCRIPTORS).expect("our own");
    let mut table = String::new();
    let mut unclear = Vec::new();
    let mut methods = 0;
    for file in &descriptors.file {
        for service in &file.service {
            let package = file.package();
            let at = package.split('.').nth(1).expect("sky.<service>.v1");
            let at = if at == "kernel" { "flow" } else { at };
            for method in &service.method {
                methods += 1;
                let path = format!("/{package}.{}/{}", service.name(), method.name());
                let mut may = BTreeSet::new();
                for (name, caller) in everybody() {
                    let Some((status, message)) = admitted(&world, at, &path, &caller).await else { continue };
                    may.insert(name);
                    if NO_ANSWERS.contains(&status.as_str()) {
                        unclear.push(format!("{path} for {name}: status {status}, {message}"));
                    }
                }
                assert!(!may.is_empty(), "nobody may call {path}: it has no rule");
                // Signing in is for whoever has no identity yet; nothing else is.
                assert_eq!(
                    may.contains("nobody"),
                    package == "sky.portal.v1" && may.len() == everybody().len(),
                    "{path}"
                );
                if !may.contains("nobody") {
                    assert!(may.len() < everybody().len() - 1, "everybody may call {path}");
                }
                let may: Vec<&str> = may.into_iter().collect();
                table.push_str(&format!("{}/{}: {}\n", service.name(), method.name(), may.join(" ")));
            }
        }
    }
    assert!(methods > 60, "{methods} methods");
    assert!(unclear.is_empty(), "an empty message is refused with what is missing, or answered:\n{unclear:#?}");
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/access.txt");
    if std::env::var_os("WRITE_ACCESS").is_some() {
        fs::write(&file, &table).expect("written");
    }
    let meant = fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(table, meant, "who may call what has changed; if it is meant, run this test with WRITE_ACCESS=1");
}
