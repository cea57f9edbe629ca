"""Totals per arc and local day with Polars: flow and mean occupancy.

The column types are given, which saves the time to infer them, and the day is taken from the text of the timestamp. With `sniff` only the
separator is given and timestamps are parsed, as for an unknown file.
"""

import sys

import polars as pl

file, mode = sys.argv[1], (sys.argv[2:] or ["typed"])[0]
INSTANT = pl.col("Date et heure de comptage")
if mode == "typed":
    numbers = {"Débit horaire": pl.Float64, "Taux d'occupation": pl.Float64}
    rows = pl.scan_csv(file, separator=";", infer_schema=False, schema_overrides=numbers)
    # A timestamp starts with its local day.
    day = INSTANT.str.head(10)
else:
    rows = pl.scan_csv(file, separator=";", try_parse_dates=True)
    day = INSTANT.dt.convert_time_zone("Europe/Paris").dt.date()
totals = rows.group_by(pl.col("Identifiant arc"), day.alias("day")).agg(
    pl.col("Débit horaire").sum().alias("flow"), pl.col("Taux d'occupation").mean().alias("occupancy")
)
# The streaming engine is the fastest one for a file of this size.
found = totals.select(pl.len(), pl.col("flow").sum(), pl.col("occupancy").mean()).collect(engine="streaming")
cells, flow, occupancy = found.row(0)
print(f"{cells} cells, flow {flow:.0f}, mean occupancy {occupancy:.3f}")
