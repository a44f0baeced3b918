//! The options of a `webhook` action, and what is refused in them.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use http::StatusCode;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use schemars::JsonSchema;
use serde::Deserialize;
use switchhook_api::config::{HumanDuration, Secret, SecretFile};
use switchhook_api::standard_webhooks;
use url::Url;

use super::guard;

/// Options of a `webhook` action.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Options {
    /// Where records are posted to: `http` or `https`, without user, password and fragment. A status of 2xx means delivered; 410
    /// pauses the action; one of `permanent` makes a dead letter; any other answer (redirects, which are not followed, included)
    /// and no answer at all are retried, not before a `Retry-After` of up to an hour is over.
    pub(super) url: Target,
    /// The status codes that blame the record and not the target: the record becomes a dead letter at once. With `410` among
    /// them, that code no longer pauses the action. Default: `[400, 413, 414, 415, 422]`.
    #[serde(default)]
    pub(super) permanent: Permanent,
    /// The secret that signs each request according to Standard Webhooks: `whsec_` and Base64. Default: none, and no signature.
    #[serde(default)]
    pub(super) secret: Option<Secret>,
    /// The same in a file of its own, relative to the configuration file or in `$CREDENTIALS_DIRECTORY/`. Default: none.
    #[serde(default)]
    pub(super) secret_file: Option<SecretFile>,
    /// Several secrets while rotating, at most four with those in `secret_files`: each request carries a signature by each of them.
    /// Default: none.
    #[serde(default)]
    pub(super) secrets: Vec<Secret>,
    /// The same in files, one secret each. Default: none.
    #[serde(default)]
    pub(super) secret_files: Vec<SecretFile>,
    /// Headers of each request, by name; at most 32. Their values count as secrets. Default: none.
    #[serde(default)]
    pub(super) headers: Headers,
    /// Whether the target may have a private or loopback address. Default: `false`.
    #[serde(default)]
    pub(super) allow_private: bool,
    /// How long a connection is reused. An older one is replaced, so that the target's name is resolved again and its new address
    /// is checked; `"0s"`: each request uses a new connection. Default: `"1m"`.
    #[serde(default = "one_minute")]
    pub(super) connection_max_age: HumanDuration,
}

fn one_minute() -> HumanDuration {
    HumanDuration(Duration::from_mins(1))
}

impl Options {
    /// What cannot be said by one option alone, each with the key it belongs to.
    pub(super) fn mistakes(&self) -> Vec<(String, String)> {
        let mut mistakes = Vec::new();
        let mut add = |key: &str, message: String| mistakes.push((key.to_owned(), message));
        if let Err(refused) = self.check_literal() {
            add("url", refused.to_string());
        }
        if !self.allow_private && guard::is_localhost(&self.url.0) {
            add(
                "url",
                "`localhost` is this machine; set `allow_private = true` to allow it".into(),
            );
        }
        mistakes.extend(self.secret_mistakes());
        mistakes
    }

    fn secret_mistakes(&self) -> Vec<(String, String)> {
        let mut mistakes = Vec::new();
        let mut add = |key: &str, message: String| mistakes.push((key.to_owned(), message));
        if self.secret.is_some() && self.secret_file.is_some() {
            add("secret_file", "`secret` is set too; set only one of them".into());
        }
        let several = self.secrets.len() + self.secret_files.len();
        if several > SECRETS_MAX {
            let key = if self.secrets.is_empty() { "secret_files" } else { "secrets" };
            add(key, format!("{several} secrets are set; at most {SECRETS_MAX} are allowed"));
        }
        for (key, given) in
            [("secret", self.secret.is_some()), ("secret_file", self.secret_file.is_some())]
        {
            if given && several > 0 {
                let to = if key == "secret" { "secrets" } else { "secret_files" };
                add(key, format!("other secrets are set too; move this one into `{to}`"));
            }
        }
        let one = self.secret.iter().map(|secret| ("secret".to_owned(), secret));
        let more = self.secrets.iter().enumerate();
        for (key, secret) in one.chain(more.map(|(at, secret)| (format!("secrets.{at}"), secret))) {
            if let Err(error) = standard_webhooks::Secret::parse(secret.expose()) {
                add(&key, error);
            }
        }
        mistakes
    }

    /// The secret files, each with its key.
    fn files(&self) -> impl Iterator<Item = (String, &SecretFile)> {
        let one = self.secret_file.iter().map(|file| ("secret_file".to_owned(), file));
        let more = self.secret_files.iter().enumerate();
        one.chain(more.map(|(at, file)| (format!("secret_files.{at}"), file)))
    }

    /// What is wrong with the secret files, each with its key.
    pub(super) fn wrong_files(&self, base: &Path) -> Vec<(String, String)> {
        self.files().filter_map(|(key, file)| Some((key, signing(file, base).err()?))).collect()
    }

    /// All secrets, each to sign with.
    pub(super) fn signing(&self, base: &Path) -> Result<Vec<standard_webhooks::Secret>, String> {
        let given = self.secret.iter().chain(&self.secrets);
        let given = given.map(|secret| standard_webhooks::Secret::parse(secret.expose()));
        given.chain(self.files().map(|(_, file)| signing(file, base))).collect()
    }

