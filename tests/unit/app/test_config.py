"""Configuration: sources, places of faults, and what is refused (S20)."""

import secrets
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from notify_server.app.config import ConfigError, load_settings
from notify_server.domain.notification import ChannelName, Priority
from notify_server.domain.settings import RETRY_RULES, Settings, TypeSettings

PUBLIC_KEY = r"-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQY\n-----END PUBLIC KEY-----"
SECRET = "Zk3v9Qw1Lr8Xt5Bn2Hy7Jd4Fg6Ms0Pc-"


def write(folder, text):
    path = folder / "notify.toml"
    path.write_text(text, "utf-8")
    return path


def faults(path, environ=None):
    with pytest.raises(ConfigError) as caught:
        load_settings(path, environ or {})
    return str(caught.value).splitlines()


def only_fault(tmp_path, text, environ=None):
    (fault,) = faults(write(tmp_path, text), environ)
    return fault


# Sources


def test_nothing_given_is_the_defaults():
    assert load_settings(None, {}) == Settings()


def test_file_sets_each_type_of_value(tmp_path):
    settings = load_settings(
        write(
            tmp_path,
            """
            [server]
            port = 9000
            data_dir = "/var/lib/notify"
            [cors]
            origins = ["https://app.example.org", "http://localhost:3000"]
            [compat]
            badge_update = true
            [cleanup]
            interval_s = 60
            [types.build]
            priority = "high"
            channels = ["email"]
            """,
        ),
        {},
    )
    assert settings.server.port == 9000
    assert settings.server.data_dir == Path("/var/lib/notify")
    assert settings.cors.origins == ("https://app.example.org", "http://localhost:3000")
    assert settings.compat.badge_update is True
    assert isinstance(settings.cleanup.interval_s, float)
    assert settings.types == {"build": TypeSettings(Priority.HIGH, (ChannelName.EMAIL,))}


def test_environment_wins_over_the_file(tmp_path):
    settings = load_settings(
        write(tmp_path, "[server]\nport = 9000\n[retry.high]\nattempts = 4\nwaits_s = 60"),
        {
            "NOTIFY_SERVER__PORT": "9001",
            "NOTIFY_RETRY__HIGH__ATTEMPTS": "7",
            "NOTIFY_RETRY__LOW__FALLBACK": "email, sms",
            "NOTIFY_RETRY__LOW__OFFLINE_GRACE_S": "2.5",
            "NOTIFY_CORS__ORIGINS": '["https://a.example"]',
            "NOTIFY_COMPAT__LEGACY_FIELDS": "Yes",
            "NOTIFY_ROOMS__ALLOW": "",
        },
    )
    assert settings.server.port == 9001
    assert settings.retry.rules[Priority.HIGH].attempts == 7
    assert settings.retry.rules[Priority.HIGH].waits_s == 60
    low = settings.retry.rules[Priority.LOW]
    assert low.fallback == (ChannelName.EMAIL, ChannelName.SMS)
    assert low.offline_grace_s == 2.5
    assert settings.cors.origins == ("https://a.example",)
    assert settings.compat.legacy_fields is True
    assert settings.rooms.allow == ()


def test_variables_of_others_are_left_alone():
    environ = {
        "NOTIFY_URL": "http://x",
        "NOTIFY_API_KEY": "nk_x",
        "NOTIFY_SOCKET": "/run/systemd/notify",  # systemd's
        "NOTIFY_SERVER_PORT": "tcp://10.0.0.1:80",  # Kubernetes', of a service notify-server
        "NOTIFY_TEST_X__Y": "1",
        "OTHER__THING": "1",
    }
    assert load_settings(None, environ) == Settings()


def test_retry_row_keeps_what_is_not_given(tmp_path):
    path = write(tmp_path, '[retry]\nenabled = false\n[retry.high]\noffline_grace_s = "off"')
    retry = load_settings(path, {}).retry
    assert not retry.enabled
    assert retry.rules[Priority.HIGH].offline_grace_s is None
    assert retry.rules[Priority.HIGH].attempts == RETRY_RULES[Priority.HIGH].attempts
    assert retry.rules[Priority.LOW] == RETRY_RULES[Priority.LOW]


def test_namespaces_keep_the_admin_line(tmp_path):
    path = write(tmp_path, '[namespaces]\nuser = ["/me"]\n[namespaces."/ops"]\nroles = ["OPS"]')
    namespaces = load_settings(path, {}).namespaces
    assert namespaces.user == ("/me",)
    assert namespaces.lines == {"/admin": ("ADMIN",), "/ops": ("OPS",)}


