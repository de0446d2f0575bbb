//! The log as systemd's journal reads it.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use rustix::fs::fstat;
use rustix::process::{Pid, Signal, kill_process};

use crate::support::sink::Sink;
use crate::support::site::{Setup, Site};

/// Under systemd each line begins with its priority, so that `journalctl -p err` finds what needs a
/// person; into anything else the lines are written as they are.
#[test]
fn each_line_to_the_journal_begins_with_its_priority() {
    let sink = Sink::start();
    let mut site = Site::start(&Setup::to(&sink, ""));
    assert!(!site.log().starts_with('<'), "{}", site.log());
    site.end();
    let (reader, writer) = std::io::pipe().unwrap();
    let stream = fstat(&writer).unwrap();
    let mut command = site.prepared(&["serve"]);
    command.env("JOURNAL_STREAM", format!("{}:{}", stream.st_dev, stream.st_ino));
    let mut child = command.stderr(writer).stdout(Stdio::null()).spawn().unwrap();
    // The command keeps the other end of the pipe open.
    drop(command);
    let mut lines = Vec::new();
    for line in BufReader::new(reader).lines().map_while(Result::ok) {
        let is_started = line.contains("\"started\"");
        lines.push(line);
        if is_started {
            kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
        }
    }
    assert!(child.wait().unwrap().success());
    assert!(lines.iter().any(|line| line.starts_with("<6>{") && line.contains("started")));
    let is_prefixed = |line: &String| ["<3>", "<4>", "<6>", "<7>"].contains(&&line[..3]);
    assert!(lines.iter().all(is_prefixed), "{lines:?}");
}
