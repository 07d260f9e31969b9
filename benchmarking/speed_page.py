"""The page that `make bench` writes: results.html. One file, with its plots in it; nothing is fetched from elsewhere."""

from html import escape
from math import ceil, exp, floor, log10

WIDTH, HEIGHT = 680, 340
LEFT, RIGHT, TOP, BOTTOM = 76, 16, 14, 46

STYLE = """
:root { color-scheme: light dark; --back: #fbfbfa; --text: #1d1f21; --faint: #6c7075; --line: #d9dbdd;
  --c0: #2a63b8; --c1: #c4501b; --c2: #2e8540; --c3: #8a3fa0; --c4: #a67c00; --c5: #137f8a; --c6: #b23a6b; --c7: #5d6b2f;
  --c8: #7a5236; --c9: #4c5a9e; --c10: #9aa0a6; --good: #2e8540; --bad: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --back: #17191b; --text: #e6e7e8; --faint: #9aa0a6; --line: #383c40;
  --c0: #7fb0ff; --c1: #ff9a62; --c2: #74cf87; --c3: #d59be8; --c4: #e6c04d; --c5: #5fcbd6; --c6: #f28bb4; --c7: #b6c77a;
  --c8: #d1a488; --c9: #a3b0f0; --c10: #75797e; --good: #74cf87; --bad: #ff8a80; } }
body { background: var(--back); color: var(--text); font: 16px/1.5 system-ui, sans-serif; max-width: 980px;
  margin: 2rem auto; padding: 0 1rem; }
h1, h2 { line-height: 1.2; } h2 { margin-top: 2.5rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.88rem; font-variant-numeric: tabular-nums; }
th, td { padding: 0.25rem 0.6rem; border-bottom: 1px solid var(--line); text-align: left; white-space: nowrap; }
td.number, th.number { text-align: right; }
.met { color: var(--good); } .missed { color: var(--bad); font-weight: 600; }
svg { width: 100%; max-width: 760px; height: auto; display: block; }
svg text { fill: var(--text); font: 12px system-ui, sans-serif; }
svg .grid { stroke: var(--line); stroke-width: 1; } svg .axis { stroke: var(--faint); }
svg .tick { fill: var(--faint); }
.legend span { display: inline-block; margin-right: 1.2rem; font-size: 0.88rem; }
.legend i { display: inline-block; width: 0.8em; height: 0.8em; border-radius: 2px; margin-right: 0.4em; }
p.note { color: var(--faint); font-size: 0.9rem; max-width: 48rem; }
"""


def colour(index):
    return f"var(--c{index % 11})"


def short(number):
    """Formats a number for an axis, such as 10k."""
    for size, name in [(1e9, "G"), (1e6, "M"), (1e3, "k")]:
        if number >= size:
            return f"{number / size:g}{name}"
    return f"{number:g}"


class Axis:
    """Maps numbers from `low` to `high` to pixels from `start` to `end`; by their logarithm if `log`."""

    def __init__(self, low, high, start, end, log=False):
        self.log = log
        if log:
            low, high = log10(low), log10(high)
        self.low, self.high, self.start, self.end = low, high, start, end

    def at(self, number):
        number = log10(number) if self.log else number
        return self.start + (number - self.low) / (self.high - self.low) * (self.end - self.start)

    def ticks(self):
        if self.log:
            return [10.0**power for power in range(ceil(self.low - 1e-9), floor(self.high + 1e-9) + 1)]
        step = 10 ** floor(log10(self.high - self.low))
        step = next(step * part for part in [0.1, 0.2, 0.5, 1, 2] if (self.high - self.low) / (step * part) <= 7)
        return [step * at for at in range(ceil(self.low / step), floor(self.high / step + 1e-9) + 1)]


def text(x, y, words, anchor="middle", kind="", more=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{kind}"{more}>{escape(words)}</text>'


def line(x1, y1, x2, y2, kind="grid", more=""):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"{more}/>'


def svg(parts, label, height=HEIGHT):
    return f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(label)}">{"".join(parts)}</svg>'


def frame(x, y, x_label, y_label, x_ticks, y_form=short):
    """Draws the axes with their labels. `x_ticks` has the places and the words."""
    bottom = HEIGHT - BOTTOM
    parts = []
    for tick in y.ticks():
        parts.append(line(LEFT, y.at(tick), WIDTH - RIGHT, y.at(tick)))
        parts.append(text(LEFT - 8, y.at(tick) + 4, y_form(tick), "end", "tick"))
    for tick, words in x_ticks:
        parts.append(line(x.at(tick), bottom, x.at(tick), bottom + 5, "axis"))
        parts.append(text(x.at(tick), bottom + 19, words, "middle", "tick"))
    parts.append(line(LEFT, bottom, WIDTH - RIGHT, bottom, "axis"))
    parts.append(text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6, x_label))
    middle = (TOP + bottom) / 2
    parts.append(text(16, middle, y_label, more=f' transform="rotate(-90 16 {middle:.1f})"'))
    return parts


