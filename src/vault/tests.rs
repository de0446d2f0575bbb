//! The primitives against their official vectors, and every kind of ciphertext against an
//! attacker who changes or moves it.

use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use aws_lc_rs::aead::{AES_256_GCM, AES_256_GCM_SIV, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::{digest, hmac};

use super::*;

fn hex(text: &str) -> Vec<u8> {
    let text: String = text.split_whitespace().collect();
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

fn sealed(
    algorithm: &'static aws_lc_rs::aead::Algorithm,
    key: &[u8],
    nonce: &str,
    plain: &str,
) -> Vec<u8> {
    let key = LessSafeKey::new(UnboundKey::new(algorithm, key).unwrap());
    let nonce = Nonce::try_assume_unique_for_key(&hex(nonce)).unwrap();
    let mut text = hex(plain);
    key.seal_in_place_append_tag(nonce, Aad::empty(), &mut text).unwrap();
    text
}

/// The test cases of the GCM specification (McGrew and Viega, appendix B), cases 13 and 14.
#[test]
fn aes_256_gcm_gives_the_published_values() {
    let nonce = "000000000000000000000000";
    let empty = sealed(&AES_256_GCM, &[0; 32], nonce, "");
    assert_eq!(empty, hex("530f8afbc74536b9a963b4f1c4cb738b"));
    let block = sealed(&AES_256_GCM, &[0; 32], nonce, "00000000000000000000000000000000");
    assert_eq!(block, hex("cea7403d4d606b6e074ec5d3baf39d18 d0d1c8a799996bf0265b98b5d48ab919"));
}

/// RFC 8452 appendix C.2.
#[test]
fn aes_256_gcm_siv_gives_the_published_values() {
    let mut key = [0; 32];
    key[0] = 1;
    let nonce = "030000000000000000000000";
    assert_eq!(sealed(&AES_256_GCM_SIV, &key, nonce, ""), hex("07f5f4169bbf55a8400cd47ea6fd400f"));
    let eight = sealed(&AES_256_GCM_SIV, &key, nonce, "0100000000000000");
    assert_eq!(eight, hex("c2ef328e5c71c83b 843122130f7364b761e0b97427e3df28"));
}

/// RFC 5869 appendix A.1; FIPS 180-2 appendix B.1; RFC 4231 §4.3.
#[test]
fn the_hashes_give_the_published_values() {
    let okm =
        aead::hkdf(&hex("000102030405060708090a0b0c"), &[0x0b; 22], &hex("f0f1f2f3f4f5f6f7f8f9"));
    assert_eq!(
        okm.to_vec(),
        hex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf")
    );
    let hash = digest::digest(&digest::SHA256, b"abc");
    let abc = hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_eq!(hash.as_ref(), abc);
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"Jefe");
    let tag = hmac::sign(&key, b"what do ya want for nothing?");
    let expected = hex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    assert_eq!(tag.as_ref(), expected);
}

/// RFC 9106 §5.3.
#[test]
fn argon2id_gives_the_published_value() {
    let associated = argon2::AssociatedData::new(&[4; 12]).unwrap();
    let params = argon2::ParamsBuilder::new()
        .m_cost(32)
        .t_cost(3)
        .p_cost(4)
        .data(associated)
        .output_len(32)
        .build()
        .unwrap();
    let (algorithm, version) = (argon2::Algorithm::Argon2id, argon2::Version::V0x13);
    let argon = argon2::Argon2::new_with_secret(&[3; 8], algorithm, version, params).unwrap();
    let mut tag = [0; 32];
    argon.hash_password_into(&[1; 32], &[2; 16], &mut tag).unwrap();
    let expected = hex("0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659");
    assert_eq!(tag.to_vec(), expected);
}

/// X-Wing has the sizes of draft-connolly-cfrg-xwing-kem §5.2, and both sides of an epoch derive
/// the same keys.
#[test]
fn x_wing_has_the_published_sizes_and_agrees_with_itself() {
    let keys = account_keys(b"account").unwrap();
    assert_eq!(keys.public.octets.len(), 1216);
    let (epoch, encapsulation) = epoch_begin(&keys.public, b"epoch").unwrap();
    assert_eq!(encapsulation.len(), 1120);
    let secret = keys.unlock.open_account(&keys.sealed_private, b"account").unwrap();
    let opened = secret.epoch_open(&encapsulation, b"epoch").unwrap();
    let summary = epoch.seal_summary(b"row", b"subject").unwrap();
    assert_eq!(opened.open_summary(b"row", &summary).unwrap().as_slice(), b"subject");
}

/// The vectors of draft-connolly-cfrg-xwing-kem, appendix C: the public key of each private one,
/// and the secret in each ciphertext.
#[test]
fn x_wing_gives_the_published_values() {
    use hpke::{Deserializable, Kem, Serializable, kem::XWing};

    #[derive(serde::Deserialize)]
    struct Vector {
        sk: String,
        pk: String,
        ct: String,
        ss: String,
    }
    let text = include_str!("../../fixtures/vectors/x-wing.json");
    let vectors: Vec<Vector> = serde_json::from_str(text).unwrap();
    assert_eq!(vectors.len(), 3);
    for Vector { sk, pk, ct, ss } in vectors {
        let private = <XWing as Kem>::PrivateKey::from_bytes(&hex(&sk)).unwrap();
        assert_eq!(XWing::sk_to_pk(&private).to_bytes().to_vec(), hex(&pk));
        let encapsulated = <XWing as Kem>::EncappedKey::from_bytes(&hex(&ct)).unwrap();
        let secret = XWing::decap(&private, None, &encapsulated).unwrap();
        assert_eq!(secret.0.to_vec(), hex(&ss));
    }
}

const CHEAP: PasswordCost = PasswordCost { memory_kib: 8, passes: 1, lanes: 1 };

fn vault() -> Vault {
    Vault::new(DaemonKey::from_bytes([1; 32]), PoolLimits { at_once: 2, waiting: 64 }, CHEAP)
}

type Make = Box<dyn Fn(&[u8]) -> Vec<u8>>;
type Opens = Box<dyn Fn(&[u8], &[u8]) -> bool>;

/// A kind of ciphertext: how to make one that is bound to `row`, and how to open it there.
struct Kind {
    name: &'static str,
    make: Make,
    opens: Opens,
}

fn kinds() -> Vec<Kind> {
    let vault = vault();
    let keys: &'static NewAccountKeys = Box::leak(Box::new(account_keys(b"account").unwrap()));
    let secret: &'static AccountSecret =
        Box::leak(Box::new(keys.unlock.open_account(&keys.sealed_private, b"account").unwrap()));
    let (epoch, _) = epoch_begin(&keys.public, b"epoch").unwrap();
    let epoch: &'static Epoch = Box::leak(Box::new(epoch));
    let content: &'static ContentKey = Box::leak(Box::new(ContentKey::generate().unwrap()));
    let token: &'static SessionToken = Box::leak(Box::new(SessionToken::generate().unwrap()));
    let password: &'static Password = Box::leak(Box::new(Password::new("secret").unwrap()));
    let recovery: &'static RecoveryKey = Box::leak(Box::new(RecoveryKey::generate().unwrap()));
    let (one, other, passwords, passwords_too) =
        (vault.clone(), vault.clone(), vault.clone(), vault);
    let reference = |row: &[u8]| {
        let mut reference = [0; 16];
        reference[..row.len()].copy_from_slice(row);
        reference
    };
    vec![
        Kind {
            name: "record",
            make: Box::new(move |row| {
                one.record_seal(7, 1, row, b"a record of the store").unwrap()
            }),
            opens: Box::new(move |row, sealed| other.record_open(7, row, sealed).is_ok()),
        },
        Kind {
            name: "summary",
            make: Box::new(|row| epoch.seal_summary(row, b"sender and subject").unwrap()),
            opens: Box::new(|row, sealed| epoch.open_summary(row, sealed).is_ok()),
        },
        Kind {
            name: "content key",
            make: Box::new(|row| epoch.wrap_content(row, content).unwrap()),
            opens: Box::new(|row, sealed| epoch.unwrap_content(row, sealed).is_ok()),
        },
        Kind {
            name: "content",
            make: Box::new(move |row| {
                let key = ContentKey::from_sealed(content.bytes()).unwrap();
                seal(&key, reference(row), &[b"the octets", b" of a message"]).unwrap()
            }),
            opens: Box::new(move |row, sealed| open(content, reference(row), sealed).is_ok()),
        },
        Kind {
            name: "session",
            make: Box::new(|row| token.wrap_unlock(&keys.unlock, row).unwrap()),
            opens: Box::new(|row, sealed| token.unwrap_unlock(sealed, row).is_ok()),
        },
        Kind {
            name: "private key",
            make: Box::new(|row| account_keys(row).map(|keys| keys.sealed_private).unwrap()),
            opens: Box::new(|row, sealed| {
                // Each is sealed under its own unlock key, so it is tried under a known one.
                keys.unlock.open_account(sealed, row).is_ok()
            }),
        },
        Kind {
            name: "own text",
            make: Box::new(|row| secret.seal_own(row, b"a folder's name").unwrap()),
            opens: Box::new(|row, sealed| secret.open_own(row, sealed).is_ok()),
        },
        Kind {
            name: "recovery",
            make: Box::new(|row| recovery.wrap(&keys.unlock, row).unwrap()),
            opens: Box::new(|row, sealed| recovery.open(sealed, row).is_ok()),
        },
        Kind {
            name: "password",
            make: Box::new(move |row| {
                passwords.passwords().wrap(password, &keys.unlock, row).unwrap()
            }),
            opens: Box::new(move |row, sealed| {
                passwords_too.passwords().open(sealed, password, row).is_ok()
            }),
        },
    ]
}

/// Each private key of the table above is sealed under an unlock key that is not kept, so it cannot
/// be opened; all other kinds must open.
fn opens_where_it_belongs(kind: &Kind) -> bool {
    kind.name == "private key" || (kind.opens)(b"row", &(kind.make)(b"row"))
}

/// P-12: a hundred thousand single-bit flips, in ciphertexts of every kind, are all refused.
#[test]
fn every_flipped_bit_is_refused() {
    let mut tried = 0;
    for kind in kinds() {
        assert!(opens_where_it_belongs(&kind), "{}", kind.name);
        let whole = (kind.make)(b"row");
        let rounds = if kind.name == "password" { 1 } else { 12_000 / (whole.len() * 8) + 1 };
        for _ in 0..rounds {
            let mut sealed = (kind.make)(b"row");
            for bit in 0..sealed.len() * 8 {
                // A password hash with a flipped cost is bounded, but slow.
                if kind.name == "password" && (8..104).contains(&bit) {
                    continue;
                }
                sealed[bit / 8] ^= 1 << (bit % 8);
                assert!(!(kind.opens)(b"row", &sealed), "{} bit {bit}", kind.name);
                sealed[bit / 8] ^= 1 << (bit % 8);
                tried += 1;
            }
        }
    }
    assert!(tried >= 90_000, "{tried}");
    assert!(tried + content_flips() >= 100_000);
}

fn content_flips() -> usize {
    let key = ContentKey::generate().unwrap();
    let mut sealed = seal(&key, [3; 16], &[&[5; 4_000]]).unwrap();
    for bit in 0..sealed.len() * 8 {
        sealed[bit / 8] ^= 1 << (bit % 8);
        assert!(open(&key, [3; 16], &sealed).is_err(), "bit {bit}");
        sealed[bit / 8] ^= 1 << (bit % 8);
    }
    sealed.len() * 8
}

/// Nonces are drawn several at once, on each thread its own.
#[test]
fn no_nonce_comes_twice() {
    let vault = vault();
    let nonce = |_| vault.record_seal(1, 1, b"key", b"").unwrap()[2..14].to_vec();
    let each: std::collections::BTreeSet<Vec<u8>> = std::thread::scope(|scope| {
        let threads =
            [(); 4].map(|()| scope.spawn(move || (0..100).map(nonce).collect::<Vec<_>>()));
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(each.len(), 4 * 100);
}

/// P-12: ten thousand ciphertexts that were moved to another row are all refused there.
#[test]
fn every_moved_ciphertext_is_refused() {
    let mut tried = 0;
    for kind in kinds().into_iter().filter(|kind| kind.name != "password") {
        for row in 0..1_300u32 {
            let sealed = (kind.make)(&row.to_be_bytes());
            assert!(!(kind.opens)(&(row + 1).to_be_bytes(), &sealed), "{}", kind.name);
            tried += 1;
        }
    }
    assert!(tried >= 10_000, "{tried}");
    let vault = vault();
    let sealed = vault.record_seal(7, 1, b"row", b"x").unwrap();
    assert!(vault.record_open(8, b"row", &sealed).is_err(), "another table");
    let password = Password::new("p").unwrap();
    let keys = account_keys(b"a").unwrap();
    let wrapped = vault.passwords().wrap(&password, &keys.unlock, b"a").unwrap();
    assert!(vault.passwords().open(&wrapped, &password, b"b").is_err());
}

/// Seals something for an account in each way, as it is done with its current keys.
struct Sealed {
    encapsulation: Vec<u8>,
    summary: Vec<u8>,
    own: Vec<u8>,
}

impl Sealed {
    fn with(keys: &NewAccountKeys) -> Sealed {
        let (epoch, encapsulation) = epoch_begin(&keys.public, b"epoch").unwrap();
        let summary = epoch.seal_summary(b"row", b"subject").unwrap();
        let secret = keys.unlock.open_account(&keys.sealed_private, b"a").unwrap();
        Sealed { encapsulation, summary, own: secret.seal_own(b"own", b"name").unwrap() }
    }

    /// Whether a secret opens what arrived, and what is the owner's own.
    fn opens(&self, secret: &AccountSecret) -> [bool; 2] {
        let epoch = secret.epoch_open(&self.encapsulation, b"epoch");
        let arrived = epoch.and_then(|epoch| epoch.open_summary(b"row", &self.summary));
        [arrived.is_ok(), secret.open_own(b"own", &self.own).is_ok()]
    }
}

#[test]
fn renewed_keys_open_what_was_before_and_those_before_open_nothing_new() {
    let mut all = vec![account_keys(b"a").unwrap()];
    for _ in 0..3 {
        let last = all.last().unwrap();
        all.push(last.unlock.renew_account(&last.sealed_private, b"a").unwrap());
    }
    let sealed: Vec<Sealed> = all.iter().map(Sealed::with).collect();
    for (number, keys) in all.iter().enumerate() {
        assert_eq!(keys.public.number as usize, number);
        let secret = keys.unlock.open_account(&keys.sealed_private, b"a").unwrap();
        for (made, sealed) in sealed.iter().enumerate() {
            assert_eq!(sealed.opens(&secret), [made <= number; 2], "{made} by {number}");
            // Nor by an attacker who leaves out for which pair it was made.
            let bare = Sealed {
                encapsulation: sealed.encapsulation[..1120].to_vec(),
                summary: sealed.summary.clone(),
                own: sealed.own.clone(),
            };
            assert!(made <= number || bare.opens(&secret) == [false; 2], "{made} by {number}");
        }
        for (other, its) in all.iter().enumerate() {
            assert_eq!(secret.matches(&its.public).unwrap(), other == number);
            let opened = its.unlock.open_account(&keys.sealed_private, b"a");
            assert_eq!(opened.is_ok(), other == number, "{other}");
        }
    }
}

#[test]
fn a_public_key_that_was_put_in_place_of_another_is_found() {
    let (keys, other) = (account_keys(b"a").unwrap(), account_keys(b"a").unwrap());
    let secret = keys.unlock.open_account(&keys.sealed_private, b"a").unwrap();
    assert!(secret.matches(&keys.public).unwrap());
    assert!(!secret.matches(&other.public).unwrap());
    assert!(!secret.matches(&PublicKey { number: 1, ..keys.public.clone() }).unwrap());
}

#[test]
fn a_private_key_opens_for_its_own_account_only() {
    let (one, two) = (account_keys(b"one").unwrap(), account_keys(b"two").unwrap());
    assert!(one.unlock.open_account(&one.sealed_private, b"one").is_ok());
    assert!(one.unlock.open_account(&one.sealed_private, b"two").is_err());
    assert!(two.unlock.open_account(&one.sealed_private, b"one").is_err());
}

#[test]
fn contents_of_every_length_come_back_and_their_chunks_stay_in_place() {
    let key = ContentKey::generate().unwrap();
    for length in [0, 1, CHUNK_OCTETS - 1, CHUNK_OCTETS, CHUNK_OCTETS + 1, 3 * CHUNK_OCTETS + 9] {
        let plain: Vec<u8> = (0..length).map(|at| at as u8).collect();
        let (head, tail) = plain.split_at(length / 3);
        let sealed = seal(&key, [9; 16], &[head, tail]).unwrap();
        assert_eq!(sealed.len() as u64, sealed_len(length as u64), "{length}");
        assert_eq!(open(&key, [9; 16], &sealed).unwrap().as_slice(), plain, "{length}");
        assert!(open(&key, [8; 16], &sealed).is_err(), "another reference number");
    }
    let sealed = seal(&key, [9; 16], &[&vec![1; 3 * CHUNK_OCTETS]]).unwrap();
    let chunk = CHUNK_OCTETS + 16;
    assert!(open(&key, [9; 16], &sealed[..1 + 2 * chunk]).is_err(), "cut at a chunk boundary");
    let mut swapped = sealed.clone();
    swapped[1..1 + 2 * chunk].rotate_left(chunk);
    assert!(open(&key, [9; 16], &swapped).is_err(), "chunks in another order");
    let mut longer = sealed.clone();
    longer.extend_from_slice(&sealed[1..1 + chunk]);
    assert!(open(&key, [9; 16], &longer).is_err(), "one more chunk");
}

/// A piece must never end inside a chunk: the octets of an open chunk are in the clear.
#[test]
fn a_content_in_pieces_is_the_whole_content() {
    let key = ContentKey::generate().unwrap();
    let chunk = CHUNK_OCTETS + 16;
    for length in [0, 1, CHUNK_OCTETS, 2 * CHUNK_OCTETS, 2 * CHUNK_OCTETS + 1, 5 * CHUNK_OCTETS + 9]
    {
        let plain: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
        let whole = seal(&key, [9; 16], &[&plain]).unwrap();
        for (step, expected) in [(1_000, 0), (CHUNK_OCTETS, length), (usize::MAX, 3 * length)] {
            let mut sealer = ContentSealer::new(&key, [9; 16], 2 * chunk, expected as u64);
            let mut pieces = Vec::new();
            for mut octets in plain.chunks(step) {
                while let Some(piece) = sealer.push(&mut octets).unwrap() {
                    pieces.push(piece);
                }
            }
            pieces.push(sealer.finish().unwrap());
            assert!(pieces.concat() == whole, "{length} in steps of {step}");
            // The first piece begins with the format's octet.
            let mut full = pieces.split_last().unwrap().1.iter();
            assert!(full.next().is_none_or(|first| first.len() == 1 + 2 * chunk), "{length}");
            assert!(full.all(|piece| piece.len() == 2 * chunk), "{length} in steps of {step}");
        }
    }
}

#[test]
fn a_daemon_key_that_others_can_read_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    DaemonKey::create_file(&path).unwrap();
    assert!(DaemonKey::load(&path).is_ok());
    assert!(DaemonKey::create_file(&path).is_err(), "a key is never overwritten");
    for mode in [0o644, 0o640, 0o604, 0o660] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let error = DaemonKey::load(&path).unwrap_err().to_string();
        assert!(error.contains("chmod 600") && error.contains("key"), "{error}");
    }
    for (mode, is_fine) in [(0o440, true), (0o400, true), (0o444, false), (0o460, false)] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        assert_eq!(DaemonKey::load_credential(&path).is_ok(), is_fine, "{mode:o}");
    }
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o660)).unwrap();
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    assert!(DaemonKey::load(&link).is_err(), "the mode of the link's target counts");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    for text in ["", "short", &"g".repeat(64), &"a".repeat(63)] {
        std::fs::write(&path, text).unwrap();
        assert!(DaemonKey::load(&path).is_err(), "{text:?}");
    }
    let raw = [7u8; 32];
    for form in
        [raw.to_vec(), b"07".repeat(32), b"BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n".to_vec()]
    {
        std::fs::write(&path, &form).unwrap();
        let key = DaemonKey::load(&path).unwrap();
        assert_eq!(*key.derive(b"x"), *DaemonKey::from_bytes(raw).derive(b"x"));
    }
    let missing = DaemonKey::load(&folder.path().join("none")).unwrap_err().to_string();
    assert!(missing.contains("none"), "{missing}");
}

