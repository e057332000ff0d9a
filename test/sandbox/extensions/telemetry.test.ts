import { testTelemetry } from './telemetry-suite.ts';

testTelemetry('process');
