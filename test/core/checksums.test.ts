import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { CHECKSUM_ALGORITHMS, checksumNamed, checksumOf } from '../../src/core/checksums.ts';

/** Of `123456789`. Source of the CRCs: the catalogue of parametrised CRC algorithms; of the others: FIPS 180-4's functions. */
const CHECKS = {
  CRC32: 'cbf43926',
  CRC32C: 'e3069283',
  CRC64NVME: 'ae8b14860a799888',
  SHA1: 'f7c3bc1d808e04732adf679965ccc34ca7ae3441',
  SHA256: '15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225',
} as const;

test('checksums have the values that their definitions give', () => {
  for (const algorithm of CHECKSUM_ALGORITHMS) {
    const checksum = checksumNamed(algorithm);
    checksum.update(Buffer.from('123456789'));
    assert.equal(Buffer.from(checksum.value(), 'base64').toString('hex'), CHECKS[algorithm], algorithm);
  }
});

test('it does not matter into which pieces bytes are cut', () => {
  const bytes = randomBytes(1_000);
  for (const algorithm of CHECKSUM_ALGORITHMS) {
    const whole = checksumNamed(algorithm);
    whole.update(bytes);
    const expected = whole.value();
    for (const size of [1, 3, 7, 8, 9, 64, 999]) {
      const checksum = checksumNamed(algorithm);
      for (let at = 0; at < bytes.length; at += size) checksum.update(bytes.subarray(at, at + size));
      assert.equal(checksum.value(), expected, `${algorithm} in pieces of ${size}`);
    }
  }
});

test('header fields name the algorithms in small letters', () => {
  for (const algorithm of CHECKSUM_ALGORITHMS)
    assert.ok(checksumOf(`x-amz-checksum-${algorithm.toLowerCase()}`), algorithm);
  for (const header of ['x-amz-checksum-type', 'x-amz-checksum-constructor', 'content-md5'])
    assert.equal(checksumOf(header), undefined, header);
});
