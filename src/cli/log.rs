//! `--log` of `lacuna train`: lines of JSON in a file or on the standard output.

use std::fs::{self, File};
use std::io::{self, LineWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use super::CliError;

/// The path of the standard output.
const STANDARD_OUTPUT: &str = "-";

/// Whether the standard output is a log, so that the words for a reader go to the error stream.
static IS_STANDARD_OUTPUT: AtomicBool = AtomicBool::new(false);

/// Whether the standard output is a log.
pub(super) fn is_standard_output() -> bool {
    IS_STANDARD_OUTPUT.load(Ordering::Relaxed)
}

/// Why a log cannot be continued.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LogError {
    #[error("--log {}: line {line} is not of a log; give the log of the run, or the path of a new file", path.display())]
    NoLog { path: PathBuf, line: usize },
    #[error("--log {}: it is the log of another run, {link}; give the log of the run, or the path of a new file", path.display())]
    OtherRun { path: PathBuf, link: String },
}

/// The lines of a run, if the user asked for them. Each is written at once, since training may be stopped at any time.
pub(super) struct Log {
    path: PathBuf,
    file: Option<LineWriter<Box<dyn Write>>>,
    /// If it has lines of earlier steps: the step from which it continues, and the bytes of those lines.
    earlier: Option<(u32, u64)>,
}

impl Log {
    /// A new log. Without a path nothing is logged.
    pub(super) fn new(path: Option<&Path>) -> Result<Self, CliError> {
        let file: Option<Box<dyn Write>> = match path {
            None => None,
            Some(path) if path == Path::new(STANDARD_OUTPUT) => {
                IS_STANDARD_OUTPUT.store(true, Ordering::Relaxed);
                Some(Box::new(io::stdout()))
            }
            Some(path) => Some(Box::new(File::create(path).map_err(CliError::file(path))?)),
        };
        let path = if is_standard_output() { Path::new("standard output") } else { path.unwrap_or(Path::new("")) };
        Ok(Self { path: path.to_owned(), file: file.map(LineWriter::new), earlier: None })
    }

    /// The log of a run with this link that is resumed at `step`. Without an earlier log it is a new one. Otherwise [`Log::begin`] drops the lines of
    /// later steps, since these steps are trained again.
    ///
    /// # Errors
    /// The file is no log, or that of another run. It then stays as it is.
    pub(super) fn resumed(path: Option<&Path>, step: u32, link: &str) -> Result<Self, CliError> {
        let Some(path) = path.filter(|path| fs::metadata(path).is_ok_and(|found| found.is_file() && found.len() > 0)) else {
            return Self::new(path);
        };
        let text = fs::read(path).map_err(CliError::file(path))?;
        let kept = earlier(&text, step, link, path)?;
        let file = File::options().append(true).open(path).map_err(CliError::file(path))?;
        Ok(Self { path: path.to_owned(), file: Some(LineWriter::new(Box::new(file))), earlier: Some((step, kept as u64)) })
    }

    /// Writes the first line of a run, or of its continuation.
    pub(super) fn begin(&mut self, mut line: Value) -> Result<(), CliError> {
        if let Some((step, kept)) = self.earlier {
            let file = File::options().write(true).open(&self.path).map_err(CliError::file(&self.path))?;
            file.set_len(kept).map_err(CliError::file(&self.path))?;
            line["event"] = json!("resume");
            line["step"] = json!(step);
        }
        self.write(&line)
    }

    pub(super) fn write(&mut self, value: &Value) -> Result<(), CliError> {
        let Some(file) = &mut self.file else { return Ok(()) };
        writeln!(file, "{value}").map_err(CliError::file(&self.path))
    }

    pub(super) fn flush(&mut self) -> Result<(), CliError> {
        let Some(file) = &mut self.file else { return Ok(()) };
        file.flush().map_err(CliError::file(&self.path))
    }
}

/// Bytes of the lines before `step` in the log of the run with this link. A last line without an end is of a program that was killed, and is dropped.
fn earlier(text: &[u8], step: u32, link: &str, path: &Path) -> Result<usize, LogError> {
    let mut kept = 0;
    for (line, number) in text.split_inclusive(|&byte| byte == b'\n').filter(|line| line.ends_with(b"\n")).zip(1..) {
        let no_log = || LogError::NoLog { path: path.to_owned(), line: number };
        let value: Value = serde_json::from_slice(line).map_err(|_| no_log())?;
        let event = value["event"].as_str();
        if number == 1 {
            let of = value["link"].as_str().filter(|_| event == Some("run")).ok_or_else(no_log)?;
            if of != link {
                return Err(LogError::OtherRun { path: path.to_owned(), link: of.to_owned() });
            }
        } else {
            // Lines of events have the number of steps done; the others the number of their step, from 0 on.
            let of = value["step"].as_u64().ok_or_else(no_log)? + u64::from(event.is_none());
            if of > step.into() || event == Some("result") {
                break;
            }
        }
        kept += line.len();
    }
    if kept == 0 { Err(LogError::NoLog { path: path.to_owned(), line: 1 }) } else { Ok(kept) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINK: &str = "?model=mlp-8";
    const RUN: &str = "{\"event\":\"run\",\"link\":\"?model=mlp-8\"}\n";

    fn kept(text: &str, step: u32) -> Result<String, LogError> {
        earlier(text.as_bytes(), step, LINK, Path::new("a.jsonl")).map(|kept| text[..kept].to_owned())
    }

    #[test]
    fn lines_of_steps_that_are_trained_again_are_dropped() {
        let lines = format!("{RUN}{{\"step\":0}}\n{{\"step\":1}}\n{{\"event\":\"evaluation\",\"step\":2}}\n{{\"step\":2}}\n");
        assert_eq!(kept(&lines, 2).unwrap(), lines[..lines.len() - "{\"step\":2}\n".len()]);
        assert_eq!(kept(&lines, 3).unwrap(), lines);
        assert_eq!(kept(&lines, 0).unwrap(), RUN);
        let end = format!("{lines}{{\"event\":\"result\",\"step\":3}}\n");
        assert_eq!(kept(&end, 3).unwrap(), lines, "the result is computed again");
    }

    #[test]
    fn a_line_that_was_not_finished_is_dropped() {
        assert_eq!(kept(&format!("{RUN}{{\"step\":0}}\n{{\"ste"), 9).unwrap(), format!("{RUN}{{\"step\":0}}\n"));
    }

    #[test]
    fn what_is_not_the_log_of_this_run_is_refused() {
        let no_log = |line| Err(LogError::NoLog { path: "a.jsonl".into(), line });
        assert_eq!(kept("my notes\n", 3), no_log(1));
        assert_eq!(kept("my notes", 3), no_log(1));
        assert_eq!(kept("{\"step\":0}\n", 3), no_log(1));
        assert_eq!(kept(&format!("{RUN}notes\n"), 3), no_log(2));
        assert_eq!(kept(&format!("{RUN}{{\"loss\":2}}\n"), 3), no_log(2));
        let other = "{\"event\":\"run\",\"link\":\"?model=mlp-9\"}\n";
        assert_eq!(kept(other, 3), Err(LogError::OtherRun { path: "a.jsonl".into(), link: "?model=mlp-9".into() }));
    }
}
