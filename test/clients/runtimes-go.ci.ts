import { testRuntime } from './runtimes-suite.ts';

testRuntime({
  name: 'go',
  handler: 'bootstrap',
  error: { errorType: 'errorString', errorMessage: 'as asked' },
  panic: { errorType: 'string', errorMessage: /^as asked$/ },
  exitAction: 'exit',
});
