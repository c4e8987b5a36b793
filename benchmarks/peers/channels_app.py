# ruff: noqa: E402 - Django wants its settings before it is imported
"""Django Channels: a consumer for every client, the in-memory layer, and the ORM on SQLite.

Written as its documentation shows it, in its favour where there was a choice: a message is encoded
once, and a bulk is stored in one transaction. The database exists if ``BENCH_DB`` names a file.
"""

import asyncio
import json
import os
from urllib.parse import parse_qs

import control
import django
from django.conf import settings

_DB = os.environ.get("BENCH_DB", "")

settings.configure(
    ALLOWED_HOSTS=["*"],
    CHANNEL_LAYERS={
        "default": {
            "BACKEND": "channels.layers.InMemoryChannelLayer",
            "CONFIG": {"capacity": 100_000},  # over it a layer drops messages
        }
    },
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": _DB or ":memory:",
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
            },
        }
    },
    DATA_UPLOAD_MAX_MEMORY_SIZE=None,
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    ROOT_URLCONF="channels_app",
    SECRET_KEY="not a secret",
    USE_TZ=True,
)
django.setup()

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.layers import get_channel_layer
from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application
from django.db import connection, models, transaction
from django.http import HttpResponse
from django.urls import path
from django.utils import timezone

ALL = "all"
acks = control.Acks()
clients = 0


class Notification(models.Model):
    title = models.CharField(max_length=255)
    message = models.TextField()
    type = models.CharField(max_length=64)
    data = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        app_label = "bench"


class Receipt(models.Model):
    notification = models.ForeignKey(Notification, on_delete=models.CASCADE)
    user = models.CharField(max_length=128)
    status = models.CharField(max_length=16, default="pending")
    delivered_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "bench"
        constraints = (
            models.UniqueConstraint(fields=["user", "notification"], name="one_receipt"),
        )


class Consumer(AsyncWebsocketConsumer):
    async def connect(self):
        global clients  # noqa: PLW0603 - one process, one number
        query = parse_qs(self.scope["query_string"].decode())
        self.user = query["user"][0] if "user" in query else None
        await self.channel_layer.group_add(ALL, self.channel_name)
        if self.user is not None:
            await self.channel_layer.group_add(f"user.{self.user}", self.channel_name)
        await self.accept()
        clients += 1

    async def disconnect(self, _code):
        await self.channel_layer.group_discard(ALL, self.channel_name)

    async def receive(self, text_data=None, bytes_data=None):
        number = json.loads(text_data)["ack"]
        if self.user is None:
            acks.came()
            return
        await Receipt.objects.filter(
            notification_id=number, user=self.user, delivered_at=None
        ).aupdate(status="delivered", delivered_at=timezone.now())

    async def notify(self, event):
        await self.send(text_data=event["text"])


def _store(items):
    with transaction.atomic():
        made = Notification.objects.bulk_create(
            Notification(**{name: item[name] for name in ("title", "message", "type", "data")})
            for item in items
        )
        Receipt.objects.bulk_create(
            Receipt(notification=notification, user=user)
            for notification, item in zip(made, items, strict=True)
            for user in item["to"]
        )
    return made


async def bulk(request):
    items = json.loads(request.body)["items"]
    made = await database_sync_to_async(_store)(items)
    layer = get_channel_layer()
    for notification, item in zip(made, items, strict=True):
        shown = {
            "id": notification.pk,
            "title": notification.title,
            "message": notification.message,
            "type": notification.type,
            "data": notification.data,
            "created_at": notification.created_at.isoformat(),
        }
        for user in item["to"]:
            await layer.group_send(f"user.{user}", {"type": "notify", "text": _encode(shown)})
    body = _encode({"items": [{"id": notification.pk} for notification in made]})
    return HttpResponse(
        body, status=202, content_type="application/json", headers={"Content-Length": len(body)}
    )


def _encode(value):
    return json.dumps(value, separators=(",", ":"))


async def take(line, reply):
    """A line of the control connection; every one is a broadcast."""
    _verb, count, is_acked, payload = control.parse(line)
    data = json.loads(payload)
    layer = get_channel_layer()
    if is_acked:
        acks.expect(count * clients, reply)
    for number in range(count):
        text = _encode({"id": number, **data} if is_acked else data)
        await layer.group_send(ALL, {"type": "notify", "text": text})


def make_tables():
    """In a new database, before anything is served."""
    if not _DB:
        return
    with connection.schema_editor() as editor:
        editor.create_model(Notification)
        editor.create_model(Receipt)
    connection.close()


def serve_control(port):
    """A task on the running loop; keep it."""
    return asyncio.ensure_future(control.serve_in_order(port, take))


urlpatterns = [path("bulk", bulk)]
application = ProtocolTypeRouter({"http": get_asgi_application(), "websocket": Consumer.as_asgi()})
