//! Settings that change while the run goes on.

use crate::config::setting;
use crate::shared::Params;

use super::construction::params_of;
use super::{TrainError, Trainer, pins_of};

impl Trainer {
    /// Changes a live setting from the next step on; answers with that step's number, which is one later where a step is begun.
    ///
    /// # Errors
    /// A setting that is fixed during a run, or a value it refuses; the run goes on unchanged.
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
        // Pins that were settled since the last step are settled once more where the budget changes that they made room under.
        self.pins_settled &= pins == self.pins && self.base.as_ref().is_none_or(|base| base.step != self.step);
        self.config = config;
        // A step that is begun ends as it began.
        if self.step_through.is_some() {
            return Ok(self.step + 1);
        }
        self.take_over();
        Ok(self.step)
    }

    /// Sends the live settings to the device.
    pub(super) fn take_over(&mut self) {
        let Params { learn_scores, masks, streamed, .. } = self.engine.params;
        self.engine.params = Params { masks, learn_scores, streamed, ..params_of(&self.config, &self.model, &self.data) };
        self.engine.write_params();
    }
}
