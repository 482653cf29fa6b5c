# SPDX-License-Identifier: MIT
"""art_home: pictures of what stands in kitchens, at desks and under lamps.

Every function draws one product on a 400 x 400 sheet in a main and an accent colour; what stands,
stands on y = 320.
"""

from svgkit import (
    BERRY,
    BRASS,
    CHALK,
    CORK,
    CREAM,
    INK,
    IRON,
    MUSTARD,
    NAVY,
    RUST,
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
    rect,
    ring,
    shape,
    spin,
    stroke,
    text,
    turned,
)

# Kitchen


def casserole(c, k):
    def handle(x, way):
        return stroke(f"M{x} 232q{way * 30} -4 {way * 30} 15t{way * -30} 17", dark(c, 0.3), 13)

    return join(
        handle(92, -1),
        handle(308, 1),
        shape("M88 208h224v66q0 46-46 46h-132q-46 0-46-46z", c),
        shape("M258 208h54v66q0 46-46 46h-36q28-12 28-46z", dark(c)),
        rect(108, 228, 12, 56, light(c, 0.4), 6),
        shape("M92 204q0-54 108-54t108 54z", light(c, 0.06)),
        shape("M252 159q56 12 56 45h-40q4-30-16-45z", dark(c)),
        stroke("M124 182q16-16 52-19", light(c, 0.45), 7),
        rect(80, 198, 240, 18, dark(c, 0.25), 9),
        rect(190, 134, 20, 20, dark(k, 0.3)),
        ellipse(200, 130, 27, 11, k),
        ellipse(196, 127, 15, 4, light(k, 0.4)),
    )


def chopping_board(c, k):
    planks = "".join(
        rect(x, 62, 36, 292, tone)
        for x, tone in (
            (130, dark(c, 0.12)),
            (166, light(c, 0.1)),
            (202, dark(c, 0.2)),
            (238, light(c, 0.05)),
        )
    )
    grain = stroke(
        "".join(f"M{x} 120q6 50-2 100t3 110" for x in (112, 147, 184, 222, 255, 287)),
        dark(c, 0.35),
        1.5,
        0.5,
    )
    return turned(
        14,
        rect(94, 62, 212, 292, c, 22),
        planks,
        rect(274, 62, 32, 292, dark(c, 0.08), 16),
        grain,
        stroke("M116 138h168v190h-168z", dark(c, 0.4), 6, 0.55),
        circle(200, 94, 15, k),
        ring(200, 94, 15, dark(c, 0.4), 3),
    )


def knife(c, k):
    rivets = "".join(circle(x, 197, 4.5, BRASS) for x in (278, 312, 346))
    return turned(
        -32,
        shape("M20 186Q44 174 90 172H250v60Q100 236 20 186z", c),
        shape("M20 186Q100 236 250 232v-15Q110 222 20 186z", light(c, 0.55)),
        stroke("M62 180Q80 177 96 177H246", dark(c, 0.25), 2, 0.7),
        rect(244, 172, 15, 50, dark(c, 0.35), 3),
        shape("M258 174h96q18 0 18 20v10q0 24-20 20-50-14-94-6z", k),
        shape("M258 206q50-8 94 4 14 4 20-6 0 24-20 20-50-14-94-6z", dark(k, 0.3)),
        rivets,
    )


def _bowl(cy, w, h, c, k):
    return join(
        ellipse(200, cy, w, w * 0.13, dark(k, 0.22)),
        shape(
            f"M{200 - w} {cy}q{w} {w * .26:.0f} {2 * w} 0q-4 {h}-{w * .62:.0f} {h}"
            f"h-{w * .76:.0f}q-{w * .58:.0f} 0"
            f"-{w * .62:.0f}-{h}z",
            c,
        ),
        shape(
            f"M{200 + w} {cy}q-4 {h}-{w * .62:.0f} {h}h-{w * .3:.0f}"
            f"q{w * .5:.0f}-8 {w * .56:.0f}-{h * .88:.0f}"
            f"q20-2 {w * .36:.0f}-{h * .12:.0f}z",
            dark(c, 0.15),
        ),
        stroke(f"M{200 - w} {cy}q{w} {w * .26:.0f} {2 * w} 0", k, 5),
    )


