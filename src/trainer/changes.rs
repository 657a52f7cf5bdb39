//! Settings that change during a run.

use crate::config::setting;
use crate::shared::Params;

use super::construction::params_of;
use super::{TrainError, Trainer, pins_of};

impl Trainer {
    /// Changes a live setting from the next step on. Returns the number of that step; if a step is in progress, it is the one after.
    ///
    /// # Errors
    /// A setting that is fixed during a run, or a value outside its range; the run is unchanged.
    pub fn change(&mut self, name: &str, value: &str) -> Result<u32, TrainError> {
        let setting = setting(name)?;
        if !setting.live {
            return Err(TrainError::SettingIsFixed { setting: setting.name });
        }
        if name == "keep_ratio" && !self.config.method.facts().learns_scores {
            return Err(TrainError::MaskIsFixed { method: self.config.method });
        }
        let mut config = self.config.clone();
        config.set(name, value)?;
        config.check()?;
        if name == "pins" && self.engine.params.learn_scores == 0 {
            return Err(TrainError::TooLateToPin);
        }
        let pins = pins_of(&config, &self.whole)?;
        if name == "pins"
            && let Some(gone) = pins.units_on().find(|unit| !self.numbers.contains(unit))
        {
            return Err(TrainError::PinnedUnitWasDropped { unit: gone });
        }
        // If the budget changes, pins that were applied since the last step are applied again: the scores of other units depend on the budget.
        self.pins_applied &= pins == self.pins && self.base.as_ref().is_none_or(|base| base.step != self.step);
        self.config = config;
        // A step in progress ends with the settings that it began with.
        if self.step_through.is_some() {
            return Ok(self.step + 1);
        }
        self.send_live_settings();
        Ok(self.step)
    }

    /// Sends the live settings to the device.
    pub(super) fn send_live_settings(&mut self) {
        let Params { learn_scores, masks, effects, streamed, .. } = self.engine.params;
        self.engine.params = Params { masks, learn_scores, streamed, effects, ..params_of(&self.config, &self.model, &self.data) };
        self.engine.write_params();
    }
}
