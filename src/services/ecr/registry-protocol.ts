/**
 * The registry protocol under `/v2/`, as clients of container registries speak it. Source: OCI
 * distribution specification 1.1. Repositories must have been created, as with ECR.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { Endpoint } from '../../ports/service.ts';
import type { EcrContext } from './ecr-context.ts';
import { placeOf } from './ecr-context.ts';
import { repositoryNotFound } from './ecr-errors.ts';
import type { LayerUpload } from './layer-uploads.ts';
import { registryOfHost } from './registry-address.ts';
import {
  answerError,
  answerJson,
  answerNames,
  answerProgress,
  answerStored,
  denied,
  PREFIX,
  RegistryError,
  readAll,
} from './registry-answers.ts';
import { isDigest, sha256Of } from './registry-content.ts';
import type { TokenHolder } from './registry-tokens.ts';
import type { Registry, RepositoryRecord } from './repositories.ts';
import { letsIn } from './repository-policies.ts';

export interface RegistryProtocolOptions {
  /** Whether passwords of GetAuthorizationToken are demanded. */
  readonly authorization: boolean;
  /** The registry of requests whose host names none: `127.0.0.1:4566/name`. */
  readonly defaultRegistry: Registry;
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly method: string;
  readonly query: URLSearchParams;
  readonly registry: Registry;
  /** The caller, where that is of another account than the registry. */
  readonly stranger: TokenHolder | undefined;
}

export class RegistryProtocol {
  private readonly context: EcrContext;
  private readonly options: RegistryProtocolOptions;

  constructor(context: EcrContext, options: RegistryProtocolOptions) {
    this.context = context;
    this.options = options;
  }

