//! Keeps the routes in step with the files of a folder.
//!
//! A change is a change of content: a restored older file counts, a touched one does not. A scan works out
//! the whole new table and publishes it in one step, so a renamed file is never missing in between.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use heap::{Environment, Generation, Starting};
use sha2::{Digest, Sha256};
use source::Diagnostic;

use super::route::{Broken, Loaded, Route};
use super::{Publisher, Table};

/// A route file larger than this is refused unread.
const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;

pub(super) struct Scanner {
    directory: PathBuf,
    environment: Arc<Environment>,
    parent: Weak<Generation>,
    router: Publisher,
    files: BTreeMap<PathBuf, Known>,
    /// The names and ids of all routes among them, and of some that are gone: most new routes have others.
    names: HashSet<String>,
    good: Arc<GoodTexts>,
}

/// The text of the last version of each file that loaded. Shared by the routers of one folder over reloads of
/// the configuration around them, so that a file which is broken at such a moment keeps serving, too.
#[derive(Default)]
pub(super) struct GoodTexts(Mutex<HashMap<PathBuf, Vec<u8>>>);

impl GoodTexts {
    fn of(&self, file: &Path) -> Option<Vec<u8>> {
        self.lock().get(file).cloned()
    }

    fn keep(&self, file: &Path, text: &[u8]) {
        self.lock().insert(file.to_owned(), text.to_owned());
    }

