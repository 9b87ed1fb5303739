//! From which network a request comes, for what anybody may ask for and nobody may have all of. Decides nothing of who
//! somebody is.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;
use ipnet::IpNet;

/// Whose `X-Forwarded-For` is believed: `proxies` in `[services.portal]`.
#[derive(Clone, Debug)]
pub(crate) struct Proxies(Vec<IpNet>);

impl Proxies {
    /// Reads addresses and networks. None: what runs on this machine.
    ///
    /// # Errors
    /// One that is neither, with the key.
    pub(crate) fn read(written: Option<&[String]>) -> anyhow::Result<Self> {
        let here = || ["127.0.0.0/8".to_owned(), "::1".to_owned()].to_vec();
        let written = written.map_or_else(here, <[String]>::to_vec);
        let networks = written.iter().map(|text| {
            network(text).ok_or_else(|| {
                anyhow::anyhow!(
                    "services.portal.proxies has \"{text}\"; it must be addresses and networks such as 10.0.0.7 and 10.0.0.0/24"
                )
            })
        });
        networks.collect::<Result<_, _>>().map(Self)
    }

    /// For whom a request asks. A proxy writes down its own peer at the end of the header; what is before that is worth
    /// something only if the peer is a proxy too. Of anybody else the whole header is worth nothing.
    pub(crate) fn asker(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> Asker {
        let is_proxy = |address: &IpAddr| self.0.iter().any(|network| network.contains(address));
        let mut asker = peer.map(|peer| peer.to_canonical());
        let written = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
        let mut said: Vec<&str> = written.flat_map(|value| value.split(',')).collect();
        while asker.as_ref().is_some_and(is_proxy)
            && let Some(before) = said.pop().and_then(address)
        {
            asker = Some(before);
        }
        Asker { address: asker, is_behind: !said.is_empty() }
    }
}

/// For whom a request asks; None: it comes from within the process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asker {
    address: Option<IpAddr>,
    /// It says for whom it asks, and is no proxy of ours: perhaps one that the settings should name, behind which anybody
    /// may be.
    is_behind: bool,
}

impl Asker {
    /// Its network: an address of version 4, of version 6 the 64 bits that one customer is given.
    pub(crate) fn network(self) -> String {
        match self.address {
            Some(IpAddr::V6(address)) => {
                let [a, b, c, d, ..] = address.segments();
                format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
            }
            Some(IpAddr::V4(address)) => address.to_string(),
            None => String::new(),
        }
    }

    /// Whether it is in the house's own network or on this machine.
    pub(crate) fn is_near(self) -> bool {
        match self.address.filter(|_| !self.is_behind) {
            // 100.64.0.0/10 is what providers and clusters have of their own.
            Some(IpAddr::V4(it)) => {
                let [first, second, ..] = it.octets();
                it.is_loopback() || it.is_private() || it.is_link_local() || (first == 100 && second & 0xc0 == 64)
            }
            Some(IpAddr::V6(it)) => it.is_loopback() || it.is_unique_local() || it.is_unicast_link_local(),
            None => false,
        }
    }

    /// The address in the house's own network of a device, where staff can look for it; empty: it asks from elsewhere.
    pub(crate) fn in_the_house(self) -> String {
        let here = self.address.filter(|address| self.is_near() && !address.is_loopback());
        here.map(|address| address.to_string()).unwrap_or_default()
    }
}

/// An address, or a network without anything behind its length: 10.1.2.3/8 is a slip of somebody who means one address.
fn network(text: &str) -> Option<IpNet> {
    let alone = text.parse::<IpAddr>().map(IpNet::from);
    alone.ok().or_else(|| text.parse().ok().filter(|network: &IpNet| network.trunc() == *network))
}

/// An address, perhaps with a port.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let alone = text.parse().or_else(|_| text.parse().map(|address: SocketAddr| address.ip()));
    alone.ok().map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests;
