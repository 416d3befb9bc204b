import { alertIdIn, isEndpointAlertId, LONGEST_LINK } from '../base/alert-id.js';
import { RequestError } from '../base/errors.js';
import { LONGEST_NAME } from '../delivery/destination.js';
import { FORMATS } from '../formats/index.js';
import { count, flag, instant, oneOf, seconds, text, word } from './option-kinds.js';

/**
 * Every option of every route, once: requests are read by these, and the OpenAPI document and the tables of
 * docs/reference/http-api.md are made of them.
 */

/** How long a caller waits who does not say: Logic Apps and most HTTP steps allow more. */
export const DEFAULT_WAIT_SECONDS = 25;
/** The platform cuts an answer at 230 s. */
const MOST_WAIT_SECONDS = 220;

/** Of Graph's handshake, in characters; its tokens have a few hundred. */
export const LONGEST_VALIDATION_TOKEN = 4_096;

const formats = FORMATS.map((format) => ({ name: format.name, value: format }));

/** The options of `POST /api/enrichAlert`. */
export const ENRICH_OPTIONS = {
  format: oneOf(
    formats,
    { name: FORMATS[0].name, value: FORMATS[0] },
    {
      title: 'Form of the answer',
      description: 'see [docs/reference/formats.md](formats.md)',
      visibility: 'important',
    },
  ),
  mode: word(['sync', 'auto', 'async'], 'sync', {
    title: 'Now or later',
    description:
      '`sync`: never a 202 · `auto`: a 202 when the deadline or the quota cannot be met · `async`: a 202 at once',
    visibility: 'important',
  }),
  wait: seconds(1, MOST_WAIT_SECONDS, DEFAULT_WAIT_SECONDS, {
    title: 'Seconds to wait',
    description: `how many seconds the caller waits for the answer, 1–${MOST_WAIT_SECONDS}`,
    visibility: 'advanced',
  }),
  onFailure: word(['partial', 'fail', 'degrade'], 'partial', {
    title: 'When lookups fail',
    description:
      '`partial`: a problem only if every lookup failed · `fail`: a problem if any did · `degrade`: never a problem because of Defender',
    visibility: 'advanced',
  }),
  stats: flag({
    title: 'Prevalence of the addresses',
    description:
      '`true`: each public address comes with its prevalence in the organisation, first and last seen, rarest first. With `mode=auto` or `async` a job goes on until all have it; with `sync` the answer says how many have not',
    visibility: 'advanced',
  }),
  scope: word(['all', 'public'], 'all', {
    title: 'Which addresses',
    description:
      '`all` · `public`: only public addresses in `relatedIps`, lists and comments; `enrichment.counts` still counts the others',
    visibility: 'important',
  }),
  sources: word(['first', 'all'], 'first', {
    title: 'Which sources',
    description:
      '`first`: the first source in `IP_SOURCES` that has an answer; the next one where it does not know the alert or cannot answer · `all`: the union of what all of them say',
    visibility: 'advanced',
  }),
  as: word(['app', 'user'], 'app', {
    title: 'In whose name',
    description:
      "`app`: in the app's own name · `user`: on behalf of the user whose token the caller sends as `Authorization: Bearer …`, see [docs/guides/identity.md](../guides/identity.md#on-behalf-of-users-asuser)",
    visibility: 'advanced',
  }),
  dedupe: text(200, 'body and options', {
    title: 'Key of a repeated post',
    description:
      '1 to 200 characters that make a repeated post the same post: while its job runs, and for an hour when it is forwarded',
    visibility: 'advanced',
  }),
  forward: {
    ...text(LONGEST_NAME, 'none', {
      title: 'Destination',
      description:
        'the name of a destination in `FORWARD_DESTINATIONS`, to which the result is sent on, see [docs/guides/forwarding.md](../guides/forwarding.md); not with `as=user`',
      visibility: 'advanced',
    }),
    read: (given: string): string | undefined => given, // whoever knows the destinations says which there are
  },
} as const;

/** Alerts that the doctor compares sources by. */
export const MOST_COMPARED = 100;

/** The options of `GET /api/doctor`. */
export const DOCTOR_OPTIONS = {
  format: word(['json', 'text'], 'json', {
    title: 'Form of the answer',
    description: '`json` · `text`: for a terminal',
    visibility: 'important',
  }),
  probe: {
    ...text(LONGEST_LINK, 'none', {
      title: 'Alert to try',
      description:
        "the id of an alert, or its page's address in the portal: one call to each source is made, charged to the quota, and its outcome reported",
      visibility: 'advanced',
    }),
    read(given: string): string | undefined {
      const id = alertIdIn(given);
      if (isEndpointAlertId(id)) return id;
      throw new RequestError(
        'invalid-alert-id',
        'The option "probe" must be the id of a Defender for Endpoint alert, or the address of its page in the portal.',
      );
    },
  },
  compare: count(MOST_COMPARED, 'none', {
    title: 'Compare the sources',
    description:
      'a number up to 100: every source is asked about that many of the alerts that this instance looked up last, and the differences are told',
    visibility: 'advanced',
  }),
  spend: count(1_000, '20', {
    title: 'Calls that may be spent',
    description: 'how many calls `compare` may make; if it would be more, it tells how many and makes none',
    visibility: 'advanced',
  }),
} as const;

/** The options of `GET /api/enrichments/{id}`, beside the token. */
export const JOB_OPTIONS = {
  partial: flag({
    title: 'What there is so far',
    description: '`true`: a running job is answered as a 200 with what there is so far',
    visibility: 'advanced',
  }),
} as const;

const destinationName = text(LONGEST_NAME, 'all', {
  title: 'Destination',
  description: 'only dead letters of this destination',
  visibility: 'important',
});

/** The options of `GET /api/deliveries`. */
export const DEAD_LETTER_OPTIONS = {
  status: word(['dead-lettered'], 'dead-lettered', {
    title: 'Status',
    description: '`dead-lettered`: what was given up, the newest first',
    visibility: 'important',
  }),
  destination: destinationName,
  after: text(4_096, 'the first page', {
    title: 'Where the list goes on',
    description: 'as `nextLink` has it',
    visibility: 'advanced',
  }),
} as const;

/** The options of `POST /api/deliveries/redeliver`. */
export const REDELIVER_OPTIONS = {
  destination: { ...destinationName, fallbackText: 'needed' },
  since: instant('the beginning', {
    title: 'Since',
    description: 'only what became a dead letter then or later, such as `2026-11-23T18:00:00Z`',
    visibility: 'important',
  }),
  until: instant('now', {
    title: 'Until',
    description: 'only what became a dead letter then or earlier',
    visibility: 'important',
  }),
} as const;
