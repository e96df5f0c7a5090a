//! Telling the program that started the relay (systemd with `Type=notify`, or one that speaks the
//! same) when it serves and when it stops. Without one, nobody is told.

#[cfg(unix)]
use std::os::unix::net::UnixDatagram;

/// The variable that names the socket to tell it on.
pub(crate) const SOCKET: &str = "NOTIFY_SOCKET";

/// Whoever started the relay, if it wants to be told.
#[derive(Debug, Default)]
pub(crate) struct Supervisor {
    #[cfg(unix)]
    socket: Option<UnixDatagram>,
}

impl Supervisor {
    /// By the name in the environment. One that cannot be reached is as good as none.
    #[cfg(unix)]
    pub(crate) fn at(name: Option<&str>) -> Self {
        let socket = name.and_then(|name| {
            let socket = UnixDatagram::unbound().ok()?;
            connect(&socket, name).ok()?;
            Some(socket)
        });
        Self { socket }
    }

    /// There is none on this system.
    #[cfg(not(unix))]
    pub(crate) fn at(_name: Option<&str>) -> Self {
        Self {}
    }

    /// The relay answers from now on.
    pub(crate) fn ready(&self) {
        self.tell("READY=1");
    }

    /// The relay takes nothing new from now on.
    pub(crate) fn stopping(&self) {
        self.tell("STOPPING=1");
    }

    #[cfg(unix)]
    fn tell(&self, state: &str) {
        if let Some(socket) = &self.socket
            && socket.send(state.as_bytes()).is_err()
        {
            tracing::warn!("the program that started the relay could not be told");
        }
    }

    #[cfg(not(unix))]
    #[expect(clippy::unused_self, reason = "elsewhere it has a socket")]
    fn tell(&self, _state: &str) {}
}

/// A name that begins with `@` is one of Linux's that lie in no folder.
#[cfg(unix)]
fn connect(socket: &UnixDatagram, name: &str) -> std::io::Result<()> {
    #[cfg(target_os = "linux")]
    if let Some(name) = name.strip_prefix('@') {
        use std::os::linux::net::SocketAddrExt as _;
        let address = std::os::unix::net::SocketAddr::from_abstract_name(name)?;
        return socket.connect_addr(&address);
    }
    socket.connect(name)
}
