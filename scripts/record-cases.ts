// `npm run record`: writes what every payload in test/cases comes to beside it. Look at the difference before
// it is committed: a wrong answer that is recorded is a wrong answer.
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CASES, caseNames, payloadOf, record, rightOf } from '../test/payload/recorded-case.js';

const names = await caseNames();
let recorded = 0;
for (const name of names) {
  if (await rightOf(name)) continue; // decided by hand
  recorded++;
  const { references, answer } = record(await payloadOf(name));
  await writeFile(join(CASES, name, 'references.json'), references);
  const answerFile = join(CASES, name, 'answer.json');
  if (answer === undefined) await rm(answerFile, { force: true });
  else await writeFile(answerFile, answer);
}
console.log(`${recorded} cases recorded`);
