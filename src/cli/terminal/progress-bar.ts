/** A bar on standard error for work over a second; nothing at all where no person watches. */

import { formatDuration } from '../../core/duration.ts';
import type { CliContext } from '../cli-context.ts';

/** Work that takes less shows no bar, milliseconds. */
const QUIET_MS = 1_000;
/** Milliseconds between two pictures. */
const FRAME_MS = 100;
const BAR_CELLS = 24;
/** Cells of the piece that wanders while nobody knows how much is left. */
const WANDERER_CELLS = 6;

/** Called by the work with the part that is done, from 0 to 1, where it knows. */
export type ReportProgress = (fraction: number) => void;

export async function withProgress<T>(
  context: CliContext,
  label: string,
  work: (report: ReportProgress) => Promise<T>,
): Promise<T> {
  const { stderr } = context.process;
  if (stderr.isTTY !== true) return work(() => undefined);
  const begun = context.monotonic();
  let fraction: number | undefined;
  let drawn = false;
  const timer = setInterval(() => {
    const elapsed = context.monotonic() - begun;
    if (elapsed < QUIET_MS) return;
    drawn = true;
    stderr.write(`\r\u001b[K${fit(picture(label, fraction, elapsed), stderr.columns)}`);
  }, FRAME_MS);
  try {
    return await work((done) => {
      fraction = Math.min(1, Math.max(0, done));
    });
  } finally {
    clearInterval(timer);
    if (drawn) stderr.write('\r\u001b[K');
  }
}

function picture(label: string, fraction: number | undefined, elapsedMs: number): string {
  const time = formatDuration(elapsedMs);
  if (fraction !== undefined) {
    const full = Math.round(fraction * BAR_CELLS);
    return `${label} [${'#'.repeat(full)}${'.'.repeat(BAR_CELLS - full)}] ${Math.round(fraction * 100)} % ${time}`;
  }
  const start = Math.floor(elapsedMs / FRAME_MS) % (BAR_CELLS - WANDERER_CELLS);
  const after = BAR_CELLS - WANDERER_CELLS - start;
  return `${label} [${'.'.repeat(start)}${'#'.repeat(WANDERER_CELLS)}${'.'.repeat(after)}] ${time}`;
}

function fit(text: string, width: number | undefined): string {
  return width === undefined ? text : text.slice(0, Math.max(0, width - 1));
}
