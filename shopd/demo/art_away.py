# SPDX-License-Identifier: MIT
"""art_away: pictures of furniture, textiles, outdoor gear and audio, drawn as art_home says."""

import math

from svgkit import (
    ASH,
    BRASS,
    CHALK,
    CREAM,
    FOREST,
    INK,
    IRON,
    MOSS,
    MUSTARD,
    NAVY,
    OAK,
    RUST,
    SAGE,
    SLATE,
    STEEL,
    WALNUT,
    circle,
    dark,
    dots,
    ellipse,
    group,
    join,
    lathe,
    light,
    line,
    lines,
    mix,
    nums,
    rect,
    ring,
    shape,
    spin,
    stroke,
    text,
    turned,
)

# Furniture


def dining_chair(c, k):
    weave = lines(
        ((x, 216, 200 + (x - 200) * 1.22, 240) for x in range(144, 262, 8)), dark(k, 0.22), 1.5, 0.7
    )
    return join(
        line(144, 214, 150, 312, dark(c, 0.3), 9),
        line(256, 214, 250, 312, dark(c, 0.3), 9),
        line(136, 84, 142, 216, c, 12),
        line(264, 84, 258, 216, dark(c, 0.1), 12),
        shape("M128 84q72-22 144 0l-3 42q-69-18-138 0z", light(c, 0.08)),
        stroke("M134 88q66-18 132 0", light(c, 0.4), 3),
        shape("M236 76q20 3 36 8l-3 42-34-8z", dark(c, 0.1)),
        stroke("M140 162q60-14 120 0", dark(c, 0.06), 10),
        shape("M140 214h120l22 26H118z", k),
        weave,
        lines(
            ((138 - i * 6, 220 + i * 7, 262 + i * 6, 220 + i * 7) for i in range(3)),
            light(k, 0.35),
            1.5,
            0.8,
        ),
        rect(112, 238, 176, 14, dark(c, 0.1), 6),
        line(124, 250, 116, 316, c, 12),
        line(276, 250, 284, 316, dark(c, 0.14), 12),
        line(124, 286, 276, 286, dark(c, 0.18), 7),
    )


def side_table(c, k):
    return join(
        line(196, 196, 204, 302, dark(k, 0.35), 11),
        line(138, 196, 108, 314, k, 12),
        line(262, 196, 292, 314, dark(k, 0.14), 12),
        line(135, 196, 105, 312, light(k, 0.3), 3),
        shape("M84 164h232v20q-10 30-116 30T84 184z", c),
        shape("M262 164h54v20q-6 18-60 26z", dark(c, 0.17)),
        ellipse(200, 164, 116, 24, light(c, 0.16)),
        ellipse(200, 168, 104, 18, dark(c, 0.1)),
        ellipse(224, 164, 27, 6, dark(c, 0.35), 0.5),
        lathe([(20, 128), (24, 146), (16, 164)], CHALK, 220, shine=0.8),
        ellipse(220, 128, 20, 4.5, "#5a3826"),
        ring(246, 142, 8, CHALK, 5),
        rect(140, 160, 54, 9, NAVY, 2),
        rect(144, 152, 48, 8, RUST, 2),
    )


def stool(c, k):
    return join(
        line(204, 196, 212, 300, dark(c, 0.35), 15),
        line(146, 196, 106, 312, c, 16),
        line(254, 196, 294, 312, dark(c, 0.14), 16),
        line(141, 200, 102, 310, light(c, 0.3), 3.5),
        line(128, 262, 208, 276, dark(c, 0.2), 8),
        line(208, 276, 272, 262, dark(c, 0.28), 8),
        shape("M82 168h236v14q0 32-118 32T82 182z", dark(c, 0.16)),
        ellipse(200, 168, 118, 29, k),
        ellipse(200, 173, 92, 18, dark(k, 0.1)),
        stroke("M112 158q40-12 84-12", light(k, 0.5), 4),
        *(ellipse(x, y, 8, 4, dark(k, 0.35)) for x, y in ((146, 170), (254, 170), (204, 184))),
    )


def ladder_shelf(c, k):
    def books(x, y, row):
        out = []
        for w, h, tone in row:
            out.append(rect(x, y - h, w, h, tone, 1.5) + rect(x, y - h + 6, w, 3, light(tone, 0.5)))
            x += w + 1
        return "".join(out)

    levels = ((104, 64), (156, 72), (208, 80), (260, 88), (310, 96))
    shelves = "".join(
        rect(200 - w, y, 2 * w, 9, c, 2) + rect(200 - w, y + 6, 2 * w, 4, dark(c, 0.25), 2)
        for y, w in levels
    )
    return join(
        line(146, 62, 108, 318, dark(c, 0.12), 9),
        line(254, 62, 292, 318, dark(c, 0.25), 9),
        shelves,
        books(150, 156, ((11, 34, RUST), (9, 38, NAVY), (13, 30, MUSTARD), (8, 36, FOREST))),
        books(132, 208, ((12, 36, SLATE), (9, 40, CREAM), (11, 34, k))),
        books(206, 260, ((14, 40, NAVY), (10, 36, RUST), (12, 42, MOSS), (9, 38, CREAM))),
        lathe([(9, 132), (17, 140), (14, 156)], CHALK, 226),
        stroke("M226 132q-8-16-18-18M226 132q2-18 12-24M226 132v-26", FOREST, 4),
        rect(150, 78, 34, 26, CREAM, 2),
        shape("M154 100l10-12 8 6 8-10v16z", SAGE),
        rect(218, 76, 22, 28, k, 7),
        rect(212, 190, 50, 18, dark(ASH, 0.1), 4),
        lathe([(15, 224), (24, 244), (18, 260)], k, 150),
        rect(124, 274, 60, 36, dark(OAK, 0.08), 5),
        lines(((128, y, 180, y) for y in (283, 292, 301)), dark(OAK, 0.3), 2, 0.6),
        books(222, 310, ((18, 34, CREAM), (18, 34, SLATE))),
    )


