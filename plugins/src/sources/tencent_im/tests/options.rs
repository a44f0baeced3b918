use std::fs;
use std::os::unix::fs::PermissionsExt;

use switchhook_api::Plugin;
use switchhook_engine::config::Section;

use super::*;
use crate::sources::tencent_im::Options;

fn mistakes(toml: &str) -> Vec<(String, String)> {
    let section = Section::parse("o", toml).expect("TOML");
    match section.read::<Options>() {
        Ok(options) => TencentIm::check(&options),
        Err(mistakes) => mistakes.into_iter().map(|one| (one.key, one.message)).collect(),
    }
}

#[test]
fn the_example_is_accepted() {
    assert_eq!(mistakes(TencentIm::EXAMPLE), []);
    assert_eq!(mistakes("apps.a.sdk_app_id = \"1400000000\""), []);
}

#[test]
fn mistakes_are_named_by_their_key() {
    let check = |toml: &str, keys: &[&str]| {
        let found: Vec<String> = mistakes(toml).into_iter().map(|(key, _)| key).collect();
        assert_eq!(found, keys, "{toml}");
    };
    check("[apps]", &["apps"]);
    check("window = \"0s\"\napps.a.sdk_app_id = 1", &["window"]);
    check("apps.a.sdk_app_id = 1\napps.b.sdk_app_id = \"1\"", &["apps.b.sdk_app_id"]);
    check("apps.a.sdk_app_id = \"main\"", &["apps.a.sdk_app_id"]);
    check("apps.a.sdk_app_id = -5", &["apps.a.sdk_app_id"]);
    let long = format!("apps.a = {{ sdk_app_id = 1, tokens = [\"a\", \"{}\"] }}", "é".repeat(129));
    check(&long, &["apps.a.tokens.1"]);
    check("apps.a.sdk_app_id = 1\napps.a.token = \"x\"", &["o.apps.a.token"]);
    check("apps.a.sdk_app_id = 1\napp.b = 1", &["o.app"]);
    assert_eq!(
        mistakes(&format!("apps.a = {{ sdk_app_id = 1, tokens = [\"{}\"] }}", "é".repeat(128))),
        []
    );
}

async fn built(folder: &std::path::Path, toml: &str) -> Result<Vec<Callback>, String> {
    let options = Section::parse("o", toml).expect("TOML").read().expect("options");
    let cx = switchhook_testkit::build_context("tencent", folder);
    let source = TencentIm::build(options, &cx).await.map_err(|error| error.to_string())?;
    assert!(source.authenticates());
    let (headers, body, query) = (HeaderMap::new(), Bytes::from(BODY), signed_query());
    let request = RawRequest::new(&Method::POST, &query, &headers, &body, at(0));
    Ok(callbacks_of(source.open(&request).expect("genuine")))
}

#[tokio::test]
async fn tokens_are_read_from_files_beside_the_configuration() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("token");
    let write = |text: &str| {
        fs::write(&path, text).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("set");
    };
    let toml =
        "apps.a = { sdk_app_id = 1400000000, tokens = [\"new\"], token_files = [\"token\"] }";
    let wrong_files = || {
        let options = Section::parse("o", toml).expect("TOML").read().expect("options");
        TencentIm::check_files(&options, folder.path())
    };
    let missing = built(folder.path(), toml).await.expect_err("there is no file");
    assert!(missing.contains("token"), "{missing}");
    assert_eq!(wrong_files(), [("apps.a.token_files.0".to_owned(), missing)]);
    for form in ["TOKEN\n", "\u{feff}TOKEN", "\u{feff} TOKEN \r\n\n", "\tTOKEN"] {
        write(&form.replace("TOKEN", TOKEN));
        assert_eq!(built(folder.path(), toml).await.expect("opened").len(), 1, "{form:?}");
        assert_eq!(wrong_files(), []);
    }
    write(&"x".repeat(129));
    let error = built(folder.path(), toml).await.expect_err("too long");
    assert!(error.contains("129") && !error.contains("xxx"), "{error}");
    assert_eq!(wrong_files(), [("apps.a.token_files.0".to_owned(), error)]);
    write("xxx\nyyy\n");
    let error = built(folder.path(), toml).await.expect_err("two tokens");
    assert!(error.contains("a secret is one line") && !error.contains("xxx"), "{error}");
}
