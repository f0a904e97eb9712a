//! Tells systemd that a run has begun: units of `Type=notify` are up when all probes are attached.

use std::ffi::OsStr;
use std::io;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// Says that all is ready, if somebody waits for it.
pub fn ready() {
    let Some(path) = std::env::var_os("NOTIFY_SOCKET") else { return };
    if let Err(error) = send(&path) {
        tracing::warn!(%error, "systemd was not told that the probes are attached");
    }
}

/// The name of a socket begins with `@` where it is no file.
fn send(path: &OsStr) -> io::Result<()> {
    let address = match path.as_bytes().strip_prefix(b"@") {
        Some(name) => SocketAddr::from_abstract_name(name)?,
        None => SocketAddr::from_pathname(path)?,
    };
    UnixDatagram::unbound()?.send_to_addr(b"READY=1", &address).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_reaches_files_and_abstract_names() {
        let name = format!("tracedeck-notify-{}", std::process::id());
        let path = std::env::temp_dir().join(&name);
        let file = UnixDatagram::bind(&path).expect("a socket");
        let address = SocketAddr::from_abstract_name(&name).expect("a name");
        let named = UnixDatagram::bind_addr(&address).expect("a socket");
        send(path.as_os_str()).expect("sent");
        send(OsStr::new(&format!("@{name}"))).expect("sent");
        let mut message = [0; 16];
        for socket in [file, named] {
            let length = socket.recv(&mut message).expect("a message");
            assert_eq!(&message[..length], b"READY=1");
        }
        std::fs::remove_file(path).expect("to clean up");
    }
}
