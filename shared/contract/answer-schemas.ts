import { KINDS, problemType } from '../base/errors.js';
import { VERDICTS } from '../lookup/source.js';
import type { Schemas } from './operation.js';
import { dateTime, integer, list, object, ref, string } from './schema.js';
import { ALERT_STATUSES, DELIVERY_STATUSES, ENRICHMENT_STATUSES } from './statuses.js';

const wholeStatus = string('Status', {
  enum: ENRICHMENT_STATUSES,
  description: '`complete`: no lookup failed; `failed`: all did.',
});
const ips = list('IP addresses', string('IP address'));
const retryAfter = integer('Seconds until asking again helps', { minimum: 0 });

const problem = {
  type: string('Type', {
    description: 'What kind of failure it is; stable.',
    enum: Object.keys(KINDS).map((kind) => problemType(kind as keyof typeof KINDS)),
  }),
  title: string('Title'),
  status: integer('HTTP status'),
  detail: string('Detail', { description: 'What happened, to what, what to do: for people.' }),
  correlationId: string('Correlation id', { description: "Microsoft's support asks for Defender's." }),
};

const failedAlert = object(
  'Failed alert',
  { alertId: string('Alert id'), type: problem.type, retryAfterSeconds: retryAfter },
  ['retryAfterSeconds'],
);

const window = (title: string) => object(title, { limit: integer('Limit'), remaining: integer('Remaining') });

const quota = (title: string) =>
  object(
    title,
    {
      asOf: dateTime('As of'),
      minute: window('This minute'),
      hour: window('This hour'),
      pausedUntil: dateTime('Paused until'),
    },
    ['hour', 'pausedUntil'],
  );

const receipt = {
  id: string('Id'),
  destination: string('Destination'),
  status: string('Status', { enum: DELIVERY_STATUSES }),
};

