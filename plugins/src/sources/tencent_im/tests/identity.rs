use super::*;

const STRANGER: RefusalKind = RefusalKind::Unauthenticated;

fn query(app: &str, sign: &str, time: &str) -> String {
    format!("SdkAppid={app}&CallbackCommand={COMMAND}&Sign={sign}&RequestTime={time}")
}

fn check(sign: &str, time: &str, reason: &str) {
    refused(open(&source(&[TOKEN]), &query(APP, sign, time), BODY), STRANGER, reason);
}

#[test]
fn the_platforms_own_examples_are_genuine() {
    let examples = [
        (TOKEN, SIGN),
        ("1234567890", "04d3278dc124666f87c26adf1a6445c55b45dd4ec20db9d3c37231e841e089f1"),
        ("xxxyyy", "e78a85473bed2cdc8d6fa8c4d5a4ba4735fd64156e15a99516b9890293e135de"),
    ];
    for (token, sign) in examples {
        for sign in [sign.to_owned(), sign.to_uppercase()] {
            let query = query(APP, &sign, "1669872112");
            let callbacks = open(&source(&[token]), &query, BODY).expect("genuine");
            assert_eq!(callbacks[0].facts.sent, Some(at(0)));
        }
    }
}

#[test]
fn a_sign_of_another_shape_is_refused() {
    let long = format!("{SIGN}00");
    let swapped = SIGN.replace("17773", "77713");
    let full_width = SIGN.replacen("17", "１７", 1);
    for sign in ["", "0", &SIGN[1..], &SIGN[..63], &long, &SIGN.replace('1', "g"), &full_width] {
        check(sign, "1669872112", "malformed_sign");
    }
    for sign in [&swapped, &"0".repeat(64)] {
        check(sign, "1669872112", "bad_sign");
    }
}

#[test]
fn a_request_time_of_another_shape_is_refused_before_hashing() {
    let odd = [
        "",
        "0",
        "01669872112",
        "16698721",
        "166987211200",
        "+1669872112",
        "-1669872112",
        "1669872112.0",
        "1.669872112e9",
        "0x6388f7b0",
        " 1669872112",
        "1669872112%0A",
        "%D9%A1669872112",
        "１６６９８７２１１２",
        "9223372036854775807",
        "1669872112%00",
    ];
    for time in odd {
        check(SIGN, time, "malformed_time");
    }
}

#[test]
fn a_hash_cannot_be_lengthened() {
    // Who knows hash(token || time) can compute hash(token || time || padding || more), whatever the token.
    let zeros = "%00".repeat(36);
    check(SIGN, &format!("1669872112{zeros}1669872112"), "malformed_time");
    // The padding begins with 0x80, which is no UTF-8 on its own.
    let query = query(APP, SIGN, &format!("1669872112%80{zeros}%90{}", 1_669_872_113));
    refused(open(&source(&[TOKEN]), &query, BODY), RefusalKind::Malformed, "query_not_utf8");
    check(SIGN, "16698721121669872112", "malformed_time");
}

#[test]
fn what_is_missing_is_named_in_the_log_only() {
    let source = source(&[TOKEN]);
    let all = [
        (format!("CallbackCommand={COMMAND}"), "missing_app"),
        (format!("SdkAppid={APP}&CallbackCommand={COMMAND}"), "missing_sign"),
        (format!("SdkAppid={APP}&RequestTime={TIME}"), "missing_sign"),
        (format!("SdkAppid={APP}&Sign={SIGN}"), "missing_time"),
        (query(APP, &"0".repeat(64), "1669872112"), "bad_sign"),
        (query("1400000001", SIGN, "1669872112"), "unknown_app"),
    ];
    let mut answers = Vec::new();
    for (query, reason) in all {
        let refusal = open(&source, &query, BODY).expect_err(reason);
        assert_eq!(refusal.reason, reason);
        let answer = source.refuse(&refusal);
        assert_eq!(answer.status(), 401);
        answers.push((answer.headers().clone(), answer.into_body()));
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "a stranger can tell the reasons apart");
}

#[test]
fn only_the_exact_app_id_is_ours() {
    for tokens in [&[TOKEN][..], &[]] {
        let source = source(tokens);
        let others = [
            "",
            "0",
            "140000000",
            "14000000001",
            "01400000000",
            "1400000000.0",
            "1.4e9",
            "+1400000000",
            "%201400000000",
            "1400000000%20",
            "1400000000%00",
            "１４００００００００",
        ];
        for id in others {
            refused(open(&source, &query(id, SIGN, "1669872112"), BODY), STRANGER, "unknown_app");
        }
    }
}

#[test]
fn the_window_is_closed_on_both_sides() {
    let check = |millis, reason: Option<&str>| {
        let result = open_at(&source(&[TOKEN]), &signed_query(), BODY, at(millis));
        match reason {
            None => assert!(result.is_ok(), "{millis}"),
            Some(reason) => refused(result, STRANGER, reason),
        }
    };
    check(0, None);
    check(60_000, None);
    check(60_001, Some("stale_time"));
    check(-60_000, None);
    check(-60_001, Some("future_time"));
    check(86_400_000, Some("stale_time"));
}

#[test]
fn a_wrong_sign_is_wrong_at_any_time() {
    let result = open_at(&source(&["other"]), &signed_query(), BODY, at(86_400_000));
    refused(result, STRANGER, "bad_sign");
}

#[test]
fn any_of_several_tokens_will_do_and_none_of_another_app() {
    for tokens in [&[TOKEN, "new"][..], &["old", TOKEN], &["a", "b", TOKEN]] {
        assert!(open(&source(tokens), &signed_query(), BODY).is_ok());
    }
    let apps = vec![app(APP, &["mine"]), app("1400000001", &[TOKEN])];
    let two = TencentIm::new(apps, Duration::from_mins(1));
    refused(open(&two, &signed_query(), BODY), STRANGER, "bad_sign");
    let callbacks = open(&two, &query("1400000001", SIGN, "1669872112"), BODY).expect("genuine");
    assert_eq!(&*callbacks[0].facts.app, "1400000001");
}

#[test]
fn an_app_without_tokens_takes_unsigned_calls_and_ignores_signs() {
    let apps = vec![app(APP, &[TOKEN]), app(OPEN_APP, &[])];
    let source = TencentIm::new(apps, Duration::from_mins(1));
    assert!(!source.authenticates());
    let unsigned = format!("SdkAppid={OPEN_APP}&CallbackCommand={COMMAND}");
    assert_eq!(open(&source, &unsigned, BODY).expect("taken")[0].facts.sent, None);
    let ignored = query(OPEN_APP, "nonsense", "1669000000");
    let sent = open(&source, &ignored, BODY).expect("taken")[0].facts.sent;
    assert_eq!(sent.map(Timestamp::as_second), Some(1_669_000_000));
    let unsigned = format!("SdkAppid={APP}&CallbackCommand={COMMAND}");
    refused(open(&source, &unsigned, BODY), STRANGER, "missing_sign");
}

#[test]
fn only_post_is_answered() {
    let (headers, body) = (HeaderMap::new(), Bytes::from(BODY));
    for method in [Method::GET, Method::PUT, Method::HEAD, Method::TRACE] {
        let source = source(&[TOKEN]);
        let query = signed_query();
        let refusal = source
            .open(&RawRequest::new(&method, &query, &headers, &body, at(0)))
            .expect_err("refused");
        assert_eq!(refusal.kind, RefusalKind::Method);
        let answer = source.refuse(&refusal);
        assert_eq!(answer.status(), 405);
        assert_eq!(answer.headers()["allow"], "POST");
    }
}
