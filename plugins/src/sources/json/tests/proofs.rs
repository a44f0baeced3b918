//! How a call proves its sender.

use super::*;

const STRANGER: RefusalKind = RefusalKind::Unauthenticated;
const OPEN: &str = "command = { header = \"X-Event\" }";

/// HMAC-SHA-256 of `what do ya want for nothing?` under `Jefe`: RFC 4231, case 2.
const JEFE: &str = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";

fn hmac(more: &str) -> Arc<dyn Source> {
    source(&format!("{OPEN}\nhmac = {{ header = \"X-Sig\", {more} }}"))
}

fn token(more: &str) -> Arc<dyn Source> {
    source(&format!("{OPEN}\ntoken = {{ header = \"Authorization\", {more} }}"))
}

fn refused(source: &Arc<dyn Source>, call: &Call, reason: &str) {
    call.refused(source, STRANGER, reason);
}

#[test]
fn without_a_proof_anybody_can_call_and_that_is_said() {
    assert!(event("a").open(&source(OPEN)).is_ok());
    assert!(!source(OPEN).authenticates());
    assert!(hmac("secrets = [\"s\"]").authenticates());
    assert!(token("tokens = [\"t\"]").authenticates());
}

#[test]
fn the_signature_is_the_one_of_the_standard() {
    let source = hmac("secrets = [\"Jefe\"]");
    let signed = |body: &'static str| call(body).header("x-event", "a").header("x-sig", JEFE);
    // Genuine, and only then looked at.
    signed("what do ya want for nothing?").refused(
        &source,
        RefusalKind::Malformed,
        "body_not_an_object",
    );
    refused(&source, &signed("what do ya want for nothing!"), "bad_signature");
}

// Made with `openssl dgst -sha256 -hmac`.
const HEX: &str = "331da1e878e095589e7a7626c11fb47e3c07323a0e5d435351b2f49c4eb797a9";
const BASE64: &str = "Mx2h6HjglVieenYmwR+0fjwHMjoOXUNTUbL0nE63l6k=";
const OTHER: &str = "d17bd577e478879932515f6972f5f21ab622e6ccdda83cb1c1726a078464c2a1";
const TIMED: &str = "d108c479c0f3d54a687da0100823dc970b7df340bae2cd917a19b18cfaf1f383";

#[test]
fn a_signature_is_hex_or_base64_behind_a_prefix() {
    let genuine = |source: &Arc<dyn Source>, sig: &str| {
        assert!(event("a").header("x-sig", sig).open(source).is_ok(), "{sig}");
    };
    let plain = hmac("secrets = [\"secret-1\"]");
    genuine(&plain, HEX);
    genuine(&plain, &HEX.to_uppercase());
    let prefixed = hmac("prefix = \"sha256=\", secrets = [\"secret-1\"]");
    genuine(&prefixed, &format!("sha256={HEX}"));
    genuine(&prefixed, &format!("SHA256={HEX}"));
    let base64 = hmac("encoding = \"base64\", secrets = [\"secret-1\"]");
    let for_urls = BASE64.replace('+', "-").replace('/', "_");
    for sig in [BASE64, BASE64.trim_end_matches('='), &for_urls, for_urls.trim_end_matches('=')] {
        genuine(&base64, sig);
    }
    let strange = |source: &Arc<dyn Source>, sig: &str| {
        refused(source, &event("a").header("x-sig", sig), "malformed_signature");
    };
    let half_a_digit = format!("{}g", &HEX[..63]);
    for sig in ["", "sha256=", &half_a_digit, &HEX[1..], &HEX[2..], &format!("{HEX}00"), BASE64] {
        strange(&plain, sig);
    }
    for sig in [HEX, "sha", &format!("sha512={HEX}")] {
        strange(&prefixed, sig);
    }
    for sig in [HEX, &BASE64[1..], "AAAA", "+_+_"] {
        strange(&base64, sig);
    }
    strange(&plain, "\u{e9}");
    refused(&plain, &event("a"), "missing_signature");
    let twice = event("a").header("x-sig", HEX).header("x-sig", HEX);
    refused(&plain, &twice, "malformed_signature");
}

