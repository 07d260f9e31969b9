#!/usr/bin/env python3
"""Writes what `make scale` measured into docs/scale.md, between its markers.

usage: scale_tables.py RESULTS PAGE

RESULTS is the file that frame-omni-bencher writes with --json-file. For each benchmark it has the time of each repetition,
and the storage that was touched. A benchmark is named after the work and the pallet, such as `rotate_ours` and
`rotate_peer`. Its component `e` is the number of mixnodes as a power of ten.
"""

import json
import platform
import sys
from datetime import date
from statistics import median

BEGIN = "<!-- measured: begin (written by `make scale`) -->\n"
END = "<!-- measured: end -->\n"

# The works in the order of the page: the benchmark's name, and the title on the page.
WORK = [
    ("apply", "A registration, as a block applies it"),
    ("dispatch", "A registration, dispatched without its signatures"),
    ("rotate", "A rotation with the same queued authorities"),
    ("rotate_changed", "A rotation with other queued authorities"),
    ("rotate_operators", "A rotation with 100 authorities, if operators run all mixnodes"),
    ("prune", "A step of pruning, in the idle time of a block"),
    ("current_mixnodes", "The current session's mixnodes, all at once"),
    ("mixnodes_page", "The current session's mixnodes, a page of 256"),
]

FIGURES = ["reads", "writes", "proof_size"]


def read(path):
    """The results, as {benchmark: {mixnodes: {figure: number}}}; times are medians, in nanoseconds."""
    with open(path) as file:
        batches = json.load(file)
    results = {}
    for batch in batches:
        by_size = results.setdefault(batch["benchmark"], {})
        for result in batch["time_results"]:
            by_size.setdefault(size(result), {"times": []})["times"].append(result["extrinsic_time"])
        for result in batch["db_results"]:
            # These are the same in each repetition. If they were not, the largest would count.
            figures = by_size[size(result)]
            for figure in FIGURES:
                figures[figure] = max(figures.get(figure, 0), result[figure])
        for figures in by_size.values():
            figures["repetitions"] = len(figures["times"])
            figures["time"] = median(figures.pop("times"))
    return results


def size(result):
    """The number of mixnodes that a result is for."""
    return 10 ** dict(map(tuple, result["components"]))["e"]


def microseconds(nanoseconds):
    """Formats nanoseconds as microseconds, with three digits or with all that are before the point."""
    value = nanoseconds / 1_000
    digits = 2 if value < 10 else 1 if value < 100 else 0
    return f"{value:,.{digits}f}"


def row(cells):
    return "| " + " | ".join(cells) + " |\n"


def table(ours, peer):
    """The figures of both pallets by number of mixnodes; only ours if the peer has no such work."""
    both = bool(peer)
    names = ["time, µs", "reads", "writes", "proof, bytes"]
    header = ["mixnodes"]
    for name in names:
        header += [f"{name}: ours", "peer"] if both else [name]
        if both and name == names[0]:
            header.append("ours ÷ peer")
    text = row(header) + "|" + "---:|" * len(header) + "\n"
    for mixnodes in sorted(ours):
        mine, theirs = ours[mixnodes], peer.get(mixnodes)
        cells = [f"{mixnodes:,}", microseconds(mine["time"])]
        if both:
            cells += [microseconds(theirs["time"]), f"{mine['time'] / theirs['time']:.2f}"]
        for figure in FIGURES:
            cells.append(f"{mine[figure]:,}")
            if both:
                cells.append(f"{theirs[figure]:,}")
        text += row(cells)
    return text


def processor():
    """The processor's name, as the operating system gives it."""
    try:
        with open("/proc/cpuinfo") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def render(results):
    repetitions = {figures["repetitions"] for by_size in results.values() for figures in by_size.values()}
    text = f"\nMeasured on {date.today()}, on one core of: {processor()}. "
    text += f"Times are medians of {min(repetitions)} repetitions.\n"
    known = set()
    for work, title in WORK:
        ours, peer = results.get(f"{work}_ours"), results.get(f"{work}_peer", {})
        known |= {f"{work}_ours", f"{work}_peer"}
        if ours:
            text += f"\n### {title}\n\n" + table(ours, peer)
    unknown = set(results) - known
    if unknown:
        sys.exit(f"error: WORK has no title for: {', '.join(sorted(unknown))}")
    return text + "\n"


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    results_path, page_path = sys.argv[1:]
    with open(page_path) as file:
        page = file.read()
    if page.count(BEGIN) != 1 or page.count(END) != 1:
        sys.exit(f"error: {page_path} must have each of the two markers once; the results go between them")
    before, rest = page.split(BEGIN)
    after = rest.split(END)[1]
    with open(page_path, "w") as file:
        file.write(before + BEGIN + render(read(results_path)) + END + after)


if __name__ == "__main__":
    main()
