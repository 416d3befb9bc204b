import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { HttpRequest, HttpResponseInit } from '@azure/functions';

/** What the page may load and call: itself and its own origin. `data:` is the empty icon. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The files of the page, by the names that a browser asks for. Nothing else is read from the disk. */
const FILES: Readonly<Record<string, string>> = {
  'page.css': 'text/css; charset=utf-8',
  'page.js': 'text/javascript; charset=utf-8',
};

/** The page itself. Its files are named relative to where it was asked for. */
export async function pageAnswer(folder: URL, request: Pick<HttpRequest, 'url' | 'headers'>) {
  const html = await readFile(new URL('index.html', folder), 'utf8');
  const isFolder = new URL(request.url).pathname.endsWith('/');
  const body = isFolder ? html.replaceAll('"docs/', '"./') : html;
  return fileAnswer(Buffer.from(body), 'text/html; charset=utf-8', request.headers);
}

/** One of its files; a 404 for any other name. */
export async function pageFileAnswer(
  folder: URL,
  name: string,
  headers: HttpRequest['headers'],
): Promise<HttpResponseInit> {
  const contentType = Object.hasOwn(FILES, name) ? FILES[name] : undefined;
  if (contentType === undefined) return { status: 404 };
  return fileAnswer(await readFile(new URL(name, folder)), contentType, headers);
}

/** Browsers ask each time whether it is still the same, so that no file outlives a deployment. */
function fileAnswer(body: Buffer, contentType: string, asked: HttpRequest['headers']): HttpResponseInit {
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
  const headers = {
    ETag: etag,
    'Cache-Control': 'no-cache',
    'Content-Security-Policy': POLICY,
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
  };
  if (asked.get('if-none-match') === etag) return { status: 304, headers };
  return { status: 200, headers: { ...headers, 'Content-Type': contentType }, body };
}
