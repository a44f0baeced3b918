//! What a person reads whose options are wrong.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::sources::json::options::Options;

fn mistakes(toml: &str) -> Vec<(String, String)> {
    let section = Section::parse("o", toml).expect("TOML");
    match section.read::<Options>() {
        Ok(options) => Json::check(&options),
        Err(mistakes) => mistakes
            .into_iter()
            .map(|one| (one.key.trim_start_matches("o.").to_owned(), one.message))
            .collect(),
    }
}

/// A source whose only mistake has this key and says this.
fn check(toml: &str, key: &str, said: &str) {
    let toml = match toml.contains("command") {
        true => toml.to_owned(),
        false => format!("command = {{ header = \"X-Event\" }}\n{toml}"),
    };
    let found = mistakes(&toml);
    let [(found_key, message)] = &found[..] else { panic!("{toml}: {found:?}") };
    assert_eq!(found_key, key, "{toml}: {message}");
    assert!(message.contains(said), "{toml}: {message}");
}

#[test]
fn the_example_is_accepted() {
    assert_eq!(mistakes(Json::EXAMPLE), []);
    assert_eq!(mistakes("command.path = true"), []);
}

#[test]
fn the_command_stands_in_exactly_one_place() {
    let one = "exactly one of";
    for shape in ["{}", "{ path = false }", "{ path = true, query = \"a\" }"] {
        check(&format!("command = {shape}"), "command", one);
    }
    check("command = { header = \"A\", body = \"/a\" }", "command", one);
    check("app = \"x\" # no command", "command", "missing");
    check("command = \"X-Event\"", "command", "table");
    check("command = { heder = \"X-Event\" }", "command.heder", "did you mean `header`?");
    check("command = { path = \"x\" }", "command.path", "true or false");
    check("command = { header = \"X Event\" }", "command.header", "not a valid header name");
    check("command = { header = \"Host\" }", "command.header", "reserved by HTTP");
    check("command = { query = \"a=b\" }", "command.query", "not a valid query parameter");
    check("command = { query = \"\" }", "command.query", "not a valid query parameter");
}

#[test]
fn a_place_in_the_body_is_a_pointer() {
    for wrong in ["", "id", "id/x"] {
        check(&format!("key = \"{wrong}\""), "key", "a slash before each step");
    }
    for wrong in ["/a~", "/a~2b", "/~x"] {
        check(&format!("natural_key = \"{wrong}\""), "natural_key", "`~` must be followed by 0");
    }
    check("time = \"/1/2/3/4/5/6/7/8/9\"", "time", "8 steps");
    check(&format!("time = \"/{}\"", "x".repeat(256)), "time", "256 bytes");
    assert_eq!(mistakes("command.body = \"/1/2/3/4/5/6/7/8\"\nkey = \"/\"\ntime = \"/a~0~1\""), []);
}

#[test]
fn a_proof_is_whole_and_the_only_one() {
    let hmac = |inner: &str| format!("hmac = {{ header = \"X-Sig\", {inner} }}");
    check("hmac.header = \"X-Sig\"", "hmac.secrets", "no secret is configured");
    check("hmac.secrets = [\"s\"]", "hmac.header", "missing");
    check(&hmac("secrets = [\"a\", \"b\\nc\"]"), "hmac.secrets.1", "one line");
    check(&hmac("secrets = [\"\"]"), "hmac.secrets.0", "empty");
    check(&hmac("secrets = [\"a\"], prefix = \"é\""), "hmac.prefix", "visible ASCII");
    check(&hmac("secrets = [\"a\"], prefix = \" v1=\""), "hmac.prefix", "without leading spaces");
    check(&hmac("secrets = [\"a\"], encoding = \"hax\""), "hmac.encoding", "`hex`");
    check(&hmac("secrets = [\"a\"], window = \"1m\""), "hmac.window", "without `timestamp`");
    let timed = "secrets = [\"a\"], timestamp = \"T\", window = \"0s\"";
    check(&hmac(timed), "hmac.window", "a duration above 0");
    check("token.header = \"Authorization\"", "token.tokens", "no token is configured");
    let token = |inner: &str| format!("token = {{ header = \"Authorization\", {inner} }}");
    check(&token("tokens = [\"a\", \"b c\"]"), "token.tokens.1", "visible ASCII");
    check(&token("tokens = [\"a\"], prefix = \"\\t\""), "token.prefix", "visible ASCII");
    let both = format!("{}\n{}", hmac("secrets = [\"a\"]"), token("tokens = [\"a\"]"));
    check(&both, "token", "`hmac` is set too");
    let files = "hmac = { header = \"A\", secret_files = [\"s\"] }";
    assert_eq!(mistakes(&format!("command.path = true\n{files}")), []);
}

