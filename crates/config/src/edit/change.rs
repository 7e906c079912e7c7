//! What can be changed in a section: one kind of order for every door.

use serde::{Deserialize, Serialize};

/// Changes to one section at one level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SectionChange {
    /// The file to write.
    pub file: ConfigFile,
    /// Path of the location tag in that file; empty is the file's own level.
    pub location: String,
    /// The section's full path, such as `system.webServer/security/ipSecurity`; in `http.config` the element's name.
    pub section: String,
    /// What to do, in this order: all of it or nothing.
    pub actions: Vec<Action>,
}

/// One of the files of a configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ConfigFile {
    /// The server's own.
    ApplicationHost,
    /// The HTTP service's.
    HttpService,
    /// The one in the folder of a URL path.
    WebConfig {
        /// The site.
        site: String,
        /// Path below the site.
        path: String,
    },
}

/// One step of a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Action {
    /// The way from the section's own element to the one that is meant. Names compare without case.
    #[serde(default)]
    pub at: Vec<Step>,
    /// What happens there.
    pub deed: Deed,
}

/// One step on the way to an element.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Step {
    /// A child element.
    Element(String),
    /// The entry of the collection that has these values.
    Entry(Vec<(String, String)>),
    /// The entry at this place, counted from 0, among those that the level itself writes.
    Index(usize),
}

/// What happens to an element.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Deed {
    /// An attribute gets a value.
    Set {
        /// Its name.
        attribute: String,
        /// Its text.
        text: String,
    },
    /// An attribute is no longer written; what is inherited, or its default, applies.
    Unset {
        /// Its name.
        attribute: String,
    },
    /// An entry is added to the collection.
    Add {
        /// Its attributes, in the order in which they are written.
        attributes: Vec<(String, String)>,
        /// Where.
        position: Position,
    },
    /// The entry with these values is removed; one that is inherited is removed from here on down.
    Remove {
        /// Values that tell it from the others.
        keys: Vec<(String, String)>,
    },
    /// The collection's entries of this level are removed, and nothing is inherited any more.
    Clear,
    /// The element is no longer written at this level, with all that is in it.
    Drop,
    /// Deeper levels may not set the section any more.
    Lock,
    /// Deeper levels may set the section.
    Unlock,
}

/// Where an entry is added.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Position {
    /// Behind the others of the level.
    #[default]
    End,
    /// Before them.
    Start,
    /// Before the one at this place, counted from 0; behind all when there are fewer.
    At(usize),
}
