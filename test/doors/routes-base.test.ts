import type { HttpRequest } from '@azure/functions';
import { expect, test } from '@jest/globals';
import { headersBeside } from '../../shared/http/caller-headers.js';
import { routesBase } from '../../shared/http/routes-base.js';

test('a scheme that a payload names is not the one of Location', () => {
  const headers = new Headers({ 'x-forwarded-proto': 'https', host: 'h' });
  const request = { url: 'http://h/api/enrichAlert', headers } as unknown as HttpRequest;
  const location = () => routesBase(request, undefined);
  expect([headersBeside(request, { id: '1' }), location()]).toEqual([headers, 'https://h/api']);
  expect([headersBeside(request, { Headers: {} }), location()]).toEqual([undefined, 'http://h/api']);
});

test('Location stands below the last segment that is a route: a gateway can have one in its own path', () => {
  const headers = new Headers();
  const request = {
    url: 'https://gw/soc/enrichments/api/enrichments/1?token=2',
    headers,
  } as unknown as HttpRequest;
  expect(routesBase(request, undefined)).toBe('https://gw/soc/enrichments/api');
});
