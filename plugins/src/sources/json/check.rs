//! What one option alone cannot say: values that do not go together.

use switchhook_api::config::Secret;

use super::options::{Header, HmacOptions, Options, RepliesOptions, TokenOptions};
use super::place::Place;

const APP_CHARS_MAX: usize = 64;

/// Every mistake, as its key and what is wrong.
pub(super) fn mistakes(options: &Options) -> Vec<(String, String)> {
    let mut wrong = Mistakes::default();
    if Place::of(&options.command).is_none() {
        wrong.add(
            "command",
            "expected exactly one of `path = true`, `query`, `header` and `body`".to_owned(),
        );
    }
    if options.hmac.is_some() && options.token.is_some() {
        wrong.add("token", "`hmac` is set too; configure only one of them".to_owned());
    }
    if let Some(hmac) = &options.hmac {
        check_hmac(&mut wrong, hmac);
    }
    if let Some(token) = &options.token {
        check_token(&mut wrong, token);
    }
    check_headers(&mut wrong, options);
    if let Some(app) = &options.app {
        let length = app.0.chars().count();
        if !(1..=APP_CHARS_MAX).contains(&length) {
            wrong.add("app", format!("found {length} characters, expected 1 to {APP_CHARS_MAX}"));
        }
    }
    for (key, wait) in [
        ("patience", Some(options.patience)),
        ("reply_timeout.before", options.reply_timeout.before),
        ("reply_timeout.after", options.reply_timeout.after),
    ] {
        if wait.is_some_and(|wait| wait.0.is_zero()) {
            wrong.add(key, "expected a duration above 0".to_owned());
        }
    }
    check_replies(&mut wrong, &options.replies);
    wrong.0
}

#[derive(Default)]
struct Mistakes(Vec<(String, String)>);

impl Mistakes {
    fn add(&mut self, key: &str, what: String) {
        self.0.push((key.to_owned(), what));
    }

    fn add_if_wrong(&mut self, key: &str, checked: Result<(), String>) {
        if let Err(what) = checked {
            self.add(key, what);
        }
    }
}

fn check_hmac(wrong: &mut Mistakes, hmac: &HmacOptions) {
    if hmac.secrets.is_empty() && hmac.secret_files.is_empty() {
        wrong.add(
            "hmac.secrets",
            "no secret is configured; add one here or in `secret_files`".to_owned(),
        );
    }
    for (index, secret) in hmac.secrets.iter().enumerate() {
        wrong.add_if_wrong(&format!("hmac.secrets.{index}"), fit_secret(secret));
    }
    wrong.add_if_wrong("hmac.prefix", fit_prefix(&hmac.prefix));
    if hmac.window_without_time() {
        wrong.add("hmac.window", "has no effect without `timestamp`".to_owned());
    }
    if hmac.window().0.is_zero() {
        wrong.add("hmac.window", "expected a duration above 0".to_owned());
    }
}

fn check_token(wrong: &mut Mistakes, token: &TokenOptions) {
    if token.tokens.is_empty() && token.token_files.is_empty() {
        wrong.add(
            "token.tokens",
            "no token is configured; add one here or in `token_files`".to_owned(),
        );
    }
    for (index, one) in token.tokens.iter().enumerate() {
        wrong.add_if_wrong(&format!("token.tokens.{index}"), fit_token(one));
    }
    wrong.add_if_wrong("token.prefix", fit_prefix(&token.prefix));
}

/// Two things cannot stand in one header.
fn check_headers(wrong: &mut Mistakes, options: &Options) {
    let (hmac, token) = (options.hmac.as_ref(), options.token.as_ref());
    let headers = [
        ("command.header", options.command.header.as_ref()),
        ("hmac.header", hmac.map(|hmac| &hmac.header)),
        ("hmac.timestamp", hmac.and_then(|hmac| hmac.timestamp.as_ref())),
        ("token.header", token.map(|token| &token.header)),
    ];
    let mut seen: Vec<(&str, &Header)> = Vec::new();
    for (key, header) in headers.into_iter().filter_map(|(key, header)| Some((key, header?))) {
        if let Some((other, _)) = seen.iter().find(|(_, taken)| *taken == header) {
            wrong.add(key, format!("the header `{}` is already used by `{other}`", header.0));
        }
        seen.push((key, header));
    }
}

/// What is not taken in must not look like what is.
fn check_replies(wrong: &mut Mistakes, replies: &RepliesOptions) {
    let RepliesOptions { allow, deny, unavailable, refused } = replies;
    let kept = (allow.status().map_or(200, |status| status.as_u16()), allow.body_or(true));
    if !(200..300).contains(&kept.0) {
        let what = format!("found {}, expected a success status, 200 to 299", kept.0);
        wrong.add("replies.allow.status", what);
    }
    let deny_body = (deny.status().as_u16(), deny.body());
    if deny.permitted && deny.reason_at.is_none() && deny_body == kept {
        wrong.add("replies.deny", "the same reply as `replies.allow`".to_owned());
    }
    let status = unavailable.status().map_or(503, |status| status.as_u16());
    if (status, unavailable.body_or(false)) == kept {
        wrong.add(
            "replies.unavailable",
            "the same reply as `replies.allow`: the sender would assume that the callback was persisted"
                .to_owned(),
        );
    }
    if refused.status().is_some_and(|status| (status.as_u16(), refused.body_or(false)) == kept) {
        wrong.add("replies.refused", "the same reply as `replies.allow`".to_owned());
    }
    if let Some(place) = &deny.reason_at {
        let room = place.put(&mut deny.body(), "".into());
        let room = room.map_err(|what| format!("cannot be set in the body of the reply: {what}"));
        wrong.add_if_wrong("replies.deny.reason_at", room);
    }
}

/// A secret is any text, but a file with several lines is a slip.
pub(super) fn fit_secret(secret: &Secret) -> Result<(), String> {
    match secret.expose().contains(['\n', '\r']) {
        true => Err("a secret is one line; put several secrets into separate files".to_owned()),
        false => Ok(()),
    }
}

/// Whether a token comes through a header as it is.
pub(super) fn fit_token(token: &Secret) -> Result<(), String> {
    match token.expose().bytes().all(|b| b.is_ascii_graphic()) {
        true => Ok(()),
        false => Err("a token may contain only visible ASCII characters".to_owned()),
    }
}

fn fit_prefix(prefix: &str) -> Result<(), String> {
    match !prefix.starts_with(' ') && prefix.bytes().all(|b| b.is_ascii_graphic() || b == b' ') {
        true => Ok(()),
        false => Err("expected visible ASCII characters without leading spaces".to_owned()),
    }
}