def armchair(c, k):
    return join(
        line(112, 290, 104, 316, k, 12),
        line(288, 290, 296, 316, dark(k, 0.2), 12),
        line(152, 296, 150, 312, dark(k, 0.4), 9),
        line(248, 296, 250, 312, dark(k, 0.4), 9),
        shape("M104 240q-8-138 96-138t96 138v30H104z", dark(c, 0.06)),
        shape("M234 108q66 20 62 132v30h-36q4-110-26-162z", dark(c, 0.18)),
        stroke("M122 196q2-66 54-78", light(c, 0.3), 6),
        stroke("M200 118v104", dark(c, 0.22), 2.5),
        *(circle(x, y, 4, dark(c, 0.35)) for x, y in ((168, 164), (232, 164))),
        shape("M120 226q80-18 160 0v48H120z", light(c, 0.16)),
        stroke("M124 246q76-10 152 0", dark(c, 0.15), 2),
        shape(
            "M62 220q0-24 26-24t34 26v52h156v-52q8-26 34-26t26 24v58q0 18-18 18H80q-18 0-18-18z",
            c,
        ),
        shape("M278 222q8-26 34-26t26 24v58q0 18-18 18h-40z", dark(c, 0.13)),
        stroke("M76 218q2-10 14-10", light(c, 0.4), 5),
        stroke("M122 274h156", dark(c, 0.3), 3),
    )


def wall_mirror(c, k):
    return join(
        circle(200, 42, 8, BRASS),
        stroke("M200 44L112 146M200 44L288 146", k, 9),
        circle(200, 214, 128, c),
        ring(200, 214, 124, light(c, 0.3), 3),
        circle(200, 214, 114, "#cfdde2"),
        shape("M200 100a114 114 0 0 1 86 190Q180 260 140 118a114 114 0 0 1 60-18z", "#dfeaed"),
        shape("M118 250L216 112h34L134 276z", "#ffffff", 0.6),
        shape("M146 296L264 128h14L160 306z", "#ffffff", 0.5),
        rect(106, 134, 17, 26, dark(k, 0.25), 4),
        rect(277, 134, 17, 26, dark(k, 0.25), 4),
    )


def plant_stand(c, k):
    fronds = (
        (-78, 30, 92),
        (-52, 14, 112),
        (-26, 4, 128),
        (2, 0, 136),
        (28, 5, 126),
        (54, 14, 110),
        (80, 32, 90),
    )
    leaves = {tone: "" for tone in (mix(FOREST, MOSS, 0.6), dark(FOREST, 0.1))}
    for a, drop, length in fronds:
        dx, dy = (
            length * math.sin(math.radians(a)),
            -length * math.cos(math.radians(a)) + drop * 0.4,
        )
        tone = dark(FOREST, 0.1) if a % 4 else mix(FOREST, MOSS, 0.6)
        leaves[tone] += f"M200 190q{nums(dx * .3, dy * .9, dx, dy)}"
        for t in (0.35, 0.52, 0.68, 0.84, 0.97):
            x = 200 + 2 * (1 - t) * t * dx * 0.3 + t * t * dx
            y = 190 + 2 * (1 - t) * t * dy * 0.9 + t * t * dy
            across, along = math.cos(math.radians(a)) * (17 - 9 * t), math.sin(math.radians(a)) * (
                17 - 9 * t
            )
            leaves[
                tone
            ] += f"M{nums(x - across, y - along + 6)}Q{nums(x, y - 3, x + across, y + along + 6)}"
    fern = "".join(stroke(d, tone, 6) for tone, d in leaves.items())
    return join(
        line(138, 208, 130, 316, c, 10),
        line(262, 208, 270, 316, dark(c, 0.15), 10),
        line(152, 288, 248, 268, dark(c, 0.3), 8),
        fern,
        lathe([(58, 188), (54, 230), (42, 270)], k, smooth=False),
        rect(136, 182, 128, 18, light(k, 0.14), 6),
        rect(132, 268, 136, 10, light(c, 0.05), 4),
        line(158, 276, 158, 306, dark(c, 0.22), 8),
        line(242, 276, 242, 306, dark(c, 0.26), 8),
    )