def bowls(c, k):
    sizes = ((72, 58, 140), (90, 66, 168), (108, 76, 200), (126, 86, 234))
    tones = (light(c, 0.45), c, light(c, 0.2), dark(c, 0.12))
    return "".join(_bowl(y, w, h, tone, k) for (w, h, y), tone in zip(sizes, tones))


def pepper_mill(c, k):
    body = [(30, 168), (34, 182), (26, 200), (22, 220), (24, 250), (42, 276), (46, 300), (46, 320)]
    head = [(10, 92), (32, 96), (44, 118), (40, 142), (28, 156), (30, 164)]
    return join(
        lathe(body, c),
        rect(154, 306, 92, 6, dark(c, 0.3), 3, 0.5),
        lathe(head, light(c, 0.08)),
        rect(170, 160, 60, 9, k, 4),
        rect(192, 82, 16, 14, dark(k)),
        circle(200, 78, 12, k),
        circle(196, 74, 4, light(k, 0.5)),
    )


def apron(c, k):
    pockets = "".join(
        rect(x, 250, 62, 58, dark(c, 0.1), 6) + line(x + 2, 258, x + 60, 258, light(c, 0.3), 2)
        for x in (134, 204)
    )
    return join(
        stroke("M160 104q-14-66 40-66t40 66", k, 9),
        stroke("M126 190q-44 20-46 78", k, 8),
        stroke("M274 190q44 20 46 78", k, 8),
        shape("M150 96q50 18 100 0 2 68 38 92l8 158q-96 16-192 0l8-158q36-24 38-92z", c),
        shape("M250 96q2 68 38 92l8 158q-20 4-40 6 8-90-14-160-12-40-10-92z", dark(c, 0.1)),
        stroke("M152 106q48 16 96 0", light(c, 0.35), 2.5),
        pockets,
        stroke("M110 334q90 14 180 0", light(c, 0.35), 2.5),
        rect(150, 266, 10, 44, CREAM, 3),
        rect(164, 262, 7, 48, WALNUT, 3),
        rect(134, 276, 62, 32, dark(c, 0.1), 6),
        rect(190, 122, 20, 10, k, 2),
    )


def _jar(x, w, h, lid, content, fill):
    top = 320 - h
    return join(
        rect(x, top + 14, w, h - 14, "#ffffff", 12, 0.75),
        shape(
            f"M{x + 5} {320 - fill}q{w / 4:.0f}-10 {w / 2:.0f} 0t{w - 10 - w // 2} 0"
            f"v{fill - 15}q0 10-10 10"
            f"h-{w - 30}q-10 0-10-10z",
            content,
        ),
        rect(x + w - 18, top + 24, 18, h - 24, dark(content, 0.4), 10, 0.18),
        rect(x + 9, top + 32, 7, h - 56, "#ffffff", 3, 0.75),
        rect(x + 2, top + 8, w - 4, 8, "#d9dedb", 3),
        rect(x - 3, top - 10, w + 6, 20, lid, 6),
        rect(x - 3, top + 3, w + 6, 7, dark(lid, 0.2), 4),
    )


def jars(c, k):
    return (
        _jar(80, 88, 150, c, "#d8a25c", 100)
        + _jar(158, 84, 218, light(c, 0.08), k, 158)
        + _jar(236, 90, 112, dark(c, 0.08), "#b0584a", 64)
    )


# Coffee and tea


def mug(c, k):
    return join(
        ring(276, 240, 38, dark(c, 0.12), 19),
        ring(276, 240, 38, c, 11),
        lathe([(76, 164), (84, 220), (86, 270), (80, 306), (58, 320)], k, 190),
        shape("M114 164Q106 220 104 262q30 22 66 8t106 2Q276 214 266 164z", c),
        shape("M228 164Q234 220 232 268q24-4 44 4 0-58-10-108z", dark(c, 0.16)),
        shape("M128 182q-8 36-8 70h11q0-36 8-70z", light(c, 0.35)),
        ellipse(190, 164, 76, 16, light(c, 0.3)),
        ellipse(190, 166, 68, 12, dark(k, 0.12)),
        ellipse(190, 169, 60, 9, "#5a3826"),
    )


