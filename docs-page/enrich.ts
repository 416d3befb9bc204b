/** The first tab: paste an alert, get a table of its addresses. */
import { ask, Refusal, reasonOf } from './client.js';
import { byId, copyButton, make, say } from './dom.js';
import { bodyOf } from './input.js';
import {
  asCsv,
  asMarkdown,
  type Enrichment,
  quotaOf,
  summaryOf,
  type Table,
  tableOf,
  troublesOf,
} from './table.js';

/** Rows that are drawn; a browser needs seconds for ten thousand. Copies hold all of them. */
const MOST_ROWS = 500;
/** Ids that are named for one reason. */
const MOST_IDS = 5;

const form = byId<HTMLFormElement>('enrich-form');
const payload = byId<HTMLTextAreaElement>('payload');
const onlyPublic = byId<HTMLInputElement>('only-public');
const withStats = byId<HTMLInputElement>('with-stats');
const stopButton = byId<HTMLButtonElement>('stop');
const status = byId('enrich-status');
const progress = byId<HTMLProgressElement>('progress');
const result = byId('result');

let running: AbortController | undefined;
let shown: { readonly text: string; readonly enrichment: Enrichment } | undefined;

/** Makes the tab work. */
export function startEnrich(): void {
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void lookUp();
  });
  stopButton.addEventListener('click', () => running?.abort());
  onlyPublic.addEventListener('change', () => shown && draw(shown.text, shown.enrichment));
  payload.addEventListener('dragover', (event) => event.preventDefault());
  payload.addEventListener('drop', async (event) => {
    const [file] = event.dataTransfer?.files ?? [];
    if (!file) return;
    event.preventDefault();
    payload.value = await file.text();
  });
}

async function lookUp(): Promise<void> {
  const body = bodyOf(payload.value);
  if (body === undefined) {
    say(status, 'Paste an alert or an alert id first.', true);
    payload.focus();
    return;
  }
  running?.abort();
  const mine = new AbortController();
  running = mine;
  clear();
  say(status, 'Looking up …');
  stopButton.hidden = false;
  try {
    const query = new URLSearchParams({ mode: 'auto', stats: String(withStats.checked) });
    const answer = await ask(`enrichAlert?${query}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body,
      signal: mine.signal,
    });
    await showAnswer(await follow(answer, mine.signal));
  } catch (error) {
    if (running !== mine) return; // another one has begun
    const reason = error instanceof Refusal ? error.message : undefined;
    say(status, mine.signal.aborted ? 'Stopped.' : (reason ?? 'The answer could not be read.'), true);
  } finally {
    if (running === mine) {
      stopButton.hidden = true;
      progress.hidden = true;
    }
  }
}

/** Waits for the end of a job, if the answer is a 202, and shows how far it is. */
async function follow(first: Response, signal: AbortSignal): Promise<Response> {
  let answer = first;
  let at = '';
  while (answer.status === 202) {
    at = pathOf(answer.headers.get('location')) ?? at;
    if (at === '') return answer;
    const { enrichment } = await answer.json();
    const seconds = Number(answer.headers.get('retry-after') ?? 5) || 5;
    progress.hidden = false;
    progress.max = enrichment.total;
    progress.value = enrichment.done;
    say(status, `${enrichment.done} of ${enrichment.total} alerts are done. Next look in ${seconds} s.`);
    await pause(seconds * 1000, signal);
    answer = await ask(at, { signal });
  }
  return answer;
}

/** The path of a job's address below our routes: behind a gateway its host may be another. */
function pathOf(location: string | null): string | undefined {
  return location ? /enrichments\/[^/]*$/.exec(location)?.[0] : undefined;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}

async function showAnswer(answer: Response): Promise<void> {
  if (!answer.ok) return say(status, await reasonOf(answer), true);
  const text = await answer.text();
  const { enrichment } = JSON.parse(text) as { enrichment: Enrichment };
  shown = { text, enrichment };
  say(status, summaryOf(enrichment));
  draw(text, enrichment);
}

function clear(): void {
  shown = undefined;
  result.replaceChildren();
  result.hidden = true;
  progress.hidden = true;
}

function draw(text: string, enrichment: Enrichment): void {
  const table = tableOf(enrichment.ips, onlyPublic.checked);
  const hidden = enrichment.ips.length - table.rows.length;
  const missing = enrichment.statsMissing ?? 0;
  const quota = quotaOf(enrichment);
  const parts = [
    make(
      'div',
      { class: 'actions' },
      copyButton('Copy as Markdown', () => asMarkdown(table)),
      copyButton('Copy as CSV', () => asCsv(table)),
      copyButton('Copy the enriched JSON', () => text),
    ),
    table.rows.length > 0
      ? drawTable(table)
      : make('p', {}, hidden > 0 ? 'No public address.' : 'No address.'),
    hidden > 0 && make('p', { class: 'hint' }, `${hidden} that are not public are left out.`),
    missing > 0 && make('p', { class: 'hint' }, `${missing} addresses have no figures yet.`),
    ...troublesOf(enrichment.alerts).map(({ reason, ids }) => drawTrouble(reason, ids)),
    quota !== '' && make('p', { class: 'hint' }, quota),
  ];
  result.replaceChildren(make('div', {}, ...parts));
  result.hidden = false;
}

function drawTable({ headings, rows }: Table): HTMLElement {
  const cell = (text: string, index: number) =>
    index === 0 ? make('th', { scope: 'row' }, text) : make('td', {}, text);
  const more = rows.length - MOST_ROWS;
  const table = make(
    'table',
    {},
    make('caption', {}, more > 0 ? `The first ${MOST_ROWS} of ${rows.length} addresses` : 'Addresses'),
    make('thead', {}, make('tr', {}, ...headings.map((heading) => make('th', { scope: 'col' }, heading)))),
    make('tbody', {}, ...rows.slice(0, MOST_ROWS).map((row) => make('tr', {}, ...row.map(cell)))),
  );
  return make('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Addresses' }, table);
}

function drawTrouble(reason: string, ids: readonly string[]): HTMLElement {
  const more = ids.length - MOST_IDS;
  const named = ids.slice(0, MOST_IDS).join(', ') + (more > 0 ? ` and ${more} more` : '');
  return make('p', { class: 'trouble' }, make('strong', {}, named), ` – ${reason}`);
}
