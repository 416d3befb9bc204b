import fc from 'fast-check';

/**
 * fast-check for tests of properties. Shrinking what fails can take many minutes, and Jest cannot interrupt it:
 * after a minute, several times what any property takes, it ends with what it has.
 */
fc.configureGlobal({ interruptAfterTimeLimit: 60_000, markInterruptAsFailure: true });

export default fc;
