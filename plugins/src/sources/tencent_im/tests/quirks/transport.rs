use super::*;

/// What is known of the client that a query names.
fn client(rest: &str) -> (Option<String>, Option<String>) {
    let query = format!("SdkAppid={APP}&CallbackCommand={COMMAND}{rest}");
    let client = open(&open_source(), &query, BODY).expect("opened").remove(0).facts.client;
    (client.ip.map(|ip| ip.to_string()), client.platform.map(|platform| platform.to_string()))
}

#[test]
fn the_client_may_be_absent_or_empty() {
    assert_eq!(client(""), (None, None));
    assert_eq!(client("&ClientIP=&OptPlatform="), (None, None));
    assert_eq!(client("&OptPlatform=RESTAPI"), (None, Some("RESTAPI".into())));
}

#[test]
fn platforms_are_kept_as_they_are_spelt() {
    for platform in
        ["RESTAPI", "Web", "iOS", "IOS", "Mac", "macOS", "iPad", "Unknown", "Unkown", "Toaster"]
    {
        assert_eq!(client(&format!("&OptPlatform={platform}")).1.as_deref(), Some(platform));
    }
}

#[test]
fn an_undocumented_request_id_is_passed_over() {
    let request = "&RequestID=6c9f0b6e-4b7e-4f0e-9f0a-1f2e3d4c5b6a";
    assert_eq!(client(request), (None, None));
}

#[test]
fn the_type_of_the_content_is_spelt_in_either_case_and_may_be_absent() {
    for query in ["", "&contenttype=json", "&contenttype=JSON", "&ContentType=json"] {
        assert_eq!(client(query), (None, None), "{query}");
    }
}

#[test]
fn a_signature_covers_neither_body_nor_command() {
    let source = source(&[TOKEN]);
    let other = signed_query().replace(COMMAND, "New.Thing");
    let callbacks = open(&source, &other, r#"{"other":1}"#).expect("genuine");
    assert_eq!(
        (callbacks[0].command(), &callbacks[0].body[..]),
        ("New.Thing", &br#"{"other":1}"#[..])
    );
}
