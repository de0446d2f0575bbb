//! The short form of the fuzz targets: each oracle runs over a bounded number of mutated seeds, the
//! same ones on every run. `FUZZ_ITERATIONS` sets how many; `make fuzz` runs the long form, which begins
//! with these seeds as well: with `FUZZ_SEEDS`, they are written there and nothing is run.

#[path = "../fuzz/oracles/mail.rs"]
mod mail;
#[path = "../fuzz/oracles/net.rs"]
mod net;
#[path = "../fuzz/oracles/passkey.rs"]
mod passkey;
#[path = "../fuzz/oracles/search.rs"]
mod search;
#[path = "../fuzz/oracles/store.rs"]
mod store;
#[path = "../fuzz/oracles/vouching.rs"]
mod vouching;

use std::path::Path;

/// Returns the number of mutations to try for each target.
fn iterations() -> usize {
    let given = std::env::var("FUZZ_ITERATIONS").ok().and_then(|count| count.parse().ok());
    given.unwrap_or(3_000)
}

/// Octets that have a meaning for one of the parsers.
const WORDS: &[&[u8]] = &[
    b"\r\n",
    b"\r\n\r\n",
    b"\n",
    b"\r",
    b"\0",
    b"--x",
    b"--x--",
    b"=\r\n",
    b"=",
    b"@",
    b"\"",
    b"\\",
    b"<",
    b">",
    b"From: ",
    b"boundary=x",
    b"Content-Type: multipart/mixed; boundary=\"x\"\r\n",
    b"Content-Type: message/rfc822\r\n",
    b"Content-Transfer-Encoding: base64\r\n",
    b"Content-Transfer-Encoding: quoted-printable\r\n",
    b"=?utf-8?B?",
    b"?=",
    b"*0*=",
    b"\xff",
    b"\xc2\xa0",
    b"\xe2\x80\xae",
    b"<!--",
    b"-->",
    b"</",
    b"<table><tr><td>",
    b"<img src=\"cid:logo\">",
    b" style=\"",
    b"u\\72l(",
    b"&#x",
    b"[IPv6:",
];

/// The generator of Marsaglia's xorshift paper: small, and the same on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    fn range(&mut self, length: usize) -> std::ops::Range<usize> {
        let start = self.below(length + 1);
        start..start + self.below((length - start).min(64) + 1)
    }
}

/// Returns one of the seeds with a few changes.
fn mutated(seeds: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut data = seeds[random.below(seeds.len())].clone();
    for _ in 0..=random.below(4) {
        let range = random.range(data.len());
        match random.below(6) {
            0 => drop(data.drain(range)),
            1 => {
                let copy = data[range].to_vec();
                let at = random.below(data.len() + 1);
                data.splice(at..at, copy);
            }
            2 => {
                let other = &seeds[random.below(seeds.len())];
                let part = other[random.range(other.len())].to_vec();
                data.splice(range, part);
            }
            3 if !data.is_empty() => {
                let at = random.below(data.len());
                data[at] ^= 1 << random.below(8);
            }
            4 => {
                let at = random.below(data.len() + 1);
                data.truncate(at);
            }
            _ => {
                let word = WORDS[random.below(WORDS.len())];
                data.splice(range.start..range.start, word.iter().copied());
            }
        }
    }
    data
}

fn run(name: &str, oracle: fn(&[u8]), seeds: &[Vec<u8>]) {
    assert!(!seeds.is_empty());
    if let Some(folder) = std::env::var_os("FUZZ_SEEDS") {
        return write_seeds(&Path::new(&folder).join(name), seeds);
    }
    seeds.iter().for_each(|seed| oracle(seed));
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    for count in 0..iterations() {
        let data = mutated(seeds, &mut random);
        // A failing input is printed in a form that can be made into a fixture.
        if std::panic::catch_unwind(|| oracle(&data)).is_err() {
            panic!("{name}, mutation {count}: b\"{}\"", data.escape_ascii());
        }
    }
}

