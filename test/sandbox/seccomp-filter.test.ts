/** What the system-call filter answers, by running its program as the kernel does. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seccompFilter } from '../../src/sandbox/namespaces/seccomp-filter.ts';

const X64 = 0xc000003e;
const ARM64 = 0xc00000b7;
const ALLOW = 0x7fff0000;
const KILL = 0x80000000;
const EPERM = 0x50001;
const ENOSYS = 0x50026;
const EAFNOSUPPORT = 0x50061;
const CLONE_NEWUSER = 0x10000000;

interface Call {
  readonly arch: number;
  readonly number: number;
  readonly args?: readonly (number | bigint)[];
}

/** A machine for the five instructions that the filter has: load, and, jump if equal, jump if any bit, return. */
function run(program: Buffer, { arch, number, args = [] }: Call): number {
  const data = Buffer.alloc(64);
  data.writeUInt32LE(number, 0);
  data.writeUInt32LE(arch, 4);
  for (const [index, value] of args.entries()) data.writeBigUInt64LE(BigInt(value), 16 + 8 * index);
  let accumulator = 0;
  for (let at = 0; at < program.length; at += 8) {
    const value = program.readUInt32LE(at + 4);
    const jump = (holds: boolean): number => 8 * program.readUInt8(at + (holds ? 2 : 3));
    switch (program.readUInt16LE(at)) {
      case 0x20:
        accumulator = data.readUInt32LE(value);
        break;
      case 0x54:
        accumulator = (accumulator & value) >>> 0;
        break;
      case 0x15:
        at += jump(accumulator === value);
        break;
      case 0x45:
        at += jump((accumulator & value) !== 0);
        break;
      case 0x06:
        return value;
      default:
        throw new Error(`instruction ${program.readUInt16LE(at)}`);
    }
  }
  throw new Error('the program has no end');
}

for (const { name, arch, read, mount, clone, socket, socketpair } of [
  { name: 'x64', arch: X64, read: 0, mount: 165, clone: 56, socket: 41, socketpair: 53 },
  { name: 'arm64', arch: ARM64, read: 63, mount: 40, clone: 220, socket: 198, socketpair: 199 },
]) {
  test(`the filter for ${name} refuses by call and by argument, and lets the rest pass`, () => {
    const program = seccompFilter(name)!;
    const answer = (number: number, ...args: number[]): number => run(program, { arch, number, args });
    assert.equal(answer(read), ALLOW);
    assert.equal(answer(mount), EPERM);
    assert.equal(answer(467), EPERM, 'open_tree_attr');
    assert.equal(answer(435), ENOSYS, 'clone3');
    assert.equal(answer(clone, 0x3d0f00), ALLOW, 'a thread');
    assert.equal(answer(clone, CLONE_NEWUSER | 17), EPERM);
    assert.equal(answer(socket, 1, 1), ALLOW, 'a Unix socket');
    assert.equal(answer(socket, 2, 1 | 0x80000), ALLOW, 'TCP, closed on exec');
    assert.equal(answer(socket, 2, 3 | 0x80000, 1), EPERM, 'a raw socket');
    assert.equal(answer(socket, 10, 3, 58), EPERM, 'a raw socket of IPv6');
    assert.equal(answer(socket, 2, 10 | 0x800, 3), EPERM, 'a packet socket, as it was asked for of old');
    assert.equal(answer(socket, 16, 3, 0), ALLOW, 'netlink, for the interfaces');
    assert.equal(answer(socket, 16, 3, 12), EPERM, 'netlink, for netfilter');
    assert.equal(answer(socket, 17, 3), EAFNOSUPPORT, 'a packet socket');
    assert.equal(answer(socketpair, 1, 1 | 0x80000), ALLOW, 'a pair of Unix sockets');
    assert.equal(answer(socketpair, 30, 1), EAFNOSUPPORT, 'a pair of TIPC');
    assert.equal(run(program, { arch: 0x40000003, number: read }), KILL, 'a call of another architecture');
  });
}

test('the guarded filter lets the call pass to who knows the number and asks for nothing else', () => {
  const secret = 0x0123_4567_89ab_cdefn;
  for (const [name, arch, unshare] of [
    ['x64', X64, 272],
    ['arm64', ARM64, 97],
  ] as const) {
    const program = seccompFilter(name, { flags: 0x28020000, secret })!;
    const answer = (flags: number, last: bigint): number =>
      run(program, { arch, number: unshare, args: [flags, 0, 0, 0, 0, last] });
    assert.equal(answer(0x28020000, secret), ALLOW);
    assert.equal(answer(0x28020000 | CLONE_NEWUSER, secret), EPERM);
    assert.equal(answer(0x28020000, secret ^ 1n), EPERM);
    assert.equal(answer(0x28020000, secret ^ (1n << 63n)), EPERM);
    assert.equal(run(seccompFilter(name)!, { arch, number: unshare, args: [0x28020000] }), EPERM);
  }
});

test('the filter for x64 has none of the x32 calls; for an unknown architecture there is no filter', () => {
  assert.equal(run(seccompFilter('x64')!, { arch: X64, number: 0x40000000 + 165 }), ENOSYS);
  assert.equal(seccompFilter('riscv64'), undefined);
});
