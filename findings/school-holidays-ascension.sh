#!/usr/bin/env bash
# Two Python packages with the French school holidays disagree on the Ascension break: holidays 0.109 and vacances-scolaires-france 0.12.0.
#
# Schools close on the Friday and Saturday after Ascension Day in all zones (in 2026: May 15 and 16). vacances-scolaires-france has this break
# for 2019-2022 and 2027 and not for 2023-2026; in the gap it answers False, as for any school day. holidays (category "school") has it in all
# of these years. In 2027 they differ on two other days: only holidays has Sunday May 9 and the first day of September.
# Why it matters: the Friday after Ascension is one of the emptiest weekdays on a city's roads. As a "usual school Friday" it lowers the
# baseline of its weekday, and the day itself is reported as a deviation. A gap in the middle of a series is not seen in a check of one year.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check holidays==0.109 vacances-scolaires-france==0.12.0 2>&1
"$dir/venv/bin/python" - <<'PY'
from datetime import timedelta
from importlib.metadata import version
import holidays
from vacances_scolaires_france import SchoolHolidayDates

print("holidays", version("holidays"), "and vacances-scolaires-france", version("vacances-scolaires-france"))
dates = SchoolHolidayDates()
missing = []
for year in range(2019, 2028):
    ascension = next(d for d, name in holidays.France(years=year, language="fr").items() if name == "Ascension")
    friday = ascension + timedelta(days=1)
    left = friday in holidays.France(years=year, subdiv="Zone C", categories=("school",))
    right = dates.is_holiday_for_zone(friday, "C")
    print(f"{friday:%a %Y-%m-%d}, zone C: holidays {left}, vacances-scolaires-france {right}")
    assert left, "behaviour changed"
    if not right:
        missing.append(year)
school = {d for d in holidays.France(years=2027, subdiv="Zone C", categories=("school",))}
differ = sorted(str(d) for d in school ^ set(dates.holidays_for_year_and_zone(2027, "C")))
print("break missing in", missing, "; other differences in 2027:", differ)
assert missing == [2023, 2024, 2025, 2026] and differ == ["2027-05-09", "2027-09-01"], "behaviour changed"
PY
