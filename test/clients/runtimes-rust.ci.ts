import { testRuntime } from './runtimes-suite.ts';

testRuntime({
  name: 'rust',
  handler: 'bootstrap',
  error: {
    errorType: '&alloc::boxed::Box<dyn core::error::Error + core::marker::Send + core::marker::Sync>',
    errorMessage: 'as asked',
  },
  panic: {
    errorType: '&alloc::boxed::Box<dyn core::any::Any + core::marker::Send>',
    errorMessage: /^Lambda panicked: as asked$/,
  },
  exitAction: 'exit',
});
