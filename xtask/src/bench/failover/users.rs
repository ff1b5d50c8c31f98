//! Users who are logged in, and ask a gateway at random.

use anyhow::{Context, Result, bail, ensure};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A gateway that says nothing for so long has lost the request.
const SILENCE_MAX: Duration = Duration::from_secs(20);
/// Between two requests of a user.
const PAUSE: Duration = Duration::from_millis(25);
/// Every so many requests of a user, one writes.
const WRITE_EVERY: u64 = 5;
/// How long sessions may take to be answered after the load.
const PATIENCE: Duration = Duration::from_secs(20);
/// No answer of this test is longer.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// What the users have met.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Answers that named the right user.
    answered: u64,
    /// Writes that were acknowledged.
    written: u64,
    /// Answers that showed an older value than one that was acknowledged.
    older: u64,
    /// Answers for another user.
    pub(super) strangers: u64,
    /// Answers without a user: the session is gone.
    pub(super) nameless: u64,
    /// Answers 503.
    unavailable: u64,
    /// The first and the last of them.
    outage: Option<(Instant, Instant)>,
    /// Requests that met a gateway that was not there, and went to another one.
    elsewhere: u64,
    /// Everything else, by its status.
    pub(super) other_errors: BTreeMap<String, u64>,
}

impl Tally {
    /// A few lines for a person.
    pub(super) fn report(&self, begun: Instant) -> String {
        let Self { answered, written, older, strangers, nameless, unavailable, elsewhere, .. } = self;
        let outage = self.outage.map_or_else(String::new, |(first, last)| {
            let [first, last] = [first, last].map(|time| time.saturating_duration_since(begun).as_secs_f64());
            format!(", from {first:.1} s to {last:.1} s")
        });
        format!(
            "{answered} answers named the right user, {strangers} another one, {nameless} nobody\n\
             {unavailable} answers were 503{outage}\n\
             {elsewhere} requests met a killed gateway and went to another one\n\
             {written} values were written; {older} answers showed an older one (not replicated before the kill)\n\
             other errors: {}",
            if self.other_errors.is_empty() { "none".to_owned() } else { format!("{:?}", self.other_errors) }
        )
    }

    fn add(&mut self, other: Tally) {
        self.answered += other.answered;
        self.written += other.written;
        self.older += other.older;
        self.strangers += other.strangers;
        self.nameless += other.nameless;
        self.unavailable += other.unavailable;
        self.elsewhere += other.elsewhere;
        self.outage = match (self.outage, other.outage) {
            (Some((first, last)), Some((other_first, other_last))) => {
                Some((first.min(other_first), last.max(other_last)))
            }
            (one, other) => one.or(other),
        };
        for (error, count) in other.other_errors {
            *self.other_errors.entry(error).or_default() += count;
        }
    }
}

/// All of them.
pub(super) struct Users {
    users: Vec<Arc<Mutex<User>>>,
}

/// Users who are busy.
pub(super) struct Load {
    threads: Vec<JoinHandle<()>>,
    tallies: Receiver<Tally>,
}

impl Load {
    /// Waits for the end.
    pub(super) fn finish(self) -> Tally {
        for thread in self.threads {
            thread.join().expect("a user does not panic");
        }
        let mut total = Tally::default();
        self.tallies.iter().for_each(|tally| total.add(tally));
        total
    }
}

impl Users {
    /// Logs each in at one gateway or another, and asks all gateways for them.
    pub(super) fn log_in(count: usize, ports: [u16; 3]) -> Result<Users> {
        let user = |number: usize| {
            let mut user = User::new(number, ports);
            user.log_in().with_context(|| format!("{} cannot log in", user.name))?;
            Ok(Arc::new(Mutex::new(user)))
        };
        Ok(Users { users: (0..count).map(user).collect::<Result<_>>()? })
    }

    /// Lets all ask until a moment.
    pub(super) fn visit(&mut self, end: Instant) -> Load {
        let (sender, tallies) = channel();
        let start = |user: &Arc<Mutex<User>>| {
            let (user, sender) = (user.clone(), sender.clone());
            std::thread::spawn(move || {
                let mut user = user.lock().unwrap_or_else(PoisonError::into_inner);
                // The receiver lives until all threads have ended.
                let _ = sender.send(user.visit(end));
            })
        };
        Load { threads: self.users.iter().map(start).collect(), tallies }
    }

    /// Asks every gateway for every user; how many are not known somewhere.
    pub(super) fn lost(&self, ports: [u16; 3]) -> usize {
        let is_lost = |user: &&Arc<Mutex<User>>| {
            let mut user = user.lock().unwrap_or_else(PoisonError::into_inner);
            (0..ports.len()).any(|gateway| !user.is_known_at(gateway))
        };
        self.users.iter().filter(is_lost).count()
    }
}

struct User {
    name: String,
    /// `NAME=VALUE`.
    cookie: String,
    /// The last value that was acknowledged.
    count: u64,
    requests: u64,
    chance: u64,
    ports: [u16; 3],
    connections: [Option<TcpStream>; 3],
}

struct Answer {
    status: u16,
    cookie: Option<String>,
    body: String,
}

