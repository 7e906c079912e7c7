//! Locking and unlocking a section for deeper levels (IIS reference §3.4).

use crate::document::{Element, Splice, splice};
use crate::edit::insert::{self, New};
use crate::edit::section::SectionAt;
use crate::edit::site::place_location;
use crate::edit::spot::{places, prune};

/// Puts the section of a level under a location tag with this override mode. What the level says itself goes along: a
/// section may stand only once for one path.
pub(super) fn set(text: &str, root: &Element, section: &SectionAt<'_>, mode: &str) -> String {
    let groups = section.groups();
    let places = places(root, section.location);
    let present = places.iter().find_map(|place| Some((*place, chain(place, &groups)?)));
    if let Some((place, chain)) = &present
        && place.name == "location"
        && is_alone(&chain[..chain.len() - 1])
    {
        return splice(text, set_mode(text, place, mode));
    }
    let moved = present.as_ref().map(|(_, chain)| chain[chain.len() - 1]);
    let new = |depth: usize| {
        let section = moved.map_or_else(|| New::element(groups[groups.len() - 1]), |e| New::moved(text, e));
        groups[depth..groups.len() - 1].iter().rev().fold(section, |inner, name| New::element(name).holding([inner]))
    };
    let target = places.iter().find(|place| {
        place.attribute("overrideMode").is_some_and(|own| own.eq_ignore_ascii_case(mode))
            && !moved.is_some_and(|moved| place.range.contains(&moved.range.start))
    });
    let written = if let Some(target) = target {
        let mut at = *target;
        let mut depth = 0;
        while let Some(child) = at.child(groups[depth]).filter(|_| depth + 1 < groups.len()) {
            (at, depth) = (child, depth + 1);
        }
        insert::last_in(text, at, &new(depth))
    } else {
        let location = New::element("location").with("path", section.location).with("overrideMode", mode);
        place_location(text, root, &location.holding([new(0)]))
    };
    let removed = present.as_ref().map(|(_, chain)| prune(text, chain));
    splice(text, removed.into_iter().chain([written]).collect())
}

/// The place and the elements down to the section.
fn chain<'e>(place: &'e Element, groups: &[&str]) -> Option<Vec<&'e Element>> {
    let mut chain = vec![place];
    for name in groups {
        chain.push(chain[chain.len() - 1].child(name)?);
    }
    Some(chain)
}

/// Whether the tag holds nothing but this one section.
fn is_alone(outer: &[&Element]) -> bool {
    outer.iter().all(|element| element.children.len() == 1)
}

fn set_mode(text: &str, place: &Element, mode: &str) -> Vec<Splice> {
    let own = |name: &str| place.attributes.iter().find(|attribute| attribute.name == name);
    match (own("overrideMode"), own("allowOverride")) {
        (Some(written), _) if written.value.eq_ignore_ascii_case(mode) => Vec::new(),
        (Some(written), _) => vec![Splice { range: written.value_range.clone(), text: mode.to_owned() }],
        // The older form says the same; both at once are an error.
        (None, Some(written)) => {
            let allow = mode.eq_ignore_ascii_case("Allow").to_string();
            vec![Splice { range: written.value_range.clone(), text: allow }]
        }
        (None, None) => vec![insert::attribute(text, place, ("overrideMode", mode))],
    }
}
