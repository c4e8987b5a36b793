"""send against a real, tiny HTTP server that answers as the test says."""

import asyncio
import json
import stat

import pytest
import pytest_asyncio
from support.peer import ACCEPTED, UNAVAILABLE, bulk, running_peer

from notify_server.cli.gateway import ServerGateway
from notify_server.cli.lines import read_lines, send_lines
from notify_server.cli.main import main
from notify_server.client import AsyncClient
from notify_server.client.flow import ATTEMPTS
from notify_server.domain.errors import NotifyError

INVALID = {
    "code": "INVALID",
    "detail": "to[0].user: must not be empty",
    "errors": [{"path": "to[0].user", "message": "must not be empty"}],
}


@pytest_asyncio.fixture
async def peer():
    async with running_peer() as made:
        yield made


async def with_gateway(peer, work):
    async with AsyncClient(peer.url, "k", pause=peer.pause) as api:
        return await work(ServerGateway(api))


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("NOTIFY_URL", "NOTIFY_API_KEY"):
        monkeypatch.delenv(name, raising=False)


async def send(peer, *arguments):
    fixed = ["--url", peer.url, "--key", "k"]
    return await asyncio.to_thread(main, ["send", *fixed, *arguments])


ONE = ("--to", "demo", "--title", "T", "--message", "M")


async def test_send_of_one_posts_the_body_with_key_and_idempotency_key(peer, capsys):
    assert await send(peer, *ONE, "--priority", "high") == 0
    ((method, path, headers, body),) = peer.calls
    assert (method, path) == ("POST", "/api/v1/notifications")
    assert headers["Authorization"] == "Bearer k"
    assert headers["Idempotency-Key"].startswith("cli-")
    assert body == {"to": ["demo"], "title": "T", "message": "M", "priority": "high"}
    assert capsys.readouterr().out == f"accepted {ACCEPTED['id']} (revision 1)\n"


async def test_send_with_json_prints_the_answer(peer, capsys):
    peer.answers = [(202, ACCEPTED, {"Idempotency-Replay": "true"})]
    assert await send(peer, *ONE, "--json", "--idempotency-key", "mine") == 0
    assert json.loads(capsys.readouterr().out) == ACCEPTED | {"replayed": True}
    assert peer.calls[0][2]["Idempotency-Key"] == "mine"


async def test_send_finds_the_server_that_runs_on_the_data_directory(peer, tmp_path):
    run = tmp_path / "data" / "run.json"
    run.parent.mkdir()
    run.write_text(json.dumps({"url": peer.url, "api_key": "own", "pid": 1, "demo": False}))
    run.chmod(stat.S_IRUSR | stat.S_IWUSR)
    assert await asyncio.to_thread(main, ["send", *ONE]) == 0
    assert peer.calls[0][2]["Authorization"] == "Bearer own"


async def test_send_refused_names_each_path_and_is_exit_1(peer, capsys):
    peer.answers = [(422, INVALID, {})]
    assert await send(peer, *ONE) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "to[0].user: must not be empty" in captured.err


async def test_send_with_a_bad_key_is_exit_1(peer, capsys):
    peer.answers = [(401, {"code": "KEY_INVALID", "detail": "The API key is not valid."}, {})]
    assert await send(peer, *ONE) == 1
    assert "API key" in capsys.readouterr().err


async def test_send_in_a_folder_where_no_server_ever_ran_makes_no_store(tmp_path, capsys):
    away = tmp_path / "data"
    assert await asyncio.to_thread(main, ["send", "--data-dir", str(away), *ONE]) == 3
    assert f"there is no {away}: name the server's with --data-dir" in capsys.readouterr().err
    assert not away.exists()


async def test_send_to_a_named_server_that_is_away_is_exit_3(capsys):
    arguments = ["send", "--url", "http://127.0.0.1:1", "--key", "k", *ONE]
    assert await asyncio.to_thread(main, arguments) == 3
    assert "No server answers" in capsys.readouterr().err


async def test_send_to_something_that_is_no_notify_server_is_a_sentence(peer, capsys):
    peer.answers = [(404, ["what?"], {})]
    assert await send(peer, *ONE) == 1
    assert "answered 404" in capsys.readouterr().err


