//! Files from a real folder tree, made for each test: found, refused, validated, in part.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use expect_test::{Expect, expect};

use crate::testing::{check_complaints, check_level, play};

/// Two folders of files, removed at the end of the test.
struct Site(PathBuf);

impl Site {
    /// `first` and `second` are served; `secret.txt` lies beside them.
    fn new() -> Self {
        let root = std::env::temp_dir().join(format!("resource-handler-{}", uuid::Uuid::new_v4()));
        let site = Self(root);
        site.write("first/index.html", "<p>first");
        site.write("first/a b.txt", "spaced");
        site.write("first/shared.css", "first");
        site.write("second/shared.css", "second");
        site.write("second/deep/er/x.json", "{}");
        site.write("second/deep/index.html", "<p>deep");
        site.write("secret.txt", "secret");
        site
    }

    fn write(&self, name: &str, content: &str) {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        let modified = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        fs::File::options().write(true).open(&path).unwrap().set_modified(modified).unwrap();
    }

    fn path(&self, name: &str) -> String {
        Path::new(&self.0).join(name).to_str().unwrap().to_owned()
    }

    /// Plays a request against both folders.
    #[track_caller]
    fn check(&self, request: &str, expected: Expect) {
        self.check_with("", request, expected);
    }

    /// The same, and compares only the status line.
    #[track_caller]
    fn check_status(&self, more: &str, request: &str, expected: &str) {
        let shown = play(&self.config(more), request).unwrap();
        assert_eq!(shown.lines().next(), Some(expected), "{request}");
    }

    #[track_caller]
    fn check_with(&self, more: &str, request: &str, expected: Expect) {
        check_level(&self.config(more), request, expected);
    }

