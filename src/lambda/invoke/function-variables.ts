import type { FunctionRecord } from '../records/function-record.ts';
import { isManaged, maxConcurrencyOf } from '../records/managed-record.ts';
import type { InitializationType } from './platform-records.ts';

/** Temporary credentials of the execution role as the function sees them. */
export interface RoleCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  /** Real time, epoch milliseconds. */
  readonly expiresMs: number;
}

/** Loopback address on which the X-Ray daemon's protocol is expected; AWS uses 169.254.x.y. */
const XRAY_DAEMON_HOST = '127.0.0.1';
const XRAY_DAEMON_PORT = '2000';

/**
 * The variables AWS documents and was seen to set, except those that depend on where the sandbox
 * puts things. The function's own come first: reserved names were refused when they were stored.
 */
export function functionVariables(
  record: FunctionRecord,
  logStream: string,
  credentials: RoleCredentials,
  initializationType: InitializationType = 'on-demand',
): Record<string, string> {
  const managed = record.runtime !== undefined && !record.runtime.startsWith('provided');
  return {
    ...record.environment,
    ...(initializationType === 'snap-start' ? {} : ofOneEnvironment(record, logStream, credentials)),
    AWS_REGION: record.region,
    AWS_DEFAULT_REGION: record.region,
    AWS_LAMBDA_FUNCTION_NAME: record.functionName,
    AWS_LAMBDA_FUNCTION_VERSION: record.version,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(record.memoryMb),
    AWS_LAMBDA_INITIALIZATION_TYPE: initializationType,
    ...(isManaged(record) ? { AWS_LAMBDA_MAX_CONCURRENCY: String(maxConcurrencyOf(record)) } : {}),
    ...(managed ? { AWS_EXECUTION_ENV: `AWS_Lambda_${record.runtime}` } : {}),
    ...(record.logging.format === 'JSON'
      ? {
          AWS_LAMBDA_LOG_FORMAT: 'JSON',
          AWS_LAMBDA_LOG_LEVEL: record.logging.applicationLogLevel ?? 'INFO',
        }
      : {}),
    AWS_XRAY_CONTEXT_MISSING: 'LOG_ERROR',
    AWS_XRAY_DAEMON_ADDRESS: `${XRAY_DAEMON_HOST}:${XRAY_DAEMON_PORT}`,
    _AWS_XRAY_DAEMON_ADDRESS: XRAY_DAEMON_HOST,
    _AWS_XRAY_DAEMON_PORT: XRAY_DAEMON_PORT,
    LANG: record.environment?.['LANG'] ?? 'en_US.UTF-8',
    TZ: record.environment?.['TZ'] ?? ':UTC',
    _HANDLER: record.handler ?? '',
  };
}

/** Not for environments that are copies of one; credentials are fetched there. Source: "Monitoring for Lambda SnapStart". */
function ofOneEnvironment(
  record: FunctionRecord,
  logStream: string,
  credentials: RoleCredentials,
): Record<string, string> {
  return {
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_SESSION_TOKEN: credentials.sessionToken,
    AWS_LAMBDA_LOG_GROUP_NAME: record.logging.logGroup,
    AWS_LAMBDA_LOG_STREAM_NAME: logStream,
  };
}
