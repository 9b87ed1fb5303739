//! From which network a request comes, for what anybody may ask for and nobody may have all of. Decides nothing of who
//! somebody is.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;

/// The network of whoever asks: an address of version 4, of version 6 the 64 bits that one customer is given.
///
/// A peer from near, in the house's own network or on this machine, may be a proxy. Then `X-Forwarded-For` says for whom
/// it asks: it has written down its own peer at the end, and before that anybody can have written anything. Behind two
/// proxies in a row all come from one network, which is too strict rather than too free. Of a peer from afar the header is
/// worth nothing.
pub(crate) fn network(peer: Option<IpAddr>, headers: &HeaderMap) -> String {
    match asker(peer, headers) {
        Some(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        Some(IpAddr::V4(address)) => address.to_string(),
        None => String::new(),
    }
}

/// The address in the house's own network of a device that asks, where staff can look for it; empty: it asks from elsewhere.
pub(crate) fn in_the_house(peer: Option<IpAddr>, headers: &HeaderMap) -> String {
    let here = |address: &IpAddr| is_near(*address) && !address.is_loopback();
    asker(peer, headers).filter(here).map(|address| address.to_string()).unwrap_or_default()
}

fn asker(peer: Option<IpAddr>, headers: &HeaderMap) -> Option<IpAddr> {
    let peer = peer.map(|peer| peer.to_canonical());
    let written = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let said = written.flat_map(|value| value.split(',')).filter_map(address).next_back();
    match peer {
        Some(peer) if !is_near(peer) => Some(peer),
        _ => said.or(peer),
    }
}

/// An address, perhaps with a port.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let alone = text.parse().or_else(|_| text.parse().map(|address: SocketAddr| address.ip()));
    alone.ok().map(|address: IpAddr| address.to_canonical())
}

fn is_near(address: IpAddr) -> bool {
    match address {
        // 100.64.0.0/10 is what providers and clusters have of their own.
        IpAddr::V4(it) => {
            let [first, second, ..] = it.octets();
            it.is_loopback() || it.is_private() || it.is_link_local() || (first == 100 && second & 0xc0 == 64)
        }
        IpAddr::V6(it) => it.is_loopback() || it.is_unique_local() || it.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(peer: &str, forwarded_for: &[&str]) -> String {
        network(peer.parse().ok(), &headers(forwarded_for))
    }

    fn headers(forwarded_for: &[&str]) -> HeaderMap {
        let written = forwarded_for.iter().map(|it| {
            (axum::http::HeaderName::from_static("x-forwarded-for"), (*it).parse().expect("a header's value"))
        });
        written.collect()
    }

    #[test]
    fn a_device_is_to_be_found_where_it_asks_from_if_that_is_in_the_house() {
        let table: [(&str, &[&str], &str); 6] = [
            ("192.168.1.20", &[], "192.168.1.20"),
            ("127.0.0.1", &["10.0.7.21"], "10.0.7.21"),
            ("fd00::1", &["fd00::9"], "fd00::9"),
            ("127.0.0.1", &[], ""),
            ("203.0.113.7", &["10.0.7.21"], ""),
            ("10.0.0.1", &["203.0.113.7"], ""),
        ];
        for (peer, written, found) in table {
            assert_eq!(in_the_house(peer.parse().ok(), &headers(written)), found, "{peer} {written:?}");
        }
    }

    #[test]
    fn whoever_asks_directly_is_their_own_word() {
        assert_eq!(of("203.0.113.7", &[]), "203.0.113.7");
        assert_eq!(of("203.0.113.7", &["198.51.100.1"]), "203.0.113.7", "anybody can write that");
        assert_eq!(of("::ffff:203.0.113.7", &[]), "203.0.113.7");
        assert_eq!(of("2001:db8:1:2:3:4:5:6", &[]), of("2001:db8:1:2:ffff::1", &[]));
        assert_ne!(of("2001:db8:1:2::1", &[]), of("2001:db8:1:3::1", &[]));
        assert_eq!(of("192.168.1.20", &[]), "192.168.1.20", "a monitor in the house");
        assert_eq!(of("nobody", &[]), "", "a call within the process");
    }

    #[test]
    fn a_proxy_says_for_whom_it_asks() {
        for peer in ["127.0.0.1", "::1", "10.1.2.3", "100.64.0.1", "fd00::1", "::ffff:10.1.2.3"] {
            assert_eq!(of(peer, &["203.0.113.7"]), "203.0.113.7");
            assert_eq!(of(peer, &["198.51.100.1, 203.0.113.7"]), "203.0.113.7", "the first one is anybody's word");
            assert_eq!(of(peer, &["198.51.100.1", "203.0.113.7:4711, 10.9.9.9"]), "10.9.9.9", "a guest in the house");
            assert_eq!(of(peer, &["192.168.1.20"]), "192.168.1.20", "a monitor in the house, behind its proxy");
            assert_eq!(of(peer, &["[2001:db8:1:2::9]:80"]), "2001:db8:1:2::/64");
        }
        assert_eq!(of("10.1.2.3", &["unknown", "", "999.1.1.1"]), "10.1.2.3", "no address");
    }
}
