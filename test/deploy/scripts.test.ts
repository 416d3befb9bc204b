import { execFile, execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import http from 'node:http';
import { afterEach, describe, expect, test } from '@jest/globals';
import { closeServer, listen } from '../../local/loopback.js';
import { type Asked, type Graph, type GraphRequest, type Said, startFakeAz } from './fake-az.js';

const PRINCIPAL = '55555555-5555-4555-8555-555555555555';
const TENANT = '22222222-2222-4222-8222-222222222222';
const DEFENDER = {
  appId: 'fc780465-2017-40d4-a0c5-307022471b92',
  id: '66666666-6666-4666-8666-666666666666',
};
const GRAPH = { appId: '00000003-0000-0000-c000-000000000000', id: '77777777-7777-4777-8777-777777777777' };
const IP_READ_ALL = '47bf842d-354b-49ef-b741-3a6dd815bc13';

/** Where there is PowerShell, its scripts run through the same branches. */
const pwsh = process.env.PWSH ?? findPwsh();
const SHELLS = ['sh', ...(pwsh ? ['ps1'] : [])] as const;

function findPwsh(): string | undefined {
  try {
    return execFileSync('which', ['pwsh'], { encoding: 'utf8' }).trim();
  } catch {
    return undefined;
  }
}

let az: Awaited<ReturnType<typeof startFakeAz>>;
afterEach(async () => {
  await az.close();
  expect(az.requests.filter(({ host, tokenFor }) => host !== tokenFor)).toEqual([]);
});

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(command: string, args: readonly string[], env: Record<string, string>): Promise<Ended> {
  const options = {
    env: { HOME: process.env.HOME, ...az.env, GRANT_RETRY_SECONDS: '0', SMOKE_RETRY_SECONDS: '0', ...env },
  };
  return new Promise((resolve) => {
    execFile(command, args, options, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr });
    });
  });
}

/** The same arguments for each shell, by the names of the one for bash. */
function script(
  shell: string,
  name: 'grant' | 'smoke',
  args: readonly string[],
  env: Record<string, string> = {},
) {
  if (shell === 'sh') return run('bash', [`scripts/deploy/${name}.sh`, ...args], env);
  const names: Record<string, string> = {
    '--principal-id': '-PrincipalId',
    '--identity': '-Identity',
    '-g': '-ResourceGroup',
    '-n': '-Name',
    '-l': '-Location',
    '--create': '-Create',
    '--cloud': '-Cloud',
    '--permission': '-Permission',
    '--check': '-Check',
    '--wait': '-Wait',
    '--url': '-Url',
    '--probe': '-Probe',
  };
  const translated = args.map((arg) => names[arg] ?? arg);
  return run(
    pwsh ?? '',
    ['-NoProfile', '-NonInteractive', '-File', `scripts/deploy/${name}.ps1`, ...translated],
    env,
  );
}

interface World {
  readonly graphHost?: string;
  /** Lines of az beside `rest`. */
  readonly commands?: (asked: Asked) => Said | undefined;
  /** What goes before the usual answers of Graph. */
  readonly first?: (request: GraphRequest) => ReturnType<Graph> | undefined;
  readonly roleId?: string;
}

const error = (code: string, message: string) => ({ error: { code, message } });

