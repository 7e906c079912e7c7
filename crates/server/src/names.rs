//! What clients are called: reverse lookups off the event loops, bounded in time, number and memory (D26).

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use doorward_limiter::{HostName, canonical};
use tokio::sync::oneshot;

/// A request waits no longer than this for a name.
const WAIT: Duration = Duration::from_secs(1);
/// A name, and that there is none, is believed so long, in milliseconds.
const FRESH_MS: u64 = 300_000;
/// Names kept; when there are more, the old ones go.
const NAMES_MAX: usize = 10_000;
/// Lookups at a time. A resolver that hangs holds these threads and nothing else.
const THREADS: usize = 4;
/// Lookups that may wait for a thread; more count as having no name.
const QUEUE_MAX: usize = 256;

/// What a reverse lookup gave.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Named {
    name: Option<String>,
    confirmed: bool,
}

impl Named {
    /// The name, where there is one.
    pub(crate) fn host_name(&self) -> Option<HostName<'_>> {
        self.name.as_deref().map(|name| HostName { name, confirmed: self.confirmed })
    }
}

/// The names known, and the lookups under way.
#[derive(Default)]
pub(crate) struct Names {
    rows: Arc<Mutex<HashMap<IpAddr, Row>>>,
    queue: OnceLock<SyncSender<IpAddr>>,
}

enum Row {
    Known { named: Arc<Named>, since_ms: u64 },
    UnderWay { waiting: Vec<oneshot::Sender<Arc<Named>>>, since_ms: u64 },
}

type Rows = Mutex<HashMap<IpAddr, Row>>;

impl Names {
    /// The name of an address, as soon as it is known; nameless when that takes longer than a second.
    pub(crate) async fn look_up(&self, address: IpAddr, now_ms: u64) -> Arc<Named> {
        let address = canonical(address);
        match self.ask(address, now_ms) {
            Asked::Known(named) => named,
            Asked::Wait(waiting) => match tokio::time::timeout(WAIT, waiting).await {
                Ok(Ok(named)) => named,
                Ok(Err(_)) | Err(_) => Arc::default(),
            },
        }
    }

    fn ask(&self, address: IpAddr, now_ms: u64) -> Asked {
        let mut rows = locked(&self.rows);
        let (sender, receiver) = oneshot::channel();
        match rows.get_mut(&address) {
            Some(Row::Known { named, since_ms }) if now_ms.saturating_sub(*since_ms) < FRESH_MS => {
                return Asked::Known(Arc::clone(named));
            }
            Some(Row::UnderWay { waiting, .. }) => {
                waiting.retain(|waiting| !waiting.is_closed());
                waiting.push(sender);
                return Asked::Wait(receiver);
            }
            Some(Row::Known { .. }) | None => {}
        }
        make_room(&mut rows, now_ms);
        let queue = self.queue.get_or_init(|| start(&self.rows));
        if rows.len() >= NAMES_MAX || queue.try_send(address).is_err() {
            return Asked::Known(Arc::default());
        }
        rows.insert(address, Row::UnderWay { waiting: vec![sender], since_ms: now_ms });
        Asked::Wait(receiver)
    }
}

enum Asked {
    Known(Arc<Named>),
    Wait(oneshot::Receiver<Arc<Named>>),
}

/// Drops names that are no longer believed, and then any name known, when there are too many.
fn make_room(rows: &mut HashMap<IpAddr, Row>, now_ms: u64) {
    if rows.len() < NAMES_MAX {
        return;
    }
    let fresh = |since_ms: u64| now_ms.saturating_sub(since_ms) < FRESH_MS;
    rows.retain(|_, row| !matches!(row, Row::Known { since_ms, .. } if !fresh(*since_ms)));
    if rows.len() >= NAMES_MAX {
        rows.retain(|_, row| matches!(row, Row::UnderWay { .. }));
    }
}

/// Starts the threads that ask the system; they end with the server.
fn start(rows: &Arc<Rows>) -> SyncSender<IpAddr> {
    let (sender, receiver) = sync_channel(QUEUE_MAX);
    let receiver = Arc::new(Mutex::new(receiver));
    for number in 0..THREADS {
        let (rows, receiver) = (Arc::clone(rows), Arc::clone(&receiver));
        let thread = std::thread::Builder::new().name(format!("names-{number}"));
        // Without a thread nobody has a name, which denies nobody by name and lets nobody in.
        let _started = thread.spawn(move || work(&rows, &receiver));
    }
    sender
}

fn work(rows: &Rows, receiver: &Mutex<Receiver<IpAddr>>) {
    loop {
        let next = receiver.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(address) = next else { return };
        let named = Arc::new(resolve(address));
        let mut rows = locked(rows);
        let Some(Row::UnderWay { waiting, since_ms }) = rows.remove(&address) else { continue };
        for waiting in waiting {
            let _gave_up = waiting.send(Arc::clone(&named));
        }
        rows.insert(address, Row::Known { named, since_ms });
    }
}

/// Asks the system for the name, and whether the name leads back.
fn resolve(address: IpAddr) -> Named {
    let Ok(name) = dns_lookup::lookup_addr(&address) else { return Named::default() };
    // The system gives the address itself where there is no name.
    if name.parse::<IpAddr>().is_ok() {
        return Named::default();
    }
    let confirmed = dns_lookup::lookup_host(&name)
        .is_ok_and(|addresses| addresses.into_iter().any(|own| canonical(own) == address));
    Named { name: Some(name), confirmed }
}

fn locked(rows: &Rows) -> MutexGuard<'_, HashMap<IpAddr, Row>> {
    rows.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(number: u32) -> IpAddr {
        std::net::Ipv4Addr::from_bits(number).into()
    }

    #[tokio::test]
    async fn loopback_is_localhost_and_leads_back() {
        let desk = Names::default();
        let named = desk.look_up([127, 0, 0, 1].into(), 0).await;
        let host = named.host_name().unwrap();
        assert_eq!((host.name, host.confirmed), ("localhost", true));
        let again = desk.look_up([127, 0, 0, 1].into(), FRESH_MS - 1).await;
        assert!(Arc::ptr_eq(&named, &again), "known by now");
        let anew = desk.look_up([127, 0, 0, 1].into(), FRESH_MS).await;
        assert!(!Arc::ptr_eq(&named, &anew), "asked again");
    }

    #[test]
    fn old_names_make_room_and_the_rest_is_refused() {
        let desk = Names::default();
        let known = |since_ms| Row::Known { named: Arc::default(), since_ms };
        let fill = |row: fn(u64) -> Row, since_ms| {
            let mut rows = locked(&desk.rows);
            rows.extend((0..u32::try_from(NAMES_MAX).unwrap()).map(|number| (address(number), row(since_ms))));
        };
        locked(&desk.rows).insert(address(u32::MAX), known(0));
        fill(|since_ms| Row::UnderWay { waiting: Vec::new(), since_ms }, 0);
        assert!(matches!(desk.ask(address(u32::MAX - 1), 0), Asked::Known(named) if *named == Named::default()));
        fill(|since_ms| Row::Known { named: Arc::default(), since_ms }, 0);
        assert!(matches!(desk.ask(address(u32::MAX - 1), FRESH_MS), Asked::Wait(_)));
        assert_eq!(locked(&desk.rows).len(), 1);
    }
}
