//! Keeps relays away from addresses that are not public: a target's name is the outside world's word for where to connect.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use switchhook_api::BoxError;
use url::{Host, Url};

/// More addresses than this are not tried, however many a name has.
const ADDRESSES_MAX: usize = 16;

/// What an IPv4 network is, where it is not public.
#[rustfmt::skip]
const NETWORKS_V4: &[([u8; 4], u8, &str)] = &[
    ([0, 0, 0, 0], 8, "an address of this network"),
    ([10, 0, 0, 0], 8, "a private address"),
    ([100, 64, 0, 0], 10, "an address behind a carrier's NAT"),
    ([127, 0, 0, 0], 8, "a loopback address"),
    ([168, 63, 129, 16], 32, "a cloud's own service"),
    ([169, 254, 0, 0], 16, "a link-local address"),
    ([172, 16, 0, 0], 12, "a private address"),
    ([192, 0, 0, 0], 24, "an address of a protocol"),
    ([192, 0, 2, 0], 24, "an address for documentation"),
    ([192, 88, 99, 0], 24, "a 6to4 relay"),
    ([192, 168, 0, 0], 16, "a private address"),
    ([198, 18, 0, 0], 15, "an address for benchmarks"),
    ([198, 51, 100, 0], 24, "an address for documentation"),
    ([203, 0, 113, 0], 24, "an address for documentation"),
    ([224, 0, 0, 0], 4, "a multicast address"),
    ([255, 255, 255, 255], 32, "the broadcast address"),
    ([240, 0, 0, 0], 4, "a reserved address"),
];

/// The same for IPv6; the last row is what is left beside the global networks.
#[rustfmt::skip]
const NETWORKS_V6: &[([u16; 8], u8, &str)] = &[
    ([0, 0, 0, 0, 0, 0, 0, 0], 128, "the unspecified address"),
    ([0, 0, 0, 0, 0, 0, 0, 1], 128, "a loopback address"),
    ([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48, "a local NAT64 address"),
    ([0x100, 0, 0, 0, 0, 0, 0, 0], 64, "a discard address"),
    ([0x2001, 0, 0, 0, 0, 0, 0, 0], 23, "an address of a protocol"), // Teredo, ORCHID and benchmarks included
    ([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32, "an address for documentation"),
    ([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20, "an address for documentation"),
    ([0x5f00, 0, 0, 0, 0, 0, 0, 0], 16, "a segment-routing address"),
    ([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7, "a private address"),
    ([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10, "a link-local address"),
    ([0xfec0, 0, 0, 0, 0, 0, 0, 0], 10, "a site-local address"),
    ([0xff00, 0, 0, 0, 0, 0, 0, 0], 8, "a multicast address"),
];

/// Networks of IPv6 that stand for IPv4 addresses, and the bit at which those begin.
#[rustfmt::skip]
const EMBEDDED: &[([u16; 8], u8, u32)] = &[
    ([0, 0, 0, 0, 0, 0xffff, 0, 0], 96, 96),       // mapped
    ([0, 0, 0, 0, 0xffff, 0, 0, 0], 96, 96),       // translated
    ([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96, 96),    // NAT64
    ([0x2002, 0, 0, 0, 0, 0, 0, 0], 16, 16),       // 6to4
];

/// An address that relays do not go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotPublic {
    ip: IpAddr,
    kind: &'static str,
}

impl fmt::Display for NotPublic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { ip, kind } = self;
        write!(
            f,
            "the target resolves to {ip}, {kind}; only public addresses are allowed unless the action sets `allow_private = true`"
        )
    }
}

impl std::error::Error for NotPublic {}

/// Refuses what is not a public unicast address. IPv6 addresses that stand for IPv4 ones are judged as those.
pub(super) fn check(ip: IpAddr) -> Result<(), NotPublic> {
    let kind = match ip {
        IpAddr::V4(v4) => kind_v4(v4),
        IpAddr::V6(v6) => match embedded(v6) {
            Some(v4) => kind_v4(v4),
            None => kind_v6(v6),
        },
    };
    kind.map_or(Ok(()), |kind| Err(NotPublic { ip, kind }))
}

/// Refuses a target that is written as an address, in whatever spelling: names alone come to the [`Resolver`].
pub(super) fn check_literal(url: &Url) -> Result<(), NotPublic> {
    match url.host() {
        Some(Host::Ipv4(ip)) => check(ip.into()),
        Some(Host::Ipv6(ip)) => check(ip.into()),
        Some(Host::Domain(_)) | None => Ok(()),
    }
}

/// Whether the target is this machine by its reserved name.
pub(super) fn is_localhost(url: &Url) -> bool {
    let Some(Host::Domain(name)) = url.host() else { return false };
    let name = name.trim_end_matches('.');
    name == "localhost" || name.ends_with(".localhost")
}

fn kind_v4(ip: Ipv4Addr) -> Option<&'static str> {
    let holds = |net: [u8; 4], length: u8| {
        let rest = 32 - u32::from(length);
        u32::from(ip) >> rest == u32::from_be_bytes(net) >> rest
    };
    NETWORKS_V4.iter().find(|(net, length, _)| holds(*net, *length)).map(|(.., kind)| *kind)
}

fn kind_v6(ip: Ipv6Addr) -> Option<&'static str> {
    let known = NETWORKS_V6.iter().find(|(net, length, _)| holds_v6(*net, *length, ip));
    let global = holds_v6([0x2000, 0, 0, 0, 0, 0, 0, 0], 3, ip);
    known.map(|(.., kind)| *kind).or((!global).then_some("not a global address"))
}

fn embedded(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let (.., at) = EMBEDDED.iter().find(|(net, length, _)| holds_v6(*net, *length, ip))?;
    let [.., a, b, c, d] = (u128::from(ip) >> (96 - at)).to_be_bytes();
    Some(Ipv4Addr::new(a, b, c, d))
}

fn holds_v6(net: [u16; 8], length: u8, ip: Ipv6Addr) -> bool {
    let rest = 128 - u32::from(length);
    u128::from(ip) >> rest == u128::from(Ipv6Addr::from(net)) >> rest
}

/// Turns names into addresses. Its answer is what gets connected to: nothing is looked up a second time, so a name cannot
/// show one address to the check and another to the connection.
pub(super) struct Resolver {
    /// Any address will do.
    pub(super) allow_private: bool,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let allow_private = self.allow_private;
        Box::pin(async move {
            let found: Vec<SocketAddr> =
                tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            Ok(Box::new(vetted(found, allow_private)?.into_iter()) as Addrs)
        })
    }
}

