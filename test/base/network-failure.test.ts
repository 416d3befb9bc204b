import { expect, test } from '@jest/globals';
import { networkFailure } from '../../shared/base/web.js';

test.each([
  // nodejs.org/api/tls.html, "X509 certificate error codes"
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_SIGNATURE_FAILURE',
  'CERT_CHAIN_TOO_LONG',
  'CERT_REVOKED',
  'CERT_UNTRUSTED',
  'CERT_REJECTED',
  'CRL_HAS_EXPIRED',
  'CRL_SIGNATURE_FAILURE',
  'ERROR_IN_CERT_NOT_AFTER_FIELD',
  'ERROR_IN_CRL_LAST_UPDATE_FIELD',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'PATH_LENGTH_EXCEEDED',
  'HOSTNAME_MISMATCH',
  // Node's own
  'ERR_TLS_CERT_ALTNAME_INVALID',
])('%s: the certificate does not hold', (code) => {
  expect(networkFailure(code)).toBe('untrusted');
});

test.each(['ECONNRESET', 'ECONNREFUSED', 'ENOTFOUND', 'ETIMEDOUT', 'PREMATURE_CLOSE'])(
  '%s: not reached',
  (code) => {
    expect(networkFailure(code)).toBe('unreachable');
  },
);

test.each(['HPE_INVALID_CONSTANT', 'Z_DATA_ERROR', 'ERR__ERROR_FORMAT_PADDING_1'])(
  '%s: cannot be read',
  (code) => {
    expect(networkFailure(code)).toBe('malformed');
  },
);