def curve(x, y, points, index, dashed=False, dots=True):
    path = " ".join(f"{x.at(a):.1f},{y.at(b):.1f}" for a, b in points)
    dashes = ' stroke-dasharray="6 5"' if dashed else ""
    parts = [f'<polyline points="{path}" fill="none" stroke="{colour(index)}" stroke-width="2"{dashes}/>']
    for a, b in points if dots else []:
        parts.append(f'<circle cx="{x.at(a):.1f}" cy="{y.at(b):.1f}" r="3.5" fill="{colour(index)}">')
        parts.append(f"<title>{short(a)}: {b:.4g}</title></circle>")
    return parts


def legend(names):
    """`names` has pairs of a colour's number and a name."""
    spans = [f'<span><i style="background:{colour(index)}"></i>{escape(name)}</span>' for index, name in names]
    return f'<p class="legend">{"".join(spans)}</p>'


def bars(rows, label):
    """Horizontal bars. `rows` has pairs of a name and a bar's parts: each the number of its colour, and its value."""
    step, left = 44, 150
    height = TOP + step * len(rows) + BOTTOM
    most = max(sum(value for _, value in values) for _, values in rows)
    x = Axis(0, most * 1.2, left, WIDTH - RIGHT)
    bottom = height - BOTTOM
    parts = []
    for tick in x.ticks():
        parts += [line(x.at(tick), TOP, x.at(tick), bottom), text(x.at(tick), bottom + 17, short(tick), kind="tick")]
    for at, (name, values) in enumerate(rows):
        y, total = TOP + step * at + 8, 0
        parts.append(text(left - 8, y + 18, name, "end"))
        for index, value in values:
            if value > 0:
                place, width = x.at(total), x.at(total + value) - x.at(total)
                parts.append(f'<rect x="{place:.1f}" y="{y}" width="{width:.1f}" height="28" fill="{colour(index)}">')
                parts.append(f"<title>{value:.4g}</title></rect>")
                total += value
        parts.append(text(x.at(total) + 6, y + 18, f"{total:,.0f}" if total >= 1000 else f"{total:.2f}", "start"))
    parts.append(text((left + WIDTH - RIGHT) / 2, height - 8, label))
    return svg(parts, label, height)


def ratios_plot(rows):
    """A line for each target, with the spread, the ratio and the target on it."""
    step, left = 30, 400
    height = TOP + step * len(rows) + BOTTOM
    most = max(max(row["spread"][1], row["target"]) for row in rows)
    x = Axis(0, most * 1.05, left, WIDTH - RIGHT)
    bottom = height - BOTTOM
    parts = []
    for tick in x.ticks():
        parts += [line(x.at(tick), TOP, x.at(tick), bottom), text(x.at(tick), bottom + 17, short(tick), kind="tick")]
    for at, row in enumerate(rows):
        y, (low, high) = TOP + step * at + 14, row["spread"]
        good = "var(--good)" if row["met"] else "var(--bad)"
        parts.append(text(left - 8, y + 4, f"{row['work']} ({row['backend']})", "end", more=' style="font-size:11px"'))
        parts.append(line(x.at(low), y, x.at(high), y, "", f' stroke="{good}" stroke-width="3"'))
        parts.append(f'<circle cx="{x.at(row["ratio"]):.1f}" cy="{y}" r="5" fill="{good}">')
        parts.append(f"<title>{row['ratio']:.2f}</title></circle>")
        parts.append(line(x.at(row["target"]), y - 11, x.at(row["target"]), y + 11, "", ' stroke="var(--text)" stroke-width="2"'))
    label = "times as fast as the peer; an upright bar is the target"
    parts.append(text((left + WIDTH - RIGHT) / 2, height - 8, label))
    return svg(parts, label, height)


def speed_plot(speeds):
    ours = [who for who in speeds if who != "mixnet"]
    sizes = sorted({size for who in ours for size in speeds[who]})
    most = max(speed for who in ours for speed in speeds[who].values())
    x, y = Axis(0.9, max(sizes) * 1.1, LEFT, WIDTH - RIGHT, True), Axis(0, most * 1.08, HEIGHT - BOTTOM, TOP)
    ticks = [(size, str(size)) for size in sizes]
    label = "packets a second and core"
    parts = frame(x, y, "packets in a batch", label, ticks)
    for index, who in enumerate(ours):
        parts += curve(x, y, sorted(speeds[who].items()), index)
    alone = speeds["mixnet"][1]
    parts += curve(x, y, [(min(sizes), alone), (max(sizes), alone)], 3, True, False)
    names = [*enumerate(ours), (3, "mixnet 0.7.0, one by one")]
    return svg(parts, label) + legend(names)


def bloom(tags):
    """False positives of the filter of `mixnet` 0.7.0, which has 2^26 bits; a tag sets 8 of them."""
    return (1 - exp(-8 * tags / 2**26)) ** 8


