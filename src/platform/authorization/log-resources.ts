/** The log groups that calls of CloudWatch Logs are about. */
import { parseArn } from '../../core/arn.ts';
import type { ResourceQuestion } from './resource-question.ts';

/** Without a stream, AWS names an empty one: policies with `log-group:name:*` match it. So quoted from its refusals. */
export function logGroupResources({ input, region, accountId }: ResourceQuestion): string[] {
  // Tags are those of the group as such.
  const tagged = input['resourceArn'];
  if (typeof tagged === 'string' && tagged.startsWith('arn:')) return [tagged];
  const stream = input['logStreamName'];
  const whole = (group: string): string => `${group}:log-stream:${typeof stream === 'string' ? stream : ''}`;
  const identified = (identifier: string): string =>
    parseArn(identifier) === undefined ? named(identifier) : whole(identifier.replace(/:\*$/, ''));
  const named = (name: string): string => whole(`arn:aws:logs:${region}:${accountId}:log-group:${name}`);
  const several = input['logGroupIdentifiers'];
  if (Array.isArray(several) && several.length > 0) return (several as string[]).map(identified);
  const name = input['logGroupName'] ?? input['logGroupIdentifier'] ?? tagged ?? input['logGroupNamePrefix'];
  return [identified(typeof name === 'string' ? name : '')];
}