/** A Graph with Defender's and its own permissions, which keeps what is granted. */
async function startWorld({
  graphHost = 'https://graph.microsoft.com',
  commands,
  first,
  roleId = IP_READ_ALL,
}: World = {}) {
  const granted: { id: string; appRoleId: string; resourceId: string }[] = [];
  const roles = {
    [DEFENDER.id]: [
      { id: randomUUID(), value: 'Ip.Read.All', allowedMemberTypes: ['User'] },
      { id: roleId, value: 'Ip.Read.All', allowedMemberTypes: ['Application'] },
      { id: randomUUID(), value: 'Alert.Read.All', allowedMemberTypes: ['Application'] },
    ],
    [GRAPH.id]: [
      {
        id: '64c33fcb-e6aa-490d-bed5-6016a9ef8f6d',
        value: 'SecurityAlert.Read.All',
        allowedMemberTypes: ['Application'],
      },
    ],
  };
  const graph: Graph = (request) => {
    const special = first?.(request);
    if (special) return special;
    const { method, path, body } = request;
    const byApp = /^servicePrincipals\(appId='(.+)'\)\?\$select=id$/.exec(path)?.[1];
    const api = [DEFENDER, GRAPH].find(
      ({ appId, id }) => appId === byApp || path === `servicePrincipals/${id}?$select=appRoles`,
    );
    if (method === 'GET' && api) return [200, byApp ? { id: api.id } : { appRoles: roles[api.id] }];
    if (method === 'GET' && path === `servicePrincipals/${PRINCIPAL}/appRoleAssignments`)
      return [200, { value: granted }];
    const target = /^servicePrincipals\/([^/]+)\/appRoleAssignedTo$/.exec(path)?.[1];
    if (method === 'POST' && target && body) {
      const { appRoleId = '', resourceId = '', principalId } = body;
      if (principalId !== PRINCIPAL || resourceId !== target)
        return [400, error('Request_BadRequest', 'odd')];
      granted.push({ id: randomUUID(), appRoleId, resourceId });
      return [201, {}];
    }
    return [404, error('Request_ResourceNotFound', `nothing at ${path}`)];
  };
  az = await startFakeAz((asked) => commands?.(asked) ?? usual(asked, graphHost), graph);
  return { granted, posts: () => az.requests.filter(({ method }) => method === 'POST').length };
}

function usual({ command }: Asked, graphHost: string): Said | undefined {
  if (command === 'account show') return { stdout: `${TENANT}\n` };
  if (command === 'cloud show') return { stdout: `${graphHost}/\n` };
  return undefined;
}

const ONE = ['--principal-id', PRINCIPAL, '--wait', '0'];

