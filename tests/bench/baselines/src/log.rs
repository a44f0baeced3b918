//! Group commit: whatever waits is written at once, and one sync serves all.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::thread;

use tokio::sync::{mpsc, oneshot};

/// No more lines go into one commit.
const BATCH_MAX: usize = 1024;

struct Line(Vec<u8>, oneshot::Sender<()>);

/// A file that lines are added to.
pub struct Log(mpsc::UnboundedSender<Line>);

impl Log {
    /// Opens it and starts its writer, which ends with the log.
    pub fn open(path: &str) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        let (sender, lines) = mpsc::unbounded_channel();
        thread::Builder::new().name("log".into()).spawn(move || write(file, lines))?;
        Ok(Self(sender))
    }

    /// Adds a line; true once it would survive a power cut.
    pub async fn append(&self, line: Vec<u8>) -> bool {
        let (done, kept) = oneshot::channel();
        self.0.send(Line(line, done)).is_ok() && kept.await.is_ok()
    }
}

/// Ends at the first error, and with it every wait for an acknowledgement.
fn write(mut file: File, mut lines: mpsc::UnboundedReceiver<Line>) {
    let (mut batch, mut bytes) = (Vec::with_capacity(BATCH_MAX), Vec::new());
    while lines.blocking_recv_many(&mut batch, BATCH_MAX) > 0 {
        bytes.clear();
        for Line(line, _) in &batch {
            bytes.extend_from_slice(line);
        }
        if file.write_all(&bytes).and_then(|()| file.sync_data()).is_err() {
            return;
        }
        for Line(_, done) in batch.drain(..) {
            _ = done.send(());
        }
    }
}
