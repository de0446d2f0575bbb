//! The demo's outside world: a mail server that accepts everything and keeps it in memory, and a
//! page that shows what it received, so that one can follow a notification's link as the external
//! recipient.
//!
//! It listens on loopback only, and only in the demo. Mail is shown as text, in which words that
//! begin with `https://` are links.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::State;
use axum::http::header::CONTENT_SECURITY_POLICY;
use axum::response::{Html, IntoResponse, Response};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::mail::message;

/// One message as it was received.
#[derive(Clone)]
struct Mail {
    from: String,
    to: Vec<String>,
    octets: Vec<u8>,
}

/// The received messages, the latest first.
#[derive(Clone, Default)]
pub struct Sink {
    mails: Arc<Mutex<VecDeque<Mail>>>,
}

const MAILS_MAX: usize = 200;
const MAIL_OCTETS_MAX: usize = 64 << 20;
const LINE_OCTETS_MAX: u64 = 64 << 10;
const IDLE: Duration = Duration::from_secs(60);
/// Limits the page to text and links.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

impl Sink {
    /// Receives mail on one port and shows it on another; returns both addresses.
    pub async fn start(
        stop: &CancellationToken,
        tasks: &TaskTracker,
    ) -> std::io::Result<(SocketAddr, SocketAddr)> {
        let sink = Sink::default();
        let (smtp, page) =
            (TcpListener::bind("127.0.0.1:0").await?, TcpListener::bind("127.0.0.1:0").await?);
        let addresses = (smtp.local_addr()?, page.local_addr()?);
        let (taking, stopped) = (sink.clone(), stop.clone());
        tasks.spawn(async move {
            loop {
                tokio::select! {
                    () = stopped.cancelled() => return,
                    accepted = smtp.accept() => if let Ok((stream, _)) = accepted {
                        tokio::spawn(taking.clone().run_session(stream));
                    }
                }
            }
        });
        let app = axum::Router::new().route("/", axum::routing::get(show)).with_state(sink);
        let stopped = stop.clone();
        tasks.spawn(async move {
            let done = stopped.cancelled_owned();
            if let Err(error) = axum::serve(page, app).with_graceful_shutdown(done).await {
                tracing::warn!(%error, "the page of the demo's outside world failed");
            }
        });
        Ok(addresses)
    }

    async fn run_session(self, stream: TcpStream) {
        let (read, write) = stream.into_split();
        // If a peer disconnects, the message that it was sending is lost.
        if let Ok(Err(error)) =
            tokio::time::timeout(IDLE * 10, self.session(BufReader::new(read), write)).await
        {
            tracing::debug!(%error, "the demo's outside world lost a connection");
        }
    }

    async fn session(
        &self,
        mut read: BufReader<impl tokio::io::AsyncRead + Unpin>,
        mut write: impl tokio::io::AsyncWrite + Unpin,
    ) -> std::io::Result<()> {
        write.write_all(b"220 outside.example ESMTP\r\n").await?;
        let (mut from, mut to) = (String::new(), Vec::new());
        loop {
            let line = line(&mut read).await?;
            let upper = line.to_ascii_uppercase();
            let answer: &[u8] = if line.is_empty() {
                return Ok(());
            } else if upper.starts_with("EHLO") || upper.starts_with("HELO") {
                b"250-outside.example\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE 0\r\n"
            } else if upper.starts_with("MAIL FROM:") {
                (from, to) = (path(&line), Vec::new());
                b"250 2.1.0 ok\r\n"
            } else if upper.starts_with("RCPT TO:") {
                to.push(path(&line));
                b"250 2.1.5 ok\r\n"
            } else if upper.starts_with("DATA") {
                write.write_all(b"354 end data with <CRLF>.<CRLF>\r\n").await?;
                let octets = data(&mut read).await?;
                self.keep(Mail { from: from.clone(), to: to.clone(), octets });
                b"250 2.0.0 accepted\r\n"
            } else if upper.starts_with("QUIT") {
                return write.write_all(b"221 2.0.0 bye\r\n").await;
            } else if upper.starts_with("RSET") || upper.starts_with("NOOP") {
                b"250 2.0.0 ok\r\n"
            } else {
                b"502 5.5.1 command not implemented\r\n"
            };
            write.write_all(answer).await?;
        }
    }