describe.each(SHELLS)('grant.%s', (shell) => {
  const grant = (args: readonly string[], env?: Record<string, string>) => script(shell, 'grant', args, env);

  test('grants once, and says so; run again it changes nothing', async () => {
    const { granted, posts } = await startWorld();
    expect(await grant(ONE)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Granted: Ip.Read.All'),
    });
    expect(granted).toEqual([expect.objectContaining({ appRoleId: IP_READ_ALL, resourceId: DEFENDER.id })]);
    expect(await grant(ONE)).toMatchObject({ code: 0, stdout: expect.stringContaining('Already granted') });
    expect(posts()).toBe(1);
  });

  test('takes the identity and the cloud from what azd sets', async () => {
    const { granted } = await startWorld({ graphHost: 'https://graph.microsoft.us' });
    const env = { IDENTITY_PRINCIPAL_ID: PRINCIPAL, DEFENDER_CLOUD: 'gcc-high' };
    expect((await grant(['--wait', '0'], env)).code).toBe(0);
    expect(granted).toHaveLength(1);
    expect(new Set(az.requests.map(({ host }) => host))).toEqual(new Set(['https://graph.microsoft.us']));
  });

  test('in DoD asks the Graph of DoD, though the Azure CLI knows another', async () => {
    await startWorld({ graphHost: 'https://graph.microsoft.us' });
    expect((await grant([...ONE, '--cloud', 'dod'])).code).toBe(0);
    expect(az.requests.every(({ host }) => host === 'https://dod-graph.microsoft.us')).toBe(true);
  });

  test('with the Azure CLI in another cloud: says which command changes it, and asks nothing', async () => {
    await startWorld();
    const { code, stderr } = await grant([...ONE, '--cloud', 'gcc-high']);
    expect([code, stderr]).toEqual([1, expect.stringContaining('az cloud set')]);
    expect(az.requests).toEqual([]);
  });

  test('--check changes nothing: 4 while it is missing, 0 once it is there', async () => {
    const { posts } = await startWorld();
    expect(await grant([...ONE, '--check'])).toMatchObject({
      code: 4,
      stdout: expect.stringContaining('Missing'),
    });
    expect(posts()).toBe(0);
    await grant(ONE);
    expect((await grant([...ONE, '--check'])).code).toBe(0);
  });

  test('whoever may not grant is told who may, and what they have to run', async () => {
    await startWorld({
      first: ({ method }) =>
        method === 'POST'
          ? [403, error('Authorization_RequestDenied', 'Insufficient privileges')]
          : undefined,
    });
    const { code, stderr } = await grant(ONE);
    expect(code).toBe(2);
    for (const part of [
      'Privileged Role Administrator',
      'Application Administrator',
      PRINCIPAL,
      TENANT,
      'grant.',
    ]) {
      expect(stderr).toContain(part);
    }
  });

  test('an identity that Graph does not know yet: it waits, and grants when it does', async () => {
    let asked = 0;
    const { posts } = await startWorld({
      first: ({ path, method }) => {
        if (!path.endsWith('appRoleAssignments') || method !== 'GET') return undefined;
        asked++;
        return asked <= 2 ? [404, error('Request_ResourceNotFound', 'does not exist')] : undefined;
      },
    });
    expect((await grant(ONE)).code).toBe(0);
    expect(posts()).toBe(1);
  });

  test('a grant that is refused twice since the identity is not everywhere yet, and then taken', async () => {
    let posted = 0;
    const { granted } = await startWorld({
      first: ({ method }) =>
        method === 'POST' && ++posted <= 2
          ? [400, error('Request_BadRequest', 'Not a valid reference update.')]
          : undefined,
    });
    expect((await grant(ONE)).code).toBe(0);
    expect([posted, granted.length]).toEqual([3, 1]);
  });

  test('an identity that never comes: it ends, and names it', async () => {
    await startWorld({
      first: ({ path }) =>
        path.endsWith('appRoleAssignments') ? [404, error('Request_ResourceNotFound', 'no')] : undefined,
    });
    const { code, stderr } = await grant(ONE);
    expect([code, stderr]).toEqual([1, expect.stringContaining(PRINCIPAL)]);
  });

  test('a grant that somebody else has just made is as good', async () => {
    const { granted } = await startWorld({
      first: ({ method, body }) => {
        if (method !== 'POST' || !body) return undefined;
        granted.push({ id: 'x', appRoleId: body.appRoleId ?? '', resourceId: body.resourceId ?? '' });
        return [400, error('Request_BadRequest', 'Permission being assigned already exists on the object')];
      },
    });
    expect(await grant(ONE)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('ranted: Ip.Read.All'),
    });
  });

  test('any other answer is an error that says what it was', async () => {
    await startWorld({
      first: ({ method }) => (method === 'POST' ? [429, error('TooManyRequests', 'slow down')] : undefined),
    });
    expect(await grant(ONE)).toMatchObject({ code: 1, stderr: expect.stringContaining('slow down') });
  });

  test('finds a grant on a later page, and asks for no page at another host', async () => {
    const later = 'https://graph.microsoft.com/v1.0/page2?$skiptoken=a&b=c';
    let next = later;
    await startWorld({
      first: ({ path }) => {
        if (path.endsWith('appRoleAssignments')) return [200, { value: [], '@odata.nextLink': next }];
        if (path === 'page2?$skiptoken=a&b=c') {
          return [200, { value: [{ id: 'x', appRoleId: IP_READ_ALL, resourceId: DEFENDER.id }] }];
        }
        return undefined;
      },
    });
    expect(await grant(ONE)).toMatchObject({ code: 0, stdout: expect.stringContaining('Already granted') });
    next = 'https://example.com/page2';
    expect((await grant(ONE)).code).toBe(1);
    expect(az.requests.some(({ host }) => host.includes('example.com'))).toBe(false);
    expect(az.requests.some(({ method }) => method === 'POST')).toBe(false);
  });

  test("another id of the permission is this cloud's: it is used and named", async () => {
    const roleId = '88888888-8888-4888-8888-888888888888';
    const { granted } = await startWorld({ roleId });
    expect(await grant(ONE)).toMatchObject({ code: 0, stdout: expect.stringContaining(roleId) });
    expect(granted[0]?.appRoleId).toBe(roleId);
  });

  test('Graph as a source is asked for by name, beside Defender', async () => {
    const { granted } = await startWorld();
    expect((await grant([...ONE, '--permission', 'Ip.Read.All,SecurityAlert.Read.All'])).code).toBe(0);
    expect(granted.map(({ resourceId }) => resourceId)).toEqual([DEFENDER.id, GRAPH.id]);
    expect(granted[1]?.appRoleId).toBe('64c33fcb-e6aa-490d-bed5-6016a9ef8f6d');
  });

  test('a tenant without Defender for Endpoint: 3, and what to open', async () => {
    await startWorld({
      first: ({ path }) =>
        path.includes(DEFENDER.appId) ? [404, error('Request_ResourceNotFound', 'no')] : undefined,
    });
    expect(await grant(ONE)).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('WindowsDefenderATP'),
    });
  });

  test('an API without that permission: 3', async () => {
    await startWorld({
      first: ({ path }) => (path.endsWith('$select=appRoles') ? [200, { appRoles: [] }] : undefined),
    });
    expect((await grant(ONE)).code).toBe(3);
  });

  test('an identity by its name; made where that is wanted, and not without', async () => {
    let isMade = false;
    const { granted } = await startWorld({
      commands: ({ command, options }) => {
        if (command === 'identity show') {
          return isMade ? { stdout: `${PRINCIPAL}\n` } : { stderr: 'ERROR: (ResourceNotFound)\n', code: 3 };
        }
        if (command !== 'identity create') return undefined;
        expect(options).toMatchObject({ name: 'alert-ip', 'resource-group': 'soc', location: 'westeurope' });
        isMade = true;
        return { stdout: `${PRINCIPAL}\n` };
      },
    });
    const named = ['--identity', 'alert-ip', '-g', 'soc', '--wait', '0'];
    expect((await grant(named)).code).toBe(1);
    expect((await grant([...named, '--create', '-l', 'westeurope'])).code).toBe(0);
    expect((await grant(named)).code).toBe(0);
    expect(granted).toHaveLength(1);
  });

  test.each<[string, string[], Record<string, string>]>([
    ['no identity', ['--wait', '0'], {}],
    ['an identity that is no id', ['--principal-id', 'my-identity'], {}],
    ['an unknown cloud', [...ONE, '--cloud', 'china'], {}],
    ['an unknown permission', [...ONE, '--permission', 'Directory.ReadWrite.All'], {}],
    ['azd in another tenant', ONE, { AZURE_TENANT_ID: randomUUID() }],
  ])('%s: 1, and nothing is changed', async (_what, args, env) => {
    const { posts } = await startWorld();
    expect((await grant(args, env)).code).toBe(1);
    expect(posts()).toBe(0);
  });

  test('nobody is signed in: az login', async () => {
    await startWorld({
      commands: ({ command }) =>
        command === 'account show' ? { stderr: "ERROR: Please run 'az login'\n", code: 1 } : undefined,
    });
    expect(await grant(ONE)).toMatchObject({ code: 1, stderr: expect.stringContaining('az login') });
  });
});

