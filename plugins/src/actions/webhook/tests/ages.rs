//! Connections have an age: a name that leads elsewhere is followed, also under steady traffic.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use switchhook_api::Action;
use switchhook_testkit::TestClock;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::target::{Answer, Target, say};
use super::{options, record};
use crate::actions::webhook::{Webhook, guard};

/// Between two relays.
const STEP: Duration = Duration::from_millis(100);
const PATIENCE: Duration = Duration::from_secs(20);

/// A name in the hands of a test.
struct Names(Mutex<Leads>);

#[derive(Clone, Copy)]
struct Leads {
    to: IpAddr,
    allow_private: bool,
}

impl Names {
    fn lead_to(&self, to: IpAddr, allow_private: bool) {
        *self.0.lock().expect("whole") = Leads { to, allow_private };
    }
}

impl Resolve for Names {
    fn resolve(&self, _: Name) -> Resolving {
        let Leads { to, allow_private } = *self.0.lock().expect("whole");
        Box::pin(async move {
            let vetted = guard::vetted(vec![SocketAddr::new(to, 0)], allow_private)?;
            Ok(Box::new(vetted.into_iter()) as Addrs)
        })
    }
}

/// A relay by name, whose time and resolver the test has in hand.
struct Named {
    action: Arc<dyn Action>,
    names: Arc<Names>,
    clock: Arc<TestClock>,
}

impl Named {
    fn new(target: &Target, more: &str) -> Self {
        let (clock, address) = (Arc::new(TestClock::default()), target.address);
        let names = Names(Mutex::new(Leads { to: address.ip(), allow_private: true }));
        let (names, mut cx) =
            (Arc::new(names), switchhook_testkit::build_context("crm", "/nowhere"));
        cx.clock = clock.clone();
        let options = options(&format!("url = \"http://crm.test:{}/\"\n{more}", address.port()));
        let options = options.unwrap_or_else(|all| panic!("{all:?}"));
        let action = Webhook::new(options, &cx, names.clone()).expect("built");
        Self { action: Arc::new(action), names, clock }
    }

    /// Relays one after the other, a step apart.
    async fn relay(&self, count: u32) {
        for _ in 0..count {
            self.action.deliver(&record()).await.expect("delivered");
            self.clock.advance(STEP);
        }
    }
}

async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("waited in vain for {what}"));
}

fn connections(target: &Target) -> usize {
    target.received().iter().map(|one| one.connection).max().unwrap_or(0)
}

#[tokio::test]
async fn a_name_that_leads_elsewhere_is_followed_under_steady_traffic() {
    for (more, age) in [
        ("", Duration::from_mins(1)),
        ("connection_max_age = \"7s\"", Duration::from_secs(7)),
        ("connection_max_age = \"90s\"", Duration::from_secs(90)),
    ] {
        let [old, new] = Target::pair([say("200 OK")]).await;
        let named = Named::new(&old, more);
        named.relay(10).await;
        named.names.lead_to(new.address.ip(), true);
        let left = u32::try_from((age.as_millis() / STEP.as_millis()) - 10).expect("few");
        named.relay(left).await;
        assert_eq!((old.received().len(), new.received().len()), (10 + left as usize, 0), "{more}");
        named.relay(20).await;
        assert_eq!(
            (old.received().len(), new.received().len()),
            (10 + left as usize, 20),
            "{more}"
        );
        assert_eq!((connections(&old), connections(&new)), (1, 1), "{more}");
        eventually("the end of the old connection", || old.open() == 0).await;
    }
}

#[tokio::test]
async fn a_new_address_is_checked_before_anything_is_sent_to_it() {
    let [old, new] = Target::pair([say("200 OK")]).await;
    let named = Named::new(&old, "");
    named.relay(1).await;
    named.names.lead_to(new.address.ip(), false);
    named.clock.advance(Duration::from_mins(1));
    let failure = named.action.deliver(&record()).await.expect_err("refused");
    assert!(!failure.is_permanent());
    assert!(failure.reason().contains("allow_private = true"), "{failure}");
    assert!(new.received().is_empty());
    named.names.lead_to(new.address.ip(), true);
    named.relay(1).await;
    assert_eq!((old.received().len(), new.received().len()), (1, 1));
}

#[tokio::test]
async fn requests_under_way_end_on_their_old_connection() {
    let now = Arc::new(Notify::new());
    let text = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_owned();
    let [old, new] = Target::pair([Answer::Later(now.clone(), text)]).await;
    let named = Named::new(&old, "");
    let action = named.action.clone();
    let waits = tokio::spawn(async move { action.deliver(&record()).await });
    eventually("the first relay", || old.received().len() == 1).await;
    named.names.lead_to(new.address.ip(), true);
    named.clock.advance(Duration::from_mins(2));
    let action = named.action.clone();
    let next = tokio::spawn(async move { action.deliver(&record()).await });
    eventually("the next relay", || new.received().len() == 1).await;
    now.notify_waiters();
    for relay in [waits, next] {
        timeout(PATIENCE, relay).await.expect("in time").expect("no panic").expect("delivered");
    }
    eventually("the end of the old connection", || old.open() == 0).await;
}

#[tokio::test]
async fn connections_do_not_pile_up_while_they_are_replaced() {
    const AT_A_TIME: usize = 8;
    let target = Target::start([say("200 OK")]).await;
    let named = Named::new(&target, "connection_max_age = \"1s\"");
    for _ in 0..100 {
        let mut relays = JoinSet::new();
        for _ in 0..AT_A_TIME {
            let action = named.action.clone();
            relays.spawn(async move { action.deliver(&record()).await });
        }
        while let Some(relay) = relays.join_next().await {
            relay.expect("no panic").expect("delivered");
        }
        named.clock.advance(STEP);
    }
    let all = connections(&target);
    assert!((10..=10 * AT_A_TIME).contains(&all), "ten ages, {all} connections");
    eventually("the end of the older ones", || target.open() <= AT_A_TIME).await;
}

#[tokio::test]
async fn with_no_age_at_all_each_relay_has_a_connection_of_its_own() {
    let [old, new] = Target::pair([say("200 OK")]).await;
    let named = Named::new(&old, "connection_max_age = \"0s\"");
    named.relay(5).await;
    assert_eq!(connections(&old), 5);
    named.names.lead_to(new.address.ip(), true);
    named.relay(1).await;
    assert_eq!((old.received().len(), new.received().len()), (5, 1));
}
