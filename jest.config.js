/**
 * ESM and TypeScript under Jest: see CONTRIBUTING.md, "Tests". package.json turns two warnings off: of VM modules, which
 * Jest needs, and JEST-01, of what libraries look at once more when the globals of a test file are gone.
 */
export default {
  testEnvironment: 'node',
  globalSetup: '<rootDir>/test/support/global-setup.mjs',
  roots: ['<rootDir>/test'],
  // No test is about its own speed. One operation on the storage that is too slow puts a job or a delivery off for
  // 30 s, from which the app recovers by itself: a test has to live through several of these.
  testTimeout: 180_000,
  // Many files start processes of their own: two files at a time keep two cores busy, which are all that CI has.
  maxWorkers: 2,
  // Under Node 20 each AsyncLocalStorage that a file leaves behind is asked at every promise from then on: a worker that
  // had run a hundred files was ten times slower. One that has grown is replaced.
  workerIdleMemoryLimit: '250MB',
  testMatch: ['**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: {
    // Sources import "./x.js", as Node's ESM wants it; on disk it is "./x.ts".
    '^(\\.{1,2}/.*)\\.js$': '$1',
    // What the Functions worker provides by patching require; see local/host/core.ts.
    '^@azure/functions-core$': '<rootDir>/test/support/functions-core.cjs',
  },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'es6' } },
    ],
  },
};
