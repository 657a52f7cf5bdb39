// Reports of the engine, with their texts in the page's language. Texts that are stored with a run (the names of its groups and of its data, how its speed was
// measured) stay English in the state, and are translated where they are shown.

import type { Report, Setting } from '../protocol/messages';
import { translated } from '../words/words';

function translatedSetting(setting: Setting, say: typeof translated): Setting {
  const { label, help, kind } = setting;
  return {
    ...setting,
    label: say(label),
    help: say(help),
    kind: kind.type === 'choice' ? { ...kind, choices: kind.choices.map(([name, words]) => [name, say(words)]) } : kind,
  };
}

/** `say` translates a text. */
export function translatedReport(report: Report, say = translated): Report {
  if ('message' in report) return { ...report, message: say(report.message) };
  switch (report.kind) {
    case 'settings':
      return { ...report, settings: report.settings.map((setting) => translatedSetting(setting, say)) };
    case 'values':
      return report.refused ? { ...report, refused: { ...report.refused, message: say(report.refused.message) } } : report;
    case 'cost':
      return report.refused === null ? report : { ...report, refused: say(report.refused) };
    case 'snapshot': {
      const { snapshot } = report;
      return snapshot.halted === null ? report : { ...report, snapshot: { ...snapshot, halted: say(snapshot.halted) } };
    }
    default:
      return report;
  }
}
