//! Settings, links, and the entrants of a comparison.

use js_sys::{Array, Object};
use wasm_bindgen::prelude::*;

use super::js::{Js, words};
use super::types::{Entrant, Setting, SettingKind, Values};
use crate::config::{self, Config, DatasetName, Kind, SETTINGS};
use crate::entrants;
use crate::link;
use crate::methods::SettingValue;

/// Data sets that the page does not offer: it cannot read a folder of the user, and no npm package has CIFAR-100.
const NATIVE_ONLY: [DatasetName; 2] = [DatasetName::Idx, DatasetName::Cifar100];

/// The table of settings.
#[must_use]
#[wasm_bindgen]
pub fn settings() -> Js<Vec<Setting>> {
    let defaults = Config::default();
    let one = |setting: &config::Setting| Setting {
        name: setting.name,
        label: setting.label,
        help: setting.help,
        live: setting.live,
        value: defaults.get(setting.name).expect("every setting of the table has a value"),
        kind: match setting.kind {
            Kind::Number { min, max, logarithmic } => SettingKind::Number { min, max, logarithmic },
            Kind::Count { min, max } => SettingKind::Count { min: min as f64, max: max as f64 },
            Kind::Choice(names) => {
                let is_offered = |name: &str| setting.name != "dataset" || NATIVE_ONLY.iter().all(|only| only.name() != name);
                SettingKind::Choice { choices: names.iter().copied().filter(|(name, _)| is_offered(name)).collect() }
            }
            Kind::Switch => SettingKind::Switch,
            Kind::Text => SettingKind::Text,
        },
    };
    Js::of(&SETTINGS.iter().map(one).collect())
}

/// The entrants of a comparison.
#[must_use]
#[wasm_bindgen]
pub fn entrants() -> Js<Vec<Entrant>> {
    let settings = |found: &[SettingValue]| Values(found.iter().map(|&(name, value)| (name, value.to_owned())).collect());
    let one = |entrant: entrants::Entrant| Entrant {
        name: entrant.name,
        method: entrant.method,
        presets: settings(entrant.presets),
        convolutional_presets: settings(entrant.convolutional_presets),
        made_by: settings(entrant.made_by),
        is_allocated: entrant.is_allocated,
    };
    Js::of(&entrants::Entrant::all().map(one).collect())
}

/// The value of every setting.
pub(super) fn values_of(config: &Config) -> Result<Values, JsError> {
    let value = |setting: &config::Setting| Ok((setting.name, config.get(setting.name).map_err(words)?));
    Ok(Values(SETTINGS.iter().map(value).collect::<Result<_, JsError>>()?))
}

/// The value of every setting in a link.
///
/// # Errors
/// The link cannot be read.
#[wasm_bindgen]
pub fn read_link(query: &str) -> Result<Js<Values>, JsError> {
    let config = Config::from_link(query).map_err(words)?;
    Ok(Js::of(&values_of(&config)?))
}

/// Whether a link names no setting, and nothing else but what mailers and social networks add to links.
#[must_use]
#[wasm_bindgen]
pub fn names_nothing(query: &str) -> bool {
    link::names_nothing(query)
}

/// The query of a link with these values. It has only settings that differ from their defaults.
///
/// # Errors
/// A setting refuses its value.
#[wasm_bindgen]
pub fn write_link(#[wasm_bindgen(unchecked_param_type = "Values")] values: &Object) -> Result<String, JsError> {
    let mut config = Config::default();
    for pair in Object::entries(values).iter() {
        let pair: Array = pair.unchecked_into();
        let (name, value) = (pair.get(0).as_string().unwrap_or_default(), pair.get(1).as_string().unwrap_or_default());
        config.set(&name, &value).map_err(words)?;
    }
    config.check().map_err(words)?;
    Ok(config.to_query())
}
