//! `switchhook listen`.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use switchhook_api::Clock;
use switchhook_api::standard_webhooks::{ID, SIGNATURE, Secret, SignatureHeaders, TIMESTAMP};
use switchhook_engine::SystemClock;
use switchhook_engine::config::tables::Limits;
use switchhook_engine::config::{ByteSize, SecretFile};
use switchhook_engine::listener::{IncomingRequest, Listener, Serving, bind, serve};
use switchhook_engine::metrics::Metrics;
use tokio::runtime::Builder;
use tokio_util::sync::CancellationToken;
use warp::{Filter, Reply};

use super::Failed;
use super::output::{self, Format, one_line};

/// How far the time of a signature may be from ours.
const WINDOW: Duration = Duration::from_mins(5);
/// As much as a body of the configuration may at most have.
const BODY_MAX: ByteSize = ByteSize(64 << 20);
/// How long requests in progress may take after the signal to stop.
const DRAIN: Duration = Duration::from_secs(1);
/// The header with the command of the callback.
const COMMAND: &str = "switchhook-command";

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  switchhook listen                             for `url = \"http://127.0.0.1:9000/\"` in the options of a webhook
  switchhook listen --secret-file relay.secret  with the secret file of the webhook, to verify signatures
  switchhook listen --status 503                to see how failed deliveries are retried

With a secret, a request without a valid signature is answered with 401, so that the webhook sees it too. Ctrl-C stops.")]
pub(super) struct Args {
    /// Address and port to listen on
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9000")]
    address: SocketAddr,
    /// The secret that deliveries are signed with, `whsec_...`; repeat it while rotating. Other users of this machine can see it
    /// on the command line: prefer --secret-file
    #[arg(long, value_name = "SECRET", env = "SWITCHHOOK_LISTEN_SECRET", hide_env_values = true)]
    secret: Vec<String>,
    /// A file that holds the secret; repeat it while rotating. Takes precedence over --secret
    #[arg(long, value_name = "FILE", value_parser = secret_file)]
    secret_file: Vec<SecretFile>,
    /// Status of the responses, 200 to 599
    #[arg(long, value_name = "CODE", default_value = "200", value_parser = clap::value_parser!(u16).range(200..=599))]
    status: u16,
    /// Stops after this number of requests
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// Output format; `json` prints one object per line
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

pub(super) fn run(args: &Args) -> Result<(), Failed> {
    let target = Arc::new(Target {
        secrets: secrets(args)?,
        status: StatusCode::from_u16(args.status)
            .map_err(|error| Failed::usage(error.to_string()))?,
        format: args.format,
        left: AtomicU64::new(args.count.unwrap_or(u64::MAX)),
        stop: CancellationToken::new(),
        clock: Arc::new(SystemClock::default()),
    });
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failed::io(format!("cannot start: {error}")))?;
    runtime.block_on(listen(args.address, target))
}

fn secret_file(name: &str) -> Result<SecretFile, String> {
    SecretFile::new(name)
}

fn secrets(args: &Args) -> Result<Vec<Secret>, Failed> {
    if !args.secret_file.is_empty() {
        let read =
            |file: &SecretFile| file.parsed(Path::new(""), |secret| Secret::parse(secret.expose()));
        return args.secret_file.iter().map(read).collect::<Result<_, _>>().map_err(Failed::config);
    }
    let given = args.secret.iter().filter(|text| !text.is_empty());
    let parsed: Result<Vec<Secret>, String> = given.map(|text| Secret::parse(text)).collect();
    parsed.map_err(|why| Failed::usage(format!("--secret: {why}")))
}

/// Everything that a request meets.
struct Target {
    /// Signatures by any of them are good.
    secrets: Vec<Secret>,
    status: StatusCode,
    format: Format,
    /// Requests that are still to be shown.
    left: AtomicU64,
    stop: CancellationToken,
    clock: Arc<dyn Clock>,
}

