// `npm run shader-report`: compiles every kernel with Mesa's AMD compiler, for GPUs that need not be there, and writes what it says of each to
// docs/results, and to tests/fixtures for the tests. The tests compare a new report with the recorded one: no kernel may spill registers, and none may lose occupancy unseen.

import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { Explained, cargo, root, run } from './command.mjs';
import { compileProgram } from './data.mjs';
import { jsonLines, table } from './markdown.mjs';
import { commitOf } from './results.mjs';
import { explain, runStages, stopOnInterrupt } from './stages.mjs';
import { ensureSystem } from './system.mjs';
import { ensureRust } from './toolchain.mjs';
import { program, targetFolder } from './wasm.mjs';

/** GPUs by the name of Mesa's driver, one of each architecture. */
const FAMILIES = [
  ['gfx1100', 'RDNA 3'],
  ['navi21', 'RDNA 2'],
  ['polaris10', 'GCN 4'],
];
export const RECORD = path.join('tests', 'fixtures', 'shader-report.json');
export const PAGE = path.join('docs', 'results', 'shader-report.md');

/** The file that tells Vulkan where Mesa's driver for AMD is. */
function driverFile() {
  const folders = ['/usr/share/vulkan/icd.d', '/usr/local/share/vulkan/icd.d', '/etc/vulkan/icd.d'];
  const files = folders.filter((folder) => existsSync(folder)).flatMap((folder) => readdirSync(folder).map((file) => path.join(folder, file)));
  const found = files.find((file) => /radeon.*\.json$/.test(file) && !file.includes('i686'));
  if (!found) throw new Explained("The report needs Mesa's Vulkan driver for AMD, radeon_icd (Debian and Ubuntu: apt install mesa-vulkan-drivers).");
  return found;
}

/** A kernel's facts, from a line of the tool. */
const facts = (line) => ({
  kernel: line.kernel,
  registers: line.VGPRs,
  spilled: line['Spilled VGPRs'] + line['Spilled SGPRs'],
  workgroup_bytes: line['LDS size'],
  occupancy: line['Subgroups per SIMD'],
  instructions: line.Instructions,
  ...(line.inner_loop && { inner_loop: line.inner_loop }),
});

/** What the compiler says of every kernel, for each family. The program must be compiled. */
export async function shaderReport(note) {
  const manifest = path.join('tools', 'shader-report', 'Cargo.toml');
  const folder = path.join(targetFolder, 'shader-report');
  await cargo(['build', '--locked', '--manifest-path', manifest, '--target-dir', folder], { note, env: { RUSTFLAGS: '-D warnings' } });
  const tool = path.join(folder, 'debug', process.platform === 'win32' ? 'shader-report.exe' : 'shader-report');
  const sources = mkdtempSync(path.join(tmpdir(), 'lacuna-'));
  try {
    await run(program('lacuna'), ['check', '--sources', sources], { note });
    const driver = driverFile();
    const families = [];
    let version = '';
    for (const [family, architecture] of FAMILIES) {
      note(`compiling for ${architecture}`);
      const env = { RADV_FORCE_FAMILY: family, VK_DRIVER_FILES: driver, VK_ICD_FILENAMES: driver };
      const [{ driver: named }, ...kernels] = jsonLines(await run(tool, [sources], { env }));
      version = named;
      families.push({ family, architecture, kernels: kernels.map(facts) });
    }
    return { compiler: version, families };
  } finally {
    rmSync(sources, { recursive: true, force: true });
  }
}

/** What is worse in `now` than in `recorded`, as sentences. */
export function worsened(now, recorded) {
  const faults = [];
  for (const { family, architecture, kernels } of now.families) {
    const known = new Map(recorded.families.find((one) => one.family === family)?.kernels.map((one) => [one.kernel, one]));
    for (const { kernel, spilled, occupancy } of kernels) {
      if (spilled > 0) faults.push(`${kernel} spills ${spilled} registers on ${architecture}`);
      const before = known.get(kernel);
      if (!before) faults.push(`${kernel} is not in the record of ${architecture}`);
      // Another version of the compiler allocates otherwise.
      else if (occupancy < before.occupancy && now.compiler === recorded.compiler)
        faults.push(`${kernel} has ${occupancy} subgroups a SIMD on ${architecture}, before ${before.occupancy}`);
    }
  }
  return faults;
}

/** The stage of the tests. */
export async function checkShaders(note) {
  const now = await shaderReport(note);
  const faults = worsened(now, JSON.parse(readFileSync(path.join(root, RECORD), 'utf8')));
  if (faults.length > 0) throw new Explained(`${faults.join('\n')}\nIf that is intended: npm run shader-report writes a new record.`);
  return `${now.families[0].kernels.length} kernels on ${now.families.length} architectures, by ${now.compiler}`;
}

const HEAD = ['kernel', 'registers', 'spilled', 'workgroup bytes', 'subgroups a SIMD', 'instructions'];
const LOOP = ['multiply-adds', 'other vector instructions', 'bytes loaded', 'bytes from the workgroup', 'multiply-adds a byte'];

function cells({ kernel, registers, spilled, workgroup_bytes, occupancy, instructions, inner_loop }) {
  const first = [`\`${kernel}\``, registers, spilled, workgroup_bytes, occupancy, instructions];
  if (!inner_loop) return [...first, ...LOOP.map(() => '')];
  const { fmas, other_vector, bytes, workgroup_bytes: shared } = inner_loop;
  return [...first, fmas, other_vector, bytes, shared, bytes + shared > 0 ? (fmas / (bytes + shared)).toFixed(2) : ''];
}

/** The page of a report. */
export function pageOf({ compiler, families }, commit, date) {
  const made = table(
    ['', ''],
    [
      ['commit', `\`${commit}\``],
      ['compiler', `${compiler}, RADV with ACO; no GPU is used`],
      ['date', date],
      ['made again by', '`npm run shader-report`'],
    ],
  );
  const tables = families.map(
    ({ family, architecture, kernels }) => `## ${architecture}\n\n\`RADV_FORCE_FAMILY=${family}\`\n\n${table([...HEAD, ...LOOP], kernels.map(cells))}\n`,
  );
  return `# The kernels as a GPU's compiler sees them

Mesa's AMD compiler on every kernel, in every variant that a GPU may run. *Registers*: vector registers of a lane. *Spilled*: registers that the
compiler stores in memory for lack of room. *Subgroups a SIMD*: how many can be resident at a time. The columns behind are of the innermost loop
that multiplies most, a lane and one pass: the compiler may have unrolled it.

This says what a kernel asks of the hardware, not how fast it is.

${made}

${tables.join('\n')}`;
}

async function write(note) {
  const report = await shaderReport(note);
  writeFileSync(path.join(root, RECORD), `${JSON.stringify(report, null, 1)}\n`);
  writeFileSync(path.join(root, PAGE), pageOf(report, await commitOf(), new Date().toISOString().slice(0, 10)));
  return `wrote ${PAGE} and ${RECORD}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  stopOnInterrupt();
  try {
    await runStages([
      ['linker, Vulkan driver and browser', ensureSystem],
      ['Rust toolchain', ensureRust],
      ['desktop program', compileProgram],
      ['report', write],
    ]);
  } catch (error) {
    explain(error);
    process.exit(1);
  }
}
