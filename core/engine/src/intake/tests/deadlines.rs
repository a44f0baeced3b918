//! How long each source has, by what its sender waits.

use super::*;

/// What a mount's handlers have when they never answer: for a before-callback, and for an after-callback whose reply matters.
async fn decided_after(mount: &MountedSource) -> [u128; 2] {
    let handler = slow(Duration::from_hours(1));
    let fixture = Fixture::new("", &[(&handler, OnFailure::Allow)]);
    let mut times = [0; 2];
    for (time, command) in times.iter_mut().zip(["A.Before", "A.Asked"]) {
        let begun = Instant::now();
        let answer = fixture.post_to(mount, command, begun).await;
        assert_eq!(answer, format!("{:?}", Outcome::TimedOut(Verdict::Allow)), "{command}");
        *time = begun.elapsed().as_millis();
    }
    times
}

#[tokio::test(start_paused = true)]
async fn each_source_decides_within_three_quarters_of_what_its_sender_waits_or_as_it_is_told() {
    let check = async |waits: [u64; 2], source: &str, expected: [u128; 2]| {
        let waits = waits.map(Duration::from_millis);
        let mount = mounted("lines", source, Lines { waits });
        assert_eq!(decided_after(&mount).await, expected, "{waits:?} {source}");
    };
    check([2000, 2000], "", [1500, 1500]).await;
    check([4000, 2000], "", [3000, 1500]).await;
    check([800, 10_000], "", [600, 7500]).await;
    check([4000, 2000], "decide_within = \"700ms\"", [700, 700]).await;
    check([4000, 2000], "decide_within = \"5s\"", [5000, 5000]).await;
}

#[tokio::test(start_paused = true)]
async fn two_sources_of_one_server_do_not_share_a_deadline() {
    let waits = |seconds| Lines { waits: [Duration::from_secs(seconds); 2] };
    let quick = mounted("quick", "", waits(1));
    let patient = mounted("patient", "", waits(8));
    assert_eq!(decided_after(&quick).await[0], 750);
    assert_eq!(decided_after(&patient).await[0], 6000);
}

#[tokio::test(start_paused = true)]
async fn how_long_a_callback_may_take_to_be_kept_hangs_on_the_wait_after_the_event() {
    for (waits, body_took, answered_after) in [
        ([2, 2], 1000, 1800),
        ([30, 2], 1000, 1800),
        ([2, 30], 1000, 2500),
        ([2, 30], 5000, 6500),
        ([30, 2], 1600, 3100),
    ] {
        let fixture = Fixture::new("", &[]);
        fixture.journal.set_commit_time(Duration::from_hours(1));
        let mount = mounted("lines", "", Lines { waits: waits.map(Duration::from_secs) });
        let begun = Instant::now();
        tokio::time::advance(Duration::from_millis(body_took)).await;
        let answer = fixture.post_slowly(&mount, "A.After", begun, Instant::now()).await;
        assert_eq!(answer, "Unavailable");
        assert_eq!(begun.elapsed(), Duration::from_millis(answered_after), "{waits:?} {body_took}");
    }
}
