/**
 * Bounds the part of the heap that new objects are put in. V8 lets it grow to twice 54 MB as long as a server is busy,
 * and what is dead in it keeps the memory of its buffers as well; its size is a flag of the command line, which a
 * running process cannot set for itself. By which factor it grows is read at each garbage collection, however.
 */
import { PerformanceObserver } from 'node:perf_hooks';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/** Both halves of new space, bytes: beyond this it does not grow. Collections are rarer than one in 50 ms with it. */
export const MAX_NEW_SPACE_BYTES = 32 * 1024 * 1024;

/** Of a half in each thread that is started later, MB: the factor is one for all, and theirs may not grow any more. */
const THREAD_HALF = '--min-semi-space-size=4';

/** V8's default, and none. */
const GROWING = '--semi-space-growth-factor=2';
const CONSTANT = '--semi-space-growth-factor=1';

/**
 * Of the whole process, from now on. New space does not grow before the loop turns: what is loaded meanwhile lives as
 * long as the process, and an idle server would keep what new space has grown to for it.
 */
export function boundNewSpace(maxBytes: number = MAX_NEW_SPACE_BYTES): void {
  let flag = CONSTANT;
  setFlagsFromString(flag);
  setFlagsFromString(THREAD_HALF);
  const observer = new PerformanceObserver(() => {
    // Idle, it shrinks by itself, and may grow again.
    const wanted = newSpaceBytes() >= maxBytes ? CONSTANT : GROWING;
    if (wanted === flag) return;
    flag = wanted;
    setFlagsFromString(wanted);
  });
  observer.observe({ entryTypes: ['gc'] });
}

/** Bytes of memory that new space has now. */
export function newSpaceBytes(): number {
  return getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')?.space_size ?? 0;
}