def pour_over(c, k):
    drops = "".join(circle(200, y, 2.6, "#5a3826") for y in (228, 240))
    return join(
        lathe(
            [(30, 206), (34, 226), (80, 260), (92, 296), (84, 320)],
            "#e6ecec",
            shade=0.06,
            shine=0.9,
        ),
        shape("M118 282q40-10 82 0t82 0q10 22-2 38h-160q-12-16-2-38z", "#5a3826"),
        shape("M246 286q18 2 36-4 10 22-2 38h-44q14-16 10-34z", "#3f2619"),
        drops,
        rect(164, 206, 72, 22, k, 8),
        rect(164, 218, 72, 10, dark(k, 0.25), 5),
        rect(152, 194, 96, 14, c, 7),
        stroke("M282 126q44-2 38 28t-52 26", dark(c, 0.12), 11),
        shape("M112 112h176l-54 84h-68z", c),
        shape("M244 112h44l-54 84h-26z", dark(c, 0.13)),
        lines(((a, 126, b, 184) for a, b in ((140, 172), (164, 184))), light(c, 0.4), 4),
        shape("M120 112q14-24 80-24t80 24z", "#f8f4ea"),
        ellipse(200, 112, 90, 11, light(c, 0.25)),
        ellipse(200, 112, 78, 7, "#6b4631"),
    )


def kettle(c, k):
    return join(
        stroke("M134 292q-48-4-52-60t-46-72", dark(c, 0.1), 17),
        stroke("M133 288q-44-4-48-60t-44-68", light(c, 0.12), 5),
        stroke("M266 178q64-16 66 34t-30 76", k, 15),
        stroke("M268 176q58-12 58 30", light(k, 0.25), 4),
        lathe([(66, 172), (84, 240), (96, 320)], c, smooth=False),
        rect(100, 308, 200, 12, dark(c, 0.3), 6),
        ellipse(200, 172, 68, 11, dark(c, 0.25)),
        shape("M138 168q12-26 62-26t62 26q-62 12-124 0z", light(c, 0.1)),
        shape("M228 145q28 5 34 23-16 4-30 5z", dark(c)),
        rect(194, 126, 12, 18, dark(k, 0.2)),
        circle(200, 120, 13, k),
        circle(196, 116, 4, light(k, 0.4)),
        circle(200, 244, 13, BRASS),
        circle(200, 244, 9, CHALK),
        line(200, 244, 205, 238, RUST, 2.5),
    )


def grinder(c, k):
    return join(
        lathe([(40, 240), (40, 320)], k, smooth=False),
        rect(160, 236, 80, 8, dark(k, 0.4)),
        lathe([(44, 146), (44, 240)], c, smooth=False, shine=0.5),
        lines(((x, 162, x, 226) for x in range(176, 232, 8)), dark(c, 0.3), 2, 0.5),
        rect(152, 138, 96, 12, dark(c, 0.25), 5),
        shape("M160 138q4-22 40-22t40 22z", light(c, 0.15)),
        rect(194, 96, 12, 24, IRON),
        rect(192, 90, 118, 11, dark(c, 0.15), 5),
        rect(196, 91, 106, 4, light(c, 0.5), 2),
        rect(292, 78, 8, 14, IRON),
        lathe([(9, 30), (19, 40), (20, 58), (11, 80)], k, 296),
        lines(((x, 252, x + 2, 312) for x in (180, 196, 214)), dark(k, 0.3), 1.5, 0.6),
    )


def teapot(c, k):
    return join(
        stroke("M280 206q66-30 62 26t-70 54", dark(c, 0.12), 17),
        stroke("M284 206q50-22 50 20", light(c, 0.25), 4),
        shape("M130 292Q72 284 66 220 64 204 40 196l10-12q38 6 48 34 10 22 38 26z", dark(c, 0.06)),
        lathe([(46, 176), (104, 190), (112, 250), (100, 306), (58, 320)], c),
        shape("M146 182q6-32 54-32t54 32q-54 12-108 0z", light(c, 0.1)),
        shape("M226 154q24 6 28 28-18 4-34 5z", dark(c)),
        stroke("M142 184q58 14 116 0", dark(c, 0.3), 4),
        rect(194, 138, 12, 14, dark(k, 0.2)),
        circle(200, 132, 13, k),
        circle(196, 128, 4, light(k, 0.5)),
        rect(140, 314, 120, 8, dark(c, 0.3), 4),
    )


