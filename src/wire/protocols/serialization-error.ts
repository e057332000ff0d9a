import { AwsError } from '../../core/errors.ts';

/** What AWS answers to a body or a parameter of the wrong form. */
export function serializationError(message: string): AwsError {
  return new AwsError('SerializationException', message, {}, 400);
}
