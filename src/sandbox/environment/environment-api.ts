/** The HTTP APIs of one environment, at one address: extensions and telemetry, and for runtimes that are not ours the runtime API. */
import type { EnvironmentListener, EnvironmentSpec } from '../../ports/environment.ts';
import { EnvironmentExtensions } from '../extensions/environment-extensions.ts';
import type { ApiPlace } from '../runtime-api/api-server.ts';
import { ConcurrentRuntimeApi } from '../runtime-api/concurrent-runtime-api.ts';
import { RuntimeApi } from '../runtime-api/runtime-api.ts';

export interface EnvironmentApi {
  readonly extensions: EnvironmentExtensions;
  /** Undefined for our own bootstraps, which have their channel. */
  readonly transport: RuntimeApi | ConcurrentRuntimeApi | undefined;
  /** `host:port` on the host. */
  readonly address: string;
  /** Idempotent. */
  close(): void;
}

/** `isFramed`: the runtime is one of our own bootstraps. `place` is where to listen, a free port of loopback by default. */
export async function openEnvironmentApi(
  spec: EnvironmentSpec,
  listener: EnvironmentListener,
  isFramed: boolean,
  place?: ApiPlace,
): Promise<EnvironmentApi> {
  const extensions = await EnvironmentExtensions.open(spec, listener);
  // The way leads from inside to outside alone; an address from in there is another one on the host.
  if (place?.listening !== undefined) extensions.sandboxUnreachable();
  const transport = isFramed ? undefined : await listen(spec, extensions, place);
  const address = transport?.address ?? (await extensions.listen(place));
  return {
    extensions,
    transport,
    address,
    close: () => {
      transport?.close();
      extensions.close();
    },
  };
}

function listen(
  { maxConcurrency }: EnvironmentSpec,
  { listener, handle }: EnvironmentExtensions,
  place: ApiPlace | undefined,
): Promise<RuntimeApi | ConcurrentRuntimeApi> {
  return maxConcurrency === undefined
    ? RuntimeApi.listen(listener, handle, place)
    : ConcurrentRuntimeApi.listen(listener, handle, maxConcurrency, place);
}
