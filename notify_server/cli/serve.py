"""``notify-server serve``: the server itself."""

from dataclasses import replace
from typing import Annotated

import typer

from notify_server.app.run import serve as run_server
from notify_server.cli import options
from notify_server.cli.configured import read_settings
from notify_server.cli.reload import serve_with_reload


def serve(
    config: options.Config = None,
    host: Annotated[
        str | None, typer.Option("--host", help="Address to listen on.", metavar="HOST")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option("--port", min=0, max=65_535, help="Port; 0 takes a free one.", metavar="PORT"),
    ] = None,
    demo: Annotated[bool, typer.Option("--demo", help="Offer a demo page and its tokens.")] = False,
    reload: Annotated[
        bool, typer.Option("--reload", help="Start anew when sources or the configuration change.")
    ] = False,
    data_dir: options.DataDir = None,
) -> int:
    """Run the server until Ctrl-C or SIGTERM.

    Flags win over the environment (NOTIFY_<SECTION>__<KEY>), which wins over the file.

    \b
    Examples:
      notify-server serve --demo
      notify-server serve --config notify.toml --host 0.0.0.0 --port 8080
    """
    if reload:
        return serve_with_reload(config)
    settings = read_settings(config, data_dir)
    server = replace(
        settings.server,
        host=settings.server.host if host is None else host,
        port=settings.server.port if port is None else port,
    )
    return run_server(replace(settings, server=server), demo=demo)
