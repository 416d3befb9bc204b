import { readFileSync } from 'node:fs';
import tls from 'node:tls';

const pem = (name: string) =>
  readFileSync(new URL(`./fixtures/login-authority.${name}.pem`, import.meta.url), 'utf8');

/** Key and certificate of the local login authority: self-signed, for 127.0.0.1, good until 2126. */
export const AUTHORITY_TLS = { key: pem('key'), cert: pem('cert') };

/**
 * Makes this process trust that certificate, until what it returns is called. NODE_EXTRA_CA_CERTS, an operator's way to do so, is read
 * when a process starts and Jest's is up already; the library's agents are out of reach, and all of
 * them connect with `tls.connect`.
 */
export function trustLocalAuthority(): () => void {
  const { connect } = tls;
  tls.connect = ((options: tls.ConnectionOptions, ...rest: [() => void]) =>
    connect({ ...options, ca: [...tls.rootCertificates, AUTHORITY_TLS.cert] }, ...rest)) as typeof connect;
  return () => {
    tls.connect = connect;
  };
}
