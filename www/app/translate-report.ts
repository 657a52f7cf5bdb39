// What the engine says in English, in the page's language: the names and helps of settings, and messages.

import type { Report, Setting } from '../protocol/messages';
import { languageOfPage, translated } from '../words/words';

const inLanguage = (setting: Setting): Setting => ({
  ...setting,
  label: translated(setting.label),
  help: translated(setting.help),
  kind: setting.kind.type === 'choice' ? { ...setting.kind, choices: setting.kind.choices.map(([name, label]) => [name, translated(label)]) } : setting.kind,
});

/** A report with its texts in the page's language. A message that has no translation stays English. */
export function translatedReport(report: Report): Report {
  if (languageOfPage() === 'en') return report;
  if (report.kind === 'settings') return { ...report, settings: report.settings.map(inLanguage) };
  if (!('message' in report) || typeof report.message !== 'string') return report;
  return { ...report, message: report.message.split('\n').map(translated).join('\n') };
}
