//! [`Client`]: sends a command to the server that is to be asked, and once more where that is worth it.

use std::sync::Arc;
use std::time::Duration;

use redis::{Pipeline, Value};
use tokio::time::{sleep, timeout};

use super::super::shared_store::{Keys, Outage, StoreError};
use super::failure::{Failure, Kind};
use super::node::{Access, Node};
use super::scripts::Call;
use super::topology::Topology;

/// Nodes of a cluster send a command on at most this often while keys move.
const REDIRECTS_MAX: usize = 4;

/// A server that is busy is asked again after this time.
const BUSY_PAUSE: Duration = Duration::from_millis(50);

/// Sends commands.
pub(super) struct Client {
    pub(super) access: Arc<Access>,
    pub(super) topology: Topology,
    pub(super) outage: Outage,
}

impl Client {
    /// Does a command for a key, within the time for connecting and that for an answer.
    pub(super) async fn call(&self, key: &[u8], call: &Call) -> Result<Value, StoreError> {
        self.call_telling(key, call).await.map(|(answer, _)| answer)
    }

    /// The same, and whether the command may have been done once before, by a server whose answer was lost.
    pub(super) async fn call_telling(&self, key: &[u8], call: &Call) -> Result<(Value, bool), StoreError> {
        self.limited(self.try_call(key, call)).await
    }

    /// The same for a plain command that has only its key, for many keys.
    pub(super) async fn call_each(
        &self,
        command: &'static str,
        keys: &[Vec<u8>],
    ) -> Result<Vec<Value>, StoreError> {
        self.limited(self.try_call_each(command, keys)).await
    }

