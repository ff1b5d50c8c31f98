//! Keys: as the guide makes them, replaced while the gateway runs, and none.

use super::*;

/// The command of the guide.
const GENSECKEY: &str = "keytool -genseckey -alias symmetric-key -keystore jwtsessionkeystore.pkcs12 \
                         -storepass password -storetype pkcs12 -keyalg HmacSHA512 -keysize 512";

/// The printed route with a filter before its handler that writes the session, since it writes nothing itself.
fn writing(printed: &str) -> String {
    let mut route: Value = serde_json::from_str(printed).unwrap();
    let inner = route["handler"].take();
    let assignment = json!({ "target": "${session.user}", "value": "sam" });
    route["handler"] = json!({ "type": "Chain", "config": {
        "filters": [{ "type": "AssignmentFilter", "config": { "onRequest": [assignment] } }],
        "handler": inner,
    } });
    route.to_string()
}

/// A gateway with the printed route, whose secrets are in this folder.
fn of_the_guide(keys: &Keys, route: impl FnOnce(&str) -> String) -> GatewayBuilder {
    let printed = guides::text("install-jwt-session-encrypt.json");
    let printed = printed.replace("/path/to/secrets", keys.0.path().to_str().unwrap());
    gateway().route("jwt-session-encrypt", &route(&printed)).env("KEYSTORE_SECRET_ID", "cGFzc3dvcmQ=")
}

