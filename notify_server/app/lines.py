"""The line put together: every stage, in the order in which they need each other."""

from dataclasses import dataclass
from datetime import timedelta
from random import Random

from notify_server.bus.local import LocalBus
from notify_server.domain.settings import Settings
from notify_server.kit.aio import Background
from notify_server.kit.clock import Clock
from notify_server.pipeline.audience import Audiences
from notify_server.pipeline.audit import Audit
from notify_server.pipeline.catch_up import CatchUp
from notify_server.pipeline.cluster import Cluster, ClusterParts
from notify_server.pipeline.confirm import Confirmations
from notify_server.pipeline.counting import Counting
from notify_server.pipeline.delivery import DeliveryDesk
from notify_server.pipeline.discovery import Discovery
from notify_server.pipeline.dispatch import Dispatcher
from notify_server.pipeline.erasure import Erasure
from notify_server.pipeline.expiry import Expiry
from notify_server.pipeline.explain import Explanations
from notify_server.pipeline.feeds import Feeds
from notify_server.pipeline.figures import Figures
from notify_server.pipeline.figuring import Statistics
from notify_server.pipeline.inbox import Inbox
from notify_server.pipeline.inventory import Inventory
from notify_server.pipeline.operators import Operators
from notify_server.pipeline.people import People
from notify_server.pipeline.presence import Presences
from notify_server.pipeline.profiles import Profiles
from notify_server.pipeline.resending import Resending
from notify_server.pipeline.retention import Retention
from notify_server.pipeline.revocations import Revocations
from notify_server.pipeline.schedule import Schedule
from notify_server.pipeline.searching import Searches
from notify_server.pipeline.sessions import Registry
from notify_server.pipeline.signalling import Signalling
from notify_server.pipeline.submit import Submissions
from notify_server.policy.retry import RetryPolicy
from notify_server.policy.visible import Rules
from notify_server.ports.bus import Bus
from notify_server.ports.emitter import Emitter
from notify_server.ports.store import Store


@dataclass(frozen=True, slots=True)
class Line:
    """The stages that the edges and the ticker call."""

    registry: Registry
    rules: Rules
    signalling: Signalling
    people: People
    inbox: Inbox
    counting: Counting
    confirmations: Confirmations
    desk: DeliveryDesk
    schedule: Schedule
    catch_up: CatchUp
    dispatcher: Dispatcher
    discovery: Discovery
    submissions: Submissions
    expiry: Expiry
    retention: Retention
    explanations: Explanations
    figures: Figures
    audit: Audit
    profiles: Profiles
    erasure: Erasure
    cluster: Cluster
    revocations: Revocations
    operators: Operators


def build_line(
    settings: Settings,
    store: Store,
    emitter: Emitter,
    background: Background,
    clock: Clock,
    chance: Random,
    bus: Bus | None = None,
) -> Line:
    """Put the stages together.

    Args:
        settings: The whole configuration.
        store: Open.
        emitter: The way to sessions.
        background: Where tasks that nobody awaits run.
        clock: The one clock.
        chance: Spreads retries; seeded in tests.
        bus: To the other nodes; None: there are none.
    """
    rules = Rules.of(settings)
    retry = RetryPolicy.of(settings.retry, chance)
    registry = Registry()
    figures = Figures()
    feeds = Feeds(store, clock)
    signalling = Signalling(registry, emitter, clock)
    confirmations = Confirmations(store, background)
    people = People(store, registry, signalling, clock, settings, confirmations)
    audit = Audit(store, clock)
    inventory = Inventory(store, feeds, rules, clock)
    counting = Counting(inventory, people, registry, emitter, background, clock)
    signalling.on_touched(counting.touch)
    desk = DeliveryDesk(registry, emitter, confirmations, retry, rules, clock, figures)
    dispatcher = Dispatcher(
        store, registry, feeds, desk, signalling, counting, rules, clock, figures
    )
    discovery = Discovery(store, registry, dispatcher, clock)
    presences = Presences(registry, signalling, emitter)
    audiences = Audiences(store, registry, settings.namespaces.lines)
    submissions = Submissions(
        store, dispatcher, discovery, confirmations, audit, settings, background, clock, figures
    )
    queues = {
        "submissions": lambda: submissions.waiting,
        "dispatch": lambda: dispatcher.waiting,
        "in_flight": lambda: desk.in_flight,
        "confirmations": lambda: confirmations.waiting,
    }
    schedule = Schedule(
        store, registry, people, desk, signalling, retry, rules, background, clock, figures
    )
    catch_up = CatchUp(
        store, people, inventory, feeds, desk, counting, emitter, rules,
        settings.limits, background, clock, figures,
    )  # fmt: skip
    if bus is not None:
        schedule.share()
        feeds.share()
        people.share()
        discovery.share()
    cluster = Cluster(
        bus or LocalBus(),
        ClusterParts(
            registry,
            dispatcher,
            discovery,
            signalling,
            people,
            presences,
            catch_up,
            schedule,
            feeds,
            desk,
            counting,
        ),
        background,
        clock,
    )
    operators = Operators(
        Searches(store, clock),
        Resending(store, registry, people, desk, audiences, rules, clock),
        Statistics(store, people, inventory, cluster, rules, clock, figures, queues),
        cluster,
    )
    return Line(
        registry=registry,
        rules=rules,
        signalling=signalling,
        people=people,
        inbox=Inbox(store, people, inventory, signalling, retry, rules, background, clock),
        counting=counting,
        confirmations=confirmations,
        desk=desk,
        schedule=schedule,
        catch_up=catch_up,
        cluster=cluster,
        dispatcher=dispatcher,
        discovery=discovery,
        submissions=submissions,
        expiry=Expiry(store, dispatcher, clock),
        retention=Retention(store, timedelta(seconds=settings.inbox.retention_s), clock),
        explanations=Explanations(
            store, people, registry, desk, audiences, retry, rules, clock
        ),
        figures=figures,
        audit=audit,
        profiles=Profiles(store, people, counting),
        erasure=Erasure(
            store, registry, people, signalling, desk, dispatcher, counting, confirmations,
            audit, background, clock,
        ),
        revocations=Revocations(store, registry, people, clock),
        operators=operators,
    )  # fmt: skip
