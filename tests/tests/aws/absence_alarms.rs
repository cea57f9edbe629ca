//! The alarms on missing runs and reports, evaluated minute by minute.
//!
//! CloudWatch evaluates the last periods every minute. Periods are either sliding or aligned to the clock (`EvaluationWindow`); both are tested.

use super::monitoring::alarms;

const DAY: i64 = 24 * 60;
/// Minute relative to midnight, and value.
type Point = (i64, f64);

/// The part of CloudWatch metric math that these alarms use.
#[derive(Debug)]
enum Math {
    Number(f64),
    If(Box<[Self; 3]>),
    And(Vec<Self>),
    Or(Vec<Self>),
    Compare(Box<[Self; 2]>, String),
    Hour,
    Minute,
    /// The metric, or this value if it has no data.
    Fill(f64),
}

/// Recursive-descent parser of an expression.
struct Parser<'a> {
    /// The remaining tokens, the next one last.
    rest: Vec<&'a str>,
    /// Id of the only metric.
    metric: &'a str,
}

impl<'a> Parser<'a> {
    fn parse(expression: &'a str, metric: &'a str) -> Math {
        let (mut rest, mut text) = (Vec::new(), expression.trim());
        while let Some(first) = text.chars().next() {
            let same = |c: char| if first.is_alphanumeric() { c.is_alphanumeric() } else { "<>=!".contains(c) };
            let length = if "(),".contains(first) { 1 } else { text.find(|c| !same(c)).unwrap_or(text.len()) };
            assert!(length > 0, "unexpected {text}");
            rest.push(&text[..length]);
            text = text[length..].trim_start();
        }
        rest.reverse();
        let mut parser = Self { rest, metric };
        let math = parser.logic();
        assert!(parser.rest.is_empty(), "{expression}: unexpected {:?}", parser.rest);
        math
    }

    fn next(&mut self) -> &'a str {
        self.rest.pop().expect("another token")
    }

    fn expect(&mut self, sign: &str) {
        assert_eq!(self.next(), sign);
    }

    /// Operands of AND or of OR. Mixing them requires parentheses, so that no reader has to know their precedence.
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
            number => Math::Number(number.parse().unwrap_or_else(|_| panic!("unexpected {number}"))),
        }
    }
}

impl Math {
    /// The value for the period that begins at a minute, with the value of the metric in it.
    fn value(&self, start: i64, metric: Option<f64>) -> f64 {
        let of = |math: &Self| math.value(start, metric);
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
                    sign => panic!("unexpected {sign}"),
                })
            }
            Self::Hour => (start.rem_euclid(DAY) / 60) as f64,
            Self::Minute => (start.rem_euclid(60)) as f64,
            Self::Fill(other) => metric.unwrap_or(*other),
        }
    }
}

/// An alarm on missing data.
struct Alarm {
    math: Math,
    /// Statistic of the points in a period.
    statistic: String,
    /// Length of a period.
    minutes: i64,
    /// Number of evaluated periods.
    periods: i64,
}

impl Alarm {
    fn load(name: &str) -> Self {
        let alarm = alarms().remove(name).unwrap();
        assert_eq!((&alarm["ComparisonOperator"], &alarm["Threshold"]), (&"GreaterThanThreshold".into(), &0.into()));
        assert_eq!(alarm["EvaluationPeriods"], alarm["DatapointsToAlarm"], "{name}: all periods count");
        let (math, metric) = (&alarm["Metrics"][0], &alarm["Metrics"][1]);
        let expression = math["Expression"].as_str().or(math["Expression"]["Fn::Sub"].as_str()).unwrap();
        let expression = expression.replace("${ReportDelaySeconds}", &REPORT_DELAY.to_string());
        Self {
            math: Parser::parse(&expression, metric["Id"].as_str().unwrap()),
            statistic: metric["MetricStat"]["Stat"].as_str().unwrap().to_owned(),
            minutes: metric["MetricStat"]["Period"].as_i64().unwrap() / 60,
            periods: alarm["EvaluationPeriods"].as_i64().unwrap(),
        }
    }

