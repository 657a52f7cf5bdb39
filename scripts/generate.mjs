// `npm run generate`: writes the page's types, generated.ts, columns.ts and modules.d.ts of www/protocol, from the Rust sources.

import process from 'node:process';
import { cargo } from './command.mjs';
import { explain } from './stages.mjs';

try {
  await cargo(['test', '--locked', '--profile', 'bench', '--lib', '--', 'web::generate'], { env: { LACUNA_GENERATE: '1' } });
} catch (error) {
  explain(error);
  process.exit(1);
}
