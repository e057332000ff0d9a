import type { AwsError } from '../../core/errors.ts';
import type { Lifecycle } from './lifecycle-rules.ts';
import { checkedRules, shownRule } from './lifecycle-rules.ts';
import type { LifecycleWork } from './lifecycle-work.ts';
import type { S3Context, S3Operations } from './s3-context.ts';
import { bucketOf } from './s3-context.ts';
import { invalidRequest, notConfigured } from './s3-errors.ts';

type LifecycleOperations = Required<
  Pick<
    S3Operations,
    'PutBucketLifecycleConfiguration' | 'GetBucketLifecycleConfiguration' | 'DeleteBucketLifecycle'
  >
>;

const DEFAULT_MINIMUM = 'all_storage_classes_128K';

export function lifecycleOperations(s3: S3Context, work: LifecycleWork): LifecycleOperations {
  const { buckets, ids } = s3;
  return {
    async PutBucketLifecycleConfiguration(input) {
      const { name } = bucketOf(s3, input);
      const transitionMinimum = minimumOf(input.TransitionDefaultMinimumObjectSize);
      const rules = checkedRules(input.LifecycleConfiguration?.Rules, () => ids.uuid());
      const lifecycle: Lifecycle = { rules, transitionMinimum };
      await buckets.change(name, () => ({ ...buckets.get(name), lifecycle }));
      work.begin();
      return { TransitionDefaultMinimumObjectSize: transitionMinimum };
    },

    async GetBucketLifecycleConfiguration(input) {
      const { name, lifecycle } = bucketOf(s3, input);
      if (lifecycle === undefined) throw noLifecycle(name);
      return {
        Rules: lifecycle.rules.map(shownRule),
        TransitionDefaultMinimumObjectSize: lifecycle.transitionMinimum,
      };
    },

    async DeleteBucketLifecycle(input) {
      const { name } = bucketOf(s3, input);
      await buckets.change(name, () => {
        const { lifecycle: _lifecycle, ...others } = buckets.get(name);
        return others;
      });
      return {};
    },
  };
}

function minimumOf(given: string | undefined): Lifecycle['transitionMinimum'] {
  if (given === undefined || given === DEFAULT_MINIMUM) return DEFAULT_MINIMUM;
  if (given === 'varies_by_storage_class') return given;
  throw invalidRequest(`Invalid TransitionDefaultMinimumObjectSize found: ${given}`);
}

function noLifecycle(name: string): AwsError {
  return notConfigured('NoSuchLifecycleConfiguration', 'The lifecycle configuration does not exist', name);
}
