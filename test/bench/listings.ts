/** Pages of ListFunctions where there are many functions beside where there are few. */

import { zipOf } from '../kit/zip.ts';
import { SIGNED_HEADERS } from './functions.ts';
import type { Figures } from './measures.ts';
import { median } from './measures.ts';
import { startSelfsame } from './processes.ts';

const FEW = 100;
const MANY = 10_000;
/** Functions of a page, as an SDK asks where it is not told otherwise. */
const PAGE = 50;
const CREATED_AT_ONCE = 16;
const WARM_UP_PAGES = 200;
const ROUNDS = 9;
/** Pages of a round, one after the other. */
const PAGES = 100;

export async function listTime(): Promise<Figures> {
  const [few, many] = await Promise.all([startSelfsame(), startSelfsame()]);
  try {
    await fill(few.port, FEW);
    await fill(many.port, MANY);
    const urls = [await middlePage(few.port, FEW), await middlePage(many.port, MANY)] as const;
    for (const url of urls) await pageMs(url, WARM_UP_PAGES);
    const fewTimes: number[] = [];
    const manyTimes: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      fewTimes.push(await pageMs(urls[0], PAGES));
      manyTimes.push(await pageMs(urls[1], PAGES));
    }
    return {
      list_ratio: median(manyTimes.map((time, index) => time / fewTimes[index]!)),
      list_page_ms: median(manyTimes),
      list_page_of_few_ms: median(fewTimes),
    };
  } finally {
    await Promise.all([few.stop(), many.stop()]);
  }
}

function nameOf(index: number): string {
  return `f${String(index).padStart(5, '0')}`;
}

async function fill(port: number, count: number): Promise<void> {
  const ZipFile = (await zipOf({ 'index.js': 'exports.handler = async () => 1;\n' })).toString('base64');
  let next = 0;
  const create = async () => {
    while (next < count) {
      const FunctionName = nameOf(next++);
      const body = JSON.stringify({
        FunctionName,
        Role: 'arn:aws:iam::000000000000:role/bench',
        Runtime: 'nodejs24.x',
        Handler: 'index.handler',
        Code: { ZipFile },
      });
      const url = `http://127.0.0.1:${port}/2015-03-31/functions`;
      const answer = await fetch(url, { method: 'POST', headers: SIGNED_HEADERS, body });
      if (answer.status !== 201) throw new Error(`a function was refused: ${await answer.text()}`);
      await answer.arrayBuffer();
    }
  };
  await Promise.all(Array.from({ length: CREATED_AT_ONCE }, create));
}

interface Page {
  readonly Functions: readonly unknown[];
  readonly NextMarker?: string;
}

/** The page behind the first half of all. */
async function middlePage(port: number, count: number): Promise<string> {
  const first = `http://127.0.0.1:${port}/2015-03-31/functions/?MaxItems=${PAGE}`;
  let url = first;
  for (let passed = 0; passed < count / 2; passed += PAGE) {
    const { NextMarker } = await page(url);
    url = `${first}&Marker=${encodeURIComponent(NextMarker!)}`;
  }
  return url;
}

async function page(url: string): Promise<Page> {
  const answer = await fetch(url, { headers: SIGNED_HEADERS });
  const found = (await answer.json()) as Page;
  if (found.Functions.length !== PAGE) throw new Error(`a page of ${found.Functions.length} functions`);
  return found;
}

/** Milliseconds of the page, got so many times in a row. */
async function pageMs(url: string, count: number): Promise<number> {
  const startedAt = performance.now();
  for (let index = 0; index < count; index += 1) await page(url);
  return (performance.now() - startedAt) / count;
}