def french_press(c, k):
    return join(
        stroke("M268 164h36q12 0 12 12v96q0 12-12 12h-36", k, 13),
        rect(130, 138, 140, 170, "#e9efef", 10, 0.9),
        shape("M136 196q32-9 64 0t64 0v98q0 10-10 10h-108q-10 0-10-10z", "#5b3a28"),
        rect(236, 192, 28, 110, "#3f2619", 0, 0.8),
        rect(134, 240, 132, 9, dark(c, 0.05), 3),
        rect(146, 150, 9, 140, "#ffffff", 4, 0.6),
        line(200, 70, 200, 240, dark(c, 0.2), 5),
        "".join(rect(x, 138, 9, 176, c, 3) for x in (128, 196, 263)),
        "".join(rect(126, y, 148, 9, light(c, 0.12), 3) for y in (162, 286)),
        shape("M124 140q4-30 76-30t76 30z", c),
        shape("M236 114q36 6 40 26h-36z", dark(c, 0.2)),
        rect(118, 136, 164, 10, dark(c, 0.25), 5),
        circle(200, 66, 17, k),
        circle(195, 60, 5, light(k, 0.4)),
        rect(124, 308, 152, 12, CORK, 4),
    )


def tumbler(c, k):
    return join(
        lathe([(58, 144), (54, 220), (44, 320)], c, smooth=False),
        shape("M144 190h112l-3 44h-106z", k),
        shape("M228 190h28l-3 44h-27z", dark(k)),
        rect(136, 128, 128, 20, dark(k, 0.25), 7),
        shape("M146 130q4-30 54-30t54 30z", dark(k, 0.1)),
        stroke("M162 116q12-8 34-9", light(k, 0.35), 5),
        rect(212, 92, 26, 12, dark(k, 0.35), 5),
        rect(156, 312, 88, 8, dark(c, 0.35), 4),
        *(
            circle(x, y, 1.8, dark(c, 0.3), 0.5)
            for x, y in ((176, 262), (204, 286), (190, 170), (216, 252), (182, 298))
        ),
    )


def coffee_bag(c, k):
    return join(
        shape("M112 128h176l10 180q0 12-12 12h-172q-12 0-12-12z", c),
        shape("M250 128h38l10 180q0 12-12 12h-42q16-90 6-192z", dark(c, 0.14)),
        shape("M112 128l-8-52q96-10 192 0l-8 52z", dark(c, 0.08)),
        rect(106, 92, 188, 12, k, 5),
        rect(96, 94, 14, 22, dark(k, 0.2), 4),
        rect(290, 94, 14, 22, dark(k, 0.2), 4),
        stroke("M128 140q-6 70-8 150", light(c, 0.3), 6),
        ring(200, 150, 9, dark(c, 0.3), 3),
        rect(136, 176, 128, 112, CREAM, 4),
        text(200, 204, 17, "CAFÉ", INK, "700", 3),
        text(200, 246, 38, "No. 4", k, "700"),
        line(162, 258, 238, 258, INK, 1.5),
        text(200, 276, 12, "WHOLE BEANS", INK, spacing=1),
    )


# Lighting


def desk_lamp(c, k):
    return join(
        shape("M232 150L302 168 322 320H150z", "#fff3c4", 0.5),
        ellipse(152, 312, 66, 10, dark(c, 0.3)),
        shape("M86 310q0-20 66-20t66 20v4q-66 12-132 0z", c),
        stroke("M104 302q18-8 42-8", light(c, 0.4), 4),
        line(152, 296, 108, 196, dark(c, 0.15), 9),
        line(108, 196, 214, 112, dark(c, 0.15), 9),
        line(150, 290, 108, 196, light(c, 0.2), 2.5),
        circle(108, 196, 13, k),
        circle(108, 196, 5, dark(k, 0.3)),
        circle(152, 294, 11, k),
        turned(
            14,
            shape("M224 92h34q8 0 12 10l40 62H172l40-62q4-10 12-10z", c),
            shape("M250 92q14 0 20 10l40 62h-36z", dark(c, 0.18)),
            shape("M220 110l-30 46h12l28-46z", light(c, 0.35)),
            rect(168, 158, 146, 11, dark(c, 0.25), 5),
            ellipse(241, 169, 50, 8, "#ffe9a6"),
            rect(228, 78, 26, 18, k, 5),
            cx=236,
            cy=112,
        ),
    )


