"""Believable notifications: one row for each preset and built-in type, filled with chance.

Used by ``sample-data`` and ``test-notifications``; the same seed makes the same ones.
"""

import random
from collections.abc import Mapping
from typing import Any, NamedTuple

FIRST_NAMES = (
    "Ada", "Amara", "Anton", "Beatriz", "Björn", "Chen", "Dalia", "Elif", "Emre", "Fatima",
    "Farid", "Greta", "Hana", "Idris", "Ines", "Jakub", "Jun", "Kofi", "Lea", "Luca", "Malik",
    "Mara", "Mina", "Noor", "Olga", "Omar", "Paula", "Priya", "Quinn", "Rosa", "Sami", "Sofia",
    "Tariq", "Thea", "Uma", "Viktor", "Wei", "Yara", "Yusuf", "Zoe",
)  # fmt: skip
LAST_NAMES = (
    "Abara", "Alvarez", "Bakker", "Bauer", "Castro", "Demir", "Dubois", "Eriksen", "Farah",
    "Fischer", "García", "Haddad", "Hansen", "Ito", "Ivanova", "Jansen", "Kaya", "Keller",
    "Khan", "Kowalski", "Larsen", "Lind", "Marino", "Mbeki", "Moreau", "Nakamura", "Novak",
    "Okafor", "Patel", "Petrov", "Quist", "Rossi", "Sato", "Silva", "Sørensen", "Tanaka",
    "Vogel", "Weber", "Yilmaz", "Zhou",
)  # fmt: skip

_WORDS: Mapping[str, tuple[str, ...]] = {
    "company": ("Northwind", "Blue Harbour", "Kestrel Labs", "Fjord Energy", "Palma Logistics"),
    "job": ("Backend engineer", "Data analyst", "Product designer", "Site manager", "Nurse"),
    "skill": ("Python", "SQL", "project planning", "public speaking", "Kubernetes"),
    "post": ("What we learned from a year of outages", "Hiring without haste", "Notes on maps"),
    "task": ("Caption task", "Nightly import", "Invoice run", "Translation of the handbook"),
    "group": ("Women in data", "Harbour cyclists", "Remote by default"),
    "event": ("Spring meetup", "Open house", "Career fair"),
    "place": ("Rotterdam", "Porto", "Gdańsk", "Nairobi", "Osaka"),
    "day": ("Monday", "Tuesday", "Thursday", "Friday"),
    "host": ("db1", "web3", "backup2", "cache1"),
}


class Sample(NamedTuple):
    """One type's text, with words in braces; ``title`` "" leaves the preset's own.

    Attributes:
        about: Kind of the object that it is about.
        action: Label of its link.
        asks: It must be acknowledged.
    """

    title: str
    message: str
    about: str = ""
    action: str = ""
    asks: bool = False