    fn config(&self, more: &str) -> String {
        let (first, second, absent) = (self.path("first"), self.path("second"), self.path("absent"));
        let config = format!(r#"{{"directories": ["{absent}", "{first}", "{second}"]{more}}}"#);
        format!(r#"{{"handler": {{"type": "ResourceHandler", "config": {config}}}}}"#)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn the_first_directory_that_has_the_file_serves_it() {
    let site = Site::new();
    site.check(
        "GET /shared.css",
        expect![[r#"
        200 OK
        etag: "17979cfe362a0000-5"
        last-modified: Tue, 14 Nov 2023 22:13:20 GMT
        content-type: text/css
        accept-ranges: bytes

        first
    "#]],
    );
    site.check(
        "GET /deep/er/x.json",
        expect![[r#"
        200 OK
        etag: "17979cfe362a0000-2"
        last-modified: Tue, 14 Nov 2023 22:13:20 GMT
        content-type: application/json
        accept-ranges: bytes

        {}
    "#]],
    );
    site.check(
        "GET /a%20b.txt?query",
        expect![[r#"
        200 OK
        etag: "17979cfe362a0000-6"
        last-modified: Tue, 14 Nov 2023 22:13:20 GMT
        content-type: text/plain
        accept-ranges: bytes

        spaced
    "#]],
    );
}

#[test]
fn what_is_not_there_is_404() {
    let site = Site::new();
    site.check(
        "GET /absent.txt",
        expect![[r#"
        404 Not Found
        content-type: text/plain; charset=utf-8

        404 Not Found
        Transaction transaction-1

    "#]],
    );
    site.check(
        "GET /shared.css/more",
        expect![[r#"
        404 Not Found
        content-type: text/plain; charset=utf-8

        404 Not Found
        Transaction transaction-1

    "#]],
    );
    site.check(
        "GET /shared.css/",
        expect![[r#"
        404 Not Found
        content-type: text/plain; charset=utf-8

        404 Not Found
        Transaction transaction-1

    "#]],
    );
}

#[test]
fn a_base_path_is_cut_off() {
    let site = Site::new();
    for base in ["/css", "css/", "/css/"] {
        let more = format!(r#", "basePath": "{base}""#);
        site.check_status(&more, "GET /css/shared.css", "200 OK");
        site.check_status(&more, "GET /cssshared.css", "404 Not Found");
        site.check_status(&more, "GET /shared.css", "404 Not Found");
    }
    site.check_status(r#", "basePath": "/""#, "GET /shared.css", "200 OK");
    site.check_status(r#", "basePath": "/a b""#, "GET /a%20b/shared.css", "200 OK");
}

#[test]
fn folders_show_their_welcome_page_or_nothing() {
    let site = Site::new();
    site.check(
        "GET /",
        expect![[r#"
        404 Not Found
        content-type: text/plain; charset=utf-8

        404 Not Found
        Transaction transaction-1

    "#]],
    );
    let pages = r#", "welcomePages": ["absent.html", "index.html"]"#;
    site.check_with(
        pages,
        "GET /",
        expect![[r#"
        200 OK
        etag: "17979cfe362a0000-8"
        last-modified: Tue, 14 Nov 2023 22:13:20 GMT
        content-type: text/html
        accept-ranges: bytes

        <p>first
    "#]],
    );
    site.check_with(
        pages,
        "GET /deep",
        expect![[r#"
        200 OK
        etag: "17979cfe362a0000-7"
        last-modified: Tue, 14 Nov 2023 22:13:20 GMT
        content-type: text/html
        accept-ranges: bytes

        <p>deep
    "#]],
    );
    site.check_with(
        pages,
        "GET /deep/",
        expect![[r#"
        200 OK
        etag: "17979cfe362a0000-7"
        last-modified: Tue, 14 Nov 2023 22:13:20 GMT
        content-type: text/html
        accept-ranges: bytes

        <p>deep
    "#]],
    );
    site.check_with(
        pages,
        "GET /deep/er/",
        expect![[r#"
        404 Not Found
        content-type: text/plain; charset=utf-8

        404 Not Found
        Transaction transaction-1

    "#]],
    );
}

#[test]
fn no_path_leads_out_of_a_directory() {
    let site = Site::new();
    let paths = [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/deep/../../secret.txt",
        "/%2e%2e%2fsecret.txt",
        "/..%5csecret.txt",
        "/./shared.css",
        "/shared.css%00.txt",
        "//etc/passwd",
        "/%2Fetc%2Fpasswd",
        "/%ff",
    ];
    for path in paths {
        site.check_status("", &format!("GET {path}"), "404 Not Found");
    }
}

#[test]
fn a_link_is_followed_only_below_its_directory() {
    let site = Site::new();
    symlink(site.path("secret.txt"), site.path("first/out.txt")).unwrap();
    symlink(&site.0, site.path("first/up")).unwrap();
    symlink("shared.css", site.path("first/inside.css")).unwrap();
    symlink("loop", site.path("first/loop")).unwrap();
    site.check(
        "GET /out.txt",
        expect![[r#"
        404 Not Found
        content-type: text/plain; charset=utf-8

        404 Not Found
        Transaction transaction-1

    "#]],
    );
    site.check(
        "GET /up/secret.txt",
        expect![[r#"
        404 Not Found
        content-type: text/plain; charset=utf-8

        404 Not Found
        Transaction transaction-1

    "#]],
    );
    site.check(
        "GET /loop",
        expect![[r#"
        404 Not Found
        content-type: text/plain; charset=utf-8

        404 Not Found
        Transaction transaction-1

    "#]],
    );
    site.check(
        "GET /inside.css",
        expect![[r#"
        200 OK
        etag: "17979cfe362a0000-5"
        last-modified: Tue, 14 Nov 2023 22:13:20 GMT
        content-type: text/css
        accept-ranges: bytes

        first
    "#]],
    );
}

#[test]
fn other_methods_are_405() {
    let site = Site::new();
    site.check(
        "POST /shared.css\n\nbody",
        expect![[r#"
        405 Method Not Allowed
        content-type: text/plain; charset=utf-8
        allow: GET, HEAD

        405 Method Not Allowed
        Transaction transaction-1

    "#]],
    );
    site.check(
        "HEAD /shared.css",
        expect![[r#"
        200 OK
        etag: "17979cfe362a0000-5"
        last-modified: Tue, 14 Nov 2023 22:13:20 GMT
        content-type: text/css
        accept-ranges: bytes

        first
    "#]],
    );
}

#[test]
fn a_known_version_is_304() {
    let site = Site::new();
    site.check(
        "GET /shared.css\nif-none-match: \"x\", W/\"17979cfe362a0000-5\"",
        expect![[r#"
        304 Not Modified
        etag: "17979cfe362a0000-5"
        last-modified: Tue, 14 Nov 2023 22:13:20 GMT
    "#]],
    );
    site.check(
        "GET /shared.css\nif-none-match: *",
        expect![[r#"
        304 Not Modified
        etag: "17979cfe362a0000-5"
        last-modified: Tue, 14 Nov 2023 22:13:20 GMT
    "#]],
    );
    site.check(
        "GET /shared.css\nif-modified-since: Tue, 14 Nov 2023 22:13:20 GMT",
        expect![[r#"
        304 Not Modified
        etag: "17979cfe362a0000-5"
        last-modified: Tue, 14 Nov 2023 22:13:20 GMT
    "#]],
    );
    site.check(
        "GET /shared.css\nif-modified-since: Tue, 14 Nov 2023 22:13:19 GMT",
        expect![[r#"
        200 OK
        etag: "17979cfe362a0000-5"
        last-modified: Tue, 14 Nov 2023 22:13:20 GMT
        content-type: text/css
        accept-ranges: bytes

        first
    "#]],
    );
    site.check(
        "GET /shared.css\nif-none-match: \"x\"\nif-modified-since: Tue, 14 Nov 2023 22:13:20 GMT",
        expect![[r#"
            200 OK
            etag: "17979cfe362a0000-5"
            last-modified: Tue, 14 Nov 2023 22:13:20 GMT
            content-type: text/css
            accept-ranges: bytes

            first
        "#]],
    );
}

#[test]
fn another_version_than_the_wanted_one_is_412() {
    let site = Site::new();
    site.check(
        "GET /shared.css\nif-match: \"x\"",
        expect![[r#"
        412 Precondition Failed
        etag: "17979cfe362a0000-5"
        last-modified: Tue, 14 Nov 2023 22:13:20 GMT
    "#]],
    );
    site.check(
        "GET /shared.css\nif-unmodified-since: Tue, 14 Nov 2023 22:13:19 GMT",
        expect![[r#"
        412 Precondition Failed
        etag: "17979cfe362a0000-5"
        last-modified: Tue, 14 Nov 2023 22:13:20 GMT
    "#]],
    );
    site.check(
        "GET /shared.css\nif-unmodified-since: Tue, 14 Nov 2023 22:13:20 GMT",
        expect![[r#"
        200 OK
        etag: "17979cfe362a0000-5"
        last-modified: Tue, 14 Nov 2023 22:13:20 GMT
        content-type: text/css
        accept-ranges: bytes

        first
    "#]],
    );
}

#[test]
fn a_single_range_is_a_part() {
    let site = Site::new();
    site.check(
        "GET /shared.css\nrange: bytes=1-2",
        expect![[r#"
        206 Partial Content
        etag: "17979cfe362a0000-5"
        last-modified: Tue, 14 Nov 2023 22:13:20 GMT
        content-type: text/css
        accept-ranges: bytes
        content-range: bytes 1-2/5

        ir
    "#]],
    );
    site.check(
        "GET /shared.css\nrange: bytes=3-",
        expect![[r#"
        206 Partial Content
        etag: "17979cfe362a0000-5"
        last-modified: Tue, 14 Nov 2023 22:13:20 GMT
        content-type: text/css
        accept-ranges: bytes
        content-range: bytes 3-4/5

        st
    "#]],
    );
    site.check(
        "GET /shared.css\nrange: bytes=-2",
        expect![[r#"
        206 Partial Content
        etag: "17979cfe362a0000-5"
        last-modified: Tue, 14 Nov 2023 22:13:20 GMT
        content-type: text/css
        accept-ranges: bytes
        content-range: bytes 3-4/5

        st
    "#]],
    );
}

#[test]
fn other_ranges_are_the_whole_or_416() {
    let site = Site::new();
    site.check(
        "GET /shared.css\nrange: bytes=0-99999999999999999999",
        expect![[r#"
        200 OK
        etag: "17979cfe362a0000-5"
        last-modified: Tue, 14 Nov 2023 22:13:20 GMT
        content-type: text/css
        accept-ranges: bytes

        first
    "#]],
    );
    site.check(
        "GET /shared.css\nrange: bytes=5-",
        expect![[r#"
        416 Range Not Satisfiable
        etag: "17979cfe362a0000-5"
        last-modified: Tue, 14 Nov 2023 22:13:20 GMT
        content-range: bytes */5
    "#]],
    );
    site.check(
        "GET /shared.css\nrange: bytes=0-0,2-2",
        expect![[r#"
        200 OK
        etag: "17979cfe362a0000-5"
        last-modified: Tue, 14 Nov 2023 22:13:20 GMT
        content-type: text/css
        accept-ranges: bytes

        first
    "#]],
    );
    site.check(
        "GET /shared.css\nrange: bytes=1-2\nif-range: \"x\"",
        expect![[r#"
        200 OK
        etag: "17979cfe362a0000-5"
        last-modified: Tue, 14 Nov 2023 22:13:20 GMT
        content-type: text/css
        accept-ranges: bytes

        first
    "#]],
    );
}

#[test]
fn a_long_file_arrives_whole_and_in_part() {
    let site = Site::new();
    let content: String = (0..50_000).map(|number| format!("{number:04} ")).collect();
    site.write("first/long.txt", &content);
    check_long(&site, "", &content);
    check_long(&site, "\nrange: bytes=70000-200000", &content[70_000..=200_000]);
}

/// The content is too long for a snapshot.
#[track_caller]
fn check_long(site: &Site, fields: &str, expected: &str) {
    let shown = play(&site.config(""), &format!("GET /long.txt{fields}")).unwrap();
    let (_, content) = shown.split_once("\n\n").unwrap();
    assert!(
        content.trim_end_matches('\n') == expected,
        "{} bytes instead of {}",
        content.len(),
        expected.len()
    );
}

#[test]
fn mistakes_are_found_at_load() {
    let check = |config: &str, expected: Expect| {
        let config = format!(r#"{{"handler": {{"type": "ResourceHandler", "config": {config}}}}}"#);
        check_complaints(&config, expected);
    };
    check(
        "{}",
        expect![[r#"
        error[PC0303]: ResourceHandler needs the field `directories`
         --> config.json:1:51
          |
        1 | {"handler": {"type": "ResourceHandler", "config": {}}}
          |                                                   ^^
    "#]],
    );
    check(
        r#"{"directories": []}"#,
        expect![[r#"
        error[PC0313]: a ResourceHandler needs at least one directory
         --> config.json:1:67
          |
        1 | {"handler": {"type": "ResourceHandler", "config": {"directories": []}}}
          |                                                                   ^^
    "#]],
    );
    check(
        r#"{"directories": ["/srv"], "welcomePages": ["../index.html"]}"#,
        expect![[r#"
        error[PC0313]: `../index.html` is not the name of a file below a directory
         --> config.json:1:93
          |
        1 | {"handler": {"type": "ResourceHandler", "config": {"directories": ["/srv"], "welcomePages": ["../index.html"]}}}
          |                                                                                             ^^^^^^^^^^^^^^^^^
    "#]],
    );
    check(
        r#"{"directories": ["/srv"], "welcomePages": [""]}"#,
        expect![[r#"
        error[PC0313]: `` is not the name of a file below a directory
         --> config.json:1:93
          |
        1 | {"handler": {"type": "ResourceHandler", "config": {"directories": ["/srv"], "welcomePages": [""]}}}
          |                                                                                             ^^^^
    "#]],
    );
    check(r#"{"directories": ["/srv"], "temporaryStorage": "TemporaryStorage"}"#, expect![[""]]);
}
