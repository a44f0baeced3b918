//! Log lines on their way to standard error, written by a thread of their own. Whoever reads standard error may stop
//! reading (a paused terminal, a container's log driver), and nothing of ours must wait for that: a line without room is left out.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use switchhook_api::log_lines;
use tracing_subscriber::fmt::MakeWriter;

/// Lines that may wait to be written.
const LINES_MAX: usize = 4096;
/// Bytes of lines that are written together.
const TEXT_MAX: usize = 64 << 10;
/// How long the end of the program waits for its last lines; it is a part of the time that a server has to stop.
const FLUSH: Duration = Duration::from_millis(500);

enum Message {
    Line(Vec<u8>),
    /// Everything before it has been written when this is answered.
    Flush(SyncSender<()>),
}

/// Hands each line to the thread that writes.
#[derive(Clone)]
pub(super) struct LogWriter {
    queue: SyncSender<Message>,
    dropped: Arc<AtomicU64>,
}

impl LogWriter {
    pub(super) fn start(out: impl Write + Send + 'static) -> io::Result<Self> {
        let (queue, queued) = sync_channel(LINES_MAX);
        let dropped = Arc::new(AtomicU64::new(0));
        let counter = dropped.clone();
        thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || write_lines(&queued, &counter, out))?;
        Ok(Self { queue, dropped })
    }

    /// Writes a last word, without the form of a line of the log.
    pub(super) fn write_unformatted(&self, text: &str) {
        // If the queue is full, there is no other place for it.
        _ = self.queue.try_send(Message::Line(format!("{text}\n").into_bytes()));
    }

    /// Waits for a while until everything so far is written.
    pub(super) fn flush(&self) {
        let (done, written) = sync_channel(1);
        // If the queue is full even for this, standard error is not read.
        if self.queue.try_send(Message::Flush(done)).is_ok() {
            _ = written.recv_timeout(FLUSH);
        }
    }
}

fn write_lines(queued: &Receiver<Message>, dropped: &AtomicU64, mut out: impl Write) {
    let (mut text, mut flushed) = (Vec::new(), Vec::new());
    while let Ok(first) = queued.recv() {
        let mut next = Some(first);
        while let Some(message) = next {
            match message {
                Message::Line(line) => text.extend_from_slice(&line),
                Message::Flush(done) => flushed.push(done),
            }
            next = if text.len() < TEXT_MAX { queued.try_recv().ok() } else { None };
        }
        _ = out.write_all(&text); // there is nowhere to tell that it failed
        text.clear();
        log_lines::written();
        for done in flushed.drain(..) {
            _ = done.send(());
        }
        match dropped.swap(0, Ordering::Relaxed) {
            0 => {}
            lines => tracing::warn!(lines, "log lines were dropped: standard error was not read"),
        }
    }
}

impl MakeWriter<'_> for LogWriter {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

impl Write for LogWriter {
    /// One call is one line, as `tracing_subscriber` does it.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let taken = self.queue.try_send(Message::Line(line.to_vec())).is_ok();
        if !taken && log_lines::left_out() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::os::unix::net::UnixStream;

    use super::*;

    #[tokio::test]
    async fn no_thread_waits_for_a_reader_and_what_must_be_told_finds_its_way() {
        let (out, mut reader) = UnixStream::pair().expect("a pair");
        let log = LogWriter::start(out).expect("a thread");
        let mut writer = log.clone();
        let line = [b'x'; 1000];
        for _ in 0..3 * LINES_MAX {
            writer.write_all(&line).expect("never fails"); // for ever, if it waited for a reader
        }
        let lost = log.dropped.load(Ordering::Relaxed);
        assert!(lost > 0);
        let last = log.clone();
        let write = move || last.clone().write_all(b"kept\n").expect("never fails");
        let mut kept = Box::pin(switchhook_api::log_line(write));
        assert!(futures_util::poll!(kept.as_mut()).is_pending(), "there is no room");
        assert_eq!(log.dropped.load(Ordering::Relaxed), lost, "what is tried again is not lost");
        let reading = thread::spawn(move || {
            let mut text = String::new();
            reader.read_to_string(&mut text).expect("text");
            text
        });
        tokio::time::timeout(Duration::from_secs(30), kept).await.expect("room in time");
        log.write_unformatted("the last");
        log.flush();
        drop((log, writer));
        let text = reading.join().expect("read");
        assert_eq!(text.lines().filter(|line| line.ends_with("kept")).count(), 1);
        assert!(text.ends_with("kept\nthe last\n"), "{}", text.len());
    }
}
