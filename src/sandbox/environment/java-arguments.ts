/** How Lambda starts Java: the flags for memory and compilers, and AWS's client. */
import { join } from 'node:path';

const KIB_PER_MIB = 1_024;

/**
 * Of a function's memory, the parts that are not heap: class data and compiled code, with their upper bounds in KiB.
 * Source: command lines of AWS's Java runtimes at 1,536 and 3,008 MB, as aws-sam-cli and others have noted them.
 */
const METASPACE_SHARE = 0.1;
const METASPACE_MAX_KIB = 163_840;
const CODE_CACHE_SHARE = 0.05;
const CODE_CACHE_MAX_KIB = 81_920;

/** From here on Lambda stops at the first compiler. Source: Lambda developer guide, "Customize Java runtime startup behavior". */
const FIRST_MAJOR_WITH_C1_ONLY = 17;

const MAIN_CLASS = 'com.amazonaws.services.lambda.runtime.api.client.AWSLambda';
/** Where the client finds its native library, instead of unpacking it into `/tmp`. */
const LIBRARY_PROPERTY = 'com.amazonaws.services.lambda.runtime.api.client.runtimeapi.NativeClient.JNI';

export interface JavaStart {
  /** AWS's identifier, for example `java21`. */
  readonly runtime: string;
  readonly memoryMb: number;
  readonly runtimeDirectory: string;
  readonly handler: string;
}

/** The client itself adds the package, its `lib/*.jar` and `/opt/java/lib/*.jar` to its class path. */
export function javaArguments({ runtime, memoryMb, runtimeDirectory, handler }: JavaStart): string[] {
  const memoryKib = memoryMb * KIB_PER_MIB;
  const metaspace = Math.min(Math.floor(memoryKib * METASPACE_SHARE), METASPACE_MAX_KIB);
  const codeCache = Math.min(Math.floor(memoryKib * CODE_CACHE_SHARE), CODE_CACHE_MAX_KIB);
  const major = Number(/^java(\d+)/.exec(runtime)?.[1]);
  return [
    `-XX:MaxHeapSize=${memoryKib - metaspace - codeCache}k`,
    '-XX:+UseSerialGC',
    '-Xshare:auto',
    ...(major >= FIRST_MAJOR_WITH_C1_ONLY ? ['-XX:+TieredCompilation', '-XX:TieredStopAtLevel=1'] : []),
    `-D${LIBRARY_PROPERTY}=${join(runtimeDirectory, 'lib', 'libaws-lambda-jni.so')}`,
    '-cp',
    join(runtimeDirectory, 'lib', '*'),
    MAIN_CLASS,
    handler,
  ];
}
