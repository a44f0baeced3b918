use super::*;
use proptest::prelude::*;
use serde_json::json;
use sha2::{Digest, Sha256};

fn signature(token: &str, time: i64) -> String {
    hashed(&format!("{token}{time}"))
}

fn query(sign: &str, time: i64) -> String {
    format!("SdkAppid={APP}&CallbackCommand={COMMAND}&Sign={sign}&RequestTime={time}")
}

/// A call as the protocol describes it, put together of right and wrong parts.
#[derive(Clone, Debug)]
struct Call {
    app: Option<&'static str>,
    token: &'static str,
    sign: fn(String) -> Option<String>,
    time: Option<String>,
    /// What was signed in place of the time that is sent.
    signed: Option<String>,
    late: i64,
    turn: usize,
    lower: bool,
}

const OURS: [&str; 2] = ["xxxxyyyy", "next"];

impl Call {
    fn query(&self) -> String {
        let time = self.signed.as_ref().or(self.time.as_ref()).cloned().unwrap_or_default();
        let sign = (self.sign)(hashed(&format!("{}{time}", self.token)));
        let pairs = [
            ("SdkAppid", self.app.map(str::to_owned)),
            ("CallbackCommand", Some(COMMAND.to_owned())),
            ("Sign", sign),
            ("RequestTime", self.time.clone()),
            ("RequestID", Some("r".to_owned())),
        ];
        let mut pairs: Vec<String> = pairs
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .map(
                |(name, value)| {
                    if self.lower { (name.to_lowercase(), value) } else { (name.into(), value) }
                },
            )
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let turn = self.turn % pairs.len();
        pairs.rotate_left(turn);
        pairs.join("&")
    }

    /// The rule, written once more: our app, seconds in decimal, the digest of one of our tokens and that text, and a
    /// minute at most between them and now.
    fn is_genuine(&self) -> bool {
        let Some(time) = &self.time else { return false };
        let Some(seconds) = time.parse::<i64>().ok().filter(|seconds| seconds.to_string() == *time)
        else {
            return false;
        };
        let sign =
            (self.sign)(hashed(&format!("{}{}", self.token, self.signed.as_ref().unwrap_or(time))));
        self.app == Some(APP)
            && OURS.iter().any(|token| {
                Some(hashed(&format!("{token}{time}")))
                    == sign.as_ref().map(|sign| sign.to_lowercase())
            })
            && (TIME * 1000 + self.late - seconds * 1000).abs() <= 60_000
    }
}

fn hashed(text: &str) -> String {
    format!("{:x}", Bytes::copy_from_slice(&Sha256::digest(text)))
}

fn call() -> impl Strategy<Value = Call> {
    let app = prop::sample::select(vec![
        Some(APP),
        Some(APP),
        Some(APP),
        Some("1400000001"),
        Some(""),
        None,
    ]);
    let token = prop::sample::select(vec!["xxxxyyyy", "next", "xxxxyyyy", "next", "xxxyyy", ""]);
    let signs: Vec<fn(String) -> Option<String>> = vec![
        Some,
        Some,
        Some,
        |sign| Some(sign.to_uppercase()),
        |sign| Some(sign[..63].to_owned()),
        |sign| Some(format!("{sign}00")),
        |sign| Some(sign.chars().rev().collect()),
        |_| None,
    ];
    let right = Just(Some(TIME.to_string()));
    let odd = ["", "01669872112", "1669872112000", "+1669872112", "1669872112.0", "abc"];
    let odd = prop::sample::select(odd.map(|odd| Some(odd.to_owned())).to_vec());
    let time = prop_oneof![6 => right, 2 => odd, 1 => Just(None)];
    let signed = prop_oneof![6 => Just(None), 1 => Just(Some("1669872113".to_owned()))];
    let edges = prop::sample::select(vec![0, 60_000, 60_001, -60_000, -60_001]);
    let late = prop_oneof![edges, -90_000_i64..90_000];
    let all =
        (app, token, prop::sample::select(signs), time, signed, late, 0_usize..5, any::<bool>());
    all.prop_map(|(app, token, sign, time, signed, late, turn, lower)| Call {
        app,
        token,
        sign,
        time,
        signed,
        late,
        turn,
        lower,
    })
}

