"""Totals per arc and local day with DuckDB: flow and mean occupancy.

The column types are given, which saves the time to infer them. With `sniff` only the separator is given, as for an unknown file.
"""

import sys

import duckdb

TYPES = """
    all_varchar = true, types = {'Débit horaire': 'DOUBLE', 'Taux d''occupation': 'DOUBLE'}
"""
# A timestamp starts with its local day. A parsed timestamp is in the session's time zone, which therefore has to be the city's.
DAYS = {
    "typed": """substr("Date et heure de comptage", 1, 10)""",
    "sniff": """CAST("Date et heure de comptage" AS DATE)""",
}

file, mode = sys.argv[1], (sys.argv[2:] or ["typed"])[0]
options = f", {TYPES}" if mode == "typed" else ""
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
