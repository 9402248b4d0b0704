"""Tests of the links to images that are refused before anything is charged."""

from __future__ import annotations

import pytest

from bot.base.errors import UsageError
from bot.options.catalog import Catalog
from bot.options.request import check_input

KLING = Catalog.load().default


@pytest.mark.parametrize(
    "link",
    [
        "https://a.b/c.png",
        "https://A.B:8443/c%20d.png?e=f#g",
        "https://user:word@a.b/c",
        "https://8.8.8.8/c.png",
        "https://a.b/w=5,h=5/c.png",
        "https://a.b/web/https://c.d/e.png",
        "https://a.b/web?of=https://c.d/e.png",
        "https://a.b/c_(d)",
        "slack-file:F1",
    ],
)
def test_a_link_to_the_internet_is_taken(link: str) -> None:
    assert check_input(KLING, {"prompt": "x", "image_urls": [link]}).input["image_urls"] == [link]


@pytest.mark.parametrize(
    "link",
    [
        "",
        "x",
        "cat.png",
        "http://a.b/c.png",
        "ftp://a.b/c.png",
        "file:///etc/passwd",
        "data:image/png;base64,AAAA",
        "//a.b/c.png",
        "https://",
        "https:///c.png",
        "https://[::1",
        "https://a.b:port/",
        "https://a.b/c d.png",
        "https://127.0.0.1\\@a.b/c.png",
    ],
)
def test_what_is_no_https_link_is_refused(link: str) -> None:
    with pytest.raises(UsageError, match=r"^`--last-frame-image` must be a link that begins with"):
        check_input(KLING, {"prompt": "x", "last_frame_image": link})


@pytest.mark.parametrize(
    "link",
    [
        "https://a.b/c.png,",
        "https://a.b/c.png.",
        "https://a.b/c.png,HTTPS://a.b/d.png",
        "https://a.b/c.png|https://a.b/d.png",
        "https://a.b/c.pnghttps://a.b/d.png",
    ],
)
def test_several_links_in_one_are_refused(link: str) -> None:
    with pytest.raises(UsageError, match=r"one link, .* Write `--image-urls` before each\."):
        check_input(KLING, {"prompt": "x", "image_urls": [link]})


@pytest.mark.parametrize(
    "link",
    [
        "https://localhost/a.png",
        "https://127.1/a.png",
        "https://a.b@192.168.0.1/a.png",
        "https://[::ffff:10.0.0.1]/a.png",
        "https://169.254.169.254/latest",
        "https://nas/a.png",
        "https://printer.local:443/a.png",
    ],
)
def test_a_link_into_this_network_is_refused(link: str) -> None:
    with pytest.raises(UsageError, match="leads to this machine or a private network"):
        check_input(KLING, {"prompt": "x", "first_frame_image": link})
