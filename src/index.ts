/**
 * selfsame as a library:
 *
 *     import { start } from 'selfsame';
 *     await using platform = await start({ port: 0, dataDir: 'temporary' });
 *     // point any AWS client at platform.origin
 */

export { PlatformError } from './core/errors.ts';
export type { Fault, FaultRule, FaultSettings } from './lambda/invoke/faults.ts';
export type { StartOptions } from './platform/options.ts';
export type { Platform, PlatformFacts } from './platform/start.ts';
export { start } from './platform/start.ts';
