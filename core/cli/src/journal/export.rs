//! `switchhook journal export`.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use switchhook_api::journal::{EventQuery, Position};
use switchhook_api::program_name;

use crate::filter::{self, Filter};
use crate::interrupt::Interrupt;
use crate::output::{counted, json_line, message};
use crate::store::Store;
use crate::{Context, Failed, block_on};

/// Callbacks that are held in memory at a time: bodies may be large.
const PAGE: usize = 100;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  switchhook journal export | gzip > callbacks.jsonl.gz
  switchhook journal export --since 24h --command 'Group.*' --output yesterday.jsonl")]
pub(super) struct Args {
    #[command(flatten)]
    filter: Filter,
    /// The file to create, readable by you only; default: standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) fn run(cx: &Context, args: &Args) -> Result<(), Failed> {
    let query = args.filter.query(filter::now())?;
    let config = cx.config()?;
    block_on(async {
        let mut store = Store::open(config).await?;
        let written = match &args.output {
            None => to_stdout(&mut store, query).await,
            Some(path) => into_file(&mut store, query, path).await,
        };
        store.close().await;
        report(written?)
    })
}

/// How many callbacks went out, and how many of those searched were damaged.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Written {
    pub(super) whole: u64,
    pub(super) damaged: u64,
}

/// Damage is a failure, though all that is whole was written.
pub(super) fn report(written: Written) -> Result<(), Failed> {
    message(&counted(written.whole, "callback", "callbacks"));
    match written.damaged {
        0 => Ok(()),
        count => Err(Failed::io(format!(
            "{} left out; `{} journal verify` lists the damage",
            counted(count, "damaged callback was", "damaged callbacks were"),
            program_name()
        ))),
    }
}

async fn to_stdout(store: &mut Store, query: EventQuery) -> Result<Written, Failed> {
    let mut out = BufWriter::new(io::stdout());
    // Without a listener Ctrl-C ends the process as it ends any that writes to a pipe.
    let written = export(store, query, &mut out, &Interrupt::default(), Failed::from).await?;
    out.flush()?;
    Ok(written)
}

/// All or nothing: a file that was not finished is removed. Damaged callbacks are left out and counted.
pub(super) async fn into_file(
    store: &mut Store,
    query: EventQuery,
    path: &Path,
) -> Result<Written, Failed> {
    let failed = |error: io::Error| Failed::io(format!("cannot write {}: {error}", path.display()));
    let opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let opened = opened.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => {
            let path = path.display();
            Failed::usage(format!("{path} exists already: name a file that does not exist"))
        }
        _ => failed(error),
    });
    let mut out = BufWriter::new(opened?);
    let written = export(store, query, &mut out, &Interrupt::listen(), failed).await;
    let finished = |out: BufWriter<File>| out.into_inner()?.sync_all();
    let written = written.and_then(|count| finished(out).map_err(failed).map(|()| count));
    if written.is_err() {
        // The first error is the one to report.
        _ = std::fs::remove_file(path);
    }
    written
}

async fn export(
    store: &mut Store,
    mut query: EventQuery,
    out: &mut (impl Write + Send),
    interrupt: &Interrupt,
    failed: impl Fn(io::Error) -> Failed,
) -> Result<Written, Failed> {
    query.oldest_first = true;
    query.limit = PAGE;
    let mut written = Written::default();
    loop {
        let page = store.events(&query, true).await?;
        for event in &page.items {
            writeln!(out, "{}", json_line(event.get())).map_err(&failed)?;
        }
        written.whole += page.items.len() as u64;
        written.damaged += page.damaged;
        query.after = page.next.map(Position);
        if query.after.is_none() {
            return Ok(written);
        }
        if interrupt.is_set() {
            return Err(Failed::interrupted("interrupted: the unfinished file was removed"));
        }
    }
}
