#!/usr/bin/env python3
"""Writes what `make bench` measured: results.json, results.html, and the tables in README.md and docs/speed.md.

usage: speed_report.py FOLDER COMMAND

FOLDER has what was measured: `criterion` (criterion's own results), and, as far as they were measured, `instructions`
(lines of work, who and number of instructions) and `filter` (the table that the example replay_filter prints).
COMMAND is what was run, for the reader. Prints the table of ratios.
"""

import json
import platform
import sys
from datetime import date
from pathlib import Path
from statistics import median

import speed_page

ROOT = Path(__file__).resolve().parent.parent
MARKERS = ("<!-- measured: begin (written by `make bench`) -->\n", "<!-- measured: end -->\n")

MIXNET = ("mixnet 0.7.0", "mixnet/1")
SPHINX_PACKET = ("sphinx-packet 0.8.0", "sphinx-packet/1")
BACKENDS = ["avx512-ifma", "aws-lc", "portable"]
WITHOUT_AVX512 = "aws-lc"

# Works on packets, alone or in batches: criterion's group, the title in the tables, the peer that ours is compared with,
# and the sizes of batches. A batch of one is a packet alone.
WORKS = [
    ("forward", "unwrap and forward", MIXNET, [1, 8, 32, 64]),
    ("replay", "refuse a replayed packet", MIXNET, [1, 32]),
    ("bad", "refuse a bad packet, two sessions live", MIXNET, [1, 32]),
    ("cover", "build a cover packet", MIXNET, [1, 32]),
    ("send_cover", "send cover, as a node does when its clock ticks", MIXNET, [1]),
    ("unwrap_5", "unwrap, without a node", SPHINX_PACKET, [1, 32]),
    ("build_5", "build a packet for 5 hops", SPHINX_PACKET, [1, 32]),
]

# The ratios to be reached, by work, size of the batch and backend.
TARGETS = {
    ("forward", 32, "avx512-ifma"): 6.0,
    ("forward", 32, WITHOUT_AVX512): 1.9,
    ("forward", 1, "avx512-ifma"): 2.0,
    ("replay", 32, "avx512-ifma"): 5.0,
    ("bad", 32, "avx512-ifma"): 6.0,
    ("cover", 32, "avx512-ifma"): 4.0,
    ("cover", 1, "avx512-ifma"): 2.0,
    ("threads", 32, "avx512-ifma"): 1.9,
}

# The rows that README.md shows, by group, size of the batch and backend. docs/speed.md shows all.
README_ROWS = [
    ("forward", 32, "avx512-ifma"),
    ("forward", 32, WITHOUT_AVX512),
    ("forward", 1, "avx512-ifma"),
    ("bad", 32, "avx512-ifma"),
    ("cover", 1, WITHOUT_AVX512),
]


class Measured:
    """Criterion's results: microseconds for each packet, by group, function and repetition."""

    def __init__(self, folder):
        self.times = {}
        for path in sorted(folder.glob("**/new/benchmark.json")):
            benchmark = json.loads(path.read_text())
            estimates = json.loads((path.parent / "estimates.json").read_text())
            elements = (benchmark["throughput"] or {"Elements": 1})["Elements"]
            microseconds = estimates["median"]["point_estimate"] / 1000 / elements
            by_repetition = self.times.setdefault((benchmark["group_id"], benchmark["function_id"]), {})
            by_repetition[int(benchmark["value_str"])] = microseconds
        if not self.times:
            sys.exit(f"error: nothing was measured in {folder}")

    def __contains__(self, key):
        return key in self.times

    def median(self, group, function):
        return median(self.times[group, function].values())

    def lowest(self, group, function):
        return min(self.times[group, function].values())

    def ratios(self, ours, peer):
        """The peer's time divided by ours, for each repetition that has both."""
        ours, peer = self.times[ours], self.times[peer]
        return [peer[at] / ours[at] for at in sorted(ours.keys() & peer.keys())]

    def repetitions(self):
        return max(len(times) for (group, _), times in self.times.items() if group == "forward")

    def functions(self, group):
        return [function for a_group, function in self.times if a_group == group]


