//! Small servers that the benchmark compares Switchhook with.
//!
//! `baselines KIND PORT [FILE]`, on 127.0.0.1 until it is killed. KIND is
//! - `hyper`: reads the body, gives a fixed answer; nothing but hyper
//! - `warp`: the same through warp
//! - `durable`: warp; verifies, routes, parses, keeps the callback in FILE, and answers once it is on disk

mod callback;
mod log;

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use warp::Filter;

use crate::callback::Commands;
use crate::log::Log;

const OK: &str = r#"{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0}"#;
const FAIL: &str = r#"{"ActionStatus":"FAIL","ErrorInfo":"refused","ErrorCode":1}"#;

type Failed = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> Result<(), Failed> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["hyper", port] => with_hyper(listen(port).await?).await,
        ["warp", port] => with_warp(listen(port).await?).await,
        ["durable", port, file] => durable(listen(port).await?, Log::open(file)?).await,
        _ => return Err("usage: baselines hyper PORT | warp PORT | durable PORT FILE".into()),
    }
    Ok(())
}

async fn listen(port: &str) -> Result<TcpListener, Failed> {
    Ok(TcpListener::bind(("127.0.0.1", port.parse::<u16>()?)).await?)
}

fn answer<B: From<&'static str>>(text: &'static str) -> Response<B> {
    let mut response = Response::new(B::from(text));
    let json = hyper::header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(hyper::header::CONTENT_TYPE, json);
    response
}

async fn with_hyper(listener: TcpListener) {
    while let Ok((stream, _)) = listener.accept().await {
        let service = service_fn(|request: Request<Incoming>| async {
            let read = request.into_body().collect().await;
            Ok::<_, Infallible>(answer::<Full<Bytes>>(if read.is_ok() { OK } else { FAIL }))
        });
        tokio::spawn(async move {
            _ = stream.set_nodelay(true);
            let connection = hyper::server::conn::http1::Builder::new();
            _ = connection.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn with_warp(listener: TcpListener) {
    let fixed = |_: Bytes| answer::<Bytes>(OK);
    let routes = warp::post().and(warp::path::end()).and(warp::body::bytes()).map(fixed);
    warp::serve(routes).incoming(listener).run().await;
}

async fn durable(listener: TcpListener, log: Log) {
    let shared = Arc::new((Commands::default(), log));
    let limit = warp::body::content_length_limit(1 << 20);
    let keep = move |query: String, body: Bytes| {
        let shared = Arc::clone(&shared);
        async move {
            let (commands, log) = &*shared;
            let good = callback::is_genuine(&query) && commands.understand(&query, &body);
            let kept = good && log.append(callback::line(&query, &body)).await;
            answer::<Bytes>(if kept { OK } else { FAIL })
        }
    };
    let read = warp::query::raw().and(limit).and(warp::body::bytes());
    let routes = warp::post().and(warp::path::end()).and(read).then(keep);
    warp::serve(routes).incoming(listener).run().await;
}