  readonly endpoint: Endpoint = {
    pathPrefix: PREFIX,
    // API Gateway's own paths begin so too; its clients sign.
    serves: ({ headers, url = '' }) =>
      headers.authorization?.startsWith('AWS4-') !== true && !url.includes('X-Amz-Signature='),
    handle: async (request, response) => {
      response.setHeader('docker-distribution-api-version', 'registry/2.0');
      try {
        await this.serve(request, response);
      } catch (error) {
        answerError(response, error);
      }
    },
  };

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? PREFIX, 'http://registry');
    const { registry, stranger } = this.authorized(request);
    const exchange: Exchange = {
      request,
      response,
      method: request.method ?? '',
      query: url.searchParams,
      registry,
      stranger,
    };
    const path = url.pathname.slice(PREFIX.length);
    if (path === '') return answerJson(response, {});
    if (path === '_catalog') {
      if (stranger !== undefined) throw denied('ecr:DescribeRepositories');
      const names = this.context.repositories.list(registry).map(({ name }) => name);
      return answerNames(exchange, url.pathname, names, (repositories) => ({ repositories }));
    }
    const [, name, kind, rest = ''] =
      /^(.+)\/(blobs\/uploads|blobs|manifests|tags)(?:\/(.*))?$/.exec(path) ?? [];
    if (name === undefined)
      throw new RegistryError(404, 'UNSUPPORTED', `there is nothing at ${url.pathname}`);
    const repository = this.context.repositories.find(registry, name);
    const action = actionOf(kind ?? '', exchange.method);
    if (stranger !== undefined && (repository === undefined || !letsIn(repository, stranger, action)))
      throw denied(action);
    if (repository === undefined) throw repositoryNotFound({ ...registry, name });
    if (kind === 'tags' && rest === 'list')
      return answerNames(exchange, url.pathname, Object.keys(repository.imageTags), (tags) => ({
        name,
        tags,
      }));
    if (kind === 'manifests') return this.manifest(exchange, repository, decoded(rest));
    if (kind === 'blobs') return this.blob(exchange, repository, decoded(rest));
    if (kind === 'blobs/uploads') return this.upload(exchange, repository, rest);
    throw new RegistryError(404, 'UNSUPPORTED', `there is nothing at ${url.pathname}`);
  }

  /** The registry that is meant, with the caller where that is of another account; throws for one who is unknown. */
  private authorized(request: IncomingMessage): {
    readonly registry: Registry;
    readonly stranger?: TokenHolder;
  } {
    const named = registryOfHost(request.headers.host ?? '');
    const holder = this.context.tokens.holder(request.headers.authorization);
    const held = holder === 'this server' ? undefined : holder;
    const registry = named ?? held?.registry ?? this.options.defaultRegistry;
    if (!this.options.authorization || holder === 'this server') return { registry };
    if (held === undefined) throw new RegistryError(401, 'UNAUTHORIZED', 'Not Authorized');
    if (held.registry.region !== registry.region)
      throw new RegistryError(403, 'DENIED', 'Your authorization token is of another region.');
    return held.registry.accountId === registry.accountId ? { registry } : { registry, stranger: held };
  }

  private async manifest(exchange: Exchange, repository: RepositoryRecord, reference: string): Promise<void> {
    const { request, response, method, registry } = exchange;
    const { content } = this.context;
    if (method === 'PUT') {
      const body = await readAll(request);
      const mediaType = request.headers['content-type'];
      const digest = await content.putManifest(registry, repository.name, {
        content: body,
        mediaType,
        ...(reference.includes(':')
          ? { tag: undefined, digest: reference }
          : { tag: reference, digest: undefined }),
      });
      const location = `${PREFIX}${repository.name}/manifests/${digest}`;
      response.writeHead(201, { location, 'docker-content-digest': digest, 'content-length': 0 }).end();
      return;
    }
    if (method !== 'GET' && method !== 'HEAD')
      throw new RegistryError(405, 'UNSUPPORTED', 'Images are deleted by BatchDeleteImage.');
    const digest = content.digestOf(repository, reference);
    if (digest === undefined) throw new RegistryError(404, 'MANIFEST_UNKNOWN', 'Requested image not found');
    const body = await content.readManifest(digest);
    response.writeHead(200, {
      'content-type': repository.images[digest]!.mediaType,
      'content-length': body.length,
      'docker-content-digest': digest,
    });
    response.end(method === 'HEAD' ? undefined : body);
  }

  private async blob(
    { response, method }: Exchange,
    repository: RepositoryRecord,
    digest: string,
  ): Promise<void> {
    const size = sizeOf(repository, digest);
    if (size === undefined) throw new RegistryError(404, 'BLOB_UNKNOWN', 'blob unknown to registry');
    if (method !== 'GET' && method !== 'HEAD')
      throw new RegistryError(405, 'UNSUPPORTED', 'Layers go with the last image that has them.');
    response.writeHead(200, {
      'content-type': 'application/octet-stream',
      'content-length': size,
      'docker-content-digest': digest,
    });
    if (method === 'HEAD') response.end();
    else await pipeline(await this.context.content.blobs.open(sha256Of(digest)), response);
  }

  private async upload(exchange: Exchange, { name }: RepositoryRecord, id: string): Promise<void> {
    const { request, response, method, query, registry } = exchange;
    const { uploads } = this.context;
    const place = placeOf(registry, name);
    if (method === 'POST' && id === '') {
      if (await this.mounted(exchange, name)) return;
      const upload = uploads.begin(place);
      const digest = query.get('digest');
      if (digest !== null) return this.complete(exchange, name, upload, digest);
      return answerProgress(response, 202, name, upload);
    }
    const upload = uploads.find(id, place);
    if (upload === undefined)
      throw new RegistryError(404, 'BLOB_UPLOAD_UNKNOWN', 'blob upload unknown to registry');
    switch (method) {
      case 'PATCH':
        checkStart(request, upload);
        await this.receive(request, upload);
        return answerProgress(response, 202, name, upload);
      case 'PUT':
        return this.complete(exchange, name, upload, query.get('digest') ?? '');
      case 'GET':
        return answerProgress(response, 204, name, upload);
      case 'DELETE':
        await uploads.abort(upload);
        response.writeHead(204).end();
        return;
      default:
        throw new RegistryError(405, 'UNSUPPORTED', `${method} is not for uploads`);
    }
  }

  /** A layer of another repository of the registry need not be sent again by those who may read it there. */
  private async mounted({ response, query, registry, stranger }: Exchange, name: string): Promise<boolean> {
    const { repositories, content } = this.context;
    const digest = query.get('mount') ?? '';
    const source = repositories.find(registry, query.get('from') ?? '');
    const size = sizeOf(source, digest);
    if (source === undefined || size === undefined) return false;
    if (stranger !== undefined && !letsIn(source, stranger, actionOf('blobs', 'GET'))) return false;
    await content.addLayer(registry, name, digest, size);
    answerStored(response, name, digest);
    return true;
  }

  private async complete(
    exchange: Exchange,
    name: string,
    upload: LayerUpload,
    digest: string,
  ): Promise<void> {
    const { uploads, content } = this.context;
    await this.receive(exchange.request, upload);
    const { sha256, sizeBytes } = await uploads.finish(upload);
    const stored = `sha256:${sha256}`;
    if (!isDigest(digest) || digest !== stored) {
      await content.discard([stored]);
      throw new RegistryError(400, 'DIGEST_INVALID', `what was sent has the digest ${stored}`);
    }
    await content.addLayer(exchange.registry, name, digest, sizeBytes);
    answerStored(exchange.response, name, digest);
  }

  /** A piece that breaks off leaves an upload of which nobody knows where it stands. */
  private async receive(request: IncomingMessage, upload: LayerUpload): Promise<void> {
    try {
      for await (const chunk of request as AsyncIterable<Buffer>) await upload.append(chunk);
    } catch (error) {
      await this.context.uploads.abort(upload);
      throw error;
    }
  }
}

/** What a request is in the words of the API, which policies have. Source: ECR user guide, "Repository policy examples". */
function actionOf(kind: string, method: string): string {
  const isRead = method === 'GET' || method === 'HEAD';
  switch (kind) {
    case 'tags':
      return 'ecr:ListImages';
    case 'manifests':
      return isRead ? 'ecr:BatchGetImage' : 'ecr:PutImage';
    case 'blobs':
      return 'ecr:GetDownloadUrlForLayer';
    default:
      return method === 'POST' ? 'ecr:InitiateLayerUpload' : 'ecr:UploadLayerPart';
  }
}

/** Undefined where the repository has no such layer. */
function sizeOf(repository: RepositoryRecord | undefined, digest: string): number | undefined {
  return isDigest(digest) ? repository?.layers[digest] : undefined;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new RegistryError(400, 'UNSUPPORTED', `'${text}' is not encoded as a part of a URL is`);
  }
}

function checkStart({ headers }: IncomingMessage, upload: LayerUpload): void {
  const start = /^(\d+)-/.exec(headers['content-range'] ?? '')?.[1];
  if (start !== undefined && Number(start) !== upload.bytes)
    throw new RegistryError(416, 'BLOB_UPLOAD_INVALID', `the next byte is ${upload.bytes}`);
}
