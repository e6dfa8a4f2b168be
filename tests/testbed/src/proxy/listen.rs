//! The proxy's addresses: one for all regions, and one of its own for each region that wants to be able to refuse.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::net::{TcpListener, TcpSocket};
use tokio::task::{JoinHandle, JoinSet};

use super::{Shared, serve};

/// How many connections may wait to be accepted.
const BACKLOG: u32 = 1024;

/// An address that accepts connections, or holds its port and refuses them.
#[derive(Debug)]
pub(super) struct Listener {
    place: Option<String>,
    addr: SocketAddr,
    state: State,
}

#[derive(Debug)]
enum State {
    Open(JoinHandle<()>),
    /// Bound and not listening: connections are refused, and nobody else gets the port.
    Closed(TcpSocket),
    /// Between the two; also after a failed change.
    Neither,
}

impl Listener {
    /// The address for all regions.
    pub(super) fn shared(shared: &Arc<Shared>) -> io::Result<Self> {
        let socket = bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        let addr = socket.local_addr()?;
        let mut listener = Self { place: None, addr, state: State::Closed(socket) };
        listener.open(shared)?;
        Ok(listener)
    }

    /// A closed address for one region, with the shared address's port where it is free:
    /// 127.0.0.2 for the first region, 127.0.0.3 for the second. A system that has 127.0.0.1
    /// alone gives it another port of that.
    pub(super) fn of_region(region: &str, nth: u8, port: u16) -> io::Result<Self> {
        let own = IpAddr::V4(Ipv4Addr::new(127, 0, 0, nth.saturating_add(2)));
        let socket = bind(SocketAddr::from((own, port)))
            .or_else(|_| bind(SocketAddr::from((own, 0))))
            .or_else(|_| bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))))?;
        let addr = socket.local_addr()?;
        Ok(Self { place: Some(region.to_owned()), addr, state: State::Closed(socket) })
    }

    pub(super) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Accepts connections from now on.
    pub(super) fn open(&mut self, shared: &Arc<Shared>) -> io::Result<()> {
        let socket = match std::mem::replace(&mut self.state, State::Neither) {
            State::Closed(socket) => socket,
            State::Neither => bind(self.addr)?,
            open @ State::Open(_) => {
                self.state = open;
                return Ok(());
            }
        };
        let listener = socket.listen(BACKLOG)?;
        let accepting = accept(listener, self.place.clone(), Arc::clone(shared));
        self.state = State::Open(tokio::task::spawn(accepting));
        Ok(())
    }

    /// Refuses connections from now on, and cuts those there are.
    pub(super) async fn close(&mut self) -> io::Result<()> {
        let State::Open(accepting) = std::mem::replace(&mut self.state, State::Neither) else {
            return Ok(());
        };
        accepting.abort();
        // Its end, which is "cancelled", means that the listening socket is closed.
        accepting.await.ok();
        self.state = State::Closed(bind(self.addr)?);
        Ok(())
    }

    pub(super) fn is_open(&self) -> bool {
        matches!(self.state, State::Open(_))
    }

    pub(super) fn place(&self) -> Option<&str> {
        self.place.as_deref()
    }
}

fn bind(addr: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    // Connections of a listener that was closed may still be winding down on the port.
    socket.set_reuseaddr(true)?;
    socket.bind(addr)?;
    Ok(socket)
}

/// Accepts until it is aborted; its connections end with it.
async fn accept(listener: TcpListener, place: Option<String>, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            Some(_ended) = connections.join_next() => {}
            accepted = listener.accept() => {
                // A failed accept is that of a client that has gone already.
                if let Ok((stream, _)) = accepted {
                    connections.spawn(serve::connection(Arc::clone(&shared), place.clone(), stream));
                }
            }
        }
    }
}
