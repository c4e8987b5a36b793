"""What ``serve --demo`` prints: where to look, and what to type next."""

from datetime import datetime, timedelta

from rich.console import Console

from notify_server.auth.signing import issue_token
from notify_server.domain.settings import Settings

_TTL = timedelta(hours=12)


def print_demo(settings: Settings, key: str, now: datetime) -> None:
    """Print the page, the API, a key, a token, and the first command."""
    base = f"http://{settings.server.host}:{settings.server.port}{settings.server.base_path}"
    token = issue_token(settings.auth.jwt_secret, "demo", ["ADMIN"], ["*"], _TTL, now)
    data_dir = settings.server.data_dir
    console = Console(highlight=False, soft_wrap=True)
    console.print("\n[bold]notify-server is running, with a demo[/bold]\n")
    console.print(f"  Page     {base}/demo/")
    console.print(f"  API      {base}/api/v1")
    console.print(f"  API key  {key}")
    console.print(f"  Token    {token}", markup=False)
    console.print("\nOpen the page, then send the first notification from another terminal:\n")
    console.print(
        f"  .venv/bin/notify-server send --data-dir {data_dir} "
        "--to demo --title Hello --message World --priority high\n",
        markup=False,
    )
    console.print("Without a browser, watch it arrive in a terminal:\n")
    console.print(f"  .venv/bin/notify-server listen --data-dir {data_dir} --user demo\n")
    console.print("Ctrl-C stops the server; what was accepted stays.\n")
