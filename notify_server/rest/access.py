"""Who calls: an API key or a person's token, and what they may do here."""

from dataclasses import dataclass
from math import ceil

from aiohttp import web

from notify_server.domain.claims import Caller, Claims, Scope
from notify_server.domain.errors import Code, LimitedError, RejectedError
from notify_server.domain.target import USER_LINE
from notify_server.kit.addresses import client_key
from notify_server.rest.deps import DEPS, RestDeps

KEY_PREFIX = "nk_"
OPERATOR_ROLE = "ADMIN"


@dataclass(frozen=True, slots=True)
class Identity:
    """A caller, with the token's claims if it was one."""

    caller: Caller
    claims: Claims | None


async def identify(request: web.Request) -> Identity:
    """Find out who calls; who cannot say so too often is told to stay away for a while.

    Raises:
        RejectedError: TOKEN_MISSING, TOKEN_INVALID, TOKEN_EXPIRED or KEY_INVALID.
        LimitedError: One of those, from an address that has had too many of them.
        UnavailableError: The store or the provider of keys is away: nobody is let in.
    """
    try:
        return await _identify(request)
    except RejectedError:
        deps = request.app[DEPS]
        forwarded = request.headers.getall("X-Forwarded-For", [])
        address = client_key(request.remote or "", forwarded, deps.proxies)
        if wait_s := await deps.connect_rate.take(address):
            raise LimitedError("Too many calls without a valid credential.", ceil(wait_s)) from None
        raise


async def _identify(request: web.Request) -> Identity:
    deps = request.app[DEPS]
    bearer = _bearer(request)
    if bearer.startswith(KEY_PREFIX):
        return Identity(await deps.keys.caller(bearer), None)
    if bearer.count(".") != 2:
        raise RejectedError(Code.TOKEN_INVALID, "This is neither an API key (nk_…) nor a JWT.")
    claims = await deps.tokens.verify(bearer)
    await deps.people.admit(claims)
    return Identity(Caller(f"user:{claims.user}", _scopes(claims, deps)), claims)


def _bearer(request: web.Request) -> str:
    scheme, _, credential = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not credential.strip():
        raise RejectedError(Code.TOKEN_MISSING, "Send 'Authorization: Bearer <token or API key>'.")
    return credential.strip()


def _scopes(claims: Claims, deps: RestDeps) -> frozenset[Scope]:
    scopes: set[Scope] = set()
    if not claims.roles.isdisjoint(deps.settings.auth.send_roles):
        scopes |= {Scope.SEND, Scope.BROADCAST}
    if OPERATOR_ROLE in claims.roles:
        scopes.add(Scope.ADMIN)
    return frozenset(scopes)


async def sender(request: web.Request) -> Caller:
    """Who submits; which targets they may name is decided in ``pipeline/submit``.

    Raises:
        RejectedError: FORBIDDEN for a token without one of ``send_roles``; as ``identify``.
    """
    caller = (await identify(request)).caller
    if not caller.scopes & {Scope.SEND, Scope.BROADCAST, Scope.ADMIN}:
        raise _forbidden("This caller may not send.")
    if caller.name.startswith("user:") and Scope.SEND not in caller.scopes:
        raise _forbidden("None of the token's roles may send.")
    return caller


async def person(request: web.Request) -> str:
    """The user whose inbox it is, held to what one person may do.

    Raises:
        RejectedError: FORBIDDEN for an API key; as ``identify``.
        LimitedError: Too much at once.
    """
    claims = (await identify(request)).claims
    if claims is None:
        raise _forbidden("An inbox is opened with a person's token, not with an API key.")
    if wait_s := await request.app[DEPS].user_rate.take(claims.user):
        raise LimitedError("Too many calls at once.", ceil(wait_s))
    return claims.user


async def operator(request: web.Request, scope: Scope = Scope.ADMIN) -> Caller:
    """A caller with ``scope`` (admin has them all).

    Raises:
        RejectedError: FORBIDDEN; as ``identify``.
    """
    caller = (await identify(request)).caller
    if not caller.may(scope):
        raise _forbidden(f"This needs the scope {scope} or the role {OPERATOR_ROLE}.")
    return caller


async def check_line(request: web.Request, user: str, line: str) -> None:
    """Let a person see only lines that are theirs.

    Raises:
        RejectedError: FORBIDDEN_NAMESPACE.
    """
    if line == USER_LINE:
        return
    people = request.app[DEPS].people
    if not people.is_in_line(await people.person(user), line):
        raise RejectedError(Code.FORBIDDEN_NAMESPACE)


def _forbidden(detail: str) -> RejectedError:
    return RejectedError(Code.FORBIDDEN, detail)
