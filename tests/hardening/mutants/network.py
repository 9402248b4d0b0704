"""Faults in connections, in addresses, and in what other services say."""

from __future__ import annotations

from tests.hardening.mutant import Mutant

_NETWORK = "tests/base/test_network.py::"
_WIRE = "tests/mindvideo/test_wire.py::"
_HTTP = "tests/mindvideo/test_http.py::"
_SETTINGS = "tests/base/test_settings.py::"

MUTANTS = (
    Mutant(
        name="takes a reply that was lost for a request that was never sent",
        file="bot/base/network_errors.py",
        old="NotConnectedError | InvalidAddressError | aiohttp.InvalidURL",
        new="NotConnectedError | InvalidAddressError | aiohttp.ClientError",
        tests=(_WIRE + "test_a_submit_that_reached_a_proxy_and_got_no_answer_is_in_doubt",),
    ),
    Mutant(
        name="asks a proxy for inner addresses",
        file="bot/base/network.py",
        old='            if not self._may_name(req.url.host or ""):\n',
        new='            if req.proxy is None and not self._may_name(req.url.host or ""):\n',
        tests=(_WIRE + "test_an_inner_address_is_refused_also_behind_a_proxy",),
    ),
    Mutant(
        name="connects to whatever address a name resolves to",
        file="bot/base/network.py",
        old="        if not (_TO_PROXY.get() or self._may_connect(str(address[0]))):\n",
        new="        if not (_TO_PROXY.get() or address):\n",
        tests=(_NETWORK + "test_no_connection_is_made_to_a_resolved_address_that_is_not_public",),
    ),
    Mutant(
        name="sends the proxy's password into the log",
        file="bot/base/network_errors.py",
        old='f"the proxy {req.proxy.host_port_subcomponent}"',
        new='f"the proxy {req.proxy}"',
        tests=(_NETWORK + "TestThroughAProxy::test_a_proxy_that_is_not_there_is_the_reason",),
    ),
    Mutant(
        name="encodes a signed address anew",
        file="bot/base/addresses.py",
        old="    return URL(encoded(address), encoded=True)\n",
        new="    return URL(encoded(address))\n",
        tests=(_WIRE + "test_a_signed_address_is_sent_byte_for_byte",),
    ),
    Mutant(
        name="keeps cookies",
        file="bot/base/network.py",
        old="        cookie_jar=aiohttp.DummyCookieJar(),\n",
        new="",
        tests=(_WIRE + "test_no_cookie_goes_from_one_download_to_the_next",),
    ),
    Mutant(
        name="keeps cookies in the jar of httpx",
        file="bot/mindvideo/http.py",
        old="        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),\n",
        new="",
        tests=(_HTTP + "test_no_cookie_goes_from_one_call_to_the_next",),
    ),
    Mutant(
        name="takes a host that was not reached for a reply that was lost",
        file="bot/mindvideo/http.py",
        old="        if isinstance(cause, TRANSPORT_ERRORS):\n",
        new="        if isinstance(cause, TRANSPORT_ERRORS) and not str(error):\n",
        tests=(_HTTP + "TestASubmitThatWasNeverSent",),
    ),
    Mutant(
        name="sends an address as httpx writes it",
        file="bot/mindvideo/http.py",
        old="url if isinstance(url, URL) else exact(str(request.url))",
        new="exact(str(request.url))",
        tests=(_HTTP + "test_a_redirect_is_followed_by_its_bytes",),
    ),
    Mutant(
        name="unpacks what is compressed more than once",
        file="bot/mindvideo/http.py",
        old='if "," in encoding:',
        new='if "," in response.headers.get("content-length", ""):',
        tests=(_HTTP + "test_a_file_that_is_compressed_more_than_once_is_not_unpacked",),
    ),
    Mutant(
        name="ends a task by the error of a call",
        file="bot/mindvideo/task.py",
        old="TaskState.UNKNOWN if is_wrapper or is_of_call else state",
        new="state",
        tests=("tests/mindvideo/test_task.py::test_an_answer_that_names_no_task_ends_none",),
    ),
    Mutant(
        name="shows a token of the wrong kind",
        file="bot/base/setting_groups.py",
        old='f"it does not begin with {prefix}{more}"',
        new='f"{value} does not begin with {prefix}{more}"',
        tests=(_SETTINGS + "test_a_secret_of_the_wrong_shape_is_named_without_its_value",),
    ),
)