async fn listen(address: SocketAddr, target: Arc<Target>) -> Result<(), Failed> {
    let listener = bind(address).await.map_err(|error| {
        let text =
            format!("cannot listen on {address}: {error}; choose another address with --address");
        match error.kind() {
            io::ErrorKind::AddrInUse => Failed::unavailable(text),
            _ => Failed::io(text),
        }
    })?;
    let address = listener.local_addr().unwrap_or(address);
    let checked = if target.secrets.is_empty() {
        "signatures are not verified: no secret given"
    } else {
        "signatures are verified"
    };
    output::message(&format!("listening on http://{address}/ ({checked}); Ctrl-C stops"));
    let (answering, clock, stop) = (target.clone(), target.clock.clone(), target.stop.clone());
    let routes = warp::ext::get::<Arc<IncomingRequest>>()
        .map(move |arrival: Arc<IncomingRequest>| answering.answer(&arrival).into_response())
        .boxed();
    let limits = Limits { body_size: BODY_MAX, ..Limits::default() };
    let metrics = Arc::new(Metrics::default());
    let serving = Serving { routes, limits, drain: DRAIN, clock, metrics, log: Arc::default() };
    let interrupted = stop.clone();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            interrupted.cancel();
        }
    });
    serve(Listener::Tcp(listener), serving, stop).await;
    Ok(())
}

impl Target {
    fn answer(&self, arrival: &IncomingRequest) -> StatusCode {
        // Whoever comes after the last one that was asked for gets an honest answer.
        let counted =
            self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
        let Ok(left) = counted else { return StatusCode::SERVICE_UNAVAILABLE };
        let (status, shown) = self.respond(arrival);
        // Without a reader of standard output there is nothing left to do.
        if output::line(&shown).is_err() || left == 1 {
            self.stop.cancel();
        }
        status
    }

    /// The answer to a request, and what is shown of it.
    fn respond(&self, arrival: &IncomingRequest) -> (StatusCode, String) {
        let body = match &arrival.body {
            Ok(body) => body,
            Err(refusal) => {
                let verdict = Verdict::Unread(refusal.reason);
                return (
                    refusal.kind.status(),
                    self.show(arrival, &verdict, &[], refusal.kind.status()),
                );
            }
        };
        let verdict = verify(&self.secrets, &arrival.headers, body, self.clock.wall());
        let status = if verdict.refuses(!self.secrets.is_empty()) {
            StatusCode::UNAUTHORIZED
        } else {
            self.status
        };
        (status, self.show(arrival, &verdict, body, status))
    }

    fn show(
        &self,
        arrival: &IncomingRequest,
        verdict: &Verdict,
        body: &[u8],
        status: StatusCode,
    ) -> String {
        match self.format {
            Format::Text => text(arrival, verdict, body, status),
            Format::Json => output::json_line(&as_json(arrival, verdict, body, status).to_string()),
        }
    }
}

/// What a signature is worth.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Good,
    Wrong(String),
    Missing,
    Unchecked,
    Unread(&'static str),
}

impl Verdict {
    fn refuses(&self, has_secret: bool) -> bool {
        has_secret && !matches!(self, Self::Good)
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Wrong(_) => "wrong",
            Self::Missing => "missing",
            Self::Unchecked => "unchecked",
            Self::Unread(_) => "unread",
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Good => "signature valid".to_owned(),
            Self::Wrong(why) => format!("signature not valid: {why}"),
            Self::Missing => "not signed".to_owned(),
            Self::Unchecked => "signature not verified: no secret given".to_owned(),
            Self::Unread(why) => format!("body not read: {why}"),
        }
    }
}

fn verify(secrets: &[Secret], headers: &HeaderMap, body: &[u8], now: Timestamp) -> Verdict {
    let (id, timestamp, signatures) =
        (text_of(headers, ID), text_of(headers, TIMESTAMP), text_of(headers, SIGNATURE));
    match (secrets, id, timestamp, signatures) {
        // A relay without a secret still sends the id.
        (_, _, _, None) => Verdict::Missing,
        ([], ..) => Verdict::Unchecked,
        ([first, others @ ..], Some(id), Some(timestamp), Some(signatures)) => {
            let signed = SignatureHeaders { id, timestamp, signatures };
            let verify = |secret: &Secret| secret.verify(signed, body, now, WINDOW);
            match verify(first) {
                Ok(()) => Verdict::Good,
                Err(_) if others.iter().any(|other| verify(other).is_ok()) => Verdict::Good,
                Err(why) => Verdict::Wrong(why.to_string()),
            }
        }
        (_, None, ..) => Verdict::Wrong(format!("{ID} is missing")),
        (_, _, None, _) => Verdict::Wrong(format!("{TIMESTAMP} is missing")),
    }
}

