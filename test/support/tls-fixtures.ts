import { readFileSync } from 'node:fs';
import tls from 'node:tls';

function tlsOf(name: string) {
  const pem = (part: string) =>
    readFileSync(new URL(`./fixtures/${name}.${part}.pem`, import.meta.url), 'utf8');
  return { key: pem('key'), cert: pem('cert') };
}

/** Key and certificate of the local login authority: self-signed, for 127.0.0.1, good until 2126. */
export const AUTHORITY_TLS = tlsOf('login-authority');

/** Of servers that nobody is to trust: nobody has signed the one, the other's time is over. */
export const SELF_SIGNED_TLS = tlsOf('self-signed');
export const EXPIRED_TLS = tlsOf('expired');

/**
 * Makes this process trust the authority's certificate, until what it returns is called. NODE_EXTRA_CA_CERTS, an operator's way to do so, is read
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
