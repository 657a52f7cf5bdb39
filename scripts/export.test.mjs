// What `npm run test:export` reads; the networks themselves are compared only in it.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Explained, root } from './command.mjs';
import { RUNS, loaderOf, readExport } from './export.mjs';

const PRINTED = `a.onnx: mlp-32, step 300 of 300, inputs 20/256
outputs equal those of the masked network within 1.7e-7 of the largest, on 64 test rows of planted
outputs of onnxruntime 1.32.0 equal them within 2.8e-7, those of the dense network within 3.8e-7
 bytes                                36 KiB   3.4 KiB              10 ×
 multiply-adds of an image             8,554       506              17 ×
`;

test('differences and bytes are read from what lacuna export prints', () => {
  assert.deepEqual(readExport(PRINTED), { differences: [1.7e-7, 2.8e-7, 3.8e-7], ratio: 10 });
  assert.throws(() => readExport(PRINTED.replace(/outputs of.*\n/, '')), Explained);
});

test('docs/export.md has the code that reads a network', () => {
  const code = loaderOf(readFileSync(path.join(root, 'docs', 'export.md'), 'utf8'));
  assert.match(code, /^import json$/m);
  assert.doesNotMatch(code, /```/);
  assert.throws(() => loaderOf('```python\nimport os\n```\n'), Explained);
});

test('every family of networks is exported', () => {
  for (const model of ['mlp-', 'cnn-', 'vgg16', 'resnet20', 'wrn-', 'mobilenet'])
    assert.ok(
      Object.values(RUNS).some((flags) => flags[flags.indexOf('--model') + 1].startsWith(model)),
      model,
    );
});