SAMPLES: Mapping[str, Sample] = {
    "connection_request": Sample("", "{name} wants to connect with you.", "user", "Answer"),
    "connection_accepted": Sample("", "{name} accepted your request.", "user", "Say hello"),
    "new_message": Sample("", "{name}: Do you have a minute on {day}?", "thread", "Reply"),
    "job_application": Sample("", "{name} applied as {job}.", "job", "Read"),
    "application_status": Sample("", "{company} has looked at your application.", "application"),
    "post_like": Sample("", "{name} likes “{post}”.", "post"),
    "post_comment": Sample("", "{name} commented on “{post}”.", "post", "Read"),
    "post_share": Sample("", "{name} shared “{post}”.", "post"),
    "mention": Sample("", "{name} mentioned you in “{post}”.", "post", "Read"),
    "new_follower": Sample("", "{name} follows you.", "user"),
    "profile_view": Sample("", "{number} people looked at your profile this week.", "user"),
    "endorsement": Sample("", "{name} endorsed you for {skill}.", "user"),
    "recommendation": Sample("", "{name} wrote a recommendation for you.", "user", "Read"),
    "group_invite": Sample("", "{name} invites you to {group}.", "group", "Look"),
    "event_invite": Sample("", "{name} invites you to {event} in {place}.", "event", "Answer"),
    "birthday": Sample("", "{name} has a birthday today.", "user", "Congratulate"),
    "work_anniversary": Sample("", "{name}: {number} years at {company}.", "user"),
    "job_alert": Sample("", "{number} new jobs as {job} in {place}.", "search", "Show"),
    "job_recommendation": Sample("", "{company} looks for a {job} in {place}.", "job", "Show"),
    "job_deadline": Sample("", "Applications to {company} close on {day}.", "job", "Apply"),
    "salary_alert": Sample("", "{job} in {place}: the median rose by {number} %.", "salary"),
    "skill_match": Sample("", "Your {skill} fits a job at {company}.", "job", "Show"),
    "application_confirmation": Sample("", "{company} has received your application.", "job"),
    "application_update": Sample("", "Your application at {company} goes to round two.", "job"),
    "interview_invitation": Sample(
        "", "{company} invites you on {day} at 10:00.", "application", "Accept", asks=True
    ),
    "offer": Sample("", "{company} offers you the job as {job}.", "application", "Read", asks=True),
    "rejection": Sample("", "{company} has chosen somebody else as {job}.", "application"),
    "profile_reminder": Sample("", "Your profile lacks {number} entries.", "user", "Complete"),
    "skill_gap": Sample("", "{skill} is asked for in {number} of your searches.", "skill"),
    "achievement": Sample("", "You have helped {number} people this month.", "user"),
    "career_insight": Sample("", "{job}: demand in {place} grows by {number} %.", "insight"),
    "welcome": Sample("", "Good that you are here. Three steps, and you are ready.", "", "Begin"),
    "feature_announcement": Sample("", "You can now snooze what comes at a bad time.", "", "Try"),
    "maintenance": Sample("", "On {day} from 02:00 to 03:00 the service is read-only."),
    "security_alert": Sample(
        "", "Somebody signed in from {place}. Was it you?", "", "Check", asks=True
    ),
    "task_update": Sample("", "{task}: {number} % done.", "task"),
    "task_assignment": Sample("", "{name} assigned you: {task}.", "task", "Open"),
    "task_completion": Sample("", "{task} has completed.", "task", "Open"),
    "system": Sample("Settings saved", "Your changes take effect at once."),
    "user_action": Sample("Document changed", "{name} edited “{post}”.", "post", "Open"),
    "progress_update": Sample("{task}", "{number} % done.", "task"),
    "alert": Sample("Disk almost full", "{host} has {number} GB left.", "host", "Look"),
    "error": Sample("{task} failed", "{host} does not answer.", "task", "Log"),
    "success": Sample("{task} complete", "All {number} items were processed.", "task", "Open"),
    "info": Sample("Report ready", "The report for {place} can be read.", "report", "Read"),
    "warning": Sample("Certificate", "{host}: ends in {number} days.", "host"),
    "admin": Sample("New user", "{name} has signed up.", "user", "Look"),
    "security": Sample("Sign-in", "A new device in {place} uses your account.", "", "Check"),
}


def person(chance: random.Random) -> str:
    """A made-up name."""
    return f"{chance.choice(FIRST_NAMES)} {chance.choice(LAST_NAMES)}"


def make_sample(kind: str, title: str, chance: random.Random) -> dict[str, Any]:
    """A submission of this type without its target.

    Args:
        kind: A key of ``SAMPLES``.
        title: Where the sample has none of its own.
        chance: Fills in names and numbers.
    """
    sample = SAMPLES[kind]
    words = {name: chance.choice(values) for name, values in _WORDS.items()}
    sender = person(chance)
    number = chance.randint(2, 40)
    words |= {"name": sender, "number": str(number)}
    body: dict[str, Any] = {
        "type": kind,
        "title": (sample.title or title).format(**words),
        "message": sample.message.format(**words),
        "source": "sample",
        "tags": ["sample"],
    }
    if "{name}" in sample.message:
        body["sender"] = {"id": sender.lower().replace(" ", "."), "name": sender}
    if sample.about:
        body["object"] = {"type": sample.about, "id": str(number)}
    if sample.action:
        body["action_label"] = sample.action
        body["action_url"] = f"/{sample.about or 'start'}/{number}"
    if sample.asks:
        body["requires_acknowledgment"] = True
    if kind == "progress_update":
        body["data"] = {"progress": number}
    return body
