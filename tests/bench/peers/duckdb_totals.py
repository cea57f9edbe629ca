"""Totals per arc and local day with DuckDB: flow and mean occupancy, and nothing else.

It is told the separator and the columns' types, so that it loses no time on finding them out.
"""

import sys

import duckdb

# An instant begins with its local day.
TOTALS = """
    SELECT "Identifiant arc" AS arc, substr("Date et heure de comptage", 1, 10) AS day,
           sum("Débit horaire") AS flow, avg("Taux d'occupation") AS occupancy
    FROM read_csv($file, delim = ';', header = true, quote = '"', escape = '"', all_varchar = true,
                  types = {'Débit horaire': 'DOUBLE', 'Taux d''occupation': 'DOUBLE'})
    GROUP BY ALL
"""

cells, flow, occupancy = duckdb.execute(
    f"SELECT count(*), sum(flow), avg(occupancy) FROM ({TOTALS})", {"file": sys.argv[1]}
).fetchone()
print(f"{cells} cells, flow {flow:.0f}, mean occupancy {occupancy:.3f}")
