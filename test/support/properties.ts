import fc from 'fast-check';

/**
 * fast-check for tests of properties. Shrinking what fails can take many minutes, and Jest cannot interrupt it:
 * after a minute it ends with what it has. A property that holds passes then, too, after fewer runs: a busy
 * machine is no failure.
 */
fc.configureGlobal({ interruptAfterTimeLimit: 60_000, markInterruptAsFailure: false });

export default fc;
