//! [`SlotMap`]: which node of a cluster has which keys.

use redis::Value;

use super::address::Address;

/// Keys are spread over so many slots.
const SLOTS: u16 = 16384;

/// A reply with more ranges is none of a cluster that works.
const RANGES_MAX: usize = SLOTS as usize;

/// Which master has which slots.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct SlotMap {
    /// First and last slot, and who has them; ordered.
    ranges: Vec<(u16, u16, Address)>,
}

impl SlotMap {
    /// Reads the answer to `CLUSTER SLOTS`. A node that does not say its own host is on that of `asked`.
    pub(super) fn read(answer: &Value, asked: &Address) -> Option<Self> {
        let Value::Array(entries) = answer else { return None };
        if entries.len() > RANGES_MAX {
            return None;
        }
        let mut ranges = entries.iter().map(|entry| range(entry, asked)).collect::<Option<Vec<_>>>()?;
        ranges.sort();
        Some(Self { ranges })
    }

    /// The master of a slot; `None` when no node has it.
    pub(super) fn master(&self, slot: u16) -> Option<&Address> {
        let at = self.ranges.partition_point(|(_, last, _)| *last < slot);
        self.ranges.get(at).filter(|(first, _, _)| *first <= slot).map(|(_, _, address)| address)
    }

    /// All masters, each once, in an order of their own.
    pub(super) fn masters(&self) -> Vec<&Address> {
        let mut masters: Vec<&Address> = self.ranges.iter().map(|(_, _, address)| address).collect();
        masters.sort();
        masters.dedup();
        masters
    }

    /// Whether nothing is known.
    pub(super) fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }
}

/// First slot, last slot, then the nodes, the master first: each a host, a port, and more.
fn range(entry: &Value, asked: &Address) -> Option<(u16, u16, Address)> {
    let Value::Array(parts) = entry else { return None };
    let [Value::Int(first), Value::Int(last), Value::Array(master), ..] = parts.as_slice() else {
        return None;
    };
    let [host, Value::Int(port), ..] = master.as_slice() else { return None };
    let host = match host {
        Value::BulkString(host) => std::str::from_utf8(host).ok()?,
        Value::SimpleString(host) => host,
        Value::Nil => "",
        _ => return None,
    };
    // What a node says that does not know its host, or must not tell it.
    let host = if matches!(host, "" | "?") { &asked.host } else { host };
    let address = Address { host: host.to_owned(), port: u16::try_from(*port).ok()? };
    Some((u16::try_from(*first).ok()?, u16::try_from(*last).ok()?, address))
}

/// The slot of a key, by the rule of the cluster specification: of what stands between the first braces, if there is
/// something, else of the whole.
pub(super) fn slot(key: &[u8]) -> u16 {
    let position = |bytes: &[u8], sought: u8| bytes.iter().position(|byte| *byte == sought);
    let tag = position(key, b'{').and_then(|open| {
        let behind = &key[open + 1..];
        position(behind, b'}').filter(|length| *length > 0).map(|length| &behind[..length])
    });
    crc16(tag.unwrap_or(key)) % SLOTS
}

/// CRC-16 of XMODEM: the polynomial 0x1021, nothing reflected, from zero.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| {
            if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slot_of_a_key_is_that_of_the_specification() {
        assert_eq!(crc16(b"123456789"), 0x31c3);
        assert_eq!(slot(b"foo"), 12182);
        assert_eq!(slot(b"{user1000}.following"), slot(b"user1000"));
        assert_eq!(slot(b"foo{}{bar}"), crc16(b"foo{}{bar}") % SLOTS);
        assert_eq!(slot(b"foo{{bar}}zap"), slot(b"{bar"));
        assert_eq!(slot(b"foo{bar}{zap}"), slot(b"bar"));
    }

    #[test]
    fn a_slot_that_nobody_has_is_nobodys() {
        let address = |port| Address { host: "h".to_owned(), port };
        let map = SlotMap { ranges: vec![(0, 99, address(1)), (200, 16383, address(2))] };
        let master = |slot| map.master(slot).map(|address| address.port);
        assert_eq!(
            [0, 99, 100, 199, 200, 16383].map(master),
            [Some(1), Some(1), None, None, Some(2), Some(2)]
        );
        assert_eq!(SlotMap::default().master(0), None);
    }
}
