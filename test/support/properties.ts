import fc from 'fast-check';

/**
 * fast-check for tests of properties. Shrinking what fails can take many minutes, and Jest cannot interrupt it: it
 * ends after this with the smallest failure so far. A property that holds passes then, after fewer runs: a busy
 * machine is no failure.
 */
fc.configureGlobal({ interruptAfterTimeLimit: 20_000, markInterruptAsFailure: false });

export default fc;