def new_row(measured, group, title, size, backend, ours, peer_name, peer):
    """Makes a row of the table. `ours` and `peer` are criterion's functions in the group."""
    ratios = measured.ratios((group, ours), (group, peer))
    target = TARGETS.get((group, size, backend))
    ratio = median(ratios)
    return {
        "work": title,
        "backend": backend,
        "ours_us": round(measured.median(group, ours), 3),
        "peer": peer_name,
        "peer_us": round(measured.median(group, peer), 3),
        "ratio": round(ratio, 3),
        "spread": [round(min(ratios), 3), round(max(ratios), 3)],
        "target": target,
        "met": None if target is None else ratio >= target,
        "key": (group, size, backend),
    }


def rows(measured):
    def batch(size):
        return "alone" if size == 1 else f"in batches of {size}"

    table = []
    for group, title, (peer_name, peer), sizes in WORKS:
        for backend in BACKENDS:
            for size in sizes:
                ours = f"{backend}/{size}"
                if (group, ours) in measured:
                    name = f"{title}, {batch(size)}"
                    table.append(new_row(measured, group, name, size, backend, ours, peer_name, peer))
    # Two threads of ours beside one.
    for backend in BACKENDS:
        ours = f"{backend}/2"
        if ("threads", ours) in measured:
            title = "unwrap in batches of 32, two threads"
            table.append(new_row(measured, "threads", title, 32, backend, ours, "one thread", f"{backend}/1"))
    for group, title in [("x25519", "X25519"), ("x25519_base", "X25519 of the base point")]:
        for size in [1, 32]:
            for backend in BACKENDS:
                ours = f"{backend}/{size}"
                if (group, ours) not in measured:
                    continue
                for peer_name, peer in [("curve25519-dalek 4.1", "curve25519-dalek"), ("aws-lc 0.47", "aws-lc")]:
                    if backend != peer and not (backend == "portable" and peer == "aws-lc"):
                        name = f"{title}, {batch(size)}"
                        row = new_row(measured, group, name, size, backend, ours, peer_name, f"{peer}/{size}")
                        table.append(row)
    return table


# The stages of unwrapping in their order, with criterion's function. `None` is an X25519, of which there are two.
STAGES = [
    ("X25519, to open", None),
    ("hop secrets", "hop secrets/32"),
    ("MAC", "MAC/32"),
    ("actions and delay", "actions and delay/32"),
    ("replay filter", "replay filter/32"),
    ("blinding factor", "blinding factor/32"),
    ("X25519, to blind", None),
    ("payload key", "payload key/32"),
    ("LIONESS, hashes", "LIONESS, hashes/32"),
    ("LIONESS, streams", "LIONESS, streams/32"),
]


def stages(measured):
    """Microseconds for each packet of a batch of 32, by backend and stage. The last stage is the rest of the whole.

    Takes the lowest of the repetitions: the rest is a difference, in which disturbances would outweigh what is measured.
    """
    result = {}
    for backend in BACKENDS:
        batch = f"{backend}/32"
        if ("forward", batch) not in measured:
            continue
        exchange = measured.lowest("x25519", batch)
        parts = {name: measured.lowest("stage", stage) if stage else exchange for name, stage in STAGES}
        parts["all else"] = measured.lowest("forward", batch) - sum(parts.values())
        result[backend] = {stage: round(time, 3) for stage, time in parts.items()}
    return result


def speeds(measured):
    """Packets per second: of one core, by implementation and batch; and of all cores, by implementation and threads."""
    by_batch, by_threads = {}, {}
    for function in measured.functions("forward"):
        who, size = function.rsplit("/", 1)
        by_batch.setdefault(who, {})[int(size)] = round(1e6 / measured.median("forward", function))
    for function in measured.functions("threads"):
        who, threads = function.rsplit("/", 1)
        by_threads.setdefault(who, {})[int(threads)] = round(1e6 / measured.median("threads", function))
    return {"by_batch": by_batch, "by_threads": by_threads}


