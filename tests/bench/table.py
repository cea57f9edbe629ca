"""Formats the results: aligned for a terminal, and as Markdown for the documentation."""

from goals import MB


def aligned(head, rows):
    """A table with columns as wide as their content; texts are aligned to the left, numbers to the right."""
    lines = [head, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    left = [column for column, name in enumerate(head) if name in ("name", "does", "goal", "")]

    def line(cells):
        placed = [
            cell.ljust(width) if column in left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return "  ".join(placed).rstrip()

    return "\n".join([line(head), "  ".join("-" * width for width in widths), *(line(row) for row in rows)])


def markdown(head, rows):
    """The same table as Markdown."""
    sides = [":--" if name in ("name", "does", "goal", "") else "--:" for name in head]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [head, sides, *rows])


def seconds(value):
    """A time with its significant digits."""
    return f"{value:.3f}" if value < 1 else f"{value:.2f}" if value < 100 else f"{value:.0f}"


TIMES = ["name", "does", "seconds", "min–max", "user", "system", "server", "GB/s", "MB", "anon MB", "÷ wc"]


def times(chosen, runs, missing, sizes):
    """A row for each contender; without measurements if it did not run."""
    wc = runs.get("wc")
    rows = []
    for contender in chosen:
        labels = [contender.name, contender.does]
        if contender.name in missing:
            # The reason, which may be long, is printed below the table.
            rows.append([*labels, "–", *[""] * (len(TIMES) - 3)])
            continue
        of = runs[contender.name]
        low, high = of.spread
        size = sizes.get(contender.name)
        server = of.median("server")
        rows.append([
            *labels,
            seconds(of.seconds),
            f"{seconds(low)}–{seconds(high)}",
            f"{of.median('user'):.2f}",
            f"{of.median('system'):.2f}",
            f"{server:.2f}" if contender.s3 or contender.telemetry else "",
            f"{size / of.seconds / 1e9:.2f}" if size else "",
            f"{of.peak('resident') / MB:.0f}",
            f"{of.peak('anonymous') / MB:.0f}",
            f"{of.seconds / wc.seconds:.2f}" if wc else "",
        ])
    return rows


GOALS = ["goal", "value", "bound", ""]


def verdicts(goals, runs, sizes):
    """A row for each goal whose contenders have all run, and whether all these goals are met."""
    rows, all_met = [], True
    for goal in goals:
        if not all(name in runs for name in goal.needs):
            continue
        value = goal.value(runs, sizes)
        met = goal.met(value)
        all_met &= met is not False
        digits = 0 if goal.unit == "MB" else 2
        bound = "" if goal.bound is None else f"{'≥' if goal.at_least else '≤'} {goal.bound:g} {goal.unit}"
        verdict = {True: "met", False: "NOT MET", None: ""}[met]
        rows.append([goal.description, f"{value:.{digits}f} {goal.unit}", bound, verdict])
    return rows, all_met


def shares(runs):
    """For each contender on S3, a line with the shares of CPU time of client and server."""
    lines = []
    for name in ("s3", "download", "bikes", "snapshots"):
        if name in runs:
            client, server = runs[name].median("cpu"), runs[name].median("server")
            share = 100 * client / ((client + server) or 1)
            lines.append(f"{name}: of {client + server:.1f} s CPU the client has {share:.0f} %, the server {100 - share:.0f} %")
    return lines
