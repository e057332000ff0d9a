import pino from 'pino';
import type { Log } from '../ports/log.ts';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** JSON lines on standard error, so that standard output stays the command's own. */
export function createServerLog(level: LogLevel): Log {
  return pino({ level, base: null }, pino.destination({ fd: 2, sync: false }));
}
