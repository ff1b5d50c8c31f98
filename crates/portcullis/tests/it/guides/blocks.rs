//! The table of the printed configurations.

/// A guide and what it prints.
pub(super) struct Guide {
    pub(super) title: &'static str,
    pub(super) blocks: &'static [Block],
}

/// One printed configuration.
pub(super) struct Block {
    /// The file in `tests/guides`.
    pub(super) file: &'static str,
    /// The section that prints it.
    pub(super) section: &'static str,
    pub(super) place: Place,
    /// Whether the PDF had broken it.
    pub(super) is_mended: bool,
    /// The tests that show what the text says it does.
    pub(super) proofs: &'static [&'static str],
}

/// Where a printed configuration belongs.
#[derive(Clone, Copy)]
pub(super) enum Place {
    /// `config/admin.json`.
    Admin,
    /// A file in `config/routes`.
    Route,
    /// An object of a heap.
    Object,
    /// The field `config` of an object of this type.
    ConfigOf(&'static str),
    /// Properties in the `config` of an object of this type.
    PropertyOf(&'static str),
    /// The handler that is the value of this field.
    Handler(&'static str),
    /// Fields of a route.
    RouteFields,
    /// A file of another product, at this place in an instance.
    Instance(&'static str),
    /// Lines of such a file of properties.
    Properties(&'static str),
}

const fn block(
    file: &'static str,
    section: &'static str,
    place: Place,
    proofs: &'static [&'static str],
) -> Block {
    Block { file, section, place, is_mended: false, proofs }
}

impl Block {
    const fn mended(mut self) -> Block {
        self.is_mended = true;
        self
    }
}

const TOKENS: &str = "guides::listener_files_resolve_to_their_defaults_and_to_the_environment";
const HTTP: Place = Place::Instance("conf/webserver.listener-http.json");
const HTTPS: Place = Place::Instance("conf/webserver.listener-https.json");
const BOOT: Place = Place::Properties("resolver/boot.properties");
const THREE: &[&str] = &[
    "three_instances::a_session_of_the_first_instance_is_known_to_the_second_and_the_third",
    "three_instances::a_session_outlives_a_restart_of_every_instance",
];

pub(super) const GUIDES: &[Guide] = &[
    Guide {
        title: "PingIDM 8.1, Security guide: Secure network connections",
        blocks: &[
            block(
                "idm-listener-http.json",
                "Restrict REST access to the HTTPS port",
                HTTP,
                &[TOKENS, "ping_idm::a_listener_is_opened_unless_it_is_disabled"],
            ),
            block(
                "idm-listener-https.json",
                "Enable HTTP Strict-Transport-Security",
                HTTPS,
                &[
                    TOKENS,
                    "ping_idm_tls::a_secure_listener_presents_the_certificate_of_its_alias",
                    "ping_idm_tls::secure_listeners_tell_browsers_to_stay_secure",
                ],
            ),
            block(
                "idm-listener-mixed-client-auth.json",
                "Enable mixed client authentication",
                HTTPS,
                &[
                    TOKENS,
                    "ping_idm_tls::one_port_takes_clients_with_a_certificate_and_without",
                    "ping_idm_tls::mutual_authentication_lets_only_trusted_systems_in",
                ],
            ),
            block(
                "idm-listener-sni-host-check.json",
                "Disable SNI host check",
                HTTPS,
                &[
                    TOKENS,
                    "ping_idm_tls::a_host_that_the_certificate_is_not_for_is_a_400_unless_the_check_is_disabled",
                ],
            ),
            block(
                "idm-servletfilter-payload.json",
                "Restrict the HTTP payload size",
                Place::Instance("conf/servletfilter-payload.json"),
                &[
                    TOKENS,
                    "ping_idm::a_body_of_more_than_5_megabytes_is_a_413_and_no_request_at_the_origin",
                    "ping_idm::the_limit_can_be_changed",
                ],
            ),
            block(
                "idm-listener-load-balancer.json",
                "Deploy securely behind a load balancer",
                HTTP,
                &[
                    TOKENS,
                    "ping_idm::a_load_balancer_is_believed_only_when_it_is_listed",
                    "ping_idm_tls::the_proxy_protocol_comes_before_tls",
                ],
            ),
            block(
                "idm-listener-proxy-server.json",
                "Connect to IDM through a proxy server",
                HTTP,
                &[TOKENS, "ping_idm::a_load_balancer_is_believed_only_when_it_is_listed"],
            ),
            block(
                "idm-csrf-enabled.properties",
                "Protect against Cross-Site Request Forgery",
                BOOT,
                &["ping_idm::the_filter_against_forgery_wants_the_cookie_as_a_token"],
            ),
            block(
                "idm-csrf-cookie.properties",
                "Protect against Cross-Site Request Forgery",
                BOOT,
                &["ping_idm::the_filter_against_forgery_takes_another_cookie_and_is_off_by_default"],
            ),
            block(
                "idm-csrf-paths.properties",
                "Protect against Cross-Site Request Forgery",
                BOOT,
                &["ping_idm::the_filter_against_forgery_wants_the_cookie_as_a_token"],
            ),
        ],
    },
    Guide { title: "IG 2024.3: Network connections", blocks: &[] },
    Guide {
        title: "IG 2023.9: Installation guide",
        blocks: &[
            block(
                "install-two-connectors.json",
                "Start IG with custom settings",
                Place::Admin,
                &["ch_start_ig::the_example_with_two_connectors_runs_unchanged"],
            ),
            block(
                "install-pid-file-mode.json",
                "Allow startup when there is an existing PID file",
                Place::Admin,
                &["ch_pid_file::override_in_admin_json_replaces_the_file"],
            ),
            block(
                "install-https-keystore.json",
                "Serve the same certificate for TLS connections to all server names",
                Place::Admin,
                &["tls::server::a_pkcs12_file_serves_the_same_certificate_for_all_names"],
            )
            .mended(),
            block(
                "install-https-pem.json",
                "Serve the same certificate for TLS connections to all server names",
                Place::Admin,
                &["tls::server::a_pem_file_serves_the_same_certificate_for_all_names"],
            )
            .mended(),
            block(
                "install-https-sni.json",
                "Serve different certificates for TLS connections to different server names",
                Place::Admin,
                &["tls::sni::three_names_get_three_certificates"],
            )
            .mended(),
            block(
                "install-static-resources.json",
                "Configure IG for HTTPS (client-side)",
                Place::Route,
                &["static_resources::the_route_of_the_guide_serves_style_sheets_unchanged"],
            ),
            block(
                "install-client-side-https.json",
                "Configure IG for HTTPS (client-side)",
                Place::Route,
                &[
                    "tls::client::the_route_of_the_guide_reaches_an_application_over_https",
                    "guides::a_route_closes_while_its_key_store_is_missing",
                ],
            )
            .mended(),
            block(
                "install-jwt-session-encrypt.json",
                "Encrypt JWT sessions",
                Place::Route,
                &["jwt_session::keys::the_route_of_the_guide_encrypts_with_the_key_that_keytool_makes"],
            )
            .mended(),
            block(
                "install-instance1-loadbalancer.json",
                "Share JWT sessions between multiple instances of IG",
                Place::Route,
                THREE,
            )
            .mended(),
            block(
                "install-instance1-admin.json",
                "Share JWT sessions between multiple instances of IG",
                Place::Admin,
                &[],
            ),
            block(
                "install-instance2-retrieve-session-username.json",
                "Share JWT sessions between multiple instances of IG",
                Place::Route,
                THREE,
            )
            .mended(),
            block(
                "install-instance2-admin.json",
                "Share JWT sessions between multiple instances of IG",
                Place::Admin,
                &[],
            ),
            block(
                "install-instance3-retrieve-session-username.json",
                "Share JWT sessions between multiple instances of IG",
                Place::Route,
                THREE,
            )
            .mended(),
            block(
                "install-instance3-admin.json",
                "Share JWT sessions between multiple instances of IG",
                Place::Admin,
                &[],
            ),
        ],
    },
    Guide {
        title: "Airlock IAM: HTTPS/TLS client authentication",
        blocks: &[block(
            "airlock-client-auth.properties",
            "HTTPS/TLS client authentication",
            Place::Properties("application.properties"),
            &["airlock::client_certificates_are_required_of_one_application_and_not_of_the_other"],
        )],
    },
    Guide {
        title: "IG 7.1.2, Configuration reference: Miscellaneous configuration objects",
        blocks: &[
            block(
                "misc-am-handler.json",
                "AmService",
                Place::Handler("amHandler"),
                &["guides::the_chain_of_the_am_service_sends_the_transaction_id"],
            ),
            block(
                "misc-registration-claims.json",
                "ClientRegistration",
                Place::PropertyOf("ClientRegistration"),
                &[],
            ),
            block(
                "misc-registration-properties.json",
                "ClientRegistration",
                Place::RouteFields,
                &["guides::a_declared_property_is_a_map_in_an_expression"],
            ),
            block("misc-client-registration.json", "ClientRegistration", Place::Object, &[]),
            block(
                "misc-client-tls-options.json",
                "ClientTlsOptions",
                Place::PropertyOf("ReverseProxyHandler"),
                &[],
            ),
            block("misc-key-manager.json", "KeyManager", Place::Object, &[]),
            block("misc-key-store.json", "KeyStore", Place::Object, &[]),
            block("misc-issuer-endpoints.json", "Issuer", Place::Object, &[]),
            block("misc-issuer-well-known.json", "Issuer", Place::Object, &[]),
            block(
                "misc-jdbc-data-source-class.json",
                "JdbcDataSource",
                Place::ConfigOf("JdbcDataSource"),
                &[],
            ),
            block("misc-jdbc-url.json", "JdbcDataSource", Place::ConfigOf("JdbcDataSource"), &[]),
            block("misc-jdbc-driver.json", "JdbcDataSource", Place::ConfigOf("JdbcDataSource"), &[]),
            block(
                "misc-executor-service.json",
                "ScheduledExecutorService",
                Place::Object,
                &["guides::the_printed_executor_loads_without_a_note"],
            ),
            block("misc-trust-manager.json", "TrustManager", Place::Object, &[]),
            block("misc-trust-all-manager.json", "TrustAllManager", Place::Object, &[]),
        ],
    },
];
