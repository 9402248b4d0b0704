"""The network: proxies that fail, signed addresses, inner addresses, secrets of the wrong kind."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import trustme
from yarl import URL

from sandbox.mindvideo.faults import Call, Fault, FaultKind
from sandbox.sandbox import Sandbox
from tests.hardening.attack import Attack, Measured
from tests.support.bot_process import BotProcess, bot_process, start
from tests.support.sandbox import running_sandbox
from tests.support.slack_user import SlackUser
from tests.support.wire import FILE, front_of, raw_server, tunnelling

PASSWORD = "hush-hush"
SOON = {"POLL_MIN_SECONDS": "0.05", "POLL_MAX_SECONDS": "0.1"}
SIGNED = "?X-Amz-Signature=%2B+%2f==&&k='x'(1)*!$,[]@:%7e%zz"
OUTPUTS = 500
FILES = 10
TRIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """A bot as a process, between simulated services."""

    bot: BotProcess
    sandbox: Sandbox
    user: SlackUser

    def render(self, urls: Sequence[str], state: str) -> None:
        """Have every task end at once, with files at these addresses."""
        output = {"images": [{"url": url} for url in urls]}
        task = {"task_id": "t", "status": state, "output": output, "cost_actual": "0.0756"}
        self.sandbox.video.faults.clear()
        for call in (Call.EVENTS, Call.TASK):
            self.sandbox.video.fail(
                Fault(
                    call=call,
                    kind=FaultKind.ANSWER_BEFORE,
                    times=None,
                    status=200,
                    body=json.dumps(task),
                )
            )


@asynccontextmanager
async def live(folder: Path, changes: Mapping[str, str]) -> AsyncIterator[Live]:
    """Run the bot in a sandbox of its own while the context lasts."""
    async with running_sandbox() as sandbox, live_in(sandbox, folder, changes) as running:
        yield running


@asynccontextmanager
async def live_in(
    sandbox: Sandbox, folder: Path, changes: Mapping[str, str]
) -> AsyncIterator[Live]:
    """Run the bot in a sandbox while the context lasts."""
    environment = {**sandbox.environment(socket_mode=False), **SOON, **changes}
    async with bot_process(environment, folder) as bot:
        sandbox.deliver_to_port(await bot.port())
        yield Live(bot=bot, sandbox=sandbox, user=SlackUser(sandbox=sandbox))


async def many_signed_outputs(folder: Path) -> Measured:
    """Finish with 500 files at signed addresses, each behind a redirect that sets a cookie."""
    paths = [f"/a%2Fb/{number}.png{SIGNED}" for number in range(FILES)]
    cookie = b"\r\nSet-Cookie: id=1; Path=/\r\n\r\n"
    answers = [
        answer
        for path in paths
        for answer in (
            f"HTTP/1.1 302 Found\r\nLocation: {path}\r\nContent-Length: 0".encode() + cookie,
            FILE.replace(b"\r\n\r\n", cookie),
        )
    ]
    async with raw_server(*answers) as wire, live(folder, {}) as running:
        urls = [f"{wire.address}/first/{number}{SIGNED}" for number in range(OUTPUTS)]
        running.render(urls, "COMPLETED")
        await running.user.type("a red car")
        await running.user.until_delivered()
        (result,) = running.user.replies()
    firsts = [f"/first/{number}{SIGNED}" for number in range(FILES)]
    expected = [target for pair in zip(firsts, paths, strict=True) for target in pair]
    exact = sum(map(str.__eq__, wire.targets, expected))
    cookies = b"".join(wire.heads).lower().count(b"cookie")
    links = str(result.blocks).count("/first/")
    figure = (
        f"{len(result.files)} files, {links} link; {exact} of {len(wire.targets)} addresses exact,"
        f" {cookies} cookies sent"
    )
    is_exact = wire.targets == expected and not cookies
    return Measured(figure=figure, held=len(result.files) == FILES and links == 1 and is_exact)


async def company_network(folder: Path) -> Measured:
    """Make a video where MindVideo is behind a proxy that ends TLS by an authority of its own."""
    authority, certificate = trustme.CA(), folder / "authority.pem"
    authority.cert_pem.write_to_path(str(certificate))
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("api.mindvideo.example").configure_cert(tls)
    async with running_sandbox() as sandbox:
        port = URL(sandbox.video_url).port or 0
        async with front_of(port, tls=tls) as secure, tunnelling(secure) as proxy:
            changes = {
                "HTTPS_PROXY": f"http://me:{PASSWORD}@127.0.0.1:{proxy.port}",
                # The simulated service takes a whole address as well, as a proxy does.
                "HTTP_PROXY": sandbox.video_url,
                "SSL_CERT_FILE": str(certificate),
                "MINDVIDEO_BASE_URL": "https://api.mindvideo.example",
            }
            async with live_in(sandbox, folder, changes) as running:
                await running.user.type("a red car")
                await running.user.until_delivered()
                (result,) = running.user.replies()
    charges = len(sandbox.video.charges)
    targets = {head.split(b" ", 2)[1].decode() for head in proxy.heads}
    figure = f"{charges} charge, {len(result.files)} file, {len(proxy.heads)} tunnel"
    is_tunnelled = targets == {"api.mindvideo.example:443"}
    is_made = charges == 1 and len(result.files) == 1
    return Measured(figure=figure, held=is_made and is_tunnelled)


async def ipv6_alone(folder: Path) -> Measured:
    """Make a video where Slack, MindVideo and the bot have addresses of IPv6 alone."""
    async with running_sandbox() as sandbox:
        slack, video = (URL(url).port or 0 for url in (sandbox.slack_url, sandbox.video_url))
        async with front_of(slack, host="::1") as api, front_of(video, host="::1") as tasks:
            changes = {
                "HOST": "::1",
                "SLACK_API_URL": f"http://[::1]:{api}/api/",
                "MINDVIDEO_BASE_URL": f"http://[::1]:{tasks}",
            }
            async with live_in(sandbox, folder, changes) as running:
                sandbox.slack.deliver_to(f"http://[::1]:{await running.bot.port()}/slack/events")
                await running.user.type("a red car")
                await running.user.until_delivered()
                (result,) = running.user.replies()
    charges = len(sandbox.video.charges)
    figure = f"{charges} charge, {len(result.files)} file"
    return Measured(figure=figure, held=charges == 1 and len(result.files) == 1)


async def failing_proxy(folder: Path) -> Measured:
    """Reach MindVideo by a proxy that wants a password, talks nonsense, and breaks off."""
    answers = (b"HTTP/1.1 407 Auth\r\n\r\n", b"nonsense\r\n\r\n", b"")
    async with raw_server(*answers) as proxy:
        changes = {
            "ALL_PROXY": f"http://me:{PASSWORD}@127.0.0.1:{proxy.port}",
            "MINDVIDEO_BASE_URL": "https://api.mindvideo.example",
        }
        async with live(folder, changes) as running:
            await running.user.type("a red car")
            await proxy.asked(TRIES)
            messages = len(running.user.messages())
        lines = list(running.bot.lines)
    told = sum("MindVideo cannot be reached: the proxy 127.0.0.1" in line for line in lines)
    doubts = sum("The connection to MindVideo broke" in line for line in lines)
    leaks = sum(PASSWORD in line or "aHVzaC1odXNo" in line for line in lines)
    tunnels = set(proxy.targets)
    figure = (
        f"{len(proxy.heads)} tries, {told} told why, {doubts} in doubt, {leaks} lines with the"
        f" password; {messages} message in Slack, which is reached directly"
    )
    is_apart = tunnels == {"api.mindvideo.example:443"} and messages == 1
    return Measured(figure=figure, held=told >= TRIES - 1 and not doubts + leaks and is_apart)


INNER = (
    "http://169.254.169.254/latest/meta-data/",
    "http://[::7f00:1]/",
    "http://[64:ff9b::a9fe:a9fe]/",
    "http://metadata.google.internal/",
)


async def inner_addresses(folder: Path) -> Measured:
    """Finish with files at inner addresses, which a proxy could reach; every other by redirect."""
    async with (
        raw_server(FILE) as proxy,
        raw_server(b"") as outside,
        live(folder, {"ALL_PROXY": proxy.address}) as running,
    ):
        for number, url in enumerate(INNER):
            redirect = f"HTTP/1.1 302 Found\r\nLocation: {url}\r\nContent-Length: 0\r\n\r\n"
            outside.answers = [redirect.encode()]
            running.render([url if number % 2 else f"{outside.address}/first"], "succeeded")
            await running.user.type(f"a red car, number {number}")
            await running.user.until_delivered(number + 1)
        results = running.user.replies()
    files = sum(len(result.files) for result in results)
    figure = f"{len(INNER)} addresses, {len(proxy.heads)} requests made, {files} files brought"
    return Measured(figure=figure, held=not proxy.heads and not files)


WRONG = (
    ("SLACK_BOT_TOKEN", "xoxp-hush"),
    ("SLACK_BOT_TOKEN", '"xoxb-hush"'),
    ("SLACK_APP_TOKEN", "xoxb-hush"),
    ("SLACK_SIGNING_SECRET", "hush-hush"),
    ("MINDVIDEO_API_KEY", "mv_live_hush hush"),
    ("ALL_PROXY", "socks5://me:hush@127.0.0.1:1080"),
)


async def wrong_secrets(folder: Path) -> Measured:
    """Start with one secret of the wrong kind each time."""
    named = await asyncio.gather(*(_is_named(folder, *each) for each in WRONG))
    figure = f"{sum(named)} of {len(WRONG)} named, with exit code 2 and without the value"
    return Measured(figure=figure, held=all(named))


async def _is_named(folder: Path, variable: str, value: str) -> bool:
    right = {
        "SLACK_BOT_TOKEN": "xoxb-1",
        "SLACK_SIGNING_SECRET": "0" * 32,
        "MINDVIDEO_API_KEY": "mv_live_1",
    }
    bot = await start({**right, variable: value}, folder)
    code = await bot.ended()
    (line,) = bot.lines
    return code == 2 and line.startswith(f"{variable} is wrong: ") and "hush" not in line


ATTACKS = (
    Attack(
        name="a proxy with a password, and certificates of a company's own",
        bound="one video by one charge, and nothing of MindVideo's past the proxy",
        run=company_network,
    ),
    Attack(
        name="a machine with IPv6 alone",
        bound="one video by one charge",
        run=ipv6_alone,
    ),
    Attack(
        name="500 outputs at signed addresses behind redirects that set cookies",
        bound="ten files and a link; every address is sent byte for byte, no cookie",
        run=many_signed_outputs,
    ),
    Attack(
        name="a proxy that wants a password, talks nonsense and breaks off",
        bound="no submit is in doubt, the log says why and has no password, Slack goes on",
        run=failing_proxy,
    ),
    Attack(
        name="files at inner addresses that a proxy could reach",
        bound="no request is made, no file is brought",
        run=inner_addresses,
    ),
    Attack(
        name="secrets of the wrong kind, in quotation marks, cut, a proxy of another kind",
        bound="each is named at the start, without its value",
        run=wrong_secrets,
    ),
)
