//! Which devices are connected now, and how to nudge them.
//!
//! A nudge carries nothing: it says "look into the queue". A device has one socket; a newer one
//! ends the older.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use wire::DeviceId;

/// The sockets of this node.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    connected: Mutex<HashMap<DeviceId, Seat>>,
}

#[derive(Debug, Clone)]
struct Seat {
    nudge: Arc<Notify>,
    replaced: CancellationToken,
}

/// A socket's place in the registry; gives it up when dropped.
#[derive(Debug)]
pub(crate) struct Connected {
    registry: Arc<Registry>,
    device: DeviceId,
    seat: Seat,
}

impl Registry {
    /// Takes the place of a device, ending the socket that had it.
    pub(crate) fn connect(self: &Arc<Self>, device: DeviceId) -> Connected {
        let seat = Seat {
            nudge: Arc::default(),
            replaced: CancellationToken::new(),
        };
        if let Some(older) = self.seats().insert(device, seat.clone()) {
            older.replaced.cancel();
        }
        Connected {
            registry: Arc::clone(self),
            device,
            seat,
        }
    }

    /// Tells a device's socket, if it is here, that there is something in the queue.
    pub(crate) fn nudge(&self, device: DeviceId) {
        if let Some(seat) = self.seats().get(&device) {
            seat.nudge.notify_one();
        }
    }

    /// Ends a device's socket, as when the device was removed.
    pub(crate) fn end(&self, device: DeviceId) {
        if let Some(seat) = self.seats().remove(&device) {
            seat.replaced.cancel();
        }
    }

    fn seats(&self) -> std::sync::MutexGuard<'_, HashMap<DeviceId, Seat>> {
        self.connected
            .lock()
            .expect("nobody panics while holding the seats")
    }
}

impl Connected {
    /// Waits for a nudge; one that came before is not lost.
    pub(crate) async fn nudged(&self) {
        self.seat.nudge.notified().await;
    }

    /// Waits until a newer socket of the same device has taken over.
    pub(crate) async fn replaced(&self) {
        self.seat.replaced.cancelled().await;
    }
}

impl Drop for Connected {
    fn drop(&mut self) {
        let mut seats = self.registry.seats();
        let ours = seats.get(&self.device);
        if ours.is_some_and(|seat| Arc::ptr_eq(&seat.nudge, &self.seat.nudge)) {
            seats.remove(&self.device);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_newer_socket_ends_the_older_and_keeps_its_seat() {
        let registry = Arc::new(Registry::default());
        let device = DeviceId::from_bytes([1; 16]);
        let older = registry.connect(device);
        let newer = registry.connect(device);
        older.replaced().await;
        drop(older);
        registry.nudge(device);
        newer.nudged().await;
    }

    #[tokio::test]
    async fn a_nudge_before_anybody_waits_is_not_lost() {
        let registry = Arc::new(Registry::default());
        let device = DeviceId::from_bytes([1; 16]);
        let connected = registry.connect(device);
        registry.nudge(device);
        registry.nudge(device);
        connected.nudged().await;
    }
}
