use super::*;
use proptest::prelude::*;
use serde_json::json;
use sha2::{Digest, Sha256};

fn signature(token: &str, time: i64) -> String {
    let digest = Sha256::digest(format!("{token}{time}"));
    format!("{:x}", Bytes::copy_from_slice(&digest))
}

fn query(sign: &str, time: i64) -> String {
    format!("SdkAppid={APP}&CallbackCommand={COMMAND}&Sign={sign}&RequestTime={time}")
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
