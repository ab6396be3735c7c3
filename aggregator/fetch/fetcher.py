"""The door to the network: `get` for one request, `each` for many."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from types import TracebackType

from aggregator.errors import FetchError
from aggregator.fetch.connect import Opener, Resolver, system_resolver
from aggregator.fetch.guard import Guard
from aggregator.fetch.trip import Trip
from aggregator.fetch.wire import Wire
from aggregator.models import FetchMemory, Request, Response
from aggregator.settings import Network


class Fetcher:
    def __init__(
        self,
        network: Network,
        memory: FetchMemory,
        *,
        clock: Callable[[], datetime],
        resolver: Resolver = system_resolver,
    ) -> None:
        self._network = network
        self._memory = memory
        self._clock = clock
        self._guard = Guard.allowing(network.allow)
        self._wire = Wire(
            Opener(self._guard, resolver),
            user_agent=network.user_agent,
            threads=network.threads,
            per_host=network.per_host_connections,
        )

    def get(self, request: Request) -> Response:
        trip = Trip(
            request,
            self._guard,
            seconds=self._network.timeout_s,
            max_bytes=request.max_bytes or self._network.max_bytes,
            clock=self._clock,
        )
        while True:
            response = trip.step(self._wire.exchange)
            if response is not None:
                return response

    def each(self, requests: Iterable[Request]) -> Iterator[tuple[Request, Response | FetchError]]:
        def one(request: Request) -> tuple[Request, Response | FetchError]:
            try:
                return request, self.get(request)
            except FetchError as error:
                return request, error

        with ThreadPoolExecutor(self._network.threads) as pool:
            yield from pool.map(one, requests)

    def close(self) -> None:
        self._wire.close()

    def __enter__(self) -> Fetcher:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
