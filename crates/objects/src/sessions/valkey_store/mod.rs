//! `ValkeyStore`: what several gateways share, in Valkey or Redis.

mod address;
mod client;
mod config;
mod failure;
mod node;
mod scripts;
mod slots;
#[cfg(test)]
mod tests;
mod topology;

use std::sync::Arc;
use std::time::Duration;

use exchange::BoxFuture;
use redis::Value;

pub use config::ValkeyStore;

use super::shared_store::{
    Change, Field, KEYS_PAGE_MAX, Keys, Outage, Removed, SharedStore, StoreError, check_name,
};
use client::Client;
use scripts::Call;

/// The store as others hold it.
struct Store {
    client: Arc<Client>,
    /// Stands before every name.
    prefix: String,
}

impl Store {
    fn key(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    async fn call(&self, key: &str, call: &Call) -> Result<Value, StoreError> {
        self.client.call(key.as_bytes(), call).await
    }

    async fn number(&self, key: &str, call: &Call) -> Result<i64, StoreError> {
        match self.call(key, call).await? {
            Value::Int(number) => Ok(number),
            _ => Err(unexpected()),
        }
    }
}

impl SharedStore for Store {
    fn outage(&self) -> &Outage {
        &self.client.outage
    }

    fn read<'a>(
        &'a self,
        key: &'a str,
        touch: Option<Duration>,
    ) -> BoxFuture<'a, Result<Option<Vec<Field>>, StoreError>> {
        Box::pin(async move {
            let key = self.key(key);
            fields(self.call(&key, &Call::read(&key, touch)).await?)
        })
    }

    fn write<'a>(&'a self, key: &'a str, change: Change) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            check_name(key)?;
            change.check()?;
            let key = self.key(key);
            let maker = uuid::Uuid::new_v4();
            Ok(self.number(&key, &Call::write(&key, change, maker.as_bytes())).await? == 1)
        })
    }

    fn remove<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Removed, StoreError>> {
        Box::pin(async move {
            let key = self.key(key);
            let call = Call::command("DEL", &[key.as_bytes()]);
            match self.client.call_telling(key.as_bytes(), &call).await? {
                (Value::Int(0), true) => Ok(Removed::Unknown),
                (Value::Int(number), _) => Ok(Removed::from(number > 0)),
                _ => Err(unexpected()),
            }
        })
    }

    fn times_to_live<'a>(
        &'a self,
        keys: &'a [String],
    ) -> BoxFuture<'a, Result<Vec<Option<Duration>>, StoreError>> {
        Box::pin(async move {
            let keys: Vec<Vec<u8>> = keys.iter().map(|key| self.key(key).into_bytes()).collect();
            let time = |answer| match answer {
                Value::Int(milliseconds) => Ok(u64::try_from(milliseconds).ok().map(Duration::from_millis)),
                _ => Err(unexpected()),
            };
            self.client.call_each("PTTL", &keys).await?.into_iter().map(time).collect()
        })
    }

    fn add_to_set<'a>(
        &'a self,
        key: &'a str,
        name: &'a str,
        time_to_live: Duration,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            check_name(key)?;
            check_name(name)?;
            let key = self.key(key);
            self.number(&key, &Call::add_to_set(&key, name, time_to_live)).await.map(drop)
        })
    }

    fn remove_from_set<'a>(&'a self, key: &'a str, name: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let key = self.key(key);
            self.number(&key, &Call::command("SREM", &[key.as_bytes(), name.as_bytes()])).await.map(drop)
        })
    }

    fn set<'a>(&'a self, key: &'a str, limit: usize) -> BoxFuture<'a, Result<Vec<String>, StoreError>> {
        Box::pin(async move {
            let key = self.key(key);
            let limit = limit.to_string();
            let call = Call::command("SRANDMEMBER", &[key.as_bytes(), limit.as_bytes()]);
            let Value::Array(names) = self.call(&key, &call).await? else { return Err(unexpected()) };
            names.into_iter().map(|name| String::from_utf8(bytes(name)?).map_err(|_| unexpected())).collect()
        })
    }

    fn keys<'a>(
        &'a self,
        prefix: &'a str,
        cursor: Option<&'a str>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Keys, StoreError>> {
        Box::pin(async move {
            let pattern = pattern(&self.key(prefix));
            let page = self.client.scan(&pattern, cursor, limit.clamp(1, KEYS_PAGE_MAX)).await?;
            let own = |key: &String| key.strip_prefix(&self.prefix).map(str::to_owned);
            Ok(Keys { keys: page.keys.iter().filter_map(own).collect(), cursor: page.cursor })
        })
    }
}

/// The pattern for everything that begins with a prefix, of which no sign means anything but itself.
fn pattern(prefix: &str) -> Vec<u8> {
    let mut pattern = Vec::with_capacity(prefix.len() + 1);
    for byte in prefix.bytes() {
        if matches!(byte, b'*' | b'?' | b'[' | b']' | b'\\' | b'^') {
            pattern.push(b'\\');
        }
        pattern.push(byte);
    }
    pattern.push(b'*');
    pattern
}

/// The fields of a record, without the one that has no name.
fn fields(answer: Value) -> Result<Option<Vec<Field>>, StoreError> {
    let pieces = match answer {
        Value::Nil => return Ok(None),
        Value::Array(pieces) if pieces.len() % 2 == 0 => pieces,
        _ => return Err(unexpected()),
    };
    let mut fields = Vec::with_capacity(pieces.len() / 2);
    let mut pieces = pieces.into_iter();
    while let (Some(name), Some(value)) = (pieces.next(), pieces.next()) {
        let (name, value) = (bytes(name)?, bytes(value)?);
        if !name.is_empty() {
            fields.push((name, value));
        }
    }
    Ok(Some(fields))
}

fn bytes(value: Value) -> Result<Vec<u8>, StoreError> {
    match value {
        Value::BulkString(bytes) => Ok(bytes),
        _ => Err(unexpected()),
    }
}

fn unexpected() -> StoreError {
    StoreError::Unavailable("the server gave an answer of a form that was not expected".to_owned())
}
