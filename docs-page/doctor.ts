/** The second tab: the doctor's report as a list, each fix with a button to copy it. */
import { ask, Refusal, reasonOf } from './client.js';
import { byId, copyButton, make, say } from './dom.js';

interface Check {
  readonly name: string;
  readonly status: string;
  readonly found: string;
  readonly fix?: string;
}

interface Report {
  readonly version: string;
  /** The verdict, in a sentence. */
  readonly summary: string;
  readonly checks: readonly Check[];
}

const WORDS: Readonly<Record<string, string>> = { ok: 'OK', warn: 'Warning', fail: 'Failed' };

const status = byId('doctor-status');
const list = byId('checks');

/** Makes the tab work. */
export function startDoctor(): void {
  byId<HTMLFormElement>('doctor-form').addEventListener('submit', (event) => {
    event.preventDefault();
    void examine().catch((error) => {
      say(status, error instanceof Refusal ? error.message : 'The answer could not be read.', true);
    });
  });
}

async function examine(): Promise<void> {
  const probe = byId<HTMLInputElement>('probe').value.trim();
  list.hidden = true;
  say(status, 'Looking at settings, identity, storage and destinations …');
  const answer = await ask(probe === '' ? 'doctor' : `doctor?${new URLSearchParams({ probe })}`);
  if (!answer.ok) return say(status, await reasonOf(answer), true);
  const { checks, version, summary } = (await answer.json()) as Report;
  const failed = checks.filter((check) => check.status === 'fail').length;
  const warned = checks.filter((check) => check.status === 'warn').length;
  say(status, `${summary} (version ${version}; ${failed} failed, ${warned} warnings)`, failed > 0);
  list.replaceChildren(...checks.map(drawCheck));
  list.hidden = false;
}

function drawCheck({ name, status: grade, found, fix }: Check): HTMLElement {
  return make(
    'li',
    { class: Object.hasOwn(WORDS, grade) ? grade : 'warn' },
    make('span', { class: 'grade' }, WORDS[grade] ?? grade),
    make('strong', {}, name),
    make('p', {}, found),
    fix !== undefined &&
      make(
        'div',
        { class: 'fix' },
        make('pre', { tabindex: '0' }, make('code', {}, fix)),
        copyButton('Copy', () => fix),
      ),
  );
}
