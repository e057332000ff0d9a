/** Elastic Container Registry: repositories in the state store, their content in a blob store of its own. */
import type { Clock } from '../../core/clock.ts';
import type { Ids } from '../../core/ids.ts';
import type { BlobStore } from '../../ports/blob-store.ts';
import type { Service } from '../../ports/service.ts';
import type { StateStore } from '../../ports/state-store.ts';
import type { EcrContext, EcrOperations } from './ecr-context.ts';
import { imageOperations } from './image-operations.ts';
import { LayerLinks } from './layer-links.ts';
import { layerBodyLimits, layerOperations } from './layer-operations.ts';
import { LayerUploads } from './layer-uploads.ts';
import { parseRepositoryArn, registryOfHost } from './registry-address.ts';
import { RegistryContent } from './registry-content.ts';
import type { RegistryProtocolOptions } from './registry-protocol.ts';
import { RegistryProtocol } from './registry-protocol.ts';
import { RegistryTokens, TOKEN_USER } from './registry-tokens.ts';
import { Repositories } from './repositories.ts';
import { repositoryOperations } from './repository-operations.ts';
import { repositoryPolicy, repositoryPolicyOperations } from './repository-policies.ts';

export interface EcrDependencies extends RegistryProtocolOptions {
  readonly state: StateStore;
  /** Holds nothing but what registries hold. */
  readonly blobs: BlobStore;
  readonly clock: Clock;
  readonly ids: Ids;
}

export interface Ecr {
  readonly service: Service;
  /** Whether a host name is that of a registry of this server. */
  isRegistry(host: string): boolean;
  /** With which this server reads from every registry of its own. */
  readonly ownCredentials: { readonly username: string; readonly password: string };
  /** Gives up what is being sent, and removes it; the stores stay open. */
  close(): Promise<void>;
}

export async function openEcr(dependencies: EcrDependencies): Promise<Ecr> {
  const { state, blobs, clock, ids } = dependencies;
  const repositories = await Repositories.open(state);
  const content = new RegistryContent(repositories, blobs, clock);
  await content.collect();
  const uploads = new LayerUploads(blobs, clock, ids);
  const tokens = new RegistryTokens(clock, ids);
  const context: EcrContext = { repositories, content, uploads, tokens, clock, ids };
  const links = new LayerLinks(blobs, clock, ids);
  const operations: EcrOperations = {
    ...repositoryOperations(context),
    ...repositoryPolicyOperations(context),
    ...imageOperations(context),
    ...layerOperations(context, links),
  };
  const protocol = new RegistryProtocol(context, dependencies);
  return {
    service: {
      name: 'ecr',
      operations: operations as Service['operations'],
      endpoints: [protocol.endpoint, links.endpoint],
      bodyLimits: layerBodyLimits,
      resourcePolicy: async (arn) => {
        const named = parseRepositoryArn(arn);
        const record = named && repositories.find(named.registry, named.name);
        return record && repositoryPolicy(record);
      },
    },
    isRegistry: (host) => registryOfHost(host) !== undefined,
    ownCredentials: { username: TOKEN_USER, password: tokens.ownPassword },
    close: () => uploads.close(),
  };
}