def percent(cell):
    """Reads a cell such as `0.00067 %` as a share, with no more digits than the cell has."""
    return float(f"{float(cell.split()[0]) / 100:.3g}")


def filter_by_fill(measured, table):
    """The replay filter's figures, by tags in it: those that criterion measured, and those that the example printed."""
    result = {}
    for function in measured.functions("filter_check"):
        fill = int(function.rsplit("/", 1)[0])
        result.setdefault(fill, {})["check_ns"] = round(1000 * measured.median("filter_check", function), 1)
    lines = table.read_text().splitlines() if table.exists() else []
    rows_of_cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    for cells_of_row in rows_of_cells[2:]:
        row = dict(zip(rows_of_cells[0], cells_of_row))
        figures = result.setdefault(int(row["tags"]), {})
        figures.setdefault("check_ns", float(row["ns per check"]))
        figures["insert_ns"] = float(row["ns per insert"])
        figures["bytes_per_tag"] = float(row["bytes per tag"])
        figures["false_positives"] = percent(row["false positives"])
        figures["false_positives_by_formula"] = percent(row["by the formula"])
    return {str(fill): result[fill] for fill in sorted(result)}


def instructions(path):
    """Instructions for one packet, by work and implementation."""
    result = {}
    for line in path.read_text().splitlines() if path.exists() else []:
        work, who, number = line.split()
        result.setdefault(work, {})[who] = int(number)
    return result


def machine():
    """The processor, the number of cores, and the operating system."""
    try:
        info = Path("/proc/cpuinfo").read_text()
    except OSError:
        info = ""
    fields = [line.split(":", 1) for line in info.splitlines() if ":" in line]
    values = {}
    for name, value in fields:
        values.setdefault(name.strip(), value.strip())
    names = {"model name": platform.processor() or platform.machine(), "cpu family": "?", "model": "?", "flags": ""}
    name, family, model, flags = [values.get(field, other) for field, other in names.items()]
    processors = sum(1 for name, _ in fields if name.strip() == "processor")
    virtual = ", virtual" if "hypervisor" in flags.split() else ""
    return f"{name} (family {family}, model {model}), {processors} cores{virtual}; {platform.system()}"


def digits(number):
    """Formats a number with three digits, or with all that are before the point."""
    return f"{number:,.{2 if number < 10 else 1 if number < 100 else 0}f}"


def cells(row):
    target = "" if row["target"] is None else f"{row['target']:.1f}, {'met' if row['met'] else 'missed'}"
    low, high = row["spread"]
    return [
        row["work"],
        row["backend"],
        digits(row["ours_us"]),
        row["peer"],
        digits(row["peer_us"]),
        f"{row['ratio']:.2f}",
        f"{low:.2f} to {high:.2f}",
        target,
    ]


HEADER = ["work", "backend", "ours, µs", "peer", "peer, µs", "ratio", "spread", "target"]
TO_THE_RIGHT = [False, False, True, False, True, True, True, False]


def markdown(header, lines, to_the_right):
    table = [header, ["---:" if right else "---" for right in to_the_right]] + lines
    return "".join("| " + " | ".join(line) + " |\n" for line in table)


def text_table(lines):
    """The table of ratios, for a terminal."""
    widths = [max(len(line[i]) for line in [HEADER] + lines) for i in range(len(HEADER))]
    text = ""
    for line in [HEADER] + lines:
        padded = [
            cell.rjust(width) if right else cell.ljust(width) for cell, width, right in zip(line, widths, TO_THE_RIGHT)
        ]
        text += "  ".join(padded).rstrip() + "\n"
    return text


