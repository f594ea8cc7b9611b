# SPDX-License-Identifier: BSD-3-Clause
"""Writes the generated sections of docs/measurements.md."""

import re

import bench_path


def replace_section(text, name, body):
    """Returns the page with the text between the two markers of a section replaced. Raises
    ValueError unless it has exactly one such section.
    """
    pattern = re.compile(rf"(<!-- {name}: begin -->\n).*?(<!-- {name}: end -->)", re.DOTALL)
    body = body.rstrip("\n") + "\n"
    changed, count = pattern.subn(lambda found: found[1] + body + found[2], text)
    if count != 1:
        raise ValueError(f"{count} sections are marked <!-- {name}: begin --> ... end -->, not one")
    return changed


def machine_lines(machine):
    return [
        f"- {machine['date']}, commit `{machine['commit']}`",
        f"- {machine['cpu']}, {machine['cpus_online']} CPUs online, {machine['cpus_allowed']} used,"
        f" {machine['memory_gib']} GiB; {machine['system']}, kernel {machine['kernel']};"
        f" load average before the run: {machine['load_average']}",
        f"- DPDK {machine['dpdk']}; escd built {machine['build']} by {machine['compiler']}",
    ]


def whole_path(document):
    """The section of the whole path, from what --json writes."""
    rows = document["rows"]
    lines = [
        *machine_lines(document["machine"]),
        f"- memory of both programs: {memory_text(document['memory'])}",
        f"- command: `{document['command']}`",
        "",
        "| payload | checksum | escd's roles | testpmd rxonly, Mpps | escd, M events/s | ratio |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        layout = bench_path.LAYOUTS[row["layout"]][0]
        cells = [f"{row['payload_bytes']} B", f"`{row['checksum']}`", layout]
        if "ratio" in row:
            cells += [_rate(row["testpmd"]), _rate(row["escd"]), _ratio(row["ratio"])]
        else:
            cells += ["no round counts"] * 3
        lines.append("| " + " | ".join(cells) + " |")
    lines += ["", "Each cell: median (smallest to largest) of the rounds that count."]
    lines += _remarks(rows)
    lines += ["", *_verdicts(document["targets"])]
    return "\n".join(lines)


def headline(document):
    """The README's figures: the rows that the targets were judged by."""
    machine, rows = document["machine"], {row["name"]: row for row in document["rows"]}
    lines = [
        "| payload | testpmd rxonly, Mpps | escd, M events/s | escd / testpmd | target |",
        "|---|---|---|---|---|",
    ]
    for verdict in document["targets"]:
        if verdict["beside"] != "testpmd":
            continue
        row = rows[verdict["row"]]
        lines.append(
            f"| {row['payload_bytes']} B, {bench_path.LAYOUTS[row['layout']][0]}"
            f" | {_rate(row['testpmd'])} | {_rate(row['escd'])} | {_ratio(row['ratio'])}"
            f" | {verdict['target']:.2f} |"
        )
    lines += [
        "",
        f"Median (smallest to largest) of the rounds of `{document['command']}`;",
        f"{machine['cpu']}, {machine['cpus_allowed']} CPUs, {machine['date']}. The port is"
        " net_pcap, replaying from memory: no NIC was at hand.",
    ]
    return "\n".join(lines)


def memory_text(memory):
    return {"hugepages": "hugepages of 2 MB", "ordinary": "ordinary pages"}[memory]


def _remarks(rows):
    broken = sum(len(row["broken"]) for row in rows)
    counted = sum(len(row["rounds"]) for row in rows)
    yield f"Rounds that count: {counted}; that do not: {broken}."
    starved = [
        f"{program} {row['name']} {row[program]['cpus_used_least']:.2f} of {wanted}"
        for row in rows
        if "ratio" in row
        for program, wanted in (("testpmd", 1), ("escd", row["cpus"]))
        if row[program]["cpus_used_least"] < 0.95 * wanted
    ]
    if starved:
        yield "Runs that did not get their CPUs whole, so that other work disturbed them (least of"
        yield "a row's rounds): " + "; ".join(starved) + "."


def _verdicts(verdicts):
    if not verdicts:
        yield "No target was judged: none of its rows ran."
    for verdict in verdicts:
        yield (
            f"- `{verdict['row']}`: {verdict['ratio']:.3f} of `{verdict['beside']}`; target"
            f" {verdict['target']:.2f}:"
            f" **{'held' if verdict['held'] else 'missed'}**"
        )


def tcp(document):
    """The section of streams, from what --json writes."""
    lines = [
        *machine_lines(document["machine"]),
        f"- memory of escd: {memory_text(document['memory'])}",
        f"- command: `{document['command']}`",
        "",
        "M events for each CPU second of the receiver:",
        "",
        "| payload | connections | bare loop | escd | ratio | target |",
        "|---|---|---|---|---|---|",
    ]
    for row in document["rows"]:
        cells = [f"{row['payload_bytes']} B", str(row["connections"])]
        if "ratio" in row:
            cells += [_rate(row["bare"]), _rate(row["escd"]), _ratio(row["ratio"])]
            cells.append(f"{row['target']:.2f}: **{'held' if row['held'] else 'missed'}**")
        else:
            cells += ["no round counts"] * 4
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def micro(document):
    """The section of the micro benches."""
    lines = [*machine_lines(document["machine"]), f"- command: `{document['command']}`"]
    for subject, rows in document["micro"].items():
        lines += [
            "",
            f"`micro_{subject}`:",
            "",
            "| benchmark | median | smallest to largest | for one |",
            "|---|---|---|---|",
        ]
        lines += [
            f"| `{row['name']}` | {row['median_ns']:.2f} ns"
            f" | {row['min_ns']:.2f} - {row['max_ns']:.2f} | {row['per']} |"
            for row in rows
        ]
    return "\n".join([*lines, "", *micro_verdicts(document["targets"])])


def micro_verdicts(verdicts):
    if not verdicts:
        yield "No target was judged: none of its benchmarks ran."
    for verdict in verdicts:
        held = f"**{'held' if verdict['held'] else 'missed'}**"
        if "less" in verdict:
            yield (
                f"- `{verdict['benchmark']}` less `{verdict['less']}`: {verdict['ns']:.2f} ns an"
                f" event; target {verdict['target_ns']:.0f}: {held}"
            )
        elif "beside" in verdict:
            yield (
                f"- `{verdict['benchmark']}`: {verdict['ratio']:.2f} of the rate of"
                f" `{verdict['beside']}`; target {verdict['target']:.2f}: {held}"
            )
        else:
            yield (
                f"- `{verdict['benchmark']}`: {verdict['gb_per_s']:.2f} GB/s; target"
                f" {verdict['target']:.2f}: {held}"
            )


def decisions(document, section):
    """The section of one kind of rows that say what deciding costs."""
    rows = [row for row in document["rows"] if row["section"] == section]
    arms = {
        "datagrams": ("one in each", "many in each"),
        "sequences": ("not judged", "judged"),
        "keys": ("without keys", "with keys"),
        "reload": ("without reloads", "with one a second"),
        "bulkheads": ("both workers run", "the other one stands still"),
        "dead-letters": ("dropped", "kept"),
    }[section]
    lines = [
        *machine_lines(document["machine"]),
        f"- memory: {memory_text(document['memory'])}",
        f"- command: `{document['command']}`",
        "",
        f"| row | {arms[0]}, M events/s | {arms[1]}, M events/s | ratio | target |",
        "|---|---|---|---|---|",
    ]
    lines += [_decision_line(row, document["targets"]) for row in rows]
    lines += ["", "Each cell: median (smallest to largest) of the pairs."]
    lines.append("In brackets behind a ratio the middle half of the pairs.")
    counted, broken = (sum(len(row[what]) for row in rows) for what in ("pairs", "broken"))
    lines.append(f"Pairs that count: {counted}; refused runs: {broken}.")
    return "\n".join(lines)


def _decision_line(row, verdicts):
    if "ratio" not in row:
        return f"| `{row['name']}` | nothing counts | | | |"
    middle = "[{lower_quartile:.3f} - {upper_quartile:.3f}]".format(**row["ratio"])
    ratio = f"{_ratio(row['ratio'])} {middle}"
    judged = "not judged"
    for verdict in verdicts:
        if verdict["row"] == row["name"]:
            judged = f"{verdict['target']:.2f}: **{'held' if verdict['held'] else 'missed'}**"
    cells = [f"`{row['name']}`", _rate(row["without"]), _rate(row["with"]), ratio, judged]
    return "| " + " | ".join(cells) + " |"


def plain_decisions(document):
    """What is printed at the end of a run."""
    for row in document["rows"]:
        line = _decision_line(row, document["targets"])
        yield line.strip("| ").replace("**", "").replace("`", "")


def plain(document):
    """What is printed at the end of a run."""
    text = [f"memory of both programs: {memory_text(document['memory'])}"]
    for row in document["rows"]:
        if "ratio" in row:
            text.append(
                f"{row['name']:22} testpmd {_rate(row['testpmd']):24} escd {_rate(row['escd']):24}"
                f" ratio {_ratio(row['ratio'])}"
            )
        else:
            text.append(f"{row['name']:22} no round counts")
    text += _remarks(document["rows"])
    text += [line.replace("**", "").replace("`", "") for line in _verdicts(document["targets"])]
    return "\n".join(text)


def _rate(of):
    return f"{of['median'] / 1e6:.2f} ({of['min'] / 1e6:.2f} - {of['max'] / 1e6:.2f})"


def _ratio(of):
    return f"{of['median']:.3f} ({of['min']:.3f} - {of['max']:.3f})"


def instructions_line(row):
    return (
        f"{row['name']:10} {row['instructions_per_event']:7.1f} instructions an event"
        f" (before {row['before']}, at most {row['must']}:"
        f" {'held' if row['held'] else 'missed'})"
    )


def instructions(document):
    """The section of instructions, from what --json writes."""
    lines = [
        *machine_lines(document["machine"]),
        f"- command: `{document['command']}`",
        "",
        "| trace | instructions an event | `f51ddaf` | target |",
        "|---|---|---|---|",
    ]
    for row in document["rows"]:
        held = "held" if row["held"] else "missed"
        lines.append(
            f"| {row['what']} | {row['instructions_per_event']:.0f} | {row['before']} |"
            f" at most {row['must']}: {held} |"
        )
    return "\n".join(lines)
