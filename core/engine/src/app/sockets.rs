//! What the server listens on, and how many connections it can bear.

use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tokio::net::{TcpListener, UnixListener};
use tokio::runtime::Handle;

use super::Stopped;
use super::runtimes::Listening;
use crate::config::tables::{Admin, Server};
use crate::listener::{Limits, bind};
use crate::socket_path::SocketPath;

/// Descriptors that connections leave to the journal, files and relays.
const DESCRIPTORS_KEPT: usize = 128;

pub(super) struct Sockets {
    pub(super) public: TcpListener,
    pub(super) public_address: SocketAddr,
    pub(super) admin: Option<TcpListener>,
    pub(super) admin_address: Option<SocketAddr>,
}

impl Sockets {
    /// Before anything is opened: a taken address leaves no trace.
    pub(super) async fn bind(
        server: &Server,
        admin: &Admin,
        listening: &Listening,
    ) -> Result<Self, Stopped> {
        let taken = |key: &str, address: SocketAddr, error: &io::Error| {
            let text = format!("{key}: cannot listen on {address}: {error}");
            match error.kind() {
                io::ErrorKind::AddrInUse => Stopped::InUse(format!(
                    "{text}; stop the process that uses this address, or configure another port"
                )),
                _ => Stopped::Config(text),
            }
        };
        let (address, admin_address) = (server.listen, admin.listen);
        let public = bind_on(&listening.public, address)
            .await
            .map_err(|error| taken("server.listen", address, &error))?;
        let public_address = public.local_addr().unwrap_or(address);
        let admin = match admin.enabled {
            true => Some(
                bind_on(&listening.admin, admin_address)
                    .await
                    .map_err(|error| taken("admin.listen", admin_address, &error))?,
            ),
            false => None,
        };
        let admin_address =
            admin.as_ref().map(|listener| listener.local_addr().unwrap_or(admin_address));
        Ok(Self { public, public_address, admin, admin_address })
    }
}

/// Binds where the listener will be polled: one that another runtime polled would not hear of new connections while that one is
/// blocked.
async fn bind_on(runtime: &Handle, address: SocketAddr) -> io::Result<TcpListener> {
    runtime.spawn(bind(address)).await?
}

/// The socket for the command line, in the journal's folder.
pub(super) fn admin_socket(folder: &Path) -> Option<UnixListener> {
    let path = folder.join("admin.sock");
    // The journal's lock is ours, so a socket that lies there is a dead process's.
    _ = std::fs::remove_file(&path);
    let bound = SocketPath::to(&path).and_then(|near| {
        let listener = UnixListener::bind(near.path())?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
        Ok(listener)
    });
    let warn = |error: io::Error| {
        let path = path.display();
        tracing::warn!(%path, %error, "cannot create the admin socket: commands cannot reach this server");
    };
    bound.map_err(warn).ok()
}

/// As many connections as the process may have descriptors for, with some kept back.
pub(super) fn within_descriptors(mut limits: Limits) -> Limits {
    let Some(most) = descriptors() else { return limits };
    let room = most.saturating_sub(DESCRIPTORS_KEPT).max(1);
    if limits.connections > room {
        // The default is a wish; whoever wrote a number should know that it is not kept.
        if limits.connections != Limits::default().connections {
            tracing::warn!(
                configured = limits.connections,
                used = room,
                "server.limits.connections is lowered: the process may open only {most} files (ulimit -n)"
            );
        }
        limits.connections = room;
    }
    limits
}

fn descriptors() -> Option<usize> {
    let text = std::fs::read_to_string("/proc/self/limits").ok()?;
    let line = text.lines().find(|line| line.starts_with("Max open files"))?;
    line.split_whitespace().nth(3)?.parse().ok()
}
