//! What is sent, and where to.

use std::borrow::Cow;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::uri::PathAndQuery;
use http::{HeaderValue, Request, Uri, header};
use serde_json::Value;
use switchhook_api::{Clock, Map, Source};
use switchhook_engine::SystemClock;

/// Everything that a request is composed from.
pub(super) struct Draft {
    pub(super) source: Arc<dyn Source>,
    pub(super) command: String,
    pub(super) fields: Map,
    /// Takes the place of the composed body.
    pub(super) body: Option<Bytes>,
    pub(super) target: Target,
}

impl Draft {
    /// The request as the sender would make it now, its URI in origin form.
    pub(super) fn request(&self) -> Result<Request<Bytes>, String> {
        let now = SystemClock::default().wall();
        let mut request = self
            .source
            .compose(&self.command, &self.fields, now)
            .map_err(|error| error.to_string())?;
        *request.uri_mut() = self.target.uri(request.uri())?;
        let host = HeaderValue::from_str(&self.target.authority).map_err(|e| e.to_string())?;
        request.headers_mut().insert(header::HOST, host);
        if let Some(body) = &self.body {
            *request.body_mut() = body.clone();
            // A length of the composed body would be wrong now; the client knows the real one.
            request.headers_mut().remove(header::CONTENT_LENGTH);
            self.source.sign(&mut request, now);
        }
        Ok(request)
    }
}

/// Where requests go.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) host: String,
    pub(super) port: u16,
    authority: String,
    path: String,
    /// Of the URL itself; the composed one follows it.
    query: Option<String>,
}

impl Target {
    pub(super) fn new(address: SocketAddr, path: &str) -> Self {
        Self {
            host: address.ip().to_string(),
            port: address.port(),
            authority: address.to_string(),
            path: path.to_owned(),
            query: None,
        }
    }

    pub(super) fn parse(url: &str) -> Result<Self, String> {
        let uri: Uri = url.parse().map_err(|error| format!("--url {url}: {error}"))?;
        match uri.scheme_str() {
            Some("http") => {}
            Some("https") => {
                return Err(
                    "--url: only http:// is supported; for https:// use `--print` and curl".into(),
                );
            }
            _ => return Err("--url: expected a URL such as http://127.0.0.1:8080/".into()),
        }
        let authority = uri.authority().ok_or("--url: the host is missing")?;
        if authority.as_str().contains('@') {
            return Err("--url: a user and password are not supported".into());
        }
        Ok(Self {
            host: authority.host().trim_matches(['[', ']']).to_owned(),
            port: authority.port_u16().unwrap_or(80),
            authority: authority.to_string(),
            path: uri.path().to_owned(),
            query: uri.query().map(str::to_owned),
        })
    }

    /// The composed path below the URL's own, and its query behind the URL's own.
    fn uri(&self, composed: &Uri) -> Result<Uri, String> {
        let path = match composed.path().trim_start_matches('/') {
            "" => self.path.clone(),
            below => format!("{}/{below}", self.path.trim_end_matches('/')),
        };
        let query: Vec<&str> = self.query.as_deref().into_iter().chain(composed.query()).collect();
        let text = match query.is_empty() {
            true => path,
            false => format!("{path}?{}", query.join("&")),
        };
        text.parse::<PathAndQuery>().map(Uri::from).map_err(|error| error.to_string())
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}{}", self.authority, self.path)
    }
}

/// Reads `NAME=VALUE` pairs; of a name given twice the last one counts.
pub(super) fn fields(pairs: &[String]) -> Result<Map, String> {
    let read = |pair: &String| match pair.split_once('=') {
        Some((name, text)) if !name.is_empty() => Ok((name.to_owned(), value(text))),
        _ => Err(format!("--set {pair}: expected NAME=VALUE")),
    };
    pairs.iter().map(read).collect()
}

/// What is JSON counts as JSON, everything else as text.
fn value(text: &str) -> Value {
    match serde_json::from_str(text) {
        // An id too long for a number must not lose its last digits.
        Ok(Value::Number(n)) if n.is_f64() && !text.contains(['.', 'e', 'E']) => text.into(),
        Ok(value) => value,
        Err(_) => text.into(),
    }
}

/// The request as a command line that makes it.
pub(super) fn as_curl(draft: &Draft) -> Result<String, String> {
    let request = draft.request()?;
    let body = std::str::from_utf8(request.body()).map_err(|_| UNPRINTABLE)?;
    let url = format!("http://{}{}", draft.target.authority, request.uri());
    let quoted = |text: &str| shlex::try_quote(text).map(Cow::into_owned).map_err(|_| UNPRINTABLE);
    let mut lines = vec![format!("curl -i -X {} {}", request.method(), quoted(&url)?)];
    for (name, value) in request.headers().iter().filter(|(name, _)| *name != header::HOST) {
        let value = String::from_utf8_lossy(value.as_bytes());
        lines.push(format!("  -H {}", quoted(&format!("{name}: {value}"))?));
    }
    if !body.is_empty() {
        lines.push(format!("  --data-raw {}", quoted(body)?));
    }
    Ok(lines.join(" \\\n"))
}

