// Anchors: index.html has every element that an anchor names and that no script makes.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { PLACES, type Place } from './anchors';

const page = readFileSync('index.html', 'utf8');

test('an element that a place names by its id is on the page, and a view is one of its buttons', () => {
  for (const [name, { at, view }] of Object.entries<Place>(PLACES)) {
    for (const [, id] of at.matchAll(/#([\w-]+)/g)) assert(new RegExp(`id="${id}"`).test(page), `${name}: no #${id}`);
    for (const [, value] of at.matchAll(/button\[value=(\w+)\]/g)) assert(new RegExp(`value="${value}"`).test(page), `${name}: no button of ${value}`);
    if (view) assert(new RegExp(`value="${view}"`).test(page), `${name}: no view ${view}`);
  }
});
