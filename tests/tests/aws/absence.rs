//! The alarms on absence, evaluated minute by minute: they ring in a night in which nothing came, and in no other.
//!
//! CloudWatch looks every minute at the last periods. They slide along with it, or are those of the clock (`EvaluationWindow`): both are tried.

use super::monitoring::alarms;

const DAY: i64 = 24 * 60;
/// What happened: the minute, from midnight on or before it, and the value.
type Point = (i64, f64);

/// Metric math, as far as these alarms need it.
#[derive(Debug)]
enum Math {
    Number(f64),
    If(Box<[Self; 3]>),
    And(Vec<Self>),
    Or(Vec<Self>),
    Compare(Box<[Self; 2]>, String),
    Hour,
    Minute,
    /// The metric, or this where it has no value.
    Fill(f64),
}

/// The rest of an expression, in words and signs.
struct Reader<'a> {
    rest: Vec<&'a str>,
    /// The only metric there is.
    metric: &'a str,
}

impl<'a> Reader<'a> {
    fn read(expression: &'a str, metric: &'a str) -> Math {
        let (mut rest, mut text) = (Vec::new(), expression.trim());
        while let Some(first) = text.chars().next() {
            let same = |c: char| if first.is_alphanumeric() { c.is_alphanumeric() } else { "<>=!".contains(c) };
            let length = if "(),".contains(first) { 1 } else { text.find(|c| !same(c)).unwrap_or(text.len()) };
            assert!(length > 0, "what is {text}?");
            rest.push(&text[..length]);
            text = text[length..].trim_start();
        }
        rest.reverse();
        let mut reader = Self { rest, metric };
        let math = reader.logic();
        assert!(reader.rest.is_empty(), "{expression}: and then {:?}", reader.rest);
        math
    }

    fn next(&mut self) -> &'a str {
        self.rest.pop().expect("more of an expression")
    }

    fn expect(&mut self, sign: &str) {
        assert_eq!(self.next(), sign);
    }

    /// Parts between ANDs, or between ORs: which of the two comes first nobody should have to know.
    fn logic(&mut self) -> Math {
        let mut parts = vec![self.comparison()];
        let word = self.rest.last().copied().filter(|word| ["AND", "OR"].contains(word));
        while self.rest.last().copied() == word && word.is_some() {
            self.next();
            parts.push(self.comparison());
        }
        assert!(!matches!(self.rest.last(), Some(&("AND" | "OR"))), "AND and OR without parentheses");
        match word {
            Some("AND") => Math::And(parts),
            Some(_) => Math::Or(parts),
            None => parts.remove(0),
        }
    }

    fn comparison(&mut self) -> Math {
        let left = self.part();
        match self.rest.last().copied().filter(|sign| sign.starts_with(['<', '>', '=', '!'])) {
            Some(sign) => {
                self.next();
                Math::Compare(Box::new([left, self.part()]), sign.to_owned())
            }
            None => left,
        }
    }

    fn part(&mut self) -> Math {
        match self.next() {
            "(" => {
                let inner = self.logic();
                self.expect(")");
                inner
            }
            "IF" => {
                let parts = ["(", ",", ","].map(|sign| {
                    self.expect(sign);
                    self.logic()
                });
                self.expect(")");
                Math::If(Box::new(parts))
            }
            function @ ("HOUR" | "MINUTE" | "FILL") => {
                self.expect("(");
                assert_eq!(self.next(), self.metric);
                let math = match function {
                    "HOUR" => Math::Hour,
                    "MINUTE" => Math::Minute,
                    _ => {
                        self.expect(",");
                        Math::Fill(self.next().parse().expect("a number"))
                    }
                };
                self.expect(")");
                math
            }
            number => Math::Number(number.parse().unwrap_or_else(|_| panic!("what is {number}?"))),
        }
    }
}

impl Math {
    /// The value for the window that begins at a minute; the metric has this one in it, or none.
    fn value(&self, begins: i64, metric: Option<f64>) -> f64 {
        let of = |math: &Self| math.value(begins, metric);
        let truth = |is: bool| if is { 1.0 } else { 0.0 };
        match self {
            Self::Number(number) => *number,
            Self::If(parts) => of(&parts[if of(&parts[0]) == 0.0 { 2 } else { 1 }]),
            Self::And(parts) => truth(parts.iter().all(|part| of(part) != 0.0)),
            Self::Or(parts) => truth(parts.iter().any(|part| of(part) != 0.0)),
            Self::Compare(sides, sign) => {
                let [left, right] = sides.each_ref().map(of);
                truth(match sign.as_str() {
                    "==" => left == right,
                    ">=" => left >= right,
                    ">" => left > right,
                    "<" => left < right,
                    sign => panic!("what is {sign}?"),
                })
            }
            Self::Hour => (begins.rem_euclid(DAY) / 60) as f64,
            Self::Minute => (begins.rem_euclid(60)) as f64,
            Self::Fill(other) => metric.unwrap_or(*other),
        }
    }
}

