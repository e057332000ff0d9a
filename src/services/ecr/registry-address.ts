/** The host names of registries: `ACCOUNT.dkr.ecr.REGION.localhost:PORT` here, `…amazonaws.com` at AWS. */
import type { Registry } from './repositories.ts';

const REGISTRY_HOST = /^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.(localhost|amazonaws\.com)(:\d+)?$/;

/** The registry that a host name names; undefined for other names. */
export function registryOfHost(host: string): Registry | undefined {
  const [, accountId, region] = REGISTRY_HOST.exec(host.toLowerCase()) ?? [];
  return accountId === undefined || region === undefined ? undefined : { accountId, region };
}

const REPOSITORY_ARN = /^arn:aws:ecr:([a-z0-9-]+):(\d{12}):repository\/(.+)$/;

/** Undefined for the ARN of anything else. */
export function parseRepositoryArn(arn: string): { registry: Registry; name: string } | undefined {
  const [, region, accountId, name] = REPOSITORY_ARN.exec(arn) ?? [];
  return region === undefined || accountId === undefined || name === undefined
    ? undefined
    : { registry: { accountId, region }, name };
}

/** `origin` is the server's as the client addressed it; every port of it serves every registry. */
export function registryHost({ accountId, region }: Registry, origin: string): string {
  const { port } = new URL(origin);
  return `${accountId}.dkr.ecr.${region}.localhost${port === '' ? '' : `:${port}`}`;
}