describe.each(SHELLS)('smoke.%s', (shell) => {
  const KEY = 'canary-function-key-62';
  let server: http.Server;
  afterEach(() => closeServer(server));

  interface AppOptions {
    readonly health?: (asked: number) => number;
    readonly doctor?: string;
    readonly mayListKeys?: boolean;
  }

  /** An app that answers health and doctor; `asked` are the requests that came. */
  async function startApp({
    health = () => 200,
    doctor = 'ok    settings\n',
    mayListKeys = true,
  }: AppOptions = {}) {
    const asked: { url: string; key: unknown }[] = [];
    server = http.createServer(({ url = '', headers }, response) => {
      asked.push({ url, key: headers['x-functions-key'] });
      if (url === '/api/health')
        response.writeHead(health(asked.length)).end('{"status":"ok","version":"0.1.0","commit":"abc"}');
      else if (headers['x-functions-key'] !== KEY) response.writeHead(401).end();
      else response.end(doctor);
    });
    const url = await listen(server, 0);
    await startWorld({
      commands: ({ command }) => {
        if (command === 'functionapp keys list')
          return mayListKeys ? { stdout: `${KEY}\n` } : { stderr: 'ERROR: (AuthorizationFailed)\n', code: 1 };
        return undefined;
      },
    });
    const smoke = (args: readonly string[] = [], env: Record<string, string> = {}) =>
      script(shell, 'smoke', ['-g', 'soc', '-n', 'alert-ip', '--url', url, ...args], env);
    return { asked, smoke, url };
  }

  test('an app that works: what its doctor says, and not the key', async () => {
    const { smoke, asked } = await startApp({ doctor: 'ok    settings\nwarn  telemetry\n' });
    const { code, stdout, stderr } = await smoke(['--probe', 'da1_2']);
    expect(code).toBe(0);
    expect(stdout).toContain('"commit":"abc"');
    expect(stdout).toContain('warn  telemetry');
    expect(stdout + stderr).not.toContain(KEY);
    expect(asked.at(-1)?.url).toBe('/api/doctor?format=text&probe=da1_2');
  });

  test('a doctor that finds a failure: 1', async () => {
    const { smoke } = await startApp({ doctor: 'ok    settings\nfail  permission    no role\n' });
    expect(await smoke()).toMatchObject({ code: 1, stdout: expect.stringContaining('no role') });
  });

  test('an app that is not up yet is waited for', async () => {
    const { smoke } = await startApp({ health: (asked) => (asked < 3 ? 404 : 200) });
    expect((await smoke()).code).toBe(0);
  });

  test.each([
    [503, 'a setting is wrong'],
    [404, 'Is the package deployed'],
  ])('an app that answers %i for good: 1, and why', async (status, why) => {
    const { smoke } = await startApp({ health: () => status });
    expect(await smoke()).toMatchObject({ code: 1, stderr: expect.stringContaining(why) });
  });

  test('an app that cannot be reached: 1', async () => {
    const { smoke, url } = await startApp();
    await closeServer(server);
    expect(await smoke()).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`${url} cannot be reached`),
    });
  });

  test('whoever may not list keys is told so', async () => {
    const { smoke } = await startApp({ mayListKeys: false });
    expect(await smoke()).toMatchObject({ code: 1, stderr: expect.stringContaining('list the keys') });
  });

  test('a probe that is no id is refused', async () => {
    const { smoke, asked } = await startApp();
    expect((await smoke(['--probe', 'x&format=json'])).code).toBe(1);
    expect(asked).toEqual([]);
  });
});

