"""What the benchmark computes by itself: ratios, verdicts, shapes and memory. `python3 -m unittest discover tests/bench` runs it."""

import io
import os
import sys
import unittest
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).parent))

import instructions
import measure
import table
from contenders import Contender
from goals import Goal, goals, grown, over_the_longer, ratio
from inputs import SHAPES, shape


def runs(*seconds, anonymous=0):
    """Runs that took so long."""
    return measure.Runs(measure.Run(second, second, 0.0, 0, anonymous) for second in seconds)


class Goals(unittest.TestCase):
    def test_a_ratio_is_of_medians(self):
        found = {"one-day": runs(3, 2, 90), "wc": runs(1, 1, 1)}
        self.assertEqual(ratio("one-day", "wc")(found, {}), 3)

    def test_time_per_byte_grows_where_time_grows_faster_than_the_file(self):
        found = {"one-day": runs(22), "plain": runs(2)}
        self.assertAlmostEqual(grown("one-day", "plain", "full", "small")(found, {"full": 100, "small": 10}), 1.1)

    def test_from_s3_is_compared_with_whatever_takes_longer(self):
        found = {"s3": runs(5), "download": runs(4), "one-day": runs(2)}
        self.assertEqual(over_the_longer("s3", "download", "one-day")(found, {}), 1.25)

    def test_a_goal_without_its_contenders_is_left_out_and_one_that_is_missed_is_told(self):
        found = {"one-day": runs(3, anonymous=500_000_000), "wc": runs(1)}
        rows, met = table.judged(goals("full", "small", large=True), found, {})
        self.assertEqual([row[0] for row in rows], ["one day ÷ wc -l", "anonymous memory, one day"])
        self.assertEqual([row[1:] for row in rows], [["3.00 ×", "≤ 2 ×", "NOT MET"], ["500 MB", "≤ 400 MB", "NOT MET"]])
        self.assertFalse(met)

    def test_a_bound_is_met_at_its_value(self):
        self.assertTrue(Goal("", (), None, 2).met(2))
        self.assertTrue(Goal("", (), None, 2, at_least=True).met(2))
        self.assertIsNone(Goal("", (), None, None).met(2))


class Telemetry(unittest.TestCase):
    def contender(self):
        return Contender("one-day-told", "telemetry", "tells", "full", list, telling=True)

    def test_its_cost_is_beside_the_same_day_without_and_no_goal(self):
        found = {"one-day": runs(2), "one-day-told": runs(2.1)}
        rows, met = table.judged(goals("full", "small", large=False), found, {})
        self.assertIn(["one day with telemetry ÷ one day", "1.05 ×", "", ""], rows)
        self.assertTrue(met)

    def test_without_a_collector_it_is_not_here(self):
        with mock.patch.dict(os.environ, {"OTELCOL": "/nowhere/otelcol"}):
            self.assertEqual(self.contender().missing(), "no otelcol (OTELCOL or PATH)")

    def test_what_the_collector_used_is_told_beside_it(self):
        run = measure.Run(2.0, 1.0, 0.5, 0, 0, server=0.25)
        row = table.times([self.contender()], {"one-day-told": measure.Runs([run])}, {}, {})[0]
        self.assertEqual(row[table.TIMES.index("server")], "0.25")


class Shapes(unittest.TestCase):
    ROW = b'3;Av_des_Platanes_0;2025-11-01T01:00:00+01:00;334.0;4.0;Fluide;"{""a"": [1, 2]}"\n'

    def shaped(self, name):
        out = io.BytesIO()
        shape(io.BytesIO(b"arc;label;time\n" + self.ROW), out, SHAPES[name])
        header, _, row = out.getvalue().partition(b"\n")
        self.assertEqual(header, b"arc;label;time")
        return row

    def test_a_line_break_is_quoted(self):
        self.assertEqual(self.shaped("line-breaks"), self.ROW.replace(b"Av_des_Platanes_0", b'"Av\ndes_Platanes_0"'))

    def test_what_is_rejected_is_as_long_as_before(self):
        row = self.shaped("rejected")
        self.assertIn(b";never11-01T", row)
        self.assertEqual(len(row), len(self.ROW))


class Measuring(unittest.TestCase):
    def test_a_run_has_its_time_its_memory_and_what_it_said(self):
        program = "import time; held = bytearray(50_000_000); time.sleep(0.2); print('done')"
        run = measure.run([sys.executable, "-c", program], dict(os.environ), 60)
        self.assertGreater(run.seconds, 0.2)
        self.assertGreater(run.anonymous, 50_000_000)
        self.assertGreaterEqual(run.resident, run.anonymous)
        self.assertEqual(run.said, "done")

    def test_what_failed_or_took_too_long_is_no_result(self):
        with self.assertRaisesRegex(measure.Failed, "ended with 3: why"):
            measure.run([sys.executable, "-c", "import sys; print('why', file=sys.stderr); sys.exit(3)"], None, 60)
        with self.assertRaises(measure.TooSlow):
            measure.run(["sleep", "60"], None, 0.1)


class Instructions(unittest.TestCase):
    def test_three_percent_either_way_are_too_much_and_so_is_nothing_recorded(self):
        for found, recorded, good in [(102.9, 100, True), (103.1, 100, False), (96.9, 100, False), (100, None, False)]:
            lines, within = instructions.compare({"one day": (found, 0)}, {"one day": recorded} if recorded else {})
            self.assertEqual(within, good, lines)

    def test_the_lowest_counts_hold(self):
        self.assertEqual(instructions.per_row({"n": [100, 110], "2n": [320, 300]}, 10), (20, 0.1))


if __name__ == "__main__":
    unittest.main()
