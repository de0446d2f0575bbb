//! Rows that cannot be read, one table after another: people go on sending, reading, accepting and
//! revoking.

use super::*;
use crate::store::{Key, Table};

/// Octets that are no record.
#[derive(serde::Serialize, serde::Deserialize)]
struct Spoilt([u8; 3]);

impl store::Record for Spoilt {
    const VERSION: u8 = 1;
}

impl Office {
    pub(super) fn spoil<K: Key + Copy + Send + 'static, V: store::Record>(
        &self,
        table: &Table<K, V>,
        key: K,
    ) {
        let table: Table<K, Spoilt> = Table::new(table.id, table.name);
        self.lie(move |tx| tx.put(&table, &key, &Spoilt([255; 3])));
    }
}

#[test]
fn a_row_about_vouching_that_cannot_be_read_stops_nothing_else() {
    for spoilt in 0..6 {
        let office = Office::open();
        let (gateway, omar, dana) = (&office.gateway, &office.omar, &office.dana);
        office.vouch(omar, dana);
        let before = office.send(dana, "noa@example.org", None);
        assert_eq!(office.state(&office.noa, before), SignatureState::Valid);
        let ids = (dana.account(), omar.account(), office.noa.account());
        match spoilt {
            0 => office.spoil(&SIGNING_KEYS, ids.0),
            1 => office.spoil(&KNOWN_KEYS, (ids.0, ids.0)),
            2 => office.spoil(&KNOWN_KEYS, (ids.2, ids.0)),
            3 => office.spoil(&ATTESTATIONS, (ids.0, ids.1)),
            4 => office.spoil(&REGISTERS, ids.0),
            _ => office.spoil(&MESSAGE_SIGNATURES, before.to_bytes()),
        }
        let after = office.send(dana, "noa@example.org", None);
        assert!(office.signature(&office.noa, before).is_some(), "{spoilt}");
        assert!(office.signature(&office.noa, after).is_some(), "{spoilt}");
        let shown = office.fingerprint(&office.noa, dana);
        gateway.colleague_key_accept(&office.noa, &office.id(dana), &shown).unwrap();
        assert_eq!(office.state(&office.noa, after), SignatureState::Valid, "{spoilt}");
        office.overview(dana);
        gateway.vouch_revoke(omar, &office.id(dana)).unwrap();
        assert_eq!(office.overview(omar).given, [], "{spoilt}");
    }
}
