"""Profiles over HTTP, to be read and nothing else.

GET /switchyard/profile              {"can_record": bool, "reason": text or null, "prompt_ids": oldest first}
GET /switchyard/profile/{prompt_id}  one profile; {"error": a sentence} with 404 if there is none
"""

from __future__ import annotations

import asyncio
import logging
import sys
from typing import Any

from .profile_recorder import KEPT, profile_of, recorded_ids, why_not

PREFIX = "/switchyard/profile"


def register_profile_routes() -> None:
    """Adds the routes to ComfyUI's server, if there is one, and unless another copy of the pack has done so."""
    server = getattr(getattr(sys.modules.get("server"), "PromptServer", None), "instance", None)
    if server is None or any(getattr(route, "path", None) == PREFIX for route in server.routes):
        return
    server.routes.get(PREFIX)(_list)
    server.routes.get(PREFIX + "/{prompt_id}")(_read)


async def _list(_request: Any) -> Any:
    from aiohttp import web

    reason = why_not()
    return web.json_response({"can_record": reason is None, "reason": reason, "prompt_ids": recorded_ids()})


async def _read(request: Any) -> Any:
    from aiohttp import web

    try:
        profile = await asyncio.to_thread(profile_of, request.match_info["prompt_id"])
    except Exception as problem:
        logging.exception("Switchyard: %s", request.path)
        text = f"That failed in a way nobody foresaw; ComfyUI's log has more. ({type(problem).__name__}: {problem})"
        return web.json_response({"error": text}, status=500)
    if profile is None:
        text = f"There is no profile of this prompt: only one that asks for it has one, and the last {KEPT} are kept."
        return web.json_response({"error": text}, status=404)
    return web.json_response(profile)