    fn keep(&self, mail: Mail) {
        let mut mails = self.mails();
        mails.push_front(mail);
        mails.truncate(MAILS_MAX);
    }

    fn mails(&self) -> MutexGuard<'_, VecDeque<Mail>> {
        self.mails.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn line(read: &mut (impl tokio::io::AsyncBufRead + Unpin)) -> std::io::Result<String> {
    let mut line = Vec::new();
    (&mut *read).take(LINE_OCTETS_MAX).read_until(b'\n', &mut line).await?;
    Ok(String::from_utf8_lossy(&line).into_owned())
}

/// Reads a message up to the line with a single dot, and removes the dots that were added to its
/// lines (RFC 5321 §4.5.2).
async fn data(read: &mut (impl tokio::io::AsyncBufRead + Unpin)) -> std::io::Result<Vec<u8>> {
    let mut octets = Vec::new();
    loop {
        let start = octets.len();
        let read_octets = (&mut *read).take(LINE_OCTETS_MAX).read_until(b'\n', &mut octets).await?;
        if read_octets == 0 || octets.len() > MAIL_OCTETS_MAX {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if &octets[start..] == b".\r\n" {
            octets.truncate(start);
            return Ok(octets);
        }
        if octets[start] == b'.' {
            octets.remove(start);
        }
    }
}

fn path(line: &str) -> String {
    let inside = line.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inside.map(|(path, _)| path.to_owned()).unwrap_or_default()
}

async fn show(State(sink): State<Sink>) -> Response {
    let mut page = String::from(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" \
         content=\"5\"><title>Outside</title><style>body{font:16px/1.5 system-ui;max-width:46rem;\
         margin:2rem auto;padding:0 1rem}article{border:1px solid #ccc;border-radius:.5rem;\
         padding:1rem;margin:1rem 0}pre{white-space:pre-wrap;overflow-wrap:anywhere;font:inherit}\
         </style><h1>Mail that has left the site</h1>\
         <p>The demo's outside world: all mail to external recipients arrives here.</p>",
    );
    for mail in sink.mails().iter() {
        page.push_str(&article(mail));
    }
    if sink.mails().is_empty() {
        page.push_str("<p>No mail yet. Write a message to anybody@outside.example.</p>");
    }
    ([(CONTENT_SECURITY_POLICY, POLICY)], Html(page)).into_response()
}

fn article(mail: &Mail) -> String {
    let view = message::view(&mail.octets);
    let text = linked(&escaped(view.text.as_deref().unwrap_or("(no text)")));
    format!(
        "<article><h2>{}</h2><p>from {} to {}</p><pre dir=\"auto\">{text}</pre></article>",
        escaped(&view.subject),
        escaped(if mail.from.is_empty() { "<>" } else { &mail.from }),
        escaped(&mail.to.join(", ")),
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn linked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_inclusive(char::is_whitespace) {
        let bare = word.trim_end();
        match bare.starts_with("https://") {
            true => {
                out.push_str(&format!("<a href=\"{bare}\" rel=\"noreferrer\">{bare}</a>"));
                out.push_str(&word[bare.len()..]);
            }
            false => out.push_str(word),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_a_mail_cannot_become_markup() {
        let mail = Mail {
            from: "<b>".to_owned(),
            to: vec!["a@b".to_owned()],
            octets: b"Subject: <script>x</script>\r\n\r\nhi https://a.example/\"><img> there\r\n"
                .to_vec(),
        };
        let page = article(&mail);
        assert!(!page.contains("<script") && !page.contains("<img"), "{page}");
        assert!(page.contains("<a href=\"https://a.example/&quot;&gt;&lt;img&gt;\""), "{page}");
    }
}
