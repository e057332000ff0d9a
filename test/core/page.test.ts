import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pageOf } from '../../src/core/page.ts';

const keyOf = (item: string): string => item;

test('pages follow one another, and the last one has no token', () => {
  const sorted = ['a', 'b', 'c', 'd', 'e'];
  const pages: (readonly string[])[] = [];
  let token: string | undefined;
  do {
    const page = pageOf(sorted, { keyOf, maxItems: 2, token })!;
    pages.push(page.items);
    token = page.nextToken;
  } while (token !== undefined);
  assert.deepEqual(pages, [['a', 'b'], ['c', 'd'], ['e']]);
});

test('a page goes on after what it ended with, also where that is gone', () => {
  const { nextToken } = pageOf(['a', 'c'], { keyOf, maxItems: 1, token: undefined })!;
  assert.deepEqual(pageOf(['b', 'c'], { keyOf, maxItems: 9, token: nextToken }), { items: ['b', 'c'] });
});

test('a whole list is one page, and a token that is none is refused', () => {
  assert.deepEqual(pageOf(['a'], { keyOf, maxItems: 1, token: undefined }), { items: ['a'] });
  assert.equal(pageOf(['a'], { keyOf, maxItems: 1, token: 'nonsense!' }), undefined);
});
