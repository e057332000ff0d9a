/** Parts of a table that are scanned beside one another. */
import type { ScanCommandInput } from '@aws-sdk/client-dynamodb';
import { validationError } from './engine/item-checks.ts';
import { PLACE_BYTES } from './engine/key-bytes.ts';
import type { SortRange } from './sort-range.ts';

type Segments = Pick<ScanCommandInput, 'Segment' | 'TotalSegments'>;

const PLACES = 2 ** (8 * PLACE_BYTES);

export function checkSegments({ Segment: segment, TotalSegments: total }: Segments): void {
  if (segment !== undefined && total === undefined) {
    throw validationError(
      'The TotalSegments parameter is required but was not present in the request when Segment parameter is present',
    );
  }
  if (total === undefined) return;
  if (segment === undefined) {
    throw validationError(
      'The Segment parameter is required but was not present in the request when parameter TotalSegments is present',
    );
  }
  if (segment >= total) {
    throw validationError(
      `The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: ${segment} is not less than TotalSegments: ${total}`,
    );
  }
}

/** A part of all places of partitions, which are spread evenly. */
export function segmentOf({ Segment: segment, TotalSegments: total }: Segments): SortRange {
  if (segment === undefined || total === undefined) return {};
  const place = (part: number): Uint8Array => {
    const bytes = Buffer.alloc(PLACE_BYTES);
    bytes.writeUInt32BE(Math.floor((PLACES * part) / total));
    return bytes;
  };
  return {
    low: { value: place(segment), isInclusive: true },
    high: segment + 1 === total ? undefined : { value: place(segment + 1), isInclusive: false },
  };
}