#[test]
fn the_route_of_the_guide_encrypts_with_the_key_that_keytool_makes() {
    if !are_here(&["keytool", "curl"]) {
        return;
    }
    let keys = Keys::new();
    keys.tool(GENSECKEY);
    let gateway = of_the_guide(&keys, str::to_owned).start();
    let reply = gateway.get("/jwt-session-encrypt");
    assert_eq!((reply.status, reply.text().as_str()), (200, "Hello world!"), "{reply}");
    assert_eq!(reply.field("content-type"), Some("text/plain; charset=UTF-8"));
    assert_eq!(gateway.get("/jwt-session-encrypt/").status, 404);

    let gateway = of_the_guide(&keys, writing).start();
    let url = format!("http://{}/jwt-session-encrypt", gateway.address());
    let mut command = Command::new("curl");
    let output =
        command.args(["--silent", "--show-error", "--include", "--noproxy", "*", &url]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let field =
        said.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap_or_else(|| panic!("{said}"));
    let (cookie, attributes) = field.split_once(';').unwrap();
    // `{"alg":"dir","enc":"A256CBC-HS512"}`
    assert!(cookie.starts_with("IG=eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2Q0JDLUhTNTEyIn0.."), "{cookie}");
    assert_eq!(attributes, " Path=/; Domain=.example.com; HttpOnly; SameSite=Lax");
}

#[test]
fn a_wrong_key_is_found_at_load() {
    if !are_here(&["keytool"]) {
        return;
    }
    let keys = Keys::new();
    keys.tool(&GENSECKEY.replace("HmacSHA512 -keysize 512", "HmacSHA256 -keysize 256"));
    let builder = of_the_guide(&keys, str::to_owned);
    let instance = builder.folder().path().to_str().unwrap().to_owned();
    let said = builder.arguments(&["check", &instance]).run().output;
    assert!(
        said.contains("the key `jwtsession.symmetric.secret.id` (`symmetric-key`) has 32 bytes, and A256CBC-HS512 needs 64"),
        "{said}"
    );
}

#[test]
fn weak_settings_are_warned_about() {
    let session = json!({ "type": "JwtSession", "config": { "cookie": { "sameSite": "none" } } });
    let builder = gateway().route("session", &route("/", Some(&session)));
    let instance = builder.folder().path().to_str().unwrap().to_owned();
    let said = builder.arguments(&["check", &instance]).run().output;
    assert!(
        said.contains("warning[PC0450]: sessions are encrypted with a key of this process alone"),
        "{said}"
    );
    assert!(
        said.contains("warning[PC0451]: browsers drop a cookie with `SameSite=None` that is not secure"),
        "{said}"
    );
    assert!(said.contains("0 errors, 2 warnings"), "{said}");
}

#[test]
fn more_cookies_than_a_connector_takes_are_warned_about() {
    let said = |builder: GatewayBuilder, number: u32| {
        let builder = builder.route("session", &route("/", Some(&manager(&json!({ "maxCookies": number })))));
        let instance = builder.folder().path().to_str().unwrap().to_owned();
        builder.arguments(&["check", &instance]).run().output
    };
    let warned = said(gateway(), 3);
    let text = "warning[PC0451]: a session is never split over more than 2 cookies here";
    assert!(warned.contains(text), "{warned}");
    assert!(said(gateway(), 2).contains("0 errors, 0 warnings"));
    let roomy = r#"{ "connectors": [ { "port": 0, "host": "127.0.0.1", "maxTotalHeadersSize": 262144 } ] }"#;
    let fine = said(gateway().admin(roomy), 20);
    assert!(!fine.contains("PC0451"), "{fine}");
}

#[test]
fn a_generated_key_is_not_shared_with_other_instances() {
    let [one, two] = [(); 2]
        .map(|()| gateway().route("session", &route("/", Some(&json!({ "type": "JwtSession" })))).start());
    let mut browser = Browser::default();
    browser.write(&one, "user", "sam");
    assert_eq!(browser.read(&one, "user"), "sam");
    assert_eq!(browser.clone().read(&two, "user"), "");
    two.wait_for_log("it was not made with a key that is valid here, or has been changed");
}

/// A store of files, in which a secret of several keys has them in files of a folder.
fn rotating(folder: &std::path::Path, aliases: &[&str]) -> String {
    let store = json!({ "type": "KeyStoreSecretStore", "config": {
        "file": folder.join("keys.p12").to_str().unwrap(),
        "storePasswordSecretId": "password",
        "secretsProvider": { "type": "Base64EncodedSecretStore", "config": { "secrets": { "password": "cGFzc3dvcmQ=" } } },
        "mappings": [{ "secretId": "session.key", "aliases": aliases }],
    } });
    let config = json!({ "authenticatedEncryptionSecretId": "session.key", "secretsProvider": store });
    route("/", Some(&json!({ "type": "JwtSession", "config": config })))
}

#[test]
fn keys_are_rotated_while_the_gateway_runs() {
    if !are_here(&["keytool"]) {
        return;
    }
    let keys = Keys::new();
    let make = |store: &str, alias: &str| {
        keys.tool(&format!(
            "keytool -genseckey -alias {alias} -keystore {store} -storepass password -storetype pkcs12 -keyalg AES -keysize 256"
        ));
    };
    make("keys.p12", "old");
    make("keys.p12", "new");
    let folder = keys.0.path().to_owned();
    let start = |aliases: &[&str]| {
        gateway()
            .env("IG_ROUTER_SCAN_INTERVAL", "100 ms")
            .route("session", &rotating(&folder, aliases))
            .start()
    };
    let gateway = start(&["old"]);
    let mut browser = Browser::default();
    browser.write(&gateway, "user", "sam");
    let idle = browser.clone();

    // The route names another active key; the old one is valid beside it.
    gateway.folder().write("config/routes/session.json", &rotating(&folder, &["new", "old"]));
    let mut visits = 0;
    soon(|| {
        visits += 1;
        browser.write(&gateway, "visits", &visits.to_string());
        start_of(&browser, &["new"], start) == "sam"
    });
    assert_eq!(idle.clone().read(&gateway, "user"), "sam");
    gateway.folder().write("config/routes/session.json", &rotating(&folder, &["new"]));
    soon(|| idle.clone().read(&gateway, "user").is_empty());
    assert_eq!(browser.read(&gateway, "user"), "sam");

    // The file itself is replaced, by keys that fit, then by nonsense.
    make("other.p12", "new");
    std::fs::rename(folder.join("other.p12"), folder.join("keys.p12")).unwrap();
    soon(|| browser.read(&gateway, "user").is_empty());
    assert!(gateway.log().contains("The keys of sessions have changed and are in use."), "{}", gateway.log());
    let mut browser = Browser::default();
    browser.write(&gateway, "user", "kim");
    std::fs::write(folder.join("keys.p12"), "no key store").unwrap();
    thread::sleep(Duration::from_millis(2500));
    assert_eq!(browser.read(&gateway, "user"), "kim", "the last good keys stay in use");
}

/// What an instance with these keys makes of the browser's session.
fn start_of(browser: &Browser, aliases: &[&str], start: impl Fn(&[&str]) -> Gateway) -> String {
    browser.clone().read(&start(aliases), "user")
}
