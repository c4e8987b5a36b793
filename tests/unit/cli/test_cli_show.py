"""What commands print of texts from outside."""

import pytest

from notify_server.cli.show import clean


@pytest.mark.parametrize(
    "char", ["\x1b", "\n", "\r", "\x9b", "\x7f", "\u202e", "\u202a", "\u2066", "\u2069", "\u2028"]
)
def test_character_that_drives_a_terminal_or_turns_a_line_around_is_a_space(char):
    assert clean(f"pay{char}ment") == "pay ment"


def test_texts_of_every_script_stay_as_they_are():
    text = "Grüße, שלום, مرحبا, 你好, 👩\u200d💻"
    assert clean(text) == text
