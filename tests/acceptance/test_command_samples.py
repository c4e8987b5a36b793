"""sample-data and test-notifications through a real server, and on its store."""

import json


def test_sample_data_is_of_every_preset_partly_read_and_sent_once(make_server):
    server = make_server()
    server.start()
    one = ("sample-data", "--users", "5", "--notifications", "80", "--seed", "3", "--json")
    made = json.loads(server.cli(*one))
    assert (made["accepted"], made["refused"]) == (80, 0)
    assert 0 < made["read"] < 80
    found = json.loads(server.cli("search", "--source", "sample", "--limit", "200", "--json"))
    types = [item["type"] for item in found["items"]]
    assert len(types) == 80
    assert len(set(types)) == 38
    server.cli(*one)
    again = json.loads(server.cli("search", "--source", "sample", "--limit", "200", "--json"))
    assert [item["id"] for item in again["items"]] == [item["id"] for item in found["items"]]


def test_test_notifications_show_every_priority_also_without_a_server(make_server):
    server = make_server()
    sent = json.loads(server.cli("test-notifications", "--user", "u", "--count", "5", "--json"))
    assert sent["accepted"] == 5
    found = json.loads(server.cli("search", "--user", "u", "--json"))["items"]
    assert {item["priority"] for item in found} == {"low", "normal", "high", "urgent", "critical"}
    assert len({item["type"] for item in found}) == 5
