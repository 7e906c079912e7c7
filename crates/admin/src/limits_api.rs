//! The routes of the limiter.

use std::net::IpAddr;

use axum::extract::rejection::JsonRejection;
use axum::extract::{Query, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use doorward_limiter::{Block, IpNet, canonical};
use doorward_server::Clock;
use serde::{Deserialize, Serialize};

use crate::api::{ApiError, Outcome, Reach, carry_out};
use crate::desk::{LimitsOrder, Order, Refused, RefusedKind};
use crate::explain::{Case, Explanation, Question};
use crate::limiter_report::{self, ClientReport};
use crate::policy_report::{self, PolicyReport};
use crate::report::utc_text;

/// Body of `POST /v1/limits/block`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlockOrder {
    /// Address or network.
    pub address: String,
    /// How long, in milliseconds.
    pub for_ms: u64,
    /// Why, for whoever looks at it later.
    #[serde(default)]
    pub reason: String,
}

/// One block in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockReport {
    /// Whom it is about.
    pub network: String,
    /// Why.
    pub reason: String,
    /// When it ends, in milliseconds since 1970 UTC.
    pub until_unix_ms: u64,
    /// When it ends, as text (UTC).
    pub until: String,
}

impl BlockReport {
    /// The block in wall-clock terms.
    pub fn new(block: &Block, clock: Clock) -> Self {
        let until_unix_ms = clock.unix_ms_of(0).saturating_add(block.until_ms);
        Self {
            network: block.network.to_string(),
            reason: block.reason.clone(),
            until_unix_ms,
            until: utc_text(until_unix_ms),
        }
    }
}

/// Which place is meant.
#[derive(Deserialize)]
struct Place {
    site: Option<String>,
    path: Option<String>,
}

/// Body of `POST /v1/limits/unblock`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AddressBody {
    address: String,
}

pub(crate) fn routes() -> Router<Reach> {
    Router::new()
        .route("/v1/limits/clients", get(clients))
        .route("/v1/limits/blocks", get(blocks))
        .route("/v1/limits/block", post(block))
        .route("/v1/limits/unblock", post(unblock))
        .route("/v1/limits/explain", post(explain))
        .route("/v1/limits/policy", get(policy).post(set_policy))
}

async fn clients(State(reach): State<Reach>, Query(place): Query<Place>) -> Result<Json<Vec<ClientReport>>, ApiError> {
    known_site(&reach, place.site.as_deref())?;
    Ok(Json(limiter_report::clients(&reach.control, place.site.as_deref())))
}

async fn blocks(State(reach): State<Reach>) -> Json<Vec<BlockReport>> {
    let clock = reach.control.clock();
    let blocks = reach.control.limiter().blocks(clock.now_ms());
    Json(blocks.iter().map(|block| BlockReport::new(block, clock)).collect())
}

async fn block(State(reach): State<Reach>, body: Result<Json<BlockOrder>, JsonRejection>) -> Outcome {
    let Json(order) = body?;
    let network = known_network(&order.address)?;
    if order.for_ms == 0 {
        return Err(invalid("a block of no time blocks nobody", "say how long: --for 10m"));
    }
    carry_out(&reach, Order::Block { network, for_ms: order.for_ms, reason: order.reason }).await
}

async fn unblock(State(reach): State<Reach>, body: Result<Json<AddressBody>, JsonRejection>) -> Outcome {
    let Json(AddressBody { address }) = body?;
    carry_out(&reach, Order::Unblock { network: known_network(&address)?, text: address }).await
}

async fn set_policy(State(reach): State<Reach>, body: Result<Json<LimitsOrder>, JsonRejection>) -> Outcome {
    let Json(order) = body?;
    carry_out(&reach, Order::SetLimits(order)).await
}

