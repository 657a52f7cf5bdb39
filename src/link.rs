//! What a link names in its query.

/// The language of the page in a link, `lang=de`. It says nothing about a run.
const LANGUAGE: &str = "lang";

/// The names in a link's query with their values, without the page's language and what others add to links.
pub(crate) fn named_in(link: &str) -> impl Iterator<Item = (&str, &str)> {
    let link = link.split('#').next().unwrap_or_default();
    let query = link.split_once('?').map_or(if link.contains("://") { "" } else { link }, |(_, query)| query);
    let pairs = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.filter(|(name, _)| *name != LANGUAGE && !is_added_by_others(name))
}

/// Whether a link names no setting and no other part of a run.
#[must_use]
pub fn names_nothing(link: &str) -> bool {
    named_in(link).next().is_none()
}

/// Whether mailers, advertisers and social networks add a parameter of this name to the links that they pass on.
fn is_added_by_others(name: &str) -> bool {
    const NAMES: &str = "fbclid gclid gbraid wbraid dclid msclkid ttclid twclid yclid igshid igsh mc_cid mc_eid mkt_tok _hsenc _hsmi _ga _gl ref_src srsltid";
    name.starts_with("utm_") || NAMES.split(' ').any(|known| known == name)
}

#[cfg(test)]
mod tests {
    use super::names_nothing;

    #[test]
    fn what_others_add_names_nothing() {
        assert!(
            ["", "?", "?lang=de", "?fbclid=x", "utm_source=a&utm_medium=b", "https://example.org/?gclid#tour"]
                .into_iter()
                .all(names_nothing)
        );
        assert!(!["?seed=1", "fbclid=x&seed=1", "?sead=1"].into_iter().any(names_nothing));
    }
}
