//! Remote images, fetched for a reader who asked for them.
//!
//! The sender of the message chose the URL, so it is treated as an attacker's: only public IP
//! addresses are contacted (a name that resolves into our own network is refused), only over
//! verified TLS, without cookies, referrer or anything that identifies the reader. The response is
//! limited in size, decoded and re-encoded: no octet reaches a browser unchanged.

use std::io::Cursor;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::header::{ACCEPT, HOST, LOCATION, USER_AGENT};
use hyper_util::rt::TokioIo;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio_rustls::TlsConnector;
use url::{Host, Url};

use crate::config::Images;

use super::dns::Resolver;
use super::shares::{self, Shares};
use super::{Error, tls};

/// A re-encoded image.
#[derive(Debug)]
pub struct RemoteImage {
    pub media: &'static str,
    pub octets: Vec<u8>,
}

/// Why an image is not available.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoImage {
    #[error("its address is not allowed")]
    Address,
    #[error("its host could not be reached")]
    Unreachable,
    #[error("its host did not return it")]
    Answer,
    #[error("it is too large")]
    TooLarge,
    #[error("it is not a PNG, JPEG, GIF or WebP image")]
    NotOne,
    #[error("it took too long")]
    TooSlow,
}

const REDIRECTS_MAX: usize = 3;
/// The longest side, in pixels; the formats allow more than any real image needs.
const SIDE_MAX: u32 = 20_000;
const JPEG_QUALITY: u8 = 85;
const DECODES_AT_ONCE: usize = 2;
/// The User-Agent, which identifies no reader, program or version.
const AGENT: &str = "Mozilla/5.0 (compatible; image proxy)";

/// The account that the images are for.
pub type Reader = [u8; 16];

/// Fetches remote images; clones share the limits.
#[derive(Clone)]
pub struct RemoteImages {
    inner: Arc<Inner>,
}

struct Inner {
    config: Images,
    resolver: Resolver,
    connector: TlsConnector,
    turns: Shares<Reader>,
    /// Permits for decoding, which needs memory by the number of pixels, not of octets.
    decodes: Arc<Semaphore>,
}

impl RemoteImages {
    /// Creates it from the configuration; `None` if readers may not load remote images.
    pub fn new(config: Images, resolver: Resolver) -> Result<Option<RemoteImages>, Error> {
        if !config.remote {
            return Ok(None);
        }
        let versions = &[&rustls::version::TLS13, &rustls::version::TLS12];
        let client = ClientConfig::builder_with_provider(tls::provider())
            .with_protocol_versions(versions)?
            .with_root_certificates(authorities(&config)?)
            .with_no_client_auth();
        let connector = TlsConnector::from(Arc::new(client));
        let limits = shares::Limits::new(config.at_once_max, config.at_once_per_reader_max);
        let turns = Shares::new(limits);
        let decodes = Arc::new(Semaphore::new(DECODES_AT_ONCE));
        let inner = Inner { config, resolver, connector, turns, decodes };
        Ok(Some(RemoteImages { inner: Arc::new(inner) }))
    }

    /// The largest number of remote images shown in one message.
    pub fn per_message_max(&self) -> usize {
        self.inner.config.per_message_max
    }

    /// Fetches and re-encodes an image for a reader, within the configured time after its turn has
    /// come, for which it waits as long again.
    pub async fn fetch(&self, reader: Reader, address: &str) -> Result<RemoteImage, NoImage> {
        let limit = Duration::from_secs(self.inner.config.timeout_secs);
        let turn = self.inner.turns.wait(&reader, 1, limit).await;
        let _turn = turn.map_err(|_| NoImage::TooSlow)?;
        let done = tokio::time::timeout(limit, self.fetched(address)).await;
        done.unwrap_or(Err(NoImage::TooSlow))
    }

    async fn fetched(&self, address: &str) -> Result<RemoteImage, NoImage> {
        let mut url = wanted(Url::parse(address).map_err(|_| NoImage::Address)?)?;
        for _ in 0..=REDIRECTS_MAX {
            match self.ask(&url).await? {
                Answer::Body(octets) => return self.written(octets).await,
                Answer::Elsewhere(to) => {
                    url = wanted(url.join(&to).map_err(|_| NoImage::Address)?)?;
                }
            }
        }
        Err(NoImage::Answer)
    }

    async fn written(&self, octets: Bytes) -> Result<RemoteImage, NoImage> {
        let leave = self.inner.decodes.clone().acquire_owned().await;
        let leave = leave.map_err(|_| NoImage::TooSlow)?;
        let pixels_max = self.inner.config.pixels_max;
        let work = move || {
            let done = written_anew(&octets, pixels_max);
            // Held until the work is done, even if the caller stops waiting.
            drop(leave);
            done
        };
        tokio::task::spawn_blocking(work).await.unwrap_or(Err(NoImage::NotOne))
    }