def test_built_in_type_keeps_what_is_not_given(tmp_path):
    path = write(tmp_path, '[types.security]\ngroup = "security"')
    assert load_settings(path, {}).types == {
        "security": TypeSettings(Priority.URGENT, group="security", required=True)
    }


def test_preset_keeps_what_is_not_given(tmp_path):
    offer = load_settings(write(tmp_path, '[types.offer]\npriority = "low"'), {}).types["offer"]
    assert offer.priority is Priority.LOW
    assert ChannelName.SMS in offer.channels


def test_relative_paths_start_at_the_folder_of_the_file(tmp_path):
    (tmp_path / "secret").write_text(SECRET + "\n", "utf-8")
    path = write(
        tmp_path,
        '[store]\nurl = "sqlite:///db/n.sqlite"\n[auth]\njwt_secret_file = "secret"',
    )
    settings = load_settings(path, {})
    assert settings.server.data_dir == tmp_path / "data"
    assert settings.store.url == f"sqlite:///{tmp_path}/db/n.sqlite"
    assert settings.auth.jwt_secret == SECRET
    assert settings.auth.jwt_secret_file == tmp_path / "secret"


def test_absolute_sqlite_path_stays(tmp_path):
    path = write(tmp_path, '[store]\nurl = "sqlite:////var/n.sqlite"')
    assert load_settings(path, {}).store.url == "sqlite:////var/n.sqlite"


# Faults: all of them, each with its place


def test_all_faults_come_at_once_each_with_its_place(tmp_path):
    path = write(
        tmp_path,
        """\
[server]
prot = 1
port = "x"
[retry.hihg]
attempts = 2
[retry.high]
attempts = 0
[log]
level = "loud"
[sever]
host = "h"
""",
    )
    assert sorted(faults(path, {"NOTIFY_LIMITS__TAGS": "many"})) == sorted(
        [
            "notify.toml:2: server.prot: unknown key; did you mean server.port?",
            'notify.toml:3: server.port: expected a whole number, got "x"',
            "notify.toml:4: retry.hihg: unknown key; did you mean retry.high?",
            "notify.toml:7: retry.high.attempts: expected a number from 1 to 100, got 0",
            'notify.toml:9: log.level: expected one of debug, info, warning, error, got "loud"',
            "notify.toml:10: sever: unknown key; did you mean server?",
            'NOTIFY_LIMITS__TAGS: limits.tags: expected a whole number, got "many"',
        ]
    )


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("[server]\njwt_secret = 1", 2, "did you mean auth.jwt_secret?"),
        ("port = 1", 1, "did you mean server.port?"),
        ("server.port = true", 1, "expected a whole number, got true"),
        ("server = 3", 1, "expected a table, got 3"),
        ("[server]\nport = 8080.0", 2, "expected a whole number, got 8080.0"),
        ("[server]\nport = 65536", 2, "expected a number from 0 to 65535"),
        ("[server.port]\nx = 1", 1, "expected a whole number, got a table"),
        ("[cleanup]\ninterval_s = nan", 2, "expected a number from 1"),
        ("[cleanup]\ninterval_s = true", 2, "expected a number, got true"),
        ("[compat]\nbadge_update = 1", 2, "expected true or false, got 1"),
        ('[cors]\norigins = "https://a"', 2, 'expected a list, got "https://a"'),
        ("[cors]\norigins = [1]", 2, "expected a text, got [1]"),
        ("[server]\ndata_dir = 1", 2, "expected a path, got 1"),
        ("[retry.high]\noffline_grace_s = []", 2, 'expected a number or "off", got []'),
        ('[retry]\nlow = { fallback = ["fax"] }', 2, "expected one of in_app, email"),
        ("[retry.rules.high]\nattempts = 1", 1, "retry.rules: unknown key"),
        ('[types.x]\npriority = "medium"', 2, "expected one of low, normal, high"),
        ("types = 1", 1, "expected a table, got 1"),
        ('[namespaces."/x"]\nrole = []\nroles = ["A"]', 2, 'mean namespaces."/x".roles?'),
        ('[namespaces."/x"]', 1, 'namespaces."/x": expected a table with roles'),
        ('[namespaces."/x"]\nroles = []', 2, "expected one role or more"),
        ("[namespaces.x]\nroles = []", 1, "namespaces.x: unknown key"),
        ("[namespaces]\nlines = {}", 2, "unknown key"),
    ],
)
def test_wrong_key_or_value_is_refused_with_its_line(tmp_path, text, line, message):
    fault = only_fault(tmp_path, text)
    assert fault.startswith(f"notify.toml:{line}: ")
    assert message in fault