impl User {
    fn new(number: usize, ports: [u16; 3]) -> User {
        let chance = 0x9E37_79B9_7F4A_7C15 ^ (number as u64 + 1).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        User {
            name: format!("user-{number}"),
            cookie: "none=".to_owned(),
            count: 0,
            requests: 0,
            chance,
            ports,
            connections: [None, None, None],
        }
    }

    fn log_in(&mut self) -> Result<()> {
        let gateway = self.any();
        let answer = self.ask(gateway, &format!("/login?name={}", self.name))?;
        ensure!(answer.status == 200, "the answer is {}", answer.status);
        self.cookie = answer.cookie.context("no cookie was set")?;
        for gateway in 0..self.ports.len() {
            let answer = self.ask(gateway, "/")?;
            ensure!(
                answer.body.starts_with(&format!("{} ", self.name)),
                "gateway {gateway} says {}",
                answer.body
            );
        }
        Ok(())
    }

    fn visit(&mut self, end: Instant) -> Tally {
        let mut tally = Tally::default();
        while Instant::now() < end {
            self.requests += 1;
            let value = self.count + 1;
            let is_write = self.requests.is_multiple_of(WRITE_EVERY);
            let target = if is_write { format!("/set?value={value}") } else { "/".to_owned() };
            let answer = self.ask_somebody(&target, &mut tally);
            let Some(answer) = answer else { continue };
            self.judge(&answer, is_write.then_some(value), &mut tally);
            std::thread::sleep(PAUSE);
        }
        tally
    }

    fn judge(&mut self, answer: &Answer, written: Option<u64>, tally: &mut Tally) {
        let now = Instant::now();
        match answer.status {
            200 => {}
            503 => {
                tally.unavailable += 1;
                tally.outage = Some((tally.outage.map_or(now, |(first, _)| first), now));
                return;
            }
            status => {
                *tally.other_errors.entry(status.to_string()).or_default() += 1;
                return;
            }
        }
        let (name, value) = answer.body.split_once(' ').unwrap_or_default();
        if name != self.name {
            *(if name.is_empty() { &mut tally.nameless } else { &mut tally.strangers }) += 1;
            return;
        }
        tally.answered += 1;
        if let Some(written) = written {
            self.count = written;
            tally.written += 1;
        } else if value.parse().unwrap_or(0) < self.count {
            self.count = value.parse().unwrap_or(0);
            tally.older += 1;
        }
    }

    /// Asks a gateway at random, and another one when that is not there.
    fn ask_somebody(&mut self, target: &str, tally: &mut Tally) -> Option<Answer> {
        let first = self.any();
        for offset in 0..self.ports.len() {
            match self.ask((first + offset) % self.ports.len(), target) {
                Ok(answer) => return Some(answer),
                Err(_) => tally.elsewhere += 1,
            }
        }
        *tally.other_errors.entry("no gateway".to_owned()).or_default() += 1;
        None
    }

    fn is_known_at(&mut self, gateway: usize) -> bool {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            match self.ask(gateway, "/") {
                Ok(answer) if answer.status == 200 => {
                    return answer.body.starts_with(&format!("{} ", self.name));
                }
                _ => std::thread::sleep(Duration::from_millis(200)),
            }
        }
        false
    }

    /// One request on the connection that is kept, or on a new one.
    fn ask(&mut self, gateway: usize, target: &str) -> Result<Answer> {
        let kept = self.connections[gateway].take();
        let mut stream = match kept {
            Some(stream) => stream,
            None => TcpStream::connect(("127.0.0.1", self.ports[gateway]))?,
        };
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(SILENCE_MAX))?;
        let cookie = &self.cookie;
        let request = format!("GET {target} HTTP/1.1\r\nHost: app.example\r\nCookie: {cookie}\r\n\r\n");
        stream.write_all(request.as_bytes())?;
        let answer = read_answer(&mut stream)?;
        self.connections[gateway] = Some(stream);
        Ok(answer)
    }

    /// A gateway by xorshift: nothing depends on how good it is.
    fn any(&mut self) -> usize {
        self.chance ^= self.chance << 13;
        self.chance ^= self.chance >> 7;
        self.chance ^= self.chance << 17;
        usize::try_from(self.chance % self.ports.len() as u64).unwrap_or(0)
    }
}

/// Reads an answer that says how long it is.
fn read_answer(stream: &mut TcpStream) -> Result<Answer> {
    let mut bytes = Vec::new();
    let mut block = [0; 4096];
    loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..at]).into_owned();
            let field = |name: &str| {
                let fields = head.lines().skip(1).filter_map(|line| line.split_once(':'));
                fields
                    .filter(|(known, _)| known.eq_ignore_ascii_case(name))
                    .map(|(_, value)| value.trim())
                    .next()
            };
            let length: usize = field("content-length").context("no length")?.parse()?;
            if bytes.len() >= at + 4 + length {
                let body = String::from_utf8_lossy(&bytes[at + 4..at + 4 + length]).into_owned();
                let status = head.split(' ').nth(1).context("no status")?.parse()?;
                let cookie = field("set-cookie").and_then(|value| value.split(';').next()).map(str::to_owned);
                return Ok(Answer { status, cookie, body });
            }
        }
        let length = stream.read(&mut block)?;
        if length == 0 || bytes.len() > ANSWER_BYTES_MAX {
            bail!("the connection ended early");
        }
        bytes.extend_from_slice(&block[..length]);
    }
}
