"""`GET /media/…`: gives MindVideo the image that a signed link stands for, and nothing else."""

from __future__ import annotations

from aiohttp import hdrs, web

from bot.base.errors import BotError, RefusedError
from bot.base.ports import PersonFiles
from bot.media.images import mimetype_of
from bot.media.links import MEDIA_PATH, Hosted, MediaLinks

RETRY_SECONDS = 10
_HEADERS = {
    # What a person uploaded is an image wherever it is opened, never a page.
    hdrs.CONTENT_SECURITY_POLICY: "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    hdrs.CACHE_CONTROL: "private, max-age=3600",
}


def register(site: web.Application, *, links: MediaLinks | None, files: PersonFiles) -> None:
    """Add the route to the site that also takes Slack's requests; without `links` there is none."""
    if links is None:
        return

    async def give(request: web.Request) -> web.StreamResponse:
        hosted = links.read(request.match_info["name"])
        if hosted is None:
            raise web.HTTPNotFound
        answer = web.StreamResponse(headers=_HEADERS)
        try:
            await _pass_on(request, answer, hosted, files)
        except BotError as error:
            if answer.prepared:
                # Less than was promised has gone out: only a broken connection tells so.
                if request.transport is not None:
                    request.transport.abort()
            elif isinstance(error, RefusedError):
                raise web.HTTPNotFound from error
            else:
                headers = {hdrs.RETRY_AFTER: str(RETRY_SECONDS)}
                raise web.HTTPServiceUnavailable(headers=headers) from error
        return answer

    site.router.add_get(f"{MEDIA_PATH}/{{name}}", give)


async def _pass_on(
    request: web.Request, answer: web.StreamResponse, hosted: Hosted, files: PersonFiles
) -> None:
    """Stream a file from Slack, with the type that was found in it when the link was made."""
    async with files.open(await files.describe(hosted.file_id)) as download:
        answer.content_type = mimetype_of(hosted.suffix)
        answer.content_length = download.length
        await answer.prepare(request)
        if request.method == hdrs.METH_GET:
            async for chunk in download.chunks:
                await answer.write(chunk)
        await answer.write_eof()
