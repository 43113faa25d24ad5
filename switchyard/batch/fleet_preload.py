"""Gives a Dask worker that is started by `dask worker` its server:

    dask worker tls://scheduler:8786 --preload switchyard.batch.fleet_preload http://127.0.0.1:8188,tags=sdxl

Dask imports this file, and nobody else does.
"""

from __future__ import annotations

import os
from typing import Any

import click

from ..client import Client
from ..errors import SwitchyardError
from .fleet_scheduler import is_here
from .fleet_worker import ServerPlugin
from .servers import Server


@click.command()
@click.argument("server", required=False)
@click.option("--window", default=2, show_default=True, type=click.IntRange(1), help="jobs at a time, for each slot")
@click.option("--header", multiple=True, metavar="NAME=VALUE", help="sent to the server along with each request")
@click.option("--insecure", is_flag=True, help="accept any certificate of an https server")
async def dask_setup(
    dask_worker: Any, server: str | None, window: int, header: tuple[str, ...], insecure: bool
) -> None:
    """Without SERVER, the environment's SWITCHYARD_SERVER says which: a command line can be read by all users."""
    host = str(dask_worker.listener.bound_address[0])
    if dask_worker.address.startswith("tcp:") and not is_here(host):
        raise SwitchyardError(
            f"This worker listens at {host}, without TLS: whoever reaches it can run any code here. Start it with "
            "--host 127.0.0.1, or with --protocol tls and certificates (see docs/fleet.md)."
        )
    text = server or os.environ.get("SWITCHYARD_SERVER", "")
    if not text:
        raise SwitchyardError("Give the worker its server: URL[,slots=N][,tags=A+B], or SWITCHYARD_SERVER.")
    headers = {name: value for name, _, value in (pair.partition("=") for pair in header)}
    if not all(headers.values()):
        raise SwitchyardError("A header is written NAME=VALUE.")
    plugin = ServerPlugin(Server.read(text), window, lambda url: Client(url, headers=headers, verify=not insecure))
    await dask_worker.plugin_add(plugin, catch_errors=False)
