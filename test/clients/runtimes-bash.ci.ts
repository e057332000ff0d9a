import { testRuntime } from './runtimes-suite.ts';

testRuntime({
  name: 'bash',
  handler: 'echo',
  error: { errorType: 'Example.Failed', errorMessage: 'as asked' },
  exitAction: 'crash',
  initError: {
    handler: 'init.error',
    errorType: 'Runtime.NoSuchHandler',
    errorMessage: /^there is no handler init\.error$/,
  },
});
