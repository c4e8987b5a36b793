# One node; alone on SQLite in /data, or one of several (see deploy/docker-compose.yml).
# The demo page is left out: it is for trying things on one's own machine, and needs Node.js to build.

FROM python:3.11-slim-bookworm AS build
WORKDIR /src
COPY pyproject.toml setup.cfg README.md ./
COPY notify_server notify_server
RUN python -m venv /opt/notify-server \
    && /opt/notify-server/bin/pip install --no-cache-dir --disable-pip-version-check .

FROM python:3.11-slim-bookworm
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin notify \
    && install -d -o notify -g notify -m 0700 /data
COPY --from=build /opt/notify-server /opt/notify-server
ENV PATH=/opt/notify-server/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    NOTIFY_SERVER__HOST=0.0.0.0 \
    NOTIFY_SERVER__PORT=8080 \
    NOTIFY_SERVER__DATA_DIR=/data
USER notify
WORKDIR /data
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
# Alive, not ready: a node whose store is away must not be restarted for that.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8080/health/live', timeout=2)"]
CMD ["notify-server", "serve"]
