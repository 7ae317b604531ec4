"""Which route a path belongs to: the longest prefix wins and matches whole segments (docs/config.md#routes)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Generic, TypeVar

from proxy.http.memo import Bound, remember
from proxy.plan.target import split_path

T = TypeVar("T")

_TARGETS: Final = Bound(most=4096, longest=512)
_SLASH: Final = ord("/")


class Way(Generic[T]):
    """`rest` is what stands behind the route's prefix: empty, or from one slash on. `path` is both, as it goes on.
    `lone`: the target ends in a `?` with nothing behind it.

    Immutable. A plain class: compiled, its fields are read without a call.
    """

    __slots__ = ("lone", "path", "query", "rest", "route")

    def __init__(self, route: T, path: bytes, query: bytes, rest: bytes, lone: bool = False) -> None:
        self.route = route
        self.path = path
        self.query = query
        self.rest = rest
        self.lone = lone

    def __repr__(self) -> str:
        return f"Way({self.route!r})"  # what a client asks for may hold a key


class Router(Generic[T]):
    """Immutable. `above` stands before all paths, but not in what is asked for: a route's own address leaves it out.

    Below each first segment only so many lengths of prefixes are tried as there are, longest first.

    So ten thousand routes below one segment cost what ten do: a look-up per length at which the path has a slash.
    """

    __slots__ = ("_above", "_known", "_lengths", "_private", "_root", "_routes", "prefixes")

    def __init__(self, routes: Mapping[str, T], private: Iterable[str] = (), above: str = "") -> None:
        """`private` are prefixes below which a path may hold a key."""
        self._private = frozenset(id(routes[prefix]) for prefix in private)
        self._above = above.encode("ascii")
        self.prefixes = tuple(routes)
        self._root = routes.get("/")
        self._routes = {prefix.encode("ascii"): route for prefix, route in routes.items() if prefix != "/"}
        self._known: dict[bytes, Way[T]] = {}
        lengths: dict[bytes, set[int]] = {}
        for prefix in self._routes:
            lengths.setdefault(_first_segment(prefix), set()).add(len(prefix))
        self._lengths = {first: tuple(sorted(several, reverse=True)) for first, several in lengths.items()}

    def find(self, target: bytes) -> Way[T] | None:
        """The way of a request target; None if no route takes it. Raises Fault for one that could leave its route.

        Programs ask for the same few targets again and again, so each is looked at once. Queries and paths that may
        hold secrets are not kept.
        """
        known = self._known.get(target)
        if known is not None:
            return known
        path, query = split_path(target)
        matched = self.match(path)
        if matched is None:
            return None
        route, rest = matched
        if rest.startswith(b"//"):
            # SDKs join base URLs that end in a slash with paths that begin with one; and what begins with two slashes
            # names a host (docs/traps.md 23).
            above = path[: -len(rest)]
            rest = b"/" + rest.lstrip(b"/")
            path = above + rest
        way = Way(route, self._above + path, query, rest, not query and target.endswith(b"?"))
        return way if query or id(route) in self._private else remember(self._known, target, way, len(target), _TARGETS)

    def match(self, path: bytes) -> tuple[T, bytes] | None:
        """The route of `path`, and what stands behind its prefix."""
        size = len(path)
        for length in self._lengths.get(_first_segment(path), ()):
            if length == size or (length < size and path[length] == _SLASH):
                route = self._routes.get(path[:length])
                if route is not None:
                    return route, path[length:]
        return None if self._root is None else (self._root, path)


def _first_segment(path: bytes) -> bytes:
    end = path.find(b"/", 1)
    return path[1:] if end < 0 else path[1:end]