def pendant(c, k):
    return join(
        line(200, 0, 200, 112, INK, 4),
        shape("M92 244h216l62 156H30z", "#fff0bb", 0.35),
        rect(184, 96, 32, 26, k, 6),
        rect(184, 112, 32, 10, dark(k, 0.2), 4),
        shape("M80 242q4-124 120-124t120 124z", c),
        shape("M240 122q76 16 80 120h-60q2-70-20-120z", dark(c, 0.16)),
        stroke("M104 212q10-54 56-72", light(c, 0.4), 9),
        ellipse(200, 242, 120, 17, dark(c, 0.3)),
        ellipse(200, 243, 110, 13, "#fff1c9"),
        ellipse(200, 247, 30, 15, "#ffd873"),
        ellipse(200, 245, 20, 11, "#fffbe9"),
    )


def morel_lamp(c, k):
    cap = "M88 210q2-112 112-112t112 112q-112 26-224 0z"
    return join(
        circle(200, 190, 148, "#fff2c2", 0.3),
        lathe([(16, 200), (18, 260), (24, 290), (64, 304), (66, 320)], c),
        shape(cap, k),
        shape("M240 104q70 18 72 106-22 5-44 8 10-70-28-114z", dark(k, 0.08)),
        shape("M118 186q8-48 46-66l6 8q-32 18-40 60z", "#ffffff", 0.8),
        ellipse(200, 211, 112, 13, dark(k, 0.14)),
        ellipse(200, 212, 100, 9, "#ffe7a8"),
        circle(200, 310, 4, dark(c, 0.5)),
    )


def floor_lamp(c, k):
    return join(
        shape("M154 132h92l48 188H106z", "#fff0c0", 0.3),
        line(202, 140, 208, 306, dark(k, 0.3), 6),
        line(196, 140, 142, 318, k, 7),
        line(204, 140, 258, 318, dark(k, 0.12), 7),
        line(194, 142, 140, 316, light(k, 0.3), 2),
        rect(186, 128, 28, 16, dark(k, 0.35), 5),
        line(166, 242, 234, 242, dark(k, 0.25), 4),
        shape("M162 56h76l18 76H144z", c),
        shape("M218 56h20l18 76h-30z", dark(c, 0.1)),
        shape("M170 64h7l-11 62h-8z", light(c, 0.6)),
        lines(
            ((x, 58, x * 1.4 - 80, 131) for x in (178, 189, 200, 211, 222)),
            dark(c, 0.15),
            1,
            0.5,
        ),
        rect(160, 52, 80, 6, dark(c, 0.22), 3),
        rect(142, 129, 116, 6, dark(c, 0.22), 3),
    )


def paper_lantern(c, k):
    ribs = stroke(
        "".join(
            f"M{200 - w} {y}q{w} {w * .17:.0f} {2 * w} 0"
            for y, w in (
                (118, 54),
                (138, 79),
                (158, 94),
                (178, 103),
                (198, 107),
                (218, 108),
                (238, 104),
                (258, 94),
                (278, 80),
                (298, 55),
            )
        ),
        dark(c, 0.2),
        2,
        0.55,
    )
    return join(
        line(200, 0, 200, 100, INK, 3),
        circle(200, 208, 146, "#fff3cb", 0.45),
        circle(200, 208, 109, c),
        shape("M240 106q70 30 69 104t-72 102q40-44 40-104t-37-102z", dark(c, 0.08)),
        ellipse(184, 200, 56, 66, "#fffdf4", 0.7),
        ribs,
        rect(178, 96, 44, 9, k, 4),
        rect(180, 312, 40, 8, k, 4),
    )


def candles(c, k):
    def candle(x, w, top):
        mid = x + w / 2
        flame = f"M{mid:g} {top - 46}q17 24 0 38-17-14 0-38z"
        return join(
            circle(mid, top - 26, 40, "#fff0b8", 0.4),
            rect(x, top, w, 316 - top, c, 5),
            rect(x + w * 0.7, top, w * 0.3, 316 - top, dark(c, 0.13), 5),
            rect(x + 8, top + 14, 6, 44, light(c, 0.5), 3),
            ellipse(mid, top, w / 2, 8, light(c, 0.35)),
            line(mid, top, mid, top - 12, INK, 2.5),
            shape(flame, "#f2a33a"),
            shape(f"M{mid:g} {top - 32}q8 14 0 22-8-8 0-22z", "#fff2b0"),
        )

    return join(
        candle(164, 66, 124),
        candle(88, 68, 188),
        candle(238, 72, 232),
        shape("M62 312h276q-4 14-26 14H88q-22 0-26-14z", k),
        rect(62, 310, 276, 6, light(k, 0.25), 3),
    )


