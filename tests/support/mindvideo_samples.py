"""MindVideo's responses, recorded or written by hand, by file name."""

from pathlib import Path

from bot.mindvideo.exchange import Answer

_FOLDER = Path(__file__).parent / "samples" / "mindvideo"


def sample(name: str) -> str:
    """Return a sample's text with its line ends unchanged."""
    return (_FOLDER / name).read_bytes().decode()


def answered(name: str, status: int = 200, **headers: str) -> Answer:
    """Return a sample as a response with the content type of its suffix."""
    types = {".json": "application/json", ".html": "text/html", ".txt": "text/event-stream"}
    all_headers = {"content-type": types[Path(name).suffix]}
    all_headers |= {key.replace("_", "-"): value for key, value in headers.items()}
    return Answer(status=status, headers=all_headers, text=sample(name))
