//! The text form of OpenMetrics 1.0: families with their type and help, each with its samples.

use std::fmt::{Display, Write};

/// The exposition, as it is written.
#[derive(Default)]
pub struct Exposition(String);

/// The type of a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Counter,
    Gauge,
    Info,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Info => "info",
        }
    }

    /// What a sample's name ends in.
    fn ending(self) -> &'static str {
        match self {
            Kind::Counter => "_total",
            Kind::Gauge => "",
            Kind::Info => "_info",
        }
    }
}

impl Exposition {
    /// Writes a family whose samples have these labels.
    pub fn family<V: Display>(
        &mut self,
        (name, kind, help): (&str, Kind, &str),
        samples: impl IntoIterator<Item = (Vec<(&'static str, String)>, V)>,
    ) {
        let _ = writeln!(self.0, "# TYPE {name} {}", kind.as_str());
        let _ = writeln!(self.0, "# HELP {name} {}", escaped(help));
        for (labels, value) in samples {
            let _ = write!(self.0, "{name}{}", kind.ending());
            for (at, (label, text)) in labels.iter().enumerate() {
                let before = if at == 0 { '{' } else { ',' };
                let _ = write!(self.0, "{before}{label}=\"{}\"", escaped(text));
            }
            let _ = writeln!(self.0, "{} {value}", if labels.is_empty() { "" } else { "}" });
        }
    }

    /// Writes a family with one sample.
    pub fn one(&mut self, family: (&str, Kind, &str), value: impl Display) {
        self.family(family, [(Vec::new(), value)]);
    }

    /// Ends the exposition.
    pub fn finish(mut self) -> String {
        self.0.push_str("# EOF\n");
        self.0
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_written_as_the_specification_has_them() {
        let mut text = Exposition::default();
        text.one(("up", Kind::Gauge, "Whether \"it\" is up"), 1);
        let labels =
            |stage: &str| vec![("stage", stage.to_owned()), ("status", "5.1.1".to_owned())];
        text.family(
            ("refused", Kind::Counter, "Refusals"),
            [(labels("recipient"), 3), (labels("a\\b"), 4)],
        );
        text.family(("build", Kind::Info, "Build"), [(vec![("version", "1".to_owned())], 1)]);
        assert_eq!(
            text.finish(),
            "# TYPE up gauge\n# HELP up Whether \\\"it\\\" is up\nup 1\n\
             # TYPE refused counter\n# HELP refused Refusals\n\
             refused_total{stage=\"recipient\",status=\"5.1.1\"} 3\n\
             refused_total{stage=\"a\\\\b\",status=\"5.1.1\"} 4\n\
             # TYPE build info\n# HELP build Build\nbuild_info{version=\"1\"} 1\n# EOF\n"
        );
    }
}