    async fn ask(&self, url: &Url) -> Result<Answer, NoImage> {
        let host = url.host_str().ok_or(NoImage::Address)?;
        let address = self.address_of(url).await?;
        let stream = TcpStream::connect(address).await.map_err(|_| NoImage::Unreachable)?;
        let bare = host.trim_matches(['[', ']']).to_owned();
        let name = ServerName::try_from(bare).map_err(|_| NoImage::Address)?;
        let stream = self.inner.connector.connect(name, stream).await;
        let stream = stream.map_err(|_| NoImage::Unreachable)?;
        let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
        let (mut sender, connection) = handshake.map_err(|_| NoImage::Unreachable)?;
        // Ends with the sender; its errors also appear in the request.
        tokio::spawn(connection);
        let request =
            hyper::Request::get(&url[url::Position::BeforePath..url::Position::AfterQuery])
                .header(HOST, host)
                .header(USER_AGENT, AGENT)
                .header(ACCEPT, "image/png, image/jpeg, image/gif, image/webp")
                .body(Empty::<Bytes>::new())
                .map_err(|_| NoImage::Address)?;
        let response = sender.send_request(request).await.map_err(|_| NoImage::Unreachable)?;
        if response.status().is_redirection() {
            let to = response.headers().get(LOCATION).and_then(|to| to.to_str().ok());
            return to.map(|to| Answer::Elsewhere(to.to_owned())).ok_or(NoImage::Answer);
        }
        if response.status() != hyper::StatusCode::OK {
            return Err(NoImage::Answer);
        }
        let max = usize::try_from(self.inner.config.octets_max).unwrap_or(usize::MAX);
        let body = Limited::new(response.into_body(), max).collect().await;
        Ok(Answer::Body(body.map_err(|_| NoImage::TooLarge)?.to_bytes()))
    }

    /// Returns the address to connect to. The address that was checked is the one that is used: a
    /// second lookup of the name could have a different result (DNS rebinding).
    async fn address_of(&self, url: &Url) -> Result<SocketAddr, NoImage> {
        let config = &self.inner.config;
        let found = match url.host().ok_or(NoImage::Address)? {
            Host::Ipv4(address) => vec![IpAddr::V4(address)],
            Host::Ipv6(address) => vec![IpAddr::V6(address)],
            Host::Domain(name) => {
                let found = self.inner.resolver.addresses(name).await;
                found.map_err(|_| NoImage::Unreachable)?
            }
        };
        let allowed = |address: &IpAddr| {
            let refused = config.refused.iter().any(|prefix| prefix.holds(*address));
            !refused && (config.private_addresses || is_public(*address))
        };
        let address = found.into_iter().find(allowed).ok_or(NoImage::Address)?;
        Ok(SocketAddr::new(address, config.port))
    }
}

enum Answer {
    Body(Bytes),
    /// A redirect.
    Elsewhere(String),
}

/// Reads the certificate authorities that the hosts of images are checked with.
pub fn authorities(config: &Images) -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    let path = &config.authorities;
    if path.as_os_str().is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        return Ok(roots);
    }
    let wrong = |what: String| Error::Certificate { path: path.clone(), what };
    let read = CertificateDer::pem_file_iter(path).map_err(|error| wrong(error.to_string()))?;
    for one in read {
        let one = one.map_err(|error| wrong(error.to_string()))?;
        roots.add(one).map_err(|error| wrong(error.to_string()))?;
    }
    Ok(roots)
}

/// Checks that a URL may be fetched: `https`, without a user name or password, on the default
/// port. An `http` URL is fetched over TLS all the same.
fn wanted(mut url: Url) -> Result<Url, NoImage> {
    let is_usual = matches!((url.scheme(), url.port()), ("http" | "https", None));
    if !is_usual || !url.username().is_empty() || url.password().is_some() {
        return Err(NoImage::Address);
    }
    url.set_scheme("https").map_err(|()| NoImage::Address)?;
    Ok(url)
}

/// Returns whether an address belongs to the public internet (the special-purpose registries of RFC
/// 6890 and its updates).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || address.is_multicast();
    // "This" network, shared addresses (RFC 6598), protocol assignments, 6to4 relays,
    // benchmarking, and reserved addresses.
    let other = matches!(
        (a, b, c),
        (0, ..)
            | (100, 64..=127, _)
            | (192, 0, 0)
            | (192, 88, 99)
            | (198, 18..=19, _)
            | (240.., ..)
    );
    !special && !other
}

/// Returns whether an address is in the allocated global unicast range (2000::/3), except those
/// that embed another address or are reserved for protocols or documentation.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    let inside = matches!((a, b), (0x2001, 0..=0x01ff | 0x0db8) | (0x2002 | 0x3fff, _));
    a & 0xe000 == 0x2000 && !inside
}