#[test]
fn the_pool_bounds_how_many_run_and_how_many_wait() {
    let pool = PasswordPool::new(PoolLimits { at_once: 1, waiting: 2 }, CHEAP);
    let (busy, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let password = Password::new("x").unwrap();
    std::thread::scope(|scope| {
        for _ in 0..32 {
            scope.spawn(|| match pool.decoy(&password) {
                Ok(()) => done.fetch_add(1, Ordering::SeqCst),
                Err(Error::Busy) => busy.fetch_add(1, Ordering::SeqCst),
                Err(other) => panic!("{other}"),
            });
        }
    });
    assert_eq!(done.load(Ordering::SeqCst) + busy.load(Ordering::SeqCst), 32);
    assert_eq!(pool.runs(), done.load(Ordering::SeqCst) as u64);
    assert!(pool.decoy(&password).is_ok(), "permits are returned");
}

#[test]
fn working_memory_is_given_back_when_it_was_not_used_for_some_time() {
    let pool = PasswordPool::new(PoolLimits::default(), CHEAP);
    let password = Password::new("x").unwrap();
    let before = Instant::now();
    pool.decoy(&password).unwrap();
    let kept = pool.kept_octets();
    assert_eq!(kept, CHEAP.memory_kib as usize * 1024);
    pool.give_back(before);
    assert_eq!(pool.kept_octets(), kept, "it was used since");
    pool.decoy(&password).unwrap();
    assert_eq!(pool.kept_octets(), kept, "the next run takes what is there");
    pool.give_back(Instant::now());
    assert_eq!(pool.kept_octets(), 0);
    assert!(pool.decoy(&password).is_ok());
}

#[test]
fn a_stored_cost_beyond_reason_is_refused_before_any_work() {
    let pool = PasswordPool::new(PoolLimits::default(), CHEAP);
    let (password, keys) = (Password::new("x").unwrap(), account_keys(b"a").unwrap());
    let mut wrapped = pool.wrap(&password, &keys.unlock, b"a").unwrap();
    wrapped[1] = 0xff;
    assert!(matches!(pool.open(&wrapped, &password, b"a"), Err(Error::Refused)));
}

#[test]
fn random_passwords_and_recovery_keys_can_be_read_aloud() {
    let password = random_password().unwrap();
    assert_eq!(password.expose().replace('-', "").len(), 26, "26 symbols of 5 bits");
    assert_ne!(password.expose(), random_password().unwrap().expose());
    let key = RecoveryKey::generate().unwrap();
    let typed = key.expose().to_uppercase().replace('-', " ").replace('0', "O").replace('1', "l");
    assert_eq!(RecoveryKey::parse(&typed).unwrap().expose(), key.expose());
    assert!(RecoveryKey::parse("12345").is_err());
}

#[test]
fn no_secret_shows_itself() {
    let keys = account_keys(b"a").unwrap();
    let secret = keys.unlock.open_account(&keys.sealed_private, b"a").unwrap();
    let (epoch, _) = epoch_begin(&keys.public, b"e").unwrap();
    let shown = [
        format!("{:?}", DaemonKey::from_bytes([7; 32])),
        format!("{:?}", vault()),
        format!("{keys:?}"),
        format!("{:?}", keys.unlock),
        format!("{secret:?}"),
        format!("{epoch:?}"),
        format!("{:?}", ContentKey::generate().unwrap()),
        format!("{:?}", SessionToken::generate().unwrap()),
        format!("{:?}", Password::new("hunter2").unwrap()),
        format!("{:?}", RecoveryKey::generate().unwrap()),
    ];
    for text in shown {
        assert!(text.ends_with("(…)") && text.len() < 30, "{text}");
    }
}
