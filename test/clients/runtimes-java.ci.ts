import { testRuntime } from './runtimes-suite.ts';

testRuntime({
  name: 'java',
  handler: 'example.Echo',
  error: { errorType: 'java.lang.IllegalStateException', errorMessage: 'as asked' },
  exitAction: 'exit',
  initError: {
    handler: 'example.Nothing',
    errorType: 'java.lang.ClassNotFoundException',
    errorMessage: /^Class not found: example\.Nothing$/,
  },
});
