import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import https from 'node:https';
import { text } from 'node:stream/consumers';
import type { Clock } from '../../shared/base/clock.js';
import { localTenantId, makeToken, readClaims } from '../identity/token.js';
import { type Interceptable, isIntercepted } from '../intercept.js';
import { answering, closeServer, listen, sendJson } from '../loopback.js';
import { REFUSALS, type Refusal, refusalAnswer } from './refusals.js';

/**
 * Entra's are of 60 to 90 minutes
 * (https://learn.microsoft.com/entra/identity-platform/access-tokens#token-lifetime).
 */
const TOKEN_LIFETIME_SECONDS = 4_500;

/** How the login authority is started. */
export interface LoginAuthorityOptions {
  clock: Clock;
  /** PEM. The libraries speak to an authority over TLS only. */
  tls: { key: string; cert: string };
  /** The app registration. */
  clientId: string;
  /** The federated credential of the registration: whose token proves it, and whom that has to be for. */
  federated: { subject: string; audience: string };
}

/** A request for a token, as far as tests look at it. */
export interface ExchangeRequest {
  readonly grant: string;
  readonly assertion: string | undefined;
  readonly scope: string;
}

/** A login authority that is up. */
export interface LoginAuthority extends Interceptable {
  /** What belongs into DEFENDER_AUTHORITY_HOST. */
  url: string;
  requests: readonly ExchangeRequest[];
  /** What every user is refused with from now on. */
  refusal: Refusal | undefined;
  /** Delegated permissions that the registration was consented to. */
  scopes: readonly string[];
  /** A token of a user for the registration, such as callers send. */
  signIn(user: string, lifetimeSeconds?: number): string;
  close(): Promise<void>;
}

/**
 * Stands in for Entra's token endpoint: on-behalf-of and client credentials, both with a federated
 * credential (https://learn.microsoft.com/entra/identity-platform/v2-oauth2-on-behalf-of-flow). It
 * takes only user tokens that it gave out itself, which stands for checking their signature.
 */
export async function startLoginAuthority(options: LoginAuthorityOptions): Promise<LoginAuthority> {
  const { clock, clientId } = options;
  const requests: ExchangeRequest[] = [];
  const issued = new Set<string>();

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const form = new URLSearchParams(request.method === 'POST' ? await text(request) : '');
    const isToken = request.method === 'POST' && request.url?.includes('/oauth2/v2.0/token');
    if (isToken) {
      requests.push({
        grant: form.get('grant_type') ?? '',
        assertion: form.get('assertion') ?? undefined,
        scope: form.get('scope') ?? '',
      });
    }
    if (await isIntercepted(authority, request, response)) return;
    if (!isToken) sendJson(response, ...discovery(request, authority.url));
    else sendJson(response, ...answerExchange(form));
  }

  function answerExchange(form: URLSearchParams): [status: number, body: unknown] {
    const refused =
      checkClient(form) ?? (form.has('assertion') ? checkUser(form.get('assertion') ?? '') : undefined);
    return refused ? refusalAnswer(refused) : [200, grant(form)];
  }

  function checkClient(form: URLSearchParams): Refusal | undefined {
    const proof = readClaims(form.get('client_assertion') ?? '');
    if (form.get('client_id') !== clientId) return REFUSALS.unknownClient;
    if (proof?.aud !== options.federated.audience) return REFUSALS.federatedAudience;
    return proof.oid === options.federated.subject ? undefined : REFUSALS.federatedSubject;
  }

  function checkUser(assertion: string): Refusal | undefined {
    if (!issued.has(assertion)) return REFUSALS.forged;
    if (Number(readClaims(assertion)?.exp) * 1000 <= clock.epochMs()) return REFUSALS.expired;
    return authority.refusal;
  }

  /** The scope asked for is `{audience}/.default`, among those of OpenID. */
  function grant(form: URLSearchParams) {
    const scope =
      form
        .get('scope')
        ?.split(' ')
        .find((one) => one.endsWith('/.default')) ?? '';
    const user = readClaims(form.get('assertion') ?? '');
    const { token } = makeToken({
      resource: scope.replace(/\/\.default$/, ''),
      clientId,
      ...(user?.oid ? { scopes: authority.scopes, objectId: user.oid } : {}),
      nowMs: clock.epochMs(),
      lifetimeSeconds: TOKEN_LIFETIME_SECONDS,
    });
    return { token_type: 'Bearer', scope, expires_in: TOKEN_LIFETIME_SECONDS, access_token: token };
  }

  const server = https.createServer(options.tls, answering(handle)) as Server;
  const authority: LoginAuthority = {
    url: (await listen(server, 0)).replace('http:', 'https:'),
    requests,
    refusal: undefined,
    scopes: ['Ip.Read.All'],
    intercept: undefined,
    signIn(user, lifetimeSeconds = 3_600) {
      const { token } = makeToken({
        resource: `api://${clientId}`,
        clientId: 'the-client-app',
        scopes: ['access_as_user'],
        objectId: user,
        nowMs: clock.epochMs(),
        lifetimeSeconds,
      });
      issued.add(token);
      return token;
    },
    close: () => closeServer(server),
  };
  return authority;
}

/** OpenID Connect discovery, which the library asks for where it does not know the authority. */
function discovery({ url = '' }: IncomingMessage, base: string): [status: number, body: unknown] {
  if (!url.endsWith('/.well-known/openid-configuration')) return [404, {}];
  const endpoint = `${base}/${localTenantId}`;
  return [
    200,
    {
      issuer: `${endpoint}/v2.0`,
      authorization_endpoint: `${endpoint}/oauth2/v2.0/authorize`,
      token_endpoint: `${endpoint}/oauth2/v2.0/token`,
      jwks_uri: `${endpoint}/discovery/v2.0/keys`,
    },
  ];
}
