//! [`Resolver`]: from host names to addresses: our own hosts first, then the system's resolver.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long an answer of the system is used. Short, so that a moved origin is found soon.
const CACHED_FOR: Duration = Duration::from_secs(10);

/// Names remembered at most; the cache is emptied when it is full.
const CACHED_NAMES_MAX: usize = 1024;

/// Finds addresses.
#[derive(Debug, Default)]
pub struct Resolver {
    hosts: HashMap<String, Vec<IpAddr>>,
    cache: Mutex<HashMap<String, (Instant, Vec<IpAddr>)>>,
}

/// Why a hosts file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ResolverError {
    /// The file cannot be read.
    #[error("cannot read the hosts file {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A line is not `address name…`.
    #[error("line {line} of the hosts is not an address followed by names: `{text}`")]
    Line {
        /// The line, from 1.
        line: usize,
        /// What stands there.
        text: String,
    },
}

impl Resolver {
    /// A resolver that knows the hosts of `hosts_value` (a hosts file as text) and of the file `hosts_path`
    /// before it asks the system (`addressResolverOptions.hostsValue`, `.hostsPath`). The value comes first.
    pub fn new(hosts_value: Option<&str>, hosts_path: Option<&Path>) -> Result<Self, ResolverError> {
        let mut resolver = Self::default();
        if let Some(text) = hosts_value {
            resolver.add_hosts(text)?;
        }
        if let Some(path) = hosts_path {
            let text = std::fs::read_to_string(path)
                .map_err(|source| ResolverError::File { path: path.to_owned(), source })?;
            resolver.add_hosts(&text)?;
        }
        Ok(resolver)
    }

    fn add_hosts(&mut self, text: &str) -> Result<(), ResolverError> {
        for (index, line) in text.lines().enumerate() {
            let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
            let Some(address) = words.next() else { continue };
            let malformed = || ResolverError::Line { line: index + 1, text: line.to_owned() };
            let address: IpAddr = address.parse().map_err(|_| malformed())?;
            let mut names = words.peekable();
            if names.peek().is_none() {
                return Err(malformed());
            }
            for name in names {
                let addresses = self.hosts.entry(name.to_ascii_lowercase()).or_default();
                if !addresses.contains(&address) {
                    addresses.push(address);
                }
            }
        }
        Ok(())
    }

    /// The addresses of a host, best first; never empty.
    pub(crate) async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
        if let Ok(address) = bare.parse() {
            return Ok(vec![address]);
        }
        let name = bare.to_ascii_lowercase();
        if let Some(addresses) = self.hosts.get(&name).cloned().or_else(|| self.cached(&name)) {
            return Ok(addresses);
        }
        let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
        let mut addresses: Vec<IpAddr> = Vec::new();
        for address in found.map(|address| address.ip()) {
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
        if addresses.is_empty() {
            return Err(io::Error::new(io::ErrorKind::NotFound, "the name has no address"));
        }
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if cache.len() >= CACHED_NAMES_MAX {
            cache.clear();
        }
        cache.insert(name, (Instant::now(), addresses.clone()));
        Ok(addresses)
    }

    fn cached(&self, name: &str) -> Option<Vec<IpAddr>> {
        let cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, addresses) = cache.get(name)?;
        (since.elapsed() < CACHED_FOR).then(|| addresses.clone())
    }
}
