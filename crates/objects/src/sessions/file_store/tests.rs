//! The file: what is in it after a restart, and what is wrong with it.

use expect_test::{Expect, expect};

use super::*;
use crate::sessions::shared_store::Onto;
use crate::sessions::store_contract::{self, all_keys, change, shown};
use crate::testing::brief;

const LONG: Duration = Duration::from_secs(100);

/// An empty folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("file-store-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("store.redb")
    }

    fn declaration(&self) -> String {
        format!(r#"{{"name": "s", "type": "FileStore", "config": {{"file": "{}"}}}}"#, self.file().display())
    }

    /// A store, as if the process had been started anew.
    fn store(&self) -> Store {
        let file = Arc::new(File::at(self.file()));
        file.open().unwrap();
        Store { file, timeout: DEFAULT_TIMEOUT }
    }

    /// Waits until the file is closed, once its store has been dropped.
    fn wait_for_close(&self) {
        drop(database::open(&self.file(), DEFAULT_TIMEOUT).unwrap());
    }

    #[track_caller]
    fn check_refused(&self, expected: Expect) {
        let config = format!(r#"{{"heap": [{}], "handler": {{"type": "Origin"}}}}"#, self.declaration());
        let complaint = brief(&config).replace(&self.0.display().to_string(), "FOLDER");
        expected.assert_eq(&complaint);
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[tokio::test]
async fn the_contract_of_stores_is_kept() {
    let folder = Folder::new();
    store_contract::check(&folder.store()).await;
}

#[tokio::test]
async fn what_was_answered_is_in_the_file_as_a_killed_process_leaves_it() {
    let (before, after) = (Folder::new(), Folder::new());
    let store = before.store();
    assert!(store.write("s:1", change(Onto::New, &[("a", "1")], LONG)).await.unwrap());
    store.add_to_set("u:1", "s:1", LONG).await.unwrap();
    assert!(store.write("s:1", change(Onto::Existing, &[("a", "2")], LONG)).await.unwrap());
    std::fs::copy(before.file(), after.file()).unwrap();
    let store = after.store();
    assert_eq!(shown(store.read("s:1", None).await), "[a=2]");
    assert_eq!(store.set("u:1", 10).await.unwrap(), ["s:1"]);
    assert!(store.write("s:1", change(Onto::Existing, &[("a", "3")], LONG)).await.unwrap());
}

#[tokio::test]
async fn a_touch_is_in_the_file_when_it_is_closed() {
    let folder = Folder::new();
    let store = folder.store();
    assert!(store.write("s:1", change(Onto::New, &[], LONG)).await.unwrap());
    store.read("s:1", Some(LONG * 3)).await.unwrap();
    drop(store);
    let left = folder.store().times_to_live(&["s:1".to_owned()]).await.unwrap();
    assert!(left[0].unwrap() > LONG * 2, "{left:?}");
}

#[tokio::test]
async fn what_is_over_is_removed_from_the_file() {
    let folder = Folder::new();
    let store = folder.store();
    for at in 0..20 {
        let key = format!("s:{at}");
        assert!(store.write(&key, change(Onto::New, &[], Duration::from_millis(1))).await.unwrap());
        store.add_to_set("u:1", &key, Duration::from_millis(1)).await.unwrap();
    }
    assert!(store.write("stays", change(Onto::New, &[], LONG)).await.unwrap());
    let waiting = async {
        // With a long look back in time nothing is over, so all that is still in the file is listed.
        let all = |database: &Database, _| tables::keys(database, "", None, 100, 1);
        while store.look(all).await.unwrap().keys != ["stays"] {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(20), waiting).await.expect("it is swept within seconds");
    assert_eq!(all_keys(&store, "", 10).await, ["stays"]);
}

#[tokio::test]
async fn changes_that_come_together_are_all_made() {
    let folder = Folder::new();
    let store = Arc::new(folder.store());
    let writing = (0..500).map(|at| {
        let store = store.clone();
        tokio::spawn(async move {
            let change = change(Onto::New, &[("a", "1")], LONG);
            store.write(&format!("s:{}", at % 250), change).await.unwrap()
        })
    });
    let mut made = 0;
    for writing in writing.collect::<Vec<_>>() {
        made += usize::from(writing.await.unwrap());
    }
    assert_eq!(made, 250);
    assert_eq!(all_keys(&*store, "s:", 100).await.len(), 250);
}

#[test]
fn only_its_owner_reads_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    drop(folder.store());
    let mode = std::fs::metadata(folder.file()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_file_of_another_kind_is_refused_and_left_alone() {
    let folder = Folder::new();
    std::fs::write(folder.file(), "sessions = 1\n").unwrap();
    folder.check_refused(expect![[r#"
        config.json:1:65: error[PC0313]: `FOLDER/store.redb` is not a file of a FileStore; name another one
    "#]]);
    assert_eq!(std::fs::read_to_string(folder.file()).unwrap(), "sessions = 1\n");
}

#[test]
fn a_damaged_file_is_refused() {
    let folder = Folder::new();
    drop(folder.store());
    folder.wait_for_close();
    let mut bytes = std::fs::read(folder.file()).unwrap();
    bytes[64..4096].fill(0xa5);
    std::fs::write(folder.file(), bytes).unwrap();
    folder.check_refused(expect![[r#"
        config.json:1:65: error[PC0313]: `FOLDER/store.redb` is damaged or not a file of a FileStore (DB corrupted: Expected file format version <= 3, found 165); move it away to start without its sessions
    "#]]);
}

#[test]
fn a_folder_that_is_not_there_is_refused() {
    let mut folder = Folder::new();
    folder.0.push("never");
    folder.check_refused(expect![[r#"
        config.json:1:65: error[PC0313]: the folder `FOLDER` of the store is not there; make it
    "#]]);
}

#[test]
fn a_file_that_somebody_has_open_is_refused() {
    let folder = Folder::new();
    let _holder = folder.store();
    folder.check_refused(expect![[r#"
        config.json:1:65: error[PC0313]: `FOLDER/store.redb` is in use by another process; a FileStore is for one, and several share a ValkeyStore
    "#]]);
}

#[tokio::test]
async fn two_generations_share_the_file() {
    let folder = Folder::new();
    let file = Arc::new(File::at(folder.file()));
    file.open().unwrap();
    let first = Store { file: file.clone(), timeout: DEFAULT_TIMEOUT };
    file.open().unwrap();
    let second = Store { file, timeout: DEFAULT_TIMEOUT };
    assert!(first.write("s:1", change(Onto::New, &[("a", "1")], LONG)).await.unwrap());
    drop(first);
    assert_eq!(shown(second.read("s:1", None).await), "[a=1]");
}

#[tokio::test]
async fn a_file_that_is_mostly_empty_is_made_smaller_at_start() {
    let folder = Folder::new();
    let store = folder.store();
    let value = vec![7; 900 * 1024];
    for at in 0..48 {
        let large = Change { set: vec![(b"a".to_vec(), value.clone())], ..change(Onto::New, &[], LONG) };
        assert!(store.write(&format!("s:{at}"), large).await.unwrap());
    }
    for at in 1..48 {
        assert_eq!(store.remove(&format!("s:{at}")).await.unwrap(), Removed::Yes);
    }
    drop(store);
    // Closing and opening is one start already.
    folder.wait_for_close();
    let bytes = std::fs::metadata(folder.file()).unwrap().len();
    assert!(bytes < 8 * 1024 * 1024, "{bytes}");
    let left = folder.store().read("s:0", None).await.unwrap().unwrap();
    assert_eq!(left, [(b"a".to_vec(), value)]);
}

#[tokio::test]
async fn after_a_failure_of_the_disk_the_file_is_opened_anew() {
    let folder = Folder::new();
    let store = folder.store();
    assert!(store.write("s:1", change(Onto::New, &[("a", "1")], LONG)).await.unwrap());
    // What the owner does when the disk has failed, which no test can make it do.
    *database::lock(store.file.contents()) = None;
    assert!(store.read("s:1", None).await.is_err());
    assert!(store.write("s:2", change(Onto::New, &[], LONG)).await.unwrap());
    assert_eq!(shown(store.read("s:1", None).await), "[a=1]");
}

#[tokio::test]
async fn a_damaged_entry_goes_and_the_others_stay() {
    let folder = Folder::new();
    let store = folder.store();
    let database = store.file.database().unwrap();
    let brief = Duration::from_secs(2);
    for (at, bytes_left) in [3, 9 + 4 + 1, 9].into_iter().enumerate() {
        let key = format!("s:{at}");
        assert!(store.write(&key, change(Onto::New, &[("a", "1")], brief)).await.unwrap());
        if bytes_left > 9 {
            store.add_to_set("u:1", &key, brief).await.unwrap();
        }
        if bytes_left != 9 {
            tables::damage(&database, &key, bytes_left);
        }
    }
    tables::damage(&database, "u:1", 10);
    assert_eq!(shown(store.read("s:0", None).await), "none");
    assert_eq!(all_keys(&store, "", 10).await, ["s:2"]);
    // It can be made anew at once.
    assert!(store.write("s:1", change(Onto::New, &[("a", "2")], LONG)).await.unwrap());
    store.add_to_set("u:1", "s:1", LONG).await.unwrap();
    // The file is never closed, and what is over goes.
    let waiting = async {
        let all = |database: &Database, _| Ok(Ok(tables::count_all(database)));
        while store.look(all).await.unwrap() != 2 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(20), waiting).await.expect("it is swept within seconds");
    assert!(Arc::ptr_eq(&database, &store.file.database().unwrap()), "it was not opened anew");
    assert_eq!(shown(store.read("s:1", None).await), "[a=2]");
    assert_eq!(store.set("u:1", 10).await.unwrap(), ["s:1"]);
}