/// A shell cannot pass on what is not text, nor a NUL.
const UNPRINTABLE: &str = "the body is not text; send it with `--body FILE` and without `--print`";

#[cfg(test)]
mod tests {

    use serde_json::json;

    use super::*;
    use switchhook_engine::test_plugins::Wire;

    #[test]
    fn what_is_json_is_json_and_the_rest_is_text() {
        let check = |text: &str, expected: Value| assert_eq!(value(text), expected, "{text}");
        check("7", json!(7));
        check("-1.5", json!(-1.5));
        check("true", json!(true));
        check("null", Value::Null);
        check("\"7\"", json!("7"));
        check("{\"a\":[1]}", json!({ "a": [1] }));
        check("Lunch time", json!("Lunch time"));
        check("0123", json!("0123"));
        check("@TGS#1", json!("@TGS#1"));
        check("", json!(""));
        check("{broken", json!("{broken"));
        check(
            "144115188075855872144115188075855872",
            json!("144115188075855872144115188075855872"),
        );
        let given = ["A=1".to_owned(), "B=x=y".to_owned(), "A=2".to_owned()];
        assert_eq!(Value::Object(fields(&given).expect("good")), json!({ "A": 2, "B": "x=y" }));
        assert!(fields(&["A".to_owned()]).is_err());
        assert!(fields(&["=1".to_owned()]).is_err());
    }

    #[test]
    fn a_url_says_where_to_send_to() {
        let target = Target::parse("http://[::1]:8080/a?b=c").expect("good");
        assert_eq!((target.host.as_str(), target.port), ("::1", 8080));
        let composed = Uri::from_static;
        assert_eq!(target.uri(&composed("/?d=e")).expect("good"), "/a?b=c&d=e");
        assert_eq!(target.uri(&composed("/x.y?d=e")).expect("good"), "/a/x.y?b=c&d=e");
        let target = Target::parse("http://example.com").expect("good");
        assert_eq!((target.host.as_str(), target.port), ("example.com", 80));
        assert_eq!(target.uri(&composed("/")).expect("good"), "/");
        assert_eq!(target.uri(&composed("/x.y")).expect("good"), "/x.y");
        assert!(
            Target::parse("https://example.com").is_err_and(|error| error.contains("only http://"))
        );
        assert!(Target::parse("127.0.0.1:8080").is_err());
        assert!(Target::parse("/path").is_err());
        assert!(
            Target::parse("http://user:s3cret@example.com/")
                .is_err_and(|error| !error.contains("s3cret"))
        );
    }

    fn draft(body: Option<&'static str>) -> Draft {
        let fields = fields(&["Name=it's".to_owned()]).expect("good");
        let target = Target::new("127.0.0.1:8080".parse().expect("an address"), "/chat");
        let (source, command) = (Arc::new(Wire), "Group.Changed".to_owned());
        Draft { source, command, fields, body: body.map(Bytes::from), target }
    }

    #[test]
    fn a_request_goes_to_the_sources_path_with_the_composed_query() {
        let request = draft(None).request().expect("composed");
        assert!(request.uri().to_string().starts_with("/chat?command=Group.Changed&time="));
        assert_eq!(request.headers()["host"], "127.0.0.1:8080");
        assert_eq!(request.body(), r#"{"Command":"Group.Changed","Name":"it's"}"#);
        assert_eq!(draft(Some("as it is")).request().expect("composed").body(), "as it is");
    }

    #[test]
    fn a_printed_request_survives_the_shell() {
        let text = as_curl(&draft(None)).expect("composed");
        let words = shlex::split(&text.replace("\\\n", " ")).expect("whole quotes");
        let (url, rest) = (words.get(4).expect("a URL"), words.get(5..).unwrap_or_default());
        assert_eq!(words.get(..4).unwrap_or_default(), ["curl", "-i", "-X", "POST"]);
        assert!(url.starts_with("http://127.0.0.1:8080/chat?command=Group.Changed&"), "{text}");
        let body = r#"{"Command":"Group.Changed","Name":"it's"}"#;
        assert_eq!(rest, ["-H", "content-type: application/json", "--data-raw", body]);
        assert!(as_curl(&draft(Some("a\0b"))).is_err(), "a NUL");
    }
}