/// One bad address among good ones spoils the name: its owner cannot be trusted with the others.
pub(super) fn vetted(
    found: Vec<SocketAddr>,
    allow_private: bool,
) -> Result<Vec<SocketAddr>, BoxError> {
    if !allow_private {
        found.iter().try_for_each(|address| check(address.ip()))?;
    }
    Ok(found.into_iter().take(ADDRESSES_MAX).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn public(text: &str) -> bool {
        check(text.parse().expect(text)).is_ok()
    }

    #[test]
    fn addresses_that_are_not_public_are_known() {
        let refused = "
            0.0.0.0 0.1.2.3 0.255.255.255 10.0.0.0 10.255.255.255 100.64.0.0 100.100.100.200 100.127.255.255
            127.0.0.1 127.1.2.3 127.255.255.255 168.63.129.16 169.254.0.23 169.254.169.254 172.16.0.1 172.31.255.255
            192.0.0.1 192.0.0.192 192.0.2.1 192.88.99.1 192.168.0.1 192.168.255.255 198.18.0.1 198.19.255.255
            198.51.100.7 203.0.113.7 224.0.0.1 239.255.255.255 240.0.0.1 254.1.1.1 255.255.255.255
            :: ::1 ::2 ::7f00:1 ::8.8.8.8 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 ::ffff:0.0.0.0
            ::ffff:0:127.0.0.1 ::ffff:0:192.168.1.1 64:ff9b::127.0.0.1 64:ff9b::10.0.0.1 64:ff9b::a9fe:a9fe
            64:ff9b:1::8.8.8.8 64:ff9b:1:2::1 100::1 100:0:0:1::1 2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2
            2001:2::1 2001:10::1 2001:20::1 2001:1ff::1 2001:db8::1 2001:db8:ffff::1 2002:7f00:1:: 2002:a00:1::1
            2002:c0a8:101::1 2002:a9fe:a9fe::1 3fff::1 3fff:fff::1 4000::1 5f00::1 5f00:ffff::1 8000::1 fc00::1
            fd00:ec2::254 fdff::1 fe80::1 febf::1 fec0::1 feff::1 ff02::1 ff0e::1 1fff::1
        ";
        let all: Vec<&str> = refused.split_whitespace().collect();
        assert!(all.len() >= 60, "{}", all.len());
        for text in all {
            assert!(!public(text), "{text}");
        }
    }

    #[test]
    fn public_addresses_pass_up_to_the_edges_of_the_others() {
        let passed = "
            1.0.0.0 1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0
            168.63.129.15 168.63.129.17 169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 191.255.255.255
            192.0.1.0 192.0.3.0 192.88.98.255 192.88.100.0 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0
            198.51.99.255 198.51.101.0 203.0.112.255 203.0.114.0 223.255.255.255
            2000::1 2001:200::1 2001:4860:4860::8888 2001:db7::1 2001:db9::1 2606:4700::1111 2a00:1450::1 3ffe::1
            ::ffff:8.8.8.8 ::ffff:0:8.8.8.8 64:ff9b::8.8.8.8 2002:808:808::1
        ";
        for text in passed.split_whitespace() {
            assert!(public(text), "{text}");
        }
    }

    #[test]
    fn literal_addresses_are_seen_in_every_spelling() {
        let check = |text: &str, expected: bool| {
            let url = Url::parse(text).expect(text);
            assert_eq!(check_literal(&url).is_ok(), expected, "{text}");
        };
        check("http://127.0.0.1/", false);
        check("http://127.1:8080/", false);
        check("http://0x7f.1/", false);
        check("http://0177.0.0.1/", false);
        check("http://2130706433/", false);
        check("http://0/", false);
        check("http://%31%32%37.0.0.1/", false);
        check("http://①②⑦.0.0.1/", false);
        check("http://127。0。0。1/", false);
        check("http://127.0.0.1./", false);
        check("http://[::1]/", false);
        check("http://[::ffff:127.0.0.1]/", false);
        check("http://[::ffff:7f00:1]/", false);
        check("http://[0:0:0:0:0:0:0:1]/", false);
        check("http://169.254.169.254/latest/meta-data", false);
        check("http://8.8.8.8/", true);
        check("http://134744072/", true);
        check("http://[2606:4700::1111]/", true);
        check("http://example.com/", true);
    }

    #[test]
    fn this_machines_names_are_known() {
        let check = |text: &str, expected: bool| {
            assert_eq!(is_localhost(&Url::parse(text).expect(text)), expected, "{text}");
        };
        check("http://localhost/", true);
        check("http://LOCALHOST:80/", true);
        check("http://localhost./", true);
        check("http://a.localhost/", true);
        check("http://localhost.example.com/", false);
        check("http://notlocalhost/", false);
        check("http://127.0.0.1/", false);
    }

    #[test]
    fn one_bad_address_spoils_a_name() {
        let list = |text: &str| -> Vec<SocketAddr> {
            text.split(' ').map(|ip| (ip.parse::<IpAddr>().expect(ip), 0).into()).collect()
        };
        assert_eq!(vetted(list("8.8.8.8 1.1.1.1"), false).expect("public").len(), 2);
        let error = vetted(list("8.8.8.8 2606:4700::1111 ::1"), false).expect_err("refused");
        assert_eq!(
            error.to_string(),
            "the target resolves to ::1, a loopback address; only public addresses are allowed unless the action sets `allow_private = true`"
        );
        assert_eq!(vetted(list("8.8.8.8 ::1"), true).expect("allowed").len(), 2);
        let many = vec![SocketAddr::from(([8, 8, 8, 8], 0)); 10_000];
        assert_eq!(vetted(many, false).expect("public").len(), ADDRESSES_MAX);
    }
}
