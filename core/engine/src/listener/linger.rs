//! The end of a connection whose peer may still be sending: what comes is read and thrown away for a while, so that the answer
//! arrives. A socket that is closed with unread bytes in it resets the connection, and the peer loses what it had not read yet.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Duration, timeout};
use tokio_util::sync::CancellationToken;

use super::timed::Turn;
use super::{Serving, Stream};

/// In all.
const TIME_MAX: Duration = Duration::from_secs(5);
/// Without a byte.
const QUIET_MAX: Duration = Duration::from_secs(2);
/// So many bodies of the largest size.
const BODIES_MAX: usize = 16;
const PIECE: usize = 16 * 1024;

/// Says that no more is coming, then reads until the peer has ended, too, or has taken its share. The place can be taken from it
/// meanwhile, as from one that is idle.
pub(super) async fn discard(
    stream: &mut Box<dyn Stream>,
    turn: &Turn,
    serving: &Serving,
    stop: &CancellationToken,
) {
    turn.rest();
    let most = serving.limits.body_size.bytes().saturating_mul(BODIES_MAX);
    let taken = timeout(TIME_MAX, async {
        // hyper has said so already, unless it stopped in the middle.
        _ = stream.shutdown().await;
        let mut piece = vec![0; PIECE];
        let mut taken = 0;
        while taken < most {
            match timeout(QUIET_MAX, stream.read(&mut piece)).await {
                Ok(Ok(0) | Err(_)) => return true,
                Ok(Ok(some)) => taken += some,
                Err(_) => return false,
            }
        }
        false
    });
    let ended = tokio::select! {
        biased;
        () = stop.cancelled() => return,
        () = turn.sent_away() => return,
        taken = taken => taken.unwrap_or(false),
    };
    if !ended {
        serving.metrics.limit("unread_body");
    }
}
