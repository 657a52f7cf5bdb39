// Resolves the names after `npm test --`: a name is a tier, a stage, a file of tests, or the title of a test.

import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { Explained, root } from './command.mjs';
import { unitTests } from './unit.mjs';

const read = (...parts) => readFileSync(path.join(root, ...parts), 'utf8');
const named = (folder, ending) =>
  readdirSync(path.join(root, folder))
    .filter((file) => file.endsWith(ending))
    .map((file) => file.slice(0, -ending.length))
    .sort();

/** Whether a file of browser tests needs the machine alone: a device in software uses all cores, and timings must not be disturbed. */
const asksForDevice = (file) => file.endsWith('.device');

const rustSources = (folder) =>
  readdirSync(path.join(root, folder), { recursive: true })
    .filter((file) => file.endsWith('.rs'))
    .map((file) => path.join(folder, file));

/** Titles of tests in a JavaScript source, each as the fixed parts of its text. A template may insert any text between them. */
function titlesIn(source) {
  const titles = [...source.matchAll(/^\s*test\(\s*(['"`])((?:\\.|(?!\1)[^\\])*)\1/gm)];
  return titles.map(([, quote, title]) => {
    const plain = title.replaceAll(/\\(.)/g, '$1');
    return quote === '`' ? plain.split(/\$\{[^}]*\}/) : [plain];
  });
}
/** Whether a title consists of these parts, with any text between them. */
const matches = (title, parts) => new RegExp(`^${parts.map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.*')}$`, 's').test(title);

/** Names of tests in a Rust source. */
const functionsIn = (source) => [...source.matchAll(/#\[test\]\s*(?:#\[[^\]]*\]\s*)*fn (\w+)/g)].map(([, name]) => name);

/** Every file of tests, by the stage that runs it. */
export function testFiles() {
  const browser = named(path.join('tests', 'browser'), '.test.mjs');
  return {
    unit: unitTests(),
    lib: named('tests', '.rs'),
    // Files without tests are shared by the others.
    native: named(path.join('tests', 'native'), '.rs').filter((file) => functionsIn(read('tests', 'native', `${file}.rs`)).length > 0),
    browser: browser.filter((file) => !asksForDevice(file)),
    webgpu: browser.filter(asksForDevice),
  };
}

const places = {
  unit: (file) => `www/${file}.test.ts`,
  lib: (file) => `tests/${file}.rs`,
  native: (file) => `tests/native/${file}.rs`,
  browser: (file) => `tests/browser/${file}.test.mjs`,
  webgpu: (file) => `tests/browser/${file}.test.mjs`,
};

/** What to run: whole `stages`, and single `files` of other stages, with titles if only some of their tests are wanted. */
class Choice {
  stages = new Set();
  /** By stage, by file: the titles that are wanted, or null for all. Of the stage `lib` the file '' stands for all sources. */
  files = { unit: new Map(), lib: new Map(), native: new Map(), browser: new Map(), webgpu: new Map() };

  file(stage, file) {
    this.files[stage].set(file, null);
  }

  title(stage, file, title) {
    const before = this.files[stage].get(file);
    if (before !== null) this.files[stage].set(file, [...(before ?? []), title]);
  }

  /** Whether a stage takes part. */
  has(stage) {
    return this.stages.has(stage) || (this.files[stage]?.size ?? 0) > 0;
  }
}

/**
 * Resolves names. A name may match several files, and then all of them run: `compare` is tests/native/compare.rs and a file of browser tests.
 * `tiers`: names of stages by the tier's name.
 */
export function chosenBy(names, tiers, stages) {
  const all = testFiles();
  const choice = new Choice();
  const unknown = [];
  for (const name of names) {
    let found = false;
    const take = (work) => {
      found = true;
      work();
    };
    if (name in tiers) take(() => tiers[name].forEach((stage) => choice.stages.add(stage)));
    else if (stages.includes(name)) take(() => choice.stages.add(name));
    for (const [stage, files] of Object.entries(all)) {
      for (const file of files) {
        if ([file, path.basename(file), places[stage](file)].includes(name)) take(() => choice.file(stage, file));
      }
    }
    if (!found) {
      for (const [stage, files] of Object.entries(all)) {
        for (const file of files) {
          const source = read(...places[stage](file).split('/'));
          const has = ['lib', 'native'].includes(stage) ? functionsIn(source).includes(name) : titlesIn(source).some((parts) => matches(name, parts));
          if (has) take(() => choice.title(stage, file, name));
        }
      }
      if (rustSources('src').some((file) => functionsIn(read(file)).includes(name))) take(() => choice.title('lib', '', name));
    }
    if (!found) unknown.push(name);
  }
  if (unknown.length > 0) throw new Explained(`There is nothing named ${unknown.map((name) => `“${name}”`).join(', ')}.\n${listed(tiers, stages, all)}`);
  return choice;
}

function listed(tiers, stages, all) {
  const line = (what, names) => `${what}: ${names.join(', ')}`;
  return [
    line('tiers', Object.keys(tiers)),
    line('stages', stages),
    line('native tests', [...all.lib.map(places.lib), ...all.native.map(places.native)]),
    line('browser tests', all.browser.map(places.browser)),
    line('browser tests on a WebGPU device', all.webgpu.map(places.webgpu)),
    line('unit tests of the page', all.unit.map(places.unit)),
    'A file goes by its name too (gpu, lessons), and a single test by its title.',
  ].join('\n');
}

export const placeOf = (stage, file) => places[stage](file);