def test_broken_toml_is_refused_with_its_line(tmp_path):
    fault = only_fault(tmp_path, "[server]\nport = 1\nport = 2\n")
    assert fault.startswith("notify.toml:3: not TOML: ")
    assert faults(write(tmp_path, "[server]\nport = ["))[0].startswith("notify.toml:2: not TOML")


def test_missing_or_binary_file_is_refused(tmp_path):
    assert faults(tmp_path / "none.toml") == [
        "none.toml: it cannot be read: No such file or directory"
    ]
    (tmp_path / "b.toml").write_bytes(b"\xff\xfe")
    assert faults(tmp_path / "b.toml") == ["b.toml: it is not UTF-8"]


def test_multi_line_text_does_not_disturb_places(tmp_path):
    text = '[server]\nhost = """\n[\n"\\\\q" = 1\n"""\nport = "x"'
    assert only_fault(tmp_path, text).startswith("notify.toml:6: server.port")


def test_unknown_variable_is_refused_by_name(tmp_path):
    assert only_fault(tmp_path, "", {"NOTIFY_SERVER__PROT": "1"}) == (
        "NOTIFY_SERVER__PROT: server.prot: unknown key; did you mean server.port?"
    )


# What every type fits and must still not be said


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[cors]\norigins = ["*"]', 'never "*"'),
        ('[cors]\norigins = ["https://*.example.org"]', 'never "*"'),
        ('[cors]\norigins = ["https://example.org/"]', "without a path"),
        ('[cors]\norigins = ["example.org"]', "without a path"),
        ('[cors]\norigins = ["https://u@example.org"]', "without a path"),
        ('[cors]\norigins = ["https://example.org:x"]', "without a path"),
        ('[auth]\njwt_secret = "short"', "32 bytes"),
        ('[auth]\njwt_secret = "change-me-change-me-change-me-change-me"', "like a default"),
        ('[auth]\njwt_secret = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"', "like a default"),
        (f'[auth]\njwt_secret = "{PUBLIC_KEY}"', "a key or a certificate"),
        ('[auth]\njwt_secret_file = "none"', "cannot be read"),
        (f'[auth]\njwt_secret = "{SECRET}"\njwt_secret_file = "x"', "not both"),
        ('[auth]\njwks_url = "file:///etc/passwd"', "https://"),
        ('[auth]\njwt_algorithms = ["none"]', "expected HS256, RS256, ES256"),
        ('[auth]\njwt_algorithms = ["RS256"]', "no key for RS256"),
        (
            '[auth]\njwks_url = "https://idp.example/jwks"\njwt_algorithms = ["HS256"]',
            "no key for HS256",
        ),
        ('[auth]\njwt_public_key_file = "none.pem"', "cannot be read"),
        ('[auth]\nsend_roles = [""]', "names of roles"),
        ('[rate_limits]\nsubmit = "5/min"', "<second|minute|hour>"),
        ('[rate_limits]\nevent = "0/second"', "<second|minute|hour>"),
        ('[server]\nbase_path = "x"', '"/x"'),
        ('[server]\nbase_path = "/x/"', '"/x"'),
        ('[server]\nhost = ""', "expected an address"),
        ('[server]\ntrusted_proxies = ["proxy"]', "addresses or networks"),
        ('[store]\nurl = "postgres://h/d"', "sqlite:///path"),
        ('[store]\nurl = "sqlite:///:memory:"', "durable"),
        ('[namespaces]\nuser = ["/admin"]', "alias"),
        ('[namespaces]\nuser = ["x"]', "names like"),
        ('[namespaces."/"]\nroles = ["A"]', "everybody's line"),
        ('[rooms]\nallow = [""]', "patterns of room names"),
        ('[types."Bad Name"]\nrequired = true', "expected a name"),
        ("[types.security]\nrequired = false", "cannot be switched off"),
        ("[limits]\ndata_bytes = 100000", "at most limits.notification_bytes"),
        ("[limits]\nbulk_bytes = 1000", "at least limits.notification_bytes"),
    ],
)
def test_unsafe_or_contradictory_value_is_refused(tmp_path, text, message):
    assert message in only_fault(tmp_path, text)


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("mongodb://a:b:c@h", "escaped"),
        ("mongodb+srv:///x", "expected a host"),
        ("mongodb://joe:s3/cret@h/x", "%2F for a slash"),
        ("mongodb://joe:12/s3cret@h", "%2F for a slash"),
        ("mongodb+srv://joe:s3/cret@h", "%2F for a slash"),
        ("mongodb://joe:s3cret@h/x?tls=true&tlsCAFile=/none.pem", "No such file"),
    ],
)
def test_url_of_mongodb_is_read_at_the_start(tmp_path, url, fault):
    secret = secrets.token_urlsafe(48)
    path = write(tmp_path, f'[store]\nurl = "{url}"\n[auth]\njwt_secret = "{secret}"')
    (row,) = faults(path)
    assert fault in row
    assert "cret" not in row


