import type { FunctionMetadata } from './core-api.js';
import type { HostJson } from './host-json.js';

/** An HTTP function as its route sees it. */
export interface HttpRoute {
  functionName: string;
  /** Name of the trigger's binding, which the invocation's input carries. */
  bindingName: string;
  methods: readonly string[];
  anonymous: boolean;
  segments: readonly Segment[];
}

interface Segment {
  /** Lower-cased text of a literal, or the name of a parameter. */
  text: string;
  parameter: boolean;
}

/** A route that fits a request, with the values of its parameters. */
export interface RouteMatch {
  route: HttpRoute;
  params: Record<string, string>;
}

/**
 * The routes of an app's HTTP functions: `{prefix}/{route or function name}`. Templates are made of
 * whole segments, literal or `{name}`; constraints (`{id:int}`), optional (`{id?}`) and catch-all
 * (`{*rest}`) parameters, which the real host knows, are refused.
 *
 * @throws when two functions claim the same route and method, or a template is not understood.
 */
export function httpRoutes(functions: readonly FunctionMetadata[], hostJson: HostJson): HttpRoute[] {
  const prefix = hostJson.extensions?.http?.routePrefix ?? 'api';
  const routes: HttpRoute[] = [];
  for (const metadata of functions) {
    for (const [bindingName, binding] of Object.entries(metadata.bindings)) {
      if (binding.type?.toLowerCase() !== 'httptrigger') continue;
      const template = `${prefix}/${String(binding.route ?? metadata.name)}`;
      routes.push({
        functionName: metadata.name,
        bindingName,
        methods: (binding.methods as string[]).map((method) => method.toUpperCase()),
        anonymous: String(binding.authLevel).toLowerCase() === 'anonymous',
        segments: split(template).map((text) => parseSegment(text, metadata.name)),
      });
    }
  }
  refuseDuplicates(routes);
  return routes;
}

/**
 * Finds the route for a request, or nothing: the host's 404, for a wrong method as well. The first one that
 * was registered wins, whatever is literal in it (`WebJobsRouteBuilder`); literals match in any case.
 *
 * @param path the request's path, still percent-encoded, without its query
 */
export function matchRoute(
  routes: readonly HttpRoute[],
  method: string,
  path: string,
): RouteMatch | undefined {
  const segments = pathSegments(path);
  const route = routes.find(
    (route) =>
      route.methods.includes(method) &&
      route.segments.length === segments.length &&
      route.segments.every(
        ({ parameter, text }, at) =>
          (parameter && segments[at] !== '') || text === segments[at]?.toLowerCase(),
      ),
  );
  if (!route) return undefined;
  const params: Record<string, string> = {};
  route.segments.forEach(({ parameter, text }, at) => {
    if (parameter) params[text] = segments[at] ?? '';
  });
  return { route, params };
}

/**
 * What ASP.NET Core makes of a path before it routes: each segment is percent-decoded once, an
 * encoded slash stays "%2F" and does not split (dotnet/aspnetcore#2655), dot segments are resolved
 * after decoding, one slash at the end is ignored. A segment that is not valid UTF-8 stays encoded.
 */
function pathSegments(path: string): string[] {
  const segments: string[] = [];
  for (const encoded of split(path)) {
    const segment = decodeSegment(encoded);
    if (segment === '..') segments.pop();
    else if (segment !== '.') segments.push(segment);
  }
  return segments;
}

function decodeSegment(encoded: string): string {
  try {
    return decodeURIComponent(encoded.replace(/%2f/gi, encodeURIComponent));
  } catch {
    return encoded;
  }
}

function split(path: string): string[] {
  return path.replace(/^\//, '').replace(/\/$/, '').split('/');
}

function parseSegment(text: string, functionName: string): Segment {
  const name = /^\{(\w+)\}$/.exec(text)?.[1];
  if (name) return { text: name, parameter: true };
  if (/[{}]/.test(text))
    throw new Error(`Function "${functionName}": route segment "${text}" is not supported.`);
  return { text: text.toLowerCase(), parameter: false };
}

function refuseDuplicates(routes: readonly HttpRoute[]): void {
  const owners = new Map<string, string>();
  for (const { functionName: name, methods, segments } of routes) {
    const shape = segments.map(({ parameter, text }) => (parameter ? '{}' : text)).join('/');
    for (const method of methods) {
      const owner = owners.get(`${method} ${shape}`);
      if (owner) throw new Error(`Functions "${owner}" and "${name}" have the same route.`);
      owners.set(`${method} ${shape}`, name);
    }
  }
}
