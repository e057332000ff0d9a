import type { ResourceQuestion } from './resource-question.ts';

/** The repositories that a call of ECR is about, in the registry it names. */
export function repositoryResources({ operation, input, region, accountId }: ResourceQuestion): string[] {
  const { repositoryName: name, repositoryNames: names, registryId: registry, resourceArn: arn } = input;
  if (typeof arn === 'string') return [arn];
  const all = `arn:aws:ecr:${region}:${typeof registry === 'string' ? registry : accountId}:repository/`;
  if (typeof name === 'string') return [all + name];
  if (Array.isArray(names) && names.length > 0) return (names as string[]).map((each) => all + each);
  return [operation === 'DescribeRepositories' ? `${all}*` : '*'];
}
