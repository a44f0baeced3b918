//! What is refused before anything is sent.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use switchhook_api::Plugin;
use switchhook_api::standard_webhooks::Secret;

use super::target::{Target, say};
use super::{SECRET, options, record};
use crate::actions::webhook::Webhook;

const URL: &str = "url = \"https://crm.example.com/hook\"\n";

fn check(toml: &str, expected: &str) {
    let mistakes = options(toml).err().unwrap_or_default().join("\n");
    assert!(mistakes.contains(expected), "{toml}\n{mistakes}");
    for secret in ["hunter2", "MfKQ9r8GKYqr"] {
        assert!(!mistakes.contains(secret), "{mistakes}");
    }
}

#[test]
fn the_example_is_accepted() {
    assert!(options(Webhook::EXAMPLE).is_ok());
}

#[test]
fn impossible_urls_are_refused() {
    check("", "missing");
    check("url = \"crm\"", "not a valid URL: it must begin with `https://`");
    check("url = \"crm.example.com\"", "not a valid URL: it must begin with `https://`");
    check("url = \"/hook\"", "not a valid URL: it must begin with `https://`");
    check("url = \"http://\"", "not a valid URL");
    check("url = \"ftp://crm.example.com/\"", "the scheme `ftp` is not supported");
    check("url = \"file:///etc/passwd\"", "the scheme `file` is not supported");
    check("url = \"https://me:hunter2@crm.example.com/\"", "must not contain a user or password");
    check("url = \"https://hunter2@crm.example.com/\"", "must not contain a user or password");
    check("url = \"https://crm.example.com/#hunter2\"", "the part after `#`");
}

#[test]
fn codes_that_are_no_errors_are_refused() {
    for (list, expected) in [
        ("[200]", "200 counts as delivered"),
        ("[400, 204]", "204 counts as delivered"),
        ("[99]", "99 is not an HTTP status code; use numbers from 100 to 599"),
        ("[600]", "600 is not an HTTP status code"),
        ("[-1]", "-1 is not an HTTP status code"),
        ("[70000]", "70000 is not an HTTP status code"),
        ("[\"4xx\"]", "permanent"),
        ("400", "permanent"),
        ("[400.5]", "permanent"),
    ] {
        check(&format!("{URL}permanent = {list}"), expected);
    }
    for list in ["[]", "[400]", "[100, 199, 300, 410, 599]"] {
        assert!(options(&format!("{URL}permanent = {list}")).is_ok(), "{list}");
    }
}

#[tokio::test]
async fn private_targets_are_refused_unless_allowed() {
    for host in [
        "127.0.0.1",
        "127.1",
        "0x7f.1",
        "2130706433",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "10.1.2.3",
        "169.254.169.254",
        "localhost",
        "localhost.",
        "db.localhost",
    ] {
        let toml = format!("url = \"http://{host}:8080/\"");
        check(&toml, "allow_private = true");
        assert!(options(&format!("{toml}\nallow_private = true")).is_ok(), "{host}");
    }
    let section = switchhook_engine::config::Section::parse("options", "url = \"http://[::1]/\"");
    let unchecked = section.expect("TOML").read().expect("options");
    assert!(
        Webhook::build(unchecked, &switchhook_testkit::build_context("crm", "/")).await.is_err()
    );
}

#[test]
fn headers_of_our_own_and_bad_ones_are_refused() {
    let header = |name: &str, value: &str, expected: &str| {
        check(&format!("{URL}headers = {{ \"{name}\" = \"{value}\" }}"), expected);
    };
    for name in [
        "Webhook-Id",
        "webhook-signature",
        "Switchhook-Command",
        "switchhook-anything",
        "Content-Length",
        "content-type",
        "Host",
        "transfer-encoding",
        "connection",
        "proxy-authorization",
        "te",
    ] {
        header(name, "x", "is set by Switchhook itself");
    }
    header("a b", "x", "is not a valid header name");
    header("", "x", "is not a valid header name");
    header("a\\r\\nb", "x", "is not a valid header name");
    header("x-key", "hunter2\\r\\nx: y", "not allowed in a header");
    header("x-key", &"hunter2".repeat(1000), "longer than 4096 bytes");
    let two = "headers = { host = \"x\", \"a b\" = \"x\" }";
    check(&format!("{URL}{two}"), "`a b` is not a valid header name; `host` is set");
    check(&format!("{URL}headers = {{ x-key = \"a\", X-KEY = \"b\" }}"), "set twice");
    check(&format!("{URL}headers = {{ x-key = 7 }}"), "text in quotes");
    assert!(options(&format!("{URL}headers = {{ x-key = \"a\", Authorization = \"b\" }}")).is_ok());
}

