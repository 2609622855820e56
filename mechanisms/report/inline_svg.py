"""Put matplotlib's SVG into the page: no style attributes (the page's policy forbids them), no
colliding ids, and colours as classes, so that the page's dark mode reaches into the figure."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from mechanisms.report import style

SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"

# Colour in the file -> class in the page.
COLOUR_CLASSES = {
    style.INK: "ink",
    style.MUTED: "muted",
    style.GRID: "grid",
    style.BAND: "band",
    style.PAPER: "paper",
    style.TARGET: "target",
    style.REFERENCE: "reference",
} | {colour: style.claim_slug(claim) for claim, colour in style.CLAIM_COLOURS.items()}
# Font families are left to the page.
_ATTRIBUTES = {
    "fill", "fill-opacity", "fill-rule", "stroke", "stroke-width", "stroke-opacity",
    "stroke-dasharray", "stroke-dashoffset", "stroke-linejoin", "stroke-linecap",
    "stroke-miterlimit", "opacity", "clip-path", "clip-rule", "font-size", "font-weight",
    "font-style", "text-anchor",
}  # fmt: skip
_REFERENCE = re.compile(r"url\(#([^)]+)\)")


def inline_svg(source: str, name: str, title: str, description: str) -> str:
    """Return the SVG as one element for the page, with ``name`` before each id it keeps."""
    root = ET.fromstring(source)
    for child in list(root):
        if child.tag == f"{{{SVG}}}metadata" or child.tag == f"{{{SVG}}}title":
            root.remove(child)
    for parent in root.iter():
        for child in list(parent):
            if child.tag == f"{{{SVG}}}style":
                parent.remove(child)
    used = _referenced(root)
    for element in root.iter():
        _plain_attributes(element, name, used)
    for size in ("width", "height", "version"):
        root.attrib.pop(size, None)
    root.set("class", "figure")
    root.set("role", "img")
    root.set("aria-labelledby", f"{name}-title {name}-desc")
    root.set("stroke-linejoin", "round")
    for position, (tag, text) in enumerate((("title", title), ("desc", description))):
        element = ET.Element(f"{{{SVG}}}{tag}", {"id": f"{name}-{tag}"})
        element.text = text
        root.insert(position, element)
    return _serialised(root)


def _referenced(root: ET.Element) -> set[str]:
    used = set()
    for element in root.iter():
        for value in element.attrib.values():
            used.update(_REFERENCE.findall(value))
        link = element.get(f"{{{XLINK}}}href", "")
        if link.startswith("#"):
            used.add(link[1:])
    return used


def _plain_attributes(element: ET.Element, name: str, used: set[str]) -> None:
    for key, value in _declarations(element.attrib.pop("style", "")):
        if key in _ATTRIBUTES:
            element.set(key, value)
    old = element.get("id")
    if old is not None:
        if old in used or old.startswith("row-"):
            element.set("id", f"{name}-{old}")
        else:
            del element.attrib["id"]
    for key, value in list(element.attrib.items()):
        value = _REFERENCE.sub(lambda m: f"url(#{name}-{m.group(1)})", value)
        if key == f"{{{XLINK}}}href":
            del element.attrib[key]  # SVG 2 knows the plain name
            key = "href"
            value = f"#{name}-{value[1:]}" if value.startswith("#") else "".join(value.split())
        element.set(key, " ".join(value.split()))
    classes = []
    for key, kind in (("fill", "f"), ("stroke", "s")):
        known = COLOUR_CLASSES.get(element.get(key, "").lower())
        if known:
            classes.append(f"{kind}-{known}")
    if element.tag == f"{{{SVG}}}text" and element.get("fill") is None:
        classes.append("f-ink")
    if classes:
        element.set("class", " ".join(classes))


def _declarations(text: str) -> list[tuple[str, str]]:
    pairs = (part.split(":", 1) for part in text.split(";") if ":" in part)
    return [(key.strip(), value.strip()) for key, value in pairs]


def _serialised(root: ET.Element) -> str:
    for element in root.iter():
        element.tag = element.tag.removeprefix(f"{{{SVG}}}")
        if element.tag not in ("text", "tspan", "title", "desc"):
            element.text = None
        element.tail = None
    return ET.tostring(root, encoding="unicode", short_empty_elements=True)
