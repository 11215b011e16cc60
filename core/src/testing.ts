// What tests of an extension need: `picosocks5/testing`.

export { type OutboundSuite, testOutbound } from './testing/outbounds.js';
export { type PolicySuite, testPolicy } from './testing/policies.js';
export { type ResolverSuite, testResolver } from './testing/resolvers.js';
export { type SinkSuite, testSink } from './testing/sinks.js';
export { type SourceSuite, testSource } from './testing/sources.js';
export { type StateSuite, testState } from './testing/states.js';
export type { SuiteContext, SuiteOptions } from './testing/suite.js';
export {
  type Connected,
  type ConnectOptions,
  startServer,
  TestServer,
} from './testing/testserver.js';