describe('the scripts as files', () => {
  test('for a shell can be executed, and parse', async () => {
    await startWorld();
    for (const name of await readdir('scripts/deploy')) {
      if (!name.endsWith('.sh')) continue;
      const path = `scripts/deploy/${name}`;
      expect([name, ((await stat(path)).mode & 0o111) !== 0]).toEqual([name, true]);
      expect((await run('bash', ['-n', path], {})).code).toBe(0);
    }
  });

  test('know every flag that the documents give them', async () => {
    await startWorld();
    const documents = [
      'README.md',
      'docs/guides/deploy.md',
      '.github/workflows/deploy.yml',
      '.azdo/pipelines/deploy.yml',
    ];
    const text = (await Promise.all(documents.map((path) => readFile(path, 'utf8')))).join('\n');
    const commands = [...text.matchAll(/scripts\/deploy\/(grant|smoke)\.sh ([^\n#]*)/g)];
    expect(commands.length).toBeGreaterThanOrEqual(6);
    for (const [, name = '', rest = ''] of commands) {
      const source = await readFile(`scripts/deploy/${name}.sh`, 'utf8');
      for (const [flag] of rest.matchAll(/(?<=^|\s)--?[a-z-]+/g)) {
        expect([name, flag, source.includes(`${flag} `) || source.includes(`${flag})`)]).toEqual([
          name,
          flag,
          true,
        ]);
      }
    }
  });
});
