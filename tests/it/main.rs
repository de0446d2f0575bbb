//! Everything that speaks to a running Postern over its sockets, one file for each behaviour.

mod dns_stub;
mod harness;
mod relay_hop;
mod relay_mx;
mod smtp_accept;
mod smtp_auth;
mod smtp_fuzz;
mod smtp_hostile;
mod smtp_memory;
mod smtp_messages;
mod smtp_timeouts;
mod transcripts;
mod web_credentials;
mod web_events;
mod web_harness;
mod web_images;
mod web_keys;
mod web_links;
mod web_manage;
mod web_messages;
mod web_order;
mod web_outsider;
mod web_proof;
mod web_search;
mod web_sessions;
mod web_transport;
