"""Totals per arc and local day with DuckDB: flow and mean occupancy, and nothing else.

It is told the columns' types, so that it loses no time on finding them out; with `sniff` it is told the separator alone, as who
asks a question of a file would.
"""

import sys

import duckdb

TOLD = """
    all_varchar = true, types = {'Débit horaire': 'DOUBLE', 'Taux d''occupation': 'DOUBLE'}
"""
# An instant begins with its local day. One that was parsed is in the session's time zone, so that has to be the city's.
DAYS = {
    "told": """substr("Date et heure de comptage", 1, 10)""",
    "sniff": """CAST("Date et heure de comptage" AS DATE)""",
}

file, mode = sys.argv[1], (sys.argv[2:] or ["told"])[0]
options = f", {TOLD}" if mode == "told" else ""
totals = f"""
    SELECT "Identifiant arc" AS arc, {DAYS[mode]} AS day,
           sum("Débit horaire") AS flow, avg("Taux d'occupation") AS occupancy
    FROM read_csv($file, delim = ';', header = true {options})
    GROUP BY ALL
"""
database = duckdb.connect()
database.execute("SET TimeZone = 'Europe/Paris'")
found = database.execute(f"SELECT count(*), sum(flow), avg(occupancy) FROM ({totals})", {"file": file}).fetchone()
cells, flow, occupancy = found
print(f"{cells} cells, flow {flow:.0f}, mean occupancy {occupancy:.3f}")
