#!/usr/bin/python3
"""What core_bench wrote with --benchmark_format=json, as Markdown: core_table.py FILE... (- is stdin).

Of repetitions the least counts: whatever disturbs a measurement makes it longer.
"""
import json
import sys

CHILD_NS, JOB_NS = 500, 2000
CHILD_BYTES_WAITING, CHILD_BYTES_ENDED, JOB_BYTES = 2, 4, 300
# A row, its bar for each, and what it is.
ROWS = {
    "array/one_node": (CHILD_NS, "array, 1 node of 1,000 CPUs, a report a second"),
    "array/16_nodes": (CHILD_NS, "array, 16 nodes of 64 CPUs, a report of each a second"),
    "array/1_percent_fails": (CHILD_NS, "the same, and 1 % fail"),
    "array/one_by_one": (None, "the same, each end reported and decided on by itself"),
    "chain": (JOB_NS, "chain, each job after the one before"),
    "fan": (JOB_NS, "one, then all but two at once, then one"),
    "fan/one_by_one": (None, "the same, each end reported and decided on by itself"),
    "random": (JOB_NS, "random graph, 20 dependencies a job"),
}


def read(files):
    """Rows by name and size, and of clusters by nodes and milliseconds; whether the program was optimized."""
    rows, clusters, optimized = {}, {}, False
    for file in files:
        with (sys.stdin if file == "-" else open(file, encoding="utf-8")) as source:
            document = json.load(source)
        optimized = document["context"].get("optimized") == "yes"
        for entry in document["benchmarks"]:
            if entry.get("run_type") != "iteration":
                continue
            parts = entry["name"].split("/")
            if parts[0] == "cluster":
                place, key = clusters, tuple(int(part.split(":")[1]) for part in parts[1:3])
            else:
                at = next(i for i, part in enumerate(parts) if part.isdigit())
                place, key = rows.setdefault("/".join(parts[:at]), {}), int(parts[at])
            if key not in place or entry["ns_each"] < place[key]["ns_each"]:
                place[key] = entry
    return rows, clusters, optimized


def line(*cells):
    return "| " + " | ".join(map(str, cells)) + " |"


def power(size):
    return f"10^{len(str(size)) - 1}"


def table(heads, rows):
    return "\n".join([line(*heads), "|" + "---|" * len(heads), *(line(*row) for row in rows)])


def costs(rows):
    sizes = sorted({size for row in rows.values() for size in row})
    lines = []
    for name, (bar, what) in ROWS.items():
        if name not in rows:
            continue
        row = rows[name]
        cells = [f"{row[size]['ns_each'] / 1000:.2f}" if size in row else "" for size in sizes]
        flat = row[max(row)]["ns_each"] / row[min(row)]["ns_each"]
        lines.append([what, *cells, f"{flat:.2f}", f"{bar / 1000:g}" if bar else "–"])
    return table(["µs of CPU for each", *map(power, sizes), "largest/smallest", "bar"], lines)


def memory(rows):
    lines = []
    for name, (_, what) in ROWS.items():
        if name not in rows or name.endswith("one_by_one"):
            continue
        size = max(rows[name])
        row = rows[name][size]
        bars = (CHILD_BYTES_WAITING, CHILD_BYTES_ENDED) if name.startswith("array") else (JOB_BYTES, JOB_BYTES)
        lines.append([what, power(size), f"{row['bytes_waiting']:.1f} (≤ {bars[0]})", f"{row['bytes_ended']:.1f} (≤ {bars[1]})",
                      f"{row['adopt_s']:.2f}", f"{row['adopt_peak_bytes'] * size / 2**20:.0f}"])
    return table(["bytes of heap for each", "of", "waiting", "ended", "adoption: s", "adoption: peak MiB"], lines)


def big_clusters(clusters):
    lines = []
    for (nodes, ms), row in sorted(clusters.items()):
        lines.append([f"{nodes:,}", ms, f"{row['ends_per_s']:,.0f}", f"{row['ends_a_batch']:.0f}",
                      *(f"{row[part + '_s_per_s']:.2f}" for part in ("coordinator", "codec", "journal", "cpu")),
                      f"{row['ns_each'] / 1000:.2f}", f"{100 * row['utilisation']:.0f} %"])
    return table(["nodes × 64 CPUs", "report every ms", "ends/s", "ends a report", "CPU s/s: rules", "codec", "journal's bytes",
                  "all", "µs a task", "CPUs busy"], lines)


def main():
    rows, clusters, optimized = read(sys.argv[1:])
    if not optimized:
        print("**Not optimized: these figures say nothing.**\n")
    parts = [costs(rows), memory(rows)] if rows else []
    print("\n\n".join(parts + ([big_clusters(clusters)] if clusters else [])))


if __name__ == "__main__":
    main()
