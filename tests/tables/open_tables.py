"""Opens the tidy tables and the CSV reports of a day in other programs and checks how each column arrives.

    open_tables.py FOLDER     FOLDER contains tables/<day>/ and the two CSV reports

pandas, DuckDB and Polars read each table as CSV and as Parquet; LibreOffice reads each CSV as docs/documents.md says, with the settings of a
French and of an English machine. The types of the Parquet file decide: numbers must arrive as numbers, times as times. Every mistake is
printed; the exit code is 1 if there is one.
"""

import argparse
import csv
import datetime
import pathlib
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

import duckdb
import pandas
import polars
import pyarrow
import pyarrow.parquet

NUMBER, TIME, DATE, BOOLEAN, TEXT = "number", "time", "date", "boolean", "text"
# LibreOffice: separator, quote, UTF-8, first row, no column types, language, whether quoted cells are text, detect special numbers.
FRENCH, ENGLISH = "59,34,76,1,,1036,false,true", "44,34,76,1,,1033,false,true"
TIDY = "44,34,76,1,,1033,true,true"
mistakes = []


def check(condition, text):
    if not condition:
        mistakes.append(text)


def kind_of(arrow):
    """The kind of a column, from its type in the Parquet file."""
    if pyarrow.types.is_floating(arrow) or pyarrow.types.is_integer(arrow):
        return NUMBER
    if pyarrow.types.is_timestamp(arrow):
        return TIME
    if pyarrow.types.is_date(arrow):
        return DATE
    return BOOLEAN if pyarrow.types.is_boolean(arrow) else TEXT


def matches(kind, value):
    """Whether a value read from a CSV has the kind of its column. Text made of digits may arrive as a number."""
    expected = {
        NUMBER: (int, float),
        TIME: datetime.datetime,
        DATE: (datetime.date, datetime.datetime),
        BOOLEAN: bool,
        TEXT: (str, int, float),
    }[kind]
    return isinstance(value, expected) and (kind == BOOLEAN or not isinstance(value, bool))


def compare(program, table, kinds, rows, truth):
    """`rows`: dictionaries from a program; `truth`: those of the Parquet file by pyarrow."""
    check(len(rows) == len(truth), f"{program}: {table}: {len(rows)} rows instead of {len(truth)}")
    for number, (row, expected) in enumerate(zip(rows, truth), 1):
        check(list(row) == list(expected), f"{program}: {table}: columns {list(row)} instead of {list(expected)}")
        for name, kind in kinds.items():
            value, right = row.get(name), expected[name]
            where = f"{program}: {table}: row {number}, {name}"
            if value is None or right is None:
                check(value is None and right is None, f"{where}: {value!r} instead of {right!r}")
                continue
            check(matches(kind, value), f"{where}: {value!r} is not a {kind}")
            if kind == NUMBER:
                check(float(value) == float(right), f"{where}: {value!r} instead of {right!r}")
            elif kind in (TIME, DATE) and isinstance(value, (datetime.date, datetime.datetime)):
                check(moment(value) == moment(right), f"{where}: {value!r} instead of {right!r}")


def moment(value):
    """A date or a time without its zone (all zones are UTC)."""
    if isinstance(value, datetime.datetime):
        return value.replace(tzinfo=None)
    return datetime.datetime.combine(value, datetime.time())


def plain(value):
    """`None` for the missing values of pandas, a Python value for its others."""
    if pandas.isna(value):
        return None
    value = value.item() if hasattr(value, "item") else value
    return value.to_pydatetime() if isinstance(value, pandas.Timestamp) else value


def by_pandas(frame):
    return [{name: plain(value) for name, value in row.items()} for row in frame.astype(object).to_dict("records")]


def by_duckdb(query):
    relation = duckdb.sql(query)
    return [dict(zip(relation.columns, row)) for row in relation.fetchall()]


def data_programs(table, kinds, truth):
    """pandas, DuckDB and Polars on a table in both forms."""
    times = [name for name, kind in kinds.items() if kind in (TIME, DATE)]
    text, parquet = f"{table}.csv", f"{table}.parquet"
    compare("pandas csv", table.name, kinds, by_pandas(pandas.read_csv(text, parse_dates=times)), truth)
    compare("pandas parquet", table.name, kinds, by_pandas(pandas.read_parquet(parquet)), truth)
    compare("DuckDB parquet", table.name, kinds, by_duckdb(f"FROM read_parquet('{parquet}')"), truth)
    compare("Polars parquet", table.name, kinds, polars.read_parquet(parquet).to_dicts(), truth)
    compare("Polars csv", table.name, kinds, polars.read_csv(text, try_parse_dates=True, infer_schema_length=None).to_dicts(), truth)
    # A column without a value has no type that a reader of a CSV could find.
    if truth:
        compare("DuckDB csv", table.name, kinds, by_duckdb(f"FROM read_csv('{text}', header = true)"), truth)