#[test]
fn any_of_several_secrets_will_do_and_no_other() {
    let source = hmac("secrets = [\"secret-0\", \"secret-1\"]");
    assert!(event("a").header("x-sig", HEX).open(&source).is_ok());
    refused(&source, &event("a").header("x-sig", OTHER), "bad_signature");
    let last = HEX.chars().last().expect("not empty");
    let spoilt = format!("{}{}", &HEX[..63], if last == '0' { '1' } else { '0' });
    refused(&source, &event("a").header("x-sig", spoilt), "bad_signature");
}

#[test]
fn a_time_stamp_is_signed_and_counts_within_its_window() {
    let source = hmac("timestamp = \"X-Time\", window = \"1m\", secrets = [\"secret-1\"]");
    let timed = |time: &str| event("a").header("x-sig", TIMED).header("x-time", time);
    let later = |seconds: i64| Call { received: at(seconds), ..timed("1700000000") };
    for seconds in [-60, 0, 60] {
        assert_eq!(later(seconds).open(&source).expect("genuine").facts.sent, Some(at(0)));
    }
    refused(&source, &later(61), "stale_time");
    refused(&source, &later(-61), "future_time");
    refused(&source, &timed("1700000001"), "bad_signature");
    refused(&source, &event("a").header("x-sig", TIMED), "missing_time");
    refused(&source, &timed("1700000000").header("x-time", "1700000000"), "malformed_time");
    for time in ["", "soon", "-1700000000", "+1700000000", "1700000000.0", "99999999999999"] {
        refused(&source, &timed(time), "malformed_time");
    }
    refused(
        &source,
        &event("a").header("x-sig", HEX).header("x-time", "1700000000"),
        "bad_signature",
    );
    let default = hmac("timestamp = \"X-Time\", secrets = [\"secret-1\"]");
    assert!(later(300).open(&default).is_ok());
    refused(&default, &later(301), "stale_time");
}

#[test]
fn the_time_in_the_body_goes_before_the_signed_one() {
    let source = source(&format!(
        "{OPEN}\ntime = \"/room/id\"\nhmac = {{ header = \"X-Sig\", timestamp = \"X-Time\", secrets = [\"secret-1\"] }}"
    ));
    let opened = event("a").header("x-sig", TIMED).header("x-time", "1700000000").open(&source);
    assert_eq!(opened.expect("genuine").facts.sent, Timestamp::from_second(7).ok());
}

#[test]
fn a_token_stands_in_a_header_behind_a_prefix() {
    let bearer = token("prefix = \"Bearer \", tokens = [\"old\", \"t0ken\"]");
    for value in ["Bearer t0ken", "bearer t0ken", "Bearer old"] {
        assert!(event("a").header("authorization", value).open(&bearer).is_ok(), "{value}");
    }
    let check = |value: &str, reason| {
        refused(&bearer, &event("a").header("authorization", value), reason);
    };
    for value in ["Bearer T0ken", "Bearer t0ke", "Bearer t0kenn", "Bearer ", "Bearer  t0ken"] {
        check(value, "bad_token");
    }
    for value in ["", "t0ken", "Basic t0ken", "Bearer", "\u{e9}"] {
        check(value, "malformed_token");
    }
    refused(&bearer, &event("a"), "missing_token");
    let twice = event("a").header("authorization", "Bearer old");
    refused(&bearer, &twice.header("authorization", "Bearer t0ken"), "malformed_token");
    let plain = token("tokens = [\"t0ken\"]");
    assert!(event("a").header("authorization", "t0ken").open(&plain).is_ok());
    refused(&plain, &event("a").header("authorization", ""), "bad_token");
}

#[test]
fn nothing_of_a_call_is_looked_at_before_its_proof() {
    let source = token("tokens = [\"t0ken\"]");
    refused(&source, &call("nonsense"), "missing_token");
}

#[test]
fn a_signature_covers_a_byte_order_mark() {
    let source =
        source("command.header = \"X-Event\"\nhmac = { header = \"X-Sig\", secrets = [\"new\"] }");
    let mut request = source.compose("a", &switchhook_api::Map::new(), at(0)).expect("composed");
    *request.body_mut() = Bytes::from_static("\u{feff}{\"a\":1}".as_bytes());
    source.sign(&mut request, at(0));
    let call = Call::of(&request);
    assert_eq!(call.open(&source).expect("genuine").body, "{\"a\":1}");
    let unmarked = Call { body: Bytes::from_static(b"{\"a\":1}"), ..call };
    unmarked.refused(&source, RefusalKind::Unauthenticated, "bad_signature");
}
