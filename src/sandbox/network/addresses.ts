/**
 * Addresses of the environments' networks: link-local ones (RFC 3927), as AWS has inside its own environments, so that
 * they meet no network a function may want to reach. Each server on a host takes one block of 1,024 of them.
 */

/** AWS's port of the runtime API. */
export const RUNTIME_API_PORT = 9001;

/**
 * Port of the host on which runtime APIs listen, each on a loopback address of its own: below the ephemeral ports, and
 * given to nobody by IANA.
 */
export const RUNTIME_API_HOST_PORT = 24_901;

/** All of 169.254.0.0/16: instance metadata and container credentials of a cloud are there, and no function's business. */
export const LINK_LOCAL = '169.254.0.0/16';

/**
 * By this address, too, an environment reaches its own runtime API, for the credentials of functions with SnapStart:
 * beside loopback it is one of the two from which SDKs take credentials (boto3's `ContainerMetadataFetcher`).
 */
export const CREDENTIALS_ADDRESS = '169.254.170.2';

/** Addresses of a block: /22. */
export const BLOCK_SIZE = 1024;
export const BLOCK_PREFIX = 22;
const BLOCK_COUNT = 64;

/** Those with 169.254.0.x and 169.254.255.x (reserved), with the gateway, with metadata and credentials (169.254.169.254, 169.254.170.2). */
const RESERVED_BLOCKS: ReadonlySet<number> = new Set([0, 25, 42, 63]);

/** Numbers of the blocks that servers may take. */
export const BLOCKS: readonly number[] = Array.from({ length: BLOCK_COUNT }, (_, block) => block).filter(
  (block) => !RESERVED_BLOCKS.has(block),
);

/** An address of a block; the first, 1, is the bridge's. */
export function addressOf(block: number, index: number): string {
  return `169.254.${lastBytes(block, index)}`;
}

/** Where on loopback the runtime API of the environment with that address listens. */
export function runtimeApiHost(block: number, index: number): string {
  return `127.254.${lastBytes(block, index)}`;
}

function lastBytes(block: number, index: number): string {
  const number = block * BLOCK_SIZE + index;
  return `${number >> 8}.${number & 255}`;
}
