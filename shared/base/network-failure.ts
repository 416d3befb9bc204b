/** Why an exchange over the network brought no HTTP answer, by Node's code of the error. */
export type NetworkFailure =
  /** the server's certificate does not hold */
  | 'untrusted'
  /** bytes that are not HTTP, or not in the encoding that was said */
  | 'malformed'
  /** name not resolved, refused, reset, cut short, … */
  | 'unreachable';

/** OpenSSL's and Node's codes for a certificate that does not hold (nodejs.org/api/tls.html, "X509 certificate error codes"). */
const CERTIFICATE_ERROR =
  /^(CERT_|CRL_|ERROR_IN_|ERR_TLS_CERT|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_(CA|PURPOSE)|PATH_LENGTH_)/;

/** The codes of Node's HTTP parser, of zlib and of its Brotli decoder. */
const UNREADABLE = /^(HPE_|Z_|ERR__|ERR_BROTLI_)/;

/** @param code such as `ECONNRESET` or `CERT_HAS_EXPIRED` */
export function networkFailure(code: string): NetworkFailure {
  if (UNREADABLE.test(code)) return 'malformed';
  return CERTIFICATE_ERROR.test(code) ? 'untrusted' : 'unreachable';
}