class LibreOffice:
    """LibreOffice with the settings of a machine in one language."""

    def __init__(self, folder, locale):
        self.folder = folder / locale
        user = self.folder / "profile/user"
        user.mkdir(parents=True)
        (user / "registrymodifications.xcu").write_text(
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            '<oor:items xmlns:oor="http://openoffice.org/2001/registry">'
            '<item oor:path="/org.openoffice.Setup/L10N"><prop oor:name="ooSetupSystemLocale" oor:op="fuse">'
            f"<value>{locale}</value></prop></item></oor:items>\n"
        )

    def read(self, files, options):
        """File → its rows: `(kind, value, text)` of each cell, or `None` for an empty one."""
        names = [str(file) for file in files]
        command = ["soffice", f"-env:UserInstallation=file://{self.folder}/profile", "--headless"]
        command += [f"--infilter=CSV:{options}", "--convert-to", "fods", "--outdir", str(self.folder), *names]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        outputs = {file: self.folder / f"{file.stem}.fods" for file in files}
        missing = [str(file) for file, output in outputs.items() if not output.exists()]
        if missing:
            raise SystemExit(f"LibreOffice did not convert {missing}:\n{done.stdout}{done.stderr}")
        return {file: sheet(output) for file, output in outputs.items()}


OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
TEXT_NAME = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"


def sheet(path):
    rows = []
    for row in ElementTree.parse(path).iter(f"{TABLE}table-row"):
        cells = []
        for cell in row.iter(f"{TABLE}table-cell"):
            cells += [cell_value(cell)] * min(int(cell.get(f"{TABLE}number-columns-repeated", "1")), 100)
        while cells and cells[-1] is None:
            cells.pop()
        repeated = int(row.get(f"{TABLE}number-rows-repeated", "1"))
        rows += [cells] * (repeated if repeated < 1000 else 1)
    while rows and not rows[-1]:
        rows.pop()
    return rows


def cell_value(cell):
    kind = cell.get(f"{OFFICE}value-type")
    if kind is None:
        return None
    if cell.get(f"{TABLE}formula") is not None:
        return ("formula", None, cell.get(f"{TABLE}formula"))
    text = "\n".join("".join(part.itertext()) for part in cell.iter(f"{TEXT_NAME}p"))
    if kind == "date":
        written = cell.get(f"{OFFICE}date-value")
        return (TIME if "T" in written else DATE, datetime.datetime.fromisoformat(written), text)
    if kind in ("float", "percentage", "currency"):
        return (NUMBER, float(cell.get(f"{OFFICE}value")), text)
    if kind == "boolean":
        return (BOOLEAN, cell.get(f"{OFFICE}boolean-value") == "true", text)
    return (TEXT, text, text)


def arrives(where, kind, cell, right):
    """Whether a cell of a spreadsheet is the value `right` of a column of this kind."""
    if right is None or cell is None:
        check(cell is None and right in (None, ""), f"{where}: {cell} instead of {right!r}")
    elif kind == TEXT:
        # Text that looks like a number becomes one: docs/documents.md says how to prevent it.
        check(cell[0] in (TEXT, NUMBER, DATE), f"{where}: {cell}")
    else:
        # Midnight is a date in a spreadsheet.
        same_kind = cell[0] == kind or {cell[0], kind} <= {TIME, DATE}
        check(same_kind, f"{where}: {cell} is not a {kind}")
        if same_kind:
            value = moment(right) if kind in (TIME, DATE) else right
            check(cell[1] == value, f"{where}: {cell} instead of {right!r}")


def spreadsheet_tables(office, tables):
    """The tidy tables in LibreOffice."""
    sheets = office.read([pathlib.Path(f"{table}.csv") for table, _, _ in tables], TIDY)
    for (table, kinds, truth), rows in zip(tables, sheets.values()):
        where = f"LibreOffice {office.folder.name}: {table.name}"
        check([cell[2] for cell in rows[0]] == list(kinds), f"{where}: {rows[0]}")
        check(len(rows) == len(truth) + 1, f"{where}: {len(rows) - 1} rows instead of {len(truth)}")
        for number, (row, expected) in enumerate(zip(rows[1:], truth), 1):
            cells = row + [None] * (len(kinds) - len(row))
            for cell, (name, kind) in zip(cells, kinds.items()):
                place = f"{where}: row {number}, {name}"
                arrives(place, kind, cell, expected[name])
                check(cell is None or kind != TEXT or cell[0] == TEXT, f"{place}: {cell} is not a text")