def stage_table(results):
    backends = list(results["stages"])
    if not backends:
        return ""
    names = list(results["stages"][backends[0]])
    lines = [[name] + [f"{results['stages'][backend][name]:.2f}" for backend in backends] for name in names]
    whole = [f"**{sum(results['stages'][backend].values()):.2f}**" for backend in backends]
    lines.append(["**a packet, unwrapped and queued**"] + whole)
    return markdown(["µs for each packet"] + backends, lines, [False] + [True] * len(backends))


def instruction_table(results):
    counts = results["instructions"]
    if not counts:
        return "Instructions were not counted, because valgrind was not installed.\n"
    whos = list(next(iter(counts.values())))
    lines = [[work] + [f"{counts[work].get(who, 0):,}" for who in whos] for work in counts]
    return markdown(["instructions, a packet alone"] + whos, lines, [False] + [True] * len(whos))


def others_table(results):
    lines = [[work, f"{time:.0f}"] for work, time in results["queues"].items()]
    return markdown(["with a million packets waiting", "ns"], lines, [False, True])


def write_between_markers(path, text):
    page = path.read_text()
    begin, end = MARKERS
    if page.count(begin) != 1 or page.count(end) != 1:
        sys.exit(f"error: {path} must have each of the two markers once; the results go between them")
    before, rest = page.split(begin)
    path.write_text(before + begin + text + end + rest.split(end)[1])


def to_json(results):
    """Formats the results as JSON, with a line for each row of the table and for each other result."""
    lines = []
    for name, result in results.items():
        if name == "rows":
            result = [json.dumps(row, ensure_ascii=False) for row in result]
            lines.append('"rows": [\n  ' + ",\n  ".join(result) + "\n ]")
        else:
            lines.append(f"{json.dumps(name)}: {json.dumps(result, ensure_ascii=False)}")
    return "{\n " + ",\n ".join(lines) + "\n}\n"


def caption(results):
    return (
        f"Measured on {results['date']} by `{results['command']}`, on one core (two where there are two threads) of: "
        f"{results['machine']}. Times are medians of {results['repetitions']} repetitions, for each packet. A ratio is the "
        "median of the repetitions' ratios; the spread is from the lowest to the highest of them.\n"
    )


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    folder, command = Path(sys.argv[1]), sys.argv[2]
    measured = Measured(folder / "criterion")
    results = {
        "command": command,
        "date": str(date.today()),
        "machine": machine(),
        "repetitions": measured.repetitions(),
        "rows": rows(measured),
        "stages": stages(measured),
        "packets_per_second": speeds(measured),
        "replay_filter": filter_by_fill(measured, folder / "filter"),
        "queues": {
            f"{queue.rsplit('/', 1)[0]} queue: a pop and a push": round(1000 * measured.median("queue", queue), 1)
            for queue in measured.functions("queue")
        },
        "instructions": instructions(folder / "instructions"),
    }
    lines = [cells(row) for row in results["rows"]]
    chosen = [cells(row) for row in results["rows"] if row["key"] in README_ROWS]
    write_between_markers(
        ROOT / "README.md", "\n" + markdown(HEADER, chosen, TO_THE_RIGHT) + "\n" + caption(results) + "\n"
    )
    tables = [
        caption(results),
        "### All ratios\n",
        markdown(HEADER, lines, TO_THE_RIGHT),
        "### Stages\n",
        "The stages of a packet that is forwarded, in batches of 32. Each was measured by itself; \"all else\" is the rest of "
        "the whole. Times are the lowest of the repetitions.\n",
        stage_table(results),
        "### Instructions\n",
        instruction_table(results),
        "### A packet through a queue\n",
        others_table(results),
    ]
    write_between_markers(ROOT / "docs/speed.md", "\n" + "\n".join(tables) + "\n")
    (ROOT / "benchmarking/results.html").write_text(speed_page.render(results, caption(results), HEADER, lines))
    for row in results["rows"]:
        del row["key"]
    (ROOT / "benchmarking/results.json").write_text(to_json(results))
    print(text_table(lines))


if __name__ == "__main__":
    main()