/** What several answers are made of. */
export const SCHEMAS: Schemas = {
  Problem: object(
    'Problem',
    {
      ...problem,
      requestId: string('Request id', { description: "By which the app's log knows the request." }),
      failedAlerts: list('Failed alerts', failedAlert),
      delivery: ref('ForwardReceipt'),
    },
    ['correlationId', 'failedAlerts', 'delivery'],
  ),
  AlertProblem: object('Why the lookup failed', problem, ['correlationId']),
  RelatedIp: object(
    'Related IP address',
    {
      address: string('Address', { description: 'Canonical; IPv6 as RFC 5952 wants it.' }),
      version: integer('IP version', { enum: [4, 6] }),
      scope: string('Scope', { description: '`public`, `private`, `loopback`, `link-local`, …' }),
      sources: list('Sources', string('Source', { enum: ['defender', 'graph', 'payload'] })),
      alertIds: list('Alert ids', string('Alert id')),
      alertCount: integer('Alerts', {
        minimum: 1,
        description: 'There only where `alertIds` does not list all of them.',
      }),
      evidence: object(
        'What a source says of it',
        {
          verdict: string('Verdict', { enum: VERDICTS }),
          roles: list('Roles', string('Role', { description: '`attacker`, `commandAndControl`, …' })),
          country: string('Country', { description: 'Two letters.' }),
        },
        ['verdict', 'roles', 'country'],
      ),
      stats: object('Prevalence in the organisation', {
        organizationPrevalence: integer('Devices'),
        firstSeen: dateTime('First seen', { nullable: true }),
        lastSeen: dateTime('Last seen', { nullable: true }),
      }),
    },
    ['alertCount', 'evidence', 'stats'],
  ),
  AlertEntry: object(
    'Alert',
    {
      alertId: string('Alert id'),
      status: string('Status', { enum: ALERT_STATUSES }),
      shape: string('Shape', { description: 'The layout that the payload was recognised as.' }),
      pointer: string('Pointer', { description: 'JSON Pointer of its first place in the payload.' }),
      ips,
      ageSeconds: integer('Age of the answer', { minimum: 0 }),
      unusableIps: list('What is no address', string('Text')),
      incomplete: {
        type: 'boolean',
        title: 'Incomplete',
        description: '`true` where a source that was asked could not answer fully.',
      },
      product: string('Product', {
        description: "Whose alert it is, when it is not Defender for Endpoint's.",
      }),
      reason: string('Why it was skipped, or what it means that it is not found'),
      error: ref('AlertProblem'),
      retryAfterSeconds: retryAfter,
    },
    ['alertId', 'ageSeconds', 'unusableIps', 'incomplete', 'product', 'reason', 'error', 'retryAfterSeconds'],
  ),
  Enrichment: object(
    'Enrichment',
    {
      id: string('Id'),
      status: wholeStatus,
      counts: object('Addresses by scope, those left out included', {
        total: integer('All', { minimum: 0 }),
        public: integer('Public', { minimum: 0 }),
        private: integer('Private', { minimum: 0 }),
        other: integer('Others', { minimum: 0 }),
      }),
      ips: list('Related IP addresses', ref('RelatedIp')),
      alerts: list('Alerts', ref('AlertEntry')),
      stats: object(
        'Statistics',
        { status: string('Status', { enum: ['complete', 'partial'] }), reason: string('Why not all') },
        ['reason'],
      ),
      statsMissing: integer('Public addresses without statistics', { minimum: 0 }),
      warnings: list(
        'What to know beside the statuses',
        object('Warning', {
          kind: string('Kind', { enum: ['source-suspect'] }),
          detail: string('Detail', { description: 'What was seen, and what to check: for people.' }),
        }),
      ),
      quota: quota('Quota of the source that is asked first'),
      quotas: object(
        'Quotas by source, unless Defender is the only one',
        { defender: quota('Quota of Defender'), graph: quota('Quota of Microsoft Graph') },
        ['defender', 'graph'],
      ),
    },
    ['stats', 'statsMissing', 'warnings', 'quotas'],
  ),
  RunningJob: object('Running job', {
    enrichment: object('Enrichment', {
      id: string('Id'),
      status: string('Status', { enum: ['running'] }),
      done: integer('Alerts that are done', { minimum: 0 }),
      total: integer('Alerts', { minimum: 1 }),
      retryAfterSeconds: retryAfter,
    }),
  }),
  ForwardReceipt: object('Delivery', receipt),
  DeliveryAnswer: object('What became of a forward', {
    delivery: object(
      'Delivery',
      {
        ...receipt,
        attempts: integer('Attempts', { minimum: 0 }),
        lastStatus: integer('Last status'),
        reason: string('Why it was not taken'),
        acceptedAt: dateTime('Accepted at'),
        nextAttempt: dateTime('Next attempt'),
        endedAt: dateTime('Ended at'),
      },
      ['lastStatus', 'reason', 'nextAttempt', 'endedAt'],
    ),
  }),
  DeadLetters: object(
    'Dead letters',
    {
      value: list(
        'Dead letters',
        object(
          'Dead letter',
          {
            id: receipt.id,
            destination: receipt.destination,
            status: string('Status', { enum: ['dead-lettered'] }),
            attempts: integer('Attempts', { minimum: 0 }),
            lastStatus: integer('Last status'),
            acceptedAt: dateTime('Accepted at'),
            deadLetteredAt: dateTime('Dead-lettered at'),
            hasBody: { type: 'boolean', title: 'Whether it can be sent again' },
          },
          ['lastStatus'],
        ),
      ),
      nextLink: string('Next page'),
    },
    ['nextLink'],
  ),
  Redelivered: object('What was sent again', {
    requeued: integer('Queued again', { minimum: 0 }),
    remaining: integer('Left for the next call', { minimum: 0 }),
  }),
  UpstreamIps: object("Defender's answer", {
    '@odata.context': string('Context'),
    value: list('IP addresses', object('IP address', { id: string('IP address') })),
  }),
  UpstreamError: object("Defender's error form", {
    error: object('Error', {
      code: string('Code'),
      message: string('Message'),
      target: string('Correlation id'),
    }),
  }),
  DoctorReport: object("The doctor's report", {
    status: string('Worst of all', { enum: ['ok', 'warn', 'fail'] }),
    summary: string('The verdict in a sentence'),
    version: string('Version of the app'),
    commit: string('Commit that was built'),
    asOf: dateTime('As of'),
    checks: list(
      'Checks',
      object(
        'Check',
        {
          name: string('Name'),
          status: string('Status', { enum: ['ok', 'warn', 'fail'] }),
          found: string('What was found'),
          fix: string('What fixes it: a shell command, or a sentence'),
        },
        ['fix'],
      ),
    ),
  }),
  Health: object('Health', {
    status: string('Status', { enum: ['ok'] }),
    version: string('Version of the app'),
    commit: string('Commit that was built'),
  }),
  ValidationResponse: object("Event Grid's handshake", { validationResponse: string('Validation code') }),
};
