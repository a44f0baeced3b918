//! Socket files whose path is longer than the system takes: they are reached through their folder, held open.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

/// Bytes that a socket's path may have on every system of ours; one takes some more.
const BYTES_MAX: usize = 103;
const OPEN_FILES: &str = "/proc/self/fd";

/// A path by which a socket file can be bound or reached for as long as this is held.
#[derive(Debug)]
pub struct SocketPath {
    path: PathBuf,
    _folder: Option<File>,
}

impl SocketPath {
    /// # Errors
    /// The path is too long, and the system has no other way to its folder.
    pub fn to(socket: &Path) -> io::Result<Self> {
        Self::through(Path::new(OPEN_FILES), socket)
    }

    fn through(open_files: &Path, socket: &Path) -> io::Result<Self> {
        let bytes = socket.as_os_str().len();
        let (Some(folder), Some(name)) = (socket.parent(), socket.file_name()) else {
            return Ok(Self { path: socket.to_owned(), _folder: None });
        };
        if bytes <= BYTES_MAX {
            return Ok(Self { path: socket.to_owned(), _folder: None });
        }
        let folder = File::open(folder)?;
        let same = open_files.join(folder.as_raw_fd().to_string());
        if !same.is_dir() {
            let why = format!(
                "its path has {bytes} bytes, and the limit for a socket is {BYTES_MAX}; choose a journal folder with a shorter path"
            );
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        Ok(Self { path: same.join(name), _folder: Some(folder) })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::{UnixListener, UnixStream};

    use super::*;

    #[test]
    fn a_socket_is_reached_however_long_its_path_is() {
        let folder = tempfile::tempdir().expect("a folder");
        for below in ["", &["x".repeat(60), "y".repeat(200)].join("/")] {
            let folder = folder.path().join(below);
            std::fs::create_dir_all(&folder).expect("made");
            let socket = folder.join("admin.sock");
            let listener = UnixListener::bind(SocketPath::to(&socket).expect("a path").path());
            assert!(socket.exists(), "it lies where it was asked for");
            UnixStream::connect(SocketPath::to(&socket).expect("a path").path())
                .expect("connected");
            listener.expect("bound").accept().expect("accepted");
        }
    }

    #[test]
    fn where_there_is_no_way_the_length_and_what_would_do_are_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let long = folder.path().join("x".repeat(120));
        std::fs::create_dir(&long).expect("made");
        let socket = long.join("s");
        let error = SocketPath::through(&folder.path().join("none"), &socket).expect_err("no way");
        let bytes = socket.as_os_str().len();
        assert_eq!(
            error.to_string(),
            format!(
                "its path has {bytes} bytes, and the limit for a socket is 103; choose a journal folder with a shorter path"
            )
        );
    }
}
