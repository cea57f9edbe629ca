"""The results for people: aligned on a terminal, and as Markdown for the documentation. Pure."""

from goals import MB

def aligned(head, rows):
    """Columns as wide as they need to be; the first ones to the left, numbers to the right."""
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
    """The same for the documentation."""
    sides = [":--" if name in ("name", "does", "goal", "") else "--:" for name in head]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [head, sides, *rows])


def seconds(value):
    """A time with the digits that mean something."""
    return f"{value:.3f}" if value < 1 else f"{value:.2f}" if value < 100 else f"{value:.0f}"


TIMES = ["name", "does", "seconds", "min–max", "user", "system", "server", "GB/s", "MB", "anon MB", "÷ wc"]


def times(chosen, runs, missing, sizes):
    """A row for each contender: its runs, or why there are none."""
    wc = runs.get("wc")
    rows = []
    for contender in chosen:
        told = [contender.name, contender.does]
        if contender.name in missing:
            # Why stands below the table: it may be long.
            rows.append([*told, "–", *[""] * (len(TIMES) - 3)])
            continue
        of = runs[contender.name]
        low, high = of.spread
        size = sizes.get(contender.name)
        server = of.median("server")
        rows.append([
            *told,
            seconds(of.seconds),
            f"{seconds(low)}–{seconds(high)}",
            f"{of.median('user'):.2f}",
            f"{of.median('system'):.2f}",
            f"{server:.2f}" if contender.s3 or contender.telling else "",
            f"{size / of.seconds / 1e9:.2f}" if size else "",
            f"{of.peak('resident') / MB:.0f}",
            f"{of.peak('anonymous') / MB:.0f}",
            f"{of.seconds / wc.seconds:.2f}" if wc else "",
        ])
    return rows


GOALS = ["goal", "value", "bound", ""]


def judged(goals, runs, sizes):
    """A row for each goal whose contenders have all run, and whether every one of them is met."""
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
        rows.append([goal.says, f"{value:.{digits}f} {goal.unit}", bound, verdict])
    return rows, all_met


def shares(runs):
    """How a run from S3 divides the machine's CPU time between the two sides, a line each."""
    lines = []
    for name in ("s3", "download", "bikes", "snapshots"):
        if name in runs:
            client, server = runs[name].median("cpu"), runs[name].median("server")
            share = 100 * client / ((client + server) or 1)
            lines.append(f"{name}: of {client + server:.1f} s CPU the client has {share:.0f} %, the server {100 - share:.0f} %")
    return lines
