import { createHash } from 'node:crypto';

/**
 * The ARN of a runtime version: `arn:aws:lambda:<region>::runtime:<64 hexadecimal digits>`. AWS
 * publishes no list of them; here the digits are the hash of the runtime's name, stable everywhere.
 */
export function runtimeVersionArn(region: string, runtime: string): string {
  return `arn:aws:lambda:${region}::runtime:${createHash('sha256').update(runtime).digest('hex')}`;
}
