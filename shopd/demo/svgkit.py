# SPDX-License-Identifier: MIT
"""svgkit: the few SVG shapes and colour helpers that the demo shop's pictures are made of."""

import math

INK, CREAM, BONE = "#2d3138", "#f6eddf", "#ece2d0"
OAK, ASH, WALNUT, CORK = "#d3a878", "#e4cba5", "#80573c", "#c99b6a"
BRASS, STEEL, IRON, COPPER = "#cda24f", "#bcc3c9", "#565e67", "#c77b52"
TEAL, FOREST, SAGE, MOSS = "#3b7d7a", "#3f5f4c", "#a3b79c", "#7d8f5b"
RUST, MUSTARD, ROSE, BERRY = "#c4643f", "#e0aa45", "#dba092", "#8f4254"
NAVY, SLATE, SKY, CHALK = "#33496b", "#708396", "#a9c3d6", "#f4f1ea"


def num(value):
    """A number in as few characters as one decimal needs."""
    text = f"{value:.1f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def nums(*values):
    return " ".join(num(v) for v in values)


def join(*parts):
    """Shapes in the order they are painted."""
    return "".join(parts)


def mix(a, b, t):
    """The colour that lies the fraction t of the way from a to b."""
    pairs = ((int(a[i : i + 2], 16), int(b[i : i + 2], 16)) for i in (1, 3, 5))
    return "#" + "".join(f"{round(x + (y - x) * t):02x}" for x, y in pairs)


def light(colour, t=0.25):
    return mix(colour, "#ffffff", t)


def dark(colour, t=0.18):
    return mix(colour, "#1d1b26", t)


def _paint(fill, alpha):
    return f' fill="{fill}"' + (f' opacity="{alpha:g}"' if alpha != 1 else "")


def rect(x, y, w, h, fill, r=0, alpha=1):
    corner = f' rx="{num(r)}"' if r else ""
    return (
        f'<rect x="{num(x)}" y="{num(y)}" width="{num(w)}" height="{num(h)}"{corner}'
        f"{_paint(fill, alpha)}/>"
    )


def ellipse(cx, cy, rx, ry, fill, alpha=1):
    return (
        f'<ellipse cx="{num(cx)}" cy="{num(cy)}" rx="{num(rx)}" ry="{num(ry)}"'
        f"{_paint(fill, alpha)}/>"
    )


def circle(cx, cy, r, fill, alpha=1):
    return f'<circle cx="{num(cx)}" cy="{num(cy)}" r="{num(r)}"{_paint(fill, alpha)}/>'


def ring(cx, cy, r, stroke, width, alpha=1):
    opacity = f' opacity="{alpha:g}"' if alpha != 1 else ""
    return (
        f'<circle cx="{num(cx)}" cy="{num(cy)}" r="{num(r)}" fill="none" stroke="{stroke}"'
        f' stroke-width="{num(width)}"{opacity}/>'
    )


def shape(d, fill, alpha=1):
    return f'<path d="{d}"{_paint(fill, alpha)}/>'


def stroke(d, colour, width, alpha=1, cap="round"):
    """An open line with round joints."""
    opacity = f' opacity="{alpha:g}"' if alpha != 1 else ""
    ends = f' stroke-linecap="{cap}"' if cap != "butt" else ""
    return (
        f'<path d="{d}" fill="none" stroke="{colour}" stroke-width="{num(width)}"{ends}'
        f' stroke-linejoin="round"{opacity}/>'
    )


def line(x1, y1, x2, y2, colour, width, alpha=1):
    return stroke(f"M{nums(x1, y1)}L{nums(x2, y2)}", colour, width, alpha)


def lines(segments, colour, width, alpha=1):
    """Many straight lines of one look, as one path."""
    return stroke(
        "".join(f"M{nums(*s[:2])}L{nums(*s[2:])}" for s in segments), colour, width, alpha
    )


def dots(points, radius, colour, alpha=1):
    """Many equal dots, as one path: lines without length, with round ends."""
    return stroke("".join(f"M{nums(*p)}h0" for p in points), colour, 2 * radius, alpha)


def text(x, y, size, content, fill, weight="400", spacing=0):
    gap = f' letter-spacing="{num(spacing)}"' if spacing else ""
    return (
        f'<text x="{num(x)}" y="{num(y)}" font-size="{num(size)}" fill="{fill}"'
        f' font-family="Georgia,serif" font-weight="{weight}" text-anchor="middle"{gap}>'
        f"{content}</text>"
    )


def group(transform, *parts):
    return f'<g transform="{transform}">{"".join(parts)}</g>'


def turned(angle, *parts, cx=200, cy=200):
    return group(f"rotate({nums(angle, cx, cy)})", *parts)


def _profile(points, cx, factor):
    return [(cx + factor * w, y) for w, y in points]


def _through(points, smooth):
    """Path commands after the first point: straight, or curved with the points as handles."""
    if not smooth or len(points) < 3:
        return "".join(f"L{nums(*p)}" for p in points[1:])
    out = []
    for here, after in zip(points[1:-2], points[2:-1]):
        middle = ((here[0] + after[0]) / 2, (here[1] + after[1]) / 2)
        out.append(f"Q{nums(*here)} {nums(*middle)}")
    out.append(f"Q{nums(*points[-2])} {nums(*points[-1])}")
    return "".join(out)


def _band(points, cx, inner, outer, smooth):
    down = _profile(points, cx, outer)
    up = _profile(points, cx, inner)[::-1]
    return (
        f"M{nums(*down[0])}"
        + _through(down, smooth)
        + f"L{nums(*up[0])}"
        + _through(up, smooth)
        + "z"
    )


def lathe(points, colour, cx=200, smooth=True, shine=0.3, shade=0.16):
    """A turned body: points are (half width, y) from top to bottom; lit from the left."""
    parts = [shape(_band(points, cx, -1, 1, smooth), colour)]
    if shade:
        parts.append(shape(_band(points, cx, 0.5, 1, smooth), dark(colour, shade)))
    if shine:
        parts.append(shape(_band(points, cx, -0.82, -0.66, smooth), light(colour, shine)))
    return "".join(parts)


def spin(cx, cy, radius, count, start=0):
    """count points evenly round a circle, from the top, clockwise."""
    for i in range(count):
        a = math.radians(start + 360 * i / count)
        yield cx + radius * math.sin(a), cy - radius * math.cos(a)