    /// Whether it is in alarm at a minute, if the last period ended `before` minutes earlier.
    fn is_in_alarm(&self, at: i64, before: i64, points: &[Point]) -> bool {
        (1..=self.periods).all(|back| {
            let start = at - before - back * self.minutes;
            let within = points.iter().filter(|(minute, _)| (start..start + self.minutes).contains(minute));
            let values: Vec<f64> = within.map(|(_, value)| *value).collect();
            let value = match self.statistic.as_str() {
                _ if values.is_empty() => None,
                "SampleCount" => Some(values.len() as f64),
                "Minimum" => values.iter().copied().reduce(f64::min),
                statistic => panic!("unexpected {statistic}"),
            };
            self.math.value(start, value) > 0.0
        })
    }

    /// The minutes from noon to noon at which it is in alarm, with sliding and with aligned periods.
    fn alarm_minutes(&self, points: &[Point]) -> [Vec<i64>; 2] {
        let noon_to_noon = || -DAY / 2..DAY / 2;
        [
            noon_to_noon().filter(|&at| self.is_in_alarm(at, 0, points)).collect(),
            noon_to_noon().filter(|&at| self.is_in_alarm(at, at.rem_euclid(self.minutes), points)).collect(),
        ]
    }
}

/// The default of `ReportDelaySeconds`.
const REPORT_DELAY: i64 = 14_400;

/// An alarm of five minutes.
fn five_from(minute: i64) -> [Vec<i64>; 2] {
    [(); 2].map(|()| (minute..minute + 5).collect())
}

const NO_ALARM: [Vec<i64>; 2] = [Vec::new(), Vec::new()];

#[test]
fn run_missing_alarm_fires_if_no_run_ended_after_midnight() {
    let alarm = Alarm::load("RunMissing");
    assert_eq!(alarm.alarm_minutes(&[]), five_from(35));
    for ended in 0..35 {
        assert_eq!(alarm.alarm_minutes(&[(ended, 20.0)]), NO_ALARM, "run that ended {ended} minutes after midnight");
    }
    for ended in (-DAY / 2..-5).chain(40..DAY / 2) {
        assert_eq!(alarm.alarm_minutes(&[(ended, 20.0)]), five_from(35), "run that ended at minute {ended}");
    }
    // A run that ends during the alarm does not prevent it.
    assert!(
        (35..40).all(|ended| alarm.alarm_minutes(&[(ended, 20.0)]).iter().all(|minutes| minutes.first() == Some(&35)))
    );
}

#[test]
fn report_late_alarm_fires_if_no_report_of_the_day_is_in_time() {
    let template = super::yaml("telemetry/alarms.yaml").remove(0);
    assert_eq!(template["Parameters"]["ReportDelaySeconds"]["Default"], REPORT_DELAY);
    let alarm = Alarm::load("ReportLate");
    assert_eq!(alarm.alarm_minutes(&[]), five_from(90));
    // End of the service day in summer and in winter.
    for end in [-120, -60] {
        let report = |of: i64, made: i64| [(made, ((made - of) * 60) as f64)];
        for made in end..90 {
            assert_eq!(
                alarm.alarm_minutes(&report(end, made)),
                NO_ALARM,
                "report at minute {made} of the day that ended at {end}"
            );
        }
        for made in -125..90 {
            let earlier = report(end - DAY, made);
            assert_eq!(alarm.alarm_minutes(&earlier), five_from(90), "report at minute {made} of the previous day");
        }
    }
}

#[test]
fn alarm_descriptions_have_the_time_of_the_alarm() {
    for name in ["RunMissing", "ReportLate"] {
        let [sliding, _] = Alarm::load(name).alarm_minutes(&[]);
        let time = format!("{:02}:{:02} UTC", sliding[0] / 60, sliding[0] % 60);
        assert!(alarms()[name]["AlarmDescription"].as_str().unwrap().contains(&time), "{name}: {time}");
    }
}