async def test_call_that_fails_for_now_is_made_again_with_the_same_key(peer):
    peer.answers = [
        (503, UNAVAILABLE, {"Retry-After": "7"}),
        (429, {"code": "RATE_LIMITED"}, {"Retry-After": "3"}),
        (409, {"code": "IDEMPOTENCY_RUNNING"}, {}),
        None,
        (202, ACCEPTED, {}),
    ]
    answer = await with_gateway(peer, lambda gateway: gateway.one({"to": "x"}, "key-1"))
    assert answer == ACCEPTED
    assert {headers["Idempotency-Key"] for _, _, headers, _ in peer.calls} == {"key-1"}
    assert len(peer.calls) == 5
    assert peer.pauses[0] > 7
    assert peer.pauses[1] > 3


async def test_call_that_never_comes_through_ends_with_its_error(peer):
    peer.answers = [(503, UNAVAILABLE, {})]
    with pytest.raises(NotifyError, match="Going down"):
        await with_gateway(peer, lambda gateway: gateway.one({"to": "x"}, "key-1"))
    assert len(peer.calls) == ATTEMPTS


def _lines(*titles):
    return [json.dumps({"to": "x", "title": str(t), "message": "m"}).encode() for t in titles]


async def test_lines_go_in_batches_of_100_each_line_with_a_key_of_its_own(peer):
    peer.answers = [bulk(lambda title: None)]
    heard = []

    async def work(gateway):
        lines = read_lines(_lines(*range(250)), "p")
        return await send_lines(gateway, lines, lambda r, line: heard.append(r.number))

    tally = await with_gateway(peer, work)
    assert (tally.accepted, tally.refused) == (250, 0)
    assert [len(body["items"]) for *_, body in peer.calls] == [100, 100, 50]
    assert peer.calls[1][3]["items"][0]["idempotency_key"] == "p#101"
    assert heard == list(range(1, 251))


async def test_lines_that_are_large_stay_below_the_size_of_a_bulk_call(peer):
    peer.answers = [bulk(lambda title: None)]
    big = [
        json.dumps({"to": "x", "title": "t", "message": "m", "data": {"b": "x" * 30_000}}).encode()
        for _ in range(80)
    ]

    async def work(gateway):
        return await send_lines(gateway, read_lines(big, "p"), lambda r, line: None)

    assert (await with_gateway(peer, work)).accepted == 80
    assert all(len(json.dumps(body)) < 1_000_000 for *_, body in peer.calls)


async def test_lines_refused_for_now_are_sent_again_alone(peer):
    seen = []

    def busy_once(title):
        seen.append(title)
        if title == "2" and seen.count("2") == 1:
            return {"code": "UNAVAILABLE", "message": "busy", "details": {"retry_after_s": 4}}
        return None

    peer.answers = [bulk(busy_once)]

    async def work(gateway):
        lines = read_lines(_lines(1, 2, 3), "p")
        return await send_lines(gateway, lines, lambda r, line: None)

    tally = await with_gateway(peer, work)
    assert (tally.accepted, tally.refused) == (3, 0)
    assert [item["title"] for item in peer.calls[1][3]["items"]] == ["2"]
    assert peer.calls[1][3]["items"][0]["idempotency_key"] == "p#2"
    assert peer.pauses[0] > 4


async def test_send_of_a_file_reports_refused_lines_and_sends_the_rest(peer, tmp_path, capsys):
    file = tmp_path / "many.jsonl"
    file.write_bytes(b"\n".join([*_lines("a"), b"", b"{nonsense", b"[]", *_lines("bad", "b")]))
    fault = {"path": "items[1].to[0]", "message": "is unknown"}
    error = {"code": "INVALID", "message": "…", "details": {"errors": [fault]}}
    peer.answers = [bulk(lambda title: error if title == "bad" else None)]
    assert await send(peer, "--file", str(file), "--json") == 1
    captured = capsys.readouterr()
    assert "line 3: no JSON" in captured.err
    assert "line 4: a JSON object is needed" in captured.err
    assert "line 5: to[0]: is unknown" in captured.err
    assert "2 accepted, 3 refused" in captured.err
    results = [json.loads(line) for line in captured.out.splitlines()]
    assert [one["line"] for one in results] == [1, 3, 4, 5, 6]
    assert results[0] == {"line": 1, "status": "accepted", "id": "id-a"}


async def test_send_of_a_file_that_all_goes_is_exit_0(peer, tmp_path, capsys):
    file = tmp_path / "many.jsonl"
    file.write_bytes(b"\n".join(_lines("a", "b")))
    peer.answers = [bulk(lambda title: None)]
    assert await send(peer, "--file", str(file)) == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "2 accepted, 0 refused\n"
