"""Marks what the bot makes of videos, pictures and films, as made with AI in its metadata."""

from __future__ import annotations

import io
import struct
import uuid

from PIL import ExifTags, Image

DIGITAL_SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
"""IPTC's term for what a model has made that was trained on media.

https://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia
"""

MADE_WITH_AI = "Made with AI"
"""The same in words, for programs that show only a description."""

# https://www.iptc.org/std/photometadata/specification/IPTC-PhotoMetadata#digital-source-type
XMP = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about=""'
    ' xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">'
    f"<Iptc4xmpExt:DigitalSourceType>{DIGITAL_SOURCE_TYPE}</Iptc4xmpExt:DigitalSourceType>"
    "</rdf:Description></rdf:RDF></x:xmpmeta>"
    '<?xpacket end="w"?>'
).encode()
"""The mark as an XMP packet."""

_XMP_IN_MP4 = uuid.UUID("be7acfcb-97a9-42e8-9c71-999491e3afac")

XMP_BOX = struct.pack(">I4s16s", 24 + len(XMP), b"uuid", _XMP_IN_MP4.bytes) + XMP
"""The mark as a box of an MP4, which may stand behind all others.

https://developer.adobe.com/xmp/docs/XMPSpecifications (part 3)
"""


def marked_jpeg(picture: Image.Image, *, quality: int) -> bytes:
    """Return a picture as a JPEG with the mark, in XMP and as EXIF's description."""
    exif = Image.Exif()
    exif[ExifTags.Base.ImageDescription] = MADE_WITH_AI
    target = io.BytesIO()
    picture.save(target, "JPEG", quality=quality, optimize=True, xmp=XMP, exif=exif)
    return target.getvalue()
