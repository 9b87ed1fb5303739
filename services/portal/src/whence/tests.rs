//! Who is believed about whom.

use super::*;

fn asker(proxies: Option<&[&str]>, peer: &str, forwarded_for: &[&str]) -> Asker {
    let written = forwarded_for
        .iter()
        .map(|it| (axum::http::HeaderName::from_static("x-forwarded-for"), (*it).parse().expect("a header's value")));
    let proxies: Option<Vec<String>> = proxies.map(|all| all.iter().map(|&it| it.to_owned()).collect());
    Proxies::read(proxies.as_deref()).expect("networks").asker(peer.parse().ok(), &written.collect())
}

/// As a house has it that says nothing of proxies.
fn of(peer: &str, forwarded_for: &[&str]) -> String {
    asker(None, peer, forwarded_for).network()
}

#[test]
fn a_device_is_to_be_found_where_it_asks_from_if_that_is_in_the_house() {
    let table: [(&str, &[&str], &str); 6] = [
        ("192.168.1.20", &[], "192.168.1.20"),
        ("127.0.0.1", &["10.0.7.21"], "10.0.7.21"),
        ("::1", &["fd00::9"], "fd00::9"),
        ("127.0.0.1", &[], ""),
        ("203.0.113.7", &["10.0.7.21"], ""),
        ("127.0.0.1", &["203.0.113.7"], ""),
    ];
    for (peer, written, found) in table {
        assert_eq!(asker(None, peer, written).in_the_house(), found, "{peer} {written:?}");
    }
}

#[test]
fn the_house_is_its_own_networks_and_this_machine() {
    for near in ["192.168.1.20", "10.0.7.21", "100.64.0.1", "127.0.0.1", "::1", "fd00::9", "fe80::1", "::ffff:10.1.2.3"]
    {
        assert!(asker(None, near, &[]).is_near(), "{near}");
    }
    assert!(!asker(None, "10.1.2.3", &["203.0.113.7"]).is_near(), "a proxy that nobody has named");
    for afar in ["203.0.113.7", "100.128.0.1", "2001:db8::1", "nobody"] {
        assert!(!asker(None, afar, &[]).is_near(), "{afar}");
    }
}

#[test]
fn whoever_asks_directly_is_their_own_word() {
    for peer in ["203.0.113.7", "192.168.1.20", "10.1.2.3", "100.64.0.1"] {
        assert_eq!(of(peer, &[]), peer);
        assert_eq!(of(peer, &["198.51.100.1"]), peer, "anybody can write that, near or far");
    }
    assert_eq!(of("::ffff:203.0.113.7", &[]), "203.0.113.7");
    assert_eq!(of("2001:db8:1:2:3:4:5:6", &[]), of("2001:db8:1:2:ffff::1", &[]));
    assert_ne!(of("2001:db8:1:2::1", &[]), of("2001:db8:1:3::1", &[]));
    assert_eq!(of("nobody", &["203.0.113.7"]), "", "a call within the process");
    assert_eq!(asker(Some(&[]), "127.0.0.1", &["203.0.113.7"]).network(), "127.0.0.1", "no proxy at all");
}

#[test]
fn a_proxy_says_for_whom_it_asks() {
    let ours: &[&str] = &["10.1.2.0/24", "fd00:7::/32", "100.64.0.1"];
    for (proxies, peer) in [
        (None, "127.0.0.1"),
        (None, "::1"),
        (Some(ours), "10.1.2.3"),
        (Some(ours), "::ffff:10.1.2.3"),
        (Some(ours), "fd00:7::1"),
        (Some(ours), "100.64.0.1"),
    ] {
        let of = |forwarded_for: &[&str]| asker(proxies, peer, forwarded_for).network();
        assert_eq!(of(&["203.0.113.7"]), "203.0.113.7");
        assert_eq!(of(&["198.51.100.1, 203.0.113.7"]), "203.0.113.7", "the first one is anybody's word");
        assert_eq!(of(&["198.51.100.1", "203.0.113.7:4711, 10.9.9.9"]), "10.9.9.9", "a guest in the house");
        assert_eq!(of(&["[2001:db8:1:2::9]:80"]), "2001:db8:1:2::/64");
        assert_eq!(of(&["198.51.100.1, unknown"]), of(&[]), "it does not say");
    }
    for none in ["10.1.3.3", "fd00:8::1", "100.64.0.2", "127.0.0.1"] {
        assert_eq!(asker(Some(ours), none, &["203.0.113.7"]).network(), asker(None, none, &[]).network(), "{none}");
    }
}

#[test]
fn behind_two_proxies_in_a_row_it_is_who_stands_before_both() {
    let ours: &[&str] = &["127.0.0.1", "10.1.2.3"];
    let of = |forwarded_for: &[&str]| asker(Some(ours), "127.0.0.1", forwarded_for).network();
    assert_eq!(of(&["198.51.100.1, 203.0.113.7, 10.1.2.3"]), "203.0.113.7");
    assert_eq!(of(&["198.51.100.1", "203.0.113.7", "::ffff:10.1.2.3"]), "203.0.113.7");
    assert_eq!(of(&["10.1.2.3"]), "10.1.2.3", "the outer one itself");
}

#[test]
fn what_is_no_network_is_refused_with_the_key() {
    for wrong in ["10.0.0.0/33", "10.1.2.3/8", "proxy.example", "", "10.0.0", "10.0.0.7:80", " 10.0.0.7", "::1/129"] {
        let refused = Proxies::read(Some(&["127.0.0.1".to_owned(), wrong.to_owned()])).expect_err(wrong).to_string();
        assert!(refused.contains("services.portal.proxies") && refused.contains(&format!("\"{wrong}\"")), "{refused}");
    }
}
