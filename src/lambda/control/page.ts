/** Pages of functions and versions; a marker holds the last item of the page before. */
import type { FunctionRecord } from '../records/function-record.ts';
import { versionOrder } from '../records/function-record.ts';
import { PAGE_ITEMS } from './control-limits.ts';
import { invalidParameter } from './lambda-errors.ts';

export interface PageRequest {
  readonly Marker?: string | undefined;
  readonly MaxItems?: number | undefined;
}

export interface Page {
  readonly page: readonly FunctionRecord[];
  /** Absent on the last page. */
  readonly next: string | undefined;
}

/** The versions of functions by name, `names` in order; only those of the page are looked at. */
export function pageOfFunctions(
  names: readonly string[],
  versionsOf: (name: string) => readonly FunctionRecord[],
  request: PageRequest,
): Page {
  const after = positionOf(request);
  const first = after === undefined ? 0 : firstFrom(names, after.functionName);
  const size = sizeOf(request);
  const page: FunctionRecord[] = [];
  for (let index = first; index < names.length; index += 1) {
    for (const record of versionsOf(names[index]!)) {
      if (after !== undefined && !isAfter(record, after)) continue;
      if (page.length === size) return { page, next: markerAt(page.at(-1)!) };
      page.push(record);
    }
  }
  return { page, next: undefined };
}

interface Position {
  readonly functionName: string;
  readonly version: string;
}

function sizeOf({ MaxItems }: PageRequest): number {
  return Math.min(MaxItems ?? PAGE_ITEMS, PAGE_ITEMS);
}

/** Versions of one function stand in the order `$LATEST`, 1, 2, …. */
function isAfter(record: Position, after: Position): boolean {
  if (record.functionName !== after.functionName) return record.functionName > after.functionName;
  return versionOrder(record.version) > versionOrder(after.version);
}

function firstFrom(names: readonly string[], name: string): number {
  let low = 0;
  let high = names.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (names[middle]! < name) low = middle + 1;
    else high = middle;
  }
  return low;
}

function markerAt({ functionName, version }: Position): string {
  return Buffer.from(JSON.stringify([functionName, version])).toString('base64');
}

function positionOf({ Marker }: PageRequest): Position | undefined {
  if (Marker === undefined || Marker === '') return undefined;
  try {
    const [functionName, version] = JSON.parse(Buffer.from(Marker, 'base64').toString()) as unknown[];
    if (typeof functionName === 'string' && typeof version === 'string') return { functionName, version };
  } catch {
    // Refused below.
  }
  throw markerError();
}

export function markerError(): Error {
  return invalidParameter('Invalid marker. Please use the NextMarker of an earlier answer.');
}