    /// A page of the names that match a pattern. The cursor names the node, if there are several, and its own cursor.
    pub(super) async fn scan(
        &self,
        pattern: &[u8],
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Keys, StoreError> {
        self.limited(self.try_scan(pattern, cursor, limit)).await
    }

    /// Whether there is a server that answers.
    pub(super) async fn ping(&self) -> Result<(), StoreError> {
        let ask = async {
            for node in self.topology.masters().await? {
                node.send(&redis::cmd("PING"))
                    .await
                    .inspect_err(|failure| self.topology.note(&node, failure))?;
            }
            Ok(())
        };
        self.limited(ask).await
    }

    async fn limited<T>(&self, work: impl Future<Output = Result<T, Failure>>) -> Result<T, StoreError> {
        let limit = self.access.connect_timeout + self.access.timeout;
        match timeout(limit, work).await {
            Ok(outcome) => outcome.map_err(StoreError::from),
            Err(_) => Err(StoreError::Unavailable(format!("no answer within {limit:?}"))),
        }
    }

    async fn try_call(&self, key: &[u8], call: &Call) -> Result<(Value, bool), Failure> {
        let (mut is_first, mut is_lost, mut redirects_left) = (true, false, REDIRECTS_MAX);
        // Where a node of the cluster has sent us, and whether for this once.
        let mut sent_on: Option<(Arc<Node>, bool)> = None;
        loop {
            let outcome = match sent_on.take() {
                Some((node, is_asking)) => (send(&node, call, is_asking).await, node),
                None => match self.topology.locate(key).await {
                    Ok(node) => (send(&node, call, false).await, node),
                    Err(failure) if is_first && failure.kind == Kind::Busy => {
                        is_first = false;
                        sleep(BUSY_PAUSE).await;
                        continue;
                    }
                    Err(failure) => return Err(failure),
                },
            };
            let (failure, node) = match outcome {
                (Ok(answer), _) => return Ok((answer, is_lost)),
                (Err(failure), node) => (failure, node),
            };
            is_lost |= failure.kind == Kind::Broken;
            self.topology.note(&node, &failure);
            let target = match &failure.kind {
                Kind::Moved(address) => self.topology.named(address).map(|node| (node, false)),
                Kind::Ask(address) => self.topology.named(address).map(|node| (node, true)),
                _ => None,
            };
            if target.is_some() && redirects_left > 0 {
                redirects_left -= 1;
                sent_on = target;
            } else if is_first && failure.is_worth_another_try() {
                is_first = false;
                if failure.kind == Kind::Busy {
                    sleep(BUSY_PAUSE).await;
                }
            } else {
                return Err(failure);
            }
        }
    }

    async fn try_call_each(&self, command: &'static str, keys: &[Vec<u8>]) -> Result<Vec<Value>, Failure> {
        // Which keys each node has.
        let mut groups: Vec<(Arc<Node>, Vec<usize>)> = Vec::new();
        for (at, key) in keys.iter().enumerate() {
            let node = self.topology.locate(key).await?;
            match groups.iter_mut().find(|(known, _)| Arc::ptr_eq(known, &node)) {
                Some((_, group)) => group.push(at),
                None => groups.push((node, vec![at])),
            }
        }
        let mut answers: Vec<Option<Value>> = vec![None; keys.len()];
        for (node, group) in groups {
            let mut commands = Pipeline::new();
            for at in &group {
                commands.cmd(command).arg(keys[*at].as_slice());
            }
            // What fails here is asked for again below, one by one.
            match node.send_all(&commands, group.len()).await {
                Ok(found) => group.iter().zip(found).for_each(|(at, answer)| {
                    answers[*at] = answer.extract_error().ok();
                }),
                Err(failure) => self.topology.note(&node, &failure),
            }
        }
        let mut complete = Vec::with_capacity(keys.len());
        for (key, answer) in keys.iter().zip(answers) {
            complete.push(match answer {
                Some(answer) => answer,
                None => self.try_call(key, &Call::command(command, &[key])).await?.0,
            });
        }
        Ok(complete)
    }

    async fn try_scan(&self, pattern: &[u8], cursor: Option<&str>, limit: usize) -> Result<Keys, Failure> {
        let masters = self.topology.masters().await?;
        let bad = || Failure::new(Kind::Final, "this is no cursor of a list");
        let (named, position) = match cursor {
            None => (None, "0"),
            Some(cursor) => {
                let (node, position) = cursor.rsplit_once('/').ok_or_else(bad)?;
                (Some(node), position)
            }
        };
        let position: u64 = position.parse().map_err(|_| bad())?;
        let index = match named {
            None | Some("") => 0,
            // One that is no master any more has given its keys to others, which may have been listed already.
            Some(named) => {
                masters.iter().position(|node| node.address.to_string() == named).ok_or_else(|| {
                    Failure::new(Kind::Final, "the cluster has changed meanwhile; begin the list anew")
                })?
            }
        };
        let Some(node) = masters.get(index) else { return Ok(Keys::default()) };
        let mut command = redis::cmd("SCAN");
        command.arg(position).arg("MATCH").arg(pattern).arg("COUNT").arg(limit);
        let answer = node.send(&command).await.inspect_err(|failure| self.topology.note(node, failure))?;
        let (next, keys) = page(answer).ok_or_else(|| unexpected(node))?;
        let is_one = matches!(self.topology, Topology::Standalone(_) | Topology::Sentinel(_));
        let named = |node: &Node| if is_one { String::new() } else { node.address.to_string() };
        let cursor = match (next, masters.get(index + 1)) {
            (0, None) => None,
            (0, Some(following)) => Some(format!("{}/0", named(following))),
            (next, _) => Some(format!("{}/{next}", named(node))),
        };
        Ok(Keys { keys, cursor })
    }
}

/// Sends a command; one with a script that the server does not know, with its text.
async fn send(node: &Node, call: &Call, is_asking: bool) -> Result<Value, Failure> {
    let outcome =
        if is_asking { node.send_asking(&call.short()).await } else { node.send(&call.short()).await };
    match outcome {
        Err(failure) if failure.kind == Kind::UnknownScript => {
            if is_asking {
                node.send_asking(&call.full()).await
            } else {
                node.send(&call.full()).await
            }
        }
        outcome => outcome,
    }
}

/// The next cursor, and the names.
fn page(answer: Value) -> Option<(u64, Vec<String>)> {
    let Value::Array(parts) = answer else { return None };
    let [Value::BulkString(next), Value::Array(keys)] = parts.as_slice() else { return None };
    let next = std::str::from_utf8(next).ok()?.parse().ok()?;
    // Names that are no text are none of ours.
    let text = |key: &Value| match key {
        Value::BulkString(key) => String::from_utf8(key.clone()).ok(),
        _ => None,
    };
    Some((next, keys.iter().filter_map(text).collect()))
}

fn unexpected(node: &Node) -> Failure {
    Failure::new(Kind::Final, format!("{}: an answer of a form that was not expected", node.address))
}