    /// Refuses a target that is written as an address that is not public.
    pub(super) fn check_literal(&self) -> Result<(), guard::NotPublic> {
        if self.allow_private { Ok(()) } else { guard::check_literal(&self.url.0) }
    }
}

/// The secret in a file.
fn signing(file: &SecretFile, base: &Path) -> Result<standard_webhooks::Secret, String> {
    file.parsed(base, |secret| standard_webhooks::Secret::parse(secret.expose()))
}

/// Two are enough to rotate; each costs a signature for each attempt.
const SECRETS_MAX: usize = 4;

/// A URL that records can be posted to.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub(super) struct Target(pub(super) Url);

impl TryFrom<String> for Target {
    type Error = String;

    /// Messages leave the URL out: for many targets it is a secret.
    fn try_from(text: String) -> Result<Self, String> {
        let url = Url::parse(&text).map_err(|error| match error {
            url::ParseError::RelativeUrlWithoutBase => {
                "not a valid URL: it must begin with `https://` or `http://` and a host, as in `https://crm.example.com/hook`".to_owned()
            }
            error => format!("not a valid URL: {error}"),
        })?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(format!(
                "the scheme `{}` is not supported; use `http` or `https`",
                url.scheme()
            ));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(
                "a URL must not contain a user or password; set `headers.authorization` instead"
                    .into(),
            );
        }
        if url.fragment().is_some() {
            return Err("the part after `#` is never sent; remove it".into());
        }
        Ok(Self(url))
    }
}

/// Status codes after which a record is not tried again.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(try_from = "Vec<i64>")]
#[schemars(with = "Vec<u16>")]
pub(super) struct Permanent(Vec<StatusCode>);

impl Default for Permanent {
    fn default() -> Self {
        Self(vec![
            StatusCode::BAD_REQUEST,
            StatusCode::PAYLOAD_TOO_LARGE,
            StatusCode::URI_TOO_LONG,
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            StatusCode::UNPROCESSABLE_ENTITY,
        ])
    }
}

impl Permanent {
    pub(super) fn has(&self, status: StatusCode) -> bool {
        self.0.contains(&status)
    }
}

impl TryFrom<Vec<i64>> for Permanent {
    type Error = String;

    fn try_from(codes: Vec<i64>) -> Result<Self, String> {
        let code = |code: i64| match u16::try_from(code).ok().filter(|code| *code < 600) {
            Some(200..300) => {
                Err(format!("{code} counts as delivered and cannot be a permanent failure"))
            }
            Some(code) => StatusCode::from_u16(code).map_err(|_| not_a_status(code.into())),
            None => Err(not_a_status(code)),
        };
        codes.into_iter().map(code).collect::<Result<_, _>>().map(Self)
    }
}

fn not_a_status(code: i64) -> String {
    format!("{code} is not an HTTP status code; use numbers from 100 to 599, as in `[400, 422]`")
}

/// Static headers, each good to be sent.
#[derive(Clone, Default, Deserialize, JsonSchema)]
#[serde(try_from = "BTreeMap<String, Secret>")]
#[schemars(with = "BTreeMap<String, String>")]
pub(super) struct Headers(pub(super) HeaderMap);

/// More belongs into the body.
const HEADERS_MAX: usize = 32;
/// A longer value is refused by many targets.
const VALUE_MAX: usize = 4096;

impl TryFrom<BTreeMap<String, Secret>> for Headers {
    type Error = String;

    fn try_from(texts: BTreeMap<String, Secret>) -> Result<Self, String> {
        if texts.len() > HEADERS_MAX {
            return Err(format!(
                "{} headers are set; at most {HEADERS_MAX} are allowed",
                texts.len()
            ));
        }
        let mut headers = HeaderMap::with_capacity(texts.len());
        let mut wrong = Vec::new();
        for (name, value) in &texts {
            match header(name, value) {
                Ok((name, value)) if !headers.contains_key(&name) => {
                    headers.insert(name, value);
                }
                Ok((name, _)) => wrong.push(format!("`{name}` is set twice")),
                Err(error) => wrong.push(error),
            }
        }
        if wrong.is_empty() { Ok(Self(headers)) } else { Err(wrong.join("; ")) }
    }
}

fn header(name: &str, value: &Secret) -> Result<(HeaderName, HeaderValue), String> {
    let parsed = HeaderName::from_bytes(name.as_bytes())
        .map_err(|_| format!("`{}` is not a valid header name", name.escape_default()))?;
    if is_reserved(parsed.as_str()) {
        return Err(format!("`{parsed}` is set by Switchhook itself"));
    }
    if value.expose().len() > VALUE_MAX {
        return Err(format!("the value of `{parsed}` is longer than {VALUE_MAX} bytes"));
    }
    let mut value = HeaderValue::from_str(value.expose()).map_err(|_| {
        format!("the value of `{parsed}` has characters that are not allowed in a header")
    })?;
    value.set_sensitive(true);
    Ok((parsed, value))
}

/// What says how the message is framed or what it is; `name` is in lower case.
fn is_reserved(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "accept-encoding",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "expect",
        "host",
        "http2-settings",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
    ];
    const FAMILIES: &[&str] = &["proxy-", "switchhook-", "webhook-"];
    NAMES.contains(&name) || FAMILIES.iter().any(|family| name.starts_with(family))
}
