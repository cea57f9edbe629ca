"""Tests of the benchmark: ratios, verdicts, inputs and memory. Run with `python3 -m unittest discover tests/bench`."""

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
    """Runs with these times."""
    return measure.Runs(measure.Run(second, second, 0.0, 0, anonymous) for second in seconds)


class Goals(unittest.TestCase):
    def test_ratio_uses_medians(self):
        found = {"one-day": runs(3, 2, 90), "wc": runs(1, 1, 1)}
        self.assertEqual(ratio("one-day", "wc")(found, {}), 3)

    def test_growth_is_the_ratio_of_times_per_byte(self):
        found = {"one-day": runs(22), "plain": runs(2)}
        self.assertAlmostEqual(grown("one-day", "plain", "full", "small")(found, {"full": 100, "small": 10}), 1.1)

    def test_s3_is_compared_with_the_slowest_peer(self):
        found = {"s3": runs(5), "download": runs(4), "one-day": runs(2)}
        self.assertEqual(over_the_longer("s3", "download", "one-day")(found, {}), 1.25)

    def test_goal_without_its_contenders_is_omitted_and_missed_goal_is_reported(self):
        found = {"one-day": runs(3, anonymous=500_000_000), "wc": runs(1)}
        rows, met = table.verdicts(goals("full", "small", large=True), found, {})
        self.assertEqual([row[0] for row in rows], ["one day ÷ wc -l", "anonymous memory, one day"])
        self.assertEqual([row[1:] for row in rows], [["3.00 ×", "≤ 2 ×", "NOT MET"], ["500 MB", "≤ 400 MB", "NOT MET"]])
        self.assertFalse(met)

    def test_bound_itself_meets_the_goal(self):
        self.assertTrue(Goal("", (), None, 2).met(2))
        self.assertTrue(Goal("", (), None, 2, at_least=True).met(2))
        self.assertIsNone(Goal("", (), None, None).met(2))


class Telemetry(unittest.TestCase):
    def contender(self):
        return Contender("one-day-telemetry", "telemetry", "sends telemetry", "full", list, telemetry=True)

    def test_cost_of_telemetry_is_listed_without_a_bound(self):
        found = {"one-day": runs(2), "one-day-telemetry": runs(2.1)}
        rows, met = table.verdicts(goals("full", "small", large=False), found, {})
        self.assertIn(["one day with telemetry ÷ one day", "1.05 ×", "", ""], rows)
        self.assertTrue(met)

    def test_contender_is_unavailable_without_a_collector(self):
        with mock.patch.dict(os.environ, {"OTELCOL": "/nowhere/otelcol"}):
            self.assertEqual(self.contender().missing(), "no otelcol (OTELCOL or PATH)")

    def test_cpu_time_of_the_collector_has_its_own_column(self):
        run = measure.Run(2.0, 1.0, 0.5, 0, 0, server=0.25)
        row = table.times([self.contender()], {"one-day-telemetry": measure.Runs([run])}, {}, {})[0]
        self.assertEqual(row[table.TIMES.index("server")], "0.25")


class Shapes(unittest.TestCase):
    ROW = b'3;Av_des_Platanes_0;2025-11-01T01:00:00+01:00;334.0;4.0;Fluide;"{""a"": [1, 2]}"\n'

    def shaped(self, name):
        out = io.BytesIO()
        shape(io.BytesIO(b"arc;label;time\n" + self.ROW), out, SHAPES[name])
        header, _, row = out.getvalue().partition(b"\n")
        self.assertEqual(header, b"arc;label;time")
        return row

    def test_line_break_is_quoted(self):
        self.assertEqual(self.shaped("line-breaks"), self.ROW.replace(b"Av_des_Platanes_0", b'"Av\ndes_Platanes_0"'))

    def test_rejected_row_keeps_its_length(self):
        row = self.shaped("rejected")
        self.assertIn(b";never11-01T", row)
        self.assertEqual(len(row), len(self.ROW))


class Measuring(unittest.TestCase):
    def test_run_has_time_memory_and_output(self):
        program = "import time; held = bytearray(50_000_000); time.sleep(0.2); print('done')"
        run = measure.run([sys.executable, "-c", program], dict(os.environ), 60)
        self.assertGreater(run.seconds, 0.2)
        self.assertGreater(run.anonymous, 50_000_000)
        self.assertGreaterEqual(run.resident, run.anonymous)
        self.assertEqual(run.output, "done")

    def test_failure_and_timeout_raise_errors(self):
        with self.assertRaisesRegex(measure.Failed, "exited with 3: why"):
            measure.run([sys.executable, "-c", "import sys; print('why', file=sys.stderr); sys.exit(3)"], None, 60)
        with self.assertRaises(measure.TooSlow):
            measure.run(["sleep", "60"], None, 0.1)


class Instructions(unittest.TestCase):
    def test_figure_beyond_three_percent_or_without_record_fails(self):
        for found, recorded, good in [(102.9, 100, True), (103.1, 100, False), (96.9, 100, False), (100, None, False)]:
            lines, within = instructions.compare({"one day": (found, 0)}, {"one day": recorded} if recorded else {})
            self.assertEqual(within, good, lines)

    def test_lowest_counts_are_used(self):
        self.assertEqual(instructions.per_row({"n": [100, 110], "2n": [320, 300]}, 10), (20, 0.1))


if __name__ == "__main__":
    unittest.main()
