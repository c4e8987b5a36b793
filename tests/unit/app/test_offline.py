"""What commands do on the store while no server runs."""

from dataclasses import replace

import pytest
import structlog

from notify_server.app.offline import offline_line
from notify_server.domain.settings import Settings


@pytest.fixture(autouse=True)
def _reset():
    yield
    structlog.reset_defaults()


async def test_failure_logged_by_a_command_shows_no_values_of_variables(tmp_path, capsys):
    settings = Settings()
    async with offline_line(replace(settings, server=replace(settings.server, data_dir=tmp_path))):
        pass

    def fail():
        payload = "very " + "private"
        raise ValueError(len(payload))

    try:
        fail()
    except ValueError:
        structlog.get_logger("test").exception("task_failed")
    err = capsys.readouterr().err
    assert "task_failed" in err
    assert "ValueError: 12" in err
    assert "very private" not in err
