"""``python -m notify_server``: the same as the ``notify-server`` command."""

import sys

from notify_server.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
