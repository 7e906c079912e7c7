//! What stands in the way of https where bindings ask for it (D14).

use std::net::{IpAddr, SocketAddr};

use doorward_config::{BindingAddress, CertificateKey, Endpoint, HostRule};

use crate::handshake::HandshakeTerms;
use crate::listen::{Claimed, ListenerPlan, Problem, covers};

/// The problems of the https bindings of started sites at this listener.
pub(crate) fn https_problems(
    address: SocketAddr,
    listener: &ListenerPlan,
    claimed: &[Claimed],
    listen: &[IpAddr],
) -> Vec<Problem> {
    let mut problems = Vec::new();
    for claim in claimed {
        let Endpoint { secure, address: own, port, host } = &claim.endpoint;
        let local = if let BindingAddress::Ip(own) = own { *own } else { address.ip() };
        let here = *secure && *port == address.port() && claim.site.state.is_started();
        if !here || !covers(*own, local, listen) || (local != address.ip() && !address.ip().is_unspecified()) {
            continue;
        }
        let place = place(&claim.endpoint, address);
        let found = listener.certificates.terms(local, host).map(|terms| of_terms(terms, claim, (listener, local)));
        let messages = found.unwrap_or_else(|| vec![format!(
            "no certificate for https at {place}, so handshakes end with an alert; run `doorward cert bind {place} --file CERT.pem --key KEY.pem`"
        )]);
        let problem = |message: String| Problem {
            site: Some(claim.site.name.clone()),
            message: message.replace("{place}", &place),
        };
        problems.extend(messages.into_iter().map(problem));
    }
    problems
}

/// Where somebody would bind a certificate for this binding.
fn place(endpoint: &Endpoint, address: SocketAddr) -> String {
    match (&endpoint.host, endpoint.address) {
        (HostRule::Any, BindingAddress::Ip(own)) => SocketAddr::new(own, address.port()).to_string(),
        (HostRule::Any, _) => address.to_string(),
        (host, _) => CertificateKey::Name(host.clone(), address.port()).to_string(),
    }
}

/// What is wrong although there is a certificate; `{place}` stands for where.
fn of_terms(terms: &HandshakeTerms, claim: &Claimed, (listener, local): (&ListenerPlan, IpAddr)) -> Vec<String> {
    let mut messages = Vec::new();
    if (claim.site.asks_certificate || terms.asks_certificate) && terms.client_ca.is_none() {
        messages.push(
            "clients are asked for a certificate at {place} and no clientCa says whose are trusted, so each is refused with 403.16; \
             add --client-ca CA.pem to `doorward cert bind`"
                .to_owned(),
        );
    }
    let name = match &claim.endpoint.host {
        HostRule::Any => None,
        HostRule::Exact(name) => Some(name.clone()),
        HostRule::Wildcard(suffix) => Some(format!("any.{suffix}")),
    };
    if terms.tls13_only && listener.certificates.switches(local, name.as_deref()).without_tls13 {
        messages.push(
            "minTls=\"1.3\" at {place} and sslFlags 32 of the binding leave no version of TLS; 1.3 is spoken"
                .to_owned(),
        );
    }
    messages
}

#[cfg(test)]
mod tests {
    use crate::{Inputs, Plan, Scopes, build};
    use doorward_config::{Home, load_text};
    use std::collections::BTreeMap;
    use std::path::Path;

    /// What is said of a site on 127.0.0.2:443 whose binding has these flags and whose paths want this, with this entry.
    fn check((ssl_flags, access): (u32, &str), entry: &str, expected: &[&str]) {
        let text = format!(
            r#"<configuration><system.applicationHost><sites><site name="a" id="1">
                <application path="/"><virtualDirectory path="/" physicalPath="/srv"/></application>
                <bindings><binding protocol="https" bindingInformation="127.0.0.2:443:" sslFlags="{ssl_flags}"/></bindings>
            </site></sites></system.applicationHost>
            <location path="a/x"><system.webServer><security><access sslFlags="{access}"/></security></system.webServer></location>
            </configuration>"#
        );
        let http = format!("<httpService><sslCerts>{entry}</sslCerts></httpService>");
        let home = Home::under(Path::new("/d"));
        let configuration = load_text(&text, Path::new("a"), Some((&http, Path::new("h"))), &home).unwrap();
        let inputs = Inputs {
            configuration: &configuration,
            wishes: &BTreeMap::new(),
            home_logs: &home.logs,
            home_certificates: &home.certificates,
            folders: None,
            present: &Plan::default(),
        };
        let plan = build(&inputs, &mut Scopes::default());
        let said: Vec<_> = plan.problems.iter().map(|problem| problem.message.as_str()).collect();
        assert_eq!(said.len(), expected.len(), "{said:?}");
        assert!(said.iter().zip(expected).all(|(said, part)| said.contains(part)), "{said:?}");
    }

    #[test]
    fn what_is_missing_is_said() {
        let entry = |more: &str| format!(r#"<add ipPort="127.0.0.2:443" file="a" {more}/>"#);
        check((0, "None"), "", &["no certificate for https at 127.0.0.2:443"]);
        check((0, "Ssl"), &entry(""), &[]);
        check((0, "Ssl,SslNegotiateCert"), &entry(""), &["asked for a certificate at 127.0.0.2:443"]);
        check((0, "SslRequireCert"), &entry(r#"clientCa="ca""#), &[]);
        check((0, "None"), &entry(r#"clientCertNegotiation="true""#), &["no clientCa"]);
        check((0, "None"), &entry(r#"minTls="1.3""#), &[]);
        check((32, "None"), &entry(r#"minTls="1.3""#), &["leave no version of TLS"]);
    }
}
