"""`GET /media/…`: serves the file of a signed link to MindVideo."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import hdrs, web

from bot.base.errors import BotError, RefusedError
from bot.base.ports import PersonFiles
from bot.media.containers import MIMETYPES
from bot.media.links import MEDIA_PATH, Hosted
from bot.media.picture import mimetype_of
from bot.media.reference_images import AttachedImages

RETRY_SECONDS = 10
_HEADERS = {
    # A browser must treat an uploaded file as what it is said to be, and never as a page.
    hdrs.CONTENT_SECURITY_POLICY: "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    hdrs.CACHE_CONTROL: "private, max-age=3600",
}


def register(
    site: web.Application,
    images: AttachedImages,
    prove: Callable[[web.BaseRequest], None],
) -> None:
    """Add the route to the site that also takes Slack's requests, if images are sent as links.

    `prove` is called with each request for a signed link.
    """
    links = images.links
    if links is None:
        return

    async def serve_image(request: web.Request) -> web.StreamResponse:
        hosted = links.read(request.match_info["name"])
        if hosted is None:
            raise web.HTTPNotFound
        prove(request)
        response = web.StreamResponse(headers=_HEADERS)
        try:
            if hosted.is_converted:
                await _convert(request, response, hosted, images)
            else:
                await _stream(request, response, hosted, images.files)
        except BotError as error:
            if response.prepared:
                # Part of the declared length was sent: only a broken connection shows the error.
                if request.transport is not None:
                    request.transport.abort()
            elif isinstance(error, RefusedError):
                raise web.HTTPNotFound from error
            else:
                headers = {hdrs.RETRY_AFTER: str(RETRY_SECONDS)}
                raise web.HTTPServiceUnavailable(headers=headers) from error
        return response

    site.router.add_get(f"{MEDIA_PATH}/{{name}}", serve_image)


async def _convert(
    request: web.Request, response: web.StreamResponse, hosted: Hosted, images: AttachedImages
) -> None:
    """Send a file from Slack in a format that every model takes."""
    picture = await images.converted(hosted.file_id)
    response.content_type = picture.mimetype
    response.content_length = len(picture.data)
    await response.prepare(request)
    if request.method == hdrs.METH_GET:
        await response.write(picture.data)
    await response.write_eof()


async def _stream(
    request: web.Request, response: web.StreamResponse, hosted: Hosted, files: PersonFiles
) -> None:
    """Stream a file from Slack, with the type that was detected when the link was made."""
    async with files.open(await files.describe(hosted.file_id)) as download:
        response.content_type = MIMETYPES.get(hosted.suffix) or mimetype_of(hosted.suffix)
        response.content_length = download.length
        await response.prepare(request)
        if request.method == hdrs.METH_GET:
            async for chunk in download.chunks:
                await response.write(chunk)
        await response.write_eof()
