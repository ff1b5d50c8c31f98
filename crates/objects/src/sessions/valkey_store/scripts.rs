//! What servers do in one step, as scripts (Lua).
//!
//! A record is a hash. It has one field more, without a name, so that it is there without fields, too; what stands in it
//! tells who made the record, so that whoever sends a command again, not knowing whether it was done, is not taken for
//! somebody else. Sets are sets. Every script has one key, so that a cluster can run it.

use std::sync::LazyLock;
use std::time::Duration;

use redis::Cmd;

use super::super::shared_store::{Change, Onto, RECORD_BYTES_MAX, RECORD_FIELDS_MAX, SET_NAMES_MAX};

/// The first word of the errors of scripts.
pub(super) const REFUSED: &str = "REFUSED";

/// `ARGV`: the time to live in milliseconds or `0` for no touch, fields and bytes at most. Yields the fields, or nil.
const READ: &str = r"
if redis.call('HEXISTS', KEYS[1], '') == 0 then return false end
if redis.call('HLEN', KEYS[1]) > tonumber(ARGV[2]) + 1 then
    return redis.error_reply('REFUSED the record has too many fields')
end
local fields = redis.call('HGETALL', KEYS[1])
local bytes = 0
for at = 1, #fields do bytes = bytes + #fields[at] end
if bytes > tonumber(ARGV[3]) then return redis.error_reply('REFUSED the record is too large') end
if ARGV[1] ~= '0' then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return fields
";

/// `ARGV`: `NEW` or `OLD`, the time to live in milliseconds, who writes, fields and bytes at most, the number of fields
/// to set, those fields, and names of fields to remove. Yields 1, or 0 when the record is there or not against the first
/// word. What a record has in all is bounded here, since requests that run at the same time each add to it.
const WRITE: &str = r"
local maker = redis.call('HGET', KEYS[1], '')
if ARGV[1] == 'NEW' and maker and maker ~= ARGV[3] then return 0 end
if ARGV[1] == 'OLD' and not maker then return 0 end
local set = tonumber(ARGV[6])
local sizes = {}
local fields = redis.call('HGETALL', KEYS[1])
for at = 1, #fields, 2 do sizes[fields[at]] = #fields[at] + #fields[at + 1] end
sizes[''] = nil
for at = 7 + 2 * set, #ARGV do sizes[ARGV[at]] = nil end
for at = 7, 5 + 2 * set, 2 do sizes[ARGV[at]] = #ARGV[at] + #ARGV[at + 1] end
local count, bytes = 0, 0
for _, size in pairs(sizes) do
    count = count + 1
    bytes = bytes + size
end
if count > tonumber(ARGV[4]) or bytes > tonumber(ARGV[5]) then
    return redis.error_reply('REFUSED the record would be too large')
end
if not maker then redis.call('HSET', KEYS[1], '', ARGV[3]) end
for at = 7 + 2 * set, #ARGV do redis.call('HDEL', KEYS[1], ARGV[at]) end
for at = 7, 5 + 2 * set, 2 do redis.call('HSET', KEYS[1], ARGV[at], ARGV[at + 1]) end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
";

/// `ARGV`: the name, the time to live in milliseconds, names at most.
const ADD_TO_SET: &str = r"
if redis.call('SCARD', KEYS[1]) >= tonumber(ARGV[3]) and redis.call('SISMEMBER', KEYS[1], ARGV[1]) == 0 then
    return redis.error_reply('REFUSED the set is full')
end
redis.call('SADD', KEYS[1], ARGV[1])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 1
";

/// A script with the digest that servers know it by.
pub(super) struct Lua {
    text: &'static str,
    digest: String,
}

/// The scripts.
struct Scripts {
    read: Lua,
    write: Lua,
    add_to_set: Lua,
}

static SCRIPTS: LazyLock<Scripts> = LazyLock::new(|| {
    let lua = |text| Lua { text, digest: redis::Script::new(text).get_hash().to_owned() };
    Scripts { read: lua(READ), write: lua(WRITE), add_to_set: lua(ADD_TO_SET) }
});

/// A command for one key.
pub(super) struct Call {
    what: What,
    arguments: Vec<Vec<u8>>,
}

enum What {
    Command(&'static str),
    Script(&'static Lua),
}

impl Call {
    /// A plain command; its key comes first.
    pub(super) fn command(name: &'static str, arguments: &[&[u8]]) -> Self {
        Self { what: What::Command(name), arguments: arguments.iter().map(|piece| piece.to_vec()).collect() }
    }

    /// Yields the fields of a record, or nil.
    pub(super) fn read(key: &str, touch: Option<Duration>) -> Self {
        let touch = touch.map_or_else(|| "0".to_owned(), milliseconds);
        let limits = [RECORD_FIELDS_MAX, RECORD_BYTES_MAX * 2].map(|limit| limit.to_string());
        let [fields_max, bytes_max] = limits;
        let words = [key.to_owned(), touch, fields_max, bytes_max];
        Self { what: What::Script(&SCRIPTS.read), arguments: words.map(String::into_bytes).into() }
    }

    /// Yields whether the change was made. `maker` is different for each call, and the same when it is sent again.
    pub(super) fn write(key: &str, change: Change, maker: &[u8]) -> Self {
        let onto = if change.onto == Onto::New { "NEW" } else { "OLD" };
        let numbers = [RECORD_FIELDS_MAX, RECORD_BYTES_MAX, change.set.len()];
        let [fields_max, bytes_max, set] = numbers.map(|number| number.to_string().into_bytes());
        let mut arguments = vec![key.into(), onto.into(), milliseconds(change.time_to_live).into_bytes()];
        arguments.extend([maker.to_vec(), fields_max, bytes_max, set]);
        arguments.extend(change.set.into_iter().flat_map(|(name, value)| [name, value]));
        arguments.extend(change.remove);
        Self { what: What::Script(&SCRIPTS.write), arguments }
    }

    /// Yields nothing of interest.
    pub(super) fn add_to_set(key: &str, name: &str, time_to_live: Duration) -> Self {
        let words = [key.to_owned(), name.to_owned(), milliseconds(time_to_live), SET_NAMES_MAX.to_string()];
        Self { what: What::Script(&SCRIPTS.add_to_set), arguments: words.map(String::into_bytes).into() }
    }

    /// What is sent: a script by its digest.
    pub(super) fn short(&self) -> Cmd {
        match self.what {
            What::Command(name) => self.with(redis::cmd(name)),
            What::Script(script) => self.with_script("EVALSHA", &script.digest),
        }
    }

    /// What is sent to a server that does not know the script.
    pub(super) fn full(&self) -> Cmd {
        match self.what {
            What::Command(name) => self.with(redis::cmd(name)),
            What::Script(script) => self.with_script("EVAL", script.text),
        }
    }

    fn with_script(&self, name: &str, script: &str) -> Cmd {
        let mut command = redis::cmd(name);
        command.arg(script).arg(1);
        self.with(command)
    }

    fn with(&self, mut command: Cmd) -> Cmd {
        for argument in &self.arguments {
            command.arg(argument.as_slice());
        }
        command
    }
}

/// At least one: zero would remove the key before anybody sees it, and mean something else to `READ`.
fn milliseconds(time: Duration) -> String {
    time.as_millis().clamp(1, TIME_TO_LIVE_MAX_MS).to_string()
}

/// A hundred years. Servers refuse times whose end they cannot write down.
const TIME_TO_LIVE_MAX_MS: u128 = 100 * 365 * 24 * 3600 * 1000;
