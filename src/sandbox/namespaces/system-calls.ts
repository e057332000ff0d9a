/** The system calls that functions are refused, at every level with a filter, and the kernel's numbers that say so. */

/** Refused whatever their arguments are. */
export const DENIED_CALLS = [
  'mount',
  'umount2',
  'pivot_root',
  'chroot',
  'unshare',
  'setns',
  'open_tree',
  'open_tree_attr',
  'move_mount',
  'fsopen',
  'fsconfig',
  'fsmount',
  'fspick',
  'mount_setattr',
  'init_module',
  'finit_module',
  'delete_module',
  'kexec_load',
  'kexec_file_load',
  'bpf',
  'perf_event_open',
  'ptrace',
  'process_vm_readv',
  'process_vm_writev',
  'pidfd_getfd',
  'kcmp',
  'add_key',
  'request_key',
  'keyctl',
  'userfaultfd',
  'io_uring_setup',
  'io_uring_enter',
  'io_uring_register',
  'open_by_handle_at',
  'reboot',
  'swapon',
  'swapoff',
  'acct',
  'quotactl',
  'quotactl_fd',
  'syslog',
  'vhangup',
  'settimeofday',
  'clock_settime',
  'adjtimex',
  'clock_adjtime',
  'sethostname',
  'setdomainname',
  'iopl',
  'ioperm',
  'modify_ldt',
  'lookup_dcookie',
  'nfsservctl',
  'fanotify_init',
  'move_pages',
  'migrate_pages',
] as const;

export type DeniedCall = (typeof DENIED_CALLS)[number];

/** Those whose arguments decide. */
export type JudgedCall = 'clone' | 'clone3' | 'ioctl' | 'socket' | 'socketpair';

/** Answers of a filter: asm-generic/errno.h. */
export const EPERM = 1;
export const ENOSYS = 38;
export const EAFNOSUPPORT = 97;

/** CLONE_NEWNS, _NEWCGROUP, _NEWUTS, _NEWIPC, _NEWUSER, _NEWPID, _NEWNET of linux/sched.h. */
export const NAMESPACE_FLAGS: readonly number[] = [
  0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000,
];

/**
 * AF_UNIX, AF_INET, AF_INET6, AF_NETLINK: what is left out is packet sockets, vsock, alg and a hundred rarities. Of these
 * only the first has pairs; asked for a pair, the kernel makes sockets of any family before it says so.
 */
export const SOCKET_FAMILIES = { unix: 1, inet: 2, inet6: 10, netlink: 16 } as const;
export const SOCKET_TYPE_MASK = 0xf;
/** SOCK_RAW, and SOCK_PACKET: the old way to a packet socket, for which the kernel takes AF_INET (net/socket.c, `__sock_create`). */
export const RAW_SOCKET_TYPES: readonly number[] = [3, 10];
/** The only protocol of AF_NETLINK that is left: getifaddrs(3) asks for interfaces by it. */
export const NETLINK_ROUTE = 0;
/** Pushes characters into a terminal's input. */
export const TIOCSTI = 0x5412;

type Numbers = Readonly<Record<JudgedCall, number> & Partial<Record<DeniedCall, number>>>;

/** Every architecture has the same numbers for what has come to Linux since 5.1. */
const SHARED_NUMBERS = {
  clone3: 435,
  open_tree: 428,
  open_tree_attr: 467,
  move_mount: 429,
  fsopen: 430,
  fsconfig: 431,
  fsmount: 432,
  fspick: 433,
  mount_setattr: 442,
  pidfd_getfd: 438,
  io_uring_setup: 425,
  io_uring_enter: 426,
  io_uring_register: 427,
  quotactl_fd: 443,
} as const;

/** asm/unistd_64.h of x86, and asm-generic/unistd.h for arm64. A call that an architecture does not have is missing. */
export const NUMBERS: Readonly<Record<'x64' | 'arm64', Numbers>> = {
  x64: {
    ...SHARED_NUMBERS,
    clone: 56,
    ioctl: 16,
    socket: 41,
    socketpair: 53,
    mount: 165,
    umount2: 166,
    pivot_root: 155,
    chroot: 161,
    unshare: 272,
    setns: 308,
    init_module: 175,
    finit_module: 313,
    delete_module: 176,
    kexec_load: 246,
    kexec_file_load: 320,
    bpf: 321,
    perf_event_open: 298,
    ptrace: 101,
    process_vm_readv: 310,
    process_vm_writev: 311,
    kcmp: 312,
    add_key: 248,
    request_key: 249,
    keyctl: 250,
    userfaultfd: 323,
    open_by_handle_at: 304,
    reboot: 169,
    swapon: 167,
    swapoff: 168,
    acct: 163,
    quotactl: 179,
    syslog: 103,
    vhangup: 153,
    settimeofday: 164,
    clock_settime: 227,
    adjtimex: 159,
    clock_adjtime: 305,
    sethostname: 170,
    setdomainname: 171,
    iopl: 172,
    ioperm: 173,
    modify_ldt: 154,
    lookup_dcookie: 212,
    nfsservctl: 180,
    fanotify_init: 300,
    move_pages: 279,
    migrate_pages: 256,
  },
  arm64: {
    ...SHARED_NUMBERS,
    clone: 220,
    ioctl: 29,
    socket: 198,
    socketpair: 199,
    mount: 40,
    umount2: 39,
    pivot_root: 41,
    chroot: 51,
    unshare: 97,
    setns: 268,
    init_module: 105,
    finit_module: 273,
    delete_module: 106,
    kexec_load: 104,
    kexec_file_load: 294,
    bpf: 280,
    perf_event_open: 241,
    ptrace: 117,
    process_vm_readv: 270,
    process_vm_writev: 271,
    kcmp: 272,
    add_key: 217,
    request_key: 218,
    keyctl: 219,
    userfaultfd: 282,
    open_by_handle_at: 265,
    reboot: 142,
    swapon: 224,
    swapoff: 225,
    acct: 89,
    quotactl: 60,
    syslog: 116,
    vhangup: 58,
    settimeofday: 170,
    clock_settime: 112,
    adjtimex: 171,
    clock_adjtime: 266,
    sethostname: 161,
    setdomainname: 162,
    lookup_dcookie: 18,
    nfsservctl: 42,
    fanotify_init: 262,
    move_pages: 239,
    migrate_pages: 238,
  },
};
