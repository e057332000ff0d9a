import { testRuntime } from './runtimes-suite.ts';

testRuntime({
  name: 'python',
  handler: 'app.handler',
  error: { errorType: 'ValueError', errorMessage: 'as asked' },
  exitAction: 'exit',
  initError: {
    handler: 'nothing.handler',
    errorType: 'Runtime.ImportModuleError',
    errorMessage: /^Unable to import module 'nothing': No module named 'nothing'$/,
  },
});
