//! Where orders are taken. One task works them off, one at a time.

use crate::certificates::{BindOrder, ImportOrder};
use doorward_config::Edit;
use doorward_limiter::IpNet;
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot};

/// Orders waiting at most; more callers wait for room.
const QUEUE: usize = 16;

/// A site to add, as a door hands it in.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewSiteOrder {
    /// Its name.
    pub name: String,
    /// Its number; without one, the next free.
    #[serde(default)]
    pub id: Option<u32>,
    /// Bindings as `protocol/bindingInformation`.
    pub bindings: Vec<String>,
    /// Folder of its content.
    #[serde(default)]
    pub path: Option<String>,
    /// Upstream that answers for the whole site.
    #[serde(default)]
    pub to: Option<String>,
}

/// Limits to set at one level of the configuration.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitsOrder {
    /// The site; without one, the server's own level.
    #[serde(default)]
    pub site: Option<String>,
    /// Path below the site.
    #[serde(default)]
    pub path: Option<String>,
    /// What to set, at least one.
    pub values: Vec<LimitsValue>,
}

/// One attribute of the limits.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitsValue {
    /// `dynamicIpSecurity`, `ipSecurity` or `limiter`.
    pub section: String,
    /// Element and attribute inside it, such as `denyByRequestRate.maxRequests`.
    pub name: String,
    /// The text to write.
    pub text: String,
}

/// A change somebody asks for.
#[derive(Clone, Debug)]
pub enum Order {
    /// Start a site.
    StartSite(String),
    /// Stop a site: its addresses are free when the order is done.
    StopSite(String),
    /// Add a site to the configuration.
    AddSite(NewSiteOrder),
    /// Remove a site from the configuration.
    RemoveSite(String),
    /// Add an address to the IP listen list; a port behind it is ignored (D12).
    AddListen(String),
    /// Remove an address from the IP listen list.
    RemoveListen(String),
    /// Keep a certificate and its key.
    ImportCertificate(ImportOrder),
    /// Forget an imported certificate, named by its SHA-1.
    RemoveCertificate(String),
    /// Let a certificate answer somewhere.
    BindCertificate(BindOrder),
    /// Let no certificate answer there any more.
    UnbindCertificate(String),
    /// Set limits in the configuration.
    SetLimits(LimitsOrder),
    /// Make any edit of the configuration.
    Edit(Edit),
    /// Block a network for a while.
    Block {
        /// Whom.
        network: IpNet,
        /// How long, in milliseconds.
        for_ms: u64,
        /// Why.
        reason: String,
    },
    /// End the blocks of a network and forget what was counted against it.
    Unblock {
        /// Whom.
        network: IpNet,
        /// The same as the operator wrote it.
        text: String,
    },
    /// Read the configuration again.
    Reload,
    /// End the server.
    Stop,
}

/// An order that was carried out.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Done {
    /// What was done, in a sentence.
    pub message: String,
    /// What else the operator should know: findings, addresses that wait.
    pub notes: Vec<String>,
}

/// Whose fault a refusal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusedKind {
    /// What was named does not exist.
    NotFound,
    /// The order, or what it would make of the configuration, is invalid.
    Invalid,
    /// It is there already, or somebody else holds what is needed.
    Conflict,
    /// The machine did not play along.
    Failed,
}

/// An order that changed nothing, or not all of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Refused {
    /// Whose fault.
    pub kind: RefusedKind,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Refused {
    /// A refusal without a hint.
    pub fn new(kind: RefusedKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hint: None }
    }
}

type Answer = oneshot::Sender<Result<Done, Refused>>;

/// The end at which orders are handed in.
#[derive(Clone, Debug)]
pub struct Desk(mpsc::Sender<(Order, Answer)>);

/// The end at which orders are worked off.
pub type Orders = mpsc::Receiver<(Order, Answer)>;

/// Both ends.
pub fn desk() -> (Desk, Orders) {
    let (sender, receiver) = mpsc::channel(QUEUE);
    (Desk(sender), receiver)
}

impl Desk {
    /// Hands an order in and waits until it is done.
    pub async fn order(&self, order: Order) -> Result<Done, Refused> {
        let ending = || Refused::new(RefusedKind::Failed, "the server is ending");
        let (answer, done) = oneshot::channel();
        self.0.send((order, answer)).await.map_err(|_| ending())?;
        done.await.map_err(|_| ending())?
    }
}
