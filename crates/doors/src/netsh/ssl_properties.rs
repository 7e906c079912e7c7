//! `sslpropertyex`: HTTP.sys's settings of HTTP/2 at a certificate's binding. They are kept and shown; `doorward check`
//! says that nothing comes of them.

use doorward_config::{Action, Deed};

use crate::netsh::certs::{Spot, change};
use crate::netsh::failure::{FILE_NOT_FOUND, Failure, INVALID_PARAMETER, Slip};
use crate::netsh::http_service::HttpService;
use crate::netsh::said;
use crate::netsh::ssl_options::EXTENDED;
use crate::netsh::syntax;
use crate::netsh::tags::Tags;
use crate::outcome::Outcome;

const UPDATING: &str = "SSL property update failed";

pub(super) fn update(tags: &Tags, place: &mut dyn HttpService) -> Result<Outcome, Failure> {
    let missing = || Failure::Syntax(syntax::of("update", "sslpropertyex"), Slip::Missing);
    let spot = Spot::of(UPDATING, tags)?.ok_or_else(missing)?;
    let id = tags.text("propertyid").unwrap_or_default();
    let named = || EXTENDED.iter().filter_map(|own| Some((own, tags.number(own.tag)?)));
    if let Some((strange, _)) = named().find(|(own, _)| own.id != id) {
        let hint = format!("{} belongs to propertyid={}", strange.tag, strange.id);
        return Err(Failure::hinted(UPDATING, INVALID_PARAMETER, hint));
    }
    if named().next().is_none() {
        return Err(missing());
    }
    let configuration = place.configuration().map_err(|trouble| Failure::of(UPDATING, &trouble))?;
    let present = spot.bound(&configuration).ok_or_else(|| Failure::win32(UPDATING, FILE_NOT_FOUND))?;
    let at = spot.step(present);
    let deeds =
        named().map(|(own, number)| Deed::Set { attribute: own.attribute.to_owned(), text: number.to_string() });
    let actions = deeds.map(|deed| Action { at: at.clone(), deed }).collect();
    let mut notes = place.apply(&change(actions)).map_err(|trouble| Failure::of(UPDATING, &trouble))?;
    notes.push("it is kept and shown, and has no effect here: every connection has a budget of frames".to_owned());
    Ok(said("SSL property successfully updated", &notes))
}
