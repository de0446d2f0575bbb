//! A DNS server for tests: it answers with configured records and with failures of every kind.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use hickory_resolver::proto::op::{Message, OpCode, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, MX, TXT};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use postern::config;
use postern::net::dns::Resolver;
use tokio::net::UdpSocket;

/// The response to a query.
#[derive(Clone, Debug)]
pub enum Says {
    Records(Vec<RData>),
    /// No such name.
    NoName,
    /// SERVFAIL.
    Fails,
    /// No answer at all.
    Silence,
}

/// A running server. Names that were not configured do not exist.
#[derive(Clone)]
pub struct DnsStub {
    pub at: SocketAddr,
    zone: Arc<Mutex<HashMap<(Name, RecordType), Says>>>,
    /// Whether answers carry the AD flag of a validating resolver (RFC 4035 §3.2.3).
    vouched: Arc<Mutex<bool>>,
}

impl DnsStub {
    pub async fn start() -> DnsStub {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let stub = DnsStub {
            at: socket.local_addr().unwrap(),
            zone: Arc::default(),
            vouched: Arc::default(),
        };
        let answering = stub.clone();
        tokio::spawn(async move {
            let mut packet = [0; 4096];
            loop {
                let (length, peer) = socket.recv_from(&mut packet).await.unwrap();
                let question = Message::from_vec(&packet[..length]).unwrap();
                if let Some(answer) = answering.answer(&question) {
                    socket.send_to(&answer.to_vec().unwrap(), peer).await.unwrap();
                }
            }
        });
        stub
    }

    pub fn says(&self, name: &str, kind: RecordType, says: Says) {
        self.zone.lock().unwrap().insert((named(name), kind), says);
    }

    pub fn text(&self, name: &str, text: &str) {
        // Character strings of at most 255 octets (RFC 1035 §3.3.14).
        let pieces = text.as_bytes().chunks(255).map(|one| String::from_utf8_lossy(one).into());
        let txt = RData::TXT(TXT::new(pieces.collect()));
        self.says(name, RecordType::TXT, Says::Records(vec![txt]));
    }

    pub fn address(&self, name: &str, address: Ipv4Addr) {
        self.says(name, RecordType::A, Says::Records(vec![RData::A(A(address))]));
    }

    /// Sets the mail hosts of a domain, each with its preference.
    pub fn mail_hosts(&self, domain: &str, hosts: &[(u16, &str)]) {
        let mx = |(preference, host): &(u16, &str)| RData::MX(MX::new(*preference, named(host)));
        self.says(domain, RecordType::MX, Says::Records(hosts.iter().map(mx).collect()));
    }

    /// Answers like a validating resolver from now on.
    pub fn vouch(&self) {
        *self.vouched.lock().unwrap() = true;
    }

    /// Returns a resolver that uses this server, with a short timeout.
    pub fn resolver(&self, dnssec: config::Dnssec) -> Resolver {
        let dns = config::Dns {
            servers: vec![self.at],
            timeout_secs: 1,
            attempts: 1,
            dnssec,
            ..config::Dns::default()
        };
        Resolver::new(&dns).unwrap()
    }

    fn answer(&self, question: &Message) -> Option<Message> {
        let query = question.queries.first()?;
        let key = (query.name().to_lowercase(), query.query_type());
        let zone = self.zone.lock().unwrap();
        let known = zone.keys().any(|(name, _)| *name == key.0);
        let says = match zone.get(&key) {
            Some(says) => says.clone(),
            // The name exists but has no such record.
            None if known => Says::Records(Vec::new()),
            None => Says::NoName,
        };
        let mut answer = Message::response(question.metadata.id, OpCode::Query);
        answer.metadata.recursion_available = true;
        answer.metadata.authentic_data = *self.vouched.lock().unwrap();
        answer.add_query(query.clone());
        match says {
            Says::Silence => return None,
            Says::Fails => answer.metadata.response_code = ResponseCode::ServFail,
            Says::NoName => answer.metadata.response_code = ResponseCode::NXDomain,
            Says::Records(records) => {
                for data in records {
                    answer.add_answer(Record::from_rdata(query.name().clone(), 60, data));
                }
            }
        }
        Some(answer)
    }
}

fn named(text: &str) -> Name {
    let any = || Name::from_labels(text.split('.').map(str::as_bytes)).unwrap();
    let mut name = Name::from_utf8(text).unwrap_or_else(|_| any()).to_lowercase();
    name.set_fqdn(true);
    name
}