fn text_of<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

fn text(arrival: &IncomingRequest, verdict: &Verdict, body: &[u8], status: StatusCode) -> String {
    let mut head = format!(
        "{:.3} {} {}",
        arrival.received,
        arrival.method,
        one_line(&arrival.uri.to_string())
    );
    for (word, name) in [("", COMMAND), ("id ", ID)] {
        if let Some(value) = text_of(&arrival.headers, name) {
            head = format!("{head}  {word}{}", one_line(value));
        }
    }
    head = format!("{head}  {}  -> {}", verdict.text(), status.as_u16());
    let body = String::from_utf8_lossy(body);
    body.lines().fold(head, |text, line| format!("{text}\n  {}", one_line(line)))
}

fn as_json(arrival: &IncomingRequest, verdict: &Verdict, body: &[u8], status: StatusCode) -> Value {
    let ours = |name: &str| name.starts_with("switchhook-") || name.starts_with("webhook-");
    let headers: Map<String, Value> = arrival
        .headers
        .iter()
        .filter(|(name, _)| ours(name.as_str()) || *name == http::header::CONTENT_TYPE)
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into()))
        .collect();
    json!({
        "received": arrival.received,
        "method": arrival.method.as_str(),
        "path": arrival.uri.to_string(),
        "webhook_id": text_of(&arrival.headers, ID),
        "command": text_of(&arrival.headers, COMMAND),
        "signature": verdict.code(),
        "verdict": verdict.text(),
        "status": status.as_u16(),
        "headers": headers,
        "body": String::from_utf8_lossy(body),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const AT: i64 = 1_614_265_330;

    /// The verdict on a message with some of the three headers, signed by `SECRET` a minute after it was made.
    fn check(with_secret: bool, headers: &[&str], body: &[u8], expected: &Verdict) {
        let secret = Secret::parse(SECRET).expect("a good secret");
        let at = |second| Timestamp::from_second(second).expect("in range");
        let signature = secret.sign("msg_1", at(AT), b"{}");
        let mut map = HeaderMap::new();
        for (name, value) in [(ID, "msg_1"), (TIMESTAMP, "1614265330"), (SIGNATURE, &signature)] {
            if headers.contains(&name) {
                map.insert(name, value.parse().expect("a header value"));
            }
        }
        // While rotating, the old one may come first.
        let old = Secret::parse("MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3A").expect("a good secret");
        for secrets in [&[secret.clone()][..], &[old, secret]] {
            let secrets = if with_secret { secrets } else { &[] };
            assert_eq!(verify(secrets, &map, body, at(AT + 60)), *expected, "{headers:?}");
        }
    }

    #[test]
    fn a_signature_is_worth_what_can_be_said_of_it() {
        let all = [ID, TIMESTAMP, SIGNATURE];
        check(true, &all, b"{}", &Verdict::Good);
        check(true, &all, b"{ }", &Verdict::Wrong("no signature matches".into()));
        check(false, &all, b"{ }", &Verdict::Unchecked);
        check(true, &[ID, TIMESTAMP], b"{}", &Verdict::Missing);
        check(false, &[], b"{}", &Verdict::Missing);
        check(
            true,
            &[TIMESTAMP, SIGNATURE],
            b"{}",
            &Verdict::Wrong("webhook-id is missing".into()),
        );
        check(
            true,
            &[ID, SIGNATURE],
            b"{}",
            &Verdict::Wrong("webhook-timestamp is missing".into()),
        );
    }

    #[test]
    fn only_with_a_secret_is_anybody_turned_away() {
        assert!(Verdict::Missing.refuses(true));
        assert!(!Verdict::Missing.refuses(false));
        assert!(!Verdict::Unchecked.refuses(false));
        assert!(!Verdict::Good.refuses(true));
    }
}
