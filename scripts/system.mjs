// What the tests need from the operating system: a linker, a Vulkan driver (lavapipe will do), a Chromium and a Firefox.

import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { findChromium, findHeadlessChromium } from './chromium.mjs';
import { Explained, find, run } from './command.mjs';
import { OLDEST_FIREFOX, hasFirefox } from './firefox.mjs';

/** A Vulkan driver has a JSON file in one of these folders. */
function hasVulkanDriver() {
  if (process.env.VK_DRIVER_FILES || process.env.VK_ICD_FILENAMES) return true;
  const folders = [
    '/usr/share/vulkan/icd.d',
    '/usr/local/share/vulkan/icd.d',
    '/etc/vulkan/icd.d',
    '/usr/local/etc/vulkan/icd.d',
    path.join(process.env.XDG_DATA_HOME ?? path.join(homedir(), '.local/share'), 'vulkan/icd.d'),
  ];
  return folders.some((folder) => existsSync(folder) && readdirSync(folder).some((file) => file.endsWith('.json')));
}

const release = () => (existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '');
export const isDebian = () => /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(release()) && find('apt-get') !== null;

/** `[what is missing, the Debian package that has it]` */
async function missing() {
  const all = [];
  if (process.platform === 'linux' && !find('cc')) all.push(['a C linker (cc)', 'build-essential']);
  // Other systems bring a driver of their own: Metal, Direct3D.
  if (process.platform === 'linux' && !hasVulkanDriver()) all.push(['a Vulkan driver', 'mesa-vulkan-drivers']);
  if (!findChromium()) all.push(['Chromium', 'chromium']);
  // Only Debian has this package; elsewhere Chromium itself does, and takes longer.
  const has_package = /^ID=debian$/m.test(release()) && !process.env.LACUNA_CHROMIUM;
  if (has_package && findHeadlessChromium() === findChromium()) all.push(['Chromium without windows', 'chromium-headless-shell']);
  if (!(await hasFirefox())) all.push([`Firefox ${OLDEST_FIREFOX} or newer`, 'firefox-esr']);
  return all;
}

/** Installs what is missing, if that is possible without a question. Otherwise the error says what to install. */
export async function ensureSystem(note) {
  const lacking = await missing();
  if (lacking.length === 0) return 'all there';
  const names = lacking.map(([what]) => what).join(' and ');
  const packages = lacking.map(([, name]) => name);
  if (!isDebian()) throw new Explained(`The tests need ${names}: install what is missing and try again.`);
  const command = `apt-get install -y ${packages.join(' ')}`;
  if (process.getuid() !== 0) throw new Explained(`The tests need ${names}. As root, run: ${command}`);
  const options = { note, env: { DEBIAN_FRONTEND: 'noninteractive' } };
  await run('apt-get', ['update'], options);
  await run('apt-get', ['install', '-y', '--no-install-recommends', ...packages], options);
  if ((await missing()).length > 0) throw new Explained(`${command} went through, and still the tests cannot find ${names}.`);
  return `installed ${packages.join(' and ')}`;
}