/// Writes the seeds of one target where the fuzzer looks for its corpus, and the words beside them in
/// the form of its dictionaries.
fn write_seeds(corpus: &Path, seeds: &[Vec<u8>]) {
    std::fs::create_dir_all(corpus).unwrap();
    for (number, seed) in seeds.iter().enumerate() {
        std::fs::write(corpus.join(format!("seed-{number}")), seed).unwrap();
    }
    let escaped = |word: &&[u8]| word.iter().map(|octet| format!("\\x{octet:02x}")).collect();
    let rows: Vec<String> = WORDS.iter().map(escaped).collect();
    let rows: String = rows.iter().map(|row| format!("\"{row}\"\n")).collect();
    std::fs::write(corpus.with_extension("dict"), rows).unwrap();
}

fn texts(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

/// Messages written here, and the small ones of `fixtures/messages`.
fn messages() -> Vec<Vec<u8>> {
    let mut seeds = texts(&[
        "From: Dana <dana@example.org>\r\nTo: a@b.example, \"B, C\" <d@e.example>\r\n\
         Subject: =?utf-8?B?15PXoNeU?= x\r\nDate: Mon, 23 Nov 2026 09:00:00 +0000\r\n\
         Message-ID: <1@example.org>\r\nReferences: <a@b> <c@d>\r\n\r\nbody\r\n",
        "From: a@b.example\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\npreamble\r\n--x\r\n\
         Content-Type: multipart/alternative; boundary=xy\r\n\r\n--xy\r\n\r\ntext\r\n--xy\r\n\
         Content-Type: text/html; charset=windows-1255\r\n\r\n<b>x</b>\r\n--xy--\r\n--x\r\n\
         Content-Type: image/png; name*0*=utf-8''a%20; name*1=b.png\r\nContent-ID: <logo>\r\n\
         Content-Transfer-Encoding: base64\r\n\r\nAAECAw==\r\n--x--\r\n",
        "From: a@b.example\r\nContent-Type: multipart/digest; boundary=\"x\"\r\n\r\n--x\r\n\r\n\
         Subject: a\r\n\r\nb\r\n--x\r\nContent-Type: message/rfc822\r\n\r\nFrom: c@d.example\r\n\
         Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\na=3Db=\r\n\
         --x--\r\n",
    ]);
    // A file that cannot be decoded, which must not become longer by that.
    let head = "From: a@b.example\r\nContent-Type: multipart/m\r\n\
                Content-Transfer-Encoding: quoted-printable\r\n\r\n=\"cid";
    seeds.push([head.as_bytes(), &[0xc7; 400]].concat());
    // Forwards within forwards that are cut where mail-parser 0.11.9 asserts that they are whole
    // ("Invalid part ID, could not find multipart").
    seeds.push(include_bytes!("../fixtures/hostile/forward_cut_within.eml").to_vec());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/messages");
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .map(|entries| entries.map(|entry| entry.unwrap().path()).collect())
        .unwrap_or_default();
    paths.sort();
    let is_message = |path: &std::path::PathBuf| path.extension().is_some_and(|end| end == "eml");
    let files =
        paths.iter().filter(|path| is_message(path)).map(|path| std::fs::read(path).unwrap());
    seeds.extend(files.filter(|message| message.len() < 16 * 1024));
    seeds
}

#[test]
fn addresses() {
    let seeds = texts(&[
        "dana@example.org",
        "\"a b\\\"c\"@example.org",
        "\"\\\"\\\"\"@o",
        "u@[192.0.2.1]",
        "u@[IPv6:2001:db8::1]",
        "<@a.example,@b.example:dana@example.org>",
        "<postmaster>",
        "<>",
        "<\"a>b\"@c.example> SIZE=1",
        "דנה@דואר.example",
        "rfc822;a+2Bb@c.example",
        "SUCCESS,FAILURE",
    ]);
    run("address", mail::address, &seeds);
}

#[test]
fn authorities() {
    let seeds = texts(&[
        "mail.example.org:8443",
        "dana:x@127.0.0.1:443",
        "[2001:db8::1]:65535",
        "xn--bcher-kva.example:",
        "a%2f$&'()*+,;=~_!.example",
    ]);
    run("authority", net::authority, &seeds);
}

#[test]
fn ranges_of_octets() {
    let seeds = ["bytes=0-9", "bytes=10-", "bytes=-10", "Bytes=0-1,4-5", "bytes=9-3"];
    let seeds = seeds.map(|field| [&1_000_u64.to_be_bytes(), field.as_bytes()].concat());
    run("byte_range", net::byte_range, &seeds);
}

#[test]
fn rules_of_repetition() {
    let seeds = texts(&[
        "FREQ=DAILY;INTERVAL=3;BYMONTH=1,7",
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU;WKST=SU;COUNT=40",
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;UNTIL=20250101T100000Z",
        "FREQ=MONTHLY;INTERVAL=5;BYDAY=-1FR,+2MO;BYMONTHDAY=-1,13",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;COUNT=10000",
        "FREQ=YEARLY;BYWEEKNO=20,-1;BYDAY=TH;BYYEARDAY=-1",
        "freq=daily;until=20260329t013000z",
    ]);
    run("repetition", mail::repetition, &seeds);
}

#[test]
fn recordings() {
    let seeds: [&[u8]; 4] = [
        b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm\x42\x87\x81\x04",
        b"OggS\0\x02\0\0\0\0\0\0\0\0OpusHead",
        b"\0\0\0\x1cftypiso5\0\0\x02\0iso5iso6mp41",
        b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\x01\0",
    ];
    run("recording", mail::recording, &seeds.map(<[u8]>::to_vec));
}

#[test]
fn authors() {
    let seeds = texts(&[
        "Dana <dana@example.org>",
        "\"Levi, \\\"D\\\"\" (x (y)) <\"a b\"@c.example>, =?utf-8?Q?D=C3=A9?= =?utf-8?B?w6k=?= <d@e.f>",
        "Team: a@b.example, c@[192.0.2.1];, root@host.example (Cron)",
        "a@b.example <a@b.example>",
        "Levi, Dana\r\n\t<d..a.@b_c.example>",
        "דנה <דנה@דואר.example>",
    ]);
    run("authors", mail::authors, &seeds);
}

#[test]
fn senders() {
    let seeds = texts(&[
        "Omar Levi (CEO)\nomar@examp1e.org",
        "\u{ff2f}mar Lévi <ceo@bank.example>@\nx@b\u{fc}cher.example",
        "Levi, \u{41e}mar\u{200b}\na@example.org.evil.test",
        "ceo@\u{200a}bank\u{3002}example\na@xn--exmple-4nf.org",
    ]);
    run("sender", mail::sender, &seeds);
}

#[test]
fn contacts() {
    let seeds = texts(&[
        "BEGIN:VCARD\r\nVERSION:3.0\r\nN:Levi;Dana;Ruth,Mia;Dr.;\r\nFN:Dr. Dana Levi\r\n\
         item1.EMAIL;type=INTERNET;type=pref:d@b.example\r\nitem1.X-ABLabel:_$!<Work>!$_\r\n\
         TEL;type=CELL:+1\r\nBDAY;X-APPLE-OMIT-YEAR=1604:1604-05-04\r\nNOTE:a\\nb\\,\r\n c\r\n\
         CATEGORIES:x,y\r\nX-POSTERN-FIELD;LABEL=\"a:b\":c\r\nEND:VCARD\r\n",
        "BEGIN:VCARD\nVERSION:2.1\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:Khal=C3=AEl;=\n Omar\n\
         ADR;HOME:;;Main St. 1;Haifa;;31000;Israel\nPHOTO;ENCODING=BASE64;GIF:\n\
         \x20R0lGODlhAQABAAAAACwAAAAAAQABAAACADs=\n\n\
         END:VCARD\nBEGIN:VCARD\nVERSION:4.0\nFN:x\nTEL;VALUE=uri:tel:+1-5\nURL:http://a/\\,b\n\
         BDAY:--0504\nPHOTO:data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAACADs=\nEND:VCARD",
        "First Name,Last Name,E-mail 1 - Label,E-mail 1 - Value,Address 1 - City,Birthday,X\r\n\
         Dana,\"Le\"\"vi\",* Work,a@b.example ::: c@d.example,Haifa,1980-05-04,=1+1\r\n",
        "Title;First Name;Business City;Mobile Phone;Birth Month;Birth Day;Birth Year\n\
         Dr.;Dana;Haifa;'+49;5;4;1980\n",
        "BEGIN:VCARD\nFN:a\nX;A=\n =\n =\n =\nCATEGORIES:aa,ab,ac,ad,AA\nX;;;;;;;;:y\n\
         i.TEL:1\ni.X-ABLabel:_$!<_$!<_$!<x>!$_>!$_>!$_\nN:;;;;;;;;;\nEND:VCARD\n",
        "Name,Labels,E-mail 1 - Value,Note\nx,a;b;c;A,a ::: b ::: 'c,\"x;=1+1;'@y\"\n",
    ]);
    run("contacts", mail::contacts, &seeds);
}

#[test]
fn pictures_of_people() {
    let image = image::DynamicImage::new_rgba8(5, 7);
    let formats = [
        image::ImageFormat::Png,
        image::ImageFormat::Jpeg,
        image::ImageFormat::Gif,
        image::ImageFormat::WebP,
    ];
    let seed = |format: &image::ImageFormat| {
        let mut octets = std::io::Cursor::new(Vec::new());
        let image = match format {
            image::ImageFormat::Jpeg => image.to_rgb8().into(),
            _ => image.clone(),
        };
        image.write_to(&mut octets, *format).unwrap();
        octets.into_inner()
    };
    run("picture", mail::picture, &formats.iter().map(seed).collect::<Vec<_>>());
}

#[test]
fn results_of_others() {
    let mut seeds = texts(&[
        "From: a@b.example\r\nAuthentication-Results: mail.example.org; dmarc=pass\r\nSubject: x\r\n\r\nb",
        "From: a@b.example\r\nauthentication-results: (c (d)) \"mail.example.org\" 1;\r\n spf=pass\r\n\r\n",
        "Authentication-Results: x.example; none\r\nFrom: a@b.example\r\n\r\n",
    ]);
    seeds.extend(messages());
    run("results", mail::results, &seeds);
}

#[test]
fn spf_records() {
    let seeds = texts(&[
        "v=spf1 a:mail.example.com/24//64 mx ptr:example.com ~all",
        "v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 include:_spf.example.com. -all",
        "v=spf1 exists:%{l1r-+=}.%{ir}.%{v}._spf.%{d2} exists:%{S}%_a.%%",
        "V=SPF1 redirect=%{d} exp=why.%{o} x-y_z.1=%{t}",
    ]);
    run("spf", mail::spf, &seeds);
}

#[test]
fn reference_numbers() {
    let seeds = texts(&["01KAN-5Q7DC-8E2XV-M9T4H", "0123456789abcdef", "\0\0\0\x01KAN5Q7DC8E2XV"]);
    run("reference", mail::reference, &seeds);
}

#[test]
fn headers() {
    run("header_gate", mail::header_strict, &messages());
}

#[test]
fn views_of_messages() {
    run("message_view", mail::message_view, &messages());
}

/// A file of Outlook, an opaque signature, and a text with a file in it.
#[test]
fn what_other_programs_packed() {
    let tnef = [
        &0x223e_9f78_u32.to_le_bytes()[..],
        b"\0\0\x02\x02\x90\x06\0\0\0\0\0\0\0",
        b"\x02\x05\x90\x06\0\x1c\0\0\0\x01\0\0\0\x1e\0\x07\x37\x01\0\0\0\x05\0\0\0a.txt\0\0\0\0\0",
    ];
    let signed =
        b"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0\x80\x30\x80\x02\x01\x01\
        \x31\0\x30\x80\x06\0\xa0\x80\x24\x80\x04\x01a\x04\x01b\0\0\0\0\0\0\0\0\0\0\0\0";
    let text = b"From: a@b.example\r\n\r\nx\r\nbegin 644 a\r\n#0V%T\r\n`\r\nend\r\n";
    let rtf = [
        &0x223e_9f78_u32.to_le_bytes()[..],
        b"\0\0\x01\x07\x90\x06\0\x08\0\0\0\xe7\x04\0\0\0\0\0\0\0\0",
        b"\x01\x03\x90\x06\0\x40\0\0\0\x01\0\0\0\x02\x01\x09\x10\x01\0\0\0\x2d\0\0\0",
        b"\x29\0\0\0\x19\0\0\0MELA\0\0\0\0{\\rtf1\\f0\\u233?{\\*\\x}\\'e9}\0\0\0\0\0\0\0\0\0",
    ];
    let seeds = [tnef.concat(), rtf.concat(), signed.to_vec(), text.to_vec()];
    run("unpacked", mail::unpacked, &seeds);
}

#[test]
fn html() {
    let mut seeds = texts(&[
        "<p style=\"color:red\">a <b>b</b> <a href=\"https://example.org/?a=1&b=2\">c</a></p>",
        "<table><tr><td>a<td><img src=\"cid:logo\"><tr><p>x</table><ul><li>a<li>b</ul>",
        "<svg><style><img src=x onerror=alert(1)></style></svg><math><mi>x</math>",
        "<div style=\"width:u\\72l(x)\"><!-- c --><script>1</script><title>t</title>&amp;&#106;x",
        "<b><i>x</b>y</i><font color=red><div>a</font>b</div><noscript><p title=\"</noscript>\">",
        "<style>/* a */ @media screen{.a > b, #i *{color:red!important;background:url(x) #fff}}</style>\
         <body bgcolor=000 class=c><p class=a id=i style=\"background:linear-gradient(red,blue)\"><b>x",
    ]);
    seeds
        .extend(messages().into_iter().filter(|message| message.windows(5).any(|w| w == b"<html")));
    run("sanitize", mail::sanitize, &seeds);
}

#[test]
fn questions() {
    let seeds = texts(&[
        "from:dana \"quarterly report\" -draft has:attachment before:2026-11-01",
        "in:inbox is:unread larger:5M smaller:20k ref:01KAN-5Q7DC-8E2XV-M9T4H",
        "-subject:\"a b\" to:x@example.org cc:דנה 日本 after:2026/1/2",
    ]);
    run("search_question", search::question, &seeds);
}

#[test]
fn blocks_of_the_index() {
    let block = [b"\x04word\x06\0\x01\x05\x20\x80\x01".as_slice(), b"\x02xy\x02\x07\x08"].concat();
    run("search_block", search::block, &[block, Vec::new()]);
}

#[test]
fn answers_of_passkeys() {
    let seed = |kind: &str, flags: u8| {
        let (challenge, origin) = (passkey::CHALLENGE, "https://mail.example.org");
        let said = format!(r#"{{"type":"{kind}","challenge":"{challenge}","origin":"{origin}"}}"#);
        let mut seed = u16::try_from(said.len()).unwrap().to_be_bytes().to_vec();
        seed.extend(said.bytes());
        seed.extend(passkey::RP_ID_HASH);
        seed.extend([flags, 0, 0, 0, 1]);
        seed.extend([0; 16]);
        seed.extend(b"\0\x04abcd\xa5\x01\x02\x03");
        seed
    };
    let seeds = [seed("webauthn.create", 0x45), seed("webauthn.get", 0x05), Vec::new()];
    run("passkey", passkey::answer, &seeds);
}

#[test]
fn signed_statements() {
    run("statement", vouching::statement, &vouching::seeds());
}

#[test]
fn frames_of_the_journal() {
    run("journal_frame", store::journal_frame, &stored());
}

#[test]
fn mbox_files() {
    let seeds = texts(&[
        "From a\nSubject: one\n\n>From here\n\nFrom b\nSubject: two\n\ntext\n\n",
        "From a\r\nA: b\r\n\r\nFrom b\r\n\r\n",
        "Subject: no separator\n\n",
    ]);
    run("mbox", mail::mbox, &seeds);
}

#[test]
fn backups() {
    let mut seeds = stored();
    let file = |name: &[u8], octets: &[u8]| {
        let length = (octets.len() as u64).to_be_bytes();
        let (begins, holds) = ([&[1], &length[..], name].concat(), [&[2], octets].concat());
        let of = |plain: &[u8]| [&[plain.len() as u8], plain].concat();
        [of(&begins), of(&holds)].concat()
    };
    let end = [&[17, 3][..], &2u64.to_be_bytes(), &40u64.to_be_bytes()].concat();
    let format = b"postern store format 3\n";
    seeds.push(
        [file(b"format", format), file(b"0000000001.seg", b"0123456789abcdefg"), end].concat(),
    );
    seeds.push([file(b"../../escape", b"x"), file(b"0000000001.seg", b"")].concat());
    run("backup", store::backup, &seeds);
}

#[test]
fn stored_records() {
    run("stored_record", store::stored_record, &stored());
}

/// Octets of several lengths and kinds, for parsers that expect the store's own data.
fn stored() -> Vec<Vec<u8>> {
    let mut random = Random(7);
    let mut seeds = vec![Vec::new(), vec![0; 64], vec![0xff; 300]];
    for length in [1, 8, 17, 40, 100, 1_000] {
        seeds.push((0..length).map(|_| random.next().to_le_bytes()[0]).collect());
    }
    seeds
}
