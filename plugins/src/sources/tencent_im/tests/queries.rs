use super::*;

fn check(query: &str, reason: &str) {
    refused(open(&source(&[TOKEN]), query, BODY), RefusalKind::Malformed, reason);
}

#[test]
fn names_count_in_any_case_and_encoded() {
    let spellings = [
        ("SdkAppid", "SDKAppID"),
        ("SdkAppid", "sdkappid"),
        ("SdkAppid", "%53dkApp%69d"),
        ("CallbackCommand", "callbackcommand"),
        ("Sign=", "SIGN="),
        ("RequestTime", "requesttime"),
        ("iOS", "i%4F%53"),
        ("OptPlatform", "optplatform"),
        ("contenttype=json", "contenttype=JSON"),
    ];
    let plain = open(&source(&[TOKEN]), &signed_query(), BODY).expect("opened");
    for (documented, seen) in spellings {
        let query = signed_query().replace(documented, seen);
        let callbacks = open(&source(&[TOKEN]), &query, BODY).expect(seen);
        assert_eq!(callbacks[0].facts, plain[0].facts, "{seen}");
    }
}

#[test]
fn a_parameter_that_comes_twice_is_refused() {
    let repeats = [
        format!("SdkAppid={APP}"),
        format!("SdkAppId={APP}"),
        format!("%53%64kAppid={APP}"),
        "sdkappid".to_owned(),
        format!("callbackCommand={COMMAND}"),
        format!("Sign={SIGN}"),
        format!("sign={}", "0".repeat(64)),
        format!("RequestTime={TIME}"),
        "ClientIP=1.2.3.4".to_owned(),
        "OPTPLATFORM=Web".to_owned(),
    ];
    for repeat in repeats {
        check(&format!("{}&{repeat}", signed_query()), "repeated_parameter");
        check(&format!("{repeat}&{}", signed_query()), "repeated_parameter");
    }
}

#[test]
fn unknown_parameters_are_passed_over() {
    let query = format!("RequestID=1&RequestID=2&&=&x&{}&WebhookCommand=A.B", signed_query());
    assert_eq!(open(&source(&[TOKEN]), &query, BODY).expect("opened")[0].command(), COMMAND);
}

#[test]
fn a_broken_escape_is_refused() {
    for broken in ["%", "%4", "%zz", "%4g", "%%41", "a%2"] {
        check(&format!("{}&x={broken}", signed_query()), "bad_escape");
        check(&format!("{broken}=x&{}", signed_query()), "bad_escape");
    }
    for broken in ["%ff", "%c3%28", "%ed%a0%80", "%c0%af", "%80"] {
        check(&format!("{}&x={broken}", signed_query()), "query_not_utf8");
    }
}

#[test]
fn a_semicolon_parts_nothing() {
    let query = format!("SdkAppid={APP};CallbackCommand={COMMAND}");
    let result = open(&open_source(), &query, BODY);
    refused(result, RefusalKind::Unauthenticated, "unknown_app");
}

#[test]
fn parameters_and_length_have_a_limit() {
    let with = |count: usize| format!("{}{}", signed_query(), "&x=1".repeat(count - 7));
    assert!(open(&source(&[TOKEN]), &with(64), BODY).is_ok());
    check(&with(65), "too_many_parameters");
    let long = |bytes: usize| {
        format!("{}&x={}", signed_query(), "y".repeat(bytes - 3 - signed_query().len()))
    };
    assert!(open(&source(&[TOKEN]), &long(8192), BODY).is_ok());
    refused(open(&source(&[TOKEN]), &long(8193), BODY), RefusalKind::TooLarge, "query_too_long");
}

#[test]
fn a_command_is_plain_and_short() {
    let check = |command: &str, reason| {
        let query = format!("SdkAppid={APP}&CallbackCommand={command}");
        refused(open(&open_source(), &query, "{}"), RefusalKind::Malformed, reason);
    };
    check("", "missing_command");
    for odd in ["A B", "A%20B", "A/B", "..%2fB", "A%0AB", "A+B", "Ä.B", "A%00", &"a".repeat(129)] {
        check(odd, "bad_command");
    }
    let query = format!("SdkAppid={APP}");
    refused(open(&open_source(), &query, "{}"), RefusalKind::Malformed, "missing_command");
    let longest = "a".repeat(128);
    assert_eq!(one(&longest, "{}").command(), longest);
}

#[test]
fn a_client_is_kept_as_text_and_cut() {
    let client = |rest: &str| {
        let query = format!("SdkAppid={APP}&CallbackCommand={COMMAND}&{rest}");
        let callback = open(&open_source(), &query, BODY).expect("opened").remove(0);
        let text = |text: Option<std::sync::Arc<str>>| text.map(|text| text.to_string());
        (text(callback.facts.client.ip), text(callback.facts.client.platform))
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(client("ClientIP=::1&OptPlatform=Unkown"), (some("::1"), some("Unkown")));
    assert_eq!(client("ClientIP=&OptPlatform="), (None, None));
    assert_eq!(client(""), (None, None));
    let long = "é".repeat(100);
    assert_eq!(client(&format!("OptPlatform={long}")).1, some(&"é".repeat(64)));
}
