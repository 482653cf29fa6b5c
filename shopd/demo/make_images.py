#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""make_images: draws every picture that demo.json names into images/, the same bytes on every run.

usage: make_images.py           write images/*.svg, remove those that no product names
       make_images.py --check   change nothing; fail if images/ is not what would be written

A picture's name says its view: SLUG.svg shows the product, SLUG-colours.svg its colourways,
SLUG-detail.svg a part of it from near by, SLUG-scene.svg where it is used.
"""

import json
import pathlib
import sys
from typing import Callable, NamedTuple

import art_away as away
import art_home as home
from svgkit import (
    ASH,
    BERRY,
    BONE,
    BRASS,
    CHALK,
    COPPER,
    CREAM,
    FOREST,
    INK,
    IRON,
    MOSS,
    MUSTARD,
    NAVY,
    OAK,
    ROSE,
    RUST,
    SAGE,
    SKY,
    SLATE,
    STEEL,
    TEAL,
    WALNUT,
    circle,
    dark,
    ellipse,
    group,
    join,
    lathe,
    light,
    line,
    lines,
    mix,
    num,
    rect,
    shape,
    stroke,
)

HERE = pathlib.Path(__file__).resolve().parent
LIMIT = 6000  # bytes a picture

SAND, MIST, DUSK, BLUSH, BUTTER, DEW, LILAC, NIGHT = (
    "#f1e7d9",
    "#e6ebef",
    "#d5dde6",
    "#f5e3da",
    "#f8ecce",
    "#e3ebe2",
    "#ebe6f0",
    "#3a4656",
)


class Product(NamedTuple):
    """How one product is drawn."""

    draw: Callable[[str, str], str]
    place: str  # stand, flat (seen from above), wall or hang
    back: str  # background colour
    ways: tuple  # (main, accent) colours; the first is the product's own
    focus: tuple = (200, 200, 1.9)  # what the detail shows: x, y, magnification
    shadow: int = 110  # half width of the shadow on the ground
    scene: str = "table"
    half: int = 0  # half the width where that is more than the shadow's


PRODUCTS = {
    "hearth-casserole": Product(
        home.casserole,
        "stand",
        SAND,
        ((RUST, BRASS), (TEAL, BRASS), (MUSTARD, IRON)),
        (200, 190, 1.8),
        130,
    ),
    "walnut-chopping-board": Product(
        home.chopping_board, "flat", MIST, ((WALNUT, MIST),), scene="counter"
    ),
    "headland-chefs-knife": Product(home.knife, "flat", DEW, ((STEEL, WALNUT),), (272, 160, 2.1)),
    "shoreline-bowls": Product(
        home.bowls,
        "stand",
        BLUSH,
        ((SLATE, CREAM), (SAGE, CREAM), (ROSE, CREAM)),
        shadow=86,
        half=118,
    ),
    "beech-pepper-mill": Product(
        home.pepper_mill,
        "stand",
        BUTTER,
        (("#c98f5c", BRASS), (IRON, STEEL), (CREAM, COPPER)),
        shadow=58,
    ),
    "linen-apron": Product(
        home.apron, "wall", SAND, ((FOREST, WALNUT), (NAVY, WALNUT), (RUST, WALNUT)), scene="hook"
    ),
    "larder-jars": Product(home.jars, "stand", DEW, ((ASH, "#e9d9b4"),), (200, 170, 1.8), 135),
    "shoreline-mug": Product(
        home.mug,
        "stand",
        MIST,
        ((TEAL, "#d9c3a2"), (ROSE, "#d9c3a2"), (NAVY, "#d9c3a2")),
        (256, 230, 2),
        100,
        half=120,
    ),
    "cafe-pour-over": Product(home.pour_over, "stand", BLUSH, ((CHALK, WALNUT),), shadow=100),
    "soren-kettle": Product(
        home.kettle,
        "stand",
        DEW,
        ((IRON, WALNUT), (CHALK, OAK), (FOREST, WALNUT)),
        (120, 220, 1.9),
        112,
        half=168,
    ),
    "hand-coffee-grinder": Product(home.grinder, "stand", BUTTER, ((STEEL, WALNUT),), shadow=54),
    "morning-teapot": Product(
        home.teapot,
        "stand",
        LILAC,
        ((MUSTARD, WALNUT), (SLATE, OAK), (CHALK, BRASS)),
        shadow=92,
        half=160,
    ),
    "glass-french-press": Product(home.french_press, "stand", SAND, ((STEEL, INK),), shadow=88),
    "travel-tumbler": Product(
        home.tumbler, "stand", BLUSH, ((CHALK, NAVY), (MUSTARD, INK), (SAGE, FOREST)), shadow=58
    ),
    "cafe-no-4-beans": Product(home.coffee_bag, "stand", DEW, (("#c49a6c", RUST),), shadow=104),
    "soren-desk-lamp": Product(
        home.desk_lamp,
        "stand",
        MIST,
        ((RUST, BRASS), (FOREST, BRASS), (INK, STEEL)),
        shadow=74,
        scene="desk",
        half=134,
    ),
    "bell-pendant": Product(
        home.pendant,
        "hang",
        DUSK,
        ((FOREST, BRASS), (RUST, BRASS), (INK, COPPER)),
        scene="dining",
        half=118,
    ),
    "morel-table-lamp": Product(
        home.morel_lamp,
        "stand",
        DUSK,
        ((WALNUT, "#fdf3da"), (BRASS, "#fdf3da"), (INK, "#f6d3c2")),
        shadow=76,
        half=140,
    ),
    "heron-floor-lamp": Product(
        home.floor_lamp, "stand", SAND, (("#f4e6c8", OAK),), shadow=92, scene="room"
    ),
    "paper-moon-lantern": Product(home.paper_lantern, "hang", DUSK, (("#fbf1d9", WALNUT),)),
    "beeswax-candles": Product(
        home.candles, "stand", "#dcd5e0", (("#e9b95a", WALNUT),), (196, 150, 1.8), 140
    ),
    "garden-string-lights": Product(home.string_lights, "hang", NIGHT, (("#20262f", "#ffd67a"),)),
    "surveyors-notebook": Product(
        home.notebook,
        "flat",
        BUTTER,
        ((NAVY, MUSTARD), (RUST, CREAM), (FOREST, MUSTARD)),
        (210, 170, 1.8),
    ),
    "brass-pen": Product(home.pen, "flat", DEW, ((BRASS, INK),), (250, 160, 2.1)),
    "oak-pencil-cup": Product(home.pencil_cup, "stand", MIST, ((OAK, RUST),), shadow=78),
    "perpetual-calendar": Product(home.calendar_blocks, "stand", BLUSH, ((ASH, RUST),), shadow=138),
    "noon-desk-clock": Product(
        home.desk_clock,
        "stand",
        SAND,
        ((TEAL, BRASS), (MUSTARD, WALNUT), (INK, BRASS)),
        shadow=92,
        scene="desk",
    ),
    "letterpress-cards": Product(home.cards, "flat", DEW, ((ROSE, FOREST),)),
    "paper-scissors": Product(home.scissors, "flat", BLUSH, ((STEEL, INK),), (206, 204, 2)),
    "asen-dining-chair": Product(
        away.dining_chair,
        "stand",
        DEW,
        ((OAK, "#e8d6b3"), (INK, "#e8d6b3"), (RUST, "#e8d6b3")),
        (200, 190, 1.8),
        96,
    ),
    "drum-side-table": Product(
        away.side_table,
        "stand",
        BLUSH,
        ((FOREST, OAK), (CHALK, OAK), (RUST, WALNUT)),
        shadow=106,
        scene="room",
    ),
    "milking-stool": Product(
        away.stool, "stand", MIST, ((OAK, OAK), (INK, IRON), (MUSTARD, MUSTARD)), shadow=112
    ),
    "ladder-bookshelf": Product(
        away.ladder_shelf, "stand", SAND, ((OAK, TEAL),), shadow=104, scene="room"
    ),
    "hollow-armchair": Product(
        away.armchair,
        "stand",
        BUTTER,
        ((TEAL, WALNUT), (MUSTARD, WALNUT), (ROSE, OAK)),
        shadow=142,
        scene="room",
    ),
    "round-mirror": Product(away.wall_mirror, "wall", BLUSH, ((ASH, WALNUT),)),
    "fern-plant-stand": Product(away.plant_stand, "stand", SAND, ((OAK, COPPER),), shadow=84),
    "folding-trestle-desk": Product(
        away.trestle_desk, "stand", MIST, ((OAK, INK),), (270, 160, 1.8), 146
    ),
    "highland-blanket": Product(
        away.blanket, "stand", BLUSH, ((FOREST, CREAM), (BERRY, CREAM), (SLATE, CREAM)), shadow=132
    ),
    "linen-cushion": Product(
        away.cushion,
        "stand",
        DEW,
        ((ROSE, CREAM), (NAVY, CREAM), (MUSTARD, CREAM)),
        shadow=120,
        scene="sofa",
    ),
    "waffle-towels": Product(
        away.towels, "stand", MIST, (("#e8d8bd", SAGE), (SKY, CHALK), (ROSE, CREAM)), shadow=132
    ),
    "jura-rug": Product(away.rug, "flat", DUSK, (("#d9c8a9", TEAL),)),
    "merino-socks": Product(
        away.socks, "flat", BUTTER, ((NAVY, RUST), (FOREST, MUSTARD), (BERRY, CREAM))
    ),
    "seagrass-basket": Product(
        away.basket, "stand", SAND, (("#c9a468", CHALK),), shadow=104, scene="room"
    ),
    "cafe-tea-towels": Product(away.tea_towels, "wall", DEW, ((NAVY, RUST),)),
    "fjell-tent": Product(
        away.tent,
        "stand",
        DUSK,
        ((MUSTARD, "#f3e3b8"), (RUST, "#f2d9c4"), (MOSS, "#e6e4c4")),
        shadow=156,
        scene="camp",
    ),
    "larch-sleeping-bag": Product(
        away.sleeping_bag, "flat", SAND, ((FOREST, MUSTARD), (NAVY, RUST), (RUST, CREAM))
    ),
    "wander-backpack": Product(
        away.backpack,
        "stand",
        DEW,
        ((MOSS, WALNUT), (NAVY, WALNUT), (MUSTARD, WALNUT)),
        (200, 200, 1.8),
        96,
    ),
    "hillside-flask": Product(
        away.flask,
        "stand",
        MIST,
        ((FOREST, STEEL), (RUST, STEEL), (NAVY, STEEL)),
        shadow=70,
        half=84,
    ),
    "camp-lantern": Product(away.lantern, "stand", DUSK, ((RUST, "#f2a33a"),), shadow=82),
    "folding-camp-chair": Product(
        away.camp_chair,
        "stand",
        BUTTER,
        ((NAVY, OAK), (RUST, OAK), (MOSS, OAK)),
        shadow=116,
        scene="camp",
    ),
    "true-north-compass": Product(away.compass, "flat", SAND, ((BRASS, RUST),), (200, 228, 1.9)),
    "camp-hatchet": Product(away.hatchet, "flat", DEW, ((IRON, "#cf9d66"),)),
    "ribbed-beanie": Product(
        away.beanie, "stand", MIST, ((MUSTARD, MUSTARD), (NAVY, SLATE), (BERRY, ROSE)), shadow=112
    ),
    "stillwater-headphones": Product(
        away.headphones,
        "stand",
        SAND,
        ((TEAL, INK), (CHALK, "#a9805f"), (INK, IRON)),
        (296, 240, 2),
        128,
    ),
    "fjord-bookshelf-speaker": Product(
        away.speakers,
        "stand",
        MIST,
        ((OAK, "#4b4f57"), (INK, IRON), (CHALK, SLATE)),
        shadow=146,
        scene="shelf",
    ),
    "cobble-speaker": Product(
        away.pebble_speaker,
        "stand",
        BLUSH,
        ((SLATE, RUST), (RUST, INK), (SAGE, FOREST)),
        shadow=122,
    ),
    "overture-turntable": Product(away.turntable, "flat", DEW, ((WALNUT, RUST),), (250, 230, 1.9)),
    "sondag-radio": Product(
        away.radio,
        "stand",
        BUTTER,
        ((WALNUT, BRASS), (TEAL, BRASS), (CREAM, RUST)),
        shadow=140,
        scene="shelf",
    ),
    "studio-microphone": Product(away.microphone, "stand", LILAC, ((INK, BRASS),), shadow=84),
    "wagtail-earbuds": Product(
        away.earbuds,
        "stand",
        DEW,
        ((CHALK, SLATE), (INK, IRON), (ROSE, CREAM)),
        shadow=124,
        half=152,
    ),
}


# Rooms


def plant(x, y, size, pot):
    """A small leafy plant whose pot stands on (x, y)."""
    leaves = "".join(
        f'<path d="M0-36q{a} {b} {a * 2} {b * 2}q{-a} {-b / 3:g} {-a * 2} {-b * 2}z"/>'
        for a, b in ((-22, -18), (22, -20), (-12, -36), (14, -38), (0, -44))
    )
    return group(
        f"translate({num(x)} {num(y)}) scale({size:g})",
        f'<g fill="{FOREST}" stroke="{FOREST}" stroke-width="7"'
        f' stroke-linejoin="round">{leaves}</g>',
        shape("M-26-40h52l-7 40h-38z", pot),
        shape("M8-40h18l-7 40h-16z", dark(pot)),
        rect(-29, -46, 58, 11, light(pot, 0.12), 4),
    )


def books(x, y, tones):
    """Books lying on each other, the lowest on y."""
    return "".join(
        rect(x + 5 * (i % 2), y - 13 * (i + 1), 92 - 9 * i, 12, tone, 2)
        + rect(x + 5 * (i % 2) + 10, y - 13 * (i + 1), 4, 12, light(tone, 0.5))
        for i, tone in enumerate(tones)
    )


def top(y, tone):
    """The near edge of a wooden table, shelf or counter."""
    return (
        rect(0, y, 400, 400 - y, tone)
        + rect(0, y, 400, 7, light(tone, 0.25))
        + rect(0, y + 26, 400, 400, dark(tone, 0.12))
    )


def floor(y, tone):
    return (
        rect(0, y, 400, 400 - y, tone)
        + rect(0, y - 9, 400, 9, CHALK)
        + lines(((0, y + d, 400, y + d) for d in (18, 46, 80)), dark(tone, 0.14), 1.5)
    )


def picture(x, y, w, h, tone):
    return join(
        rect(x, y, w, h, OAK, 2),
        rect(x + 5, y + 5, w - 10, h - 10, CHALK),
        circle(x + w * 0.6, y + h * 0.38, w * 0.15, MUSTARD),
        shape(
            f"M{num(x + 5)} {num(y + h - 5)}l{num(w * .35)}-{num(h * .36)} "
            f"{num(w * .2)} {num(h * .16)} "
            f"{num(w * .2)}-{num(h * .22)} {num(w * .25 - 10)} {num(h * .42)}z",
            tone,
        ),
    )


def window(x, y, w, h):
    return join(
        rect(x - 8, y - 8, w + 16, h + 16, CHALK, 3),
        rect(x, y, w, h, "#cfe1ea"),
        shape(f"M{num(x)} {num(y + h)}q{num(w * .1)}-{num(h * .4)} {num(w * .6)} 0z", "#b3cbb0"),
        rect(x, y + h - 14, w, 14, "#a3bf9f"),
        rect(x + w / 2 - 3, y, 6, h, CHALK),
        rect(x, y + h / 2 - 3, w, 6, CHALK),
        rect(x - 16, y + h + 6, w + 32, 10, light(SAND, 0.4), 3),
    )


def placed(art, x, y, size):
    """The product, its foot (200, 320) moved to (x, y)."""
    return group(f"translate({num(x - 200 * size)} {num(y - 320 * size)}) scale({size:g})", art)


def shade(x, y, half):
    return ellipse(x, y, half, 9, INK, 0.16)


def scene_table(art, p):
    return join(
        window(40, 44, 120, 150),
        top(316, OAK),
        plant(330, 318, 1.15, COPPER),
        shade(196, 340, p.shadow * 0.82),
        placed(art, 196, 340, 0.82),
    )


def scene_counter(art, _):
    return join(
        lines(((0, y, 400, y) for y in (60, 120, 180, 240)), dark(MIST, 0.1), 2),
        top(322, "#d8d2c8"),
        lathe([(20, 214), (30, 236), (34, 290), (26, 326)], TEAL, 316),
        stroke("M306 214L292 130M318 214L322 118M326 214l20-72", OAK, 7),
        group("translate(-10 14) scale(.86)", turned_upright(art)),
        shade(80, 340, 60),
        ellipse(62, 322, 26, 24, "#d9542f"),
        ellipse(106, 326, 22, 20, "#e0693f"),
        stroke("M62 298l3-8M106 306l-3-8", FOREST, 5),
    )


def turned_upright(art):
    return group("rotate(-14 200 200)", art)


def scene_hook(art, _):
    return join(
        rect(0, 0, 400, 400, "#dfe6dc"),
        rect(40, 58, 320, 20, OAK, 4),
        *(circle(x, 68, 8, BRASS) for x in (84, 200, 316)),
        group("translate(48 52) scale(.76)", art),
        stroke("M316 70v54", WALNUT, 5),
        shape("M292 124h48l-6 150q-18 6-36 0z", RUST),
        lines(((294, y, 338, y) for y in (148, 236)), CREAM, 5),
        rect(79, 66, 10, 120, IRON, 5),
        circle(84, 216, 40, IRON),
        circle(84, 216, 32, dark(IRON, 0.3)),
        circle(84, 70, 3, CREAM),
    )


def scene_desk(art, p):
    return join(
        picture(236, 54, 108, 128, SLATE),
        top(316, WALNUT),
        books(262, 318, (NAVY, CREAM, RUST)),
        plant(308, 279, 0.62, CHALK),
        shade(160, 340, p.shadow * 0.84),
        placed(art, 168, 340, 0.84),
    )


def scene_dining(art, _):
    return join(
        window(30, 110, 96, 120),
        placed(art, 218, 262, 0.8),
        top(326, OAK),
        shape("M150 300h130q-6 38-38 38h-54q-32 0-38-38z", CHALK),
        shape("M244 300h36q-6 38-38 38h-20q20-12 22-38z", BONE),
        circle(186, 292, 17, MUSTARD),
        circle(218, 288, 18, RUST),
        circle(248, 293, 15, MUSTARD),
        rect(149, 298, 132, 7, light(CHALK, 0.6), 3),
    )


def scene_room(art, p):
    return join(
        picture(38, 52, 84, 104, TEAL),
        floor(306, "#d9b98f"),
        ellipse(206, 350, 190, 26, ROSE, 0.7),
        plant(346, 330, 1.3, CHALK),
        shade(200, 350, p.shadow * 0.84),
        placed(art, 200, 350, 0.84),
    )


def scene_sofa(art, _):
    sofa = "#6f8a8c"
    return join(
        picture(150, 28, 100, 78, RUST),
        floor(346, "#d9b98f"),
        rect(20, 138, 360, 180, sofa, 30),
        line(200, 150, 200, 290, dark(sofa), 3),
        placed(art, 150, 300, 0.66),
        rect(0, 214, 56, 142, light(sofa, 0.12), 24),
        rect(344, 214, 56, 142, dark(sofa, 0.08), 24),
        rect(40, 286, 320, 56, light(sofa, 0.08), 16),
        line(200, 292, 200, 338, dark(sofa), 3),
        rect(58, 340, 14, 26, WALNUT),
        rect(328, 340, 14, 26, WALNUT),
    )


def scene_camp(art, p):
    def pine(x, y, s):
        return group(
            f"translate({x} {y}) scale({s:g})",
            shape("M0-120l34 60h-16l28 50h-92l28-50h-16z", FOREST),
            rect(-5, -10, 10, 14, WALNUT),
        )

    return join(
        rect(0, 0, 400, 400, "#f3d6b8"),
        circle(292, 118, 36, "#fbeccd"),
        shape("M-20 270L90 120l70 92 60-72L420 280z", "#9fb0b8"),
        shape("M90 120l-30 41 22-6 12 12 20-15z", CHALK),
        shape("M0 262q120-50 230-16t180-10v60H0z", "#7f9a83"),
        pine(48, 296, 1),
        pine(352, 292, 1.2),
        pine(12, 306, 1.2),
        rect(0, 284, 400, 116, "#6d8560"),
        ellipse(200, 292, 260, 16, "#6d8560"),
        shade(200, 350, p.shadow * 0.9),
        placed(art, 200, 350, 0.86),
    )


def scene_shelf(art, p):
    return join(
        picture(268, 60, 92, 112, FOREST),
        rect(0, 318, 400, 18, OAK),
        rect(0, 332, 400, 8, dark(OAK, 0.3)),
        shape("M56 340h40l-40 38zM344 340h-40l40 38z", dark(OAK, 0.4)),
        plant(362, 318, 0.95, RUST),
        shade(176, 318, p.shadow * 0.72),
        placed(art, 172, 318, 0.74),
    )


SCENES = {name[6:]: f for name, f in globals().items() if name.startswith("scene_")}


# Views


def ground(back):
    """A soft backdrop with a lighter arch and the surface that things stand on."""
    return (
        rect(0, 0, 400, 400, back)
        + circle(200, 196, 168, light(back, 0.38))
        + rect(0, 312, 400, 88, dark(back, 0.07))
    )


def staged(art, p, back):
    """The product alone on its backdrop."""
    if p.place == "stand":
        return ground(back) + ellipse(206, 321, p.shadow, 10, INK, 0.17) + art
    if p.place == "hang":
        return rect(0, 0, 400, 400, back) + circle(200, 200, 176, light(back, 0.12)) + art
    return (
        rect(0, 0, 400, 400, back)
        + circle(200, 200, 184, light(back, 0.36))
        + f'<g filter="url(#s)">{art}</g>'
    )


def view_front(p):
    return staged(p.draw(*p.ways[0]), p, p.back)


def view_detail(p):
    x, y, size = p.focus
    near = f"translate({num(200 - x * size)} {num(200 - y * size)}) scale({size:g})"
    art = group(near, p.draw(*p.ways[0]))
    if p.place == "stand":
        return rect(0, 0, 400, 400, p.back) + circle(200, 200, 190, light(p.back, 0.38)) + art
    return staged(art, p, dark(p.back, 0.06))


def half_width(p):
    return max(p.half, p.shadow) + 8


def colour_sheet(p, count):
    """The first count colourways side by side."""
    size = min(0.74, 180 / count / half_width(p))
    middles = [200 + (i - (count - 1) / 2) * 374 / count for i in range(count)]
    foot = 215 + 100 * size if p.place != "hang" else 400 - 80 * size
    art = "".join(placed(p.draw(*way), x, foot, size) for x, way in zip(middles, p.ways))
    if p.place == "stand":
        shadows = "".join(ellipse(x + 2, foot + 1, p.shadow * size, 7, INK, 0.17) for x in middles)
        return (
            rect(0, 0, 400, 400, p.back)
            + rect(20, 60, 360, 400, light(p.back, 0.38), 110)
            + rect(0, foot - 8, 400, 400, dark(p.back, 0.07))
            + shadows
            + art
        )
    if p.place == "hang":
        cables = lines(((x, 0, x, foot - 300 * size) for x in middles), INK, 4 * size)
        return rect(0, 0, 400, 400, p.back) + cables + art
    return staged(art, p, p.back)


def view_colours(p):
    """Three colourways, or two where they are wide or three would pass the size limit."""
    three = colour_sheet(p, 3)
    fits = len(three.encode()) < LIMIT - 450  # the rest is the document around it
    return three if fits and half_width(p) < 130 else colour_sheet(p, 2)


def view_scene(p):
    wall = mix(p.back, SAND, 0.5)
    return rect(0, 0, 400, 400, wall) + SCENES[p.scene](p.draw(*p.ways[0]), p)


VIEWS = {"": view_front, "detail": view_detail, "colours": view_colours, "scene": view_scene}
LABELS = {
    "": "{}",
    "detail": "{}, close up",
    "colours": "{}, in several colours",
    "scene": "{} in use",
}


def escape(content):
    return content.replace("&", "&amp;").replace("<", "&lt;")


def picture_of(product, file_name):
    """The SVG document that file_name of a product of demo.json stands for."""
    view = file_name.removesuffix(".svg").removeprefix(product["slug"]).removeprefix("-")
    body = VIEWS[view](PRODUCTS[product["slug"]])
    soft = (
        (
            '<filter id="s" x="-20%" y="-20%" width="140%" height="140%">'
            '<feDropShadow dx="5" dy="8" stdDeviation="6"'
            ' flood-color="#2d3138" flood-opacity=".25"/></filter>'
        )
        if "url(#s)" in body
        else ""
    )
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 400" width="800" height="800"'
        f' role="img">'
        f'<title>{escape(LABELS[view].format(product["name"]))}</title>{soft}{body}</svg>\n'
    )
    if len(svg.encode()) >= LIMIT:
        raise ValueError(f"{file_name}: {len(svg.encode())} bytes, the limit is {LIMIT}")
    return svg


def main(arguments):
    shop = json.loads((HERE / "demo.json").read_text(encoding="utf-8"))
    wanted = {
        name: picture_of(product, name)
        for product in shop["products"]
        for name in product["images"]
    }
    folder = HERE / "images"
    present = {path.name: path for path in folder.glob("*.svg")}
    if arguments == ["--check"]:
        stale = sorted(
            set(present) ^ set(wanted)
            | {
                n
                for n in present.keys() & wanted.keys()
                if present[n].read_text(encoding="utf-8") != wanted[n]
            }
        )
        print(
            "\n".join(f"out of date: {name}" for name in stale)
            or f"{len(wanted)} pictures are up to date"
        )
        return 1 if stale else 0
    if arguments:
        print(__doc__, file=sys.stderr)
        return 2
    folder.mkdir(exist_ok=True)
    for name in present.keys() - wanted.keys():
        present[name].unlink()
    for name, svg in wanted.items():
        (folder / name).write_text(svg, encoding="utf-8")
    print(
        f"{len(wanted)} pictures, the largest {max(len(s.encode()) for s in wanted.values())} bytes"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
