import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { sendJson } from '../loopback.js';
import { ask, expectThat, type Step } from './asking.js';

const ALERTS = 12;

export const secondSource: Step = {
  title: "Defender's route dies, and Microsoft Graph answers: IP_SOURCES=defender,graph",
  async run({ defender }) {
    const { url, child } = await startApp({ IP_SOURCES: 'defender,graph', DEFENDER_API_HOST: defender.url });
    const before = defender.arrivals.length;
    // What a route that is gone says, and what must not be taken for "no such alert".
    defender.intercept = ({ method, url: path }, response) => {
      sendJson(response, 404, { error: { code: 'NotFound', message: `No resource ${method} ${path}.` } });
      return true;
    };
    try {
      const answers = [];
      for (let n = 0; n < ALERTS; n++) {
        const body = JSON.stringify({ alertId: `da637472900382838869_${80_000_000 + n}` });
        const headers = { 'content-type': 'application/json' };
        answers.push(await ask(`${url}/api/enrichAlert`, { method: 'POST', headers, body }));
      }
      expectThat(
        `${ALERTS} alerts, one after the other: each is found, by Graph`,
        answers.every(({ body }) => body.enrichment?.ips?.[0]?.sources?.join() === 'graph'),
      );
      const calls = defender.arrivals.length - before;
      expectThat(`${calls} calls to Defender: after five alerts it is left alone`, calls <= 10);
    } finally {
      defender.intercept = undefined;
      child.kill();
    }
  },
};

/**
 * Starts the app in a process of its own: this one's has read its settings. It brings its stand-in for Graph.
 */
async function startApp(settings: Record<string, string>): Promise<{ url: string; child: ChildProcess }> {
  const script = fileURLToPath(new URL('../start.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), script], {
    env: { ...process.env, ...settings, IDENTITY_ENDPOINT: '', STATE_STORAGE: 'memory', PORT: '0' },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const [, url] = /^Ready: (\S+)/.exec(line) ?? [];
    if (url) return { url, child };
  }
  throw new Error('npm start ended before the app was up.');
}