def trestle_desk(c, k):
    def trestle(x):
        return join(
            line(x, 184, x - 20, 314, dark(k, 0.2), 8),
            line(x + 34, 184, x + 54, 314, dark(k, 0.2), 8),
            rect(x - 8, 180, 50, 11, k, 3),
            line(x + 8, 184, x - 8, 316, k, 9),
            line(x + 26, 184, x + 42, 316, k, 9),
            line(x - 3, 266, x + 38, 266, dark(k, 0.1), 6),
        )

    return join(
        trestle(98),
        trestle(268),
        rect(52, 162, 296, 16, c, 4),
        rect(52, 172, 296, 7, dark(c, 0.2), 3),
        rect(96, 150, 62, 12, NAVY, 2),
        rect(102, 141, 52, 9, RUST, 2),
        lathe([(14, 128), (17, 146), (12, 162)], MUSTARD, 190),
        rect(250, 100, 74, 50, INK, 4),
        rect(254, 104, 66, 42, "#c9d8de", 2),
        shape("M280 150h14l4 12h-22z", IRON),
    )


# Textiles


def blanket(c, k):
    def fold(y, tone):
        return join(
            rect(76, y, 248, 46, tone, 22),
            rect(270, y, 54, 46, dark(tone, 0.14), 22),
            *(rect(x, y, w, 46, k, 0, 0.9) for x, w in ((120, 16), (146, 6), (236, 16))),
            stroke(f"M96 {y + 9}h196", light(tone, 0.35), 3, 0.7),
        )

    fringe = "".join(
        stroke("".join(f"M{x} 204q{sway} 20 0 38" for x in range(start, 313, 18)), tone, 3.5)
        for start, sway, tone in ((92, -3, light(c, 0.2)), (101, 3, k))
    )
    return join(
        fold(274, dark(c, 0.1)),
        fold(230, c),
        shape("M76 186q0-24 24-24h200q24 0 24 24v20H76z", light(c, 0.06)),
        *(rect(x, 162, w, 44, k, 0, 0.9) for x, w in ((120, 16), (146, 6), (236, 16))),
        shape("M282 162h18q24 0 24 24v20h-42z", dark(c, 0.14)),
        fringe,
        stroke("M96 172h196", light(c, 0.4), 3, 0.7),
    )


def cushion(c, k):
    body = (
        "M84 120q116-26 232 0 14 4 18-8 4 10-4 22 18 76-2 152 8 12 6 24-8-8-20-6"
        "-114 20-228 0-12-2-20 6-2-12 6-24-20-76 0-152-10-12-6-22 6 12 18 8z"
    )
    return join(
        shape(body, c),
        shape(
            "M272 114q24 2 44 6 14 4 18-8 4 10-4 22 18 76-2 152 8 12 6 24"
            "-8-8-20-6-30 6-60 9 44-90 18-199z",
            dark(c, 0.13),
        ),
        *(
            stroke(f"M{x} {114 - (x - 100) % 3}q{b} 98 0 198", k, w)
            for x, b, w in ((150, -12, 8), (166, -10, 3), (240, 8, 8), (256, 10, 3))
        ),
        stroke("M98 138q40-10 84-12", light(c, 0.4), 5, 0.8),
        stroke(
            "M96 298q10-18 26-24M312 140q-16 10-28 12M306 300q-12-16-24-20",
            dark(c, 0.28),
            3,
            0.6,
        ),
    )


