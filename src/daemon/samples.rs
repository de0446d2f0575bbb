//! The demo's messages, delivered the way any mail server would: over SMTP with STARTTLS.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use mail_send::SmtpClientBuilder;
use mail_send::smtp::message::Message;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;

use super::Error;

/// The reverse-path and the message.
const SAMPLES: [(&str, &str); 4] = [
    ("welcome@partner.example", include_str!("samples/welcome.eml")),
    ("billing@supplier.example", include_str!("samples/invoice.eml")),
    ("noa@clinic.example", include_str!("samples/appointment.eml")),
    ("news@letters.example", include_str!("samples/newsletter.eml")),
];

const TIMEOUT: Duration = Duration::from_secs(20);

/// Delivers every sample to every address.
pub async fn deliver(smtp: SocketAddr, ca: &Path, to: &[&str]) -> Result<(), Error> {
    let failed = |error: mail_send::Error| Error::Usage(format!("sample mail: {error}"));
    let mut builder =
        SmtpClientBuilder::new_with_tls_connector("localhost", smtp.port(), connector(ca)?);
    // The name is that of the certificate; the address is where the listener is.
    builder.addr = smtp.to_string();
    let builder = builder.implicit_tls(false).helo_host("partner.example").timeout(TIMEOUT);
    let mut client = builder.connect().await.map_err(failed)?;
    for (from, text) in SAMPLES {
        for recipient in to {
            let body = text.replace("\r\n", "\n").replace("{to}", recipient).replace('\n', "\r\n");
            let message = Message::new(from, [*recipient], body.into_bytes());
            client.send(message).await.map_err(failed)?;
        }
    }
    client.quit().await.map_err(failed)
}

fn connector(ca: &Path) -> Result<TlsConnector, Error> {
    let failed = |error: String| Error::Usage(format!("{}: {error}", ca.display()));
    let mut roots = RootCertStore::empty();
    let certificate = CertificateDer::from_pem_file(ca).map_err(|e| failed(e.to_string()))?;
    roots.add(certificate).map_err(|e| failed(e.to_string()))?;
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}
