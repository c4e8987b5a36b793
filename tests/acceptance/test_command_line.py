"""The commands against a real server, and on its store while none runs."""

import asyncio
import json
import subprocess
import sys

from notify_server.cli.watch import watch
from notify_server.client import AsyncClient


def run(server, *arguments, stdin=None):
    """One command on the server's data directory; answers (exit code, stdout, stderr)."""
    done = subprocess.run(
        [sys.executable, "-m", "notify_server", *arguments, "--data-dir", str(server.data_dir)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        **({"input": stdin} if stdin is not None else {"stdin": subprocess.DEVNULL}),
    )
    return done.returncode, done.stdout, done.stderr


async def listen(server, *arguments):
    """A listening command that is connected."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "notify_server", "listen", "--json", "--data-dir"),
        *(str(server.data_dir), *arguments),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    line = await asyncio.wait_for(process.stderr.readline(), 60)
    assert line.startswith(b"Connected"), line
    return process


async def titles(process):
    """Of everything shown, once the command has ended."""
    out, _ = await asyncio.wait_for(process.communicate(), 60)
    events = [json.loads(line) for line in out.decode().splitlines()]
    return [e["data"]["notification"]["title"] for e in events if e["event"] == "notification"]


async def test_send_with_watch_reaches_a_listening_terminal(server):
    process = await listen(server, "--user", "cli-watch", "--count", "1")
    sent = ["send", "--to", "cli-watch", "--title", "Hello", "--message", "m", "--watch"]
    code, out, err = await asyncio.to_thread(run, server, *sent)
    assert code == 0, err
    assert "cli-watch: delivered" in out
    assert await titles(process) == ["Hello"]
    assert process.returncode == 0


async def test_watch_shows_more_people_than_a_page_of_them(server):
    users = [f"cli-watched {number:03}" for number in range(130)]
    shown = []
    async with AsyncClient(server.url, server.api_key) as client:
        sent = await client.send(to=users, title="T", message="M")
        await client.call("POST", f"/api/v1/notifications/{sent.id}/cancel")
        await watch(client, sent.id, shown.append)
    assert [(one["user"], one["status"]) for one in shown] == [(u, "cancelled") for u in users]


async def test_send_of_every_flag_is_understood_by_the_server(server):
    process = await listen(server, "--user", "cli-flags", "--count", "1")
    flags = [
        *("--to", "cli-flags", "--to", "user:cli-other", "--exclude", "cli-other"),
        *("--title", "T", "--message", "M", "--type", "success", "--priority", "high"),
        *("--event-name", "done", "--source", "shop", "--tag", "a", "--tag", "b"),
        *("--data", '{"n": 1}', "--object", "task:1", "--sender-id", "9", "--sender-name", "Ann"),
        *("--action-url", "/t/1", "--action-label", "Open", "--action", "go:Go:/t/2"),
        *("--image-url", "https://x.example/i.png", "--requires-acknowledgment"),
        *("--ttl", "1h", "--collapse-key", "c", "--idempotency-key", "cli-flags-1"),
    ]
    code, _, err = await asyncio.to_thread(run, server, "send", *flags)
    assert code == 0, err
    code, out, _ = await asyncio.to_thread(run, server, "send", *flags, "--json")
    assert json.loads(out)["replayed"] is True
    out, _ = await asyncio.wait_for(process.communicate(), 60)
    events = [json.loads(line) for line in out.decode().splitlines()]
    shown = next(e["data"]["notification"] for e in events if e["event"] == "notification")
    assert shown["tags"] == ["a", "b"]
    assert shown["object"] == {"type": "task", "id": "1"}
    assert shown["actions"][0]["label"] == "Go"
    assert shown["requires_acknowledgment"] is True
    assert shown["expires_at"] is not None


async def test_listen_acknowledges_the_last_before_it_ends(server):
    """Waiting for the person or live: it ends after its acknowledgement, not before."""
    for _ in range(3):
        one = ["send", "--to", "cli-last", "--title", "T", "--message", "m", "--json"]
        _, out, _ = await asyncio.to_thread(run, server, *one)
        process = await listen(server, "--user", "cli-last", "--count", "1")
        assert await titles(process) == ["T"]
        explain = ["explain", json.loads(out)["id"], "--json"]
        _, out, _ = await asyncio.to_thread(run, server, *explain)
        (person,) = json.loads(out)["recipients"]["items"]
        assert person["status"] == "delivered", person


def test_send_of_lines_again_with_the_same_key_sends_nothing_twice(server):
    lines = "\n".join(
        json.dumps({"to": "cli-lines", "title": f"t{n}", "message": "m"}) for n in range(150)
    )
    bad = json.dumps({"to": "cli-lines", "title": "", "message": "m"})
    arguments = ["send", "--idempotency-key", "cli-lines", "--json"]
    first = run(server, *arguments, stdin=f"{lines}\n{bad}\n")
    again = run(server, *arguments, stdin=f"{lines}\n{bad}\n")
    for code, _, err in (first, again):
        assert code == 1
        assert "line 151: title: must not be empty" in err
        assert "150 accepted, 1 refused" in err
    ids = [
        [json.loads(line).get("id") for line in out.splitlines()] for _, out, _ in (first, again)
    ]
    assert ids[0] == ids[1]
    assert len(set(ids[0])) == 151


def test_send_refused_by_the_server_is_exit_1(server):
    code, out, err = run(
        server, "send", "--to", "x", "--title", "T", "--message", "M", "--type", "nix"
    )
    assert (code, out) == (1, "")
    assert "type: is not a registered type" in err


def test_api_key_lives_from_creation_to_revocation(server):
    code, out, err = run(server, "api-key", "create", "--name", "shop", "--scope", "send")
    assert code == 0, err
    key = out.strip()
    sent = ["send", "--url", server.url, "--key", key]
    one = ["--to", "cli-key", "--title", "T", "--message", "M"]
    assert run(server, *sent, *one)[0] == 0
    assert run(server, *sent, "--to", "all", "--title", "T", "--message", "M")[0] == 1
    key_id = key.split("_")[1]
    listed = json.loads(run(server, "api-key", "list", "--json")[1])["items"]
    assert next(one for one in listed if one["id"] == key_id)["scopes"] == ["send"]
    assert run(server, "api-key", "revoke", key_id)[0] == 0
    code, _, err = run(server, *sent, *one)
    assert code == 1
    assert "API key" in err
    assert key_id in run(server, "api-key", "list")[1]
    assert run(server, "api-key", "revoke", "0" * 16)[0] == 1


def test_api_keys_are_refused_to_a_key_without_the_scope(server):
    _, out, _ = run(server, "api-key", "create", "--name", "reader", "--scope", "read")
    given = ["--url", server.url, "--key", out.strip()]
    code, _, err = run(server, "api-key", "list", *given)
    assert code == 1
    assert "admin" in err
    assert run(server, "api-key", "create", "--name", "x", "--scope", "admin", *given)[0] == 1


async def test_listen_with_a_bad_token_is_exit_1(server):
    code, _, err = await asyncio.to_thread(run, server, "listen", "--token", "nonsense")
    assert code == 1
    assert "does not accept this token" in err


async def test_listen_on_a_namespace_that_there_is_not_says_so_and_ends(server):
    arguments = ["listen", "--user", "cli-nobody", "--namespace", "/nope"]
    code, out, err = await asyncio.to_thread(run, server, *arguments)
    assert (code, out) == (1, "")
    assert err == "notify-server: There is no such namespace: /nope\n"


async def test_listen_on_a_line_that_is_closed_to_the_user_is_exit_1(server):
    arguments = ["listen", "--user", "cli-nobody", "--namespace", "/admin"]
    code, _, err = await asyncio.to_thread(run, server, *arguments)
    assert code == 1
    assert "not open" in err


async def test_commands_without_a_server_work_on_its_store(make_server):
    """Also after kill -9, which leaves a run.json of a server that is no more."""
    server = make_server()
    server.start()
    server.kill()
    assert (server.data_dir / "run.json").exists()
    one = ["--to", "cli-away", "--title", "Waited", "--message", "m"]
    code, out, err = run(server, "send", *one)
    assert code == 0, err
    assert out.startswith("accepted ")
    assert err == f"No server runs on {server.data_dir}: this goes out when one starts there.\n"
    code, _, err = run(server, "send", *one, "--watch")
    assert code == 2
    assert "running server" in err
    lines = "\n".join(json.dumps({"to": "cli-away", "title": t, "message": "m"}) for t in "ab")
    assert run(server, "send", stdin=f"{lines}\n[]\n")[0] == 1
    _, out, _ = run(server, "api-key", "create", "--name", "made away", "--scope", "send")
    key = out.strip()
    server.start()
    process = await listen(server, "--user", "cli-away", "--count", "3")
    assert sorted(await titles(process)) == ["Waited", "a", "b"]
    sent = ["send", "--url", server.url, "--key", key, *one]
    assert (await asyncio.to_thread(run, server, *sent))[0] == 0


def test_command_on_a_store_that_another_process_holds_is_refused(make_server):
    """The server is alive but cannot be found: nothing is written beside it."""
    server = make_server()
    server.start()
    (server.data_dir / "run.json").unlink()
    code, _, err = run(server, "send", "--to", "x", "--title", "T", "--message", "M")
    assert code == 1
    assert len(err.strip().splitlines()) == 1
    assert "Traceback" not in err


async def test_listen_through_a_restart_shows_everything_once(make_server):
    server = make_server()
    server.start()
    process = await listen(server, "--user", "cli-back", "--count", "2")
    one = ["--to", "cli-back", "--message", "m", "--title"]
    assert (await asyncio.to_thread(run, server, "send", *one, "first"))[0] == 0
    await asyncio.to_thread(server.kill)
    assert (await asyncio.to_thread(run, server, "send", *one, "second"))[0] == 0
    await asyncio.to_thread(server.start)
    assert await titles(process) == ["first", "second"]