def towels(c, k):
    def towel(x, y, w, h, tone):
        grid = stroke(
            "".join(f"M{gx} {y + 6}v{h - 12}" for gx in range(x + 16, x + w - 8, 14))
            + "".join(f"M{x + 12} {gy}h{w - 24}" for gy in range(y + 12, y + h - 4, 13)),
            dark(tone, 0.16),
            1.5,
            0.7,
        )
        return join(
            rect(x, y, w, h, tone, h // 2),
            grid,
            rect(x + w - 42, y, 42, h, dark(tone, 0.3), h // 2, 0.25),
            stroke(f"M{x + 22} {y + h / 2:g}h{w - 44}", dark(tone, 0.24), 2.5),
        )

    return join(
        towel(72, 252, 256, 68, c),
        towel(84, 190, 232, 62, k),
        towel(112, 136, 176, 54, light(c, 0.5)),
        stroke("M284 160q30-2 30 14t-22 14", light(c, 0.2), 6),
    )


def rug(c, k):
    fringe = lines(
        ((x, a, x, b) for x in range(104, 300, 10) for a, b in ((42, 58), (342, 358))), CREAM, 3
    )
    bands = "".join(
        rect(96, y, 208, h, tone)
        for y, h, tone in (
            (74, 26, k),
            (108, 6, CREAM),
            (124, 34, dark(c, 0.22)),
            (170, 60, CREAM),
            (242, 34, dark(c, 0.22)),
            (286, 6, CREAM),
            (300, 26, k),
        )
    )
    diamonds = "".join(
        shape(f"M{x} 178l22 22-22 22-22-22z", RUST if i % 2 else NAVY)
        for i, x in enumerate((122, 174, 226, 278))
    )
    weft = lines(((96, y, 304, y) for y in range(62, 342, 6)), INK, 1, 0.07)
    return turned(-7, fringe, rect(96, 56, 208, 288, c), bands, diamonds, weft)


def socks(c, k):
    d = "M138 74h66v120q0 20 16 30l50 34q22 16 14 38t-38 22q-28 0-60-24l-34-26q-14-12-14-34z"

    def sock(tone, trim):
        return join(
            shape(d, tone),
            shape(
                "M182 74h22v120q0 20 16 30l50 34q12 8 15 20-60-10-86-44-20-26-17-160z",
                dark(tone, 0.12),
            ),
            shape("M270 258q22 16 14 38t-38 22q-14 0-28-6 4-46 36-66z", trim),
            shape("M138 190h8q34 4 34 30-10 22-28 24-14-12-14-34z", trim),
            rect(136, 72, 70, 34, trim, 4),
            lines(((x, 76, x, 102) for x in range(144, 204, 9)), dark(trim, 0.22), 2),
            *(rect(138, y, 66, 6, light(trim, 0.25)) for y in (120, 134)),
        )

    return group("translate(56 -6) rotate(8 200 200)", sock(light(c, 0.22), dark(k, 0.1))) + group(
        "translate(-40 14) rotate(-4 200 200)", sock(c, k)
    )


def basket(c, k):
    rows = stroke(
        "".join(
            f"M{200 - w} {y}q{w} 22 {2 * w} 0"
            for y, w in (
                (176, 108),
                (194, 111),
                (212, 112),
                (230, 112),
                (248, 111),
                (266, 108),
                (284, 102),
            )
        ),
        dark(c, 0.26),
        2.5,
        0.6,
    )
    posts = stroke(
        "".join(
            f"M{200 + x} {180 - abs(x) * .11:.0f}q{nums(x * .14, 70, -x * .06, 136)}"
            for x in range(-84, 90, 24)
        ),
        light(c, 0.3),
        3,
        0.6,
    )
    return join(
        stroke("M120 160q0-58 34-58t34 62", dark(c, 0.3), 9),
        ellipse(200, 160, 106, 22, dark(c, 0.45)),
        shape("M116 162q10-44 60-40 20-30 58-16 40 4 50 54-84 24-168 2z", k),
        shape("M196 118q30-14 48 6t40 38q-40 10-80 12 10-30-8-56z", dark(k, 0.12)),
        shape("M94 160q106 44 212 0 14 76-8 136-4 24-26 24H128q-22 0-26-24-22-60-8-136z", c),
        shape("M252 176q30-4 54-16 14 76-8 136-4 24-26 24h-34q28-70 14-144z", dark(c, 0.14)),
        posts,
        rows,
        stroke("M94 160q106 44 212 0", light(c, 0.18), 11),
        stroke("M214 186q2-52 34-52t32 44", dark(c, 0.12), 9),
    )


def tea_towels(c, k):
    def towel(x, w, h, tone, trim):
        end = 92 + h
        return join(
            shape(f"M{x} 92h{w}v{h}q-{w / 4:g} 8-{w / 2:g} 2t-{w / 2:g}-2z", tone),
            rect(x + w * 0.72, 92, w * 0.28, h, dark(tone, 0.2), 0, 0.35),
            *(
                rect(x + g, 92, s, h, trim, 0, 0.92)
                for g, s in ((14, 12), (31, 4), (w - 26, 12), (w - 35, 4))
            ),
            rect(x + 2, end - 38, w - 4, 9, trim, 0, 0.92),
            line(x + w * 0.45, 98, x + w * 0.45 - 6, end - 50, dark(tone, 0.2), 3, 0.5),
        )

    return join(
        towel(92, 104, 210, CHALK, c),
        towel(206, 104, 178, "#fbf8f0", k),
        rect(54, 82, 292, 14, WALNUT, 7),
        rect(60, 84, 280, 4, light(WALNUT, 0.3), 2),
        *(circle(x, 89, 13, BRASS) + circle(x - 3, 85, 4, light(BRASS, 0.5)) for x in (56, 344)),
    )


# Outdoor


def tent(c, k):
    return join(
        line(200, 116, 26, 314, dark(CREAM, 0.2), 2.5),
        line(206, 116, 378, 314, dark(CREAM, 0.25), 2.5),
        line(26, 306, 24, 322, IRON, 5),
        line(378, 306, 380, 322, IRON, 5),
        shape("M200 108L62 318h276z", c),
        shape("M200 108l138 210h-70z", dark(c, 0.2)),
        shape("M200 108L62 318h18L200 122z", light(c, 0.25)),
        shape("M200 140l-66 178h132z", dark(c, 0.55)),
        shape("M200 140l-66 178h36q26-80 30-178z", k),
        shape("M200 140l66 178h-30q-30-70-36-178z", dark(k, 0.15)),
        stroke("M150 282q16 8 28-2", RUST, 6),
        stroke("M250 284q-10 6-22-4", RUST, 6),
        stroke("M200 104L60 318M200 104l140 214", dark(c, 0.4), 4),
        line(200, 92, 200, 112, IRON, 5),
        shape("M196 84l32 9-28 10z", RUST),
        rect(168, 308, 64, 10, MUSTARD, 4),
    )


def sleeping_bag(c, k):
    quilts = stroke(
        "".join(
            f"M{200 - w} {y}q{w} 15 {2 * w} 0"
            for y, w in (
                (156, 80),
                (184, 82),
                (212, 79),
                (240, 73),
                (268, 66),
                (296, 58),
                (324, 49),
            )
        ),
        dark(c, 0.25),
        3,
        0.6,
    )
    return turned(
        18,
        shape("M200 30q78 0 84 84 4 120-32 226-8 24-52 24t-52-24q-36-106-32-226 6-84 84-84z", c),
        shape("M236 40q44 18 48 74 4 120-32 226-6 18-30 22 44-150 14-322z", dark(c, 0.13)),
        quilts,
        ellipse(200, 96, 60, 52, dark(c, 0.3)),
        ellipse(200, 100, 50, 43, k),
        ellipse(200, 118, 40, 20, CREAM),
        ellipse(200, 113, 36, 12, "#ffffff", 0.6),
        stroke("M244 132q18 70 2 170", MUSTARD, 4),
        rect(236, 296, 9, 18, MUSTARD, 3),
        stroke("M138 96q6-40 40-52", light(c, 0.4), 6),
    )


def backpack(c, k):
    return join(
        stroke("M126 150q-42 20-34 130", dark(k, 0.2), 14),
        stroke("M274 150q42 20 34 130", dark(k, 0.3), 14),
        stroke("M176 94q0-32 24-32t24 32", k, 10),
        shape("M118 154q0-68 82-68t82 68v138q0 28-28 28H146q-28 0-28-28z", c),
        shape("M244 98q38 16 38 56v138q0 28-28 28h-24q24-100 14-222z", dark(c, 0.15)),
        shape("M110 146q2-70 90-70t90 70v36q-90 28-180 0z", light(c, 0.07)),
        shape("M248 86q40 16 42 60v36q-20 6-38 9z", dark(c, 0.12)),
        stroke("M128 134q10-40 54-44", light(c, 0.4), 5),
        rect(134, 222, 132, 82, dark(c, 0.1), 14),
        rect(134, 222, 132, 26, light(c, 0.04), 12),
        *(
            rect(x, 150, 16, 84, k, 4)
            + rect(x - 4, 206, 24, 20, BRASS, 4)
            + rect(x + 3, 211, 10, 10, dark(c, 0.3), 2)
            for x in (158, 226)
        ),
        rect(192, 242, 16, 16, k, 3),
        rect(120, 310, 160, 10, k, 5),
        rect(180, 112, 40, 20, k, 3),
        text(200, 126, 10, "LIND", CREAM, "700", 1),
    )


def flask(c, k):
    return join(
        lathe([(54, 172), (56, 190), (56, 300), (52, 320)], c, smooth=False),
        shape("M146 174q0-24 20-30h68q20 6 20 30z", dark(c, 0.08)),
        rect(162, 136, 76, 12, STEEL, 3),
        lathe([(36, 66), (40, 76), (40, 138)], k, smooth=False, shine=0.5),
        rect(162, 62, 76, 10, light(k, 0.2), 5),
        rect(160, 128, 80, 8, dark(k, 0.3), 3),
        rect(144, 214, 112, 6, light(c, 0.35)),
        rect(144, 282, 112, 6, light(c, 0.35)),
        shape("M170 262l22-34 12 18 8-10 18 26z", light(c, 0.55)),
        rect(146, 308, 108, 12, INK, 5),
        stroke("M254 190h22q12 0 12 12v62q0 12-12 12h-22", dark(c, 0.3), 9),
    )


def lantern(c, k):
    return join(
        stroke("M126 192q-14-132 74-132t74 132", IRON, 5),
        circle(200, 218, 96, "#ffe9a4", 0.35),
        shape("M150 128q4-30 50-30t50 30z", c),
        rect(186, 84, 28, 16, dark(c, 0.2), 5),
        shape("M224 102q24 6 26 26h-26z", dark(c)),
        rect(140, 126, 120, 16, dark(c, 0.15), 6),
        shape("M150 142h100q20 46 0 124H150q-20-78 0-124z", "#fdf3d4"),
        ellipse(200, 208, 26, 46, "#ffd76b", 0.7),
        shape("M200 166q24 36 0 68-24-32 0-68z", k),
        shape("M200 192q11 20 0 38-11-18 0-38z", "#fffbe0"),
        shape("M164 156q-8 44 0 92h9q-8-48 0-92z", "#ffffff", 0.9),
        stroke("M146 142q-26 62 0 126M254 142q26 62 0 126", dark(c, 0.2), 5),
        line(134, 206, 266, 206, dark(c, 0.2), 4),
        rect(138, 262, 124, 14, dark(c, 0.15), 5),
        shape("M142 274h116l18 34q2 12-12 12H136q-14 0-12-12z", c),
        shape("M236 274h22l18 34q2 12-12 12h-24z", dark(c, 0.2)),
        circle(200, 298, 10, BRASS),
        line(200, 298, 205, 292, dark(BRASS, 0.4), 2.5),
    )


def camp_chair(c, k):
    return join(
        line(134, 100, 152, 250, dark(k, 0.1), 10),
        line(266, 100, 248, 250, dark(k, 0.22), 10),
        line(132, 232, 286, 314, dark(k, 0.28), 11),
        line(268, 232, 114, 314, dark(k, 0.28), 11),
        shape("M128 102q72 16 144 0l-8 106q-64 14-128 0z", c),
        shape("M238 108q18-2 34-6l-8 106q-12 3-24 4z", dark(c, 0.14)),
        stroke("M136 114q64 12 128 0", light(c, 0.35), 3),
        shape("M136 204q64 16 128 0l26 34q-90 34-180 0z", light(c, 0.1)),
        shape("M242 208l22-4 26 34q-20 8-40 11z", dark(c, 0.1)),
        stroke("M112 240q88 32 176 0", dark(c, 0.25), 5),
        line(106, 238, 292, 316, k, 12),
        line(294, 238, 108, 316, dark(k, 0.08), 12),
        line(108, 236, 290, 312, light(k, 0.3), 2.5),
        circle(200, 277, 7, BRASS),
        line(94, 186, 110, 240, k, 10),
        line(306, 186, 290, 240, dark(k, 0.1), 10),
        rect(76, 176, 62, 13, k, 6),
        rect(262, 176, 62, 13, dark(k, 0.06), 6),
    )


def compass(c, k):
    marks = lines(
        ((x, y, 200 + (x - 200) * 0.86, 228 + (y - 228) * 0.86) for x, y in spin(200, 228, 76, 16)),
        INK,
        2,
    )
    letters = "".join(
        text(x, y + 6, 17, name, INK, "700") for name, (x, y) in zip("NESW", spin(200, 228, 54, 4))
    )
    return join(
        turned(
            -24,
            ellipse(200, 98, 92, 74, dark(c, 0.2)),
            ellipse(200, 98, 80, 63, dark(c, 0.36)),
            ellipse(196, 96, 66, 50, dark(c, 0.26)),
            cx=200,
            cy=228,
        ),
        rect(134, 122, 44, 20, dark(c, 0.35), 6),
        circle(200, 228, 98, dark(c, 0.25)),
        circle(200, 226, 97, c),
        ring(200, 228, 89, light(c, 0.4), 4),
        circle(200, 228, 82, CHALK),
        marks,
        letters,
        turned(
            32,
            shape("M200 164l12 64h-24z", k),
            shape("M200 292l12-64h-24z", SLATE),
            shape("M200 164v64h-12z", light(k, 0.25)),
            cx=200,
            cy=228,
        ),
        circle(200, 228, 8, c),
        circle(198, 226, 3, light(c, 0.6)),
        shape("M140 184a76 76 0 0 1 50-34l-58 92a76 76 0 0 1 8-58z", "#ffffff", 0.4),
        ring(312, 272, 17, dark(c, 0.15), 6),
    )


def hatchet(c, k):
    return turned(
        34,
        shape("M186 80h26q0 90 6 150t10 116q2 20-18 20t-20-18q2-60-2-118t-2-150z", k),
        shape("M202 80h10q0 90 6 150t10 116q2 20-18 20 4-70-4-140t-4-146z", dark(k, 0.22)),
        rect(183, 62, 32, 20, dark(k, 0.3), 4),
        shape("M176 86h46l4 52h-46q-16 6-44 40-40-42-32-104 26 14 72 12z", c),
        shape("M104 74q-8 62 32 104l9-10q-34-38-28-88z", light(c, 0.6)),
        shape("M212 86h10l4 52h-12z", dark(c, 0.3)),
        stroke("M136 92q26 4 64 2", light(c, 0.3), 3),
        *(rect(190 + i, 308 + 12 * i, 34, 5, RUST, 2, 0.9) for i in range(3)),
    )


def beanie(c, k):
    ribs = stroke(
        "".join(
            f"M{x} 246Q{200 + (x - 200) * .96:.0f} 150 {200 + (x - 200) * .22:.0f} 104"
            for x in range(118, 290, 18)
        ),
        dark(c, 0.2),
        3,
        0.6,
    )
    cuff = stroke(
        "".join(
            f"M{x} 240q{(x - 200) * .05:.0f} 34 {(x - 200) * .03:.0f} 70"
            for x in range(106, 300, 15)
        ),
        dark(k, 0.2),
        3,
        0.7,
    )
    return join(
        shape("M98 250q-2-150 102-150t102 150z", c),
        shape("M238 106q66 24 64 144h-40q6-90-24-144z", dark(c, 0.14)),
        ribs,
        stroke("M124 200q8-56 46-76", light(c, 0.35), 6),
        shape(
            "M88 244q0-14 14-16 98-14 196 0 14 2 14 16l2 58q0 14-14 16-100 12-200 0-14-2-14-16z",
            k,
        ),
        shape("M262 224q20 1 36 4 14 2 14 16l2 58q0 14-14 16-18 2-36 3z", dark(k, 0.13)),
        cuff,
        rect(222, 262, 46, 26, CREAM, 3),
        text(245, 279, 10, "WOOL", INK, "700", 1),
    )


# Audio


def headphones(c, k):
    def cup(x, way):
        return join(
            rect(x - 26, 196, 52, 116, dark(k, 0.12), 26),
            shape(f"M{x} 190q{way * 44} 4 {way * 44} 64t{way * -44} 64z", c),
            stroke(f"M{x + way * 12} 208q{way * 22} 12 {way * 22} 46", light(c, 0.35), 5),
            rect(x - 26, 196, 30 if way < 0 else 52, 116, k, 26 if way > 0 else 15),
        )

    return join(
        stroke("M96 236q-10-150 104-150t104 150", dark(c, 0.1), 20),
        stroke("M98 214q-4-124 102-124", light(c, 0.35), 5),
        stroke("M132 118q28-28 68-28t68 28", k, 25),
        stroke("M138 112q24-18 62-20", light(k, 0.3), 5),
        rect(88, 178, 17, 44, STEEL, 6),
        rect(295, 178, 17, 44, dark(STEEL, 0.15), 6),
        cup(112, -1),
        cup(288, 1),
        *(circle(x, 254, 5, BRASS) for x in (82, 318)),
    )


def speakers(c, k):
    def box(x):
        mid = x + 61
        return join(
            rect(x, 112, 122, 208, c, 7),
            shape(f"M{x + 104} 112h11q7 0 7 7v194q0 7-7 7h-11z", dark(c, 0.2)),
            rect(x + 8, 120, 92, 192, k, 5),
            circle(mid - 7, 160, 25, dark(k, 0.4)),
            circle(mid - 7, 160, 16, IRON),
            circle(mid - 11, 155, 5, light(IRON, 0.4)),
            circle(mid - 7, 246, 42, dark(k, 0.45)),
            ring(mid - 7, 246, 38, light(k, 0.2), 3),
            circle(mid - 7, 246, 32, IRON),
            ring(mid - 7, 246, 22, dark(IRON, 0.3), 3),
            circle(mid - 7, 246, 12, dark(IRON, 0.4)),
            circle(mid - 12, 241, 4, light(IRON, 0.5)),
            dots(((cx, cy) for cx in (x + 16, x + 92) for cy in (128, 304)), 2.5, STEEL),
        )

    return box(62) + box(216)


def pebble_speaker(c, k):
    holes = dots(
        (
            (x, y)
            for i, y in enumerate(range(206, 294, 14))
            for x in range(122 + 7 * (i % 2), 280, 14)
            if ((x - 200) / 88) ** 2 + ((y - 250) / 52) ** 2 < 0.92
        ),
        2.7,
        dark(c, 0.5),
    )
    return join(
        stroke("M296 214q50-26 48 16t-44 26", k, 8),
        shape("M76 258q-4-88 118-94t130 86q2 70-124 70T76 258z", c),
        shape("M262 178q60 24 62 72 2 70-124 70 100-20 62-142z", dark(c, 0.15)),
        stroke("M102 222q20-36 70-44", light(c, 0.4), 8),
        ellipse(200, 250, 92, 56, dark(c, 0.12)),
        holes,
        rect(166, 174, 68, 14, dark(c, 0.28), 7),
        *(circle(x, 181, 3.5, CREAM) for x in (180, 200, 220)),
        circle(122, 290, 4, "#8fd18a"),
    )


def turntable(c, k):
    grooves = "".join(ring(172, 206, r, "#4a4a52", 1.5) for r in (104, 94, 84, 74, 64, 54))
    return join(
        rect(42, 78, 316, 258, dark(c, 0.3), 16),
        rect(42, 72, 316, 256, c, 16),
        rect(46, 76, 308, 4, light(c, 0.4), 2),
        *(stroke(f"M60 {y}q120 8 280-2", dark(c, 0.2), 1.5, 0.5) for y in (92, 308, 320)),
        circle(172, 206, 120, dark(STEEL, 0.25)),
        circle(172, 204, 118, STEEL),
        circle(172, 206, 111, "#26262c"),
        grooves,
        shape("M172 206L98 122a111 111 0 0 1 40-22z", "#ffffff", 0.12),
        shape("M172 206l74 84a111 111 0 0 1-42 22z", "#ffffff", 0.1),
        circle(172, 206, 38, k),
        ring(172, 206, 26, light(k, 0.4), 2),
        text(172, 192, 9, "SIDE A", CREAM, "700", 1),
        circle(172, 206, 5, CHALK),
        circle(318, 122, 27, dark(STEEL, 0.2)),
        circle(318, 120, 24, STEEL),
        circle(318, 120, 12, IRON),
        rect(308, 78, 20, 28, IRON, 4),
        stroke("M318 122v110l-46 46", light(STEEL, 0.35), 8),
        stroke("M315 126v104", "#ffffff", 2, 0.8),
        turned(45, rect(256, 272, 20, 32, IRON, 3), cx=266, cy=282),
        circle(322, 302, 13, dark(c, 0.5)),
        circle(322, 300, 11, BRASS),
        rect(282, 298, 20, 8, INK, 4),
    )


def radio(c, k):
    slats = lines(((86, y, 210, y) for y in range(193, 292, 14)), dark(c, 0.45), 7)
    scale = lines(
        ((x, 196, x, 204 if i % 2 else 210) for i, x in enumerate(range(236, 322, 8))), INK, 1.5
    )
    return join(
        line(300, 164, 344, 62, STEEL, 4),
        circle(344, 62, 5, STEEL),
        stroke("M116 164q0-38 30-38h108q30 0 30 38", k, 10),
        stroke("M122 152q4-18 24-18h104", light(k, 0.35), 3),
        rect(60, 160, 280, 152, c, 22),
        rect(60, 282, 280, 30, dark(c, 0.2), 20),
        rect(70, 170, 260, 132, light(c, 0.12), 14),
        *(stroke(f"M80 {y}q120 6 240-1", dark(c, 0.2), 1.2, 0.4) for y in (178, 296)),
        slats,
        rect(228, 184, 94, 44, "#fbeec6", 6),
        scale,
        text(250, 223, 10, "FM", INK, "700"),
        text(300, 223, 10, "DAB", INK, "700"),
        line(262, 188, 262, 224, RUST, 2.5),
        circle(254, 264, 24, dark(k, 0.3)),
        circle(254, 262, 22, k),
        line(254, 262, 264, 248, CREAM, 3.5),
        circle(306, 264, 16, dark(k, 0.3)),
        circle(306, 262, 14, k),
        line(306, 262, 300, 254, CREAM, 3),
        rect(88, 310, 34, 10, INK, 3),
        rect(278, 310, 34, 10, INK, 3),
    )


def microphone(c, k):
    def reach(
        offset,
    ):  # half the capsule's extent across, at this distance from the middle of its round top
        return (46**2 - offset**2) ** 0.5

    mesh = lines(
        [(200 + d, 123 - reach(d), 200 + d, 172) for d in range(-36, 44, 9)]
        + [(200 - w, y, 200 + w, y) for y in range(86, 172, 10) for w in [reach(min(y - 122, 0))]],
        dark(STEEL, 0.35),
        1.5,
        0.7,
    )
    return join(
        rect(194, 250, 12, 62, IRON),
        ellipse(200, 312, 74, 10, dark(c, 0.4)),
        shape("M126 310q0-16 74-16t74 16v3q-74 12-148 0z", dark(c, 0.15)),
        stroke("M118 168v40q0 54 82 54t82-54v-40", dark(c, 0.1), 11),
        stroke("M121 176v34", light(c, 0.4), 3),
        lines(((a, y, b, y) for y in (190, 222) for a, b in ((122, 154), (246, 278))), RUST, 3.5),
        rect(152, 76, 96, 164, STEEL, 46),
        shape("M210 77q38 6 38 46v70q0 40-38 46 12-40 12-81t-12-81z", dark(STEEL, 0.2)),
        mesh,
        rect(166, 92, 9, 74, "#ffffff", 4, 0.55),
        shape("M152 176h96v24q0 44-48 44t-48-44z", c),
        shape("M220 176h28v24q0 40-38 44 16-30 10-68z", dark(c, 0.2)),
        rect(150, 168, 100, 12, k, 4),
        circle(200, 206, 11, k),
        circle(200, 206, 5, dark(k, 0.4)),
        *(circle(x, 262, 9, IRON) for x in (200,)),
    )


def earbuds(c, k):
    def bud(tilt, x, y):
        return group(
            f"translate({x} {y}) rotate({tilt})",
            shape("M-10 0h22l-5 82q-6 7-12 0z", dark(c, 0.07)),
            ellipse(-22, -6, 13, 18, k),
            ellipse(-28, -6, 6, 11, dark(k, 0.35)),
            ellipse(2, -6, 29, 27, c),
            shape("M12-31q20 6 19 26t-22 26q18-26 3-52z", dark(c, 0.14)),
            ellipse(-5, -18, 9, 5, "#ffffff", 0.75),
            rect(-1, 66, 7, 9, dark(c, 0.4), 3),
            rect(10, -10, 11, 4, dark(c, 0.4), 2),
        )

    return join(
        shape("M62 206q-2-92 90-92t90 92z", light(c, 0.1)),
        shape("M78 206q0-74 74-74t74 74z", dark(c, 0.4)),
        rect(100, 186, 40, 24, dark(c, 0.62), 10),
        rect(164, 186, 40, 24, dark(c, 0.62), 10),
        shape("M54 214q0-12 14-12h168q14 0 14 12 4 104-58 104h-80q-62 0-58-104z", c),
        shape("M208 202h28q14 0 14 12 4 104-58 104h-30q54-34 46-116z", dark(c, 0.13)),
        stroke("M68 226q2 48 24 70", "#ffffff", 6, 0.6),
        rect(54, 199, 196, 7, dark(c, 0.26), 3),
        rect(134, 208, 36, 9, dark(c, 0.22), 4),
        circle(152, 244, 4.5, "#8fd18a"),
        bud(-14, 262, 236),
        bud(12, 318, 232),
    )
