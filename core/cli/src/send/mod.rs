//! `switchhook send`.

mod burst;
mod request;
mod tally;

use std::io::{self, Read};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use http::Response;
use switchhook_api::program_name;
use switchhook_engine::app::build_source;
use switchhook_engine::config::{Config, Instance, hint, listed, tables};
use tokio::time::Instant;

use self::request::{Draft, Target, as_curl, fields};
use super::client::Client;
use super::{Context, Failed, block_on, output};

/// The largest body that a server of ours can be set to take.
const BODY_MAX: u64 = 64 << 20;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  switchhook send Group.CallbackAfterTopicInfoChanged
  switchhook send Group.CallbackAfterTopicInfoChanged --set Name=Lunch
  switchhook send Group.CallbackBeforeSendMsg --body message.json
  switchhook send Group.CallbackAfterTopicInfoChanged --count 10000 --parallel 32
  switchhook send Group.CallbackAfterTopicInfoChanged --print

The response goes to standard output, the time it took to standard error; the timeout is 10 s. \
Exit codes: 0 for a 2xx response, 1 for any other, 69 for none. Only http:// is supported.")]
pub(super) struct Args {
    /// The command, as the sender spells it; `switchhook commands` lists the known ones
    command: String,
    /// Sets a field of the body, replacing that of the sample; a JSON value (7, true, {...}, "7") is sent as JSON, anything else as text
    #[arg(long = "set", value_name = "NAME=VALUE", conflicts_with = "body")]
    set: Vec<String>,
    /// Sends this file as the body, byte for byte; `-` reads standard input
    #[arg(long, value_name = "FILE")]
    body: Option<PathBuf>,
    /// The source whose sender is simulated, if several are enabled
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// URL to send to; default: the configured listen address and the source's path
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Number of requests, 1 to 1000000; each is composed and signed separately
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    count: u32,
    /// Number of parallel connections, 1 to 256; each is kept open
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u32).range(1..=256))]
    parallel: u32,
    /// Prints the request as a `curl` command instead of sending it
    #[arg(long, conflicts_with_all = ["count", "parallel"])]
    print: bool,
}

pub(super) fn run(cx: &Context, args: &Args) -> Result<(), Failed> {
    let fields = fields(&args.set).map_err(Failed::usage)?;
    let body = args.body.as_deref().map(read_body).transpose()?;
    let mut config = cx.config()?;
    let instance = chosen(&mut config, args.source.as_deref())?;
    let target = match &args.url {
        Some(url) => Target::parse(url).map_err(Failed::usage)?,
        None => Target::new(reachable(config.server.listen)?, &instance.table.path),
    };
    block_on(async {
        let source = build_source(instance, &config.base).await?;
        let draft = Draft { source, command: args.command.clone(), fields, body, target };
        if draft.request().is_ok() && !knows(&draft) {
            output::message(&unknown(&draft));
        }
        match (args.print, args.count) {
            (true, _) => Ok(output::line(&as_curl(&draft).map_err(|e| uncomposed(&draft, &e))?)?),
            (false, 1) => once(&draft).await,
            (false, count) => burst::run(draft, count, args.parallel).await,
        }
    })
}

fn read_body(path: &Path) -> Result<Bytes, Failed> {
    let fail = |error: io::Error| Failed::io(format!("--body {}: {error}", path.display()));
    let mut body = Vec::new();
    let read = match path.to_str() {
        Some("-") => io::stdin().lock().take(BODY_MAX).read_to_end(&mut body),
        _ => std::fs::File::open(path).and_then(|file| file.take(BODY_MAX).read_to_end(&mut body)),
    };
    read.map_err(fail)?;
    Ok(body.into())
}

/// The source whose sender is played.
fn chosen(config: &mut Config, name: Option<&str>) -> Result<Instance<tables::Source>, Failed> {
    let mut all = std::mem::take(&mut config.sources);
    all.retain(|one| one.table.enabled);
    let names: Vec<String> = all.iter().map(|one| one.name.to_string()).collect();
    let known = || names.iter().map(String::as_str);
    let place = match name {
        Some(name) => names.iter().position(|one| one == name).ok_or_else(|| {
            let hint = hint(name, known());
            Failed::usage(format!(
                "there is no enabled source `{name}`{hint}; enabled sources: {}",
                listed(known())
            ))
        })?,
        None if names.len() > 1 => {
            let message = format!(
                "several sources are enabled: {}; choose one with --source NAME",
                listed(known())
            );
            return Err(Failed::usage(message));
        }
        None => 0,
    };
    if place < all.len() {
        return Ok(all.swap_remove(place));
    }
    Err(Failed::config("all sources are disabled: enable the one whose sender is to be simulated"))
}

/// An address that a client can call: one that means all addresses is called on the loopback.
fn reachable(mut listen: SocketAddr) -> Result<SocketAddr, Failed> {
    if listen.port() == 0 {
        return Err(Failed::usage(
            "server.listen has port 0, so the real port is not known; name the server with --url",
        ));
    }
    match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => listen.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => listen.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    Ok(listen)
}

async fn once(draft: &Draft) -> Result<(), Failed> {
    let request = draft.request().map_err(|error| uncomposed(draft, &error))?;
    let failed = |error: io::Error| unanswered(draft, &error);
    let mut client = Client::tcp(&draft.target.host, draft.target.port).await.map_err(failed)?;
    let begun = Instant::now();
    let answer = client.call(request).await.map_err(failed)?;
    let taken = begun.elapsed();
    show(&answer)?;
    output::message(&format!("response after {}", tally::millis(taken)));
    // The response itself says what is wrong.
    if answer.status().is_success() { Ok(()) } else { Err(Failed::refused("")) }
}

fn show(answer: &Response<Bytes>) -> io::Result<()> {
    output::line(&answer.status().to_string())?;
    if answer.body().is_empty() { Ok(()) } else { output::print_untrusted(answer.body()) }
}

fn unanswered(draft: &Draft, error: &io::Error) -> Failed {
    let target = &draft.target;
    Failed::unavailable(match error.kind() {
        io::ErrorKind::ConnectionRefused => {
            format!("no server listens at {target}; start `{}` first", program_name())
        }
        _ => format!("no response from {target}: {}", switchhook_api::error_line(error)),
    })
}

fn knows(draft: &Draft) -> bool {
    draft.source.phase(&draft.command).is_some()
}

/// A command may be newer than the source and is sent all the same; but a slip should not look like a success.
fn unknown(draft: &Draft) -> String {
    let hint = hint(&draft.command, draft.source.catalogue().iter().map(|spec| &*spec.name));
    format!(
        "the source does not know `{}`{hint}; it was sent anyway; `{} commands` lists the known commands",
        output::one_line(&draft.command),
        program_name()
    )
}

fn uncomposed(draft: &Draft, error: &str) -> Failed {
    let known = draft.source.catalogue().iter().map(|spec| &*spec.name);
    let unknown = || {
        format!(
            "{}; `{} commands` lists the known commands",
            hint(&draft.command, known),
            program_name()
        )
    };
    let hint = if knows(draft) { String::new() } else { unknown() };
    Failed::usage(format!(
        "{}: {}{hint}",
        output::one_line(&draft.command),
        output::one_line(error)
    ))
}