    /// Forgets files that are gone. `files` are in order.
    fn retain(&self, files: &[PathBuf]) {
        self.lock().retain(|file, _| files.binary_search(file).is_ok());
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<PathBuf, Vec<u8>>> {
        // Nothing under the lock panics.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why a folder was not scanned; the table stays as it is.
pub(super) enum ScanError {
    /// The folder cannot be read.
    Folder(io::Error),
    /// The folder is being scanned already, and this scan is part of that one.
    Loop(Diagnostic),
}

/// What the last scan made of a file.
struct Known {
    hash: [u8; 32],
    /// Another route has its name or id. It is tried again when anything has changed.
    is_name_taken: bool,
    /// It could not be built, which may change although the file does not. It is tried again with every scan.
    may_mend: bool,
    /// The last good version, or a stand-in for a file that never had one.
    route: Option<Arc<Route>>,
}

impl Scanner {
    pub(super) fn new(
        directory: PathBuf,
        good: Arc<GoodTexts>,
        starting: &Starting<'_>,
        router: Publisher,
    ) -> Self {
        Self {
            directory,
            environment: starting.environment.clone(),
            parent: Arc::downgrade(starting.generation),
            router,
            files: BTreeMap::new(),
            names: HashSet::new(),
            good,
        }
    }

    /// Reads what has changed and publishes the new table, if there is one.
    ///
    /// # Errors
    /// When the folder itself cannot be read, or holds itself; the table then stays as it is.
    pub(super) fn scan(&mut self) -> Result<Vec<Diagnostic>, ScanError> {
        let (Some(router), Some(parent)) = (self.router.upgrade(), self.parent.upgrade()) else {
            return Ok(Vec::new());
        };
        let files = self.list().map_err(ScanError::Folder)?;
        let _open = Open::enter(&self.directory).map_err(ScanError::Loop)?;
        let mut complaints = Vec::new();
        let refused = self.known(|known| known.is_name_taken);
        let unbuilt = self.known(|known| known.may_mend);
        let missing = self.forget_missing(&files);
        let mut changed = !missing.is_empty();
        self.good.retain(&files);
        for file in files {
            changed |= self.read(&file, &parent, &missing, &mut complaints);
        }
        for file in unbuilt {
            changed |= self.mend(&file, &parent);
        }
        if changed {
            self.retry(&refused, &parent, &mut complaints);
            let table = self.table();
            router.publish(table);
        }
        Ok(complaints)
    }

    /// The files of which something holds.
    fn known(&self, holds: impl Fn(&Known) -> bool) -> Vec<PathBuf> {
        self.files.iter().filter(|(_, known)| holds(known)).map(|(file, _)| file.clone()).collect()
    }

    /// Loads a file again that could not be built. Failing once more changes nothing, and has been said. True
    /// when the table has to be made anew.
    fn mend(&mut self, file: &Path, parent: &Arc<Generation>) -> bool {
        let Some(hash) = self.files.get(file).filter(|known| known.may_mend).map(|known| known.hash) else {
            return false;
        };
        let Some(version) = Version::of(file).filter(|version| version.hash == hash) else { return false };
        let Ok(Loaded { route, .. }) = self.load(file, &version.text, parent) else { return false };
        self.keep(file, &version, route, "Loaded a route: what it needs has been mended.");
        true
    }

    /// Loads files that were refused for their names: those names may be free by now.
    fn retry(&mut self, refused: &[PathBuf], parent: &Arc<Generation>, complaints: &mut Vec<Diagnostic>) {
        for file in refused {
            if self.files.get(file).is_some_and(|known| known.is_name_taken) {
                self.files.remove(file);
                self.read(file, parent, &[], complaints);
            }
        }
    }

    /// The files of the folder. A rename while the folder is being listed can hide a file under both of its
    /// names, so a file that seems to be gone is looked for again.
    fn list(&self) -> io::Result<Vec<PathBuf>> {
        let files = route_files(&self.directory)?;
        let is_complete = self.files.keys().all(|known| files.binary_search(known).is_ok());
        if is_complete { Ok(files) } else { route_files(&self.directory) }
    }

    /// Forgets files that are gone. What they held is kept for this scan, in case one was only renamed.
    fn forget_missing(&mut self, files: &[PathBuf]) -> Vec<Known> {
        let is_missing = |file: &&PathBuf| files.binary_search(file).is_err();
        let missing: Vec<PathBuf> = self.files.keys().filter(is_missing).cloned().collect();
        let missing: Vec<Known> = missing.iter().filter_map(|file| self.files.remove(file)).collect();
        for route in missing.iter().filter_map(|known| known.route.as_ref()) {
            tracing::info!(target: "Router", id = route.identity.id, name = route.identity.name, "Unloaded a route.");
        }
        missing
    }

    /// Loads a file that is new or has changed. True when the table has to be made anew.
    fn read(
        &mut self,
        file: &Path,
        parent: &Arc<Generation>,
        missing: &[Known],
        complaints: &mut Vec<Diagnostic>,
    ) -> bool {
        // A file that vanishes between listing and reading is gone with the next scan.
        let Some(version) = Version::of(file) else { return false };
        let hash = version.hash;
        if self.files.get(file).is_some_and(|known| known.hash == hash) {
            return false;
        }
        let before = self.files.get(file).or_else(|| missing.iter().find(|known| known.hash == hash));
        let last_good = before.and_then(|known| known.route.clone()).filter(|route| route.is_serving());
        let mut diagnostics = match self.load(file, &version.text, parent) {
            Ok(Loaded { route, diagnostics }) => {
                self.keep(file, &version, route, "Loaded a route.");
                diagnostics
            }
            Err(Broken { closed, may_mend, is_name_taken, diagnostics }) => {
                let last_good = last_good.or_else(|| self.load_last_good(file, parent));
                let state = match (&last_good, &closed) {
                    (Some(_), _) => "the last good version keeps serving",
                    (None, Some(_)) => "it answers 503 until the file is mended",
                    (None, None) => "it takes no requests until the file is mended",
                };
                let shown = shown_path(&self.environment, file);
                tracing::error!(target: "Router", file = shown, "A route could not be loaded; {state}.");
                let route = last_good.or(closed);
                self.insert(file, Known { hash, is_name_taken, may_mend, route });
                diagnostics
            }
        };
        complaints.append(&mut diagnostics);
        true
    }

    /// The last good version of a file that was broken before this router came to be.
    fn load_last_good(&self, file: &Path, parent: &Arc<Generation>) -> Option<Arc<Route>> {
        let text = self.good.of(file)?;
        self.load(file, &text, parent).ok().map(|loaded| Arc::new(loaded.route))
    }

    /// Loads a version of a file, under a name that no other route has.
    fn load(&self, file: &Path, text: &[u8], parent: &Arc<Generation>) -> Result<Loaded, Broken> {
        let shown = shown_path(&self.environment, file);
        let loaded = Route::load(&self.environment, parent, &file_id(file), &shown, text)?;
        self.refuse_taken_name(file, loaded)
    }

    /// Takes in a route that has loaded.
    fn keep(&mut self, file: &Path, version: &Version, route: Route, message: &str) {
        let shown = shown_path(&self.environment, file);
        tracing::info!(target: "Router", id = route.identity.id, name = route.identity.name, file = shown, "{message}");
        self.good.keep(file, &version.text);
        let (hash, route) = (version.hash, Some(Arc::new(route)));
        self.insert(file, Known { hash, is_name_taken: false, may_mend: false, route });
    }

    fn insert(&mut self, file: &Path, known: Known) {
        if let Some(route) = &known.route {
            route.identity.note(&mut self.names);
        }
        self.files.insert(file.to_owned(), known);
    }

    /// Of two routes with one name or id the one loaded first stays; `default` belongs to the router.
    fn refuse_taken_name(&self, file: &Path, loaded: Loaded) -> Result<Loaded, Broken> {
        if !loaded.route.identity.may_be_taken(&self.names) {
            return Ok(loaded);
        }
        let Loaded { route, mut diagnostics } = loaded;
        let others = self
            .files
            .iter()
            .filter(|(other, _)| *other != file)
            .filter_map(|(_, known)| known.route.as_ref());
        let others = others.map(|other| &other.identity);
        let Some(complaint) = route.identity.complaint(others, &shown_path(&self.environment, file)) else {
            return Ok(Loaded { route, diagnostics });
        };
        diagnostics.push(complaint);
        Err(Broken { closed: None, may_mend: false, is_name_taken: true, diagnostics })
    }

    /// Routes in the order in which they are asked.
    fn table(&mut self) -> Table {
        let mut routes: Vec<Arc<Route>> =
            self.files.values().filter_map(|known| known.route.clone()).collect();
        routes.sort_by(|left, right| left.identity.order(&right.identity));
        self.names.clear();
        routes.iter().for_each(|route| route.identity.note(&mut self.names));
        Table::new(routes)
    }
}

thread_local! {
    /// The folders whose scans run on this thread, outermost first: a route's own router scans its folder
    /// while the route is being loaded.
    static OPEN: RefCell<Vec<PathBuf>> = const { RefCell::new(Vec::new()) };
}

/// A scan of a folder; ends when dropped.
struct Open;

impl Open {
    fn enter(directory: &Path) -> Result<Self, Diagnostic> {
        let directory = unique(directory);
        OPEN.with_borrow_mut(|open| {
            if open.contains(&directory) {
                return Err(super::registry::route_loop(&directory));
            }
            open.push(directory);
            Ok(Self)
        })
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        OPEN.with_borrow_mut(Vec::pop);
    }
}

/// The one path of a folder, whatever links lead to it.
pub(super) fn unique(directory: &Path) -> PathBuf {
    directory.canonicalize().unwrap_or_else(|_| directory.to_owned())
}

/// The `.json` files of a folder, in order; only the lower-case ending counts.
pub(super) fn route_files(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "json") && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// What a route is known by that does not say so itself.
pub(super) fn file_id(file: &Path) -> String {
    file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}

/// The path below the instance directory, which is how people know it.
pub(super) fn shown_path(environment: &Environment, file: &Path) -> String {
    file.strip_prefix(&environment.paths.instance).unwrap_or(file).display().to_string()
}

/// What a file holds at a moment.
struct Version {
    text: Vec<u8>,
    hash: [u8; 32],
}

impl Version {
    /// `None` for a file that cannot be read.
    fn of(file: &Path) -> Option<Self> {
        let mut text = Vec::new();
        std::fs::File::open(file).ok()?.take(FILE_BYTES_MAX).read_to_end(&mut text).ok()?;
        let hash = Sha256::digest(&text).into();
        Some(Self { text, hash })
    }
}