def string_lights(c, k):
    def bulb(x, y):
        return join(
            circle(x, y + 34, 38, "#ffe9a0", 0.25),
            rect(x - 7, y - 2, 14, 17, c, 3),
            shape(f"M{x - 7} {y + 14}q-14 10-14 23a21 21 0 0 0 42 0q0-13-14-23z", k),
            circle(x, y + 36, 10, "#fffbe6", 0.9),
        )

    upper = ((44, 109), (108, 128), (176, 132), (244, 120), (310, 96), (366, 62))
    lower = ((74, 232), (150, 258), (228, 258), (306, 232))
    return join(
        stroke("M-8 88Q180 190 408 30", c, 4),
        stroke("M-8 190Q190 324 408 172", c, 4),
        *(bulb(x, y) for x, y in upper + lower),
    )


# Desk and paper


def notebook(c, k):
    return turned(
        -9,
        rect(104, 70, 204, 268, "#e8dfcc", 8),
        lines(((110, y, 304, y) for y in (333, 336)), "#cfc4ac", 1),
        rect(98, 64, 204, 268, c, 10),
        rect(98, 64, 32, 268, dark(c, 0.2), 10),
        rect(122, 64, 10, 268, dark(c, 0.2)),
        shape("M282 64h10q10 0 10 10v248q0 10-10 10h-10z", dark(c, 0.1)),
        rect(268, 62, 11, 272, k),
        shape("M210 332h14v34l-7-8-7 8z", k),
        rect(152, 112, 96, 58, CREAM, 3),
        text(200, 138, 14, "SURVEYS", INK, "700", 1),
        line(164, 150, 236, 150, dark(CREAM, 0.3), 1.5),
        line(176, 159, 224, 159, dark(CREAM, 0.3), 1.5),
    )


def pen(c, k):
    return turned(
        -38,
        rect(60, 186, 122, 28, c, 8),
        rect(60, 204, 122, 10, dark(c, 0.25), 5),
        rect(66, 190, 112, 4, light(c, 0.6), 2),
        *(rect(x, 186, 4, 28, dark(c, 0.35)) for x in (168, 176)),
        shape("M182 187h112l30 8 14 5-14 5-30 8h-112z", light(c, 0.08)),
        shape("M182 204h120l36-4-14 5-30 8h-112z", dark(c, 0.25)),
        rect(190, 190, 98, 3.5, light(c, 0.65), 2),
        rect(286, 187, 6, 26, dark(c, 0.4)),
        shape("M326 195.500l16 4.500-16 4.500z", k),
        shape("M56 178h92q7 0 7 6h-95z", dark(c, 0.35)),
        rect(52, 178, 12, 34, dark(c, 0.2), 5),
        text(230, 204, 9, "LINDHOLT", dark(c, 0.5), spacing=2),
    )


def pencil_cup(c, k):
    def pencil(x, top, tilt, tone):
        return turned(
            tilt,
            shape(f"M{x} {top + 26}l8-26 8 26z", "#ecd3a8"),
            shape(f"M{x + 5.500:g} {top + 9}l2.500-9 2.500 9z", INK),
            rect(x, top + 26, 16, 150, tone),
            rect(x + 10, top + 26, 6, 150, dark(tone, 0.2)),
            cx=x,
            cy=240,
        )

    return join(
        turned(
            9,
            rect(240, 88, 26, 160, MUSTARD, 2),
            lines(((252, y, 265, y) for y in range(98, 200, 12)), dark(MUSTARD, 0.5), 2),
            cx=250,
            cy=240,
        ),
        pencil(150, 92, -9, k),
        pencil(182, 70, -2, TEAL),
        pencil(212, 104, 4, NAVY),
        pencil(168, 122, -14, BERRY),
        ellipse(200, 204, 78, 14, dark(c, 0.5)),
        shape("M122 204l12 116h132l12-116q-78 26-156 0z", c),
        shape("M122 204l12 116h30l-8-102z", light(c, 0.2)),
        shape("M238 218l-8 102h36l12-116z", dark(c, 0.2)),
        shape("M200 222v98h30l8-102z", dark(c, 0.08)),
        rect(134, 314, 132, 7, dark(k, 0.3), 3),
    )


