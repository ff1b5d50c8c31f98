//! `test sessions`: three gateways share the sessions of many users while one gateway is killed and started again,
//! and then the master of their store is killed, so that Sentinel promotes its replica.
//!
//! No session may be lost, no answer may be for another user, and the only error that a user may see is 503.
//! Replication to the replica is not waited for, so that what was written within the last moments before the
//! master's end may be missing afterwards. Users log in long before; later writes that are missing are counted.

mod servers;
mod users;

use crate::workspace::Scratch;
use anyhow::{Result, ensure};
use std::path::Path;
use std::time::{Duration, Instant};

use servers::{Gateways, Stores};
use users::Users;

/// People who are logged in.
const USERS: usize = 64;

/// When a gateway is killed, when it is started again, and when the master of the store is killed, as parts of the
/// length in hundredths: 15, 20 and 30 of 60 seconds.
const GATEWAY_KILLED: u32 = 25;
const GATEWAY_BACK: u32 = 33;
const MASTER_KILLED: u32 = 50;

/// Runs for `length`.
pub(super) fn run(program: &Path, length: Duration) -> Result<()> {
    let scratch = Scratch::new("sessions")?;
    let mut stores = Stores::start(scratch.path())?;
    let mut gateways = Gateways::start(program, &stores, scratch.path())?;
    println!(
        "test: {USERS} users at three gateways with one store for {} s; the load begins when all have logged in",
        length.as_secs()
    );
    let mut users = Users::log_in(USERS, gateways.ports())?;
    let begun = Instant::now();
    let at = |hundredths: u32| begun + length * hundredths / 100;
    let load = users.visit(at(100));
    sleep_until(at(GATEWAY_KILLED));
    gateways.kill(1)?;
    tell(begun, "one gateway is killed");
    sleep_until(at(GATEWAY_BACK));
    gateways.start_again(1)?;
    tell(begun, "it serves again");
    sleep_until(at(MASTER_KILLED));
    stores.kill_master()?;
    tell(begun, "the master of the store is killed");
    stores.wait_for_master()?;
    tell(begun, "the replica is the master");
    let tally = load.finish();
    gateways.ensure_running()?;
    let lost = users.lost(gateways.ports());
    println!("{}", tally.report(begun));
    println!("{lost} of {USERS} sessions were lost");
    ensure!(tally.strangers == 0, "{} answers were for another user", tally.strangers);
    ensure!(lost == 0 && tally.nameless == 0, "sessions were lost");
    ensure!(tally.other_errors.is_empty(), "there were other errors than 503: {:?}", tally.other_errors);
    Ok(())
}

fn sleep_until(time: Instant) {
    std::thread::sleep(time.saturating_duration_since(Instant::now()));
}

fn tell(begun: Instant, what: &str) {
    println!("{:5.1} s  {what}", begun.elapsed().as_secs_f64());
}