/// An alarm on absence.
struct Alarm {
    math: Math,
    /// Of the points in a window.
    statistic: String,
    minutes: i64,
    windows: i64,
}

impl Alarm {
    fn of(name: &str) -> Self {
        let alarm = alarms().remove(name).unwrap();
        assert_eq!((&alarm["ComparisonOperator"], &alarm["Threshold"]), (&"GreaterThanThreshold".into(), &0.into()));
        assert_eq!(alarm["EvaluationPeriods"], alarm["DatapointsToAlarm"], "{name}: all of them");
        let (math, metric) = (&alarm["Metrics"][0], &alarm["Metrics"][1]);
        let expression = math["Expression"].as_str().or(math["Expression"]["Fn::Sub"].as_str()).unwrap();
        let expression = expression.replace("${ReportDelaySeconds}", &LATE.to_string());
        Self {
            math: Reader::read(&expression, metric["Id"].as_str().unwrap()),
            statistic: metric["MetricStat"]["Stat"].as_str().unwrap().to_owned(),
            minutes: metric["MetricStat"]["Period"].as_i64().unwrap() / 60,
            windows: alarm["EvaluationPeriods"].as_i64().unwrap(),
        }
    }

    /// Whether it rings at a minute whose last window ended so many minutes before.
    fn rings(&self, at: i64, before: i64, points: &[Point]) -> bool {
        (1..=self.windows).all(|back| {
            let begins = at - before - back * self.minutes;
            let within = points.iter().filter(|(minute, _)| (begins..begins + self.minutes).contains(minute));
            let values: Vec<f64> = within.map(|(_, value)| *value).collect();
            let value = match self.statistic.as_str() {
                _ if values.is_empty() => None,
                "SampleCount" => Some(values.len() as f64),
                "Minimum" => values.iter().copied().reduce(f64::min),
                statistic => panic!("what is {statistic}?"),
            };
            self.math.value(begins, value) > 0.0
        })
    }

    /// The minutes from noon to noon at which it rings, with windows that slide and with those of the clock.
    fn minutes(&self, points: &[Point]) -> [Vec<i64>; 2] {
        let noon_to_noon = || -DAY / 2..DAY / 2;
        [
            noon_to_noon().filter(|&at| self.rings(at, 0, points)).collect(),
            noon_to_noon().filter(|&at| self.rings(at, at.rem_euclid(self.minutes), points)).collect(),
        ]
    }
}

/// The default of `ReportDelaySeconds`.
const LATE: i64 = 14_400;

/// Five minutes in which it rings, and from which on it is silent again.
fn five_from(minute: i64) -> [Vec<i64>; 2] {
    [(); 2].map(|()| (minute..minute + 5).collect())
}

const SILENCE: [Vec<i64>; 2] = [Vec::new(), Vec::new()];

#[test]
fn a_run_is_missed_where_none_ended_in_the_night() {
    let alarm = Alarm::of("RunMissing");
    assert_eq!(alarm.minutes(&[]), five_from(35));
    for ended in 0..35 {
        assert_eq!(alarm.minutes(&[(ended, 20.0)]), SILENCE, "a run that ended {ended} minutes after midnight");
    }
    for ended in (-DAY / 2..-5).chain(40..DAY / 2) {
        assert_eq!(alarm.minutes(&[(ended, 20.0)]), five_from(35), "minute {ended} is of no use to the night");
    }
    // One that comes while it rings has not kept it from ringing.
    assert!((35..40).all(|ended| alarm.minutes(&[(ended, 20.0)]).iter().all(|rings| rings.first() == Some(&35))));
}

#[test]
fn a_report_is_missed_where_none_of_the_day_was_made_in_time() {
    let template = super::yaml("telemetry/alarms.yaml").remove(0);
    assert_eq!(template["Parameters"]["ReportDelaySeconds"]["Default"], LATE);
    let alarm = Alarm::of("ReportLate");
    assert_eq!(alarm.minutes(&[]), five_from(90));
    // The end of a service day in summer and in winter.
    for end in [-120, -60] {
        let report = |of: i64, made: i64| [(made, ((made - of) * 60) as f64)];
        for made in end..90 {
            assert_eq!(
                alarm.minutes(&report(end, made)),
                SILENCE,
                "a report at minute {made} of the day that ended at {end}"
            );
        }
        for made in -125..90 {
            let earlier = report(end - DAY, made);
            assert_eq!(alarm.minutes(&earlier), five_from(90), "a report at minute {made} of the day before");
        }
    }
}

/// What the alarm says of itself, and the file of it.
#[test]
fn the_hour_that_is_told_is_the_one_at_which_it_rings() {
    for name in ["RunMissing", "ReportLate"] {
        let [sliding, _] = Alarm::of(name).minutes(&[]);
        let told = format!("{:02}:{:02} UTC", sliding[0] / 60, sliding[0] % 60);
        assert!(alarms()[name]["AlarmDescription"].as_str().unwrap().contains(&told), "{name}: {told}");
    }
}