#[test]
fn no_secret_is_quoted() {
    let toml = "command.path = true\ntoken = { header = \"A\", tokens = [\"s3cret x\"] }";
    let said = format!("{:?}", mistakes(toml));
    assert!(said.contains("token.tokens.0") && !said.contains("s3cret"), "{said}");
}

#[test]
fn two_things_do_not_share_a_header() {
    let sig = |name: &str, more: &str| {
        format!("hmac = {{ header = \"{name}\", secrets = [\"a\"]{more} }}")
    };
    check(
        &sig("x-event", ""),
        "hmac.header",
        "the header `x-event` is already used by `command.header`",
    );
    check(&sig("A", ", timestamp = \"a\""), "hmac.timestamp", "`hmac.header`");
    check("token = { header = \"X-EVENT\", tokens = [\"a\"] }", "token.header", "`command.header`");
}

#[test]
fn the_rest_is_checked_too() {
    check("app = \"\"", "app", "1 to 64");
    check(&format!("app = \"{}\"", "é".repeat(65)), "app", "65 characters");
    for key in ["patience", "reply_timeout.before", "reply_timeout.after"] {
        check(&format!("{key} = \"0s\""), key, "a duration above 0");
    }
    check("before = [\"*.before_*\"]", "before.0", "not a valid command pattern");
    check("not = 1", "not", "unknown key");
    check("replies.ok = { status = 200 }", "replies.ok", "unknown key");
    check("replies.allow.reason_at = \"/a\"", "replies.allow.reason_at", "unknown key");
}

#[test]
fn a_reply_has_a_body_and_no_two_outcomes_sound_alike() {
    for status in ["100", "199", "204", "205", "304", "600"] {
        check(&format!("replies.allow.status = {status}"), "replies.allow.status", "200 to 599");
    }
    check("replies.allow.body = [1]", "replies.allow.body", "table");
    let yes = "{ status = 200, body = { ok = true } }";
    for reply in ["deny", "unavailable", "refused"] {
        let key = format!("replies.{reply}");
        check(&format!("{key} = {yes}"), &key, "the same reply as `replies.allow`");
    }
    for status in ["300", "401", "503"] {
        check(&format!("replies.allow.status = {status}"), "replies.allow.status", "200 to 299");
    }
    let room = "replies.deny = { body = { e = 1 }, reason_at = \"/e/text\" }";
    check(room, "replies.deny.reason_at", "`e` is not an object");
    let fine =
        "command.path = true\n[replies.deny]\npermitted = false\nstatus = 200\nbody.ok = true";
    assert_eq!(mistakes(fine), []);
}

#[tokio::test]
async fn secrets_and_tokens_are_read_from_files_beside_the_configuration() {
    let folder = tempfile::tempdir().expect("a folder");
    let build = async |toml: &str| {
        let toml = format!("command = {{ header = \"X-Event\" }}\n{toml}");
        let options = Section::parse("o", &toml).expect("TOML").read().expect("options");
        let cx = switchhook_testkit::build_context("crm", folder.path());
        Json::build(options, &cx).await.map_err(|error| error.to_string())
    };
    let write = |text: &str| {
        let path = folder.path().join("secret");
        fs::write(&path, text).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("set");
    };
    let token = "token = { header = \"X-Token\", tokens = [\"new\"], token_files = [\"secret\"] }";
    let hmac = "hmac = { header = \"X-Sig\", secret_files = [\"secret\"] }";
    let wrong_files = |toml: &str| {
        let toml = format!("command = {{ header = \"X-Event\" }}\n{toml}");
        let options = Section::parse("o", &toml).expect("TOML").read().expect("options");
        Json::check_files(&options, folder.path())
    };
    let missing = build(hmac).await.err().expect("there is no file");
    assert!(missing.contains("secret"), "{missing}");
    assert_eq!(wrong_files(hmac), [("hmac.secret_files.0".to_owned(), missing)]);
    write("\u{feff} Jefe \r\n");
    assert_eq!([wrong_files(token), wrong_files(hmac)], [[], []]);
    let source = build(token).await.expect("built");
    for value in ["new", "Jefe"] {
        assert!(event("a").header("x-token", value).open(&source).is_ok(), "{value}");
    }
    let source = build(hmac).await.expect("built");
    let signed = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    let call = call("what do ya want for nothing?").header("x-event", "a").header("x-sig", signed);
    call.refused(&source, RefusalKind::Malformed, "body_not_an_object");
    write("xxx\nyyy\n");
    for toml in [token, hmac] {
        let error = build(toml).await.err().expect("two lines");
        assert!(error.contains("secret file") && !error.contains("xxx"), "{error}");
        assert_eq!(wrong_files(toml)[0].1, error);
    }
}
