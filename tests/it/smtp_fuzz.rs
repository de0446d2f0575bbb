//! The fuzz oracle for SMTP sessions, run on streams made of valid and nearly valid pieces, so that
//! most of them get far into a session. `fuzz/fuzz_targets/smtp_session.rs` is the long form.

use proptest::prelude::*;

#[path = "../../fuzz/oracles/smtp.rs"]
mod oracle;

/// Valid and invalid commands, and pieces of messages.
const PIECES: [&[u8]; 40] = [
    b"EHLO a.example\r\n",
    b"EHLO a.example\r\n",
    b"HELO a\r\n",
    b"MAIL FROM:<>\r\n",
    b"MAIL FROM:<b@c.example> SIZE=100 BODY=8BITMIME\r\n",
    b"MAIL FROM:<b@c.example> SIZE=69999\r\n",
    b"RCPT TO:<u@a.example>\r\n",
    b"RCPT TO:<u@a.example>\r\n",
    b"RCPT TO:<postmaster> NOTIFY=NEVER\r\n",
    b"RCPT TO:<x@a.example>\r\n",
    b"DATA\r\n",
    b"DATA\r\n",
    b"From: b@c.example\r\n\r\n",
    b"From: b@c.example\r\n\r\nx\r\n.\r\n",
    b"From: b@c.example\r\n\r\nx\r\n.\r\n",
    b"text\r\n",
    b"..dots\r\n",
    b".\r\n",
    b"\r\n.\r\n",
    b"\n.\n",
    b"\r.\r",
    b"\r\n\0.\r\n",
    b"BDAT 21 LAST\r\nFrom: b@c.example\r\n\r\n",
    b"BDAT 21\r\nFrom: b@c.example\r\n\r\n",
    b"BDAT 3\r\na\r\n",
    b"BDAT 0 LAST\r\n",
    b"BDAT 4 LAST\r\n",
    b"BDAT 99999999999999 LAST\r\n",
    b"RSET\r\n",
    b"NOOP\r\n",
    b"VRFY u\r\n",
    b"STARTTLS\r\n",
    b"QUIT\r\n",
    b"\r\n",
    b"\n",
    b"\r",
    b"\xff\xfe",
    b"RCPT TO:<\"a> x\"@a.example>\r\n",
    b"MAIL FROM:<\xd7\x93@c.example> SMTPUTF8\r\n",
    &[b'x'; 3_000],
];

/// A session without errors.
const WELL: &[u8] = b"EHLO a.example\r\nMAIL FROM:<>\r\nRCPT TO:<u@a.example>\r\nDATA\r\n\
    From: b@c.example\r\n\r\nx\r\n.\r\nMAIL FROM:<>\r\nRCPT TO:<u@a.example>\r\n\
    BDAT 21 LAST\r\nFrom: b@c.example\r\n\r\nQUIT\r\n";

fn streams() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop::sample::select(PIECES.to_vec()).prop_map(<[u8]>::to_vec);
    let noise = prop::collection::vec(any::<u8>(), 0..30);
    let mixed = prop::collection::vec(prop_oneof![20 => piece, 1 => noise], 0..25);
    // A session without errors but for one inserted piece, or a random sequence of pieces and
    // noise.
    let broken = (0..WELL.len(), prop::sample::select(PIECES.to_vec()))
        .prop_map(|(at, piece)| [&WELL[..at], piece, &WELL[at..]].concat());
    prop_oneof![mixed.prop_map(|pieces| pieces.concat()), broken]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn what_is_acknowledged_is_stored_and_nothing_else(size in any::<u8>(), stream in streams()) {
        oracle::check(&[&[size], stream.as_slice()].concat());
    }
}

#[test]
fn the_oracle_sees_a_session_that_goes_well() {
    for size in [1, 7, 255] {
        oracle::check(&[&[size], WELL].concat());
    }
}
