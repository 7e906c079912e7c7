//! The HTTP service's own store, `http.config` (IIS reference §7.1; on Windows this is in the registry).

use crate::schema::types::Kind::FilledText;
use crate::schema::types::{AttributeTable, CollectionTable, ElementTable};

/// `ipListen`. Not combined with anything: the whole text is the key, and the address is checked by its reader.
pub(crate) const IP_LISTEN: ElementTable = ElementTable::new("ipListen", &[]).collection(&CollectionTable::new(
    "add",
    &ElementTable::new("add", &[AttributeTable::new("address", FilledText).required().unique()]),
));