async fn policy(State(reach): State<Reach>, Query(place): Query<Place>) -> Result<Json<PolicyReport>, ApiError> {
    let site = known_site(&reach, place.site.as_deref())?;
    let path = place.path.unwrap_or_else(|| "/".to_owned());
    if site.is_none() && path != "/" {
        return Err(invalid("a path belongs to a site", "add --site NAME"));
    }
    let standing = reach.standing();
    let configuration = standing.configuration.as_deref().ok_or_else(starting)?;
    Ok(Json(policy_report::policy(configuration, &site.unwrap_or_default(), &path)))
}

async fn explain(
    State(reach): State<Reach>,
    body: Result<Json<Question>, JsonRejection>,
) -> Result<Json<Vec<Explanation>>, ApiError> {
    let Json(question) = body?;
    let peer = address(&question.address)?;
    let headers = question.headers.iter().map(|line| header(line)).collect::<Result<Vec<_>, _>>()?;
    let path = question.path.as_deref().unwrap_or("/");
    if !path.starts_with('/') {
        return Err(invalid(&format!("'{path}' is no path"), "a path begins with a slash"));
    }
    let site = known_site(&reach, question.site.as_deref())?;
    let standing = reach.standing();
    let configuration = standing.configuration.as_deref().ok_or_else(starting)?;
    let method = question.method.as_deref().unwrap_or("GET");
    let case = Case { control: &reach.control, configuration, peer, path, method, headers: &headers };
    let plan = reach.control.plan();
    let asked = plan.sites.iter().filter(|plan| site.as_ref().is_none_or(|site| *site == plan.name));
    Ok(Json(asked.map(|site| case.explain(site)).collect()))
}

fn header(line: &str) -> Result<(String, String), ApiError> {
    let (name, value) = line
        .split_once(':')
        .ok_or_else(|| invalid(&format!("'{line}' is no header line"), "write 'X-Forwarded-For: 203.0.113.9'"))?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

/// The site's name as configured.
fn known_site(reach: &Reach, name: Option<&str>) -> Result<Option<String>, ApiError> {
    let Some(name) = name else { return Ok(None) };
    let plan = reach.control.plan();
    let found = plan.site(name).map(|site| site.name.clone());
    found.map(Some).ok_or_else(|| {
        let message = format!("Cannot find SITE object with identifier \"{name}\".");
        let hint = Some("`doorward site list` shows the names".to_owned());
        ApiError(Refused { kind: RefusedKind::NotFound, message, hint })
    })
}

fn starting() -> ApiError {
    ApiError(Refused::new(RefusedKind::Failed, "the server has not read its configuration yet; try again"))
}

fn invalid(message: &str, hint: &str) -> ApiError {
    ApiError(Refused { kind: RefusedKind::Invalid, message: message.to_owned(), hint: Some(hint.to_owned()) })
}

fn address(text: &str) -> Result<IpAddr, ApiError> {
    let hint = "write 203.0.113.9 or 2001:db8::7";
    text.parse().map(canonical).map_err(|_| invalid(&format!("'{text}' is no address"), hint))
}

fn known_network(text: &str) -> Result<IpNet, ApiError> {
    let hint = "write 203.0.113.9, 2001:db8::/64 or the like";
    network(text).ok_or_else(|| invalid(&format!("'{text}' is neither an address nor a network"), hint))
}

/// An address is the network of itself; an IPv6 address that of its /64, since that is how it is counted (D10).
pub(crate) fn network(text: &str) -> Option<IpNet> {
    if let Ok(address) = text.parse::<IpAddr>() {
        let address = canonical(address);
        return IpNet::new(address, if address.is_ipv4() { 32 } else { 64 }).ok().map(|network| network.trunc());
    }
    text.parse().ok().map(|network: IpNet| network.trunc())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(network(text).map(|network| network.to_string()).as_deref(), expected, "{text}");
    }

    #[test]
    fn addresses_and_networks() {
        check("203.0.113.9", Some("203.0.113.9/32"));
        check("::ffff:203.0.113.9", Some("203.0.113.9/32"));
        check("2001:db8::7", Some("2001:db8::/64"));
        check("10.0.0.0/8", Some("10.0.0.0/8"));
        check("10.1.2.3/8", Some("10.0.0.0/8"));
        check("shop", None);
    }
}
