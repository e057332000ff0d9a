/** Networks of environments, whoever makes them. */
import type { Server } from 'node:net';

export interface EnvironmentNetwork {
  /** Path for `nsenter --net`. */
  readonly namespace: string;
  /** Path for `nsenter --user`, where the network namespace belongs to a user namespace of its own. */
  readonly userNamespace?: string;
  /** Where this environment's runtime API has to listen on the host. */
  readonly runtimeApi: { readonly host: string; readonly port: number; readonly listening?: Server };
  /** How it is reached from inside: `host:port`. */
  readonly runtimeApiInside: string;
  /** A shell script that moves its interface into the network namespace, new and empty, at the path $1. */
  readonly moveScript: string;
  /** To be called when nothing runs in it any more; more often does no harm. */
  release(): void;
}

export interface Networks {
  /** `resolv.conf` as it must be inside. */
  readonly resolverConfiguration: string;
  /** Rejects with `PlatformError` when none can be made. */
  take(): Promise<EnvironmentNetwork>;
  /** The URL by which environments reach the server that is at `endpoint` on the host. */
  endpointInside(endpoint: string): Promise<string>;
  /** Removes everything; nothing may run in any of them any more. */
  close(): Promise<void>;
}