def calendar_blocks(c, k):
    def block(x, digit):
        return join(
            rect(x, 186, 82, 86, c, 6),
            rect(x + 66, 186, 16, 86, dark(c, 0.12), 6),
            rect(x + 5, 190, 72, 4, light(c, 0.5), 2),
            text(x + 40, 250, 62, digit, k, "700"),
        )

    return join(
        block(112, "2"),
        block(204, "4"),
        rect(92, 152, 212, 30, light(c, 0.12), 5),
        rect(92, 174, 212, 8, dark(c, 0.12), 4),
        text(198, 174, 20, "OCTOBER", INK, "700", 5),
        shape("M70 272h260v34q0 14-14 14H84q-14 0-14-14z", dark(c, 0.32)),
        rect(70, 272, 260, 9, dark(c, 0.16), 3),
        rect(82, 292, 9, 16, light(c, 0.1), 4, 0.4),
    )


def desk_clock(c, k):
    ticks = "".join(
        line(x, y, 200 + (x - 200) * 0.88, 206 + (y - 206) * 0.88, INK, 4 if i % 3 == 0 else 2)
        for i, (x, y) in enumerate(spin(200, 206, 78, 12))
    )
    return join(
        line(142, 286, 122, 316, k, 13),
        line(258, 286, 278, 316, dark(k, 0.15), 13),
        rect(182, 88, 36, 20, k, 8),
        circle(200, 206, 106, c),
        shape("M262 120a106 106 0 0 1-62 192q76-20 84-100t-22-92z", dark(c, 0.2)),
        ring(200, 206, 98, light(c, 0.25), 3),
        circle(200, 206, 88, CHALK),
        ticks,
        line(200, 206, 160, 172, INK, 7),
        line(200, 206, 232, 148, INK, 5),
        line(200, 222, 200, 136, RUST, 2),
        circle(200, 206, 7, RUST),
        shape("M140 152a88 88 0 0 1 44-34l-52 96a88 88 0 0 1 8-62z", "#ffffff", 0.35),
    )


def cards(c, k):
    leaves = "".join(
        group(f"translate(206 {y}) rotate({a})", ellipse(s * 24, 0, 21, 9, tone))
        for y, a, s, tone in (
            (136, -34, 1, k),
            (156, 34, -1, dark(k)),
            (176, -32, 1, dark(k)),
            (196, 32, -1, k),
            (216, -28, 1, k),
            (236, 28, -1, dark(k)),
        )
    )
    return join(
        turned(
            -12,
            rect(74, 128, 226, 160, c, 5),
            shape("M74 132l113 88 113-88v-4H74z", dark(c, 0.1)),
            stroke("M76 131l111 88 111-88", light(c, 0.4), 3),
            cx=187,
            cy=208,
        ),
        turned(
            8,
            rect(130, 74, 156, 216, dark(CREAM, 0.12), 4),
            rect(126, 70, 156, 216, "#fdf9f0", 4),
            stroke("M206 108q-6 70 0 148", k, 4),
            ellipse(206, 100, 10, 18, light(k, 0.15)),
            leaves,
            cx=206,
            cy=178,
        ),
        turned(
            20,
            rect(262, 268, 74, 58, RUST, 3),
            rect(268, 274, 62, 46, light(RUST, 0.8), 1),
            circle(299, 297, 13, MUSTARD),
            cx=299,
            cy=297,
        ),
    )


def scissors(c, k):
    def loop(cx):
        return ring(cx, 302, 30, k, 15) + ring(cx, 302, 33, light(k, 0.18), 3)

    return turned(
        38,
        loop(156),
        loop(244),
        line(166, 276, 196, 216, k, 15),
        line(234, 276, 204, 216, k, 15),
        shape("M186 222L206 222 232 44 222 40z", dark(c, 0.14)),
        shape("M214 222L194 222 168 44 178 40z", c),
        shape("M206 222L194 222 168 44 172 42z", light(c, 0.4)),
        circle(200, 208, 11, BRASS),
        line(195, 204, 205, 212, dark(BRASS, 0.4), 2.5),
    )