def test_url_of_redis_is_read_at_the_start_and_keeps_its_password(tmp_path):
    secret = secrets.token_urlsafe(48)
    store = f'[store]\nurl = "mongodb://h/x"\n[auth]\njwt_secret = "{secret}"'
    bus = f'[bus]\nurl = "redis://:s3/cret@h:6379"\nkey = "{secret}"'
    (row,) = faults(write(tmp_path, f"{store}\n{bus}"))
    assert "percent-encoded" in row
    assert "cret" not in row


def test_a_bus_needs_a_store_that_nodes_can_share(tmp_path):
    path = write(tmp_path, '[bus]\nurl = "redis://h"')
    assert any("set store.url to mongodb://" in row for row in faults(path))


def test_what_nodes_share_wants_configured_secrets(tmp_path):
    path = write(tmp_path, '[store]\nurl = "mongodb://u:hunter2@h/d"\n[bus]\nurl = "redis://h"')
    rows = faults(path)
    assert not any("store.url" in row for row in rows)
    assert not any("bus.url" in row for row in rows)
    assert any("bus.key: expected a secret" in row for row in rows)
    assert any("auth.jwt_secret: expected with MongoDB or a bus" in row for row in rows)


def test_no_fault_shows_a_secret(tmp_path):
    secrets_given = {
        "NOTIFY_AUTH__JWT_SECRET": "hunter2",
        "NOTIFY_BUS__KEY": "hunter2",
        "NOTIFY_STORE__URL": "mongo://u:hunter2@h",
        "NOTIFY_BUS__URL": "amqp://u:hunter2@h",
    }
    assert "hunter2" not in "\n".join(faults(None, secrets_given))
    path = write(tmp_path, '[auth]\njwt_secret = ["hunter2"]')
    assert "hunter2" not in "\n".join(faults(path))


def test_error_keeps_its_faults_as_data(tmp_path):
    with pytest.raises(ConfigError) as caught:
        load_settings(write(tmp_path, "[server]\nport = -1"), {})
    (row,) = caught.value.rows
    assert (row.place.source, row.place.line, row.key) == ("notify.toml", 2, "server.port")
    assert caught.value.faults[0].path == "server.port"


# Keys of tokens


def _pem(key):
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def test_public_key_file_allows_its_own_algorithm_only(tmp_path):
    (tmp_path / "k.pem").write_bytes(_pem(ec.generate_private_key(ec.SECP256R1())))
    text = '[auth]\njwt_public_key_file = "k.pem"\njwt_algorithms = ["{}"]'
    settings = load_settings(write(tmp_path, text.format("ES256")), {})
    assert settings.auth.jwt_public_key_file == tmp_path / "k.pem"
    assert "no key for RS256" in only_fault(tmp_path, text.format("RS256"))
    assert "no key for HS256" in only_fault(tmp_path, text.format("HS256"))


def test_weak_or_damaged_public_key_is_refused(tmp_path):
    text = '[auth]\njwt_public_key_file = "k.pem"'
    for content, message in [
        (_pem(rsa.generate_private_key(65537, 1024)), "2,048 bits"),
        (_pem(ec.generate_private_key(ec.SECP384R1())), "P-256"),
        (b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "damaged"),
        (b"nothing", "no PEM block"),
    ]:
        (tmp_path / "k.pem").write_bytes(content)
        assert message in only_fault(tmp_path, text)
