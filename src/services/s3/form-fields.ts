import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import type { BusboyInstance } from '@fastify/busboy';
import { AwsError } from '../../core/errors.ts';

/** Source: user guide, "Creating an HTML form using AWS signature version 4": all fields but the file. */
const MAX_FIELDS_BYTES = 20 * 1024;

export interface Form {
  /** By name in lower case; of several with one name the last. Those behind the file do not count. */
  readonly fields: ReadonlyMap<string, string>;
  readonly fileName: string;
  readonly file: Readable;
}

/** Resolves when the file begins. Throws what AWS answers for forms that cannot be read or have none. */
export async function readForm(request: IncomingMessage): Promise<Form> {
  // Loaded with the first form.
  const { Busboy } = await import('@fastify/busboy');
  return new Promise((resolve, reject) => {
    const fields = new Map<string, string>();
    let bytes = 0;
    let parser: BusboyInstance;
    try {
      const headers = { ...request.headers, 'content-type': request.headers['content-type'] ?? '' };
      parser = new Busboy({
        headers,
        limits: { fieldSize: MAX_FIELDS_BYTES, files: 1 },
        isPartAFile: (name) => name?.toLowerCase() === 'file',
      });
    } catch {
      reject(malformedForm());
      return;
    }
    const fail = (error: Error): void => {
      request.unpipe(parser);
      request.resume();
      reject(error);
    };
    parser.on('field', (name, value) => {
      bytes += name.length + Buffer.byteLength(value);
      fields.set(name.toLowerCase(), value);
      if (bytes > MAX_FIELDS_BYTES) fail(fieldsTooLarge());
    });
    parser.on('file', (_name, file, fileName) => resolve({ fields, file, fileName: fileName ?? '' }));
    parser.once('finish', () => reject(fileMissing()));
    parser.once('error', () => fail(malformedForm()));
    // A body that ends early ends the file in an error too.
    request.once('aborted', () => parser.destroy(malformedForm()));
    request.pipe(parser);
  });
}

function malformedForm(): AwsError {
  return new AwsError(
    'MalformedPOSTRequest',
    'The body of your POST request is not well-formed multipart/form-data.',
    {},
    400,
  );
}

function fieldsTooLarge(): AwsError {
  return new AwsError(
    'MaxPostPreDataLengthExceeded',
    'Your POST request fields preceding the upload file were too large.',
    {},
    400,
  );
}

function fileMissing(): AwsError {
  return new AwsError(
    'InvalidArgument',
    'POST requires exactly one file upload per request.',
    { ArgumentName: 'file', ArgumentValue: 0 },
    400,
  );
}
