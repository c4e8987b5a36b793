"""``notify-server users``: through the running server, and on its store when none runs."""

import json
import subprocess
import sys

import pytest
from support.server import Server

CSV = """id,name,email,phone,locale,time_zone,roles,rooms
ann,Ann,ann@example.org,+491701234567,de-CH,Europe/Zurich,EDITOR ADMIN,r1
bob,,bob@example,,,,,

cleo,"Cleo, the 3rd",,,,,,r1 r2
dan,Dan
eve,,,0170,xx_,,,
cleo,Cleo,cleo@example.org,,,,,
"""


def run(server, *args, text=None, **options):
    """One command; returns exit code, stdout, stderr."""
    done = subprocess.run(
        [sys.executable, "-m", "notify_server", "users", *args, "--config", str(server.config)],
        input=text, capture_output=True, text=True, timeout=60, check=False, **options,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """A server that runs; each test names people of its own, or names them anew."""
    server = Server(tmp_path_factory.mktemp("running")).start()
    yield server
    server.kill()


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    """One that has run."""
    server = Server(tmp_path_factory.mktemp("stopped")).start()
    assert server.stop() == 0
    return server


@pytest.fixture(params=["server", "store"])
def place(request, running, stopped):
    """Where commands find the people."""
    return running if request.param == "server" else stopped


def exported(server, user):
    code, out, err = run(server, "export", user)
    assert code == 0, err
    return json.loads(out)


def test_csv_is_imported_line_by_line_and_bad_ones_are_named(place, tmp_path):
    file = tmp_path / "people.csv"
    file.write_text(CSV, encoding="utf-8")
    code, out, err = run(place, "import", str(file))
    assert code == 1, err
    assert out == "3 imported, 3 refused\n"
    assert "line 3: email: must be an e-mail address" in err
    assert "line 6: 2 cells, the head has 8" in err
    assert "line 7: locale: must be a language tag" in err or "line 7: phone" in err
    assert "line 4" not in err
    ann = exported(place, "ann")["user"]
    assert (ann["roles"], ann["rooms"], ann["time_zone"]) == (
        ["ADMIN", "EDITOR"], ["r1"], "Europe/Zurich",
    )  # fmt: skip
    cleo = exported(place, "cleo")["user"]
    assert (cleo["name"], cleo["rooms"]) == ("Cleo", [])
    assert run(place, "export", "bob")[0] == 1


def test_json_lines_come_from_stdin_and_the_result_as_json(running):
    lines = [{"id": f"u{n}", "email": f"u{n}@example.org"} for n in range(40)]
    lines += [{"email": "x@example.org"}, {"id": "a b", "nope": 1}, [1]]
    text = "\n".join(json.dumps(line) for line in lines) + "\n{not json\n"
    code, out, _ = run(running, "import", "-", "--json", text=text)
    told = json.loads(out)
    assert (code, told["imported"]) == (1, 40)
    assert [one["line"] for one in told["refused"]] == [41, 42, 43, 44]
    assert [[f["path"] for f in one["errors"]] for one in told["refused"][:2]] == [["id"], ["nope"]]
    assert exported(running, "u39")["user"]["email"] == "u39@example.org"


def test_file_without_a_usable_head_is_refused_whole(running):
    code, _, err = run(running, "import", "-", text="name,mail\nann,x\n")
    assert code == 1
    assert "mail: unknown column" in err
    assert "id: this column is needed" in err


def test_csv_that_names_a_column_twice_is_refused_whole(running):
    code, out, err = run(running, "import", "-", text="id,name,name\nann,Ann,Bea\n")
    assert (code, out) == (1, "")
    assert "name: named twice" in err


def test_export_of_nobody_is_not_audited_as_one(place, tmp_path):
    code, _out, err = run(place, "export", "nobody")
    assert code == 1
    assert err == "notify-server: There is no such user.\n"


def test_export_to_a_file_is_whole_or_not_there(place, tmp_path):
    run(place, "import", "-", text='{"id": "ann", "name": "Ann"}')
    out = tmp_path / "ann.json"
    assert run(place, "export", "ann", "--out", str(out))[:2] == (0, "")
    assert json.loads(out.read_text())["user"]["name"] == "Ann"
    assert (out.stat().st_mode & 0o077) == 0
    gone = tmp_path / "nobody.json"
    code, _, err = run(place, "export", "nobody", "--out", str(gone))
    assert (code, "There is no such user." in err) == (1, True)
    assert list(tmp_path.glob("nobody*")) == []


def test_erase_needs_a_yes_where_nobody_can_be_asked(place):
    run(place, "import", "-", text='{"id": "a/b é", "name": "Ann"}')
    code, _, err = run(place, "erase", "a/b é", text="")
    assert (code, "--yes" in err) == (2, True)
    assert exported(place, "a/b é")["user"]["name"] == "Ann"
    assert run(place, "erase", "a/b é", "--yes")[:2] == (0, "erased a/b é\n")
    assert run(place, "export", "a/b é")[0] == 1
    assert run(place, "erase", "a/b é", "--yes")[0] == 0


def test_what_the_command_does_to_the_store_is_audited(make_server):
    running = make_server()
    run(running, "import", "-", text='{"id": "ann"}')
    run(running, "erase", "ann", "--yes")
    running.start()
    printed = running.cli("audit", "--json")
    found = [(entry["who"], entry["action"]) for entry in json.loads(printed)["items"]]
    assert found[:2] == [("key:local", "user.erase"), ("key:local", "user.put")]


def test_server_that_was_named_and_does_not_answer_is_a_dependency_down(make_server):
    running = make_server()
    nowhere = ("--url", "http://127.0.0.1:9", "--key", "nk_x")
    code, _, err = run(running, "erase", "ann", "--yes", *nowhere)
    assert code == 3, err
