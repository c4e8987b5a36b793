"""nginx in front of the nodes, with the configuration that ``deploy/`` offers."""

import os
import re
import shutil
import subprocess
import time
from pathlib import Path

from support.mongodb import answers
from support.ports import free_port

CONFIG = Path(__file__).parents[2] / "deploy" / "nginx.conf"
_AROUND = """
daemon off;
{user}
worker_processes 1;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 16384; }}
worker_rlimit_nofile 32768;
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/site.conf;
}}
"""
_START_S = 60


def is_there():
    """Whether this machine has one."""
    return shutil.which("nginx") is not None


class Nginx:
    """One nginx over the ports of nodes."""

    def __init__(self, folder, ports):
        self.folder = folder
        self.port = free_port()
        folder.mkdir(parents=True, exist_ok=True)
        site = CONFIG.read_text("utf-8")
        site, placed = re.subn(r"listen 80;", f"listen 127.0.0.1:{self.port};", site)
        (named, *others) = re.findall(r" *server notify-\d+:8080.*\n", site)
        assert placed == 1
        for other in others:
            site = site.replace(other, "")
        nodes = [re.sub(r"notify-\d+:8080", f"127.0.0.1:{port}", named) for port in ports]
        site = site.replace(named, "".join(nodes))
        (folder / "site.conf").write_text(site, "utf-8")
        user = "user root;" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(_AROUND.format(folder=folder, user=user), "utf-8")
        self._process = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        error_log = self.folder / "error.log"
        self._process = subprocess.Popen(
            ["nginx", "-p", str(self.folder), "-e", str(error_log),
             "-c", str(self.folder / "nginx.conf")],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        ends = time.monotonic() + _START_S
        while not answers(self.port):
            assert self._process.poll() is None, error_log.read_text("utf-8")
            assert time.monotonic() < ends, "nginx did not start"
            time.sleep(0.02)
        return self

    def stop(self):
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None
