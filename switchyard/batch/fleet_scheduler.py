"""The Dask scheduler that a run uses: one in this process, or one that is there. Needs the extra `fleet`."""

from __future__ import annotations

import concurrent.futures
import contextlib
import importlib
import ipaddress
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

from ..errors import ServerUnavailable, SwitchyardError
from .servers import Server

_CONNECT_S = 10.0
_ANSWER_S = 10.0
_NO_PROFILER = {"distributed.worker.profile.enabled": False}
_TLS = """Anybody who reaches a Dask scheduler can have its workers run any code, so no network may reach it. With \
certificates for all hosts, start the scheduler and its workers with --protocol tls and --tls-ca-file, \
--tls-cert and --tls-key, name such files to Dask's configuration here \
(DASK_DISTRIBUTED__COMM__TLS__CA_FILE, ...__TLS__CLIENT__CERT and ...__TLS__CLIENT__KEY), and connect to \
tls://{place}. On one machine, tcp://127.0.0.1:8786 needs none of that. More is in docs/fleet.md."""


class EngineError(SwitchyardError):
    """There is no such engine, or it must not be used like this."""


def check_engine(engine: str, *, names_servers: bool = False) -> str:
    """The engine: "local", "dask", or a scheduler's address, which is on this machine or has TLS.

    Args:
        engine: as a command line gives it.
        names_servers: whether servers are named too.

    Raises:
        EngineError: it is none, or it has servers of its own and some are named here.
    """
    if engine in ("local", "dask"):
        return engine
    parts = urlsplit(engine)
    try:
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port = "", None
    if parts.scheme not in ("tcp", "tls") or not host or port is None:
        raise EngineError(f'"{engine}" is no engine: it can be local, dask, tcp://HOST:PORT or tls://HOST:PORT.')
    if parts.scheme == "tcp" and not is_here(host):
        raise EngineError(f"{engine} is another machine, without TLS. {_TLS.format(place=f'{host}:{port}')}")
    if names_servers:
        raise EngineError(
            f"The workers of {engine} have servers of their own: leave out --server, --header and --insecure here, and "
            "give them to the workers (see docs/fleet.md)."
        )
    return engine


def is_here(host: str) -> bool:
    """Whether an address is this machine's own."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def need_dask() -> ModuleType:
    """Dask.distributed, which nothing else needs; raises SwitchyardError where it is not installed."""
    try:
        return importlib.import_module("distributed")
    except ImportError as problem:
        folder = Path(__file__).resolve().parents[2]
        extra = f'"{folder}[client,fleet]"' if (folder / "pyproject.toml").is_file() else "httpx websockets distributed"
        raise SwitchyardError(f"This engine needs the Python package distributed: pip install {extra}") from problem


@contextlib.contextmanager
def connected(engine: str, servers: Sequence[Server], window: int, make_client: Callable[[str], Any]) -> Any:
    """A Dask client, for as long as this lasts.

    Args:
        engine: "dask" for a scheduler in this process with a worker for each server, or a scheduler's address.
        servers: the servers for those workers.
        window: how many jobs such a server has at a time, for each slot.
        make_client: gives the client of a server's address.

    Raises:
        ServerUnavailable: there is no scheduler at the address.
        EngineError: it needs certificates, and Dask's configuration names none.
    """
    distributed = need_dask()
    if engine.startswith("tls:") and _has_no_certificate(distributed):
        raise EngineError(f"To connect to {engine}, Dask needs certificates here. {_TLS.format(place=engine[6:])}")
    with contextlib.ExitStack() as stack:
        stack.enter_context(_quiet())
        try:
            if engine == "dask":
                # Dask's profiler looks at all threads 100 times a second, for each worker.
                stack.enter_context(importlib.import_module("dask").config.set(_NO_PROFILER))
                place = stack.enter_context(_cluster(distributed, servers, window, make_client))
            else:
                place = engine
            client = distributed.Client(place, set_as_default=False, timeout=_CONNECT_S, name="switchyard")
        except (OSError, TimeoutError) as problem:
            raise ServerUnavailable(f"No Dask scheduler answers at {engine}: {problem}.") from problem
        try:
            yield client
        finally:
            with contextlib.suppress(Exception):  # a scheduler that is gone
                client.close(timeout=5)


def ask_workers(
    dask: Any, question: Callable[..., Any], *args: Any, on_error: str, timeout_s: float | None = None
) -> dict[str, Any]:
    """What each worker says, by its address; see Dask's `Client.run`.

    Raises:
        TimeoutError: one does not answer, such as on a host that was cut off: Dask itself would wait for minutes.
    """
    answer: concurrent.futures.Future[dict[str, Any]] = concurrent.futures.Future()

    def ask() -> None:
        try:
            answer.set_result(dask.run(question, *args, on_error=on_error))
        except BaseException as problem:  # noqa: BLE001 - it is raised again by who waits
            answer.set_exception(problem)

    threading.Thread(target=ask, name="switchyard question", daemon=True).start()
    try:
        return answer.result(timeout_s or _ANSWER_S)
    except concurrent.futures.TimeoutError as problem:
        raise TimeoutError(f"One of Dask's workers has not answered for {timeout_s or _ANSWER_S:g} s.") from problem


def problems_of(dask: Any, question: Callable[..., Any], *args: Any) -> list[Any]:
    """The problems that all workers tell of together, or why they can't be asked."""
    try:
        told = ask_workers(dask, question, *args, on_error="return").values()
    except OSError as problem:  # a time-out too
        return [problem]
    return [one for found in told for one in ([found] if isinstance(found, Exception) else found)]


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keeps Dask's own messages and tracebacks off the terminal: what went wrong is told by errors."""
    logger = logging.getLogger("distributed.client")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(level)


def _has_no_certificate(distributed: Any) -> bool:
    return distributed.Security().get_connection_args("client").get("ssl_context") is None


def _cluster(distributed: Any, servers: Sequence[Server], window: int, make_client: Callable[[str], Any]) -> Any:
    """A scheduler and workers that are reached from this process alone: no port of theirs is open to a network."""
    from .fleet_worker import ServerPlugin

    status = "127.0.0.1:0"  # a page of numbers, which Dask has in any case, and would open to the network
    workers = {
        f"{number}": {
            "cls": distributed.Worker,
            "options": {
                "plugins": (ServerPlugin(server, window, make_client),),
                "nthreads": 1,
                "memory_limit": 0,
                "dashboard_address": status,
                "dashboard": False,
            },
        }
        for number, server in enumerate(servers)
    }
    scheduler = {
        "cls": distributed.Scheduler,
        "options": {"protocol": "inproc://", "dashboard_address": status, "dashboard": False},
    }
    return distributed.SpecCluster(workers=workers, scheduler=scheduler, silence_logs=logging.ERROR)
