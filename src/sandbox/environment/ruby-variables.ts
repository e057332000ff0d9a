/** Where Ruby looks for gems and libraries. */
import type { RuntimeInstallation } from '../../ports/environment.ts';
import type { Layout } from './layout.ts';

/** Source: the variables of deployed functions of ruby3.2 to ruby3.4. */
export function rubyVariables(
  { runtime, version }: RuntimeInstallation,
  {
    taskRoot,
    optDirectory,
    runtimeDirectory,
  }: Pick<Layout, 'taskRoot' | 'optDirectory' | 'runtimeDirectory'>,
): Record<'GEM_PATH' | 'RUBYLIB', string> {
  const own = runtime.slice('ruby'.length);
  const running = version?.split('.').slice(0, 2).join('.') ?? own;
  // Gems lie in folders by Ruby's version. Where a nearest version stands in, those packaged for the other are found too.
  const gems = [...new Set([own, running])].flatMap((minor) => [
    `${taskRoot}/vendor/bundle/ruby/${minor}.0`,
    `${optDirectory}/ruby/gems/${minor}.0`,
    runtimeDirectory,
    `${runtimeDirectory}/ruby/${minor}.0`,
  ]);
  return {
    GEM_PATH: [...new Set(gems)].join(':'),
    RUBYLIB: [taskRoot, `${runtimeDirectory}/lib`, `${optDirectory}/ruby/lib`].join(':'),
  };
}
