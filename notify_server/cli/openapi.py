"""``notify-server openapi``: the API's document, without a server."""

from pathlib import Path
from typing import Annotated

import orjson
import typer

from notify_server.cli import options
from notify_server.cli.configured import read_settings
from notify_server.cli.show import note, say
from notify_server.rest.openapi import make_document


def openapi(
    out: Annotated[
        Path | None, typer.Option("--out", help="Write to this file instead of printing.")
    ] = None,
    config: options.Config = None,
) -> int:
    """Print the OpenAPI 3.1 document of the HTTP API.

    A running server shows the same at /openapi.json, and as a page at /docs. Sizes and the prefix
    of paths are those of the configuration.

    \b
    Examples:
      notify-server openapi > openapi.json
      notify-server openapi --out openapi.json
    """
    document = make_document(read_settings(config, None))
    text = orjson.dumps(document, option=orjson.OPT_INDENT_2).decode()
    if out is None:
        say(text)
        return 0
    out.write_text(f"{text}\n", encoding="utf-8")
    note(f"written: {out}")
    return 0
