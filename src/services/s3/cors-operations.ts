import type { Operation, RequestContext } from '../../ports/service.ts';
import type { Buckets } from './buckets.ts';
import { checkedRules, corsHeaders } from './cors-rules.ts';
import { headerOf } from './request-header.ts';
import type { S3Context, S3Operations } from './s3-context.ts';
import { bucketOf } from './s3-context.ts';
import { notConfigured } from './s3-errors.ts';

export function corsOperations(
  s3: S3Context,
): Required<Pick<S3Operations, 'PutBucketCors' | 'GetBucketCors' | 'DeleteBucketCors'>> {
  const { buckets } = s3;
  return {
    async PutBucketCors(input) {
      const { name } = bucketOf(s3, input);
      const cors = checkedRules(input.CORSConfiguration?.CORSRules);
      await buckets.change(name, () => ({ ...buckets.get(name), cors }));
      return {};
    },

    async GetBucketCors(input) {
      const { name, cors } = bucketOf(s3, input);
      if (cors === undefined)
        throw notConfigured('NoSuchCORSConfiguration', 'The CORS configuration does not exist', name);
      return { CORSRules: [...cors] };
    },

    async DeleteBucketCors(input) {
      const { name } = bucketOf(s3, input);
      await buckets.change(name, () => {
        const { cors: _cors, ...others } = buckets.get(name);
        return others;
      });
      return {};
    },
  };
}

type AnyOperation = Operation<never, unknown>;

/** The operations, with the header fields that a page from elsewhere needs, whatever is answered. */
export function withCors<Operations extends object>(buckets: Buckets, operations: Operations): Operations {
  const wrapped = Object.entries(operations as Record<string, AnyOperation>).map(([name, operation]) => {
    const answer: AnyOperation = (input, caller) => {
      const { Bucket } = input as { readonly Bucket?: string };
      if (caller.headers.origin !== undefined) addHeaders(buckets, Bucket, name, caller);
      return operation(input, caller);
    };
    return [name, answer];
  });
  return Object.fromEntries(wrapped) as Operations;
}

function addHeaders(buckets: Buckets, bucket: string | undefined, operation: string, caller: RequestContext) {
  const cors = buckets.find(bucket ?? '')?.cors;
  const origin = headerOf(caller, 'origin');
  if (cors === undefined || origin === undefined) return;
  const granted = corsHeaders(cors, { origin, method: methodOf(operation), headers: [] });
  Object.assign(caller.answerHeaders, granted ?? {});
}

/** The HTTP method of an operation, as its name begins. */
function methodOf(operation: string): string {
  if (/^(Get|List)/.test(operation)) return 'GET';
  if (operation.startsWith('Head')) return 'HEAD';
  if (operation === 'DeleteObjects' || /^(CreateMultipart|Complete)/.test(operation)) return 'POST';
  return /^(Delete|Abort)/.test(operation) ? 'DELETE' : 'PUT';
}
