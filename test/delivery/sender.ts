import { expect } from '@jest/globals';
import { startIdentityEndpoint } from '../../local/identity/endpoint.js';
import { createApp } from '../../shared/app/app.js';
import { systemClock } from '../../shared/base/clock.js';
// Loaded before time stands still: the app itself loads it with the first attempt.
import '../../shared/delivery/post.js';
import type { Attempt, Outgoing } from '../../shared/delivery/send.js';
import { forgetIdentityEndpoint } from '../support/identity-library.js';
import { leaksIn } from '../support/leaks.js';

/** As Standard Webhooks writes them. */
export const SECRET = `whsec_${Buffer.alloc(32, 'canary-secret').toString('base64')}`;
export const NEXT_SECRET = `whsec_${Buffer.alloc(32, 'canary-next').toString('base64')}`;
export const HEADER_VALUE = 'Splunk canary-header';

export const OUTGOING: Outgoing = {
  id: 'dl_1',
  body: '{"alert":{"title":"canary-body \u{1f6a8}"}}',
  contentType: 'application/json; charset=utf-8',
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
};

/** What must stand in no reason. */
const SECRETS = /canary|whsec_|\/hook|sig=|Bearer/;

/** The app's sender, with destinations as its settings have them, and an identity. */
export async function startSender(destinations: Readonly<Record<string, unknown>>, settings = {}) {
  const identity = await startIdentityEndpoint({ clock: systemClock });
  Object.assign(process.env, identity.settings); // the identity library reads them there
  forgetIdentityEndpoint();
  const env = {
    ...identity.settings,
    STATE_STORAGE: 'memory',
    FORWARD_DESTINATIONS: JSON.stringify(destinations),
    SECRET,
    NEXT_SECRET,
    HEADER_VALUE,
    ...settings,
  };
  const startup = createApp(env, { clock: systemClock, random: () => 0.5, report: () => {} });
  if (!startup.ok) throw new Error(JSON.stringify(startup.problems));
  const { app } = startup;
  const sent: Attempt[] = [];
  return {
    app,
    identity,
    /** Tries once to send something to a destination. */
    async send(name = 'siem', outgoing: Partial<Outgoing> = {}, signal?: AbortSignal): Promise<Attempt> {
      const destination = app.settings.destinations.find((one) => one.name === name);
      if (!destination) throw new Error(`There is no destination ${name}.`);
      const became = await app.send(destination, { ...OUTGOING, ...outgoing }, signal);
      sent.push(became);
      if ('reason' in became) expect(became.reason).toMatch(/^(https?:\/\/[^/]+ |There is no token for )/);
      return became;
    },
    /** Nothing secret stood in any reason. */
    async close() {
      await identity.close();
      expect(JSON.stringify(sent)).not.toMatch(SECRETS);
      expect(leaksIn(JSON.stringify(sent))).toEqual([]);
    },
  };
}

export type SenderUnderTest = Awaited<ReturnType<typeof startSender>>;
