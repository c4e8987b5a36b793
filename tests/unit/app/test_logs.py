"""Log lines: one each, and no credential in any (S19)."""

import json
import logging

import pytest
import structlog

from notify_server.app.logs import on_one_line, set_up_logs, without_secrets
from notify_server.domain.settings import LogSettings

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI0MiJ9.c2lnbmF0dXJl"


@pytest.fixture
def written(capsys):
    """What reaches standard error; everything is as before afterwards."""
    root = logging.getLogger()
    before = (root.handlers, root.level, {
        name: logging.getLogger(name).level
        for name in ("aiohttp", "asyncio", "engineio", "socketio", "pymongo", "apscheduler",
                     "notify_server.sio.transport")
    })  # fmt: skip
    yield lambda: capsys.readouterr().err
    root.handlers, root.level = before[:2]
    for name, level in before[2].items():
        logging.getLogger(name).setLevel(level)
    structlog.reset_defaults()


def log(form, **values):
    set_up_logs(LogSettings(level="debug", format=form))
    logger = structlog.wrap_logger(logging.getLogger("notify.test"))
    try:
        raise ValueError(f"about\n{JWT}")
    except ValueError:
        logger.exception("something", **values)
    logging.getLogger("library").warning("it said %s", "two\nlines")


@pytest.mark.parametrize("form", ["json", "auto"])
def test_logs_off_a_terminal_are_one_json_object_a_line(written, form):
    log(form, sid="a\nb", header="x\r\ny\u2028z")
    text = written()
    first, second = map(json.loads, text.splitlines())
    assert first["event"] == "something"
    assert first["level"] == "error"
    assert first["logger"] == "notify.test"
    assert first["timestamp"].endswith("Z")
    assert first["sid"] == "a\\nb"
    assert "ValueError" in first["exception"]
    assert second["event"] == "it said two\\nlines"


def test_logs_as_text_let_no_value_begin_a_line(written):
    log("text", sid="a\n2026-01-01T00:00:00Z [info] forged")
    text = written()
    assert not [line for line in text.splitlines() if line.startswith("2026-01-01T")]
    assert "\\n2026-01-01" in text


@pytest.mark.parametrize("form", ["json", "text"])
def test_logs_hold_no_credential_whoever_wrote_them(written, form):
    log(form, header=f"Bearer {JWT}", path="/x?token=hush&a=1", key="nk_0123456789abcdef_hush")
    text = written()
    assert JWT not in text
    assert "hush" not in text
    assert "[secret]" in text


def test_log_processors_leave_plain_values_alone():
    event = {"event": "serving", "count": 3, "url": "http://127.0.0.1:8080"}
    assert on_one_line(None, "", without_secrets(None, "", dict(event))) == event
