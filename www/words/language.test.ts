import assert from 'node:assert/strict';
import { test } from 'node:test';
import { languageFor, matching, withLanguageOf } from './language';

const wishes = { query: '', chosen: null, browser: [] };

test('a language tag finds the language of the page, whatever its region', () => {
  assert.deepEqual(['de', 'de-AT', 'DE-de', 'es-419', 'zh', 'zh-CN', 'zh-Hans-SG', 'en-GB'].map(matching), [
    'de',
    'de',
    'de',
    'es',
    'zh-Hans',
    'zh-Hans',
    'zh-Hans',
    'en',
  ]);
  assert.deepEqual(['fr', '', 'd', 'german'].map(matching), [null, null, null, null]);
});

test('the link decides about the language, then the visitor, then the browser, and English is left', () => {
  assert.equal(languageFor({ query: '?lang=es&seed=1', chosen: 'de', browser: ['zh'] }), 'es');
  assert.equal(languageFor({ query: '?lang=fr', chosen: 'de', browser: ['zh'] }), 'de');
  assert.equal(languageFor({ ...wishes, browser: ['fr-FR', 'zh-CN', 'de'] }), 'zh-Hans');
  assert.equal(languageFor({ ...wishes, browser: ['en-US', 'de'] }), 'en');
  assert.equal(languageFor(wishes), 'en');
});

test('a rewritten link stays in its language', () => {
  assert.equal(withLanguageOf('seed=1', '?seed=2&lang=de'), 'seed=1&lang=de');
  assert.equal(withLanguageOf('', '?lang=de'), 'lang=de');
  assert.equal(withLanguageOf('seed=1', '?seed=2'), 'seed=1');
  assert.equal(withLanguageOf('seed=1', '?lang=%26x'), 'seed=1&lang=%26x');
});