/// Decodes and re-encodes an image; only the first frame of an animation.
fn written_anew(octets: &[u8], pixels_max: u64) -> Result<RemoteImage, NoImage> {
    let reader = ImageReader::new(Cursor::new(octets)).with_guessed_format();
    let mut reader = reader.map_err(|_| NoImage::NotOne)?;
    let format = reader.format().ok_or(NoImage::NotOne)?;
    if !matches!(
        format,
        ImageFormat::Png | ImageFormat::Jpeg | ImageFormat::Gif | ImageFormat::WebP
    ) {
        return Err(NoImage::NotOne);
    }
    let mut limits = Limits::no_limits();
    (limits.max_image_width, limits.max_image_height) = (Some(SIDE_MAX), Some(SIDE_MAX));
    // A pixel takes at most eight octets, and decoders need the same amount again.
    limits.max_alloc = Some(pixels_max.saturating_mul(16));
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|_| NoImage::NotOne)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > pixels_max {
        return Err(NoImage::TooLarge);
    }
    let turned = decoder.orientation().map_err(|_| NoImage::NotOne)?;
    let mut image = DynamicImage::from_decoder(decoder).map_err(|_| NoImage::NotOne)?;
    image.apply_orientation(turned);
    encoded(image, format)
}

fn encoded(image: DynamicImage, from: ImageFormat) -> Result<RemoteImage, NoImage> {
    let mut octets = Vec::new();
    let is_photo =
        from == ImageFormat::Jpeg || (from == ImageFormat::WebP && !image.color().has_alpha());
    let (media, done) = match is_photo {
        true => {
            let quality =
                image::codecs::jpeg::JpegEncoder::new_with_quality(&mut octets, JPEG_QUALITY);
            ("image/jpeg", image.into_rgb8().write_with_encoder(quality))
        }
        false => {
            let plain = image::codecs::png::PngEncoder::new(&mut octets);
            ("image/png", image.into_rgba8().write_with_encoder(plain))
        }
    };
    done.map_err(|_| NoImage::NotOne)?;
    Ok(RemoteImage { media, octets })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_public_internet_is_asked() {
        for public in ["8.8.8.8", "93.184.216.34", "2606:2800:220:1::1", "2a00:1450::1"] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for other in [
            "0.0.0.0",
            "10.0.0.1",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.0.9",
            "169.254.169.254",
            "172.16.0.1",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.7",
            "203.0.113.7",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "2001::1",
            "2001:db8::1",
            "2002:0808:0808::1",
            "3fff::1",
            "100::1",
        ] {
            assert!(!is_public(other.parse().unwrap()), "{other}");
        }
    }

    #[test]
    fn an_address_is_asked_over_tls_at_the_usual_port_without_a_name() {
        let asked = |text: &str| Url::parse(text).ok().and_then(|url| wanted(url).ok());
        let fine = |text: &str| asked(text).map(String::from);
        assert_eq!(fine("https://a.example/x?y=1").as_deref(), Some("https://a.example/x?y=1"));
        assert_eq!(fine("http://a.example/x").as_deref(), Some("https://a.example/x"));
        assert_eq!(fine("https://a.example:443/").as_deref(), Some("https://a.example/"));
        for wrong in [
            "https://a.example:8443/",
            "http://a.example:22/",
            "https://u@a.example/",
            "https://u:p@a.example/",
            "ftp://a.example/",
            "file:///etc/passwd",
            "data:,x",
            "/x",
        ] {
            assert_eq!(asked(wrong), None, "{wrong}");
        }
    }

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut octets = Vec::new();
        let image = DynamicImage::new_rgba8(width, height);
        image.write_to(&mut Cursor::new(&mut octets), ImageFormat::Png).unwrap();
        octets
    }

    #[test]
    fn an_image_is_re_encoded_without_what_was_hidden_in_it() {
        let mut octets = png(7, 5);
        octets.extend_from_slice(b"<script>hidden</script>");
        let made = written_anew(&octets, 1_000).unwrap();
        assert_eq!(made.media, "image/png");
        assert!(!made.octets.windows(6).any(|some| some == b"hidden"));
        let read = image::load_from_memory(&made.octets).unwrap();
        assert_eq!((read.width(), read.height()), (7, 5));
        let mut photo = Vec::new();
        let image = DynamicImage::new_rgb8(9, 4);
        image.write_to(&mut Cursor::new(&mut photo), ImageFormat::Jpeg).unwrap();
        assert_eq!(written_anew(&photo, 1_000).unwrap().media, "image/jpeg");
    }

    #[test]
    fn what_is_not_an_image_or_is_too_large_is_refused() {
        assert_eq!(written_anew(&png(40, 40), 1_000).unwrap_err(), NoImage::TooLarge);
        let svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>";
        let mut cut = png(20, 20);
        cut.truncate(40);
        for wrong in [&b""[..], svg, b"BM\0\0\0\0", b"GIF89a", &cut] {
            assert_eq!(written_anew(wrong, 1_000).unwrap_err(), NoImage::NotOne);
        }
        // A header that declares impossible dimensions.
        let mut bomb = png(1, 1);
        bomb[16..24].copy_from_slice(&[0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff]);
        assert!(written_anew(&bomb, 1_000).is_err());
    }
}