#[test]
fn the_rule_of_the_page_has_its_own_example() {
    assert_eq!(hashed("xxxxyyyy1669872112"), SIGN);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn a_call_is_taken_in_exactly_where_the_page_says_so(call in call(), body in prop::sample::select(vec![BODY, "{}"])) {
        let opened = open_at(&source(&OURS), &call.query(), body, at(call.late));
        prop_assert_eq!(opened.is_ok(), call.is_genuine(), "{} {:?}", call.query(), opened);
        if let Err(refusal) = opened {
            prop_assert_eq!(refusal.kind, RefusalKind::Unauthenticated);
        }
    }
}

proptest! {
    #[test]
    fn a_signature_is_good_for_its_token_and_its_minute(
        token in ".{1,128}",
        other in ".{1,128}",
        time in 100_000_000_i64..=99_999_999_999,
        late in -200_000_i64..200_000,
    ) {
        let received = Timestamp::from_millisecond(time * 1000 + late).expect("a time");
        let query = query(&signature(&token, time), time);
        let mine = open_at(&source(&[&token]), &query, BODY, received);
        prop_assert_eq!(mine.is_ok(), late.abs() <= 60_000);
        let theirs = open_at(&source(&[&other]), &query, BODY, received);
        prop_assert_eq!(theirs.is_ok(), token == other && late.abs() <= 60_000);
    }

    #[test]
    fn one_changed_digit_spoils_a_signature(place in 0_usize..64, digit in "[0-9a-f]") {
        let mut sign = SIGN.to_owned();
        sign.replace_range(place..=place, &digit);
        let opened = open(&source(&[TOKEN]), &query(&sign, TIME), BODY);
        prop_assert_eq!(opened.is_ok(), sign == SIGN);
    }

    #[test]
    fn nothing_in_a_query_panics(query in "\\PC*", pairs in "([A-Za-z%=&;+0-9]|SdkAppid|Sign){0,80}") {
        for query in [&query, &pairs] {
            prop_assert!(open(&source(&[TOKEN]), query, BODY).is_err());
            _ = open(&open_source(), &format!("SdkAppid={APP}&CallbackCommand={COMMAND}&{query}"), BODY);
        }
    }

    #[test]
    fn nothing_in_a_body_panics(bytes in prop::collection::vec(any::<u8>(), 0..200), at in 0..BODY.len(), byte: u8) {
        let mut spoilt = BODY.as_bytes().to_vec();
        spoilt[at] = byte;
        for body in [&bytes, &spoilt] {
            for command in [COMMAND, "Push.X", "State.StateChange"] {
                let query = format!("SdkAppid={APP}&CallbackCommand={command}");
                if let Ok(callbacks) = open(&open_source(), &query, body) {
                    prop_assert!(callbacks.iter().all(|one| serde_json::from_slice::<serde::de::IgnoredAny>(&one.body).is_ok()));
                }
            }
        }
    }

    #[test]
    fn whatever_is_composed_is_taken_in(name in "\\PC*", group in "\\PC*", command in "[A-Za-z0-9._-]{1,128}") {
        let serde_json::Value::Object(fields) = json!({"Name": name, "GroupId": group, "n": 1}) else {
            unreachable!("it is an object")
        };
        let source = source(&[TOKEN]);
        let request = source.compose(&command, &fields, at(0)).expect("composed");
        let callbacks = open(&source, request.uri().query().unwrap_or_default(), request.body());
        let callbacks = callbacks.expect("genuine");
        prop_assert_eq!(callbacks[0].command(), command);
    }
}
