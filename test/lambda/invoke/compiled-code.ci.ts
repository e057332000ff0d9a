import { testCompiledCode } from './compiled-code-suite.ts';

testCompiledCode('namespaces', { isolation: 'namespaces' }, ['nodejs24.x', 'python3.11']);
testCompiledCode('namespaces, started ahead', { isolation: 'namespaces', pooledEnvironments: 2 }, [
  'nodejs24.x',
  'python3.11',
]);
testCompiledCode('process', { isolation: 'process' }, ['nodejs24.x']);
