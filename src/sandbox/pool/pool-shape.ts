/** What must be the same for an environment that was started ahead to become a function's own. */
import type { EnvironmentSpec, ExpectedEnvironment, RuntimeInstallation } from '../../ports/environment.ts';

export interface PoolShape {
  readonly installation: RuntimeInstallation;
  readonly memoryMb: number;
  readonly ephemeralStorageMb: number;
  readonly endpoint: string;
  /** LANG and TZ: interpreters and the C library read them when they start. */
  readonly locale: Readonly<Record<string, string>>;
}

/** Variables that change how an interpreter starts, so that one that has started is of no use. */
const READ_AT_START = /^(NODE_|PYTHON|LD_|DYLD_|MALLOC_|GLIBC_|LC_|UV_|OPENSSL_|SSL_CERT_|V8_)/;
const READ_AT_START_NAMES: ReadonlySet<string> = new Set([
  'PATH',
  'HOME',
  'TMPDIR',
  'AWS_LAMBDA_EXEC_WRAPPER',
  'AWS_LAMBDA_MAX_CONCURRENCY',
]);
const LOCALE = ['LANG', 'TZ'] as const;

/** The shape of the environment a function needs; undefined where only a start of its own will do. */
export function shapeOf(
  spec: ExpectedEnvironment & Pick<EnvironmentSpec, 'installation'>,
): PoolShape | undefined {
  const { installation, memoryMb, ephemeralStorageMb, endpoint, variables, layersDirectory } = spec;
  if (installation.family !== 'nodejs' && installation.family !== 'python') return undefined;
  if (layersDirectory !== undefined || spec.image !== undefined) return undefined;
  for (const name of Object.keys(variables))
    if (READ_AT_START.test(name) || READ_AT_START_NAMES.has(name)) return undefined;
  const locale = Object.fromEntries(
    LOCALE.flatMap((name) => (variables[name] === undefined ? [] : [[name, variables[name]]])),
  );
  return { installation, memoryMb, ephemeralStorageMb, endpoint, locale };
}

export function shapeKey(shape: PoolShape): string {
  const { installation, memoryMb, ephemeralStorageMb, endpoint, locale } = shape;
  const { runtime, interpreter } = installation;
  return JSON.stringify([runtime, interpreter, memoryMb, ephemeralStorageMb, endpoint, locale]);
}