# Columns of the report by their kind, in both languages; all others are text.
REPORT_TIMES = {"Début", "Fin", "Start", "End"}
REPORT_DATES = {"Date début", "Date fin", "Start date", "End date"}
REPORT_NUMBERS = (
    "(%)", "(min)", "(h)", "(m²)", "Débit Total", "Total flow", "Véhicules", "Vehicle", "Tronçons", "Sections", "Saturated",
    "Lignes lues", "Lignes du jour", "Doublons", "Conflits", "Rejets", "Rows", "Duplicates", "Conflicts", "Rejected",
)


def report_kind(column):
    if column in REPORT_TIMES:
        return TIME
    if column in REPORT_DATES:
        return DATE
    return NUMBER if any(part in column for part in REPORT_NUMBERS) else TEXT


def report_value(kind, text, decimal):
    """The value of a cell, from its text in the file."""
    if text == "":
        return None
    if kind == NUMBER:
        return float(text.replace(decimal, "."))
    return datetime.datetime.fromisoformat(text) if kind in (TIME, DATE) else text


def spreadsheet_report(office, path, options, decimal):
    """A CSV report in LibreOffice, cell by cell."""
    [rows] = office.read([path], options).values()
    where = f"LibreOffice {office.folder.name}: {path.name}"
    with open(path, encoding="utf-8-sig", newline="") as file:
        written = list(csv.reader(file, delimiter=chr(int(options.split(",")[0]))))
    with_blank = []
    for line in written:
        # csv.reader returns an empty list for a blank line, as the sheet does for a row without cells.
        with_blank.append(line)
    check(len(rows) == len(with_blank), f"{where}: {len(rows)} rows instead of {len(with_blank)}")
    header, in_header, sections, summary = [], False, 0, True
    for number, (row, line) in enumerate(zip(rows, with_blank), 1):
        check(all(cell is None or cell[0] != "formula" for cell in row), f"{where}: row {number} has a formula: {row}")
        if line and line[0].startswith("# "):
            check(row[0][0] == TEXT and row[0][2] == line[0], f"{where}: row {number}: heading {row}")
            sections, in_header, summary = sections + 1, True, sections == 0
        elif in_header:
            header, in_header = line, False
        elif sections and line and not summary:
            cells = row + [None] * (len(header) - len(row))
            for column, cell, text in zip(header, cells, line):
                kind = report_kind(column)
                arrives(f"{where}: row {number}, {column}", kind, cell, report_value(kind, text, decimal))
        elif sections and line and line[1].replace(decimal, "").isdigit():
            arrives(f"{where}: row {number}, {line[0]}", NUMBER, row[1], report_value(NUMBER, line[1], decimal))
    check(sections == 9, f"{where}: {sections} sections instead of 9")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    folder = parser.parse_args().folder.resolve()
    tables = []
    for path in sorted(folder.glob("tables/*/*.parquet")):
        file = pyarrow.parquet.read_table(path)
        kinds = {field.name: kind_of(field.type) for field in file.schema}
        tables.append((path.with_suffix(""), kinds, file.to_pylist()))
    check(len(tables) == 8, f"{folder}: {len(tables)} tables instead of 8")
    for table in tables:
        data_programs(*table)
    french, english = [next(folder.glob(f"daily_report_*{end}")) for end in ("[0-9].csv", ".en.csv")]
    with tempfile.TemporaryDirectory() as scratch:
        for locale in ("fr-FR", "en-US"):
            office = LibreOffice(pathlib.Path(scratch), locale)
            spreadsheet_tables(office, tables)
            spreadsheet_report(office, french, FRENCH, ",")
            spreadsheet_report(office, english, ENGLISH, ".")
    for mistake in mistakes[:50]:
        print(mistake)
    rows = sum(len(truth) for _, _, truth in tables)
    print(f"{len(tables)} tables with {rows} rows and 2 reports opened in 4 programs: {len(mistakes)} mistakes")
    sys.exit(bool(mistakes))


if __name__ == "__main__":
    main()