#[test]
fn secrets_are_checked_without_being_shown() {
    check(&format!("{URL}secret = \"hunter2\""), "must be Base64");
    check(&format!("{URL}secret = \"c2hvcnQ\""), "24 to 64 bytes, but this one has 5");
    check(&format!("{URL}secret = \"whsec_hunter2\""), "secret: ");
    let both = format!("{URL}secret = \"{SECRET}\"\nsecret_file = \"crm.secret\"");
    check(&both, "set only one of them");
    check(&format!("{URL}sekret = \"hunter2\""), "did you mean `secret`?");
    check(&format!("{URL}secrets = [\"{SECRET}\", \"hunter2\"]"), "secrets.1: ");
    let moved = format!("{URL}secret = \"{SECRET}\"\nsecrets = [\"{SECRET}\"]");
    check(&moved, "secret: other secrets are set too; move this one into `secrets`");
    let moved = format!("{URL}secret_file = \"a\"\nsecret_files = [\"b\"]");
    check(&moved, "secret_file: other secrets are set too; move this one into `secret_files`");
    let five =
        format!("{URL}secrets = [\"{SECRET}\"]\nsecret_files = [\"a\", \"b\", \"c\", \"d\"]");
    check(&five, "secrets: 5 secrets are set; at most 4 are allowed");
    check(
        &format!("{URL}secret_file = \"\""),
        "secret_file: the path of a secret file cannot be empty",
    );
    let two = format!("{URL}secrets = [\"{SECRET}\"]\nsecret_files = [\"old.secret\"]");
    assert!(options(&two).is_ok());
}

#[tokio::test]
async fn while_secrets_are_rotated_each_relay_carries_a_signature_by_each() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("new.secret");
    let bare = "MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3A";
    fs::write(&path, format!("\u{feff}{bare}\r\n")).expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("set");
    let target = Target::start([say("200 OK"), say("200 OK"), say("200 OK")]).await;
    let url = format!("url = \"{}\"\nallow_private = true\n", target.url());
    let both = [SECRET, bare];
    for (keys, secrets) in [
        (format!("secrets = [\"{SECRET}\"]\nsecret_files = [\"new.secret\"]"), &both[..]),
        (format!("secrets = [\"{bare}\"]"), &both[1..]),
        ("secret_file = \"new.secret\"".to_owned(), &both[1..]),
    ] {
        let options = options(&format!("{url}{keys}")).unwrap_or_else(|all| panic!("{all:?}"));
        assert_eq!(Webhook::check_files(&options, folder.path()), []);
        let cx = switchhook_testkit::build_context("crm", folder.path());
        let action = Webhook::build(options, &cx).await.expect("built");
        action.deliver(&record()).await.expect("delivered");
        let request = target.received().pop().expect("a request");
        let at = request.header("webhook-timestamp").parse().expect("seconds");
        let at = jiff::Timestamp::from_second(at).expect("in range");
        let expected: Vec<String> = secrets
            .iter()
            .map(|text| Secret::parse(text).expect("a good secret"))
            .map(|secret| secret.sign(request.header("webhook-id"), at, &record().body))
            .collect();
        assert_eq!(request.header("webhook-signature"), expected.join(" "), "{keys}");
    }
}

#[tokio::test]
async fn a_secret_file_is_found_beside_the_configuration() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("crm.secret");
    let target = Target::start([say("200 OK")]).await;
    let toml =
        format!("url = \"{}\"\nallow_private = true\nsecret_file = \"crm.secret\"", target.url());
    let cx = switchhook_testkit::build_context("crm", folder.path());
    let build = || async {
        let options = options(&toml).unwrap_or_else(|all| panic!("{all:?}"));
        Webhook::build(options, &cx).await
    };
    let error = build().await.err().expect("refused").to_string();
    assert!(error.contains("crm.secret"), "{error}");
    let wrong = Webhook::check_files(
        &options(&toml).unwrap_or_else(|all| panic!("{all:?}")),
        folder.path(),
    );
    assert_eq!(wrong, [("secret_file".to_owned(), error)]);
    fs::write(&path, "hunter2\n").expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("set");
    let error = build().await.err().expect("refused").to_string();
    assert!(!error.contains("hunter2"), "{error}");
    fs::write(&path, format!("{SECRET}\n")).expect("written");
    build().await.expect("built").deliver(&record()).await.expect("delivered");
    let request = target.received().pop().expect("a request");
    assert!(request.header("webhook-signature").starts_with("v1,"));
}