def false_positives_plot(fills):
    points = {int(fill): figures for fill, figures in fills.items()}
    tags = sorted(points)
    least = 1e-8
    x = Axis(min(tags), max(tags), LEFT, WIDTH - RIGHT, True)
    y = Axis(least, 1, HEIGHT - BOTTOM, TOP, True)
    label = "chance that a new packet is refused"
    ticks = [(tick, short(tick)) for tick in x.ticks()]
    parts = frame(x, y, "packets in the filter", label, ticks, lambda tick: f"{tick:.0e}" if tick < 1 else "1")
    measured = [(fill, points[fill]["false_positives"]) for fill in tags if points[fill].get("false_positives")]
    steps = [10 ** (log10(min(tags)) + at / 40 * log10(max(tags) / min(tags))) for at in range(41)]
    parts += curve(x, y, measured, 0)
    parts += curve(x, y, [(fill, fill / 2**37) for fill in steps], 0, True, False)
    parts += curve(x, y, [(fill, bloom(fill)) for fill in steps if bloom(fill) > least], 3, True, False)
    names = [(0, "ours, measured; dashed: n / 2^37"), (3, "8 MiB Bloom filter of mixnet 0.7.0, by its formula")]
    return svg(parts, label) + legend(names)


def filter_times_plot(fills):
    points = {int(fill): figures for fill, figures in fills.items()}
    tags = sorted(points)
    names = [("check_ns", "a check of a new packet"), ("insert_ns", "an insertion, with its share of growing")]
    most = max(figures.get(name, 0) for figures in points.values() for name, _ in names)
    x, y = Axis(min(tags), max(tags), LEFT, WIDTH - RIGHT, True), Axis(0, most * 1.08, HEIGHT - BOTTOM, TOP)
    parts = frame(x, y, "packets in the filter", "ns", [(tick, short(tick)) for tick in x.ticks()])
    for index, (name, _) in enumerate(names):
        parts += curve(x, y, [(fill, points[fill][name]) for fill in tags if name in points[fill]], index)
    return svg(parts, "time by packets in the filter") + legend([(at, words) for at, (_, words) in enumerate(names)])


def table(header, lines):
    number = [at in (2, 4, 5, 6) for at in range(len(header))]
    html = "<tr>" + "".join(f'<th class="{"number" if right else ""}">{cell}</th>' for cell, right in zip(header, number))
    for cells in lines:
        html += "</tr><tr>"
        for cell, right in zip(cells, number):
            kind = "number" if right else "met" if cell.endswith(" met") else "missed" if cell.endswith("missed") else ""
            html += f'<td class="{kind}">{escape(cell)}</td>'
    return f'<div class="scroll"><table>{html}</tr></table></div>'


def instruction_bars(counts):
    whos = list(next(iter(counts.values())))
    rows = [
        (f"{work}, {who}", [(at, by_who[who])]) for work, by_who in counts.items() for at, who in enumerate(whos) if who in by_who
    ]
    return bars(rows, "instructions for one packet alone")


def render(results, caption, header, lines):
    """The page."""
    parts = [
        "<!doctype html><html lang='en'><head><meta charset='utf-8'><title>How fast: the mixnet measured</title>",
        f"<meta name='viewport' content='width=device-width'><style>{STYLE}</style></head><body>",
        "<h1>How fast</h1>",
        f"<p>{escape(caption.replace('`', ''))}</p>",
        "<p class='note'>Each repetition measures everything once, ours and the peer within seconds of each other. Other work "
        "of the machine shows in the spread.</p>",
        "<h2>Targets</h2>",
        ratios_plot([row for row in results["rows"] if row["target"]]),
        "<h2>All ratios</h2>",
        table(header, lines),
        "<h2>Packets a second, by batch</h2>",
        "<p class='note'>Unwrapped, checked for replay, and queued to be forwarded, by one core.</p>",
        speed_plot(results["packets_per_second"]["by_batch"]),
        "<h2>Packets a second, by threads</h2>",
        "<p class='note'>Each thread unwraps its own batches of 32.</p>",
    ]
    threads = [
        (f"{who}, {number} thread{'s' if number > 1 else ''}", [(at, speed)])
        for at, (who, by_number) in enumerate(results["packets_per_second"]["by_threads"].items())
        for number, speed in sorted(by_number.items())
    ]
    parts.append(bars(threads, "packets a second"))
    stages = results["stages"]
    backends = list(stages)
    names = list(stages[backends[0]])
    parts += [
        "<h2>Where the time goes</h2>",
        "<p class='note'>A packet that is forwarded, in batches of 32. Each stage was measured by itself; \"all else\" is the "
        "rest of the whole. Times are the lowest of the repetitions.</p>",
        bars([(who, list(enumerate(by_stage.values()))) for who, by_stage in stages.items()], "µs for each packet"),
        legend(enumerate(names)),
        bars([(name, [(at, stages[backends[0]][name])]) for at, name in enumerate(names)], f"µs for each packet, {backends[0]}"),
        "<h2>Replay filter: false positives</h2>",
        false_positives_plot(results["replay_filter"]),
        "<h2>Replay filter: time</h2>",
        filter_times_plot(results["replay_filter"]),
    ]
    if results["instructions"]:
        parts += [
            "<h2>Instructions</h2>",
            "<p class='note'>Counted by callgrind, which does not know AVX-512. Nor does it offer ADX, so aws-lc runs its code "
            "for processors without it.</p>",
            instruction_bars(results["instructions"]),
        ]
    return "\n".join(parts) + "\n</body></html>\n"
