//! The client's address. A forwarding header counts only if the peer is a trusted proxy; then the
//! rightmost address that is no trusted proxy is the client: what stands left of it, the client
//! itself may have written.

use actix_web::http::header::{FORWARDED, HeaderMap};
use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};

const FORWARDED_FOR: &str = "x-forwarded-for";

/// The client's address, if the connection has one.
pub(super) fn of(peer: Option<IpAddr>, headers: &HeaderMap, trusted: &[IpNet]) -> Option<IpAddr> {
    let peer = peer?.to_canonical();
    let is_trusted = |address: &IpAddr| trusted.iter().any(|net| net.contains(address));
    if !is_trusted(&peer) {
        return Some(peer);
    }
    let mut client = peer;
    for hop in hops(headers).iter().rev() {
        // A hop that cannot be read ends the chain: nothing left of it can be believed.
        let Some(address) = address(hop) else { break };
        client = address;
        if !is_trusted(&address) {
            break;
        }
    }
    Some(client)
}

/// The hops of `X-Forwarded-For`, or else of `Forwarded` (RFC 7239), nearest last.
fn hops(headers: &HeaderMap) -> Vec<String> {
    let values = |name: &str| -> Vec<String> {
        // What is no text stays a hop that cannot be read: the rest of its line is the proxy's own.
        let lines = headers
            .get_all(name)
            .map(|value| String::from_utf8_lossy(value.as_bytes()));
        lines
            .flat_map(|line| {
                line.split(',')
                    .map(|hop| hop.trim().to_owned())
                    .collect::<Vec<_>>()
            })
            .collect()
    };
    if headers.contains_key(FORWARDED_FOR) {
        return values(FORWARDED_FOR);
    }
    values(FORWARDED.as_str())
        .iter()
        .map(|element| for_parameter(element))
        .collect()
}

fn for_parameter(element: &str) -> String {
    element
        .split(';')
        .filter_map(|pair| pair.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("for"))
        .map(|(_, value)| value.trim().trim_matches('"').to_owned())
        .unwrap_or_default()
}

/// `203.0.113.9`, `203.0.113.9:443`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:443`.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(text);
    bare.parse::<IpAddr>()
        .or_else(|_| text.parse::<SocketAddr>().map(|socket| socket.ip()))
        .ok()
        .map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::{HeaderName, HeaderValue};

    fn client(peer: &str, lines: &[(&'static str, &str)]) -> String {
        let trusted = ["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(
                HeaderName::from_static(name),
                HeaderValue::from_bytes(value.as_bytes()).unwrap(),
            );
        }
        of(Some(peer.parse().unwrap()), &headers, &trusted)
            .unwrap()
            .to_string()
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        let spoofed = [("x-forwarded-for", "198.51.100.1")];
        assert_eq!(client("203.0.113.9", &spoofed), "203.0.113.9");
        assert_eq!(client("10.0.0.1", &spoofed), "198.51.100.1");
        assert_eq!(client("::ffff:10.0.0.1", &spoofed), "198.51.100.1");
        assert_eq!(client("10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn the_rightmost_stranger_is_the_client() {
        let chain = [
            ("x-forwarded-for", "1.2.3.4, 198.51.100.1"),
            ("x-forwarded-for", "10.1.1.1"),
        ];
        assert_eq!(client("10.0.0.1", &chain), "198.51.100.1");
        let garbage = [("x-forwarded-for", "198.51.100.1, unknown, 10.1.1.1")];
        assert_eq!(client("10.0.0.1", &garbage), "10.1.1.1");
    }

    /// The proxy appends to what the client sent, and passes on headers that it does not know.
    #[test]
    fn a_line_that_is_no_text_does_not_give_way_to_what_the_client_wrote() {
        let forged = [
            ("x-forwarded-for", "é, 198.51.100.1"),
            ("forwarded", "for=1.2.3.4"),
        ];
        assert_eq!(client("10.0.0.1", &forged), "198.51.100.1");
        let unread = [("x-forwarded-for", "é"), ("forwarded", "for=1.2.3.4")];
        assert_eq!(client("10.0.0.1", &unread), "10.0.0.1");
    }

    #[test]
    fn forwarded_is_read_too() {
        let line = [(
            "forwarded",
            r#"for=1.1.1.1, For="[2001:db8::7]:4711";proto=https"#,
        )];
        assert_eq!(client("fd00::1", &line), "2001:db8::7");
    }
}
